/** @file When a call of tf.losses is all that is trained, so that what it does not see is not seen by training. */
import { expect, test } from "vitest"
import { only, trace } from "./program"

/** Whether the loss of a training step is taken for the call of tf.losses alone. */
function isWhole(members: string, before = ""): boolean {
  const model = only(
    trace(`${before}
export class Net {
  w = tf.variable(tf.randomNormal([5, 4]))
  b = tf.variable(tf.zeros([4]))
  optimizer = tf.train.sgd(0.1)
  forward(x: tf.Tensor2D) { return x.matMul(this.w).add(this.b) }
  ${members}
}`),
    "Net",
  )
  expect(model.losses.map(({ name }) => name)).toEqual(["softmaxCrossEntropy"])
  return model.losses[0].byHand !== true
}
const step = (loss: string): string => `train(x: tf.Tensor2D, y: tf.Tensor2D) { this.optimizer.minimize(() => ${loss}) }`
const own = "tf.losses.softmaxCrossEntropy(y, this.forward(x))"

test.each([
  ["the call itself", step(`${own} as tf.Scalar`)],
  ["its mean, scaled", step(`${own}.mean().mul(0.5).asScalar()`)],
  ["through constants", step("{ const p = this.forward(x); const e = tf.losses.softmaxCrossEntropy(y, p); e.print(); return e as tf.Scalar }")],
  ["inside tf.tidy", step(`tf.tidy(() => tf.mean(${own}))`)],
  ["in a method that the step calls", `loss(x: tf.Tensor2D, y: tf.Tensor2D) { return ${own} as tf.Scalar }\n  ${step("this.loss(x, y)")}`],
  ["in gradients that are asked for", `train(x: tf.Tensor2D, y: tf.Tensor2D) { return tf.variableGrads(() => ${own} as tf.Scalar) }`],
])("whole: %s", (_, members) => expect(isWhole(members)).toBe(true))

test.each([
  ["a penalty on the output is added", step(`${own}.add(this.forward(x).square().mean()) as tf.Scalar`)],
  ["a penalty on weights is added", step(`${own}.add(this.w.square().sum()) as tf.Scalar`)],
  ["added to something else", step(`tf.add(this.w.square().sum(), ${own})`)],
  ["its square", step(`${own}.square() as tf.Scalar`)],
  ["given a function of the output", step("tf.losses.softmaxCrossEntropy(y, this.forward(x).square()) as tf.Scalar")],
  ["weighted by samples", step("tf.losses.softmaxCrossEntropy(y, this.forward(x), x.sum(1)) as tf.Scalar")],
  ["one of two ways to return", step(`{ if (x.size > 3) return this.w.sum(); return ${own} as tf.Scalar }`)],
  ["part of what the step adds up", `loss(x: tf.Tensor2D, y: tf.Tensor2D) { return ${own} }\n  ${step("this.loss(x, y).add(this.w.sum())")}`],
  ["given a function of the output by a name of its own", step("tf.losses.softmaxCrossEntropy(y, sharpen(this.forward(x))) as tf.Scalar")],
  ["given what a destructured op makes of it", step("tf.losses.softmaxCrossEntropy(y, square(this.forward(x))) as tf.Scalar")],
  ["given the output of another network", step("tf.losses.softmaxCrossEntropy(y, other.forward(this.forward(x))) as tf.Scalar")],
  ["given a variable that is assigned to", step("{ let p = this.forward(x); p = p.exp(); return tf.losses.softmaxCrossEntropy(y, p) as tf.Scalar }")],
])("not whole: %s", (_, members) =>
  expect(isWhole(members, "const { square } = tf, sharpen = (p: tf.Tensor2D) => p.square(), other = { forward: sharpen }")).toBe(false),
)

test("a function of labels and predictions is what its calls give it", () => {
  const before = "const entropy = (y: tf.Tensor, p: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, p) as tf.Scalar"
  expect(isWhole(step("entropy(y, this.forward(x))"), before)).toBe(true)
  expect(isWhole(step("entropy(y, this.forward(x).square())"), before)).toBe(false)
  expect(isWhole("", before)).toBe(false)
})
