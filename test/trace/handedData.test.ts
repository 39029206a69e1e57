/** @file Networks that are handed plain lists of numbers, which they make tensors of themselves. */
import { expect, test } from "vitest"
import { analyzeOnly } from "../support/source"
import { auditLaws } from "../support/laws"

const net = (body: string): string => `class Net {
  w = tf.variable(tf.randomNormal([2, 4])); b = tf.variable(tf.zeros([4])); v = tf.variable(tf.randomNormal([4, 1]))
  after(x) { return x.matMul(this.w).add(this.b).relu().matMul(this.v) }
  predict(inputs) { ${body} }
}`

test.each([
  ["a list of samples", "return this.after(tf.tensor2d(inputs))", "batch,2"],
  ["a list of samples of any rank", "return this.after(tf.tensor(inputs))", "batch,2"],
  ["one sample", "return tf.tidy(() => this.after(tf.tensor2d([inputs])))", "2"],
  ["one sample in a shape", "return this.after(tf.tensor2d(inputs, [1, 2]))", undefined],
  ["a list that is used as one, too", "const n = inputs.map((x) => x / 2); return this.after(tf.tensor2d(inputs))", undefined],
])("%s", (_, body, shape) => {
  const { model, traced } = analyzeOnly(net(body))
  expect(model.unsupported).toEqual(body.includes("map") ? expect.anything() : [])
  expect(model.findings).toEqual([])
  if (shape !== undefined) expect(model.inputs.map((x) => x.shape.join())).toEqual([shape])
  expect(model.laws.map(({ formula }) => formula)).toEqual(["‖w[:,i]‖² + b[i]² − ‖v[i,:]‖²"])
  expect(auditLaws(traced.graph).broken).toEqual([])
})
