/** @file Models that are classes: an instance is made, its forward method followed, and its weights named by field. */
import type * as TypeScript from "typescript"
import type { ClassValue, ObjectValue, TensorValue, Value } from "../value"
import type { Context, Fault } from "../context"
import type { FunctionLike } from "../../source/forms"
import type { Guess } from "./arguments"
import type { TracedModel } from "../../graph/graph"
import type { Attempt } from "./attempt"
import type { Dim } from "../../schema/report"
import { applyLayer } from "../layers/layer"
import { assignPaths } from "./paths"
import { assume, extendsLayer, place, resolveDim } from "../context"
import { attempt } from "./attempt"
import { constructClass } from "../interpreter/classes"
import { constructionArguments, forwardArguments } from "./arguments"
import { earlierIn, followPass, readOnce } from "./earlier"
import { emitModel } from "./emit"
import { forwardMethodOf } from "../../source/forms"
import { isTrainable } from "../weight"
import { reachableFrom } from "./reachable"
import { tensorsOut } from "./model"
import { shapeText } from "../../graph/shape"
import { plainText } from "../ops/table"
import { makeInput, shapeOf } from "../tensor"
import { arrayOf, tensorsIn } from "../value"
import { isReadOut } from "../interpreter/readings"
import { rememberClassFault, rememberFault, rememberReadOut, rememberResult, rememberUnknown, rememberWeights } from "./wrappers"

export type Traced = Omit<TracedModel, "optimizers" | "losses" | "metrics">

/** The class's forward method, its own or inherited. */
export function forwardOf(context: Context, type: ClassValue): { readonly node: FunctionLike; readonly home: ClassValue } | null {
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base) {
    const node = forwardMethodOf(context.ts, at.node)
    if (node !== null) return { node, home: at }
  }
  return null
}

/**
 * Constructs the classes of a file whose constructors make instances of others there, to learn the arguments these get; the instances themselves are
 * forgotten.
 */
export function constructMakers(context: Context, classes: readonly ClassValue[]): void {
  const isMade = (type: ClassValue): boolean => context.state.instances.some((instance) => instance.type === type)
  const open = classes.filter((type) => !isMade(type) && forwardOf(context, type) !== null)
  for (const maker of classes) {
    const constructor = maker.node.members.find(
      (member): member is TypeScript.ConstructorDeclaration => context.ts.isConstructorDeclaration(member) && member.body !== undefined,
    )
    if (constructor === undefined || isMade(maker)) continue
    const text = constructor.getText()
    const makes = open.some((type) => type !== maker && !isMade(type) && new RegExp(`\\bnew\\s+${type.name.replace(/\$/g, "\\$")}\\b`).test(text))
    if (!makes) continue
    const before = context.state.instances.length
    attempt(context, () => constructClass(context, maker, constructionArguments(context, constructor), maker.node))
    // Arguments that are nothing but unknowns say less than symbols of its own. What was assumed on the way is assumed again when it is followed.
    for (const { type, args } of context.state.instances.splice(before))
      if (type !== null && type !== maker && args?.some(isTold) === true && !argumentsTold.has(type)) argumentsTold.set(type, args)
  }
}

/** What a class is constructed with by a class that nobody constructs. */
const argumentsTold = new WeakMap<ClassValue, readonly Value[]>()
const isTold = (value: Value): boolean =>
  value.kind === "primitive" ? value.value !== undefined : value.kind === "array" || value.kind === "object" || value.kind === "function"

