/** @file Conditions that ask whether something is there: `x == null`, `x !== undefined`, `typeof x === "undefined"`, in either order. */
import type * as TypeScript from "typescript"

export interface AbsenceAsked {
  readonly of: TypeScript.Expression
  /** Whether the condition holds when it is not there. */
  readonly absent: boolean
}

export function absenceAsked(ts: typeof TypeScript, condition: TypeScript.Expression): AbsenceAsked | null {
  if (ts.isParenthesizedExpression(condition)) return absenceAsked(ts, condition.expression)
  if (!ts.isBinaryExpression(condition)) return null
  const K = ts.SyntaxKind, operator = condition.operatorToken.kind
  const equal = operator === K.EqualsEqualsToken || operator === K.EqualsEqualsEqualsToken
  if (!equal && operator !== K.ExclamationEqualsToken && operator !== K.ExclamationEqualsEqualsToken) return null
  const { left, right } = condition
  const isNothing = (node: TypeScript.Expression): boolean => node.kind === K.NullKeyword || (ts.isIdentifier(node) && node.text === "undefined")
  const typeAsked = (node: TypeScript.Expression, text: TypeScript.Expression): TypeScript.Expression | null =>
    ts.isTypeOfExpression(node) && ts.isStringLiteralLike(text) && text.text === "undefined" ? node.expression : null
  const of = isNothing(right) ? left : isNothing(left) ? right : (typeAsked(left, right) ?? typeAsked(right, left))
  return of === null ? null : { of, absent: equal }
}
