/**
 * @file Verifies laws numerically on a replica of the network: rate, order, a trajectory beside controls, completeness; cheapest first. Knows laws
 * as data only and shares no code with their derivation. Pure computation with pauses: runs in a worker and in Node.
 */
import type { Completeness, Discovery, LawVerification, OwnLossVerification, RegularizedLaw, Verification } from "../schema/report"
import type { VerificationTask } from "./task"
import type { NumericLaw } from "./laws"
import { certifySteps } from "./certificate"
import type { VectorField } from "./flow"
import { judgeLaw, judgeRun } from "./judge"
import { dot } from "./linear"
import { evaluateLoss } from "./loss"
import { measureOrders, type Order } from "./order"
import { seededRandom } from "./random"
import { runOwnLoss } from "./ownLoss"
import { measureRegularized } from "./regularized"
import { prepareSetting, type Setting } from "./setting"
import { discoverSteps } from "./undiscovered"
import { followFlow, followTraining, type TrajectoryOptions, type VerificationSeries } from "./trajectory"

export type { VerificationSeries } from "./trajectory"

export interface VerificationProgress {
  readonly phase: "rates" | "order" | "flow" | "training" | "completeness"
  /** 0 … 1 of the whole run. */
  readonly fraction: number
  readonly series?: VerificationSeries
}

