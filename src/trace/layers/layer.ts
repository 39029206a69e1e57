/** @file Layers as values: made from a configuration, applied to tensors, with the members that models and subclasses use. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { Op } from "../../graph/op"
import type { LayerCall, LayerSpec } from "./call"
import type { LayerState, ObjectValue, TensorValue, UnknownValue, Value, Weight } from "../value"
import { arrayOf, booleanIn, isNullish, native, objectOf, primitive, sizeValue, stringIn, undefinedValue, unknown } from "../value"
import { callee, freshSymbol, isControl, nextSerial, note, siteAt, Unreadable } from "../context"
import { emit, refusalIn } from "./call"
import { coreLayers } from "./core"
import { convolutionLayers } from "./convolution"
import { dimOf, makeTensor, reshape, shapeArgument, shapeOf, tensorOf } from "../tensor"
import { multiplyDim } from "../../graph/dim"
import { constraintName, initializerName, isTrainable, makeWeight, regularizerOf } from "../weight"
import { plainText } from "../ops/table"
import { recurrentLayers } from "./recurrent"
import { kindOfLayer, nodeOfLayer, rememberKind, rememberNode } from "./nodes"
import { noiseLayers } from "./noise"
import { tellFault, tellRefusedWeight } from "../interpreter/faults"
import { holdMask, passMask } from "./mask"
import { openSize, passOpen, sizeOfInput } from "./open"
import { applyAsCalled } from "./prediction"
import { rememberRerun } from "./rerun"
import { preprocessingLayers } from "./preprocessing"
import { giveRank, openShape } from "../rank"
import { refusalsOf, tellRank, tellUnfit } from "./refused"
import { ShapeError } from "../../graph/shape"

const table: Readonly<Record<string, LayerSpec>> = { ...coreLayers, ...convolutionLayers, ...recurrentLayers, ...noiseLayers, ...preprocessingLayers }

/** Other names tfjs exports for the same layer. */
export const aliases: Readonly<Record<string, string>> = {
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
  if (trainable === false) state.frozenAt = state.place
  state.inputShape = configuredShape(context, state, config) ?? state.inputShape
}

