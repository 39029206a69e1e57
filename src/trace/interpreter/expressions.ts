/** @file Evaluates expressions to abstract values. Every syntax kind it does not know gives an unknown value, never an error. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Scope, UnknownValue, Value } from "../value"
import { assignName, itemsOf, lookup, nameValue, propertyName } from "./patterns"
import { binaryOperation, textOf, typeOf, unaryOperation } from "./operators"
import { itemAtReading } from "./choice"
import { evaluateClass, initializeBase, memberOf } from "./classes"
import { globalValue, overlay } from "./globals"
import { tellConstant, tellMissingField, tellMissingMember } from "./faults"
import { assumeKept } from "./setters"
import { absenceAsked } from "../../source/absence"
import { regexValue } from "./regex"
import { rememberClosure } from "./closures"
import { spreadCount } from "./members"
import { storeSomewhere } from "./stores"
import { fieldSetLater } from "./later"
import { lastName } from "../../source/nodes"
import { doubtLayers, passTraining, takeItem } from "../models/frozen"
import { forkPaths, joinValues, settingOf } from "./fork"
import { assume, normal, seen, step, touch } from "../context"
import { inherited, isNullish, itemOfGiven, nullValue, objectOf, primitive, truthOf, undefinedValue, unknown } from "../value"

export function evaluate(context: Context, node: TypeScript.Expression, scope: Scope): Value {
  step(context, node)
  const known = evaluatorsFor(context.ts)[node.kind]
  return known === undefined ? unknown(`the expression \`${shorten(node.getText())}\` is not read`) : known(context, node, scope)
}

type Evaluator = (context: Context, node: TypeScript.Node, scope: Scope) => Value

/** One table for each version of TypeScript in use, by the kind of syntax: this is the innermost loop of the tracer. */
const evaluators = new WeakMap<typeof TypeScript, readonly (Evaluator | undefined)[]>()

function evaluatorsFor(ts: typeof TypeScript): readonly (Evaluator | undefined)[] {
  let table = evaluators.get(ts)
  if (table === undefined) evaluators.set(ts, (table = createEvaluators(ts)))
  return table
}

function createEvaluators({ SyntaxKind: K }: typeof TypeScript): readonly (Evaluator | undefined)[] {
  const table: (Evaluator | undefined)[] = []
  const put = <N extends TypeScript.Node>(run: (context: Context, node: N, scope: Scope) => Value, ...kinds: TypeScript.SyntaxKind[]): void =>
    kinds.forEach((kind) => (table[kind] = run as unknown as Evaluator))
  put(identifier, K.Identifier)
  put(chain, K.PropertyAccessExpression, K.ElementAccessExpression, K.CallExpression)
  put((_context, node: TypeScript.NumericLiteral) => primitive(Number(node.text)), K.NumericLiteral)
  put((_context, node: TypeScript.RegularExpressionLiteral) => regexValue(node.text), K.RegularExpressionLiteral)
  put((_context, node: TypeScript.StringLiteralLike) => primitive(node.text), K.StringLiteral, K.NoSubstitutionTemplateLiteral)
  put(
    (context, node: TypeScript.ParenthesizedExpression | TypeScript.AwaitExpression, scope) => evaluate(context, node.expression, scope),
    K.ParenthesizedExpression, K.AsExpression, K.NonNullExpression, K.TypeAssertionExpression, K.SatisfiesExpression, K.AwaitExpression,
    K.ExpressionWithTypeArguments,
  )
  put(
    (context, node: TypeScript.ArrowFunction | TypeScript.FunctionExpression, scope) =>
      rememberClosure(context, { kind: "function", node, scope, home: scope.frame.home, fields: new Map() }),
    K.ArrowFunction, K.FunctionExpression,
  )
  put(
    (context, node: TypeScript.ArrayLiteralExpression, scope) => ({ kind: "array", items: listItems(context, node.elements, scope) }),
    K.ArrayLiteralExpression,
  )
  put(objectLiteral, K.ObjectLiteralExpression)
  put(binary, K.BinaryExpression)
  put(conditional, K.ConditionalExpression)
  put(template, K.TemplateExpression)
  put(prefix, K.PrefixUnaryExpression)
  put(postfix, K.PostfixUnaryExpression)
  put(construction, K.NewExpression)
  put(evaluateClass, K.ClassExpression)
  put((context, node: TypeScript.TypeOfExpression, scope) => typeOf(evaluate(context, node.expression, scope)), K.TypeOfExpression)
  put((context, node: TypeScript.VoidExpression, scope) => (evaluate(context, node.expression, scope), undefinedValue), K.VoidExpression)
  put(deletion, K.DeleteExpression)
  put(() => primitive(true), K.TrueKeyword)
  put(() => primitive(false), K.FalseKeyword)
  put(() => nullValue, K.NullKeyword)
  put(() => undefinedValue, K.OmittedExpression)
  put((_context, _node, scope) => scope.frame.self, K.ThisKeyword)
  put((_context, _node, scope) => scope.frame.home?.base ?? unknown("super outside a class"), K.SuperKeyword)
  put(yielded, K.YieldExpression)
  put(element, K.JsxElement, K.JsxSelfClosingElement, K.JsxFragment)
  return table
}

