/** @file Functional models: shared layers and models, several inputs and outputs, blocks as functions, models cut from other models. */
import type { FormCase } from "./runCase"

const ts = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.ts": `import * as tf from "@tensorflow/tfjs"\n${text}` }, ...rest,
})
const js = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.js": `const tf = require("@tensorflow/tfjs")\n${text}` }, ...rest,
})

export const functionalCases: readonly FormCase[] = [
  ts("a chain that reassigns x", `
    const input = tf.input({ shape: [12] })
    let x = tf.layers.dense({ units: 6, activation: "relu" }).apply(input) as tf.SymbolicTensor
    for (let i = 0; i < 3; i++) x = tf.layers.dense({ units: x.shape[1]! - 1 }).apply(x) as tf.SymbolicTensor
    export const model = tf.model({ inputs: input, outputs: x, name: "chain" })`),
  ts("residual blocks as arrow functions", `
    const block = (x: tf.SymbolicTensor, filters: number, stride = 1) => {
      const skip = stride === 1 ? x : (tf.layers.conv2d({ filters, kernelSize: 1, strides: stride }).apply(x) as tf.SymbolicTensor)
      let y = tf.layers.conv2d({ filters, kernelSize: 3, strides: stride, padding: "same", useBias: false }).apply(x)
      y = tf.layers.batchNormalization().apply(y)
      y = tf.layers.activation({ activation: "relu" }).apply(y)
      return tf.layers.add().apply([skip, y as tf.SymbolicTensor]) as tf.SymbolicTensor
    }
    const input = tf.input({ shape: [8, 8, 4] })
    const out = [[4, 1], [6, 2], [6, 1]].reduce((x, [filters, stride]) => block(x, filters, stride), input)
    export const model = tf.model({ inputs: input, outputs: tf.layers.globalAveragePooling2d({}).apply(out) as tf.SymbolicTensor })`),
  js("two inputs, a shared layer, a shared model", `
    const left = tf.input({ shape: [4], name: "left" }), right = tf.input({ shape: [4], name: "right" })
    const shared = tf.layers.dense({ units: 3, activation: "tanh" })
    const tower = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
    const ends = [left, right].map((x) => tower.apply(shared.apply(x)))
    const model = tf.model({ inputs: [left, right], outputs: tf.layers.dot({ axes: 1, normalize: true }).apply(ends) })
    module.exports = { model }`),
  ts("several outputs by destructuring", `
    function heads(x: tf.SymbolicTensor, sizes: Record<string, number>) {
      return Object.keys(sizes).map((name) => tf.layers.dense({ units: sizes[name], name }).apply(x) as tf.SymbolicTensor)
    }
    const input = tf.input({ shape: [5] })
    const [policy, value] = heads(tf.layers.dense({ units: 7, activation: "relu" }).apply(input) as tf.SymbolicTensor, { policy: 4, value: 1 })
    export const agent = tf.model({ inputs: [input], outputs: [policy, value] })`, { names: ["agent"] }),
  ts("a variational bottleneck with a sampling layer", `
    class Sampling extends tf.layers.Layer {
      static className = "Sampling"
      computeOutputShape(shape: tf.Shape[]) { return shape[0] }
      call(inputs: tf.Tensor[]) {
        return tf.tidy(() => { const [mean, logVariance] = inputs; return mean.add(tf.randomNormal(mean.shape).mul(logVariance.mul(0.5).exp())) })
      }
    }
    export function build(features = 10, latent = 2) {
      const x = tf.input({ shape: [features] })
      const h = tf.layers.dense({ units: 6, activation: "relu" }).apply(x)
      const mean = tf.layers.dense({ units: latent }).apply(h) as tf.SymbolicTensor, spread = tf.layers.dense({
        units: latent }).apply(h) as tf.SymbolicTensor
      const z = new Sampling({}).apply([mean, spread]) as tf.SymbolicTensor
      return tf.model({ inputs: x, outputs: [tf.layers.dense({
        units: features, activation: "sigmoid" }).apply(z) as tf.SymbolicTensor, mean, spread] })
    }`, { run: "build()" }),
  js("a model cut from another one's layer", `
    const base = tf.sequential({ layers: [
      tf.layers.dense({ units: 6, inputShape: [4], name: "first" }), tf.layers.dense({ units: 5, name: "features" }), tf.layers.dense({
        units: 2 })] })
    const cut = tf.model({ inputs: base.inputs, outputs: base.getLayer("features").output })
    exports.whole = tf.model({ inputs: base.inputs, outputs: tf.layers.dense({ units: 3 }).apply(cut.outputs[0]) })`, {}),
  ts("u-net with a list of skips", `
    export function unet(size: number, depth: number) {
      const input = tf.input({ shape: [size, size, 1] })
      const conv = (x: tf.SymbolicTensor, filters: number) =>
        tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu" }).apply(x) as tf.SymbolicTensor
      const skips: tf.SymbolicTensor[] = []
      let x: tf.SymbolicTensor = input
      for (let level = 0; level < depth; level++) {
        x = conv(x, 2 ** (level + 1))
        skips.push(x)
        x = tf.layers.maxPooling2d({ poolSize: [2, 2] }).apply(x) as tf.SymbolicTensor
      }
      x = conv(x, 2 ** (depth + 1))
      for (const skip of skips.slice().reverse()) {
        x = tf.layers.upSampling2d({ size: [2, 2] }).apply(x) as tf.SymbolicTensor
        x = tf.layers.concatenate({ axis: -1 }).apply([x, skip]) as tf.SymbolicTensor
        x = conv(x, skip.shape[3]!)
      }
      return tf.model({ inputs: input, outputs: tf.layers.conv2d({ filters: 1, kernelSize: 1 }).apply(x) as tf.SymbolicTensor })
    }
    export const net = unet(16, 2)`),
  ts("layers held in a Map and in a record, applied later", `
    const layers = new Map<string, tf.layers.Layer>([["a", tf.layers.dense({ units: 4 })], ["b", tf.layers.dense({ units: 2 })]])
    const extra = { norm: tf.layers.layerNormalization({ epsilon: 1e-5 }) } as const
    const input = tf.input({ shape: [3] })
    let x: tf.SymbolicTensor = input
    for (const layer of layers.values()) x = layer.apply(x) as tf.SymbolicTensor
    export const model = tf.model({ inputs: input, outputs: extra["norm"].apply(x) as tf.SymbolicTensor })`),
  js("lstm with states handed on", `
    const encoderIn = tf.input({ shape: [5, 3] }), decoderIn = tf.input({ shape: [4, 2] })
    const [, ...states] = tf.layers.lstm({ units: 6, returnState: true }).apply(encoderIn)
    const y = tf.layers.lstm({ units: 6, returnSequences: true }).apply(decoderIn, { initialState: states })
    const model = tf.model({ inputs: [encoderIn, decoderIn], outputs: tf.layers.dense({ units: 2 }).apply(y) })`),
  ts("destructured imports and new on constructors", `
    import { input, layers, model as makeModel } from "@tensorflow/tfjs"
    const { dense, concatenate: join } = layers
    const x = input({ shape: [2] })
    const parts = Array.from({ length: 3 }, (_, k) => dense({ units: k + 1 }).apply(x) as tf.SymbolicTensor)
    export const joined = makeModel({ inputs: x, outputs: join().apply(parts) as tf.SymbolicTensor })`),
  ts("sizes from Math and strings of the configuration", `
    const config = JSON.parse('{"heads": 2}')
    const text = "7,5".split(",").map(Number)
    const input = tf.input({ shape: [Math.max(...text)] })
    const x = tf.layers.dense({ units: Math.round(Math.sqrt(text[0] * text[1])), activation: "relu" }).apply(input)
    export const model = tf.model({ inputs: input, outputs: tf.layers.dense({
      units: parseInt("0x4", 16) * (config.heads > 0 ? 1 : 2) }).apply(x) as tf.SymbolicTensor })`),
  js("a class that builds a functional model in steps", `
    class Builder {
      #x
      constructor(shape) { this.input = tf.input({ shape }); this.#x = this.input }
      dense(units, { activation = "linear", ...rest } = {}) { this.#x = tf.layers.dense({ units, activation, ...rest }).apply(this.#x); return this }
      repeat(times, step) { for (let i = 0; i < times; i++) step(this, i); return this }
      get model() { return tf.model({ inputs: this.input, outputs: this.#x }) }
    }
    const model = new Builder([6]).dense(5, { useBias: false }).repeat(2, (b, i) => b.dense(4 - i)).dense(1).model`),
]
