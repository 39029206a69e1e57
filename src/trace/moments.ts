/**
 * @file When code runs: the places that its functions are called from, however they get there: by name, stored in variables, fields and lists, handed
 * to functions of the source and returned by them. A function that goes where nobody can follow it runs at any time. Scopes are not followed, names
 * are. Syntax only.
 */
import type * as TypeScript from "typescript"
import { lastName, isWithin } from "../source/nodes"
import { spend, type Budget } from "./budget"
import { classAround, classOf, everyItem, functionName, plainName, storedName, type Names } from "./receivers"
import { withoutCasts } from "./trainers"

/** Where a piece of code happens: itself, or a call or mention of a function that it is in. */
export interface Site {
  readonly node: TypeScript.Node
  /** The call that trains or writes. */
  readonly call: TypeScript.Node
  /** Whether it is many steps: a whole training. */
  readonly isRun: boolean
}

export interface Moments {
  readonly sites: readonly Site[]
  /** Whether a function around it is handed to code that nobody knows. */
  readonly escapes: boolean
  /** Whether a function around it may be called by code that is not here: exported, a method, a handler of the page. */
  readonly isOpen: boolean
}

/** Functions that hand values through: code inside is code of the function around. */
const transparent: ReadonlySet<string> = new Set(["tidy", "time", "profile"])
/** Functions that call what they are given where they stand, once or for every item, or test frames, whose parts run one after the other. */
const onTheSpot =
  /^(tidy|time|profile|then|catch|finally|sort|findIndex|findLast|reduceRight|from|Promise|describe|it|test|(before|after)(Each|All)?)$/
/** Functions of tfjs that take what they differentiate or run while they train. */
const ofTraining =
  /^(fit|fitDataset|minimize|variableGrads|valueAndGrads|valueAndGrad|grads?|customGrad|computeGradients|applyGradients|trainOnBatch|evaluate)$/
const again = /^(setInterval|requestAnimationFrame)$/
const fills = /^(push|unshift|set|add|concat)$/
/** What React keeps functions in and gives back. */
const keepers = /^(useCallback|useMemo|useRef|memo|bind)$/
/** Functions that take handlers of a page or of requests, which people call, not training. */
const takesHandlers = /^(addEventListener|get|post|put|delete|patch|use|on|once|registerCommand)$/
const effects = /^(useEffect|useLayoutEffect|useState)$/
const handled =
  /^(\/|(click|dblclick|input|change|submit|load|DOMContentLoaded|message|resize|drag\w*|drop|key\w*|mouse\w*|pointer\w*|touch\w*|wheel)$)/
