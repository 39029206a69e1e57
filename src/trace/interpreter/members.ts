/** @file Members of built-in values: arrays, strings, maps, numbers. Each takes and gives abstract values; callbacks are called for every item. */
import type * as TypeScript from "typescript"
import type { ArrayValue, MapValue, Value } from "../value"
import type { Context } from "../context"
import { arrayOf, isNullish, native, numberIn, primitive, stringIn, truthOf, undefinedValue, unknown } from "../value"
import { binaryOperation, textOf } from "./operators"
import { keyOf } from "./globals"
import { textWithRegex } from "./regex"
import { touch, write } from "../context"
import { doubtLayers } from "../models/frozen"

type Method = (args: readonly Value[], at: TypeScript.Node) => Value

/** A member of an array; null where it has none of that name. */
export function arrayMember(context: Context, array: ArrayValue, key: string): Value | null {
  if (key === "length") return context.state.uncounted.get(array.items) ?? primitive(array.items.length)
  const index = Number(key)
  if (Number.isInteger(index)) return index >= 0 && index < array.items.length ? array.items[index] : undefinedValue
  const method = arrayMethod(context, array, key)
  if (method === null) return null
  return native(key, (args, at) => countLike(context, key, array, method(args, at)))
}

const keepsCount = new Set(["map", "toReversed", "toSorted", "keys", "values", "entries"])
const changesCount = new Set(["flatMap", "filter", "slice", "splice", "concat", "flat"])

/** What is made of a list whose items nobody has counted has not been counted either. */
function countLike(context: Context, key: string, array: ArrayValue, made: Value): Value {
  if (keepsCount.has(key)) copyCount(context, array, made)
  else if (changesCount.has(key)) openCount(context, array, made)
  return made
}

/** A list or set that holds as many items as another one. */
export function copyCount(context: Context, from: Value, to: Value): void {
  const count = countIn(context, from), held = containerOf(to)
  if (count !== undefined && held !== null) context.state.uncounted.set(held, count)
}

/** A list or set made of another one, with fewer or more items. */
export function openCount(context: Context, from: Value, to: Value): void {
  const held = containerOf(to)
  if (countIn(context, from) !== undefined && held !== null) context.state.uncounted.set(held, unknown("a count of unknown data", "length"))
}

/** What a spread of a list brings into another one, alone or beside other items. */
export function spreadCount({ state: { uncounted } }: Context, list: Value, items: Value[], alone: boolean): void {
  const held = containerOf(list), count = held === null ? undefined : uncounted.get(held)
  if (count !== undefined || (list.kind === "unknown" && list.tensors.length === 0))
    uncounted.set(items, (alone ? count : undefined) ?? unknown("a count of unknown data", "length"))
}

const containerOf = (value: Value): object | null => (value.kind === "array" ? value.items : value.kind === "map" ? value.entries : null)

/** The count of a list or set nobody has counted; undefined where it is known. */
function countIn(context: Context, value: Value): Value | undefined {
  const held = containerOf(value)
  return held === null ? undefined : context.state.uncounted.get(held)
}

