/** @file Arguments nobody gives: what has a constant default takes it however the code asks, what is asked to be a number is one; both are said. */
import { expect, test } from "vitest"
import { operations, only, trace } from "./program"

const net = (act: string): string => `export class Net { w = tf.variable(tf.zeros([3, 4])); act: any; constructor(config: any) { this.act = ${act} }
  forward(x: tf.Tensor2D) { const y = x.matMul(this.w); return this.act === "relu" ? y.relu() : y.tanh() } }`

test.each([
  'config.act == null ? "relu" : config.act',
  'config.act === undefined ? "relu" : config.act',
  'null != config.act ? config.act : "relu"',
  '(typeof config.act === "undefined") ? "relu" : config.act',
  'typeof config.act !== "undefined" ? config.act : "relu"',
  'config.act || "relu"',
  'config.act ?? "relu"',
])("%s", (act) => {
  const model = only(trace(net(act)))
  expect(model.unsupported).toEqual([])
  expect(operations(model).join()).toMatch(/relu/)
  expect(model.assumptions).toContain("'act' is not given: 'relu' is taken")
})

test("a condition about something else is no default", () => {
  const model = only(trace(net('config.other == null ? "relu" : config.act')))
  expect(model.assumptions.join()).not.toMatch(/'act' is not given/)
  expect(model.unsupported.map(({ what }) => what).join()).toMatch(/either way of|depends on the condition/)
})

test("what is a number or a list of them is taken to be a number", () => {
  const model = only(trace(`export class Net extends tf.layers.Layer {
    constructor(config) { super(config); const k = config.size; this.size = typeof k === "number" ? [k, k] : k }
    build(shape) { this.w = this.addWeight("w", [shape[shape.length - 1], this.size[0] * this.size[1]], "float32", tf.initializers.ones()) }
    call(inputs) { const x = Array.isArray(inputs) ? inputs[0] : inputs; return x.matMul(this.w.read()) } }`))
  expect(model.unsupported).toEqual([])
  expect(model.graph.parameters[0].shape[1]).toBe("size^2")
  expect(model.assumptions).toContain("'size' is taken to be a number")
})