const calledByItself = /^(toString|valueOf|toJSON|then|\[Symbol\..*)$/
const maximumSites = 3000

/** Where a method that is taken for a value may be called: wherever that value goes. */
export function momentsOfValue(ts: typeof TypeScript, names: Names, value: TypeScript.Node, budget: Budget): Moments {
  const { places, escapes, isOpen } = followUses(ts, names, value, budget)
  const all = places.map((node) => momentsOf(ts, names, { node, call: value, isRun: false }, budget))
  return {
    sites: all.flatMap(({ sites }) => sites),
    escapes: escapes || all.some((moments) => moments.escapes),
    isOpen: isOpen || all.some((moments) => moments.isOpen),
  }
}

/**
 * Where a piece of code may run, or at any time where nothing of the budget is left: itself, the calls of the functions that it is in, the calls of
 * those around them, and so on.
 */
export function momentsOf(ts: typeof TypeScript, names: Names, first: Site, budget: Budget): Moments {
  const sites: Site[] = [first], seen = new Set<TypeScript.Node>([first.node])
  let escapes = false, isOpen = false
  // The list grows while it is read.
  for (const { node, call, isRun } of sites) {
    const own = functionAround(ts, node)
    if (own === null) continue
    const uses = usesOf(ts, names, own, budget)
    // What a generator function does happens where its values are taken, not where it is called.
    if ("asteriskToken" in own && own.asteriskToken !== undefined) escapes = true
    // Nobody writes the calls of what the language calls by itself.
    if (own.name !== undefined && calledByItself.test(own.name.getText())) escapes = true
    const many = isRun || roundsAround(ts, names, node).some((round) => round === own || isInside(round, own))
    escapes ||= uses.escapes
    isOpen ||= uses.isOpen
    for (const at of uses.places) {
      if (seen.has(at) || isInside(at, own)) continue
      seen.add(at)
      sites.push({ node: at, call, isRun: many })
    }
    if (sites.length > maximumSites || !spend(budget, 1 + uses.places.length)) return { sites, escapes: true, isOpen }
  }
  return { sites, escapes, isOpen }
}

/** Places where steps are taken, by what writes are asked of. */
export interface StepIndex {
  /** By their spans. */
  readonly at: ReadonlyMap<string, ReadonlySet<StepPlace>>
  /** By the spans of loops and functions around them, and their own. */
  readonly inside: ReadonlyMap<string, ReadonlySet<StepPlace>>
  /** By the function that is a step: what happens in it happens with the step. */
  readonly wholes: ReadonlyMap<TypeScript.Node, ReadonlySet<StepPlace>>
}

interface StepPlace {
  readonly node: TypeScript.Node
  readonly runs: Site[]
  readonly single: Site[]
}

/** Steps by their places, of which many calls share most. */
export function indexSteps(ts: typeof TypeScript, names: Names, steps: readonly Site[]): StepIndex {
  const places = new Map<TypeScript.Node, StepPlace>()
  for (const step of steps) {
    const place = places.get(step.node) ?? { node: step.node, runs: [], single: [] }
    places.set(step.node, place)
    place[step.isRun ? "runs" : "single"].push(step)
  }
  const at = new Map<string, Set<StepPlace>>(), inside = new Map<string, Set<StepPlace>>(), wholes = new Map<TypeScript.Node, Set<StepPlace>>()
  for (const place of places.values()) {
    const { node } = place, own = functionAround(ts, node)
    put(at, spanOf(node), place)
    for (const around of outwards(node))
      if (around === node || ts.isFunctionLike(around) || ts.isIterationStatement(around, false)) put(inside, spanOf(around), place)
    if (own !== null && !roundsAround(ts, names, node).some((round) => isInside(round, own))) put(wholes, own, place)
  }
  return { at, inside, wholes }
}

/**
 * The steps that one of these writes happens at every time, or some of them where nothing of the budget is left: it is within what a step or run is
 * given, in one loop with it, or in the function that is a step. There may be tens of thousands of steps: they are looked up, not tried.
 */
export function stepsTogether(
  ts: typeof TypeScript, names: Names, writes: readonly Site[], { at, inside, wholes }: StepIndex, budget: Budget,
): readonly Site[] {
  const runs = new Set<StepPlace>(), single = new Set<StepPlace>(), nodes = new Set(writes.map(({ node }) => node))
  const take = (found: ReadonlySet<StepPlace> | undefined, isMeant: (place: StepPlace) => boolean): void =>
    spend(budget, found?.size ?? 0) ? found?.forEach((place) => isMeant(place) && runs.add(place) && single.add(place)) : undefined
  // What is handed to a step or run is called by it; a function around the step is not all of it.
  const passed = new Map<string, Set<TypeScript.Node>>()
  for (const node of nodes) {
    if (!spend(budget, 1)) break
    for (const around of outwards(node)) {
      const span = spanOf(around)
      if (put(passed, span, node) > 2) break
      take(at.get(span), (place) => place.node !== node && !ts.isFunctionLike(place.node))
    }
  }
  for (const round of new Set([...nodes].flatMap((node) => roundsAround(ts, names, node))))
    take(inside.get(spanOf(round)), ({ node }) => node !== round)
  for (const node of nodes) {
    const own = functionAround(ts, node)
    if (own !== null) wholes.get(own)?.forEach((place) => single.add(place))
  }
  return [...[...runs].flatMap((place) => place.runs), ...[...single].flatMap((place) => place.single)]
}

/** A node and everything around it. */
function outwards(node: TypeScript.Node): readonly TypeScript.Node[] {
  const found: TypeScript.Node[] = []
  for (let at: TypeScript.Node | undefined = node; at !== undefined; at = at.parent) found.push(at)
  return found
}

/** Code from one place to another is the same code, whichever node it is. */
const spanOf = (node: TypeScript.Node): string => `${node.pos}:${node.end}:${node.getSourceFile().fileName}`

/** How many there are then. */
function put<K, T>(lists: Map<K, Set<T>>, key: K, item: T): number {
  const list = lists.get(key) ?? new Set<T>()
  lists.set(key, list.add(item))
  return list.size
}

export const isInside = (inner: TypeScript.Node, outer: TypeScript.Node): boolean => inner !== outer && isWithin(inner, outer)

const calledName = (ts: typeof TypeScript, call: TypeScript.CallExpression | TypeScript.NewExpression): string => lastName(ts, call.expression) ?? ""

/** The loops around a node, functions that list methods call for every item, and functions that call themselves again. */
function roundsAround(ts: typeof TypeScript, names: Names, node: TypeScript.Node): readonly TypeScript.Node[] {
  const found: TypeScript.Node[] = []
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (ts.isIterationStatement(at, false)) found.push(at)
    else if (ts.isFunctionLike(at)) {
      const round = at
      if (isPerItem(ts, round)) found.push(round)
      else if (!isHandedThrough(ts, round)) {
        if (isCalledAgain(ts, names, round)) found.push(round)
        break
      }
    }
  }
  return found
}

