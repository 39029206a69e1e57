/**
 * @file Ops that tfjs composes of others, composed here the same way: windows, running products, normalization over neighboring channels, the
 * Gram–Schmidt process.
 */
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue } from "../value"
import { axisAt, binary, dimAt, emit, flagAt, numberAt, shape, tensorAt, tensorsAt, unary } from "./call"
import { constant, reshape, sliceAxis } from "../tensor"
import { arrayOf } from "../value"
import { Unreadable } from "../context"

/** a − b·cos(2πi/(n + even − 1)), as tfjs numbers the cells of a window. */
function cosineWindow(call: OpCall, a: number, b: number): TensorValue {
  const length = dimAt(call, 0, "length")
  if (typeof length !== "number") return emit(call, { kind: "constant", value: { kind: "unknown", why: "a window" } }, [], [length])
  const even = 1 - (length % 2)
  const values = Array.from({ length }, (_, i) => a - b * Math.cos((2 * Math.PI * i) / (length + even - 1)))
  return emit(call, { kind: "constant", value: { kind: "data", values } }, [], [length])
}

/** Longer axes would make graphs that nobody reads. */
const mostFactors = 64

/** Products of the cells up to each one; exclusive ones leave the cell itself out, reversed ones start at the end. */
function emitCumprod(call: OpCall): TensorValue {
  const x = tensorAt(call, 0), own = shape(call, x), axis = axisAt(call, 1, own.length, 0), length = own[axis]
  const exclusive = flagAt(call, 2, false), reverse = flagAt(call, 3, false), { context, at } = call
  if (typeof length !== "number" || length > mostFactors) throw new Unreadable(`cumprod: an axis of ${length} cells is not read`)
  const origin = { at, label: "tf.cumprod" }
  const cells = Array.from({ length }, (_, i) => sliceAxis(context, x, axis, reverse ? length - 1 - i : i, 1, origin))
  const one = constant(context, 1, origin, own.map((d, i) => (i === axis ? 1 : d)))
  const products: TensorValue[] = []
  for (const [i, cell] of cells.entries()) {
    const factor = exclusive ? (i === 0 ? one : cells[i - 1]) : cell
    products.push(i === 0 ? factor : binary(call, "multiply", products[i - 1], factor))
  }
  const ordered = reverse ? products.reverse() : products
  return ordered.length === 1 ? ordered[0] : emit(call, { kind: "concat", axis }, ordered)
}

/** x·(bias + α·Σ x²)^(−β), summed over the channels at most `radius` away. */
function emitLocalResponse(call: OpCall): TensorValue {
  const x = tensorAt(call, 0), own = shape(call, x), channels = own.at(-1)
  const [radius, bias, alpha, beta] = [numberAt(call, 1, 5), numberAt(call, 2, 1), numberAt(call, 3, 1), numberAt(call, 4, 0.5)]
  if (typeof channels !== "number") throw new Unreadable("localResponseNormalization: the number of channels is not known")
  const values = Array.from({ length: channels * channels }, (_, k) => (Math.abs(Math.floor(k / channels) - (k % channels)) <= radius ? 1 : 0))
  const near = emit(call, { kind: "constant", value: { kind: "data", values } }, [], [channels, channels])
  const lead = "abdef".slice(0, own.length - 1)
  const squares = emit(call, { kind: "einsum", equation: `${lead}c,cz->${lead}z` }, [unary(call, "square", x), near])
  const number = (value: number): TensorValue => constant(call.context, value, { at: call.at })
  const base = binary(call, "add", binary(call, "multiply", squares, number(alpha)), number(bias))
  return binary(call, "multiply", x, unary(call, "powConstant", base, [-beta]))
}

/** Rows, or a list of vectors, made orthogonal and of length one from the first to the last. */
const emitGramSchmidt: OpEmitter = (call) => {
  const isList = call.args[0]?.kind === "array", { context, at } = call, origin = { at, label: "tf.linalg.gramSchmidt" }
  const vectors = isList ? tensorsAt(call, 0) : rowsOf(call, tensorAt(call, 0))
  const sum = (x: TensorValue): TensorValue => emit(call, { kind: "reduce", fn: "sum", axes: [0], keepDims: false }, [x])
  const made: TensorValue[] = []
  for (const vector of vectors) {
    let rest = vector
    for (const y of made) rest = binary(call, "subtract", rest, binary(call, "multiply", sum(binary(call, "multiply", y, rest)), y))
    made.push(binary(call, "divide", rest, unary(call, "sqrt", sum(unary(call, "square", rest)))))
  }
  if (isList) return arrayOf(made)
  const rows = made.map((y) => reshape(context, y, [1, ...shape(call, y)], origin))
  return rows.length === 1 ? rows[0] : emit(call, { kind: "concat", axis: 0 }, rows)
}

function rowsOf(call: OpCall, x: TensorValue): readonly TensorValue[] {
  const [count, width] = shape(call, x), { context, at } = call, origin = { at, label: "tf.linalg.gramSchmidt" }
  if (typeof count !== "number" || count > mostFactors) throw new Unreadable(`linalg.gramSchmidt: a matrix of ${count} rows is not read`)
  return Array.from({ length: count }, (_, i) => reshape(context, sliceAxis(context, x, 0, i, 1, origin), [width], origin))
}

export const signalOps: Readonly<Record<string, OpEmitter>> = {
  cosineWindow: (call) => cosineWindow(call, numberAt(call, 1, NaN), numberAt(call, 2, NaN)),
  "signal.hannWindow": (call) => cosineWindow(call, 0.5, 0.5),
  "signal.hammingWindow": (call) => cosineWindow(call, 0.54, 0.46),
  cumprod: emitCumprod,
  localResponseNormalization: emitLocalResponse,
  "linalg.gramSchmidt": emitGramSchmidt,
}
