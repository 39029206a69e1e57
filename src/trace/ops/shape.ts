/** @file Ops that move values without changing them: reshape, transpose, slice, split, concat, stack, gather, pad, tile and their kin. */
import type { Dim } from "../../schema/report"
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue } from "../value"
import { absent, axesAt, axisAt, binary, dimAt, emit, numberAt, shape, targetAt, tensorAt, tensorsAt } from "./call"
import { arrayOf, numberIn, primitive } from "../value"
import { tellFloatIndices } from "./indexType"
import { readTensor } from "../interpreter/readings"
import { broadcastTo, markIndices, reshape, reshapeTarget, sliceAxis } from "../tensor"
import { divideDim, productOf, subtractDim, addDim } from "../../graph/dim"
import { assume, isFreeSymbol, resolveDim, unifyDims, Unreadable } from "../context"
import { needRank } from "../rank"

const shaped = (call: OpCall, x: TensorValue, target: readonly Dim[]): TensorValue =>
  reshape(call.context, x, reshapeTarget(call.context, shape(call, x), target), { at: call.at, label: `tf.${call.name}` })

function emitTranspose(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    rank = shape(call, x).length
  if (absent(call, 1)) return emit(call, { kind: "transpose", permutation: Array.from({ length: rank }, (_, i) => rank - 1 - i) }, [x])
  const list = call.args[1]
  const permutation = list?.kind === "array" ? list.items.map((item) => numberIn(item)) : []
  if (permutation.length === 0 || permutation.some((axis) => axis === null)) throw new Unreadable("transpose: the permutation is not known")
  needRank(x, permutation.length)
  return emit(
    call,
    { kind: "transpose", permutation: permutation.map((axis) => ((axis as number) < 0 ? (axis as number) + rank : (axis as number))) },
    [x],
  )
}

/** tf.slice(x, begin, size): one number or one an axis; a missing or −1 size takes the rest. */
function emitSlice(given: OpCall): TensorValue {
  const call = takeReadCells(given)
  const x = tensorAt(call, 0),
    own = shape(call, x),
    begins = targetAt(call, 1)
  if (begins.length > own.length) needRank(x, begins.length)
  const sizes = absent(call, 2) ? [] : targetAt(call, 2)
  const begin = own.map((_, i) => begins[i] ?? 0)
  const extent = own.map((d, i) => (sizes[i] === undefined || sizes[i] === -1 ? subtractDim(d, begin[i]) : sizes[i]))
  if (begin.every((b) => b === 0) && extent.every((d, i) => d === own[i])) return x
  return emit(call, { kind: "slice", begin, strides: own.map(() => 1) }, [x], extent)
}

/** A single place that was read out of a tensor is looked up along its axis; the slice then takes all of that one entry. */
function takeReadCells(call: OpCall): OpCall {
  const list = call.args[1], sizes = call.args[2]
  if (list?.kind !== "array") return call
  let x = tensorAt(call, 0)
  const begins = list.items.map((item, axis) => {
    const cell = readTensor(call.context, item)
    if (cell === null) return item
    const wanted = sizes?.kind === "array" ? numberIn(sizes.items[axis]) : null
    if (wanted !== 1 || shape(call, cell).length > 0)
      throw new Unreadable(`${call.name}: a place that is read out of a tensor, for more than one entry`)
    x = emit(call, { kind: "gather", axis, batchAxes: 0 }, [x, reshape(call.context, cell, [1], { at: call.at })])
    return primitive(0)
  })
  return { ...call, args: [x, arrayOf(begins), ...call.args.slice(2)] }
}

