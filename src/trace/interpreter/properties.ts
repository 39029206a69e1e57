/** @file Reads and writes properties of every kind of value, and calls what tfjs's namespace holds. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ModelValue, TensorValue, Value } from "../value"
import { arrayMember, mapMember, primitiveMember, setArrayItem } from "./members"
import {
  booleanIn, inherited, isNullish, loadedModel, native, nullValue, numberIn, objectOf, openParameter, ownModel, partOf, primitive, sizeValue,
  stringIn, tensorsIn, tfValue, undefinedValue, unknown,
} from "../value"
import { assume, meet, NeedsTensor, place, write } from "../context"
import { callOp, chainedArguments, findOp, isTensorOnly } from "../ops/table"
import { unreadOps } from "../ops/unread"
import { callFunction, hasSetter, memberOf, staticMember } from "./classes"
import { fieldMaybeSet } from "./later"
import { choiceMember } from "./choice"
import { closeTidy } from "./faults"
import { createBuffer } from "./tables"
import { createLayer, layerMember } from "../layers/layer"
import { buildAround, createFunctional, createInput, createSequential, modelMember } from "../models/model"
import { setTrainableOf, setTrainableUnknown, setTrainableWeight } from "../models/frozen"
import { engineValue, registerGradient, registerKernel } from "./kernels"
import { callUtil } from "./util"
import { readingMember, readingOf, rememberForward } from "./readings"
import { assignedBy, isSetFromOutside } from "./setters"
import { productOf } from "../../graph/dim"
import { copyTensor, makeTensor, shapeArgument, shapeOf, tensorOf } from "../tensor"
import { applyActivation } from "../layers/activation"

export function getProperty(context: Context, object: Value, key: string, at: TypeScript.Node): Value {
  switch (object.kind) {
    case "primitive":
      if (isNullish(object)) return unknown(`'${key}' of ${String(object.value)}`)
      return primitiveMember(object.value as string | number | boolean, key) ?? unknown(`'${key}' is not read`)
    case "array":
      return arrayMember(context, object, key) ?? unknown(`'${key}' of a list is not read`)
    case "map":
      return mapMember(context, object, key) ?? unknown(`'${key}' of a map is not read`)
    case "object":
      return objectMember(context, object, key, at)
    case "class":
      if (key === "prototype") return objectOf()
      return key === "name" ? primitive(object.name) : (staticMember(context, object, key, at) ?? undefinedValue)
    case "function":
      return functionMember(context, object, key)
    case "native":
      return object.members?.get(key) ?? unknown(`'${object.name}.${key}' is not read`)
    case "tf":
      return tfValue(object.path === "" || key === "default" ? (key === "default" ? object.path : key) : `${object.path}.${key}`)
    case "tensor":
      return tensorMember(context, object, key)
    case "layer":
      // The layers of a sequential model are connected when they are added.
      if (/^(in|out)put$/.test(key) && object.state.calls.length === 0) buildAround(context, object)
      return layerMember(context, object, key) ?? undefinedValue
    case "model":
      return memberInLoss(context, object, key) ?? rememberingLoss(context, key, modelMember(context, object, key)) ?? undefinedValue
    case "dim":
      return unknown(`'${key}' of a number`)
    case "unknown": {
      const known = object.properties.get(key) ?? readingMember(context, object, key) ?? choiceMember(context, object, key, at)
      if (known !== undefined && known !== null) return known
      // In a loss what nobody knows is data.
      const mayBeInput = context.state.loss === null && object.name !== null && object.properties.has(openParameter)
      if (mayBeInput && isTensorOnly(key)) throw new NeedsTensor(object.name ?? "")
      // A shape does not depend on what the tensor holds.
      const name = !/^\d+$/.test(key) ? key : object.name === null ? null : `${object.name}.${key}`
      const made = key === "shape" ? unknown(object.why, name) : { ...partOf(object, name), tensors: object.tensors }
      object.properties.set(key, made)
      return made
    }
  }
}

/** What a model's own forward pass means while a loss is followed. */
function memberInLoss(context: Context, model: ModelValue, key: string): Value | null {
  const { loss } = context.state
  if (loss === null || !/^(apply|call|predict|predictOnBatch)$/.test(key)) return null
  const member = modelMember(context, model, key) ?? undefinedValue
  return native(key, (args, at) => loss.callModel(model, args, at) ?? context.call(context, member, model, args, at))
}

