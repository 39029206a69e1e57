/**
 * @file Variables of a file that its functions assign, by syntax alone: `let mode = 0; function setMode(m) { mode = m }`. Where such a function has
 * not run, a forward pass reads the variable's first value, which the report has to say.
 */
import type * as TypeScript from "typescript"
import { assume } from "../context"
import type { Context } from "../context"
import type { Scope, Value } from "../value"

/** Says that a variable of the file keeps the value that the forward pass found, if a function that has not run assigns it. */
export function assumeKept(context: Context, scope: Scope, name: string, value: Value): void {
  if (value.kind !== "primitive" || context.state.forward === 0) return
  let top = scope
  for (; top.parent !== null; top = top.parent) if (top.names.has(name)) return
  const setters = settersIn(context, top.frame.module).get(name) ?? []
  if (setters.some((fn) => !context.state.entered.has(fn))) assume(context, `the variable '${name}' keeps its first value, ${String(value.value)}`)
}

const known = new WeakMap<TypeScript.SourceFile, ReadonlyMap<string, readonly TypeScript.Node[]>>()

/** The functions that assign names which neither they nor functions around them declare. */
function settersIn(context: Context, file: TypeScript.SourceFile): ReadonlyMap<string, readonly TypeScript.Node[]> {
  const { ts } = context
  let found = known.get(file)
  if (found !== undefined) return found
  const setters = new Map<string, TypeScript.Node[]>()
  const isAssignment = (kind: TypeScript.SyntaxKind): boolean =>
    kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
  const isStep = (kind: TypeScript.SyntaxKind): boolean => kind === ts.SyntaxKind.PlusPlusToken || kind === ts.SyntaxKind.MinusMinusToken
  const assigned = (node: TypeScript.Node): TypeScript.Node | null => {
    if (ts.isBinaryExpression(node)) return isAssignment(node.operatorToken.kind) ? node.left : null
    return (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator) ? node.operand : null
  }
  const visit = (node: TypeScript.Node, functions: readonly { readonly node: TypeScript.Node; readonly own: ReadonlySet<string> }[]): void => {
    const target = functions.length === 0 ? null : assigned(node)
    if (target !== null && ts.isIdentifier(target) && !functions.some(({ own }) => own.has(target.text))) {
      setters.set(target.text, [...(setters.get(target.text) ?? []), functions[functions.length - 1].node])
    }
    const inside = ts.isFunctionLike(node) ? [...functions, { node, own: declaredIn(context, node) }] : functions
    ts.forEachChild(node, (child) => visit(child, inside))
  }
  visit(file, [])
  found = setters
  known.set(file, found)
  return found
}

/** Names of parameters and of whatever is declared in a function, those of functions inside it apart. */
function declaredIn({ ts }: Context, fn: TypeScript.Node): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (node: TypeScript.Node): void => {
    const isDeclared = ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isFunctionDeclaration(node)
    if (isDeclared && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text)
    if (node === fn || !ts.isFunctionLike(node)) ts.forEachChild(node, visit)
  }
  visit(fn)
  return names
}
