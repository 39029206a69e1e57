/**
 * @file Abstract values: what an expression stands for while the tracer follows the code without running it. Numbers, strings and
 * booleans that are known are themselves; sizes are `Dim`s; tensors are nodes of one expression graph per file, from which each
 * model's graph is cut; everything else is `unknown`, with the reason and the tensors it may depend on.
 */
import type * as TypeScript from "typescript"
import type { ConstantValue, Op } from "../graph/op"
import type { Dtype, Refusal } from "../graph/graph"
import type { Dim, Place } from "../schema/report"

export type Primitive = undefined | null | number | string | boolean | bigint

export type Value =
  | PrimitiveValue
  | DimValue
  | ArrayValue
  | ObjectValue
  | FunctionValue
  | NativeValue
  | ClassValue
  | MapValue
  | TfValue
  | TensorValue
  | LayerValue
  | ModelValue
  | UnknownValue

export interface PrimitiveValue {
  readonly kind: "primitive"
  readonly value: Primitive
}
/** A number that is known only as an expression in sizes. */
export interface DimValue {
  readonly kind: "dim"
  readonly dim: Dim
}
export interface ArrayValue {
  readonly kind: "array"
  readonly items: Value[]
  /** The tensor whose shape this is. */ readonly shapeOf?: TensorValue
}
/** A plain object, or an instance when `type` is set; `layer` when the class extends tf.layers.Layer. */
export interface ObjectValue {
  readonly kind: "object"
  readonly fields: Map<string, Value>
  readonly type: ClassValue | null
  readonly layer?: LayerState
  /** The call that made it, for optimizers. */
  readonly origin?: TypeScript.Node
  /** What it was constructed with. */
  readonly args?: readonly Value[]
  name?: BoundName
}
export interface FunctionValue {
  readonly kind: "function"
  readonly node: TypeScript.SignatureDeclaration & { readonly body?: TypeScript.Node }
  readonly scope: Scope
  /** The class whose member it is, for `super`. */
  readonly home: ClassValue | null
  readonly fields: Map<string, Value>
}
export interface NativeValue {
  readonly kind: "native"
  readonly name: string
  readonly call: (args: readonly Value[], at: TypeScript.Node) => Value
  readonly construct?: (args: readonly Value[], at: TypeScript.Node) => Value
  readonly members?: Map<string, Value>
}
export interface ClassValue {
  readonly kind: "class"
  readonly name: string
  readonly node: TypeScript.ClassLikeDeclaration
  readonly scope: Scope
  readonly base: Value | null
  readonly statics: Map<string, Value>
}
/** A Map or a Set; keys are primitives or heap objects, compared as JavaScript does. */
export interface MapValue {
  readonly kind: "map"
  readonly set: boolean
  readonly entries: Map<unknown, readonly [Value, Value]>
}
/** Something of tfjs's own namespace: "" is tf itself, "layers.dense" its layer, "train.adam" an optimizer. */
export interface TfValue {
  readonly kind: "tf"
  readonly path: string
}
export interface UnknownValue {
  readonly kind: "unknown"
  readonly why: string
  /** What it would be called as a size: "units" for `config.units`. */
  readonly name: string | null
  readonly tensors: readonly TensorValue[]
  /** Whether it is an argument nobody gives here, or a part of one: then no source that is read says what it is. */
  readonly given?: true
  /** Whether it is a model that is loaded from a file, if it is there. */
  readonly loaded?: true
  /** Properties read so far, so that one property is one size. */
  readonly properties: Map<string, Value>
}

/** Name of the variable, field or property a value was first stored in. */
export interface BoundName {
  readonly text: string
  readonly place: Place
}

export interface InputRecord {
  name: string
  domain: "real" | "index" | "binary"
  range?: Dim
  /** A table's rows or a layer that refuses others bound the integers; otherwise only the depth of a one-hot does, beyond which its rows are zero. */
  bounded?: true
  readonly serial: number
}

/** A weight: tf.variable, addWeight, or a layer's own. `layer` decides together with it whether it is trained. */
export interface Weight {
  readonly serial: number
  /** Last part of the path: "kernel"; null until it is stored somewhere. */
  label: string | null
  readonly weight?: string
  readonly shape: readonly Dim[]
  trainable: boolean
  readonly place: Place
  name?: BoundName
  readonly layer?: LayerState
  /** Its node, the same one every time. */
  tensor?: TensorValue
  readonly initializer?: string
  readonly regularizer?: { readonly l1: number; readonly l2: number }
  constraint?: string
}

/** Leaves of the expression graph that are not ops yet: an input's domain is learned from its use, a weight's index from the model. */
export type TensorSource =
  | { readonly kind: "op"; readonly op: Op; readonly operands: readonly TensorValue[] }
  | { readonly kind: "input"; readonly input: InputRecord }
  | { readonly kind: "weight"; readonly weight: Weight }