function emitStridedSlice(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    begins = targetAt(call, 1),
    ends = targetAt(call, 2)
  const [openBegin, openEnd, ellipsis, newAxes, shrunk] = [4, 5, 6, 7, 8].map((i) => numberAt(call, i, 0))
  if (ellipsis !== 0 || newAxes !== 0) throw new Unreadable("stridedSlice: masks for ellipses and new axes are not read")
  const has = (mask: number, axis: number): boolean => ((mask >> axis) & 1) === 1
  const strides = own.map((_, i) => (absent(call, 3) || call.args[3].kind !== "array" ? 1 : (numberIn(call.args[3].items[i]) ?? 1)))
  const bound = (d: Dim, size: Dim): Dim => (typeof d === "number" && d < 0 ? addDim(size, d) : d)
  const within = (d: Dim, low: number, size: Dim): Dim =>
    typeof d === "number" && typeof size === "number" ? Math.min(Math.max(d, low), low + size) : d
  const begin = own.map((d, i) => {
    const down = strides[i] < 0, open = begins[i] === undefined || has(openBegin, i)
    return open ? (down ? subtractDim(d, 1) : 0) : within(bound(begins[i], d), down ? -1 : 0, d)
  })
  const extent = own.map((d, i) => {
    if (has(shrunk, i)) return 1
    const down = strides[i] < 0, open = ends[i] === undefined || has(openEnd, i)
    const end = open ? (down ? -1 : d) : within(bound(ends[i], d), down ? -1 : 0, d)
    const length = subtractDim(end, begin[i])
    if (strides[i] === 1) return length
    if (typeof length === "number") return Math.max(0, Math.ceil(length / strides[i]))
    const quotient = divideDim(length, strides[i])
    if (quotient === null) throw new Unreadable("stridedSlice: the extent is not known")
    return quotient
  })
  const part = emit(call, { kind: "slice", begin, strides: strides.map((n, i) => (has(shrunk, i) ? 1 : n)) }, [x], extent)
  if (shrunk === 0) return part
  return reshape(call.context, part, extent.filter((_, i) => !has(shrunk, i)), { at: call.at, label: "tf.stridedSlice" })
}

function emitSplit(call: OpCall): ReturnType<OpEmitter> {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    axis = axisAt(call, 2, own.length, 0),
    sections = call.args[1]
  let sizes: readonly Dim[]
  if (sections?.kind === "array") {
    const given = targetAt(call, 1),
      open = given.indexOf(-1)
    sizes = open < 0 ? given : given.map((d, i) => (i === open ? subtractDim(own[axis], given.filter((_, k) => k !== open).reduce(addDim, 0)) : d))
  } else {
    const count = numberIn(sections)
    if (count === null || count < 1 || count > 512) throw new Unreadable("split: the number of parts is not known")
    const each = divideDim(own[axis], count)
    if (each === null) throw new Unreadable(`split: ${own[axis]} does not divide into ${count} parts`)
    sizes = Array.from({ length: count }, () => each)
  }
  let from: Dim = 0
  return arrayOf(
    sizes.map((size) => {
      const part = sliceAxis(call.context, x, axis, from, size, { at: call.at, label: "tf.split" })
      from = addDim(from, size)
      return part
    }),
  )
}

function emitConcat(call: OpCall, tensors: readonly TensorValue[], axisArgument: number): TensorValue {
  const rank = shape(call, tensors[0]).length,
    axis = axisAt(call, axisArgument, rank, 0)
  return tensors.length === 1 ? tensors[0] : emit(call, { kind: "concat", axis }, tensors)
}

function emitStack(call: OpCall): TensorValue {
  const tensors = tensorsAt(call, 0),
    first = shape(call, tensors[0]),
    axis = axisAt(call, 1, first.length + 1, 0)
  const expanded = tensors.map((t) => {
    const own = shape(call, t)
    own.forEach((d, i) => first[i] !== undefined && unifyDims(call.context, first[i], d))
    return reshape(call.context, t, [...own.slice(0, axis), 1, ...own.slice(axis)], { at: call.at, label: "tf.stack" })
  })
  return expanded.length === 1 ? expanded[0] : emit(call, { kind: "concat", axis }, expanded)
}

