/**
 * @file What code could change that has not run yet: the names it assigns, the lists, records and fields it writes to, in its own text and in that
 * of the functions it calls. Code that could make or change a network, or that nobody can follow, is refused.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ClassValue, FunctionValue, Scope, Value } from "../value"
import { hasSetter } from "./classes"
import { lookup } from "./patterns"
import { unknown } from "../value"

/** One name, list or record to forget. */
export type Change =
  | { readonly kind: "name"; readonly names: Map<string, Value>; readonly name: string; readonly held: Value }
  | { readonly kind: "items"; readonly items: Value[] }
  | { readonly kind: "entries"; readonly entries: Map<unknown, unknown> }

/** Why nothing can be forgotten instead of running the code: it may make or change a network, or nobody can tell what it does. */
export type Refusal = "network" | "unclear"

/** A piece of code with the names around it. */
interface Code {
  readonly node: TypeScript.Node
  readonly scope: Scope
  /** What `this` is in it. */
  readonly self: Value
}

/** Functions that code may lead to at most: what leads further is refused. */
const maximumFunctions = 60

/**
 * What code of a loop could still change that has not run in the rounds that were watched, and every name it assigns.
 *
 * @param seen assigned targets and calls that have run, and functions entered with the scope they were made in.
 */
export function unseenChanges(
  context: Context,
  parts: readonly TypeScript.Node[],
  seen: ReadonlyMap<TypeScript.Node, Scope | null>,
  scope: Scope,
): readonly Change[] | Refusal {
  const changes: Change[] = []
  const entered = [...seen].flatMap(([node, made]): Code[] => (made === null ? [] : [{ node, scope: made, self: made.frame.self }]))
  const queue = [...parts.map((node): Code => ({ node, scope, self: scope.frame.self })), ...entered]
  const known = new Set<TypeScript.Node>(queue.map(({ node }) => node))
  const reach = (fn: FunctionValue, self: Value): void => {
    if (known.has(fn.node)) return
    known.add(fn.node)
    queue.push({ node: fn.node, scope: fn.scope, self: context.ts.isArrowFunction(fn.node) ? fn.scope.frame.self : self })
  }
  const limit = queue.length + maximumFunctions
  for (const code of queue) {
    if (queue.length > limit) return "unclear"
    for (const effect of effectsOf(context.ts, code.node)) {
      const isName = effect.kind === "assign" && context.ts.isIdentifier(effect.node)
      if (!isName && seen.has(effect.node)) continue
      const found = effect.kind === "assign" ? changeOfAssignment(context, effect.node, code) : changeOfCall(context, effect.node, code, reach)
      if (typeof found === "string") return found
      changes.push(...found)
    }
  }
  return changes
}

type Effect =
  | { readonly kind: "assign"; readonly node: TypeScript.Expression }
  | { readonly kind: "call"; readonly node: TypeScript.CallExpression | TypeScript.NewExpression }

const effects = new WeakMap<TypeScript.Node, readonly Effect[]>()

/** Every assigned target and every call in a piece of code. */
function effectsOf(ts: typeof TypeScript, root: TypeScript.Node): readonly Effect[] {
  const known = effects.get(root)
  if (known !== undefined) return known
  const found: Effect[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.kind
      if (operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment) found.push({ kind: "assign", node: node.left })
    } else if (ts.isPostfixUnaryExpression(node) || (ts.isPrefixUnaryExpression(node) && isStep(ts, node)))
      found.push({ kind: "assign", node: node.operand })
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) found.push({ kind: "call", node })
    ts.forEachChild(node, visit)
  }
  visit(root)
  effects.set(root, found)
  return found
}

const isStep = (ts: typeof TypeScript, { operator }: TypeScript.PrefixUnaryExpression): boolean =>
  operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken

const harmlessGlobals = new Set([
  "console", "Math", "Number", "String", "parseInt", "parseFloat", "isNaN", "isFinite", "Array", "Date", "performance", "Promise", "JSON", "process",
  "Error", "TypeError", "RangeError", "Map", "Set", "Float32Array", "Float64Array", "Int32Array", "Uint8Array", "setTimeout", "clearTimeout",
  "requestAnimationFrame", "alert",
])

/** Methods of strings, lists and tensors that change nothing, whatever has them. */
const reading = new Set([
  "charAt", "charCodeAt", "codePointAt", "concat", "slice", "substring", "substr", "split", "join", "indexOf", "lastIndexOf", "includes",
  "startsWith", "endsWith", "trim", "replace", "replaceAll", "padStart", "padEnd", "repeat", "toLowerCase", "toUpperCase", "toString", "toFixed",
  "map", "filter", "reduce", "forEach", "some", "every", "find", "findIndex", "flat", "flatMap", "keys", "values", "entries", "has",
  "data", "dataSync", "array", "arraySync", "print", "dispose", "clone", "reshape", "expandDims", "squeeze", "mean", "sum", "argMax",
])

