/**
 * @file Optimizers and losses in sight of a file's models: compile({…}) and tf.train.* here and in files that import it. Found by syntax,
 * numbers by evaluation.
 */
import type * as TypeScript from "typescript"
import type { Aliases } from "./aliases"
import type { Context } from "./context"
import type { LossUse, MetricUse, OptimizerName, OptimizerUse } from "../graph/graph"
import type { ModelValue, Scope } from "./value"
import type { Place } from "../schema/report"
import { checkTime } from "./budget"
import { numberIn } from "./value"
import { placeOf } from "../source/place"
import { namesOfLosses } from "./lossesByHand"
import { bindingOf, concerns, findTrainers, replacesApply, useFor, weightsBeside, withoutCasts, type TrainedNames, type Trainer } from "./trainers"
import { callsOf } from "../source/calls"
import { filesBeside, trainersOf } from "../source/dependencies"
import { isWholeLoss } from "./wholeLoss"
import { findWrites, weightsWritten, type Write } from "./writes"
import { isWithin, lastName } from "../source/nodes"

const maximumFiles = 200

const optimizerNames: Readonly<Record<string, OptimizerName>> = {
  sgd: "sgd",
  momentum: "momentum",
  adam: "adam",
  adamax: "adamax",
  adagrad: "adagrad",
  adadelta: "adadelta",
  rmsprop: "rmsprop",
  adamw: "adamw",
}

/** The functions of tf.losses that are losses: `losses` is also what many call their own lists. */
const lossFunctions: ReadonlySet<string> = new Set([
  "absoluteDifference", "computeWeightedLoss", "cosineDistance", "hingeLoss", "huberLoss", "logLoss", "meanSquaredError", "sigmoidCrossEntropy",
  "softmaxCrossEntropy",
])

export interface Training {
  readonly optimizers: readonly OptimizerUse[]
  readonly losses: readonly LossUse[]
  readonly metrics: readonly MetricUse[]
  /** What the reader must know of how the model is trained. */
  readonly notes: readonly string[]
}

/** A use with the nodes that tie it to a model: the call of compile it stands in, or the optimizer's own call. */
interface Tied<T> {
  readonly use: T
  readonly nodes: readonly TypeScript.Node[]
  /** Name of what the optimizer is stored in. */
  readonly binding?: string | null
  /** The call of tf.losses that it is, where compile does not name it. */
  readonly call?: TypeScript.CallExpression
  /** Name of the class it stands in. */
  readonly around?: string | undefined
}
export interface Uses {
  readonly optimizers: readonly Tied<OptimizerUse>[]
  readonly losses: readonly Tied<LossUse>[]
  readonly metrics: readonly Tied<MetricUse>[]
  readonly trainers: readonly Trainer[]
  readonly writes: readonly Write[]
  /** The files that all of these were found in. */
  readonly files: readonly TypeScript.SourceFile[]
}

/** What a model is known by. */
export interface Known {
  readonly names: Aliases
  /** Of these those that surely mean it. */
  readonly named: ReadonlySet<string>
  /** Names of its weights. */
  readonly weights: readonly string[]
  /** Names of other models of the file. */
  readonly others: ReadonlySet<string>
  readonly listed?: TrainedNames["listed"]
  readonly hides?: boolean
}

/**
 * What concerns one model: its own compile; where nobody compiles it, the optimizers whose minimize or applyGradients mentions one of its `names`,
 * with what it does there; where none does, everything that no compile of another model uses.
 */
