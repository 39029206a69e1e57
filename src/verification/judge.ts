/** @file Verdicts from measurements, with the sentence that explains each. The thresholds stand here and nowhere else. */
import type { LawVerification, Verdict } from "../schema/report"

export interface Measured {
  readonly law: string
  readonly exactness: "exact" | "approximate"
  readonly rate: number
  readonly controlRate: number
  readonly order: number | null
  readonly drift: number
  readonly controlDrift: number
  /** Discrete training only: how theory's exact formula compares, relative to the law's scale; null where theory promises nothing. */
  readonly deviation?: number | null
  readonly optimizer?: string
  /** Why the trajectory ended early. */
  readonly ended?: string
  /** No order was measured: a drift alone, which may be the integrator's at a kink, is no violation. */
  readonly byRate?: true
}

/** Rates of laws are rounding, amplified by cancellation in normalized networks; those of non-laws are many orders above. */
export const lawRate = 1e-8
const brokenRate = 1e-6
/** The integrator keeps exact laws to about 1e-10; a drift over the second number is no integration error. */
const lawDrift = 1e-8,
  brokenDrift = 1e-5
/** A control must show that the test could have failed. */
const movingRate = 1e-5,
  contrast = 100

/** What moves at a tenth of the speed of its control is hardly told from it. */
const contrastOfNearly = 10

export function judgeLaw(m: Measured): LawVerification {
  const { law, rate, controlRate, order, drift, controlDrift } = m
  const [verdict, detail, notKept] = decide(m)
  const more = { ...(notKept === undefined ? {} : { notKept }), ...(detail === "" ? {} : { detail }) }
  return { law, rate, controlRate, order, drift, controlDrift, verdict, ...more }
}

type Decision = readonly [verdict: LawVerification["verdict"], detail: string, notKept?: true]

function decide(m: Measured): Decision {
  if (![m.rate, m.drift].every(Number.isFinite)) return ["inconclusive", "the network gives no finite numbers here"]
  if (m.exactness === "approximate") return ["approximate", approximateText(m)]
  if (m.rate > brokenRate) return ["violated", `changes along the flow: rate ${short(m.rate)}, where a law gives rounding`]
  if (m.rate > lawRate) return ["inconclusive", `rate ${short(m.rate)} is neither rounding nor that of another quantity`]
  if (m.controlRate < movingRate) return ["inconclusive", "no quantity on these parameters changes, so nothing sets the law apart"]
  return m.optimizer === undefined ? decideFlow(m) : decideTraining(m, m.optimizer)
}

function decideFlow(m: Measured): Decision {
  const settled = m.byRate === undefined && (m.order === null || m.order < 0.5)
  if (m.drift > brokenDrift && settled) return ["violated", `moved by ${short(m.drift)}, and smaller steps do not help`]
  if (m.drift > lawDrift) return ["inconclusive", `moved by ${short(m.drift)}: ${m.ended ?? "the integrator did not reach its tolerance"}`]
  if (m.controlDrift < contrast * Math.max(m.drift, 1e-13))
    return [
      "inconclusive",
      m.controlDrift === 0
        ? `nothing moved${m.ended === undefined ? "" : `: ${m.ended}`}`
        : `the control moved by ${short(m.controlDrift)} only${m.ended === undefined ? "" : `: ${m.ended}`}`,
    ]
  return ["conserved", ""]
}

function decideTraining(m: Measured, optimizer: string): Decision {
  if (m.ended !== undefined) return ["inconclusive", `${m.ended}: the learning rate is too large`]
  if (m.deviation === null || m.deviation === undefined)
    return ["inconclusive", `the flow conserves it, ${optimizer} does not: moved by ${short(m.drift)}, the control by ${short(m.controlDrift)}`, true]
  if (m.deviation > 1e-8) return ["violated", `under ${optimizer} it is ${short(m.deviation)} away from what theory says`]
  return ["conserved", m.drift < 1e-12 ? "" : `moves by ${short(m.drift)} under ${optimizer}, step by step what theory says`]
}

/** What moved a law that only the ε of a normalization breaks: under gradient flow nothing else does, a discrete optimizer adds its own part. */
function approximateText({ rate, controlRate, drift, controlDrift, deviation, optimizer, ended }: Measured): string {
  const moved = `moved by ${short(drift)}, the control by ${short(controlDrift)}`
  const end = ended === undefined ? "" : ` (${ended})`
  if (optimizer === undefined) {
    const numbers = `rate ${short(rate)}, that of the control ${short(controlRate)}; ${moved}${end}`
    // By y = x/√(v + ε) the rate is the share ε/(v + ε) of a free norm's.
    return contrastOfNearly * rate < controlRate && contrastOfNearly * drift < controlDrift
      ? `nearly conserved: the ε of a normalization alone moves it (${numbers})`
      : `hardly conserved at these weights: the ε of a normalization is not small beside the variance it is added to (${numbers})`
  }
  if (deviation === null || deviation === undefined) return `${optimizer} would not keep it even without the ε of a normalization: ${moved}${end}`
  return `${moved} under ${optimizer}; of that, the ε of a normalization explains ${short(deviation)}, the step the rest${end}`
}

const short = (x: number): string => (x === 0 ? "0" : x.toExponential(1))

/** One verdict for the run: exact laws only. A run without any has shown nothing. */
export function judgeRun(laws: readonly LawVerification[]): Verdict {
  if (laws.some((l) => l.verdict === "violated")) return "violated"
  const isShown = laws.some((l) => l.verdict === "conserved") && laws.every((l) => l.verdict !== "inconclusive")
  return isShown ? "conserved" : "inconclusive"
}
