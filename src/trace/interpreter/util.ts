/** @file tf.util: what it says of shapes and lists. Helpers that measure time, draw numbers or talk to a platform are not read. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Value } from "../value"
import { addDim, multiplyDim, productOf } from "../../graph/dim"
import { binaryOperation, typeOf } from "./operators"
import { callee, Thrown } from "../context"
import { arrayOf, isNullish, numberIn, objectOf, primitive, sizeValue, truthOf, undefinedValue, unknown } from "../value"
import { shapeArgument } from "../tensor"
import type { Dim } from "../../schema/report"

/** A call of tf.util's function of that name. */
export function callUtil(context: Context, name: string, args: readonly Value[], at: TypeScript.Node): Value {
  const [first = undefinedValue, second = undefinedValue] = args
  const open = (): Value => unknown(`tf.util.${name}`, null, args)
  switch (name) {
    case "arraysEqual":
    case "arraysEqualWithNull":
      return listsEqual(context, first, second) ?? open()
    case "sizeFromShape": {
      const shape = sizesIn(context, first)
      return shape === null ? open() : sizeValue(productOf(shape))
    }
    case "isScalarShape":
      return first.kind === "array" ? primitive(first.items.length === 0) : open()
    case "computeStrides": {
      const shape = sizesIn(context, first)
      return shape === null ? open() : arrayOf(shape.slice(1).map((_, i) => sizeValue(shape.slice(i + 1).reduce(multiplyDim, 1))))
    }
    case "parseAxisParam":
      return parseAxes(context, first, second) ?? open()
    case "assert":
      if (truthOf(first) === false) throw new Thrown(objectOf(), callee(context, at))
      return undefinedValue
    case "assertShapesMatch":
    case "assertNonNull":
    case "assertNonNegativeIntegerDimensions":
      return undefinedValue
    case "isInt":
      return first.kind === "dim" ? primitive(true) : first.kind === "primitive" ? primitive(Number.isInteger(first.value)) : open()
    case "isNumber":
    case "isString":
    case "isFunction":
    case "isBoolean": {
      const type = typeOf(first)
      return type.kind === "primitive" ? primitive(type.value === name.slice(2).toLowerCase()) : open()
    }
    case "flatten":
      return first.kind === "array" ? arrayOf(flat(first)) : open()
    default:
      return open()
  }
}

const flat = (value: Value): readonly Value[] => (value.kind === "array" ? value.items.flatMap(flat) : [value])

function sizesIn(context: Context, value: Value): readonly Dim[] | null {
  if (value.kind !== "array" || value.items.some((item) => item.kind !== "dim" && numberIn(item) === null)) return null
  return shapeArgument(context, value)
}

/** Equal lengths and equal items; null where some pair may be equal or not and no other one settles it. */
function listsEqual(context: Context, a: Value, b: Value): Value | null {
  if (isNullish(a) || isNullish(b)) return a.kind === "unknown" || b.kind === "unknown" ? null : primitive(isNullish(a) && isNullish(b))
  if (a.kind !== "array" || b.kind !== "array" || [a, b].some(({ items }) => context.state.uncounted.has(items))) return null
  if (a.items.length !== b.items.length) return primitive(false)
  const truths = a.items.map((item, i) => truthOf(binaryOperation(context, "===", item, b.items[i])))
  return truths.includes(false) ? primitive(false) : truths.includes(null) ? null : primitive(true)
}

/** Axes from the end counted from the front; none given means all. */
function parseAxes(context: Context, axes: Value, shape: Value): Value | null {
  const sizes = sizesIn(context, shape)
  if (sizes === null) return null
  if (isNullish(axes)) return arrayOf(sizes.map((_, i) => primitive(i)))
  const given = (axes.kind === "array" ? axes.items : [axes]).map(numberIn)
  if (given.some((axis) => axis === null || !Number.isInteger(axis) || axis < -sizes.length || axis >= sizes.length)) return null
  return arrayOf(given.map((axis) => sizeValue((axis as number) < 0 ? addDim(axis as number, sizes.length) : (axis as number))))
}
