/**
 * @file The rate test: r = |⟨∇h, ∇L⟩| / (‖∇h‖·‖∇L on the law's own parameters‖) at random parameters and data. The cheapest test and the sharpest:
 * a law gives rounding, a control 1e-2 to 1.
 */
import type { Entry, NumericLaw } from "./laws"
import { evaluateEntryGradient } from "./laws"
import { dot, norm } from "./linear"

/**
 * Own gradients below this share of the whole gradient are rounding: a parameter without gradient would otherwise be judged by the noise in it.
 */
const ownFloor = 1e-6

/** The rate of one entry at θ, given ∇L there. */
export function measureRate(entry: Entry, own: Int32Array, theta: Float64Array, gradient: Float64Array, scratch: Float64Array): number {
  evaluateEntryGradient(entry, theta, scratch)
  let ownSquare = 0
  for (const i of own) ownSquare += gradient[i] ** 2
  const scale = norm(scratch) * Math.max(Math.sqrt(ownSquare), ownFloor * norm(gradient))
  return scale === 0 ? 0 : Math.abs(dot(scratch, gradient)) / scale
}

/** The largest rate among the entries of a law. */
export function measureLawRate(law: NumericLaw, theta: Float64Array, gradient: Float64Array, scratch: Float64Array): number {
  let worst = 0
  for (const entry of law.entries) worst = Math.max(worst, measureRate(entry, law.own, theta, gradient, scratch))
  return worst
}
