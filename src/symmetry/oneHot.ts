/**
 * @file Along which axis a tensor has one entry at most that is not zero: one-hot matrices, and what is multiplied with them, as the router of a
 * mixture with one expert. Divided by its norm or its sum such a tensor is ±1 there, whatever the entry.
 */
import type { Graph, NodeId } from "../graph/graph"
import { functionTraits } from "./functions"

/** So many operations in a row are followed: products of products would be asked twice at every step. */
const DEPTH = 10

/** @returns the axis, or null where none is known. */
export function oneHotAxis(graph: Graph, id: NodeId, depth = DEPTH): number | null {
  if (depth === 0) return null
  const { op, operands, shape } = graph.nodes[id]
  const inherited = (k: number): number | null => {
    const own = oneHotAxis(graph, operands[k], depth - 1)
    if (own === null) return null
    const from = graph.nodes[operands[k]].shape,
      axis = own + shape.length - from.length
    return from[own] === shape[axis] ? axis : null
  }
  switch (op.kind) {
    case "oneHot":
      return shape.length - 1
    case "unary": {
      const { degree, slope } = functionTraits[op.fn](op.parameters ?? [])
      return slope !== null || (degree !== null && degree > 0) ? inherited(0) : null
    }
    case "binary":
      if (op.fn === "multiply") return inherited(0) ?? inherited(1)
      return op.fn === "divide" || op.fn === "divideNoNan" ? inherited(0) : null
    // Chosen where the condition holds, zero elsewhere.
    case "select": {
      const other = graph.nodes[operands[2]].op
      return other.kind === "constant" && other.value.kind === "fill" && other.value.value === 0 ? (inherited(0) ?? inherited(1)) : null
    }
    case "stopGradient":
    case "broadcast":
    case "dropout":
      return inherited(0)
    // Over one cell nothing is summed.
    case "reduce": {
      const own = oneHotAxis(graph, operands[0], depth - 1),
        from = graph.nodes[operands[0]].shape
      if (own === null || op.axes.includes(own) || op.axes.some((a) => from[a] !== 1)) return null
      return op.keepDims ? own : own - op.axes.filter((a) => a < own).length
    }
    case "reshape": {
      const own = oneHotAxis(graph, operands[0], depth - 1),
        from = graph.nodes[operands[0]].shape
      if (own === null || from[own] === 1 || from.filter((d) => d !== 1).join() !== shape.filter((d) => d !== 1).join()) return null
      const rank = from.slice(0, own).filter((d) => d !== 1).length
      return shape.findIndex((d, i) => d !== 1 && shape.slice(0, i).filter((e) => e !== 1).length === rank)
    }
    default:
      return null
  }
}
