/**
 * @file Recurrent layers unrolled over a known number of steps: simpleRNN, lstm, gru, rnn over any cell, convLstm2d; with masks, states that are
 * handed in, and states that are kept between batches.
 */
import type { Dim } from "../../schema/report"
import type { LayerCall, LayerSpec } from "./call"
import type { TensorValue } from "../value"
import { assume, isFreeSymbol, resolveDim, Unreadable } from "../context"
import { binary, emit, flagOption, layerWeight, option, shape, sizeOption, textOption, windowOption } from "./call"
import { cellOf, droppedOut, gate, gateActivation, type Step } from "./cells"
import { constant, reshape, sliceAxis } from "../tensor"
import { giveRank } from "../rank"
import { kindOfLayer } from "./nodes"
import { maskFor } from "./mask"
import { multiplyDim } from "../../graph/dim"
import { perAxis } from "../ops/linear"

const unrolledSteps = 3

/** How many steps axis 1 has; a number nobody states is taken to be small, and said. */
function stepsOf(call: LayerCall, x: TensorValue): number {
  const own = shape(call, x)
  if (isFreeSymbol(own[1])) {
    call.context.state.solution.set(own[1], unrolledSteps)
    assume(call.context, `${call.state.type} is read for ${unrolledSteps} time steps`, { symbols: [own[1]] })
  }
  const steps = resolveDim(call.context, own[1])
  if (typeof steps !== "number" || steps > 512)
    throw new Unreadable(`${call.state.type}: the number of time steps (${steps}) is not known or too large to unroll`)
  return steps
}

/** Element t of axis 1, without that axis. */
function stepAt(call: LayerCall, x: TensorValue, t: number): TensorValue {
  const slice = sliceAxis(call.context, x, 1, t, 1, { at: call.at, label: call.state.type }),
    own = shape(call, slice)
  return reshape(call.context, slice, [own[0], ...own.slice(2)], { at: call.at, label: call.state.type })
}

/**
 * States before the first step: what is handed in, zeros, or for a stateful layer what the last batch left, which no gradient reaches and which may
 * be anything.
 */
function initialStates(call: LayerCall, given: readonly TensorValue[], shapes: readonly (readonly Dim[])[]): readonly TensorValue[] {
  if (given.length > 0 && given.length !== shapes.length)
    throw new Unreadable(`${call.state.type}: expected ${shapes.length} initial states, found ${given.length}`)
  const stateful = flagOption(call, "stateful", false)
  return shapes.map((sizes, i) => {
    if (given[i] !== undefined) return given[i]
    if (stateful) return emit(call, { kind: "random", distribution: "normal" }, [], sizes)
    return constant(call.context, 0, { at: call.at, label: call.state.type }, sizes)
  })
}

/** Runs a cell over the steps; where the mask is 0 output and states stay as they were. */
function unroll(call: LayerCall, x: TensorValue, start: readonly TensorValue[], step: Step): TensorValue | readonly TensorValue[] {
  const steps = stepsOf(call, x),
    backwards = flagOption(call, "goBackwards", false),
    mask = maskFor(call, x)
  const outputs: TensorValue[] = []
  let states = start
  for (let n = 0; n < steps; n++) {
    const t = backwards ? steps - 1 - n : n,
      after = step(stepAt(call, x, t), states)
    if (mask === null) {
      outputs.push(after.output)
      states = after.states
      continue
    }
    const keep = keptAt(call, mask, t, shape(call, after.output).length)
    outputs.push(mixed(call, keep, after.output, states[0]))
    states = after.states.map((state, i) => mixed(call, keep, state, states[i]))
  }
  const last = outputs.at(-1)
  if (last === undefined) throw new Unreadable(`${call.state.type}: there are no time steps`)
  const result = flagOption(call, "returnSequences", false) ? sequence(call, outputs) : last
  return flagOption(call, "returnState", false) ? [result, ...states] : result
}

/** The mask of step t as numbers that broadcast over the features. */
function keptAt(call: LayerCall, mask: TensorValue, t: number, rank: number): TensorValue {
  const step = stepAt(call, mask, t)
  return reshape(call.context, step, [shape(call, step)[0], ...Array.from({ length: rank - 1 }, () => 1)], { at: call.at, label: call.state.type })
}

function mixed(call: LayerCall, keep: TensorValue, fresh: TensorValue, old: TensorValue): TensorValue {
  const rest = binary(call, "subtract", constant(call.context, 1, { at: call.at, label: call.state.type }), keep)
  return binary(call, "add", binary(call, "multiply", fresh, keep), binary(call, "multiply", old, rest))
}

