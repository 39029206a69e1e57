/** @file Masks as tfjs's executor hands them on: past layers that drop them and into nested models; recurrent layers of nested models run again. */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, expect, test } from "vitest"
import { prepareTfjs } from "../support/runTfjs"
import { only, operations, parameters, trace } from "./program"

beforeAll(prepareTfjs)

const cases: Readonly<Record<string, string>> = {
  plain: `const model = tf.sequential({ layers: [table, tf.layers.lstm({ units: 3 })] })`,
  "past a layer that drops it": `const model = tf.sequential({ layers: [table, tf.layers.reLU(), tf.layers.lstm({ units: 3 })] })`,
  "past a reshape": `const model = tf.sequential({ layers: [table, tf.layers.reshape({ targetShape: [4, 2] }), tf.layers.lstm({ units: 3 })] })`,
  "into a nested sequential model": `const model = tf.sequential({ layers: [table, tf.sequential({ layers: [
    tf.layers.dense({ units: 5, inputShape: [4, 2] }), tf.layers.lstm({ units: 3 })] })] })`,
  "past a nested model": `const model = tf.sequential({ layers: [table, tf.sequential({ layers: [
    tf.layers.dense({ units: 5, inputShape: [4, 2] })] }), tf.layers.lstm({ units: 3 })] })`,
  "into a nested functional model": `const x = tf.input({ shape: [4] }), inner = tf.input({ shape: [4, 2] })
    const reader = tf.model({ inputs: inner, outputs: tf.layers.lstm({ units: 3 }).apply(inner) })
    const model = tf.model({ inputs: x, outputs: reader.apply(table.apply(x)) })`,
}
const source = (name: string, maskZero: boolean): string =>
  `const table = tf.layers.embedding({ inputDim: 10, outputDim: 2, inputLength: 4, maskZero: ${maskZero} })\n${cases[name]}`

/** Whether the row of the padding changes what tfjs computes. */
function readsPadding(code: string): boolean {
  const model = new Function("tf", `${code}\nreturn model`)(tf) as tf.LayersModel
  const read = (): number[] => Array.from((model.predict(tf.tensor2d([[1, 2, 0, 0]])) as tf.Tensor).dataSync()), before = read()
  const table = model.weights.find(({ shape }) => shape[0] === 10)
  table?.write(table.read().add(tf.oneHot([0], 10).transpose()))
  return read().some((value, i) => Math.abs(value - before[i]) > 1e-6)
}

test.each(Object.keys(cases))("%s", (name) => {
  expect([readsPadding(source(name, true)), readsPadding(source(name, false))]).toEqual([false, true])
  const masked = only(trace(source(name, true)), "model"), plain = only(trace(source(name, false)), "model")
  expect(masked.unsupported).toEqual([])
  expect(parameters(masked)).toEqual(parameters(plain))
  // The state of every step is mixed with the one before it.
  const steps = (ops: readonly string[]): number => ops.filter((op) => op === "notEqual" || op === "subtract").length
  expect(steps(operations(masked))).toBeGreaterThan(steps(operations(plain)))
})

test("a recurrent layer inside a model is read for as many steps as the model is given", () => {
  const traced = trace(`
    const x = tf.input({ shape: [null, 2] }), h = tf.input({ shape: [3] })
    const cell = tf.layers.gru({ units: 3, returnSequences: true })
    const decoder = tf.model({ inputs: [x, h], outputs: tf.layers.dense({ units: 2 }).apply(cell.apply(x, { initialState: [h] })) })
    const scale = tf.variable(tf.ones([2]))
    /** @model @shape x [batch, 1, 2] @shape h [batch, 3] */
    export const step = (x: tf.Tensor3D, h: tf.Tensor2D) => tf.mul(decoder.predict([x, h]), scale)`)
  const step = only(traced, "step")
  expect(step.unsupported).toEqual([])
  expect(step.inputs.map(({ shape }) => shape.join())).toEqual(["batch,1,2", "batch,3"])
  expect(step.graph.nodes[step.graph.outputs[0]].shape).toEqual(["batch", 1, 2])
  expect(only(traced, "decoder").unsupported).toEqual([])
})
