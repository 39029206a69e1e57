/**
 * @file Elementwise functions of one argument: value, first and second derivative, one exhaustive table. At kinks the derivative is the one
 * tfjs takes. `p` holds the op's parameters in the order of the comment in graph/op.
 */
import type { UnaryFunction } from "../../graph/op"
import { erf, erfc } from "./erf"

export interface UnaryDefinition {
  readonly value: (x: number, p: readonly number[]) => number
  readonly first: (x: number, p: readonly number[]) => number
  readonly second: (x: number, p: readonly number[]) => number
  /** False where the derivative jumps: slopes of high-order integrators are not to be trusted there. */
  readonly smooth: boolean
  /** True where the value is piecewise constant. */
  readonly flat: boolean
}

type F = UnaryDefinition["value"]
/** The derivative of piecewise linear functions; loops that meet it do nothing. */
export const zeroFunction: F = () => 0
const zero = zeroFunction
const smooth = (value: F, first: F, second: F): UnaryDefinition => ({ value, first, second, smooth: true, flat: false })
const kinked = (value: F, first: F, second: F = zero): UnaryDefinition => ({ value, first, second, smooth: false, flat: false })
const flat = (value: F): UnaryDefinition => ({ ...kinked(value, zero), flat: true })

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const slope = (s: number): number => s * (1 - s)
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
const tanhSlope = (t: number): number => 1 - t * t

// Hendrycks and Gimpel's tanh form of gelu: ½x(1 + tanh(u)), u = √(2/π)(x + 0.044715x³).
const geluScale = Math.sqrt(2 / Math.PI),
  geluCubic = 0.044715
const geluInner = (x: number): number => geluScale * (x + geluCubic * x * x * x)
const geluInnerSlope = (x: number): number => geluScale * (1 + 3 * geluCubic * x * x)

// tfjs's constants for selu.
const seluScale = 1.0507009873554805,
  seluLow = 1.7580993408473768

/** Rounds halves to even, as tfjs does. */
function roundHalfEven(x: number): number {
  const base = Math.floor(x),
    rest = x - base
  if (rest !== 0.5) return Math.round(x)
  return base % 2 === 0 ? base : base + 1
}

