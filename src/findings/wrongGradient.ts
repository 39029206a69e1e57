/** @file Rule `wrong-gradient`: operations whose gradient in tfjs is not that of what they compute. */
import type { Graph, Node } from "../graph/graph"
import type { FindingRule } from "./rule"
import { resizingAt } from "./resizing"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const wrongGradient: FindingRule = {
  name: "wrong-gradient",
  severity: "warning",
  summary: "An operation that tfjs 4.22 differentiates wrongly, without a word, between a trainable weight and the output.",
  why:
    "Training follows another direction than the gradient of the loss, so laws that pass the operation hold for the function and not for " +
    "training: an average pool divides by the cells inside the window going forward and by the whole window going back, the cells that " +
    "`tf.mirrorPad` copies hand nothing back, `tf.cumsum` along another axis than the last mixes up its cells, resizing with " +
    "`halfPixelCenters` is differentiated as if it were without, and `tf.max` hands the whole gradient to each of several equal entries, as" +
    " the rows of an embedding are wherever a token is met twice (`maxPool` chooses one).",
  advice:
    "Pool with \"valid\" padding, pad with `tf.pad`, transpose the axis of a cumulative sum to the end, resize without `halfPixelCenters`, " +
    "average over tokens.",
  silent: "Windows that end at the border, pools whose sizes are not known, and the same operations on data.",
  source: "measured on tfjs 4.22, cpu backend, against central differences; the rules stand in tfjs-core or in every backend alike",
  check: (subject) =>
    subject.traced.graph.nodes.flatMap((node) => {
      const { traced, differentiated, trained } = subject
      if (!differentiated.has(node.id) || !node.operands.some((id) => trained.has(id))) return []
      const message = complaintAbout(node, subject)
      return message === null ? [] : [{ place: placeOfNode(node, traced), message, fixable: false }]
    }),
}

function complaintAbout(node: Node, { traced: { graph }, consumers }: FindingSubject): string | null {
  const { op, operands, label } = node
  const [{ shape }] = operands.map((id) => graph.nodes[id])
  switch (op.kind) {
    case "pool":
      return op.fn === "average" && overhangs(op, shape.slice(1, -1))
        ? "the gradient of an average pool whose windows overhang the border is wrong in tfjs: it divides by the whole window"
        : null
    case "pad":
      return op.mode === "constant" ? null : "the gradient of tf.mirrorPad is wrong in tfjs: the mirrored cells hand nothing back"
    case "reduce":
      return (op.fn === "max" || op.fn === "min") && op.axes.some((axis) => repeatsRows(graph.nodes[operands[0]], axis, graph))
        ? `${camelCase(label ?? `tf.${op.fn}`)} over rows of a table: where a row is met twice tfjs counts its gradient twice, as it does every tie's`
        : null
    case "cumsum":
      return op.axis === shape.length - 1 ? null : "the gradient of tf.cumsum along another axis than the last is wrong in tfjs, or throws"
    default:
      return resizingAt(node, graph, consumers)?.centered === true
        ? "the gradient of resizing with halfPixelCenters is wrong in tfjs: it is that of resizing without"
        : null
  }
}

/** Whether what stands along an axis are rows of a table at indices of data, each treated alike: where two indices agree the entries tie. */
function repeatsRows({ op, operands, shape }: Node, axis: number, graph: Graph): boolean {
  const nodes = operands.map((id) => graph.nodes[id])
  /** The axis of an operand that is stretched to the result's shape; negative where it is absent. */
  const aligned = (operand: Node): number => axis - shape.length + operand.shape.length
  switch (op.kind) {
    case "gather":
      return op.axis === 0 && op.batchAxes === 0 && axis < nodes[1].shape.length && nodes[1].op.kind === "input"
    case "unary":
      return repeatsRows(nodes[0], axis, graph)
    case "binary": {
      const along = nodes.filter((operand) => aligned(operand) >= 0 && operand.shape[aligned(operand)] !== 1)
      return along.length > 0 && along.every((operand) => repeatsRows(operand, aligned(operand), graph))
    }
    case "einsum": {
      const [inputs, output] = op.equation.split("->"), letter = output[axis]
      const along = nodes.flatMap((operand, k) => {
        const at = inputs.split(",")[k].indexOf(letter)
        return at < 0 ? [] : [{ operand, at }]
      })
      return along.length > 0 && along.every(({ operand, at }) => repeatsRows(operand, at, graph))
    }
    default:
      return false
  }
}

/** "globalMaxPooling1d" for "global_max_pooling1d". */
const camelCase = (label: string): string => label.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

type Pool = Extract<Node["op"], { readonly kind: "pool" }>

/** Whether some window reaches over the border, where that is known. */
function overhangs({ window, strides, padding }: Pool, extents: Node["shape"]): boolean {
  if (padding === "valid") return false
  if (padding !== "same") return padding.some(([before, after]) => before > 0 || after > 0)
  return extents.some((extent, k) => typeof extent === "number" && (Math.ceil(extent / strides[k]) - 1) * strides[k] + window[k] > extent)
}
