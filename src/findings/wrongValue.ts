/** @file Rule `wrong-value`: layers and operations that compute something other than tfjs documents, on every backend. */
import type { Node } from "../graph/graph"
import type { FindingRule } from "./rule"
import { placeOfNode } from "./subject"

export const wrongValue: FindingRule = {
  name: "wrong-value",
  severity: "warning",
  summary: "A layer or operation for which tfjs 4.22 computes something other than it documents, without a word.",
  why:
    "`conv1d` with `channelsFirst` transposes its input and never its result, so what follows takes channels for steps although the model's " +
    "summary says otherwise. " +
    "In three dimensions \"same\" pads by a negative number where a stride is longer than the window, which shifts what is read. " +
    "Laws are those of the function as documented.",
  advice: "Permute the axes around a channels-last `conv1d`; give 3-D windows at least the length of their strides, or pad with \"valid\".",
  silent: "The same in two dimensions, where tfjs does as it says, and sizes that are not known.",
  source: "measured on tfjs 4.22; tfjs-layers convolutional.ts (conv1dWithBias), tfjs-core conv_util.ts (get3DPadAndOutInfo)",
  check: ({ traced, live }) =>
    traced.graph.nodes.flatMap((node) => {
      const message = live.has(node.id) ? complaintAbout(node, traced.graph.nodes) : null
      return message === null ? [] : [{ place: placeOfNode(node, traced), message, fixable: false }]
    }),
}

function complaintAbout({ op, label, operands }: Node, nodes: readonly Node[]): string | null {
  if (op.kind === "transpose" && label === "conv1d")
    return "conv1d with channelsFirst: tfjs does not transpose the result back, it is [batch, steps, filters] whatever the model says"
  if ((op.kind !== "convolve" && op.kind !== "pool") || op.strides.length !== 3 || op.padding !== "same") return null
  if (op.kind === "convolve" && op.variant === "transposed") return null
  const extents = nodes[operands[0]].shape.slice(1, -1)
  const window = op.kind === "pool" ? op.window : nodes[operands[1]].shape.slice(0, 3)
  const shifted = extents.some((extent, k) => {
    const width = window[k]
    if (typeof extent !== "number" || typeof width !== "number") return false
    return (Math.ceil(extent / op.strides[k]) - 1) * op.strides[k] + width < extent
  })
  if (!shifted) return null
  const what = op.kind === "pool" ? "a 3-D pool" : "a 3-D convolution"
  const sizes = `of window ${window.join(" × ")} with strides ${op.strides.join(" × ")}`
  return `${what} ${sizes} and padding "same": tfjs pads by less than nothing and reads shifted cells`
}
