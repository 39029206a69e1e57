/** @file Rule `softmax-axis`: a softmax along an axis that tfjs refuses. */
import type { FindingRule } from "./rule"
import { placeOfNode } from "./subject"

export const softmaxAxis: FindingRule = {
  name: "softmax-axis",
  severity: "warning",
  summary: "A softmax or log-softmax along an axis other than the last.",
  why: "tfjs throws: \"Softmax along a non-last dimension is not yet supported.\"",
  advice: "Transpose the axis to the end, or write `exp(x − max) / sum`.",
  silent: "Softmax along the last axis, and softmax written by hand.",
  source: "measured on tfjs 4.22",
  check: ({ traced }) =>
    traced.graph.nodes.flatMap((node) => {
      const { op, shape } = node
      if (op.kind !== "softmax" || op.axis === shape.length - 1) return []
      const name = op.log ? "log-softmax" : "softmax"
      const message = `${name} along axis ${op.axis} of [${shape.join(", ")}] throws: tfjs takes it along the last axis only`
      return [{ place: placeOfNode(node, traced), message, fixable: true }]
    }),
}
