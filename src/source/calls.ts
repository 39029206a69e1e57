/** @file What several questions about a file ask for, found in one walk over it: its calls, and the names that a piece of code mentions. */
import type * as TypeScript from "typescript"
import { nodesOf } from "./nodes"

const calls = new WeakMap<TypeScript.SourceFile, readonly TypeScript.CallExpression[]>()

/** Every call of a file in the order of the source, a call before those inside it. */
export function callsOf(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly TypeScript.CallExpression[] {
  const known = calls.get(file)
  if (known !== undefined) return known
  const found = nodesOf(ts, file).filter((node) => ts.isCallExpression(node))
  calls.set(file, found)
  return found
}

const names = new WeakMap<TypeScript.Node, readonly string[]>()

/** The identifiers of a piece of code, each once and in the order of the source, with "this" among them where it occurs. */
export function namesIn(ts: typeof TypeScript, root: TypeScript.Node): readonly string[] {
  const known = names.get(root)
  if (known !== undefined) return known
  const found = new Set<string>()
  const visit = (node: TypeScript.Node): void => {
    if (ts.isIdentifier(node)) found.add(node.text)
    else if (node.kind === ts.SyntaxKind.ThisKeyword) found.add("this")
    ts.forEachChild(node, visit)
  }
  visit(root)
  const list = [...found]
  names.set(root, list)
  return list
}
