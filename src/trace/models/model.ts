/** @file tf.sequential, tf.input and tf.model as values: layers added one by one, symbolic tensors, models applied to other tensors. */
import type * as TypeScript from "typescript"
import type { Context, Fault } from "../context"
import type { Dim } from "../../schema/report"
import type { LayerState, ModelValue, TensorValue, Value } from "../value"
import { allWeights, applyLayer, createLayer, layerStateOf } from "../layers/layer"
import { kindOfLayer, nodeOfLayer } from "../layers/nodes"
import { touchLayers } from "./done"
import { arrayOf, native, numberIn, openParameter, primitive, sizeValue, stringIn, tensorsIn, undefinedValue, unknown } from "../value"
import { dimOf, makeInput, makeTensor, reshape, shapeOf } from "../tensor"
import { freshSymbol, nextSerial, note, step, touch, Unreadable } from "../context"
import { markSymbolic } from "../layers/mask"
import { applyAsCalled } from "../layers/prediction"
import { copyOperations } from "./copying"
import { reachableFrom } from "./reachable"
import { markOpen, sizeOfInput } from "../layers/open"
import { assumeOneAxis, copyShape, openShape } from "../rank"
import { readWhole } from "../interpreter/readings"
import { refuseCycle, stopInside } from "./cycles"
import { checkCompile, rememberModel, rememberTraining } from "./compiled"
import { doubtLayers, rememberCompile, rememberFit } from "./frozen"
import { ShapeError } from "../../graph/shape"
import { plainText } from "../ops/table"

const configOf = (value: Value | undefined): ReadonlyMap<string, Value> => (value?.kind === "object" ? value.fields : new Map())

function createModel(context: Context, form: ModelValue["form"], config: Value | undefined, at: TypeScript.Node): ModelValue {
  const call = callThatMakes(context, at)
  const model: ModelValue = {
    kind: "model",
    serial: nextSerial(context),
    form,
    layers: [],
    inputs: [],
    outputs: [],
    built: false,
    trainable: true,
    node: at,
    explicitName: stringIn(configOf(config).get("name")),
    ...(call === undefined ? {} : { call }),
  }
  rememberModel(context, model)
  return model
}

/** The call of the function around a place: the innermost one with arguments, the innermost one where none has any. */
function callThatMakes({ state }: Context, at: TypeScript.Node): ModelValue["call"] {
  const file = at.getSourceFile()
  const around = state.active.filter(({ node }) => node.pos <= at.pos && at.end <= node.end && node.getSourceFile() === file)
  return around.findLast(({ node, args }) => node.parameters.length > 0 && args.length > 0) ?? around.at(-1)
}

export function createSequential(context: Context, config: Value | undefined, at: TypeScript.Node): ModelValue {
  const model = createModel(context, "sequential", config, at), layers = configOf(config).get("layers")
  if (layers?.kind === "array") model.layers.push(...layers.items)
  else if (layers?.kind === "unknown") model.failure = "the list of layers is not known"
  return model
}

/** tf.input({shape, batchShape, dtype, name}). Sizes left open are symbols. */
export function createInput(context: Context, config: Value | undefined, at: TypeScript.Node): Value {
  const fields = configOf(config),
    name = stringIn(fields.get("name"))
  const sizes = (value: Value | undefined): readonly Dim[] | null => {
    if (value === undefined) return null
    if (value.kind !== "array") return numberIn(value) === null && value.kind !== "dim" ? null : [dimOf(context, value)]
    return value.items.map((item, i) => sizeOfInput(context, item, `${name ?? "input"}.${i + 1}`, `${name ?? "input"}.${i + 1}`))
  }
  const stated = fields.get("shape") ?? fields.get("inputShape"), dtype = stringIn(fields.get("dtype")) === "int32" ? "index" : "real"
  if (stated?.kind === "unknown" && stated.tensors.length === 0)
    return markSymbolic(makeInput(context, name ?? "input", openShape(context, ["batch"], stated, name ?? stated.name ?? "input"), dtype, at))
  const batchShape = sizes(fields.get("batchShape") ?? fields.get("batchInputShape")), shape = sizes(stated)
  if (batchShape === null && shape === null) {
    note(context, "tf.input: the shape is not known", at)
    return unknown("tf.input without a known shape")
  }
  const full = batchShape === null ? ["batch", ...(shape ?? [])] : batchShape.map((d, i) => (i === 0 && typeof d === "string" ? "batch" : d))
  const lead = batchShape?.[0], isBatchOpen = lead === undefined || (typeof lead === "string" && context.state.openSizes.has(lead))
  return markOpen(context, markSymbolic(makeInput(context, name ?? "input", full, dtype, at)), isBatchOpen)
}

