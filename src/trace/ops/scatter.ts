/** @file Ops that address cells by lists of indices: gatherND, scatterND, tensorScatterUpdate, segment sums; each as products with one-hot rows. */
import type { Dim } from "../../schema/report"
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue } from "../value"
import { binary, dimAt, emit, shape, targetAt, tensorAt } from "./call"
import { constant, markIndices, reshape } from "../tensor"
import { productOf } from "../../graph/dim"
import { Unreadable } from "../context"

/** Row-major positions that an [n, k] list of indices means in the first k axes of `sizes`. */
function flatPositions(call: OpCall, indices: TensorValue, sizes: readonly Dim[]): { readonly positions: TensorValue; readonly depth: number } {
  const own = shape(call, indices), depth = own.at(-1)
  if (typeof depth !== "number" || depth < 1 || depth > sizes.length) throw new Unreadable(`${call.name}: the length of an index is not known`)
  const lead = own.slice(0, -1), { context, at } = call
  if (depth === 1) {
    markIndices(indices, sizes[0], "row")
    return { positions: reshape(context, indices, lead, { at }), depth }
  }
  const held = indices.source.kind === "op" && indices.source.op.kind === "constant" ? indices.source.op.value : null
  const values = held?.kind === "data" ? held.values : held?.kind === "fill" ? Array.from({ length: Number(productOf(own)) }, () => held.value) : null
  const known = sizes.slice(0, depth).filter((d): d is number => typeof d === "number")
  if (values === null || known.length < depth) throw new Unreadable(`${call.name}: indices of several axes that are not known`)
  const flat = Array.from({ length: values.length / depth }, (_, row) =>
    known.reduce((sum, size, axis) => sum * size + values[row * depth + axis], 0))
  return { positions: emit(call, { kind: "constant", value: { kind: "data", values: flat } }, [], lead, "int"), depth }
}

const gatherND: OpEmitter = (call) => {
  const x = tensorAt(call, 0), own = shape(call, x)
  const { positions, depth } = flatPositions(call, tensorAt(call, 1), own)
  const rows = depth === 1 ? x : reshape(call.context, x, [productOf(own.slice(0, depth)), ...own.slice(depth)], { at: call.at })
  return emit(call, { kind: "gather", axis: 0, batchAxes: 0 }, [rows, positions])
}

/** Σ over rows n of onehot(position n) ⊗ updates n: cells that are named twice get the sum, as tfjs gives it. */
function scattered(call: OpCall, indices: TensorValue, updates: TensorValue, target: readonly Dim[]): TensorValue {
  const { positions, depth } = flatPositions(call, indices, target), { context, at } = call
  const cells = productOf(target.slice(0, depth)), rest = target.slice(depth)
  const count = productOf(shape(call, positions))
  const hot = emit(call, { kind: "oneHot", depth: cells }, [reshape(context, positions, [count], { at })])
  const flat = reshape(context, updates, [count, productOf(rest)], { at })
  return reshape(context, emit(call, { kind: "einsum", equation: "nc,nr->cr" }, [hot, flat]), target, { at })
}

/** The cells named by the indices become the updates; tfjs lets the last of equal indices win, which only differing ones do not need. */
const tensorScatterUpdate: OpEmitter = (call) => {
  const x = tensorAt(call, 0), own = shape(call, x), indices = tensorAt(call, 1), updates = tensorAt(call, 2)
  const { positions } = flatPositions(call, indices, own)
  const held = positions.source.kind === "op" && positions.source.op.kind === "constant" ? positions.source.op.value : null
  const listed = indices.source.kind === "op" && indices.source.op.kind === "constant" ? indices.source.op.value : held
  const rows = held?.kind === "data" ? held.values : listed?.kind === "data" ? listed.values : null
  const single = productOf(shape(call, positions)) === 1
  if (!single && (rows === null || new Set(rows).size !== rows.length)) throw new Unreadable("tensorScatterUpdate: indices that may be equal")
  const { context, at } = call
  const touched = scattered(call, indices, constant(context, 1, { at }, shape(call, updates)), own)
  const kept = binary(call, "multiply", x, binary(call, "subtract", constant(context, 1, { at }), touched))
  return binary(call, "add", kept, scattered(call, indices, updates, own))
}

/** Rows of x with the same number are added. */
const unsortedSegmentSum: OpEmitter = (call) => {
  const x = tensorAt(call, 0), own = shape(call, x), ids = tensorAt(call, 1), count = dimAt(call, 2, "segments")
  if (shape(call, ids).length !== 1) throw new Unreadable("unsortedSegmentSum: expected a list of segment numbers")
  markIndices(ids, count, "hot")
  const hot = emit(call, { kind: "oneHot", depth: count }, [ids])
  const flat = reshape(call.context, x, [own[0], productOf(own.slice(1))], { at: call.at })
  return reshape(call.context, emit(call, { kind: "einsum", equation: "nc,nr->cr" }, [hot, flat]), [count, ...own.slice(1)], { at: call.at })
}

export const scatterOps: Readonly<Record<string, OpEmitter>> = {
  gatherND,
  scatterND: (call) => scattered(call, tensorAt(call, 0), tensorAt(call, 1), targetAt(call, 2)),
  tensorScatterUpdate,
  unsortedSegmentSum,
}