export function trainingOf(
  context: Context, uses: Uses, model: ModelValue | null, { names: { own: names, parts }, named, weights, others, listed, hides = false }: Known,
): Training {
  const { compiled } = context.state
  const isOwn = ({ nodes }: Tied<unknown>): boolean => model !== null && nodes.some((node) => compiled.get(node)?.has(model))
  const isLoose = ({ nodes }: Tied<unknown>): boolean => !nodes.some((node) => compiled.has(node))
  const isCompiled = model !== null && [...compiled.values()].some((models) => models.has(model))
  const pick = <T>(all: readonly Tied<T>[]): readonly T[] => {
    const own = all.filter(isOwn)
    return (own.length > 0 ? own : all.filter(isLoose)).map(({ use }) => use)
  }
  const isCompiledHere = uses.optimizers.some(isOwn), known = { names, weights, others, hides, ...(listed === undefined ? {} : { listed }) }
  const handled = uses.optimizers.filter((tied) => isOwn(tied) || isLoose(tied))
  const minimized = unique(handled.flatMap((tied) => usesBy(context.ts, uses.trainers, tied, known)))
  const trainers = uses.trainers.filter((trainer) => concerns(context.ts, trainer, names, weights))
  const notes = minimized.length === 0 && !isCompiledHere ? [] : trainers.flatMap((trainer) => notesOn(context, trainer, names, weights))
  // Where it is not known which optimizer a step calls, one that it is handed say, it may be any in sight.
  const untied = trainers.filter((trainer) => !uses.optimizers.some((tied) => isBy(trainer, tied)))
  const beside = [...new Set(untied.flatMap((trainer) => weightsBeside(context.ts, trainer, names, weights)))]
  const isReplaced = uses.files.some(replacesApply)
  const isChanged = (use: OptimizerUse): boolean => isReplaced || untied.some(({ changed }) => changed) ||
    uses.optimizers.some((tied) => tied.use.place === use.place && uses.trainers.some((trainer) => trainer.changed && isBy(trainer, tied)))
  // An optimizer all of whose steps train other models is none of this one.
  const isElsewhere = (tied: Tied<OptimizerUse>): boolean => {
    const steps = uses.trainers.filter((trainer) => isBy(trainer, tied))
    return steps.length > 0 && steps.every((step) => !concerns(context.ts, step, parts, weights) && concerns(context.ts, step, others))
  }
  const free = uses.optimizers.filter((tied) => isOwn(tied) || !isElsewhere(tied))
  const loose = minimized.length > 0 && !isCompiledHere ? [] : asGiven(pick(free), model).map((use) => (isChanged(use) ? withChanges(use) : use))
  const inSight = unique([...loose, ...minimized].map((use) => (beside.length === 0 ? use : withBeside(use, beside))))
  const optimizers = withWrites(context, uses.writes, inSight, known)
  // A class that computes a loss of its own is not trained by that of its neighbor.
  const ofClass = uses.losses.filter((tied) => isLoose(tied) && tied.around !== undefined && names.has(tied.around))
  const own = uses.losses.filter(isOwn), near = ofClass.length > 0 ? ofClass : uses.losses.filter(isLoose)
  // A call of tf.losses is no loss by itself where more than it is trained, or where it is given something else than this model's output.
  const picked = (own.length === 1 ? own.map((tied) => lossAsGiven(tied, model)) : own.length > 0 ? own : near).map(({ use, call }): LossUse =>
    call === undefined || isWholeLoss(context.ts, call, named) ? use : { ...use, byHand: true })
  const computed = minimized.length === 0 ? [] : trainers.flatMap((trainer) => lossesOf(context, trainer, { names, named }))
  // A step that trains it by anything else ends what only the others leave alone.
  const calls = (own.length > 0 ? own : near).flatMap(({ call }) => call ?? [])
  const losses = picked.length > 0 ? [...picked, ...stepsBeside(context, uses.trainers, calls, { names: parts, weights })] : computed
  return { optimizers, losses, metrics: pick(isCompiled ? uses.metrics.filter(isOwn) : uses.metrics), notes: [...new Set(notes)] }
}

