/** @file Kernels of elementwise ops, with broadcasting: unary, binary, select, dropout, stopGradient. */
import type { Buffer, Kernel, Step } from "./kernel"
import { compileUnary } from "./activation"
import { binaryDefinitions } from "./binary"
import { broadcastMap, constantStep, linearStep, selectionStep } from "./kernel"
import { isLong, plainEngine, type Engine } from "../simd/engine"
import { unaryDefinitions, zeroFunction } from "./unary"

/** Values come with slopes where gradients will need them: both cost one exponential, and what was computed is not computed again. */
export const unaryKernel: Kernel<"unary"> = (op, { operands: [x], out, engine }) => {
  const { second } = unaryDefinitions[op.fn],
    p = op.parameters ?? [],
    n = out.size,
    slopes = engine.allocate(x.moves ? n : 0),
    evaluate = compileUnary(op.fn, p, x.moves && isLong(n) ? engine : plainEngine),
    cells = isLong(n) ? engine.cells : null
  return {
    forward: () => evaluate(x.value, out.value, slopes),
    tangent: () => {
      const along = x.tangent,
        to = out.tangent
      if (!x.moves) to.fill(0)
      else if (cells !== null) cells(slopes, along, to, false)
      else for (let i = 0; i < n; i++) to[i] = slopes[i] * along[i]
    },
    backward: () => {
      if (!x.active) return
      const g = out.adjoint,
        to = x.adjoint
      if (cells !== null) cells(slopes, g, to, true)
      else for (let i = 0; i < n; i++) to[i] += slopes[i] * g[i]
    },
    backwardTangent: () => {
      if (!x.active) return
      const from = x.value,
        along = x.tangent,
        g = out.adjoint,
        dg = out.adjointTangent,
        to = x.adjointTangent
      if (second === zeroFunction) for (let i = 0; i < n; i++) to[i] += slopes[i] * dg[i]
      else for (let i = 0; i < n; i++) to[i] += slopes[i] * dg[i] + second(from[i], p) * along[i] * g[i]
    },
  }
}

export const binaryKernel: Kernel<"binary"> = (op, { operands: [x, y], out, engine }) => {
  const f = binaryDefinitions[op.fn],
    n = out.size
  const ix = broadcastMap(x.shape, out.shape),
    iy = broadcastMap(y.shape, out.shape)
  const forward = (): void => {
    const a = x.value,
      b = y.value,
      to = out.value
    for (let i = 0; i < n; i++) to[i] = f.value(a[ix[i]], b[iy[i]])
  }
  if (f.flat) return constantStep(forward)
  if (op.fn === "add" || op.fn === "subtract") return sumStep(x, y, out, ix, iy, op.fn === "add" ? 1 : -1)
  if (op.fn === "multiply") return productStep(x, y, out, ix, iy, engine)
  if (op.fn === "divide" && !y.moves) return scaleStep(x, y, out, ix, iy)
  return {
    forward,
    tangent: () => {
      const a = x.value,
        b = y.value,
        da = x.tangent,
        db = y.tangent,
        to = out.tangent
      // A factor that does not move is left out: 0 · ∞ would spoil masks such as x / 0 behind a select.
      for (let i = 0; i < n; i++) {
        const u = a[ix[i]],
          v = b[iy[i]]
        to[i] = (x.moves ? f.x(u, v) * da[ix[i]] : 0) + (y.moves ? f.y(u, v) * db[iy[i]] : 0)
      }
    },
    backward: () => {
      const a = x.value,
        b = y.value,
        g = out.adjoint
      if (x.active) for (let i = 0, to = x.adjoint; i < n; i++) to[ix[i]] += f.x(a[ix[i]], b[iy[i]]) * g[i]
      if (y.active) for (let i = 0, to = y.adjoint; i < n; i++) to[iy[i]] += f.y(a[ix[i]], b[iy[i]]) * g[i]
    },
    backwardTangent: () => {
      const a = x.value,
        b = y.value,
        da = x.tangent,
        db = y.tangent,
        g = out.adjoint,
        dg = out.adjointTangent
      for (let i = 0; i < n; i++) {
        const s = ix[i],
          t = iy[i],
          u = a[s],
          v = b[t],
          cross = x.moves && y.moves ? f.xy(u, v) : 0
        if (x.active) x.adjointTangent[s] += f.x(u, v) * dg[i] + (f.xx(u, v) * da[s] + (y.moves ? f.xy(u, v) * db[t] : 0)) * g[i]
        if (y.active) y.adjointTangent[t] += f.y(u, v) * dg[i] + (f.yy(u, v) * db[t] + cross * da[s]) * g[i]
      }
    },
  }
}

/** x ± y, the commonest op, without calls inside its loops; equal shapes and biases along the last axes without maps. */
function sumStep(x: Buffer, y: Buffer, out: Buffer, ix: Int32Array, iy: Int32Array, sign: number): Step {
  const n = out.size,
    tail = y.size,
    direct = x.size === n && tail > 0 && iy.every((at, i) => at === i % tail)
  const apply = (a: Float64Array, b: Float64Array, to: Float64Array): void => {
    if (direct) for (let i = 0; i < n; i += tail) for (let j = 0; j < tail; j++) to[i + j] = a[i + j] + sign * b[j]
    else for (let i = 0; i < n; i++) to[i] = a[ix[i]] + sign * b[iy[i]]
  }
  const transpose = (g: Float64Array, a: Float64Array, b: Float64Array): void => {
    if (x.active) {
      if (direct) for (let i = 0; i < n; i++) a[i] += g[i]
      else for (let i = 0; i < n; i++) a[ix[i]] += g[i]
    }
    if (y.active) {
      if (direct) for (let i = 0; i < n; i += tail) for (let j = 0; j < tail; j++) b[j] += sign * g[i + j]
      else for (let i = 0; i < n; i++) b[iy[i]] += sign * g[i]
    }
  }
  return {
    forward: () => apply(x.value, y.value, out.value),
    tangent: () => apply(x.tangent, y.tangent, out.tangent),
    backward: () => transpose(out.adjoint, x.adjoint, y.adjoint),
    backwardTangent: () => transpose(out.adjointTangent, x.adjointTangent, y.adjointTangent),
  }
}

