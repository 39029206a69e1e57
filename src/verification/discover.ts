/**
 * @file Discovery without any rule: all quadratic and linear laws of a small network are the null space of ⟨∇f_i(x; θ), Mθ + c⟩ = 0 in (M, c),
 * sampled over θ and x. Checks the derivation from the other side. Products of linear laws show up as quadratic ones, so compare `independent`.
 */
import type { Plan } from "./plan"
import { drawParameters, drawSamples, drawUnknowns, type Signs } from "./data"
import { nullSpace, rankOf, unit } from "./linear"
import { evaluateField } from "./loss"
import { seededRandom } from "./random"

/** Above this many trainable numbers the linear system is too large. */
export const discoveryLimit = 60

export interface Discovery {
  /** Dimension of the space of laws ½ θᵀMθ + cᵀθ. */
  readonly space: number
  /** Functionally independent ones at a generic θ. */
  readonly independent: number
  readonly gap: readonly [number, number]
  /** One law an element: the upper triangle of M row by row, then c. */
  readonly laws: readonly Float64Array[]
}

/** @throws when the network has more than `discoveryLimit` trainable numbers. */
export function discoverLaws(plan: Plan, seed = 1, signs: Signs = "signed"): Discovery {
  const D = plan.dimension,
    random = seededRandom(seed)
  if (D > discoveryLimit) throw new Error(`discoverLaws: expected at most ${discoveryLimit} trainable numbers, found ${D}`)
  const columns = (D * (D + 1)) / 2 + D,
    rows: Float64Array[] = [],
    unknowns = drawUnknowns(plan, random),
    gradient = new Float64Array(D)
  for (let tries = 0; rows.length < columns * 1.6 + 40 && tries < columns * 6 + 200; tries++) {
    const theta = drawParameters(plan, random, signs)
    for (const field of drawSamples(plan, 3, random, unknowns).samples) {
      evaluateField(plan, field, theta, gradient)
      const row = unit(equationOf(gradient, theta, columns), 1e-12)
      if (row !== null) rows.push(row)
    }
  }
  const { basis, gap } = nullSpace(rows, columns)
  const theta = drawParameters(plan, random, signs)
  const gradients = basis.flatMap((law) => unit(gradientOf(law, theta, D), 1e-9) ?? [])
  return { space: basis.length, independent: gradients.length === 0 ? 0 : rankOf(gradients, D).rank, gap, laws: basis }
}

/** Coefficients of ⟨g, Mθ + c⟩ in the upper triangle of M and in c. */
function equationOf(g: Float64Array, theta: Float64Array, columns: number): Float64Array {
  const row = new Float64Array(columns),
    D = g.length
  let k = 0
  for (let i = 0; i < D; i++) for (let j = i; j < D; j++) row[k++] = i === j ? g[i] * theta[i] : g[i] * theta[j] + g[j] * theta[i]
  for (let i = 0; i < D; i++) row[k++] = g[i]
  return row
}

function gradientOf(law: Float64Array, theta: Float64Array, D: number): Float64Array {
  const out = new Float64Array(D)
  let k = 0
  for (let i = 0; i < D; i++)
    for (let j = i; j < D; j++, k++) {
      out[i] += law[k] * theta[j]
      if (j !== i) out[j] += law[k] * theta[i]
    }
  for (let i = 0; i < D; i++) out[i] += law[k++]
  return out
}