const calledAgain = new WeakMap<Names, Map<TypeScript.Node, boolean>>()

/** Whether a function names itself, asked once for every function. */
function isCalledAgain(ts: typeof TypeScript, names: Names, fn: TypeScript.SignatureDeclaration): boolean {
  const answers = calledAgain.get(names) ?? new Map<TypeScript.Node, boolean>()
  calledAgain.set(names, answers)
  let found = answers.get(fn)
  if (found === undefined) {
    const name = functionName(ts, fn)
    answers.set(fn, (found = name !== null && names.mentioned.get(name)?.some((mention) => isInside(mention, fn)) === true))
  }
  return found
}

/** Whether a function is called for every item of a list, or again and again. */
function isPerItem(ts: typeof TypeScript, fn: TypeScript.Node): boolean {
  const { parent } = fn
  return parent !== undefined && ts.isCallExpression(parent) && parent.expression !== fn &&
    ((ts.isPropertyAccessExpression(parent.expression) && everyItem.test(parent.expression.name.text)) || again.test(calledName(ts, parent)))
}

const isHandedThrough = (ts: typeof TypeScript, fn: TypeScript.Node): boolean =>
  fn.parent !== undefined && ts.isCallExpression(fn.parent) && (fn.parent.expression === fn || transparent.has(calledName(ts, fn.parent)))

export function functionAround(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.SignatureDeclaration | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent)
    if (ts.isFunctionLike(at) && !isHandedThrough(ts, at) && !(isPerItem(ts, at) && !isTimed(ts, at))) return at
  return null
}

/** Whether a function is called by a timer, at any time. */
const isTimed = (ts: typeof TypeScript, fn: TypeScript.Node): boolean => ts.isCallExpression(fn.parent) && again.test(calledName(ts, fn.parent))

interface Uses {
  readonly places: readonly TypeScript.Node[]
  readonly escapes: boolean
  readonly isOpen: boolean
}

const known = new WeakMap<Names, Map<TypeScript.Node, Uses>>()

/** How a function is used, asked once for every function. */
function usesOf(ts: typeof TypeScript, names: Names, fn: TypeScript.SignatureDeclaration, budget: Budget): Uses {
  const answers = known.get(names) ?? new Map<TypeScript.Node, Uses>()
  known.set(names, answers)
  const found = answers.get(fn) ?? followUses(ts, names, fn, budget)
  if (budget.left > 0) answers.set(fn, found)
  return found
}

