/**
 * @file Code that writes weights itself where it trains them: clipped after every step, set again by a callback, stepped by hand. What such a step
 * does to a law is not known. Values written once, before or after training, are only where it starts. Syntax only.
 */
import type * as TypeScript from "typescript"
import { withoutCasts } from "./trainers"

/** A call that writes weights, in a loop or function that trains. */
export interface Write {
  readonly node: TypeScript.CallExpression
  /** Whether it is given all weights of a layer or model. */
  readonly isList: boolean
  /** The field or variable that is written; null where it is something else. */
  readonly target: string | null
  /** Names that its receiver mentions, or what the list it comes from mentions. */
  readonly mentions: ReadonlySet<string>
  /** Whether the step around it is one of gradients that the code applies itself. */
  readonly byHand: boolean
}

const steps: ReadonlySet<string> = new Set(["minimize", "applyGradients", "trainOnBatch", "variableGrads", "valueAndGrads", "grads", "grad"])
const runs: ReadonlySet<string> = new Set(["fit", "fitDataset"])
/** Functions that hand values through: code inside is code of the function around. */
const transparent: ReadonlySet<string> = new Set(["tidy", "time", "profile"])

/** The writes of a file that happen again and again while it trains. */
export function findWrites(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Write[] {
  if (!/\.\s*(assign|setWeights|write)\s*\(/.test(file.text)) return []
  const trains: TypeScript.CallExpression[] = [], writes: TypeScript.CallExpression[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = calledName(ts, node)
      if (steps.has(name) || runs.has(name)) trains.push(node)
      if (ts.isPropertyAccessExpression(node.expression) && /^(assign|setWeights|write)$/.test(name) && node.arguments.length === 1) writes.push(node)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return writes.flatMap((node) => {
    const around = trains.filter((step) => goTogether(ts, node, step))
    return around.length === 0 ? [] : [describe(ts, node, around.some((step) => /^(variableGrads|valueAndGrads|grads?)$/.test(calledName(ts, step))))]
  })
}

function calledName(ts: typeof TypeScript, call: TypeScript.CallExpression): string {
  const { expression } = call
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : ts.isIdentifier(expression) ? expression.text : ""
}

/** Whether a write happens at every step: within what a run is given, in one loop with a step, or in the function that is a step. */
function goTogether(ts: typeof TypeScript, write: TypeScript.Node, step: TypeScript.CallExpression): boolean {
  if (isInside(write, step)) return runs.has(calledName(ts, step))
  const around = roundsAround(ts, write)
  if (around.some((round) => isInside(step, round))) return true
  if (runs.has(calledName(ts, step))) return false
  const own = functionAround(ts, step)
  return own !== null && own === functionAround(ts, write) && !roundsAround(ts, step).some((round) => isInside(round, own))
}

const isInside = (inner: TypeScript.Node, outer: TypeScript.Node): boolean =>
  inner !== outer && inner.getSourceFile() === outer.getSourceFile() && outer.pos <= inner.pos && inner.end <= outer.end

/** The loops around a node, and the functions that list methods call for every item. */
function roundsAround(ts: typeof TypeScript, node: TypeScript.Node): readonly TypeScript.Node[] {
  const found: TypeScript.Node[] = []
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (ts.isIterationStatement(at, false) || (ts.isFunctionLike(at) && listSource(ts, at) !== null)) found.push(at)
    else if (ts.isFunctionLike(at) && !isHandedThrough(ts, at)) break
  }
  return found
}

/** The list whose method calls a function for every item. */
function listSource(ts: typeof TypeScript, fn: TypeScript.Node): TypeScript.Expression | null {
  const { parent } = fn
  if (parent === undefined || !ts.isCallExpression(parent) || !ts.isPropertyAccessExpression(parent.expression)) return null
  return /^(forEach|map)$/.test(parent.expression.name.text) ? parent.expression.expression : null
}

const isHandedThrough = (ts: typeof TypeScript, fn: TypeScript.Node): boolean =>
  fn.parent !== undefined && ts.isCallExpression(fn.parent) && transparent.has(calledName(ts, fn.parent))

function functionAround(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent)
    if (ts.isFunctionLike(at) && !isHandedThrough(ts, at) && listSource(ts, at) === null) return at
  return null
}

function describe(ts: typeof TypeScript, node: TypeScript.CallExpression, byHand: boolean): Write {
  const receiver = withoutCasts(ts, (node.expression as TypeScript.PropertyAccessExpression).expression)
  const isList = calledName(ts, node) === "setWeights"
  const own = ts.isIdentifier(receiver)
    ? receiver.text
    : ts.isPropertyAccessExpression(receiver) && receiver.expression.kind === ts.SyntaxKind.ThisKeyword
      ? receiver.name.text.replace(/^#/, "")
      : null
  const mentions = new Set<string>()
  const read = (part: TypeScript.Node): void => {
    if (part.kind === ts.SyntaxKind.ThisKeyword) mentions.add("this")
    if (ts.isIdentifier(part) || ts.isPrivateIdentifier(part)) mentions.add(part.text.replace(/^#/, ""))
    ts.forEachChild(part, read)
  }
  read(receiver)
  // An item stands for all of its list.
  const items = ts.isIdentifier(receiver) || isList ? itemsOf(ts, node, rootOf(ts, receiver)) : null
  if (items !== null) read(items)
  return { node, isList: isList || items !== null, target: items === null ? own : null, mentions, byHand }
}

function rootOf(ts: typeof TypeScript, node: TypeScript.Expression): string | null {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node) || ts.isNonNullExpression(node))
    return rootOf(ts, node.expression)
  return ts.isIdentifier(node) ? node.text : null
}

/** What a loop or list method around a node takes the items of this name from. */
function itemsOf(ts: typeof TypeScript, node: TypeScript.Node, name: string | null): TypeScript.Expression | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined && name !== null; at = at.parent) {
    if (ts.isForOfStatement(at) && ts.isVariableDeclarationList(at.initializer)) {
      if (at.initializer.declarations.some((declared) => bindsName(ts, declared.name, name))) return at.expression
    }
    if (ts.isFunctionLike(at) && at.parameters.some((parameter) => bindsName(ts, parameter.name, name))) return listSource(ts, at)
  }
  return null
}