/** x·y without calls inside its loops; equal shapes without maps. A factor that does not move is left out: 0 · ∞ would spoil masks. */
function productStep(x: Buffer, y: Buffer, out: Buffer, ix: Int32Array, iy: Int32Array, engine: Engine): Step {
  const n = out.size,
    direct = x.size === n && y.size === n,
    cells = direct && isLong(n) ? engine.cells : null
  /** to (+)= a·b cell by cell of the result. */
  const multiply = (a: Float64Array, b: Float64Array, to: Float64Array, add: boolean): void => {
    if (cells !== null) cells(a, b, to, add)
    else if (direct && !add) for (let i = 0; i < n; i++) to[i] = a[i] * b[i]
    else if (direct) for (let i = 0; i < n; i++) to[i] += a[i] * b[i]
    else for (let i = 0; i < n; i++) to[i] = (add ? to[i] : 0) + a[ix[i]] * b[iy[i]]
  }
  /** to[map] += g·b[other]: what a factor receives. */
  const receive = (g: Float64Array, b: Float64Array, other: Int32Array, to: Float64Array, map: Int32Array): void => {
    if (cells !== null) cells(g, b, to, true)
    else if (direct) for (let i = 0; i < n; i++) to[i] += g[i] * b[i]
    else for (let i = 0; i < n; i++) to[map[i]] += g[i] * b[other[i]]
  }
  return {
    forward: () => multiply(x.value, y.value, out.value, false),
    tangent: () => {
      if (x.moves) multiply(x.tangent, y.value, out.tangent, false)
      if (y.moves) multiply(x.value, y.tangent, out.tangent, x.moves)
      if (!x.moves && !y.moves) out.tangent.fill(0)
    },
    backward: () => {
      if (x.active) receive(out.adjoint, y.value, iy, x.adjoint, ix)
      if (y.active) receive(out.adjoint, x.value, ix, y.adjoint, iy)
    },
    backwardTangent: () => {
      if (x.active) {
        receive(out.adjointTangent, y.value, iy, x.adjointTangent, ix)
        if (y.moves) receive(out.adjoint, y.tangent, iy, x.adjointTangent, ix)
      }
      if (y.active) {
        receive(out.adjointTangent, x.value, ix, y.adjointTangent, iy)
        if (x.moves) receive(out.adjoint, x.tangent, ix, y.adjointTangent, iy)
      }
    },
  }
}

/** x / y for a y that does not depend on the parameters: linear in x. */
function scaleStep(x: Buffer, y: Buffer, out: Buffer, ix: Int32Array, iy: Int32Array): Step {
  const n = out.size,
    direct = x.size === n && y.size === 1
  return linearStep(
    x,
    out,
    (from, to) => {
      const by = y.value
      if (direct) for (let i = 0, b = by[0]; i < n; i++) to[i] = from[i] / b
      else for (let i = 0; i < n; i++) to[i] = from[ix[i]] / by[iy[i]]
    },
    (from, to) => {
      const by = y.value
      if (direct) for (let i = 0, b = by[0]; i < n; i++) to[i] += from[i] / b
      else for (let i = 0; i < n; i++) to[ix[i]] += from[i] / by[iy[i]]
    },
  )
}

export const selectKernel: Kernel<"select"> = (_, { operands: [condition, x, y], out }) => {
  const n = out.size,
    [ic, ix, iy] = [condition, x, y].map((b) => broadcastMap(b.shape, out.shape))
  const apply = (a: Float64Array, b: Float64Array, to: Float64Array): void => {
    for (let i = 0; i < n; i++) to[i] = condition.value[ic[i]] !== 0 ? a[ix[i]] : b[iy[i]]
  }
  const transpose = (g: Float64Array, a: Float64Array, b: Float64Array): void => {
    for (let i = 0; i < n; i++) {
      if (condition.value[ic[i]] !== 0) {
        if (x.active) a[ix[i]] += g[i]
      } else if (y.active) b[iy[i]] += g[i]
    }
  }
  return {
    forward: () => apply(x.value, y.value, out.value),
    tangent: () => apply(x.tangent, y.tangent, out.tangent),
    backward: () => transpose(out.adjoint, x.adjoint, y.adjoint),
    backwardTangent: () => transpose(out.adjointTangent, x.adjointTangent, y.adjointTangent),
  }
}

/** The mask, scaled by 1/(1 − rate), is part of the data set. */
export const dropoutKernel: Kernel<"dropout"> = (_, { operands: [x], out, noise }) => {
  if (noise === null) throw new Error("dropout: expected a mask")
  return linearStep(
    x,
    out,
    (from, to) => {
      for (let i = 0; i < out.size; i++) to[i] = from[i] * noise.value[i]
    },
    (from, to) => {
      for (let i = 0; i < out.size; i++) to[i] += from[i] * noise.value[i]
    },
  )
}

/** Value and tangent pass, adjoints stop: the field training follows is the one without this path. */
export const stopGradientKernel: Kernel<"stopGradient"> = (_, { operands: [x], out }) =>
  selectionStep(
    x,
    out,
    Int32Array.from({ length: out.size }, (_unused, i) => i),
  )