function arrayMethod(context: Context, array: ArrayValue, key: string): Method | null {
  const { items } = array
  const each = (fn: Value | undefined, item: Value, i: number, at: TypeScript.Node): Value =>
    context.call(context, fn ?? undefinedValue, undefinedValue, [item, primitive(i), array], at)
  const index = (value: Value | undefined, missing: number): number => {
    const n = numberIn(value) ?? missing
    return n < 0 ? Math.max(0, items.length + n) : Math.min(n, items.length)
  }
  // Nobody knows which items it is.
  const doubtAt = (...places: readonly (Value | undefined)[]): void => {
    if (places.some((place) => place !== undefined && numberIn(place) === null && !isNullish(place))) doubtLayers(context, items)
  }
  /** The first place of these whose item surely passes; −1 for none. */
  const firstOf = (order: readonly number[], fn: Value | undefined, at: TypeScript.Node): number => {
    for (const i of order) {
      const truth = truthOf(each(fn, items[i], i, at))
      if (truth === true) return i
      if (truth === null) doubtLayers(context, items)
    }
    return -1
  }
  const forward = (): readonly number[] => items.map((_, i) => i)
  const change = (run: () => Value): Value => {
    touch(context, items)
    uncount(context, items, "length")
    return run()
  }
  const test =
    (pick: (truths: readonly (boolean | null)[]) => Value): Method =>
    ([fn], at) =>
      pick(items.map((item, i) => truthOf(each(fn, item, i, at))))
  switch (key) {
    case "push":
      return (args) => change(() => (countAdded(context, items, args), primitive(items.push(...args))))
    case "unshift":
      return (args) => change(() => (countAdded(context, items, args), primitive(items.unshift(...args))))
    case "pop":
      return () => change(() => items.pop() ?? undefinedValue)
    case "shift":
      return () => change(() => items.shift() ?? undefinedValue)
    case "splice":
      return ([from, count, ...inserted]) => {
        doubtAt(from, count)
        return change(() => arrayOf(items.splice(index(from, 0), numberIn(count) ?? items.length, ...inserted)))
      }
    case "map":
      return ([fn], at) => arrayOf(items.map((item, i) => each(fn, item, i, at)))
    case "flatMap":
      return ([fn], at) =>
        arrayOf(
          items.flatMap((item, i) => {
            const made = each(fn, item, i, at)
            return made.kind === "array" ? made.items : [made]
          }),
        )
    case "forEach":
      return ([fn], at) => (items.forEach((item, i) => each(fn, item, i, at)), undefinedValue)
    case "filter":
      return ([fn], at) => {
        const truths = items.map((item, i) => truthOf(each(fn, item, i, at)))
        const kept = arrayOf(items.filter((_, i) => truths[i] !== false))
        // Nobody knows how many pass.
        if (truths.includes(null)) {
          context.state.uncounted.set(kept.items, unknown("a count of unknown data", "length"))
          doubtLayers(context, items)
        }
        return kept
      }
    case "find":
      return ([fn], at) => items[firstOf(forward(), fn, at)] ?? undefinedValue
    case "findIndex":
      return ([fn], at) => primitive(firstOf(forward(), fn, at))
    case "findLast":
      return ([fn], at) => items[firstOf([...forward()].reverse(), fn, at)] ?? undefinedValue
    case "some":
      return test((truths) =>
        truths.includes(true) ? primitive(true) : truths.includes(null) ? unknown("whether some item passes") : primitive(false),
      )
    case "every":
      return test((truths) =>
        truths.includes(false) ? primitive(false) : truths.includes(null) ? unknown("whether every item passes") : primitive(true),
      )
    case "reduce":
      return ([fn, start], at) => {
        if (start === undefined && items.length === 0) return unknown("the reduction of an empty list")
        return items
          .slice(start === undefined ? 1 : 0)
          .reduce(
            (sum, item, i) =>
              context.call(context, fn ?? undefinedValue, undefinedValue, [sum, item, primitive(start === undefined ? i + 1 : i), array], at),
            start ?? items[0],
          )
      }
    case "reduceRight":
      return ([fn, start], at) =>
        [...items]
          .reverse()
          .reduce((sum, item) => context.call(context, fn ?? undefinedValue, undefinedValue, [sum, item], at), start ?? undefinedValue)
    case "slice":
      return ([from, to]) => (doubtAt(from, to), arrayOf(items.slice(index(from, 0), index(to, items.length))))
    case "concat":
      return (args) => arrayOf([...items, ...args.flatMap((arg) => (arg.kind === "array" ? arg.items : [arg]))])
    case "flat":
      return ([depth]) => arrayOf(flatten(items, numberIn(depth) ?? 1))
    case "fill":
      return ([value]) => change(() => (items.fill(value ?? undefinedValue), array))
    case "reverse":
      return () => change(() => (items.reverse(), array))
    case "lastIndexOf":
      return ([wanted]) => {
        const truths = items.map((item) => truthOf(binaryOperation(context, "===", item, wanted ?? undefinedValue)))
        return truths.includes(null) ? unknown("the place of something unknown in a list") : primitive(truths.lastIndexOf(true))
      }
    case "with":
      return ([i, value]) => arrayOf(items.map((item, k) => (k === index(i, 0) ? (value ?? undefinedValue) : item)))
    case "toReversed":
      return () => arrayOf([...items].reverse())
    case "sort":
    case "toSorted":
      return ([compare], at) => sorted(context, array, compare, key === "sort", at)
    case "join":
      return ([separator]) => {
        const parts = items.map((item) => textOf(context, item))
        return parts.every((part) => part !== null) ? primitive(parts.join(stringIn(separator) ?? ",")) : unknown("text with an unknown part")
      }
    case "includes":
    case "indexOf":
      return ([wanted]) => {
        const truths = items.map((item) => truthOf(binaryOperation(context, "===", item, wanted ?? undefinedValue)))
        if (!truths.includes(true) && truths.includes(null)) return unknown("the place of something unknown in a list")
        return primitive(key === "includes" ? truths.includes(true) : truths.indexOf(true))
      }
    case "at":
      return ([i]) => (doubtAt(i), items.at(numberIn(i) ?? 0) ?? undefinedValue)
    case "keys":
      return () => arrayOf(items.map((_, i) => primitive(i)))
    case "values":
      return () => arrayOf(items)
    case "entries":
      return () => arrayOf(items.map((item, i) => arrayOf([primitive(i), item])))
    default:
      return null
  }
}

