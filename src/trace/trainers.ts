/**
 * @file Which optimizer trains which model where nobody compiles: the calls of minimize and applyGradients, the names that what they differentiate
 * mentions, directly or through functions of the same file, and whether the gradients are changed on the way. Syntax only.
 */
import type * as TypeScript from "typescript"
import type { OptimizerUse } from "../graph/graph"
import { callsOf } from "../source/calls"
import { lastName, nodesOf } from "../source/nodes"
import { isOfFile, isOwnName } from "./ownNames"

/** One call that moves weights. */
export interface Trainer {
  readonly call: TypeScript.CallExpression
  /** Name of what it is a method of: "gOpt" for this.gOpt.minimize; null for an optimizer made on the spot. */
  readonly optimizer: string | null
  /** Names that the trained loss mentions. */
  readonly mentions: ReadonlySet<string>
  /** What is differentiated. */
  readonly losses: readonly TypeScript.Node[]
  /** The code of each: itself and the functions of its file that it leads to; of a trainer without any all that it stands in. */
  readonly reached: readonly (readonly TypeScript.Node[])[]
  /** The variables it is told to train, as written; null for all. */
  readonly variables: readonly string[] | null
  /** Whether the gradients are not those of the loss any more when they are applied. */
  readonly changed: boolean
}

const maximumDepth = 4

const trainers = new WeakMap<TypeScript.SourceFile, readonly Trainer[]>()

/** The calls of minimize and applyGradients in a file; asked once for every file. */
export function findTrainers(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Trainer[] {
  const known = trainers.get(file) ?? lookForTrainers(ts, file)
  trainers.set(file, known)
  return known
}

function lookForTrainers(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly Trainer[] {
  if (!/\b(minimize|applyGradients)\s*\(/.test(file.text)) return []
  const found: Trainer[] = [],
    declared = functionsOf(ts, file)
  for (const node of callsOf(ts, file)) {
    if (!ts.isPropertyAccessExpression(node.expression)) continue
    const { expression: object, name } = node.expression,
      [first, , list] = node.arguments
    if (name.text === "minimize" && first !== undefined)
      found.push({
        call: node,
        optimizer: lastName(ts, object),
        ...reachOf(ts, [first], declared),
        losses: [first],
        variables: listed(ts, list),
        changed: isOfItsOwn(file, lastName(ts, object)),
      })
    if (name.text === "applyGradients" && first !== undefined) {
      const body = enclosingFunction(ts, node) ?? file
      const losses = differentiated(ts, body)
      const reach = reachOf(ts, losses.length > 0 ? losses : [body], declared), variables = listedByGradients(ts, node)
      const optimizer = lastName(ts, object), changed = areChanged(ts, first, body) || isOfItsOwn(file, optimizer)
      found.push({ call: node, optimizer, ...reach, losses, variables, changed })
    }
  }
  return found
}

/** Name of the variable, field or property that an expression's value is first stored in; null where it is used on the spot. */
export function bindingOf(ts: typeof TypeScript, node: TypeScript.Expression): string | null {
  for (let at: TypeScript.Node = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at
    const named = ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent)
    if (named) return ts.isIdentifier(parent.name) || ts.isPrivateIdentifier(parent.name) ? parent.name.text.replace(/^#/, "") : null
    if (ts.isBinaryExpression(parent)) return /=$/.test(parent.operatorToken.getText()) && parent.right === at ? lastName(ts, parent.left) : null
    if (
      !ts.isParenthesizedExpression(parent) &&
      !ts.isAsExpression(parent) &&
      !ts.isNonNullExpression(parent) &&
      !ts.isConditionalExpression(parent)
    )
      return null
  }
  return null
}

type Bodies = ReadonlyMap<string, readonly TypeScript.Node[]>

const functions = new WeakMap<TypeScript.SourceFile, Bodies>()

/** Functions, methods and function-valued variables and fields of a file by name. Every model asks of every training step: looked for once. */
function functionsOf(ts: typeof TypeScript, file: TypeScript.SourceFile): Bodies {
  const known = functions.get(file)
  if (known !== undefined) return known
  const bodies = new Map<string, TypeScript.Node[]>()
  for (const node of nodesOf(ts, file)) {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) continue
    const name = (node as { name?: TypeScript.Node }).name ?? (node.parent as { name?: TypeScript.Node } | undefined)?.name
    if (name !== undefined) bodies.set(name.getText(), [...(bodies.get(name.getText()) ?? []), node.body as TypeScript.Node])
  }
  functions.set(file, bodies)
  return bodies
}

function reachOf(ts: typeof TypeScript, starts: readonly TypeScript.Node[], bodies: Bodies): Pick<Trainer, "mentions" | "reached"> {
  const found = starts.map((start) => {
    const reached: TypeScript.Node[] = [start]
    return { reached, names: mentionsOf(ts, start, bodies, reached) }
  })
  return { mentions: new Set(found.flatMap(({ names }) => [...names])), reached: found.map(({ reached }) => reached) }
}

/**
 * The names that some code mentions, itself or in functions of its file; their bodies are added to `reached`. Those that `isOwn` takes for the
 * code's own are left out.
 */
function mentionsOf(
  ts: typeof TypeScript, start: TypeScript.Node, bodies: Bodies, reached: TypeScript.Node[] = [],
  isOwn: (name: TypeScript.Identifier, body: TypeScript.Node) => boolean = () => false,
): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (node: TypeScript.Node, depth: number, within: TypeScript.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const name = node.text.replace(/^#/, "")
      if (names.has(name) || (ts.isIdentifier(node) && isOwn(node, within))) return
      names.add(name)
      if (depth < maximumDepth) {
        bodies.get(node.text)?.forEach((body) => {
          reached.push(body)
          visit(body, depth + 1, body)
        })
      }
    }
    ts.forEachChild(node, (child) => visit(child, depth, within))
  }
  visit(start, 0, start)
  return names
}

/** What hands out a model's weights. */
const weightLists: readonly string[] = ["getWeights", "trainableWeights"]

/** Methods that give a network's output. */
const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])

