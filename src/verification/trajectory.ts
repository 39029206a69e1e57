/** @file Trajectories: gradient flow or discrete training from one point, with the drift of every law and control, recorded for charts. */
import { startDrift, type DriftMeter } from "./drift"
import { integrateFlow, type VectorField } from "./flow"
import { evaluateEntry } from "./laws"
import { evaluateLoss } from "./loss"
import { createUpdate, expectEntry, predictEntry, type OptimizerKind, type OptimizerSettings } from "./optimizer"
import type { Setting } from "./setting"

/** What charts draw: arrays of one length, laws in the order of the task. */
export interface VerificationSeries {
  readonly time: readonly number[]
  readonly loss: readonly number[]
  readonly laws: readonly { readonly id: string; readonly drift: readonly number[]; readonly control: readonly number[] }[]
}

export interface TrajectoryOptions {
  /** Time at which the flow ends at the latest; by default twenty times the loss's own time scale. */
  readonly horizon?: number
  readonly optimizer?: OptimizerSettings
  readonly cancelled?: () => boolean
}

const pointsKept = 240
/**
 * Laws drift some hundred times less than the trajectory errs. Every kink costs steps, the more the tighter the tolerance, so networks with kinks
 * get a wider one.
 */
const smoothTolerance = 1e-11,
  kinkedTolerance = 2e-10
/** Products a trajectory may cost, and the steps it may take in any case. */
const workBudget = 3e8,
  leastEvaluations = 1500,
  fewestEvaluations = 60,
  mostEvaluations = 40000
const trainingSteps = 300
/** Part of that work for a loss that is run beside another. */
const shortShare = 0.25

export interface Track {
  readonly meter: DriftMeter
  readonly series: VerificationSeries
  readonly ended: string | null
  readonly cancelled: boolean
  /** Discrete training: distance from theory's formula, one a law; null where theory promises nothing. */
  readonly deviations: readonly (number | null)[]
}

type Advance = (fraction: number, series: VerificationSeries) => void

export async function followFlow(
  setting: Setting,
  field: VectorField,
  scale: number,
  options: TrajectoryOptions,
  rest: () => Promise<void>,
  advance: Advance,
  length: "full" | "short" = "full",
): Promise<Track> {
  const { plan, start, watched, meter, recorder } = startRun(setting)
  const horizon = options.horizon ?? 20 * scale,
    perEvaluation = plan.work * start.data.samples.length,
    share = length === "full" ? 1 : shortShare
  // A network that takes milliseconds for one gradient gets fewer, down to what moves a control visibly.
  const least = Math.max(fewestEvaluations, Math.min(leastEvaluations, (2 * workBudget) / perEvaluation))
  const maximalEvaluations = Math.round(share * Math.min(mostEvaluations, Math.max(least, workBudget / perEvaluation)))
  const steps = integrateFlow(field, start.theta, plan.dimension, {
    tolerance: plan.smooth ? smoothTolerance : kinkedTolerance,
    horizon,
    firstStep: scale * 1e-3,
    maximalEvaluations,
  })
  let ended: string | null = null,
    cancelled = false,
    count = 0
  for (;;) {
    const next = steps.next()
    if (next.done) {
      ended = next.value === "horizon" ? null : endings[next.value]
      break
    }
    const { time, loss, theta, evaluations } = next.value
    recorder.add(time, loss, meter.observe(theta))
    const moved = Math.min(...meter.worstControl),
      work = evaluations / maximalEvaluations
    if (options.horizon === undefined && (length === "full" ? isEnough(loss / start.loss, time / scale, work, moved) : isEnoughShort(work, moved)))
      break
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
  (loss < 0.5 && control > 1e-2) ||
  (loss < 0.2 && control > 3e-4) ||
  (time > 4 && control > 3e-3) ||
  (work > 0.2 && loss < 0.97 && control > 1e-3) ||
  (work > 0.5 && control > 1e-5)

/** A loss that is run beside another only has to move the controls visibly. */
const isEnoughShort = (work: number, control: number): boolean => control > 1e-3 || (work > 0.5 && control > 1e-5)

const endings = {
  evaluations: "the work allowed for one run was used up",
  stiff: "the flow is too stiff",
  "not finite": "the flow leaves the finite numbers",
} as const

export async function followTraining(
  setting: Setting,
  kind: Exclude<OptimizerKind, "flow">,
  scale: number,
  options: TrajectoryOptions,
  rest: () => Promise<void>,
  advance: Advance,
): Promise<Track> {
  const { plan, start, watched, meter, recorder } = startRun(setting)
  // Unless a rate is given: a small part of the loss's own time scale, less where velocity adds up; Adam's steps have a length of their own.
  const shares = { sgd: 0.02, momentum: 0.002, nesterov: 0.002 }
  const rate = options.optimizer?.learningRate ?? (kind === "adam" || kind === "adamw" ? 1e-2 : shares[kind] * scale)
  const decay = options.optimizer?.weightDecay ?? 0,
    update = createUpdate(kind, rate, decay, plan.dimension)
  const theta = start.theta.slice(),
    gradient = new Float64Array(plan.dimension)
  const predicted = watched.map(({ law }) => law.entries.map((e) => evaluateEntry(e, theta)))
  const promised = watched.map(({ law }) => law.entries.every((e) => expectEntry(e, kind, decay, plan.dimension) !== "broken"))
  const deviations = watched.map((_, k): number | null => (promised[k] ? 0 : null))
  let cancelled = false,
    ended: string | null = null
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
        deviations[k] = Math.max(
          deviations[k] ?? 0,
          Math.abs(evaluateEntry(e, theta) - predicted[k][n]) / (law.linearOnly ? Math.sqrt(size) : size / 2),
        )
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

/** A run from the first point of the setting, with what is recorded of it. */
function startRun(setting: Setting) {
  const {
    plan,
    points: [start],
    watched,
  } = setting
  return { plan, start, watched, meter: startDrift(watched, start.theta), recorder: createRecorder(setting) }
}

/** Keeps at most `pointsKept` points, evenly: every second one is dropped when they become too many. */
function createRecorder({ watched, ids, standing }: Setting) {
  let time: number[] = [],
    loss: number[] = [],
    stride = 1,
    seen = 0
  const drift = watched.map((): number[] => []),
    control = watched.map((): number[] => [])
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
    series: (): VerificationSeries => ({
      time: [...time],
      loss: [...loss],
      laws: ids.map((id, k) => ({ id, drift: [...drift[standing[k]]], control: [...control[standing[k]]] })),
    }),
  }
}