/** The optimizers with the weights that are written beside their steps; where there is none, the steps that the code takes by hand. */
function withWrites(
  context: Context, writes: readonly Write[], optimizers: readonly OptimizerUse[],
  { names, weights }: { readonly names: ReadonlySet<string>; readonly weights: readonly string[] },
): readonly OptimizerUse[] {
  const by = (isMeant: (write: Write) => boolean): readonly string[] | "all" => weightsWritten(context.ts, writes.filter(isMeant), names, weights)
  const written = by(({ isSure, isSwitch }) => isSure && !isSwitch), perhaps = by(({ isSure }) => !isSure)
  const isSwitched = by((write) => write.isSwitch).length > 0
  if (written.length === 0 && perhaps.length === 0 && !isSwitched) return optimizers
  const uses = {
    ...(written.length === 0 ? {} : { written }), ...(perhaps.length === 0 ? {} : { perhaps }), ...(isSwitched ? { inTurns: true as const } : {}),
  }
  if (optimizers.length > 0) return optimizers.map((use) => ({ ...use, ...uses }))
  const step = writes.find((write) => write.byHand && weightsWritten(context.ts, [write], names, weights).length > 0)
  return step === undefined ? [] : [{ name: "unknown", text: "steps written by hand", place: placeOf(step.node, context.home) }]
}

/** A parameter that compile is handed as the loss, as the name that it held for this model. */
function lossAsGiven(tied: Tied<LossUse>, model: ModelValue | null): Tied<LossUse> {
  const { use } = tied, name = model?.compiled?.loss
  return name === undefined || use.quoted === true || use.output !== undefined ? tied : { ...tied, use: { ...use, name, quoted: true } }
}

/** Of both ways of a choice the one that is not known stays so. */
function asGiven(uses: readonly OptimizerUse[], model: ModelValue | null): readonly OptimizerUse[] {
  const name = model?.compiled?.optimizer
  const isGiven = ({ name: known, text }: OptimizerUse): boolean => uses.length === 1 && known === "unknown" && !text.startsWith("'")
  return name === undefined ? uses : uses.map((use) => (isGiven(use) ? byName(name, use.place) : use))
}

/** The steps that train a model of these names by something else than these calls of tf.losses. */
function stepsBeside(
  context: Context, trainers: readonly Trainer[], calls: readonly TypeScript.CallExpression[],
  { names, weights }: { readonly names: ReadonlySet<string>; readonly weights: readonly string[] },
): readonly LossUse[] {
  const isSeen = (code: readonly TypeScript.Node[]): boolean => calls.some((call) => code.some((node) => isWithin(call, node)))
  return trainers
    .filter((trainer) => concerns(context.ts, trainer, names, weights) && !trainer.reached.every(isSeen))
    .map(({ call }) => ({ name: "computed by hand", byHand: true, place: placeOf(call, context.home) }))
}

/** What a trainer of a model of these names minimizes, where it calls no function of tf.losses. */
function lossesOf(context: Context, trainer: Trainer, { names, named }: Record<"names" | "named", ReadonlySet<string>>): readonly LossUse[] {
  const { ts, home } = context, place = placeOf(trainer.call, home), found = namesOfLosses(ts, trainer, names)
  if (found === null) return [{ name: "computed by hand", byHand: true, place }]
  const calls = trainer.reached.flat().flatMap((node) => callsWithin(ts, node))
  return found.map((name) => {
    const own = calls.filter((call) => lastName(ts, call.expression) === name)
    // A squared error is told by its operations, and sees every output.
    const isWhole = own.length === 0 ? name === "meanSquaredError" : own.every((call) => isWholeLoss(ts, call, named))
    return isWhole ? { name, place } : { name, byHand: true, place }
  })
}

function callsWithin(ts: typeof TypeScript, node: TypeScript.Node): readonly TypeScript.CallExpression[] {
  const found: TypeScript.CallExpression[] = []
  const visit = (at: TypeScript.Node): void => {
    if (ts.isCallExpression(at)) found.push(at)
    ts.forEachChild(at, visit)
  }
  visit(node)
  return found
}

function notesOn(context: Context, trainer: Trainer, names: ReadonlySet<string>, weights: readonly string[]): readonly string[] {
  const [first, ...others] = weightsBeside(context.ts, trainer, names, weights)
  if (first === undefined) return []
  const what = others.length === 0 ? `'${first}'` : `'${first}' and ${others.length} more weight${others.length === 1 ? "" : "s"}`
  return [`the trained loss is taken to depend on the output alone, though it reads ${what} beside it`]
}