/** What scripts do with a model, beside training it, that leaves its network as it is. */
const harmlessToModels = new Set([
  "apply", "call", "predict", "predictOnBatch", "evaluate", "evaluateDataset", "fit", "fitDataset", "trainOnBatch", "save", "summary", "getWeights",
  "dispose", "countParams", "getConfig", "toJSON", "resetStates",
])

/** Functions of tfjs that make or choose what networks consist of, or how they are trained. */
const makers = /^(layers|models?|sequential|Sequential|LayersModel|variable|Variable|input|Input|load\w*|train|serialization|initializers|io)\b/

function changeOfAssignment(context: Context, node: TypeScript.Expression, code: Code): readonly Change[] | Refusal {
  const { ts } = context
  if (ts.isIdentifier(node)) return forgetName(code.scope, node.text)
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return changeOfAssignment(context, node.expression, code)
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return "unclear"
  const held = valueAt(context, node.expression, code)
  switch (held?.kind) {
    case "primitive":
    case "dim":
    case "unknown":
      return []
    case "array":
      return [{ kind: "items", items: held.items }]
    case "object": {
      if (!ts.isPropertyAccessExpression(node) || held.layer !== undefined) return "unclear"
      const name = node.name.text, { fields } = held
      if (fields.has(`\u0000set ${name}`) || hasSetter(context, held.type, name) !== null) return "unclear"
      const before = fields.get(name)
      return before === undefined ? "unclear" : [{ kind: "name", names: fields, name, held: before }]
    }
    default:
      return "unclear"
  }
}

function changeOfCall(
  context: Context,
  node: TypeScript.CallExpression | TypeScript.NewExpression,
  code: Code,
  reach: (fn: FunctionValue, self: Value) => void,
): readonly Change[] | Refusal {
  const { ts } = context, { expression: callee } = node
  for (const argument of node.arguments ?? []) {
    const given = ts.isIdentifier(argument) || ts.isPropertyAccessExpression(argument) ? valueAt(context, argument, code) : null
    if (given?.kind === "function") reach(given, code.self)
  }
  if (ts.isNewExpression(node)) {
    const made = valueAt(context, callee, code)
    if (made?.kind === "class" || (made?.kind === "tf" && makers.test(made.path))) return "network"
    if (made?.kind === "unknown" || made?.kind === "tf") return []
    return made === null && ts.isIdentifier(callee) && isHarmless(code, callee.text) ? [] : "unclear"
  }
  if (ts.isPropertyAccessExpression(callee)) return changeOfMethod(context, callee, code, reach)
  const called = valueAt(context, callee, code)
  if (called === null) return ts.isIdentifier(callee) && isHarmless(code, callee.text) ? [] : "unclear"
  return changeOfCalled(called, code.self, reach)
}

function changeOfCalled(called: Value, self: Value, reach: (fn: FunctionValue, self: Value) => void): readonly Change[] | Refusal {
  switch (called.kind) {
    case "function":
      reach(called, self)
      return []
    case "native":
    case "unknown":
    case "primitive":
      return []
    case "tf":
      return makers.test(called.path) ? "network" : []
    default:
      return "unclear"
  }
}

/** Globals of the language change nothing but what they are given. */
const isHarmless = ({ scope }: Code, name: string): boolean => lookup(scope, name) === undefined && harmlessGlobals.has(name)

function changeOfMethod(
  context: Context,
  callee: TypeScript.PropertyAccessExpression,
  code: Code,
  reach: (fn: FunctionValue, self: Value) => void,
): readonly Change[] | Refusal {
  const { ts } = context, name = callee.name.text
  const held = valueAt(context, callee.expression, code)
  if (held === null) {
    let root: TypeScript.Expression = callee
    while (ts.isPropertyAccessExpression(root)) root = root.expression
    return reading.has(name) || (ts.isIdentifier(root) && isHarmless(code, root.text)) ? [] : "unclear"
  }
  switch (held.kind) {
    case "primitive":
    case "dim":
    case "unknown":
    case "native":
      return []
    case "tensor":
      return name === "assign" || name === "setAttr" ? "unclear" : []
    case "array":
      return reading.has(name) ? [] : [{ kind: "items", items: held.items }]
    case "map":
      return reading.has(name) || name === "get" ? [] : [{ kind: "entries", entries: held.entries }]
    case "model":
      return harmlessToModels.has(name) ? [] : "network"
    case "tf":
      return makers.test(held.path === "" ? name : held.path) ? "network" : []
    case "object": {
      if (held.layer !== undefined) return harmlessToModels.has(name) ? [] : "network"
      const field = held.fields.get(name)
      if (field !== undefined) return field.kind === "native" ? "unclear" : changeOfCalled(field, held, reach)
      const method = methodOf(context, held.type, name)
      if (method === null) return "unclear"
      reach(method, held)
      return []
    }
    default:
      return "unclear"
  }
}

