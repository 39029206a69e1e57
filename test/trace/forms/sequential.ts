/** @file Sequential models, as lists, with add, and through what people write around add. */
import type { FormCase } from "./runCase"

const ts = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.ts": `import * as tf from "@tensorflow/tfjs"\n${text}` }, ...rest,
})
const js = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.js": `const tf = require("@tensorflow/tfjs")\n${text}` }, ...rest,
})

export const sequentialCases: readonly FormCase[] = [
  ts("a list that is mapped", `
    export const model = tf.sequential({
      layers: [8, 6, 4].map((units, i) => tf.layers.dense({ units, activation: i < 2 ? "relu" : "softmax", ...(i === 0 ? {
        inputShape: [5] } : {}) })),
    })`, { names: ["model"] }),
  ts("a list with spread parts", `
    const block = (units: number, rate: number) => [tf.layers.dense({ units, activation: "elu" }), tf.layers.dropout({ rate })]
    export const model = tf.sequential({ layers: [tf.layers.inputLayer({
      inputShape: [7] }), ...block(5, 0.2), ...block(3, 0.1), tf.layers.dense({ units: 1 })] })`),
  js("add in for…of over entries", `
    const table = { first: 6, second: 4 }
    const model = tf.sequential()
    let inputShape = [3]
    for (const [name, units] of Object.entries(table)) {
      model.add(tf.layers.dense({ units, name, inputShape }))
      inputShape = undefined
    }`),
  js("add in a while loop that counts down", `
    const model = tf.sequential()
    let width = 16
    model.add(tf.layers.dense({ units: width, inputDim: 9 }))
    while (width > 2) { width /= 2; model.add(tf.layers.dense({ units: width })) }`),
  js("add in do…while with a label and continue", `
    const model = tf.sequential({ name: "labelled" })
    let i = 0
    outer: do {
      i++
      if (i % 2 === 0) continue outer
      model.add(tf.layers.dense({ units: i + 1, inputShape: i === 1 ? [4] : undefined }))
    } while (i < 5)`),
  ts("add under switch with fall-through", `
    function build(kind: "small" | "big") {
      const model = tf.sequential()
      model.add(tf.layers.flatten({ inputShape: [4, 4] }))
      switch (kind) {
        case "big":
          model.add(tf.layers.dense({ units: 12, activation: "relu" }))
        case "small":
          model.add(tf.layers.dense({ units: 6, activation: "relu" }))
          break
        default:
          throw new Error("kind")
      }
      model.add(tf.layers.dense({ units: 2 }))
      return model
    }
    export const small = build("small"), big = build("big")`, { names: ["small", "big"] }),
  ts("helpers that take and return the model", `
    const start = (features: number): tf.Sequential => { const m = tf.sequential();
      m.add(tf.layers.dense({ units: 4, inputShape: [features] })); return m }
    const hidden = (m: tf.Sequential, ...widths: number[]): tf.Sequential => { widths.forEach((units) => m.add(tf.layers.dense({
      units, activation: "tanh" }))); return m }
    const head = (m: tf.Sequential, { units = 2, useBias = true } = {}) => { m.add(tf.layers.dense({ units, useBias })); return m }
    export const model = head(hidden(start(6), 5, 3), { useBias: false })`),
  js("reduce over the widths", `
    const model = [5, 4, 3].reduce((m, units, i) => {
      m.add(tf.layers.dense(Object.assign({ units, activation: "relu" }, i ? {} : { inputShape: [2] })))
      return m
    }, tf.sequential())`),
  ts("a sub-model as a layer, and one popped", `
    const encoder = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [8], activation: "relu" }), tf.layers.dense({ units: 2 })] })
    export const model = tf.sequential()
    model.add(encoder)
    model.add(tf.layers.dense({ units: 99 }))
    model.pop()
    model.add(tf.layers.dense({ units: 8, activation: "sigmoid" }))`),
  ts("shapes read before the last layer", `
    export const model = tf.sequential()
    model.add(tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 1] }))
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }))
    const [, h, w, c] = model.outputShape as number[]
    model.add(tf.layers.reshape({ targetShape: [h * w, c] }))
    model.add(tf.layers.lstm({ units: 2 }))`),
  js("a record that the code goes on to change", `
    const options = { filters: 4, kernelSize: [3, 3], padding: "same", useBias: false, inputShape: [6, 6, 2] }
    const model = tf.sequential()
    model.add(tf.layers.conv2d(options))
    options.filters = 5
    delete options.inputShape
    model.add(tf.layers.conv2d(options))
    model.add(tf.layers.globalAveragePooling2d({}))`),
  ts("sizes with defaults, ?? and ||", `
    interface Options { hidden?: number; classes?: number | null; bias?: boolean }
    export function build({ hidden = 6, classes, bias }: Options = {}) {
      const out = classes ?? 3
      return tf.sequential({ layers: [tf.layers.dense({ units: hidden || 1, inputShape: [4], useBias: bias ?? false }), tf.layers.dense({
        units: out })] })
    }
    export const model = build({ classes: null })`),
  ts("an enum and a record of constants choose the width", `
    enum Size { Small = 4, Large = Small * 2 }
    const widths: Record<string, number> = { [\`w\${Size.Small}\`]: Size.Small, w8: Size.Large }
    export const model = tf.sequential({ layers: [tf.layers.dense({ units: widths["w" + 8], inputShape: [Size.Small] }), tf.layers.dense({
      units: widths.w4 })] })`),
  js("recurrent stack, returnSequences but at the end", `
    const sizes = [5, 4, 3]
    const model = tf.sequential()
    for (let i = 0; i < sizes.length; i++)
      model.add(tf.layers.gru({ units: sizes[i], returnSequences: i < sizes.length - 1, inputShape: i === 0 ? [6, 2] : undefined }))
    model.add(tf.layers.dense({ units: 1 }))`),
  js("cells in tf.layers.rnn", `
    const cells = Array.from({ length: 2 }, (_, i) => tf.layers.lstmCell({ units: 4 - i }))
    const model = tf.sequential()
    model.add(tf.layers.rnn({ cell: cells, inputShape: [5, 3], returnSequences: false }))
    model.add(tf.layers.dense({ units: 2 }))`),
  ts("batchInputShape, stateful", `
    export const model = tf.sequential()
    model.add(tf.layers.lstm({ units: 3, stateful: true, batchInputShape: [2, 4, 5] }))
    model.add(tf.layers.repeatVector({ n: 3 }))
    model.add(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) }))`),
  js("embedding, bidirectional, attention by dense", `
    const vocabulary = ["a", "b", "c", "d"]
    const model = tf.sequential({ layers: [
      tf.layers.embedding({ inputDim: vocabulary.length + 1, outputDim: 6, inputLength: 7, maskZero: false }),
      tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 3, returnSequences: true }), mergeMode: "concat" }),
      tf.layers.globalMaxPooling1d(), tf.layers.dense({ units: vocabulary.length, activation: "softmax" }) ] })`),
  ts("frozen layers", `
    export const model = tf.sequential({ layers: [
      tf.layers.dense({ units: 4, inputShape: [3], trainable: false }), tf.layers.batchNormalization({}), tf.layers.dense({ units: 2 })] })
    model.layers[2].trainable = false`),
]