/** `list.push(...others)` of lists nobody has counted. */
function countAdded({ state: { uncounted } }: Context, items: readonly Value[], args: readonly Value[]): void {
  if (uncounted.has(args)) uncounted.set(items, unknown("a count of unknown data", "length"))
}

const flatten = (items: readonly Value[], depth: number): readonly Value[] =>
  items.flatMap((item) => (depth > 0 && item.kind === "array" ? flatten(item.items, depth - 1) : [item]))

export function setArrayItem(context: Context, array: ArrayValue, key: string, value: Value): void {
  const index = Number(key)
  touch(context, array.items)
  if (key === "length") array.items.length = Math.min(array.items.length, numberIn(value) ?? array.items.length)
  else if (Number.isInteger(index) && index >= 0 && index < 100_000) {
    while (array.items.length < index) array.items.push(undefinedValue)
    array.items[index] = value
  }
}

/** A member of a string or number: computed by JavaScript itself when everything is known. */
export function primitiveMember(value: string | number | boolean | bigint, key: string): Value | null {
  if (typeof value === "string") {
    if (key === "length") return primitive(value.length)
    if (/^\d+$/.test(key)) return primitive(value[Number(key)])
  }
  const known = [
    "charAt",
    "charCodeAt",
    "concat",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "padEnd",
    "padStart",
    "repeat",
    "replace",
    "replaceAll",
    "slice",
    "split",
    "startsWith",
    "substring",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
    "localeCompare",
    "codePointAt",
    "substr",
    "normalize",
    "match",
    "matchAll",
    "search",
    "toString",
    "toFixed",
    "at",
  ]
  if (!known.includes(key)) return null
  return native(key, (args) => {
    const matched = typeof value === "string" ? textWithRegex(value, key, args) : null
    if (matched !== null) return matched
    if (args.some((arg) => arg.kind !== "primitive") || /^(match|matchAll|search)$/.test(key)) return unknown(`'${key}' with something unknown`)
    if (/^(repeat|pad)/.test(key) && !((numberIn(args[0]) ?? 0) <= 10_000)) return unknown(`'${key}' of great length`)
    try {
      const method = (value as unknown as Record<string, (...args: unknown[]) => unknown>)[key]
      const result = method.apply(
        value,
        args.map((arg) => (arg as { value: unknown }).value),
      )
      return Array.isArray(result)
        ? arrayOf(result.map((part) => primitive(String(part))))
        : primitive(result as string | number | boolean | undefined)
    } catch {
      return unknown(`'${key}' fails`)
    }
  })
}

