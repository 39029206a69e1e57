/**
 * @file Code that writes weights itself: clipped after every step, set again by a callback, stepped by hand, wherever the code stands that may run
 * while they are trained, or code that freezes parts of a network in turns. What such a step does to a law is not known. Values written once, before
 * or after training, are only where it starts. Syntax only.
 */
import type * as TypeScript from "typescript"
import { changesItself } from "./updates"
import { createBudget } from "./budget"
import { isApart } from "./copies"
import { indexSteps, momentsOf, momentsOfValue, stepsTogether, type StepIndex } from "./moments"
import { classOf, declarationOf, namesBehind, readNames, resolveReceiver, storedName, type Names, type Receiver } from "./receivers"
import { namesIn } from "../source/calls"
import { filesBehind } from "../source/dependencies"
import { isInUnused } from "../source/unused"
import { lastName, nodesOf } from "../source/nodes"
import { withoutCasts } from "./trainers"

/** Code that writes weights, or asks for what writes them, and may do so between the steps of training. */
export interface Write {
  readonly node: TypeScript.Node
  readonly receiver: Receiver
  /** The names of its files. */
  readonly file: Names
  /** Whether it is seen to happen at every step; otherwise nothing shows that it does not. */
  readonly isSure: boolean
  /** Whether it freezes a part of a network there, or trains it again. */
  readonly isSwitch: boolean
  /** Whether the step around it is one of gradients that the code applies itself. */
  readonly byHand: boolean
}

