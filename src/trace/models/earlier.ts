/**
 * @file What a forward pass finds there from before: tensors that a constructor or the top of a file computed from weights, and what the pass before
 * left in fields and variables. Weights are trained meanwhile and those tensors stay, so that they are constants or data in the pass, and no gradient
 * goes through them. A pass that changes what it finds is followed once more, with what it has left.
 */
import type { Context } from "../context"
import type { Op } from "../../graph/op"
import type { Arguments } from "./arguments"
import type { Scope, TensorValue, Value, Weight } from "../value"
import { assume, Thrown, unifyDims, Unreadable } from "../context"
import { isSymbolicInput } from "../layers/mask"
import { shapeOf } from "../tensor"
import { isTrainable } from "../weight"
import { ShapeError } from "../../graph/shape"
import { tensorsIn, unknown } from "../value"

/** Leaves that stand for tensors made before a pass. */
export type Earlier = ReadonlyMap<TensorValue, Op>

/** The serial before the pass that another one repeats, the inputs it was given, and the fields and variables that it left tensors in. */
interface Before {
  readonly start: number
  readonly inputs: readonly TensorValue[]
  readonly names: ReadonlyMap<Value, string>
}

export interface Pass {
  readonly args: Arguments
  readonly result: Value
  /** The serial before anything of it was made. */
  readonly start: number
  readonly before: Before | null
  /** Whether nothing but the file is around the code: what a function around it computes is computed anew with it. */
  readonly isOutermost: boolean
}

/** Where state may be: instances and what they hold, and the variables in sight. */
export interface Held {
  readonly values: readonly Value[]
  readonly scope: Scope | null
}

/** Follows a pass, and again where it has changed what it will find the next time in `held`. */
export function followPass(context: Context, held: Held, give: () => Arguments, run: (args: Arguments) => Value): Pass {
  return keepTensors(held, (found) => followTwice(context, { held, found }, give, run))
}

/** Follows code whose calls are not those of the source: tensors it puts in the place of others are taken back. */
export function keepTensors<T>(held: Held, run: (found: Holdings) => T): T {
  const found = holdings(held)
  try {
    return run(found)
  } finally {
    restoreTensors(found)
  }
}

function restoreTensors(found: Holdings): void {
  for (const { now, then, set } of changesOf(found)) {
    if (then?.kind === "tensor" && (now.kind === "unknown" || (now.kind === "tensor" && now.source.kind !== "weight"))) set(then)
  }
}

interface Watched {
  readonly held: Held
  readonly found: Holdings
}

function followTwice(context: Context, { held, found }: Watched, give: () => Arguments, run: (args: Arguments) => Value): Pass {
  const { state } = context
  const once = (before: Pass["before"], given: () => Arguments = give): Pass => {
    const args = given(), start = state.serial
    return { args, result: run(args), start, before, isOutermost: held.scope?.parent === null }
  }
  const first = once(null)
  if (!changesOf(found).some((change) => matters(change.now, first)) && !makesWeights(context, first)) return first
  const left = holdings(held), faults = state.faults.length
  const names = new Map(changesOf(found).flatMap(({ now, name }) => (name === null ? [] : [[now, name] as const])))
  // Weights are as wide as the first inputs were: those of another call are no wider.
  const alike = (): Arguments => {
    const args = give()
    args.inputs.forEach((input, k) => {
      const shape = shapeOf(context, input), known = shapeOf(context, first.args.inputs[k] ?? input)
      if (shape.length === known.length && shape.length > 1) unifyDims(context, shape[shape.length - 1], known[known.length - 1])
    })
    return args
  }
  const again = (from: Pass): Pass => once({ start: from.start, inputs: from.args.inputs, names }, alike)
  try {
    const second = again(first)
    const drifting = changesOf(left).filter(({ now }) => now.kind === "primitive" || now.kind === "dim")
    if (drifting.length === 0) return second
    // A counter is another number every time, a flag that is turned another one: no setting, whatever it is called.
    for (const { set, name } of drifting) set(unknown("it changes with every call", name, second.args.inputs))
    return { ...again(first), before: { start: first.start, inputs: [...first.args.inputs, ...second.args.inputs], names } }
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof Unreadable || error instanceof Thrown)) throw error
    assume(context, "the network is read as at its first call: with what that leaves behind it cannot be read again")
    return first
  } finally {
    // A second call may throw where the source never makes one.
    state.faults.length = Math.min(state.faults.length, faults)
  }
}

