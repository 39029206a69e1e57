/** @file Sets up a verification: replica, plan, laws as numbers, random parameters and data at which the loss is finite, and checked controls. */
import type { GenericLaw, VerificationTask } from "./task"
import { instantiateLaw, type Sizes } from "./instantiate"
import type { Random } from "./random"
import { drawControl } from "./control"
import { shrinkDepth, type ShallowNetwork, type Shortened } from "./depth"
import { drawParameters, drawSamples, drawUnknowns, type DataSet, type Signs } from "./data"
import type { Watched } from "./drift"
import { lawRate } from "./judge"
import { compileLaw } from "./laws"
import { norm } from "./linear"
import { evaluateLoss, teachTargets } from "./loss"
import { compilePlan, type Plan } from "./plan"
import { measureLawRate, measureRate } from "./rate"
import { chooseReplica, type Replica } from "./replica"

export interface Setting {
  readonly replica: Replica
  /** Repetitions that run with fewer blocks or steps. */
  readonly shortened: readonly Shortened[]
  readonly plan: Plan
  /** What is run, each with its control. */
  readonly watched: readonly Watched[]
  /** The laws of `watched`, sizes in numbers. */
  readonly laws: readonly GenericLaw[]
  /** The laws of the task. */
  readonly ids: readonly string[]
  /** For each law of the task, its place in `laws`: one law stands for the same one of every equal block. */
  readonly standing: readonly number[]
  readonly signs: Signs
  /** Points for the rate test; trajectories start at the first. */
  readonly points: readonly Point[]
  /** Rates at the worst point, one a law of the task, with all blocks and steps, too; controls' at the best. */
  readonly rates: readonly number[]
  readonly controlRates: readonly number[]
  /** Whether rates were measured with all blocks and steps. */
  readonly wasWhole: boolean
}

export interface Point {
  readonly theta: Float64Array
  readonly data: DataSet
  readonly loss: number
  readonly gradient: Float64Array
}

/** A verification that cannot be made, with the reason: never a verdict about a law. */
export class SettingError extends Error {}

const pointCount = 4,
  wholePoints = 2
/** Runs of the network in a data set: as many as give this many outputs. More data means more kinks to cross, and no law needs it. */
const enoughOutputs = 60,
  leastSamples = 2,
  mostSamples = 12
/** Standard deviation of what no parameters could explain in the targets. */
const targetNoise = 0.3
/** A control below this rate may be a law itself and is drawn again. */
const controlFloor = 1e-4

/** What is chosen by whoever asks, instead of here. */
export interface Overrides {
  readonly sizes?: Sizes
  /** How many equal blocks, or steps, stay of every repetition, if as many are enough to tell its laws apart. */
  readonly depth?: number
}

/**
 * Every law's own rate is measured with all blocks and steps, which takes a gradient or two; all else on few. So a law is wrong only where it fails
 * with all of them, and where a law holds with all but not with few (coefficients that count uses of a weight), nothing is left out.
 * @throws SettingError, ExecutionError or the error of a replica that fits no sizes
 */
export function prepareSetting(task: VerificationTask, { sizes = {}, depth }: Overrides, random: Random): Setting {
  const replica = chooseReplica(task.graph, task.sizes, sizes),
    whole = wholeNetwork(replica, task.laws),
    ids = task.laws.map((law) => law.id)
  if (replica.asDeclared === true) return measureNetwork(replica, whole, ids, random)
  const shallow = shrinkDepth(task.graph, task.sizes, whole, depth)
  if (shallow.shortened.length === 0) return measureNetwork(replica, whole, ids, random)
  const deep = measureRates(whole, random),
    setting = measureNetwork(replica, shallow, ids, random)
  const misled = setting.rates.some((rate, k) => task.laws[k].exactness === "exact" && rate > lawRate && !((deep?.[k] ?? 0) > lawRate))
  if (misled) return measureNetwork(replica, whole, ids, random)
  return { ...setting, rates: setting.rates.map((rate, k) => Math.max(rate, deep?.[k] ?? 0)), wasWhole: deep !== null }
}

