/**
 * @file Discovery without any rule: all quadratic and linear laws of a small network are the null space of ⟨∇f_i(x; θ), Mθ + c⟩ = 0 in (M, c),
 * sampled over θ and x. Checks the derivation from the other side. Products of linear laws show up as quadratic ones, so compare `independent`.
 */
import type { Plan } from "./plan"
import { drawParameters, drawUnknowns, type Signs } from "./data"
import { finish, unit } from "./linear"
import { countUnknowns, findQuadraticLaws } from "./quadratic"
import { seededRandom } from "./random"
import { rankOf } from "./rank"
import { growSpan } from "./span"

/** Above this many trainable numbers the linear system is too large. */
export const discoveryLimit = 80

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
  const { vectors, gap } = finish(findQuadraticLaws(plan, drawUnknowns(plan, random), random, signs)),
    laws = finish(growSpan(vectors, countUnknowns(D))).basis
  const theta = drawParameters(plan, random, signs),
    gradients = laws.flatMap((law) => unit(gradientOf(law, theta, D), 1e-9) ?? [])
  return { space: laws.length, independent: gradients.length === 0 ? 0 : rankOf(gradients, D).rank, gap, laws }
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
