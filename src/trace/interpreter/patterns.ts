/** @file Names and where values go: declarations, destructuring, parameters; a value is named after the first place it is stored in. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { BoundName, Scope, UnknownValue, Value } from "../value"
import { needRank } from "../rank"
import { place, write } from "../context"
import { arrayOf, isNullish, native, objectOf, partOf, primitive, undefinedValue, unknown } from "../value"

export function lookup(scope: Scope, name: string): Value | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const value = nameIn(at, name)
    if (value !== undefined) return value
  }
  return undefined
}

/** What a name stands for in one scope, imports included. */
export const nameIn = (scope: Scope, name: string): Value | undefined => scope.names.get(name) ?? scope.imports?.get(name)?.()

export function declare(context: Context, scope: Scope, name: TypeScript.Identifier, value: Value): void {
  nameValue(context, value, name.text, name)
  if (value.kind === "model" && scope.parent === null) value.variable ??= { text: name.text, place: place(context, name) }
  write(context, scope.names, name.text, value)
}

/** Stores to a name that exists; an undeclared one goes to the outermost scope, as sloppy JavaScript does. */
export function assignName(context: Context, scope: Scope, name: string, value: Value): void {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    if (at.names.has(name) || at.parent === null) return write(context, at.names, name, value)
  }
}

/** Gives weights, layers, models, inputs and instances the name of the variable or field they are first stored in. */
export function nameValue(context: Context, value: Value, text: string, node: TypeScript.Node): void {
  // Most values have no name to give: the place, which takes longer than all the rest, is found for those that have.
  const bound = (): BoundName => ({ text, place: place(context, node) })
  switch (value.kind) {
    case "tensor":
      if (value.source.kind === "weight") value.source.weight.name ??= bound()
      else if (value.source.kind === "input") value.name ??= bound()
      return
    case "layer":
      value.state.name ??= bound()
      return
    case "model":
      value.name ??= bound()
      return
    case "object":
      if (value.type !== null) {
        value.name ??= bound()
        if (value.layer !== undefined) value.layer.name ??= bound()
      }
      return
    case "array":
      value.items.forEach((item, i) => item.kind !== "primitive" && nameValue(context, item, `${text}/${i}`, node))
      return
    default:
  }
}

/** Binds a declaration's name or pattern to a value. `put` stores one identifier. */
export function bindPattern(
  context: Context,
  pattern: TypeScript.BindingName,
  value: Value,
  scope: Scope,
  put: (name: TypeScript.Identifier, value: Value) => void,
): void {
  const { ts } = context
  if (ts.isIdentifier(pattern)) return put(pattern, value)
  if (ts.isArrayBindingPattern(pattern)) {
    const rest = pattern.elements.some((element) => ts.isBindingElement(element) && element.dotDotDotToken !== undefined)
    const items = !rest && value.kind === "unknown" && value.tensors.length === 0
      ? namedItems(pattern, value)
      : itemsOf(context, value, pattern.elements.length, !rest)
    pattern.elements.forEach((element, i) => {
      if (!ts.isBindingElement(element)) return
      const item = element.dotDotDotToken === undefined ? (items[i] ?? undefinedValue) : arrayOf(items.slice(i))
      bindPattern(context, element.name, withDefault(context, item, element.initializer, scope), scope, put)
    })
    return
  }
  const used = new Set<string>()
  for (const element of pattern.elements) {
    if (element.dotDotDotToken !== undefined) {
      const rest = value.kind === "object" ? objectOf([...value.fields].filter(([key]) => !used.has(key))) : unknown("the rest of something unknown")
      bindPattern(context, element.name, rest, scope, put)
      continue
    }
    const key = propertyName(context, element.propertyName ?? element.name, scope)
    const item = key === null ? unknown("a computed property") : isNullish(value) ? undefinedValue : context.get(context, value, key, element)
    if (key !== null) used.add(key)
    bindPattern(context, element.name, withDefault(context, item, element.initializer, scope), scope, put)
  }
}

/** Items of something unknown under the names they get, each the same whenever it is read. */
function namedItems(pattern: TypeScript.ArrayBindingPattern, value: UnknownValue): readonly Value[] {
  return pattern.elements.map((element, i) => {
    const held = value.properties.get(String(i))
    if (held !== undefined) return held
    const made = partOf(value, "name" in element ? element.name.getText() : null)
    value.properties.set(String(i), made)
    return made
  })
}

function withDefault(context: Context, value: Value, initializer: TypeScript.Expression | undefined, scope: Scope): Value {
  if (initializer === undefined || !(value.kind === "primitive" && value.value === undefined)) return value
  return context.evaluate(context, initializer, scope)
}

/** The key of a property in a literal, a class or a pattern; null when it is computed from something unknown. */
export function propertyName(context: Context, name: TypeScript.PropertyName | TypeScript.BindingName, scope: Scope): string | null {
  const { ts } = context
  if (
    ts.isIdentifier(name) ||
    ts.isPrivateIdentifier(name) ||
    ts.isStringLiteral(name) ||
    ts.isNumericLiteral(name) ||
    ts.isNoSubstitutionTemplateLiteral(name)
  )
    return name.text
  if (ts.isComputedPropertyName(name)) {
    const value = context.evaluate(context, name.expression, scope)
    return value.kind === "primitive" ? String(value.value) : null
  }
  return null
}

/**
 * The items an array pattern or spread takes from a value. Unknown lists give as many unknown items as asked for.
 * @throws WrongRank when the pattern takes apart the shape of an input whose rank nobody stated.
 */
export function itemsOf(_context: Context, value: Value, count: number, exact = false): readonly Value[] {
  if (value.kind === "array") {
    const { shapeOf } = value
    if (exact && shapeOf !== undefined && count > value.items.length) needRank(shapeOf, count)
    return value.items
  }
  if (value.kind === "map") return [...value.entries.values()].map(([key, item]) => (value.set ? key : arrayOf([key, item])))
  if (value.kind === "primitive" && typeof value.value === "string") return [...value.value].map((c) => primitive(c))
  if (value.kind === "tensor") return Array.from({ length: count }, () => unknown("an item of a tensor", null, [value]))
  return Array.from({ length: count }, (_, i) => unknown(value.kind === "unknown" ? value.why : `item ${i} of a ${value.kind}`, null, [value]))
}

/** Whether iterating gives all items there are. */
export const isIterable = (value: Value): boolean =>
  value.kind === "array" || value.kind === "map" || (value.kind === "primitive" && typeof value.value === "string")

export { native }