/** A method that the class of an instance declares, or one of its ancestors; nothing is run. */
function methodOf(context: Context, type: ClassValue | null, name: string): FunctionValue | null {
  const { ts } = context
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base) {
    const member = at.node.members.find(
      (own): own is TypeScript.MethodDeclaration => ts.isMethodDeclaration(own) && own.body !== undefined && own.name.getText() === name,
    )
    if (member !== undefined) return { kind: "function", node: member, scope: at.scope, home: at, fields: new Map() }
  }
  return null
}

/** What names and plain fields hold now; null for what only running the code could tell. */
function valueAt(context: Context, node: TypeScript.Expression, code: Code, depth = 0): Value | null {
  const { ts } = context
  if (depth > 20) return null
  if (ts.isIdentifier(node)) {
    const own = localsOf(ts, code.node).get(node.text)
    if (own === undefined) return lookup(code.scope, node.text) ?? null
    return typeof own === "string" ? (own === "fresh" ? freshValue : null) : valueAt(context, own, code, depth + 1)
  }
  if (node.kind === ts.SyntaxKind.ThisKeyword) return code.self
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node) || ts.isAwaitExpression(node))
    return valueAt(context, node.expression, code, depth + 1)
  if (ts.isElementAccessExpression(node) || ts.isCallExpression(node)) {
    const held = valueAt(context, node.expression, code, depth + 1)
    if (held?.kind === "tf" && ts.isCallExpression(node)) return makers.test(held.path) ? null : freshValue
    return held?.kind === "unknown" ? held : null
  }
  if (!ts.isPropertyAccessExpression(node)) return null
  const held = valueAt(context, node.expression, code, depth + 1)
  if (held?.kind === "unknown") return held
  if (held?.kind === "tf") return { kind: "tf", path: held.path === "" ? node.name.text : `${held.path}.${node.name.text}` }
  return held?.kind === "object" ? (held.fields.get(node.name.text) ?? methodOf(context, held.type, node.name.text)) : null
}

/** What code makes for itself each time it runs: nobody else can tell what it does with it. */
const freshValue: Value = unknown("made by the code itself")

/** A list or record of its own, the value of a constant, or anything. */
type Local = "fresh" | "any" | TypeScript.Expression

const locals = new WeakMap<TypeScript.Node, ReadonlyMap<string, Local>>()

/** The names that a piece of code declares, and what they hold; parameters may hold anything. */
function localsOf(ts: typeof TypeScript, root: TypeScript.Node): ReadonlyMap<string, Local> {
  const known = locals.get(root)
  if (known !== undefined) return known
  const found = new Map<string, Local>()
  const put = (name: TypeScript.BindingName, local: Local): void => {
    if (!ts.isIdentifier(name)) name.elements.forEach((element) => ts.isBindingElement(element) && put(element.name, "any"))
    else found.set(name.text, found.has(name.text) ? "any" : local)
  }
  const visit = (node: TypeScript.Node): void => {
    if (ts.isParameter(node)) put(node.name, "any")
    else if (ts.isVariableDeclaration(node)) put(node.name, localOf(ts, node))
    else if ((ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name !== undefined && node !== root) put(node.name, "any")
    ts.forEachChild(node, visit)
  }
  visit(root)
  locals.set(root, found)
  return found
}

function localOf(ts: typeof TypeScript, { initializer, parent }: TypeScript.VariableDeclaration): Local {
  if (initializer === undefined || (parent.flags & ts.NodeFlags.Const) === 0) return "any"
  return isFresh(ts, initializer) ? "fresh" : initializer
}

const isFresh = (ts: typeof TypeScript, node: TypeScript.Expression): boolean =>
  (ts.isArrayLiteralExpression(node) && node.elements.length === 0) ||
  (ts.isObjectLiteralExpression(node) && node.properties.length === 0) ||
  (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && /^(Map|Set|Array|\w+Array)$/.test(node.expression.text))

/** A name of the outside; one that the code declares itself is gone with it. */
function forgetName(scope: Scope, name: string): readonly Change[] {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const held = at.names.get(name)
    if (held !== undefined) return [{ kind: "name", names: at.names, name, held }]
  }
  return []
}
