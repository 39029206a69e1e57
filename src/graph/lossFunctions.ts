/**
 * @file What tfjs 4.22 computes for the losses of compile, of tf.losses and of tf.metrics, as operations on labels and predictions; labels are of
 * some kind: classes, bits, signs, probabilities, numbers.
 */
import type { Dim } from "../schema/report"
import type { BinaryFunction, Op, ReduceFunction, UnaryFunction } from "./op"

/** Adds operations on tensors: nodes of a graph, or values of a trace. */
export interface LossWriter<N> {
  readonly shape: (x: N) => readonly Dim[]
  /** A leaf of data. */
  readonly input: (domain: "real" | "binary" | "index", shape: readonly Dim[], range?: Dim) => N
  readonly add: (op: Op, operands: readonly N[], shape?: readonly Dim[]) => N
  readonly unary: (fn: UnaryFunction, x: N, parameters?: readonly number[]) => N
  readonly binary: (fn: BinaryFunction, a: N, b: N | Scalar) => N
  /** Over the last axis. */
  readonly reduce: (fn: ReduceFunction, x: N, keepDims?: boolean) => N
}
/** A number, told from a tensor. */
export interface Scalar {
  readonly scalar: number
}
const scalar = (value: number): Scalar => ({ scalar: value })
export const isScalar = <N>(x: N | Scalar): x is Scalar => typeof x === "object" && x !== null && "scalar" in x

export type Labels = "numbers" | "positive" | "counts" | "bits" | "signs" | "classes" | "probabilities"

export interface LossDefinition {
  readonly labels: Labels
  /** A loss for every entry, or for every row; its mean is the loss. */
  readonly of: <N>(w: LossWriter<N>, y: N, p: N) => N
}

const epsilon = 1e-7

const lossOf = (labels: Labels, of: LossDefinition["of"]): LossDefinition => ({ labels, of })
const difference = <N>(w: LossWriter<N>, y: N, p: N): N => w.binary("subtract", p, y)
const clip = <N>(w: LossWriter<N>, p: N, high = 1 - epsilon): N => w.unary("clip", p, [epsilon, high])
const oneMinus = <N>(w: LossWriter<N>, x: N): N => w.binary("add", w.unary("neg", x), scalar(1))
const unitLength = <N>(w: LossWriter<N>, x: N): N =>
  w.add({ kind: "normalize", axes: [w.shape(x).length - 1], center: false, measure: "sum", epsilon: 0 }, [x])
const hingeOf = <N>(w: LossWriter<N>, y: N, p: N): N => w.unary("relu", oneMinus(w, w.binary("multiply", y, p)))
/** max(x, 0) − x·y + log(1 + e^−|x|) = softplus(x) − x·y. */
const logistic = <N>(w: LossWriter<N>, y: N, x: N): N => w.binary("subtract", w.unary("softplus", x), w.binary("multiply", x, y))
const weigh = <N>(w: LossWriter<N>, y: N, logs: N): N => w.unary("neg", w.reduce("sum", w.binary("multiply", y, logs)))
/** −Σ y·log(p / Σp). */
const crossEntropy = <N>(w: LossWriter<N>, y: N, p: N): N =>
  weigh(w, y, w.unary("log", clip(w, w.binary("divide", p, w.reduce("sum", p, true)))))
const logOf = <N>(w: LossWriter<N>, x: N): N => w.unary("log", w.binary("add", x, scalar(epsilon)))
const squared = lossOf("numbers", (w, y, p) => w.unary("square", difference(w, y, p)))
const absolute = lossOf("numbers", (w, y, p) => w.unary("abs", difference(w, y, p)))
const cosine = lossOf("numbers", (w, y, p) => w.unary("neg", w.reduce("sum", w.binary("multiply", unitLength(w, y), unitLength(w, p)))))

