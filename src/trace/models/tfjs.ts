/** @file Models made with tf.sequential and tf.model: the different ones of every place that makes some. */
import type { Context } from "../context"
import type { ModelValue, TensorValue, Value } from "../value"
import type { Traced } from "./classes"
import type { Refusal } from "../../graph/graph"
import { allWeights, layerStateOf } from "../layers/layer"
import { assumptionsOf } from "../assumed"
import { assignPaths } from "./paths"
import { attempt } from "./attempt"
import { buildSequential } from "./model"
import { reachableFrom } from "./reachable"
import { calleePlace } from "../../source/place"
import { doneAt } from "./done"
import { emitModel } from "./emit"
import { chooseVariants, isNamed, type Variant } from "./variants"
import { plainText } from "../ops/table"
import { inMode, type Mode } from "../layers/prediction"

/** The models that the analyzed file makes. Those used inside another one only as a part of it are left to it. */
export function traceModels(context: Context): {
  readonly traced: readonly { readonly traced: Traced; readonly model: ModelValue }[]
  readonly failures: readonly { readonly model: ModelValue; readonly why: string; readonly refused: Refusal | undefined }[]
} {
  const traced: { traced: Traced; model: ModelValue }[] = [],
    failures: { model: ModelValue; why: string; refused: Refusal | undefined }[] = []
  const byNode = new Map<unknown, ModelValue[]>()
  for (const model of context.state.models) {
    if (model.node.getSourceFile() !== context.home) continue
    if (isPartOnly(context, model)) continue
    byNode.set(model.node, [...(byNode.get(model.node) ?? []), model])
  }
  for (const models of byNode.values()) {
    const done = new Map<string, Variant>()
    let why = ""
    for (const model of models.slice(0, maximumVariants)) {
      const result = model.unfinished === true ? "a layer of another model joins it on a way that is not known" : traceModel(context, model)
      if (typeof result === "string") why ||= result
      else {
        const content = contentOf(result), compiled = compiledAt(context, model)
        const key = `${content} ${compiled}`
        const held = done.get(key)
        if (held === undefined || (!isNamed(held.model) && isNamed(model))) done.set(key, { traced: result, model, content, compiled })
      }
    }
    const variants = [...done.values()]
    if (variants.length === 0) failures.push({ model: models[0], why, refused: refusedIn(models[0]) ?? shapeless(models[0]) })
    else traced.push(...chooseVariants(context, variants, Math.max(0, models.length - maximumVariants)))
  }
  return { traced, failures }
}

const maximumVariants = 24

/** What tfjs refuses in one of the layers of a model. */
function refusedIn(model: ModelValue): Refusal | undefined {
  const open: Value[] = [...model.layers].reverse(), seen = new Set<Value>()
  for (let layer = open.pop(); layer !== undefined; layer = open.pop()) {
    const refused = layerStateOf(layer)?.refused?.find(({ kind }) => kind !== "ignored")
    if (refused !== undefined) return refused
    if (layer.kind !== "model" || seen.has(layer)) continue
    seen.add(layer)
    open.push(...[...layer.layers].reverse())
  }
  return undefined
}

/** A first layer whose settings are known and state no shape of what it takes. */
function shapeless({ form, layers: [first] }: ModelValue): Refusal | undefined {
  if (form !== "sequential" || first?.kind !== "layer") return undefined
  const { type, config, children, inputShape, place } = first.state
  const isKnown = config.fields.size > 0 && children.length === 0 && !config.fields.has("\u0000rest")
  if (inputShape !== null || !isKnown || ["inputShape", "batchInputShape", "inputDim"].some((key) => config.fields.has(key))) return undefined
  return { kind: "setting", what: `${type}: tfjs refuses a first layer without 'inputShape'`, fixable: false, start: place.start, end: place.end }
}

/** A model that only a function's own variable holds and that is a layer of another model there: the outer one says it all. */
const isPartOnly = (context: Context, model: ModelValue): boolean =>
  model.variable === undefined &&
  model.returnedBy === undefined &&
  context.state.models.some((outer) => outer !== model && outer.layers.includes(model))

/** What a model computes, without places. */
const contentOf = (model: Traced): string =>
  JSON.stringify([
    model.graph.nodes.map((node) => [node.op, node.operands, node.shape]),
    model.graph.parameters.map((p) => [p.shape, p.trainable, p.regularizer, p.constraint]),
  ])

/** Which calls of compile concern a model, and with which names: the same network trained in two ways is two models. */
const compiledAt = (context: Context, model: ModelValue): string =>
  [
    ...[...context.state.compiled].flatMap(([node, models]) => (models.has(model) ? [node.pos] : [])),
    ...[model.compiled?.loss, model.compiled?.optimizer].flatMap((name) => name ?? []),
  ].join()

/** What stands in for code that is not read: a model of such parts may have weights all the same. */
function unreadPart(tensors: ReadonlySet<TensorValue>): string | null {
  for (const { source } of tensors) {
    if (source.kind !== "op" || source.op.kind !== "opaque") continue
    const { what, reason } = source.op
    return plainText(what === "code that is not read" ? reason : `${what}: ${reason}`)
  }
  return null
}

/** A model as its own predictions run it, or as either these or fit do, for code that trains it so; null where that is no other network. */
export function traceInMode(context: Context, model: ModelValue, mode: Exclude<Mode, "fitted">): Traced | null {
  const found = traceModel(context, model, mode)
  return typeof found === "string" ? null : found
}

function traceModel(context: Context, model: ModelValue, mode: Mode = "fitted"): Traced | string {
  const outerNotes = context.state.notes
  const moduleAssumptions = [...context.state.assumptions]
  const result = attempt(context, () => {
    const before = outerNotes.length
    buildSequential(context, model)
    if (model.failure !== undefined && model.outputs.length === 0) return model.failure
    if (model.outputs.length === 0) return "its layers are not all known"
    const outputs = mode === "fitted" ? model.outputs : model.outputs.map((t) => inMode(context, t, mode))
    if (outputs.every((t, i) => t === model.outputs[i]) && mode !== "fitted") return "it is the same network"
    const reachable = reachableFrom(outputs)
    const paths = assignPaths(model),
      named = model.returnedBy ?? model.name
    if (![...reachable].some((t) => t.source.kind === "weight") && model.layers.flatMap(allWeights).length === 0) {
      const own = [...outerNotes, ...context.state.notes].filter(({ owners }) => owners.some((owner) => paths.owners.has(owner)))
      const said = own.find(({ what }) => /not supported$/.test(what))?.what ?? model.failure
      return said ?? unreadPart(reachable) ?? "it has no weights"
    }
    const owned = outerNotes.slice(0, before).filter((note) => note.owners.some((owner) => paths.owners.has(owner)))
    const failure = model.failure === undefined ? [] : [model.failure]
    const concerned = { parts: paths.owners, tensors: () => reachable, done: doneAt(model) }
    const outside = assumptionsOf(context, model.assumptions ?? moduleAssumptions, concerned)
    return emitModel(context, {
      name: named?.text ?? model.explicitName ?? "model",
      form: model.form,
      place: named?.place ?? calleePlace(context.ts, model.node, context.home),
      inputs: model.inputs,
      outputs,
      paths,
      model,
      notes: [...owned, ...context.state.notes],
      assumptions: [...new Set([...context.state.assumptions, ...outside, ...failure])],
      ownsUnused: true,
    })
  })
  if (result.value === null) return result.limit ?? "the code that makes it cannot be followed"
  return result.value
}
