/** @file The operations that read each node: the graph's edges the other way. */
import type { Graph, Node } from "./graph"

const known = new WeakMap<Graph, readonly (readonly Node[])[]>()

/** For every node those that have it among their operands, each once, in order. Found once a graph. */
export function consumersOf(graph: Graph): readonly (readonly Node[])[] {
  let lists = known.get(graph)
  if (lists === undefined) known.set(graph, (lists = findConsumers(graph)))
  return lists
}

function findConsumers(graph: Graph): Node[][] {
  const lists: Node[][] = graph.nodes.map(() => [])
  for (const node of graph.nodes) for (const o of node.operands) if (lists[o].at(-1) !== node) lists[o].push(node)
  return lists
}
