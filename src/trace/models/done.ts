/** @file When the code is done with the layers of a model: what is assumed later does not concern them. */
import type { Context } from "../context"
import type { ModelValue } from "../value"
import { nextSerial, touch } from "../context"

/** When layers were last added to a list or taken from it, on whatever way. */
const changed = new WeakMap<object, number>()

/** What comes before layers are added or taken away. */
export function touchLayers(context: Context, { layers }: ModelValue): void {
  touch(context, layers)
  changed.set(layers, nextSerial(context))
}

/** The serial from which on nothing that happens concerns the layers of a model; none where that cannot be told. */
export function doneAt(model: ModelValue): number {
  const { serial, form, layers, alternatives, unfinished, failure } = model
  const isOpen = alternatives !== undefined || unfinished === true || failure !== undefined
  // Code of own layers runs as the model is built, with what there is by then.
  if (isOpen || (form === "sequential" && layers.some(({ kind }) => kind !== "layer" && kind !== "model"))) return Infinity
  const inner = layers.map((layer) => (layer.kind === "model" ? doneAt(layer) : layer.kind === "layer" ? layer.state.serial : 0))
  return Math.max(serial, changed.get(layers) ?? 0, ...inner)
}
