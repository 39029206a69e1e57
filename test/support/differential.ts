/**
 * @file A piece of tfjs code twice: traced and run on our kernels in float64, and run by tfjs itself in float32, with the same weights.
 * Values must agree, and gradients too wherever tfjs has them.
 */
import { expect } from "vitest"
import * as tf from "@tensorflow/tfjs"
import type { TracedModel } from "../../src/graph/graph"
import type { Plan } from "../../src/verification/plan"
import { evaluateLoss } from "../../src/verification/loss"
import { copyWeights, planModel, relativeError } from "./compare"
import { trace } from "../trace/program"
import { seededRandom, type Random } from "./random"
import type { RunningModel } from "./runTfjs"
import { lossAndGradients } from "./training"

/** How a named variable of the cases is filled. */
type Fill = (random: Random) => number

interface Declared {
  readonly shape: readonly number[]
  readonly fill: Fill
}

const normal: Fill = (random) => random.normal()
const positive: Fill = (random) => 0.3 + 2 * random.uniform()
const inner: Fill = (random) => 1.8 * random.uniform() - 0.9

/** The variables that expressions of the op table may use. */
const declared: Readonly<Record<string, Declared>> = {
  a: { shape: [4, 6], fill: normal },
  a2: { shape: [4, 6], fill: normal },
  b: { shape: [6, 3], fill: normal },
  c: { shape: [2, 4, 6], fill: normal },
  d: { shape: [2, 3, 4, 5], fill: normal },
  v: { shape: [6], fill: normal },
  v3: { shape: [3], fill: normal },
  s: { shape: [4, 4], fill: normal },
  one: { shape: [4, 1], fill: normal },
  p: { shape: [4, 6], fill: positive },
  pv: { shape: [6], fill: positive },
  q: { shape: [4, 6], fill: (random) => 1 + positive(random) },
  u: { shape: [4, 6], fill: inner },
  line: { shape: [2, 9, 3], fill: normal },
  image: { shape: [2, 6, 7, 3], fill: normal },
  volume: { shape: [1, 4, 5, 3, 2], fill: normal },
  kernel1: { shape: [3, 3, 4], fill: normal },
  kernel2: { shape: [3, 2, 3, 4], fill: normal },
  kernel3: { shape: [2, 2, 2, 2, 3], fill: normal },
  depthwise: { shape: [3, 2, 3, 2], fill: normal },
  pointwise: { shape: [1, 1, 6, 4], fill: normal },
  transposed: { shape: [3, 2, 5, 3], fill: normal },
  transposed3: { shape: [2, 2, 2, 3, 2], fill: normal },
  board: { shape: [2, 5, 5, 3], fill: normal },
}

/** Constants of the cases: indices, masks. */
const constants = `const i = tf.tensor1d([0, 2, 1, 0], "int32"), i2 = tf.tensor2d([[0, 2], [1, 3]], [2, 2], "int32")
const at = tf.tensor2d([[0, 1], [3, 5], [2, 2]], [3, 2], "int32"), m = tf.tensor1d([1, 0, 1, 1, 0, 1], "bool")
const x01 = tf.tensor2d([[0.5, 2, -1], [3, -0.25, 1]])`

/** Source of a model that computes `expression` from the variables it names. */
export function sourceOf(expression: string): string {
  const used = Object.entries(declared).filter(([name]) => new RegExp(`(?<![\\w.'"])${name}(?!\\w)`).test(expression))
  const variables = used.map(([name, { shape }]) => `const ${name} = tf.variable(tf.zeros([${shape.join(", ")}]))`)
  return `${constants}\n${variables.join("\n")}\n/** @model */ function f() { return ${expression} }`
}

/** The same source on tfjs, its variables filled. */
export function runExpression(expression: string, seed: number): RunningModel {
  const { f, read } = new Function("tf", `${sourceOf(expression)}\nreturn { f, read: (name) => eval(name) }`)(tf) as {
    readonly f: () => unknown
    readonly read: (name: string) => unknown
  }
  const random = seededRandom(seed),
    variables: tf.Variable[] = []
  for (const [name, { shape, fill }] of Object.entries(declared)) {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => fill(random))
    if (!sourceOf(expression).includes(`const ${name} = tf.variable`)) continue
    const variable = read(name) as tf.Variable
    variable.assign(tf.tensor(values, [...shape]))
    variables.push(variable)
  }
  return { forward: () => tensorsOf(f()), variables, layers: null, tensor: (id) => read(id) as tf.Tensor }
}