/**
 * Weights of a model of these names that the trained loss reads otherwise than by the model's output: a penalty on weights, a term of a hidden
 * layer. Empty where no function of the file is known to give the output.
 */
export function weightsBeside(ts: typeof TypeScript, trainer: Trainer, names: ReadonlySet<string>, weights: readonly string[]): readonly string[] {
  const { read, knowsForward } = mentionsBeside(ts, trainer, names)
  if (weightLists.some((list) => read.has(list))) return weights
  return knowsForward ? weights.filter((weight) => read.has(weight)) : []
}

interface Beside {
  readonly read: ReadonlySet<string>
  readonly knowsForward: boolean
}

/** Every model, optimizer and weight asks again. */
const besides = new WeakMap<TypeScript.Node, Map<string, Beside>>()

/** Names that the trained loss mentions otherwise than in computing the output, and whether a function of the file computes that. */
export function mentionsBeside(ts: typeof TypeScript, { call, losses }: Trainer, names: ReadonlySet<string>): Beside {
  const asked = besides.get(call) ?? new Map<string, Beside>(), key = [...names].join()
  besides.set(call, asked)
  const known = asked.get(key)
  if (known !== undefined) return known
  const declared = functionsOf(ts, call.getSourceFile())
  const bodies = new Map([...declared].filter(([name]) => !forwardNames.has(name) && !names.has(name)))
  // What the step calls by itself, and what it takes of the output, are no weights of the same name.
  const isOutput = (called: string): boolean => forwardNames.has(called) || names.has(called)
  const isOwn = (name: TypeScript.Identifier, body: TypeScript.Node): boolean => isOwnName(ts, name, body, isOutput)
  const read = new Set(losses.flatMap((loss) => [...mentionsOf(ts, loss, bodies, [], isOwn)]))
  const beside: Beside = { read, knowsForward: bodies.size < declared.size }
  asked.set(key, beside)
  return beside
}

/**
 * Whether a trainer's loss calls a model of these names itself, not only within other models, of which `called` are all names.
 */
export function concernsDirectly(
  ts: typeof TypeScript, trainer: Trainer, { names, weights }: TrainedNames, called: ReadonlySet<string>,
): boolean {
  if (!concerns(ts, trainer, names, weights)) return false
  const around = ts.findAncestor(trainer.call, ts.isClassLike)?.name?.text
  if (trainer.losses.length === 0 || (around !== undefined && names.has(around))) return true
  const { read } = mentionsBeside(ts, trainer, called)
  return [...names].some((name) => read.has(name))
}

/**
 * Whether a trainer trains a model of these names: it mentions one, or stands in the class of that name and computes the output of `this` or reads
 * one of its weights.
 */
export function concerns(
  ts: typeof TypeScript, { call, mentions }: Trainer, names: ReadonlySet<string>, weights: readonly string[] = [],
): boolean {
  if ([...names].some((name) => mentions.has(name))) return true
  const around = ts.findAncestor(call, ts.isClassLike)
  return around?.name !== undefined && names.has(around.name.text) && [...forwardNames, ...weights].some((name) => mentions.has(name))
}

