/**
 * @file What a receiver may be: the names of fields, variables and models that an expression leads to through variables, fields, lists, parameters
 * and functions of its file. Scopes are followed, the order of statements is not. Syntax only.
 */
import type * as TypeScript from "typescript"
import { nodesOf, resultsOf } from "../source/nodes"
import { spend, type Budget } from "./budget"
import { withoutCasts } from "./trainers"

/** A name that leads to what is written; of a field of `this` or of an instance the class, where it is known. */
export interface Reached {
  readonly name: string
  readonly around: string | undefined
}

export interface Receiver {
  readonly names: readonly Reached[]
  /** Names of layers and models made on the spot, all of whose weights may be meant. */
  readonly holders: ReadonlySet<string>
  /** Classes all of whose fields may be meant. */
  readonly classes: ReadonlySet<string>
  /** Whether it may be something that this file does not show. */
  readonly isUnknown: boolean
}

type Nodes = ReadonlyMap<string, readonly TypeScript.Node[]>

/** What a file says of its names, whatever their scope. */
export interface Names {
  /** Expressions, functions and classes that a name stands for, and what is put into it: `a = e`, `x.a = e`, `{ a: e }`, `a.push(e)`. */
  readonly given: Nodes
  /** Lists that a loop or list method takes it from. */
  readonly items: Nodes
  /** Where it is mentioned apart from its declaration. */
  readonly mentioned: Nodes
}

/** Methods that call a function for every item of what they are methods of. */
export const everyItem = /^(forEach|map|flatMap|filter|every|some|find|reduce|forEachAsync|mapAsync)$/
/** What tfjs keeps weights and layers in, whatever else in the file has the name. */
const listed: ReadonlySet<string> = new Set([
  "layers", "weights", "trainableWeights", "nonTrainableWeights", "variables", "trainableVariables", "val",
])
/** Methods whose function only says which items are meant. */
const picks = /^(filter|find|findLast|some|every|sort)$/
/** Deeper than any chain of names that people write. */
const maximumDepth = 300
const fills = /^(push|unshift|set|add|concat)$/

const known = new WeakMap<TypeScript.SourceFile, Names>()

/** What several files say of their names, each of which is read once. */
export function readNames(ts: typeof TypeScript, files: readonly TypeScript.SourceFile[]): Names {
  const all = files.map((file) => {
    let names = known.get(file)
    if (names === undefined) known.set(file, (names = namesOfFile(ts, file)))
    return names
  })
  if (all.length === 1) return all[0]
  const join = (key: keyof Names): Nodes => {
    const joined = new Map<string, TypeScript.Node[]>()
    for (const names of all)
      for (const [name, nodes] of names[key]) {
        const list = joined.get(name)
        if (list === undefined) joined.set(name, [...nodes])
        else for (const node of nodes) list.push(node)
      }
    return joined
  }
  return { given: join("given"), items: join("items"), mentioned: join("mentioned") }
}

function namesOfFile(ts: typeof TypeScript, file: TypeScript.SourceFile): Names {
  const given = new Map<string, TypeScript.Node[]>(), mentioned = new Map<string, TypeScript.Node[]>(), items = new Map<string, TypeScript.Node[]>()
  const put = (into: Map<string, TypeScript.Node[]>, name: string | null, node: TypeScript.Node | null): void => {
    if (name === null || node === null) return
    const list = into.get(name)
    if (list === undefined) into.set(name, [node])
    else list.push(node)
  }
  for (const node of nodesOf(ts, file)) {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const { parent } = node, isDeclared = "name" in parent && parent.name === node && !ts.isPropertyAccessExpression(parent)
      if (!isDeclared || ts.isShorthandPropertyAssignment(parent)) put(mentioned, plain(node), node)
    }
    if ((ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isPropertyAssignment(node)) && node.initializer !== undefined)
      put(given, plainName(ts, node.name), node.initializer)
    else if ((ts.isForOfStatement(node) || ts.isForInStatement(node)) && ts.isVariableDeclarationList(node.initializer))
      for (const { name } of node.initializer.declarations) for (const bound of boundNames(ts, name)) put(items, bound, node.expression)
    else if (ts.isParameter(node)) for (const bound of boundNames(ts, node.name)) put(items, bound, listOf(ts, node.parent))
    else if (ts.isShorthandPropertyAssignment(node)) put(given, node.name.text, node.name)
    else if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node) || ts.isClassLike(node))
      put(given, node.name === undefined ? null : plainName(ts, node.name), node)
    else if (ts.isBinaryExpression(node) && node.operatorToken.getText().endsWith("=") && !/^[=!<>]=/.test(node.operatorToken.getText()))
      put(given, storedName(ts, node.left), node.right)
    else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && fills.test(node.expression.name.text))
      for (const item of node.arguments) put(given, storedName(ts, node.expression.expression), item)
  }
  return { given, mentioned, items }
}

