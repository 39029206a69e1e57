/** @file Layers as values: made from a configuration, applied to tensors, with the members that models and subclasses use. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { LayerCall, LayerSpec } from "./call"
import type { LayerState, ObjectValue, TensorValue, Value, Weight } from "../value"
import { arrayOf, booleanIn, isNullish, native, objectOf, primitive, sizeValue, stringIn, undefinedValue, unknown } from "../value"
import { callee, freshSymbol, isControl, nextSerial, note, siteAt, Unreadable } from "../context"
import { coreLayers } from "./core"
import { convolutionLayers } from "./convolution"
import { dimOf, makeTensor, reshape, shapeArgument, shapeOf, tensorOf } from "../tensor"
import { multiplyDim } from "../../graph/dim"
import { constraintName, initializerName, isTrainable, makeWeight, regularizerOf } from "../weight"
import { plainText } from "../ops/table"
import { recurrentLayers } from "./recurrent"
import { nodeOfLayer, rememberNode } from "./nodes"
import { giveRank, openShape } from "../rank"
import { ShapeError } from "../../graph/shape"

const table: Readonly<Record<string, LayerSpec>> = { ...coreLayers, ...convolutionLayers, ...recurrentLayers }

/** Other names tfjs exports for the same layer. */
const aliases: Readonly<Record<string, string>> = {
  avgPool1d: "averagePooling1d",
  avgPooling1d: "averagePooling1d",
  avgPool2d: "averagePooling2d",
  avgPooling2d: "averagePooling2d",
  avgPool3d: "averagePooling3d",
  avgPooling3d: "averagePooling3d",
  globalMaxPool1d: "globalMaxPooling1d",
  globalMaxPool2d: "globalMaxPooling2d",
  maxPool1d: "maxPooling1d",
  maxPool2d: "maxPooling2d",
}

export const snakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()

export function createLayerState(context: Context, type: string, config: ObjectValue, at: TypeScript.Node): LayerState {
  const state: LayerState = {
    serial: nextSerial(context),
    type,
    explicitName: null,
    trainable: true,
    weights: [],
    children: [],
    built: false,
    place: callee(context, at),
    config,
    inputShape: null,
    calls: [],
  }
  configureLayer(context, state, config)
  rememberNode(state, at)
  context.state.layers.push(state)
  return state
}

/** What tf.layers.Layer's constructor reads from its argument. */
export function configureLayer(context: Context, state: LayerState, config: Value | undefined): void {
  if (config?.kind !== "object") return
  state.config = config
  const name = stringIn(config.fields.get("name"))
  if (name !== null) state.explicitName = name
  const trainable = booleanIn(config.fields.get("trainable"))
  if (trainable !== null) state.trainable = trainable
  state.inputShape = configuredShape(context, state, config) ?? state.inputShape
}

