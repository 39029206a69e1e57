/** @file Sets up a verification: replica, plan, laws as numbers, random parameters and data at which the loss is finite, and checked controls. */
import type { Graph } from "../graph/graph"
import type { GenericLaw, VerificationTask } from "./task"
import { instantiate, instantiateLaw, type Sizes } from "./instantiate"
import type { Random } from "./random"
import { drawControl } from "./control"
import { shrinkDepth, type ShallowNetwork, type Shortened } from "./depth"
import { drawParameters, drawSamples, drawUnknowns, type DataSet, type Signs } from "./data"
import type { Watched } from "./drift"
import { lawRate } from "./judge"
import { compileLaw, type NumericLaw } from "./laws"
import { norm } from "./linear"
import { evaluateLoss, teachTargets } from "./loss"
import { compilePlan, estimateWork, type Plan } from "./plan"
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
  /** The network that is run with the model's own loss as its output, where that is known. */
  readonly own: Graph | null
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
/** What one gradient may cost beyond two samples, in steps and products. */
const sampleWork = 5e5
/** Standard deviation of what no parameters could explain in the targets. */
const targetNoise = 0.3
/** One forward pass of one sample may take this much, and hold this many numbers, of which a plan keeps four arrays: a minute and 200 MB for all. */
const mostWork = 3e7,
  mostCells = 5e6
/** A control below this rate may be a law itself and is drawn again. */
const controlFloor = 1e-4

/** Networks compute with numbers of order one: a whole gradient below is the rounding of a zero, as of shares where one unit of ReLU is alive. */
const faintest = 1e-13

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
  const replica = affordableReplica(task, sizes),
    generic = withObjective(task),
    network = generic === task.graph ? replica.graph : instantiate(generic, replica.sizes),
    whole = wholeNetwork(network, task.laws, replica.sizes),
    ids = task.laws.map((law) => law.id)
  const measure = (of: ShallowNetwork): Setting => {
    const { graph, own } = splitObjective(of.graph, task)
    return { ...measureNetwork(replica, { ...of, graph }, ids, random), own }
  }
  if (replica.asDeclared === true) return measure(whole)
  const shallow = shrinkDepth(generic, task.sizes, whole, depth)
  if (shallow.shortened.length === 0) return measure(whole)
  const deep = measureRates({ ...whole, graph: replica.graph }, random),
    setting = measure(shallow)
  const misled = setting.rates.some((rate, k) => task.laws[k].exactness === "exact" && rate > lawRate && !((deep?.[k] ?? 0) > lawRate))
  if (misled) return measure(whole)
  return { ...setting, rates: setting.rates.map((rate, k) => Math.max(rate, deep?.[k] ?? 0)), wasWhole: deep !== null }
}

/**
 * The replica, if it can be run.
 * @throws SettingError before anything is allocated, with what it would take
 */
function affordableReplica(task: VerificationTask, sizes: Sizes): Replica {
  const replica = chooseReplica(task.graph, task.sizes, sizes), excess = excessOf(replica.graph)
  if (excess === null) return replica
  const asked = Object.keys(sizes).length > 0 ? "choose smaller sizes" : "its sizes hang together, so that none could be made smaller"
  throw new SettingError(`${excess}; ${asked}`)
}

/** What one gradient takes beyond what is run, told before anything is allocated; null where it can be run. */
export function excessOf(graph: Graph): string | null {
  const { work, cells } = estimateWork(graph), count = (n: number): string => n.toExponential(1).replace(/e\+/, "e")
  if (work <= mostWork && cells <= mostCells) return null
  const what = `one gradient takes ${count(work)} products and ${count(cells)} numbers`
  return `too large to run: ${what}, at most ${count(mostWork)} and ${count(mostCells)} are run`
}

/** Runs in a data set: as many as are wanted, if their gradients can be afforded. */
export const affordableSamples = ({ work }: Plan, wanted: number): number =>
  Math.max(leastSamples, Math.min(mostSamples, Math.floor(sampleWork / work), wanted))

/** The network with its own loss as one output more. */
function withObjective({ graph, ownLoss }: VerificationTask): Graph {
  if (ownLoss?.kind !== "known") return graph
  const { nodes, output } = ownLoss.objective
  return { ...graph, nodes: [...graph.nodes, ...nodes], outputs: [...graph.outputs, output] }
}

/** The network, and the same with its own loss as its output. */
function splitObjective(graph: Graph, { ownLoss }: VerificationTask): { readonly graph: Graph; readonly own: Graph | null } {
  if (ownLoss?.kind !== "known") return { graph, own: null }
  return { graph: { ...graph, outputs: graph.outputs.slice(0, -1) }, own: { ...graph, outputs: graph.outputs.slice(-1) } }
}

const wholeNetwork = (graph: Graph, laws: readonly GenericLaw[], sizes: Sizes): ShallowNetwork => ({
  graph,
  laws: laws.map((law) => instantiateLaw(law, sizes)),
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

function measureNetwork(replica: Replica, network: ShallowNetwork, ids: readonly string[], random: Random): Omit<Setting, "own"> {
  const { graph, laws, standing, shortened } = network,
    plan = compilePlan(graph),
    compiled = laws.map((law) => compileLaw(law, plan.slots, {})),
    found = findPoints(plan, random, pointCount)
  if (found === null) throw new SettingError("the loss is not a finite number at random parameters and inputs")
  const { points, signs } = found, scratch = new Float64Array(plan.dimension)
  const { watched, controlRates } = watchLaws(plan, compiled, points, random)
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

/** Each law with a control, and the controls' rates at their best point. */
export function watchLaws(
  plan: Plan, compiled: readonly NumericLaw[], points: readonly Pick<Point, "theta" | "gradient">[], random: Random,
): { readonly watched: readonly Watched[]; readonly controlRates: readonly number[] } {
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
  return { watched, controlRates }
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
    count = affordableSamples(plan, Math.ceil(enoughOutputs / cells))
  let resting: { points: Point[]; signs: Signs } | null = null
  for (const signs of ["signed", "positive"] as const) {
    const points: Point[] = [],
      silent: Point[] = []
    for (let attempt = 0; attempt < 5 * wanted && points.length < wanted; attempt++) {
      const theta = drawParameters(plan, random, signs),
        data = drawSamples(plan, count, random, drawUnknowns(plan, random))
      teachTargets(plan, data, withFrozen(plan, drawParameters(plan, random, signs), theta), targetNoise)
      const gradient = new Float64Array(plan.dimension),
        loss = evaluateLoss(plan, data, theta, gradient)
      if (!Number.isFinite(loss) || !Number.isFinite(norm(gradient))) continue
      const kept = norm(gradient) < faintest * Math.max(1, Math.abs(loss)) ? silent : points
      kept.push({ theta, data, loss, gradient })
    }
    if (points.length >= 2) return { points, signs }
    if (points.length === 0 && silent.length >= 2) resting ??= { points: silent.slice(0, wanted), signs }
  }
  // A network that has no gradient anywhere is judged by what it has.
  return resting
}
