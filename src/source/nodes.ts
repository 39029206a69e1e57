/**
 * @file Questions that are asked of syntax everywhere: all nodes and names of a file, the last name of an expression, whether one piece of code
 * stands in another, what a function returns.
 */
import type * as TypeScript from "typescript"

const listed = new WeakMap<TypeScript.SourceFile, readonly TypeScript.Node[]>()

/** Every node of a file in the order of the source, a node before its parts. Most questions about a file ask for all of them: walked once. */
export function nodesOf(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly TypeScript.Node[] {
  const known = listed.get(file)
  if (known !== undefined) return known
  const found: TypeScript.Node[] = []
  const visit = (node: TypeScript.Node): void => {
    found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  listed.set(file, found)
  return found
}

type Names = ReadonlyMap<string, readonly TypeScript.MemberName[]>

const named = new WeakMap<TypeScript.SourceFile, Names>()

/** Every place of a file that spells a name, a private one with its `#`, in the order of the source. */
export function spellingsOf(ts: typeof TypeScript, file: TypeScript.SourceFile): Names {
  const known = named.get(file)
  if (known !== undefined) return known
  const found = new Map<string, TypeScript.MemberName[]>()
  for (const node of nodesOf(ts, file)) {
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) continue
    const list = found.get(node.text)
    if (list === undefined) found.set(node.text, [node])
    else list.push(node)
  }
  named.set(file, found)
  return found
}

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
