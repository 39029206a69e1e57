/** @file Ops on images and blocks of pixels: resizing as a product with interpolation weights, mirroring, gray, space against depth and batch. */
import type { Dim } from "../../schema/report"
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue } from "../value"
import { emit, flagAt, shape, tensorAt, textAt } from "./call"
import { broadcastTo, reshape } from "../tensor"
import { divideDim, multiplyDim, subtractDim } from "../../graph/dim"
import { numberIn } from "../value"
import { Unreadable } from "../context"

/** [batch, height, width, channels]; tfjs takes a single image as well. */
function withBatch(call: OpCall, body: (x: TensorValue, own: readonly Dim[]) => TensorValue): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    { context, at } = call
  if (own.length === 4) return body(x, own)
  if (own.length !== 3) throw new Unreadable(`${call.name}: expected an image or a batch of images, found [${own.join(", ")}]`)
  const y = body(reshape(context, x, [1, ...own], { at }), [1, ...own])
  return reshape(context, y, shape(call, y).slice(1), { at })
}

/** Weights of the old cells in each new one along an axis. */
function interpolation(from: number, to: number, corners: boolean, half: boolean, nearest: boolean): readonly (readonly [number, number])[][] {
  const step = corners && to > 1 ? (from - 1) / (to - 1) : from / to
  return Array.from({ length: to }, (_, i) => {
    const at = half ? (i + 0.5) * step - 0.5 : i * step
    if (nearest) {
      const exact = half ? (i + 0.5) * step : at
      return [[Math.min(from - 1, Math.max(0, corners ? Math.round(exact) : Math.floor(exact))), 1] as const]
    }
    const low = Math.max(0, Math.floor(at)),
      share = at - low
    return [[low, 1 - share] as const, [Math.min(from - 1, Math.ceil(at)), share] as const]
  })
}

/** Resizes the two spatial axes by one matrix each. */
export function emitResize(call: OpCall, x: TensorValue, size: readonly number[], nearest: boolean, corners: boolean, half: boolean): TensorValue {
  const own = shape(call, x),
    [height, width] = [own[1], own[2]]
  const factors = [divideDim(size[0], height), divideDim(size[1], width)]
  if (nearest && !corners && !half && factors.every((n): n is number => typeof n === "number" && Number.isInteger(n)))
    return emit(call, { kind: "upsample", factors }, [x])
  if (typeof height !== "number" || typeof width !== "number") throw new Unreadable(`${call.name}: the size of the image is not known`)
  const matrix = (from: number, to: number): TensorValue => {
    const values = new Array<number>(from * to).fill(0)
    interpolation(from, to, corners, half, nearest).forEach((cells, i) => cells.forEach(([k, w]) => (values[i * from + k] += w)))
    return emit(call, { kind: "constant", value: { kind: "data", values } }, [], [to, from])
  }
  const rows = emit(call, { kind: "einsum", equation: "bhwc,ih->biwc" }, [x, matrix(height, size[0])])
  return emit(call, { kind: "einsum", equation: "biwc,jw->bijc" }, [rows, matrix(width, size[1])])
}

function resize(nearest: boolean): OpEmitter {
  return (call) => {
    const list = call.args[1],
      size = list?.kind === "array" ? list.items.map(numberIn) : []
    if (size.length !== 2 || !size.every((n): n is number => n !== null)) throw new Unreadable(`${call.name}: the new size is not known`)
    return withBatch(call, (x) => emitResize(call, x, size, nearest, flagAt(call, 2, false), flagAt(call, 3, false)))
  }
}

/** Channels of every pixel to a block of pixels, [b, h, w, s·s·c] → [b, h·s, w·s, c]. */
const depthToSpace: OpEmitter = (call) => {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    s = numberIn(call.args[1]),
    { context, at } = call
  if (textAt(call, 2, "NHWC") !== "NHWC") throw new Unreadable("depthToSpace: the data format NCHW is not read")
  const channels = s === null || own.length !== 4 ? null : divideDim(own[3], s * s)
  if (s === null || channels === null) throw new Unreadable("depthToSpace: the size of the blocks is not known")
  const [b, h, w] = own,
    split = reshape(context, x, [b, h, w, s, s, channels], { at })
  const moved = emit(call, { kind: "transpose", permutation: [0, 1, 3, 2, 4, 5] }, [split])
  return reshape(context, moved, [b, multiplyDim(h, s), multiplyDim(w, s), channels], { at })
}