/** The tensors among what `outputs` depend on that were there before the pass, as leaves; what weights and data have no part in is left as it is. */
export function earlierIn(context: Context, outputs: readonly TensorValue[], pass: Pass): Earlier {
  const { start, before } = pass, { madeAtTop } = context.state
  const isTop = (serial: number): boolean => madeAtTop.some(([from, to]) => from < serial && serial <= to)
  const found = new Map<TensorValue, Op>(), seen = new Set<TensorValue>(), stack = [...outputs]
  const behind = createBehind()
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    const wasGiven = before?.inputs.includes(t) === true, isTopLevel = isTop(t.serial)
    const isOld = wasGiven || (t.source.kind === "op" && (t.serial <= start || isTopLevel))
    const { weight, data, symbolic } = isOld ? behind(t) : nothing
    // Made by the pass before, or by an earlier one of another attempt.
    const isState = isOld && !isTopLevel && data && !symbolic && (pass.isOutermost || (before !== null && t.serial > before.start))
    if (before !== null && isMadeBy(context, t, start)) {
      assume(context, `${nameOf(t)} is made anew at every call: it is never trained`, { shapes: false })
      found.set(t, { kind: "random", distribution: "normal" })
    } else if (wasGiven || isState) {
      const field = before?.names.get(t), name = field === undefined ? nameOf(t) : `'${field}'`
      assume(context, `what ${name} holds from the call before is read as data: no gradient reaches that call`, { shapes: false })
      found.set(t, { kind: "random", distribution: "normal" })
    } else if (weight && !data && !symbolic && !isOpaque(t) && !(t.serial <= (before?.start ?? start) && isOfLayer(t))) {
      assume(context, `${nameOf(t)} is computed once, before training: it keeps its value while the weights behind it are trained`)
      found.set(t, { kind: "constant", value: { kind: "unknown", why: "computed once, before training" } })
    } else if (t.source.kind === "op") stack.push(...t.source.operands)
  }
  return found
}

/** The weights behind what was computed once, before training. */
export const readOnce = (earlier: Earlier): ReadonlySet<Weight> => weightsBehind(earlier, "constant")

/** The weights behind what the call before left, which is data. */
export const readBefore = (earlier: Earlier): ReadonlySet<Weight> => weightsBehind(earlier, "random")

function weightsBehind(earlier: Earlier, kind: Op["kind"]): ReadonlySet<Weight> {
  const roots = [...earlier].flatMap(([t, op]) => (op.kind === kind && t.source.kind === "op" ? [t] : []))
  const seen = new Set<TensorValue>(roots), weights = new Set<Weight>()
  for (const { source } of seen) {
    if (source.kind === "weight") weights.add(source.weight)
    else if (source.kind === "op") source.operands.forEach((operand) => seen.add(operand))
  }
  return weights
}

/** Whether a tensor is a weight that a pass has made, with the layer it belongs to. */
function isMadeBy({ state }: Context, t: TensorValue, start: number): boolean {
  if (t.source.kind !== "weight") return false
  const { weight } = t.source, born = Math.min(weight.serial, weight.layer?.serial ?? weight.serial)
  return born > start && !state.madeAtTop.some(([from, to]) => from < born && born <= to)
}

/** Whether what a pass gives depends on weights that it makes itself: kept for the next pass, or made anew in every one. */
function makesWeights(context: Context, { result, start }: Pass): boolean {
  const seen = new Set<TensorValue>(), stack = [...tensorsIn([result])]
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    if (isMadeBy(context, t, start)) return true
    if (t.source.kind === "op") stack.push(...t.source.operands)
  }
  return false
}

/** A layer applied once is run anew with the model it became a part of, whatever its input. */
const isOfLayer = ({ owners }: TensorValue): boolean => owners.some((owner) => "type" in owner && "calls" in owner) || owners.some(hasLayer)
const hasLayer = (owner: object): boolean => "layer" in owner && owner.layer !== undefined

/** Code that is not read may hand a weight itself on. */
const isOpaque = ({ source }: TensorValue): boolean => source.kind === "op" && source.op.kind === "opaque"
function nameOf(t: TensorValue): string {
  const name = t.name?.text ?? (t.source.kind === "weight" ? (t.source.weight.name?.text ?? t.source.weight.label ?? "a weight") : null)
  return name === null ? `the result of ${t.label ?? "an operation"}` : `'${name}'`
}

/** Whether trained weights, inputs of a pass, and inputs of tf.input stand behind a tensor. */
interface Behind {
  readonly weight: boolean
  readonly data: boolean
  readonly symbolic: boolean
}
const nothing: Behind = { weight: false, data: false, symbolic: false }

