/**
 * @file Fields that only a method sets. Code that reads a property of such a field would throw on a new instance, so a method that stores the
 * field has run before it: what that method stores is taken. Fields whose absence the code can survive stay absent.
 */
import type * as TypeScript from "typescript"
import type { ClassValue, Frame, ObjectValue, Value } from "../value"
import { assume, childScope, write, type Context } from "../context"
import { inDoubt } from "./faults"
import { isNullish, unknown } from "../value"

/** Fields that are being looked for, so that a method that reads what it stores ends. */
const pending = new WeakMap<ObjectValue, Set<string>>()

/** Instances made by one line of a method that has not been followed: what its other lines did to them is not known. */
const partlyRead = new WeakSet<ObjectValue>()

/** The unknown value of a field that a method may have stored by now; null where nobody does, or nobody can have. */
export function fieldMaybeSet(context: Context, instance: ObjectValue, field: string): Value | null {
  if (!partlyRead.has(instance)) return null
  for (let type: Value | null = instance.type; type !== null && type.kind === "class"; type = type.base) {
    if (storesOf(context, type, field).length === 0) continue
    const value = unknown(`'${field}' is set by a method that is not followed`, field)
    write(context, instance.fields, field, value)
    return value
  }
  return null
}

/**
 * The value that a method of the instance's class stores in the field, which from now on holds it; null where no method does. Names that
 * only live in the method are unknown.
 */
export function fieldSetLater(context: Context, instance: ObjectValue, field: string): Value | null {
  const busy = pending.get(instance) ?? new Set<string>()
  pending.set(instance, busy)
  if (busy.has(field)) return null
  busy.add(field)
  try {
    return storedValue(context, instance, field)
  } finally {
    busy.delete(field)
  }
}

function storedValue(context: Context, instance: ObjectValue, field: string): Value | null {
  let second: { readonly value: Value; readonly from: string } | null = null
  for (let type: Value | null = instance.type; type !== null && type.kind === "class"; type = type.base)
    for (const { value: node, method } of storesOf(context, type, field)) {
      const frame: Frame = { self: instance, home: type, pending: [], yields: null, module: type.scope.frame.module }
      const before = context.state.instances.length
      const { scope } = type
      const value = inDoubt(context, () => context.evaluate(context, node, childScope(scope, frame)))
      context.state.instances.slice(before).forEach((made) => partlyRead.add(made))
      if (isNullish(value)) continue
      const found = { value, from: method }
      if (value.kind !== "unknown") return keep(context, instance, field, found)
      second ??= found
    }
  return second === null ? null : keep(context, instance, field, second)
}

function keep(context: Context, instance: ObjectValue, field: string, found: { readonly value: Value; readonly from: string }): Value {
  assume(context, `'${found.from}' has run: 'this.${field}' is what it stores`)
  write(context, instance.fields, field, found.value)
  return found.value
}

interface Store {
  readonly value: TypeScript.Expression
  readonly method: string
}

/** What the methods of one class assign to `this.field`, in the order of the source. */
function storesOf(context: Context, type: ClassValue, field: string): readonly Store[] {
  const { ts } = context
  const found: Store[] = []
  const search = (node: TypeScript.Node, method: string): void => {
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      ts.isPropertyAccessExpression(node.left) &&
      node.left.expression.kind === ts.SyntaxKind.ThisKeyword &&
      node.left.name.text === field
    )
      found.push({ value: node.right, method })
    ts.forEachChild(node, (child) => search(child, method))
  }
  for (const member of type.node.members)
    if (ts.isMethodDeclaration(member) && member.body !== undefined) search(member.body, member.name.getText())
  return found
}