const steps: ReadonlySet<string> = new Set(["minimize", "applyGradients", "trainOnBatch", "variableGrads", "valueAndGrads", "grads", "grad"])
const runs: ReadonlySet<string> = new Set(["fit", "fitDataset"])
/** Receivers that write what is no weight. */
const noWeight = /^(process|document|window|location|self|globalThis|Object|_|lodash|Deno|console|res|response|stream|stdout|stderr|fs)\b/
const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])
const writers = /^(assign|setWeights|loadWeights|write)$/
const mayWrite = /\b(assign|setWeights|loadWeights|write)\b/
const mayReplace = /\.\w+\s*=[^=][^;]*\b(tf\.|variable\()/
const mayFreeze = /\.\s*trainable\s*=/
const mayTrain = /\b(minimize|applyGradients|trainOnBatch|variableGrads|valueAndGrads|grads?|fit|fitDataset|compile|train)\b/

/** Whether a file may write weights, or steps them: others need not be looked at. */
export const speaksOfWriting = ({ text }: TypeScript.SourceFile): boolean => mayWrite.test(text)
export const speaksOfSteps = ({ text }: TypeScript.SourceFile): boolean => mayTrain.test(text)

/** What may throw to end a search. */
type Watch = () => void
const idle: Watch = () => undefined

/**
 * The writes of these files, the network's own one first, that may happen again and again while it is trained. What a library exports that knows
 * nothing of the network, and nobody in the program calls, does not happen. `watch` is called now and then.
 */
export function findWrites(
  ts: typeof TypeScript,
  sources: readonly TypeScript.SourceFile[],
  program: TypeScript.Program | null = null,
  watch: Watch = idle,
): readonly Write[] {
  const [home] = sources, found = writesAmong(ts, [...sources].sort(byName), program, watch)
  const isIdle = (node: TypeScript.Node): boolean =>
    program !== null && isInUnused(ts, program, node) && !filesBehind(ts, program, node.getSourceFile()).has(home)
  return found.flatMap(({ write, isUncalled }) => (isUncalled && isIdle(write.node) ? [] : [write]))
}

interface FoundWrite {
  readonly write: Write
  /** Whether it only happens where code that is not among these files calls it. */
  readonly isUncalled: boolean
}

const byName = (a: TypeScript.SourceFile, b: TypeScript.SourceFile): number => (a.fileName < b.fileName ? -1 : 1)

interface Among {
  readonly sources: readonly TypeScript.SourceFile[]
  readonly found: readonly FoundWrite[]
}

/** The last few sets of files of a program: the networks of a library have the same files around them. */
const among = new WeakMap<TypeScript.Program, Among[]>()
const maximumSets = 4

function writesAmong(
  ts: typeof TypeScript, sources: readonly TypeScript.SourceFile[], program: TypeScript.Program | null, watch: Watch,
): readonly FoundWrite[] {
  const sets = (program === null ? undefined : among.get(program)) ?? []
  const known = sets.find((set) => set.sources.length === sources.length && set.sources.every((file, i) => file === sources[i]))
  if (known !== undefined) return known.found
  const found = lookForWrites(ts, sources, watch)
  if (program !== null) among.set(program, [{ sources, found }, ...sets].slice(0, maximumSets))
  return found
}

function lookForWrites(ts: typeof TypeScript, sources: readonly TypeScript.SourceFile[], watch: Watch): readonly FoundWrite[] {
  const speaksOf = (file: TypeScript.SourceFile): boolean => speaksOfWriting(file) || mayReplace.test(file.text) || mayFreeze.test(file.text)
  if (!sources.some(speaksOf) || !sources.some(speaksOfSteps)) return []
  const all = sources.map((file) => (watch(), saidIn(ts, file)))
  const trains = all.flatMap((said) => said.trains), found = all.flatMap((said) => said.candidates)
  const speaks = all.some((said) => said.compiles)
  if (found.length === 0 || (trains.length === 0 && !speaks)) return []
  watch()
  const names = readNames(ts, sources)
  const files = { names, differentiated: differentiatedBy(ts, names, trains) }
  const budget = createBudget(watch)
  // Where that is not looked at to the end, it may write any weight at any time.
  const anything = (node: TypeScript.Node): FoundWrite =>
    ({ write: { node, receiver: nowhere, file: names, isSure: false, isSwitch: false, byHand: false }, isUncalled: false })
  let index: StepIndex | null = null
  return found.flatMap(({ node, receiver, given, isReplaced, isValue, isSwitch }) => {
    watch()
    if (budget.left <= 0) return [anything(node)]
    if (receiver !== null && isApart(ts, files, receiver)) return []
    const isChange = changesItself(ts, names, receiver, given)
    // A field that is given a new weight is only where training starts, unless the weight is made of itself.
    if (isReplaced && !isChange) return []
    index ??= indexSteps(ts, names, trains
      .filter((call) => steps.has(calledName(ts, call)) || runs.has(calledName(ts, call)) || !names.given.has(calledName(ts, call)))
      .flatMap((call) => momentsOf(ts, names, { node: call, call, isRun: !steps.has(calledName(ts, call)) }, budget).sites))
    const moments = isValue ? momentsOfValue(ts, names, node, budget) : momentsOf(ts, names, { node, call: node, isRun: false }, budget)
    const { sites, escapes, isOpen } = moments, around = stepsTogether(ts, names, sites, index, budget)
    if (budget.left <= 0) return [anything(node)]
    if (around.length === 0 && isSwitch === true) return []
    const isUncalled = around.length === 0 && !escapes && receiver !== null
    if (isUncalled && !(isOpen && isChange)) return []
    const byHand = around.some(({ call }) => ts.isCallExpression(call) && /^(variableGrads|valueAndGrads|grads?)$/.test(calledName(ts, call)))
    const reached = receiver === null ? nowhere : isReplaced ? fieldOf(ts, names, receiver) : resolveReceiver(ts, names, receiver, budget)
    const write = { node, receiver: reached, file: names, isSure: around.length > 0, isSwitch: isSwitch === true, byHand }
    return [{ write, isUncalled }]
  })
}

interface Said {
  readonly trains: readonly TypeScript.CallExpression[]
  readonly candidates: readonly Candidate[]
  readonly compiles: boolean
}

const said = new WeakMap<TypeScript.SourceFile, Said>()

/** What a file says of training and writing, asked once for every file. */
function saidIn(ts: typeof TypeScript, file: TypeScript.SourceFile): Said {
  const known = said.get(file)
  if (known !== undefined) return known
  const trains: TypeScript.CallExpression[] = [], candidates: Candidate[] = []
  let compiles = false
  for (const node of nodesOf(ts, file)) {
    if (ts.isCallExpression(node)) {
      const name = calledName(ts, node)
      if (steps.has(name) || runs.has(name) || isTraining(node, name)) trains.push(node)
      compiles ||= name === "compile"
    }
    const candidate = candidateAt(ts, node)
    if (candidate !== null) candidates.push(candidate)
  }
  const found = { trains, candidates, compiles }
  said.set(file, found)
  return found
}

/** All names that lead to what these calls differentiate. */
function differentiatedBy(ts: typeof TypeScript, names: Names, trains: readonly TypeScript.CallExpression[]): ReadonlySet<string> {
  const start = trains.filter((call) => steps.has(calledName(ts, call))).flatMap((call) => call.arguments.flatMap((given) => namesIn(ts, given)))
  return namesBehind(ts, names, new Set(start))
}

const nowhere: Receiver = { names: [], holders: new Set(), classes: new Set(), isUnknown: true }

/** A field by its name alone: what else it may be given is no weight that is written. */
function fieldOf(ts: typeof TypeScript, names: Names, receiver: TypeScript.Expression): Receiver {
  const name = storedName(ts, receiver), around = ts.isPropertyAccessExpression(receiver) ? classOf(ts, names, receiver.expression) : undefined
  return { names: name === null ? [] : [{ name, around }], holders: new Set(), classes: new Set(), isUnknown: false }
}

interface Candidate {
  readonly node: TypeScript.Node
  /** What is written; null where it cannot be seen. */
  readonly receiver: TypeScript.Expression | null
  /** What it is given. */
  readonly given: readonly TypeScript.Expression[]
  /** Whether a field is given another weight, not the weight another value. */
  readonly isReplaced: boolean
  /** Whether it is a method that is not called there. */
  readonly isValue: boolean
  /** Whether a part of a network is frozen there, or trained again: at every step it is another part that moves. */
  readonly isSwitch?: true
}

/** `w.assign(…)`, `w["assign"](…)`, `w.assign.bind(w)`, `const { assign } = w`, `net.w = tf.variable(…)`. */
function candidateAt(ts: typeof TypeScript, node: TypeScript.Node): Candidate | null {
  if (ts.isPropertyAccessExpression(node) && writers.test(node.name.text)) return candidateOf(ts, node, node.name.text)
  if (ts.isElementAccessExpression(node)) {
    const { argumentExpression: key } = node
    return ts.isStringLiteralLike(key) && writers.test(key.text) ? candidateOf(ts, node, key.text) : null
  }
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    const name = node.propertyName ?? node.name
    if (!ts.isIdentifier(name) || !/^(assign|setWeights|loadWeights)$/.test(name.text)) return null
    const { parent: whole } = node.parent
    const from = ts.isVariableDeclaration(whole) ? whole.initializer : undefined
    if (from !== undefined && noWeight.test(from.getText())) return null
    return from === undefined ? null : { node, receiver: from, given: [from], isReplaced: false, isValue: true }
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    const { left, right } = node
    if (ts.isPropertyAccessExpression(left) && left.name.text === "trainable" && isPart(ts, left.expression))
      return { node, receiver: left.expression, given: [right], isReplaced: false, isValue: false, isSwitch: true }
    if (!ts.isPropertyAccessExpression(left) || !ts.isCallExpression(withoutCasts(ts, right))) return null
    if (!right.getText().includes(left.name.text)) return null
    return { node, receiver: left, given: [right], isReplaced: true, isValue: false }
  }
  // A name of a method that is looked up by a text.
  const isName = ts.isStringLiteral(node) && /^(assign|setWeights|loadWeights)$/.test(node.text) && !ts.isElementAccessExpression(node.parent)
  const isLookedUp = isName && /[\w)\]]\[\s*[\w$.]+\s*\]\s*\(/.test(node.getSourceFile().text)
  return isLookedUp ? { node, receiver: null, given: [], isReplaced: false, isValue: false } : null
}

