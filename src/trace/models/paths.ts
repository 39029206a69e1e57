/**
 * @file Paths of weights, layers and instances inside a model: "dense_1/kernel", "wq", "heads/0/wq". Fields name what they hold; layers of
 * tfjs models are counted by kind.
 */
import type { LayerState, Value, Weight } from "../value"
import { layerStateOf } from "../layers/layer"
import { ownModel } from "../value"

export interface Paths {
  readonly weights: ReadonlyMap<Weight, string>
  /** Layer states, instances and models. */
  readonly owners: ReadonlyMap<object, string>
}

const maximumDepth = 8

/** Names everything inside `root`, in the order of the source. `named` values come first, under their own names (weights of a module). */
export function assignPaths(root: Value | null, named: Iterable<readonly [string, Value]> = []): Paths {
  const weights = new Map<Weight, string>(),
    owners = new Map<object, string>()
  const taken = new Set<string>()
  const unique = (path: string): string => {
    let candidate = path
    for (let n = 2; taken.has(candidate); n++) candidate = `${path}_${n}`
    taken.add(candidate)
    return candidate
  }
  const join = (path: string, part: string): string => (path === "" ? part : `${path}/${part}`)
  const nameWeight = (weight: Weight, path: string): void => {
    if (!weights.has(weight)) weights.set(weight, unique(path))
  }
  const layerWeights = (state: LayerState, path: string): void =>
    state.weights.forEach((weight, i) => nameWeight(weight, join(path, weight.label ?? `weight_${i + 1}`)))
  /** Layers of a model, counted from 1 by kind unless they have a name. */
  const layerList = (layers: readonly Value[], path: string, depth: number): void => {
    const counts = new Map<string, number>()
    for (const layer of layers) {
      const state = layerStateOf(layer),
        type = layer.kind === "model" ? layer.form : (state?.type ?? "layer")
      const count = (counts.get(type) ?? 0) + 1
      counts.set(type, count)
      const explicit = layer.kind === "model" ? layer.explicitName : state?.explicitName
      visit(layer, join(path, explicit ?? `${type}_${count}`), depth + 1)
    }
  }
  const visit = (value: Value, path: string, depth: number): void => {
    if (depth > maximumDepth) return
    switch (value.kind) {
      case "tensor":
        if (value.source.kind === "weight" && value.source.weight.layer === undefined)
          nameWeight(value.source.weight, path === "" ? (value.source.weight.label ?? "weight") : path)
        else if (value.source.kind === "weight") nameWeight(value.source.weight, path)
        return
      case "array":
        value.items.forEach((item, i) => visit(item, join(path, String(i)), depth + 1))
        return
      case "map":
        for (const [key, item] of value.entries.values()) visit(item, join(path, key.kind === "primitive" ? String(key.value) : "item"), depth + 1)
        return
      case "object":
        if (owners.has(value)) return
        owners.set(value, path)
        value.fields.forEach((item, key) => {
          if (key === ownModel) visit(item, path, depth)
          else if (!key.startsWith("\u0000")) visit(item, join(path, key.replace(/^[#_]+/, "")), depth + 1)
        })
        if (value.layer !== undefined) {
          owners.set(value.layer, path)
          layerWeights(value.layer, path)
        }
        return
      case "layer":
        if (owners.has(value.state)) return
        owners.set(value.state, path)
        layerWeights(value.state, path)
        if (value.state.children.length === 1) visitChild(value.state.children[0], path, depth)
        else value.state.children.forEach((child, i) => visit(child, join(path, layerStateOf(child)?.explicitName ?? String(i)), depth + 1))
        return
      case "model":
        if (owners.has(value)) return
        owners.set(value, path)
        layerList(value.layers, path, depth)
        return
      default:
    }
  }
  // The one layer inside a wrapper keeps the wrapper's name, as its weights do in tfjs.
  const visitChild = (child: Value, path: string, depth: number): void => {
    if (child.kind === "array") child.items.forEach((cell, i) => visit(cell, join(path, `RNNCell_${i}`), depth + 1))
    else visit(child, path, depth + 1)
  }
  for (const [name, value] of named) visit(value, name, 1)
  if (root !== null) visit(root, "", 0)
  return { weights, owners }
}
