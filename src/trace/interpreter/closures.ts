/**
 * @file Functions made inside functions, kept to be followed at the end: handlers that only a page calls build models, and `const f = x => …`
 * beside its weights is one.
 */
import type * as TypeScript from "typescript"
import type { FunctionValue } from "../value"
import type { Context } from "../context"

/** What such a function has to say to be worth it: it makes weights, layers or models, or computes with tensors. */
export const speaksOfTensors =
  /\b(sequential|model|variable|layers\s*\.\s*\w+|apply|predict|matMul|mul|dot|add|sub|conv\dd|relu|sigmoid|tanh|softmax)\s*\(/i
const matters = new WeakMap<TypeScript.Node, boolean>()

/**
 * Remembers a function that is made inside another one of the analyzed file, or stands alone at its top as the handlers of a page do; the last
 * one made by each place counts.
 */
export function rememberClosure(context: Context, fn: FunctionValue): FunctionValue {
  if (fn.scope.parent === null && !context.ts.isExpressionStatement(fn.node.parent)) return fn
  let known = matters.get(fn.node)
  if (known === undefined) matters.set(fn.node, (known = speaksOfTensors.test(fn.node.getText())))
  if (known && fn.node.getSourceFile() === context.home) context.state.closures.set(fn.node, fn)
  return fn
}
