/**
 * @file Code that writes weights itself where it trains them: clipped after every step, set again by a callback, stepped by hand, directly or in
 * functions that the file calls there. What such a step does to a law is not known. Values written once, before or after training, are only where it
 * starts. Syntax only.
 */
import type * as TypeScript from "typescript"
import { classAround, everyItem, functionName, namesBehind, readNames, resolveReceiver, type Names, type Receiver } from "./receivers"
import { withoutCasts } from "./trainers"
import { isWithin, lastName } from "../source/nodes"

/** A call that writes weights, in a loop or function that trains. */
export interface Write {
  readonly node: TypeScript.CallExpression
  readonly receiver: Receiver
  /** The names of its file. */
  readonly file: Names
  /** Whether the step around it is one of gradients that the code applies itself. */
  readonly byHand: boolean
}

/** Where a step or a write happens: itself, or a call of a function that it is in. */
interface Site {
  readonly node: TypeScript.Node
  /** The call that trains or writes. */
  readonly call: TypeScript.CallExpression
  /** Whether it is many steps: a whole training. */
  readonly isRun: boolean
}

const steps: ReadonlySet<string> = new Set(["minimize", "applyGradients", "trainOnBatch", "variableGrads", "valueAndGrads", "grads", "grad"])
const runs: ReadonlySet<string> = new Set(["fit", "fitDataset"])
/** Functions that hand values through: code inside is code of the function around. */
const transparent: ReadonlySet<string> = new Set(["tidy", "time", "profile"])
const again = /^(setInterval|requestAnimationFrame)$/
/** Receivers that write what is no weight. */
const noWeight = /^(process|document|window|location|self|globalThis|Object|_|lodash|Deno|console|res|response|stream|stdout|stderr)\b/
const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])

