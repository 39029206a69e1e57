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
  const before = nearestParameters(graph, nodes, (id) => graph.nodes[id].operands)
  const after = nearestParameters(graph, nodes, (id) => consumers[id].map((node) => node.id))
  return laws.filter(({ parameters }) => parameters.some((id) => before.has(id)) && parameters.some((id) => after.has(id)))
}

/** Ids of the parameters that the first operations with parameters read, walking from `start` along `next`. */
function nearestParameters(graph: Graph, start: readonly NodeId[], next: (id: NodeId) => readonly NodeId[]): ReadonlySet<string> {
  const found = new Set<string>()
  const seen = new Set<NodeId>(start)
  const queue = start.flatMap(next)
  for (const id of queue) {
    if (seen.has(id)) continue
    seen.add(id)
    const own = parametersRead(graph, id)
    for (const parameter of own) found.add(parameter)
    if (own.length === 0) queue.push(...next(id))
  }
  return found
}

/** Ids of the parameters an operation takes as operands, or stands for. */
export function parametersRead(graph: Graph, id: NodeId): readonly string[] {
  const found: string[] = []
  for (const node of [id, ...graph.nodes[id].operands]) {
    const { op } = graph.nodes[node]
    if (op.kind === "parameter") found.push(graph.parameters[op.parameter].id)
  }
  return found
}