/** Follows a function, or an expression that gives one, and what holds it, to where it is called or lost. */
function followUses(ts: typeof TypeScript, names: Names, start: TypeScript.Node, budget: Budget): Uses {
  const places = new Set<TypeScript.Node>(), seen = new Set<TypeScript.Node>(), queue: TypeScript.Node[] = []
  let escapes = false, isOpen = false
  /** A value that is the function, or holds it. */
  const follow = (node: TypeScript.Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    queue.push(node)
  }
  // Every name, function and parameter says the same each time.
  const asked = new Set<string | TypeScript.Node>()
  const isAsked = (what: string | TypeScript.Node): boolean => asked.has(what) || !asked.add(what).has(what)
  const mentionsOf = (name: string): readonly TypeScript.Node[] => {
    const found = names.mentioned.get(name) ?? []
    return spend(budget, found.length) ? found : []
  }
  const followName = (name: string | null): void => {
    if (name === null) escapes = true
    else if (!isAsked(name)) mentionsOf(name).forEach(mentioned)
  }
  const mentioned = (mention: TypeScript.Node): void => {
    const { parent } = mention
    if (ts.isExportSpecifier(parent)) isOpen = true
    if (ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent)) {
      if (parent.propertyName === mention) followName(parent.name.text)
      return
    }
    if (ts.isExpressionWithTypeArguments(parent)) {
      // What inherits it.
      const heir = ts.findAncestor(parent, ts.isClassLike)
      return heir?.name === undefined ? undefined : followName(heir.name.text)
    }
    // A namespace of the same name, tf.train, is no use of the function; types are none either.
    if (ts.isTypeNode(parent) || ts.isImportClause(parent) || isNamespace(ts, mention)) return
    const whole = ts.isPropertyAccessExpression(parent) && parent.name === mention ? parent : mention
    if (ts.isBinaryExpression(whole.parent) && whole.parent.left === whole && whole.parent.operatorToken.kind === ts.SyntaxKind.EqualsToken) return
    if ((ts.isCallExpression(whole.parent) || ts.isNewExpression(whole.parent)) && whole.parent.expression === whole) {
      places.add(whole.parent)
      // A function of functions that was called may hold it; an accessor gives what it holds.
      return
    }
    follow(whole)
  }
  const handed = (node: TypeScript.Node, call: TypeScript.CallExpression | TypeScript.NewExpression): void => {
    const name = calledName(ts, call), callee = withoutCasts(ts, call.expression)
    const index = call.arguments?.findIndex((argument) => argument === node) ?? -1
    const functions = (names.given.get(name) ?? []).filter((found) => ts.isFunctionLike(found) || ts.isClassLike(found))
    const isKnown = functions.length > 0 && ts.isIdentifier(callee)
    const isPerItem = everyItem.test(name) && ts.isPropertyAccessExpression(callee)
    if (ofTraining.test(name) || (!isKnown && onTheSpot.test(name)) || isPerItem) return void places.add(node)
    if (callee.kind === ts.SyntaxKind.SuperKeyword) return instances(ts.findAncestor(node, ts.isClassLike))
    if (keepers.test(name)) return follow(call)
    if (fills.test(name) && ts.isPropertyAccessExpression(callee)) {
      const list = storedName(ts, callee.expression)
      return list === null ? void (escapes = true) : followName(list)
    }
    const first = call.arguments?.[0]
    const isHandler = takesHandlers.test(name) && first !== undefined && ts.isStringLiteralLike(first) && handled.test(first.text)
    if (isHandler || (first === node && effects.test(name))) return void (isOpen = true)
    const isOwn = isKnown || (ts.isPropertyAccessExpression(callee) && classOf(ts, names, callee.expression) !== undefined)
    if (functions.length === 0 || !isOwn || index < 0) escapes = true
    // What is made of it may hold it.
    if (functions.length === 0 && ts.isNewExpression(call)) follow(call)
    places.add(node)
    for (const fn of functions) {
      const made = ts.isClassLike(fn) ? fn.members.find(ts.isConstructorDeclaration) : fn
      const parameters = made !== undefined && "parameters" in made ? (made.parameters as readonly TypeScript.ParameterDeclaration[]) : []
      const parameter = index < 0 ? undefined : parameters[index]
      if (parameter === undefined || parameter.dotDotDotToken !== undefined || !ts.isIdentifier(parameter.name)) {
        escapes = true
        continue
      }
      if (isAsked(parameter)) continue
      const { text } = parameter.name, isField = ts.isParameterPropertyDeclaration(parameter, parameter.parent)
      for (const mention of mentionsOf(text)) if (isField || isWithin(mention, fn)) mentioned(mention)
    }
  }
  /** What every instance of a class holds. */
  const instances = (type: TypeScript.ClassLikeDeclaration | undefined): void => {
    if (type?.name === undefined) return void (escapes = true)
    for (const mention of mentionsOf(type.name.text)) if (ts.isNewExpression(mention.parent)) follow(mention.parent)
  }
  /** What a function gives is what its calls give. */
  const returned = (fn: TypeScript.SignatureDeclaration | null): void => {
    if (fn === null || ts.isConstructorDeclaration(fn) || isAsked(fn)) return
    if (ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)) {
      const { parent } = fn
      const gives = (call: TypeScript.CallExpression, called: string): boolean =>
        call.expression === fn || onTheSpot.test(called) || keepers.test(called) || isPerItem(ts, fn)
      if (ts.isCallExpression(parent) && gives(parent, calledName(ts, parent))) return follow(parent)
    }
    const name = functionName(ts, fn)
    if (name === null) return void (escapes = true)
    if (isShown(ts, names, fn)) isOpen = true
    for (const mention of mentionsOf(name)) {
      const whole = ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention ? mention.parent : mention
      if (ts.isCallExpression(whole.parent) && whole.parent.expression === whole) follow(whole.parent)
      else if (ts.isGetAccessor(fn)) follow(whole)
      else if (ts.isExpression(whole) && !ts.isTypeNode(whole.parent) && !isNamespace(ts, mention)) escapes = escapes || isHandedOn(ts, whole)
    }
  }
  const step = (node: TypeScript.Node): void => {
    const { parent } = node
    if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) {
      if (parent.expression === node) places.add(parent)
      else handed(node, parent)
      return
    }
    if (ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent)) {
      if (isShown(ts, names, parent)) isOpen = true
      if (ts.isPropertyAssignment(parent)) follow(parent.parent)
      return ts.isComputedPropertyName(parent.name) || ts.isNumericLiteral(parent.name) ? undefined : followName(plainName(ts, parent.name))
    }
    if (ts.isShorthandPropertyAssignment(parent)) {
      followName(parent.name.text)
      return follow(parent.parent)
    }
    if (ts.isBinaryExpression(parent) && parent.operatorToken.getText().endsWith("=")) {
      if (parent.left === node || /^[=!<>]=/.test(parent.operatorToken.getText())) return
      // A handler of the page: button.onclick = …
      if (ts.isPropertyAccessExpression(parent.left) && /^on[a-z]+$/.test(parent.left.name.text)) return void (isOpen = true)
      return followName(storedName(ts, parent.left))
    }
    if (ts.isPropertyAccessExpression(parent)) {
      if (parent.expression !== node) return
      const { parent: outer } = parent, isCalled = ts.isCallExpression(outer) && outer.expression === parent
      places.add(parent)
      if (isCalled && keepers.test(parent.name.text)) follow(outer)
      return
    }
    if (ts.isReturnStatement(parent)) return returned(nearestFunction(ts, parent))
    if (ts.isArrowFunction(parent)) return parent.body === node ? returned(parent) : undefined
    if (ts.isExportAssignment(parent) || ts.isJsxExpression(parent) || ts.isJsxAttribute(parent)) return void (isOpen = true)
    if (isPassed(ts, parent)) return follow(parent)
    if (ts.isElementAccessExpression(parent) || ts.isForOfStatement(parent) || ts.isForInStatement(parent)) return void places.add(node)
    // Asked for or forgotten; a parameter's default is what its function calls.
    const isForgotten = ts.isStatement(parent) || ts.isTypeOfExpression(parent) || ts.isPrefixUnaryExpression(parent) ||
      ts.isVoidExpression(parent) ||
      ts.isBinaryExpression(parent) || ts.isConditionalExpression(parent) || ts.isDeleteExpression(parent)
    if (ts.isParameter(parent) && ts.isIdentifier(parent.name)) return followName(parent.name.text)
    if (!isForgotten) escapes = true
  }
  /** An accessor runs where its field is read, or given a value. */
  const reads = (name: string | null, isSet: boolean): void => {
    for (const mention of name === null ? [] : (names.mentioned.get(name) ?? [])) {
      const { parent } = mention, whole = ts.isPropertyAccessExpression(parent) && parent.name === mention ? parent : mention
      const isGiven = ts.isBinaryExpression(whole.parent) && whole.parent.left === whole && /^[^=!<>]*=$/.test(whole.parent.operatorToken.getText())
      if (isGiven === isSet) places.add(whole)
    }
  }
  const declared = (fn: TypeScript.SignatureDeclaration): void => {
    const name = ts.isConstructorDeclaration(fn) ? (classAround(ts, fn) ?? null) : functionName(ts, fn)
    const type = ts.isClassElement(fn) ? fn.parent : null
    if (isShown(ts, names, fn)) isOpen = true
    if (ts.isAccessor(fn)) return reads(name, ts.isSetAccessor(fn))
    if (name !== null) followName(name)
    // A class of callbacks is handed over as a whole.
    if (type !== null && ts.isClassLike(type) && type.name !== undefined && isCallback(name, type)) instances(type)
    if (ts.isObjectLiteralExpression(fn.parent)) follow(fn.parent)
    else if (ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)) follow(fn)
  }
  if (ts.isFunctionLike(start)) declared(start)
  else if (ts.isBindingElement(start)) followName(ts.isIdentifier(start.name) ? start.name.text : null)
  else follow(start)
  for (let node = queue.pop(); node !== undefined && spend(budget, 1); node = queue.pop()) step(node)
  return { places: [...places], escapes: escapes || budget.left <= 0, isOpen }
}

