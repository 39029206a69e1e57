/**
 * @file The order test: drift at a fixed horizon for steps τ, τ/2, τ/4. Under Euler a quadratic law falls like τ and anything else not at all;
 * under the classical Runge–Kutta method like τ⁴, on smooth networks only. Linear laws move by rounding and have no slope.
 */
import type { Point, Setting } from "./setting"
import { startDrift } from "./drift"
import { integrateEuler, integrateRungeKutta, type VectorField } from "./flow"
import { evaluateLoss } from "./loss"

export interface Order {
  readonly euler: number | null
  /** Null where the network has kinks, too, and where it takes too long. */
  readonly rungeKutta: number | null
}

/** What the tries may cost together, in steps and products. */
const orderWork = 1e8

/** Drifts below this are rounding: no slope. */
const roundingDrift = 1e-13

/**
 * @param span the horizon, eight of the coarsest steps
 * @param most how often it may be halved until Euler is stable and two halvings of the step give nearly one slope; 1 takes it as it is
 */
export function measureOrders(
  { plan, watched }: Setting,
  { theta, data, loss }: Point,
  field: VectorField,
  span: number,
  most = 12,
): readonly Order[] {
  const steps = [8, 16, 32],
    n = plan.dimension,
    perTry = 56 * plan.work * data.samples.length,
    tries = Math.max(1, Math.min(most, Math.floor(orderWork / perTry)))
  const drifts = (ends: readonly Float64Array[]): readonly (readonly number[])[] => ends.map((end) => startDrift(watched, theta).observe(end).laws)
  let horizon = span,
    euler: readonly (readonly number[])[] = []
  for (let k = 0; k < tries; k++) {
    horizon = span / 2 ** k
    const ends = steps.map((count) => integrateEuler(field, theta, n, horizon / count, count))
    euler = drifts(ends)
    const stable = ends.every((end) => evaluateLoss(plan, data, end) < 10 * loss + 1)
    if (stable && watched.every((_, k) => isSettled(euler.map((d) => d[k])))) break
  }
  const hasClassical = plan.smooth && 4 * perTry < orderWork
  const classical = hasClassical ? drifts(steps.map((count) => integrateRungeKutta(field, theta, n, horizon / count, count))) : null
  return watched.map(({ law }, k) => ({
    euler: law.linearOnly ? null : slope(euler.map((d) => d[k])),
    rungeKutta: law.linearOnly || classical === null ? null : slope(classical.map((d) => d[k])),
  }))
}

/** The slopes of both halvings agree, or there is none. */
function isSettled(drifts: readonly number[]): boolean {
  const [coarse, middle, fine] = drifts
  return slope(drifts) === null || Math.abs(Math.log2(coarse / middle) - Math.log2(middle / fine)) < 0.25
}

/** log₂ of the ratio for one halving, from the outer two of three. */
function slope(drifts: readonly number[]): number | null {
  const [coarse, , fine] = drifts
  return drifts.every((d) => Number.isFinite(d) && d > roundingDrift) ? Math.log2(coarse / fine) / 2 : null
}