/** What is differentiated inside a body: the first arguments of variableGrads and its kin. */
function differentiated(ts: typeof TypeScript, body: TypeScript.Node): readonly TypeScript.Expression[] {
  const found: TypeScript.Expression[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.length > 0 && differentiates.test(`${lastName(ts, node.expression) ?? ""}(`))
      found.push(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(body)
  return found
}

/** The variables that variableGrads is told to differentiate by; null where one call of it is told none. */
function listedByGradients(ts: typeof TypeScript, call: TypeScript.CallExpression): readonly string[] | null {
  const lists = gradientCalls(ts, call).map((made) => listed(ts, made.arguments.at(1)))
  const found = lists.flatMap((list) => list ?? [])
  return lists.length === 0 || lists.includes(null) ? null : [...new Set(found)]
}

function enclosingFunction(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) if (ts.isFunctionLike(at)) return at
  return null
}

/** The list of variables that minimize is given; null where it is left out. */
function listed(ts: typeof TypeScript, given: TypeScript.Expression | undefined): readonly string[] | null {
  if (given === undefined) return null
  const list = withoutCasts(ts, given), plain = ownConstant(ts, list) ?? list
  if (plain.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(plain) && plain.text === "undefined")) return null
  return textsOf(ts, plain)
}

/** "model.weights" for `(model.weights as any[])`. */
const castName = /\(\s*([\w$.]+)\s+as\s+[\w$.<>[\]]+\s*\)/g

function textsOf(ts: typeof TypeScript, plain: TypeScript.Expression): readonly string[] {
  const items = ts.isArrayLiteralExpression(plain) ? plain.elements.map((item) => item.getText()) : [plain.getText()]
  return items.map((text) => text.replace(castName, "$1").replace(/\s+/g, "").replace(/^this\./, ""))
}

/** What a constant of the function around a step is made as, where steps alone are told of it. */
function ownConstant(ts: typeof TypeScript, list: TypeScript.Expression): TypeScript.Expression | null {
  if (!ts.isIdentifier(list)) return null
  const block = ts.findAncestor(list, (at): at is TypeScript.Block => ts.isBlock(at) && constantIn(ts, at, list.text) !== null)
  const made = block === undefined ? null : constantIn(ts, block, list.text)
  if (block === undefined || made === null) return null
  const isGiven = (node: TypeScript.Node): boolean => {
    if (!ts.isIdentifier(node) || node.text !== list.text) return ts.forEachChild(node, (child) => !isGiven(child) || undefined) === undefined
    let at: TypeScript.Node = node
    while (ts.isAsExpression(at.parent) || ts.isParenthesizedExpression(at.parent) || ts.isNonNullExpression(at.parent)) at = at.parent
    const isTold = ts.isCallExpression(at.parent) && at.parent.expression !== at && takers.test(lastName(ts, at.parent.expression) ?? "")
    return isTold || (ts.isVariableDeclaration(node.parent) && node.parent.name === node)
  }
  return isGiven(block) && !/\.(add|pop|push)\(|\.trainable\s*=(?!=)/.test(textBetween(made, list)) ? withoutCasts(ts, made) : null
}

/** What takes a list of variables and leaves it as it is. */
const takers = /^(minimize|variableGrads|computeGradients|dispose|log)$/

const textBetween = (from: TypeScript.Node, to: TypeScript.Node): string => from.getSourceFile().text.slice(from.end, to.pos)

function constantIn(ts: typeof TypeScript, { statements }: TypeScript.Block | TypeScript.SourceFile, name: string): TypeScript.Expression | null {
  const lists = statements.flatMap((statement) => (ts.isVariableStatement(statement) ? [statement.declarationList] : []))
  const found = lists.flatMap(({ declarations, flags }) => ((flags & ts.NodeFlags.Const) === 0 ? [] : declarations))
    .find((declared) => ts.isIdentifier(declared.name) && declared.name.text === name)
  return found?.initializer ?? null
}

/** The list of variables that a step is given, or what the constant of its function holds; null where there is none, or more than one. */
export function listGiven(ts: typeof TypeScript, { call }: Trainer): TypeScript.Expression | null {
  const given = lastName(ts, call.expression) === "minimize" ? [call.arguments.at(2)] : gradientCalls(ts, call).map((made) => made.arguments.at(1))
  const list = given.length === 1 && given[0] !== undefined ? withoutCasts(ts, given[0]) : null
  return list === null ? null : (ownConstant(ts, list) ?? list)
}

function gradientCalls(ts: typeof TypeScript, call: TypeScript.CallExpression): readonly TypeScript.CallExpression[] {
  const found: TypeScript.CallExpression[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && gradientMakers.test(lastName(ts, node.expression) ?? "")) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(enclosingFunction(ts, call) ?? call.getSourceFile())
  return found
}

const gradientMakers = /^(variableGrads|computeGradients)$/

/** Parentheses, `as`, `satisfies` and `!` taken off. */
export function withoutCasts(ts: typeof TypeScript, node: TypeScript.Expression): TypeScript.Expression {
  const wrapped = ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)
  return wrapped ? withoutCasts(ts, node.expression) : node
}