/** tf.model({inputs, outputs}). */
export function createFunctional(context: Context, config: Value | undefined, at: TypeScript.Node): ModelValue {
  const model = createModel(context, "functional", config, at), fields = configOf(config)
  const inputs = fields.get("inputs"), outputs = fields.get("outputs")
  model.inputs = inputs === undefined ? [] : tensorsIn([inputs], 1)
  if (outputs === undefined || model.inputs.length === 0) model.failure = "the inputs or outputs are not known"
  else {
    model.outputs = tensorsOut(context, outputs, at)
    model.built = true
  }
  model.inputs.forEach((x) => assumeOneAxis(context, x))
  collectLayers(context, model)
  const fault = faultIn(context, model)
  if (fault !== undefined) model.fault = fault
  return model
}

/** An error of code that a model runs: in its layers, or before it outside of any. Another model's instance of the same class may run. */
function faultIn({ state }: Context, model: ModelValue, which: "own" | "any" = "any"): Fault | undefined {
  const own = ownersIn(model)
  // A layer that throws as it is built gives nothing, and is in no model.
  const foreign = new Set(which === "own" || state.faults.length === 0 ? [] : state.models.flatMap((other) => [...ownersIn(other)]))
  const isForeign = ({ owners }: Fault): boolean => which === "own" || owners.some((owner) => foreign.has(owner))
  return state.faults.find((fault) => fault.owners.some((owner) => own.has(owner)) || !isForeign(fault))
}

function ownersIn(model: ModelValue): ReadonlySet<object> {
  const own = new Set<object>()
  const collect = (layer: Value): void => {
    own.add(layer.kind === "layer" ? layer.state : layer)
    if (layer.kind === "model") layer.layers.forEach(collect)
  }
  collect(model)
  return own
}

/** A value as a list of output tensors; unknown ones become opaque functions of what they depend on. */
export function tensorsOut(context: Context, value: Value, at: TypeScript.Node): readonly TensorValue[] {
  if (value.kind === "tensor") return [value]
  if (value.kind === "array") return value.items.flatMap((item) => tensorsOut(context, item, at))
  if (value.kind === "object" && value.type === null)
    return [...value.fields.values()].flatMap((item) => (tensorsIn([item]).length > 0 ? tensorsOut(context, item, at) : []))
  if (value.kind === "unknown" && value.tensors.length > 0) {
    const read = readWhole(value)
    if (read !== null) return [read]
    return [
      makeTensor(
        context,
        { kind: "opaque", what: "code that is not read", reason: plainText(value.why) },
        value.tensors,
        { at, label: "the output" },
        [freshSymbol(context, "out")],
      ),
    ]
  }
  return []
}

/** Layers of a functional model: those that made tensors on the way from its inputs to its outputs, in the order they were made. */
function collectLayers(context: Context, model: ModelValue): void {
  const reachable = reachableFrom(model.outputs)
  const first = (tensors: readonly TensorValue[]): number => Math.min(...tensors.filter((t) => reachable.has(t)).map((t) => t.serial))
  const firstOf = (state: LayerState): number => first(state.calls.flatMap((call) => call.outputs))
  // In the order they are applied, which is that of the network and not of the source where calls are nested.
  const layers = context.state.layers.filter((state) => Number.isFinite(firstOf(state))).sort((a, b) => firstOf(a) - firstOf(b))
  const nested = context.state.models.filter((other) => other !== model && (applied.get(other) ?? []).some((t) => reachable.has(t)))
  const inner = new Set(nested.flatMap((other) => other.layers.map((layer) => layerStateOf(layer))))
  const instances = new Map(
    context.state.instances.flatMap((instance) => (instance.layer === undefined ? [] : [[instance.layer, instance] as const])),
  )
  const wrapped = new Set(layers.flatMap((state) => state.children.map((child) => layerStateOf(child))))
  for (const state of layers) {
    if (inner.has(state) || wrapped.has(state) || ownedByOther(state, layers, instances)) continue
    model.layers.push(instances.get(state) ?? { kind: "layer", state })
  }
  model.layers.push(...nested)
}

