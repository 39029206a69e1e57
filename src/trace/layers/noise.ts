/** @file Layers that draw at random while training: dropout in its kinds and Gaussian noise. Laws hold for every draw. */
import type { LayerCall, LayerSpec } from "./call"
import type { TensorValue } from "../value"
import { binary, emit, input, numberOption, option, shape } from "./call"
import { constant } from "../tensor"
import { passesInput } from "./prediction"
import { numberIn } from "../value"

const number = (call: LayerCall, value: number): TensorValue => constant(call.context, value, { at: call.at, label: call.state.type })

const dropout: LayerSpec = (call) => {
  const x = input(call),
    own = shape(call, x),
    rate = option(call, "rate"),
    known = rate === undefined ? null : numberIn(rate)
  if (known !== null && known <= 0) return x
  const noise = option(call, "noiseShape")
  const sharedAxes = noise?.kind === "array" ? noise.items.flatMap((item, i) => (numberIn(item) === 1 && own[i] !== 1 ? [i] : [])) : []
  return passesInput(call, emit(call, { kind: "dropout", rate: known ?? 0.5, sharedAxes }, [x]), 0)
}

const spatialDropout1d: LayerSpec = (call) => {
  const rate = numberOption(call, "rate", 0.5),
    x = input(call)
  return rate <= 0 ? x : passesInput(call, emit(call, { kind: "dropout", rate, sharedAxes: [1] }, [x]), 0)
}

/** x + ε, ε normal. */
const gaussianNoise: LayerSpec = (call) => {
  const x = input(call),
    draw = emit(call, { kind: "random", distribution: "normal" }, [], shape(call, x))
  return passesInput(call, binary(call, "add", x, binary(call, "multiply", draw, number(call, numberOption(call, "stddev", 0)))), 0)
}

/** x·(1 + ε·√(rate/(1 − rate))), ε normal. */
const gaussianDropout: LayerSpec = (call) => {
  const x = input(call),
    rate = numberOption(call, "rate", 0.5)
  if (!(rate > 0 && rate < 1)) return x
  const draw = emit(call, { kind: "random", distribution: "normal" }, [], shape(call, x))
  const spread = binary(call, "multiply", draw, number(call, Math.sqrt(rate / (1 - rate))))
  return passesInput(call, binary(call, "multiply", x, binary(call, "add", spread, number(call, 1))), 0)
}

/** SELU's value for −∞, which dropped entries take. */
const saturation = -1.6732632423543772 * 1.0507009873554805

/** (x·kept + (kept − 1)·saturation)·a + b, with a and b that keep mean and variance. */
const alphaDropout: LayerSpec = (call) => {
  const x = input(call),
    rate = numberOption(call, "rate", 0.5)
  if (!(rate > 0 && rate < 1)) return x
  if (option(call, "noiseShape") !== undefined) return alphaDropped(call, x, rate, noiseShape(call, x))
  return alphaDropped(call, x, rate, shape(call, x))
}

function noiseShape(call: LayerCall, x: TensorValue): ReturnType<typeof shape> {
  const given = option(call, "noiseShape"),
    own = shape(call, x)
  return given?.kind === "array" ? own.map((d, i) => (numberIn(given.items[i]) === 1 ? 1 : d)) : own
}

function alphaDropped(call: LayerCall, x: TensorValue, rate: number, sizes: ReturnType<typeof shape>): TensorValue {
  const kept = emit(call, { kind: "random", distribution: "bernoulli" }, [], sizes)
  const a = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5,
    b = -a * saturation * rate
  const dropped = binary(call, "multiply", binary(call, "add", kept, number(call, -1)), number(call, saturation))
  const mixed = binary(call, "add", binary(call, "multiply", x, kept), dropped)
  return passesInput(call, binary(call, "add", binary(call, "multiply", mixed, number(call, a)), number(call, b)), 0, 0, 0, 0)
}

export const noiseLayers: Readonly<Record<string, LayerSpec>> = { dropout, spatialDropout1d, gaussianNoise, gaussianDropout, alphaDropout }
