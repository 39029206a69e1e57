/** @file What the result of a call that nobody knows is called, so that a size taken from it has a name that the source explains. */
import type { UnknownValue, Value } from "../value"
import { isTensorOnly } from "../ops/table"

/** Methods whose result is called like the list they are called on. */
const partOf = new Set(["slice", "concat", "reverse", "flat", "filter", "sort", "toReversed", "toSorted"])

/** `getUnits()` gives units, `sizes.slice(1)` sizes; null where the name says nothing. */
export function nameOfResult(callee: UnknownValue, self: Value): string | null {
  const own = callee.name !== null && partOf.has(callee.name) && self.kind === "unknown" ? self.name : callee.name
  if (own === null || isTensorOnly(own)) return null
  return own.replace(/^(?:get|load|read|compute|calc(?:ulate)?|find)(?=[A-Z])/, "").replace(/^[A-Z]/, (c) => c.toLowerCase())
}