const boundNames = (ts: typeof TypeScript, bound: TypeScript.BindingName): readonly string[] =>
  ts.isIdentifier(bound) ? [bound.text] : bound.elements.flatMap((e) => (ts.isBindingElement(e) ? boundNames(ts, e.name) : []))

/** The list whose method calls a function for every item. */
export const listOf = (ts: typeof TypeScript, { parent }: TypeScript.Node): TypeScript.Expression | null =>
  ts.isCallExpression(parent) && ts.isPropertyAccessExpression(parent.expression) && everyItem.test(parent.expression.name.text)
    ? parent.expression.expression
    : null

const plain = (name: TypeScript.Identifier | TypeScript.PrivateIdentifier): string => name.text.replace(/^#/, "")

export const plainName = (ts: typeof TypeScript, name: TypeScript.Node): string | null =>
  ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? plain(name) : ts.isStringLiteralLike(name) ? name.text : null

/** "a" for `a`, `this.a`, `x.a[i]`. */
export function storedName(ts: typeof TypeScript, written: TypeScript.Expression): string | null {
  const node = withoutCasts(ts, written)
  if (ts.isElementAccessExpression(node)) return storedName(ts, node.expression)
  return ts.isPropertyAccessExpression(node) ? plain(node.name) : ts.isIdentifier(node) ? node.text : null
}

const aliases = new WeakMap<Names, Map<string, readonly string[]>>()

/** Other names that what has a name is stored under, asked once for every name. */
function aliasesOf(ts: typeof TypeScript, names: Names, name: string): readonly string[] {
  const answers = aliases.get(names) ?? new Map<string, readonly string[]>()
  aliases.set(names, answers)
  let found = answers.get(name)
  if (found === undefined) {
    const stored = (names.mentioned.get(name) ?? []).map((mention) => aliasOf(ts, mention))
    answers.set(name, (found = [...new Set(stored.filter((alias): alias is string => alias !== null && alias !== name))]))
  }
  return found
}

/** Everything that a receiver may be, by the names of its file; anything where nothing of the budget is left. */
export function resolveReceiver(ts: typeof TypeScript, names: Names, receiver: TypeScript.Expression, budget: Budget): Receiver {
  const reached = new Map<string, Reached>(), holders = new Set<string>(), classes = new Set<string>(), seen = new Set<TypeScript.Node>()
  const aliased = new Set<string>()
  let isUnknown = false, depth = 0
  const reach = (name: string, around?: string): void => void reached.set(`${around ?? ""}.${name}`, { name, around })
  const givenTo = (name: string): readonly TypeScript.Node[] => names.given.get(name) ?? []
  const follow = (nodes: readonly TypeScript.Node[], via: string): void => {
    if (nodes.length === 0) isUnknown = true
    for (const node of nodes) visit(node, via)
  }
  const visit = (written: TypeScript.Node, via: string): void => {
    if (seen.has(written)) return
    seen.add(written)
    // Names that lead to names without end may lead anywhere.
    if (++depth > maximumDepth || !spend(budget, 1)) isUnknown = true
    else visitNew(written, via)
    depth--
  }
  const visitNew = (written: TypeScript.Node, via: string): void => {
    const node = ts.isExpression(written) ? withoutCasts(ts, written) : written
    if (node !== written) visit(node, via)
    else if (ts.isIdentifier(node)) visitName(node)
    else if (node.kind === ts.SyntaxKind.ThisKeyword) visitClass(classAround(ts, node))
    else if (ts.isPropertyAccessExpression(node)) visitField(plain(node.name), withoutCasts(ts, node.expression))
    else if (ts.isElementAccessExpression(node)) {
      if (ts.isStringLiteralLike(node.argumentExpression)) reach(node.argumentExpression.text)
      visit(node.expression, via)
    } else if (ts.isCallExpression(node)) visitCall(node, via)
    else if (ts.isNewExpression(node)) visitNewObject(node)
    else if (ts.isFunctionLike(node)) for (const result of resultsOf(ts, node)) visit(result, via)
    else if (ts.isAwaitExpression(node) || ts.isSpreadElement(node)) visit(node.expression, via)
    else if (ts.isArrayLiteralExpression(node)) node.elements.forEach((item) => visit(item, via))
    else if (ts.isObjectLiteralExpression(node)) node.properties.forEach((property) => visitProperty(property, via))
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach((way) => visit(way, via))
    else if (ts.isBinaryExpression(node)) [node.left, node.right].forEach((way) => visit(way, via))
    else if (!ts.isLiteralExpression(node) && !ts.isOmittedExpression(node) && node.kind !== ts.SyntaxKind.NullKeyword) isUnknown = true
  }
  /** Names that what a model is made of starts from. */
  const visitParts = (node: TypeScript.Node): void => {
    const isStart = ts.isIdentifier(node) && node.text !== "tf" && !("name" in node.parent && node.parent.name === node)
    if (isStart) reach(node.text)
    ts.forEachChild(node, visitParts)
  }
  const visitProperty = (property: TypeScript.ObjectLiteralElementLike, via: string): void => {
    if (ts.isPropertyAssignment(property)) {
      const name = plainName(ts, property.name)
      if (name !== null) reach(name)
      visit(property.initializer, via)
    } else if (ts.isShorthandPropertyAssignment(property)) visit(property.name, via)
    else if (ts.isSpreadAssignment(property)) visit(property.expression, via)
  }
  /** An object of a class of the file holds its fields and whatever it is given; of any other class it may hold anything. */
  const visitNewObject = (node: TypeScript.NewExpression): void => {
    const { expression: callee } = node, name = ts.isIdentifier(callee) ? callee.text : undefined
    if (name === undefined || !givenTo(name).some((found) => ts.isClassLike(found))) isUnknown = true
    else classes.add(name)
    node.arguments?.forEach((argument) => visit(argument, ""))
  }
  const visitClass = (name: string | undefined): void => {
    if (name === undefined) isUnknown = true
    else classes.add(name)
  }
  /** What is stored under other names too: a field may be what the weight is known by. */
  const visitAliases = (name: string): void => {
    if (aliased.has(name)) return
    aliased.add(name)
    aliasesOf(ts, names, name).forEach((alias) => reach(alias))
  }
  const visitName = (node: TypeScript.Identifier): void => {
    const name = node.text, declared = declarationOf(ts, node)
    reach(name)
    visitAliases(name)
    for (const other of names.given.get(name) ?? []) if (isAssigned(ts, other)) visit(other, name)
    if (declared === null) follow(importedAs(ts, names, node), name)
    else if (ts.isParameter(declared)) visitParameter(declared)
    else if (ts.isVariableDeclaration(declared)) {
      const around = declared.parent.parent, key = keyOf(ts, declared.name, name)
      if (!ts.isIdentifier(declared.name)) for (const part of keysOf(ts, declared.name, name)) reach(part)
      if (declared.initializer !== undefined && key !== null) visitField(key, withoutCasts(ts, declared.initializer))
      else if (declared.initializer !== undefined) visit(declared.initializer, name)
      else if (ts.isForOfStatement(around) || ts.isForInStatement(around)) visit(around.expression, name)
      else if (!givenTo(name).some((other) => isAssigned(ts, other))) isUnknown = true
    }
  }
  const visitParameter = (parameter: TypeScript.ParameterDeclaration): void => {
    const fn = parameter.parent, index = fn.parameters.indexOf(parameter), list = listOf(ts, fn)
    if (parameter.initializer !== undefined) visit(parameter.initializer, "")
    if (list !== null) return visit(list, "")
    const name = ts.isConstructorDeclaration(fn) ? classAround(ts, fn) : functionName(ts, fn)
    const mentions = name === undefined || name === null ? [] : (names.mentioned.get(name) ?? [])
    if (!spend(budget, mentions.length)) isUnknown = true
    const calls = mentions.flatMap((mention) => callAt(ts, mention) ?? [])
    // A function that is also handed over may be given anything.
    if (calls.length === 0 || calls.length < mentions.length) isUnknown = true
    for (const { arguments: handed } of calls) {
      const own = parameter.dotDotDotToken === undefined ? handed?.slice(index, index + 1) : handed?.slice(index)
      if (own === undefined || own.length === 0) isUnknown = isUnknown || parameter.initializer === undefined
      else own.forEach((argument) => visit(argument, ""))
    }
  }
  const visitField = (name: string, object: TypeScript.Expression): void => {
    const around = classOf(ts, names, object)
    reach(name, around)
    visitAliases(name)
    const nodes = givenTo(name)
    // A field of an object that this file makes is what the file stores there; of any other one it may be anything of it.
    if (!listed.has(name) && nodes.length > 0) follow(nodes, name)
    if (listed.has(name) || nodes.length === 0 || !(around !== undefined || isMadeHere(ts, names, object))) visit(object, name)
  }
  const visitCall = (node: TypeScript.CallExpression, via: string): void => {
    const callee = withoutCasts(ts, node.expression), text = callee.getText()
    if (/(^|\.)(variable|addWeight)$/.test(text)) return
    if (/(^|\.)(sequential|model)$/.test(text) && !/^this\./.test(text)) {
      holders.add(via)
      // A model of parts of another one.
      for (const given of node.arguments) visitParts(given)
      return
    }
    // A layer made on the spot may be part of any model.
    if (/^tf\./.test(text) && !/^tf\.(keep|tidy)$/.test(text)) {
      isUnknown = true
      return
    }
    const name = ts.isPropertyAccessExpression(callee) ? plain(callee.name) : ts.isIdentifier(callee) ? callee.text : null
    const functions = (name === null ? [] : givenTo(name)).filter((found) => ts.isFunctionLike(found))
    // What a model or function of the file is called by may be the name of the model.
    if (name !== null && functions.length > 0) reach(name)
    if (functions.length > 0) follow(functions, via)
    if (ts.isPropertyAccessExpression(callee)) {
      const object = withoutCasts(ts, callee.expression), isOwn = functions.length > 0 && classOf(ts, names, object) !== undefined
      if (!isOwn && !(ts.isIdentifier(object) && /^(Object|Array|tf)$/.test(object.text))) visit(object, via)
    } else if (functions.length === 0) isUnknown = true
    for (const argument of node.arguments) if (!(ts.isFunctionLike(argument) && picks.test(name ?? ""))) visit(argument, via)
  }
  visit(receiver, "")
  return { names: [...reached.values()], holders, classes, isUnknown }
}

const mentioned = new WeakMap<TypeScript.Node, readonly string[]>()

/** The names in a piece of code, private ones among them; asked once for each. */
function mentionedIn(ts: typeof TypeScript, root: TypeScript.Node): readonly string[] {
  const known = mentioned.get(root)
  if (known !== undefined) return known
  const found = new Set<string>()
  const visit = (node: TypeScript.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) found.add(plain(node))
    ts.forEachChild(node, visit)
  }
  visit(root)
  const list = [...found]
  mentioned.set(root, list)
  return list
}

