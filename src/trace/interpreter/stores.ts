/** @file Stores under a key or index nobody knows: any item may be the new one afterwards, and how many there are is open. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Value } from "../value"
import { overlay } from "./globals"
import { joinValues } from "./fork"
import { touch, write } from "../context"
import { tensorsIn, unknown } from "../value"

/** `list[i] = value` and `table[key] = value`, where the place is not known. */
export function storeSomewhere(context: Context, object: Value, value: Value, at: TypeScript.Node): void {
  const text = "where something is stored"
  if (object.kind === "array") {
    touch(context, object.items)
    if (object.items.length === 0) object.items.push(value)
    else object.items.forEach((item, i) => (object.items[i] = joinValues(context, item, value, text, at)))
    context.state.uncounted.set(object.items, unknown("a count of unknown data", "length"))
  } else if (object.kind === "object" && object.type === null) {
    // A record of settings keeps them, which is said; tensors may be any of those stored.
    if (tensorsIn([value]).length > 0)
      for (const [key, held] of object.fields)
        if (tensorsIn([held]).length > 0) write(context, object.fields, key, joinValues(context, held, value, text, at))
    touch(context, object.fields)
    const rest = object.fields.get("\u0000rest")
    overlay(context, object.fields, unknown("an entry under an unknown key", null, rest === undefined ? [value] : [rest, value]))
  }
}
