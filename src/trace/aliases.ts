/**
 * @file Names under which the code of a file speaks of a model: those it is stored in, handed on as, or declared with the type of. By names alone,
 * whatever their scope: a name may mean another model elsewhere, so that what is said of these names may be too much and never too little.
 */
import type * as TypeScript from "typescript"
import { everyItem } from "./receivers"
import { withoutCasts } from "./trainers"
import { lastName, nodesOf, resultsOf } from "../source/nodes"

/** A name, and what it may stand for: an expression, another name, or a type that mentions names. */
interface Flow {
  readonly name: string
  readonly from: TypeScript.Node | string
}

export interface Aliases {
  /** What the model itself is called. */
  readonly own: ReadonlySet<string>
  /** These, and what its layers, weights and the records that hold it are called. */
  readonly parts: ReadonlySet<string>
}

export interface Start {
  /** Names of the model. */
  readonly values: ReadonlySet<string>
  /** Names of classes and functions that make it. */
  readonly makers: ReadonlySet<string>
}

/** All names that lead to a model in some files. */
export function aliasesOf(ts: typeof TypeScript, files: readonly TypeScript.SourceFile[], start: Start): Aliases {
  const flows = files.flatMap((file) => flowsIn(ts, file)), keyed = new Set(files.flatMap((file) => [...keyedIn(ts, file)]))
  const own = closure(ts, flows, start, keyed)
  return { own, parts: closure(ts, flows, { ...start, values: own }, null) }
}

/** `keyed` are the names of records that give what they hold by keys that are not written; null where records count as what they hold. */
function closure(ts: typeof TypeScript, flows: readonly Flow[], { values, makers }: Start, keyed: ReadonlySet<string> | null): ReadonlySet<string> {
  const found = new Set(values), made = new Set(makers), isWide = keyed === null
  const isRecord = (name: string, written: TypeScript.Node): boolean => {
    const node = keyed?.has(name) === true && ts.isExpression(written) ? withoutCasts(ts, written) : null
    return node !== null && ts.isObjectLiteralExpression(node) && holds(ts, node, (item) => mayBe(ts, item, found, made, false))
  }
  let open = flows.filter(({ name }) => !found.has(name))
  for (let size = -1; size !== found.size + made.size;) {
    size = found.size + made.size
    const rest: Flow[] = []
    for (const flow of open) {
      const { name, from } = flow
      const leads = typeof from === "string" ? found.has(from) : ts.isFunctionLike(from)
        ? resultsOf(ts, from).some((result) => mayBe(ts, result, found, made, isWide) || isRecord(name, result))
        : ts.isTypeNode(from) ? mentions(ts, from, made) : mayBe(ts, from, found, made, isWide) || isRecord(name, from)
      if (!leads) rest.push(flow)
      else if (typeof from !== "string" && ts.isFunctionLike(from)) made.add(name)
      else found.add(name)
    }
    open = rest
  }
  return found
}

/** Methods that give an item of what they are methods of. */
const picks = /^(at|get|find|pop|shift|filter|slice|concat|values|bind)$/
/** Methods that give a part of a model. */
const gives = /^(getLayer|getWeights|map|flatMap|entries|keys)$/

/** What holds what it is made of, and gives it by keys. */
const collections = /^(Map|Set|WeakMap|WeakSet|Array)$/
/** Functions of Object that give what is in a record, or another record of the same. */
const ofRecords = /^(values|entries|assign|freeze|fromEntries|create|seal)$/

/** Whether some value of a record is one of these. */
const holds = (ts: typeof TypeScript, { properties }: TypeScript.ObjectLiteralExpression, leads: (node: TypeScript.Node) => boolean): boolean =>
  properties.some((p) =>
    ts.isPropertyAssignment(p) ? leads(p.initializer)
      : ts.isShorthandPropertyAssignment(p) ? leads(p.name) : ts.isSpreadAssignment(p) && leads(p.expression))

