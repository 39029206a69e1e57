/** @file Models that are plain functions over weights of the module, and functions that only have to be followed because they build a model inside. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { FunctionLike } from "../../source/forms"
import type { Guess } from "./arguments"
import type { FunctionValue, Value } from "../value"
import type { Traced } from "./classes"
import { assignPaths } from "./paths"
import { attempt } from "./attempt"
import { bestAttempt } from "./classes"
import { constructionArguments, forwardArguments } from "./arguments"
import { declaredName } from "../../source/forms"
import { emitModel } from "./emit"
import { hasModelTag, readShapeTags } from "../../source/jsdoc"
import { isTrainable } from "../weight"
import { place, step } from "../context"
import { reachableFrom, tensorsOut } from "./model"
import { shapeOf } from "../tensor"
import { undefinedValue } from "../value"

export interface TracedFunction {
  readonly traced: Traced
  readonly node: TypeScript.Node
  readonly marked: boolean
  readonly forwardName: boolean
  /** Functions it calls. */
  readonly calls: ReadonlySet<TypeScript.Node>
}

/** Follows a function once with unknown arguments: models it builds are recorded, and which arguments it uses as tensors is learned. */
export function followFactory(context: Context, fn: FunctionValue): void {
  attempt(context, () => {
    step(context)
    context.call(context, fn, undefinedValue, constructionArguments(context, fn.node as FunctionLike), fn.node)
  })
}

/** Whether a function can be a forward pass at all: it takes something and is not a constructor or accessor. */
export function takesTensors(context: Context, fn: FunctionValue): boolean {
  const { ts } = context, { parameters } = fn.node
  if (hasModelTag(ts, fn.node) || readShapeTags(ts, fn.node).size > 0) return true
  return parameters.some((parameter) => parameter.type === undefined || /Tensor|Variable|any|unknown/.test(parameter.type.getText()))
}

/** A function as a model: null where it uses no weights and is not marked, or gives a single number (a loss). */
export function traceFunction(context: Context, fn: FunctionValue, module: ReadonlyMap<string, Value>): TracedFunction | null {
  const node = fn.node as FunctionLike, marked = hasModelTag(context.ts, node), name = declaredName(context.ts, node)
  if (name === null) return null
  let calls: ReadonlySet<TypeScript.Node> = new Set()
  const traced = bestAttempt(context, (guess) => {
    const before = new Set(context.state.entered)
    context.state.entered.clear()
    const result = attempt(context, () => followFunction(context, fn, node, name, guess, marked, module))
    calls = new Set([...context.state.entered].filter((entered) => entered !== node))
    before.forEach((entered) => context.state.entered.add(entered))
    return result
  })
  if (traced === null) return null
  return { traced, node, marked, forwardName: /^(call|forward|apply|predict|model|net|network|f|fn)$/i.test(name.getText()) || /forward|predict|model/i.test(name.getText()), calls }
}

function followFunction(
  context: Context, fn: FunctionValue, node: FunctionLike, name: TypeScript.Node, guess: Guess, marked: boolean, module: ReadonlyMap<string, Value>,
): { readonly traced: Traced; readonly guessed: number } | null {
  const args = forwardArguments(context, node, guess, true)
  context.state.forward++
  const result = context.call(context, fn, undefinedValue, args.values, node)
  context.state.forward--
  const outputs = tensorsOut(context, result, node)
  if (outputs.length === 0) return null
  const reachable = reachableFrom(outputs)
  const weights = [...reachable].flatMap((t) => (t.source.kind === "weight" ? [t.source.weight] : []))
  if (!marked && !weights.some(isTrainable)) return null
  if (!marked && outputs.every((t) => shapeOf(context, t).length === 0)) return null
  if (!marked && args.inputs.every((x) => !reachable.has(x))) return null
  const used = args.inputs.filter((x) => reachable.has(x))
  const traced = emitModel(context, {
    name: name.getText(), form: "function", place: place(context, name), forward: place(context, name), inputs: used.length > 0 ? used : args.inputs, outputs,
    paths: assignPaths(null, module), notes: context.state.notes, assumptions: [...context.state.assumptions], ownsUnused: false,
  })
  return { traced, guessed: args.guessed.filter((x) => reachable.has(x)).length }
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