/** `compile` that keeps what it is given as the loss. */
function rememberingLoss(context: Context, key: string, member: Value | null): Value | null {
  if (key !== "compile" || member?.kind !== "native") return member
  return native(key, (args, at) => {
    const [config] = args, given = config?.kind === "object" ? config.fields.get("loss") : undefined
    if (given !== undefined) context.state.compiledLosses.set(at, given)
    return member.call(args, at)
  })
}

function objectMember(context: Context, object: Extract<Value, { kind: "object" }>, key: string, at: TypeScript.Node): Value {
  const own = object.fields.get(key)
  const mayChange = (): boolean => (object.type !== null && mayBeSetLater(context, object.type, key)) || isSetFromOutside(context, object, key)
  if (own?.kind === "primitive" && context.state.forward > 0 && mayChange()) {
    assume(context, `the field '${key}' keeps its first value, ${String(own.value)}`)
  }
  if (own !== undefined) return own
  const getter = object.fields.get(`\u0000get ${key}`)
  if (getter !== undefined) return context.call(context, getter, object, [], at)
  if (object.type !== null) {
    if (key === "constructor") return object.type
    const member = memberOf(context, object.type, object, key, at) ?? (object.layer === undefined ? null : layerMember(context, object, key))
    if (member !== null) return member
    const model = object.fields.get(ownModel)
    if (model?.kind === "model") return modelMember(context, model, key) ?? undefinedValue
    if (hasUnknownBase(object.type)) return unknown(`'${key}' comes from a class that is not read`, key)
    return fieldMaybeSet(context, object, key) ?? undefinedValue
  }
  const from = object.fields.get(inherited)
  if (from !== undefined) return getProperty(context, from, key, at)
  const rest = object.fields.get("\u0000rest")
  if (rest !== undefined) return getProperty(context, rest, key, at)
  return key === "hasOwnProperty"
    ? native(key, ([name]) => primitive(name?.kind === "primitive" && object.fields.has(String(name.value))))
    : undefinedValue
}

const hasUnknownBase = (type: Value): boolean => (type.kind === "class" ? type.base !== null && hasUnknownBase(type.base) : type.kind === "unknown")

function functionMember(context: Context, fn: Extract<Value, { kind: "function" }>, key: string): Value {
  switch (key) {
    case "call":
      return native("call", ([self, ...args], at) => callFunction(context, fn, self ?? undefinedValue, args, at))
    case "apply":
      return native("apply", ([self, args], at) => callFunction(context, fn, self ?? undefinedValue, args?.kind === "array" ? args.items : [], at))
    case "bind":
      return native("bind", ([self, ...bound]) =>
        native("bound", (args, at) => callFunction(context, fn, self ?? undefinedValue, [...bound, ...args], at)),
      )
    default:
      return fn.fields.get(key) ?? undefinedValue
  }
}

/** Whether a method that nothing has called yet assigns a field: then its first value is a choice. */
function mayBeSetLater(context: Context, type: Value, key: string): boolean {
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base)
    if (settersOf(context, at.node, key).some((member) => !context.state.entered.has(member))) return true
  return false
}

const setters = new WeakMap<TypeScript.Node, Map<string, readonly TypeScript.Node[]>>()

/** The methods and setters of a class that assign a field of theirs. */
function settersOf({ ts }: Context, type: TypeScript.ClassLikeDeclaration, key: string): readonly TypeScript.Node[] {
  const known = setters.get(type) ?? new Map<string, readonly TypeScript.Node[]>()
  setters.set(type, known)
  let found = known.get(key)
  if (found === undefined) {
    found = type.members.filter((member) => {
      if ((!ts.isMethodDeclaration(member) && !ts.isSetAccessorDeclaration(member)) || member.body === undefined) return false
      return member.body.getText().includes(key) && assignsField(ts, member.body, key)
    })
    known.set(key, found)
  }
  return found
}

