/** @file Models that are built by code nothing calls: methods that only add layers, functions of objects; and what only wraps a model. */
import { expect, test } from "vitest"
import { only, outputShapes, parameters, trace } from "./program"

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

test("a model in a field that the constructor fills, its shapes read before the last layer is added", () => {
  const traced = trace(`class Cnn {
    private readonly nn = tf.sequential()
    constructor(last?: "relu" | "tanh") {
      const conv = { filters: 4, kernelSize: [3, 3], useBias: false, padding: "same", inputShape: [6, 8, 1] }
      this.nn.add(tf.layers.conv2d(conv))
      conv.inputShape = null
      conv.filters = 5
      this.nn.add(tf.layers.conv2d(conv))
      const dims = this.nn.outputShape as number[]
      this.nn.add(tf.layers.reshape({ targetShape: [dims[1], dims[2] * dims[3]] }))
      this.nn.add(tf.layers.dense({ units: 7 }))
      if (last) this.nn.add(tf.layers.dense({ units: 3, activation: last }))
    }
    predict(x: tf.Tensor4D, batchSize: number) { return this.nn.predict(x, { batchSize }).arraySync() }
  }`)
  // A layer has the options its record held when it was made.
  expect(parameters(only(traced))).toEqual([
    "conv2d_1/kernel [3, 3, 1, 4]", "conv2d_2/kernel [3, 3, 4, 5]", "dense_1/kernel [40, 7]", "dense_1/bias [7]",
  ])
  expect(outputShapes(only(traced))).toEqual(["batch, 6, 7"])
})

test("every size a factory is called with is a model, also where a default gives the same", () => {
  const { models } = trace(`
    function net(inputs, width = 8) { return tf.sequential({ layers: [tf.layers.dense({ units: width, inputShape: [inputs] })] }) }
    export function small(inputs) { return net(inputs, 2) }
    export function base(inputs) { return net(inputs, 8) }`)
  expect(models.map(({ name, parameterCount }) => [name, parameterCount])).toEqual([
    ["small", "2*inputs+2"],
    ["base", "8*inputs+8"],
  ])
})

test("one network that is compiled in one place and only made in another is one report", () => {
  const found = trace(`
    function createModel() { return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] }) }
    function train() { const model = createModel(); model.compile({ optimizer: "sgd", loss: "meanSquaredError" }); return model }
    const kept = createModel()`)
  expect(found.models.map(({ optimizers }) => optimizers.map(({ name }) => name))).toEqual([["sgd"]])
})

test("a model that is applied to data nobody knows is the same model", () => {
  const model = only(
    trace(`const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 3 })] })
    export async function test(data) {
      const batch = data.next(), y = model.predict(batch.xs)
      return y.argMax(1).dataSync()
    }`),
    "model",
  )
  expect(model.unsupported).toEqual([])
  expect(parameters(model)).toEqual(["dense_1/kernel [16, 3]", "dense_1/bias [3]"])
})

test("of two instances that a condition nobody knows makes the first is taken, and said, where a method uses it", () => {
  const model = only(trace(`import { Box } from "elsewhere"
    class Wide { w = tf.variable(tf.zeros([3, 8])) }
    class Narrow { w = tf.variable(tf.zeros([3, 2])) }
    export class Agent { net: any
      constructor(space: any) {
        if (space instanceof Box) this.net = new Wide()
        else if (space.n > 1) this.net = new Narrow()
        else throw new Error("no") }
      step(x: tf.Tensor2D) { return { y: x.matMul(this.net.w) } } }`), "step")
  expect(model.unsupported).toEqual([])
  expect(model.graph.parameters.map((p) => [p.id, p.shape.join()])).toEqual([["net/w", "3,8"]])
  expect(model.assumptions.join()).toMatch(/the condition \`space instanceof Box\` is not known: its first way is taken/)
})
