/**
 * @file An item of a list at a place that code reads out of a tensor: the expert a router picks by arraySync. Every item is followed; where all
 * give tensors of one shape, the result is a row of their stack, and until then the items stay a choice whose members and results are choices.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Frame, TensorValue, UnknownValue, Value } from "../value"
import { makeTensor, markIndices, reshape, shapeOf } from "../tensor"
import { normal, unifyDims } from "../context"
import { arrayOf, undefinedValue, unknown } from "../value"
import { forkPaths } from "./fork"
import { readTensor } from "./readings"

const itemsKey = "\u0000items", placeKey = "\u0000place"

interface Choice {
  readonly items: readonly Value[]
  readonly place: TensorValue
}

/** The item of a list at a place read out of a tensor; null where the place is no such number or nobody has counted the items. */
export function itemAtReading(context: Context, list: Value, key: Value, at: TypeScript.Node): Value | null {
  if (list.kind !== "array" || list.items.length === 0 || context.state.uncounted.has(list.items)) return null
  const place = readTensor(context, key)
  if (place === null || place.shape.length > 0) return null
  markIndices(place, list.items.length, "row")
  return choose(context, list.items, place, at)
}

const choiceIn = (value: Value): Choice | null => {
  if (value.kind !== "unknown") return null
  const items = value.properties.get(itemsKey), place = value.properties.get(placeKey)
  return items?.kind === "array" && place?.kind === "tensor" ? { items: items.items, place } : null
}

/** A member of whichever item it is; null for anything that is no choice. */
export function choiceMember(context: Context, value: UnknownValue, key: string, at: TypeScript.Node): Value | null {
  const choice = choiceIn(value)
  return choice === null ? null : choose(context, choice.items.map((item) => context.get(context, item, key, at)), choice.place, at)
}

/** A call of whichever item it is; what the calls change may be what any of them leaves. Null for anything that is no choice. */
export function callChoice(context: Context, callee: Value, self: Value, args: readonly Value[], at: TypeScript.Node): Value | null {
  const choice = choiceIn(callee)
  if (choice === null) return null
  const owners = choiceIn(self)?.items ?? choice.items.map(() => self), results: Value[] = []
  const ways = choice.items.map((item, i) => () => {
    results[i] = context.call(context, item, owners[i] ?? undefinedValue, args, at)
    return normal
  })
  forkPaths(context, ways, outside(at), "the item that is picked", at)
  // An item that throws leaves a hole: which of the others is picked is then not known.
  const whole = Array.from(choice.items, (_, i) => results[i]).every((result) => (result as Value | undefined) !== undefined)
  return whole ? choose(context, results, choice.place, at) : unknown("one of several calls, of which some throw", null, [callee, self, ...args])
}

/** Calls of a choice return nothing to the code around them. */
const outside = (at: TypeScript.Node): Frame => ({ self: undefinedValue, home: null, pending: [], yields: null, module: at.getSourceFile() })

function choose(context: Context, items: readonly Value[], place: TensorValue, at: TypeScript.Node): Value {
  const [first] = items
  if (items.every((item) => item === first || sameText(item, first))) return first
  if (items.every((item) => item.kind === "tensor")) {
    const shape = shapeOf(context, items[0])
    const alike = items.every((item) => {
      const own = shapeOf(context, item)
      return own.length === shape.length && own.every((d, i) => unifyDims(context, d, shape[i]))
    })
    if (alike) return rowOf(context, items, place, at)
  }
  if (first.kind === "array" && items.every((item) => item.kind === "array" && item.items.length === first.items.length))
    return arrayOf(first.items.map((_, i) => choose(context, items.map((item) => (item as typeof first).items[i]), place, at)))
  const choice = unknown("one of several, picked by a number that is read out of a tensor", null, [place, ...items])
  choice.properties.set(itemsKey, arrayOf(items))
  choice.properties.set(placeKey, place)
  return choice
}

const sameText = (a: Value, b: Value): boolean => a.kind === "primitive" && b.kind === "primitive" && Object.is(a.value, b.value)

/** The row of the stacked tensors that the place tells. */
function rowOf(context: Context, items: readonly TensorValue[], place: TensorValue, at: TypeScript.Node): TensorValue {
  const origin = { at, label: "the item that is picked" }
  const rows = items.map((item) => reshape(context, item, [1, ...shapeOf(context, item)], origin))
  const stack = makeTensor(context, { kind: "concat", axis: 0 }, rows, origin)
  const row = makeTensor(context, { kind: "gather", axis: 0, batchAxes: 0 }, [stack, reshape(context, place, [1], origin)], origin)
  return reshape(context, row, shapeOf(context, items[0]), origin)
}
