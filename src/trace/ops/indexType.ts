/**
 * @file Indices of the wrong type: tfjs computes with a JavaScript number in float32, also beside whole numbers, and refuses the result as an index.
 * The graph does not tell the types of numbers, so that what is surely float32 is remembered where it is made; any cast takes it back.
 */
import type { OpCall } from "./call"
import type { TensorValue, Value } from "../value"
import { tellFault } from "../interpreter/faults"

const floats = new WeakMap<TensorValue, string>()
const casts = new WeakSet<TensorValue>()

/** Functions whose result has the wider type of both operands; tf.floorDiv keeps whole numbers. */
const widening: ReadonlySet<string> = new Set(["add", "sub", "mul", "div", "mod", "maximum", "minimum", "squaredDifference"])

const isNumber = (value: Value | undefined): boolean => value?.kind === "dim" || (value?.kind === "primitive" && typeof value.value === "number")

/** Remembers the result of an elementwise function with a plain number. */
export function rememberWidened({ name, args }: OpCall, result: TensorValue): TensorValue {
  if (widening.has(name) && (isNumber(args[0]) || isNumber(args[1]))) floats.set(result, `tf.${name} with a plain number`)
  return result
}

/** Remembers a tensor that tfjs makes of float32 unless told otherwise. */
export function rememberFloat(result: TensorValue, why: string): TensorValue {
  floats.set(result, why)
  return result
}

/** A cast may give back what it was given: of that nothing is known any more. */
export function forgetFloat(result: TensorValue): TensorValue {
  casts.add(result)
  return result
}

/** Notes that `tf.gather` and its kin throw at indices that are surely float32, through operations that only move them. */
export function tellFloatIndices({ context, name, at }: OpCall, indices: TensorValue): void {
  for (let t = indices; !casts.has(t); ) {
    const why = floats.get(t)
    if (why !== undefined) {
      tellFault(context, `the indices of tf.${name} are float32 (${why} gives that), and tfjs takes int32: write .toInt()`, at)
      return
    }
    const { source } = t
    if (source.kind !== "op" || !["reshape", "slice", "transpose", "broadcast", "tile"].includes(source.op.kind)) return
    t = source.operands[0]
  }
}