/** Whether code assigns a field of `this`, by itself or in a pattern. */
function assignsField(ts: typeof TypeScript, code: TypeScript.Node, key: string): boolean {
  const isOwn = (target: TypeScript.Node): boolean =>
    ts.isPropertyAccessExpression(target) && target.expression.kind === ts.SyntaxKind.ThisKeyword &&
    target.name.text.replace(/^#/, "") === key.replace(/^#/, "")
  const visit = (node: TypeScript.Node): boolean =>
    assignedBy(ts, node).some(isOwn) || (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false)
  return visit(code)
}

/** Chained ops, shape and rank, and what reads no gradient. */
function tensorMember(context: Context, tensor: TensorValue, key: string): Value {
  switch (key) {
    case "shape":
      return { kind: "array", items: shapeOf(context, tensor).map(sizeValue), shapeOf: tensor }
    case "rank":
      meet(context, tensor)
      return primitive(tensor.shape.length)
    case "rankType":
      meet(context, tensor)
      return primitive(`R${tensor.shape.length}`)
    case "size":
      return sizeValue(productOf(shapeOf(context, tensor)))
    case "dtype":
      return primitive(tensor.dtype === "float" ? "float32" : tensor.dtype === "int" ? "int32" : "bool")
    case "read":
      return native(key, () => tensor)
    case "clone":
      return native(key, (_, at) => copyTensor(context, tensor, at))
    case "val":
      return tensor
    // A model hands its layers lists, one tensor in a list as well: code that takes the first of a tensor was written for that.
    case "0":
      return tensor
    // Set by tfjs's executor only, for tensors of its own.
    case "kerasMask":
      return undefinedValue
    case "name":
      return unknown("the name of a tensor")
    case "trainable":
      return tensor.source.kind === "weight" ? primitive(tensor.source.weight.trainable) : undefinedValue
    case "assign":
    case "write":
      return native(key, () => {
        // A forward pass that writes a weight moves it outside the gradient flow.
        if (context.state.forward > 0 && tensor.source.kind === "weight") tensor.source.weight.constraint ??= "assign"
        return undefinedValue
      })
    case "dispose":
    case "print":
      return native(key, () => undefinedValue)
    case "keep":
      return native(key, () => (context.state.kept.add(tensor), tensor))
    case "data":
    case "dataSync":
    case "array":
    case "arraySync":
      return native(key, () => readingOf(tensor, key.startsWith("data")))
    case "buffer":
    case "bytes":
      return native(key, () => unknown(`values read out of a tensor`, null, [tensor]))
    default:
      if (findOp(key) === null && !/^[a-z]\w*$/.test(key)) return undefinedValue
      return native(key, (args, at) => callOp(context, key, chainedArguments(key, tensor, args), at))
  }
}

export function setProperty(context: Context, object: Value, key: string, value: Value, at: TypeScript.Node): void {
  switch (object.kind) {
    case "array":
      return setArrayItem(context, object, key, value)
    case "object": {
      const setter = object.type === null ? null : hasSetter(context, object.type, key)
      if (setter !== null) return void callFunction(context, setter, object, [value], at)
      const own = object.fields.get(`\u0000set ${key}`)
      if (own !== undefined) return void context.call(context, own, object, [value], at)
      if (key === "trainable" && object.layer !== undefined) return setTrainable(context, object, value, at)
      // A layer that says so is not built again when it is first applied.
      if (key === "built" && object.layer !== undefined) object.layer.built = booleanIn(value) ?? true
      return write(context, object.fields, key, value)
    }
    case "class":
      return write(context, object.statics, key, value)
    case "function":
      return write(context, object.fields, key, value)
    case "layer":
      return key === "trainable" ? setTrainable(context, object, value, at) : undefined
    case "model":
      return key === "trainable" ? setTrainable(context, object, value, at) : undefined
    case "tensor":
      if (key === "trainable" && object.source.kind === "weight") setTrainableWeight(context, object.source.weight, booleanIn(value))
      return
    case "unknown":
      object.properties.set(key, value)
      return
    default:
  }
}

function setTrainable(context: Context, target: Value, value: Value, at: TypeScript.Node): void {
  const flag = booleanIn(value)
  if (flag === null) {
    setTrainableUnknown(context, target, value)
    return assume(context, "a `trainable` that is not known is taken as true", { shapes: false, since: 0 })
  }
  setTrainableOf(context, target, flag, place(context, at))
}

/** Calls something of tfjs's namespace. */
export function callTf(context: Context, path: string, args: readonly Value[], at: TypeScript.Node): Value {
  const [head, ...rest] = path.split(".")
  const ofLoss = head === "losses" || head === "metrics" ? context.state.loss?.callLoss(path, args, at) : undefined
  if (ofLoss !== null && ofLoss !== undefined) return ofLoss
  if (rest.length > 0 && findOp(path) !== null) return callOp(context, path, args, at)
  switch (head) {
    case "layers":
      if (rest[0] === "input") return createInput(context, args[0], at)
      return createLayer(context, rest.join("."), args, at)
    case "input":
    case "Input":
      return createInput(context, args[0], at)
    case "sequential":
    case "Sequential":
      return createSequential(context, args[0], at)
    case "model":
    case "LayersModel":
      return createFunctional(context, args[0], at)
    case "buffer":
      return createBuffer(context, args, at)
    case "tidy":
    case "profile":
    case "time": {
      const fn = args.find((arg) => arg.kind === "function" || arg.kind === "native")
      if (fn === undefined) return unknown("tf.tidy of something unknown", null, args)
      const from = context.state.serial, result = context.call(context, fn, undefinedValue, [], at)
      if (head === "tidy") closeTidy(context, from, result)
      return result
    }
    case "keep":
      tensorsIn(args).forEach((tensor) => context.state.kept.add(tensor))
      return args[0] ?? undefinedValue
    case "customGrad":
      return ownGradient(context, args, at)
    case "regularizers":
      return objectOf([["regularizer", primitive(rest[0])], ...regularizerFields(rest[0], args[0])])
    case "initializers":
      return objectOf([
        ["initializer", primitive(rest[0])],
        ...(args[0]?.kind === "object" ? [...args[0].fields].filter(([key]) => key === "value") : []),
        ["apply", native("apply", ([sizes], where) => initialValue(context, sizes, where))],
      ])
    case "constraints":
      return objectOf([["constraint", primitive(rest[0])]])
    case "getActivation":
      return activationValue(context, args[0], at)
    case "getInitializer":
      return initializerOf(context, args[0])
    case "getRegularizer":
    case "getConstraint":
      return args[0] === undefined || isNullish(args[0]) ? nullValue : args[0]
    case "train":
      return { ...objectOf([["optimizer", primitive(rest[0])]]), origin: at }
    case "loadLayersModel":
    case "loadGraphModel":
    case "models":
      return loadedModel()
    case "util":
      return callUtil(context, rest.join("."), args, at)
    case "dispose":
    case "disposeVariables":
    case "setBackend":
    case "ready":
    case "enableProdMode":
    case "serialization":
    case "registerClass":
    case "env":
      return undefinedValue
    case "engine":
      return engineValue(context)
    case "registerKernel":
      registerKernel(context, args[0])
      return undefinedValue
    case "registerGradient":
      registerGradient(context, args[0])
      return undefinedValue
    case "memory":
    case "data":
    case "browser":
    case "io":
    case "image":
    case "signal":
    case "metrics":
    case "losses":
    case "callbacks":
    case "grad":
    case "grads":
    case "valueAndGrad":
    case "valueAndGrads":
    case "variableGrads":
      if (Object.hasOwn(unreadOps, path)) return callOp(context, path, args, at)
      return context.call(context, unknown(`tf.${path} is not read`), undefinedValue, args, at)
    default:
      // What is no op but takes a function may call it: helpers of tfjs's own tests, for one.
      if (findOp(path) === null && args.some((arg) => arg.kind === "function"))
        return context.call(context, unknown(`tf.${path} is not read`), undefinedValue, args, at)
      return callOp(context, path, args, at)
  }
}

/** tf.customGrad(f): f's value with a gradient that need not be its own, so a function of its arguments and weights nothing is known about. */
function ownGradient(context: Context, args: readonly Value[], at: TypeScript.Node): Value {
  const [fn] = args
  return native("customGrad", (given) => {
    const made = fn === undefined ? undefinedValue : context.call(context, fn, undefinedValue, [...given, native("save", () => undefinedValue)], at)
    const value = made.kind === "object" ? made.fields.get("value") : undefined
    const read = context.call(context, unknown("a function with its own gradient"), undefinedValue, [...given, made], at)
    if (value?.kind !== "tensor" || read.kind !== "unknown") return read
    // The value is followed; what no law may pass is the gradient, which is another function's.
    const what = "a function with its own gradient (tf.customGrad) is read for its value: no law is claimed through its gradient"
    assume(context, what, { shapes: false })
    const op = { kind: "opaque", what: "tf.customGrad", reason: "a function with its own gradient", said: true } as const
    const result = makeTensor(context, op, read.tensors, { at, label: "tf.customGrad", dtype: value.dtype }, shapeOf(context, value))
    rememberForward(result, value)
    return result
  })
}

/** getActivation of tfjs's own sources: an object whose `apply` is the activation of that name. */
function activationValue(context: Context, name: Value | undefined, at: TypeScript.Node): Value {
  if (name?.kind === "object") return name
  const given = name === undefined || isNullish(name) ? undefined : name
  return objectOf([
    ["getClassName", native("getClassName", () => given ?? primitive("linear"))],
    ["apply", native("apply", ([x]) => applyActivation(context, tensorOf(context, x, { at }), given, "activation", at))],
  ])
}

/** getInitializer of tfjs's own sources: by name, by its serialized form, or the initializer itself. */
function initializerOf(context: Context, given: Value | undefined): Value {
  if (given === undefined || isNullish(given)) return nullValue
  const text = stringIn(given) ?? (given.kind === "object" ? stringIn(given.fields.get("className")) : null)
  if (text === null) return given
  const name = text.charAt(0).toLowerCase() + text.slice(1)
  return objectOf([
    ["initializer", primitive(name)],
    ["getClassName", native("getClassName", () => primitive(name))],
    ["getConfig", native("getConfig", () => objectOf())],
    ["apply", native("apply", ([sizes], where) => initialValue(context, sizes, where))],
  ])
}

/** What an initializer draws: a constant nobody knows, of the shape asked for. */
function initialValue(context: Context, sizes: Value | undefined, at: TypeScript.Node): Value {
  if (sizes?.kind !== "array" || sizes.items.some((item) => item.kind !== "dim" && numberIn(item) === null))
    return unknown("an initializer's values of unknown shape", null, sizes === undefined ? [] : [sizes])
  const op = { kind: "constant", value: { kind: "unknown", why: "an initializer's values" } } as const
  return makeTensor(context, op, [], { at }, shapeArgument(context, sizes))
}

function regularizerFields(kind: string | undefined, config: Value | undefined): [string, Value][] {
  const given = (key: string): Value | undefined => (config?.kind === "object" ? config.fields.get(key) : undefined)
  const missing = primitive(0.01)
  switch (kind) {
    case "l1":
      return [
        ["l1", given("l1") ?? missing],
        ["l2", primitive(0)],
      ]
    case "l2":
      return [
        ["l1", primitive(0)],
        ["l2", given("l2") ?? missing],
      ]
    default:
      return [
        ["l1", given("l1") ?? missing],
        ["l2", given("l2") ?? missing],
      ]
  }
}

/** `new` on something of tfjs's namespace: layers and models have constructors as well. */
export function constructTf(context: Context, path: string, args: readonly Value[], at: TypeScript.Node): Value {
  return callTf(context, path, args, at)
}
