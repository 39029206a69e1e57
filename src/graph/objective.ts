/**
 * @file The loss a model is trained with, as operations on its outputs and on labels, so that a verification can run it: what tfjs 4.22 computes for
 * the losses of compile and of tf.losses. Labels are leaves whose values are valid for the loss: classes, bits, signs, probabilities, numbers.
 */
import type { Dim } from "../schema/report"
import type { Graph, LossUse, Node, NodeId, ThroughNetwork } from "./graph"
import type { Op } from "./op"
import { canonicalLoss, isScalar, lossDefinitions, writeLabels, type LossDefinition, type LossWriter, type Scalar } from "./lossFunctions"
import { inferDtype } from "./build"
import { inferShape } from "./shape"

/** Nodes that follow those of the graph; `output` is one number, the loss. */
export interface Objective {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly output: NodeId
}

/** An independent size of a loss that is a graph of its own, as networks have them (axes/size). */
export interface LossSize {
  readonly name: string
  readonly declared: Dim
  readonly shrink: "free" | "fixed"
  readonly minimum: number
}

/** What is known of the model's own loss. */
export type OwnLoss =
  | { readonly kind: "known"; readonly objective: Objective }
  /** A graph of its own over the same parameters, in the names of `sizes`; its one output is the loss. */
  | {
      readonly kind: "graph"; readonly name: string; readonly graph: Graph; readonly sizes: readonly LossSize[]
      /** Parameters it reads otherwise than by the network's output: their laws are the network's, and need not be the loss's. */
      readonly beside: readonly string[]
      readonly through?: readonly ThroughNetwork[]
      /** Other losses that train the network, and why they are not run. */
      readonly unread?: readonly { readonly name: string; readonly why: string }[]
    }
  /** Why it cannot be run: a sentence about the loss of this name. */
  | { readonly kind: "unknown"; readonly name: string; readonly why: string }

/** The losses that can be run, as tfjs names them. */
export const knownLosses: readonly string[] = Object.keys(lossDefinitions)

/** Losses that are the squared error, which a verification runs in any case. */
const isSquaredError = (name: string): boolean => canonicalLoss(name) === "meanSquaredError"

/**
 * The loss of a network from the losses in sight of it: one for all outputs, or one for each. Several in sight of one output are added: whatever
 * weights they have, what each conserves their sum conserves.
 * @returns null where there is none, or none but the squared error
 */
export function findOwnLoss(graph: Graph, losses: readonly LossUse[]): OwnLoss | null {
  if (losses.length === 0 || losses.every(({ name }) => isSquaredError(name))) return null
  const named = losses.map((loss) => ({ ...loss, name: canonicalLoss(loss.name) })),
    unknown = named.find(({ name }) => !Object.hasOwn(lossDefinitions, name))
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
    const means = assigned.flatMap((own, k) => own.map((loss) => meanOf(writer, lossDefinitions[loss], graph.outputs[k])))
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

function meanOf(w: LossWriter<NodeId>, { labels, of }: LossDefinition, output: NodeId): NodeId {
  const entries = of(w, writeLabels(w, labels, w.shape(output)), output),
    axes = w.shape(entries).map((_, axis) => axis)
  return axes.length === 0 ? entries : w.add({ kind: "reduce", fn: "mean", axes, keepDims: false }, [entries])
}

function createWriter(graph: Graph, name: string): LossWriter<NodeId> & { readonly nodes: readonly Node[] } {
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
  const idOf = (x: NodeId | Scalar): NodeId => (isScalar(x) ? add({ kind: "constant", value: { kind: "fill", value: x.scalar } }, [], []) : x)
  return {
    nodes,
    shape: (id) => nodes[id].shape,
    input: (domain, shape, range) => add({ kind: "input", name: "labels", domain, ...(range === undefined ? {} : { range }) }, [], shape),
    add,
    unary: (fn, x, parameters) => add({ kind: "unary", fn, ...(parameters === undefined ? {} : { parameters }) }, [x]),
    binary: (fn, a, b) => add({ kind: "binary", fn }, [a, idOf(b)]),
    reduce: (fn, x, keepDims = false) => add({ kind: "reduce", fn, axes: [nodes[x].shape.length - 1], keepDims }, [x]),
  }
}
