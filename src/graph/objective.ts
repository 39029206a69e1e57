/**
 * @file The loss a model is trained with, as operations on its outputs and on labels, so that a verification can run it: what tfjs 4.22 computes for
 * the losses of compile and of tf.losses. Labels are leaves whose values are valid for the loss: classes, bits, signs, probabilities, numbers.
 */
import type { Dim } from "../schema/report"
import type { Graph, LossUse, Node, NodeId } from "./graph"
import type { BinaryFunction, Op, ReduceFunction, UnaryFunction } from "./op"
import { inferDtype } from "./build"
import { inferShape } from "./shape"

/** Nodes that follow those of the graph; `output` is one number, the loss. */
export interface Objective {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly output: NodeId
}

/** What is known of the model's own loss. */
export type OwnLoss =
  | { readonly kind: "known"; readonly objective: Objective }
  /** Why it cannot be run: a sentence about the loss of this name. */
  | { readonly kind: "unknown"; readonly name: string; readonly why: string }

/** Adds operations on nodes of the network. */
interface Writer {
  readonly shape: (id: NodeId) => readonly Dim[]
  readonly add: (op: Op, operands: readonly NodeId[], shape?: readonly Dim[]) => NodeId
  readonly unary: (fn: UnaryFunction, x: NodeId, parameters?: readonly number[]) => NodeId
  readonly binary: (fn: BinaryFunction, a: NodeId, b: NodeId | Scalar) => NodeId
  /** Over the last axis. */
  readonly reduce: (fn: ReduceFunction, x: NodeId, keepDims?: boolean) => NodeId
}
/** A number, told from the id of a node. */
interface Scalar {
  readonly value: number
}
const scalar = (value: number): Scalar => ({ value })

type Labels = "numbers" | "positive" | "counts" | "bits" | "signs" | "classes" | "probabilities"

interface LossDefinition {
  readonly labels: Labels
  /** A loss for every entry, or for every row; its mean is the loss. */
  readonly of: (w: Writer, y: NodeId, p: NodeId) => NodeId
}

const epsilon = 1e-7

const lossOf = (labels: Labels, of: LossDefinition["of"]): LossDefinition => ({ labels, of })
const difference = (w: Writer, y: NodeId, p: NodeId): NodeId => w.binary("subtract", p, y)
const clip = (w: Writer, p: NodeId, high = 1 - epsilon): NodeId => w.unary("clip", p, [epsilon, high])
const oneMinus = (w: Writer, x: NodeId): NodeId => w.binary("add", w.unary("neg", x), scalar(1))
const unitLength = (w: Writer, x: NodeId): NodeId =>
  w.add({ kind: "normalize", axes: [w.shape(x).length - 1], center: false, measure: "sum", epsilon: 0 }, [x])
const hingeOf = (w: Writer, y: NodeId, p: NodeId): NodeId => w.unary("relu", oneMinus(w, w.binary("multiply", y, p)))
/** max(x, 0) − x·y + log(1 + e^−|x|) = softplus(x) − x·y. */
const logistic = (w: Writer, y: NodeId, x: NodeId): NodeId => w.binary("subtract", w.unary("softplus", x), w.binary("multiply", x, y))
const weigh = (w: Writer, y: NodeId, logs: NodeId): NodeId => w.unary("neg", w.reduce("sum", w.binary("multiply", y, logs)))
/** −Σ y·log(p / Σp). */
const crossEntropy = (w: Writer, y: NodeId, p: NodeId): NodeId =>
  weigh(w, y, w.unary("log", clip(w, w.binary("divide", p, w.reduce("sum", p, true)))))
const squared = lossOf("numbers", (w, y, p) => w.unary("square", difference(w, y, p)))
const absolute = lossOf("numbers", (w, y, p) => w.unary("abs", difference(w, y, p)))
const cosine = lossOf("numbers", (w, y, p) => w.unary("neg", w.reduce("sum", w.binary("multiply", unitLength(w, y), unitLength(w, p)))))