/** The writes of a file that happen again and again while it trains. */
export function findWrites(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Write[] {
  if (!/\.\s*(assign|setWeights|write)\s*\(/.test(file.text)) return []
  const trains: TypeScript.CallExpression[] = [], writes: TypeScript.CallExpression[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = calledName(ts, node)
      if (steps.has(name) || runs.has(name)) trains.push(node)
      if (isWrite(ts, node, name)) writes.push(node)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  if (trains.length === 0 || writes.length === 0) return []
  const names = readNames(ts, file)
  const stepSites = trains.flatMap((call) => sitesOf(ts, names, { node: call, call, isRun: runs.has(calledName(ts, call)) }))
  return writes.flatMap((node) => {
    const sites = sitesOf(ts, names, { node, call: node, isRun: false })
    const around = stepSites.filter((step) => sites.some((site) => goTogether(ts, names, site.node, step)))
    if (around.length === 0) return []
    const byHand = around.some(({ call }) => /^(variableGrads|valueAndGrads|grads?)$/.test(calledName(ts, call)))
    const { expression } = node.expression as TypeScript.PropertyAccessExpression
    return [{ node, receiver: resolveReceiver(ts, names, expression), file: names, byHand }]
  })
}

function isWrite(ts: typeof TypeScript, node: TypeScript.CallExpression, name: string): boolean {
  if (!ts.isPropertyAccessExpression(node.expression) || !/^(assign|setWeights|write)$/.test(name) || node.arguments.length !== 1) return false
  if (noWeight.test(node.expression.expression.getText())) return false
  const given = withoutCasts(ts, node.arguments[0])
  return name === "setWeights" || !(ts.isStringLiteralLike(given) || ts.isTemplateExpression(given) || /['"`]/.test(given.getText()[0]))
}

const calledName = (ts: typeof TypeScript, call: TypeScript.CallExpression): string => lastName(ts, call.expression) ?? ""

/** A step or write, the calls of the functions that it is in, the calls of those around them, and so on. */
function sitesOf(ts: typeof TypeScript, names: Names, first: Site): readonly Site[] {
  const found: Site[] = [first], seen = new Set<TypeScript.Node>([first.node])
  // The list grows while it is read.
  for (const { node, call, isRun } of found) {
    for (const at of node === first.node ? [] : storedMentions(ts, names, node)) {
      if (seen.has(at)) continue
      seen.add(at)
      found.push({ node: at, call, isRun })
    }
    const own = functionAround(ts, node)
    if (own === null) continue
    const many = isRun || roundsAround(ts, names, node).some((round) => round === own || isInside(round, own))
    for (const at of placesOf(ts, names, own)) {
      if (seen.has(at) || isInside(at, own)) continue
      seen.add(at)
      found.push({ node: at, call, isRun: many })
    }
  }
  return found
}

/** Mentions of the variable or field that a function, or an object that has it, is kept in. */
function storedMentions(ts: typeof TypeScript, names: Names, value: TypeScript.Node): readonly TypeScript.Node[] {
  const whole = ts.isPropertyAccessExpression(value.parent) && value.parent.name === value ? value.parent : value
  if (ts.isCallExpression(whole.parent) && whole.parent.expression === whole) return []
  for (let at = whole.parent; at !== undefined && !ts.isFunctionLike(at) && !ts.isStatement(at); at = at.parent) {
    if ((ts.isVariableDeclaration(at) || ts.isPropertyDeclaration(at)) && ts.isIdentifier(at.name)) return names.mentioned.get(at.name.text) ?? []
    if (ts.isBinaryExpression(at) && ts.isPropertyAccessExpression(at.left)) return names.mentioned.get(at.left.name.text) ?? []
  }
  return []
}

/** Where a function is mentioned, or handed over as it stands. */
function placesOf(ts: typeof TypeScript, names: Names, fn: TypeScript.Node): readonly TypeScript.Node[] {
  const carriers = new Set<string>()
  const name = ts.isConstructorDeclaration(fn) ? classAround(ts, fn) : functionName(ts, fn)
  // A namespace of the same name, tf.train, is no use of the function.
  const uses = (names.mentioned.get(name ?? "") ?? []).filter((mention) => !isNamespace(ts, mention))
  const type = ts.findAncestor(fn, ts.isClassLike)
  // A class of callbacks is handed over as a whole.
  const isCallback = /^on[A-Z]/.test(name ?? "") || /Callback/.test(type?.heritageClauses?.[0]?.getText() ?? "")
  if (type?.name !== undefined && isCallback) carriers.add(type.name.text)
  const isValue = ts.isArrowFunction(fn) || ts.isFunctionExpression(fn) || ts.isObjectLiteralExpression(fn.parent)
  const isStore = (at: TypeScript.Node): boolean => ts.isVariableDeclaration(at) || ts.isPropertyDeclaration(at) || ts.isFunctionLike(at)
  const stored = isValue ? ts.findAncestor(fn.parent, isStore) : undefined
  if (stored !== undefined && (ts.isVariableDeclaration(stored) || ts.isPropertyDeclaration(stored)) && ts.isIdentifier(stored.name))
    carriers.add(stored.name.text)
  const isHanded = isValue && !ts.isVariableDeclaration(fn.parent) && !ts.isPropertyDeclaration(fn.parent)
  return [...uses, ...[...carriers].flatMap((carrier) => names.mentioned.get(carrier) ?? []), ...(isHanded ? [fn] : [])]
}

function isNamespace(ts: typeof TypeScript, mention: TypeScript.Node): boolean {
  const { parent: whole } = mention
  return ts.isPropertyAccessExpression(whole) && whole.name === mention && ts.isPropertyAccessExpression(whole.parent) &&
    whole.parent.expression === whole && !/^(bind|call|apply)$/.test(whole.parent.name.text)
}

/** Whether a write happens at every step: within what a step or run is given, in one loop with it, or in the function that is a step. */
function goTogether(ts: typeof TypeScript, names: Names, write: TypeScript.Node, step: Site): boolean {
  if (isInside(write, step.node)) return true
  const around = roundsAround(ts, names, write)
  if (around.some((round) => isInside(step.node, round))) return true
  if (step.isRun) return false
  const own = functionAround(ts, step.node)
  return own !== null && own === functionAround(ts, write) && !roundsAround(ts, names, step.node).some((round) => isInside(round, own))
}

const isInside = (inner: TypeScript.Node, outer: TypeScript.Node): boolean => inner !== outer && isWithin(inner, outer)

/** The loops around a node, functions that list methods call for every item, and functions that call themselves again. */
function roundsAround(ts: typeof TypeScript, names: Names, node: TypeScript.Node): readonly TypeScript.Node[] {
  const found: TypeScript.Node[] = []
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (ts.isIterationStatement(at, false)) found.push(at)
    else if (ts.isFunctionLike(at)) {
      const round = at
      if (isPerItem(ts, round)) found.push(round)
      else if (!isHandedThrough(ts, round)) {
        const name = functionName(ts, round)
        if (name !== null && names.mentioned.get(name)?.some((mention) => isInside(mention, round)) === true) found.push(round)
        break
      }
    }
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

function functionAround(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent)
    if (ts.isFunctionLike(at) && !isHandedThrough(ts, at) && !isPerItem(ts, at)) return at
  return null
}

/** Weights of a model of these names that the code writes while it trains them; "all" also where it is not known which. */
export function weightsWritten(
  ts: typeof TypeScript, writes: readonly Write[], names: ReadonlySet<string>, weights: readonly string[],
): readonly string[] | "all" {
  const written = new Set<string>(), behind = new Map<Names, ReadonlySet<string>>()
  for (const { node, receiver, file } of writes) {
    if (isCopy(node, names)) continue
    const made = behind.get(file) ?? namesBehind(ts, file, names)
    behind.set(file, made)
    const mayBeOwn = (type: string | undefined): boolean => type === undefined || made.has(type) || !isNetwork(ts, file, type)
    for (const { name, around } of receiver.names) if (weights.includes(name) && mayBeOwn(around)) written.add(name)
    const isNamed = receiver.names.some(({ name }) => names.has(name) && !weights.includes(name))
    const holds = [...receiver.holders].some((name) => made.has(name))
    if (receiver.isUnknown || isNamed || holds || [...receiver.classes].some(mayBeOwn)) return "all"
  }
  return [...written]
}

/** Whether a class of the file gives an output of its own. */
const isNetwork = (ts: typeof TypeScript, file: Names, name: string): boolean =>
  file.given.get(name)?.some((node) =>
    ts.isClassLike(node) && node.members.some((member) => member.name !== undefined && forwardNames.has(member.name.getText()))) === true

/** Weights of one network handed to another one, which is a copy that nobody trains: a target network. */
const isCopy = (node: TypeScript.CallExpression, names: ReadonlySet<string>): boolean => {
  const given = /^([\w$.]*?)([\w$]+)\.getWeights\(/.exec(node.arguments[0].getText()), receiver = /^([\w$.]+)\.setWeights/.exec(node.getText())
  if (given === null || receiver === null || `${given[1]}${given[2]}` === receiver[1] || !names.has(given[2])) return false
  const { text } = node.getSourceFile()
  return !["fit", "fitDataset", "trainOnBatch"].some((train) => text.includes(`${receiver[1]}.${train}(`))
}