/** Tries ranks until the forward pass reads without complaint; null where the class is no model of its own. */
export function traceClass(context: Context, type: ClassValue): Traced | null {
  const forward = forwardOf(context, type)
  if (forward === null) return null
  const made = context.state.instances.filter((instance) => instance.type === type)
  // Of one instance that throws and one that runs, the class is what runs; the model of the other one tells of it.
  const runs = made.filter((instance) => !context.state.faults.some(({ owners }) => owners.includes(instance)))
  const used = [...runs, ...made].find((instance) => instance.layer !== undefined && instance.layer.calls.length > 0) ?? made[0]
  // The calls of attempts are no calls of the source.
  const calledWith = used?.layer?.calls[0]?.inputs
  const follow = (leaveOut: { leaveOut?: true }): Traced | null =>
    bestAttempt(
      context,
      (guess) => {
        const tried = attempt(context, () => followClass(context, type, forward.node, used, { ...guess, ...leaveOut }, calledWith))
        if (tried.value === null && tried.notes.length > 0) rememberUnknown(type, tried.notes[0].what)
        return tried
      },
      (fault) => rememberClassFault(type, fault),
    )
  const first = follow({})
  if (used !== undefined || (first !== null && first.unsupported.length === 0) || !hasTypedConfig(context, type)) return first
  // A configuration of which nothing is known is read again with what its type leaves optional left out.
  const second = follow({ leaveOut: true })
  return second !== null && (first === null || complaintsOf(second) < complaintsOf(first)) ? second : first
}

/** The constructor a class is made with, its own or inherited. */
function constructorOf({ ts }: Context, type: ClassValue): TypeScript.ConstructorDeclaration | undefined {
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base) {
    const found = at.node.members.find((member) => ts.isConstructorDeclaration(member) && member.body !== undefined)
    if (found !== undefined) return found as TypeScript.ConstructorDeclaration
  }
  return undefined
}

const hasTypedConfig = (context: Context, type: ClassValue): boolean =>
  constructorOf(context, type)?.parameters.some(({ type: written }) => written !== undefined && context.ts.isTypeReferenceNode(written)) === true

/**
 * One try after another: the guessed rank 2, then what the code asks for, then 3, 4 and 1; the first without complaints, else the one with the
 * fewest. `onFault` hears of code that throws where nothing is left of the network.
 */
export function bestAttempt<T>(
  context: Context,
  run: (guess: Guess) => Attempt<Followed<T> | null>,
  onFault: (fault: Fault) => void = () => undefined,
): T | null {
  const ranks = new Map<string, number>(), tensors = new Set<string>()
  let best: { readonly traced: T; readonly complaints: number; readonly crossed: number; readonly fault: Fault | undefined } | null = null
  // What throws for inputs of one rank may run for another.
  let runs = false,
    lost: Fault | undefined
  const finish = (): T | null => {
    if (best === null && lost !== undefined && !runs) onFault(lost)
    if (best !== null && best.fault !== undefined && !runs) rememberFault(best.traced as Traced, best.fault)
    return best?.traced ?? null
  }
  for (const rank of [2, 3, 4, 1]) {
    const met = context.state.metGuesses
    let empty = context.state.emptyAxes,
      stretched = context.state.stretchedProducts
    let result = run({ rank, ranks, tensors })
    for (let again = 0; again < 8; again++) {
      if (result.needs !== null && !tensors.has(result.needs)) tensors.add(result.needs)
      else if (result.wrongRank !== null) {
        const { input, rank: asked } = result.wrongRank
        if (input.source.kind !== "input" || ranks.get(input.source.input.name) === asked) break
        ranks.set(input.source.input.name, asked)
      } else break
      empty = context.state.emptyAxes
      stretched = context.state.stretchedProducts
      result = run({ rank, ranks, tensors })
    }
    if (result.value === null) {
      if (result.faults.length === 0) runs = true
      else lost ??= result.faults[0]
      // What takes too long does so at every rank; what says nothing has no weights at any.
      const silent = result.notes.length === 0 && result.wrongRank === null && result.needs === null
      // Where nothing was done with the inputs, nothing will be at another rank.
      const untouched = context.state.metGuesses === met
      if (silent || untouched || /steps|second|operations/.test(result.limit ?? "")) {
        runs ||= result.limit !== null
        return finish()
      }
      continue
    }
    // Where the code has asked for a rank, it is no guess that a product is stretched.
    const strange = context.state.emptyAxes > empty || (ranks.size === 0 && context.state.stretchedProducts > stretched)
    const squeezed = result.value.guessed > 0 && strange ? 1 : 0
    const { traced, crossed } = result.value, [fault] = result.faults
    const complaints = complaintsOf(traced) + result.value.strained + squeezed + Math.min(1, result.faults.length)
    if (result.faults.length === 0) runs = true
    if (best === null || complaints < best.complaints || (complaints === best.complaints && crossed < best.crossed))
      best = { traced, complaints, crossed, fault }
    if (complaints === 0 || result.value.guessed === 0) break
    if (context.cancelled()) break
  }
  return finish()
}

