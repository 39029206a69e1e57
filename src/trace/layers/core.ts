/** @file Layers without convolution or recurrence: dense, embedding, dropout, shape layers, advanced activations, merges, normalizations. */
import type { BinaryFunction } from "../../graph/op"
import type { Dim } from "../../schema/report"
import type { LayerCall, LayerSpec } from "./call"
import type { TensorValue } from "../value"
import { applyActivation } from "./activation"
import { axesOf, axisOf, broadcastTo, constant, dimOf, markIndices, reshape, reshapeTarget, shapeArgument } from "../tensor"
import { binary, emit, flagOption, input, layerWeight, numberOption, option, shape, sizeOption, textOption, unary } from "./call"
import { inPrediction, operandAt } from "./prediction"
import { nodeOfLayer } from "./nodes"
import { arrayOf, isNullish, numberIn, primitive } from "../value"
import { productOf } from "../../graph/dim"
import { assume, Unreadable } from "../context"

const letters = "abcdefgh"

/** x·kernel on the last axis. */
export function emitDense(call: LayerCall, x: TensorValue, kernel: TensorValue): TensorValue {
  const lead = letters.slice(0, shape(call, x).length - 1)
  return emit(call, { kind: "einsum", equation: `${lead}i,io->${lead}o` }, [x, kernel])
}

export const withActivation = (call: LayerCall, x: TensorValue, key = "activation"): TensorValue =>
  applyActivation(call.context, x, option(call, key), call.state.type, nodeOfLayer(call.state) ?? call.at, key)

const dense: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x),
    units = sizeOption(call, "units")
  if (own.length < 2) throw new Unreadable(`dense: expected at least two axes, found [${own.join(", ")}]`)
  const kernel = layerWeight(call, "kernel", [own[own.length - 1], units], "kernel", "glorotNormal")
  const y = emitDense(call, x, kernel)
  if (!flagOption(call, "useBias", true)) return withActivation(call, y)
  return withActivation(call, binary(call, "add", y, layerWeight(call, "bias", [units], "bias", "zeros")))
}

const embedding: LayerSpec = (call) => {
  const vocabulary = sizeOption(call, "inputDim")
  const table = layerWeight(call, "embeddings", [vocabulary, sizeOption(call, "outputDim")], "embeddings", "randomUniform")
  const x = input(call)
  markIndices(x, vocabulary, "row")
  return emit(call, { kind: "gather", axis: 0, batchAxes: 0 }, [table, x])
}

const flatten: LayerSpec = (call) => {
  const given = input(call), rank = shape(call, given).length
  const first = rank > 2 && textOption(call, "dataFormat", "channelsLast") === "channelsFirst"
  const permutation = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]
  const x = first ? emit(call, { kind: "transpose", permutation }, [given]) : given, own = shape(call, x)
  return reshape(call.context, x, [own[0], productOf(own.slice(1))], { at: call.at, label: "flatten" })
}

const reshapeLayer: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x)
  const given = option(call, "targetShape")
  // A size that is left open is written as null or as a negative number.
  const sizes = given?.kind === "array" ? arrayOf(given.items.map((item) => (isNullish(item) ? primitive(-1) : item))) : given
  const target = shapeArgument(call.context, sizes).map((d) => (typeof d === "number" && d < 0 ? -1 : d))
  return reshape(call.context, x, [own[0], ...reshapeTarget(call.context, own.slice(1), target)], { at: call.at, label: "reshape" })
}

const permute: LayerSpec = (call) => {
  const dims = option(call, "dims")
  const axes = dims?.kind === "array" ? dims.items.map((item) => numberIn(item)) : []
  if (axes.length === 0 || axes.some((axis) => axis === null)) throw new Unreadable("permute: 'dims' is not known")
  return emit(call, { kind: "transpose", permutation: [0, ...(axes as number[])] }, [input(call)])
}

const repeatVector: LayerSpec = (call) => {
  const x = input(call),
    [batch, size] = shape(call, x),
    n = dimOf(call.context, option(call, "n"), "n")
  return broadcastTo(call.context, reshape(call.context, x, [batch, 1, size], { at: call.at, label: "repeatVector" }), [batch, n, size], {
    at: call.at,
    label: "repeatVector",
  })
}

