/**
 * @file Names that a piece of code gives itself: its variables and parameters, and what it takes apart of a network's output. They say nothing of
 * weights that happen to have the same name. By syntax.
 */
import type * as TypeScript from "typescript"
import { lastName } from "../source/nodes"

/**
 * Whether a name in `body` (a function or its body) stands for something declared there, or for a field of what a call gives that `isOutput`
 * takes by its name. A field of anything else may be a weight, and so may what is taken out of anything else by its name.
 */
export function isOwnName(ts: typeof TypeScript, name: TypeScript.Identifier, body: TypeScript.Node, isOutput: (called: string) => boolean): boolean {
  const { parent } = name
  if (ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent)) {
    const key = parent.propertyName ?? parent.name
    return key !== name || givesOutput(ts, declarationAround(ts, parent), isOutput)
  }
  if (ts.isPropertyAccessExpression(parent) && parent.name === name) {
    const of = parent.expression, declared = ts.isIdentifier(of) ? declarationOf(ts, of, body) : null
    return declared !== null && ts.isVariableDeclaration(declared) && givesOutput(ts, declared, isOutput)
  }
  const isKey = (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === name
  return !isKey && declarationOf(ts, name, body) !== null
}

type Declaration = TypeScript.VariableDeclaration | TypeScript.ParameterDeclaration | TypeScript.BindingElement

/** The variable or parameter of `body` that a name means; null where it is none of them. */
function declarationOf(ts: typeof TypeScript, name: TypeScript.Identifier, body: TypeScript.Node): Declaration | null {
  const end = ts.isFunctionLike(body.parent) ? body.parent : body
  for (let at: TypeScript.Node = name; at !== undefined; at = at.parent) {
    for (const list of declaredIn(ts, at)) {
      const found = declared(ts, list, name.text)
      if (found !== null) return found
    }
    if (at === end) return null
  }
  return null
}

/** What a block, a loop or a function declares for the code in it. */
function declaredIn(ts: typeof TypeScript, node: TypeScript.Node): readonly Declaration[] {
  if (ts.isBlock(node)) return node.statements.flatMap((s) => (ts.isVariableStatement(s) ? [...s.declarationList.declarations] : []))
  if (ts.isFunctionLike(node)) return node.parameters.filter((p): p is TypeScript.ParameterDeclaration => ts.isParameter(p))
  const isLoop = ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isForInStatement(node)
  return isLoop && node.initializer !== undefined && ts.isVariableDeclarationList(node.initializer) ? [...node.initializer.declarations] : []
}

function declared(ts: typeof TypeScript, declaration: Declaration, text: string): Declaration | null {
  const { name } = declaration
  if (ts.isIdentifier(name)) return name.text === text ? declaration : null
  for (const element of name.elements) {
    const found = ts.isBindingElement(element) ? declared(ts, element, text) : null
    if (found !== null) return found
  }
  return null
}

/** The declaration whose value a part of a pattern is taken out of. */
function declarationAround(ts: typeof TypeScript, element: TypeScript.BindingElement): TypeScript.Node {
  let at: TypeScript.Node = element
  while (ts.isBindingElement(at) || ts.isObjectBindingPattern(at) || ts.isArrayBindingPattern(at)) at = at.parent
  return at
}

/** Whether a variable is declared with what a call of such a name gives. */
function givesOutput(ts: typeof TypeScript, declaration: TypeScript.Node, isOutput: (called: string) => boolean): boolean {
  const isWrapped = (node: TypeScript.Expression): node is TypeScript.AsExpression =>
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isAwaitExpression(node) || ts.isNonNullExpression(node)
  let value = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined
  while (value !== undefined && isWrapped(value)) value = value.expression
  if (value === undefined || !ts.isCallExpression(value)) return false
  const called = lastName(ts, value.expression)
  return called !== null && isOutput(called)
}

/** Whether a name is declared at the top of its file, and not in a function or a block around it. */
export function isOfFile(ts: typeof TypeScript, name: TypeScript.Identifier): boolean {
  const declares = (declared: TypeScript.BindingName): boolean =>
    ts.isIdentifier(declared) ? declared.text === name.text : declared.elements.some((e) => ts.isBindingElement(e) && declares(e.name))
  for (let at: TypeScript.Node = name; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isFunctionLike(at) && at.parameters.some((p) => declares(p.name as TypeScript.BindingName))) return false
    const list = ts.isForStatement(at) || ts.isForOfStatement(at) || ts.isForInStatement(at) ? at.initializer : undefined
    if (list !== undefined && ts.isVariableDeclarationList(list) && list.declarations.some((d) => declares(d.name))) return false
    const statements = ts.isBlock(at) ? at.statements : []
    if (statements.some((s) => ts.isVariableStatement(s) && s.declarationList.declarations.some((d) => declares(d.name)))) return false
  }
  return true
}
