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

/** What a function returns. */
export function resultsOf(ts: typeof TypeScript, fn: TypeScript.Node): readonly TypeScript.Node[] {
  const body = "body" in fn ? (fn.body as TypeScript.Node | undefined) : undefined
  if (body === undefined) return []
  if (!ts.isBlock(body)) return [body]
  const found: TypeScript.Node[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  visit(body)
  return found
}