/**
 * `guessed`: inputs whose rank is a guess; `strained`: how many of those had their batch axis tied to a size, a sign of a wrong guess; `crossed`: on
 * how many tensors samples meet each other along two axes, which decides between guesses that are as good as each other.
 */
export interface Followed<T> {
  readonly traced: T
  readonly guessed: number
  readonly strained: number
  readonly crossed: number
}

const isCrossed = (shape: readonly Dim[]): boolean => shape.filter((d) => typeof d === "string" && /^batch(\u00b7|$)/.test(d)).length > 1
/** Shapes as they were made: a batch that has got a number since is the same axis. */
export const crossedIn = (reachable: ReadonlySet<TensorValue>): number => [...reachable].filter(({ shape }) => isCrossed(shape)).length

export function strainOf(
  context: Context,
  inputs: readonly TensorValue[],
  known: ReadonlySet<string>,
  outputs: readonly TensorValue[],
): number {
  if (inputs.length === 0) return 0
  // Samples that meet each other along two axes were broadcast where one axis was meant.
  const crossed = outputs.filter((t) => isCrossed(shapeOf(context, t))).length
  // Names of the source that had to be given numbers before the code fits.
  const forced = [...context.state.solution].filter(([symbol, d]) => !known.has(symbol) && !symbol.includes(".") && d === 1).length
  return forced + crossed + inputs.filter((x) => {
    const [batch, ...rest] = shapeOf(context, x)
    return rest.length > 0 && (typeof batch === "number" || rest.includes(batch))
  }).length
}

function complaintsOf(traced: unknown): number {
  const model = traced as Traced
  // Shapes that contradict each other tell more against a guess than code that is not read.
  const contradictions = model.unsupported.filter(({ what }) => /expected/.test(what)).length
  return 3 * contradictions + model.unsupported.length + model.graph.nodes.filter(({ op }) => op.kind === "opaque" && op.said !== true).length
}

function followClass(
  context: Context,
  type: ClassValue,
  forward: FunctionLike,
  used: ObjectValue | undefined,
  guess: Guess,
  calledWith: readonly TensorValue[] | undefined,
): Followed<Traced> | null {
  const isLayer = extendsLayer(type)
  const known = new Set(context.state.solution.keys())
  const instance = instanceOf(context, type, used, isLayer, guess.leaveOut === true)
  if (instance === null) return null
  const before = new Set(context.state.instances)
  const shapes = isLayer && calledWith !== undefined ? calledWith.map((x) => x.shape.map((d) => resolveDim(context, d))) : undefined
  const give = (): ReturnType<typeof forwardArguments> =>
    isLayer
      ? layerArguments(context, forward, { ...guess, ...(shapes === undefined ? {} : { shapes }) })
      : forwardArguments(context, forward, guess, true)
  context.state.following++
  const pass = followPass(context, { values: [instance], scope: type.scope }, give, ({ values }) => {
    if (isLayer) return applyLayer(context, instance, values[0], values[1], forward)
    context.state.forward++
    const method =
      forward.name === undefined
        ? context.get(context, instance, nameOfProperty(context, forward), forward)
        : context.get(context, instance, forward.name.getText(), forward)
    const made = context.call(context, method, instance, values, forward)
    context.state.forward--
    return made
  })
  context.state.following--
  const { args, result } = pass
  const given = tensorsOut(context, result, forward), outputs = given.map((t) => beforeChoice(context, t))
  if (result.kind === "unknown") rememberUnknown(type, result.why)
  const earlier = earlierIn(context, outputs, pass), reachable = reachableFrom(outputs, earlier, "inner")
  if (outputs.length === 0 || ![...reachable].some((t) => t.source.kind === "weight" && isTrainable(t.source.weight))) {
    if (readOnce(earlier).size > 0)
      rememberUnknown(type, "its forward pass reads its weights once and goes on with what it has kept, through which no gradient reaches them")
    return null
  }
  const paths = assignPaths(instance)
  const inner = context.state.instances.some((other) => !before.has(other))
  const guessed = args.guessed.filter((x) => reachable.has(x))
  for (const x of guessed)
    if (x.source.kind === "input" && guess.ranks.get(x.source.input.name) === undefined && isLayer) {
      assume(
        context,
        `the shape of '${x.source.input.name}' is not stated: ${plainText(shapeText(x.shape.map((d) => resolveDim(context, d))))} is taken`,
      )
    }
  const traced = emitModel(context, {
    name: type.name,
    form: isLayer ? "layer-class" : "module-class",
    place: place(context, type.node.name ?? type.node),
    forward: place(context, forward.name ?? forward),
    inputs: args.inputs,
    outputs,
    earlier,
    paths,
    notes: context.state.notes,
    assumptions: [...context.state.assumptions],
    ownsUnused: !inner || paths.weights.size > 0,
  })
  rememberWeights(traced, [...reachable].flatMap((t) => (t.source.kind === "weight" ? [t.source.weight] : [])))
  rememberResult(traced, result, given)
  if (isReadOut(result) || outputs.some((t, i) => t !== given[i])) rememberReadOut(traced)
  return { traced, guessed: guessed.length, strained: strainOf(context, guessed, known, outputs), crossed: crossedIn(reachable) }
}