const led = new WeakMap<Names, Map<string, ReadonlySet<string>>>()

/** All names that declarations of these names lead to. */
export function namesBehind(ts: typeof TypeScript, names: Names, start: ReadonlySet<string>): ReadonlySet<string> {
  const asked = led.get(names) ?? new Map<string, ReadonlySet<string>>(), key = [...start].join()
  led.set(names, asked)
  const known = asked.get(key)
  if (known !== undefined) return known
  const found = new Set(start)
  for (const name of found) {
    const nodes = [...(names.given.get(name) ?? []), ...(names.items.get(name) ?? [])]
    for (const node of nodes) for (const other of mentionedIn(ts, node)) found.add(other)
  }
  asked.set(key, found)
  return found
}

export const classAround = (ts: typeof TypeScript, node: TypeScript.Node): string | undefined => ts.findAncestor(node, ts.isClassLike)?.name?.text

/** Name of a function, or of the variable or field that it is stored in. */
export function functionName(ts: typeof TypeScript, fn: TypeScript.Node): string | null {
  const own = "name" in fn ? (fn.name as TypeScript.Node | undefined) : undefined
  const { parent } = fn
  const stored = ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined
  const given = ts.isBinaryExpression(parent) && parent.right === fn ? storedName(ts, parent.left) : null
  const name = own ?? stored
  return name === undefined ? given : plainName(ts, name)
}

