/** @file Kernels of ops that only move elements: each is a precomputed map from cells of the result to cells of the operand. */
import type { Dim } from "../../schema/report"
import type { Buffer, Kernel, Step } from "./kernel"
import { broadcastMap, constantStep, offsetsOf, selectionStep, stridesOf } from "./kernel"

/** A size that instantiation has made a number. */
export function whole(d: Dim): number {
  if (typeof d !== "number") throw new Error(`execution: expected a number for size '${d}'`)
  return d
}

export const reshapeKernel: Kernel<"reshape"> = (_, { operands: [x], out }) =>
  selectionStep(
    x,
    out,
    Int32Array.from({ length: out.size }, (_unused, i) => i),
  )

export const transposeKernel: Kernel<"transpose"> = (op, { operands: [x], out }) => {
  const strides = stridesOf(x.shape)
  return selectionStep(
    x,
    out,
    offsetsOf(
      out.shape,
      op.permutation.map((a) => strides[a]),
    ),
  )
}

export const sliceKernel: Kernel<"slice"> = (op, { operands: [x], out }) => {
  const strides = stridesOf(x.shape),
    start = op.begin.reduce<number>((sum, b, i) => sum + whole(b) * strides[i], 0)
  return selectionStep(
    x,
    out,
    offsetsOf(
      out.shape,
      strides.map((s, i) => s * op.strides[i]),
      start,
    ),
  )
}

export const broadcastKernel: Kernel<"broadcast"> = (_, { operands: [x], out }) => selectionStep(x, out, broadcastMap(x.shape, out.shape))

export const tileKernel: Kernel<"tile"> = (_, { operands: [x], out }) => mappedStep(x, out, (i, axis) => i % x.shape[axis])

export const reverseKernel: Kernel<"reverse"> = (op, { operands: [x], out }) =>
  mappedStep(x, out, (i, axis) => (op.axes.includes(axis) ? x.shape[axis] - 1 - i : i))

export const upsampleKernel: Kernel<"upsample"> = (op, { operands: [x], out }) =>
  mappedStep(x, out, (i, axis) => (axis >= 1 && axis <= op.factors.length ? Math.floor(i / op.factors[axis - 1]) : i))

export const padKernel: Kernel<"pad"> = (op, { operands: [x], out }) => {
  const read = (i: number, axis: number): number => {
    const n = x.shape[axis],
      at = i - whole(op.before[axis])
    if (at >= 0 && at < n) return at
    if (op.mode === "constant") return -1
    const edge = op.mode === "reflect" ? 0 : 1
    return at < 0 ? -at - edge : 2 * n - 2 + edge - at
  }
  return mappedStep(x, out, read, op.mode === "constant" ? op.value : 0)
}

export const bandPartKernel: Kernel<"bandPart"> = (op, { operands: [x], out }) => {
  const columns = x.shape[x.shape.length - 1],
    rows = x.shape[x.shape.length - 2]
  const map = Int32Array.from({ length: out.size }, (_, i) => {
    const row = Math.floor(i / columns) % rows,
      column = i % columns
    return (op.lower < 0 || row - column <= op.lower) && (op.upper < 0 || column - row <= op.upper) ? i : -1
  })
  return selectionStep(x, out, map)
}

/** A selection axis by axis; −1 from any axis means the fill value. */
function mappedStep(x: Buffer, out: Buffer, read: (i: number, axis: number) => number, fill = 0): Step {
  const strides = stridesOf(x.shape),
    outStrides = stridesOf(out.shape)
  const map = Int32Array.from({ length: out.size }, (_, cell) => {
    let at = 0
    for (let axis = 0; axis < out.shape.length; axis++) {
      const from = read(Math.floor(cell / outStrides[axis]) % out.shape[axis], axis)
      if (from < 0) return -1
      at += from * strides[axis]
    }
    return at
  })
  return selectionStep(x, out, map, fill)
}

export const concatKernel: Kernel<"concat"> = (op, { operands, out }) => {
  const strides = stridesOf(out.shape)
  let start = 0
  // One operand's cells as they lie in the result.
  const parts = operands.map((x) => {
    const map = offsetsOf(x.shape, strides, start * strides[op.axis])
    start += x.shape[op.axis]
    return { x, map }
  })
  return {
    forward: () => {
      for (const { x, map } of parts) for (let i = 0; i < map.length; i++) out.value[map[i]] = x.value[i]
    },
    tangent: () => {
      for (const { x, map } of parts) for (let i = 0; i < map.length; i++) out.tangent[map[i]] = x.tangent[i]
    },
    backward: () => {
      for (const { x, map } of parts) if (x.active) for (let i = 0; i < map.length; i++) x.adjoint[i] += out.adjoint[map[i]]
    },
    backwardTangent: () => {
      for (const { x, map } of parts) if (x.active) for (let i = 0; i < map.length; i++) x.adjointTangent[i] += out.adjointTangent[map[i]]
    },
  }
}

/** An index outside the axis reads 0, as tfjs's oneHot and the CPU gather of a padded vocabulary do. */
export const gatherKernel: Kernel<"gather"> = (op, { operands: [x, indices], out }) => {
  const b = op.batchAxes,
    xs = stridesOf(x.shape),
    is = stridesOf(indices.shape)
  const free = indices.shape.length - b,
    middle = op.axis - b,
    n = x.shape[op.axis],
    step = xs[op.axis]
  // Result axes: x's before `axis`, then the indices' free ones, then x's rest.
  const xStrides = [...xs.slice(0, op.axis), ...new Array<number>(free).fill(0), ...xs.slice(op.axis + 1)]
  const iStrides = [
    ...is.slice(0, b),
    ...new Array<number>(middle).fill(0),
    ...is.slice(b),
    ...new Array<number>(x.shape.length - op.axis - 1).fill(0),
  ]
  const base = offsetsOf(out.shape, xStrides),
    pick = offsetsOf(out.shape, iStrides),
    map = new Int32Array(out.size)
  return selectionStep(x, out, map, 0, () => {
    for (let i = 0; i < map.length; i++) {
      const k = indices.value[pick[i]]
      map[i] = k >= 0 && k < n ? base[i] + k * step : -1
    }
  })
}

export const oneHotKernel: Kernel<"oneHot"> = (op, { operands: [x], out }) => {
  const depth = whole(op.depth)
  return constantStep(() => {
    out.value.fill(0)
    for (let i = 0; i < x.size; i++) if (x.value[i] >= 0 && x.value[i] < depth) out.value[i * depth + x.value[i]] = 1
  })
}