/** What a class, a count or a comparison was made from, the network's output; the tensor itself where that is not one tensor. */
function beforeChoice(context: Context, output: TensorValue): TensorValue {
  let at = output
  while (at.dtype !== "float" && at.source.kind === "op") {
    const learned = at.source.operands.filter((operand) => [...reachableFrom([operand])].some((t) => t.source.kind === "weight"))
    if (learned.length !== 1) return output
    at = learned[0]
  }
  if (at === output || at.source.kind !== "op") return output
  assume(context, `the output is taken to be what ${output.label ?? "the last step"} is computed from: no gradient passes it`)
  return at
}

/** Name of the field that holds an arrow function. */
function nameOfProperty(context: Context, node: FunctionLike): string {
  return context.ts.isPropertyDeclaration(node.parent) ? node.parent.name.getText() : "forward"
}

/** tf.layers.Layer.call takes one tensor or a list of them, then the flags. */
function layerArguments(context: Context, forward: FunctionLike, guess: Guess): ReturnType<typeof forwardArguments> {
  const first = forward.parameters[0]
  if (first === undefined) return { values: [makeInput(context, "inputs", [])], inputs: [], guessed: [] }
  const args = forwardArguments(context, forward, guess, true)
  // Flags are the layer's own; tensors that come beside the inputs are handed on.
  const beside = args.values[1]?.kind === "object" && tensorsIn([args.values[1]]).length > 0 ? [args.values[1]] : []
  if (guess.shapes === undefined) return { ...args, values: [args.values[0], ...beside] }
  const inputs = guess.shapes.map((dims, i) =>
    makeInput(context, guess.shapes?.length === 1 ? first.name.getText() : `${first.name.getText()}.${i}`, dims, "real", first.name),
  )
  return { values: [inputs.length === 1 ? inputs[0] : arrayOf(inputs)], inputs, guessed: [] }
}

/** An instance to follow: one more like the first the source makes, else one with symbols for sizes. */
function instanceOf(
  context: Context,
  type: ClassValue,
  used: ObjectValue | undefined,
  isLayer: boolean,
  leaveOut: boolean,
): ObjectValue | null {
  if (used !== undefined && (!isLayer || used.layer?.calls.length === 0)) return used
  const args = used?.args ?? argumentsTold.get(type) ?? constructionArguments(context, constructorOf(context, type), leaveOut)
  const made = constructClass(context, type, args, type.node)
  return made.kind === "object" ? made : null
}
