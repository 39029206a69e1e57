/**
 * @file What a kernel is: an operation compiled for fixed shapes into four sweeps over preallocated arrays. Values and tangents run forward,
 * adjoints and their tangents run backward and *add* to the operands, so that a Hessian-vector product is forward-over-reverse
 * (Pearlmutter 1994). Nothing is allocated inside a sweep.
 */
import type { OpKind, OpOf } from "../../graph/op"
import type { Engine } from "../simd/engine"

/** A tensor of the plan. `moves`: its value depends on trainable parameters; `active`: gradients pass through it, too. */
export interface Buffer {
  readonly shape: readonly number[]
  readonly size: number
  readonly moves: boolean
  readonly active: boolean
  value: Float64Array
  tangent: Float64Array
  adjoint: Float64Array
  adjointTangent: Float64Array
}

export interface Step {
  /** out.value from the operands' values. */
  forward(): void
  /** out.tangent from the operands' values and tangents. */
  tangent(): void
  /** Adds to the adjoints of active operands. */
  backward(): void
  /** Adds to the adjoint tangents of active operands: the derivative of `backward` along the tangents. */
  backwardTangent(): void
}

export interface KernelIO {
  readonly operands: readonly Buffer[]
  readonly out: Buffer
  /** Random numbers fixed by the data set: the mask of a dropout, scaled. */
  readonly noise: Buffer | null
  /** Who computes long loops; all arrays above but the noise are its own. */
  readonly engine: Engine
}

export type Kernel<K extends OpKind> = (op: OpOf<K>, io: KernelIO) => Step

/** A model that cannot be executed, with the reason. */
export class ExecutionError extends Error {}

const nothing = (): void => undefined
export const leafStep: Step = { forward: nothing, tangent: nothing, backward: nothing, backwardTangent: nothing }

/** An op whose result is piecewise constant: a value and no derivative. */
export const constantStep = (forward: () => void): Step => ({ ...leafStep, forward })

/**
 * A linear op of one operand. `apply` overwrites its target, `transpose` adds to its target.
 * @param before recomputes what the linear map depends on (a selection), before values are computed.
 */
export function linearStep(
  x: Buffer,
  out: Buffer,
  apply: (from: Float64Array, to: Float64Array) => void,
  transpose: (from: Float64Array, to: Float64Array) => void,
  before: () => void = nothing,
): Step {
  return {
    forward: () => {
      before()
      apply(x.value, out.value)
    },
    tangent: () => apply(x.tangent, out.tangent),
    backward: () => {
      if (x.active) transpose(out.adjoint, x.adjoint)
    },
    backwardTangent: () => {
      if (x.active) transpose(out.adjointTangent, x.adjointTangent)
    },
  }
}

/** A selection: out[i] = x[map[i]], or `fill` where map[i] is −1. `before` may rewrite the map. */
export function selectionStep(x: Buffer, out: Buffer, map: Int32Array, fill = 0, before?: () => void): Step {
  const step = linearStep(
    x,
    out,
    (from, to) => {
      for (let i = 0; i < map.length; i++) to[i] = map[i] < 0 ? 0 : from[map[i]]
    },
    (from, to) => {
      for (let i = 0; i < map.length; i++) if (map[i] >= 0) to[map[i]] += from[i]
    },
    before,
  )
  if (fill === 0) return step
  const forward = (): void => {
    step.forward()
    for (let i = 0; i < map.length; i++) if (map[i] < 0) out.value[i] = fill
  }
  return { ...step, forward }
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  for (let i = shape.length - 1, s = 1; i >= 0; i--) {
    strides[i] = s
    s *= shape[i]
  }
  return strides
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** For every cell of `shape` in row-major order, offset + Σ index[i]·strides[i]. */
export function offsetsOf(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  const map = new Int32Array(sizeOf(shape)),
    index = new Array<number>(shape.length).fill(0)
  for (let i = 0, at = offset; i < map.length; i++) {
    map[i] = at
    for (let a = shape.length - 1; a >= 0; a--) {
      at += strides[a]
      if (++index[a] < shape[a]) break
      at -= strides[a] * shape[a]
      index[a] = 0
    }
  }
  return map
}

/** For every cell of `to`, the cell of `from` that broadcasting reads. */
export function broadcastMap(from: readonly number[], to: readonly number[]): Int32Array {
  const strides = stridesOf(from),
    shift = to.length - from.length
  return offsetsOf(
    to,
    to.map((_, i) => (i < shift || from[i - shift] === 1 ? 0 : strides[i - shift])),
  )
}