/** `delete x.y`: the field is gone; a field nobody knows may be any, which is left as it is. */
function deletion(context: Context, node: TypeScript.DeleteExpression, scope: Scope): Value {
  const { ts } = context, target = node.expression
  if (!ts.isPropertyAccessExpression(target) && !ts.isElementAccessExpression(target)) return primitive(true)
  const object = evaluate(context, target.expression, scope)
  const key = ts.isPropertyAccessExpression(target) ? target.name.text : textOf(context, evaluate(context, target.argumentExpression, scope))
  if (key !== null && object.kind === "object") {
    touch(context, object.fields)
    object.fields.delete(key)
  } else if (key !== null && object.kind === "array") context.set(context, object, key, undefinedValue, target)
  return primitive(true)
}

/** An element of a page: what its attributes and children compute is followed for the functions and models in it. */
function element(context: Context, node: TypeScript.Expression, scope: Scope): Value {
  const { ts } = context
  const visit = (child: TypeScript.Node): void => {
    if (!ts.isJsxExpression(child)) ts.forEachChild(child, visit)
    else if (child.expression !== undefined) evaluate(context, child.expression, scope)
  }
  ts.forEachChild(node, visit)
  return unknown("an element of a page")
}

function postfix(context: Context, node: TypeScript.PostfixUnaryExpression, scope: Scope): Value {
  const before = evaluate(context, node.operand, scope)
  assign(context, node.operand, increment(context, before, node.operator), scope)
  return before
}

function construction(context: Context, node: TypeScript.NewExpression, scope: Scope): Value {
  if (context.state.watches.length > 0) seen(context, node)
  const callee = evaluate(context, node.expression, scope)
  return context.construct(context, callee, listItems(context, node.arguments ?? [], scope), node)
}

