/**
 * @file Constants that are added to a trained parameter of their shape, W₀ + W or x·W₀ + x·W: the laws are those of the sum, so that terms must be
 * able to name the constant. It becomes a parameter that is not trained; laws hold whatever its numbers are.
 */
import type { Graph, Node, NodeId, Parameter } from "./graph"

/** The graph with such constants as frozen parameters, named after the trained one: "w_0" beside "w". The graph itself where there are none. */
export function nameConstantOffsets(graph: Graph): Graph {
  const beside = new Map<NodeId, Parameter>()
  for (const node of graph.nodes) {
    if (node.op.kind !== "binary" || node.op.fn !== "add") continue
    const [a, b] = node.operands.map((id) => graph.nodes[id])
    for (const [x, y] of [[a, b], [b, a]]) {
      const pair = sameFactor(graph, x, y) ?? [x, y]
      const trained = trainedAt(graph, pair[1])
      if (trained !== null && isTable(pair[0]) && pair[0].shape.join() === pair[1].shape.join()) beside.set(pair[0].id, trained)
    }
  }
  if (beside.size === 0) return graph
  const parameters = [...graph.parameters],
    taken = new Set(parameters.map((p) => p.id)),
    nodes = [...graph.nodes]
  for (const [id, trained] of beside) {
    let name = `${trained.id}_0`
    for (let k = 1; taken.has(name); k++) name = `${trained.id}_0${k}`
    taken.add(name)
    const node = nodes[id],
      place = node.at ?? { start: trained.start, end: trained.end }
    parameters.push({ start: place.start, end: place.end, id: name, shape: node.shape, trainable: false, constantBeside: trained.id, node: id })
    nodes[id] = { ...node, op: { kind: "parameter", parameter: parameters.length - 1 } }
  }
  return { ...graph, nodes, parameters }
}

/** Numbers that differ from entry to entry. */
function isTable({ op, shape, dtype }: Node): boolean {
  return op.kind === "constant" && op.value.kind !== "fill" && shape.length > 0 && dtype === "float"
}

function trainedAt(graph: Graph, { op }: Node): Parameter | null {
  const parameter = op.kind === "parameter" ? graph.parameters[op.parameter] : undefined
  return parameter?.trainable === true ? parameter : null
}

/** The second factors of two products with one first factor and one equation; null where that is not what they are. */
function sameFactor(graph: Graph, x: Node, y: Node): readonly [Node, Node] | null {
  if (x.op.kind !== "einsum" || y.op.kind !== "einsum" || x.op.equation !== y.op.equation || x.operands.length !== 2) return null
  const k = x.operands.findIndex((o, i) => o !== y.operands[i])
  return k >= 0 && x.operands[1 - k] === y.operands[1 - k] ? [graph.nodes[x.operands[k]], graph.nodes[y.operands[k]]] : null
}
