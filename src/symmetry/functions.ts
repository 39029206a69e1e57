/**
 * @file What symmetry needs to know of each elementwise function: its degree of positive homogeneity, its slope where linear, whether its
 * derivative is zero almost everywhere. A function missing a property only loses laws.
 */
import type { UnaryFunction } from "../graph/op"

export interface FunctionTraits {
  readonly degree: number | null
  readonly slope: number | null
  readonly exchange: "exp" | "log" | null
  /** Derivative zero almost everywhere. */
  readonly flat: boolean
  /** The one value it has for numbers. */
  readonly always?: number
}

const smooth: FunctionTraits = { degree: null, slope: null, exchange: null, flat: false }
const flat: FunctionTraits = { ...smooth, flat: true }
const homogeneous = (degree: number): FunctionTraits => ({ ...smooth, degree })

/** `parameters` as in the op: alpha, exponent, bounds. */
export const functionTraits: { readonly [K in UnaryFunction]: (parameters: readonly number[]) => FunctionTraits } = {
  neg: () => ({ ...smooth, degree: 1, slope: -1 }),
  abs: () => homogeneous(1),
  sign: () => flat,
  relu: () => homogeneous(1),
  relu6: () => smooth,
  leakyRelu: ([alpha]) => (alpha === 1 ? { ...smooth, degree: 1, slope: 1 } : homogeneous(1)),
  elu: () => smooth,
  selu: () => smooth,
  sigmoid: () => smooth,
  hardSigmoid: () => smooth,
  logSigmoid: () => smooth,
  tanh: () => smooth,
  softplus: () => smooth,
  softsign: () => smooth,
  gelu: () => smooth,
  geluTanh: () => smooth,
  silu: () => smooth,
  mish: () => smooth,
  hardSwish: () => smooth,
  exp: () => ({ ...smooth, exchange: "exp" }),
  expm1: () => smooth,
  log: () => ({ ...smooth, exchange: "log" }),
  log1p: () => smooth,
  sqrt: () => homogeneous(0.5),
  rsqrt: () => homogeneous(-0.5),
  square: () => homogeneous(2),
  reciprocal: () => homogeneous(-1),
  powConstant: ([exponent]) =>
    exponent === undefined ? smooth : exponent === 0 ? flat : exponent === 1 ? { ...smooth, degree: 1, slope: 1 } : homogeneous(exponent),
  sin: () => smooth,
  cos: () => smooth,
  tan: () => smooth,
  asin: () => smooth,
  acos: () => smooth,
  atan: () => smooth,
  sinh: () => smooth,
  cosh: () => smooth,
  asinh: () => smooth,
  acosh: () => smooth,
  atanh: () => smooth,
  erf: () => smooth,
  floor: () => flat,
  ceil: () => flat,
  round: () => flat,
  // A clip is homogeneous only when both bounds are 0 or infinite: max(x, 0) and min(x, 0).
  clip: ([low, high]) => ((low === 0 || low === -Infinity) && (high === 0 || high === Infinity) ? homogeneous(1) : smooth),
  thresholdedRelu: ([theta]) => (theta === 0 ? homogeneous(1) : smooth),
  reluMax: ([max]) => (max === Infinity ? homogeneous(1) : smooth),
  step: () => flat,
  isNaN: () => ({ ...flat, always: 0 }),
  isFinite: () => ({ ...flat, always: 1 }),
  isInf: () => ({ ...flat, always: 0 }),
  logicalNot: () => flat,
}
