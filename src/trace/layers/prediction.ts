/**
 * @file Layers that act otherwise while a model is fitted: batch statistics, dropout, noise. Code that applies a layer or a model to tensors by
 * itself gets what prediction gives, unless it says { training: true }: tfjs 4.22 takes a flag that nobody passes for false. There a constant before
 * a batch normalization is seen, and nothing forgets the scale of what comes before it.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { LayerCall } from "./call"
import type { LayerState, TensorValue, Value } from "../value"
import { assume } from "../context"
import { arrayOf, booleanIn, isNullish, objectOf, primitive, tensorsIn, unknown } from "../value"
import { isSymbolic } from "./mask"
import { makeTensor, shapeOf } from "../tensor"
import { isSettled, operandsOf, ownedBy, rerunOf, settle } from "./rerun"
import { nodeOfLayer } from "./nodes"

/** What stands in the place of a tensor in prediction, made of the operands that it has. */
type Other = (fitted: TensorValue) => TensorValue

const others = new WeakMap<TensorValue, Other>()

/** Says what a tensor of a fitted model is in prediction. */
export function inPrediction(fitted: TensorValue, other: Other): TensorValue {
  others.set(fitted, other)
  return fitted
}

/** A copy of a tensor is another one in prediction, too. */
export function copyInPrediction(from: TensorValue, to: TensorValue): void {
  const other = others.get(from)
  if (other !== undefined) others.set(to, other)
}

/** The operand of a tensor, of that operand, and so on; for layers that give their input as it is. */
export const operandAt = (t: TensorValue, ...path: readonly number[]): TensorValue =>
  path.reduce((at, i) => (at.source.kind === "op" ? at.source.operands[i] : at), t)

/** A call of `apply` on a layer, or on a model, which has no state of a layer. */
interface Application {
  readonly given: Value | undefined
  readonly kwargs: Value | undefined
  readonly state: LayerState | null
  /** Whether it is an instance of a class of the source, which is told the flag. */
  readonly isOwn?: boolean
  readonly at: TypeScript.Node
}

/** How layers run: as fit runs them, as prediction does, or in a way that is not known or differs from step to step. */
export type Mode = "fitted" | "predicting" | "either"

/** What a call of `apply` gives: what fit computes where it connects layers of a model or says so, else what prediction does. */
export function applyAsCalled(context: Context, call: Application, run: (kwargs: Value | undefined) => Value): Value {
  const since = context.state.serial, isOwn = call.isOwn === true
  let read: Asked | undefined
  const asked = (): Asked => (read ??= modeOf(context, call))
  const told = isOwn ? modeAs(asked()) : "fitted"
  const flag = told === "predicting" ? primitive(false) : unknown("options that are not known")
  const result = run(told === "fitted" ? call.kwargs : objectOf([...fieldsOf(call.kwargs), ["training", flag]]))
  // What a script computes of its data is no network, whatever its layers do.
  const isLoose = context.state.following === 0 && context.state.calling === 0
  if (isLoose && told === "fitted" && !tensorsIn([result], 1).some(({ computed }) => computed === true)) return result
  // It was told so itself.
  if (told === "predicting") {
    settle(tensorsIn([result], 1), since)
    return result
  }
  const matters = told !== "fitted" || (asked() !== "fitted" && (isOwn || isChanged(result, since)))
  if (matters && asked() === "guessed") assume(context, "'training' is taken to be true")
  const mode = matters ? modeAs(asked()) : "fitted"
  return mode === "fitted" ? result : inMode(context, result, mode, since)
}

const fieldsOf = (kwargs: Value | undefined): readonly (readonly [string, Value])[] => (kwargs?.kind === "object" ? [...kwargs.fields] : [])

const assumptions: Readonly<Record<Exclude<Mode, "fitted">, string>> = {
  predicting: "code applies the layers without { training: true }: batchNormalization is read with its moving statistics, dropout as off",
  either: "the layers run with and without { training: true }, or it is not known which: only what holds both ways is said",
}

/** A value with everything that was made since `since` as it is in prediction, or as either of that and what fit computes. */
export function inMode<T extends Value>(context: Context, value: T, mode: Exclude<Mode, "fitted">, since?: number): T
export function inMode(context: Context, value: Value, mode: Exclude<Mode, "fitted">, since = -1): Value {
  const convert = converter(context, since, mode)
  const one = (x: Value): Value => (x.kind === "tensor" ? convert(x) : x)
  const made = value.kind === "array" ? arrayOf(value.items.map(one)) : one(value)
  if (isChanged(value, since)) assume(context, assumptions[mode])
  return made
}