/** Whether a layer sits in a field of one of the instances: it belongs to that instance. */
function ownedByOther(state: object, layers: readonly object[], instances: ReadonlyMap<object, Extract<Value, { kind: "object" }>>): boolean {
  return layers.some((other) => other !== state && [...(instances.get(other)?.fields.values() ?? [])].some((field) => holds(field, state, 2)))
}
function holds(value: Value, state: object, depth: number): boolean {
  if (layerStateOf(value) === state) return true
  return depth > 0 && value.kind === "array" && value.items.some((item) => holds(item, state, depth - 1))
}

/** Tensors that came out of applying a model, for models inside models. */
const applied = new WeakMap<ModelValue, TensorValue[]>()

/** Runs a sequential model on an input of its own, once. */
export function buildSequential(context: Context, model: ModelValue): void {
  if (model.built || model.form !== "sequential") return
  model.built = true
  const first = model.layers[0]
  const shape = first === undefined ? null : inputShapeOf(context, first)
  if (shape === null && model.layers.length > 0) model.built = false
  if (shape === null) {
    model.failure ??= model.layers.length === 0 ? "the model has no layers" : "the first layer states no input shape"
    return
  }
  const x = markOpen(context, markSymbolic(makeInput(context, "input", copyShape(shape))))
  const before = context.state.faults.length, y = runLayers(context, model, x, model.node)
  const fault = context.state.faults.at(before) ?? faultIn(context, model, "own")
  if (fault !== undefined) model.fault ??= fault
  assumeOneAxis(context, x)
  model.inputs = [x]
  model.outputs = tensorsOut(context, y, model.node)
}

/** Connects the layers of the sequential model that a layer is in, where there is one. */
export function buildAround(context: Context, layer: Value): void {
  const holder = context.state.models.find(({ layers }) => layers.includes(layer))
  if (holder !== undefined) buildSequential(context, holder)
}

/** A sequential model whose layers change after its shapes were read is built again; its layers keep their weights. */
function openAgain(model: ModelValue): void {
  if (model.form !== "sequential" || !model.built) return
  model.built = false
  model.inputs = []
  model.outputs = []
}

function inputShapeOf(context: Context, layer: Value): readonly Dim[] | null {
  if (layer.kind === "model") {
    buildSequential(context, layer)
    if (layer.inputs.length === 1) return shapeOf(context, layer.inputs[0])
    return layer.layers[0] === undefined ? null : inputShapeOf(context, layer.layers[0])
  }
  const state = layerStateOf(layer)
  if (state === null) return null
  const inner = state.children[0] === undefined ? null : layerStateOf(state.children[0])
  return state.inputShape ?? inner?.inputShape ?? null
}

function runLayers(context: Context, model: ModelValue, input: Value, at: TypeScript.Node): Value {
  return model.layers.reduce<Value>(
    (x, layer) => (layer.kind === "model" ? applyModel(context, layer, x, at) : applyLayer(context, layer, x, undefined, at)),
    input,
  )
}