const tensorsOf = (value: unknown): readonly tf.Tensor[] =>
  value instanceof tf.Tensor ? [value] : Object.values(value as object).flatMap(tensorsOf)

export const traceExpression = (expression: string): readonly TracedModel[] => trace(sourceOf(expression)).models

export interface Comparison {
  /** Shapes of the results, ours and tfjs's. */
  readonly shapes: readonly [ours: readonly string[], theirs: readonly string[]]
  /** Largest error of a value, relative to the largest value. */
  readonly error: number
  /** Largest error of a gradient, or why tfjs gives none. */
  readonly gradientError: number | string
  /** Ours where tfjs gives none: the largest entry of any gradient. */
  readonly ownGradient: number
}

/** Runs the traced graph and tfjs on the same weights. @throws ExecutionError when the graph has a part that cannot be executed */
export function compareValues(
  model: TracedModel,
  running: RunningModel,
  inputs: readonly tf.Tensor[],
  leaves: readonly Float64Array[],
): Comparison {
  const plan = planModel(model)
  copyWeights(plan, running)
  const random = seededRandom(7),
    theirs = running.forward(inputs)
  const targets = theirs.map((y) => Float64Array.from({ length: y.size }, () => Math.fround(random.normal())))
  // Noise of our own is zero, so that layers whose noise has no strength can be compared.
  let given = 0
  const filled = plan.leaves.map((leaf) => (leaf.role === "input" ? leaves[given++] : new Float64Array(leaf.buffer.size)))
  plan.leaves.forEach((leaf, i) => leaf.buffer.value.set(filled[i]))
  plan.forward()
  const shapes = [plan.outputs.map((o) => o.shape.join()), theirs.map((y) => y.shape.join())] as const
  const error = Math.max(...theirs.map((y, i) => errorOf(plan.outputs[i]?.value ?? [], y)))
  const { gradientError, ownGradient } = compareGradients(plan, running, { inputs, theirs, targets, leaves: filled })
  return { shapes, error, gradientError, ownGradient }
}

function errorOf(ours: ArrayLike<number>, theirs: tf.Tensor): number {
  const values = Float64Array.from(theirs.dataSync())
  const same = values.every((v, i) => Number.isFinite(v) || Object.is(v, ours[i]))
  const finite = (list: ArrayLike<number>): number[] => Array.from(list, (v, i) => (Number.isFinite(values[i]) ? v : 0))
  return same ? relativeError(finite(ours), finite(values), 1) : Infinity
}

interface Data {
  readonly inputs: readonly tf.Tensor[]
  readonly theirs: readonly tf.Tensor[]
  readonly targets: readonly Float64Array[]
  readonly leaves: readonly Float64Array[]
}

function compareGradients(
  plan: Plan,
  running: RunningModel,
  data: Data,
): { readonly gradientError: number | string; readonly ownGradient: number } {
  const trained = plan.slots.filter((slot) => slot.trainable)
  const own = new Float64Array(plan.dimension),
    cells = plan.outputs.reduce((n, o) => n + o.size, 0)
  evaluateLoss(plan, { samples: [{ leaves: data.leaves, targets: data.targets }] }, plan.theta.slice(), own)
  const ownGradient = own.reduce((most, g) => Math.max(most, Math.abs(g)), 0)
  const targets = data.targets.map((values, i) => tf.tensor(Float32Array.from(values), data.theirs[i].shape))
  try {
    const { gradients } = lossAndGradients(
      running,
      { inputs: data.inputs, targets },
      trained.map((slot) => slot.id),
    )
    const scale = Math.max(...[...gradients.values()].flatMap((g) => Array.from(g.values, Math.abs)), 1)
    const errors = trained.map((slot) => {
      const ours = own.subarray(slot.offset, slot.offset + slot.size).map((g) => g * cells)
      return relativeError(ours, gradients.get(slot.id)?.values ?? [], scale)
    })
    return { gradientError: Math.max(0, ...errors), ownGradient }
  } catch (error) {
    return { gradientError: error instanceof Error ? error.message : String(error), ownGradient }
  }
}

/** Expects an expression to be read whole, with the shape, the values and, unless told otherwise, the gradients that tfjs gives it. */
export function expectAsTfjs(code: string, gradients = true): void {
  const [model] = traceExpression(code)
  expect(model.unsupported.map(({ what }) => what)).toEqual([])
  const { error, gradientError, shapes } = compareValues(model, runExpression(code, 5), [], [])
  expect(shapes[0]).toEqual(shapes[1])
  expect(error).toBeLessThan(1e-5)
  if (gradients) expect(gradientError).toBeLessThan(1e-4)
}