function emitUnstack(call: OpCall): ReturnType<OpEmitter> {
  const x = tensorAt(call, 0), own = shape(call, x), axis = axisAt(call, 1, own.length, 0)
  if (isFreeSymbol(own[axis])) {
    call.context.state.solution.set(own[axis], unrolledSize)
    assume(call.context, `${String(own[axis]).replace(/\u00b7\d+$/, "")} is read as ${unrolledSize} entries`, { symbols: [own[axis]] })
  }
  const size = resolveDim(call.context, own[axis])
  if (typeof size !== "number" || size > 2048) throw new Unreadable(`unstack: the size of axis ${axis} is not known`)
  return arrayOf(
    Array.from({ length: size }, (_, i) => {
      const part = sliceAxis(call.context, x, axis, i, 1, { at: call.at, label: "tf.unstack" })
      return reshape(call.context, part, shape(call, x).filter((_d, k) => k !== axis), { at: call.at })
    }),
  )
}

/** How many entries an axis nobody states is unstacked into. */
const unrolledSize = 3

function emitSqueeze(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x)
  const axes = absent(call, 1) ? own.flatMap((d, i) => (d === 1 ? [i] : [])) : axesAt(call, 1, own.length)
  for (const axis of axes)
    if (own[axis] !== 1 && !unifyDims(call.context, own[axis], 1)) throw new Unreadable(`squeeze: axis ${axis} has size ${own[axis]}`)
  return reshape(
    call.context,
    x,
    own.filter((_, i) => !axes.includes(i)),
    { at: call.at, label: "tf.squeeze" },
  )
}

function emitGather(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    indices = tensorAt(call, 1),
    own = shape(call, x),
    axis = axisAt(call, 2, own.length, 0),
    batchAxes = numberAt(call, 3, 0)
  markIndices(indices, own[axis], "row")
  tellFloatIndices(call, indices)
  return emit(call, { kind: "gather", axis, batchAxes }, [x, indices])
}

/** tf.pad(x, [[before, after], …], value), and pad1d … pad4d. */
function emitPad(call: OpCall, mode: "constant" | "reflect" | "symmetric"): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    list = call.args[1]
  const rows = list?.kind === "array" ? list.items : []
  const flat = own.length === 1 && rows.length === 2 && rows.every((row) => row.kind !== "array")
  const pairs = flat ? [rows] : rows.map((row) => (row.kind === "array" ? row.items : []))
  if (pairs.length !== own.length || pairs.some((pair) => pair.length !== 2)) throw new Unreadable("pad: expected a pair of sizes for every axis")
  const side = (k: number): readonly Dim[] => pairs.map((pair) => targetAt({ ...call, args: [pair[k]] }, 0)[0])
  return emit(call, { kind: "pad", before: side(0), after: side(1), mode, value: mode === "constant" ? numberAt(call, 2, 0) : 0 }, [x])
}

function emitTile(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    repeats = targetAt(call, 1)
  if (repeats.length > own.length) needRank(x, repeats.length)
  if (repeats.every((n) => n === 1)) return x
  // Repeating an axis of size 1 is broadcasting, which keeps more structure.
  if (own.every((d, i) => repeats[i] === 1 || d === 1))
    return broadcastTo(
      call.context,
      x,
      own.map((d, i) => (d === 1 ? repeats[i] : d)),
      { at: call.at, label: "tf.tile" },
    )
  return emit(call, { kind: "tile", repeats }, [x])
}

function emitOneHot(call: OpCall): TensorValue {
  const indices = tensorAt(call, 0),
    depth = dimAt(call, 1, "classes"),
    on = numberAt(call, 2, 1),
    off = numberAt(call, 3, 0)
  markIndices(indices, depth, "hot")
  tellFloatIndices(call, indices)
  const hot = emit(call, { kind: "oneHot", depth }, [indices])
  if (on === 1 && off === 0) return hot
  const scaled = binary(call, "multiply", hot, emit(call, { kind: "constant", value: { kind: "fill", value: on - off } }, [], []))
  return binary(call, "add", scaled, emit(call, { kind: "constant", value: { kind: "fill", value: off } }, [], []))
}