const isCallback = (name: string | null, type: TypeScript.ClassLikeDeclaration): boolean =>
  /^on[A-Z]/.test(name ?? "") || /Callback/.test(type.heritageClauses?.[0]?.getText() ?? "")

/** Whether an expression gives the value that it is made of, alone or among others. */
function isPassed(ts: typeof TypeScript, node: TypeScript.Node): boolean {
  if (ts.isBinaryExpression(node)) return /^(\|\||&&|\?\?|,)$/.test(node.operatorToken.getText())
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isSatisfiesExpression(node) ||
    ts.isAwaitExpression(node) || ts.isConditionalExpression(node) || ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node) ||
    ts.isSpreadElement(node) || ts.isSpreadAssignment(node) || ts.isTypeAssertionExpression(node)
}

/** Whether a function that is mentioned without a call goes somewhere else as a value. */
const isHandedOn = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  (ts.isCallExpression(node.parent) || ts.isNewExpression(node.parent) || isPassed(ts, node.parent) || ts.isPropertyAssignment(node.parent))

function nearestFunction(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.SignatureDeclaration | null {
  return ts.findAncestor(node, ts.isFunctionLike) ?? null
}

/** Whether code of other files can reach it: exported, a public method of what they can reach, or a script's own name. */
function isShown(ts: typeof TypeScript, names: Names, node: TypeScript.Node): boolean {
  if (ts.isClassElement(node)) {
    const isPrivate = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true
    return !isPrivate && !(node.name !== undefined && ts.isPrivateIdentifier(node.name)) && isClassShown(ts, names, node.parent, new Set())
  }
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node
  return (ts.isFunctionDeclaration(statement) || ts.isVariableStatement(statement)) && isExported(ts, statement)
}

const isExported = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true) ||
  (ts.isSourceFile(node.parent) && !isModule(ts, node.parent))

