/**
 * @file All tfjs ops the tracer reads, by name, for `tf.op(x)` and `x.op()` alike; a call that cannot be read gives an unknown value with its
 * reason.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { OpEmitter } from "./call"
import type { Value } from "../value"
import { ShapeError } from "../../graph/shape"
import { Unreadable, callee, isControl, note, siteAt } from "../context"
import { createOps } from "./create"
import { fusedOps } from "./fused"
import { imageOps } from "./image"
import { scatterOps } from "./scatter"
import { elementwiseOps } from "./elementwise"
import { linearOps } from "./linear"
import { reduceOps } from "./reduce"
import { shapeOps } from "./shape"
import { signalOps } from "./signal"
import { unreadOps } from "./unread"
import { arrayOf, tensorsIn, undefinedValue, unknown } from "../value"

export const ops: Readonly<Record<string, OpEmitter>> = {
  ...createOps,
  ...elementwiseOps,
  ...linearOps,
  ...reduceOps,
  ...shapeOps,
  ...scatterOps,
  ...imageOps,
  ...fusedOps,
  ...signalOps,
}

/** Ops with a chained form under another name. */
const aliases: Readonly<Record<string, string>> = {
  batchNormalization: "batchNorm",
  bandPart: "linalg.bandPart",
  asType: "cast",
  resizeBilinear: "image.resizeBilinear",
  resizeNearestNeighbor: "image.resizeNearestNeighbor",
}

/** Arguments of `x.op(…)` in the order of `tf.op(…)`, where x does not come first. */
export function chainedArguments(name: string, x: Value, args: readonly Value[]): readonly Value[] {
  switch (name) {
    // x.where(condition, other) picks x where the condition holds.
    case "where":
      return [args[0] ?? undefinedValue, x, ...args.slice(1)]
    case "stack":
      return [arrayOf([x, ...(args[0]?.kind === "array" ? args[0].items : args.slice(0, 1))]), ...args.slice(1)]
    default:
      return [x, ...args]
  }
}

/** Own keys only: `constructor` and its kin are no ops. */
export function findOp(name: string): OpEmitter | null {
  const key = Object.hasOwn(aliases, name) ? aliases[name] : name
  return Object.hasOwn(ops, key) ? ops[key] : null
}

/** Whether only tensors have a member of that name. */
export const isTensorOnly = (key: string): boolean => key === "shape" || (findOp(key) !== null && !generic.has(key))

/** Op names that lists and strings have as well: reading one does not make something a tensor. */
const generic = new Set(["slice", "concat", "reverse", "split", "fill", "any", "all", "tensor", "range"])

/** Calls an op; what it cannot read is noted and becomes an unknown value that depends on the tensors it was given. */
export function callOp(context: Context, name: string, args: readonly Value[], at: TypeScript.Node): Value {
  const emitter = findOp(name), known = context.state.loss?.callOp(name, args, at)
  if (known !== null && known !== undefined) return known
  if (emitter === null) {
    const why = Object.hasOwn(unreadOps, name) ? `tf.${name} is not supported: ${unreadOps[name]}` : `tf.${name} is not supported`
    if (tensorsIn(args).length > 0) note(context, why, at)
    return unknown(why, null, args)
  }
  try {
    const result = emitter({ context, name, args, at })
    const made = tensorsIn([result])
    if (made.length > 0) {
      const site = siteAt(context, name === "variable" ? "weight" : "op", callee(context, at), name)
      if (name !== "variable") made.forEach((tensor) => site.tensors.add(tensor))
    }
    return result
  } catch (error) {
    if (isControl(error) || !(error instanceof Error)) throw error
    const message = error instanceof Unreadable || error instanceof ShapeError ? plainText(error.message) : "its arguments cannot be read"
    const given = args.find((arg) => arg.kind === "unknown")
    // Something unknown was passed on: it has been noted where it came from.
    if (given === undefined || error instanceof ShapeError) note(context, `tf.${name}: ${message}`, at)
    return unknown(given === undefined || error instanceof ShapeError ? `tf.${name}: ${message}` : given.why, null, args)
  }
}

/** A message without the numbers that symbols carry inside; of two symbols of one name the second becomes "batch_2". */
export function plainText(message: string): string {
  const met = new Map<string, string[]>()
  return message.replace(/([\w$.]*)\u00b7(\d+)/g, (_, name: string, serial: string) => {
    const serials = met.get(name) ?? []
    met.set(name, serials)
    if (!serials.includes(serial)) serials.push(serial)
    const n = serials.indexOf(serial) + 1
    return n === 1 ? name : `${name}_${n}`
  })
}
