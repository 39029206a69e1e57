/**
 * @file Checks derived laws on numbers alone: every entry's gradient must be orthogonal to every gradient field of the network, and there cannot be
 * more independent ones than discovery finds.
 */
import { generalize } from "../../src/axes/generalize"
import { evaluateDim } from "../../src/graph/dim"
import type { SizeVariable } from "../../src/axes/size"
import type { Graph } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import type { DerivedModel } from "../../src/laws/law"
import { countIndependent } from "../../src/verification/certificate"
import { drawParameters, drawSamples, drawUnknowns } from "../../src/verification/data"
import { instantiate } from "../../src/verification/instantiate"
import { compileLaw, evaluateEntryGradient } from "../../src/verification/laws"
import { evaluateField } from "../../src/verification/loss"
import { compilePlan, type Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"

export interface Audit {
  readonly plan: Plan
  readonly derived: DerivedModel
  /** As the derivation counts them, and as the rank of their gradients says. */
  readonly claimed: number
  readonly rank: number
  /** Laws whose gradient is not orthogonal to some field: id, parameters, and the cosine. */
  readonly broken: readonly string[]
  /** Somewhere the gradient is not finite or only rounding: a norm of zeros, a network that is constant. Numbers say little then. */
  readonly degenerate: boolean
}

const length = (v: Float64Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))

/** The size in the source; 5 where it is a symbol. */
const declaredSize = ({ declared }: SizeVariable): number => (typeof declared === "number" ? declared : 5)

/** Every size that is free to change one larger, for laws that must hold at all sizes. */
export const grownSize = (size: SizeVariable): number => declaredSize(size) + (size.shrink === "free" ? 1 : 0)

/** Derives the laws of a graph and tests them on numbers, at its declared sizes or at others. */
export function auditLaws(graph: Graph, seed = 3, chooseSize: (size: SizeVariable) => number = declaredSize): Audit {
  const derived = deriveLaws(generalize(graph))
  const sizes = Object.fromEntries(derived.sizes.map((s) => [s.name, chooseSize(s)]))
  const plan = compilePlan(instantiate(derived.graph, sizes)), random = seededRandom(seed)
  const exact = derived.laws.filter((law) => law.exactness === "exact")
  const laws = exact.map((law) => compileLaw({ ...law, formula: "", latex: "" }, plan.slots, sizes))
  const unknowns = drawUnknowns(plan, random), gradient = new Float64Array(plan.dimension), field = new Float64Array(plan.dimension)
  const worst = new Map<string, number>()
  let degenerate = false
  for (let tries = 0; tries < 8; tries++) {
    const theta = drawParameters(plan, random)
    for (const sample of drawSamples(plan, 3, random, unknowns).samples) {
      evaluateField(plan, sample, theta, field)
      if (!(length(field) > 1e-10 && length(field) < 1e12)) {
        degenerate = true
        continue
      }
      for (const law of laws) for (const entry of law.entries) {
        evaluateEntryGradient(entry, theta, gradient)
        const along = law.own.reduce((sum, i) => sum + gradient[i] * field[i], 0), own = Math.hypot(...Array.from(law.own, (i) => field[i]))
        // A field that is rounding beside the whole gradient on the law's own weights says nothing.
        if (own < 1e-9 * length(field) || own === 0) continue
        worst.set(law.id, Math.max(worst.get(law.id) ?? 0, Math.abs(along) / (own * Math.max(length(gradient), 1e-12))))
      }
    }
  }
  const broken = exact
    .filter((law) => !((worst.get(law.id) ?? 0) < 1e-8))
    .map((law) => `${law.id} of ${law.parameters.join(", ")}: ${worst.get(law.id)?.toExponential(1)}`)
  return { plan, derived, claimed: evaluateDim(derived.independent, sizes), rank: countIndependent(plan, laws, random), broken, degenerate }
}
