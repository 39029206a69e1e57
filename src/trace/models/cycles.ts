/** @file Models that are among their own layers: tfjs follows such layers without end, and so would everything here that goes through them. */
import type { ModelValue, Value } from "../value"
import { unknown } from "../value"

const why = "it is among its own layers, which tfjs follows without end"

/** Refuses every model that adding this layer puts among its own layers; whether there is one. */
export function refuseCycle(model: ModelValue, layer: Value | undefined): boolean {
  const around = layer === undefined ? [] : modelsAround(layer, model)
  if (around.length === 0) return false
  for (const each of new Set([model, ...around])) {
    each.inputs = []
    each.outputs = []
    each.failure = why
    each.layers.splice(0, Infinity, unknown(why))
    if (each.form === "sequential") each.built = false
  }
  return true
}

/** The models among a layer and what is in it that have the given one in them, itself included. */
function modelsAround(layer: Value, wanted: ModelValue): readonly ModelValue[] {
  const around: ModelValue[] = [], known = new Map<object, boolean>()
  const holds = (value: Value): boolean => {
    if (value === wanted) return true
    const node = value.kind === "layer" ? value.state : value.kind === "object" ? value.layer : value.kind === "model" ? value : undefined
    if (node === undefined) return false
    const before = known.get(node)
    if (before !== undefined) return before
    known.set(node, false)
    const inner = "children" in node ? node.children : node.layers
    const found = inner.map(holds).includes(true)
    known.set(node, found)
    if (found && value.kind === "model") around.push(value)
    return found
  }
  return holds(layer) ? [wanted, ...around] : []
}
