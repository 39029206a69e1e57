/**
 * @file The function behind a node of the source as a value: as it was last made where the code around it was followed, else with names that stand
 * for what nobody knows.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { FunctionValue, Scope, Value } from "../value"
import { childScope } from "../context"
import { givenUnknown, undefinedValue } from "../value"
import { lookup } from "../interpreter/patterns"
import { withoutCasts } from "../trainers"

/** Null where the node names no function of the file. */
export function functionOf(context: Context, node: TypeScript.Node): FunctionValue | null {
  const { ts, state } = context
  const plain = ts.isExpression(node) ? withoutCasts(ts, node) : node
  if (ts.isIdentifier(plain)) {
    const value = lookup(scopeAt(context, plain), plain.text)
    return value?.kind === "function" ? value : null
  }
  if (!ts.isFunctionLike(plain)) return null
  return state.closures.get(plain) ?? { kind: "function", node: plain, scope: scopeAt(context, plain), home: null, fields: new Map() }
}

/** The names around a place: those of the functions around it as they were last followed, or unknown ones. */
function scopeAt(context: Context, node: TypeScript.Node): Scope {
  const { ts, state } = context
  const around = ts.findAncestor(node.parent, (at) => ts.isFunctionLike(at) && !ts.isConstructorDeclaration(at)) as FunctionValue["node"] | undefined
  if (around === undefined) return blockScopes(context, node, context.moduleScope(context, node.getSourceFile()))
  const sibling = [...state.closures.values()].find((fn) => fn.node !== node && nearest(ts, fn.node) === around)
  if (sibling !== undefined && !ts.isMethodDeclaration(around)) return blockScopes(context, node, sibling.scope)
  const outer = state.closures.get(around)?.scope ?? scopeAt(context, around)
  const type = ts.isClassLike(around.parent) ? around.parent : undefined
  const instance = type === undefined ? undefined : state.instances.find((made) => made.type?.node === type)
  const self: Value = instance ?? (type === undefined ? outer.frame.self : givenUnknown("the instance is not known", type.name?.text ?? "this"))
  const own = { self, home: instance?.type ?? null, pending: [], yields: null, module: outer.frame.module }
  const frame = ts.isArrowFunction(around) ? outer.frame : own
  const scope = childScope(outer, frame)
  const stand = (name: string): void => void scope.names.set(name, givenUnknown(`'${name}' is not known`, name))
  const bind = (name: TypeScript.BindingName): void => {
    if (ts.isIdentifier(name)) return stand(name.text)
    for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name)
  }
  around.parameters.forEach((parameter) => bind(parameter.name))
  return blockScopes(context, node, scope, around)
}

const nearest = (ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node | undefined => ts.findAncestor(node.parent, ts.isFunctionLike)

/** Adds what the blocks between a place and the function around it declare: functions are themselves, everything else is unknown. */
function blockScopes(context: Context, node: TypeScript.Node, outer: Scope, around?: TypeScript.Node): Scope {
  const { ts } = context, scope = childScope(outer)
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined && at !== around; at = at.parent) {
    if (ts.isForOfStatement(at) || ts.isForStatement(at) || ts.isForInStatement(at)) declareList(context, at.initializer, scope)
    if (!ts.isBlock(at)) continue
    for (const statement of at.statements) {
      if (ts.isVariableStatement(statement)) declareList(context, statement.declarationList, scope)
      if (ts.isFunctionDeclaration(statement) && statement.name !== undefined && lookup(scope, statement.name.text)?.kind !== "function")
        scope.names.set(statement.name.text, { kind: "function", node: statement, scope, home: null, fields: new Map() })
    }
  }
  return scope
}

function declareList(context: Context, list: TypeScript.Node | undefined, scope: Scope): void {
  const { ts } = context
  if (list === undefined || !ts.isVariableDeclarationList(list)) return
  const declare = (name: TypeScript.BindingName, initializer: TypeScript.Expression | undefined): void => {
    if (!ts.isIdentifier(name)) {
      for (const element of name.elements) if (ts.isBindingElement(element)) declare(element.name, undefined)
      return
    }
    const known = lookup(scope, name.text)
    // What was followed knows more.
    if (known !== undefined && known !== undefinedValue && known.kind !== "unknown") return
    const plain = initializer === undefined ? undefined : withoutCasts(ts, initializer)
    const isFunction = plain !== undefined && (ts.isArrowFunction(plain) || ts.isFunctionExpression(plain))
    scope.names.set(name.text, isFunction
      ? { kind: "function", node: plain, scope, home: null, fields: new Map() }
      : givenUnknown(`'${name.text}' is not known`, name.text))
  }
  for (const { name, initializer } of list.declarations) declare(name, initializer)
}
