/** @file Reductions, softmax, norms, moments, scans and top-k as graph ops. */
import type { OpCall, OpEmitter } from "./call"
import type { ReduceFunction } from "../../graph/op"
import type { TensorValue } from "../value"
import { absent, axesAt, axisAt, binary, emit, flagAt, numberAt, shape, tensorAt, unary } from "./call"
import { numberIn, objectOf, stringIn } from "../value"
import { axisOf, dimOf, reshape } from "../tensor"
import { settleCount } from "../interpreter/sizes"
import { productOf } from "../../graph/dim"
import { Unreadable } from "../context"

function reduce(fn: ReduceFunction): OpEmitter {
  return (call) => {
    const x = tensorAt(call, 0)
    return emit(call, { kind: "reduce", fn, axes: axesAt(call, 1, shape(call, x).length), keepDims: flagAt(call, 2, false) }, [x])
  }
}

function softmax(log: boolean): OpEmitter {
  return (call) => {
    const x = tensorAt(call, 0),
      rank = shape(call, x).length
    return emit(call, { kind: "softmax", axis: axisAt(call, 1, rank, -1), log }, [x])
  }
}

/** max + log Σ exp(x − max): what tfjs computes; written with the same ops so that every rule applies. */
function emitLogSumExp(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    axes = axesAt(call, 1, shape(call, x).length),
    keep = flagAt(call, 2, false)
  const max = emit(call, { kind: "reduce", fn: "max", axes, keepDims: true }, [x])
  const sum = emit(call, { kind: "reduce", fn: "sum", axes, keepDims: true }, [unary(call, "exp", binary(call, "subtract", x, max))])
  const result = binary(call, "add", max, unary(call, "log", sum))
  return keep
    ? result
    : reshape(
        call.context,
        result,
        shape(call, result).filter((_, i) => !axes.includes(i)),
        { at: call.at },
      )
}

function emitMoments(call: OpCall): ReturnType<OpEmitter> {
  const x = tensorAt(call, 0),
    axes = axesAt(call, 1, shape(call, x).length),
    keep = flagAt(call, 2, false)
  const mean = emit(call, { kind: "reduce", fn: "mean", axes, keepDims: true }, [x])
  const squares = unary(call, "square", binary(call, "subtract", x, mean))
  const variance = emit(call, { kind: "reduce", fn: "mean", axes, keepDims: keep }, [squares])
  const shown = keep
    ? mean
    : reshape(
        call.context,
        mean,
        shape(call, mean).filter((_, i) => !axes.includes(i)),
        { at: call.at },
      )
  return objectOf([
    ["mean", shown],
    ["variance", variance],
  ])
}

/** tf.norm: Euclidean unless an order is given; along two axes the orders are those of matrices. */
function emitNorm(call: OpCall): TensorValue {
  const given = tensorAt(call, 0),
    order = absent(call, 1) ? "euclidean" : (stringIn(call.args[1]) ?? numberIn(call.args[1]))
  const rank = shape(call, given).length,
    keepDims = flagAt(call, 3, false)
  // Without axes tfjs takes all cells as one vector.
  const x = absent(call, 2) && rank !== 1 ? reshape(call.context, given, [productOf(shape(call, given))], { at: call.at, label: "tf.norm" }) : given
  const list = call.args[2], axes = absent(call, 2) ? [0] : (list?.kind === "array" ? list.items : [list]).map((item) => axisOf(item, rank, 0))
  const over = (fn: ReduceFunction, y: TensorValue, along: readonly number[], keep = keepDims): TensorValue =>
    emit(call, { kind: "reduce", fn, axes: [...along].sort((a, b) => a - b), keepDims: keep }, [y])
  /** A sum along one axis, then an extreme along the other. */
  const columns = (fn: ReduceFunction, inner: number, outer: number): TensorValue => {
    const y = over(fn, over("sum", unary(call, "abs", x), [inner], true), [outer], true)
    const kept = shape(call, y).filter((_, i) => !axes.includes(i))
    return keepDims ? y : reshape(call.context, y, kept, { at: call.at, label: "tf.norm" })
  }
  const euclidean = (): TensorValue => unary(call, "sqrt", over("sum", unary(call, "square", x), axes))
  const restored = (y: TensorValue): TensorValue =>
    keepDims && absent(call, 2) && rank !== 1 ? reshape(call.context, y, shape(call, given).map(() => 1), { at: call.at, label: "tf.norm" }) : y
  if (axes.length === 1) {
    if (order === 1) return restored(over("sum", unary(call, "abs", x), axes))
    if (order === Infinity) return restored(over("max", unary(call, "abs", x), axes))
    if (order === -Infinity) return restored(over("min", unary(call, "abs", x), axes))
    if (order === "euclidean" || order === 2 || order === "fro") return restored(euclidean())
  } else if (axes.length === 2) {
    if (order === 1) return columns("max", axes[0], axes[1])
    if (order === Infinity) return columns("max", axes[1], axes[0])
    if (order === -Infinity) return columns("min", axes[1], axes[0])
    if (order === "euclidean" || order === "fro") return euclidean()
  }
  throw new Unreadable(`norm of order ${String(order)} is not read`)
}

function emitCumsum(call: OpCall): TensorValue {
  const x = tensorAt(call, 0)
  return emit(
    call,
    { kind: "cumsum", axis: axisAt(call, 1, shape(call, x).length, 0), exclusive: flagAt(call, 2, false), reverse: flagAt(call, 3, false) },
    [x],
  )
}

function argExtreme(fn: "max" | "min"): OpEmitter {
  return (call) => {
    const x = tensorAt(call, 0)
    return emit(call, { kind: "argExtreme", fn, axis: axisAt(call, 1, shape(call, x).length, 0) }, [x])
  }
}

/** How many entries tf.topk takes: a number, or a size nobody states that gets one. */
function chosenCount(call: OpCall): number {
  const given = call.args[1]
  if (absent(call, 1) || numberIn(given) !== null || given.kind === "primitive") return numberAt(call, 1, 1)
  const count = settleCount(call.context, dimOf(call.context, given, "k"), "the number of entries that are kept is")
  if (count === null) throw new Unreadable("the number of entries that are kept is not known")
  return count
}

export const reduceOps: Readonly<Record<string, OpEmitter>> = {
  sum: reduce("sum"),
  mean: reduce("mean"),
  max: reduce("max"),
  min: reduce("min"),
  prod: reduce("prod"),
  any: reduce("any"),
  all: reduce("all"),
  softmax: softmax(false),
  logSoftmax: softmax(true),
  logSumExp: emitLogSumExp,
  moments: emitMoments,
  norm: emitNorm,
  euclideanNorm: (call) =>
    emitNorm({
      ...call,
      args: [call.args[0], ...[undefined, call.args[1], call.args[2]].map((v) => v ?? { kind: "primitive" as const, value: undefined })],
    }),
  cumsum: emitCumsum,
  argMax: argExtreme("max"),
  argMin: argExtreme("min"),
  topk: (call) => {
    const x = tensorAt(call, 0), k = chosenCount(call)
    return objectOf([
      ["values", emit(call, { kind: "topK", k, output: "values" }, [x])],
      ["indices", emit(call, { kind: "topK", k, output: "indices" }, [x])],
    ])
  },
}
