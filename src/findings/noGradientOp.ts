/** @file Rule `no-gradient-op`: operations and layers that run forward and throw when tfjs differentiates them. */
import type { Node } from "../graph/graph"
import type { FindingRule } from "./rule"
import type { FindingSubject } from "./subject"
import { nextStep, placeOfNode } from "./subject"

export const noGradientOp: FindingRule = {
  name: "no-gradient-op",
  severity: "warning",
  summary: "An operation or layer that tfjs 4.22 cannot differentiate, between a trainable weight and the output.",
  why:
    "`tf.einsum` and `tf.topk` have no registered gradient. " +
    "`layerNormalization` with `scale: false` or `center: false` throws when differentiated, " +
    "`batchNormalization` with either throws as soon as it runs in training: both read a weight that was never made.",
  advice: "Write the contraction with `tf.matMul`; mask with a threshold instead of `tf.topk`; keep scale and center.",
  silent: "The same operations on data or frozen weights. The laws of the written function are shown all the same.",
  source: "measured on tfjs 4.22; tfjs-layers normalization.ts calls `gamma.read()` unconditionally",
  check: (subject) =>
    subject.traced.graph.nodes
      .filter(({ id }) => subject.live.has(id))
      .flatMap((node) => {
        const message = complaintAbout(node, subject)
        return message === null ? [] : [{ place: placeOfNode(node, subject.traced), message, fixable: false }]
      }),
}

function complaintAbout(node: Node, subject: FindingSubject): string | null {
  const { op, label } = node
  const behindWeights = node.operands.some((id) => subject.trained.has(id))
  if (op.kind === "einsum" && label === "tf.einsum" && behindWeights) return "tf.einsum cannot be trained: tfjs has no gradient for it"
  if (op.kind === "topK" && behindWeights) return "tf.topk cannot be trained: tfjs has no gradient for it, not even for its indices"
  if (op.kind !== "normalize") return null
  const scaled = nextStep(node, "multiply", subject)
  const missing = [...(scaled === null ? ["scale"] : []), ...(nextStep(scaled ?? node, "add", subject) === null ? ["center"] : [])]
  if (missing.length === 0) return null
  const options = missing.map((name) => `${name}: false`).join(", ")
  if (label === "layer_normalization") return `layerNormalization({ ${options} }) cannot be trained: tfjs throws when it is differentiated`
  if (label === "batch_normalization") return `batchNormalization({ ${options} }) cannot be trained: tfjs throws when it runs in training`
  return null
}