const definitions: Readonly<Record<string, LossDefinition>> = {
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
    const log = (x: NodeId): NodeId => w.unary("log", w.binary("add", x, scalar(epsilon)))
    return w.unary("neg", w.binary("add", w.binary("multiply", y, log(p)), w.binary("multiply", oneMinus(w, y), log(oneMinus(w, p)))))
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

/** The losses that can be run, as tfjs names them. */
export const knownLosses: readonly string[] = Object.keys(definitions)

/** Losses that are the squared error, which a verification runs in any case. */
const isSquaredError = (name: string): boolean => canonical(name) === "meanSquaredError"
const canonical = (name: string): string => (Object.hasOwn(aliases, name) ? aliases[name] : name)

/**
 * The loss of a network from the losses in sight of it: one for all outputs, or one for each. Several in sight of one output are added: whatever
 * weights they have, what each conserves their sum conserves.
 * @returns null where there is none, or none but the squared error
 */
export function findOwnLoss(graph: Graph, losses: readonly LossUse[]): OwnLoss | null {
  if (losses.length === 0 || losses.every(({ name }) => isSquaredError(name))) return null
  const named = losses.map((loss) => ({ ...loss, name: canonical(loss.name) })),
    unknown = named.find(({ name }) => !Object.hasOwn(definitions, name))
  const hand = named.find(({ byHand }) => byHand === true)
  const more = "what is trained is more than its value at the output"
  if (hand !== undefined) return { kind: "unknown", name: hand.name, why: hand.name === "computed by hand" ? "its operations are not read" : more }
  if (unknown !== undefined) return { kind: "unknown", name: shorten(unknown.name), why: "it is not a loss of tfjs" }
  const names = [...new Set(named.map(({ name }) => name))],
    name = names.join(" + ")
  const assigned = assignLosses(graph, named)
  if (assigned === null) return { kind: "unknown", name, why: "which output each is for is not known" }
  const writer = createWriter(graph, name)
  try {
    const means = assigned.flatMap((own, k) => own.map((loss) => meanOf(writer, definitions[loss], graph.outputs[k])))
    const output = means.reduce((a, b) => writer.binary("add", a, b))
    return { kind: "known", objective: { name, nodes: writer.nodes.slice(graph.nodes.length), output } }
  } catch (error) {
    return { kind: "unknown", name, why: `it does not fit the outputs (${error instanceof Error ? error.message : String(error)})` }
  }
}

const shorten = (text: string): string => {
  const line = text.replace(/\s+/g, " ")
  return line.length > 40 ? `${line.slice(0, 39)}…` : line
}

/** The losses of each output; null where they cannot be told apart. */
export function assignLosses(graph: Graph, losses: readonly LossUse[]): readonly (readonly string[])[] | null {
  const names = [...new Set(losses.map(({ name }) => name))],
    { outputs, nodes } = graph
  if (outputs.length === 0) return null
  if (names.length === 1 || outputs.length === 1) return outputs.map(() => names)
  if (losses.every(({ output }) => output !== undefined)) {
    const own = outputs.map((id) => losses.filter(({ output }) => nodes[id].scope === output || nodes[id].label === output).map(({ name }) => name))
    return own.every((list) => list.length === 1) ? own : null
  }
  return losses.length === outputs.length && losses.every(({ output }) => output === undefined) ? losses.map(({ name }) => [name]) : null
}

function meanOf(w: Writer, { labels, of }: LossDefinition, output: NodeId): NodeId {
  const entries = of(w, writeLabels(w, labels, w.shape(output)), output),
    axes = w.shape(entries).map((_, axis) => axis)
  return axes.length === 0 ? entries : w.add({ kind: "reduce", fn: "mean", axes, keepDims: false }, [entries])
}

/** Labels as leaves, made valid by operations on them. */
function writeLabels(w: Writer, labels: Labels, shape: readonly Dim[]): NodeId {
  const draw = (domain: "real" | "binary"): NodeId => w.add({ kind: "input", name: "labels", domain }, [], shape)
  const index = (range: Dim, of: readonly Dim[]): NodeId => w.add({ kind: "input", name: "labels", domain: "index", range }, [], of)
  switch (labels) {
    case "numbers":
      return draw("real")
    case "positive":
      return w.binary("add", w.unary("softplus", draw("real")), scalar(0.1))
    case "counts":
      return index(5, shape)
    case "bits":
      return draw("binary")
    case "signs":
      return w.binary("add", w.binary("multiply", draw("binary"), scalar(2)), scalar(-1))
    case "classes": {
      if (shape.length === 0) throw new Error("no axis of classes")
      const depth = shape[shape.length - 1]
      return w.add({ kind: "oneHot", depth }, [index(depth, shape.slice(0, -1))])
    }
    case "probabilities":
      return w.add({ kind: "softmax", axis: shape.length - 1, log: false }, [draw("real")])
  }
}

function createWriter(graph: Graph, name: string): Writer & { readonly nodes: readonly Node[] } {
  const nodes: Node[] = [...graph.nodes]
  const add = (op: Op, operands: readonly NodeId[], shape?: readonly Dim[]): NodeId => {
    const inferred = inferShape(
        op,
        operands.map((o) => nodes[o].shape),
        shape,
      ),
      dtype = inferDtype(
        op,
        operands.map((o) => nodes[o].dtype),
      )
    return nodes.push({ id: nodes.length, op, operands, shape: inferred, dtype, label: `the loss ${name}` }) - 1
  }
  const idOf = (x: NodeId | Scalar): NodeId =>
    typeof x === "number" ? x : add({ kind: "constant", value: { kind: "fill", value: x.value } }, [], [])
  return {
    nodes,
    shape: (id) => nodes[id].shape,
    add,
    unary: (fn, x, parameters) => add({ kind: "unary", fn, ...(parameters === undefined ? {} : { parameters }) }, [x]),
    binary: (fn, a, b) => add({ kind: "binary", fn }, [a, idOf(b)]),
    reduce: (fn, x, keepDims = false) => add({ kind: "reduce", fn, axes: [nodes[x].shape.length - 1], keepDims }, [x]),
  }
}
