/**
 * @file Controls: quantities of the same form on the same parameters that are not laws, so that a small number beside a law means something.
 * A random symmetric M (a random functional for linear laws) is one; that it is no law is checked, not assumed.
 */
import type { Entry, NumericLaw } from "./laws"
import type { Random } from "./random"

/** Couplings kept for each coordinate of a large law: a full matrix would cost its square. */
const couplings = 6

export function drawControl(law: NumericLaw, coordinates: Int32Array, random: Random): Entry {
  const n = coordinates.length,
    scale = 1 / Math.sqrt(Math.max(1, n)),
    none = { i: new Int32Array(0), j: new Int32Array(0), quadratic: new Float64Array(0) }
  if (law.linearOnly) return { ...none, at: coordinates, linear: new Float64Array(n).map(() => scale * random.normal()) }
  const i: number[] = [],
    j: number[] = [],
    coefficients: number[] = []
  const couple = (a: number, b: number): void => {
    i.push(coordinates[a])
    j.push(coordinates[b])
    coefficients.push(random.normal() * (n <= 40 ? scale : 1 / Math.sqrt(couplings)))
  }
  for (let a = 0; a < n; a++) {
    if (n <= 40) for (let b = a; b < n; b++) couple(a, b)
    else for (let k = 0; k < couplings; k++) couple(a, k === 0 ? a : random.integer(n))
  }
  return {
    i: Int32Array.from(i),
    j: Int32Array.from(j),
    quadratic: Float64Array.from(coefficients),
    at: new Int32Array(0),
    linear: new Float64Array(0),
  }
}
