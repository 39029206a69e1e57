/**
 * @file Where a law is proved or first stated, by what the family is and what it runs through.
 */
import type { Graph, Node } from "../graph/graph"
import type { Family } from "../symmetry/families"
import type { Symmetry } from "../symmetry/infer"
import type { EquationIndex } from "../symmetry/equations"
import type { Value } from "../symmetry/program"

const D18 = "Du, Hu, Lee 2018, Algorithmic Regularization in Learning Deep Homogeneous Models"
const K21 = "Kunin et al. 2021, Neural Mechanics, arXiv:2012.04728"
const M23 = "Marcotte, Gribonval, Peyré 2023, Abide by the Law and Follow the Flow, arXiv:2307.00144"
const T26 = "Tran et al. 2026, Conservation Laws for Modern Neural Architectures, arXiv:2606.17816"

export function referencesOf(symmetry: Symmetry, index: EquationIndex, family: Family): string[] {
  const matrix = family.roles.some((r) => r.kind === "matrix")
  if (family.kind === "mixed") return []
  if (family.kind === "shift") return family.noGradient || new Set(family.members.map((m) => m.unknown.value)).size > 1 ? [] : [K21]
  const meets = meetingValues(symmetry, index, family)
  // Rotary positions leave one factor a pair: each member of such a family stands in several blocks of one parameter.
  const rotary = !matrix && family.roles.length > 0 && repeatsParameters(symmetry, family)
  if (meets.some((v) => attends(symmetry, v))) return rotary ? [`${T26}, Theorem 4.4`] : [`${T26}, Theorem 4.3`, M23]
  if (meets.some((v) => isGated(symmetry, v))) return [`${T26}, Theorem 4.2`]
  if (matrix) return [M23]
  const signs = new Set(family.members.map((m) => Math.sign(m.weight)))
  return signs.size > 1 ? [D18, M23] : [K21]
}

/** Whether some parameter takes part with more than one block. */
function repeatsParameters(symmetry: Symmetry, family: Family): boolean {
  const parameters = family.members.map((m) => {
    const { op } = symmetry.program.values[m.unknown.value]
    return op.kind === "parameter" ? op.parameter : -1
  })
  return new Set(parameters).size < parameters.length
}

/** Contractions in which two members undo each other. */
function meetingValues(symmetry: Symmetry, index: EquationIndex, family: Family): Value[] {
  const own = new Set(family.members.map((m) => m.unknown.id))
  const values = [...own]
    .flatMap((u) => index.of(u))
    .filter((e) => e.why === "meets" && [...e.expression.keys()].filter((u) => own.has(u)).length > 1)
    .map((e) => e.value)
  return [...new Set(values)].map((v) => symmetry.program.values[v])
}

const consumers = new WeakMap<Graph, readonly (readonly Node[])[]>()

function consumersIn(graph: Graph): readonly (readonly Node[])[] {
  let known = consumers.get(graph)
  if (known === undefined) {
    const lists: Node[][] = graph.nodes.map(() => [])
    for (const node of graph.nodes) for (const o of new Set(node.operands)) lists[o].push(node)
    consumers.set(graph, (known = lists))
  }
  return known
}

/** Scores on their way to a softmax whose result weighs something, or what it weighs. A softmax that ends the network is no attention. */
function attends(symmetry: Symmetry, value: Value): boolean {
  const graph = symmetry.network.graph,
    node = graph.nodes[value.node]
  if (node.op.kind !== "einsum" || node.operands.length !== 2) return false
  return reachesWeighing(graph, node.id) || isWeighed(graph, node.id)
}

const REACH = 6
/** Operations between scores and softmax, or between softmax and values, that change no axis' meaning. */
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

/** Whether scores made by this contraction go through a softmax into another contraction. */
function reachesWeighing(graph: Graph, id: number): boolean {
  const follow = (from: number, depth: number, weighted: boolean): boolean =>
    depth > 0 &&
    consumersIn(graph)[from].some((n) => {
      if (n.op.kind === "softmax") return !weighted && follow(n.id, depth, true)
      if (n.op.kind === "einsum") return weighted
      return passing.has(n.op.kind) && follow(n.id, depth - 1, weighted)
    })
  return follow(id, REACH, false)
}

/** Whether this contraction, or one it reads through shape operations, has a softmax of scores as an operand. */
function isWeighed(graph: Graph, id: number): boolean {
  const comesFromSoftmax = (at: number, depth: number): boolean => {
    const node = graph.nodes[at]
    if (node.op.kind === "softmax") return true
    return depth > 0 && passing.has(node.op.kind) && node.operands.some((o) => comesFromSoftmax(o, depth - 1))
  }
  const weighs = (at: number): boolean => graph.nodes[at].op.kind === "einsum" && graph.nodes[at].operands.some((o) => comesFromSoftmax(o, 2))
  const behind = (at: number, depth: number): boolean => {
    const node = graph.nodes[at]
    return (
      weighs(at) || (depth > 0 && (node.op.kind === "reshape" || node.op.kind === "transpose") && node.operands.some((o) => behind(o, depth - 1)))
    )
  }
  return weighs(id) || graph.nodes[id].operands.some((o) => behind(o, 4))
}

/** A product of two branches just before the contraction: a gated linear unit. */
function isGated(symmetry: Symmetry, value: Value): boolean {
  const nodes = symmetry.network.graph.nodes
  return nodes[value.node].operands.some((o) => {
    const n = nodes[o]
    return n.op.kind === "binary" && n.op.fn === "multiply"
  })
}
