/**
 * @file Models that are plain functions over weights of the module, and functions that only have to be followed because they build a model
 * inside.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { FunctionLike } from "../../source/forms"
import type { Guess } from "./arguments"
import type { FunctionValue, Scope, Value } from "../value"
import type { Followed, Traced } from "./classes"
import { assignPaths } from "./paths"
import { attempt } from "./attempt"
import { bestAttempt, crossedIn, strainOf } from "./classes"
import { constructionArguments, forwardArguments } from "./arguments"
import { declaredName, readParameterType, returnedTypeOf } from "../../source/forms"
import { earlierIn, followPass, keepTensors } from "./earlier"
import { emitModel } from "./emit"
import { hasModelTag, readShapeTags } from "../../source/jsdoc"
import { isReadOut } from "../interpreter/readings"
import { isTrainable } from "../weight"
import { place, step } from "../context"
import { reachableFrom } from "./reachable"
import { tensorsOut } from "./model"
import { shapeOf } from "../tensor"
import { undefinedValue } from "../value"
import { rememberResult, rememberWeights } from "./wrappers"

export interface TracedFunction {
  readonly traced: Traced
  readonly node: TypeScript.Node
  readonly marked: boolean
  /** Whether a tag says that it is a model. */
  readonly tagged: boolean
  readonly forwardName: boolean
  /** Functions it calls. */
  readonly calls: ReadonlySet<TypeScript.Node>
}

/** Something that computes a network's output: a function, a closure a factory returns, or a function field of an object that holds the weights. */
export interface Callable {
  readonly name: TypeScript.Node
  readonly forward: FunctionLike
  /** Made anew for every attempt; `root` is what its weights are named in. */
  readonly make: () => { readonly fn: FunctionValue; readonly self: Value; readonly root: Value | null } | null
  /** Whether it counts as a model without a tag although its name says nothing. */
  readonly holdsWeights: boolean
}

/**
 * Follows a function once with unknown arguments: models it builds are recorded. Gives a model where it returns a forward function with
 * weights of its own.
 */
export function followFactory(context: Context, fn: FunctionValue, self: Value = undefinedValue): Callable | null {
  const name = declaredName(context.ts, fn.node)
  const run = (): Value => context.call(context, fn, self, constructionArguments(context, fn.node as FunctionLike), fn.node)
  const { value } = attempt(context, () => (step(context, fn.node), keepTensors({ values: [self], scope: fn.scope }, run)), "keep")
  if (value === null || name === null) return null
  const found = forwardIn(context, value)
  if (found === null || !contains(fn.node, found.node)) return null
  return {
    name,
    forward: found.node as FunctionLike,
    holdsWeights: true,
    make: () => {
      const root = run(),
        forward = forwardIn(context, root)
      return forward === null ? null : { fn: forward, self: root, root: root.kind === "object" ? root : null }
    },
  }
}

const contains = (outer: TypeScript.Node, inner: TypeScript.Node): boolean => outer.pos <= inner.pos && inner.end <= outer.end && outer !== inner

/** A function itself, or the forward function among an object's fields. */
export function forwardIn(context: Context, value: Value): FunctionValue | null {
  if (value.kind === "function") return value
  if (value.kind !== "object" || value.type !== null) return null
  const functions = [...value.fields].filter((entry): entry is [string, FunctionValue] => entry[1].kind === "function")
  return (
    functions.find(([, fn]) => hasModelTag(context.ts, fn.node))?.[1] ??
    ["call", "forward", "apply", "predict"].flatMap((key) => functions.filter(([name]) => name === key))[0]?.[1] ??
    null
  )
}

export const callableOf = (context: Context, fn: FunctionValue, self: Value = undefinedValue): Callable | null => {
  const name = declaredName(context.ts, fn.node)
  return name === null
    ? null
    : { name, forward: fn.node as FunctionLike, holdsWeights: false, make: () => ({ fn, self, root: null }) }
}

/** Whether a function's comment says that it is a model, or what shapes it takes. */
export const isMarked = ({ ts }: Context, { node }: FunctionValue): boolean => hasModelTag(ts, node) || readShapeTags(ts, node).size > 0

/** Whether a function can be a forward pass at all: it takes something and is not a constructor or accessor. */
export function takesTensors(context: Context, fn: FunctionValue): boolean {
  const { parameters } = fn.node
  if (isMarked(context, fn)) return true
  return parameters.some(
    (parameter) =>
      parameter.type === undefined ||
      /Tensor|Variable|any|unknown/.test(parameter.type.getText()) ||
      readParameterType(context.ts, context.program, parameter).kind === "tensor" ||
      returnedTypeOf(context.ts, context.program, parameter) !== null,
  )
}