const differentiates = /\b(variableGrads|computeGradients|valueAndGrads|grads?)\s*\(/

/** Whether what is applied is anything but the gradients as they were computed: another record, or one whose entries were replaced or taken out. */
function areChanged(ts: typeof TypeScript, given: TypeScript.Expression, body: TypeScript.Node): boolean {
  const applied = withoutCasts(ts, given),
    text = body.getText()
  const name = ts.isIdentifier(applied) ? applied.text : ts.isPropertyAccessExpression(applied) ? lastName(ts, applied.expression) : null
  if (name === null) return !differentiates.test(applied.getText())
  const escaped = name.replace(/\$/g, "\\$")
  const computed = new RegExp(
    `\\b${escaped}\\b[^;\\n=]*\\}?\\s*=\\s*(await\\s+)?[\\w.$]*\\b(variableGrads|computeGradients|valueAndGrads|grads?)\\s*\\(`,
  )
  const replaced = new RegExp(`\\b${escaped}(\\.grads)?\\s*(\\[[^\\]]*\\]|\\.[\\w$]+)\\s*[-+*/]?=(?!=|>)|\\bdelete\\s+${escaped}(?![\\w$])`)
  return !computed.test(text) || replaced.test(text) || isHandedOut(ts, name, body)
}

/** What takes gradients without changing them. */
const readers = /^(applyGradients|dispose|keys|values|entries|log|print|norm|stringify)$/

/** Whether a record of gradients is handed to code that may change it, given again or given another name. */
function isHandedOut(ts: typeof TypeScript, name: string, body: TypeScript.Node): boolean {
  const visit = (node: TypeScript.Node): boolean => {
    if (ts.isIdentifier(node) && node.text === name && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)) {
      const isField = ts.isPropertyAccessExpression(node.parent) && node.parent.name.text === "grads"
      const whole = isField ? node.parent : node, { parent } = whole
      if (ts.isCallExpression(parent) && parent.expression !== whole) return !readers.test(lastName(ts, parent.expression) ?? "")
      if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken)
        return parent.right === whole || !differentiates.test(parent.right.getText())
      if (ts.isVariableDeclaration(parent) && parent.initializer === whole && !ts.isObjectBindingPattern(parent.name)) return true
    }
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false
  }
  return visit(body)
}