/** The call or `new` that a mention is the callee of. */
function callAt(ts: typeof TypeScript, mention: TypeScript.Node): TypeScript.CallExpression | TypeScript.NewExpression | null {
  const callee = ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention ? mention.parent : mention
  const { parent } = callee
  return (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === callee ? parent : null
}

/** The field or variable that a mention, or a list it is an item of, is stored in as it is. */
function aliasOf(ts: typeof TypeScript, mention: TypeScript.Node): string | null {
  const whole = ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention ? mention.parent : mention
  for (let at: TypeScript.Node = whole; ; at = at.parent) {
    const { parent } = at
    if (ts.isArrayLiteralExpression(parent) || ts.isAsExpression(parent) || ts.isParenthesizedExpression(parent) || ts.isNonNullExpression(parent))
      continue
    if ((ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.initializer === at)
      return plainName(ts, parent.name)
    if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken && parent.right === at)
      return storedName(ts, parent.left)
    const isPut = ts.isCallExpression(parent) && parent.expression !== at && ts.isPropertyAccessExpression(parent.expression)
    return isPut && fills.test(parent.expression.name.text) ? storedName(ts, parent.expression.expression) : null
  }
}

const isAssigned = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  ts.isBinaryExpression(node.parent) || (ts.isCallExpression(node.parent) && node.parent.expression !== node)

/** The class whose instance an object is, where this file makes it. */
export function classOf(ts: typeof TypeScript, names: Names, object: TypeScript.Expression): string | undefined {
  if (object.kind === ts.SyntaxKind.ThisKeyword) return classAround(ts, object)
  const made = madeBy(ts, names, object).map((node) => (ts.isNewExpression(node) && ts.isIdentifier(node.expression) ? node.expression.text : null))
  const [first] = made
  const isOne = typeof first === "string" && made.every((name) => name === first)
  return isOne && names.given.get(first)?.some((node) => ts.isClassLike(node)) === true ? first : undefined
}

const isMadeHere = (ts: typeof TypeScript, names: Names, object: TypeScript.Expression): boolean => {
  const made = madeBy(ts, names, object)
  return made.length > 0 && made.every((node) => ts.isObjectLiteralExpression(node))
}

function madeBy(ts: typeof TypeScript, names: Names, object: TypeScript.Expression): readonly TypeScript.Node[] {
  const name = storedName(ts, object)
  // An item of a list, or a parameter of the same name, is not what the name was given.
  if (name === null || ts.isElementAccessExpression(object)) return []
  const declared = ts.isIdentifier(object) ? declarationOf(ts, object) : null
  if (ts.isIdentifier(object) && (declared === null || !ts.isVariableDeclaration(declared) || !ts.isIdentifier(declared.name))) return []
  return (names.given.get(name) ?? []).map((node) => (ts.isExpression(node) ? withoutCasts(ts, node) : node))
}

/** The parameter, variable, function or class that a name means where it stands; null where the file declares none. */
export function declarationOf(ts: typeof TypeScript, node: TypeScript.Identifier): TypeScript.Declaration | null {
  const { text } = node
  const inList = (list: TypeScript.VariableDeclarationList): TypeScript.Declaration | undefined =>
    list.declarations.find(({ name }) => bindsName(ts, name, text))
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (ts.isFunctionLike(at)) {
      const parameter = at.parameters.find(({ name }) => bindsName(ts, name, text))
      if (parameter !== undefined && ts.isParameter(parameter)) return parameter
    }
    const list = (ts.isForStatement(at) || ts.isForOfStatement(at) || ts.isForInStatement(at)) && at.initializer
    const found = list && ts.isVariableDeclarationList(list) ? inList(list) : undefined
    if (found !== undefined) return found
    if (!(ts.isBlock(at) || ts.isSourceFile(at) || ts.isModuleBlock(at) || ts.isCaseClause(at))) continue
    for (const statement of at.statements) {
      const declared = ts.isVariableStatement(statement) ? inList(statement.declarationList) : undefined
      if (declared !== undefined) return declared
      if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === text) return statement
    }
  }
  return null
}

