/**
 * @file Elementwise functions of two arguments: value and all partial derivatives up to second order, one exhaustive table. Where arguments tie,
 * the derivative is the one tfjs takes.
 */
import type { BinaryFunction } from "../../graph/op"

type F = (x: number, y: number) => number

export interface BinaryDefinition {
  readonly value: F
  readonly x: F
  readonly y: F
  readonly xx: F
  readonly xy: F
  readonly yy: F
  readonly smooth: boolean
  /** True where the value is piecewise constant. */
  readonly flat: boolean
}

const zero: F = () => 0
const one: F = () => 1
const smooth = (value: F, x: F, y: F, xx: F = zero, xy: F = zero, yy: F = zero): BinaryDefinition => ({
  value,
  x,
  y,
  xx,
  xy,
  yy,
  smooth: true,
  flat: false,
})
const kinked = (value: F, x: F, y: F, xy: F = zero): BinaryDefinition => ({ value, x, y, xx: zero, xy, yy: zero, smooth: false, flat: false })
const truth = (holds: (x: number, y: number) => boolean): BinaryDefinition => ({ ...kinked((x, y) => (holds(x, y) ? 1 : 0), zero, zero), flat: true })

export const binaryDefinitions: { readonly [F in BinaryFunction]: BinaryDefinition } = {
  add: smooth((x, y) => x + y, one, one),
  subtract: smooth(
    (x, y) => x - y,
    one,
    () => -1,
  ),
  multiply: smooth(
    (x, y) => x * y,
    (_, y) => y,
    (x) => x,
    zero,
    one,
  ),
  divide: smooth(
    (x, y) => x / y,
    (_, y) => 1 / y,
    (x, y) => -x / (y * y),
    zero,
    (_, y) => -1 / (y * y),
    (x, y) => (2 * x) / (y * y * y),
  ),
  divideNoNan: kinkedQuotient(),
  squaredDifference: smooth(
    (x, y) => (x - y) ** 2,
    (x, y) => 2 * (x - y),
    (x, y) => 2 * (y - x),
    () => 2,
    () => -2,
    () => 2,
  ),
  maximum: kinked(
    Math.max,
    (x, y) => (x >= y ? 1 : 0),
    (x, y) => (x >= y ? 0 : 1),
  ),
  minimum: kinked(
    Math.min,
    (x, y) => (x <= y ? 1 : 0),
    (x, y) => (x <= y ? 0 : 1),
  ),
  power: smooth(
    (x, y) => x ** y,
    (x, y) => (y === 0 ? 0 : y * x ** (y - 1)),
    (x, y) => (x > 0 ? x ** y * Math.log(x) : 0),
    (x, y) => (y === 0 || y === 1 ? 0 : y * (y - 1) * x ** (y - 2)),
    (x, y) => (x > 0 ? x ** (y - 1) * (1 + y * Math.log(x)) : 0),
    (x, y) => (x > 0 ? x ** y * Math.log(x) ** 2 : 0),
  ),
  mod: kinked(
    (x, y) => x - Math.floor(x / y) * y,
    one,
    (x, y) => -Math.floor(x / y),
  ),
  floorDivide: { ...kinked((x, y) => Math.floor(x / y), zero, zero), flat: true },
  atan2: smooth(
    Math.atan2,
    (x, y) => y / (x * x + y * y),
    (x, y) => -x / (x * x + y * y),
    (x, y) => (-2 * x * y) / (x * x + y * y) ** 2,
    (x, y) => (x * x - y * y) / (x * x + y * y) ** 2,
    (x, y) => (2 * x * y) / (x * x + y * y) ** 2,
  ),
  prelu: kinked(
    (x, a) => (x > 0 ? x : a * x),
    (x, a) => (x > 0 ? 1 : a),
    (x) => (x > 0 ? 0 : x),
    (x) => (x > 0 ? 0 : 1),
  ),
  equal: truth((x, y) => x === y),
  notEqual: truth((x, y) => x !== y),
  greater: truth((x, y) => x > y),
  greaterEqual: truth((x, y) => x >= y),
  less: truth((x, y) => x < y),
  lessEqual: truth((x, y) => x <= y),
  logicalAnd: truth((x, y) => x !== 0 && y !== 0),
  logicalOr: truth((x, y) => x !== 0 || y !== 0),
  logicalXor: truth((x, y) => (x !== 0) !== (y !== 0)),
}

/** x/y, and 0 with all its derivatives where y is 0. */
function kinkedQuotient(): BinaryDefinition {
  const guarded =
    (f: F): F =>
    (x, y) =>
      y === 0 ? 0 : f(x, y)
  return {
    value: guarded((x, y) => x / y),
    x: guarded((_, y) => 1 / y),
    y: guarded((x, y) => -x / (y * y)),
    xx: zero,
    xy: guarded((_, y) => -1 / (y * y)),
    yy: guarded((x, y) => (2 * x) / (y * y * y)),
    smooth: false,
    flat: false,
  }
}