/** A container that is filled while a list nobody knows is followed for one item has an unknown size from then on. */
export function uncount(context: Context, container: object, name: string): void {
  const { assumedItems, uncounted } = context.state
  if (assumedItems > 0 && !uncounted.has(container)) uncounted.set(container, unknown("a count of unknown data", name))
}

export function mapMember(context: Context, map: MapValue, key: string): Value | null {
  const pairs = (): (readonly [Value, Value])[] => [...map.entries.values()]
  const put = (k: Value, value: Value): Value => {
    uncount(context, map.entries, "size")
    write(context, map.entries, keyOf(k), [k, value])
    return map
  }
  const isOpen = (): boolean => context.state.uncounted.has(map.entries)
  switch (key) {
    case "size":
      return context.state.uncounted.get(map.entries) ?? primitive(map.entries.size)
    case "get":
      return native(
        "get",
        ([k]) =>
          map.entries.get(keyOf(k ?? undefinedValue))?.[1] ??
          (k?.kind === "unknown" || isOpen() ? unknown("an item under an unknown key") : undefinedValue),
      )
    case "has":
      return native("has", ([k]) =>
        k?.kind === "unknown" || (isOpen() && !map.entries.has(keyOf(k ?? undefinedValue)))
          ? unknown("whether an unknown key is there")
          : primitive(map.entries.has(keyOf(k ?? undefinedValue))),
      )
    case "set":
      return native("set", ([k = undefinedValue, value = undefinedValue]) => put(k, value))
    case "add":
      return native("add", ([k = undefinedValue]) => put(k, k))
    case "delete":
      return native("delete", ([k]) => (touch(context, map.entries), primitive(map.entries.delete(keyOf(k ?? undefinedValue)))))
    case "clear":
      return native("clear", () => (touch(context, map.entries), map.entries.clear(), undefinedValue))
    case "forEach":
      return native(
        "forEach",
        ([fn], at) => (
          pairs().forEach(([k, value]) => context.call(context, fn ?? undefinedValue, undefinedValue, [value, k, map], at)),
          undefinedValue
        ),
      )
    case "keys":
      return native("keys", () => arrayOf(pairs().map(([k]) => k)))
    case "values":
      return native("values", () => arrayOf(pairs().map(([, value]) => value)))
    case "entries":
      return native("entries", () => arrayOf(pairs().map(([k, value]) => arrayOf([k, value]))))
    default:
      return null
  }
}

/** Known numbers and texts in the order JavaScript gives them; of anything else the order, and so every item, is unknown. */
function sorted(context: Context, array: ArrayValue, compare: Value | undefined, inPlace: boolean, at: TypeScript.Node): Value {
  const known = array.items.every((item) => item.kind === "primitive")
  const order = (a: Value, b: Value): number => {
    if (compare !== undefined) return numberIn(context.call(context, compare, undefinedValue, [a, b], at)) ?? NaN
    const [x, y] = [String((a as { value: unknown }).value), String((b as { value: unknown }).value)]
    return x < y ? -1 : x > y ? 1 : 0
  }
  const items = known || compare !== undefined ? [...array.items].sort(order) : array.items
  const comparable = compare !== undefined && array.items.every((item) => !Number.isNaN(order(item, array.items[0])))
  const settled = array.items.length < 2 || known || comparable
  const result = settled ? items : array.items.map(() => unknown("an item of a list whose order is not known", null, [array]))
  if (!inPlace) return arrayOf(result)
  touch(context, array.items)
  array.items.splice(0, array.items.length, ...result)
  return array
}
