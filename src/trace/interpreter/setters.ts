/**
 * @file Variables of a file, and fields of its objects, that its functions assign, by syntax alone: `let mode = 0; function setMode(m) { mode = m }`.
 * Where such a function has not run, a forward pass reads the first value, which the report has to say.
 */
import type * as TypeScript from "typescript"
import { assume } from "../context"
import type { Context } from "../context"
import type { ObjectValue, Scope, Value } from "../value"
import { withoutCasts } from "../trainers"

/** Says that a variable of the file keeps the value that the forward pass found, if a function that has not run assigns it. */
export function assumeKept(context: Context, scope: Scope, name: string, value: Value): void {
  if (value.kind !== "primitive" || context.state.forward === 0) return
  let top = scope
  for (; top.parent !== null; top = top.parent) if (top.names.has(name)) return
  const setters = settersIn(context, top.frame.module).variables.get(name) ?? []
  if (setters.some((fn) => !context.state.entered.has(fn))) assume(context, `the variable '${name}' keeps its first value, ${String(value.value)}`)
}

/** Whether a function of its file that has not run assigns a field of an object that a variable of the file holds. */
export function isSetFromOutside(context: Context, object: ObjectValue, key: string): boolean {
  for (const [file, scope] of context.state.scopes) {
    const { fields } = settersIn(context, file)
    for (const setters of [fields.get(key), fields.get(anyField)])
      if (setters?.some(({ root, fn }) => scope.names.get(root) === object && !context.state.entered.has(fn)) === true) return true
  }
  return false
}

interface FieldSetter {
  /** The variable of the file whose field it is. */
  readonly root: string
  readonly fn: TypeScript.Node
}

/** The functions that assign names which neither they nor functions around them declare, and fields of what such names hold. */
interface Setters {
  readonly variables: ReadonlyMap<string, readonly TypeScript.Node[]>
  readonly fields: ReadonlyMap<string, readonly FieldSetter[]>
}

/** For `o[key] = …` and `Object.assign(o, …)`. */
const anyField = "*"
const known = new WeakMap<TypeScript.SourceFile, Setters>()

function settersIn(context: Context, file: TypeScript.SourceFile): Setters {
  const { ts } = context, found = known.get(file)
  if (found !== undefined) return found
  const variables = new Map<string, TypeScript.Node[]>(), fields = new Map<string, FieldSetter[]>()
  const put = <T>(into: Map<string, T[]>, key: string, item: T): void => void into.set(key, [...(into.get(key) ?? []), item])
  const visit = (node: TypeScript.Node, functions: readonly { readonly node: TypeScript.Node; readonly own: ReadonlySet<string> }[]): void => {
    if (functions.length > 0) {
      const fn = functions[functions.length - 1].node, isOwn = (name: string): boolean => functions.some(({ own }) => own.has(name))
      for (const target of assignedBy(ts, node)) {
        if (ts.isIdentifier(target)) {
          if (isOwn(target.text)) continue
          if (ts.isCallExpression(node)) put(fields, anyField, { root: target.text, fn })
          else put(variables, target.text, fn)
          continue
        }
        const field = fieldOf(ts, target)
        if (field !== null && !isOwn(field.root)) put(fields, field.key, { root: field.root, fn })
      }
    }
    const inside = ts.isFunctionLike(node) ? [...functions, { node, own: declaredIn(context, node) }] : functions
    ts.forEachChild(node, (child) => visit(child, inside))
  }
  visit(file, [])
  const setters = { variables, fields }
  known.set(file, setters)
  return setters
}

/** What a piece of code assigns: `a = e`, `a++`, `[a, b.c] = e`, `({ a, b: c } = e)`, `for (a of e)`, `Object.assign(a, e)`. */
export function assignedBy(ts: typeof TypeScript, node: TypeScript.Node): readonly TypeScript.Node[] {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? targetsIn(ts, node.left) : []
  }
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const isStep = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
    return isStep ? targetsIn(ts, node.operand) : []
  }
  if (ts.isForOfStatement(node) || ts.isForInStatement(node))
    return ts.isVariableDeclarationList(node.initializer) ? [] : targetsIn(ts, node.initializer)
  const isAssign = ts.isCallExpression(node) && /^Object\s*\.\s*assign$/.test(node.expression.getText())
  return isAssign && node.arguments.length > 1 ? node.arguments.slice(0, 1) : []
}

/** The names and fields that a pattern on the left assigns; its defaults are none. */
function targetsIn(ts: typeof TypeScript, left: TypeScript.Node): readonly TypeScript.Node[] {
  if (ts.isParenthesizedExpression(left) || ts.isNonNullExpression(left) || ts.isAsExpression(left) || ts.isSpreadElement(left))
    return targetsIn(ts, left.expression)
  if (ts.isBinaryExpression(left)) return targetsIn(ts, left.left)
  if (ts.isArrayLiteralExpression(left)) return left.elements.flatMap((item) => targetsIn(ts, item))
  if (!ts.isObjectLiteralExpression(left)) return [left]
  return left.properties.flatMap((property) => {
    if (ts.isShorthandPropertyAssignment(property)) return [property.name]
    if (ts.isPropertyAssignment(property)) return targetsIn(ts, property.initializer)
    return ts.isSpreadAssignment(property) ? targetsIn(ts, property.expression) : []
  })
}

/** The variable and the field of `a.b` and `a["b"]`; any field of it for `a[i]`, and for what Object.assign fills. */
function fieldOf(ts: typeof TypeScript, target: TypeScript.Node): { readonly root: string; readonly key: string } | null {
  if (!ts.isPropertyAccessExpression(target) && !ts.isElementAccessExpression(target)) return null
  const root = withoutCasts(ts, target.expression)
  if (!ts.isIdentifier(root)) return null
  if (ts.isPropertyAccessExpression(target)) return { root: root.text, key: target.name.text }
  const { argumentExpression: key } = target
  return { root: root.text, key: ts.isStringLiteralLike(key) ? key.text : anyField }
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