/** Whether a step is one of this optimizer. */
const isBy = ({ call, optimizer }: Trainer, { nodes, binding }: Pick<Tied<OptimizerUse>, "nodes" | "binding">): boolean =>
  optimizer === null ? nodes.some((node) => isWithin(node, call)) : optimizer === binding

const withChanges = (use: OptimizerUse): OptimizerUse =>
  ({ ...use, name: "unknown", text: `${use.text} with gradients that are changed before they are applied` })

const withBeside = (use: OptimizerUse, beside: readonly string[]): OptimizerUse => ({
  ...use, beside: [...new Set([...(use.beside ?? []), ...beside])],
})

/** What the trainers that call an optimizer do to a model of these names. */
function usesBy(
  ts: typeof TypeScript, trainers: readonly Trainer[], { use, nodes, binding }: Tied<OptimizerUse>,
  known: TrainedNames,
): readonly OptimizerUse[] {
  const { names, weights } = known
  const own = trainers.filter((trainer) => isBy(trainer, { nodes, binding }))
  return own.flatMap((trainer) => {
    const found = useFor(ts, use, trainer, known)
    const beside = found === null ? [] : weightsBeside(ts, trainer, names, weights)
    return found === null ? [] : [beside.length === 0 ? found : withBeside(found, beside)]
  })
}

/** One use for all steps of an optimizer that train the same variables: it reads beside the output whatever one of them does. */
function unique(uses: readonly OptimizerUse[]): readonly OptimizerUse[] {
  const keyOf = ({ text, place, variables }: OptimizerUse): string => JSON.stringify([text, place, variables])
  const groups = new Map<string, OptimizerUse>()
  for (const use of uses) {
    const known = groups.get(keyOf(use)), { beside } = use
    groups.set(keyOf(use), known === undefined ? use : beside === undefined ? known : withBeside(known, beside))
  }
  return [...groups.values()]
}

/** What is taken for the training of a model where it was not looked at to the end: any weight may be written at any time. */
export const unreadTraining = ({ home }: Context): OptimizerUse =>
  ({ name: "unknown", text: "training that is not read to its end", perhaps: "all", place: placeOf(home.endOfFileToken, home) })

/** Bounded: this file and at most `maximumFiles` of the program's own files. */
export function findTraining(context: Context): Uses {
  const found: Found = { optimizers: [], losses: [], metrics: [] },
    { ts, program, home } = context,
    files = [home, ...trainersOf(ts, program, home, maximumFiles)]
  const watch = (): void => checkTime(context)
  for (const file of files) {
    watch()
    scan(context, file, found)
  }
  const beside = filesBeside(ts, program, home, maximumFiles)
  const writes = findWrites(ts, [...new Set([...files, ...beside])], program, watch)
  return { ...found, trainers: files.flatMap((file) => findTrainers(ts, file)), writes, files }
}

interface Found {
  readonly optimizers: Tied<OptimizerUse>[]
  readonly losses: Tied<LossUse>[]
  readonly metrics: Tied<MetricUse>[]
}

function scan(context: Context, file: TypeScript.SourceFile, found: Found): void {
  const { ts } = context
  // Calls of compile around the one that is looked at.
  const within: TypeScript.Node[] = []
  for (const node of callsOf(ts, file)) {
    while (within.length > 0 && within[within.length - 1].end <= node.pos) within.pop()
    if (!ts.isPropertyAccessExpression(node.expression)) continue
    const { expression: object, name } = node.expression
    const train = Object.hasOwn(optimizerNames, name.text) && /(^|\.)train$/.test(object.getText())
    if (train) found.optimizers.push({ use: optimizerOf(context, node, name.text, file), nodes: [node, ...within], binding: bindingOf(ts, node) })
    if (name.text === "compile" && node.arguments[0] !== undefined) {
      compiled(context, node, file, found)
      within.push(node)
      continue
    }
    // What compile is given is read there.
    if (within.length === 0 && lossFunctions.has(name.text) && /(^|\.)losses$/.test(object.getText()))
      found.losses.push({
        use: { name: name.text, place: placeOf(node.expression, context.home) },
        call: node,
        nodes: [],
        around: ts.findAncestor(node, ts.isClassLike)?.name?.text,
      })
  }
}

