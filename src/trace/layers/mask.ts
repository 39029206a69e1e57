/**
 * @file Masks as tfjs hands them from layer to layer inside a model: embedding({maskZero}) and masking make one, layers that support masking pass it
 * on, recurrent layers keep their state where it is zero. Code that applies layers to concrete tensors gets none.
 */
import type { Context } from "../context"
import type { LayerCall } from "./call"
import type { TensorValue, Value } from "../value"
import { binary, emit, option, shape } from "./call"
import { booleanIn, numberIn } from "../value"
import { constant } from "../tensor"
import { kindOfLayer } from "./nodes"

/** The mask of a tensor; keys are tensors of one trace. */
const masks = new WeakMap<TensorValue, TensorValue>()
/** Inputs that stand for a model's data: only what is computed from them has masks. */
const symbolic = new WeakSet<TensorValue>()

/** Masks that tfjs's executor still holds behind a layer that does not pass them on: it hands the last one to every layer that follows. */
const held = new WeakMap<TensorValue, TensorValue>()

export const markSymbolic = (x: TensorValue): TensorValue => (symbolic.add(x), x)
export const isSymbolicInput = (x: TensorValue): boolean => symbolic.has(x)
export const maskOf = (x: TensorValue | undefined): TensorValue | null => (x === undefined ? null : (masks.get(x) ?? null))

/** Whether a tensor has a mask or comes after one. */
export const isMasked = (x: TensorValue): boolean => masks.has(x) || held.has(x)

/** The mask that a recurrent layer reads its input with: the input's own, or the one the executor still holds where it has as many steps. */
export function maskFor(call: LayerCall, x: TensorValue): TensorValue | null {
  const own = maskOf(x), last = held.get(x)
  if (own !== null || last === undefined) return own
  return shape(call, last)[1] === shape(call, x)[1] ? last : null
}

/** Remembers the mask that was last seen before a layer's output; of several none, since their order is that of tfjs's own walk. */
export function holdMask(inputs: readonly TensorValue[], outputs: readonly TensorValue[]): void {
  const seen = new Set(inputs.flatMap((x) => masks.get(x) ?? held.get(x) ?? []))
  const [mask] = seen
  if (seen.size === 1) outputs.forEach((y) => held.set(y, mask))
}

/** Layer kinds that hand the mask of their (first) input on. */
const passing = new Set([
  "dropout",
  "spatialDropout1d",
  "gaussianNoise",
  "gaussianDropout",
  "alphaDropout",
  "dense",
  "activation",
  "batchNormalization",
  "layerNormalization",
  "timeDistributed",
])
const recurrent = new Set(["simpleRNN", "lstm", "gru", "rnn", "bidirectional", "convLstm2d"])

/** Gives the output of one layer its mask. */
export function passMask(call: LayerCall, kind: string, result: Value): void {
  const [x] = call.inputs,
    y = result.kind === "array" ? result.items[0] : result
  if (x === undefined || y?.kind !== "tensor") return
  const made = maskMadeBy(call, kind, x)
  if (made !== null) masks.set(y, made)
}

function maskMadeBy(call: LayerCall, kind: string, x: TensorValue): TensorValue | null {
  if (kind === "embedding") return flag(call, "maskZero") && isSymbolic(call.context, x) ? differs(call, x, 0) : null
  if (kind === "masking") {
    if (!isSymbolic(call.context, x)) return null
    const value = option(call, "maskValue")
    return emit(call, { kind: "reduce", fn: "any", axes: [shape(call, x).length - 1], keepDims: false }, [
      differs(call, x, value === undefined ? 0 : (numberIn(value) ?? 0)),
    ])
  }
  if (passing.has(kind)) return maskOf(x)
  return recurrent.has(kind) && returnsSequences(call) ? maskOf(x) : null
}

const flag = (call: LayerCall, key: string): boolean => {
  const value = option(call, key)
  return value !== undefined && (booleanIn(value) ?? false)
}

/** A bidirectional layer returns what the layer inside it does. */
export function returnsSequences(call: LayerCall): boolean {
  const [inner] = call.state.children
  const { config } = kindOfLayer(call.state) === "bidirectional" && inner?.kind === "layer" ? inner.state : call.state
  const value = config.fields.get("returnSequences")
  return value !== undefined && booleanIn(value) === true
}

const differs = (call: LayerCall, x: TensorValue, value: number): TensorValue =>
  binary(call, "notEqual", x, constant(call.context, value, { at: call.at, label: call.state.type }))

/** Whether a model runs the layer: then tfjs's own executor passes masks along. */
export function isSymbolic(context: Context, x: TensorValue): boolean {
  if (context.state.owners.some((owner) => "kind" in owner && owner.kind === "model")) return true
  const seen = new Set<TensorValue>([x])
  for (const t of seen) {
    if (symbolic.has(t)) return true
    if (t.source.kind === "op") t.source.operands.forEach((operand) => seen.add(operand))
  }
  return false
}
