/** @file Makes weights: tf.variable, addWeight and the weights of tf.layers, each with one tensor that stands for it. */
import type { Context } from "./context"
import type { Dim, Place } from "../schema/report"
import type { LayerState, TensorValue, Value, Weight } from "./value"
import { nextSerial } from "./context"
import { isNullish, numberIn, stringIn } from "./value"

export interface WeightOptions {
  readonly label: string | null
  readonly shape: readonly Dim[]
  readonly place: Place
  readonly trainable?: boolean
  readonly weight?: string
  readonly layer?: LayerState
  readonly initializer?: string
  readonly regularizer?: { readonly l1: number; readonly l2: number }
  readonly constraint?: string
}

/** A new weight and its tensor. */
export function makeWeight(context: Context, options: WeightOptions): TensorValue {
  const { label, shape, place, trainable = true, ...rest } = options
  const weight: Weight = { serial: nextSerial(context), label, shape, place, trainable, ...rest }
  const tensor: TensorValue = {
    kind: "tensor",
    serial: nextSerial(context),
    source: { kind: "weight", weight },
    shape,
    dtype: "float",
    owners: [],
    at: place,
  }
  weight.tensor = tensor
  options.layer?.weights.push(weight)
  return tensor
}

export const isTrainable = (weight: Weight): boolean => weight.trainable && (weight.layer?.trainable ?? true)

/** Name of an initializer argument: a string, or what tf.initializers.* returned. */
export function initializerName(value: Value | undefined): string | undefined {
  const text = stringIn(value)
  if (text !== null) return text
  return value?.kind === "object" ? (stringIn(value.fields.get("initializer")) ?? undefined) : undefined
}

/** Name of a constraint argument: a string, what tf.constraints.* returned, or "constraint" for what cannot be read. */
export function constraintName(value: Value | undefined): string | undefined {
  if (value === undefined || isNullish(value)) return undefined
  return stringIn(value) ?? (value.kind === "object" ? stringIn(value.fields.get("constraint")) : null) ?? "constraint"
}

/** Strengths of a regularizer argument: "l1", "l2", "l1l2", or what tf.regularizers.* returned; tfjs's default is 0.01 each. */
export function regularizerOf(value: Value | undefined): { readonly l1: number; readonly l2: number } | undefined {
  const text = stringIn(value)
  if (text !== null) return { l1: /l1/.test(text) ? 0.01 : 0, l2: /l2/.test(text) ? 0.01 : 0 }
  if (value?.kind !== "object" || !value.fields.has("regularizer")) return undefined
  return { l1: numberIn(value.fields.get("l1")) ?? NaN, l2: numberIn(value.fields.get("l2")) ?? NaN }
}
