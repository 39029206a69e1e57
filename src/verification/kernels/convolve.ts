/**
 * @file Kernels of convolutions and pools. Their geometry, once and for all batches and channels, is a list of taps: which cell of the
 * input meets which cell of the kernel in which cell of the result. A transposed convolution is the same list with input and result exchanged.
 */
import type { Padding } from "../../graph/op"
import type { Buffer, Kernel } from "./kernel"
import { linearStep, selectionStep, sizeOf } from "./kernel"

export interface Taps {
  /** Spatial cells, row-major, one entry a tap. */
  readonly out: Int32Array
  readonly input: Int32Array
  readonly kernel: Int32Array
}

/** Cells of padding before an axis: tfjs puts the smaller half of "same" padding first. */
function padBefore(padding: Padding, axis: number, input: number, out: number, window: number, stride: number, dilation: number): number {
  if (padding === "valid") return 0
  if (padding !== "same") return padding[axis]?.[0] ?? 0
  return Math.floor(Math.max((out - 1) * stride + (window - 1) * dilation + 1 - input, 0) / 2)
}

/** All taps of a window moving over `input` spatial cells. */
export function listTaps(
  input: readonly number[],
  out: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  padding: Padding,
): Taps {
  let taps: { out: number; input: number; kernel: number }[] = [{ out: 0, input: 0, kernel: 0 }]
  input.forEach((n, axis) => {
    const dilation = dilations[axis] ?? 1,
      before = padBefore(padding, axis, n, out[axis], window[axis], strides[axis], dilation)
    const next: typeof taps = []
    for (const tap of taps)
      for (let o = 0; o < out[axis]; o++)
        for (let k = 0; k < window[axis]; k++) {
          const i = o * strides[axis] + k * dilation - before
          if (i >= 0 && i < n) next.push({ out: tap.out * out[axis] + o, input: tap.input * n + i, kernel: tap.kernel * window[axis] + k })
        }
    taps = next
  })
  return { out: Int32Array.from(taps, (t) => t.out), input: Int32Array.from(taps, (t) => t.input), kernel: Int32Array.from(taps, (t) => t.kernel) }
}

type Bilinear = (x: Float64Array, w: Float64Array, y: Float64Array) => void

export const convolveKernel: Kernel<"convolve"> = (op, { operands: [x, w], out }) => {
  const n = op.strides.length,
    spatial = x.shape.slice(1, n + 1),
    outSpatial = out.shape.slice(1, n + 1),
    window = w.shape.slice(0, n)
  const turned = op.variant === "transposed"
  const forward = turned
    ? listTaps(outSpatial, spatial, window, op.strides, op.dilations, op.padding)
    : listTaps(spatial, outSpatial, window, op.strides, op.dilations, op.padding)
  const taps: Taps = turned ? { out: forward.input, input: forward.out, kernel: forward.kernel } : forward
  const { product, toX, toW } = op.variant === "depthwise" ? depthwise(taps, x, w, out) : standard(taps, x, w, out)
  return {
    forward: () => {
      out.value.fill(0)
      product(x.value, w.value, out.value)
    },
    tangent: () => {
      out.tangent.fill(0)
      if (x.moves) product(x.tangent, w.value, out.tangent)
      if (w.moves) product(x.value, w.tangent, out.tangent)
    },
    backward: () => {
      if (x.active) toX(x.adjoint, w.value, out.adjoint)
      if (w.active) toW(x.value, w.adjoint, out.adjoint)
    },
    backwardTangent: () => {
      if (x.active) {
        toX(x.adjointTangent, w.value, out.adjointTangent)
        if (w.moves) toX(x.adjointTangent, w.tangent, out.adjoint)
      }
      if (w.active) {
        toW(x.value, w.adjointTangent, out.adjointTangent)
        if (x.moves) toW(x.tangent, w.adjointTangent, out.adjoint)
      }
    },
  }
}

interface Products {
  /** y += x ∗ w */
  readonly product: Bilinear
  /** x += transpose in x of (w, y) */
  readonly toX: Bilinear
  /** w += transpose in w of (x, y) */
  readonly toW: Bilinear
}