/** Whether a file gives optimizers another way to apply gradients. */
export const replacesApply = ({ text }: TypeScript.SourceFile): boolean => /(\bapplyGradients["']?\]?|\.minimize)\s*=(?![=>])/.test(text)

/** Whether an optimizer is one of the source's own making: of a class that is none of tfjs's, or with another way to apply gradients. */
function isOfItsOwn(file: TypeScript.SourceFile, optimizer: string | null): boolean {
  const { text } = file
  if (replacesApply(file)) return true
  if (optimizer === null) return false
  return new RegExp(`(?<![\\w$])${optimizer.replace(/\$/g, "\\$")}\\s*(?::[^=;\\n]+)?=\\s*new\\s+(?!tf\\.)`).test(text)
}

/** What a model is known by where it is trained. */
export interface TrainedNames {
  readonly names: ReadonlySet<string>
  /** Names of its weights. */
  readonly weights: readonly string[]
  /** Names of other models of the file. */
  readonly others: ReadonlySet<string>
  /** Whether a model has weights that it does not list. */
  readonly hides?: boolean
  /** What is known of the list that a step is given. */
  readonly listed?: (trainer: Trainer) => "whole" | "other" | { readonly ids: readonly string[] } | null
}

/**
 * The use of an optimizer for a model of these names: null where it does not concern the model. `variables` are only those it is told to train that
 * are not simply the model's own.
 */
export function useFor(ts: typeof TypeScript, base: OptimizerUse, trainer: Trainer, known: TrainedNames): OptimizerUse | null {
  const { call, variables, changed } = trainer, { names, weights } = known
  const lists = (variables ?? []).map((text) => listOf(ts, call.getSourceFile(), text, known))
  const own = lists.filter((list) => list !== "other")
  // Lists of the weights of whole models: this one's, or another's.
  const found = own.length === 0 ? null : (known.listed?.(trainer) ?? null)
  if ((lists.length > 0 && own.length === 0) || found === "other" || (found === null && isOfOther(ts, trainer, known))) return null
  const isAsked = own.includes("whole") && known.hides !== true, isWhole = isAsked || found === "whole"
  if (!own.includes("whole") && found === null && !concerns(ts, trainer, names, weights)) return null
  if (changed) return { ...base, name: "unknown", text: `${base.text} with gradients that are changed before they are applied` }
  const list = listGiven(ts, trainer)
  const isNamed = list !== null && ts.isArrayLiteralExpression(list) && (variables ?? []).every((name) => weights.includes(name))
  if (variables === null || isAsked || (isWhole && !isNamed)) return base
  const part = found !== null && found !== "whole" && !isNamed ? found.ids : variables.filter((_, k) => lists[k] !== "other").map(plainPath)
  const text = part.length === 0 ? "no variables" : `${part.slice(0, 3).join(", ")}${part.length > 3 ? ", …" : ""}`
  return { ...base, text: `${base.text} on ${text}`, variables: part.map((name) => name.replace(/[.[\]]+/g, "/").replace(/\/$/, "")) }
}

/** A path of names as it is written; code that makes a list is no name of a weight. */
const plainPath = (text: string): string => (/^[\w$]+(\.[\w$]+|\[\w+\])*$/.test(text) && text.length <= 30 ? text : someVariables)
const someVariables = "variables that the code picks"

/** Whether a list that is kept under a name was made of the weights of another model. */
function isOfOther(ts: typeof TypeScript, trainer: Trainer, known: TrainedNames): boolean {
  const list = listGiven(ts, trainer), file = trainer.call.getSourceFile()
  const made = list === null || !ts.isIdentifier(list) || !isOfFile(ts, list) ? null : constantIn(ts, file, list.text)
  if (list === null || made === null) return false
  const name = list.getText().replace(/\$/g, "\\$")
  if (new RegExp(`(?<![\\w$])${name}\\.(push|unshift|splice)\\(`).test(file.text)) return false
  const texts = textsOf(ts, withoutCasts(ts, made))
  const isWhole = (text: string): boolean => asVariables.test(allWeights.exec(text)?.[2] ?? "none")
  return texts.length > 0 && texts.every((text) => isWhole(text) && listOf(ts, file, text, known) === "other")
}

/** What gives all weights of a model, and what may follow it and still gives all. */
const allWeights = /^(?:[\w$]+\.)*([\w$]+)\.(?:getWeights\((?:true|false)?\)|(?:trainableWeights|trainableVariables|weights)(?![\w$]))(.*)$/
const cast = "(?:as[\\w$.<>[\\]]+)?"
const asVariables = new RegExp(`^(?:\\.map\\(\\(?[\\w$]+(?::[\\w$.<>]+)?\\)?=>\\(?[\\w$]+${cast}\\)?!?\\.(?:val|read\\(\\))${cast}\\))?${cast}$`)

/** Whether an item of a list of variables is all weights of this model, some of them perhaps, or another model's. */
function listOf(
  ts: typeof TypeScript, file: TypeScript.SourceFile, text: string, { names, weights, others }: TrainedNames,
): "whole" | "some" | "other" {
  const [, owner, tail] = allWeights.exec(text) ?? []
  const [, fn, argument] = /^(?:[\w$]+\.)*([\w$]+)\((?:[\w$]+\.)*([\w$]+)\)$/.exec(text) ?? []
  const whole = owner !== undefined && asVariables.test(tail) ? owner : fn !== undefined && givesAllWeights(ts, file, fn) ? argument : undefined
  if (whole !== undefined && names.has(whole)) return "whole"
  const mentioned = text.match(/[\w$]+/g) ?? []
  if (mentioned.some((name) => names.has(name) || weights.includes(name))) return "some"
  return mentioned.some((name) => others.has(name)) ? "other" : "some"
}

/** Whether a function of the file gives all weights of the model that it is handed. */
function givesAllWeights(ts: typeof TypeScript, file: TypeScript.SourceFile, name: string): boolean {
  const bodies = functionsOf(ts, file).get(name) ?? []
  return bodies.length === 1 && bodies.every((body) => {
    const text = body.getText().replace(/\s+/g, "").replace(/^\{return|;?\}$/g, "")
    return asVariables.test(allWeights.exec(text)?.[2] ?? "none")
  })
}
