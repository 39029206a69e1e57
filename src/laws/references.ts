/**
 * @file Where a law is proved or first stated, by what the family is and what it runs through.
 */
import type { Graph, Node } from "../graph/graph"
import type { Family } from "../symmetry/families"
import type { Symmetry } from "../symmetry/infer"
import type { EquationIndex } from "../symmetry/reasons"
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
  if (meets.some((v) => attends(symmetry, v))) return [`${T26}, Theorem 4.3`, M23]
  if (meets.some((v) => isGated(symmetry, v))) return [`${T26}, Theorem 4.2`]
  if (matrix) return [M23]
  const signs = new Set(family.members.map((m) => Math.sign(m.weight)))
  return signs.size > 1 ? [D18, M23] : [K21]
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

/** Scores on their way to a softmax, or values weighted by one. */
function attends(symmetry: Symmetry, value: Value): boolean {
  const nodes = symmetry.network.graph.nodes
  const isSoftmax = (id: number, depth: number): boolean => {
    const node = nodes[id]
    if (node.op.kind === "softmax") return true
    const passes = ["reshape", "transpose", "binary", "unary", "select", "dropout", "slice"].includes(node.op.kind)
    return depth > 0 && passes && node.operands.some((o) => isSoftmax(o, depth - 1))
  }
  const leadsTo = (id: number, depth: number): boolean =>
    consumersIn(symmetry.network.graph)[id].some(
      (n) =>
        n.op.kind === "softmax" ||
        (depth > 0 && (n.op.kind === "binary" || n.op.kind === "select" || n.op.kind === "reshape") && leadsTo(n.id, depth - 1)),
    )
  const node = nodes[value.node]
  return node.op.kind === "einsum" && node.operands.length === 2 && (leadsTo(node.id, 3) || node.operands.some((o) => hasSoftmaxBefore(o, 4)))

  function hasSoftmaxBefore(id: number, depth: number): boolean {
    const own = nodes[id]
    return (
      isSoftmax(id, 2) ||
      (depth > 0 && own.op.kind === "einsum" && own.operands.some((o) => isSoftmax(o, 2))) ||
      (depth > 0 && (own.op.kind === "reshape" || own.op.kind === "transpose") && own.operands.some((o) => hasSoftmaxBefore(o, depth - 1)))
    )
  }
}

/** A product of two branches just before the contraction: a gated linear unit. */
function isGated(symmetry: Symmetry, value: Value): boolean {
  const nodes = symmetry.network.graph.nodes
  return nodes[value.node].operands.some((o) => {
    const n = nodes[o]
    return n.op.kind === "binary" && n.op.fn === "multiply"
  })
}
