/** @file JavaScript's globals as abstract values: Math, Array, Object, Number, Map, Set, Promise, console. Nothing that reaches outside. */
import type * as TypeScript from "typescript"
import { assume, resolveDim, type Context, type State } from "../context"
import type { Dim } from "../../schema/report"
import type { ArrayValue, MapValue, NativeValue, ObjectValue, UnknownValue, Value } from "../value"
import {
  arrayOf, inherited, isNullish, itemOfList, native, numberIn, objectOf, primitive, sizeValue, stringIn, tfValue, undefinedValue, unknown,
} from "../value"
import { ceilDim, floorDim, subtractDim } from "../../graph/dim"
import { dimOf } from "../tensor"
import { keysOfNamespace } from "../../source/namespaces"
import { isTfjsGlobal } from "../../source/tfjs"
import { jsonObject } from "./json"
import { copyCount, openCount } from "./members"
import { isIterable, itemsOf } from "./patterns"
import { moduleValue } from "./imports"
import { isReadOut } from "./readings"
import { settleSymbols } from "./sizes"
import { textOf } from "./operators"

/** The value of a name that no scope declares, or undefined. */
export function globalValue(context: Context, name: string): Value | undefined {
  if (isTfjsGlobal(name)) return tfValue("")
  if (!Object.hasOwn(globals, name)) return storedGlobally(context, name)
  const known = made.get(context.state) ?? new Map<string, Value>()
  made.set(context.state, known)
  let value = known.get(name)
  if (value === undefined) known.set(name, (value = globals[name](context)))
  return value
}

/** Each global is one object throughout a trace. */
const made = new WeakMap<State, Map<string, Value>>()

const globals: Readonly<Record<string, (context: Context) => Value>> = {
  Math: mathObject,
  Array: arrayConstructor,
  Object: objectConstructor,
  Number: numberConstructor,
  String: (context) => withMembers("String", ([value]) => textValue(context, value), { fromCharCode: textOfCodes(), fromCodePoint: textOfCodes() }),
  Boolean: () =>
    native("Boolean", ([value]) =>
      value?.kind === "primitive" ? primitive(Boolean(value.value)) : value?.kind === "unknown" ? value : primitive(true),
    ),
  parseInt: () => native("parseInt", ([value]) => parseNumber(value, Number.parseInt)),
  parseFloat: () => native("parseFloat", ([value]) => parseNumber(value, Number.parseFloat)),
  Map: (context) => constructorOf("Map", (args) => newMap(context, args[0], false)),
  WeakMap: (context) => constructorOf("Map", (args) => newMap(context, args[0], false)),
  Set: (context) => constructorOf("Set", (args) => newMap(context, args[0], true)),
  Promise: promiseConstructor,
  JSON: jsonObject,
  console: () =>
    objectOf(
      ["log", "warn", "error", "info", "debug", "assert", "time", "timeEnd", "table"].map((name) => [name, native(name, () => undefinedValue)]),
    ),
  require: (context) => native("require", (_args, at) => requireModule(context, at)),
  Infinity: () => primitive(Infinity),
  NaN: () => primitive(NaN),
  Error: () => constructorOf("Error", () => objectOf()),
  TypeError: () => constructorOf("Error", () => objectOf()),
  RangeError: () => constructorOf("Error", () => objectOf()),
  Symbol: () => unknown("Symbol"),
  globalThis: globalObject,
  window: globalObject,
  self: globalObject,
  Float32Array: () => typedArray(),
  Float64Array: () => typedArray(),
  Int32Array: () => typedArray(),
  Uint8Array: () => typedArray(),
}

const globalObjects = new WeakMap<State, ObjectValue>()

/** The one object that a page calls window and a worker self: what is stored in it is a name everywhere. */
export function globalObject({ state }: Context): ObjectValue {
  const known = globalObjects.get(state) ?? objectOf([["tf", tfValue("")]])
  globalObjects.set(state, known)
  return known
}

/** What code has stored in the global object under a name: `window.training = …` is read as `training`. */
const storedGlobally = ({ state }: Context, name: string): Value | undefined => globalObjects.get(state)?.fields.get(name)

function requireModule(context: Context, at: TypeScript.Node): Value {
  if (!context.ts.isCallExpression(at) || at.arguments.length === 0) return unknown("a required module")
  return moduleValue(context, at.getSourceFile(), at.arguments[0])
}

function withMembers(name: string, call: NativeValue["call"], members: Readonly<Record<string, Value>>): Value {
  return { kind: "native", name, call, members: new Map(Object.entries(members)) }
}

