/** @file Which layers are frozen and when: what a model is fitted with decides what it trains, not what its weights are left as in the end. */
import type { ActiveCall, LayerState, ModelValue, Value, Weight } from "../value"
import type { Context } from "../context"
import type { Place } from "../../schema/report"
import type { Refusal } from "../../graph/graph"
import { isTrainable } from "../weight"
import { layerStateOf } from "../layers/layer"

/** Sets the flag of a layer, or of all layers of a model, wherever they are used. */
export function setTrainableOf(context: Context, target: Value, flag: boolean, at: Place): void {
  if (target.kind === "model") {
    target.trainable = flag
    for (const layer of target.layers) setTrainableOf(context, layer, flag, at)
  }
  const state = layerStateOf(target)
  if (state === null) return
  state.trainable = flag
  state.frozenIn = runOf(context)
  if (flag) delete state.frozenAt
  else state.frozenAt = at
}

/** What nobody but the tracer calls, so that its time is not known; null for code that runs as the files are loaded. */
function runOf({ state }: Context): ActiveCall | null {
  const outermost = state.active.at(0)
  return outermost === undefined || outermost.at !== outermost.node ? null : outermost
}

/** Keeps what a model is fitted with. */
export function rememberFit(context: Context, model: ModelValue): void {
  const { trail, doubts } = context.state
  const fits = (model.fits ??= { free: new Set(), frozen: new Set() })
  for (const state of layersIn(model)) {
    const isAfter = state.frozenIn === undefined || state.frozenIn === null || state.frozenIn === runOf(context)
    if (state.trainable) fits.free.add(state)
    else if (isAfter && trail.length === 0 && doubts === 0) fits.frozen.add(state)
  }
}

const layersIn = (model: ModelValue): readonly LayerState[] =>
  model.layers.flatMap((layer) => (layer.kind === "model" ? layersIn(layer) : (layerStateOf(layer) ?? [])))

const isIn = (layers: ReadonlySet<LayerState> | undefined, { layer }: Weight): boolean => layer !== undefined && layers?.has(layer) === true

const setsTrainable = (context: Context): boolean => /\btrainable\s*=(?!\s*(?:=|false\b))/.test(context.home.text)

/** A model that is compiled and fitted while it has nothing to train, where no line of the file lets it train again. */
export function frozenWhole(context: Context, model: ModelValue, weights: readonly Weight[]): readonly Refusal[] {
  const at = weights.find((weight) => frozenAtOf(weight) !== undefined)?.layer?.frozenAt
  const isCompiled = [...context.state.compiled.values()].some((models) => models.has(model))
  const isFrozen = weights.every((weight) => !isTrainable(weight) && (!weight.trainable || isIn(model.fits?.frozen, weight)))
  if (at === undefined || !isCompiled || !isFrozen || setsTrainable(context)) return []
  const what = "this freezes every weight of the model, wherever its layers are used: it is compiled, and its fit throws in tfjs 4.22"
  return [{ kind: "frozen", what, fixable: false, start: at.start, end: at.end }]
}

/** Where a weight was frozen that would be trained otherwise. */
export const frozenAtOf = (weight: Weight): Place | undefined =>
  isTrainable(weight) || !weight.trainable ? undefined : weight.layer?.frozenAt

/** What a reader must know of weights that are trained at one time and frozen at another: they are read as they are left. */
export function frozenLater(context: Context, model: ModelValue, weights: readonly Weight[]): readonly string[] {
  const isOpen = model.fits === undefined && setsTrainable(context)
  const later = weights.filter((weight) => frozenAtOf(weight) !== undefined && (isOpen || isIn(model.fits?.free, weight)))
  return later.length === 0 ? [] : ["weights are frozen as the last assignment of `trainable` leaves them: training before it moves them"]
}