const recurrent: LayerSpec = (call) => {
  const [x, ...given] = call.inputs
  giveRank(call.context, x, 3, call.state.type)
  const own = shape(call, x)
  if (own.length !== 3) throw new Unreadable(`${call.state.type}: expected [batch, time, features], found [${own.join(", ")}]`)
  const cell = cellOf(call, kindOfLayer(call.state)),
    steps = stepsOf(call, x)
  if (steps === 0) throw new Unreadable(`${call.state.type}: there are no time steps`)
  const step = cell.start(own[0], own[2])
  return unroll(
    call,
    x,
    initialStates(
      call,
      given,
      cell.sizes.map((size) => [own[0], size]),
    ),
    step,
  )
}

/** Convolutions in the place of products; gates i, f, c, o, the recurrent ones with "same" padding. */
const convLstm2d: LayerSpec = (call) => {
  giveRank(call.context, call.inputs[0], 5, "convLstm2d")
  const [x, ...given] = call.inputs,
    own = shape(call, x),
    filters = sizeOption(call, "filters")
  if (own.length !== 5) throw new Unreadable(`convLstm2d: expected [batch, time, height, width, channels], found [${own.join(", ")}]`)
  if (textOption(call, "dataFormat", "channelsLast") !== "channelsLast") throw new Unreadable("convLstm2d: 'channelsFirst' is not read")
  const padding = textOption(call, "padding", "valid")
  if (flagOption(call, "unroll", false)) throw new Unreadable("convLstm2d: tfjs refuses 'unroll'")
  if (padding === "causal") throw new Unreadable("convLstm2d: tfjs refuses the padding 'causal'")
  if (padding !== "same" && padding !== "valid") throw new Unreadable(`convLstm2d: the padding '${padding}' is not read`)
  const window = windowOption(call, "kernelSize", 2),
    columns = multiplyDim(filters, 4)
  const strides = perAxis(option(call, "strides"), 2, 1),
    dilations = perAxis(option(call, "dilationRate"), 2, 1)
  const kernel = layerWeight(call, "kernel", [...window, own[4], columns], "kernel", "glorotNormal")
  const recurrentKernel = layerWeight(call, "recurrent_kernel", [...window, filters, columns], "recurrent", "orthogonal")
  const bias = flagOption(call, "useBias", true) ? layerWeight(call, "bias", [columns], "bias", "zeros") : null
  const masks = ["dropout", "recurrentDropout"] as const
  const fromInput = (item: TensorValue): TensorValue => {
    const z = emit(call, { kind: "convolve", variant: "standard", strides, dilations, padding }, [item, kernel])
    return bias === null ? z : binary(call, "add", z, bias)
  }
  const stateShape = shape(call, fromInput(stepAt(call, x, 0))).map((d, i) => (i === 3 ? filters : d))
  // Each gate draws a mask of its own: the gates are convolved apart.
  const drawn = masks.map((key, k) => [0, 1, 2, 3].map(() => droppedOut(call, key, k === 0 ? [own[0], ...own.slice(2)] : stateShape)))
  const outer = { strides, dilations, padding } as const,
    inner = { strides: [1, 1], dilations: [1, 1], padding: "same" } as const
  const convolved = (item: TensorValue, weight: TensorValue, i: number, from: readonly (TensorValue | null)[], isInput: boolean): TensorValue => {
    const mask = from[i],
      op = isInput ? outer : inner
    const data = mask === null ? item : binary(call, "multiply", item, mask)
    return emit(call, { kind: "convolve", variant: "standard", ...op }, [data, gate(call, weight, i, filters)])
  }
  const step: Step = (item, [h, c]) => {
    const sum = (i: number): TensorValue => {
      const input = convolved(item, kernel, i, drawn[0], true)
      const biased = bias === null ? input : binary(call, "add", input, gate(call, bias, i, filters))
      return binary(call, "add", biased, convolved(h, recurrentKernel, i, drawn[1], false))
    }
    const sigma = (i: number): TensorValue => gateActivation(call, sum(i), "recurrentActivation")
    const kept = binary(call, "multiply", sigma(1), c)
    const next = binary(call, "add", kept, binary(call, "multiply", sigma(0), gateActivation(call, sum(2), "activation")))
    const output = binary(call, "multiply", sigma(3), gateActivation(call, next, "activation"))
    return { output, states: [output, next] }
  }
  return unroll(call, x, initialStates(call, given, [stateShape, stateShape]), step)
}

function sequence(call: LayerCall, outputs: readonly TensorValue[]): TensorValue {
  const expanded = outputs.map((y) => {
    const [batch, ...rest] = shape(call, y)
    return reshape(call.context, y, [batch, 1, ...rest], { at: call.at, label: call.state.type })
  })
  return expanded.length === 1 ? expanded[0] : emit(call, { kind: "concat", axis: 1 }, expanded)
}

export const recurrentLayers: Readonly<Record<string, LayerSpec>> = {
  simpleRNN: recurrent,
  lstm: recurrent,
  gru: recurrent,
  rnn: recurrent,
  convLstm2d,
}
