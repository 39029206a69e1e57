/**
 * @file Weights in the fields of a layer class. tfjs 4.22 lists what addWeight made, and nothing of the layers, models and variables that fields
 * hold: fit, which trains what a model lists, leaves them where they are. Training by hand that is given no list moves them.
 */
import type { ModelValue, ObjectValue, Value, Weight } from "../value"
import { allWeights, layerStateOf } from "../layers/layer"

/** The weights of a model that fit does not train, with the classes that hold them. */
export function uncollected(model: ModelValue): ReadonlyMap<Weight, string> {
  const listed = new Set<Weight>(), held = new Map<Weight, string>()
  const visit = (layer: Value): void => {
    if (layer.kind === "model") return layer.layers.forEach(visit)
    for (const weight of allWeights(layer)) listed.add(weight)
    // What wraps a layer lists what that lists.
    layerStateOf(layer)?.children.forEach(visit)
    if (layer.kind !== "object" || layer.type === null) return
    const { name } = layer.type, lists = listsWeights(layer)
    for (const weight of inFields(layer)) {
      if (lists) listed.add(weight)
      else held.set(weight, name)
    }
  }
  visit(model)
  return new Map([...held].filter(([weight]) => !listed.has(weight)))
}

/** Whether a class, or one that it extends, says itself what its weights are. */
function listsWeights({ type }: ObjectValue): boolean {
  const says = /[tT]rainableWeights|\bget\s+weights\b/
  for (let at: Value | null = type; at?.kind === "class"; at = at.base) if (says.test(at.node.getText())) return true
  return false
}

/** How far fields are looked into: lists of blocks in records. */
const deepest = 5

function inFields(instance: ObjectValue): ReadonlySet<Weight> {
  const found = new Set<Weight>(), seen = new Set<Value>([instance])
  const visit = (value: Value, depth: number): void => {
    if (seen.has(value) || depth > deepest) return
    seen.add(value)
    if (value.kind === "tensor" && value.source.kind === "weight") found.add(value.source.weight)
    if (layerStateOf(value) !== null) for (const weight of allWeights(value)) found.add(weight)
    if (value.kind === "array") value.items.forEach((item) => visit(item, depth + 1))
    else if (value.kind === "model") value.layers.forEach((layer) => visit(layer, depth + 1))
    else if (value.kind === "object") value.fields.forEach((item) => visit(item, depth + 1))
  }
  instance.fields.forEach((value) => visit(value, 1))
  return found
}