export const lossDefinitions: Readonly<Record<string, LossDefinition>> = {
  // tf.layers
  meanSquaredError: squared,
  meanAbsoluteError: absolute,
  meanAbsolutePercentageError: lossOf("positive", (w, y, p) => w.unary("abs", w.binary("divide", difference(w, y, p), y))),
  meanSquaredLogarithmicError: lossOf("positive", (w, y, p) =>
    w.unary("square", w.binary("subtract", w.unary("log1p", w.binary("maximum", p, scalar(epsilon))), w.unary("log1p", y))),
  ),
  squaredHinge: lossOf("signs", (w, y, p) => w.unary("square", hingeOf(w, y, p))),
  hinge: lossOf("signs", hingeOf),
  categoricalHinge: lossOf("classes", (w, y, p) => {
    const right = w.reduce("sum", w.binary("multiply", y, p)),
      wrong = w.reduce("max", w.binary("multiply", oneMinus(w, y), p))
    return w.unary("relu", w.binary("add", w.binary("subtract", wrong, right), scalar(1)))
  }),
  // log cosh d = d + softplus(−2d) − log 2
  logcosh: lossOf("numbers", (w, y, p) => {
    const d = difference(w, y, p)
    return w.binary("add", w.binary("add", d, w.unary("softplus", w.binary("multiply", d, scalar(-2)))), scalar(-Math.LN2))
  }),
  categoricalCrossentropy: lossOf("classes", crossEntropy),
  sparseCategoricalCrossentropy: lossOf("classes", (w, y, p) => crossEntropy(w, y, clip(w, p))),
  binaryCrossentropy: lossOf("bits", (w, y, p) => {
    const q = clip(w, p)
    return logistic(w, y, w.unary("log", w.binary("divide", q, oneMinus(w, q))))
  }),
  kullbackLeiblerDivergence: lossOf("probabilities", (w, y, p) =>
    w.reduce("sum", w.binary("multiply", y, w.unary("log", w.binary("divide", clip(w, y, 1), clip(w, p, 1))))),
  ),
  poisson: lossOf("counts", (w, y, p) => w.binary("subtract", p, w.binary("multiply", y, w.unary("log", w.binary("add", p, scalar(epsilon)))))),
  cosineProximity: cosine,
  cosine,
  // tf.losses
  absoluteDifference: absolute,
  cosineDistance: lossOf("numbers", (w, y, p) => oneMinus(w, w.reduce("sum", w.binary("multiply", unitLength(w, y), p)))),
  hingeLoss: lossOf("signs", hingeOf),
  huberLoss: lossOf("numbers", (w, y, p) => {
    const error = w.unary("abs", difference(w, y, p)),
      near = w.binary("minimum", error, scalar(1))
    return w.binary("add", w.binary("multiply", w.unary("square", near), scalar(0.5)), w.binary("subtract", error, near))
  }),
  logLoss: lossOf("bits", (w, y, p) => {
    const right = w.binary("multiply", y, logOf(w, p)),
      wrong = w.binary("multiply", oneMinus(w, y), logOf(w, oneMinus(w, p)))
    return w.unary("neg", w.binary("add", right, wrong))
  }),
  sigmoidCrossEntropy: lossOf("bits", logistic),
  softmaxCrossEntropy: lossOf("classes", (w, y, p) => weigh(w, y, w.add({ kind: "softmax", axis: w.shape(p).length - 1, log: true }, [p]))),
}

/** Short names that tf.metrics has for some. */
const aliases: Readonly<Record<string, string>> = {
  mse: "meanSquaredError",
  MSE: "meanSquaredError",
  mae: "meanAbsoluteError",
  MAE: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  MAPE: "meanAbsolutePercentageError",
}

/** The name of a loss as `lossDefinitions` has it. */
export const canonicalLoss = (name: string): string => (Object.hasOwn(aliases, name) ? aliases[name] : name)

/** Labels as leaves, made valid by operations on them. */
export function writeLabels<N>(w: LossWriter<N>, labels: Labels, shape: readonly Dim[]): N {
  switch (labels) {
    case "numbers":
      return w.input("real", shape)
    case "positive":
      return w.binary("add", w.unary("softplus", w.input("real", shape)), scalar(0.1))
    case "counts":
      return w.input("index", shape, 5)
    case "bits":
      return w.input("binary", shape)
    case "signs":
      return w.binary("add", w.binary("multiply", w.input("binary", shape), scalar(2)), scalar(-1))
    case "classes": {
      if (shape.length === 0) throw new Error("no axis of classes")
      const depth = shape[shape.length - 1]
      return w.add({ kind: "oneHot", depth }, [w.input("index", shape.slice(0, -1), depth)])
    }
    case "probabilities":
      return w.add({ kind: "softmax", axis: shape.length - 1, log: false }, [w.input("real", shape)])
  }
}
