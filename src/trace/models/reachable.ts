/** @file What a network is made of: everything behind its outputs. */
import type { Earlier } from "./earlier"
import type { TensorValue } from "../value"

/** What tensors are computed from, as far as the leaves; `of`: with these or without. */
export function reachableFrom(
  outputs: readonly TensorValue[], leaves: Earlier = new Map(), of: "all" | "inner" = "all",
): ReadonlySet<TensorValue> {
  const seen = new Set<TensorValue>(),
    stack = [...outputs]
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    if (t.source.kind === "op" && !leaves.has(t)) stack.push(...t.source.operands)
  }
  if (of === "inner") leaves.forEach((_, leaf) => seen.delete(leaf))
  return seen
}
