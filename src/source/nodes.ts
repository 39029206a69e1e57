/**
 * @file Two questions that are asked of syntax everywhere: the last name of an expression, and whether one piece of code stands in another.
 */
import type * as TypeScript from "typescript"

/** "opt" for `opt`, `this.opt`, `this.#opt!`, `opts.opt` and `lib().opt`; null where it ends in no name. */
export function lastName(ts: typeof TypeScript, node: TypeScript.Expression): string | null {
  if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return lastName(ts, node.expression)
  if (ts.isIdentifier(node)) return node.text
  return ts.isPropertyAccessExpression(node) ? node.name.text.replace(/^#/, "") : null
}

/** Whether `inner` is `outer` or a part of it. */
export const isWithin = (inner: TypeScript.Node, outer: TypeScript.Node): boolean =>
  outer.pos <= inner.pos && inner.end <= outer.end && inner.getSourceFile() === outer.getSourceFile()
