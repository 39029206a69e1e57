/**
 * @file A seeded run of the network in float64, on a small replica: what rules measure before they say anything. It shares no code with the
 * derivation of laws, so a rule that is wrong about a law finds out here and stays silent.
 */
import type { DerivedLaw, DerivedModel } from "../laws/law"
import type { GenericLaw } from "../verification/task"
import { drawParameters, drawSamples, drawUnknowns } from "../verification/data"
import type { DataSet } from "../verification/data"
import { compileLaw } from "../verification/laws"
import { evaluateLoss, teachTargets } from "../verification/loss"
import { compilePlan, estimateWork } from "../verification/plan"
import type { ParameterSlot, Plan } from "../verification/plan"
import { seededRandom } from "../verification/random"
import type { Random } from "../verification/random"
import { chooseReplica } from "../verification/replica"

export interface Experiment {
  readonly slots: readonly ParameterSlot[]
  /** Coordinates of the parameters that a law's terms read: all of the cells, trainable or not. */
  readonly cellsOf: (law: DerivedLaw) => readonly number[]
  /** Largest gradient on the cells over the largest gradient anywhere; the worst of several points. */
  readonly gradientOn: (cells: readonly number[]) => number
  /** Largest change of an output, relative to the largest output, when the parameters are changed; the worst of several points. */
  readonly changeBy: (change: (theta: Float64Array, random: Random) => void) => number
  /** Gradient descent from the values that the initializers give. */
  readonly train: (steps: number, seed: number) => TrainedWeights | null
}

export interface TrainedWeights {
  readonly start: Float64Array
  readonly end: Float64Array
  /** Largest change of a trainable number. */
  readonly moved: number
}

interface Point {
  readonly theta: Float64Array
  readonly data: DataSet
  readonly gradient: Float64Array
  readonly outputs: readonly number[]
}

const pointCount = 3
/** Replicas beyond this many products a sweep are not run: an editor waits for the answer. */
const mostCost = 1_500_000
const seed = 20

/** Null where the network cannot be run: code that is not read, no finite loss, or too large. */
export function prepareExperiment({ graph, sizes }: DerivedModel): Experiment | null {
  try {
    const replica = chooseReplica(graph, sizes)
    if (estimateWork(replica.graph).cost > mostCost) return null
    const plan = compilePlan(replica.graph, "fitting", "gradients")
    const points = findPoints(plan, seededRandom(seed))
    if (points.length === 0) return null
    const slots = new Map(plan.slots.map((slot): [string, ParameterSlot] => [slot.id, slot]))
    return {
      slots: plan.slots,
      cellsOf: (law) => lawCells(law, slots, replica.sizes),
      gradientOn: (cells) => Math.max(...points.map(({ gradient }) => largest(cells.map((c) => gradient[c])) / Math.max(largest(gradient), 1e-300))),
      changeBy: (change) => Math.max(...points.map((point, k) => outputChange(plan, point, (theta) => change(theta, seededRandom(seed + k + 1))))),
      train: (steps, from) => trainFrom(plan, steps, from),
    }
  } catch {
    // Opaque code, sizes that fit nowhere: there is nothing to measure, and without a measurement nothing is claimed.
    return null
  }
}

const largest = (values: Iterable<number>): number => {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  return most
}

/** Values and formulas play no part in where a law's cells are. */
function lawCells(law: DerivedLaw, slots: ReadonlyMap<string, ParameterSlot>, sizes: Readonly<Record<string, number>>): readonly number[] {
  const generic: GenericLaw = { ...law, formula: "", latex: "" }
  const read = new Set([...law.parameters, ...law.terms.flatMap(({ operands }) => operands.map(({ parameter }) => parameter))])
  const own = [...read].flatMap((id) => slots.get(id) ?? [])
  const cells = compileLaw(generic, own, sizes).entries.flatMap(({ at, i, j }) => [...at, ...i, ...j])
  return [...new Set(cells)].sort((a, b) => a - b)
}

/** Positive parameters where signed ones leave a root's or logarithm's domain. */
function findPoints(plan: Plan, random: Random): readonly Point[] {
  for (const signs of ["signed", "positive"] as const) {
    const points: Point[] = []
    for (let attempt = 0; attempt < 4 * pointCount && points.length < pointCount; attempt++) {
      const theta = drawParameters(plan, random, signs)
      const data = drawSamples(plan, 3, random, drawUnknowns(plan, random))
      const gradient = new Float64Array(plan.dimension)
      const outputs: number[] = []
      const loss = evaluateLoss(plan, data, theta, gradient, outputs)
      if (Number.isFinite(loss) && Number.isFinite(largest(gradient))) points.push({ theta, data, gradient, outputs })
    }
    if (points.length === pointCount) return points
  }
  return []
}

/** The network's outputs: targets of a teacher without noise. */
function outputsAt(plan: Plan, data: DataSet, theta: Float64Array): readonly number[] {
  const samples = data.samples.map(({ leaves, targets }) => ({ leaves, targets: targets.map((t) => new Float64Array(t.length)) }))
  teachTargets(plan, { samples }, theta, 0)
  return samples.flatMap(({ targets }) => targets.flatMap((t) => [...t]))
}

function outputChange(plan: Plan, { theta, data, outputs }: Point, change: (theta: Float64Array) => void): number {
  const moved = theta.slice()
  change(moved)
  const after = outputsAt(plan, data, moved)
  const difference = largest(outputs.map((value, i) => after[i] - value))
  return Number.isFinite(difference) ? difference / Math.max(largest(outputs), 1e-300) : Number.POSITIVE_INFINITY
}

/** Constant initializers give their constant (any value would do); the rest is drawn. */
function initialParameters(plan: Plan, random: Random): Float64Array {
  const theta = drawParameters(plan, random)
  for (const { offset, size, initializer } of plan.slots) {
    const constant = initializer === "zeros" ? 0 : initializer === "ones" ? 1 : initializer === "constant" ? 0.3 : null
    if (constant !== null) theta.fill(constant, offset, offset + size)
  }
  return theta
}

function trainFrom(plan: Plan, steps: number, from: number): TrainedWeights | null {
  const random = seededRandom(from)
  const data = drawSamples(plan, 6, random, drawUnknowns(plan, random))
  const start = initialParameters(plan, random)
  const theta = start.slice()
  const gradient = new Float64Array(plan.dimension)
  for (let step = 0; step < steps; step++) {
    const loss = evaluateLoss(plan, data, theta, gradient)
    const square = gradient.reduce((sum, g) => sum + g * g, 0)
    if (!Number.isFinite(loss) || !Number.isFinite(square)) return null
    if (square === 0) break
    // A fraction of Polyak's step, bounded where the gradient is nearly zero: large enough to see what moves.
    const rate = Math.min((0.2 * loss) / square, 1 / Math.sqrt(square))
    for (let i = 0; i < plan.dimension; i++) theta[i] -= rate * gradient[i]
  }
  const moved = largest(start.subarray(0, plan.dimension).map((value, i) => theta[i] - value))
  return Number.isFinite(moved) ? { start, end: theta, moved } : null
}

/** "9e-16": one digit says all that matters. */
export const measureText = (value: number): string => (value === 0 ? "0" : value.toExponential(0))
