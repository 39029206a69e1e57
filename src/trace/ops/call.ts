/** @file One call of a tfjs op: its arguments as tensors, sizes, axes and flags, and where it stands. */
import type * as TypeScript from "typescript"
import type { BinaryFunction, Op, UnaryFunction } from "../../graph/op"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { Dtype } from "../../graph/graph"
import type { TensorValue, Value } from "../value"
import { axesOf, axisOf, dimOf, makeTensor, shapeArgument, shapeOf, tensorOf } from "../tensor"
import { booleanIn, isNullish, numberIn, stringIn } from "../value"
import { Unreadable } from "../context"

export interface OpCall {
  readonly context: Context
  readonly name: string
  readonly args: readonly Value[]
  readonly at: TypeScript.Node
  /** What reasons call it where a layer computes with the op; "tf." and the name otherwise. */
  readonly label?: string
}
export type OpEmitter = (call: OpCall) => Value

export const labelOf = (call: OpCall): string => call.label ?? `tf.${call.name}`

export const emit = (call: OpCall, op: Op, operands: readonly TensorValue[], target?: readonly Dim[], dtype?: Dtype): TensorValue =>
  makeTensor(call.context, op, operands, { at: call.at, label: labelOf(call), ...(dtype === undefined ? {} : { dtype }) }, target)

/** The i-th argument as a tensor. */
export const tensorAt = (call: OpCall, i: number): TensorValue => tensorOf(call.context, call.args[i], { at: call.at })
export const shapeAt = (call: OpCall, i: number): readonly Dim[] => shapeOf(call.context, tensorAt(call, i))
export const shape = (call: OpCall, t: TensorValue): readonly Dim[] => shapeOf(call.context, t)

/** The i-th argument as a list of tensors. */
export function tensorsAt(call: OpCall, i: number): readonly TensorValue[] {
  const value = call.args[i]
  if (value?.kind === "tensor") return [value]
  if (value?.kind !== "array") throw new Unreadable("the list of tensors is not known")
  return value.items.map((item) => tensorOf(call.context, item, { at: call.at }))
}

export const absent = (call: OpCall, i: number): boolean => call.args[i] === undefined || isNullish(call.args[i])
export const axisAt = (call: OpCall, i: number, rank: number, missing: number): number => axisOf(call.args[i], rank, missing)
export const axesAt = (call: OpCall, i: number, rank: number): readonly number[] => axesOf(call.args[i], rank)
export const dimAt = (call: OpCall, i: number, fallback: string): Dim => dimOf(call.context, call.args[i], fallback)
export const targetAt = (call: OpCall, i: number): readonly Dim[] => shapeArgument(call.context, call.args[i])

export function numberAt(call: OpCall, i: number, missing: number): number {
  if (absent(call, i)) return missing
  const known = numberIn(call.args[i])
  if (known === null) throw new Unreadable(`argument ${i + 1} is not a known number`)
  return known
}

export function flagAt(call: OpCall, i: number, missing: boolean): boolean {
  if (absent(call, i)) return missing
  const known = booleanIn(call.args[i])
  if (known === null) throw new Unreadable(`argument ${i + 1} is not a known flag`)
  return known
}

export const textAt = (call: OpCall, i: number, missing: string): string => (absent(call, i) ? missing : (stringIn(call.args[i]) ?? missing))

export const unary = (call: OpCall, fn: UnaryFunction, x: TensorValue, parameters?: readonly number[]): TensorValue =>
  emit(call, { kind: "unary", fn, ...(parameters === undefined ? {} : { parameters }) }, [x])
export const binary = (call: OpCall, fn: BinaryFunction, a: TensorValue, b: TensorValue): TensorValue => emit(call, { kind: "binary", fn }, [a, b])
