/**
 * @file Numbers that code reads out of a tensor with arraySync, dataSync and their kin. No gradient passes them; used as an index, a factor or a new
 * tensor they stand for the cells they came from. Nothing is made of them before they are used.
 */
import type { Context } from "../context"
import type { TensorValue, UnknownValue, Value } from "../value"
import { arrayOf, numberIn, primitive, sizeValue, unknown } from "../value"
import { makeTensor, reshape, shapeOf, sliceAxis } from "../tensor"
import { productOf } from "../../graph/dim"

const sourceKey = "\u0000read", pathKey = "\u0000path", flatKey = "\u0000flat"

/** What the forward pass of a function with its own gradient computes, which is all that a reading of its result sees. */
const forwardValues = new WeakMap<TensorValue, TensorValue>()
export const rememberForward = (result: TensorValue, forward: TensorValue): void => void forwardValues.set(result, forward)
export const computedAs = (result: TensorValue): TensorValue | undefined => forwardValues.get(result)

/** The numbers of a tensor: nested lists, or one flat list in the order of the cells. */
export function readingOf(tensor: TensorValue, flat: boolean): UnknownValue {
  const source = forwardValues.get(tensor) ?? tensor
  return reading(source, flat, [])
}

function reading(source: TensorValue, flat: boolean, path: readonly number[]): UnknownValue {
  const value = unknown("values read out of a tensor", null, [source])
  value.properties.set(sourceKey, source)
  value.properties.set(pathKey, arrayOf(path.map(primitive)))
  if (flat) value.properties.set(flatKey, primitive(true))
  return value
}

interface Reading {
  readonly source: TensorValue
  readonly flat: boolean
  readonly path: readonly number[]
}

function readingIn(value: Value | undefined): Reading | null {
  if (value?.kind !== "unknown") return null
  const source = value.properties.get(sourceKey), path = value.properties.get(pathKey)
  if (source?.kind !== "tensor" || path?.kind !== "array") return null
  return { source, flat: value.properties.has(flatKey), path: path.items.map((item) => numberIn(item) ?? 0) }
}

/** Whether a value is nothing but numbers read out of tensors, alone or in lists and records. */
export function isReadOut(value: Value): boolean {
  if (value.kind === "array") return value.items.length > 0 && value.items.every(isReadOut)
  if (value.kind === "object" && value.type === null) return value.fields.size > 0 && [...value.fields.values()].every(isReadOut)
  return readingIn(value) !== null
}

/** The tensor whose numbers are all in a reading; null for anything else. */
export function readWhole(value: Value): TensorValue | null {
  const held = readingIn(value)
  return held === null || held.path.length > 0 ? null : held.source
}

/** Item or length of a list of numbers that were read; null for anything else. */
export function readingMember(context: Context, value: UnknownValue, key: string): Value | null {
  const held = readingIn(value)
  if (held === null) return null
  const { source, flat, path } = held, own = shapeOf(context, source), depth = flat ? 1 : own.length
  if (path.length >= depth) return null
  if (key === "length") return sizeValue(flat ? productOf(own) : own[path.length])
  return /^\d+$/.test(key) ? reading(source, flat, [...path, Number(key)]) : null
}

/** The cells that a reading stands for, without their gradient; null for anything else. */
export function readTensor(context: Context, value: Value | undefined): TensorValue | null {
  const held = readingIn(value)
  if (held === null) return null
  const { source, flat, path } = held
  const detached = makeTensor(context, { kind: "stopGradient" }, [source])
  let cells = flat ? reshape(context, detached, [productOf(shapeOf(context, detached))]) : detached
  for (const index of path) cells = reshape(context, sliceAxis(context, cells, 0, index, 1), shapeOf(context, cells).slice(1))
  return cells
}