/** Whether other files can have an instance of a class: it, a class that inherits it or something made of it is exported or returned. */
function isClassShown(ts: typeof TypeScript, names: Names, type: TypeScript.Node, seen: Set<TypeScript.Node>): boolean {
  if (seen.has(type)) return false
  seen.add(type)
  if (!ts.isClassDeclaration(type) || type.name === undefined || isExported(ts, type)) return true
  return (names.mentioned.get(type.name.text) ?? []).some((mention) => {
    const { parent } = mention
    if (ts.isExpressionWithTypeArguments(parent)) return isClassShown(ts, names, parent.parent.parent, seen)
    if (ts.isTypeNode(parent)) return false
    if (!ts.isNewExpression(parent) || parent.expression !== mention) return true
    const holder = ts.findAncestor(parent, (at) => ts.isStatement(at) || ts.isFunctionLike(at) || ts.isClassLike(at))
    if (holder === undefined || ts.isClassLike(holder)) return true
    return ts.isVariableStatement(holder) ? isExported(ts, holder) : ts.isReturnStatement(holder) || ts.isExportAssignment(holder)
  })
}

const isModule = (ts: typeof TypeScript, file: TypeScript.SourceFile): boolean =>
  ts.isExternalModule(file) || /\bmodule\.exports\b|\brequire\s*\(/.test(file.text)

function isNamespace(ts: typeof TypeScript, mention: TypeScript.Node): boolean {
  const { parent: whole } = mention
  return ts.isPropertyAccessExpression(whole) && whole.name === mention && ts.isPropertyAccessExpression(whole.parent) &&
    whole.parent.expression === whole && !/^(bind|call|apply)$/.test(whole.parent.name.text)
}