function constructorOf(name: string, make: (args: readonly Value[]) => Value): Value {
  const build: NativeValue["call"] = (args) => make(args)
  return { kind: "native", name, call: build, construct: build }
}

/** A Map or Set of what an iterable holds; one of something unknown is unknown, so that its size is no number. */
function newMap(context: Context, from: Value | undefined, set: boolean): Value {
  const entries = new Map<unknown, readonly [Value, Value]>(), made: MapValue = { kind: "map", set, entries }
  if (from !== undefined && !isNullish(from)) {
    if (!isIterable(from)) return unknown(`a ${set ? "set" : "map"} of something unknown`, null, [from])
    openCount(context, from, made)
    // Some of the unknown ones may be the same.
    if (set && itemsOf(context, from, 0).some(({ kind }) => kind === "unknown"))
      context.state.uncounted.set(entries, unknown("a count of unknown data", "size"))
    for (const item of itemsOf(context, from, 0)) {
      if (set) entries.set(keyOf(item), [item, item])
      else if (item.kind === "array" && item.items.length === 2) entries.set(keyOf(item.items[0]), [item.items[0], item.items[1]])
    }
  }
  return made
}

/** A list of as many items as another one has. */
const countedAs = (context: Context, from: Value, list: ArrayValue): ArrayValue => (copyCount(context, from, list), list)

/** What a Map compares keys by. */
export const keyOf = (value: Value): unknown => (value.kind === "primitive" ? value.value : value.kind === "dim" ? value.dim : value)

function typedArray(): Value {
  const build: NativeValue["call"] = ([from]) => {
    if (from?.kind === "array") return from
    const length = numberIn(from)
    return length !== null && length >= 0 && length <= 100_000
      ? arrayOf(Array.from({ length }, () => primitive(0)))
      : unknown("a typed array of unknown length")
  }
  return { kind: "native", name: "TypedArray", call: build, construct: build, members: new Map([["from", native("from", build)]]) }
}

function parseNumber(value: Value | undefined, parse: (text: string) => number): Value {
  if (value?.kind === "primitive") return primitive(parse(String(value.value)))
  if (value?.kind === "dim") return value
  return unknown("a number read from text", value?.kind === "unknown" ? value.name : null)
}

function textOfCodes(): Value {
  return native("String.fromCharCode", (args) => {
    const codes = args.map(numberIn)
    return codes.every((code) => code !== null) ? primitive(String.fromCharCode(...codes)) : unknown("text with an unknown part")
  })
}

function textValue(context: Context, value: Value | undefined): Value {
  const text = value === undefined ? "" : textOf(context, value)
  return text === null ? unknown("text with an unknown part") : primitive(text)
}

/** A number, a size, or the named unknown behind it. */
function sizeIn(context: Context, value: Value | undefined): Dim | null {
  if (value === undefined) return null
  if (value.kind === "dim" || numberIn(value) !== null) return dimOf(context, value)
  return value.kind === "unknown" && value.name !== null && value.name !== "number" && value.tensors.length === 0 ? dimOf(context, value) : null
}