/** A model on other tensors: a sequential one layer by layer, a functional one by copying its operations. */
export function applyModel(context: Context, model: ModelValue, given: Value | undefined, at: TypeScript.Node): Value {
  if (given === undefined) return unknown("a model applied to nothing")
  // tfjs builds a sequential model when its layers are added: its weights have the shapes of its own input.
  buildSequential(context, model)
  // What the layers make of something unknown says nothing of the model: its own input has told their shapes.
  const open = [given, ...(given.kind === "array" ? given.items : [])].find((item) => item.kind === "unknown" && !item.properties.has(openParameter))
  if (open?.kind === "unknown" && model.outputs.length > 0) return unknown(open.why, null, [given, ...model.outputs])
  const { state, limits } = context, { notes } = state
  step(context, at)
  if (state.depth >= limits.depth) throw stopInside(context, model, at)
  // A script that hands it other data than it is made for says nothing of its definition.
  if (model.outputs.length > 0 && isData(context, given)) state.notes = []
  state.owners.push(model)
  state.depth++
  try {
    const result = model.form === "sequential" ? runLayers(context, model, given, at) : copyOperations(context, model, given, at)
    tensorsIn([result], 1).forEach((t) => rememberApplied(model, t))
    return result
  } catch (error) {
    if (!(error instanceof Unreadable) && !(error instanceof ShapeError)) throw error
    note(context, plainText(error.message), at)
    return unknown(plainText(error.message), null, [given, ...model.outputs])
  } finally {
    state.depth--
    state.owners.pop()
    state.notes = notes
  }
}

const rememberApplied = (model: ModelValue, result: TensorValue): unknown => applied.get(model)?.push(result) ?? applied.set(model, [result])

/** Whether a value is tensors that are numbers when the program runs, outside of any network that is followed. */
const isData = ({ state }: Context, given: Value): boolean =>
  state.following === 0 && (given.kind === "array" ? given.items : [given]).every((item) => item.kind === "tensor" && item.computed !== true)

function remember(context: Context, node: TypeScript.Node, model: ModelValue): void {
  const held = context.state.compiled.get(node) ?? new Set()
  for (const each of [model, ...alternativesOf(model)]) held.add(each)
  context.state.compiled.set(node, held)
}

/** Every other model that the name of this one may hold. */
function alternativesOf(model: ModelValue): readonly ModelValue[] {
  const found = new Set([model])
  for (const each of found) each.alternatives?.forEach((other) => found.add(other))
  found.delete(model)
  return [...found]
}

/** The same layer with weights of its own, for a model that may stand in another one's place. */
function addCopy(context: Context, model: ModelValue, layer: Value | undefined): void {
  const state = layer?.kind === "layer" ? layer.state : null, node = state === null ? null : nodeOfLayer(state)
  if (state === null || node === null || state.children.length > 0 || state.built) return void (model.unfinished = true)
  touchLayers(context, model)
  model.layers.push(createLayer(context, kindOfLayer(state), [state.config], node))
  openAgain(model)
}

/**
 * `model.layers` as tfjs lists them: a functional model starts with its input layer. The order of branches depends on tfjs's own walk over the
 * graph, so only chains of layers can be counted.
 */
function layerList(model: ModelValue): Value {
  if (model.form === "sequential") return { kind: "array", items: model.layers }
  let at = model.inputs.length === 1 ? model.inputs[0] : null
  for (const layer of model.layers) {
    const calls = layerStateOf(layer)?.calls ?? []
    at = calls.length === 1 && calls[0].inputs.length === 1 && calls[0].inputs[0] === at && calls[0].outputs.length === 1 ? calls[0].outputs[0] : null
    if (at === null) break
  }
  if (at === null || model.outputs.length !== 1) return unknown("the order tfjs lists the layers in")
  return arrayOf([unknown("the input layer"), ...model.layers])
}

/** `predict` takes a tensor of one axis for a column of samples. */
function withBatchAxis(context: Context, given: Value): Value {
  if (given.kind === "array") return arrayOf(given.items.map((item) => withBatchAxis(context, item)))
  if (given.kind !== "tensor" || given.shape.length !== 1) return given
  return reshape(context, given, [...shapeOf(context, given), 1])
}

