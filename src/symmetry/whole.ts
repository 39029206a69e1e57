/**
 * @file Whether shifts along whole axes can be news although blocks were solved. A network in which cut axes are merely carried along is the blocks'
 * network side by side: a shift that is constant along the whole axis is the sum of the blocks' shifts, rule by rule. What works along a cut axis
 * (a softmax over its pieces, a mean, a contraction) ties pieces together, and where blocks met a barrier they know less than the whole.
 */
import type { GenericNetwork } from "../axes/generalize"
import { hasSum } from "../axes/tree"
import type { Node, NodeId } from "../graph/graph"
import type { Program } from "./program"

export function wholeAxesMatter(network: GenericNetwork, program: Program): boolean {
  if (!network.axes.some((own) => own.some(hasSum))) return false
  if (program.values.some(({ op }) => op.kind === "barrier" || op.kind === "opaque")) return true
  return network.graph.nodes.some((node) => worksAlongCut(network, node))
}

/** Whether the operation does more along some cut axis than carry it, or cut and join it. */
function worksAlongCut(network: GenericNetwork, node: Node): boolean {
  const { op } = node
  const isCut = (id: NodeId, axis: number): boolean => hasSum(network.axes[id][axis])
  const anyOf = (id: NodeId): boolean => network.axes[id].some(hasSum)
  const [x] = node.operands
  switch (op.kind) {
    case "softmax":
    case "cumsum":
    case "argExtreme":
    case "gather":
      return isCut(x, op.axis)
    case "normalize":
    case "reduce":
    case "reverse":
      return op.axes.some((axis) => isCut(x, axis))
    case "einsum": {
      const [inputs, output] = op.equation.split("->")
      return inputs.split(",").some((own, k) => [...own].some((letter, i) => !output.includes(letter) && isCut(node.operands[k], i)))
    }
    case "topK":
    case "bandPart":
    case "oneHot":
    case "pad":
    case "tile":
    case "upsample":
    case "convolve":
    case "pool":
      return anyOf(node.id) || node.operands.some(anyOf)
    case "input":
    case "parameter":
    case "constant":
    case "random":
    case "unary":
    case "binary":
    case "select":
    case "dropout":
    case "stopGradient":
    case "reshape":
    case "transpose":
    case "slice":
    case "concat":
    case "broadcast":
      return false
    case "opaque":
      return true
  }
}
