/**
 * @file Whether an expression is a list that stays what it was made as: constants, fields and functions without a choice in them, which nothing
 * changes afterwards. By syntax, and by names whatever their scope.
 */
import type * as TypeScript from "typescript"
import type { ArrayValue } from "./value"
import type { Context } from "./context"
import { filesBeside } from "../source/dependencies"
import { isOfFile } from "./ownNames"
import { lastName, spellingsOf } from "../source/nodes"
import { withoutCasts } from "./trainers"

/** What a steady list is made from. */
export interface Steady {
  /** Whether it depends on the instance whose method names it. */
  readonly readsThis: boolean
  /** Whether it asks models or layers for their weights. */
  readonly byLayers: boolean
}

/** What code says of a name: where it is declared or written, the functions it is, and what else mentions it. */
interface Said {
  readonly written: TypeScript.Node[]
  /** Where it starts as an empty list, for the constructor to fill or to replace. */
  readonly empty: TypeScript.Node[]
  readonly functions: TypeScript.SignatureDeclaration[]
  readonly mentions: TypeScript.Node[]
}

const maximumFiles = 200
const deepest = 6

/** What hands out weights, layers or variables of what tfjs makes. */
const ofLayers: ReadonlySet<string> = new Set(["getWeights", "trainableWeights", "weights", "layers"])
const ofWeights: ReadonlySet<string> = new Set(["val", "read"])
/** Methods of lists that make another list of the same items, or of one for each. */
const ofLists: ReadonlySet<string> = new Set(["map", "flatMap", "flat", "concat", "forEach", "push"])
/** Methods that leave a list as it is. */
const reading = /^(map|flatMap|flat|concat|forEach|slice|reduce|filter|some|every|entries|find|findIndex|indexOf|includes|join|at|length)$/
/** What takes a list and leaves it as it is. */
const takers = /^(minimize|variableGrads|computeGradients|dispose|log|keep|isArray)$/
const changing = /\.(pop|shift|unshift|splice|fill|copyWithin|reverse|sort)\s*\(|\.length\s*[-+]?=(?!=)/

/** Null where something may choose what is in the list, or change it later. */
export function isSteadyList(context: Context, list: TypeScript.Expression): Steady | null {
  const { ts, program, home } = context
  const files = [...new Set([home, ...filesBeside(ts, program, home, maximumFiles)])]
  // Layers that are frozen for a while are missing in the lists that are made meanwhile.
  const freezes = files.some(({ text }) => /\.trainable["']?\]?\s*=(?!=)/.test(text))
  const isChanging = files.some(({ text }) => changing.test(text))
  let readsThis = false, byLayers = false
  const visiting = new Set<string>()
  const said = (name: string): readonly Said[] => files.flatMap((file) => saidIn(ts, file).get(name) ?? [])

  const reads = (written: TypeScript.Expression, bound: ReadonlySet<string>, depth: number): boolean => {
    const node = withoutCasts(ts, written)
    if (depth > deepest) return false
    if (node.kind === ts.SyntaxKind.ThisKeyword) {
      // Functions and values that are looked into have an instance of their own.
      if (visiting.size === 0) readsThis = true
      return true
    }
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return true
    if (ts.isIdentifier(node)) return bound.has(node.text) || (isOfFile(ts, node) && isSteadyName(node.text, depth))
    if (ts.isArrayLiteralExpression(node))
      return node.elements.every((item) => reads(ts.isSpreadElement(item) ? item.expression : item, bound, depth))
    if (ts.isElementAccessExpression(node)) return ts.isNumericLiteral(node.argumentExpression) && reads(node.expression, bound, depth)
    if (ts.isPropertyAccessExpression(node)) return reads(node.expression, bound, depth) && readsField(node.name.text.replace(/^#/, ""), depth)
    if (!ts.isCallExpression(node)) return false
    const name = lastName(ts, node.expression)
    if (name === null || !node.arguments.every((argument) => readsArgument(argument, bound, depth))) return false
    if (ts.isPropertyAccessExpression(node.expression) && !reads(node.expression.expression, bound, depth)) return false
    const bodies = said(name).flatMap(({ functions }) => functions)
    if (bodies.length > 0) return visiting.has(name) || within(name, () => bodies.every((body) => readsBody(body, bound, depth + 1)))
    return ts.isPropertyAccessExpression(node.expression) && (ofLists.has(name) || readsField(name, depth))
  }
  const within = (name: string, run: () => boolean): boolean => {
    visiting.add(name)
    const result = run()
    visiting.delete(name)
    return result
  }
  const readsArgument = (argument: TypeScript.Expression, bound: ReadonlySet<string>, depth: number): boolean => {
    const node = withoutCasts(ts, ts.isSpreadElement(argument) ? argument.expression : argument)
    return ts.isArrowFunction(node) ? readsBody(node, bound, depth + 1) : reads(node, bound, depth)
  }
  /** A function that only makes a list and returns it. */
  const readsBody = (fn: TypeScript.SignatureDeclaration, outer: ReadonlySet<string>, depth: number): boolean => {
    const body = "body" in fn ? (fn.body as TypeScript.Node | undefined) : undefined
    if (body === undefined || !fn.parameters.every(({ name, initializer }) => ts.isIdentifier(name) && initializer === undefined)) return false
    const bound = new Set([...(ts.isArrowFunction(fn) ? outer : []), ...fn.parameters.map(({ name }) => name.getText())])
    return ts.isBlock(body) ? readsStatements(body.statements, bound, depth) : ts.isExpression(body) && reads(body, bound, depth)
  }
  const readsStatements = (statements: readonly TypeScript.Statement[], bound: Set<string>, depth: number): boolean =>
    statements.every((statement) => {
      if (ts.isReturnStatement(statement)) return statement.expression !== undefined && reads(statement.expression, bound, depth)
      if (ts.isExpressionStatement(statement)) return reads(statement.expression, bound, depth)
      if (ts.isBlock(statement)) return readsStatements(statement.statements, bound, depth)
      if (ts.isVariableStatement(statement))
        return statement.declarationList.declarations.every(({ name, initializer }) => {
          if (!ts.isIdentifier(name) || initializer === undefined || !reads(initializer, bound, depth)) return false
          bound.add(name.text)
          return true
        })
      if (!ts.isForOfStatement(statement) || !ts.isVariableDeclarationList(statement.initializer)) return false
      const [{ name }] = statement.initializer.declarations
      if (!ts.isIdentifier(name) || !reads(statement.expression, bound, depth)) return false
      bound.add(name.text)
      return readsStatements([statement.statement], bound, depth)
    })
  /** A field of the source's own is given its value once; one that tfjs has is known. */
  const readsField = (name: string, depth: number): boolean => {
    const own = said(name)
    if (own.some(({ written, empty, functions }) => written.length + empty.length + functions.length > 0)) return isSteadyName(name, depth)
    if (ofLayers.has(name)) byLayers = true
    return ofWeights.has(name) || (ofLayers.has(name) && !freezes)
  }
  /** Whether a name is given a value at one place for each class, outside of every choice, and a list of that name is changed nowhere. */
  const isSteadyName = (name: string, depth: number): boolean => {
    if (visiting.has(name)) return true
    const all = said(name)
    if (all.some(({ functions }) => functions.length > 0)) {
      const getters = all.flatMap(({ functions }) => functions)
      return getters.every((fn) => ts.isGetAccessorDeclaration(fn)) && within(name, () => getters.every((fn) => readsBody(fn, new Set(), depth + 1)))
    }
    const places = all.flatMap(({ written }) => written), starts = all.flatMap(({ empty }) => empty)
    const owners = places.map((place) => ts.findAncestor(place, ts.isClassLike) ?? place.getSourceFile())
    if (places.length + starts.length === 0 || new Set(owners).size < owners.length || !places.every((place) => isPlain(ts, place))) return false
    const values = places.flatMap((place) => valueAt(ts, place) ?? [])
    if (values.some((value) => hasChoice(ts, value))) return false
    const lists = listsNamed(context, name)
    if (lists.length === 0) return true
    // What is in a list of weights is read as it is written; lists of layers are those that the network runs through.
    const isRead = lists.some(({ items }) => items.some((item) => item.kind === "tensor"))
      ? within(name, () => values.every((value) => reads(value, new Set(), depth + 1)))
      : values.every((value) => !callsOwn(value))
    return isRead && all.every(({ mentions }) => mentions.every((mention) => leavesList(ts, mention, isChanging)))
  }
  const callsOwn = (node: TypeScript.Node): boolean => {
    if (ts.isCallExpression(node) && said(lastName(ts, node.expression) ?? "").some(({ functions }) => functions.length > 0)) return true
    return ts.forEachChild(node, (child) => callsOwn(child) || undefined) ?? false
  }
  return reads(list, new Set(), 0) ? { readsThis, byLayers } : null
}

/** The lists that the file and fields of instances hold under a name. */
function listsNamed(context: Context, name: string): readonly ArrayValue[] {
  const { state, home } = context
  const held = state.instances.map(({ fields }) => fields.get(name) ?? fields.get(`#${name}`))
  return [context.moduleScope(context, home).names.get(name), ...held].flatMap((value) => (value?.kind === "array" ? [value] : []))
}

/** What is written at a place; null where it is what a constructor is handed. */
function valueAt(ts: typeof TypeScript, { parent }: TypeScript.Node): TypeScript.Expression | null {
  if (ts.isBinaryExpression(parent)) return parent.right
  const isDeclared = ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent)
  return isDeclared ? (parent.initializer ?? null) : null
}

/** Whether code takes one of several ways, or some items of a list. */
function hasChoice(ts: typeof TypeScript, node: TypeScript.Node): boolean {
  if (ts.isConditionalExpression(node) || ts.isIfStatement(node) || ts.isSwitchStatement(node)) return true
  if (ts.isBinaryExpression(node) && /^(&&|\|\||\?\?)/.test(node.operatorToken.getText())) return true
  if (ts.isCallExpression(node) && /^(filter|slice|splice|find|pop|shift|random)$/.test(lastName(ts, node.expression) ?? "")) return true
  return ts.forEachChild(node, (child) => hasChoice(ts, child) || undefined) ?? false
}

/** Whether a value is written where code runs once and whatever happens: at the top of a file, in a field, in a constructor. */
function isPlain(ts: typeof TypeScript, place: TypeScript.Node): boolean {
  for (let at = place.parent; at !== undefined; at = at.parent) {
    if (ts.isSourceFile(at) || ts.isConstructorDeclaration(at) || ts.isPropertyDeclaration(at) || ts.isClassLike(at)) return true
    const isStraight = ts.isBlock(at) || ts.isExpressionStatement(at) || ts.isVariableStatement(at) || ts.isVariableDeclarationList(at)
    if (!isStraight && !ts.isVariableDeclaration(at) && !ts.isBinaryExpression(at)) return false
  }
  return true
}

/** Whether a mention of a list leaves its items alone. */
function leavesList(ts: typeof TypeScript, mention: TypeScript.Node, isChanging: boolean): boolean {
  let at = mention
  while (ts.isAsExpression(at.parent) || ts.isParenthesizedExpression(at.parent) || ts.isNonNullExpression(at.parent)) at = at.parent
  const { parent } = at
  if (ts.isPropertyAccessExpression(parent) && parent.expression === at) {
    if (parent.name.text === "push") return ts.isCallExpression(parent.parent) && isPlain(ts, parent.parent) && !hasChoice(ts, parent.parent)
    return reading.test(parent.name.text) && !(ts.isBinaryExpression(parent.parent) && parent.parent.left === parent)
  }
  if (ts.isElementAccessExpression(parent)) return !(ts.isBinaryExpression(parent.parent) && parent.parent.left === parent)
  if (ts.isCallExpression(parent)) return parent.expression !== at && takers.test(lastName(ts, parent.expression) ?? "")
  if (ts.isSpreadElement(parent) || ts.isForOfStatement(parent) || ts.isExportSpecifier(parent)) return true
  if (ts.isImportSpecifier(parent)) return parent.propertyName === undefined
  // Who is handed the list may change it.
  return ts.isReturnStatement(parent) && !isChanging
}

const known = new WeakMap<TypeScript.SourceFile, ReadonlyMap<string, Said>>()

function saidIn(ts: typeof TypeScript, file: TypeScript.SourceFile): ReadonlyMap<string, Said> {
  const found = known.get(file) ?? findSaid(ts, file)
  known.set(file, found)
  return found
}

function findSaid(ts: typeof TypeScript, file: TypeScript.SourceFile): ReadonlyMap<string, Said> {
  const found = new Map<string, Said>()
  const of = (name: string): Said => {
    const made = found.get(name) ?? { written: [], empty: [], functions: [], mentions: [] }
    found.set(name, made)
    return made
  }
  const read = (node: TypeScript.MemberName): void => {
    const said = of(node.text.replace(/^#/, "")), { parent } = node
    if (ts.isFunctionLike(parent) && parent.name === node) return void said.functions.push(parent)
    if ((ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node) return declare(said, parent)
    if (ts.isPropertyAssignment(parent) && parent.name === node) return void said.written.push(node)
    if (ts.isBindingElement(parent) || ts.isShorthandPropertyAssignment(parent)) return void said.written.push(node, node)
    if (ts.isParameter(parent)) return (parent.modifiers?.length ?? 0) > 0 ? void said.written.push(node) : undefined
    const whole = ts.isPropertyAccessExpression(parent) && parent.name === node ? parent : node
    const isTarget = ts.isBinaryExpression(whole.parent) && whole.parent.left === whole && /^[^=!<>]*=$/.test(whole.parent.operatorToken.getText())
    if (isTarget) said.written.push(whole)
    else said.mentions.push(whole)
  }
  const declare = (said: Said, declared: TypeScript.VariableDeclaration | TypeScript.PropertyDeclaration): void => {
    const { initializer } = declared
    if (initializer === undefined) return
    const plain = withoutCasts(ts, initializer)
    if (ts.isArrowFunction(plain) || ts.isFunctionExpression(plain)) said.functions.push(plain)
    else if (ts.isPropertyDeclaration(declared) && ts.isArrayLiteralExpression(plain) && plain.elements.length === 0) said.empty.push(declared.name)
    else said.written.push(declared.name)
  }
  for (const nodes of spellingsOf(ts, file).values()) nodes.forEach(read)
  return found
}
