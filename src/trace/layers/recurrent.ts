/**
 * @file Recurrent layers unrolled over a known number of steps: simpleRNN, lstm, gru, with tfjs's gate order and defaults; bidirectional
 * around them.
 */
import type { Dim } from "../../schema/report"
import type { LayerCall, LayerSpec } from "./call"
import type { TensorValue } from "../value"
import { applyActivation } from "./activation"
import { assume, resolveDim, Unreadable } from "../context"
import { binary, emit, flagOption, layerWeight, numberOption, option, shape, sizeOption } from "./call"
import { constant, reshape, sliceAxis } from "../tensor"
import { isFreeSymbol } from "../context"
import { giveRank } from "../rank"
import { multiplyDim } from "../../graph/dim"
import { nodeOfLayer } from "./nodes"
import { primitive } from "../value"

const unrolledSteps = 3

/** One step: the input's and the state's contributions to the gates, and the states before it; gives the states after it, output first. */
type Cell = (call: LayerCall, x: TensorValue, states: readonly TensorValue[], weights: Weights) => readonly TensorValue[]
interface Weights {
  readonly kernel: TensorValue
  readonly recurrent: TensorValue
  readonly bias: TensorValue | null
  readonly units: Dim
}

const times = (call: LayerCall, x: TensorValue, kernel: TensorValue): TensorValue =>
  emit(call, { kind: "einsum", equation: "bi,io->bo" }, [x, kernel])
const plus = (call: LayerCall, a: TensorValue, b: TensorValue): TensorValue => binary(call, "add", a, b)
const times2 = (call: LayerCall, a: TensorValue, b: TensorValue): TensorValue => binary(call, "multiply", a, b)
const activate = (call: LayerCall, x: TensorValue, key: string, missing: string): TensorValue =>
  applyActivation(call.context, x, option(call, key) ?? primitive(missing), call.state.type, nodeOfLayer(call.state) ?? call.at, key)

/** Columns i·units … of the gates. */
const gate = (call: LayerCall, z: TensorValue, i: number, units: Dim): TensorValue =>
  sliceAxis(call.context, z, shape(call, z).length - 1, multiplyDim(units, i), units, { at: call.at, label: call.state.type })

const simpleCell: Cell = (call, x, [h], { kernel, recurrent, bias }) => {
  const fromInput = times(call, x, kernel)
  const z = plus(call, bias === null ? fromInput : plus(call, fromInput, bias), times(call, h, recurrent))
  return [activate(call, z, "activation", "tanh")]
}

/** Gates i, f, c, o. */
const lstmCell: Cell = (call, x, [h, c], { kernel, recurrent, bias, units }) => {
  const sum = plus(call, times(call, x, kernel), times(call, h, recurrent))
  const z = bias === null ? sum : plus(call, sum, bias)
  const sigma = (i: number): TensorValue => activate(call, gate(call, z, i, units), "recurrentActivation", "hardSigmoid")
  const candidate = activate(call, gate(call, z, 2, units), "activation", "tanh")
  const next = plus(call, times2(call, sigma(1), c), times2(call, sigma(0), candidate))
  return [times2(call, sigma(3), activate(call, next, "activation", "tanh")), next]
}

/** Gates z, r, h; the reset gate is applied before the recurrent product, as tfjs does. */
const gruCell: Cell = (call, x, [h], { kernel, recurrent, bias, units }) => {
  const product = times(call, x, kernel),
    input = bias === null ? product : plus(call, product, bias)
  const part = (i: number): TensorValue => gate(call, recurrent, i, units)
  const z = activate(call, plus(call, gate(call, input, 0, units), times(call, h, part(0))), "recurrentActivation", "hardSigmoid")
  const r = activate(call, plus(call, gate(call, input, 1, units), times(call, h, part(1))), "recurrentActivation", "hardSigmoid")
  const candidate = activate(call, plus(call, gate(call, input, 2, units), times(call, times2(call, r, h), part(2))), "activation", "tanh")
  return [plus(call, times2(call, z, h), times2(call, binary(call, "subtract", constant(call.context, 1, { at: call.at }), z), candidate))]
}

function recurrent(cell: Cell, gates: number, stateCount: number): LayerSpec {
  return (call) => {
    const [x, ...given] = call.inputs
    giveRank(call.context, x, 3, call.state.type)
    const own = shape(call, x)
    if (own.length !== 3) throw new Unreadable(`${call.state.type}: expected [batch, time, features], found [${own.join(", ")}]`)
    if (isFreeSymbol(own[1])) {
      call.context.state.solution.set(own[1], unrolledSteps)
      assume(call.context, `${call.state.type} is read for ${unrolledSteps} time steps`)
    }
    const steps = resolveDim(call.context, own[1])
    if (typeof steps !== "number" || steps > 512)
      throw new Unreadable(`${call.state.type}: the number of time steps (${steps}) is not known or too large to unroll`)
    if (numberOption(call, "dropout", 0) > 0 || numberOption(call, "recurrentDropout", 0) > 0)
      throw new Unreadable(`${call.state.type}: dropout inside the cell is not read`)
    const units = sizeOption(call, "units"),
      width = multiplyDim(units, gates)
    const weights: Weights = {
      kernel: layerWeight(call, "kernel", [own[2], width], "kernel", "glorotNormal"),
      recurrent: layerWeight(call, "recurrent_kernel", [units, width], "recurrent", "orthogonal"),
      bias: flagOption(call, "useBias", true) ? layerWeight(call, "bias", [width], "bias", "zeros") : null,
      units,
    }
    let states: readonly TensorValue[] = Array.from(
      { length: stateCount },
      (_, i) => given[i] ?? constant(call.context, 0, { at: call.at, label: call.state.type }, [own[0], units]),
    )
    const outputs: TensorValue[] = [],
      backwards = flagOption(call, "goBackwards", false)
    for (let t = 0; t < steps; t++) {
      const slice = sliceAxis(call.context, x, 1, backwards ? steps - 1 - t : t, 1, { at: call.at, label: call.state.type })
      states = cell(call, reshape(call.context, slice, [own[0], own[2]], { at: call.at, label: call.state.type }), states, weights)
      outputs.push(states[0])
    }
    const result = flagOption(call, "returnSequences", false) ? sequence(call, outputs) : states[0]
    return flagOption(call, "returnState", false) ? [result, ...states] : result
  }
}

function sequence(call: LayerCall, outputs: readonly TensorValue[]): TensorValue {
  const expanded = outputs.map((y) => {
    const [batch, units] = shape(call, y)
    return reshape(call.context, y, [batch, 1, units], { at: call.at, label: call.state.type })
  })
  return expanded.length === 1 ? expanded[0] : emit(call, { kind: "concat", axis: 1 }, expanded)
}

export const recurrentLayers: Readonly<Record<string, LayerSpec>> = {
  simpleRNN: recurrent(simpleCell, 1, 1),
  lstm: recurrent(lstmCell, 4, 2),
  gru: recurrent(gruCell, 3, 1),
}
