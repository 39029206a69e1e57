/** @file Rule `no-gradient-op`: operations and layers that run forward and throw when tfjs differentiates them. */
import type { Node, NodeId } from "../graph/graph"
import type { FindingRule } from "./rule"
import type { FindingSubject } from "./subject"
import { nextStep, placeOfNode } from "./subject"

export const noGradientOp: FindingRule = {
  name: "no-gradient-op",
  severity: "warning",
  summary: "An operation or layer that tfjs 4.22 cannot differentiate, between a trainable weight and the output.",
  why:
    "`tf.einsum`, `tf.topk`, comparisons and some rarer operations have no registered gradient, and tfjs asks for one " +
    "wherever a weight is behind: " +
    "in `tf.where(x.greater(0), …)` for the condition, too. " +
    "`layerNormalization` with `scale: false` or `center: false` throws when differentiated, " +
    "`batchNormalization` with either throws as soon as it runs in training: both read a weight that was never made.",
  advice: "Write the contraction with `tf.matMul`, a mask with `tf.step` or `tf.relu`, a convolution without dilation; keep scale and center.",
  silent: "The same operations on data or frozen weights, and comparisons nobody uses. The laws of the written function are shown all the same.",
  source: "measured on tfjs 4.22; tfjs-layers normalization.ts calls `gamma.read()` unconditionally",
  check: (subject) =>
    subject.traced.graph.nodes
      .filter(({ id }) => subject.live.has(id))
      .flatMap((node) => {
        const message = complaintAbout(node, subject)
        return message === null ? [] : [{ place: placeOfNode(node, subject.traced), message, fixable: false }]
      }),
}

/** Functions of tfjs without a registered gradient, by their paths behind `tf`. */
const ungraded: ReadonlySet<string> = new Set([
  "divNoNan",
  "diag",
  "gatherND",
  "tensorScatterUpdate",
  "depthToSpace",
  "stridedSlice",
  "conv3dTranspose",
  "image.flipLeftRight",
  "image.rgbToGrayscale",
])

const comparisons: ReadonlySet<string> = new Set(["equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual"])

/** Functions whose gradient in tfjs has the shape of the result, not of the operand. */
const unsummed: ReadonlySet<string> = new Set(["maximum", "minimum", "squaredDifference"])

function isStretched(operand: NodeId, { shape }: Node, { traced }: FindingSubject): boolean {
  const own = traced.graph.nodes[operand].shape
  return own.length !== shape.length || own.some((size, axis) => size === 1 && shape[axis] !== 1)
}

function complaintAbout(node: Node, subject: FindingSubject): string | null {
  const { op, label = "", operands } = node
  const behindWeights = operands.some((id) => subject.trained.has(id))
  if (op.kind === "normalize") return complaintAboutNorm(node, subject)
  if (!behindWeights) return null
  const path = label.startsWith("tf.") ? label.slice("tf.".length) : null
  if (op.kind === "einsum" && path === "einsum") return "tf.einsum cannot be trained: tfjs has no gradient for it"
  if (op.kind === "topK") return "tf.topk cannot be trained: tfjs has no gradient for it, not even for its indices"
  if (path !== null && ungraded.has(path)) return `tf.${path} cannot be trained: tfjs has no gradient for it`
  if (op.kind === "binary" && comparisons.has(op.fn) && path !== null)
    return `tf.${path} of what depends on weights cannot be trained: tfjs has no gradient for comparisons, not even where they only choose`
  if (
    op.kind === "binary" &&
    unsummed.has(op.fn) &&
    path !== null &&
    operands.some((id) => subject.trained.has(id) && isStretched(id, node, subject))
  )
    return `tf.${path} with a trained operand stretched to the other's shape cannot be trained: tfjs does not sum its gradient over the copies`
  if (op.kind === "convolve" && op.dilations.some((rate) => rate !== 1))
    return `a convolution with dilation ${[...new Set(op.dilations)].join(" × ")} cannot be trained: tfjs has no gradient for it`
  if (op.kind === "bandPart" && node.shape.length === 2) return "tf.linalg.bandPart of a matrix cannot be trained: its gradient throws in tfjs"
  return null
}

function complaintAboutNorm(node: Node, subject: FindingSubject): string | null {
  const { label } = node
  const scaled = nextStep(node, "multiply", subject)
  const missing = [...(scaled === null ? ["scale"] : []), ...(nextStep(scaled ?? node, "add", subject) === null ? ["center"] : [])]
  if (missing.length === 0) return null
  const options = missing.map((name) => `${name}: false`).join(", ")
  if (label === "layer_normalization") return `layerNormalization({ ${options} }) cannot be trained: tfjs throws when it is differentiated`
  if (label === "batch_normalization") return `batchNormalization({ ${options} }) cannot be trained: tfjs throws when it runs in training`
  return null
}
