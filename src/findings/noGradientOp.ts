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
    "`batchNormalization` with either throws as soon as it runs in training: both read a weight that was never made. " +
    "`masking`, `thresholdedReLU`, `centerCrop` and `conv3dTranspose` throw behind weights, `maximum` and `minimum` of layers as `tf.maximum` does.",
  advice: "Write the contraction with `tf.matMul`, a mask with `tf.step` or `tf.relu`, a convolution without dilation; keep scale and center.",
  silent: "The same operations on data or frozen weights, and comparisons nobody uses. The laws of the written function are shown all the same.",
  source: "measured on tfjs 4.22; tfjs-layers normalization.ts calls `gamma.read()` unconditionally",
  check: (subject) =>
    subject.traced.graph.nodes
      .filter(({ id }) => subject.differentiated.has(id))
      .flatMap((node) => {
        const message = complaintAbout(node, subject)
        return message === null ? [] : [{ place: placeOfNode(node, subject.traced), message, fixable: false }]
      }),
}

/** Functions of tfjs without a registered gradient, by their paths behind `tf`. */
const ungraded: ReadonlySet<string> = new Set([
  "divNoNan",
  "cumprod",
  "diag",
  "gatherND",
  "tensorScatterUpdate",
  "depthToSpace",
  "stridedSlice",
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
  if (op.kind === "binary" && op.fn === "notEqual" && label === "masking")
    return "masking of what depends on weights cannot be trained: tfjs has no gradient for its comparison; mask the data"
  if (op.kind === "unary" && op.fn === "thresholdedRelu")
    return "thresholdedReLU cannot be trained behind weights: tfjs has no gradient for its comparison"
  if (op.kind === "gather" && label === "center_crop")
    return "centerCrop of what depends on weights cannot be trained: tfjs has no gradient for it; use tf.layers.cropping2D"
  if (op.kind === "convolve" && op.variant === "transposed" && op.strides.length === 3)
    return `${path === null ? "conv3dTranspose" : "tf.conv3dTranspose"} cannot be trained: tfjs has no gradient for it`
  if (path !== null && /^batchNorm(\dd)?$/.test(path)) return complaintAboutBatchNorm(node, path, subject)
  if (op.kind === "binary" && comparisons.has(op.fn) && path !== null)
    return `tf.${path} of what depends on weights cannot be trained: tfjs has no gradient for comparisons, not even where they only choose`
  const isUnsummed = op.kind === "binary" && unsummed.has(op.fn) && (path !== null || label === "maximum" || label === "minimum")
  if (isUnsummed && operands.some((id) => subject.trained.has(id) && isStretched(id, node, subject)))
    return (
      `${path === null ? label : `tf.${path}`} with a trained operand stretched to the other's shape cannot be trained: ` +
      "tfjs does not sum its gradient over the copies"
    )
  if (op.kind === "convolve" && op.dilations.some((rate) => rate !== 1))
    return `a convolution with dilation ${[...new Set(op.dilations)].join(" × ")} cannot be trained: tfjs has no gradient for it`
  if (op.kind === "bandPart" && node.shape.length === 2) return "tf.linalg.bandPart of a matrix cannot be trained: its gradient throws in tfjs"
  return null
}

/** The differences from the mean, through spread, scale and offset: one product without a scale, no sum at the end without an offset. */
function complaintAboutBatchNorm(node: Node, path: string, subject: FindingSubject): string | null {
  if (node.op.kind !== "binary" || node.op.fn !== "subtract") return null
  const spread = nextStep(node, "multiply", subject)
  if (spread === null) return null
  const scaled = nextStep(spread, "multiply", subject)
  if (scaled !== null && nextStep(scaled, "add", subject) !== null) return null
  return `tf.${path} without a ${scaled === null ? "scale" : "offset"} cannot be trained: its gradient throws in tfjs; hand it ones and zeros`
}

function complaintAboutNorm(made: Node, subject: FindingSubject): string | null {
  const { label } = made
  // Where a layer runs in both modes, what it does next is done to either result.
  const node = subject.consumers[made.id].find(({ op, label: other }) => op.kind === "select" && other === label) ?? made
  const scaled = nextStep(node, "multiply", subject)
  const missing = [...(scaled === null ? ["scale"] : []), ...(nextStep(scaled ?? node, "add", subject) === null ? ["center"] : [])]
  if (missing.length === 0) return null
  const options = missing.map((name) => `${name}: false`).join(", ")
  if (label === "layer_normalization") return `layerNormalization({ ${options} }) cannot be trained: tfjs throws when it is differentiated`
  if (label === "batch_normalization") return `batchNormalization({ ${options} }) cannot be trained: tfjs throws when it runs in training`
  return null
}