function standard(taps: Taps, xb: Buffer, wb: Buffer, yb: Buffer): Products {
  const batch = xb.shape[0],
    cin = wb.shape[wb.shape.length - 2],
    cout = wb.shape[wb.shape.length - 1],
    count = taps.out.length
  const xCells = sizeOf(xb.shape.slice(1, -1)),
    yCells = sizeOf(yb.shape.slice(1, -1))
  /** Visits the first cells of every product of a row of x with a matrix of w. */
  const visit = (each: (x: number, w: number, y: number) => void): void => {
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < count; t++) each((b * xCells + taps.input[t]) * cin, taps.kernel[t] * cin * cout, (b * yCells + taps.out[t]) * cout)
  }
  return {
    product: (x, w, y) =>
      visit((xo, wo, yo) => {
        for (let i = 0, q = wo; i < cin; i++) {
          const v = x[xo + i]
          for (let o = 0; o < cout; o++, q++) y[yo + o] += v * w[q]
        }
      }),
    toX: (x, w, y) =>
      visit((xo, wo, yo) => {
        for (let i = 0, q = wo; i < cin; i++) {
          let sum = 0
          for (let o = 0; o < cout; o++, q++) sum += y[yo + o] * w[q]
          x[xo + i] += sum
        }
      }),
    toW: (x, w, y) =>
      visit((xo, wo, yo) => {
        for (let i = 0, q = wo; i < cin; i++) {
          const v = x[xo + i]
          for (let o = 0; o < cout; o++, q++) w[q] += v * y[yo + o]
        }
      }),
  }
}

/** Channel c of x goes to channels c·m … c·m + m − 1 of y. */
function depthwise(taps: Taps, xb: Buffer, wb: Buffer, yb: Buffer): Products {
  const batch = xb.shape[0],
    channels = wb.shape[wb.shape.length - 2],
    m = wb.shape[wb.shape.length - 1],
    wide = channels * m,
    count = taps.out.length
  const xCells = sizeOf(xb.shape.slice(1, -1)),
    yCells = sizeOf(yb.shape.slice(1, -1))
  const visit = (each: (x: number, w: number, y: number) => void): void => {
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < count; t++) {
        const xo = (b * xCells + taps.input[t]) * channels,
          yo = (b * yCells + taps.out[t]) * wide,
          wo = taps.kernel[t] * wide
        for (let c = 0; c < wide; c++) each(xo + Math.floor(c / m), wo + c, yo + c)
      }
  }
  return {
    product: (x, w, y) =>
      visit((i, k, o) => {
        y[o] += x[i] * w[k]
      }),
    toX: (x, w, y) =>
      visit((i, k, o) => {
        x[i] += y[o] * w[k]
      }),
    toW: (x, w, y) =>
      visit((i, k, o) => {
        w[k] += x[i] * y[o]
      }),
  }
}

export const poolKernel: Kernel<"pool"> = (op, { operands: [x], out }) => {
  const n = op.window.length,
    channels = x.shape[n + 1],
    batch = x.shape[0]
  const spatial = x.shape.slice(1, n + 1),
    outSpatial = out.shape.slice(1, n + 1)
  const taps = listTaps(spatial, outSpatial, op.window, op.strides, [], op.padding)
  const xCells = sizeOf(spatial),
    yCells = sizeOf(outSpatial),
    count = taps.out.length
  const visit = (each: (from: number, to: number, cell: number) => void): void => {
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < count; t++) {
        const xo = (b * xCells + taps.input[t]) * channels,
          yo = (b * yCells + taps.out[t]) * channels
        for (let c = 0; c < channels; c++) each(xo + c, yo + c, taps.out[t])
      }
  }
  if (op.fn === "max") {
    const map = new Int32Array(out.size)
    return selectionStep(x, out, map, 0, () => {
      map.fill(-1)
      visit((from, to) => {
        if (map[to] < 0 || x.value[from] > x.value[map[to]]) map[to] = from
      })
    })
  }
  const weights = new Float64Array(yCells)
  for (let t = 0; t < count; t++) weights[taps.out[t]]++
  for (let c = 0; c < yCells; c++) weights[c] = weights[c] === 0 ? 0 : 1 / weights[c]
  return linearStep(
    x,
    out,
    (from, to) => {
      to.fill(0)
      visit((i, o, cell) => {
        to[o] += weights[cell] * from[i]
      })
    },
    (from, to) =>
      visit((i, o, cell) => {
        to[i] += weights[cell] * from[o]
      }),
  )
}
