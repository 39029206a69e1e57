/** @file Lists of a length that nobody states, and inputs that come as lists. */
import { expect, test } from "vitest"
import { only, outputShapes, trace } from "./program"

test("heads in a list as long as a size nobody states are read for three of them", () => {
  const model = only(
    trace(`
    class Heads {
      constructor(heads, size) { this.heads = heads; this.project = tf.layers.dense({ units: heads * size }) }
      apply(inputs) {
        const [q, k] = inputs.map((input) => this.project.apply(input))
        const parts = Array(this.heads).fill().map((_, i) => q.slice([0, i], [-1, 1]).mul(k.slice([0, i], [-1, 1])))
        const more = Array.from({ length: this.heads }, () => q.sum(1, true))
        return tf.concat([...parts, ...more], 1)
      }
    }`),
  )
  expect(model.unsupported).toEqual([])
  expect(model.inputs.length).toBe(2)
  expect(outputShapes(model)).toEqual(["batch, 6"])
  expect(model.assumptions).toContain("the loop over heads is read for 3 rounds")
})

test("a layer with a use for more than one input is read with a list", () => {
  const model = only(
    trace(`
    class Cross extends tf.layers.Layer {
      build(shape) { this.w = this.addWeight("w", [Array.isArray(shape) ? shape[0][1] : shape[1], 2]) }
      call(inputs) {
        let a, b
        if (Array.isArray(inputs)) { a = inputs[0]; b = inputs[1] || a } else { a = b = inputs }
        return a.matMul(this.w.read()).mul(b.matMul(this.w.read()))
      }
    }`),
  )
  expect(model.inputs.length).toBe(2)
  expect(model.unsupported).toEqual([])
})
