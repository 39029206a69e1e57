/**
 * @file Runs the loss that the model is trained with beside the squared error: rates at a few points and a short flow, with the same controls. What
 * the squared error conserves every loss of the outputs conserves; this checks that the outputs are all that the loss reads, and that tfjs's
 * clips and logarithms change nothing. Order, certificate and discovery are those of the squared error.
 */
import type { OwnLoss } from "../graph/objective"
import type { OwnLossVerification } from "../schema/report"
import type { Random } from "./random"
import { drawParameters, drawSamples, drawUnknowns } from "./data"
import { judgeLaw, judgeRun } from "./judge"
import { dot, norm } from "./linear"
import { evaluateObjective } from "./loss"
import { compilePlan, type Plan } from "./plan"
import { measureLawRate, measureRate } from "./rate"
import type { Point, Setting } from "./setting"
import { followFlow, type TrajectoryOptions } from "./trajectory"

const pointCount = 3,
  attempts = 12

/** @returns null when the run was cancelled */
export async function runOwnLoss(
  setting: Setting,
  loss: OwnLoss,
  random: Random,
  options: TrajectoryOptions,
  rest: () => Promise<void>,
  advance: (fraction: number) => void,
): Promise<OwnLossVerification | null> {
  if (loss.kind === "unknown") return notRun(loss.name, loss.why)
  const { name } = loss.objective
  if (setting.own === null) return notRun(name, "it is not part of the network that was run")
  const plan = compilePlan(setting.own),
    points = findPoints(plan, setting, random)
  if (points.length === 0) return notRun(name, "it is not a finite number at random parameters, data and labels")
  const scratch = new Float64Array(plan.dimension),
    worst = (rates: readonly number[]): number => Math.max(0, ...rates)
  const rates = setting.watched.map(({ law }) => worst(points.map((p) => measureLawRate(law, p.theta, p.gradient, scratch)))),
    controlRates = setting.watched.map(({ control, controlOn }) =>
      worst(points.map((p) => measureRate(control, controlOn, p.theta, p.gradient, scratch))),
    )
  await rest()
  const [start] = points,
    scale = Math.max(Math.abs(start.loss), 1e-3) / Math.max(dot(start.gradient, start.gradient), 1e-300)
  const track = await followFlow(
    { ...setting, plan, points },
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
  const laws = setting.standing.map((k, n) =>
    judgeLaw({
      law: setting.ids[n],
      exactness: setting.laws[k].exactness,
      rate: rates[k],
      controlRate: controlRates[k],
      order: null,
      drift: track.meter.worst[k],
      controlDrift: track.meter.worstControl[k],
      byRate: true,
      ...(track.ended === null ? {} : { ended: track.ended }),
    }),
  )
  return { name, verdict: judgeRun(laws), laws }
}

const notRun = (name: string, why: string): OwnLossVerification => ({ name, verdict: "inconclusive", detail: why, laws: [] })

/** Points where the loss is finite and has a gradient: the parameters of the squared error's first, others where these do not do. */
function findPoints(plan: Plan, { points, signs }: Setting, random: Random): readonly Point[] {
  const found: Point[] = [],
    count = points[0].data.samples.length
  for (let k = 0; k < attempts && found.length < pointCount; k++) {
    const theta = k < points.length ? points[k].theta : drawParameters(plan, random, signs),
      data = drawSamples(plan, count, random, drawUnknowns(plan, random)),
      gradient = new Float64Array(plan.dimension),
      loss = evaluateObjective(plan, data, theta, gradient),
      size = norm(gradient)
    if (Number.isFinite(loss) && Number.isFinite(size) && size > 0) found.push({ theta, data, loss, gradient })
  }
  return found
}