function configuredShape(context: Context, state: LayerState, config: ObjectValue): readonly Dim[] | null {
  const given = (key: string): Value | undefined => {
    const value = config.fields.get(key)
    return value === undefined || isNullish(value) ? undefined : value
  }
  const open = (value: Value | undefined, i: number): readonly Dim[] => {
    if (value?.kind !== "array") return value === undefined ? [] : shapeArgument(context, value, "in")
    return value.items.map((item, k) => sizeOfInput(context, item, `in.${k}`, k + i === 0 ? "batch" : "seq"))
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
      return [lead, ...(length === undefined ? [openSize(context, "seq")] : open(length, 1))]
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
  // tfjs reads the record now: what the code writes to it later is for the next layer.
  const config = objectOf(args[0]?.kind === "object" ? args[0].fields : [])
  const state = createLayerState(context, snakeCase(kind), config, at)
  state.children.push(
    ...["layer", "cell", "cells", "forwardLayer"].flatMap((key) => {
      const inner = config.fields.get(key)
      return inner === undefined ? [] : [inner]
    }),
  )
  rememberKind(state, kind)
  const refused = refusalsOf(context, kind, config, args, at)
  if (refused.length > 0) state.refused = refused
  if (!isReadable(kind)) {
    note(context, whyUnread(kind, name), at)
    if (!unread.has(kind)) tellFault(context, `tfjs has no layer tf.layers.${name}`, at)
  }
  return { kind: "layer", state }
}
/** What tf.layers has and is not read: bases of classes, and a layer that no model takes. */
export const unread: ReadonlySet<string> = new Set(["Layer", "RNN", "RNNCell", "inputLayer", "randomWidth"])
export const isReadable = (kind: string): boolean =>
  Object.hasOwn(table, kind) || kind === "timeDistributed" || kind === "bidirectional" || /(RNN|gru|[lL]stm(2d)?)Cells?$/.test(kind)

/** tfjs's randomWidth asks for an image of no known width, so that every model with it fails as it is made. */
const whyUnread = (kind: string, name: string): string =>
  `tf.layers.${name} is not supported${kind === "randomWidth" ? ": tfjs refuses it in a model, and it draws another width at every call" : ""}`

export const layerStateOf = (value: Value): LayerState | null =>
  value.kind === "layer" ? value.state : value.kind === "object" ? (value.layer ?? null) : null

/** Applies a layer, an instance of a layer class, or a model's layer to one tensor or a list of them. */
export function applyLayer(context: Context, layer: Value, given: Value | undefined, kwargs: Value | undefined, at: TypeScript.Node): Value {
  const state = layerStateOf(layer)
  if (state === null || given === undefined)
    return unknown(layer.kind === "unknown" ? layer.why : "a layer that is not known", null, given === undefined ? [] : [given])
  const owner = layer.kind === "object" ? layer : state
  context.state.owners.push(owner)
  context.state.forward++
  const before = context.state.serial
  try {
    const tensors = inputTensors(context, given, state, at)
    const inputs = layer.kind === "object" ? tensors : withInitialState(context, tensors, kwargs, at)
    const result =
      layer.kind === "object" ? applyInstance(context, layer, state, given, inputs, kwargs, at) : applyKnown(context, state, inputs, kwargs, at)
    const outputs = result.kind === "array" ? result.items : [result]
    const made = outputs.filter((item): item is TensorValue => item.kind === "tensor")
    state.calls.push({ inputs, outputs: made })
    holdMask(inputs, made)
    const site = siteAt(context, "layer", state.place, state.type)
    made.forEach((tensor) => tensor.serial > before && site.tensors.add(tensor))
    state.weights.forEach((weight) => site.weights.add(weight))
    return result
  } catch (error) {
    if (isControl(error) || !(error instanceof Error)) throw error
    const kind = kindOfLayer(state), message = messageOf(error, kind)
    const isRefused = refusalIn(state) !== undefined
    const isNamed = message.startsWith(state.type) || message.startsWith(kind)
    if (given.kind !== "unknown" && !isRefused)
      context.state.notes.push({ what: isNamed ? message : `${state.type}: ${message}`, place: state.place, owners: [owner] })
    const isUnfit = error instanceof ShapeError || /expected|does not|has shape|out of range/.test(message)
    const what = message.startsWith(kind) ? message : `${kind}: ${message}`
    if (isUnfit) tellUnfit(context, state, given, what, nodeOfLayer(state) ?? at)
    const result = unknown(message, null, [given, ...state.weights.flatMap((weight) => (weight.tensor === undefined ? [] : [weight.tensor]))])
    if (given.kind !== "unknown") unreadAt.set(result, nodeOfLayer(state) ?? at)
    if (isRefused) saidOf.add(result)
    return result
  } finally {
    context.state.owners.pop()
    context.state.forward--
  }
}

/** Shapes that do not fit are told of the layer, not of the operation in it. */
function messageOf(error: Error, kind: string): string {
  if (error instanceof ShapeError) return plainText(`${kind}: ${error.complaint}`)
  return error instanceof Unreadable ? plainText(error.message) : "the layer cannot be read"
}

/** Where what could not be read stands, for results of layers. */
const unreadAt = new WeakMap<UnknownValue, TypeScript.Node>()

/** Results that a finding speaks of already. */
const saidOf = new WeakSet<UnknownValue>()

/** Nothing is known of a layer that tfjs does not make; what it was meant to give keeps its shape, so that the layers after it are read. */
function withoutRefused(call: LayerCall, result: Value): Value {
  const refusal = refusalIn(call.state)
  if (refusal === undefined) return result
  const op: Op = { kind: "opaque", what: call.state.type, reason: refusal.what, said: true }
  const weights = call.state.weights.flatMap(({ tensor }) => tensor ?? [])
  const replace = (x: Value): Value => (x.kind === "tensor" ? emit(call, op, [...call.inputs, ...weights], shapeOf(call.context, x)) : x)
  return result.kind === "array" ? arrayOf(result.items.map(replace)) : replace(result)
}

function inputTensors(context: Context, given: Value, state: LayerState | null, at: TypeScript.Node): readonly TensorValue[] {
  const items = given.kind === "array" ? given.items : [given]
  return items.map((item) => {
    if (item.kind !== "unknown") return tensorOf(context, item)
    const axes = state === null || item.tensors.length === 0 ? undefined : readAxes[kindOfLayer(state)]
    if (axes === undefined) throw new Unreadable(item.why)
    // What comes before is not read, but the weights of this layer are there all the same.
    const said = item.given === true || saidOf.has(item) ? { said: true as const } : {}
    const op: Op = { kind: "opaque", what: "code that is not read", reason: plainText(item.why), ...said }
    const origin = { label: state?.type ?? "layer", at: unreadAt.get(item) ?? at }
    return makeTensor(context, op, item.tensors, origin, ["batch", ...axes.map((name) => freshSymbol(context, name))])
  })
}

/** Axes after the batch axis, for layers with weights whose input can be anything of that rank. */
const readAxes: Readonly<Record<string, readonly string[]>> = {
  dense: ["features"],
  conv1d: ["steps", "channels"],
  simpleRNN: ["steps", "features"],
  lstm: ["steps", "features"],
  gru: ["steps", "features"],
  bidirectional: ["steps", "features"],
  conv2d: ["height", "width", "channels"],
  conv2dTranspose: ["height", "width", "channels"],
  depthwiseConv2d: ["height", "width", "channels"],
  separableConv2d: ["height", "width", "channels"],
  conv3d: ["depth", "height", "width", "channels"],
  embedding: ["steps"],
}

function applyKnown(context: Context, state: LayerState, inputs: readonly TensorValue[], kwargs: Value | undefined, at: TypeScript.Node): Value {
  const kind = kindOfLayer(state)
  // Reasons point at the call that made the layer, not at what applies it.
  const call: LayerCall = { context, state, inputs, kwargs, at: nodeOfLayer(state) ?? at }
  tellRank(call, kind)
  const result = withoutRefused(call, resultOf(call, kind))
  state.built = true
  passOpen(call, kind, result)
  passMask(call, kind, result)
  return result
}

function resultOf(call: LayerCall, kind: string): Value {
  if (kind === "timeDistributed") return timeDistributed(call)
  if (kind === "bidirectional") return bidirectional(call)
  if (!Object.hasOwn(table, kind)) throw new Unreadable(whyUnread(kind, kind))
  const result = table[kind](call)
  return "kind" in result ? result : arrayOf(result)
}

function withInitialState(
  context: Context,
  inputs: readonly TensorValue[],
  kwargs: Value | undefined,
  at: TypeScript.Node,
): readonly TensorValue[] {
  const states = kwargs?.kind === "object" ? kwargs.fields.get("initialState") : undefined
  return states === undefined || isNullish(states) ? inputs : [...inputs, ...inputTensors(context, states, null, at)]
}

/** Kinds that give the same on all steps at once as on each alone; noise is drawn anew at every step either way. */
const eachStepAlike = new Set(["dense", "activation", "dropout", "reLU"])

/** The wrapped layer on every time step; dense and elementwise layers act on the last axes alike, others on a merged batch and time axis. */
function timeDistributed(call: LayerCall): Value {
  const inner = call.state.children[0],
    state = inner === undefined ? null : layerStateOf(inner),
    [x] = call.inputs
  if (inner === undefined || state === null) throw new Unreadable("timeDistributed: the inner layer is not known")
  giveRank(call.context, x, 3, "timeDistributed")
  const own = shapeOf(call.context, x),
    kind = kindOfLayer(state)
  if (eachStepAlike.has(kind))
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
    rememberKind(copy, kindOfLayer(state))
    state.explicitName = `forward_${state.explicitName ?? state.type}`
    call.state.children.push({ kind: "layer", state: copy })
  }
  // Initial states come after the input: the first half is for the layer that reads forwards.
  const [x, ...given] = call.inputs, half = given.length / 2
  const read = (layer: Value, states: readonly TensorValue[]): readonly TensorValue[] => {
    const made = applyLayer(call.context, layer, arrayOf([x, ...states]), undefined, call.at)
    const items = made.kind === "array" ? made.items : [made]
    if (items.every((item) => item.kind === "tensor")) return items
    throw new Unreadable(made.kind === "unknown" ? made.why : "what the inner layer returns is not known")
  }
  const [forward, ...forwardStates] = read(inner, given.slice(0, half))
  const [backward, ...backwardStates] = read(call.state.children[1], given.slice(half))
  const sequences = booleanIn(state.config.fields.get("returnSequences")) === true
  const second = sequences ? emitOp(call, { kind: "reverse", axes: [1] }, [backward]) : backward
  const merged = mergeDirections(call, forward, second), states = [...forwardStates, ...backwardStates]
  return merged.length === 1 && states.length === 0 ? merged[0] : arrayOf([...merged, ...states])
}