/** Whether an expression may give the model; with `isWide` also one that gives a part of it, or a record that holds it. */
function mayBe(ts: typeof TypeScript, written: TypeScript.Node, values: ReadonlySet<string>, makers: ReadonlySet<string>, isWide: boolean): boolean {
  const leads = (node: TypeScript.Node): boolean => mayBe(ts, node, values, makers, isWide)
  if (written.kind === ts.SyntaxKind.ThisKeyword) return isWide && makers.has(ts.findAncestor(written, ts.isClassLike)?.name?.text ?? "")
  if (!ts.isExpression(written)) return false
  const node = withoutCasts(ts, written)
  if (ts.isIdentifier(node)) return values.has(node.text)
  if (ts.isPropertyAccessExpression(node)) return values.has(node.name.text.replace(/^#/, "")) || (isWide && leads(node.expression))
  if (ts.isElementAccessExpression(node) || ts.isAwaitExpression(node) || ts.isSpreadElement(node)) return leads(node.expression)
  if (ts.isConditionalExpression(node)) return leads(node.whenTrue) || leads(node.whenFalse)
  if (ts.isBinaryExpression(node)) return leads(node.left) || leads(node.right)
  if (ts.isArrayLiteralExpression(node)) return node.elements.some(leads)
  if (ts.isNewExpression(node)) {
    const name = lastName(ts, node.expression)
    return (name !== null && makers.has(name)) || ((isWide || collections.test(name ?? "")) && (node.arguments ?? []).some(leads))
  }
  if (isWide && ts.isObjectLiteralExpression(node))
    return holds(ts, node, leads)
  if (!ts.isCallExpression(node)) return false
  const name = lastName(ts, node.expression)
  if (name !== null && makers.has(name)) return true
  if (!ts.isPropertyAccessExpression(node.expression)) return false
  const method = node.expression.name.text
  const { expression: object } = node.expression
  if (ts.isIdentifier(object) && object.text === "Object") return ofRecords.test(method) && node.arguments.some(leads)
  return (picks.test(method) || (isWide && gives.test(method))) && leads(object)
}

function mentions(ts: typeof TypeScript, node: TypeScript.Node, names: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node)) return names.has(node.text)
  return ts.forEachChild(node, (child) => mentions(ts, child, names) || undefined) ?? false
}

const knownKeyed = new WeakMap<TypeScript.SourceFile, ReadonlySet<string>>()

/** Names of what code of a file takes items of by keys that are not written there, or all items of. */
function keyedIn(ts: typeof TypeScript, file: TypeScript.SourceFile): ReadonlySet<string> {
  const known = knownKeyed.get(file)
  if (known !== undefined) return known
  const found = new Set<string>()
  const add = (node: TypeScript.Expression): void => {
    const plain = withoutCasts(ts, node), name = ts.isCallExpression(plain) ? lastName(ts, plain.expression) : storedName(ts, plain)
    if (name !== null) found.add(name)
  }
  for (const node of nodesOf(ts, file)) {
    if (ts.isElementAccessExpression(node) && !ts.isStringLiteralLike(node.argumentExpression)) add(node.expression)
    else if (ts.isCallExpression(node) && ofRecords.test(lastName(ts, node.expression) ?? "")) node.arguments.forEach(add)
  }
  knownKeyed.set(file, found)
  return found
}

const known = new WeakMap<TypeScript.SourceFile, readonly Flow[]>()

