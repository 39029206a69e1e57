/** @file Convolution and pooling layers, upsampling, padding and cropping; channels last (channels first is transposed around). */
import type { Dim } from "../../schema/report"
import type { LayerCall, LayerSpec } from "./call"
import type { Padding } from "../../graph/op"
import type { TensorValue } from "../value"
import { binary, emit, flagOption, input, layerWeight, numberOption, option, shape, sizeOption, textOption, windowOption } from "./call"
import { multiplyDim, subtractDim } from "../../graph/dim"
import { emitResize } from "../ops/image"
import { giveRank } from "../rank"
import { perAxis } from "../ops/linear"
import { dimOf } from "../tensor"
import { resolveDim, Unreadable } from "../context"
import { withActivation } from "./core"
import { numberIn } from "../value"

/** Runs a channels-last body on a channels-first input between two transposes. */
function channelsLast(call: LayerCall, spatial: number, body: (x: TensorValue) => TensorValue): TensorValue {
  const x = input(call)
  giveRank(call.context, x, spatial + 2, call.state.type)
  const own = shape(call, x)
  if (own.length !== spatial + 2) throw new Unreadable(`${call.state.type}: expected ${spatial + 2} axes, found [${own.join(", ")}]`)
  if (textOption(call, "dataFormat", "channelsLast") !== "channelsFirst") return body(x)
  const spatialAxes = Array.from({ length: spatial }, (_, i) => i + 1)
  const y = body(emit(call, { kind: "transpose", permutation: [0, ...spatialAxes.map((axis) => axis + 1), 1] }, [x]))
  return emit(call, { kind: "transpose", permutation: [0, spatial + 1, ...spatialAxes] }, [y])
}

/** tfjs names "causal" and then throws on it. */
const paddingOption = (call: LayerCall): Padding => {
  const text = textOption(call, "padding", "valid")
  if (text === "causal" && /^(conv|separable)/.test(call.state.type)) throw new Unreadable(`${call.state.type}: tfjs refuses the padding 'causal'`)
  if (text !== "same" && text !== "valid") throw new Unreadable(`${call.state.type}: the padding '${text}' is not read`)
  return text
}

const biased = (call: LayerCall, y: TensorValue, channels: Dim): TensorValue =>
  withActivation(call, flagOption(call, "useBias", true) ? binary(call, "add", y, layerWeight(call, "bias", [channels], "bias", "zeros")) : y)

const convolution =
  (spatial: number): LayerSpec =>
  (call) =>
    channelsLast(call, spatial, (x) => {
      const window = windowOption(call, "kernelSize", spatial),
        filters = sizeOption(call, "filters"),
        own = shape(call, x)
      const dilations = perAxis(option(call, "dilationRate"), spatial, 1),
        strides = perAxis(option(call, "strides"), spatial, 1)
      const kernel = layerWeight(call, "kernel", [...window, own[spatial + 1], filters], "kernel", "glorotNormal")
      const padding = paddingOption(call)
      return biased(call, emit(call, { kind: "convolve", variant: "standard", strides, dilations, padding }, [x, kernel]), filters)
    })

const depthwise: LayerSpec = (call) =>
  channelsLast(call, 2, (x) => {
    const window = windowOption(call, "kernelSize", 2),
      channels = shape(call, x)[3],
      multiplier = numberOption(call, "depthMultiplier", 1)
    const kernel = layerWeight(call, "depthwise_kernel", [...window, channels, multiplier], "depthwise", "glorotNormal")
    const padding = paddingOption(call)
    // tfjs 4.22 passes no dilation on.
    const y = emit(call, { kind: "convolve", variant: "depthwise", strides: perAxis(option(call, "strides"), 2, 1), dilations: [1, 1], padding }, [
      x,
      kernel,
    ])
    return biased(call, y, multiplyDim(channels, multiplier))
  })

const separable: LayerSpec = (call) =>
  channelsLast(call, 2, (x) => {
    const window = windowOption(call, "kernelSize", 2),
      channels = shape(call, x)[3],
      multiplier = numberOption(call, "depthMultiplier", 1),
      filters = sizeOption(call, "filters")
    const first = layerWeight(call, "depthwise_kernel", [...window, channels, multiplier], "depthwise", "glorotUniform")
    const second = layerWeight(call, "pointwise_kernel", [1, 1, multiplyDim(channels, multiplier), filters], "pointwise", "glorotUniform")
    const padding = paddingOption(call)
    const y = emit(
      call,
      {
        kind: "convolve",
        variant: "depthwise",
        strides: perAxis(option(call, "strides"), 2, 1),
        dilations: perAxis(option(call, "dilationRate"), 2, 1),
        padding,
      },
      [x, first],
    )
    return biased(
      call,
      emit(call, { kind: "convolve", variant: "standard", strides: [1, 1], dilations: [1, 1], padding: "valid" }, [y, second]),
      filters,
    )
  })

const transposed =
  (spatial: number): LayerSpec =>
  (call) =>
  channelsLast(call, spatial, (x) => {
    const window = windowOption(call, "kernelSize", spatial),
      filters = sizeOption(call, "filters"),
      padding = paddingOption(call)
    // tfjs keeps this kernel as [height, width, out, in]; the graph's order is in, out.
    const kernel = layerWeight(call, "kernel", [...window, filters, shape(call, x)[spatial + 1]], "kernel", "glorotNormal")
    const axes = Array.from({ length: spatial }, (_, i) => i), strides = perAxis(option(call, "strides"), spatial, 1)
    const swapped = emit(call, { kind: "transpose", permutation: [...axes, spatial + 1, spatial] }, [kernel])
    return biased(
      call,
      emit(call, { kind: "convolve", variant: "transposed", strides, dilations: axes.map(() => 1), padding }, [x, swapped]),
      filters,
    )
  })

