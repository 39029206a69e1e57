/**
 * @file Every layer of tf.layers on tfjs and on the traced graph: values to 1e-5 in training mode, shapes, weights, and gradients where tfjs has
 * them.
 */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import { compareValues, type Comparison } from "../support/differential"
import { symbolSize } from "../support/compare"
import { seededRandom } from "../support/random"
import { prepareTfjs, randomizeVariable, runLayers } from "../support/runTfjs"
import { isStretchedMerge, layerCases, mergeCases, sourceOfLayer, sourceOfMerge, unreadLayers, type LayerCase } from "./layerCases"
import { only, outputShapes, trace } from "./program"

beforeAll(prepareTfjs)

/** What tf.layers exports that is no layer: base classes, and tf.input under another name. */
const notLayers = ["Layer", "RNN", "RNNCell", "input"]
/** Exported names for a layer that has another name as well. */
const aliases = /^(avgPool(ing)?[123]d|globalMaxPool[12]d|maxPool[12]d)$/

test("every layer has a case or a reason", () => {
  const exported = Object.keys(tf.layers).filter((name) => !notLayers.includes(name) && !aliases.test(name))
  expect([...Object.keys(layerCases), ...Object.keys(mergeCases), ...Object.keys(unreadLayers)].sort()).toEqual(exported.sort())
  const source =
    Object.values(layerCases)
      .flat()
      .map((c) => c.layer)
      .join() + Object.values(mergeCases).flat().join()
  // A cell counts where a layer runs it.
  const bare = Object.entries(layerCases).flatMap(([name, cases]) => (cases.length > 0 || source.includes(`tf.layers.${name}(`) ? [] : [name]))
  expect(bare).toEqual(["inputLayer"])
})

test("a layer that cannot be read says so and leaves the weights of others in place", () => {
  const traced = trace(`const x = tf.input({ shape: [4, 4, 2] }), y = tf.layers.conv2d({ filters: 3, kernelSize: 1 }).apply(x)
    const model = tf.model({ inputs: x, outputs:
      tf.layers.conv2d({ filters: 5, kernelSize: 2 }).apply(tf.layers.randomWidth({ factor: 0.1 }).apply(y)) })`)
  const model = only(traced)
  expect(model.unsupported.map(({ what }) => what)).toEqual([unreadLayers.randomWidth])
  expect(model.graph.parameters.map((p) => p.id)).toEqual(["conv2d_1/kernel", "conv2d_1/bias", "conv2d_2/kernel", "conv2d_2/bias"])
})

const modelOf = (source: string): tf.LayersModel => new Function("tf", `${source}; return model`)(tf) as tf.LayersModel

/** Builds, fills and compares; the data are whole numbers where told so. */
function compare(source: string, shapes: readonly (readonly number[])[], { indices, openShape }: Partial<LayerCase>): Comparison {
  const real = modelOf(source),
    model = only(trace(source)),
    random = seededRandom(3)
  expect(model.unsupported.map(({ what }) => what)).toEqual([])
  if (openShape === undefined) expect(outputShapes(model)).toEqual(real.outputs.map((y) => y.shape.map((d) => d ?? "batch").join(", ")))
  expect(model.graph.parameters.map((p) => p.shape.join()).sort()).toEqual(real.weights.map((w) => w.shape.join()).sort())
  for (const weight of real.trainableWeights) randomizeVariable((weight as unknown as { readonly val: tf.Variable }).val, random)
  const data = shapes.map((shape) => {
    const full = [symbolSize, ...shape],
      size = full.reduce((a, b) => a * b)
    return {
      full,
      values: Float64Array.from({ length: size }, () => (indices === undefined ? Math.fround(random.normal()) : random.below(indices))),
    }
  })
  const inputs = data.map(({ full, values }) =>
    indices === undefined ? tf.tensor(Float32Array.from(values), full) : tf.tensor(Int32Array.from(values), full, "int32"),
  )
  return compareValues(
    model,
    runLayers(real),
    inputs,
    data.map(({ values }) => values),
  )
}

function check(c: Partial<LayerCase>, comparison: Comparison): void {
  if (c.wrongValue !== undefined) return expect(comparison.error, c.wrongValue).toBeGreaterThan(0.01)
  expect(comparison.shapes[0]).toEqual(comparison.shapes[1])
  expect(comparison.error).toBeLessThan(1e-5)
  if (c.noGradient !== undefined) return expect(comparison.gradientError).toContain(c.noGradient)
  expect(typeof comparison.gradientError === "string" ? comparison.gradientError : "").toBe("")
  if (c.wrongGradient !== undefined) expect(comparison.gradientError, c.wrongGradient).toBeGreaterThan(0.01)
  else expect(comparison.gradientError).toBeLessThan(2e-4)
}

describe.each(Object.entries(layerCases).filter(([, cases]) => cases.length > 0))("%s", (_, cases) => {
  test.each(cases.map((c) => [c.layer, c.shape.join(" "), c] as const))("%s on [%s]", (_layer, _shape, c) => {
    const source = sourceOfLayer(c)
    if (c.refused !== undefined) {
      expect(() => modelOf(source).apply(tf.ones([2, ...c.shape]), { training: true })).toThrow(c.refused)
      return
    }
    check(c, compare(source, [c.shape], c))
  })
})

/** Two steps of a stacked network with masks: embedding and recurrent layers as tfjs's executor runs them. */
const masked: readonly (readonly [title: string, layers: string])[] = [
  ["lstm", "tf.layers.lstm({ units: 3 })"],
  ["gru with sequences", "tf.layers.gru({ units: 3, returnSequences: true })"],
  ["bidirectional", "tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 3, returnSequences: true }), mergeMode: 'sum' })"],
  ["backwards", "tf.layers.simpleRNN({ units: 3, goBackwards: true, returnState: false })"],
]

describe("masks", () => {
  test.each(masked)("of an embedding reach %s", (_, layer) => {
    const source = `const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true, inputLength: 5 }),
      tf.layers.dense({ units: 3, activation: "tanh" }), ${layer}, tf.layers.dense({ units: 2 })] })`
    check({}, compare(source, [[5]], { indices: 3 }))
  })

  test("make a difference", () => {
    const of = (zero: boolean): string =>
      JSON.stringify(
        only(
          trace(
            `const model = tf.sequential({ layers: [
              tf.layers.embedding({ inputDim: 4, outputDim: 3, maskZero: ${zero}, inputLength: 5 }), tf.layers.lstm({ units: 3 })] })`,
          ),
        ).graph.nodes.length,
      )
    expect(of(true)).not.toBe(of(false))
  })
})

test("a stateful layer starts from what nobody knows, a plain one from zeros", () => {
  const leaves = (options: string): number =>
    only(trace(`const model = tf.sequential({ layers: [tf.layers.lstm({ units: 3, batchInputShape: [2, 4, 3]${options} })] })`)).graph.nodes.filter(
      (node) => node.op.kind === "random",
    ).length
  expect([leaves(""), leaves(", stateful: true")]).toEqual([0, 2])
})

test("an input layer in front gives the shape", () => {
  const source = `const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [3] }), tf.layers.dense({ units: 2 })] })`
  check({}, compare(source, [[3]], {}))
})

describe.each(Object.entries(mergeCases))("%s", (_, cases) => {
  test.each(cases)("%s on [%s] and [%s]", (...c) => {
    const [, a, b] = c
    check(isStretchedMerge(c) ? { noGradient: "Error in gradient for op" } : {}, compare(sourceOfMerge(c), [a, b], {}))
  })
})
