/** @file Which layers are frozen and when: what a model is fitted with decides what it trains, not what its weights are left as in the end. */
import type { ActiveCall, LayerState, ModelValue, Value, Weight } from "../value"
import type { Context } from "../context"
import type { Place } from "../../schema/report"
import type { Refusal } from "../../graph/graph"
import { isTrainable } from "../weight"
import { layerStateOf } from "../layers/layer"

/** Sets the flag of a layer, or of all layers of a model, wherever they are used. */
export function setTrainableOf(context: Context, target: Value, flag: boolean, at: Place, time = timeOf(context)): void {
  if (target.kind === "model") {
    target.trainable = flag
    for (const layer of target.layers) setTrainableOf(context, layer, flag, at, time)
  }
  const state = layerStateOf(target)
  if (state === null) return
  if (state.trainable !== flag) rememberTurn(context, state, time)
  // What is perhaps frozen is read as trained, and nothing is promised between it and others.
  if (!flag && (context.state.trail.length > 0 || doubtful.has(state))) return
  state.trainable = flag
  state.frozenIn = runOf(context)
  if (flag) delete state.frozenAt
  else state.frozenAt = at
}

/** Sets the flag of a variable; null where it is not known. */
export function setTrainableWeight(context: Context, weight: Weight, flag: boolean | null): void {
  const time = timeOf(context)
  if (flag === null) return rememberTurn(context, weight, `?${time.replace("?", "")}.${weight.serial}`)
  if (weight.trainable !== flag) rememberTurn(context, weight, time)
  if (flag || context.state.trail.length === 0) weight.trainable = flag
}

/** What nobody but the tracer calls, so that its time is not known; null for code that runs as the files are loaded. */
function runOf({ state }: Context): ActiveCall | null {
  const outermost = state.active.at(0)
  return outermost === undefined || outermost.at !== outermost.node ? null : outermost
}

/** Spans in which nothing trains, one after the other: a run that only the tracer makes may come at any time, and training ends a span. */
interface Clock {
  span: number
  /** The serial with which the span begins. */
  since: number
  run: ActiveCall | null
}

const clocks = new WeakMap<Context["state"], Clock>()
/** The spans in which a layer or a variable was frozen or let train again, and stayed so until something trained; "?" where that is not known. */
const turns = new WeakMap<LayerState | Weight, readonly string[]>()

function timeOf(context: Context): string {
  const { state } = context, run = runOf(context), clock = clocks.get(state) ?? { span: 0, since: 0, run }
  clocks.set(state, clock)
  if (clock.run !== run) Object.assign(clock, { span: clock.span + 1, since: state.serial, run })
  return isOpen(state) ? `?${(clock.span += 1)}` : String(clock.span)
}

const isOpen = ({ trail, doubts }: Context["state"]): boolean => trail.length > 0 || doubts > 0

const flags = new WeakMap<Value, string>()

/** Sets a flag that is not known: what one value is given to is frozen together, if at all. */
export function setTrainableUnknown(context: Context, target: Value, value: Value): void {
  passTraining(context)
  const time = flags.get(value) ?? `?${timeOf(context).replace("?", "")}`
  flags.set(value, time)
  const layers = target.kind === "model" ? layersIn(target) : [layerStateOf(target)]
  for (const layer of layers) if (layer !== null) rememberTurn(context, layer, time)
}

/** Layers of which code picks some that nobody knows. */
const doubtful = new WeakSet<LayerState>()

/**
 * Some of these are picked by a place, a name or a condition that is not known. Where the file sets `trainable`, the pick may be what it sets it on:
 * nothing is promised between any two of them, and none is taken for frozen.
 */
export function doubtLayers(context: Context, items: readonly Value[]): void {
  const found = items.flatMap((item) => (item.kind === "model" ? layersIn(item) : (layerStateOf(item) ?? [])))
  const layers = found.filter((layer) => !doubtful.has(layer))
  if (layers.length === 0 || !/\btrainable\b\s*=(?!=)/.test(context.home.text)) return
  for (const layer of layers) {
    doubtful.add(layer)
    layer.trainable = true
    rememberTurn(context, layer, `?${timeOf(context).replace("?", "")}.${layer.serial}`)
  }
}

const openRounds = new WeakMap<Context["state"], number>()

/** Runs one round of a loop of which nobody knows how many there are: what it takes of a list by its number may be any item. */
export function inOpenRound<T>({ state }: Context, round: () => T): T {
  const depth = openRounds.get(state) ?? 0
  openRounds.set(state, depth + 1)
  try {
    return round()
  } finally {
    openRounds.set(state, depth)
  }
}

