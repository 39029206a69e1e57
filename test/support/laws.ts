/**
 * @file Checks derived laws on numbers alone: every entry's gradient must be orthogonal to every gradient field of the network, and there cannot be
 * more independent ones than discovery finds.
 */
import { generalize } from "../../src/axes/generalize"
import { evaluateDim, symbolsOf } from "../../src/graph/dim"
import type { SizeVariable } from "../../src/axes/size"
import type { Graph } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import type { DerivedLaw, DerivedModel } from "../../src/laws/law"
import { countIndependent } from "../../src/verification/certificate"
import { drawParameters, drawSamples, drawUnknowns, type Sample } from "../../src/verification/data"
import { instantiate, type Sizes } from "../../src/verification/instantiate"
import { compileLaw, evaluateEntryGradient, type NumericLaw } from "../../src/verification/laws"
import { evaluateField } from "../../src/verification/loss"
import { compilePlan, type Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { createExcuse } from "./rounding"

export interface Audit {
  readonly plan: Plan
  readonly derived: DerivedModel
  /** The exact laws as numbers. */
  readonly laws: readonly NumericLaw[]
  /** As the derivation counts them, and as the rank of their gradients says. */
  readonly claimed: number
  readonly rank: number
  /** Laws whose gradient is not orthogonal to some field: id, parameters, and the cosine. */
  readonly broken: readonly string[]
  /** Doubts that rounding explains: a norm of zeros, a sum beside −10⁹. Counts of laws by numbers say little then. */
  readonly discounted: number
  /** Share of the samples without a gradient, or with one that is not finite. */
  readonly silent: number
}

const length = (v: Float64Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))

/** What a symbol stands for. */
const unknownSize = 5

/** The size in the source, where it is known. */
export const declaredSize = ({ declared }: SizeVariable): number => (typeof declared === "number" ? declared : unknownSize)

/** Every size that is free to change one larger, for laws that must hold at all sizes. */
export const grownSize = (size: SizeVariable): number => declaredSize(size) + (size.shrink === "free" ? 1 : 0)

/** What is audited beside the laws that the graph has: the laws of another graph of the same parameters, or laws made by hand. */
export interface Claims {
  readonly derived: DerivedModel
  readonly laws: readonly DerivedLaw[]
}

export function deriveClaims(graph: Graph): Claims {
  const derived = deriveLaws(generalize(graph))
  return { derived, laws: derived.laws.filter((law) => law.exactness === "exact") }
}

const trials = 8
/** Networks compute with numbers of order one: a whole gradient below is the rounding of a zero, times another. */
const faintest = 1e-24
/** A gradient's part along a law that is no rounding for certain, relative to both lengths. */
const tolerance = 1e-8

/** So far next to a point the gradient is the same but for rounding, unless all of it is rounding. */
const nearby = 1e-9

/** Whether the gradient on some coordinates points the same way at a point next to θ: that of a zero by construction points anywhere. */
function isSteady(plan: Plan, sample: Sample, theta: Float64Array, field: Float64Array, own: Int32Array): boolean {
  const random = seededRandom(1), moved = theta.map((x) => x * (1 + nearby * random.normal())), there = new Float64Array(plan.dimension)
  evaluateField(plan, sample, moved, there)
  let along = 0, here = 0, next = 0
  for (const i of own) {
    along += field[i] * there[i]
    here += field[i] ** 2
    next += there[i] ** 2
  }
  return along > 0.9 * Math.sqrt(here * next)
}

/** Tests the laws of a graph on numbers, at its declared sizes, at others, or at those of a replica. */
export function auditLaws(
  graph: Graph, seed = 3, chosen: Sizes | ((size: SizeVariable) => number) = declaredSize, claims = deriveClaims(graph),
): Audit {
  const { derived, laws: exact } = claims, network = generalize(graph)
  const sizes = typeof chosen === "function" ? Object.fromEntries(network.sizes.map((s) => [s.name, chosen(s)])) : chosen
  const instance = instantiate(network.graph, sizes), plan = compilePlan(instance), random = seededRandom(seed)
  const laws = exact.map((law) => compileLaw({ ...law, formula: "", latex: "" }, plan.slots, sizes))
  const isExcused = createExcuse(instance)
  const gradient = new Float64Array(plan.dimension), field = new Float64Array(plan.dimension)
  const worst = new Map<string, number>()
  let silent = 0, discounted = 0
  const audit = (law: NumericLaw, sample: Sample, theta: Float64Array): void => {
    const own = Math.hypot(...Array.from(law.own, (i) => field[i]))
    if (own === 0) return
    for (const entry of law.entries) {
      evaluateEntryGradient(entry, theta, gradient)
      const size = Math.max(length(gradient), 1e-12)
      const along = Math.abs(law.own.reduce((sum, i) => sum + gradient[i] * field[i], 0))
      if (along < tolerance * own * size) continue
      if (isExcused(sample, theta, field, gradient, law.own, tolerance) || !isSteady(plan, sample, theta, field, law.own)) discounted++
      else worst.set(law.id, Math.max(worst.get(law.id) ?? 0, along / (own * size)))
    }
  }
  for (let tries = 0; tries < trials; tries++) {
    // Constants nobody knows are drawn anew for each point: a root of one may be no number.
    const theta = drawParameters(plan, random), unknowns = drawUnknowns(plan, random)
    for (const sample of drawSamples(plan, 3, random, unknowns).samples) {
      evaluateField(plan, sample, theta, field)
      if (!Number.isFinite(length(field)) || length(field) < faintest) silent++
      else for (const law of laws) audit(law, sample, theta)
    }
  }
  const broken = exact.flatMap((law) => {
    const rate = worst.get(law.id)
    return rate === undefined ? [] : [`${law.id} of ${law.parameters.join(", ")}: ${rate.toExponential(1)}`]
  })
  // Counted in the source's own symbols, of which a size may have another name.
  const symbols = Object.fromEntries(symbolsOf(derived.independent).map((name) => [name, unknownSize]))
  const claimed = evaluateDim(derived.independent, { ...symbols, ...sizes })
  return { plan, derived, laws, claimed, rank: countIndependent(plan, laws, random), broken, discounted, silent: silent / (3 * trials) }
}