function createBehind(): (t: TensorValue) => Behind {
  const known = new Map<TensorValue, Behind>()
  const of = (t: TensorValue): Behind => {
    const { source } = t
    if (source.kind === "weight") return { ...nothing, weight: isTrainable(source.weight) }
    if (source.kind === "input") return isSymbolicInput(t) ? { ...nothing, symbolic: true } : { ...nothing, data: true }
    const parts = source.operands.map((operand) => known.get(operand) ?? nothing)
    return { weight: parts.some((p) => p.weight), data: parts.some((p) => p.data), symbolic: parts.some((p) => p.symbolic) }
  }
  return (root) => {
    const stack = [root]
    for (let t = stack.at(-1); t !== undefined; t = stack.at(-1)) {
      const open = t.source.kind === "op" && !known.has(t) ? t.source.operands.filter((operand) => !known.has(operand)) : []
      if (open.length > 0) stack.push(...open)
      else {
        stack.pop()
        if (!known.has(t)) known.set(t, of(t))
      }
    }
    return known.get(root) ?? nothing
  }
}

type Container = Map<unknown, unknown> | Value[]
type Holdings = ReadonlyMap<Container, Container>

interface Change {
  readonly now: Value
  readonly then: Value | undefined
  readonly name: string | null
  readonly set: (value: Value) => void
}

/** So many containers at most are looked through: a state of more is data. */
const maximumContainers = 5_000

/** Copies of everything that instances, lists and variables hold. */
function holdings({ values, scope }: Held): Holdings {
  const copies = new Map<Container, Container>(), open: Value[] = [...values]
  for (let at = scope; at !== null; at = at.parent) {
    copies.set(at.names, new Map(at.names))
    open.push(...at.names.values())
  }
  for (let value = open.pop(); value !== undefined && copies.size < maximumContainers; value = open.pop()) {
    if (value.kind === "array" && !copies.has(value.items)) {
      copies.set(value.items, [...value.items])
      open.push(...value.items)
    } else if (value.kind === "map" && !copies.has(value.entries)) {
      copies.set(value.entries, new Map(value.entries))
      value.entries.forEach(([, item]) => open.push(item))
    } else if (value.kind === "class" && !copies.has(value.statics)) {
      copies.set(value.statics, new Map(value.statics))
      open.push(...value.statics.values())
    } else if (value.kind === "object" && !copies.has(value.fields)) {
      copies.set(value.fields, new Map(value.fields))
      open.push(...value.fields.values())
      if (value.type !== null) open.push(value.type)
    }
  }
  return copies
}

const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null && "kind" in value

function changesOf(held: Holdings): readonly Change[] {
  const changes: Change[] = []
  for (const [container, copy] of held) {
    if (Array.isArray(container)) {
      container.forEach((now, i) => {
        const then = (copy as (Value | undefined)[])[i]
        if (!isSame(now, then)) changes.push({ now, then, name: null, set: (value) => void (container[i] = value) })
      })
      continue
    }
    for (const [key, entry] of container) {
      const old = (copy as Map<unknown, unknown>).get(key)
      // Entries of a Map of the source are pairs of key and value.
      const now = Array.isArray(entry) ? (entry as unknown[])[1] : entry, was = Array.isArray(old) ? (old as unknown[])[1] : old
      const then = isValue(was) ? was : undefined
      // Fields that the tracer keeps for itself, and the flag of layers that are built once, are no state.
      if (!isValue(now) || isSame(now, then) || key === "built" || (typeof key === "string" && key.startsWith("\u0000")))
        continue
      const set = (value: Value): void => void container.set(key, Array.isArray(entry) ? [(entry as unknown[])[0], value] : value)
      changes.push({ now, then, name: typeof key === "string" ? key : null, set })
    }
  }
  return changes
}

function isSame(a: Value, b: Value | undefined): boolean {
  if (a === b) return true
  if (a.kind === "primitive" && b?.kind === "primitive") return Object.is(a.value, b.value)
  return a.kind === "dim" && b?.kind === "dim" && a.dim === b.dim
}

/** Whether the next pass may differ for what this one has left: a tensor it made or was given, a number, a flag. */
function matters(now: Value, { start, args }: Pass): boolean {
  if (now.kind === "primitive" || now.kind === "dim") return true
  return tensorsIn([now]).some((t) => (t.serial > start && t.source.kind === "op") || args.inputs.includes(t))
}