function compiled(context: Context, call: TypeScript.CallExpression, file: TypeScript.SourceFile, found: Found): void {
  const { ts } = context,
    nodes = [call],
    settings = literalOf(ts, call.arguments[0])
  if (settings === null) return
  const other = !context.state.compiled.has(call) && [context.home, file].some(declaresCompile) ? { elsewhere: true as const } : {}
  for (const property of settings.properties) {
    const name = property.name?.getText()
    const shorthand = ts.isShorthandPropertyAssignment(property) ? property.name : undefined
    const value = ts.isPropertyAssignment(property) ? property.initializer : shorthand
    if (value === undefined) continue
    if (name === "optimizer") found.optimizers.push(...namedOptimizers(context, value, file).map((use) => ({ use: { ...use, ...other }, nodes })))
    else if (name === "loss") found.losses.push(...listedUses(context, value).map((use) => ({ use: { ...use, ...other }, nodes })))
    else if (name === "metrics") found.metrics.push(...listedUses(context, value).map((use) => ({ use: { ...use, ...other }, nodes })))
  }
}

/** Whether a file has a function `compile` of its own, which takes what it likes. */
const declaresCompile = ({ text }: TypeScript.SourceFile): boolean =>
  /(?<![.\w])compile\s*(?:=\s*(?:async\b|function\b|\()|\([^()]*\)\s*(?::[^{;]*)?\{)/.test(text)

/** The object literal that an expression is, or that the constant it names was given in one of the blocks around it. */
function literalOf(ts: typeof TypeScript, written: TypeScript.Expression): TypeScript.ObjectLiteralExpression | null {
  const node = withoutCasts(ts, written)
  if (ts.isObjectLiteralExpression(node)) return node
  const given = ts.isIdentifier(node) ? initializerOf(ts, node) : null
  return given !== null && ts.isObjectLiteralExpression(given) ? given : null
}

/** Losses or metrics one by one, as a value, a list or by the names of outputs. */
function listedUses(context: Context, written: TypeScript.Expression, output?: string): readonly LossUse[] {
  const { ts, home } = context,
    node = withoutCasts(ts, written)
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((item) => listedUses(context, item, output))
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.flatMap((property) =>
      ts.isPropertyAssignment(property)
        ? listedUses(context, property.initializer, property.name.getText().replace(/^(['"])(.*)\1$/, "$2"))
        : [],
    )
  }
  const name = ts.isStringLiteralLike(node) ? node.text : (nameOfFunction(ts, node) ?? node.getText().slice(0, 60))
  const quoted = ts.isStringLiteralLike(node) ? { quoted: true as const } : {}
  return [{ name, ...(output === undefined ? {} : { output }), ...quoted, place: placeOf(node, home) }]
}

/** "huberLoss" for tf.losses.huberLoss and for `(y, p) => tf.losses.huberLoss(y, p)`; a function of the same name elsewhere is another one. */
function nameOfFunction(ts: typeof TypeScript, node: TypeScript.Expression): string | null {
  if (ts.isPropertyAccessExpression(node)) return /\.(losses|metrics)$/.test(node.expression.getText()) ? node.name.text : null
  if (!ts.isArrowFunction(node) || ts.isBlock(node.body)) return null
  const call = withoutCasts(ts, node.body), given = node.parameters.map(({ name }) => name.getText())
  if (!ts.isCallExpression(call) || given.length !== 2) return null
  return call.arguments.map((argument) => withoutCasts(ts, argument).getText()).join() === given.join() ? nameOfFunction(ts, call.expression) : null
}

/** Optimizers that compile is given by name, both ways of a choice; one that cannot be read is listed as unknown, never left out. */
function namedOptimizers(context: Context, written: TypeScript.Expression, file: TypeScript.SourceFile): readonly OptimizerUse[] {
  const { ts, home } = context, node = withoutCasts(ts, written)
  if (ts.isConditionalExpression(node)) return [...namedOptimizers(context, node.whenTrue, file), ...namedOptimizers(context, node.whenFalse, file)]
  if (isOptimizerCall(ts, node)) return []
  const known = evaluated(context, node, file)
  if (known?.kind === "primitive" && typeof known.value === "string") return [byName(known.value, placeOf(node, home))]
  if ((known?.kind === "object" && known.origin !== undefined) || (ts.isIdentifier(node) && declaredAsOptimizer(ts, node))) return []
  return [{ name: "unknown", text: node.getText().replace(/\s+/g, " ").slice(0, 80), place: placeOf(node, home) }]
}

function isOptimizerCall(ts: typeof TypeScript, node: TypeScript.Expression): boolean {
  const name = ts.isCallExpression(node) ? /(?:^|\.)train\.(\w+)$/.exec(node.expression.getText())?.[1] : undefined
  return name !== undefined && Object.hasOwn(optimizerNames, name)
}

/** Whether a name is declared in one of the blocks around it with an optimizer's own call, which is listed where it stands. */
function declaredAsOptimizer(ts: typeof TypeScript, node: TypeScript.Identifier): boolean {
  const given = initializerOf(ts, node)
  return given !== null && isOptimizerCall(ts, given)
}

/** What a name was given where it is declared in one of the blocks around it. */
function initializerOf(ts: typeof TypeScript, node: TypeScript.Identifier): TypeScript.Expression | null {
  for (let at: TypeScript.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue
    for (const statement of at.statements) {
      if (!ts.isVariableStatement(statement)) continue
      const found = statement.declarationList.declarations.find(({ name }) => ts.isIdentifier(name) && name.text === node.text)
      if (found !== undefined) return found.initializer === undefined ? null : withoutCasts(ts, found.initializer)
    }
  }
  return null
}

const byName = (name: string, place: Place): OptimizerUse => ({
  name: optimizerNames[name.toLowerCase()] ?? "unknown",
  text: `'${name}'`,
  place,
  ...defaultRate(name.toLowerCase()),
})

/** tfjs-layers gives optimizers named by a string its own learning rates. */
function defaultRate(name: string): { learningRate?: number } {
  const rates: Readonly<Record<string, number>> = { sgd: 0.01, adam: 0.001, adamax: 0.002, rmsprop: 0.001, adagrad: 0.01, adadelta: 0.001 }
  return Object.hasOwn(rates, name) ? { learningRate: rates[name] } : {}
}

function optimizerOf(context: Context, node: TypeScript.CallExpression, kind: string, file: TypeScript.SourceFile): OptimizerUse {
  const argument = (i: number): number | null => (node.arguments[i] === undefined ? null : numberIn(evaluated(context, node.arguments[i], file)))
  const rate = argument(0) ?? (node.arguments.length === 0 ? (defaultRate(kind).learningRate ?? null) : null)
  const momentum = kind === "momentum" ? argument(1) : kind === "rmsprop" ? argument(2) : null
  const nesterov = kind === "momentum" && node.arguments[2]?.kind === context.ts.SyntaxKind.TrueKeyword
  return {
    name: nesterov ? "nesterov" : (optimizerNames[kind] ?? "unknown"),
    text: node.getText().replace(/\s+/g, " ").slice(0, 80),
    place: placeOf(node, context.home),
    ...(rate === null ? {} : { learningRate: rate }),
    ...(momentum === null ? {} : { momentum }),
  }
}

/** An expression's value in the outermost scope of its file; names of inner scopes stay unknown. */
function evaluated(context: Context, node: TypeScript.Expression, file: TypeScript.SourceFile): ReturnType<Context["evaluate"]> | undefined {
  const scope: Scope = context.moduleScope(context, file)
  try {
    return context.evaluate(context, node, scope)
  } catch {
    // What cannot be evaluated has no known number; the optimizer is listed all the same.
    return undefined
  }
}