function fixedRank(rank: number): OpEmitter {
  return (call) => {
    const x = tensorAt(call, 0)
    if (rank === 0) return shaped(call, x, [])
    if (rank === 1) return shaped(call, x, [productOf(shape(call, x))])
    return shaped(
      call,
      x,
      Array.from({ length: rank }, (_, i) => dimAt(call, i + 1, "n")),
    )
  }
}

const bandPart: OpEmitter = (call) =>
  emit(call, { kind: "bandPart", lower: numberAt(call, 1, -1), upper: numberAt(call, 2, -1) }, [tensorAt(call, 0)])

export const shapeOps: Readonly<Record<string, OpEmitter>> = {
  reshape: (call) => {
    const x = tensorAt(call, 0)
    return shaped(call, x, targetAt(call, 1))
  },
  reshapeAs: (call) => shaped(call, tensorAt(call, 0), shape(call, tensorAt(call, 1))),
  flatten: fixedRank(1),
  as1D: fixedRank(1),
  asScalar: fixedRank(0),
  as2D: fixedRank(2),
  as3D: fixedRank(3),
  as4D: fixedRank(4),
  as5D: fixedRank(5),
  ensureShape: (call) => tensorAt(call, 0),
  transpose: emitTranspose,
  slice: emitSlice,
  slice1d: emitSlice,
  slice2d: emitSlice,
  slice3d: emitSlice,
  slice4d: emitSlice,
  stridedSlice: emitStridedSlice,
  split: emitSplit,
  unstack: emitUnstack,
  stack: emitStack,
  squeeze: emitSqueeze,
  concat: (call) =>
    call.args[0]?.kind === "array" ? emitConcat(call, tensorsAt(call, 0), 1) : emitConcat(call, [tensorAt(call, 0), ...tensorsAt(call, 1)], 2),
  concat1d: (call) => emitConcat(call, tensorsAt(call, 0), 1),
  concat2d: (call) => emitConcat(call, tensorsAt(call, 0), 1),
  concat3d: (call) => emitConcat(call, tensorsAt(call, 0), 1),
  concat4d: (call) => emitConcat(call, tensorsAt(call, 0), 1),
  expandDims: (call) => {
    const x = tensorAt(call, 0),
      own = shape(call, x),
      axis = axisAt(call, 1, own.length + 1, 0)
    return reshape(call.context, x, [...own.slice(0, axis), 1, ...own.slice(axis)], { at: call.at, label: "tf.expandDims" })
  },
  gather: emitGather,
  pad: (call) => emitPad(call, "constant"),
  pad1d: (call) => emitPad(call, "constant"),
  pad2d: (call) => emitPad(call, "constant"),
  pad3d: (call) => emitPad(call, "constant"),
  pad4d: (call) => emitPad(call, "constant"),
  mirrorPad: (call) => {
    const mode = call.args[2]?.kind === "primitive" ? call.args[2].value : null
    if (mode !== "reflect" && mode !== "symmetric") throw new Unreadable("mirrorPad: the mode is not known")
    return emitPad(call, mode)
  },
  tile: emitTile,
  broadcastTo: (call) => broadcastTo(call.context, tensorAt(call, 0), targetAt(call, 1), { at: call.at, label: "tf.broadcastTo" }),
  reverse1d: (call) => emit(call, { kind: "reverse", axes: [0] }, [tensorAt(call, 0)]),
  ...Object.fromEntries(
    [2, 3, 4].map((rank): [string, OpEmitter] => [
      `reverse${rank}d`,
      (call) => emit(call, { kind: "reverse", axes: axesAt(call, 1, rank) }, [tensorAt(call, 0)]),
    ]),
  ),
  reverse: (call) => emit(call, { kind: "reverse", axes: axesAt(call, 1, shape(call, tensorAt(call, 0)).length) }, [tensorAt(call, 0)]),
  oneHot: emitOneHot,
  "linalg.bandPart": bandPart,
}
