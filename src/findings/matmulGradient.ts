/** @file Rule `matmul-gradient`: products of tensors of unequal rank, which tfjs computes and cannot differentiate. */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { Dim } from "../schema/report"
import { sizeName } from "../graph/names"
import { parseEinsum } from "../graph/shape"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const matmulGradient: FindingRule = {
  name: "matmul-gradient",
  severity: "warning",
  summary: "`tf.matMul` of [B, T, C] by a trainable [C, D] computes, and throws in training.",
  why:
    "tfjs 4.22 stretches the smaller operand over the leading axes but does not sum its gradient over them: " +
    "\"Error in gradient for op BatchMatMul. The gradient of input 'b' has shape …\".",
  advice: "Fold the leading axes into one: `x.reshape([-1, C]).matMul(w).reshape([B, T, D])`, or use `tf.layers.dense`.",
  silent: "Products whose stretched operand is not trained, and operands with equal leading axes.",
  source: "measured on tfjs 4.22, BatchMatMul",
  check: (subject) => subject.traced.graph.nodes.filter(({ id }) => subject.differentiated.has(id)).flatMap((node) => findIn(node, subject)),
}

function findIn(node: Node, { traced, trained }: FindingSubject): readonly Found[] {
  if (node.op.kind !== "einsum" || node.label !== "tf.matMul") return []
  const { operands, output } = parseEinsum(node.op.equation)
  const leading = output.slice(0, -2)
  return operands.flatMap((letters, k): readonly Found[] => {
    const stretched = leading.some((letter) => !letters.includes(letter))
    if (!stretched || !trained.has(node.operands[k])) return []
    const shapes = node.operands.map((id) => `[${givenShape(id, traced.graph).map((d) => sizeName(String(d))).join(", ")}]`)
    const which = k === 0 ? "first" : "second"
    return [
      {
        place: placeOfNode(node, traced),
        message:
          `tf.matMul of ${shapes.join(" by ")} cannot be trained: ` +
          `tfjs has no gradient for the ${which} operand, which is stretched over the leading axes`,
        fixable: true,
      },
    ]
  })
}

/** The shape in the source: the tracer drops leading axes of one before it contracts. */
function givenShape(id: NodeId, graph: Graph): readonly Dim[] {
  const { op, label, operands, shape } = graph.nodes[id]
  return op.kind === "reshape" && label === "tf.matMul" ? graph.nodes[operands[0]].shape : shape
}
