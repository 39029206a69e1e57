/**
 * @file Tables that code fills number by number: tf.buffer, and loops over sizes nobody states that only fill tables. Such a loop goes round once
 * with counters nobody knows, so that the sizes stay what they are called.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Scope, TensorValue, Value } from "../value"
import { makeTensor, shapeArgument } from "../tensor"
import { native, objectOf, tensorsIn, undefinedValue, unknown } from "../value"

/** tf.buffer(shape): what is set in it is not followed; a table of tensors' values depends on those tensors. */
export function createBuffer(context: Context, args: readonly Value[], at: TypeScript.Node): Value {
  const held = new Set<TensorValue>(tensorsIn(args.slice(2)))
  const toTensor = (): Value => {
    const sizes = shapeArgument(context, args[0])
    const read = { kind: "opaque", what: "tf.buffer", reason: "values read out of a tensor" } as const
    if (held.size > 0) return makeTensor(context, read, [...held], { at }, sizes)
    return makeTensor(context, { kind: "constant", value: { kind: "unknown", why: "a table that code fills" } }, [], { at }, sizes)
  }
  return objectOf([
    ["set", native("set", (given) => (tensorsIn(given).forEach((t) => held.add(t)), undefinedValue))],
    ["get", native("get", () => unknown("a number of a table", "number", [...held]))],
    ["toTensor", native("toTensor", toTensor)],
    ["shape", args[0] ?? undefinedValue],
    ["values", unknown("the numbers of a table", null, [...held])],
  ])
}

/**
 * Whether the body of a loop only fills tables: it declares names of its own, computes with Math, and stores by `set` or an index. Other calls and
 * assignments make it something else, and so does `push`: a list of widths decides how many layers there are.
 */
export function onlyFillsTables(ts: typeof TypeScript, loop: TypeScript.ForStatement): boolean {
  let stores = 0
  const fits = (node: TypeScript.Node): boolean => {
    if (ts.isNewExpression(node) || ts.isReturnStatement(node) || ts.isAwaitExpression(node) || ts.isFunctionLike(node)) return false
    if (ts.isCallExpression(node)) {
      const callee = node.expression
      if (!ts.isPropertyAccessExpression(callee)) return false
      const isStore = callee.name.text === "set" && ts.isIdentifier(callee.expression)
      if (isStore) stores++
      else if (callee.expression.getText() !== "Math") return false
    }
    if (ts.isBinaryExpression(node) && isAssignment(ts, node.operatorToken.kind)) {
      if (!ts.isElementAccessExpression(node.left)) return false
      stores++
    }
    const counts = ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)
    const isCounter = counts && /^(\+\+|--)/.test(ts.tokenToString(node.operator) ?? "")
    if (isCounter && !(ts.isForStatement(node.parent) && node.parent.incrementor === node)) return false
    if (ts.isForStatement(node)) return fits(node.statement)
    return ts.forEachChild(node, (child) => (fits(child) ? undefined : true)) !== true
  }
  return loop.initializer !== undefined && ts.isVariableDeclarationList(loop.initializer) && fits(loop.statement) && stores > 0
}

const isAssignment = (ts: typeof TypeScript, kind: TypeScript.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment

/** The counters of a loop, whatever round it is. */
export function forgetCounters(scope: Scope): void {
  for (const name of scope.names.keys()) scope.names.set(name, unknown("the counter of a loop", "number"))
}
