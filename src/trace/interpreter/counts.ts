/**
 * @file A list nobody knows, followed for one of its items: what its body fills has an unknown length from then on, and what it counts, in a name or
 * a field, is a number nobody knows.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import { openLevel } from "../context"
import type { Value } from "../value"
import { unknown } from "../value"

/** Runs one round; numbers that the code in `body` changes by what they were are forgotten afterwards. */
export function forOneItem<T>(context: Context, body: TypeScript.Node, run: () => T): T {
  const { state } = context, before = openLevel(context)
  state.assumedItems++
  try {
    return run()
  } finally {
    state.trail.pop()
    state.assumedItems--
    const text = body.getText()
    for (const [container, held] of before) if (container instanceof Map && held instanceof Map) forgetCounts(container, held, text)
  }
}

function forgetCounts(container: Map<unknown, unknown>, before: ReadonlyMap<unknown, unknown>, body: string): void {
  for (const [key, old] of before) {
    const now = container.get(key)
    if (typeof key === "string" && now !== old && isNumber(old) && isNumber(now) && isCounted(key, body))
      container.set(key, unknown("a count of unknown data", key.replace(/^#/, "")))
  }
}

const isNumber = (value: unknown): boolean => {
  const { kind, value: held } = value as Value & { readonly value?: unknown }
  return kind === "dim" || (kind === "primitive" && typeof held === "number")
}

/** Whether code changes a name by what it holds: `n++`, `n += 1`, `n = n + 1`. */
function isCounted(name: string, body: string): boolean {
  const own = `(?<![\\w$])${name.replace(/\$/g, "\\$")}(?![\\w$])`
  return new RegExp(`${own}\\s*(\\+\\+|--|[-+*/%]=)|(\\+\\+|--)\\s*([\\w$]+\\s*\\.\\s*)*${own}|${own}\\s*=(?!=)[^;\\n]*${own}`).test(body)
}
