/**
 * @file Sizes that a model leaves open: what `null` in the shape of an input becomes behind each layer, as tfjs itself computes shapes while it makes
 * a model, and the layers that cannot be made with it. Layers that code applies to numbers know every size; nothing is said of them, nor of layers
 * inside of other layers' code and of models among the layers.
 */
import type { Context } from "../context"
import type { LayerCall } from "./call"
import type { TensorValue, Value } from "../value"
import { booleanIn, isNullish, numberIn, tensorsIn } from "../value"
import { callee, freshSymbol } from "../context"
import { dimOf } from "../tensor"
import { option, shape } from "./call"
import { isSymbolicInput, returnsSequences } from "./mask"
import type { Dim } from "../../schema/report"

/** Axes whose size tfjs does not know. */
type Axes = ReadonlySet<number>

const openAxes = new WeakMap<TensorValue, Axes>()
const none: Axes = new Set()

/** A size of an input's shape: a number, a name, or `null`, which leaves it open. */
export function sizeOfInput(context: Context, item: Value, base: string, nameless: string): Dim {
  if (!isNullish(item)) return dimOf(context, item, base)
  const symbol = freshSymbol(context, nameless)
  if (item.kind === "primitive" && item.value === null) context.state.openSizes.add(symbol)
  return symbol
}

/** A size that tfjs leaves open where the source does not state it. */
export function openSize(context: Context, base: string): Dim {
  const symbol = freshSymbol(context, base)
  context.state.openSizes.add(symbol)
  return symbol
}

/** Says of an input which of its sizes are left open. */
export function markOpen({ state }: Context, x: TensorValue, isBatchOpen = x.shape[0] === "batch"): TensorValue {
  const isOpen = (d: Dim, axis: number): boolean => (axis === 0 && isBatchOpen) || (typeof d === "string" && state.openSizes.has(d))
  openAxes.set(x, new Set(x.shape.flatMap((d, axis) => (isOpen(d, axis) ? [axis] : []))))
  return x
}

/** The shape as tfjs sees it. */
const seen = (call: LayerCall, x: TensorValue, axes: Axes): string =>
  `[${shape(call, x).map((d, i) => (axes.has(i) ? "null" : d)).join(", ")}]`

/** Tells of a layer that cannot be made for want of a size, and what its result leaves open. */
export function passOpen(call: LayerCall, kind: string, result: Value): void {
  const { context, state, inputs, at } = call, { trail, assumedItems, doubts, owners } = context.state
  const given = inputs.map((x) => openAxes.get(x))
  if (given.some((axes) => axes === undefined) || owners.some((owner) => "kind" in owner)) return
  const axes = given as readonly Axes[], [x] = inputs
  const y = tensorsIn([result], 1).at(0)
  if (y !== undefined) openAxes.set(y, new Set([...openAfter(call, kind, axes, y)].filter((axis) => axis < y.shape.length)))
  if (x === undefined || trail.length > 0 || assumedItems > 0 || doubts > 0 || !inputs.some(isBehindInput)) return
  const what = complaintAbout(call, kind, x, axes[0])
  if (what === null || state.refused?.some((known) => known.what === what) === true) return
  state.refused = [...(state.refused ?? []), { kind: "open", what, fixable: false, ...callee(context, at) }]
}

const isBehindInput = (x: TensorValue): boolean => isSymbolicInput(x) || openAxes.has(x)

const recurrent = new Set(["simpleRNN", "lstm", "gru", "rnn", "convLstm2d"])
const onChannels = new Set([
  "conv1d", "conv2d", "conv3d", "conv2dTranspose", "conv3dTranspose", "separableConv2d", "depthwiseConv2d",
])

function complaintAbout(call: LayerCall, kind: string, x: TensorValue, open: Axes): string | null {
  const own = seen(call, x, open)
  if (recurrent.has(kind) && open.has(0) && isSet(call, "stateful"))
    return `${kind} with stateful: true on ${own}: tfjs must know the batch size when the model is made, write batchInputShape or batchShape`
  const missing = neededBy(call, kind, x).filter((axis) => open.has(axis))
  if (missing.length === 0) return null
  const which = kind === "flatten" ? "every size but the first" : `the size of axis ${missing.join(" and of axis ")}`
  return `${kind} on ${own}: tfjs must know ${which} when the model is made`
}