/** Whether something that was made since `since` is another in prediction. */
function isChanged(value: Value, since: number): boolean {
  const seen = new Set(tensorsIn([value], 1))
  for (const t of seen) {
    if (t.serial <= since) continue
    const rerun = rerunOf(t)
    if (rerun === undefined ? others.has(t) && !isSettled(t) : rerun !== null) return true
    operandsOf(t).forEach((operand) => seen.add(operand))
  }
  return false
}

/** A mode; "guessed" for that of fit where it is not known what the flag is. */
type Asked = Mode | "guessed"

const modeAs = (asked: Asked): Mode => (asked === "guessed" ? "fitted" : asked)

/** Whether a call runs a layer as fit does: it says so, or it connects layers of a model, which fit runs later. */
function modeOf(context: Context, { given, kwargs, state, at }: Application): Asked {
  const isInCall = context.state.calling > 0, node = state === null ? null : nodeOfLayer(state)
  // A layer that is made where it is applied has no weights but those of a model that is being built.
  const isBuilding = node !== null && enclosing(context, node) === enclosing(context, at)
  const inputs = tensorsIn(given === undefined ? [] : [given], 1)
  if (!isInCall && (isBuilding || inputs.some((x) => isSymbolic(context, x)))) return "fitted"
  if (kwargs === undefined || isNullish(kwargs)) return "predicting"
  const flag = kwargs.kind === "object" ? kwargs.fields.get("training") : undefined
  // Options that nobody sees may ask for anything.
  if (flag === undefined) return kwargs.kind === "unknown" || (kwargs.kind === "object" && kwargs.fields.has("\u0000rest")) ? "either" : "predicting"
  if (isNullish(flag)) return "predicting"
  const known = booleanIn(flag)
  return known === null ? "guessed" : known ? "fitted" : "predicting"
}

const enclosing = ({ ts }: Context, node: TypeScript.Node): TypeScript.Node | undefined => ts.findAncestor(node, ts.isFunctionLike)

/**
 * One draw of the mode for all that is made. What holds for every draw holds as fit and as prediction run the layers, and in whatever order steps
 * of both kinds follow each other.
 */
function drawMode(context: Context): () => TensorValue {
  let drawn: TensorValue | undefined
  return () => (drawn ??= makeTensor(context, { kind: "random", distribution: "bernoulli" }, [], { label: "{ training }" }, []))
}

function converter(context: Context, since: number, mode: Exclude<Mode, "fitted">): (t: TensorValue) => TensorValue {
  const { state } = context, copies = new Map<TensorValue, TensorValue>(), draw = drawMode(context)
  const copyOf = (t: TensorValue): TensorValue => {
    const other = otherOf(t)
    if (other === null) return withCopies(t)
    const otherwise = convert(inPlaceOf(t, other))
    if (mode === "predicting") return otherwise
    const fitted = withCopies(t)
    const choose = (): TensorValue => makeTensor(context, { kind: "select" }, [draw(), fitted, otherwise], { dtype: t.dtype }, shapeOf(context, t))
    return { ...inPlaceOf(t, choose), at: t.at, label: t.label }
  }
  const otherOf = (t: TensorValue): Other | null => {
    const rerun = rerunOf(t)
    if (rerun === undefined) return isSettled(t) ? null : (others.get(t) ?? null)
    return rerun === null ? null : () => rerun
  }
  const withCopies = (t: TensorValue): TensorValue => {
    if (t.source.kind !== "op") return t
    const { op, operands } = t.source, own = operands.map((operand) => copies.get(operand) ?? operand)
    if (own.every((operand, i) => operand === operands[i])) return t
    const copy: TensorValue = { ...makeTensor(context, op, own, { dtype: t.dtype }, shapeOf(context, t)), at: t.at, label: t.label, owners: t.owners }
    for (const site of state.sites.values()) if (site.tensors.has(t)) site.tensors.add(copy)
    return copy
  }
  const inPlaceOf = (t: TensorValue, other: Other): TensorValue => ownedBy(context, t.owners, () => other(t))
  /** Operands first, which were made first. */
  const convert = (root: TensorValue): TensorValue => {
    const seen = new Set([root])
    for (const t of seen) {
      if (copies.has(t)) continue
      // What is inside is settled by what is around it.
      if (t.serial > since) rerunOf(t)
      if (t.source.kind === "op" && t.serial > since) t.source.operands.forEach((operand) => seen.add(operand))
    }
    for (const t of [...seen].filter((x) => x.serial > since && !copies.has(x)).sort((a, b) => a.serial - b.serial)) copies.set(t, copyOf(t))
    return copies.get(root) ?? root
  }
  return convert
}

/** The input of a layer that passes it on unchanged in prediction, `path` operands before what it gives. */
export const passesInput = (call: LayerCall, y: TensorValue, ...path: readonly number[]): TensorValue =>
  call.inputs.includes(y) ? y : inPrediction(y, (fitted) => operandAt(fitted, ...path))