/** Members of a model; null where it has none of that name. */
export function modelMember(context: Context, model: ModelValue, name: string): Value | null {
  const ready = (): ModelValue => (buildSequential(context, model), model)
  const some = (tensors: readonly TensorValue[]): Value =>
    tensors.length === 1 ? tensors[0] : tensors.length === 0 ? unknown("a model that is not read") : arrayOf(tensors)
  const all = (tensors: readonly TensorValue[]): Value =>
    model.failure !== undefined && tensors.length === 0 ? unknown("a model that is not read") : arrayOf(tensors)
  switch (name) {
    case "add":
      return native("add", ([layer]) => {
        touchLayers(context, model)
        if (refuseCycle(model, layer)) return undefinedValue
        model.layers.push(layer ?? unknown("a layer that is added is not known"))
        openAgain(model)
        alternativesOf(model).forEach((other) => addCopy(context, other, layer))
        return undefinedValue
      })
    case "pop":
      return native("pop", () => {
        touchLayers(context, model)
        openAgain(model)
        for (const other of alternativesOf(model)) {
          touch(context, other.layers)
          openAgain(other)
          other.layers.pop()
        }
        return model.layers.pop() ?? undefinedValue
      })
    case "predict":
      return native(name, ([given], at) =>
        applyAsCalled(context, { given, kwargs: undefined, state: null, at }, () =>
          applyModel(context, model, given && withBatchAxis(context, given), at)))
    case "apply":
    case "call":
    case "predictOnBatch":
      return native(name, ([given, config], at) => {
        const kwargs = name === "predictOnBatch" ? undefined : config
        return applyAsCalled(context, { given, kwargs, state: null, at }, () => applyModel(context, model, given, at))
      })
    case "layers":
      return layerList(model)
    case "getLayer":
      return native("getLayer", ([given, index]) => {
        const position = numberIn(index) ?? numberIn(given), wanted = stringIn(given)
        if (position !== null) {
          const list = layerList(model)
          return list.kind === "array" ? (list.items.at(position) ?? unknown("a layer that is not there")) : list
        }
        const found = model.layers.find((layer) => layerStateOf(layer)?.explicitName === wanted)
        if (found === undefined) doubtLayers(context, model.layers)
        return found ?? unknown(`the layer '${wanted ?? "?"}' is not found`)
      })
    case "inputs":
      return all(ready().inputs)
    case "outputs":
      return all(ready().outputs)
    case "input":
      return some(ready().inputs)
    case "output":
      return some(ready().outputs)
    case "trainable":
      return primitive(model.trainable)
    case "weights":
    case "trainableWeights":
      return arrayOf(
        ready()
          .layers.flatMap(allWeights)
          .flatMap((weight) => (weight.tensor === undefined ? [] : [weight.tensor])),
      )
    case "getWeights":
      return native("getWeights", () =>
        arrayOf(
          ready()
            .layers.flatMap(allWeights)
            .flatMap((weight) => (weight.tensor === undefined ? [] : [weight.tensor])),
        ),
      )
    case "inputShape":
      return arrayOf((ready().inputs[0]?.shape ?? []).map(sizeValue))
    case "outputShape":
      return arrayOf((ready().outputs[0]?.shape ?? []).map(sizeValue))
    case "name":
      return model.explicitName === null ? unknown("the name tfjs gives a model") : primitive(model.explicitName)
    case "compile":
      return native(name, ([config], at) => {
        const optimizer = config?.kind === "object" ? config.fields.get("optimizer") : undefined
        remember(context, at, model)
        if (optimizer?.kind === "object" && optimizer.origin !== undefined) remember(context, optimizer.origin, model)
        const loss = config?.kind === "object" ? stringIn(config.fields.get("loss")) : null, named = stringIn(optimizer)
        for (const each of [model, ...alternativesOf(model)])
          rememberCompile(context, each, { ...(loss === null ? {} : { loss }), ...(named === null ? {} : { optimizer: named }) })
        checkCompile(context, model, config, at)
        return undefinedValue
      })
    case "summary":
    case "dispose":
    case "setWeights":
    case "resetStates":
      return native(name, () => undefinedValue)
    case "fit":
    case "fitDataset":
    case "trainOnBatch":
      return native(name, (_, at) => {
        rememberTraining(context, model, name, at)
        for (const each of [model, ...alternativesOf(model)]) rememberFit(context, each)
        return unknown(`the result of ${name}`)
      })
    case "evaluate":
    case "evaluateDataset":
    case "save":
    case "countParams":
    case "getConfig":
    case "toJSON":
      return native(name, () => unknown(`the result of ${name}`))
    default:
      return null
  }
}