const bindsName = (ts: typeof TypeScript, bound: TypeScript.BindingName, name: string): boolean =>
  ts.isIdentifier(bound) ? bound.text === name : bound.elements.some((e) => ts.isBindingElement(e) && bindsName(ts, e.name, name))

/** Weights of a model of these names that the code writes while it trains them: some, or all of them. */
export function weightsWritten(
  ts: typeof TypeScript, writes: readonly Write[], names: ReadonlySet<string>, weights: readonly string[],
): readonly string[] {
  const written = new Set<string>()
  for (const { node, isList, target, mentions } of writes) {
    const around = ts.findAncestor(node, ts.isClassLike)?.name?.text
    const isOwn = mentions.has("this") ? around !== undefined && names.has(around) : false
    const mentioned = [...names].some((name) => mentions.has(name))
    if (isList && isCopy(node, names)) continue
    if (isList && (mentioned || isOwn || weights.some((weight) => mentions.has(weight)))) weights.forEach((weight) => written.add(weight))
    else if (!isList && target !== null && weights.includes(target) && (around === undefined || !mentions.has("this") || isOwn)) written.add(target)
  }
  return [...written]
}

/** Weights of one network handed to another one, which is a copy that nobody trains: a target network. */
const isCopy = (node: TypeScript.CallExpression, names: ReadonlySet<string>): boolean => {
  const given = /^([\w$.]*?)([\w$]+)\.getWeights\(/.exec(node.arguments[0].getText()), receiver = /^([\w$.]+)\.setWeights/.exec(node.getText())
  return given !== null && receiver !== null && `${given[1]}${given[2]}` !== receiver[1] && names.has(given[2])
}
