/**
 * @file Layers, models and functions that the caller of a definition hands in: `config.experts[i].apply(x)`. No source here says what they
 * compute, so they are any function of what they are applied to, which the report states and no law passes.
 */
import type * as TypeScript from "typescript"
import type { Op } from "../../graph/op"
import type { UnknownValue, Value } from "../value"
import { assume, freshSymbol, type Context } from "../context"
import { givenUnknown, tensorsIn } from "../value"
import { makeTensor, shapeOf } from "../tensor"

/** What applying a part that is handed in gives; null where the call is no such application. */
export function callGiven(context: Context, callee: UnknownValue, self: Value, args: readonly Value[], at: TypeScript.Node): Value | null {
  if (callee.given !== true) return null
  const isMember = self.kind === "unknown", part = isMember ? self : callee
  // Other members of something that is handed in are helpers: a tokenizer's `encode`, an optimizer's `minimize`.
  if (part.given !== true || part.name === null || (isMember && !applies.has(callee.name ?? ""))) return null
  const [first] = args
  const applied = first?.kind === "array" ? first.items : first === undefined ? [] : [first]
  const [x] = applied
  if (x?.kind !== "tensor" || applied.some(({ kind }) => kind !== "tensor")) return null
  const name = part.name, reason = `'${name}' is handed in: what it computes is not in this source`
  assume(context, `${reason}, and no law is claimed through it`)
  const own = shapeOf(context, x), read = tensorsIn([...args, callee, self])
  // Images become features or other images: what reads the result tells its axes.
  if (own.length > 3) return givenUnknown(reason, null, read)
  const shape = own.length < 2 ? own : [...own.slice(0, -1), freshSymbol(context, `${name}.features`)]
  const op: Op = { kind: "opaque", what: name, reason, said: true }
  return makeTensor(context, op, read, { at, label: name }, shape)
}

const applies: ReadonlySet<string> = new Set(["apply", "call", "forward", "predict"])
