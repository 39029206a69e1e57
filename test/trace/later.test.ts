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
