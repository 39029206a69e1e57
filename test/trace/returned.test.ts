/** @file Parameters typed by what a function returns are its result where that holds weights. */
import { expect, test } from "vitest"
import { deriveClaims } from "../support/laws"
import { only, parameters, trace } from "./program"

const create = `export function create(hidden: number) {
  return tf.tidy(() => ({ w: tf.variable(tf.zeros([3, hidden])), u: tf.variable(tf.zeros([hidden, 2])) }))
}`

test.each([
  ["by itself", "ReturnType<typeof create>", ""],
  ["under an alias", "Weights", "export type Weights = ReturnType<typeof create>"],
  ["through a promise", "Awaited<ReturnType<typeof create>>", ""],
])("%s", (_, type, alias) => {
  const model = only(trace(`${create}
    ${alias}
    export function forward({ w, u }: ${type}, x: tf.Tensor2D) { return tf.relu(x.matMul(w)).matMul(u) }`))
  expect(parameters(model)).toEqual(["w [3, hidden]", "u [hidden, 2]"])
  expect(model.inputs.map(({ name }) => name)).toEqual(["x"])
  expect(model.unsupported).toEqual([])
  expect(model.assumptions).toContain("'{ w, u }' is what create returns")
  expect(deriveClaims(model.graph).laws).toHaveLength(1)
})

test("a model handed to a function of another file", () => {
  const { models } = trace({
    "/build.ts": `import * as tf from "@tensorflow/tfjs"
      export const build = () => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] })] })`,
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { build } from "./build"
      const scale = tf.variable(tf.ones([4]))
      export const forward = (model: ReturnType<typeof build>, x: tf.Tensor2D) => tf.mul(model.predict(x) as tf.Tensor2D, scale)`,
  })
  expect(models.map(({ name, parameterCount }) => [name, parameterCount])).toEqual([["forward", 20]])
})

test("what a function returns without weights is data: the parameter stays an input", () => {
  const model = only(trace(`const w = tf.variable(tf.zeros([3, 2]))
    export const draw = () => tf.randomNormal([5, 3])
    export function forward(x: ReturnType<typeof draw>) { return tf.matMul(x, w) }`))
  expect(model.inputs.map(({ name, shape }) => [name, shape.join()])).toEqual([["x", "batch,3"]])
})
