/**
 * @file Whether a call of tf.losses is all that is trained: a loss that says nothing of a shift of all classes says so only while nothing else is
 * added to it, and while what it is given is the network's output. Syntax only; what is not plainly so is not taken for it.
 */
import type * as TypeScript from "typescript"
import { spellingsOf } from "../source/nodes"

/** What leaves a loss as it is, up to a factor and a mean. */
const harmlessMethods: ReadonlySet<string> = new Set(["mean", "sum", "asScalar", "squeeze", "toFloat"])
const scalings: ReadonlySet<string> = new Set(["mul", "div"])
const differentiators: readonly string[] = ["minimize", "variableGrads", "computeGradients", "valueAndGrads", "valueAndGrad", "grad", "grads"]
const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])
const maximumDepth = 4

/**
 * True where the call's value is what a training step minimizes, or what a function returns that nobody of the file calls, and where what it is given
 * is the output of the model of these names.
 */
export function isWholeLoss(ts: typeof TypeScript, call: TypeScript.CallExpression, names: ReadonlySet<string>): boolean {
  return call.arguments.length === 2 && isOutput(ts, call.arguments[1], names, 0) && isMinimized(ts, call, 0)
}

/** A call of the model, a constant that holds one, or a parameter that every call of the function gives one: no arithmetic of tensors. */
function isOutput(ts: typeof TypeScript, written: TypeScript.Expression, names: ReadonlySet<string>, depth: number): boolean {
  if (depth > maximumDepth) return false
  const node = bare(ts, written)
  if (ts.isIdentifier(node)) {
    const declared = declarationOf(ts, node)
    if (declared === null) return false
    if (ts.isParameter(declared)) return isGivenOutput(ts, declared, names, depth)
    const isConstant = (declared.parent.flags & ts.NodeFlags.Const) !== 0
    return isConstant && declared.initializer !== undefined && isOutput(ts, declared.initializer, names, depth + 1)
  }
  if (!ts.isCallExpression(node)) return false
  const callee = bare(ts, node.expression)
  if (ts.isIdentifier(callee)) return names.has(callee.text)
  if (!ts.isPropertyAccessExpression(callee) || !forwardNames.has(callee.name.text)) return false
  const owner = bare(ts, callee.expression)
  if (owner.kind === ts.SyntaxKind.ThisKeyword) return names.has(ts.findAncestor(owner, ts.isClassLike)?.name?.text ?? "")
  if (ts.isIdentifier(owner)) return names.has(owner.text)
  return ts.isPropertyAccessExpression(owner) && names.has(owner.name.text.replace(/^#/, ""))
}

/** Whether every call of the function that has this parameter gives it the output. */
function isGivenOutput(ts: typeof TypeScript, parameter: TypeScript.ParameterDeclaration, names: ReadonlySet<string>, depth: number): boolean {
  const fn = parameter.parent, index = fn.parameters.indexOf(parameter), name = nameOf(ts, fn)
  const uses = name === undefined ? [] : callsOf(ts, name)
  return uses.length > 0 && uses.every((use) =>
    ts.isCallExpression(use) && use.arguments.length > index && isOutput(ts, use.arguments[index], names, depth + 1))
}

/** Follows a value to where it goes: through means and factors, constants, returns and calls, to what is differentiated. */
function isMinimized(ts: typeof TypeScript, node: TypeScript.Expression, depth: number): boolean {
  if (depth > maximumDepth) return false
  const { parent } = node
  if (isWrapper(ts, parent)) return isMinimized(ts, parent, depth)
  if (ts.isPropertyAccessExpression(parent)) {
    if (!ts.isCallExpression(parent.parent) || parent.parent.expression !== parent) return false
    const factors = parent.parent.arguments
    const passes = harmlessMethods.has(parent.name.text)
      ? factors.length === 0
      : scalings.has(parent.name.text) && factors.every((factor) => ts.isNumericLiteral(factor))
    return passes && isMinimized(ts, parent.parent, depth)
  }
  if (ts.isCallExpression(parent)) return parent.arguments.length === 1 && isCallOf(ts, parent, ["mean", "sum"]) && isMinimized(ts, parent, depth)
  if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) && (parent.parent.flags & ts.NodeFlags.Const) !== 0) {
    return usesOf(ts, parent.name).some((use) => isMinimized(ts, use, depth + 1))
  }
  if (ts.isArrowFunction(parent)) return isTrained(ts, parent, depth)
  if (!ts.isReturnStatement(parent)) return false
  const around = ts.findAncestor(parent, ts.isFunctionLike)
  return around !== undefined && returnsOf(ts, around) === 1 && isTrained(ts, around, depth)
}

