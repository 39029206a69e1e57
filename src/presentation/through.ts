/**
 * @file Which laws pass through a place without weights, such as an activation or a pool: those that bind weights met next before it to weights met
 * next after it.
 */
import { consumersOf } from "../graph/consumers"
import type { Graph, NodeId } from "../graph/graph"
import type { Law } from "../schema/report"

/** @param nodes what the place made. */
export function lawsThrough(graph: Graph, nodes: readonly NodeId[], laws: readonly Law[]): readonly Law[] {
  const consumers = consumersOf(graph)
  const before = nearestParameters(graph, nodes, (id, queue) => {
    for (const o of graph.nodes[id].operands) queue.push(o)
  })
  if (before.size === 0) return []
  const after = nearestParameters(graph, nodes, (id, queue) => {
    for (const node of consumers[id]) queue.push(node.id)
  })
  return laws.filter(({ parameters }) => parameters.some((id) => before.has(id)) && parameters.some((id) => after.has(id)))
}

/** Ids of the parameters that the first operations with parameters read, walking from `start` to what `addNext` puts into the queue. */
function nearestParameters(graph: Graph, start: readonly NodeId[], addNext: (id: NodeId, queue: NodeId[]) => void): ReadonlySet<string> {
  const found = new Set<string>()
  const seen = new Set<NodeId>(start)
  const queue: NodeId[] = []
  for (const id of start) addNext(id, queue)
  for (const id of queue) {
    if (seen.has(id)) continue
    seen.add(id)
    const own = parametersRead(graph, id)
    for (const parameter of own) found.add(parameter)
    if (own.length === 0) addNext(id, queue)
  }
  return found
}

/** Ids of the parameters an operation takes as operands, or stands for. */
export function parametersRead(graph: Graph, id: NodeId): readonly string[] {
  const found: string[] = []
  const take = (node: NodeId): void => {
    const { op } = graph.nodes[node]
    if (op.kind === "parameter") found.push(graph.parameters[op.parameter].id)
  }
  take(id)
  for (const operand of graph.nodes[id].operands) take(operand)
  return found
}