export const unaryDefinitions: { readonly [F in UnaryFunction]: UnaryDefinition } = {
  neg: smooth(
    (x) => -x,
    () => -1,
    zero,
  ),
  abs: kinked(Math.abs, Math.sign),
  sign: flat(Math.sign),
  relu: kinked(
    (x) => (x > 0 ? x : 0),
    (x) => (x > 0 ? 1 : 0),
  ),
  relu6: kinked(
    (x) => Math.min(Math.max(x, 0), 6),
    (x) => (x > 0 && x < 6 ? 1 : 0),
  ),
  reluMax: kinked(
    (x, [max]) => Math.min(Math.max(x, 0), max),
    (x, [max]) => (x > 0 && x < max ? 1 : 0),
  ),
  leakyRelu: kinked(
    (x, [alpha = 0.2]) => (x > 0 ? x : alpha * x),
    (x, [alpha = 0.2]) => (x > 0 ? 1 : alpha),
  ),
  thresholdedRelu: kinked(
    (x, [theta = 1]) => (x > theta ? x : 0),
    (x, [theta = 1]) => (x > theta ? 1 : 0),
  ),
  elu: kinked(
    (x, [a = 1]) => (x > 0 ? x : a * Math.expm1(x)),
    (x, [a = 1]) => (x > 0 ? 1 : a * Math.exp(x)),
    (x, [a = 1]) => (x > 0 ? 0 : a * Math.exp(x)),
  ),
  selu: kinked(
    (x) => (x > 0 ? seluScale * x : seluLow * Math.expm1(x)),
    (x) => (x > 0 ? seluScale : seluLow * Math.exp(x)),
    (x) => (x > 0 ? 0 : seluLow * Math.exp(x)),
  ),
  sigmoid: smooth(
    sigmoid,
    (x) => slope(sigmoid(x)),
    (x) => slope(sigmoid(x)) * (1 - 2 * sigmoid(x)),
  ),
  hardSigmoid: kinked(
    (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
    (x) => (x > -2.5 && x < 2.5 ? 0.2 : 0),
  ),
  logSigmoid: smooth(
    (x) => -softplus(-x),
    (x) => sigmoid(-x),
    (x) => -slope(sigmoid(x)),
  ),
  tanh: smooth(
    Math.tanh,
    (x) => tanhSlope(Math.tanh(x)),
    (x) => -2 * Math.tanh(x) * tanhSlope(Math.tanh(x)),
  ),
  softplus: smooth(softplus, sigmoid, (x) => slope(sigmoid(x))),
  softsign: smooth(
    (x) => x / (1 + Math.abs(x)),
    (x) => (1 + Math.abs(x)) ** -2,
    (x) => -2 * Math.sign(x) * (1 + Math.abs(x)) ** -3,
  ),
  gelu: smooth(
    (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
    (x) => 0.5 * erfc(-x * Math.SQRT1_2) + x * density(x),
    (x) => (2 - x * x) * density(x),
  ),
  geluTanh: smooth(
    (x) => 0.5 * x * (1 + Math.tanh(geluInner(x))),
    (x) => {
      const t = Math.tanh(geluInner(x))
      return 0.5 * (1 + t) + 0.5 * x * tanhSlope(t) * geluInnerSlope(x)
    },
    (x) => {
      const t = Math.tanh(geluInner(x)),
        u = geluInnerSlope(x),
        s = tanhSlope(t)
      return s * u + 0.5 * x * (-2 * t * s * u * u + s * geluScale * 6 * geluCubic * x)
    },
  ),
  silu: smooth(
    (x) => x * sigmoid(x),
    (x) => sigmoid(x) + x * slope(sigmoid(x)),
    (x) => slope(sigmoid(x)) * (2 + x * (1 - 2 * sigmoid(x))),
  ),
  mish: smooth(
    (x) => x * Math.tanh(softplus(x)),
    (x) => {
      const t = Math.tanh(softplus(x))
      return t + x * tanhSlope(t) * sigmoid(x)
    },
    (x) => {
      const t = Math.tanh(softplus(x)),
        s = tanhSlope(t),
        q = sigmoid(x)
      return 2 * s * q + x * (s * slope(q) - 2 * t * s * q * q)
    },
  ),
  hardSwish: kinked(
    (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
    (x) => (x <= -3 || x >= 3 ? 0 : 1 / 3),
  ),
  exp: smooth(Math.exp, Math.exp, Math.exp),
  expm1: smooth(Math.expm1, Math.exp, Math.exp),
  log: smooth(
    Math.log,
    (x) => 1 / x,
    (x) => -1 / (x * x),
  ),
  log1p: smooth(
    Math.log1p,
    (x) => 1 / (1 + x),
    (x) => -1 / ((1 + x) * (1 + x)),
  ),
  sqrt: smooth(
    Math.sqrt,
    (x) => 0.5 / Math.sqrt(x),
    (x) => -0.25 / (x * Math.sqrt(x)),
  ),
  rsqrt: smooth(
    (x) => 1 / Math.sqrt(x),
    (x) => -0.5 / (x * Math.sqrt(x)),
    (x) => 0.75 / (x * x * Math.sqrt(x)),
  ),
  square: smooth(
    (x) => x * x,
    (x) => 2 * x,
    () => 2,
  ),
  reciprocal: smooth(
    (x) => 1 / x,
    (x) => -1 / (x * x),
    (x) => 2 / (x * x * x),
  ),
  powConstant: smooth(
    (x, [e]) => x ** e,
    (x, [e]) => (e === 0 ? 0 : e * x ** (e - 1)),
    (x, [e]) => (e === 0 || e === 1 ? 0 : e * (e - 1) * x ** (e - 2)),
  ),
  sin: smooth(Math.sin, Math.cos, (x) => -Math.sin(x)),
  cos: smooth(
    Math.cos,
    (x) => -Math.sin(x),
    (x) => -Math.cos(x),
  ),
  tan: smooth(
    Math.tan,
    (x) => 1 + Math.tan(x) ** 2,
    (x) => 2 * Math.tan(x) * (1 + Math.tan(x) ** 2),
  ),
  asin: smooth(
    Math.asin,
    (x) => (1 - x * x) ** -0.5,
    (x) => x * (1 - x * x) ** -1.5,
  ),
  acos: smooth(
    Math.acos,
    (x) => -((1 - x * x) ** -0.5),
    (x) => -x * (1 - x * x) ** -1.5,
  ),
  atan: smooth(
    Math.atan,
    (x) => 1 / (1 + x * x),
    (x) => (-2 * x) / (1 + x * x) ** 2,
  ),
  sinh: smooth(Math.sinh, Math.cosh, Math.sinh),
  cosh: smooth(Math.cosh, Math.sinh, Math.cosh),
  asinh: smooth(
    Math.asinh,
    (x) => (1 + x * x) ** -0.5,
    (x) => -x * (1 + x * x) ** -1.5,
  ),
  acosh: smooth(
    Math.acosh,
    (x) => (x * x - 1) ** -0.5,
    (x) => -x * (x * x - 1) ** -1.5,
  ),
  atanh: smooth(
    Math.atanh,
    (x) => 1 / (1 - x * x),
    (x) => (2 * x) / (1 - x * x) ** 2,
  ),
  erf: smooth(
    erf,
    (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
    (x) => ((-4 * x) / Math.sqrt(Math.PI)) * Math.exp(-x * x),
  ),
  floor: flat(Math.floor),
  ceil: flat(Math.ceil),
  round: flat(roundHalfEven),
  clip: kinked(
    (x, [low, high]) => Math.min(Math.max(x, low), high),
    (x, [low, high]) => (x >= low && x <= high ? 1 : 0),
  ),
  step: flat((x, [alpha = 0]) => (x > 0 ? 1 : alpha)),
  isNaN: flat((x) => (Number.isNaN(x) ? 1 : 0)),
  isFinite: flat((x) => (Number.isFinite(x) ? 1 : 0)),
  isInf: flat((x) => (Math.abs(x) === Infinity ? 1 : 0)),
  logicalNot: flat((x) => (x === 0 ? 1 : 0)),
}
