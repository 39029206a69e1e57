/**
 * @file Whether a call of tf.losses is all that is trained: a loss that says nothing of a shift of all classes says so only while nothing else is
 * added to it, and while what it is given is the network's output. Syntax only; what is not plainly so is not taken for it.
 */
import type * as TypeScript from "typescript"

/** What leaves a loss as it is, up to a factor and a mean. */
const harmlessMethods: ReadonlySet<string> = new Set(["mean", "sum", "asScalar", "squeeze", "toFloat"])
const scalings: ReadonlySet<string> = new Set(["mul", "div"])
const differentiators: readonly string[] = ["minimize", "variableGrads", "computeGradients", "valueAndGrads", "valueAndGrad", "grad", "grads"]
const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])
const maximumDepth = 4

/** True where the call's value is what a training step minimizes, or what a function returns that nobody of the file calls, of a plain output. */
export function isWholeLoss(ts: typeof TypeScript, call: TypeScript.CallExpression): boolean {
  const prediction = call.arguments[1]
  return call.arguments.length === 2 && isOutput(ts, prediction) && isMinimized(ts, call, 0)
}

/** A call of a network, or a constant that holds one: no arithmetic of tensors. */
function isOutput(ts: typeof TypeScript, written: TypeScript.Expression): boolean {
  const node = bare(ts, written)
  if (ts.isIdentifier(node)) {
    const declared = declarationOf(ts, node)
    // What is handed in may be anything, the output above all.
    return declared === null || declared === "parameter" || (declared.initializer !== undefined && isOutput(ts, declared.initializer))
  }
  if (!ts.isCallExpression(node)) return false
  const callee = bare(ts, node.expression)
  if (ts.isIdentifier(callee)) return true
  return ts.isPropertyAccessExpression(callee) && (forwardNames.has(callee.name.text) || isOwnMethod(ts, callee))
}

/** A method of a class of the file: `net.logits(x)`, not `x.square()`. */
function isOwnMethod(ts: typeof TypeScript, { name }: TypeScript.PropertyAccessExpression): boolean {
  let found = false
  const visit = (node: TypeScript.Node): void => {
    if ((ts.isMethodDeclaration(node) || ts.isPropertyDeclaration(node)) && node.name.getText() === name.text) found = true
    if (!found) ts.forEachChild(node, visit)
  }
  visit(name.getSourceFile())
  return found
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
  const holds = ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) ? parent.name : undefined
  const named = ts.isFunctionDeclaration(fn) || ts.isMethodDeclaration(fn) ? fn.name : holds
  if (named === undefined) return false
  const calls = callsOf(ts, named)
  return calls.every((use) => (ts.isCallExpression(use) ? isMinimized(ts, use, depth + 1) : isTrainedReference(ts, use)))
}

/** `minimize(loss)`: the function itself is handed over. */
const isTrainedReference = (ts: typeof TypeScript, use: TypeScript.Node): boolean =>
  ts.isCallExpression(use.parent) && use.parent.arguments.some((argument) => argument === use) && isCallOf(ts, use.parent, differentiators)

/** Calls of a function or method of the file by its name, and the other places that mention it. */
function callsOf(ts: typeof TypeScript, name: TypeScript.Node): readonly TypeScript.Node[] {
  const found: TypeScript.Node[] = []
  const text = name.getText()
  const visit = (node: TypeScript.Node): void => {
    if (node !== name && (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && node.getText() === text) {
      const access = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node ? node.parent : node
      found.push(ts.isCallExpression(access.parent) && access.parent.expression === access ? access.parent : access)
    }
    ts.forEachChild(node, visit)
  }
  visit(name.getSourceFile())
  return found
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

/** The constant that a name stands for; "parameter" for what is handed in, null for what the blocks around do not declare. */
function declarationOf(ts: typeof TypeScript, name: TypeScript.Identifier): TypeScript.VariableDeclaration | "parameter" | null {
  for (let at: TypeScript.Node | undefined = name.parent; at !== undefined; at = at.parent) {
    if (ts.isFunctionLike(at) && at.parameters.some((p) => p.name.getText() === name.text)) return "parameter"
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue
    for (const statement of at.statements) {
      if (!ts.isVariableStatement(statement)) continue
      const found = statement.declarationList.declarations.find((d) => ts.isIdentifier(d.name) && d.name.text === name.text)
      if (found !== undefined) return found
    }
  }
  return null
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