/** One layer of a model, by its place, its name or its own variable. */
function isPart(ts: typeof TypeScript, written: TypeScript.Expression): boolean {
  const node = withoutCasts(ts, written)
  if (ts.isElementAccessExpression(node)) return lastName(ts, node.expression) === "layers"
  if (ts.isCallExpression(node)) return lastName(ts, node.expression) === "getLayer"
  const declared = ts.isIdentifier(node) ? declarationOf(ts, node) : null
  return declared !== null && ts.isVariableDeclaration(declared) && declared.initializer !== undefined &&
    (/^tf\.layers\./.test(declared.initializer.getText()) || isPart(ts, declared.initializer))
}

function candidateOf(
  ts: typeof TypeScript, node: TypeScript.PropertyAccessExpression | TypeScript.ElementAccessExpression, name: string,
): Candidate | null {
  const { expression: object, parent } = node
  if (noWeight.test(object.getText())) return null
  if (ts.isCallExpression(parent) && parent.expression === node) {
    const [first] = parent.arguments
    if (first === undefined || (parent.arguments.length !== 1 && !/Weights$/.test(name))) return null
    const given = withoutCasts(ts, first)
    const isText = ts.isStringLiteralLike(given) || ts.isTemplateExpression(given) || /['"`]/.test(given.getText()[0])
    if (isText && !/Weights$/.test(name)) return null
    return { node: parent, receiver: object, given: [...parent.arguments], isReplaced: false, isValue: false }
  }
  if (ts.isBinaryExpression(parent) && parent.left === node) return null
  // `assign.call(w, …)` writes what it is called for.
  const outer = ts.isPropertyAccessExpression(parent) && parent.expression === node && ts.isCallExpression(parent.parent) ? parent : null
  if (name === "write" && (outer === null || !/^(call|apply|bind)$/.test(outer.name.text))) return null
  if (outer !== null && !/^(call|apply|bind)$/.test(outer.name.text)) return null
  const call = outer?.parent as TypeScript.CallExpression | undefined, handed = call?.arguments ?? []
  const isValue = call === undefined || outer?.name.text === "bind"
  // Whose method it is counts where nobody says for which object it is called.
  return { node: call ?? node, receiver: handed[0] ?? object, given: [handed[0] ?? object, ...handed.slice(1)], isReplaced: false, isValue }
}

const calledName = (ts: typeof TypeScript, call: TypeScript.CallExpression): string => lastName(ts, call.expression) ?? ""

/** A call whose name says that it trains. */
const isTraining = (call: TypeScript.CallExpression, name: string): boolean =>
  /^(train|fit|learn|optimi[sz]e)(?![a-z])/.test(name) && !/^tf\./.test(call.expression.getText()) && call.arguments.length > 0

/** Weights of a model of these names that the code writes while it trains them; "all" also where it is not known which. */
export function weightsWritten(
  ts: typeof TypeScript, writes: readonly Write[], names: ReadonlySet<string>, weights: readonly string[],
): readonly string[] | "all" {
  const written = new Set<string>()
  for (const { receiver, file } of writes) {
    const isBehind = (name: string): boolean => namesBehind(ts, file, names).has(name)
    const mayBeOwn = (type: string | undefined): boolean => type === undefined || !isNetwork(ts, file, type) || isBehind(type)
    for (const { name, around } of receiver.names) if (weights.includes(name) && mayBeOwn(around)) written.add(name)
    const isNamed = receiver.names.some(({ name }) => names.has(name) && !weights.includes(name))
    const holds = [...receiver.holders].some(isBehind)
    if (receiver.isUnknown || isNamed || holds || [...receiver.classes].some(mayBeOwn)) return "all"
  }
  return [...written]
}

/** Whether a class of the file gives an output of its own. */
const isNetwork = (ts: typeof TypeScript, file: Names, name: string): boolean =>
  file.given.get(name)?.some((node) =>
    ts.isClassLike(node) && node.members.some((member) => member.name !== undefined && forwardNames.has(member.name.getText()))) === true