const masking: LayerSpec = (call) => {
  const x = input(call),
    rank = shape(call, x).length
  const differs = binary(call, "notEqual", x, constant(call.context, numberOption(call, "maskValue", 0), { at: call.at }))
  return binary(call, "multiply", x, emit(call, { kind: "reduce", fn: "any", axes: [rank - 1], keepDims: true }, [differs]))
}

// Advanced activations.
const reLU: LayerSpec = (call) => {
  const max = option(call, "maxValue")
  if (max === undefined) return unary(call, "relu", input(call))
  const bound = numberOption(call, "maxValue", 6)
  return emit(call, { kind: "unary", fn: "reluMax", parameters: [bound] }, [input(call)], undefined, `${call.state.type} with maxValue ${bound}`)
}
const leakyReLU: LayerSpec = (call) => unary(call, "leakyRelu", input(call), [numberOption(call, "alpha", 0.3)])
const elu: LayerSpec = (call) => {
  if (numberOption(call, "alpha", 1) !== 1) throw new Unreadable("elu: tfjs refuses an 'alpha' other than 1")
  return unary(call, "elu", input(call), [1])
}
const thresholdedReLU: LayerSpec = (call) => unary(call, "thresholdedRelu", input(call), [numberOption(call, "theta", 1)])
/** tfjs's layer takes axis 1 unless told otherwise. */
const softmax: LayerSpec = (call) =>
  emit(call, { kind: "softmax", axis: axisOf(option(call, "axis"), shape(call, input(call)).length, 1), log: false }, [input(call)])
const prelu: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x).slice(1),
    shared = option(call, "sharedAxes")
  const axes = shared?.kind === "array" ? shared.items.map((item) => numberIn(item)) : shared === undefined ? [] : [numberIn(shared)]
  const alpha = layerWeight(
    call,
    "alpha",
    own.map((d, i) => (axes.includes(i + 1) ? 1 : d)),
    "alpha",
    "zeros",
  )
  return binary(call, "prelu", x, alpha)
}

// Merges. tfjs aligns inputs of different rank by adding axes after the batch axis.
function alignRanks(call: LayerCall): readonly TensorValue[] {
  const rank = Math.max(...call.inputs.map((x) => shape(call, x).length))
  return call.inputs.map((x) => {
    const own = shape(call, x)
    return own.length === rank
      ? x
      : reshape(call.context, x, [own[0], ...Array.from({ length: rank - own.length }, () => 1), ...own.slice(1)], {
          at: call.at,
          label: call.state.type,
        })
  })
}
const merge =
  (fn: BinaryFunction): LayerSpec =>
  (call) => {
    if (call.inputs.length < 2) throw new Unreadable(`${call.state.type}: expected at least two inputs, found ${call.inputs.length}`)
    return alignRanks(call).reduce((a, b) => binary(call, fn, a, b))
  }
const average: LayerSpec = (call) =>
  binary(
    call,
    "multiply",
    alignRanks(call).reduce((a, b) => binary(call, "add", a, b)),
    constant(call.context, 1 / call.inputs.length, { at: call.at }),
  )
const concatenate: LayerSpec = (call) => {
  if (call.inputs.length < 2) throw new Unreadable(`concatenate: expected at least two inputs, found ${call.inputs.length}`)
  return emit(call, { kind: "concat", axis: axisOf(option(call, "axis"), shape(call, call.inputs[0]).length, -1) }, call.inputs)
}

/** Products along one axis each, for every sample; what is left of both stands in order, a lone batch axis gets a second one. */
const dot: LayerSpec = (call) => {
  const [x, y] = call.inputs
  if (call.inputs.length !== 2) throw new Unreadable(`dot: expected two inputs, found ${call.inputs.length}`)
  const given = option(call, "axes")
  const list = given?.kind === "array" ? given.items : [given, given]
  const axes = [axisOf(list[0], shape(call, x).length, NaN), axisOf(list[1], shape(call, y).length, NaN)]
  if (!(axes[0] > 0 && axes[1] > 0)) throw new Unreadable("dot: 'axes' must be known and leave out the batch axis")
  const [a, b] = flagOption(call, "normalize", false) ? [toUnitLength(call, x, axes[0]), toUnitLength(call, y, axes[1])] : [x, y]
  const names = (t: TensorValue, axis: number, kept: string): string =>
    shape(call, t)
      .map((_, i) => (i === 0 ? "b" : i === axis ? "t" : kept[i]))
      .join("")
  const first = names(a, axes[0], "cde"),
    second = names(b, axes[1], "fgh")
  const out = `b${(first + second).replace(/[bt]/g, "")}`
  const product = emit(call, { kind: "einsum", equation: `${first},${second}->${out}` }, [a, b])
  const own = shape(call, product)
  return own.length > 1 ? product : reshape(call.context, product, [own[0], 1], { at: call.at, label: "dot" })
}

