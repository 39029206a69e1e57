/**
 * @file What draws at random, compared with tfjs for the draws tfjs made: dropout in its kinds, noise, dropout inside recurrent cells, random ops.
 */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import { copyWeights, planModel, relativeError } from "../support/compare"
import { seededRandom } from "../support/random"
import { prepareTfjs, randomizeVariable, runLayers } from "../support/runTfjs"
import type { Plan } from "../../src/verification/plan"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

const rows = 5
const inputOf = (shape: readonly number[]): tf.Tensor =>
  tf.tensor(Float32Array.from(drawn(rows * shape.reduce((a, b) => a * b, 1), 1)), [rows, ...shape])
const drawn = (count: number, seed: number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => Math.fround(random.normal()))
}

/** Our result where the leaf of noise holds `noise`. */
function ours(plan: Plan, x: tf.Tensor, noise: ArrayLike<number>): ArrayLike<number> {
  for (const leaf of plan.leaves) leaf.buffer.value.set(Float64Array.from(leaf.role === "input" ? x.dataSync() : Array.from(noise)))
  plan.forward()
  return plan.outputs[0].value
}

interface Draw {
  readonly layer: string
  readonly shape: readonly number[]
  /** The noise that explains an output y of tfjs for x. */
  readonly noise: (x: number, y: number) => number
}
const alpha = -1.6732632423543772 * 1.0507009873554805
const scale = (rate: number): number => ((1 - rate) * (1 + rate * alpha ** 2)) ** -0.5

const draws: readonly Draw[] = [
  { layer: "dropout({ rate: 0.4 })", shape: [7], noise: (_x, y) => (y === 0 ? 0 : 1 / 0.6) },
  { layer: "gaussianNoise({ stddev: 0.3 })", shape: [7], noise: (x, y) => (y - x) / 0.3 },
  { layer: "gaussianDropout({ rate: 0.2 })", shape: [7], noise: (x, y) => (y / x - 1) / Math.sqrt(0.25) },
  {
    layer: "alphaDropout({ rate: 0.4 })",
    shape: [7],
    noise: (_x, y) => (Math.abs(y + scale(0.4) * alpha * 1.4) < 1e-5 ? 0 : 1),
  },
]

test.each(draws)("$layer gives what tfjs gives for the same draw", ({ layer, shape, noise }) => {
  const source = `const x = tf.input({ shape: [${shape}] }), h = tf.layers.${layer}.apply(x)
    const model = tf.model({ inputs: x, outputs: [h, tf.layers.dense({ units: 1 }).apply(x)] })`
  const real = new Function("tf", `${source}; return model`)(tf) as tf.LayersModel,
    plan = planModel(only(trace(source)), rows)
  const x = inputOf(shape),
    [y] = runLayers(real).forward([x])
  copyWeights(plan, runLayers(real))
  const values = y.dataSync(),
    inputs = x.dataSync(),
    draw = Array.from(values, (v, i) => noise(inputs[i], v))
  expect(new Set(draw.map((n) => n.toFixed(2))).size, "tfjs drew").toBeGreaterThan(1)
  expect(relativeError(ours(plan, x, draw), values, 1)).toBeLessThan(1e-5)
})

test("spatialDropout1d drops whole channels", () => {
  const model = only(
    trace(`const m = tf.sequential({ layers: [tf.layers.conv1d({ filters: 4, kernelSize: 2, inputShape: [6, 3] }),
    tf.layers.spatialDropout1d({ rate: 0.5 })] })`),
  )
  expect(model.graph.nodes.find((node) => node.op.kind === "dropout")?.op).toMatchObject({ rate: 0.5, sharedAxes: [1] })
})

