/**
 * @file Runs the loss that the model is trained with beside the squared error: rates at a few points and a short flow, with the same controls. What
 * the squared error conserves every loss of the outputs alone conserves; this checks that the outputs are all that the loss reads, and that tfjs's
 * clips and logarithms change nothing. Order, certificate and discovery are those of the squared error.
 */
import type { OwnLoss } from "../graph/objective"
import type { LawVerification, OwnLossVerification } from "../schema/report"
import type { Random } from "./random"
import type { VerificationTask } from "./task"
import { drawParameters, drawSamples, drawUnknowns } from "./data"
import { instantiateLaw } from "./instantiate"
import { judgeLaw, judgeRun } from "./judge"
import { compileLaw } from "./laws"
import { dot, norm } from "./linear"
import { evaluateObjective } from "./loss"
import { fitLoss } from "./lossGraph"
import { compilePlan, type Plan } from "./plan"
import { measureLawRate, measureRate } from "./rate"
import { affordableSamples, excessOf, watchLaws, type Point, type Setting } from "./setting"
import { followFlow, type TrajectoryOptions } from "./trajectory"

const pointCount = 3,
  attempts = 12
/** A gradient below this part of the loss is rounding. */
const roundedGradient = 1e-13

/** @returns null when the run was cancelled */
export async function runOwnLoss(
  whole: Setting,
  task: VerificationTask,
  loss: OwnLoss,
  random: Random,
  options: TrajectoryOptions,
  rest: () => Promise<void>,
  advance: (fraction: number) => void,
): Promise<OwnLossVerification | null> {
  if (loss.kind === "unknown") return notRun(loss.name, loss.why)
  const name = loss.kind === "known" ? loss.objective.name : loss.name
  const setting = loss.kind === "known" ? settingOfOutputs(whole, random) : settingOfGraph(whole, task, loss, random)
  if (typeof setting === "string") return notRun(name, setting)
  const { plan, points } = setting,
    scratch = new Float64Array(plan.dimension),
    worst = (rates: readonly number[]): number => Math.max(0, ...rates)
  const rates = setting.watched.map(({ law }) => worst(points.map((p) => measureLawRate(law, p.theta, p.gradient, scratch)))),
    controlRates = setting.watched.map(({ control, controlOn }) =>
      worst(points.map((p) => measureRate(control, controlOn, p.theta, p.gradient, scratch))),
    )
  await rest()
  const [start] = points,
    scale = Math.max(Math.abs(start.loss), 1e-3) / Math.max(dot(start.gradient, start.gradient), 1e-300)
  const track = await followFlow(
    setting,
    (theta, into) => {
      const value = evaluateObjective(plan, start.data, theta, into)
      for (let i = 0; i < into.length; i++) into[i] = -into[i]
      return value
    },
    scale,
    options,
    rest,
    advance,
    "short",
  )
  if (track.cancelled) return null
  const beside = loss.kind === "graph" ? loss.beside : [], through = loss.kind === "graph" ? (loss.through ?? []) : []
  const laws = setting.standing.map((k, n) => {
    const judged = judgeLaw({
      law: setting.ids[n],
      exactness: setting.laws[k].exactness,
      rate: rates[k],
      controlRate: controlRates[k],
      order: null,
      drift: track.meter.worst[k],
      controlDrift: track.meter.worstControl[k],
      byRate: true,
      ...(track.ended === null ? {} : { ended: track.ended }),
    })
    const { parameters } = task.laws[n], read = parameters.find((id) => beside.includes(id))
    if (read !== undefined) return excuse(judged, `what it is trained with reads ${read} beside the output`)
    const other = through.find(({ parameter }) => parameters.includes(parameter))
    return other === undefined ? judged : excuse(judged, `what it is trained with reads ${other.parameter} through ${other.network} as well`)
  })
  const kept = laws.filter(({ notKept }) => notKept !== true)
  const unread = loss.kind === "graph" ? loss.unread : undefined
  return { name, verdict: kept.length === 0 ? "inconclusive" : judgeRun(kept), ...(unread === undefined ? {} : { unread }), laws }
}

/** A law of the network that a loss moves by reading its weights: no fault of the law. */
function excuse(law: LawVerification, why: string): LawVerification {
  return law.verdict === "violated" ? { ...law, verdict: "inconclusive", notKept: true, detail: `${why} (rate ${law.rate.toExponential(1)})` } : law
}

const notRun = (name: string, why: string): OwnLossVerification => ({ name, verdict: "inconclusive", detail: why, laws: [] })

/** The setting of the network with its loss, a function of the outputs, in place of the squared error; or why there is none. */
function settingOfOutputs(setting: Setting, random: Random): Setting | string {
  if (setting.own === null) return "it is not part of the network that was run"
  const plan = compilePlan(setting.own), points = findPoints(plan, setting, random, setting.points)
  return typeof points === "string" ? points : { ...setting, plan, points }
}

/** The same for a loss that is a graph of its own: with all blocks, and with sizes and controls of its own. */
function settingOfGraph(
  setting: Setting, task: VerificationTask, loss: Extract<OwnLoss, { readonly kind: "graph" }>, random: Random,
): Setting | string {
  try {
    const { graph, sizes } = fitLoss(task, loss, setting.replica.sizes), excess = excessOf(graph)
    if (excess !== null) return excess
    const plan = compilePlan(graph)
    const points = findPoints(plan, setting, random, [])
    if (typeof points === "string") return points
    const laws = task.laws.map((law) => instantiateLaw(law, sizes))
    const { watched } = watchLaws(plan, laws.map((law) => compileLaw(law, plan.slots, {})), points, random)
    return { ...setting, plan, points, laws, watched, standing: laws.map((_, k) => k) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Points where the loss is finite and has a gradient, given parameters first and others where these do not do; or why there are none. */
function findPoints(plan: Plan, { points, signs }: Setting, random: Random, given: readonly Point[]): readonly Point[] | string {
  const found: Point[] = [],
    count = affordableSamples(plan, points[0].data.samples.length)
  let isFinite = false
  for (let k = 0; k < attempts && found.length < pointCount; k++) {
    const theta = k < given.length ? given[k].theta : drawParameters(plan, random, signs),
      data = drawSamples(plan, count, random, drawUnknowns(plan, random)),
      gradient = new Float64Array(plan.dimension),
      loss = evaluateObjective(plan, data, theta, gradient),
      size = norm(gradient)
    if (!Number.isFinite(loss) || !Number.isFinite(size)) continue
    isFinite = true
    if (size > roundedGradient * Math.max(1, Math.abs(loss))) found.push({ theta, data, loss, gradient })
  }
  if (found.length > 0) return found
  return isFinite ? "it has no gradient" : "it is not a finite number at random parameters, data and labels"
}
