/** @file Sets up a verification: replica, plan, laws as numbers, random parameters and data at which the loss is finite, and checked controls. */
import type { GenericLaw, VerificationTask } from "./task"
import type { Sizes } from "./instantiate"
import type { Random } from "./random"
import { drawControl } from "./control"
import { drawParameters, drawSamples, drawUnknowns, type DataSet, type Signs } from "./data"
import type { Watched } from "./drift"
import { compileLaw } from "./laws"
import { norm } from "./linear"
import { evaluateLoss, teachTargets } from "./loss"
import { compilePlan, type Plan } from "./plan"
import { measureLawRate, measureRate } from "./rate"
import { chooseReplica, type Replica } from "./replica"

export interface Setting {
  readonly replica: Replica
  readonly plan: Plan
  readonly watched: readonly Watched[]
  readonly laws: readonly GenericLaw[]
  readonly signs: Signs
  /** Points for the rate test; trajectories start at the first. */
  readonly points: readonly Point[]
  /** Rates at the worst point, one a law; controls' at the best. */
  readonly rates: readonly number[]
  readonly controlRates: readonly number[]
}

export interface Point {
  readonly theta: Float64Array
  readonly data: DataSet
  readonly loss: number
  readonly gradient: Float64Array
}

/** A verification that cannot be made, with the reason: never a verdict about a law. */
export class SettingError extends Error {}

const pointCount = 4
/** Runs of the network in a data set: as many as give this many outputs. More data means more kinks to cross, and no law needs it. */
const enoughOutputs = 60,
  leastSamples = 2,
  mostSamples = 12
/** Standard deviation of what no parameters could explain in the targets. */
const targetNoise = 0.3
/** A control below this rate may be a law itself and is drawn again. */
const controlFloor = 1e-4

/** @throws SettingError, ExecutionError or the error of a replica that fits no sizes */
export function prepareSetting(task: VerificationTask, overrides: Sizes, random: Random): Setting {
  const replica = chooseReplica(task.graph, task.sizes, overrides),
    plan = compilePlan(replica.graph)
  const laws = task.laws,
    compiled = laws.map((law) => compileLaw(law, plan.slots, replica.sizes))
  const { points, signs } = findPoints(plan, random)
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
  return { replica, plan, watched, laws, signs, points, rates, controlRates }
}

/** A teacher: trainable parameters of one draw, frozen ones of another. */
function withFrozen(plan: Plan, trainable: Float64Array, frozen: Float64Array): Float64Array {
  trainable.set(frozen.subarray(plan.dimension), plan.dimension)
  return trainable
}

/** Random parameters and data with finite loss and gradient; positive parameters where signed ones leave a root's or logarithm's domain. */
function findPoints(plan: Plan, random: Random): { points: Point[]; signs: Signs } {
  const cells = Math.max(
      1,
      plan.outputs.reduce((n, o) => n + o.size, 0),
    ),
    count = Math.min(mostSamples, Math.max(leastSamples, Math.ceil(enoughOutputs / cells)))
  for (const signs of ["signed", "positive"] as const) {
    const points: Point[] = []
    for (let attempt = 0; attempt < 5 * pointCount && points.length < pointCount; attempt++) {
      const theta = drawParameters(plan, random, signs),
        data = drawSamples(plan, count, random, drawUnknowns(plan, random))
      teachTargets(plan, data, withFrozen(plan, drawParameters(plan, random, signs), theta), targetNoise)
      const gradient = new Float64Array(plan.dimension),
        loss = evaluateLoss(plan, data, theta, gradient)
      if (Number.isFinite(loss) && Number.isFinite(norm(gradient))) points.push({ theta, data, loss, gradient })
    }
    if (points.length >= 2) return { points, signs }
  }
  throw new SettingError("the loss is not a finite number at random parameters and inputs")
}