/** A function as a model: null where it uses no weights and is not marked, or gives a single number (a loss). */
export function traceFunction(context: Context, callable: Callable, module: ReadonlyMap<string, Value>): TracedFunction | null {
  const { forward: node, name } = callable,
    tagged = hasModelTag(context.ts, node),
    marked = callable.holdsWeights || tagged
  let calls: ReadonlySet<TypeScript.Node> = new Set()
  const traced = bestAttempt(context, (guess) => {
    const before = new Set(context.state.entered)
    context.state.entered.clear()
    const result = attempt(context, () => followFunction(context, callable, guess, tagged, module))
    calls = new Set([...context.state.entered].filter((entered) => entered !== node))
    before.forEach((entered) => context.state.entered.add(entered))
    return result
  })
  if (traced === null) return null
  return {
    traced,
    node,
    marked,
    tagged,
    forwardName: /^(call|forward|apply|predict|model|net|network|f|fn)$/i.test(name.getText()) || /forward|predict|model/i.test(name.getText()),
    calls,
  }
}

function followFunction(
  context: Context,
  callable: Callable,
  guess: Guess,
  marked: boolean,
  module: ReadonlyMap<string, Value>,
): Followed<Traced> | null {
  const { forward: node, name } = callable,
    made = callable.make()
  if (made === null) return null
  const known = new Set(context.state.solution.keys())
  context.state.forward++
  context.state.following++
  const values = made.self === made.root || made.root === null ? [made.self] : [made.self, made.root]
  const give = (): ReturnType<typeof forwardArguments> => forwardArguments(context, node, guess, true)
  const pass = followPass(context, { values, scope: made.fn.scope }, give, ({ values: given }) =>
    context.call(context, made.fn, made.self, given, node))
  context.state.following--
  context.state.forward--
  const { args, result, start } = pass
  // Numbers that were read out of a tensor are no output that a loss could be computed from.
  if (!marked && isReadOut(result)) return null
  const outputs = tensorsOut(context, result, node)
  if (outputs.length === 0) return null
  const earlier = earlierIn(context, outputs, pass), reachable = reachableFrom(outputs, earlier, "inner")
  const weights = [...reachable].flatMap((t) => (t.source.kind === "weight" ? [t.source.weight] : []))
  // Layers made on the way are new at every call: a function that makes them builds a model, it is none.
  const atTop = (serial: number): boolean => serial <= start || context.state.madeAtTop.some(([from, to]) => from < serial && serial <= to)
  const own = weights.filter((weight) => atTop(weight.serial) || (weight.layer !== undefined && atTop(weight.layer.serial)))
  if (!marked && !own.some(isTrainable)) return null
  // A loss is no network, and neither is what only counts or compares.
  if (!marked && outputs.every((t) => shapeOf(context, t).length === 0 || t.dtype !== "float")) return null
  if (!marked && args.inputs.every((x) => !reachable.has(x))) return null
  const used = args.inputs.filter((x) => reachable.has(x))
  const traced = emitModel(context, {
    name: name.getText(),
    form: "function",
    place: place(context, name),
    forward: place(context, node.name ?? name),
    inputs: used.length > 0 ? used : args.inputs,
    outputs,
    earlier,
    paths: assignPaths(made.root, made.root === null ? module : []),
    notes: context.state.notes,
    assumptions: [...context.state.assumptions],
    ownsUnused: false,
  })
  // What a builder makes anew at every call is no part of a network that the file has.
  rememberWeights(traced, marked ? weights : own)
  rememberResult(traced, result, outputs)
  const guessed = args.guessed.filter((x) => reachable.has(x))
  return { traced, guessed: guessed.length, strained: strainOf(context, guessed, known, outputs), crossed: crossedIn(reachable) }
}

/** What the names around an inner function hold, those of the file included. */
export function namesAt(context: Context, { forward }: Callable, module: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>()
  const scope = context.state.closures.get(forward)?.scope ?? null
  for (let at: Scope | null = scope; at !== null && at.parent !== null; at = at.parent)
    at.names.forEach((value, name) => found.has(name) || found.set(name, value))
  const self = scope?.frame.self
  if (self?.kind === "object") self.fields.forEach((value, name) => found.has(name) || found.set(name, value))
  return new Map([...module, ...found])
}

/** Functions that only wrap another reported one are left out; what is marked stays. */
export function outermost(found: readonly TracedFunction[]): readonly TracedFunction[] {
  return found.filter((own) => {
    if (own.marked) return true
    const callers = found.filter((other) => other !== own && other.calls.has(own.node))
    const callees = found.filter((other) => other !== own && own.calls.has(other.node))
    if (!own.forwardName && callees.some((callee) => callee.forwardName || callee.marked)) return false
    return callers.length === 0 || callers.some((caller) => !caller.forwardName && own.forwardName)
  })
}
