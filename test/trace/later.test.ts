/** @file Fields that methods set before the model is built, and collections made of text or of something unknown. */
import { expect, test } from "vitest"
import { only, parameters, trace } from "./program"

test("a field that the code reads from is what a method stored before", () => {
  const model = only(
    trace(`
    class Tokens { async load(url: string) { this.count = await fetch(url) } }
    class Base {
      config
      constructor(config) { this.config = { units: 4, ...config } }
      async prepare() { this.lib = tf; this.tokens = new Tokens(); await this.tokens.load("x") }
    }
    export class Net extends Base {
      build() {
        const model = this.lib.sequential()
        model.add(this.lib.layers.embedding({ inputDim: this.tokens.count, outputDim: this.config.units, inputLength: 2 }))
        model.add(this.lib.layers.flatten())
        model.add(this.lib.layers.dense({ units: this.tokens.count }))
        return model
      }
    }`),
  )
  expect(parameters(model)).toEqual(["embedding_1/embeddings [count, 4]", "dense_1/kernel [8, count]", "dense_1/bias [count]"])
  expect(model.assumptions).toContain("'prepare' has run: 'this.lib' is what it stores")
})

test("a field whose absence the code survives stays absent", () => {
  const model = only(
    trace(`
    class Net {
      w = tf.variable(tf.zeros([3, 2]))
      use(mask) { this.mask = mask }
      forward(x: tf.Tensor2D) { const y = x.matMul(this.w); return this.mask?.scale ? y.mul(this.mask.scale) : y }
    }`),
  )
  expect(model.unsupported).toEqual([])
  expect(model.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(false)
})

test("a set of characters has their number, a set of something unknown has none", () => {
  const net = (set: string): string =>
    `const n = new Set(${set}).size; const net = tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [2] })] })`
  expect(parameters(only(trace(net(`"abca"`))))[0]).toBe("dense_1/kernel [2, 3]")
  expect(parameters(only(trace(`import { text } from "other"; ${net("text")}`)))[0]).toBe("dense_1/kernel [2, size]")
})

test("a table as long as a size nobody states keeps its shape; what an op of an unknown tensor gives is no number", () => {
  const table = only(
    trace(`
    class Net {
      w = tf.variable(tf.zeros([8, 4]))
      forward(x: tf.Tensor3D) {
        const [, length, size] = x.shape
        const table = tf.tensor2d(Array.from({ length }, (_, i) => Array.from({ length: size }, (_, k) => Math.sin(i * k))))
        return x.add(table.expandDims(0).tile([x.shape[0], 1, 1])).matMul(this.w)
      }
    }`),
  )
  expect(table.unsupported).toEqual([])
  expect(table.assumptions.filter((text) => /taken to be a number/.test(text))).toEqual([])
  expect(table.graph.nodes.filter((node) => node.op.kind === "constant").map((node) => node.shape.join())).toContain("x.1,8")
  const open = only(
    trace(`import { encode } from "other"
    class Net { w = tf.variable(tf.zeros([8, 4])); forward(x: tf.Tensor2D) { return x.add(encode(8).expandDims(0)).matMul(this.w) } }`),
  )
  expect(open.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})

test("a layer that takes the first of its inputs gets the one tensor there is", () => {
  const model = only(
    trace(`
    class Half extends tf.layers.Layer { call(inputs) { return tf.split(inputs[0], [2, 4], -1) } }
    const x = tf.input({ shape: [6] })
    const [a, b] = new Half().apply(x)
    const net = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 1 }).apply(b) })`),
    "net",
  )
  expect(model.unsupported).toEqual([])
  expect(parameters(model)).toEqual(["dense_1/kernel [4, 1]", "dense_1/bias [1]"])
})

test("numbers nobody gives are the layer's own; sizes that come out of tensors are not read", () => {
  const model = only(
    trace(`
    export function build(config) {
      return tf.sequential({ layers: [tf.layers.layerNormalization({ epsilon: config.epsilon, inputShape: [4] }), tf.layers.dense({ units: 1 })] })
    }`),
  )
  expect(model.unsupported).toEqual([])
  expect(model.assumptions).toContain("'epsilon' of layer_normalization is not known: 0.001 is taken")
  const chosen = only(
    trace(`class Net {
      w = tf.variable(tf.zeros([3, 4, 4]))
      forward(x: tf.Tensor2D) { const i = x.sum().dataSync()[0]; return x.matMul(this.w.slice([0, 0, 0], [i, 4, 4]).reshape([4, 4])) }
    }`),
  )
  expect(chosen.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})