/** Block sizes and the pairs of cells at the borders, both known numbers. */
function blocks(call: OpCall): { readonly sizes: readonly number[]; readonly borders: readonly (readonly [number, number])[] } {
  const list = call.args[1],
    pairs = call.args[2]
  const sizes = list?.kind === "array" ? list.items.map(numberIn) : []
  const borders = pairs?.kind === "array" ? pairs.items.map((pair) => (pair.kind === "array" ? pair.items.map(numberIn) : [])) : []
  if (
    sizes.length === 0 ||
    sizes.includes(null) ||
    borders.length !== sizes.length ||
    borders.some((pair) => pair.length !== 2 || pair.includes(null))
  )
    throw new Unreadable(`${call.name}: the blocks are not known`)
  return { sizes: sizes as number[], borders: borders as [number, number][] }
}

/** [b, …n, …rest] → [b·∏s, …n/s, …rest]: the place in a block becomes the slowest part of the batch axis. */
const spaceToBatchND: OpEmitter = (call) => {
  const x = tensorAt(call, 0),
    { sizes, borders } = blocks(call),
    { context, at } = call,
    rank = shape(call, x).length,
    m = sizes.length
  const side = (k: 0 | 1): number[] => Array.from({ length: rank }, (_, i) => (i === 0 || i > m ? 0 : borders[i - 1][k]))
  const padded = emit(call, { kind: "pad", before: side(0), after: side(1), mode: "constant", value: 0 }, [x]),
    own = shape(call, padded)
  const small = sizes.map((s, i) => divideDim(own[i + 1], s)).filter((d): d is Dim => d !== null)
  if (small.length !== m) throw new Unreadable("spaceToBatchND: the blocks do not divide the image")
  const split = reshape(context, padded, [own[0], ...small.flatMap((d, i) => [d, sizes[i]]), ...own.slice(m + 1)], { at })
  const inBlock = sizes.map((_, i) => 2 + 2 * i),
    outside = sizes.map((_, i) => 1 + 2 * i)
  const moved = emit(call, { kind: "transpose", permutation: [...inBlock, 0, ...outside, ...own.slice(m + 1).map((_, i) => 1 + 2 * m + i)] }, [
    split,
  ])
  return reshape(context, moved, [sizes.reduce<Dim>(multiplyDim, own[0]), ...small, ...own.slice(m + 1)], { at })
}

const batchToSpaceND: OpEmitter = (call) => {
  const x = tensorAt(call, 0),
    { sizes, borders } = blocks(call),
    { context, at } = call,
    own = shape(call, x),
    m = sizes.length
  const batch = divideDim(
    own[0],
    sizes.reduce((a, b) => a * b, 1),
  )
  if (batch === null) throw new Unreadable("batchToSpaceND: the blocks do not divide the batch")
  const split = reshape(context, x, [...sizes, batch, ...own.slice(1)], { at })
  const pairs = sizes.flatMap((_, i) => [m + 1 + i, i])
  const moved = emit(call, { kind: "transpose", permutation: [m, ...pairs, ...own.slice(m + 1).map((_, i) => 2 * m + 1 + i)] }, [split])
  const large = sizes.map((s, i) => multiplyDim(own[i + 1], s)),
    full = [batch, ...large, ...own.slice(m + 1)]
  const whole = reshape(context, moved, full, { at })
  const cut = full.map((d, i) => (i === 0 || i > m ? d : subtractDim(d, borders[i - 1][0] + borders[i - 1][1])))
  if (cut.every((d, i) => d === full[i])) return whole
  return emit(
    call,
    { kind: "slice", begin: full.map((_, i) => (i === 0 || i > m ? 0 : borders[i - 1][0])), strides: full.map(() => 1) },
    [whole],
    cut,
  )
}

/** The luma weights tfjs uses. */
const luma = [0.2989, 0.587, 0.114]

export const imageOps: Readonly<Record<string, OpEmitter>> = {
  "image.resizeNearestNeighbor": resize(true),
  "image.resizeBilinear": resize(false),
  "image.flipLeftRight": (call) => withBatch(call, (x) => emit(call, { kind: "reverse", axes: [2] }, [x])),
  "image.rgbToGrayscale": (call) => {
    const x = tensorAt(call, 0),
      own = shape(call, x),
      lead = "abdefg".slice(0, own.length - 1)
    const weights = emit(call, { kind: "constant", value: { kind: "data", values: luma } }, [], [3, 1])
    return emit(call, { kind: "einsum", equation: `${lead}c,cz->${lead}z` }, [x, weights])
  },
  "image.grayscaleToRGB": (call) => {
    const x = tensorAt(call, 0),
      own = shape(call, x)
    return broadcastTo(call.context, x, [...own.slice(0, -1), 3], { at: call.at, label: "tf.image.grayscaleToRGB" })
  },
  depthToSpace,
  spaceToBatchND,
  batchToSpaceND,
}
