/** @file How far laws and their controls move along a trajectory: max over time of ‖h(t) − h(0)‖, relative to the law's own parameters. */
import type { Entry, NumericLaw } from "./laws"
import { evaluateEntry } from "./laws"

/** A law with its control, watched along one trajectory. */
export interface Watched {
  readonly law: NumericLaw
  readonly control: Entry
  /** Coordinates the control lives on; the law's own where that gives a control at all. */
  readonly controlOn: Int32Array
}

export interface DriftMeter {
  /** Drifts at θ now, one a law; maxima are kept. */
  observe(theta: Float64Array): { readonly laws: readonly number[]; readonly controls: readonly number[] }
  /** Largest drift so far. */
  readonly worst: readonly number[]
  readonly worstControl: readonly number[]
}

const square = (theta: Float64Array, at: Int32Array): number => at.reduce((s, i) => s + theta[i] ** 2, 0)

/** ½‖θ‖² for quadratic parts, ‖θ‖ for linear ones. */
function driftScale(entries: readonly Entry[], theta: Float64Array, own: Int32Array): number {
  const quadratic = entries.some((e) => e.i.length > 0),
    size = square(theta, own)
  return Math.max(quadratic ? size / 2 : Math.sqrt(size), 1e-300)
}

export function startDrift(watched: readonly Watched[], theta0: Float64Array): DriftMeter {
  const initial = watched.map(({ law }) => law.entries.map((e) => evaluateEntry(e, theta0)))
  const initialControl = watched.map(({ control }) => evaluateEntry(control, theta0))
  const scale = watched.map(({ law }) => driftScale(law.entries, theta0, law.own))
  const controlScale = watched.map(({ control, controlOn }) => driftScale([control], theta0, controlOn))
  const worst = watched.map(() => 0),
    worstControl = watched.map(() => 0)
  return {
    worst,
    worstControl,
    observe: (theta) => {
      const laws = watched.map(({ law }, k) => {
        let sum = 0
        law.entries.forEach((e, n) => {
          sum += (evaluateEntry(e, theta) - initial[k][n]) ** 2
        })
        const drift = Math.sqrt(sum) / scale[k]
        worst[k] = Math.max(worst[k], drift)
        return drift
      })
      const controls = watched.map(({ control }, k) => {
        const drift = Math.abs(evaluateEntry(control, theta) - initialControl[k]) / controlScale[k]
        worstControl[k] = Math.max(worstControl[k], drift)
        return drift
      })
      return { laws, controls }
    },
  }
}
