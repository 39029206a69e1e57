/**
 * @file The rate test: r = |⟨∇h, ∇L⟩| / (‖∇h‖·‖∇L on the law's own parameters‖) at random parameters and data. The cheapest test and the sharpest:
 * a law gives rounding, a control 1e-2 to 1.
 */
import type { Entry, NumericLaw } from "./laws"
import { norm } from "./linear"

/**
 * Own gradients below this share of the whole gradient are rounding: a parameter without gradient would otherwise be judged by the noise in it.
 */
const ownFloor = 1e-6

/**
 * The rate of one entry at θ, given ∇L there.
 * @param scratch as long as the gradient and all zeros, which it is again afterwards
 */
export function measureRate(entry: Entry, own: Int32Array, theta: Float64Array, gradient: Float64Array, scratch: Float64Array): number {
  return rateOf(entry, theta, gradient, scratch, scaleOf(own, gradient))
}

/** The largest rate among the entries of a law. */
export function measureLawRate(law: NumericLaw, theta: Float64Array, gradient: Float64Array, scratch: Float64Array): number {
  const scale = scaleOf(law.own, gradient)
  let worst = 0
  for (const entry of law.entries) worst = Math.max(worst, rateOf(entry, theta, gradient, scratch, scale))
  return worst
}

/** ‖∇L on these coordinates‖. */
function scaleOf(own: Int32Array, gradient: Float64Array): number {
  let square = 0
  for (const i of own) square += gradient[i] ** 2
  return Math.max(Math.sqrt(square), ownFloor * norm(gradient))
}

/** Networks of many blocks have laws of few of their coordinates each: nothing is done for the others. */
function rateOf({ i, j, quadratic, at, linear }: Entry, theta: Float64Array, gradient: Float64Array, scratch: Float64Array, scale: number): number {
  const trainable = scratch.length
  for (let k = 0; k < i.length; k++) {
    if (i[k] < trainable) scratch[i[k]] += quadratic[k] * theta[j[k]]
    if (j[k] < trainable) scratch[j[k]] += quadratic[k] * theta[i[k]]
  }
  for (let k = 0; k < at.length; k++) if (at[k] < trainable) scratch[at[k]] += linear[k]
  let square = 0,
    product = 0
  for (const list of [i, j, at]) {
    for (const c of list) {
      if (c >= trainable) continue
      square += scratch[c] ** 2
      product += scratch[c] * gradient[c]
      scratch[c] = 0
    }
  }
  const length = Math.sqrt(square) * scale
  return length === 0 ? 0 : Math.abs(product) / length
}
