/** @file Models that are built by code nothing calls: methods that only add layers, functions of objects; and what only wraps a model. */
import { expect, test } from "vitest"
import { only, parameters, trace } from "./program"

test("a method that adds layers to the model its constructor made", () => {
  const traced = trace(`export class Digits {
    constructor() { this.model = tf.sequential() }
    init() {
      this.model.add(tf.layers.flatten({ inputShape: [4, 4] }))
      this.model.add(tf.layers.dense({ units: 10, activation: "softmax" }))
    }
    predict(x) { return Array.from(this.model.predict(x).argMax(1).dataSync()) }
  }`)
  expect(parameters(only(traced, "model"))).toEqual(["dense_1/kernel [16, 10]", "dense_1/bias [10]"])
  // What predict does with the model's output is no network of its own.
  expect(traced.models).toHaveLength(1)
  expect(traced.problems).toEqual([])
})

test("an object whose function adds layers to the model in its field", () => {
  const traced = trace({
    "/main.js": `const tf = require("@tensorflow/tfjs-node")
    const net = {
      model: tf.sequential(),
      log: [],
      create(units, width) {
        this.model.add(tf.layers.dense({ units, inputShape: [width], activation: "relu" }))
        this.model.add(tf.layers.dense({ units: 3 }))
        return this.model
      },
      predict(input) { return this.model.predict(tf.tensor2d([input])).dataSync() },
    }
    module.exports = net`,
  })
  expect(parameters(only(traced))).toEqual(["dense_1/kernel [width, units]", "dense_1/bias [units]", "dense_2/kernel [units, 3]", "dense_2/bias [3]"])
})

test("a function around a reported model is left out, one marked as a model stays", () => {
  const source = (tag: string): string => `
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
    ${tag}
    export function act(state: tf.Tensor2D) { return model.predict(state).softmax() }`
  expect(trace(source("")).models.map(({ name }) => name)).toEqual(["model"])
  expect(trace(source("/** @model */")).models.map(({ name }) => name)).toEqual(["model", "act"])
})

test("a function that joins two models is a network of its own", () => {
  const { models } = trace(`
    const generator = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [2] })] })
    const discriminator = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] })
    export const judge = (noise: tf.Tensor2D) => discriminator.predict(generator.predict(noise))`)
  expect(models.map(({ name }) => name)).toEqual(["generator", "discriminator", "judge"])
})