export interface TensorValue {
  readonly kind: "tensor"
  /** Grows in the order of creation, so operands have smaller serials. */
  readonly serial: number
  readonly source: TensorSource
  readonly shape: readonly Dim[]
  readonly dtype: Dtype
  readonly at?: Place
  readonly label?: string
  /** The layers and instances whose code made it, outermost first. */
  readonly owners: readonly object[]
  /** Whether a network computes it: an input is behind it, or it was made while a forward pass was followed. */
  readonly computed?: true
  name?: BoundName
}

/** Mutable state of a layer: tf.layers.* or an instance of a class that extends tf.layers.Layer. */
export interface LayerState {
  readonly serial: number
  /** "dense", or the class name in snake case. */
  readonly type: string
  explicitName: string | null
  trainable: boolean
  readonly weights: Weight[]
  /** Layers inside it: the wrapped layer of timeDistributed and its kin. */
  readonly children: Value[]
  built: boolean
  readonly place: Place
  name?: BoundName
  config: ObjectValue
  /** Shape with the batch axis, where the configuration gives one. */
  inputShape: readonly Dim[] | null
  calls: { readonly inputs: readonly TensorValue[]; readonly outputs: readonly TensorValue[] }[]
  refused?: Refusal[]
  /** Where `trainable` was set to false. */
  frozenAt?: Place
  /** The call that set `trainable` last, where nobody but the tracer makes it. */
  frozenIn?: ActiveCall | null
}
export interface LayerValue {
  readonly kind: "layer"
  readonly state: LayerState
  name?: BoundName
}

export interface ModelValue {
  readonly kind: "model"
  readonly serial: number
  readonly form: "sequential" | "functional"
  /** Layers, instances of layer classes and models, in order (sequential); filled from the graph for functional models. */
  readonly layers: Value[]
  inputs: readonly TensorValue[]
  outputs: readonly TensorValue[]
  built: boolean
  trainable: boolean
  readonly node: TypeScript.Node
  readonly explicitName: string | null
  name?: BoundName
  /** The variable at the top of a file that holds it in the end. */
  variable?: BoundName
  /** The function whose return value it is. */
  returnedBy?: BoundName
  /** The outermost function that handed it on without making it. */
  caller?: BoundName
  /** The call of the function that makes it, the innermost one with arguments. */
  readonly call?: ActiveCall
  failure?: string
  /** Names that compile was given last, wherever they come from. */
  compiled?: { readonly loss?: string; readonly optimizer?: string }
  /** What its calls of fit and trainOnBatch found. */
  fits?: Fits
  /** Models that the same name holds on ways that a condition nobody knows may take: what is done to this one is done to them. */
  alternatives?: readonly ModelValue[]
  /** Set where what was done to the model it is an alternative of could not be done to it. */
  unfinished?: true
  /** Where the code that makes it throws whatever it is given. */
  fault?: { readonly what: string; readonly place: Place }
  /** What was assumed while the code that makes it was followed. */
  assumptions?: readonly string[]
}

/** The layers that were free to train in a fit, those that had been frozen before it beyond doubt, and those that a fit did not train. */
export interface Fits {
  readonly free: Set<LayerState>
  readonly frozen: Set<LayerState>
  readonly still: Set<LayerState>
}

/** A call that is being followed: the function, what it is given, and where it is called; the function itself where only the tracer calls it. */
export interface ActiveCall {
  readonly node: FunctionValue["node"]
  readonly args: readonly Value[]
  readonly at: TypeScript.Node
}

/** Names in force, one per block; `frame` is that of the function. */
export interface Scope {
  readonly names: Map<string, Value>
  /** Of a file: what its imports give, found when somebody asks; a file that nobody asks is not read. */
  readonly imports?: Map<string, () => Value>
  readonly parent: Scope | null
  readonly frame: Frame
}
export interface Frame {
  readonly self: Value
  readonly home: ClassValue | null
  /** Values returned on paths that a condition nobody knows may take. */
  readonly pending: Value[]
  readonly yields: Value[] | null
  readonly module: TypeScript.SourceFile
}

export const undefinedValue: PrimitiveValue = { kind: "primitive", value: undefined }
export const nullValue: PrimitiveValue = { kind: "primitive", value: null }
export const primitive = (value: Primitive): PrimitiveValue => (value === undefined ? undefinedValue : { kind: "primitive", value })
export const sizeValue = (dim: Dim): Value => (typeof dim === "number" ? primitive(dim) : { kind: "dim", dim })
export const arrayOf = (items: Iterable<Value>): ArrayValue => ({ kind: "array", items: [...items] })
export const objectOf = (fields: Iterable<readonly [string, Value]> = []): ObjectValue => ({ kind: "object", fields: new Map(fields), type: null })
export const native = (name: string, call: NativeValue["call"]): NativeValue => ({ kind: "native", name, call })
export const tfValue = (path: string): TfValue => ({ kind: "tf", path })