/** What a name that is imported stands for in the file it is imported from, where that is among those that are known. */
function importedAs(ts: typeof TypeScript, names: Names, node: TypeScript.Identifier): readonly TypeScript.Node[] {
  for (const statement of node.getSourceFile().statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteralLike(statement.moduleSpecifier)) continue
    const bound = statement.importClause?.namedBindings
    const found = bound !== undefined && ts.isNamedImports(bound) ? bound.elements.find(({ name }) => name.text === node.text) : undefined
    if (found === undefined) continue
    const file = /([^/]+?)(\.[cm]?[jt]sx?)?$/.exec(statement.moduleSpecifier.text)?.[1] ?? ""
    const path = new RegExp(`/${file.replace(/[^\w]/g, "\\$&")}(/index)?\\.[cm]?[jt]sx?$`)
    const isThere = (given: TypeScript.Node): boolean => path.test(given.getSourceFile().fileName)
    return (names.given.get((found.propertyName ?? found.name).text) ?? []).filter((given) => isDeclaredAtTop(ts, given) && isThere(given))
  }
  return []
}

/** What a variable, function or class at the top of a file is. */
const isDeclaredAtTop = (ts: typeof TypeScript, given: TypeScript.Node): boolean =>
  ts.isSourceFile(given.parent) || (ts.isVariableDeclaration(given.parent) && ts.isSourceFile(given.parent.parent.parent.parent))

const bindsName = (ts: typeof TypeScript, bound: TypeScript.BindingName, name: string): boolean =>
  ts.isIdentifier(bound) ? bound.text === name : bound.elements.some((e) => ts.isBindingElement(e) && bindsName(ts, e.name, name))

/** The field that `{ name } = …` or `{ key: name } = …` takes this name from. */
function keyOf(ts: typeof TypeScript, bound: TypeScript.BindingName, name: string): string | null {
  if (!ts.isObjectBindingPattern(bound)) return null
  const found = bound.elements.find((e) => ts.isIdentifier(e.name) && e.name.text === name && e.dotDotDotToken === undefined)
  return found === undefined ? null : plainName(ts, found.propertyName ?? found.name)
}

/** The fields that a pattern takes this name from. */
function keysOf(ts: typeof TypeScript, bound: TypeScript.BindingPattern, name: string): readonly string[] {
  return bound.elements.flatMap((e) =>
    ts.isBindingElement(e) && bindsName(ts, e.name, name)
      ? [...(e.propertyName === undefined ? [] : [e.propertyName.getText()]), ...(ts.isIdentifier(e.name) ? [] : keysOf(ts, e.name, name))]
      : [])
}