function configuredShape(context: Context, state: LayerState, config: ObjectValue): readonly Dim[] | null {
  const given = (key: string): Value | undefined => {
    const value = config.fields.get(key)
    return value === undefined || isNullish(value) ? undefined : value
  }
  const open = (value: Value | undefined, i: number): readonly Dim[] => {
    if (value?.kind !== "array") return value === undefined ? [] : shapeArgument(context, value, "in")
    return value.items.map((item, k) => (isNullish(item) ? freshSymbol(context, k + i === 0 ? "batch" : "seq") : dimOf(context, item, `in.${k}`)))
  }
  try {
    const batch = given("batchInputShape")
    if (batch !== undefined)
      return batch.kind === "array" && batch.items.length > 0 && isNullish(batch.items[0])
        ? ["batch", ...open(arrayOf(batch.items.slice(1)), 1)]
        : open(batch, 0)
    const size = given("batchSize"),
      lead: Dim = size === undefined ? "batch" : dimOf(context, size, "batch")
    const plain = given("inputShape")
    if (plain?.kind === "unknown" && plain.tensors.length === 0) return openShape(context, [lead], plain, plain.name ?? "inputShape")
    if (plain !== undefined) return [lead, ...open(plain, 1)]
    if (state.type === "dense" && given("inputDim") !== undefined) return [lead, dimOf(context, given("inputDim"), "inputDim")]
    if (state.type === "embedding") {
      const length = given("inputLength")
      return [lead, ...(length === undefined ? [freshSymbol(context, "seq")] : open(length, 1))]
    }
    return null
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

/** tf.layers.X(config): a layer, or an unknown value where there is no such layer. */
export function createLayer(context: Context, name: string, args: readonly Value[], at: TypeScript.Node): Value {
  const kind = Object.hasOwn(aliases, name) ? aliases[name] : name
  const config = args[0]?.kind === "object" ? args[0] : objectOf()
  const state = createLayerState(context, snakeCase(kind), config, at)
  state.children.push(
    ...["layer", "cell", "forwardLayer"].flatMap((key) => {
      const inner = config.fields.get(key)
      return inner === undefined ? [] : [inner]
    }),
  )
  kinds.set(state, kind)
  if (!isReadable(kind)) note(context, `tf.layers.${name} is not supported`, at)
  return { kind: "layer", state }
}
const kinds = new WeakMap<LayerState, string>()
const isReadable = (kind: string): boolean => Object.hasOwn(table, kind) || kind === "timeDistributed" || kind === "bidirectional"

export const layerStateOf = (value: Value): LayerState | null =>
  value.kind === "layer" ? value.state : value.kind === "object" ? (value.layer ?? null) : null

/** Applies a layer, an instance of a layer class, or a model's layer to one tensor or a list of them. */
export function applyLayer(context: Context, layer: Value, given: Value | undefined, kwargs: Value | undefined, at: TypeScript.Node): Value {
  const state = layerStateOf(layer)
  if (state === null || given === undefined) return unknown("a layer that is not known", null, given === undefined ? [] : [given])
  const owner = layer.kind === "object" ? layer : state
  context.state.owners.push(owner)
  context.state.forward++
  const before = context.state.serial
  try {
    const inputs = inputTensors(context, given)
    const result =
      layer.kind === "object" ? applyInstance(context, layer, state, given, inputs, kwargs, at) : applyKnown(context, state, inputs, kwargs, at)
    const outputs = result.kind === "array" ? result.items : [result]
    const made = outputs.filter((item): item is TensorValue => item.kind === "tensor")
    state.calls.push({ inputs, outputs: made })
    const site = siteAt(context, "layer", state.place, state.type)
    made.forEach((tensor) => tensor.serial > before && site.tensors.add(tensor))
    state.weights.forEach((weight) => site.weights.add(weight))
    return result
  } catch (error) {
    if (isControl(error) || !(error instanceof Error)) throw error
    const message = error instanceof Unreadable || error instanceof ShapeError ? plainText(error.message) : "the layer cannot be read"
    if (given.kind !== "unknown")
      context.state.notes.push({ what: message.startsWith(state.type) ? message : `${state.type}: ${message}`, place: state.place, owners: [owner] })
    return unknown(message, null, [given, ...state.weights.flatMap((weight) => (weight.tensor === undefined ? [] : [weight.tensor]))])
  } finally {
    context.state.owners.pop()
    context.state.forward--
  }
}

function inputTensors(context: Context, given: Value): readonly TensorValue[] {
  const items = given.kind === "array" ? given.items : [given]
  return items.map((item) => {
    if (item.kind === "unknown") throw new Unreadable(item.why)
    return tensorOf(context, item)
  })
}

function applyKnown(context: Context, state: LayerState, inputs: readonly TensorValue[], kwargs: Value | undefined, at: TypeScript.Node): Value {
  const kind = kinds.get(state) ?? state.type
  // Reasons point at the call that made the layer, not at what applies it.
  const call: LayerCall = { context, state, inputs: withInitialState(context, inputs, kwargs), kwargs, at: nodeOfLayer(state) ?? at }
  if (kind === "timeDistributed") return timeDistributed(call)
  if (kind === "bidirectional") return bidirectional(call)
  if (!Object.hasOwn(table, kind)) throw new Unreadable(`tf.layers.${kind} is not supported`)
  const result = table[kind](call)
  state.built = true
  return "kind" in result ? result : arrayOf(result)
}

function withInitialState(context: Context, inputs: readonly TensorValue[], kwargs: Value | undefined): readonly TensorValue[] {
  const states = kwargs?.kind === "object" ? kwargs.fields.get("initialState") : undefined
  return states === undefined || isNullish(states) ? inputs : [...inputs, ...inputTensors(context, states)]
}

/** The wrapped layer on every time step; dense and elementwise layers act on the last axes alike, others on a merged batch and time axis. */
function timeDistributed(call: LayerCall): Value {
  const inner = call.state.children[0],
    state = inner === undefined ? null : layerStateOf(inner),
    [x] = call.inputs
  if (inner === undefined || state === null) throw new Unreadable("timeDistributed: the inner layer is not known")
  giveRank(call.context, x, 3, "timeDistributed")
  const own = shapeOf(call.context, x),
    kind = kinds.get(state) ?? state.type
  if (kind === "dense" || kind === "activation" || kind === "dropout" || kind === "reLU")
    return applyLayer(call.context, inner, x, call.kwargs, call.at)
  const merged = reshapeFor(call, x, [multiplyDim(own[0], own[1]), ...own.slice(2)])
  const y = applyLayer(call.context, inner, merged, call.kwargs, call.at)
  if (y.kind !== "tensor") return y
  return reshapeFor(call, y, [own[0], own[1], ...shapeOf(call.context, y).slice(1)])
}

/** Two copies of a recurrent layer, one reading backwards; merged as told, "concat" unless told otherwise. */
function bidirectional(call: LayerCall): Value {
  const inner = call.state.children[0],
    state = inner === undefined ? null : layerStateOf(inner)
  if (state === null || inner?.kind !== "layer") throw new Unreadable("bidirectional: the inner layer is not known")
  if (call.state.children.length === 1) {
    const config = objectOf([...state.config.fields, ["goBackwards", primitive(true)]])
    const copy: LayerState = {
      ...state,
      serial: nextSerial(call.context),
      config,
      weights: [],
      calls: [],
      explicitName: `backward_${state.explicitName ?? state.type}`,
    }
    kinds.set(copy, kinds.get(state) ?? state.type)
    state.explicitName = `forward_${state.explicitName ?? state.type}`
    call.state.children.push({ kind: "layer", state: copy })
  }
  const forward = applyLayer(call.context, inner, call.inputs[0], call.kwargs, call.at),
    backward = applyLayer(call.context, call.state.children[1], call.inputs[0], call.kwargs, call.at)
  if (forward.kind !== "tensor" || backward.kind !== "tensor") throw new Unreadable("bidirectional: returned states are not read")
  const sequences = shapeOf(call.context, forward).length === 3
  const second = sequences ? emitOp(call, { kind: "reverse", axes: [1] }, [backward]) : backward
  const mode = call.state.config.fields.get("mergeMode"),
    text = mode === undefined ? "concat" : stringIn(mode)
  switch (text) {
    case "concat":
      return emitOp(call, { kind: "concat", axis: shapeOf(call.context, forward).length - 1 }, [forward, second])
    case "sum":
      return emitOp(call, { kind: "binary", fn: "add" }, [forward, second])
    case "mul":
      return emitOp(call, { kind: "binary", fn: "multiply" }, [forward, second])
    case "ave":
      return emitOp(call, { kind: "binary", fn: "multiply" }, [
        emitOp(call, { kind: "binary", fn: "add" }, [forward, second]),
        tensorOf(call.context, primitive(0.5)),
      ])
    default:
      return arrayOf([forward, second])
  }
}

const emitOp = (call: LayerCall, op: Parameters<typeof makeTensor>[1], operands: readonly TensorValue[]): TensorValue =>
  makeTensor(call.context, op, operands, { at: call.at, label: call.state.type })
const reshapeFor = (call: LayerCall, x: TensorValue, target: readonly Dim[]): TensorValue =>
  reshape(call.context, x, target, { at: call.at, label: call.state.type })

/** An instance of a class that extends tf.layers.Layer: build once with the input's shape, then call. */
function applyInstance(
  context: Context,
  instance: ObjectValue,
  state: LayerState,
  given: Value,
  inputs: readonly TensorValue[],
  kwargs: Value | undefined,
  at: TypeScript.Node,
): Value {
  if (!state.built) {
    state.built = true
    const shapes = inputs.map((x) => arrayOf(shapeOf(context, x).map(sizeValue)))
    context.call(context, context.get(context, instance, "build", at), instance, [given.kind === "array" ? arrayOf(shapes) : shapes[0]], at)
  }
  const fields = kwargs?.kind === "object" ? [...kwargs.fields] : []
  return context.call(
    context,
    context.get(context, instance, "call", at),
    instance,
    [given, objectOf([["training", primitive(true)], ...fields])],
    at,
  )
}

/** this.addWeight(name, shape, dtype, initializer, regularizer, trainable). */
function addWeight(context: Context, state: LayerState, args: readonly Value[], at: TypeScript.Node): Value {
  try {
    const regularizer = regularizerOf(args[4]),
      initializer = initializerName(args[3])
    const constraint = constraintName(args[6])
    const label = stringIn(args[0])
    const tensor = makeWeight(context, {
      label,
      shape: shapeArgument(context, args[1], label ?? "n"),
      place: callee(context, at),
      layer: state,
      trainable: args[5] === undefined ? true : (booleanIn(args[5]) ?? true),
      ...(label === null ? {} : { weight: label }),
      ...(initializer === undefined ? {} : { initializer }),
      ...(regularizer === undefined ? {} : { regularizer }),
      ...(constraint === undefined ? {} : { constraint }),
    })
    siteAt(context, "weight", callee(context, at), label ?? "weight").weights.add((tensor.source as { weight: Weight }).weight)
    return tensor
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    note(context, `addWeight: ${plainText(error.message)}`, at)
    return unknown(error.message)
  }
}

/** Members that tf.layers.Layer gives every layer; null where it has none of that name. */
export function layerMember(context: Context, layer: Value, name: string): Value | null {
  const state = layerStateOf(layer)
  if (state === null) return null
  const tensors = (): TensorValue[] => allWeights(layer).flatMap((weight) => (weight.tensor === undefined ? [] : [weight.tensor]))
  switch (name) {
    case "apply":
      return native("apply", ([given, kwargs], at) => applyLayer(context, layer, given, kwargs, at))
    case "call":
      return layer.kind === "object"
        ? native("call", ([given]) => given ?? undefinedValue)
        : native("call", ([given, kwargs], at) => applyLayer(context, layer, given, kwargs, at))
    case "build":
      return native("build", () => ((state.built = true), undefinedValue))
    case "addWeight":
      return native("addWeight", (args, at) => addWeight(context, state, args, at))
    case "name":
      return state.explicitName === null ? unknown("the name tfjs gives a layer") : primitive(state.explicitName)
    case "trainable":
      return primitive(state.trainable)
    case "built":
      return primitive(state.built)
    case "getConfig":
      return native("getConfig", () => objectOf(state.config.fields))
    case "computeOutputShape":
      return native("computeOutputShape", ([shape]) => shape ?? undefinedValue)
    case "weights":
      return arrayOf(tensors())
    case "trainableWeights":
      return arrayOf(tensors().filter((tensor) => tensor.source.kind === "weight" && isTrainable(tensor.source.weight)))
    case "getWeights":
      return native("getWeights", () => arrayOf(tensors()))
    case "output":
      return arrayOrOne(state.calls.at(-1)?.outputs)
    case "input":
      return arrayOrOne(state.calls.at(-1)?.inputs)
    case "setWeights":
    case "dispose":
    case "invokeCallHook":
    case "setFastWeightInitDuringBuild":
    case "resetStates":
      return native(name, () => undefinedValue)
    default: {
      const weight = state.weights.find((held) => held.label === snakeCase(name))
      return weight?.tensor ?? (layer.kind === "layer" ? (state.config.fields.get(name) ?? null) : null)
    }
  }
}

const arrayOrOne = (tensors: readonly TensorValue[] | undefined): Value =>
  tensors === undefined ? unknown("a layer that has not been applied") : tensors.length === 1 ? tensors[0] : arrayOf(tensors)

/** Weights of a layer and of the layers inside it. */
export function allWeights(layer: Value): readonly Weight[] {
  const state = layerStateOf(layer)
  return state === null ? [] : [...state.weights, ...state.children.flatMap(allWeights)]
}
