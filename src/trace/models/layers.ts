/** @file The layers of a tf.sequential or tf.model as a list: kind, options, output shapes and weights of each, for comparing with `model.layers`. */
import type { LayerOption, TracedLayer } from "../../graph/graph"
import type { Dim } from "../../schema/report"
import type { LayerState, ModelValue, TensorValue, Value, Weight } from "../value"
import type { Paths } from "./paths"
import { allWeights, layerStateOf } from "../layers/layer"
import { isNullish } from "../value"

interface Naming {
  readonly paths: Paths
  /** Sizes under the names the graph shows. */
  readonly show: (d: Dim) => Dim
  /** Index of a weight among the graph's parameters. */
  readonly indexOf: ReadonlyMap<Weight, number>
}

/** The layers of a model in its own order; models among them with their layers inside. */
export const listLayers = (model: ModelValue, naming: Naming): readonly TracedLayer[] => model.layers.flatMap((layer) => listLayer(layer, naming))

function listLayer(layer: Value, naming: Naming): readonly TracedLayer[] {
  if (layer.kind === "model") {
    const path = naming.paths.owners.get(layer) ?? layer.form
    const outputShapes = shapesOf(layer.outputs, naming)
    const layers = listLayers(layer, naming)
    return [{ type: layer.form, path, outputShapes, parameters: merge(layers.map((inner) => inner.parameters)), options: {}, layers }]
  }
  const state = layerStateOf(layer)
  if (state === null) return []
  const path = naming.paths.owners.get(state) ?? state.type
  return [
    {
      type: state.type,
      path,
      // A layer that several tensors pass has the shapes of the first.
      outputShapes: shapesOf(state.calls[0]?.outputs ?? [], naming),
      parameters: merge([indicesOf(allWeights(layer), naming), weightsBelow(path, naming)]),
      options: optionsOf(state, naming),
      layers: state.children.flatMap((child) => listLayer(child, naming)),
    },
  ]
}

const shapesOf = (tensors: readonly TensorValue[], { show }: Naming): readonly (readonly Dim[])[] => tensors.map((t) => t.shape.map(show))

const merge = (lists: readonly (readonly number[])[]): readonly number[] => [...new Set(lists.flat())].sort((a, b) => a - b)
const indicesOf = (weights: readonly Weight[], { indexOf }: Naming): readonly number[] => weights.flatMap((weight) => indexOf.get(weight) ?? [])

/** Weights of the layers that an instance of a layer class keeps in its fields. */
const weightsBelow = (path: string, naming: Naming): readonly number[] =>
  indicesOf(
    [...naming.paths.weights].flatMap(([weight, own]) => (own.startsWith(`${path}/`) ? [weight] : [])),
    naming,
  )

function optionsOf(state: LayerState, { show }: Naming): TracedLayer["options"] {
  const options: Record<string, LayerOption | null> = {}
  for (const [key, value] of state.config.fields) if (!isNullish(value)) options[key] = optionOf(value, show)
  return options
}

function optionOf(value: Value, show: (d: Dim) => Dim): LayerOption | null {
  if (value.kind === "dim") return show(value.dim)
  if (value.kind === "primitive") {
    const held = value.value
    return typeof held === "number" || typeof held === "string" || typeof held === "boolean" ? held : null
  }
  if (value.kind !== "array") return null
  const items = value.items.map((item) => optionOf(item, show))
  return items.every((item): item is number | string => typeof item === "number" || typeof item === "string") ? items : null
}
