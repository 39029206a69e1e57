/**
 * @file Weights that tfjs does not list: 4.22 lists what addWeight made, and nothing of the layers, models and variables that the fields of a layer
 * class hold or that its code finds around it. fit, which trains what a model lists, leaves them where they are. Training by hand that is given no
 * list moves them.
 */
import type { Context } from "../context"
import type { ModelValue, ObjectValue, Value, Weight } from "../value"
import { allWeights, layerStateOf } from "../layers/layer"
import { attempt } from "./attempt"
import { reachableFrom } from "./reachable"

/** The weights of a model that fit does not train, with the classes that hold them. */
export interface Uncollected {
  readonly still: ReadonlyMap<Weight, string>
  /** Weights that a class may list, or leave out. */
  readonly doubtful: ReadonlySet<Weight>
}

/** @param used the weights that the network reads, which may stand outside of its layers. */
export function uncollected(context: Context, model: ModelValue, used: Iterable<Weight> = []): Uncollected {
  const listed = new Set<Weight>(), held = new Map<Weight, string>(), doubtful = new Set<Weight>(), own = new Set<string>()
  const reached = [...reachableFrom(model.outputs)]
  let isDoubtful = false
  /** Whether a layer or model is applied by code of layer classes alone: such are none of the model's layers. */
  const isInside = (layer: Value): boolean => {
    const self = layer.kind === "layer" ? layer.state : layer
    const made = reached.flatMap(({ owners }) => (owners.includes(self) ? [owners.slice(0, owners.indexOf(self))] : []))
    return made.length > 0 && made.every((around) => around.some(isOwnLayer))
  }
  const visit = (layer: Value): void => {
    if (isInside(layer)) return
    if (layer.kind === "model") return layer.layers.forEach(visit)
    for (const weight of allWeights(layer)) listed.add(weight)
    // What wraps a layer lists what that lists.
    layerStateOf(layer)?.children.forEach(visit)
    if (layer.kind !== "object" || layer.type === null) return
    const { name } = layer.type, list = listsWeights(layer) ? listOf(context, layer) : new Set<Weight>()
    own.add(name)
    if (list === null) isDoubtful = true
    else list.forEach((weight) => listed.add(weight))
    for (const weight of inFields(layer)) {
      if (list === null) doubtful.add(weight)
      else held.set(weight, name)
    }
  }
  visit(model)
  const [first] = own
  // Code of tfjs's own layers reads no other weights.
  if (first !== undefined) {
    for (const weight of used) {
      if (isDoubtful) doubtful.add(weight)
      else if (!held.has(weight)) held.set(weight, first)
    }
  }
  const isLeft = (weight: Weight): boolean => !listed.has(weight)
  return { still: new Map([...held].filter(([weight]) => isLeft(weight) && !doubtful.has(weight))), doubtful: new Set([...doubtful].filter(isLeft)) }
}

const isOwnLayer = (owner: object): boolean => "kind" in owner && owner.kind === "object" && "layer" in owner && owner.layer !== undefined

/** Whether a model has weights that it does not list, or perhaps not. */
export function hidesWeights(context: Context, model: ModelValue, used: Iterable<Weight>): boolean {
  const { still, doubtful } = uncollected(context, model, used)
  return still.size + doubtful.size > 0
}

/** Whether a class, or one that it extends, says itself what its weights are. */
function listsWeights({ type }: ObjectValue): boolean {
  const says = /[tT]rainableWeights|\bget\s+weights\b/
  for (let at: Value | null = type; at?.kind === "class"; at = at.base) if (says.test(at.node.getText())) return true
  return false
}

/** What the getter of a class gives for its weights; null where that is not known, or where something else says what they are. */
function listOf(context: Context, layer: ObjectValue): ReadonlySet<Weight> | null {
  const type = layer.type, otherwise = /_trainableWeights|\bget\s+weights\b|\btrainableWeights["']?\]?\s*[=,]/
  for (let at: Value | null = type; at?.kind === "class"; at = at.base) if (otherwise.test(at.node.getText())) return null
  // Layers that are frozen for a while are missing in the lists that are made meanwhile.
  if (type === null || /\.trainable["']?\]?\s*=(?!=)/.test(context.home.text)) return null
  const { value, assumptions } = attempt(context, () => context.get(context, layer, "trainableWeights", type.node))
  if (value?.kind !== "array" || assumptions.length > 0) return null
  const found = value.items.flatMap((item) => (item.kind === "tensor" && item.source.kind === "weight" ? [item.source.weight] : []))
  return found.length < value.items.length ? null : new Set(found)
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
