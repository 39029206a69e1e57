/**
 * @file The cells of recurrent layers, with tfjs 4.22's gate order, defaults and dropout: one step from input and states to output and states.
 * A cell's weights belong to the layer that holds its configuration.
 */
import type { Dim } from "../../schema/report"
import type { LayerCall } from "./call"
import type { LayerState, TensorValue, Value } from "../value"
import { applyActivation } from "./activation"
import { arrayOf, objectOf, primitive } from "../value"
import { binary, emit, flagOption, layerWeight, numberOption, option, shape, sizeOption } from "./call"
import { constant, dimOf, sliceAxis } from "../tensor"
import { kindOfLayer, nodeOfLayer } from "./nodes"
import { inPrediction } from "./prediction"
import { rememberRerun } from "./rerun"
import { multiplyDim } from "../../graph/dim"
import { Unreadable } from "../context"

/** One step; gives the output and the states after it. */
export type Step = (x: TensorValue, states: readonly TensorValue[]) => { readonly output: TensorValue; readonly states: readonly TensorValue[] }
export interface Cell {
  /** Features of each state; the first is that of the output. */
  readonly sizes: readonly Dim[]
  /** Makes the weights for an input of that width, once a call. `batch` is the size of the batch axis. */
  readonly start: (batch: Dim, width: Dim) => Step
}

const times = (call: LayerCall, x: TensorValue, kernel: TensorValue): TensorValue =>
  emit(call, { kind: "einsum", equation: "bi,io->bo" }, [x, kernel])
const plus = (call: LayerCall, a: TensorValue, b: TensorValue): TensorValue => binary(call, "add", a, b)
const product = (call: LayerCall, a: TensorValue, b: TensorValue): TensorValue => binary(call, "multiply", a, b)

/** The activation under that key, tfjs's default where it is left out. */
export function gateActivation(call: LayerCall, x: TensorValue, key: "activation" | "recurrentActivation"): TensorValue {
  const written = call.state.config.fields.get(key)
  // simpleRNN takes null for its default, the others for no activation.
  const none = written?.kind === "primitive" && written.value === null && !/^simple/.test(kindOfLayer(call.state))
  if (none) return x
  const missing = key === "activation" ? "tanh" : "hardSigmoid"
  return applyActivation(call.context, x, option(call, key) ?? primitive(missing), call.state.type, nodeOfLayer(call.state) ?? call.at, key)
}

/** Columns i·units … of the gates. */
export const gate = (call: LayerCall, z: TensorValue, i: number, units: Dim, count = 1): TensorValue =>
  sliceAxis(call.context, z, shape(call, z).length - 1, multiplyDim(units, i), multiplyDim(units, count), { at: call.at, label: call.state.type })

/** A mask of zeros and 1/(1 − rate), drawn once a call and the same at every step; null where the rate is 0. */
export function droppedOut(call: LayerCall, key: "dropout" | "recurrentDropout", sizes: readonly Dim[]): TensorValue | null {
  const rate = Math.min(1, Math.max(0, numberOption(call, key, 0)))
  if (!(rate > 0 && rate < 1)) return null
  const kept = emit(call, { kind: "random", distribution: "bernoulli" }, [], sizes)
  const one = (value: number): TensorValue => constant(call.context, value, { at: call.at, label: call.state.type })
  return inPrediction(product(call, kept, one(1 / (1 - rate))), () => one(1))
}

interface Parts {
  readonly fromInput: (x: TensorValue) => TensorValue
  /** The state as the recurrent product sees it. */
  readonly masked: (h: TensorValue) => TensorValue
  readonly recurrent: TensorValue
  readonly biased: (z: TensorValue) => TensorValue
  readonly units: Dim
}

function parts(call: LayerCall, gates: number, batch: Dim, width: Dim): Parts {
  const units = sizeOption(call, "units"),
    columns = multiplyDim(units, gates)
  const kernel = layerWeight(call, "kernel", [width, columns], "kernel", "glorotNormal")
  const recurrent = layerWeight(call, "recurrent_kernel", [units, columns], "recurrent", "orthogonal")
  const bias = flagOption(call, "useBias", true) ? layerWeight(call, "bias", [columns], "bias", "zeros") : null
  const mask = droppedOut(call, "dropout", [batch, width]),
    recurrentMask = droppedOut(call, "recurrentDropout", [batch, units])
  return {
    fromInput: (x) => times(call, mask === null ? x : product(call, x, mask), kernel),
    masked: (h) => (recurrentMask === null ? h : product(call, h, recurrentMask)),
    recurrent,
    biased: (z) => (bias === null ? z : plus(call, z, bias)),
    units,
  }
}

const simpleCell = (call: LayerCall): Cell => ({
  sizes: [sizeOption(call, "units")],
  start: (batch, width) => {
    const { fromInput, masked, recurrent, biased } = parts(call, 1, batch, width)
    return (x, [h]) => {
      const output = gateActivation(call, plus(call, biased(fromInput(x)), times(call, masked(h), recurrent)), "activation")
      return { output, states: [output] }
    }
  },
})

/** Gates i, f, c, o. */
const lstmCell = (call: LayerCall): Cell => ({
  sizes: [sizeOption(call, "units"), sizeOption(call, "units")],
  start: (batch, width) => {
    const { fromInput, masked, recurrent, biased, units } = parts(call, 4, batch, width)
    return (x, [h, c]) => {
      const z = biased(plus(call, fromInput(x), times(call, masked(h), recurrent)))
      const sigma = (i: number): TensorValue => gateActivation(call, gate(call, z, i, units), "recurrentActivation")
      const candidate = gateActivation(call, gate(call, z, 2, units), "activation")
      const next = plus(call, product(call, sigma(1), c), product(call, sigma(0), candidate))
      const output = product(call, sigma(3), gateActivation(call, next, "activation"))
      return { output, states: [output, next] }
    }
  },
})

