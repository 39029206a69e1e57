/** @file Layers that prepare data inside a model: rescaling, resizing, cropping to the middle, categories as indicators. None has weights. */
import type { LayerCall, LayerSpec } from "./call"
import type { TensorValue } from "../value"
import { binary, emit, flagOption, input, numberOption, shape, sizeOption, textOption } from "./call"
import { constant, markIndices, reshape } from "../tensor"
import { emitResize } from "../ops/image"
import { primitive } from "../value"
import { Unreadable } from "../context"

const number = (call: LayerCall, value: number): TensorValue => constant(call.context, value, { at: call.at, label: call.state.type })

/** x·scale + offset. */
const rescaling: LayerSpec = (call) => {
  const scaled = binary(call, "multiply", input(call), number(call, numberOption(call, "scale", NaN))),
    offset = numberOption(call, "offset", 0)
  return offset === 0 ? scaled : binary(call, "add", scaled, number(call, offset))
}

/** The emitter of image ops, on the layer's input. */
const asOp = (call: LayerCall): Parameters<typeof emitResize>[0] => ({
  context: call.context,
  name: call.state.type,
  label: call.state.type,
  args: [input(call), primitive(null)],
  at: call.at,
})

/** tfjs aligns the corners unless it is told to crop to the aspect ratio, which it then does not do. */
const resizing: LayerSpec = (call) => {
  const size = [numberOption(call, "height", NaN), numberOption(call, "width", NaN)],
    x = input(call)
  if (size.some(Number.isNaN)) throw new Unreadable("resizing: 'height' and 'width' must be known")
  if (shape(call, x).length !== 4) throw new Unreadable("resizing: expected [batch, height, width, channels]")
  const corners = !flagOption(call, "cropToAspectRatio", false)
  return emitResize(asOp(call), x, size, textOption(call, "interpolation", "bilinear") === "nearest", corners, false)
}

/** tfjs samples the nearest cells between the borders of the middle part; a larger size stretches the image. */
const centerCrop: LayerSpec = (call) => {
  const x = input(call),
    [height, width] = [numberOption(call, "height", NaN), numberOption(call, "width", NaN)],
    own = shape(call, x)
  const [h, w] = [own[1], own[2]]
  if (own.length !== 4 || typeof h !== "number" || typeof w !== "number" || Number.isNaN(height + width))
    throw new Unreadable("centerCrop: the sizes must be known")
  const top = h === height ? 0 : Math.floor((h - height) / 2),
    left = w === width ? 0 : Math.floor((w - width) / 2) || 1
  if (top < 0 || left < 0) return emitResize(asOp(call), x, [height, width], false, false, false)
  const along = (y: TensorValue, axis: number, from: number, to: number, before: number): TensorValue => {
    const [low, high] = [before / from, (to + before) / from].map((part) => part * (from - 1))
    const places = Array.from({ length: to }, (_, i) => (to > 1 ? low + (i * (high - low)) / (to - 1) : (low + high) / 2))
    if (places.some((place) => place < 0 || place > from - 1)) throw new Unreadable("centerCrop: cells outside the image")
    const cells = emit(call, { kind: "constant", value: { kind: "data", values: places.map(Math.round) } }, [], [to])
    return emit(call, { kind: "gather", axis, batchAxes: 0 }, [y, cells])
  }
  return along(along(x, 1, h, height, top), 2, w, width, left)
}

/** Whole numbers below numTokens as indicators of each row: which occur, or how often. */
const categoryEncoding: LayerSpec = (call) => {
  const x = input(call),
    depth = sizeOption(call, "numTokens"),
    mode = textOption(call, "outputMode", "multiHot"),
    own = shape(call, x)
  if (mode === "int") return x
  if (own.length !== 2 || !["oneHot", "multiHot", "count"].includes(mode) || (mode === "oneHot" && own[1] !== 1))
    throw new Unreadable(`categoryEncoding: the mode '${mode}' on [${own.join(", ")}] is not read`)
  markIndices(x, depth, "row")
  const rows = emit(call, { kind: "oneHot", depth }, [x])
  if (mode === "oneHot") return reshape(call.context, rows, [own[0], depth], { at: call.at, label: "categoryEncoding" })
  return emit(call, { kind: "reduce", fn: mode === "count" ? "sum" : "max", axes: [1], keepDims: false }, [rows])
}

export const preprocessingLayers: Readonly<Record<string, LayerSpec>> = { rescaling, resizing, centerCrop, categoryEncoding }
