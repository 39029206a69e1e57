/**
 * @file What stands around an operation of a network, for citing theorems: is a contraction one of scores or values of an attention, are its operands
 * rotated by positions, does a gated unit feed it, is its result weighed by the gate of a mixture. Looks a few operations far and proves nothing.
 */
import { consumersOf } from "../graph/consumers"
import type { Graph, Node, NodeId } from "../graph/graph"

/** Operations that change no axis' meaning. */
const passing: ReadonlySet<Node["op"]["kind"]> = new Set([
  "reshape",
  "transpose",
  "binary",
  "unary",
  "select",
  "dropout",
  "slice",
  "broadcast",
  "tile",
  "concat",
])
const shaping: ReadonlySet<Node["op"]["kind"]> = new Set(["reshape", "transpose", "slice", "broadcast"])
/** How many operations lie between the parts of a block at most. */
const REACH = 8

/** What is asked often of one graph. */
interface Relations {
  /** The operations that read each node. */
  readonly readers: readonly (readonly NodeId[])[]
  /** Whether a gradient reaches parameters through the node. */
  readonly isLive: readonly boolean[]
  /** Which contractions belong to an attention, as far as that was asked. */
  readonly attending: Map<NodeId, boolean>
}

const known = new WeakMap<Graph, Relations>()

function relationsIn(graph: Graph): Relations {
  let relations = known.get(graph)
  if (relations !== undefined) return relations
  const isLive: boolean[] = []
  for (const node of graph.nodes) isLive.push(node.op.kind === "parameter" || (!isBlind(node) && node.operands.some((o) => isLive[o])))
  relations = { readers: consumersOf(graph).map((list) => list.map((node) => node.id)), isLive, attending: new Map() }
  known.set(graph, relations)
  return relations
}

const comparisons: ReadonlySet<string> = new Set(["equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual"])

/** Operations that no gradient passes. */
function isBlind({ op }: Node): boolean {
  switch (op.kind) {
    case "argExtreme":
    case "oneHot":
    case "stopGradient":
      return true
    case "topK":
      return op.output === "indices"
    case "binary":
      return comparisons.has(op.fn)
    default:
      return false
  }
}

/** The nodes reached from `start` along `next` through operations that `through` lets pass; those where it ends are among them. */
function reach(graph: Graph, start: readonly NodeId[], next: (id: NodeId) => readonly NodeId[], through: (node: Node) => boolean): readonly Node[] {
  const seen = new Set<NodeId>(start)
  let front = start
  for (let depth = 0; depth < REACH && front.length > 0; depth++) {
    const passed: NodeId[] = []
    for (const from of front)
      for (const id of next(from)) {
        if (seen.has(id)) continue
        seen.add(id)
        if (through(graph.nodes[id])) passed.push(id)
      }
    front = passed
  }
  return Array.from(seen, (id) => graph.nodes[id])
}

const backward = (graph: Graph, start: readonly NodeId[], through: (node: Node) => boolean): readonly Node[] =>
  reach(graph, start, (id) => graph.nodes[id].operands, through)
const forward = (graph: Graph, start: readonly NodeId[], through: (node: Node) => boolean): readonly Node[] =>
  reach(graph, start, (id) => relationsIn(graph).readers[id], through)
const passes = ({ op }: Node): boolean => passing.has(op.kind)

/** A parameter, seen as it is or reshaped. */
function isWeight(graph: Graph, id: NodeId): boolean {
  const { op, operands } = graph.nodes[id]
  return op.kind === "parameter" || (shaping.has(op.kind) && isWeight(graph, operands[0]))
}

/** Scores: a product of two computed tensors on its way into a softmax whose result weighs something, or what such a softmax weighs. */
export function attends(graph: Graph, id: NodeId): boolean {
  const { attending } = relationsIn(graph)
  let answer = attending.get(id)
  if (answer === undefined) attending.set(id, (answer = isPartOfAttention(graph, id)))
  return answer
}

function isPartOfAttention(graph: Graph, id: NodeId): boolean {
  const node = graph.nodes[id]
  if (node.op.kind !== "einsum" || node.operands.length !== 2) return false
  return softmaxAfter(graph, id).some((softmax) => weighsAfter(graph, softmax)) || isWeighed(graph, id)
}

const softmaxAfter = (graph: Graph, id: NodeId): readonly NodeId[] =>
  forward(graph, [id], passes)
    .filter(({ op }) => op.kind === "softmax")
    .map((node) => node.id)
const weighsAfter = (graph: Graph, softmax: NodeId): boolean =>
  forward(graph, [softmax], passes).some((node) => node.id !== softmax && node.op.kind === "einsum")

/** Whether this contraction, or one it reads through shape operations, has a softmax of scores as an operand. */
function isWeighed(graph: Graph, id: NodeId): boolean {
  const weighed = (at: NodeId): boolean =>
    graph.nodes[at].op.kind === "einsum" &&
    graph.nodes[at].operands.some((o) => backward(graph, [o], passes).some((node) => node.op.kind === "softmax" && !isGate(graph, node.id)))
  const shaped = backward(graph, graph.nodes[id].operands, ({ op }) => op.kind === "reshape" || op.kind === "transpose")
  return weighed(id) || shaped.some((node) => weighed(node.id))
}

