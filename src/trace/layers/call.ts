/** @file One application of a tf.layers layer: its configuration, its weights by role, and the graph ops it emits. */
import type * as TypeScript from "typescript"
import type { BinaryFunction, Op, UnaryFunction } from "../../graph/op"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { LayerState, TensorValue, Value } from "../value"
import type { Refusal } from "../../graph/graph"
import { booleanIn, isNullish, numberIn, stringIn } from "../value"
import { dimOf, makeTensor, shapeOf } from "../tensor"
import { perAxis } from "../ops/linear"
import { constraintName, initializerName, makeWeight, regularizerOf } from "../weight"
import { assume, freshSymbol, resolveDim, unifyDims, Unreadable } from "../context"

export interface LayerCall {
  readonly context: Context
  readonly state: LayerState
  readonly inputs: readonly TensorValue[]
  readonly kwargs: Value | undefined
  readonly at: TypeScript.Node
}
export type LayerSpec = (call: LayerCall) => TensorValue | readonly TensorValue[]

/** A configuration entry; undefined when absent or null. */
export function option(call: LayerCall, key: string): Value | undefined {
  const value = call.state.config.fields.get(key)
  if (value !== undefined) return isNullish(value) ? undefined : value
  return undefined
}

export const input = (call: LayerCall): TensorValue => {
  if (call.inputs.length !== 1) throw new Unreadable(`${call.state.type}: expected one input, found ${call.inputs.length}`)
  return call.inputs[0]
}
export const shape = (call: LayerCall, t: TensorValue): readonly Dim[] => shapeOf(call.context, t)

/** Settings that decide over shapes, among the numbers and flags that are taken as tfjs has them where nobody knows them. */
const shaping: ReadonlySet<string> = new Set(["height", "width", "depthMultiplier", "returnSequences", "returnState", "unroll"])

export function numberOption(call: LayerCall, key: string, missing: number): number {
  const value = option(call, key)
  if (value === undefined) return missing
  const known = numberIn(value)
  if (known !== null) return known
  if (value.kind !== "unknown" || value.tensors.length > 0) throw new Unreadable(`${call.state.type}: '${key}' is not a known number`)
  assume(call.context, `'${key}' of ${call.state.type} is not known: ${missing} is taken`, { shapes: shaping.has(key) })
  return missing
}
export function flagOption(call: LayerCall, key: string, missing: boolean): boolean {
  const value = option(call, key)
  if (value === undefined) return missing
  const known = booleanIn(value) ?? (numberIn(value) === null ? null : numberIn(value) !== 0)
  if (known === null) assume(call.context, `'${key}' of ${call.state.type} is not known: ${missing} is taken`, { shapes: shaping.has(key) })
  return known ?? missing
}
export const textOption = (call: LayerCall, key: string, missing: string): string => {
  const value = option(call, key)
  if (value === undefined) return missing
  const text = stringIn(value)
  if (text === null) throw new Unreadable(`${call.state.type}: '${key}' is not a known text`)
  return text
}
export function sizeOption(call: LayerCall, key: string): Dim {
  const value = option(call, key), size = value === undefined ? NaN : dimOf(call.context, value, key)
  if (typeof size !== "number" || Number.isInteger(size)) return size
  // The layer is reported already, and its result replaced.
  if (refusalIn(call.state) !== undefined) return freshSymbol(call.context, key)
  throw new Unreadable(`${call.state.type}: '${key}' is ${Number.isNaN(size) ? "missing" : `${size}, no whole number`}`)
}

/** A window of so many axes, which the layer cannot do without. */
export function windowOption(call: LayerCall, key: string, axes: number): number[] {
  const window = perAxis(option(call, key), axes, NaN), bad = window.find((n) => !Number.isInteger(n))
  if (bad === undefined) return window
  if (refusalIn(call.state) !== undefined) return window.map(() => 1)
  throw new Unreadable(`${call.state.type}: '${key}' is ${Number.isNaN(bad) ? "missing" : `${bad}, no whole number`}`)
}

/** A setting at which tfjs throws. */
export const refusalIn = ({ refused }: LayerState): Refusal | undefined => refused?.find(({ kind }) => kind === "setting")

export const emit = (call: LayerCall, op: Op, operands: readonly TensorValue[], target?: readonly Dim[], label = call.state.type): TensorValue =>
  makeTensor(call.context, op, operands, { at: call.at, label }, target)
export const unary = (call: LayerCall, fn: UnaryFunction, x: TensorValue, parameters?: readonly number[]): TensorValue =>
  emit(call, { kind: "unary", fn, ...(parameters === undefined ? {} : { parameters }) }, [x])
export const binary = (call: LayerCall, fn: BinaryFunction, a: TensorValue, b: TensorValue): TensorValue => emit(call, { kind: "binary", fn }, [a, b])

/** The layer's weight of that role, made at the first call. `prefix` is the configuration key of its initializer and regularizer: "kernel". */
export function layerWeight(
  call: LayerCall,
  role: string,
  weightShape: readonly Dim[],
  prefix: string,
  defaultInitializer: string,
  trainable = true,
): TensorValue {
  const held = call.state.weights.find((weight) => weight.label === role)
  if (held?.tensor !== undefined) {
    const known = shapeOf(call.context, held.tensor)
    if (known.length === weightShape.length) known.forEach((d, i) => unifyDims(call.context, d, weightShape[i]))
    if (known.map((d) => resolveDim(call.context, d)).join() !== weightShape.map((d) => resolveDim(call.context, d)).join())
      throw new Unreadable(`${call.state.type}: '${role}' has shape [${known.join(", ")}], this call needs [${weightShape.join(", ")}]`)
    return held.tensor
  }
  const regularizer = regularizerOf(option(call, `${prefix}Regularizer`)),
    constraint = constraintName(option(call, `${prefix}Constraint`))
  return makeWeight(call.context, {
    label: role,
    shape: weightShape,
    place: call.state.place,
    trainable,
    layer: call.state,
    initializer: initializerName(option(call, `${prefix}Initializer`)) ?? defaultInitializer,
    ...(regularizer === undefined ? {} : { regularizer }),
    ...(constraint === undefined ? {} : { constraint }),
  })
}