export function unknown(why: string, name: string | null = null, from: readonly Value[] = []): UnknownValue {
  return { kind: "unknown", why, name, tensors: tensorsIn(from), properties: new Map() }
}

/** A model that is loaded from a file, if it is there. */
export const loadedModel = (): UnknownValue => ({ ...unknown("a model that is loaded", "loaded"), loaded: true })
export const isLoaded = (value: Value): boolean => value.kind === "unknown" && value.loaded === true

/** An argument nobody gives here, or a part of one. */
export const givenUnknown = (why: string, name: string | null, from: readonly Value[] = []): UnknownValue => ({
  ...unknown(why, name, from),
  given: true,
})

/** An item of a list nobody gives here. */
export const itemOfGiven = (list: UnknownValue, from: readonly Value[] = []): UnknownValue =>
  partOf(list, list.name === null ? null : list.name.replace(/s$/, ""), from)

/** A part of something unknown: given where the whole is. */
export const partOf = (whole: UnknownValue, name: string | null, from: readonly Value[] = []): UnknownValue =>
  whole.given === true ? givenUnknown(whole.why, name, from) : unknown(whole.why, name, from)

const none: readonly TensorValue[] = []

/** Tensors inside values, through arrays, records and unknowns, at most three levels down and each once. */
export function tensorsIn(values: readonly Value[], depth = 3): readonly TensorValue[] {
  // What an unknown is made from is mostly numbers and texts.
  if (values.every((value) => value.kind === "primitive" || (value.kind === "unknown" && value.tensors.length === 0))) return none
  const found = new Set<TensorValue>()
  const layer = (state: LayerState): void => state.weights.forEach((weight) => weight.tensor !== undefined && found.add(weight.tensor))
  const visit = (value: Value, left: number): void => {
    if (value.kind === "tensor") found.add(value)
    else if (value.kind === "unknown") value.tensors.forEach((tensor) => found.add(tensor))
    else if (value.kind === "layer") {
      layer(value.state)
      if (left > 0) value.state.children.forEach((child) => visit(child, left - 1))
    } else if (left > 0 && value.kind === "array") value.items.forEach((item) => visit(item, left - 1))
    else if (left > 0 && value.kind === "map") value.entries.forEach(([, item]) => visit(item, left - 1))
    else if (left > 0 && value.kind === "model") {
      value.outputs.forEach((tensor) => found.add(tensor))
      value.layers.forEach((item) => visit(item, left - 1))
    } else if (value.kind === "object") {
      if (value.layer !== undefined) layer(value.layer)
      if (left > 0) value.fields.forEach((item) => visit(item, left - 1))
    }
  }
  values.forEach((value) => visit(value, depth))
  return [...found]
}

/** Key that marks the stand-in for an untyped parameter of a forward pass: used as a tensor, it must become an input. */
export const openParameter = "\u0000parameter"
/** Field that holds the model which an instance of a class that extends tf.LayersModel is. */
export const ownModel = "\u0000model"
/** Field that holds the object from which another one was created. */
export const inherited = "\u0000inherited"
/** Key of what every item is, in a list whose length is a size nobody states. */
export const itemOfList = "\u0000item"

export const isNullish = (value: Value): boolean => value.kind === "primitive" && (value.value === undefined || value.value === null)
export const numberIn = (value: Value | undefined): number | null =>
  value?.kind === "primitive" && typeof value.value === "number" ? value.value : null
export const stringIn = (value: Value | undefined): string | null =>
  value?.kind === "primitive" && typeof value.value === "string" ? value.value : null
export const booleanIn = (value: Value | undefined): boolean | null =>
  value?.kind === "primitive" && typeof value.value === "boolean" ? value.value : null

/** What JavaScript's truth test gives, or null when it depends on something unknown. Sizes are taken to be positive. */
export function truthOf(value: Value): boolean | null {
  switch (value.kind) {
    case "primitive":
      return Boolean(value.value)
    case "unknown":
      return null
    default:
      return true
  }
}

/** Known number or constant fill of a tensor, for operands such as tf.scalar(2). */
export function fillOf(value: Value): number | null {
  if (value.kind === "tensor" && value.source.kind === "op" && value.source.op.kind === "constant") {
    const held: ConstantValue = value.source.op.value
    return held.kind === "fill" ? held.value : held.kind === "data" && held.values.length === 1 ? held.values[0] : null
  }
  return numberIn(value)
}
