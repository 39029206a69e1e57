/**
 * @file What rules look at: the network as traced, its laws, which nodes training reaches, and a numerical experiment that is set up only when
 * a rule asks for it.
 */
import { samePlaceAs } from "./place"
import { consumersOf } from "../graph/consumers"
import type { Graph, Node, NodeId, Parameter, TracedModel } from "../graph/graph"
import type { DerivedModel } from "../laws/law"
import type { Experiment } from "./experiment"
import { prepareExperiment } from "./experiment"

export interface FindingSubject {
  readonly traced: TracedModel
  readonly derived: DerivedModel
  /** Nodes of the traced graph through which a gradient reaches a trainable parameter. */
  readonly trained: ReadonlySet<NodeId>
  /** Nodes that an output depends on. */
  readonly live: ReadonlySet<NodeId>
  /** Those of them that tfjs differentiates: nothing between them and an output stops the gradient. */
  readonly differentiated: ReadonlySet<NodeId>
  /** By node. */
  readonly consumers: readonly (readonly Node[])[]
  /** Null where the network cannot be run. */
  readonly experiment: () => Experiment | null
}

export function prepareSubject(traced: TracedModel, derived: DerivedModel): FindingSubject {
  const { graph } = traced
  const trained = new Set<NodeId>()
  for (const node of graph.nodes) {
    const { op } = node
    const own = op.kind === "parameter" && graph.parameters[op.parameter].trainable
    if (own || (op.kind !== "stopGradient" && node.dtype === "float" && node.operands.some((id) => trained.has(id)))) trained.add(node.id)
  }
  const live = behindOutputs(graph, ({ operands }) => operands)
  const differentiated = behindOutputs(graph, differentiatedOperands)
  let experiment: Experiment | null | undefined
  const run = (): Experiment | null => (experiment === undefined ? (experiment = prepareExperiment(derived)) : experiment)
  return { traced, derived, trained, live, differentiated, consumers: consumersOf(graph), experiment: run }
}

/** What tf.customGrad computes inside is not differentiated, only what it is handed; its first argument comes first. */
const differentiatedOperands = ({ op, label, operands }: Node): readonly NodeId[] =>
  op.kind === "stopGradient" ? [] : op.kind === "opaque" && label === "tf.customGrad" ? operands.slice(0, 1) : operands

/** Nodes that outputs depend on along the operands told. */
function behindOutputs({ nodes, outputs }: Graph, operandsOf: (node: Node) => readonly NodeId[]): ReadonlySet<NodeId> {
  const found = new Set<NodeId>()
  const stack = [...outputs]
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (found.has(id)) continue
    found.add(id)
    stack.push(...operandsOf(nodes[id]))
  }
  return found
}

/** Where a node stands; the model where the tracer does not say. */
export const placeOfNode = (node: Node, { start, end }: TracedModel): { start: TracedModel["start"]; end: TracedModel["end"] } =>
  node.at === undefined ? { start, end } : { start: node.at.start, end: node.at.end }

export const placeOfParameter = ({ start, end }: Parameter): { start: Parameter["start"]; end: Parameter["end"] } => ({ start, end })

/** The consumer that is the next step of the same layer call: same label, same place. */
export function nextStep(node: Node, fn: "add" | "multiply", { consumers }: FindingSubject): Node | null {
  const next = consumers[node.id].find(
    ({ op, label, at }) => op.kind === "binary" && op.fn === fn && label === node.label && samePlaceAs(at, node.at),
  )
  return next ?? null
}