function mathObject(context: Context): Value {
  const fields = new Map<string, Value>()
  for (const key of ["PI", "E", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"] as const) fields.set(key, primitive(Math[key]))
  const names = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "fround",
    "hypot",
    "imul",
    "log",
    "log10",
    "log1p",
    "log2",
    "max",
    "min",
    "pow",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
  ] as const
  for (const key of names) {
    fields.set(
      key,
      native(`Math.${key}`, (args) => {
        const numbers = args.map((arg) => (arg.kind === "primitive" ? Number(arg.value) : null))
        if (numbers.every((n): n is number => n !== null)) return primitive((Math[key] as (...n: number[]) => number)(...numbers))
        const sizes = args.map((arg) => sizeIn(context, arg))
        if (sizes[0] !== null && sizes[0] !== undefined) {
          if (key === "floor" || key === "trunc") return sizeValue(wholeQuotient(context, sizes[0]) ?? floorDim(sizes[0]))
          if (key === "ceil") return sizeValue(ceilDim(sizes[0]))
          if (key === "round" || key === "abs") return sizeValue(sizes[0])
          const difference = sizes.length === 2 && sizes[1] !== null ? subtractDim(sizes[0], sizes[1]) : null
          if ((key === "max" || key === "min") && typeof difference === "number")
            return sizeValue((difference >= 0) === (key === "max") ? sizes[0] : (sizes[1] as Dim))
          // Sizes are at least 1.
          if (key === "max" && sizes.length === 2 && typeof sizes[0] === "number" && sizes[0] <= 1 && sizes[1] !== null) return sizeValue(sizes[1])
          if (key === "max" && sizes.length === 2 && typeof sizes[1] === "number" && sizes[1] <= 1) return sizeValue(sizes[0])
        }
        return unknown(`Math.${key} of something unknown`, "number", args)
      }),
    )
  }
  fields.set(
    "random",
    native("Math.random", () => unknown("a random number", "number")),
  )
  return { kind: "object", fields, type: null }
}

function arrayConstructor(context: Context): Value {
  const ofLength = (value: Value | undefined): Value => {
    const length = sizeIn(context, value)
    return typeof length === "number" && Number.isInteger(length) && length >= 0 && length <= 100_000
      ? arrayOf(Array.from({ length }, () => undefinedValue))
      : unknown("a list of unknown length", null, value === undefined ? [] : [value])
  }
  /** A list as long as a size nobody states, which then gets a number. */
  const settled = (value: Value | undefined): Value => {
    const size = numberIn(value) === null ? sizeIn(context, value) : null
    return size !== null && settleSymbols(context, size) ? ofLength(sizeValue(resolveDim(context, size))) : ofLength(value)
  }
  const build: NativeValue["call"] = (args) =>
    args.length === 1 && args[0].kind !== "array" && stringIn(args[0]) === null ? settled(args[0]) : arrayOf(args)
  const from: NativeValue["call"] = (args, at) => {
    const [source, map] = args
    if (source?.kind === "unknown" && map === undefined && isReadOut(source)) return source
    const length = source?.kind === "object" ? source.fields.get("length") : undefined
    const list =
      length !== undefined
        ? map === undefined
          ? settled(length)
          : ofLength(length)
        : source === undefined || !isIterable(source)
          ? unknown("a list of something unknown", null, source === undefined ? [] : [source])
          : countedAs(context, source, arrayOf(itemsOf(context, source, 0)))
    if (list.kind === "unknown" && length !== undefined) {
      describeList(context, list, length, map, at)
      // Numbers make a table of that shape; layers, weights and tensors have to be counted.
      const item = list.properties.get(itemOfList)
      if (item !== undefined && countable(item)) return from([settled(length), map ?? undefinedValue], at)
    }
    if (map === undefined || list.kind !== "array") return list
    return arrayOf(list.items.map((item, i) => context.call(context, map, undefinedValue, [item, primitive(i)], at)))
  }
  const value: NativeValue = {
    kind: "native",
    name: "Array",
    call: build,
    construct: build,
    members: new Map<string, Value>([
      [
        "isArray",
        native("Array.isArray", ([arg]) =>
          arg?.kind === "unknown" && arg.tensors.length === 0 ? unknown("whether something unknown is a list") : primitive(arg?.kind === "array"),
        ),
      ],
      ["from", native("Array.from", from)],
      ["of", native("Array.of", (args) => arrayOf(args))],
    ]),
  }
  return value
}

/** Whether a value holds more than numbers, so that each item is one of its own. */
const countable = (value: Value): boolean =>
  value.kind === "array" ? value.items.some(countable) : value.kind !== "primitive" && value.kind !== "dim" && value.kind !== "unknown"

/** A list as long as a size nobody states: the size is kept, and what one item is, so that a table of numbers keeps its shape. */
function describeList(context: Context, list: UnknownValue, length: Value, map: Value | undefined, at: TypeScript.Node): void {
  const size = sizeIn(context, length)
  if (size === null) return
  list.properties.set("length", sizeValue(size))
  if (map !== undefined)
    list.properties.set(itemOfList, context.call(context, map, undefinedValue, [undefinedValue, unknown("the index of an item", "number")], at))
}

function objectConstructor(context: Context): Value {
  const entries = (value: Value | undefined): [string, Value][] => {
    if (value?.kind === "array") return value.items.map((item, i): [string, Value] => [String(i), item])
    if (value?.kind === "tf") return (keysOfNamespace(value.path) ?? []).map((key): [string, Value] => [key, tfValue(`${value.path}.${key}`)])
    return value?.kind === "object" ? [...value.fields].filter(([key]) => !key.startsWith("\u0000")) : []
  }
  /** Of an object with keys nobody knows, a list of unknown length. */
  const countedOf = (value: Value, items: ArrayValue): ArrayValue => {
    if (value.kind === "array") return countedAs(context, value, items)
    const open = value.kind === "object" && value.fields.has("\u0000rest")
    if (open) context.state.uncounted.set(items.items, unknown("a count of unknown keys", "length"))
    return items
  }
  const list = (name: string, pick: (entry: [string, Value]) => Value): Value =>
    native(`Object.${name}`, ([value]) =>
      value?.kind === "object" || value?.kind === "array" || (value?.kind === "tf" && keysOfNamespace(value.path) !== null)
        ? countedOf(value, arrayOf(entries(value).map(pick)))
        : unknown(`Object.${name} of something unknown`, null, value === undefined ? [] : [value]),
    )
  const same = native("Object.freeze", ([value]) => value ?? undefinedValue)
  return withMembers("Object", ([value]) => value ?? objectOf(), {
    keys: list("keys", ([key]) => primitive(key)),
    values: list("values", ([, item]) => item),
    entries: list("entries", ([key, item]) => arrayOf([primitive(key), item])),
    fromEntries: native("Object.fromEntries", ([value]) =>
      objectOf(
        value?.kind === "array"
          ? value.items.flatMap((item): [string, Value][] =>
              item.kind === "array" && item.items[0]?.kind === "primitive" ? [[String(item.items[0].value), item.items[1]]] : [],
            )
          : [],
      ),
    ),
    assign: native("Object.assign", ([target, ...sources], at) => {
      if (target?.kind === "tensor" || target?.kind === "layer" || target?.kind === "model")
        for (const source of sources) for (const [key, item] of entries(source)) context.set(context, target, key, item, at)
      if (target?.kind !== "object") return target ?? objectOf()
      for (const source of sources) {
        const rest = source.kind === "unknown" ? source : source.kind === "object" ? source.fields.get("\u0000rest") : undefined
        if (rest !== undefined) overlay(context, target.fields, rest)
        for (const [key, item] of entries(source)) context.set(context, target, key, item, at)
      }
      return target
    }),
    freeze: same,
    seal: same,
    create: native("Object.create", ([from]) => objectOf(from === undefined || isNullish(from) ? [] : [[inherited, from]])),
    defineProperty: native("Object.defineProperty", ([target, key, descriptor], at) => {
      const name = stringIn(key), value = descriptor?.kind === "object" ? descriptor.fields.get("value") : undefined
      if (target !== undefined && name !== null && value !== undefined) context.set(context, target, name, value, at)
      return target ?? undefinedValue
    }),
  })
}

/** A quotient of two unknown sizes, taken to come out whole as reshapes need it; null for anything else. */
function wholeQuotient(context: Context, d: Dim): Dim | null {
  if (typeof d !== "string" || !/^[\w$.*\u00b7]+\/[A-Za-z_$][\w$.\u00b7]*$/.test(d)) return null
  assume(context, `${d} is whole`)
  return d
}

/** An unknown record laid over known fields: the known ones are taken as they are, which is an assumption. */
export function overlay(context: Context, fields: Map<string, Value>, rest: Value): void {
  if ([...fields.keys()].some((key) => !key.startsWith("\u0000") && key !== "name"))
    assume(context, "defaults are taken where the configuration is not known")
  fields.set("\u0000rest", rest)
}

function numberConstructor(context: Context): Value {
  return withMembers(
    "Number",
    ([value]) => {
      if (value === undefined) return primitive(0)
      if (value.kind === "primitive" && typeof value.value !== "bigint") return primitive(Number(value.value))
      return sizeIn(context, value) === null ? unknown("a number made of something unknown", "number") : value
    },
    {
      isInteger: native("Number.isInteger", ([value]) =>
        value?.kind === "primitive"
          ? primitive(Number.isInteger(value.value))
          : value?.kind === "dim"
            ? primitive(true)
            : unknown("whether something is whole"),
      ),
      isFinite: native("Number.isFinite", ([value]) => (value?.kind === "primitive" ? primitive(Number.isFinite(value.value)) : primitive(true))),
      isNaN: native("Number.isNaN", ([value]) => primitive(value?.kind === "primitive" && Number.isNaN(value.value))),
      EPSILON: primitive(Number.EPSILON),
      MAX_SAFE_INTEGER: primitive(Number.MAX_SAFE_INTEGER),
      MAX_VALUE: primitive(Number.MAX_VALUE),
      NEGATIVE_INFINITY: primitive(-Infinity),
      POSITIVE_INFINITY: primitive(Infinity),
      parseFloat: native("parseFloat", ([value]) => parseNumber(value, Number.parseFloat)),
      parseInt: native("parseInt", ([value]) => parseNumber(value, Number.parseInt)),
    },
  )
}

function promiseConstructor(): Value {
  return withMembers("Promise", () => unknown("a promise"), {
    all: native("Promise.all", ([value]) => value ?? arrayOf([])),
    resolve: native("Promise.resolve", ([value]) => value ?? undefinedValue),
  })
}