describe("dropout inside a cell: one mask for all steps of a call, in tfjs's places", () => {
  test.each(["simpleRNN", "gru", "lstm"])("%s", (kind) => {
    for (const key of ["dropout", "recurrentDropout"]) {
      const source = (extra: string): string => `const model = tf.sequential({ layers: [
        tf.layers.${kind}({ units: 4, ${key}: 0.5, returnSequences: true, inputShape: [5, 4]${extra} }), tf.layers.dense({ units: 2 })] })`
      // A fixed mask in the place of tfjs's own draw: 0 and 2, which is 1/(1 − rate).
      const kept = Array.from({ length: rows * 4 }, (_, i) => ((i * 7) % 3 === 0 ? 0 : 1))
      const mask = tf.tensor2d(
        kept.map((k) => 2 * k),
        [rows, 4],
      )
      const real = new Function("tf", "mask", `${source(", dropoutFunc: () => tf.clone(mask)")}; return model`)(tf, mask) as tf.LayersModel
      const random = seededRandom(9)
      for (const weight of real.trainableWeights) randomizeVariable((weight as unknown as { readonly val: tf.Variable }).val, random)
      const plan = planModel(only(trace(source(""))), rows),
        running = runLayers(real),
        x = inputOf([5, 4])
      copyWeights(plan, running)
      expect(relativeError(ours(plan, x, kept), running.forward([x])[0].dataSync(), 1), `${kind} ${key}`).toBeLessThan(1e-5)
      expect(
        relativeError(
          ours(
            plan,
            x,
            kept.map(() => 0.5),
          ),
          running.forward([x])[0].dataSync(),
          1,
        ),
        "the mask matters",
      ).toBeGreaterThan(1e-3)
    }
  })
})

describe("random ops", () => {
  test.each([
    ["tf.randomNormal([3, 2], 1, 0.5)", [3, 2], (z: number) => 1 + 0.5 * z],
    ["tf.truncatedNormal([4], 0, 2)", [4], (z: number) => 2 * z],
    ["tf.randomStandardNormal([2, 2])", [2, 2], (z: number) => z],
    ["tf.randomUniform([3], -1, 3)", [3], (z: number) => -1 + 4 * z],
    ["tf.rand([3], () => 0.5)", [3], null],
    ["tf.randomUniform([2])", [2], (z: number) => z],
    ["tf.randomUniformInt([3], 1, 9)", [3], (z: number) => Math.floor(1 + 8 * z)],
    ["tf.randomGamma([3], 2, 2)", [3], null],
  ] as const)("%s", (code, shape, expected) => {
    const body = `const w = tf.variable(tf.ones([${shape}])); /** @model */ function f() { return w.mul(${code}) }`
    expect((new Function("tf", `return ${code}`)(tf) as tf.Tensor).shape).toEqual([...shape])
    const plan = planModel(only(trace(body)), rows),
      size = shape.reduce<number>((a, b) => a * b, 1),
      noise = Array.from({ length: size }, (_, i) => 0.1 + 0.2 * i)
    plan.theta.fill(1)
    expect(plan.outputs[0].shape).toEqual([...shape])
    plan.leaves.forEach((leaf) => leaf.buffer.value.set(noise))
    plan.forward()
    if (expected !== null) noise.forEach((z, i) => expect(plan.outputs[0].value[i]).toBeCloseTo(expected(z), 9))
  })

  test("tf.dropout keeps its noise shape", () => {
    const model = only(trace(`const w = tf.variable(tf.ones([3, 4])); /** @model */ function f() { return tf.dropout(w, 0.3, [3, 1]) }`))
    expect(model.graph.nodes.find((node) => node.op.kind === "dropout")?.op).toMatchObject({ rate: 0.3, sharedAxes: [1] })
  })
})

test("resizing, applied to a tensor, gives what tfjs gives", () => {
  for (const options of [
    "height: 3, width: 4",
    "height: 8, width: 10, interpolation: 'nearest', cropToAspectRatio: true",
    "height: 5, width: 7, interpolation: 'nearest'",
  ]) {
    const source = `const w = tf.variable(tf.ones([2, 4, 5, 3])), layer = tf.layers.resizing({ ${options} })
      /** @model */ function f() { return layer.apply(w) }`
    const { f, w } = new Function("tf", `${source}; return { f, w }`)(tf) as { readonly f: () => tf.Tensor; readonly w: tf.Variable }
    w.assign(tf.tensor(drawn(w.size, 2), w.shape))
    const plan = planModel(only(trace(source)), rows)
    plan.theta.set(drawn(w.size, 2))
    plan.forward()
    expect(plan.outputs[0].shape).toEqual(f().shape)
    expect(relativeError(plan.outputs[0].value, f().dataSync(), 1), options).toBeLessThan(1e-5)
  }
})
