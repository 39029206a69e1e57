/** @file Models applied to other tensors than their own inputs: sizes that belong to the model, and what predict makes of its data. */
import { expect, test } from "vitest"
import { only, operations, outputShapes, parameters, trace } from "./program"

test("inputs of unknown size have the sizes of the model they are given to, also where it joins them", () => {
  const traced = trace(`class Pair {
    constructor(config) {
      const x = tf.input({ shape: [config.pixels] }), y = tf.input({ shape: [config.labels] })
      const joined = tf.layers.concatenate({ axis: 1 }).apply([x, y])
      this.encoder = tf.model({ inputs: [x, y], outputs: tf.layers.dense({ units: config.units }).apply(joined) })
      const z = tf.input({ shape: [config.units] })
      this.decoder = tf.model({ inputs: z, outputs: tf.layers.dense({ units: config.pixels }).apply(z) })
      const both = (given) => {
        const [a, b] = given
        return this.decoder.apply(this.encoder.apply([a, b]))
      }
      this.apply = both
    }
  }`)
  const both = only(traced, "both")
  expect(parameters(both)).toEqual([
    "encoder/dense_1/kernel [labels+pixels, units]", "encoder/dense_1/bias [units]",
    "decoder/dense_1/kernel [units, pixels]", "decoder/dense_1/bias [pixels]",
  ])
  expect(both.inputs.map(({ shape }) => shape.join())).toEqual(["batch,pixels", "batch,labels"])
  expect(both.unsupported).toEqual([])
})

test("a size that no weight has is the size of what the model is given", () => {
  const traced = trace(`
    const x = tf.input({ shape: [null, 3] })
    const steps = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(x) })
    const scale = tf.variable(tf.ones([2]))
    export const forward = (x: tf.Tensor3D) => tf.mul(steps.apply(tf.concat([x, x], 1)), scale)`)
  expect(outputShapes(only(traced, "forward"))).toEqual(["batch, 2*x.1, 2"])
  expect(parameters(only(traced, "forward"))).toEqual(["steps/dense_1/kernel [3, 2]", "steps/dense_1/bias [2]", "scale [2]"])
  expect(only(traced, "forward").unsupported).toEqual([])
})

test("predict takes a tensor of one axis for a column of samples", () => {
  const traced = trace(`
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: 1, units: 2 })] })
    const scale = tf.variable(tf.ones([2]))
    model.predict(tf.tensor([10])).print()
    export const forward = (x: tf.Tensor1D) => tf.mul(model.predict(x), scale)`)
  const model = only(traced, "model")
  expect(parameters(model)).toEqual(["dense_1/kernel [1, 2]", "dense_1/bias [2]"])
  expect(model.unsupported).toEqual([])
  expect(operations(only(traced, "forward"))).toEqual(["reshape", "ai,io->ao", "add", "multiply"])
})

test("a model with one output gives a tensor, also where its outputs are a list", () => {
  const traced = trace(`class Net extends tf.LayersModel {
    constructor() {
      const x = tf.input({ shape: [3] })
      super({ inputs: [x], outputs: [tf.layers.dense({ units: 2 }).apply(x)] })
    }
  }
  export class Wrapper {
    private readonly net = new Net()
    readonly scale = tf.variable(tf.ones([2]))
    predict(x: Sample) {
      const y = this.net.predict(x)
      if (Array.isArray(y)) throw new Error("one output expected")
      return Promise.resolve(tf.mul(y, this.scale))
    }
  }
  type Sample = tf.Tensor3D`)
  const wrapper = only(traced, "Wrapper")
  expect(parameters(wrapper)).toEqual(["net/dense_1/kernel [3, 2]", "net/dense_1/bias [2]", "scale [2]"])
  expect(wrapper.unsupported).toEqual([])
  // The model tells more than a type that is gone at run time.
  expect(wrapper.inputs[0].shape).toEqual(["batch", 3])
  expect(wrapper.assumptions).toContain("'x' has 2 axes, as the code needs, not the 3 of its type")
})

test("a function that reads numbers out of a network is none; the network it calls is", () => {
  const { models } = trace(`
    const w = tf.variable(tf.zeros([4, 3]))
    function logits(x) { return tf.matMul(x, w) }
    export function predict(x) { return Array.from(tf.tidy(() => logits(x).argMax(1)).dataSync()) }
    export const scores = (x) => ({ all: logits(x).softmax().arraySync() })`)
  expect(models.map(({ name }) => name)).toEqual(["logits"])
})

test("what a class reads out of its network is the network's output", () => {
  const traced = trace(`export class Agent {
    w = tf.variable(tf.zeros([4, 3]))
    predict(x: tf.Tensor2D) { return x.matMul(this.w).arraySync() }
  }`)
  expect(outputShapes(only(traced))).toEqual(["batch, 3"])
  expect(operations(only(traced))).toEqual(["at,tb->ab"])
  expect(only(traced).unsupported).toEqual([])
})

test("what a class chooses from is its network's output", () => {
  const traced = trace(`export class Classifier {
    w = tf.variable(tf.zeros([4, 3]))
    predict(x: tf.Tensor2D) { return x.matMul(this.w).argMax(1) }
  }`)
  expect(outputShapes(only(traced))).toEqual(["batch, 3"])
  expect(only(traced).assumptions).toContain("the output is taken to be what tf.argMax is computed from: no gradient passes it")
})

test("a head made for the output of a model that is loaded", () => {
  const traced = trace(`
    function buildHead(inputShape) {
      const head = tf.sequential()
      head.add(tf.layers.flatten({ inputShape }))
      head.add(tf.layers.dense({ units: 5 }))
      return head
    }
    async function main() {
      const loaded = await tf.loadLayersModel("https://example.org/model.json")
      const base = tf.model({ inputs: loaded.inputs, outputs: loaded.getLayer("conv").output })
      const head = buildHead(base.outputs[0].shape.slice(1))
      return tf.model({ inputs: base.inputs, outputs: head.apply(base.outputs[0]) })
    }
    main()`)
  expect(parameters(only(traced, "buildHead"))).toEqual(["dense_1/kernel [inputShape, 5]", "dense_1/bias [5]"])
  expect(only(traced, "buildHead").unsupported).toEqual([])
})

test("the rank of an input is what code asks of something computed entry by entry from it", () => {
  const traced = trace(`export class Net {
    w = tf.variable(tf.zeros([3, 2]))
    forward(x: tf.Tensor) {
      const y = tf.mul(x.relu(), 2)
      const [batch, steps, width] = y.shape
      return y.reshape([batch * steps, width]).matMul(this.w).reshape([batch, steps, 2])
    }
  }`)
  expect(only(traced).inputs[0].shape).toEqual(["batch", "x.1", 3])
  expect(outputShapes(only(traced))).toEqual(["batch, x.1, 2"])
})

test("weights that a file brings are said to be none of the source", () => {
  const traced = trace(`
    export async function load(manifest) {
      const weights = await tf.io.loadWeights(manifest, "./")
      return (x) => tf.matMul(x, weights["dense/kernel"]).add(weights["dense/bias"])
    }`)
  expect(traced.models).toEqual([])
  expect(traced.problems.map(({ message, start }) => [message, start.line])).toEqual([
    ["weights are loaded from a file: their shapes are not in this source, and networks over them are not read", 3],
  ])
})