const pooling =
  (spatial: number, fn: "max" | "average"): LayerSpec =>
  (call) =>
    channelsLast(call, spatial, (x) => {
      const whole = wholeAxes(call, spatial, x)
      if (whole !== null) return emit(call, { kind: "reduce", fn: fn === "max" ? "max" : "mean", axes: whole, keepDims: true }, [x])
      const window = perAxis(option(call, "poolSize"), spatial, 2),
        padding = paddingOption(call)
      const strides = option(call, "strides") === undefined ? window : perAxis(option(call, "strides"), spatial, 2)
      return emit(call, { kind: "pool", fn, window, strides, padding }, [x])
    })

/**
 * The axes that a window of open size covers from end to end, as in networks over texts: `poolSize: length - size + 1` after a convolution. Null
 * where the windows are numbers.
 */
function wholeAxes(call: LayerCall, spatial: number, x: TensorValue): readonly number[] | null {
  const given = option(call, "poolSize")
  const list = given?.kind === "array" ? given.items : given === undefined ? [] : Array.from({ length: spatial }, () => given)
  if (list.length !== spatial || list.every((item) => numberIn(item) !== null)) return null
  const sizes = shape(call, x).slice(1, spatial + 1)
  const windows = list.map((item) => (item.kind === "dim" || numberIn(item) !== null ? resolveDim(call.context, dimOf(call.context, item)) : null))
  const covers = windows.every((window, i) => window !== null && (window === sizes[i] || window === 1))
  if (!covers || textOption(call, "padding", "valid") !== "valid" || option(call, "strides") !== undefined) return null
  return windows.flatMap((window, i) => (window === sizes[i] ? [i + 1] : []))
}

const globalPooling =
  (spatial: number, fn: "max" | "mean"): LayerSpec =>
  (call) => {
    const first = textOption(call, "dataFormat", "channelsLast") === "channelsFirst"
    giveRank(call.context, input(call), spatial + 2, call.state.type)
    return emit(call, { kind: "reduce", fn, axes: Array.from({ length: spatial }, (_, i) => i + (first ? 2 : 1)), keepDims: false }, [input(call)])
  }

const upSampling2d: LayerSpec = (call) =>
  channelsLast(call, 2, (x) => {
    const factors = perAxis(option(call, "size"), 2, 2), mode = textOption(call, "interpolation", "nearest")
    if (mode === "nearest") return emit(call, { kind: "upsample", factors }, [x])
    if (mode !== "bilinear") throw new Unreadable(`upSampling2d: the interpolation '${mode}' is not read`)
    const size = shape(call, x).slice(1, 3).map((d, i) => multiplyDim(d, factors[i]))
    if (!size.every((d): d is number => typeof d === "number")) throw new Unreadable("upSampling2d: the size of the image is not known")
    return emitResize({ context: call.context, name: "upSampling2d", label: call.state.type, args: [], at: call.at }, x, size, false, false, false)
  })

/** One number, one a spatial axis, or a pair each. */
function pairs(call: LayerCall, key: string, missing: number): readonly (readonly [number, number])[] {
  const value = option(call, key)
  if (value?.kind !== "array") return perAxis(value, 2, missing).map((n): [number, number] => [n, n])
  return value.items.map((item): [number, number] => {
    const [a, b] = item.kind === "array" ? item.items.map((part) => numberIn(part)) : [numberIn(item), numberIn(item)]
    if (a === null || b === null || a === undefined || b === undefined) throw new Unreadable(`${call.state.type}: '${key}' is not known`)
    return [a, b]
  })
}

const zeroPadding2d: LayerSpec = (call) =>
  channelsLast(call, 2, (x) => {
    const [rows, columns] = pairs(call, "padding", 1)
    return emit(call, { kind: "pad", before: [0, rows[0], columns[0], 0], after: [0, rows[1], columns[1], 0], mode: "constant", value: 0 }, [x])
  })

const cropping2D: LayerSpec = (call) =>
  channelsLast(call, 2, (x) => {
    const [rows, columns] = pairs(call, "cropping", 0),
      own = shape(call, x)
    const extent = [own[0], subtractDim(own[1], rows[0] + rows[1]), subtractDim(own[2], columns[0] + columns[1]), own[3]]
    return emit(call, { kind: "slice", begin: [0, rows[0], columns[0], 0], strides: [1, 1, 1, 1] }, [x], extent)
  })

export const convolutionLayers: Readonly<Record<string, LayerSpec>> = {
  conv1d: convolution(1),
  conv2d: convolution(2),
  conv3d: convolution(3),
  depthwiseConv2d: depthwise,
  separableConv2d: separable,
  conv2dTranspose: transposed(2),
  conv3dTranspose: transposed(3),
  maxPooling1d: pooling(1, "max"),
  maxPooling2d: pooling(2, "max"),
  maxPooling3d: pooling(3, "max"),
  averagePooling1d: pooling(1, "average"),
  averagePooling2d: pooling(2, "average"),
  averagePooling3d: pooling(3, "average"),
  globalAveragePooling1d: globalPooling(1, "mean"),
  globalAveragePooling2d: globalPooling(2, "mean"),
  globalMaxPooling1d: globalPooling(1, "max"),
  globalMaxPooling2d: globalPooling(2, "max"),
  upSampling2d,
  zeroPadding2d,
  cropping2D,
}
