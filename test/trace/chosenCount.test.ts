/** @file Counts that have to be numbers and that nobody states: how many entries tf.topk keeps. */
import { expect, test } from "vitest"
import { only, trace } from "./program"

const net = (k: string, fields = ""): string => `class Net extends tf.layers.Layer {
  constructor(config) { super(config); this.k = config.k; this.share = config.share || 0.25; ${fields} }
  build(shape) { this.w = this.addWeight("w", [shape[1], this.width ?? 8], "float32", "glorotNormal") }
  call(inputs) { const x = Array.isArray(inputs) ? inputs[0] : inputs
    const { values } = tf.topk(x.matMul(this.w.read()), ${k}); return values } }`

test("a number of entries that the configuration would give gets one, which is said", () => {
  const model = only(trace(net("this.k")))
  expect(model.unsupported).toEqual([])
  expect(model.graph.nodes[model.graph.outputs[0]].shape).toEqual(["batch", 2])
  expect(model.assumptions).toContain("k is taken to be 2, so that the number of entries that are kept is 2")
})

test("a share of an axis gives the axis a size at which it is a number", () => {
  const model = only(trace(net("Math.floor(this.share * this.width)", "this.width = config.width")))
  expect(model.unsupported).toEqual([])
  expect(model.graph.parameters[0].shape[1]).toBe(8)
  expect(model.graph.nodes[model.graph.outputs[0]].shape).toEqual(["batch", 2])
})

test("a share that no size makes a number is not read", () => {
  const model = only(trace(net("this.k / 1000")))
  expect(model.unsupported.map(({ what }) => what).join()).toMatch(/tf\.topk: the number of entries that are kept is not known/)
})
