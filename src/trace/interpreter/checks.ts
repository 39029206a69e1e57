/** @file Checks of an input's type: an input has no type before somebody hands in a tensor, so code that throws for one asks for the other. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Scope } from "../value"
import { assume } from "../context"

/** Whether `node` is `x.dtype !== "…"` for an input; the input is then of that type. */
export function typeOfInputChecked(context: Context, node: TypeScript.Expression, scope: Scope): boolean {
  const { ts } = context
  if (!ts.isBinaryExpression(node) || !/^!==?$/.test(node.operatorToken.getText())) return false
  const { left, right } = node
  if (!ts.isPropertyAccessExpression(left) || left.name.text !== "dtype" || !ts.isStringLiteralLike(right)) return false
  const x = context.evaluate(context, left.expression, scope)
  if (x.kind !== "tensor" || x.source.kind !== "input") return false
  if (right.text === "int32" && x.source.input.domain === "real") x.source.input.domain = "index"
  assume(context, `'${x.source.input.name}' is of type ${right.text}, as the code checks`)
  return true
}
