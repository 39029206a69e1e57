/**
 * @file Which parts of a functional model have to be run again as layers when it is applied to other tensors, where copying its operations would not
 * do: recurrent layers, whose operations are those of one number of steps and of no mask.
 */
import type { Context } from "../context"
import type { LayerState, ModelValue, TensorValue, Value } from "../value"
import { applyLayer } from "../layers/layer"
import { arrayOf, tensorsIn } from "../value"
import { isMasked } from "../layers/mask"
import { kindOfLayer, nodeOfLayer } from "../layers/nodes"
import { shapeOf } from "../tensor"

const recurrent = new Set(["simpleRNN", "lstm", "gru", "rnn", "bidirectional", "convLstm2d"])

export type LayerCalls = ReadonlyMap<TensorValue, { readonly state: LayerState; readonly call: LayerState["calls"][number] }>

/** The calls of layers that made the tensors of a model, by output; null where its operations can be copied. */
export function callsToRepeat(context: Context, model: ModelValue, given: readonly TensorValue[], body: readonly TensorValue[]): LayerCalls | null {
  const steps = (x: TensorValue): unknown => (x.shape.length > 2 ? shapeOf(context, x)[1] : null)
  const differs = given.some((x, i) => isMasked(x) || (typeof steps(x) === "number" && steps(x) !== steps(model.inputs[i])))
  if (!differs) return null
  const inside = new Set(body), found = new Map<TensorValue, { state: LayerState; call: LayerState["calls"][number] }>()
  let again = false
  for (const state of context.state.layers)
    for (const call of state.calls) {
      if (!call.outputs.some((y) => inside.has(y))) continue
      call.outputs.forEach((y) => found.set(y, { state, call }))
      if (recurrent.has(kindOfLayer(state))) again = true
    }
  return again ? found : null
}

/** One layer on other inputs; what it has been applied to before is all it is known by. */
export function repeatCall(
  context: Context,
  { state, call }: { readonly state: LayerState; readonly call: LayerState["calls"][number] },
  inputs: readonly TensorValue[],
  copies: Map<TensorValue, TensorValue>,
): void {
  const instance = context.state.instances.find(({ layer }) => layer === state), layer: Value = instance ?? { kind: "layer", state }
  const node = nodeOfLayer(state), before = state.calls.length
  if (node === null) return
  const result = applyLayer(context, layer, inputs.length === 1 ? inputs[0] : arrayOf(inputs), undefined, node)
  state.calls.length = before
  tensorsIn([result], 1).forEach((made, i) => call.outputs[i] !== undefined && copies.set(call.outputs[i], made))
}
