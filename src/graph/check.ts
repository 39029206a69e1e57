/**
 * @file Checks a graph against the rules the rest relies on: topological order, operand counts, shapes as the shape table gives them,
 * parameters that point at their nodes. An empty list means a good graph. Runs after every trace in tests and on every replica.
 */
import type { Graph, Node } from "./graph"
import { dim } from "./dim"
import { inferShape, operandCounts, shapeText } from "./shape"

/** What is wrong with a graph, one sentence a fault. */
export function checkGraph(graph: Graph): string[] {
  const problems: string[] = []
  graph.nodes.forEach((node, index) => {
    if (node.id !== index) problems.push(`node ${index}: expected id ${index}, found ${node.id}`)
    const late = node.operands.find((o) => !Number.isInteger(o) || o < 0 || o >= index)
    if (late !== undefined) problems.push(`node ${index}: expected operands before it, found ${late}`)
    else problems.push(...checkNode(graph, node))
  })
  graph.outputs.forEach((id) => {
    if (graph.nodes[id] === undefined) problems.push(`outputs: expected a node below ${graph.nodes.length}, found ${id}`)
  })
  const seen = new Set<string>()
  graph.parameters.forEach((parameter, index) => {
    if (seen.has(parameter.id)) problems.push(`parameter ${index}: id '${parameter.id}' is taken`)
    seen.add(parameter.id)
    if (parameter.node === null) return
    const op = graph.nodes[parameter.node]?.op
    if (op?.kind !== "parameter" || op.parameter !== index) problems.push(`parameter '${parameter.id}': node ${parameter.node} is not its node`)
  })
  return problems
}

function checkNode(graph: Graph, node: Node): string[] {
  const [least, most] = operandCounts[node.op.kind],
    count = node.operands.length
  if (count < least || count > most) return [`node ${node.id}: ${node.op.kind} takes ${least} to ${most} operands, found ${count}`]
  const wrong = node.shape.find((d) => typeof d === "number" && (!Number.isInteger(d) || d < 0))
  if (wrong !== undefined) return [`node ${node.id}: ${node.op.kind} has size ${wrong}, expected a whole number`]
  try {
    const shape = inferShape(
      node.op,
      node.operands.map((o) => graph.nodes[o].shape),
      node.shape,
    )
    const fits = shape.length === node.shape.length && shape.every((d, i) => d === dim(node.shape[i]))
    if (!fits) return [`node ${node.id}: ${node.op.kind} gives ${shapeText(shape)}, the graph says ${shapeText(node.shape)}`]
  } catch (error) {
    return [`node ${node.id}: ${error instanceof Error ? error.message : String(error)}`]
  }
  if (node.op.kind !== "parameter") return []
  const parameter = graph.parameters[node.op.parameter]
  if (parameter === undefined) return [`node ${node.id}: no parameter ${node.op.parameter}`]
  const same = parameter.shape.length === node.shape.length && parameter.shape.every((d, i) => dim(d) === dim(node.shape[i]))
  return same ? [] : [`node ${node.id}: parameter '${parameter.id}' has shape ${shapeText(parameter.shape)}, the node ${shapeText(node.shape)}`]
}