/** Gates z, r, h; the reset gate is applied before the recurrent product, and recurrent dropout to the state everywhere, as tfjs does. */
const gruCell = (call: LayerCall): Cell => ({
  sizes: [sizeOption(call, "units")],
  start: (batch, width) => {
    if (flagOption(call, "resetAfter", false)) throw new Unreadable(`${call.state.type}: tfjs refuses 'resetAfter'`)
    const { fromInput, masked, recurrent, biased, units } = parts(call, 3, batch, width)
    const part = (i: number): TensorValue => gate(call, recurrent, i, units)
    return (x, [given]) => {
      const input = biased(fromInput(x)),
        h = masked(given)
      const z = gateActivation(call, plus(call, gate(call, input, 0, units), times(call, h, part(0))), "recurrentActivation")
      const r = gateActivation(call, plus(call, gate(call, input, 1, units), times(call, h, part(1))), "recurrentActivation")
      const inner = plus(call, gate(call, input, 2, units), times(call, product(call, r, h), part(2)))
      const candidate = gateActivation(call, inner, "activation")
      const rest = binary(call, "subtract", constant(call.context, 1, { at: call.at, label: call.state.type }), z)
      const output = plus(call, product(call, z, h), product(call, rest, candidate))
      return { output, states: [output] }
    }
  },
})

const cells: Readonly<Record<string, (call: LayerCall) => Cell>> = {
  simpleRNN: simpleCell,
  simpleRNNCell: simpleCell,
  lstm: lstmCell,
  lstmCell,
  gru: gruCell,
  gruCell,
}

/** The cell of a layer that is its own (lstm), or that of the layer given as `cell`: one, a list, or an instance of an own class. */
export function cellOf(call: LayerCall, kind: string): Cell {
  if (kind !== "rnn") return cells[kind](call)
  const given = call.state.config.fields.get("cell")
  if (given === undefined) throw new Unreadable("rnn: the cell is missing")
  return given.kind === "array" ? stackedCells(given.items.map((item) => heldCell(call, item))) : heldCell(call, given)
}

function heldCell(call: LayerCall, given: Value): Cell {
  if (given.kind === "object" && given.layer !== undefined) return ownCell(call, given, given.layer)
  if (given.kind !== "layer") throw new Unreadable("rnn: the cell is not known")
  const kind = kindOfLayer(given.state)
  if (kind === "stackedRNNCells") {
    const list = given.state.config.fields.get("cells")
    if (list?.kind !== "array") throw new Unreadable("rnn: the cells are not known")
    return stackedCells(list.items.map((item) => heldCell(call, item)))
  }
  if (kind === "convLstm2dCell") throw new Unreadable("rnn: tfjs refuses the cell 'convLstm2dCell', whose data have 5 axes: use tf.layers.convLstm2d")
  if (!Object.hasOwn(cells, kind)) throw new Unreadable(`rnn: the cell '${kind}' is not read`)
  return cells[kind]({ ...call, state: given.state })
}

/** Cells on top of each other; the states are listed from the last cell to the first. */
function stackedCells(list: readonly Cell[]): Cell {
  const offsets = list.map((_, i) => list.slice(i + 1).reduce((n, cell) => n + cell.sizes.length, 0))
  return {
    sizes: [...list].reverse().flatMap((cell) => cell.sizes),
    start: (batch, width) => {
      const steps = list.map((cell, i) => cell.start(batch, i === 0 ? width : list[i - 1].sizes[0]))
      return (x, states) => {
        let output = x
        const after = steps.map((step, i) => {
          const result = step(output, states.slice(offsets[i], offsets[i] + list[i].sizes.length))
          output = result.output
          return result.states
        })
        return { output, states: [...after].reverse().flat() }
      }
    },
  }
}

/** An instance of a class that extends tf.RNNCell: `stateSize`, `build`, and `call([x, …states])` that gives [output, …states]. */
function ownCell(call: LayerCall, cell: Extract<Value, { kind: "object" }>, state: LayerState): Cell {
  const { context, at } = call,
    size = context.get(context, cell, "stateSize", at)
  const sizes = (size.kind === "array" ? size.items : [size]).map((item) => dimOf(context, item, "state"))
  return {
    sizes,
    start: (batch, width) => {
      if (!state.built) {
        state.built = true
        const given = arrayOf([batch, width].map((d) => (typeof d === "number" ? primitive(d) : { kind: "dim", dim: d })))
        context.call(context, context.get(context, cell, "build", at), cell, [given], at)
      }
      return (x, states) => {
        const inputs = [x, ...states], since = context.state.serial, code = context.get(context, cell, "call", at)
        const run = (training: boolean): Value =>
          context.call(context, code, cell, [arrayOf(inputs), objectOf([["training", primitive(training)]])], at)
        const weights = (): readonly TensorValue[] => state.weights.flatMap(({ tensor }) => tensor ?? [])
        const trained = { result: run(true), inputs, since, weights, what: cell.type?.name ?? "a cell", at }
        const made = rememberRerun(context, trained, () => run(false))
        const items = made.kind === "array" ? made.items : [made]
        const tensors = items.filter((item): item is TensorValue => item.kind === "tensor")
        if (tensors.length !== items.length || tensors.length !== sizes.length + 1) throw new Unreadable("rnn: what the cell returns is not known")
        return { output: tensors[0], states: tensors.slice(1) }
      }
    },
  }
}
