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

test("skips of a network that halves and doubles an open size fit for multiples", () => {
  const build = (pool: string, first: string): string => `export function build(height, width) {
    const input = tf.input({ shape: [height, width, 3] })
    const skips = []
    let x = ${first}.apply(input)
    for (let i = 0; i < 3; i++) {
      skips.push(x)
      x = tf.layers.maxPooling2d({ poolSize: 2, padding: "${pool}" }).apply(x)
    }
    for (const skip of skips.reverse()) x = tf.layers.concatenate().apply([tf.layers.upSampling2d({ size: [2, 2] }).apply(x), skip])
    return tf.model({ inputs: input, outputs: tf.layers.conv2d({ filters: 2, kernelSize: 1 }).apply(x) })
  }`
  const fit = (text: string): string => `${text}: only then the sizes fit that meet here`
  for (const pool of ["valid", "same"]) {
    const model = only(trace(build(pool, `tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" })`)))
    expect(model.unsupported).toEqual([])
    expect(model.inputs.map(({ shape }) => shape.join())).toEqual(["batch,8*height,8*width,3"])
    expect(outputShapes(model)).toEqual(["batch, 8*height, 8*width, 2"])
    expect(model.assumptions).toEqual(["height", "width"].map((name) => fit(`'${name}' is taken to be a multiple of 8`)))
  }
  const cut = only(trace(build("valid", "tf.layers.conv2d({ filters: 4, kernelSize: 5 })")))
  expect(outputShapes(cut)).toEqual(["batch, 8*height, 8*width, 2"])
  expect(cut.assumptions[0]).toBe(fit("'height' is taken to be 4 more than a multiple of 8"))
  // Sizes that no rest makes equal stay a complaint.
  const never = only(
    trace(`export function build(height) {
      const input = tf.input({ shape: [height, 2] })
      const half = tf.layers.maxPooling1d({ poolSize: 2 }).apply(input)
      const joined = tf.layers.concatenate().apply([half, input])
      return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 3 }).apply(joined) })
    }`),
  )
  expect(never.unsupported.map(({ what }) => what).join()).toMatch(/concatenate: expected equal sizes/)
})