/** An item of a list is taken by its number. */
export function takeItem(context: Context, list: Value): void {
  if (list.kind === "array" && (openRounds.get(context.state) ?? 0) > 0) doubtLayers(context, list.items)
}

/** Something trains here, or may: what is frozen before it and free after it is frozen in some of the steps. */
export function passTraining(context: Context): void {
  timeOf(context)
  const clock = clocks.get(context.state)
  if (clock !== undefined) Object.assign(clock, { span: clock.span + 1, since: context.state.serial })
}

/** Two turns within one span leave nothing, and a layer begins as the span leaves it that makes it. */
function rememberTurn({ state }: Context, layer: LayerState | Weight, time: string): void {
  const known = turns.get(layer) ?? [], isSure = !time.startsWith("?")
  if (isSure && known.at(-1) === time) turns.set(layer, known.slice(0, -1))
  else if (!isSure || known.length > 0 || layer.serial <= (clocks.get(state)?.since ?? 0)) turns.set(layer, [...known, time])
}

/** What compile found frozen, which no later fit trains. */
const leftOut = new WeakMap<ModelValue, ReadonlySet<LayerState>>()

/** Keeps what tfjs leaves out of what a model trains: `compile` lists the weights, `fit` trains those of the list that are free then. */
export function rememberCompile({ state }: Context, model: ModelValue, compiled: NonNullable<ModelValue["compiled"]>): void {
  model.compiled = compiled
  const before = isOpen(state) ? (leftOut.get(model) ?? []) : []
  leftOut.set(model, new Set([...before, ...layersIn(model).filter(({ trainable }) => !trainable)]))
}

/** Keeps what a model is fitted with. */
export function rememberFit(context: Context, model: ModelValue): void {
  const { trail, doubts } = context.state
  const fits = (model.fits ??= { free: new Set(), frozen: new Set(), still: new Set() })
  for (const state of layersIn(model)) {
    const isAfter = state.frozenIn === undefined || state.frozenIn === null || state.frozenIn === runOf(context)
    if (state.trainable) fits.free.add(state)
    else if (isAfter && trail.length === 0 && doubts === 0) fits.frozen.add(state)
    if (!state.trainable || leftOut.get(model)?.has(state) === true) fits.still.add(state)
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
  const what = "this freezes every weight of the model, wherever its layers are used: it is compiled, and its fit and trainOnBatch throw in tfjs 4.22"
  return [{ kind: "frozen", what, fixable: false, start: at.start, end: at.end }]
}

/** Where a weight was frozen that would be trained otherwise. */
export const frozenAtOf = (weight: Weight): Place | undefined =>
  isTrainable(weight) || !weight.trainable ? undefined : weight.layer?.frozenAt

/** Whether a model that is frozen as a whole in the end was free whenever it was fitted: a discriminator, between the steps of what it judges. */
export function isFreeInFits({ fits }: Pick<ModelValue, "fits">, weights: readonly Weight[]): boolean {
  const own = weights.filter(({ trainable }) => trainable)
  return own.length > 0 && own.every((weight) => !isTrainable(weight) && isIn(fits?.free, weight) && !isIn(fits?.still, weight))
}

const turnsAlone = (weight: Weight): readonly string[] =>
  [weight, weight.layer].flatMap((held) => (held === undefined ? [] : (turns.get(held) ?? [])))

/** The times between which a weight is frozen, as a word that weights share which are frozen together; "?" leads where they are not known. */
export function turnsOf(model: Pick<ModelValue, "fits">, weight: Weight): string | undefined {
  const own = turnsAlone(weight), isStill = isIn(model.fits?.still, weight)
  if (own.length === 0 && !isStill) return undefined
  return `${own.some((time) => time.startsWith("?")) ? "?" : ""}${[...own, ...(isStill ? ["still"] : [])].join(" ")}`
}

/** What a reader must know of weights that are trained at one time and frozen at another: they are read as they are left. */
export function frozenLater(context: Context, model: ModelValue, weights: readonly Weight[]): readonly string[] {
  if (isFreeInFits(model, weights)) return []
  const isFree = model.fits === undefined && setsTrainable(context)
  const isLater = (weight: Weight): boolean => isFree || isIn(model.fits?.free, weight) || (model.fits === undefined && turnsAlone(weight).length > 0)
  const later = weights.some((weight) => frozenAtOf(weight) !== undefined && isLater(weight))
  const before = weights.some((weight) => isTrainable(weight) && turnsOf(model, weight) !== undefined)
  return [
    ...(later ? ["weights are frozen as the last assignment of `trainable` leaves them: training before it moves them"] : []),
    ...(before ? ["weights are trained as the last assignment of `trainable` leaves them: training before it may leave them where they are"] : []),
  ]
}
