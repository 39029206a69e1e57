/**
 * @file Values and slopes of elementwise functions over whole arrays. The commonest activations have loops of their own, in which nothing is called
 * but Math and no exponential is taken twice; all others share one loop over the definitions, which also decide what is right in tests.
 */
import type { UnaryFunction } from "../../graph/op"
import type { Engine } from "../simd/engine"
import { unaryDefinitions } from "./unary"

/** Fills `to`, and `slopes` where it is not empty. */
export type UnaryLoop = (from: Float64Array, to: Float64Array, slopes: Float64Array) => void

/** @param engine has loops for some of them, which need slopes for every cell. */
export function compileUnary(fn: UnaryFunction, parameters: readonly number[], engine: Engine): UnaryLoop {
  const vector = fn === "exp" || fn === "sigmoid" || fn === "silu" ? engine.activation(fn) : null
  if (vector !== null) return vector
  switch (fn) {
    case "relu":
      return reluLoop
    case "sigmoid":
      return sigmoidLoop
    case "silu":
      return siluLoop
    case "tanh":
      return tanhLoop
    case "exp":
      return expLoop
    case "square":
      return squareLoop
    case "geluTanh":
      return geluTanhLoop
    default:
      return createLoop(fn, parameters)
  }
}

/** The loop for any function, by its definition. */
function createLoop(fn: UnaryFunction, parameters: readonly number[]): UnaryLoop {
  const { value, first } = unaryDefinitions[fn]
  return (from, to, slopes) => {
    for (let i = 0; i < to.length; i++) to[i] = value(from[i], parameters)
    for (let i = 0; i < slopes.length; i++) slopes[i] = first(from[i], parameters)
  }
}

const reluLoop: UnaryLoop = (from, to, slopes) => {
  for (let i = 0; i < to.length; i++) to[i] = from[i] > 0 ? from[i] : 0
  for (let i = 0; i < slopes.length; i++) slopes[i] = from[i] > 0 ? 1 : 0
}

const sigmoidLoop: UnaryLoop = (from, to, slopes) => {
  fillSigmoid(from, to)
  for (let i = 0; i < slopes.length; i++) slopes[i] = to[i] * (1 - to[i])
}

const siluLoop: UnaryLoop = (from, to, slopes) => {
  fillSigmoid(from, to)
  for (let i = 0; i < slopes.length; i++) slopes[i] = to[i] + from[i] * to[i] * (1 - to[i])
  for (let i = 0; i < to.length; i++) to[i] *= from[i]
}

/** 1/(1 + e^−x), without overflow: e^−|x| serves both signs. */
function fillSigmoid(from: Float64Array, to: Float64Array): void {
  for (let i = 0; i < to.length; i++) {
    const x = from[i],
      e = Math.exp(x < 0 ? x : -x)
    to[i] = (x < 0 ? e : 1) / (1 + e)
  }
}

const tanhLoop: UnaryLoop = (from, to, slopes) => {
  for (let i = 0; i < to.length; i++) to[i] = Math.tanh(from[i])
  for (let i = 0; i < slopes.length; i++) slopes[i] = 1 - to[i] * to[i]
}

const expLoop: UnaryLoop = (from, to, slopes) => {
  for (let i = 0; i < to.length; i++) to[i] = Math.exp(from[i])
  for (let i = 0; i < slopes.length; i++) slopes[i] = to[i]
}

const squareLoop: UnaryLoop = (from, to, slopes) => {
  for (let i = 0; i < to.length; i++) to[i] = from[i] * from[i]
  for (let i = 0; i < slopes.length; i++) slopes[i] = 2 * from[i]
}

// Hendrycks and Gimpel's tanh form: ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³).
const geluScale = Math.sqrt(2 / Math.PI),
  geluCubic = 0.044715

const geluTanhLoop: UnaryLoop = (from, to, slopes) => {
  for (let i = 0; i < to.length; i++) {
    const x = from[i],
      square = x * x,
      t = Math.tanh(geluScale * (x + geluCubic * x * square))
    to[i] = 0.5 * x * (1 + t)
    if (slopes.length > 0) slopes[i] = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * geluScale * (1 + 3 * geluCubic * square)
  }
}