/** Whether an operand of scores is multiplied with a table of its positions: cosines and sines, which depend on no parameter. */
export function isRotated(graph: Graph, scores: NodeId): boolean {
  const { isLive } = relationsIn(graph)
  const isTable = (id: NodeId): boolean => !isLive[id] && graph.nodes[id].shape.some((size) => size !== 1)
  return backward(graph, graph.nodes[scores].operands, passes).some(
    ({ op, operands }) => op.kind === "binary" && op.fn === "multiply" && operands.some(isTable) && operands.some((o) => isLive[o]),
  )
}

/** A product of two computed branches just before the contraction: a gated linear unit. */
export function isGated(graph: Graph, id: NodeId): boolean {
  const { isLive } = relationsIn(graph)
  return graph.nodes[id].operands.some((o) => {
    const { op, operands } = graph.nodes[o]
    return op.kind === "binary" && op.fn === "multiply" && operands.every((branch) => isLive[branch] && dependsOnData(graph, branch))
  })
}

const data = new WeakMap<Graph, readonly boolean[]>()

function dependsOnData(graph: Graph, id: NodeId): boolean {
  let answers = data.get(graph)
  if (answers === undefined) {
    const list: boolean[] = []
    for (const { op, operands } of graph.nodes) list.push(op.kind === "input" || operands.some((o) => list[o]))
    data.set(graph, (answers = list))
  }
  return answers[id]
}

/** A softmax over logits that one weight makes, not over products of computed tensors. */
function isGate(graph: Graph, softmax: NodeId): boolean {
  const made = backward(graph, graph.nodes[softmax].operands, passes).filter(({ op }) => op.kind === "einsum")
  return made.length > 0 && made.every(({ operands }) => operands.some((o) => isWeight(graph, o)))
}

/** In a mixture of softmaxes one cannot tell which of two weighs the other. */
const isSoftmaxed = (graph: Graph, id: NodeId): boolean => backward(graph, [id], passes).some(({ op }) => op.kind === "softmax")

export interface Mixture {
  /** How many experts the gate chooses; null where it weighs all. */
  readonly chosen: number | null
}

const gates = new WeakMap<Graph, ReadonlyMap<NodeId, Mixture>>()

/** The gates of mixtures of experts: softmaxes over logits that weigh computed branches. */
export function mixturesIn(graph: Graph): ReadonlyMap<NodeId, Mixture> {
  let found = gates.get(graph)
  if (found === undefined) {
    found = new Map(
      graph.nodes.flatMap(({ id, op }) => {
        const mixture = op.kind === "softmax" && isGate(graph, id) ? mixtureOf(graph, id) : null
        return mixture === null ? [] : [[id, mixture] as const]
      }),
    )
    gates.set(graph, found)
  }
  return found
}

function mixtureOf(graph: Graph, softmax: NodeId): Mixture | null {
  const { isLive } = relationsIn(graph)
  const weights = forward(graph, [softmax], passes)
  const ids = new Set(weights.map(({ id }) => id))
  const weighs = weights.some(
    ({ op, operands }) =>
      ((op.kind === "binary" && op.fn === "multiply") || op.kind === "einsum") &&
      operands.some((o) => !ids.has(o) && isLive[o] && dependsOnData(graph, o) && !isWeight(graph, o) && !isSoftmaxed(graph, o)),
  )
  if (!weighs) return null
  const near = [
    ...backward(graph, [softmax], (node) => passes(node) || isBlind(node)),
    ...weights.flatMap(({ operands }) => masksOf(graph, operands)),
  ]
  const choices = [...new Set(near)].flatMap(({ op }) => (op.kind === "argExtreme" ? [1] : op.kind === "topK" ? [op.k] : []))
  return { chosen: choices.length === 0 ? null : choices.reduce((sum, k) => sum + k, 0) }
}

/** What made the masks among some operands. */
const masksOf = (graph: Graph, operands: readonly NodeId[]): readonly Node[] =>
  operands
    .filter((o) => !relationsIn(graph).isLive[o])
    .flatMap((o) => backward(graph, [o], (node) => passes(node) || isBlind(node) || node.op.kind === "reduce"))

/** The mixture whose gate weighs the result of a contraction. */
export function mixtureAround(graph: Graph, id: NodeId): Mixture | null {
  const mixtures = mixturesIn(graph)
  if (mixtures.size === 0) return null
  for (const { op, operands } of forward(graph, [id], passes)) {
    if (!(op.kind === "binary" && op.fn === "multiply") && op.kind !== "einsum") continue
    for (const gate of operands.flatMap((o) => backward(graph, [o], passes))) {
      const mixture = mixtures.get(gate.id)
      if (mixture !== undefined) return mixture
    }
  }
  return null
}

/** The first contraction one side of which comes from parameters of the one list alone, and the other side from the other's. */
export function meetingOf(graph: Graph, first: ReadonlySet<NodeId>, second: ReadonlySet<NodeId>): NodeId | null {
  const sides: [boolean, boolean][] = []
  for (const { id, op, operands } of graph.nodes) {
    const from = (k: 0 | 1): boolean => operands.some((o) => sides[o][k])
    sides.push([first.has(id) || from(0), second.has(id) || from(1)])
    if (op.kind !== "einsum" || operands.length !== 2) continue
    const [a, b] = operands.map((o) => sides[o])
    if ((a[0] && !a[1] && b[1] && !b[0]) || (a[1] && !a[0] && b[0] && !b[1])) return id
  }
  return null
}
