/** @file The functions of tf.losses and tf.metrics inside a loss that is followed, as operations. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { DataReader } from "./data"
import type { Op } from "../../graph/op"
import type { TensorValue, Value } from "../value"
import { canonicalLoss, isScalar, lossDefinitions, type LossWriter } from "../../graph/lossFunctions"
import { constant, makeInput, makeTensor, shapeOf } from "../tensor"
import { isNullish } from "../value"

/** The value of `tf.losses.f(labels, predictions)` or of a metric; null where it is not read: weights of entries, other reductions. */
export function callLoss(context: Context, path: string, args: readonly Value[], at: TypeScript.Node, data: DataReader): Value | null {
  const [home, name = ""] = path.split("."), [labels, predictions, ...more] = args, canonical = canonicalLoss(name)
  const isRead = Object.hasOwn(lossDefinitions, canonical) && (canonical === "cosineDistance" || more.every(isNullish))
  if (!isRead || labels === undefined || predictions === undefined) return null
  // A tensor of class numbers would have to be made one-hot first.
  if (canonical === "sparseCategoricalCrossentropy" && labels.kind === "tensor") return null
  const { labels: kind, of } = lossDefinitions[canonical], w = writerFor(context, at, `tf.${path}`)
  // Some hand labels over second: then the predictions are what looks like data.
  const swapped = labels.kind === "tensor" && data.isData(predictions) ? like(context, predictions, labels, data) : null
  const p = predictions.kind === "tensor" ? predictions : swapped
  if (p === null) return null
  const y = labels.kind === "tensor" ? labels : data.isData(labels) ? data.labelsOf(labels, kind, shapeOf(context, p), w) : null
  if (y === null) return null
  const entries = of(w, y, p), rank = shapeOf(context, entries).length
  if (home === "metrics") return rank === shapeOf(context, p).length ? w.reduce("mean", entries) : entries
  return meanOf(context, entries, at)
}

const like = (context: Context, value: Value, tensor: TensorValue, data: DataReader): TensorValue =>
  data.inputOf(value, "data", shapeOf(context, tensor), "real")

/** The mean of all entries. */
export function meanOf(context: Context, entries: TensorValue, at: TypeScript.Node): TensorValue {
  const axes = shapeOf(context, entries).map((_, axis) => axis)
  return axes.length === 0 ? entries : makeTensor(context, { kind: "reduce", fn: "mean", axes, keepDims: false }, [entries], { at, label: "tf.mean" })
}

function writerFor(context: Context, at: TypeScript.Node, label: string): LossWriter<TensorValue> {
  const add = (op: Op, operands: readonly TensorValue[]): TensorValue => makeTensor(context, op, operands, { at, label })
  return {
    shape: (x) => shapeOf(context, x),
    input: (domain, shape, range) => {
      const x = makeInput(context, "labels", shape, domain)
      if (x.source.kind === "input" && range !== undefined) x.source.input.range = range
      return x
    },
    add,
    unary: (fn, x, parameters) => add({ kind: "unary", fn, ...(parameters === undefined ? {} : { parameters }) }, [x]),
    binary: (fn, a, b) => add({ kind: "binary", fn }, [a, isScalar(b) ? constant(context, b.scalar) : b]),
    reduce: (fn, x, keepDims = false) => add({ kind: "reduce", fn, axes: [shapeOf(context, x).length - 1], keepDims }, [x]),
  }
}
