/**
 * @file The order test: drift at a fixed horizon for steps τ, τ/2, τ/4. Under Euler a quadratic law falls like τ and anything else not at all; under the
 * classical Runge–Kutta method like τ⁴, on smooth networks only. Linear laws move by rounding and have no slope.
 */
import type { Point, Setting } from "./setting"
import { startDrift } from "./drift"
import { integrateEuler, integrateRungeKutta, type VectorField } from "./flow"
import { evaluateLoss } from "./loss"

export interface Order {
  readonly euler: number | null
  /** Null where the network has kinks, too. */
  readonly rungeKutta: number | null
}

/** Drifts below this are rounding: no slope. */
const roundingDrift = 1e-13

/** @param span the horizon; halved until Euler stays finite and does not raise the loss tenfold */
export function measureOrders({ plan, watched }: Setting, { theta, data, loss }: Point, field: VectorField, span: number): readonly Order[] {
  const steps = [8, 16, 32]
  const drifts = (end: Float64Array): readonly number[] => startDrift(watched, theta).observe(end).laws
  let horizon = span, euler = steps.map((n) => integrateEuler(field, theta, plan.dimension, horizon / n, n))
  for (let tries = 0; tries < 12 && euler.some((end) => !(evaluateLoss(plan, data, end) < 10 * loss + 1)); tries++) {
    horizon /= 2
    euler = steps.map((n) => integrateEuler(field, theta, plan.dimension, horizon / n, n))
  }
  const eulerDrifts = euler.map(drifts)
  const classical = plan.smooth ? steps.map((n) => drifts(integrateRungeKutta(field, theta, plan.dimension, horizon / n, n))) : null
  return watched.map(({ law }, k) => ({
    euler: law.linearOnly ? null : slope(eulerDrifts.map((d) => d[k])),
    rungeKutta: law.linearOnly || classical === null ? null : slope(classical.map((d) => d[k])),
  }))
}

/** log₂ of the ratio for one halving, from the outer two of three. */
function slope(drifts: readonly number[]): number | null {
  const [coarse, , fine] = drifts
  return drifts.every((d) => Number.isFinite(d) && d > roundingDrift) ? Math.log2(coarse / fine) / 2 : null
}
