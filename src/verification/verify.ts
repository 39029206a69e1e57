/**
 * @file Verifies laws numerically on a replica of the network: rate, order, a trajectory beside controls, completeness; cheapest first. Knows laws
 * as data only and shares no code with their derivation. Pure computation with pauses: runs in a worker and in Node.
 */
import type { Completeness, LawVerification, Verification } from "../schema/report"
import type { VerificationTask } from "./task"
import { certifyCompleteness } from "./certificate"
import { startDrift, type DriftMeter } from "./drift"
import { integrateFlow, type VectorField } from "./flow"
import { judgeLaw, judgeRun } from "./judge"
import { evaluateEntry } from "./laws"
import { dot } from "./linear"
import { evaluateLoss } from "./loss"
import { createUpdate, expectEntry, predictEntry, type OptimizerKind, type OptimizerSettings } from "./optimizer"
import { measureOrders, type Order } from "./order"
import { seededRandom } from "./random"
import { prepareSetting, type Setting } from "./setting"

/** What charts draw: arrays of one length, laws in the order of the task. */
export interface VerificationSeries {
  readonly time: readonly number[]
  readonly loss: readonly number[]
  readonly laws: readonly { readonly id: string; readonly drift: readonly number[]; readonly control: readonly number[] }[]
}

export interface VerificationProgress {
  readonly phase: "rates" | "order" | "flow" | "training" | "completeness"
  /** 0 … 1 of the whole run. */
  readonly fraction: number
  readonly series?: VerificationSeries
}

export interface VerifyOptions {
  readonly seed?: number
  /** Time at which the flow ends at the latest; by default twenty times the loss's own time scale. */
  readonly horizon?: number
  readonly optimizer?: OptimizerSettings
  /** Sizes by name, instead of the ones chosen. */
  readonly sizes?: Readonly<Record<string, number>>
  readonly onProgress?: (progress: VerificationProgress) => void
  readonly cancelled?: () => boolean
  /** Lets messages and timers through; by default a zero timer where there is one. */
  readonly pause?: () => Promise<void>
}

export interface VerificationRun {
  readonly verification: Verification
  readonly series: VerificationSeries
  /** Slopes of both integrators, by law. */
  readonly orders: readonly (Order & { readonly law: string })[]
  /** Why there is no verdict, when the network could not be run or the run was cancelled. */
  readonly reason?: string
}

const pointsKept = 240
// Laws drift a hundred times less than the trajectory errs: the error of each step lies almost along the level set.
const localTolerance = 1e-11
/** Products a trajectory may cost, and the steps it may take in any case. */
const workBudget = 3e8, leastEvaluations = 1500, mostEvaluations = 40000
const trainingSteps = 300