export interface VerifyOptions extends TrajectoryOptions {
  readonly seed?: number
  /** Euler step τ of the order test, which also takes τ/2 and τ/4; by default one small enough for slopes to settle. */
  readonly step?: number
  /** Sizes by name, instead of the ones chosen. */
  readonly sizes?: Readonly<Record<string, number>>
  /** How many equal blocks, or steps of a recurrence, stay of every repetition, if as many are enough to tell its laws apart. */
  readonly depth?: number
  readonly onProgress?: (progress: VerificationProgress) => void
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

/** Never throws for a network that cannot be run: its laws are "inconclusive" with the reason. */
export async function verify(task: VerificationTask, options: VerifyOptions = {}): Promise<VerificationRun> {
  const started = performance.now(),
    seed = options.seed ?? 1,
    random = seededRandom(seed)
  const report = (phase: VerificationProgress["phase"], fraction: number, series?: VerificationSeries): void =>
    options.onProgress?.({ phase, fraction, ...(series === undefined ? {} : { series }) })
  const rest = createRest(options.pause)
  let ran: Pick<Verification, "replica" | "depth"> = { replica: {} }
  try {
    report("rates", 0)
    const setting = prepareSetting(task, { sizes: options.sizes, depth: options.depth }, random),
      { plan, points, standing, shortened, wasWhole } = setting,
      [start] = points
    ran = { replica: setting.replica.sizes, ...(shortened.length === 0 ? {} : { depth: { repeats: shortened, ratesOfAll: wasWhole } }) }
    await rest()
    report("order", 0.1)
    const scale = start.loss / Math.max(dot(start.gradient, start.gradient), 1e-300)
    const field: VectorField = (theta, into) => {
      const loss = evaluateLoss(plan, start.data, theta, into)
      for (let i = 0; i < into.length; i++) into[i] = -into[i]
      return loss
    }
    const orders =
      options.step === undefined ? measureOrders(setting, start, field, scale / 2) : measureOrders(setting, start, field, 8 * options.step, 1)
    await rest()
    const kind = options.optimizer?.kind ?? "flow"
    const track =
      kind === "flow"
        ? await followFlow(setting, field, scale, options, rest, (f, s) => report("flow", 0.2 + 0.55 * f, s))
        : await followTraining(setting, kind, scale, options, rest, (f, s) => report("training", 0.2 + 0.6 * f, s))
    const own =
      task.ownLoss === undefined || kind !== "flow" || track.cancelled || !setting.laws.some((law) => law.exactness === "exact")
        ? null
        : await runOwnLoss(setting, task, task.ownLoss, seededRandom(seed + 0x1055), options, rest, (f) => report("flow", 0.75 + 0.05 * f))
    report("completeness", 0.8, track.series)
    await rest()
    const exact = setting.watched.filter((_, k) => setting.laws[k].exactness === "exact").map((w) => w.law)
    const stopped = (): boolean => options.cancelled?.() ?? false
    const completeness = track.cancelled ? null : await certify(setting, exact, seed, rest, stopped, (f) => report("completeness", 0.8 + 0.1 * f))
    // Where nothing moves everything is conserved, and there is nothing to search.
    const missing = completeness === null || completeness.lieRank === 0 ? 0 : completeness.possible - completeness.derived
    const discovery =
      missing <= 0 ? null : await discover(setting, exact, missing, seed, rest, stopped, (f) => report("completeness", 0.9 + 0.1 * f))
    const laws = standing.map((k, n) =>
      judgeLaw({
        law: setting.ids[n],
        exactness: setting.laws[k].exactness,
        rate: setting.rates[n],
        controlRate: setting.controlRates[n],
        order: orders[k].euler,
        drift: track.meter.worst[k],
        controlDrift: track.meter.worstControl[k],
        ...(kind === "flow" ? {} : { optimizer: kind, deviation: track.deviations[k] }),
        ...(track.ended === null ? {} : { ended: track.ended }),
      }),
    )
    report("completeness", 1, track.series)
    const regularized = kind === "flow" ? measureRegularized(task, setting) : null
    const asked = options.depth === undefined || shortened.length > 0 ? [] : [depthUnused]
    return {
      ...finish(underBoth(laws, own, regularized), ran, seed, started, completeness, track.cancelled, {
        ...(asked.length === 0 ? {} : { notes: asked }),
        ...(discovery === null ? {} : { discovery }),
        ...(own === null ? {} : { ownLoss: own }),
        ...(regularized === null ? {} : { regularized }),
      }),
      series: track.series,
      orders: standing.map((k, n) => ({ ...orders[k], law: laws[n].law })),
      ...(track.cancelled ? { reason: "cancelled" } : {}),
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const laws = task.laws.map((law): LawVerification => ({
      law: law.id,
      // Nothing was measured, which is not the same as zero; JSON writes null.
      rate: Number.NaN,
      controlRate: Number.NaN,
      order: null,
      drift: Number.NaN,
      controlDrift: Number.NaN,
      verdict: "inconclusive",
      detail: reason,
    }))
    // With laws each says why.
    const notes = laws.length === 0 ? { notes: [reason] } : {}
    return { ...finish(laws, ran, seed, started, null, true, notes), series: { time: [], loss: [], laws: [] }, orders: [], reason }
  }
}

const depthUnused = "the depth asked for changes nothing: no equal blocks or steps of a recurrence are left out of this network"

/** A law that the model's own loss does not keep is violated, whatever the squared error does; so is one that does not decay as it should. */
function underBoth(
  laws: readonly LawVerification[], own: OwnLossVerification | null, regularized: readonly RegularizedLaw[] | null,
): readonly LawVerification[] {
  const wrong = new Map((regularized ?? []).flatMap((law) => (law.verdict === "violated" ? [[law.law, law] as const] : [])))
  const decayed = laws.map((law): LawVerification => {
    const found = wrong.get(law.law)
    if (found === undefined || law.verdict === "violated") return law
    return { ...law, verdict: "violated", detail: `with its regularizers it does not decay as theory says: off by ${found.rate.toExponential(1)}` }
  })
  if (own === null || own.laws.length === 0) return decayed
  return decayed.map((law, k) => {
    const { verdict, detail = "" } = own.laws[k]
    return verdict !== "violated" || law.verdict === "violated" ? law : { ...law, verdict, detail: `under ${own.name}: ${detail}` }
  })
}

function finish(
  laws: readonly LawVerification[],
  ran: Pick<Verification, "replica" | "depth">,
  seed: number,
  started: number,
  completeness: Completeness | null,
  open: boolean,
  more: Pick<Verification, "notes" | "discovery" | "ownLoss" | "regularized"> = {},
): { readonly verification: Verification } {
  const verdict = open ? "inconclusive" : judgeRun(laws),
    milliseconds = Math.round(performance.now() - started)
  return { verification: { verdict, seed, milliseconds, ...ran, laws, completeness, ...more } }
}

/** The certificate draws its own random numbers, so that they do not depend on how long the trajectory was. Null when it was cancelled. */
async function certify(
  { plan, signs }: Setting,
  exact: readonly NumericLaw[],
  seed: number,
  rest: () => Promise<void>,
  cancelled: () => boolean,
  advance: (fraction: number) => void,
): Promise<Completeness | null> {
  return await paced(certifySteps(plan, exact, seededRandom(seed + 0x5eed), signs), rest, cancelled, advance)
}

/** Laws that the certificate leaves room for, found without rules. Null when it was cancelled. */
const discover = async (
  { plan, signs }: Setting,
  exact: readonly NumericLaw[],
  missing: number,
  seed: number,
  rest: () => Promise<void>,
  cancelled: () => boolean,
  advance: (fraction: number) => void,
): Promise<Discovery | null> =>
  await paced(discoverSteps(plan, exact, missing, seededRandom(seed + 0xd15c), signs), rest, cancelled, advance)

/** Runs a computation with pauses. */
async function paced<T>(
  steps: Generator<number, T>,
  rest: () => Promise<void>,
  cancelled: () => boolean,
  advance: (fraction: number) => void,
): Promise<T | null> {
  for (let told = 0; ;) {
    const next = steps.next()
    if (next.done) return next.value
    if (next.value > told + 0.01) advance((told = next.value))
    await rest()
    if (cancelled()) return null
  }
}

/** Waits at most every thirtieth of a second, so that pauses cost little. */
function createRest(pause: (() => Promise<void>) | undefined): () => Promise<void> {
  const wait =
    pause ??
    (() =>
      new Promise<void>((resolve) => {
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