function yielded(context: Context, node: TypeScript.YieldExpression, scope: Scope): Value {
  const value = node.expression === undefined ? undefinedValue : evaluate(context, node.expression, scope)
  scope.frame.yields?.push(...(node.asteriskToken === undefined ? [value] : itemsOf(context, value, 0)))
  return undefinedValue
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}…` : text).replace(/\s+/g, " ")

function identifier(context: Context, node: TypeScript.Identifier, scope: Scope): Value {
  if (node.text === "undefined") return undefinedValue
  const value = lookup(scope, node.text)
  if (value !== undefined) {
    assumeKept(context, scope, node.text, value)
    return value
  }
  return globalValue(context, node.text) ?? unknown(`'${node.text}' is not defined in the source`, node.text)
}

/** Property reads and calls, with `?.` ending the whole chain when what stands before it is absent. */
function chain(context: Context, node: TypeScript.Expression, scope: Scope): Value {
  const result = link(context, node, scope)
  return result === null ? undefinedValue : result.value
}

interface Link {
  readonly value: Value
  readonly self: Value
}

type Linker = (context: Context, node: TypeScript.Node, scope: Scope) => Link | null

const linkers = new WeakMap<typeof TypeScript, readonly (Linker | undefined)[]>()

function link(context: Context, node: TypeScript.Expression, scope: Scope): Link | null {
  let table = linkers.get(context.ts)
  if (table === undefined) linkers.set(context.ts, (table = createLinkers(context.ts)))
  const known = table[node.kind]
  return known === undefined ? { value: evaluate(context, node, scope), self: undefinedValue } : known(context, node, scope)
}

function createLinkers({ SyntaxKind: K }: typeof TypeScript): readonly (Linker | undefined)[] {
  const table: (Linker | undefined)[] = []
  const put = <N extends TypeScript.Node>(run: (context: Context, node: N, scope: Scope) => Link | null, ...kinds: TypeScript.SyntaxKind[]): void =>
    kinds.forEach((kind) => (table[kind] = run as unknown as Linker))
  const inside = (context: Context, node: TypeScript.ParenthesizedExpression | TypeScript.NonNullExpression, scope: Scope): Link | null =>
    link(context, node.expression, scope)
  put(inside, K.ParenthesizedExpression, K.NonNullExpression)
  put((context, node: TypeScript.PropertyAccessExpression, scope) => member(context, node, scope, K.SuperKeyword), K.PropertyAccessExpression)
  put((context, node: TypeScript.ElementAccessExpression, scope) => member(context, node, scope, K.SuperKeyword), K.ElementAccessExpression)
  put((context, node: TypeScript.CallExpression, scope) => call(context, node, scope, K), K.CallExpression)
  return table
}

function member(
  context: Context,
  node: TypeScript.PropertyAccessExpression | TypeScript.ElementAccessExpression,
  scope: Scope,
  superKeyword: TypeScript.SyntaxKind,
): Link | null {
  if (node.expression.kind === superKeyword) return superMember(context, node, scope)
  const held = link(context, node.expression, scope)
  if (held === null) return null
  if (node.questionDotToken !== undefined && isNullish(held.value)) return null
  const object = presentLink(context, held, node.expression)
  const key = "name" in node ? primitive(node.name.text) : evaluate(context, node.argumentExpression, scope)
  const name = textOf(context, key)
  if (name === null) return { value: unknownItem(context, object.value, key, node), self: object.value }
  if (!("name" in node)) takeItem(context, object.value)
  return { value: context.get(context, object.value, name, node), self: object.value }
}

function call(context: Context, node: TypeScript.CallExpression, scope: Scope, kinds: typeof TypeScript.SyntaxKind): Link | null {
  step(context, node)
  if (context.state.watches.length > 0) seen(context, node)
  if (node.expression.kind === kinds.SuperKeyword) {
    const { self, home } = scope.frame
    if (self.kind === "object" && home !== null) initializeBase(context, home, self, listItems(context, node.arguments, scope), node)
    return { value: undefinedValue, self: undefinedValue }
  }
  if (node.expression.kind === kinds.ImportKeyword) return { value: unknown("a module loaded at run time"), self: undefinedValue }
  const found = link(context, node.expression, scope)
  if (found === null) return null
  if (node.questionDotToken !== undefined && isNullish(found.value)) return null
  const callee = presentLink(context, found, node.expression)
  if (callee.self.kind === "array" && context.ts.isPropertyAccessExpression(node.expression))
    tellMissingMember(context, callee.self, node.expression.name.text, node.expression)
  const args = listItems(context, node.arguments, scope)
  const value = context.call(context, callee.value, callee.self, args, node)
  if (mayTrain(context, node, callee.value, args)) passTraining(context)
  return { value, self: undefinedValue }
}

/** Whether a call trains by its name, or is given a network where nobody knows what it does. */
function mayTrain({ ts }: Context, node: TypeScript.CallExpression, callee: Value, args: readonly Value[]): boolean {
  if (/^(fitDataset|minimize|applyGradients)$|^(train|fit|learn|optimi[sz]e)(?![a-z])/.test(lastName(ts, node.expression) ?? "")) return true
  return callee.kind === "unknown" && args.some((arg) => arg.kind === "model" || (arg.kind === "object" && arg.type !== null))
}

/** A field that is not there although the code goes on to read from it or call it: what a method stores in it. */
function presentLink(context: Context, held: Link, node: TypeScript.Expression): Link {
  if (held.value !== undefinedValue || held.self.kind !== "object" || held.self.type === null) return held
  if (!context.ts.isPropertyAccessExpression(node)) return held
  const value = fieldSetLater(context, held.self, node.name.text)
  if (value === null) tellMissingField(context, held.self, node.name.text, node)
  return value === null ? held : { ...held, value }
}

function superMember(context: Context, node: TypeScript.PropertyAccessExpression | TypeScript.ElementAccessExpression, scope: Scope): Link {
  const { ts } = context,
    { self, home } = scope.frame
  const name = ts.isPropertyAccessExpression(node) ? node.name.text : textOf(context, evaluate(context, node.argumentExpression, scope))
  const base = home?.base ?? null
  if (name === null || base === null) return { value: unknown("super outside a class"), self }
  return { value: memberOf(context, base, self, name, node) ?? unknown(`super.${name} is not in the source`), self }
}

/** An item at an index nobody knows: the only one there is, the one that a number read out of a tensor picks, or unknown. */
function unknownItem(context: Context, object: Value, key: Value, at: TypeScript.Node): Value {
  if (object.kind === "array" && object.items.length === 1) return object.items[0]
  if (object.kind === "array") doubtLayers(context, object.items)
  if (object.kind === "unknown" && object.given === true && object.tensors.length === 0) return itemOfGiven(object, [key])
  return itemAtReading(context, object, key, at) ?? unknown("an item at an unknown index", null, [object, key])
}

/** The values of arguments or array elements, spreads opened. */
export function listItems(context: Context, nodes: readonly TypeScript.Expression[], scope: Scope): Value[] {
  const items: Value[] = []
  for (const node of nodes) {
    if (!context.ts.isSpreadElement(node)) items.push(evaluate(context, node, scope))
    else {
      const list = evaluate(context, node.expression, scope)
      items.push(...spreadItems(context, list))
      spreadCount(context, list, items, nodes.length === 1)
    }
  }
  return items
}

/** What a spread brings: of a list nobody knows one unknown item, so that the tensors in it do not vanish. */
const spreadItems = (context: Context, list: Value): Value[] => [...itemsOf(context, list, list.kind === "unknown" ? 1 : 0)]

function objectLiteral(context: Context, node: TypeScript.ObjectLiteralExpression, scope: Scope): Value {
  const { ts } = context,
    object = objectOf()
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      const from = evaluate(context, property.expression, scope)
      if (from.kind === "object") from.fields.forEach((value, key) => key !== inherited && object.fields.set(key, value))
      else if (from.kind === "unknown") overlay(context, object.fields, from)
      // What tfjs holds there is found where the object itself has nothing of that name.
      else if (from.kind === "tf") object.fields.set(inherited, from)
      continue
    }
    const key = propertyName(context, property.name, scope)
    if (key === null) continue
    if (ts.isShorthandPropertyAssignment(property)) object.fields.set(key, identifier(context, property.name, scope))
    else if (ts.isPropertyAssignment(property)) {
      const value = evaluate(context, property.initializer, scope)
      nameValue(context, value, key, property.name)
      object.fields.set(key, value)
    } else if (ts.isMethodDeclaration(property)) object.fields.set(key, { kind: "function", node: property, scope, home: null, fields: new Map() })
    else if (ts.isAccessor(property))
      object.fields.set(`\u0000${ts.isGetAccessor(property) ? "get" : "set"} ${key}`, {
        kind: "function", node: property, scope, home: null, fields: new Map(),
      })
  }
  return object
}

function template(context: Context, node: TypeScript.TemplateExpression, scope: Scope): Value {
  let text = node.head.text
  for (const span of node.templateSpans) {
    const part = textOf(context, evaluate(context, span.expression, scope))
    if (part === null) return unknown("text with an unknown part")
    text += part + span.literal.text
  }
  return primitive(text)
}

function conditional(context: Context, node: TypeScript.ConditionalExpression, scope: Scope): Value {
  const condition = evaluate(context, node.condition, scope)
  const truth = truthOf(condition)
  if (truth !== null) return evaluate(context, truth ? node.whenTrue : node.whenFalse, scope)
  const given = defaultIn(context, node, scope)
  if (given !== null) return given
  const setting = settingOf(context, node.condition, condition)
  const ways = [() => evaluate(context, node.whenTrue, scope), () => evaluate(context, node.whenFalse, scope)]
  if (setting?.negated === true) ways.reverse()
  return either(context, node, setting?.text ?? node.condition.getText(), scope, ways, setting !== null)
}

/** `config.rate == null ? 0.1 : config.rate`, which is `config.rate ?? 0.1`; null for other conditions. */
function defaultIn(context: Context, node: TypeScript.ConditionalExpression, scope: Scope): Value | null {
  const asked = absenceAsked(context.ts, node.condition)
  if (asked === null) return null
  const [missing, there] = asked.absent ? [node.whenTrue, node.whenFalse] : [node.whenFalse, node.whenTrue]
  if (there.getText() !== asked.of.getText()) return null
  const value = evaluate(context, asked.of, scope)
  if (value.kind !== "unknown" || value.given !== true || value.tensors.length > 0) return null
  return withFallback(context, value, evaluate(context, missing, scope))
}

function either(context: Context, node: TypeScript.Expression, text: string, scope: Scope, ways: readonly (() => Value)[], prefer = false): Value {
  const values: Value[] = []
  const runs = ways.map((way) => () => (values.push(way()), normal))
  forkPaths(context, runs, scope.frame, text, node, prefer)
  return values.length === 0 ? undefinedValue : values.reduce((a, b) => joinValues(context, a, b, text, node, prefer))
}

function binary(context: Context, node: TypeScript.BinaryExpression, scope: Scope): Value {
  const { ts } = context,
    operator = node.operatorToken.kind,
    K = ts.SyntaxKind
  if (operator === K.EqualsToken) {
    const value = evaluate(context, node.right, scope)
    assign(context, node.left, value, scope)
    return value
  }
  if (operator === K.AmpersandAmpersandToken || operator === K.BarBarToken || operator === K.QuestionQuestionToken)
    return logical(context, node, evaluate(context, node.left, scope), operator, scope)
  if (operator === K.BarBarEqualsToken || operator === K.QuestionQuestionEqualsToken || operator === K.AmpersandAmpersandEqualsToken) {
    const plain =
      operator === K.BarBarEqualsToken
        ? K.BarBarToken
        : operator === K.QuestionQuestionEqualsToken
          ? K.QuestionQuestionToken
          : K.AmpersandAmpersandToken
    const value = logical(context, node, evaluate(context, node.left, scope), plain, scope)
    assign(context, node.left, value, scope)
    return value
  }
  if (operator >= K.FirstCompoundAssignment && operator <= K.LastCompoundAssignment) {
    const text = (context.ts.tokenToString(operator) ?? "").slice(0, -1)
    const value = binaryOperation(context, text, evaluate(context, node.left, scope), evaluate(context, node.right, scope))
    assign(context, node.left, value, scope)
    return value
  }
  const left = evaluate(context, node.left, scope),
    right = evaluate(context, node.right, scope)
  if (operator === K.InstanceOfKeyword) return isInstance(left, right)
  return binaryOperation(context, context.ts.tokenToString(operator) ?? "", left, right)
}

function logical(context: Context, node: TypeScript.BinaryExpression, left: Value, operator: TypeScript.SyntaxKind, scope: Scope): Value {
  const K = context.ts.SyntaxKind
  const goesRight =
    operator === K.QuestionQuestionToken
      ? left.kind === "unknown"
        ? null
        : isNullish(left)
      : operator === K.BarBarToken
        ? invert(truthOf(left))
        : truthOf(left)
  if (goesRight === true) return evaluate(context, node.right, scope)
  if (goesRight === false) return left
  // A constant default beside something unknown is what runs when nobody gives it; `x || true` is true in any case.
  if (operator !== K.AmpersandAmpersandToken && left.kind === "unknown" && left.tensors.length === 0) {
    const fallback = evaluate(context, node.right, scope)
    if (operator === K.BarBarToken && fallback.kind === "primitive" && fallback.value === true && left.name !== null) return fallback
    return withFallback(context, left, fallback)
  }
  // `setting && given` is nothing wherever what is given is nothing.
  if (operator === K.AmpersandAmpersandToken && context.ts.isIdentifier(node.right)) {
    const right = evaluate(context, node.right, scope)
    if (isNullish(right)) return right
  }
  return either(context, node, node.left.getText(), scope, [() => evaluate(context, node.right, scope), () => left])
}

/** What stands for something unknown that has a default: the default where it is a constant, which is what runs when nobody gives it. */
function withFallback(context: Context, value: UnknownValue, fallback: Value): Value {
  if (fallback.kind !== "primitive" || value.name === null) return value
  assume(context, `'${value.name}' is not given: ${typeof fallback.value === "string" ? `'${fallback.value}'` : String(fallback.value)} is taken`)
  return fallback
}

const invert = (truth: boolean | null): boolean | null => (truth === null ? null : !truth)

function isInstance(left: Value, right: Value): Value {
  if (left.kind === "unknown" || right.kind === "unknown") return unknown("whether something unknown is an instance")
  if (right.kind === "class" && left.kind === "object") {
    for (let type: Value | null = left.type; type !== null && type.kind === "class"; type = type.base)
      if (type.node === right.node) return primitive(true)
    return primitive(false)
  }
  if (right.kind === "tf") {
    const name = right.path.split(".").pop()
    if (left.kind === "tensor") return primitive(name === "Tensor" || (name === "Variable" && left.source.kind === "weight"))
    return primitive(
      (left.kind === "layer" && name === "Layer") || (left.kind === "model" && (name === "LayersModel" || name === "Sequential" || name === "Layer")),
    )
  }
  if (right.kind === "native")
    return primitive((right.name === "Array" && left.kind === "array") || ((right.name === "Map" || right.name === "Set") && left.kind === "map"))
  return primitive(false)
}

function prefix(context: Context, node: TypeScript.PrefixUnaryExpression, scope: Scope): Value {
  const K = context.ts.SyntaxKind,
    value = evaluate(context, node.operand, scope)
  if (node.operator !== K.PlusPlusToken && node.operator !== K.MinusMinusToken) return unaryOperation(context, context.ts, node.operator, value)
  const after = increment(context, value, node.operator)
  assign(context, node.operand, after, scope)
  return after
}

const increment = (context: Context, value: Value, operator: TypeScript.SyntaxKind): Value =>
  binaryOperation(context, operator === context.ts.SyntaxKind.PlusPlusToken ? "+" : "-", value, primitive(1))

/** Stores to a name, a property, an item, or what a pattern lists. */
export function assign(context: Context, target: TypeScript.Expression, value: Value, scope: Scope): void {
  const { ts } = context
  if (context.state.watches.length > 0) seen(context, target)
  if (ts.isParenthesizedExpression(target) || ts.isAsExpression(target) || ts.isNonNullExpression(target))
    return assign(context, target.expression, value, scope)
  if (ts.isIdentifier(target)) {
    nameValue(context, value, target.text, target)
    tellConstant(context, scope, target.text, target)
    return assignName(context, scope, target.text, value)
  }
  if (ts.isPropertyAccessExpression(target)) {
    const object = evaluate(context, target.expression, scope)
    nameValue(context, value, target.name.text.replace(/^#/, ""), target.name)
    return context.set(context, object, target.name.text, value, target)
  }
  if (ts.isElementAccessExpression(target)) {
    const object = evaluate(context, target.expression, scope),
      key = textOf(context, evaluate(context, target.argumentExpression, scope))
    if (key === null) return storeSomewhere(context, object, value, target)
    nameValue(context, value, key, target.argumentExpression)
    return context.set(context, object, key, value, target)
  }
  if (ts.isArrayLiteralExpression(target)) {
    const items = itemsOf(context, value, target.elements.length, true)
    target.elements.forEach((element, i) => {
      if (ts.isSpreadElement(element)) assign(context, element.expression, { kind: "array", items: items.slice(i) }, scope)
      else if (!ts.isOmittedExpression(element)) assignWithDefault(context, element, items[i] ?? undefinedValue, scope)
    })
  } else if (ts.isObjectLiteralExpression(target)) {
    for (const property of target.properties) {
      if (ts.isShorthandPropertyAssignment(property)) assign(context, property.name, context.get(context, value, property.name.text, property), scope)
      else if (ts.isPropertyAssignment(property)) {
        const key = propertyName(context, property.name, scope)
        if (key !== null) assignWithDefault(context, property.initializer, context.get(context, value, key, property), scope)
      }
    }
  }
}

function assignWithDefault(context: Context, target: TypeScript.Expression, value: Value, scope: Scope): void {
  const { ts } = context
  if (ts.isBinaryExpression(target) && target.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    const absent = value.kind === "primitive" && value.value === undefined
    return assign(context, target.left, absent ? evaluate(context, target.right, scope) : value, scope)
  }
  assign(context, target, value, scope)
}