/** Whether a function's value is what is minimized: it is handed to a differentiator, or every call of it is. */
function isTrained(ts: typeof TypeScript, fn: TypeScript.Node, depth: number): boolean {
  let at: TypeScript.Node = fn
  while (isWrapper(ts, at.parent)) at = at.parent
  const { parent } = at
  if (ts.isCallExpression(parent)) {
    if (isCallOf(ts, parent, ["tidy"])) return isMinimized(ts, parent, depth)
    return isCallOf(ts, parent, differentiators)
  }
  const named = nameOf(ts, fn)
  if (named === undefined) return false
  const calls = callsOf(ts, named)
  return calls.every((use) => (ts.isCallExpression(use) ? isMinimized(ts, use, depth + 1) : isTrainedReference(ts, use)))
}

/** `minimize(loss)`: the function itself is handed over. */
const isTrainedReference = (ts: typeof TypeScript, use: TypeScript.Node): boolean =>
  ts.isCallExpression(use.parent) && use.parent.arguments.some((argument) => argument === use) && isCallOf(ts, use.parent, differentiators)

/** Calls of a function or method of the file by its name, and the other places that mention it. */
function callsOf(ts: typeof TypeScript, name: TypeScript.Node): readonly TypeScript.Node[] {
  const others = (spellingsOf(ts, name.getSourceFile()).get(name.getText()) ?? []).filter((node) => node !== name)
  return others.map((node) => {
    const access = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node ? node.parent : node
    return ts.isCallExpression(access.parent) && access.parent.expression === access ? access.parent : access
  })
}

/** Mentions of a constant in the block it is declared in. */
function usesOf(ts: typeof TypeScript, name: TypeScript.Identifier): readonly TypeScript.Identifier[] {
  const found: TypeScript.Identifier[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isIdentifier(node) && node !== name && node.text === name.text) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(ts.findAncestor(name, (node) => ts.isBlock(node) || ts.isSourceFile(node)) ?? name)
  return found
}

/** What a name stands for: a variable of the blocks around it or a parameter; null for anything else. */
function declarationOf(ts: typeof TypeScript, name: TypeScript.Identifier): TypeScript.VariableDeclaration | TypeScript.ParameterDeclaration | null {
  for (let at: TypeScript.Node | undefined = name.parent; at !== undefined; at = at.parent) {
    const own = ts.isFunctionLike(at) ? at.parameters.find((p) => p.name.getText() === name.text) : undefined
    if (own !== undefined) return ts.isParameter(own) ? own : null
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue
    for (const statement of at.statements) {
      if (!ts.isVariableStatement(statement)) continue
      const found = statement.declarationList.declarations.find((d) => ts.isIdentifier(d.name) && d.name.text === name.text)
      if (found !== undefined) return found
    }
  }
  return null
}

/** What a function is called by: its own name, or that of what it is stored in. */
function nameOf(ts: typeof TypeScript, fn: TypeScript.Node): TypeScript.Node | undefined {
  if (ts.isFunctionDeclaration(fn) || ts.isMethodDeclaration(fn)) return fn.name
  let at = fn
  while (isWrapper(ts, at.parent)) at = at.parent
  return ts.isVariableDeclaration(at.parent) || ts.isPropertyDeclaration(at.parent) ? at.parent.name : undefined
}

function returnsOf(ts: typeof TypeScript, fn: TypeScript.Node): number {
  let count = 0
  const visit = (node: TypeScript.Node): void => {
    if (ts.isReturnStatement(node)) count++
    if (node === fn || !ts.isFunctionLike(node)) ts.forEachChild(node, visit)
  }
  visit(fn)
  return count
}

const isCallOf = (ts: typeof TypeScript, { expression }: TypeScript.CallExpression, names: readonly string[]): boolean =>
  names.includes(ts.isPropertyAccessExpression(expression) ? expression.name.text : ts.isIdentifier(expression) ? expression.text : "")

const isWrapper = (ts: typeof TypeScript, node: TypeScript.Node): node is TypeScript.Expression =>
  ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isSatisfiesExpression(node)

function bare(ts: typeof TypeScript, node: TypeScript.Expression): TypeScript.Expression {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isSatisfiesExpression(node)
    ? bare(ts, node.expression)
    : node
}
