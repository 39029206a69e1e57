/** @file Inputs whose shape is an argument nobody gives: as many axes as the code or the layers read. */
import { expect, test } from "vitest"
import { only, outputShapes, parameters, trace } from "./program"

test("a convolution on an unknown shape reads three axes", () => {
  const model = only(
    trace(`export function build(inputShape, width = 8) {
      const input = tf.input({ shape: inputShape })
      const x = tf.layers.conv2d({ filters: width, kernelSize: 3, padding: "same" }).apply(input)
      return tf.model({ inputs: input, outputs: tf.layers.globalAveragePooling2d({}).apply(x) })
    }`),
  )
  expect(model.inputs).toEqual([{ name: "input", shape: ["batch", "inputShape.0", "inputShape.1", "inputShape.2"] }])
  expect(parameters(model)).toEqual(["conv2d_1/kernel [3, 3, inputShape.2, 8]", "conv2d_1/bias [8]"])
  expect(model.assumptions).toEqual(["the shape of 'inputShape' is not known: it has the 3 axes that conv2d reads"])
})

test("layers that keep the axes do not hide how many there are", () => {
  const model = only(
    trace(`export function build(shape, classes) {
      const m = tf.sequential()
      m.add(tf.layers.dropout({ rate: 0.1, inputShape: shape }))
      m.add(tf.layers.leakyReLU())
      m.add(tf.layers.conv1d({ filters: 4, kernelSize: 3 }))
      m.add(tf.layers.flatten())
      m.add(tf.layers.dense({ units: classes }))
      return m
    }`),
  )
  expect(parameters(model)).toEqual([
    "conv1d_1/kernel [3, shape.1, 4]", "conv1d_1/bias [4]", "dense_1/kernel [4*shape.0-8, classes]", "dense_1/bias [classes]",
  ])
})

test("what the code takes out of the shape is its axes", () => {
  const model = only(
    trace(`export function build(shape) {
      const [height, width, channels] = shape
      return tf.sequential({ layers: [tf.layers.flatten({ inputShape: shape }), tf.layers.dense({ units: channels })] })
    }`),
  )
  expect(model.inputs[0].shape).toEqual(["batch", "height", "width", "channels"])
  expect(parameters(model)[0]).toBe("dense_1/kernel [channels*height*width, channels]")
})

test("a tuple type says how many axes there are", () => {
  const model = only(
    trace(`export function build(size: [height: number, width: number]) {
      return tf.sequential({ layers: [tf.layers.flatten({ inputShape: size }), tf.layers.dense({ units: size[0] })] })
    }`),
  )
  expect(parameters(model)[0]).toBe("dense_1/kernel [height*width, height]")
})

test("an unknown number of features stays one axis and is the size other layers take", () => {
  const model = only(
    trace(`export function autoencoder(features, hidden) {
      return tf.sequential({ layers: [tf.layers.dense({ units: hidden, inputShape: features }), tf.layers.dense({ units: features })] })
    }`),
  )
  expect(outputShapes(model)).toEqual(["batch, features"])
  expect(model.assumptions).toEqual([])
})

test("rows that are made into images have as many entries as an image", () => {
  const model = only(trace(`const kernel = tf.variable(tf.zeros([3, 3, 1, 4]))
    export function model(x) { return tf.conv2d(x.as4D(-1, 28, 28, 1), kernel, 1, "same").relu() }`))
  expect(model.inputs.map(({ shape }) => shape.join())).toEqual(["batch,784"])
  expect(outputShapes(model)).toEqual(["batch, 28, 28, 4"])
})
