/** @file Rule `refused-setting`: layers with an option, or at a place, that tfjs knows of and throws at. */
import type { Node, TracedLayer } from "../graph/graph"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const refusedSetting: FindingRule = {
  name: "refused-setting",
  severity: "warning",
  summary: "A layer with a setting, or on data, that tfjs 4.22 refuses or passes over.",
  why:
    "tfjs throws at sizes that are no whole numbers above 0, at texts it does not know (`padding: 'SAME'`, `dataFormat: 'channels_last'`) and" +
    " without sizes that a layer needs; an entry of another spelling (`return_sequences`) and a number in place of the record it passes over " +
    "in silence. Keras takes these and tfjs throws: `elu` with an alpha other than 1, `gru` with `resetAfter`, the padding `causal`, strides " +
    "beside a dilation, `batchNormalization` on five axes (behind `conv3d` or `convLstm2d`) and, in training, of another axis than the last, " +
    "`dot` on four, `convLstm2d` with `unroll`, `resizing` and `randomWidth` inside a model. `upSampling2d` with one number as its size gives" +
    " images of NaN pixels. Constraints (`kernelConstraint: 'nonNeg'`) are applied by `setWeights` and by no step of training.",
  advice:
    "Pad with zeros in front for a causal convolution, fold an axis into the batch for a normalization, " +
    "resize with `tf.image.resizeBilinear` in a layer of your own.",
  silent: "Settings that are not known, and the same layers applied to tensors where only a model refuses them.",
  source: "measured on tfjs 4.22",
  check: (subject) => [...configured(subject), ...noted(subject), ...inGraph(subject), ...amongLayers(subject)],
}

/** What is wrong with a layer by itself. */
const configured = ({ traced }: FindingSubject): readonly Found[] =>
  (traced.refused ?? []).flatMap(({ kind, what, fixable, start, end }) =>
    kind === "setting" || kind === "ignored" ? [{ place: { start, end }, message: what, fixable }] : [])

/** What the tracer met while it read the code. */
const noted = ({ traced }: FindingSubject): readonly Found[] =>
  traced.unsupported.flatMap(({ what, start, end }) => {
    const [, layer, said] = /(\w+)(?: is not supported)?: (tfjs refuses .*)$/.exec(what) ?? []
    return said === undefined ? [] : [{ place: { start, end }, message: `${layer}: ${said}`, fixable: false }]
  })

const inGraph = ({ traced, live }: FindingSubject): readonly Found[] =>
  traced.graph.nodes.flatMap((node) => {
    if (!live.has(node.id)) return []
    const message = complaintAbout(node, traced.graph.nodes)
    return message === null ? [] : [{ place: placeOfNode(node, traced), message, fixable: false }]
  })

/** The largest number of axes that tfjs normalizes over a batch. */
const mostAxes = 4

function complaintAbout({ op, label, operands, shape }: Node, nodes: readonly Node[]): string | null {
  if (op.kind === "normalize" && label === "batch_normalization" && shape.length > mostAxes)
    return `batchNormalization: tfjs refuses [${shape.join(", ")}], it takes at most ${mostAxes} axes`
  if (op.kind === "normalize" && label === "batch_normalization" && op.axes.includes(shape.length - 1))
    return `batchNormalization of [${shape.join(", ")}] on another axis than the last: tfjs throws in training`
  if (op.kind === "convolve" && op.variant !== "transposed" && [op.strides, op.dilations].every((list) => list.some((n) => n !== 1)))
    return `a convolution with strides ${op.strides.join(" × ")} and dilation ${op.dilations.join(" × ")}: tfjs refuses to have both`
  if (op.kind === "einsum" && label === "dot" && operands.some((id) => nodes[id].shape.length > 3))
    return `dot: tfjs refuses ${operands.map((id) => `[${nodes[id].shape.join(", ")}]`).join(" and ")}, it takes at most 3 axes`
  return null
}

function amongLayers({ traced }: FindingSubject): readonly Found[] {
  const all = (layers: readonly TracedLayer[]): readonly TracedLayer[] => layers.flatMap((layer) => [layer, ...all(layer.layers)])
  return all(traced.layers ?? []).flatMap((layer) => {
    const message = complaintAboutLayer(layer)
    const node = traced.graph.nodes.find(({ scope, at }) => scope === layer.path && at !== undefined)
    return message === null ? [] : [{ place: node === undefined ? traced : placeOfNode(node, traced), message, fixable: false }]
  })
}

function complaintAboutLayer({ type, options }: TracedLayer): string | null {
  if (type === "resizing") return "resizing: tfjs refuses it inside a model, which hands the layer a list: predict and fit throw"
  if (type === "up_sampling2d" && typeof options.size === "number")
    return `upSampling2d: a size of ${options.size} gives images of NaN by NaN pixels: write size: [${options.size}, ${options.size}]`
  return null
}