const wholeNetwork = (replica: Replica, laws: readonly GenericLaw[]): ShallowNetwork => ({
  graph: replica.graph,
  laws: laws.map((law) => instantiateLaw(law, replica.sizes)),
  standing: laws.map((_, k) => k),
  shortened: [],
})

/** The rates of laws alone; null where the network gives no finite numbers. */
function measureRates({ graph, laws }: ShallowNetwork, random: Random): readonly number[] | null {
  const plan = compilePlan(graph),
    found = findPoints(plan, random, wholePoints)
  if (found === null) return null
  const scratch = new Float64Array(plan.dimension)
  return laws.map((law) => {
    const compiled = compileLaw(law, plan.slots, {})
    return Math.max(0, ...found.points.map((p) => measureLawRate(compiled, p.theta, p.gradient, scratch)))
  })
}

function measureNetwork(replica: Replica, { graph, laws, standing, shortened }: ShallowNetwork, ids: readonly string[], random: Random): Setting {
  const plan = compilePlan(graph),
    compiled = laws.map((law) => compileLaw(law, plan.slots, {})),
    found = findPoints(plan, random, pointCount)
  if (found === null) throw new SettingError("the loss is not a finite number at random parameters and inputs")
  const { points, signs } = found
  const everywhere = Int32Array.from({ length: plan.dimension }, (_, i) => i),
    scratch = new Float64Array(plan.dimension)
  const watched: Watched[] = [],
    controlRates: number[] = []
  for (const law of compiled) {
    let best: Watched | null = null,
      bestRate = -1
    // The liveliest of a few. Where every quantity on the law's own parameters is conserved (they have no gradient), one on all parameters.
    for (const controlOn of [law.own, everywhere]) {
      if (bestRate >= controlFloor) break
      for (let attempt = 0; attempt < 4; attempt++) {
        const control = drawControl(law, controlOn, random)
        const rate = Math.max(...points.map((p) => measureRate(control, controlOn, p.theta, p.gradient, scratch)))
        if (rate <= bestRate) continue
        best = { law, control, controlOn }
        bestRate = rate
      }
    }
    if (best !== null) watched.push(best)
    controlRates.push(bestRate)
  }
  const rates = compiled.map((law) => Math.max(0, ...points.map((p) => measureLawRate(law, p.theta, p.gradient, scratch))))
  const perLaw = (own: readonly number[]): readonly number[] => standing.map((k) => own[k])
  return {
    replica: { ...replica, graph },
    shortened,
    plan,
    watched,
    laws,
    ids,
    standing,
    signs,
    points,
    rates: perLaw(rates),
    controlRates: perLaw(controlRates),
    wasWhole: true,
  }
}

/** A teacher: trainable parameters of one draw, frozen ones of another. */
function withFrozen(plan: Plan, trainable: Float64Array, frozen: Float64Array): Float64Array {
  trainable.set(frozen.subarray(plan.dimension), plan.dimension)
  return trainable
}

/** Random parameters and data with finite loss and gradient, or null; positive parameters where signed ones leave a root's or logarithm's domain. */
function findPoints(plan: Plan, random: Random, wanted: number): { points: Point[]; signs: Signs } | null {
  const cells = Math.max(
      1,
      plan.outputs.reduce((n, o) => n + o.size, 0),
    ),
    count = Math.min(mostSamples, Math.max(leastSamples, Math.ceil(enoughOutputs / cells)))
  for (const signs of ["signed", "positive"] as const) {
    const points: Point[] = []
    for (let attempt = 0; attempt < 5 * wanted && points.length < wanted; attempt++) {
      const theta = drawParameters(plan, random, signs),
        data = drawSamples(plan, count, random, drawUnknowns(plan, random))
      teachTargets(plan, data, withFrozen(plan, drawParameters(plan, random, signs), theta), targetNoise)
      const gradient = new Float64Array(plan.dimension),
        loss = evaluateLoss(plan, data, theta, gradient)
      if (Number.isFinite(loss) && Number.isFinite(norm(gradient))) points.push({ theta, data, loss, gradient })
    }
    if (points.length >= 2) return { points, signs }
  }
  return null
}