/** Axes whose sizes a layer needs for its weights or its result. */
function neededBy(call: LayerCall, kind: string, x: TensorValue): readonly number[] {
  const rank = x.shape.length, last = rank - 1
  if (kind === "dense") return [last]
  if (kind === "flatten") return x.shape.flatMap((_, axis) => (axis > 0 ? [axis] : []))
  if (kind === "convLstm2d" || recurrent.has(kind)) return [last]
  if (onChannels.has(kind)) return [isChannelsFirst(call) ? 1 : last]
  if (kind === "batchNormalization" || kind === "layerNormalization") return axesOption(call, "axis", [-1], rank)
  if (kind === "prelu") {
    const shared = axesOption(call, "sharedAxes", [], rank)
    return x.shape.flatMap((_, axis) => (axis > 0 && !shared.includes(axis) ? [axis] : []))
  }
  return []
}

const isSet = (call: LayerCall, key: string): boolean => {
  const value = option(call, key)
  return value !== undefined && booleanIn(value) === true
}
const isChannelsFirst = (call: LayerCall): boolean => {
  const value = option(call, "dataFormat")
  return value?.kind === "primitive" && value.value === "channelsFirst"
}

/** Axes that a configuration names; nothing where one is not known. */
function axesOption(call: LayerCall, key: string, missing: readonly number[], rank: number): readonly number[] {
  const value = option(call, key)
  const listed = value === undefined ? missing : (value.kind === "array" ? value.items : [value]).map((item) => numberIn(item))
  return listed.every((axis) => axis !== null) ? listed.map((axis) => (axis < 0 ? axis + rank : axis)) : []
}

/** Layers whose result has the shape of what they are given. */
const alike = new Set([
  "activation", "dropout", "spatialDropout1d", "gaussianNoise", "gaussianDropout", "alphaDropout", "masking", "reLU", "leakyReLU", "elu",
  "thresholdedReLU", "softmax", "prelu", "batchNormalization", "layerNormalization", "rescaling", "inputLayer",
])
/** Layers along whose spatial axes an open size stays open. */
const sliding = new Set([
  ...onChannels, "maxPooling1d", "maxPooling2d", "maxPooling3d", "averagePooling1d", "averagePooling2d", "averagePooling3d", "zeroPadding2d",
  "upSampling2d",
])

/** What is open in a layer's (first) result. What is not listed is taken to be known, of which nothing is said. */
function openAfter(call: LayerCall, kind: string, given: readonly Axes[], y: TensorValue): Axes {
  const [x] = call.inputs, [open] = given, last = y.shape.length - 1
  if (x === undefined) return none
  const batch = open.has(0) ? [0] : []
  const keeping = (...axes: readonly number[]): Axes => new Set(axes.filter((axis) => open.has(axis)))
  if (alike.has(kind)) return open
  if (kind === "embedding" || kind === "timeDistributed") return keeping(0, 1)
  if (kind === "dense") return new Set([...open].filter((axis) => axis < last))
  if (recurrent.has(kind) || kind === "bidirectional") return returnsSequences(call) ? keeping(0, 1) : keeping(0)
  if (sliding.has(kind)) return new Set([...open].filter((axis) => axis !== (isChannelsFirst(call) ? 1 : x.shape.length - 1)))
  if (kind === "permute") return permuted(call, open)
  if (kind === "reshape") return new Set([...batch, ...(open.size === 0 ? [] : openTargets(call))])
  if (kind === "concatenate") {
    // As tfjs has it: the shape of the first, but along the axis of all.
    const along = axesOption(call, "axis", [-1], x.shape.length)
    return new Set([...[...open].filter((axis) => !along.includes(axis)), ...along.filter((axis) => given.some((axes) => axes.has(axis)))])
  }
  return new Set(batch)
}

function permuted(call: LayerCall, open: Axes): Axes {
  const dims = option(call, "dims"), from = dims?.kind === "array" ? dims.items.map((item) => numberIn(item)) : []
  return new Set([...(open.has(0) ? [0] : []), ...from.flatMap((axis, i) => (axis !== null && open.has(axis) ? [i + 1] : []))])
}

/** tfjs computes the −1 of a target only where it knows every size of the input, the batch included. */
function openTargets(call: LayerCall): readonly number[] {
  const target = option(call, "targetShape")
  if (target?.kind !== "array") return []
  return target.items.flatMap((item, i) => {
    const size = numberIn(item)
    return isNullish(item) || (size !== null && size < 0) ? [i + 1] : []
  })
}