function flowsIn(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Flow[] {
  const made = known.get(file) ?? findFlows(ts, file)
  known.set(file, made)
  return made
}

function findFlows(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Flow[] {
  const found: Flow[] = [], parameters = new Map<string, (readonly TypeScript.ParameterDeclaration[])[]>()
  const calls: { readonly name: string; readonly given: readonly TypeScript.Expression[] }[] = []
  const bind = (bound: TypeScript.BindingName, from: TypeScript.Node | string | undefined): void => {
    if (ts.isIdentifier(bound)) return from === undefined ? undefined : void found.push({ name: bound.text, from })
    const items = from !== undefined && typeof from !== "string" && ts.isArrayLiteralExpression(from) ? from.elements : null
    bound.elements.forEach((element, i) => {
      if (!ts.isBindingElement(element)) return
      // A field of a record is known by its name.
      const key = element.propertyName ?? element.name
      bind(element.name, ts.isObjectBindingPattern(bound) ? (ts.isIdentifier(key) ? key.text : undefined) : (items?.[i] ?? from))
    })
  }
  const put = (name: string | null, from: TypeScript.Node | undefined): void => {
    if (name !== null && from !== undefined) found.push({ name, from })
  }
  const visit = (node: TypeScript.Node): void => {
    if (ts.isVariableDeclaration(node)) {
      bind(node.name, node.initializer === undefined ? undefined : withoutCasts(ts, node.initializer))
      if (ts.isIdentifier(node.name)) put(node.name.text, node.type)
    } else if (ts.isPropertyDeclaration(node)) {
      put(keyOf(ts, node.name), node.initializer)
      put(keyOf(ts, node.name), node.type)
    } else if (ts.isPropertyAssignment(node)) put(keyOf(ts, node.name), node.initializer)
    else if (ts.isBinaryExpression(node) && assigns.test(node.operatorToken.getText())) put(storedName(ts, node.left), node.right)
    else if (ts.isForOfStatement(node) && ts.isVariableDeclarationList(node.initializer))
      for (const { name } of node.initializer.declarations) bind(name, node.expression)
    else if (ts.isParameter(node)) {
      bind(node.name, node.initializer)
      if (ts.isIdentifier(node.name)) put(node.name.text, node.type)
    } else if (ts.isImportSpecifier(node) && node.propertyName !== undefined) found.push({ name: node.name.text, from: node.propertyName.text })
    // What a file exports without a name other files of the program know by theirs.
    else if (ts.isExportAssignment(node)) found.push({ name: byDefault, from: node.expression })
    else if (ts.isImportClause(node) && node.name !== undefined && /^['"]\./.test(node.parent.moduleSpecifier.getText()))
      found.push({ name: node.name.text, from: byDefault })
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const name = lastName(ts, node.expression), given = node.arguments ?? []
      if (name !== null) calls.push({ name, given })
      if (ts.isPropertyAccessExpression(node.expression)) visitMethod(node.expression, given)
    }
    if (ts.isFunctionLike(node)) visitFunction(node)
  }
  /** `list.push(model)` fills a list, `list.forEach((m) => …)` hands out its items, `f.call(self, model)` is a call of f. */
  const visitMethod = ({ expression: object, name }: TypeScript.PropertyAccessExpression, given: readonly TypeScript.Expression[]): void => {
    if (/^(push|unshift|set|add)$/.test(name.text)) for (const item of given) put(storedName(ts, object), item)
    // Object.defineProperty(held, "net", { value: model }) and Reflect.set(held, "net", model).
    const key = given.at(1), kept = given.at(2)
    if (/^(defineProperty|set)$/.test(name.text) && key !== undefined && ts.isStringLiteralLike(key)) put(key.text, valueOf(kept))
    const first = given[0] === undefined ? undefined : withoutCasts(ts, given[0])
    if (everyItem.test(name.text) && first !== undefined && ts.isFunctionLike(first)) for (const p of first.parameters) bind(p.name, object)
    const called = lastName(ts, object)
    if (/^(call|bind)$/.test(name.text) && called !== null) calls.push({ name: called, given: given.slice(1) })
  }
  const valueOf = (kept: TypeScript.Expression | undefined): TypeScript.Expression | undefined => {
    const node = kept === undefined ? undefined : withoutCasts(ts, kept)
    if (node === undefined || !ts.isObjectLiteralExpression(node)) return node
    return node.properties.flatMap((p) => (ts.isPropertyAssignment(p) && p.name.getText() === "value" ? [p.initializer] : [])).at(0)
  }
  const visitFunction = (node: TypeScript.SignatureDeclaration): void => {
    const name = ts.isConstructorDeclaration(node) ? (node.parent.name?.text ?? null) : nameOfFunction(ts, node)
    if (name === null) return
    parameters.set(name, [...(parameters.get(name) ?? []), node.parameters.filter((p) => ts.isParameter(p))])
    if ("body" in node && node.body !== undefined && !ts.isConstructorDeclaration(node)) found.push({ name, from: node })
  }
  nodesOf(ts, file).forEach(visit)
  for (const { name, given } of calls)
    for (const list of parameters.get(name) ?? [])
      list.forEach((parameter, i) => {
        for (const argument of parameter.dotDotDotToken === undefined ? given.slice(i, i + 1) : given.slice(i))
          bind(parameter.name, ts.isSpreadElement(argument) ? argument.expression : withoutCasts(ts, argument))
      })
  return found
}

/** No identifier of a file. */
const byDefault = "default"
const assigns = /^(=|\?\?=|\|\|=|&&=)$/

const keyOf = (ts: typeof TypeScript, name: TypeScript.PropertyName): string | null =>
  ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? name.text.replace(/^#/, "") : ts.isStringLiteralLike(name) ? name.text : null

/** "a" for `a`, `this.a`, `x.a[i]`. */
function storedName(ts: typeof TypeScript, written: TypeScript.Expression): string | null {
  const node = withoutCasts(ts, written)
  return ts.isElementAccessExpression(node) ? storedName(ts, node.expression) : lastName(ts, node)
}

/** The name of a function, or of the variable or field that it is stored in. */
function nameOfFunction(ts: typeof TypeScript, node: TypeScript.SignatureDeclaration): string | null {
  const { name, parent } = node
  if (name !== undefined) return ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? name.text.replace(/^#/, "") : null
  const isStored = ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent)
  return isStored && (ts.isIdentifier(parent.name) || ts.isPrivateIdentifier(parent.name)) ? parent.name.text.replace(/^#/, "") : null
}
