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
