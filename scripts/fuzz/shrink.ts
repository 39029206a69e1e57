/**
 * @file Makes a graph small while something stays true of it: drops outputs, puts operands or fresh data in place of nodes of the same shape, and
 * forgets what nobody reads. Greedy, until nothing more can go.
 */
import type { Graph, Node, NodeId } from "../../src/graph/graph"

/** @param keeps asked of every smaller graph; once it says no to all, or `spent` says so, the search is over. */
export function shrinkGraph(graph: Graph, keeps: (graph: Graph) => boolean, spent: () => boolean = () => false): Graph {
  // Parameters that nobody reads may be what it is about.
  const pruned = pruneGraph(graph)
  for (let current = keeps(pruned) ? pruned : graph; ; ) {
    const smaller = candidates(current).find((candidate) => !spent() && size(candidate) < size(current) && keeps(candidate))
    if (smaller === undefined) return current
    current = smaller
  }
}

/** Parameters count more than data, so that data in place of a parameter is smaller. */
const size = (graph: Graph): number => graph.nodes.length + graph.outputs.length + graph.parameters.length

function candidates(graph: Graph): readonly Graph[] {
  const fewer = graph.outputs.length < 2 ? [] : graph.outputs.map((_, i) => ({ ...graph, outputs: graph.outputs.filter((_o, j) => j !== i) }))
  // The value of a node in the middle as the only output, and a node replaced by what it reads, or by data of its own.
  const inner = graph.nodes.filter((n) => n.operands.length > 0 && n.dtype === "float")
  const earlier = inner.map((n) => ({ ...graph, outputs: [n.id] }))
  const bypassed = graph.nodes.flatMap((n) =>
    n.operands.filter((o) => graph.nodes[o].shape.join() === n.shape.join()).map((o) => replaceNode(graph, n.id, o)))
  const cut = graph.nodes.filter((n) => n.dtype === "float" && n.op.kind !== "input" && !graph.outputs.includes(n.id)).map((n) => withData(graph, n))
  return [...earlier, ...fewer, ...cut.reverse(), ...bypassed].map(pruneGraph)
}

const withData = (graph: Graph, node: Node): Graph => ({
  ...graph,
  nodes: graph.nodes.map((n) => (n === node ? { ...n, op: { kind: "input", name: `data${n.id}`, domain: "real" }, operands: [] } : n)),
  parameters: graph.parameters.map((p) => (p.node === node.id ? { ...p, node: null } : p)),
})
function replaceNode(graph: Graph, node: NodeId, by: NodeId): Graph {
  const to = (id: NodeId): NodeId => (id === node ? by : id)
  return { ...graph, nodes: graph.nodes.map((n) => ({ ...n, operands: n.operands.map(to) })), outputs: graph.outputs.map(to) }
}

/** The part that outputs read, numbered anew. */
function pruneGraph(graph: Graph): Graph {
  const read = new Set<NodeId>(graph.outputs)
  for (const node of [...graph.nodes].reverse()) if (read.has(node.id)) node.operands.forEach((o) => read.add(o))
  const kept = graph.nodes.filter((n) => read.has(n.id)), number = new Map(kept.map((n, i) => [n.id, i]))
  const to = (id: NodeId): NodeId => number.get(id) ?? 0
  const parameters = graph.parameters.flatMap((p, index) => (p.node !== null && read.has(p.node) ? [{ ...p, node: to(p.node), index }] : []))
  const parameterOf = new Map(parameters.map((p, i) => [p.index, i]))
  return {
    nodes: kept.map((n, i) => {
      const op = n.op.kind === "parameter" ? { ...n.op, parameter: parameterOf.get(n.op.parameter) ?? 0 } : n.op
      return { ...n, id: i, op, operands: n.operands.map(to) }
    }),
    parameters: parameters.map(({ index: _, ...p }) => p),
    outputs: graph.outputs.map(to),
  }
}
