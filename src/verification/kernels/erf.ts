/**
 * @file The error function to double precision by the rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error
 * function", Mathematics of Computation 23 (1969), in three ranges of |x|.
 */
const small = [3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3, 1.85777706184603153e-1]
const smallBelow = [2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3]
const middle = [
  5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3,
  2.05107837782607147e3, 1.23033935479799725e3, 2.15311535474403846e-8,
]
const middleBelow = [
  1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
  3.43936767414372164e3, 1.23033935480374942e3,
]
const large = [
  3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4, 1.63153871373020978e-2,
]
const largeBelow = [2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3]

export function erf(x: number): number {
  const y = Math.abs(x)
  if (y <= 0.46875) return x * ratio(y * y, small, smallBelow)
  if (y >= 6) return Math.sign(x)
  return Math.sign(x) * (1 - upperTail(y))
}

/** 1 − erf(x) without cancellation for large x. */
export function erfc(x: number): number {
  if (x < 0.46875) return 1 - erf(x)
  return x > 27 ? 0 : upperTail(x)
}

function upperTail(y: number): number {
  const scale = Math.exp(-y * y)
  if (y <= 4) return scale * ratio(y, middle, middleBelow)
  const inverse = 1 / (y * y)
  return (scale * (1 / Math.sqrt(Math.PI) - inverse * ratio(inverse, large, largeBelow))) / y
}

/** Cody's nested form: the last coefficient above leads, the one before it closes. */
function ratio(t: number, above: readonly number[], below: readonly number[]): number {
  const n = below.length
  let top = above[n] * t,
    bottom = t
  for (let i = 0; i < n - 1; i++) {
    top = (top + above[i]) * t
    bottom = (bottom + below[i]) * t
  }
  return (top + above[n - 1]) / (bottom + below[n - 1])
}