/** Never throws for a network that cannot be run: its laws are "inconclusive" with the reason. */
export async function verify(task: VerificationTask, options: VerifyOptions = {}): Promise<VerificationRun> {
  const started = performance.now(), seed = options.seed ?? 1, random = seededRandom(seed)
  const report = (phase: VerificationProgress["phase"], fraction: number, series?: VerificationSeries): void =>
    options.onProgress?.({ phase, fraction, ...(series === undefined ? {} : { series }) })
  const rest = createRest(options.pause)
  let replica: Readonly<Record<string, number>> = {}
  try {
    report("rates", 0)
    const setting = prepareSetting(task, options.sizes ?? {}, random), { plan, points } = setting, [start] = points
    replica = setting.replica.sizes
    await rest()
    report("order", 0.1)
    const scale = start.loss / Math.max(dot(start.gradient, start.gradient), 1e-300)
    const field: VectorField = (theta, into) => {
      const loss = evaluateLoss(plan, start.data, theta, into)
      for (let i = 0; i < into.length; i++) into[i] = -into[i]
      return loss
    }
    const orders = measureOrders(setting, start, field, scale / 2)
    await rest()
    const kind = options.optimizer?.kind ?? "flow"
    const track = kind === "flow"
      ? await followFlow(setting, field, scale, options, rest, (f, s) => report("flow", 0.2 + 0.6 * f, s))
      : await followTraining(setting, kind, scale, options, rest, (f, s) => report("training", 0.2 + 0.6 * f, s))
    report("completeness", 0.8, track.series)
    await rest()
    const exact = setting.watched.filter((_, k) => setting.laws[k].exactness === "exact").map((w) => w.law)
    const completeness = track.cancelled ? null : certify(setting, exact, seed)
    const laws = setting.watched.map(({ law }, k) =>
      judgeLaw({
        law: law.id, exactness: setting.laws[k].exactness, rate: setting.rates[k], controlRate: setting.controlRates[k], order: orders[k].euler,
        drift: track.meter.worst[k], controlDrift: track.meter.worstControl[k],
        ...(kind === "flow" ? {} : { optimizer: kind, deviation: track.deviations[k] }), ...(track.ended === null ? {} : { ended: track.ended }),
      }))
    report("completeness", 1, track.series)
    return {
      ...finish(laws, replica, seed, started, completeness, track.cancelled), series: track.series,
      orders: orders.map((o, k) => ({ ...o, law: laws[k].law })), ...(track.cancelled ? { reason: "cancelled" } : {}),
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const laws = task.laws.map((law): LawVerification => ({
      law: law.id, rate: 0, controlRate: 0, order: null, drift: 0, controlDrift: 0, verdict: "inconclusive", detail: reason,
    }))
    return { ...finish(laws, replica, seed, started, null, true), series: { time: [], loss: [], laws: [] }, orders: [], reason }
  }
}

function finish(
  laws: readonly LawVerification[], replica: Readonly<Record<string, number>>, seed: number, started: number, completeness: Completeness | null, open: boolean,
): { readonly verification: Verification } {
  const verdict = open ? "inconclusive" : judgeRun(laws)
  return { verification: { verdict, seed, milliseconds: Math.round(performance.now() - started), replica, laws, completeness } }
}

/** The certificate has a generator of its own, so that its numbers do not depend on how long the trajectory was. */
function certify({ plan, signs }: Setting, exact: Parameters<typeof certifyCompleteness>[1], seed: number): Completeness | null {
  return certifyCompleteness(plan, exact, seededRandom(seed + 0x5eed), signs)
}

interface Track {
  readonly meter: DriftMeter
  readonly series: VerificationSeries
  readonly ended: string | null
  readonly cancelled: boolean
  /** Discrete training: distance from theory's formula, one a law; null where theory promises nothing. */
  readonly deviations: readonly (number | null)[]
}

type Advance = (fraction: number, series: VerificationSeries) => void

async function followFlow(setting: Setting, field: VectorField, scale: number, options: VerifyOptions, rest: () => Promise<void>, advance: Advance): Promise<Track> {
  const { plan, points: [start], watched } = setting, meter = startDrift(watched, start.theta), recorder = createRecorder(setting)
  const horizon = options.horizon ?? 20 * scale, perEvaluation = plan.cost * start.data.samples.length
  const maximalEvaluations = Math.round(Math.min(mostEvaluations, Math.max(leastEvaluations, workBudget / perEvaluation)))
  const steps = integrateFlow(field, start.theta, plan.dimension, { tolerance: localTolerance, horizon, firstStep: scale * 1e-3, maximalEvaluations })
  let ended: string | null = null, cancelled = false, count = 0
  for (;;) {
    const next = steps.next()
    if (next.done) {
      ended = next.value === "horizon" ? null : endings[next.value]
      break
    }
    const { time, loss, theta, evaluations } = next.value
    recorder.add(time, loss, meter.observe(theta))
    if (options.horizon === undefined && isEnough(loss / start.loss, time / scale, evaluations / maximalEvaluations, Math.min(...meter.worstControl))) break
    if (++count % 16 === 0) {
      advance(Math.min(1, Math.max(evaluations / maximalEvaluations, time / horizon)), recorder.series())
      await rest()
      if ((cancelled = options.cancelled?.() ?? false)) break
    }
  }
  return { meter, series: recorder.series(), ended, cancelled, deviations: watched.map(() => null) }
}

/**
 * Enough is seen when the loss has fallen visibly and every control has moved. Random targets cannot always be fitted and some flows are stiff,
 * so after a while, or after a good part of the work allowed, less is enough.
 */
const isEnough = (loss: number, time: number, work: number, control: number): boolean =>
  (loss < 0.5 && control > 1e-2) || (time > 4 && control > 3e-3) || (work > 0.2 && loss < 0.97 && control > 1e-3) || (work > 0.5 && control > 1e-5)

const endings = { evaluations: "the work allowed for one run was used up", stiff: "the flow is too stiff", "not finite": "the flow leaves the finite numbers" } as const

async function followTraining(
  setting: Setting, kind: Exclude<OptimizerKind, "flow">, scale: number, options: VerifyOptions, rest: () => Promise<void>, advance: Advance,
): Promise<Track> {
  const { plan, points: [start], watched } = setting, meter = startDrift(watched, start.theta), recorder = createRecorder(setting)
  // Unless a rate is given: a small part of the loss's own time scale, less where velocity adds up; Adam's steps have a length of their own.
  const shares = { sgd: 0.02, momentum: 0.002, nesterov: 0.002 }
  const rate = options.optimizer?.learningRate ?? (kind === "adam" || kind === "adamw" ? 1e-2 : shares[kind] * scale)
  const decay = options.optimizer?.weightDecay ?? 0, update = createUpdate(kind, rate, decay, plan.dimension)
  const theta = start.theta.slice(), gradient = new Float64Array(plan.dimension)
  const predicted = watched.map(({ law }) => law.entries.map((e) => evaluateEntry(e, theta)))
  const promised = watched.map(({ law }) => law.entries.every((e) => expectEntry(e, kind, decay, plan.dimension) !== "broken"))
  const deviations = watched.map((_, k): number | null => (promised[k] ? 0 : null))
  let cancelled = false, ended: string | null = null
  for (let step = 0; step <= trainingSteps; step++) {
    const loss = evaluateLoss(plan, start.data, theta, gradient)
    if (!Number.isFinite(loss)) {
      ended = "training leaves the finite numbers"
      break
    }
    recorder.add(step, loss, meter.observe(theta))
    watched.forEach(({ law, controlOn }, k) => {
      if (!promised[k]) return
      const size = controlOn.reduce((s, i) => s + theta[i] ** 2, 1e-300)
      law.entries.forEach((e, n) => {
        deviations[k] = Math.max(deviations[k] ?? 0, Math.abs(evaluateEntry(e, theta) - predicted[k][n]) / (law.linearOnly ? Math.sqrt(size) : size / 2))
        if (expectEntry(e, kind, decay, plan.dimension) === "exact") predicted[k][n] = predictEntry(e, predicted[k][n], gradient, rate, decay)
      })
    })
    update(theta, gradient)
    if (step % 8 === 7) {
      advance(step / trainingSteps, recorder.series())
      await rest()
      if ((cancelled = options.cancelled?.() ?? false)) break
    }
  }
  return { meter, series: recorder.series(), ended, cancelled, deviations }
}

/** Keeps at most `pointsKept` points, evenly: every second one is dropped when they become too many. */
function createRecorder({ watched }: Setting) {
  let time: number[] = [], loss: number[] = [], stride = 1, seen = 0
  const drift = watched.map((): number[] => []), control = watched.map((): number[] => [])
  const thin = (a: number[]): number[] => a.filter((_, i) => i % 2 === 0)
  return {
    add: (t: number, l: number, now: ReturnType<DriftMeter["observe"]>): void => {
      if (seen++ % stride !== 0) return
      time.push(t)
      loss.push(l)
      watched.forEach((_, k) => {
        drift[k].push(now.laws[k])
        control[k].push(now.controls[k])
      })
      if (time.length < pointsKept) return
      time = thin(time)
      loss = thin(loss)
      watched.forEach((_, k) => {
        drift[k] = thin(drift[k])
        control[k] = thin(control[k])
      })
      stride *= 2
    },
    series: (): VerificationSeries => ({ time: [...time], loss: [...loss], laws: watched.map(({ law }, k) => ({ id: law.id, drift: [...drift[k]], control: [...control[k]] })) }),
  }
}

/** Waits at most every thirtieth of a second, so that pauses cost little. */
function createRest(pause: (() => Promise<void>) | undefined): () => Promise<void> {
  const wait = pause ?? (() => new Promise<void>((resolve) => {
    if (typeof setTimeout === "function") setTimeout(resolve, 0)
    else resolve()
  }))
  let last = performance.now()
  return async () => {
    if (performance.now() - last < 33) return
    await wait()
    last = performance.now()
  }
}