/** x/√max(Σx², 1e-7), as tfjs normalizes before the product. */
function toUnitLength(call: LayerCall, x: TensorValue, axis: number): TensorValue {
  const squares = emit(call, { kind: "reduce", fn: "sum", axes: [axis], keepDims: true }, [unary(call, "square", x)])
  return binary(call, "divide", x, unary(call, "sqrt", binary(call, "maximum", squares, constant(call.context, 1e-7, { at: call.at }))))
}

// Normalizations.
const layerNormalization: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x)
  const axes = axesOf(option(call, "axis") ?? { kind: "primitive", value: -1 }, own.length),
    sizes = axes.map((axis) => own[axis])
  let y = emit(call, { kind: "normalize", axes, center: true, measure: "mean", epsilon: numberOption(call, "epsilon", 1e-3) }, [x])
  if (flagOption(call, "scale", true)) y = binary(call, "multiply", y, alongAxes(call, layerWeight(call, "gamma", sizes, "gamma", "ones"), own, axes))
  return flagOption(call, "center", true) ? binary(call, "add", y, alongAxes(call, layerWeight(call, "beta", sizes, "beta", "zeros"), own, axes)) : y
}

/** A vector per axis, as a tensor that broadcasts along the other axes; as it is where the axes come last. */
function alongAxes(call: LayerCall, weight: TensorValue, own: readonly Dim[], axes: readonly number[]): TensorValue {
  const last = axes.every((axis, i) => axis === own.length - axes.length + i)
  return last
    ? weight
    : reshape(
        call.context,
        weight,
        own.map((d, i) => (axes.includes(i) ? d : 1)),
        { at: call.at, label: call.state.type },
      )
}

const batchNormalization: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x),
    axis = axisOf(option(call, "axis"), own.length, -1),
    size = [own[axis]]
  const epsilon = numberOption(call, "epsilon", 1e-3)
  const gamma = flagOption(call, "scale", true) ? layerWeight(call, "gamma", size, "gamma", "ones") : null
  const beta = flagOption(call, "center", true) ? layerWeight(call, "beta", size, "beta", "zeros") : null
  const mean = layerWeight(call, "moving_mean", size, "movingMean", "zeros", false),
    variance = layerWeight(call, "moving_variance", size, "movingVariance", "ones", false)
  const along = (weight: TensorValue): TensorValue => alongAxes(call, weight, own, [axis])
  const byMoving = (from: TensorValue): TensorValue => {
    const spread = unary(call, "rsqrt", binary(call, "add", variance, constant(call.context, epsilon, { at: call.at })))
    return binary(call, "multiply", binary(call, "subtract", from, along(mean)), along(spread))
  }
  let y: TensorValue
  if (call.state.trainable) {
    const axes = own.flatMap((_, i) => (i === axis ? [] : [i]))
    y = inPrediction(emit(call, { kind: "normalize", axes, center: true, measure: "mean", epsilon }, [x]), (made) => byMoving(operandAt(made, 0)))
  } else {
    const what = "batchNormalization with trainable: false is read with its frozen statistics; tfjs 4.22's fit takes those of the batch"
    assume(call.context, what, { shapes: false })
    y = byMoving(x)
  }
  if (gamma !== null) y = binary(call, "multiply", y, along(gamma))
  return beta === null ? y : binary(call, "add", y, along(beta))
}

export const coreLayers: Readonly<Record<string, LayerSpec>> = {
  inputLayer: (call) => input(call),
  dense,
  embedding,
  flatten,
  reshape: reshapeLayer,
  permute,
  repeatVector,
  masking,
  activation: (call) => withActivation(call, input(call)),
  reLU,
  leakyReLU,
  elu,
  thresholdedReLU,
  softmax,
  prelu,
  add: merge("add"),
  multiply: merge("multiply"),
  maximum: merge("maximum"),
  minimum: merge("minimum"),
  average,
  dot,
  concatenate,
  layerNormalization,
  batchNormalization,
}