function mergeDirections(call: LayerCall, forward: TensorValue, backward: TensorValue): readonly TensorValue[] {
  const mode = call.state.config.fields.get("mergeMode"),
    text = mode === undefined || (mode.kind === "primitive" && mode.value === undefined) ? "concat" : stringIn(mode)
  switch (text) {
    case "concat":
      return [emitOp(call, { kind: "concat", axis: shapeOf(call.context, forward).length - 1 }, [forward, backward])]
    case "sum":
      return [emitOp(call, { kind: "binary", fn: "add" }, [forward, backward])]
    case "mul":
      return [emitOp(call, { kind: "binary", fn: "multiply" }, [forward, backward])]
    case "ave":
      return [
        emitOp(call, { kind: "binary", fn: "multiply" }, [
          emitOp(call, { kind: "binary", fn: "add" }, [forward, backward]),
          tensorOf(call.context, primitive(0.5)),
        ]),
      ]
    default:
      if (mode === undefined || !isNullish(mode)) throw new Unreadable("bidirectional: 'mergeMode' is not known")
      return [forward, backward]
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
    context.call(context, context.get(context, instance, "build", at), instance, [shapes.length === 1 ? shapes[0] : arrayOf(shapes)], at)
  }
  const fields = kwargs?.kind === "object" ? [...kwargs.fields] : [], flag = kwargs?.kind === "object" ? kwargs.fields.get("training") : undefined
  const call = context.get(context, instance, "call", at), since = context.state.serial
  const run = (told: readonly (readonly [string, Value])[]): Value => {
    const { calling } = context.state
    context.state.calling++
    try {
      return context.call(context, call, instance, [given, objectOf(told)], at)
    } finally {
      context.state.calling = calling
    }
  }
  const result = run([["training", primitive(true)], ...fields])
  if (flag !== undefined && booleanIn(flag) !== true) return result
  const weights = (): readonly TensorValue[] => allWeights(instance).flatMap(({ tensor }) => tensor ?? [])
  const what = instance.type?.name ?? "a layer"
  return rememberRerun(context, { result, inputs, since, weights, what, at }, () => run([...fields, ["training", primitive(false)]]))
}

/** this.addWeight(name, shape, dtype, initializer, regularizer, trainable). */
function addWeight(context: Context, state: LayerState, args: readonly Value[], at: TypeScript.Node): Value {
  tellRefusedWeight(context, state.config, args, at)
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
  const isOwn = layer.kind === "object"
  switch (name) {
    case "apply":
      return native("apply", ([given, kwargs], at) =>
        applyAsCalled(context, { given, kwargs, state, isOwn, at }, (told) => applyLayer(context, layer, given, told, at)))
    case "call":
      return isOwn
        ? native("call", ([given]) => given ?? undefinedValue)
        : native("call", ([given, kwargs], at) =>
            applyAsCalled(context, { given, kwargs, state, isOwn, at }, (told) => applyLayer(context, layer, given, told, at)))
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
  if (layer.kind === "array") return layer.items.flatMap(allWeights)
  const state = layerStateOf(layer)
  return state === null ? [] : [...state.weights, ...state.children.flatMap(allWeights)]
}
