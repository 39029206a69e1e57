/**
 * @file Layers of the source in prediction: `call(x, kwargs)` may do anything else where it is not told that it trains, so that it is followed once
 * more, without the flag, when somebody asks. What code makes then stays as it is; so does what is inside of a layer that does the same both ways.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { TensorValue, Value } from "../value"
import { arrayOf } from "../value"
import { makeTensor, reshape, shapeOf } from "../tensor"
import { Unreadable } from "../context"

/** What a tensor that a layer of the source gives is when the layer is told that it predicts; null for the same. */
type Rerun = () => TensorValue | null

const reruns = new WeakMap<TensorValue, Rerun>()
/** What was made in the mode that it is in for good, by layers that are told it. */
const settled = new WeakSet<TensorValue>()

/** What a tensor of a layer of the source is in prediction, null for the same; undefined for what no such layer gives to others. */
export const rerunOf = (t: TensorValue): TensorValue | null | undefined => (settled.has(t) ? undefined : reruns.get(t)?.())

/** Whether a tensor is in the mode it is in for good. */
export const isSettled = (t: TensorValue): boolean => settled.has(t)

/** What a layer of the source gave in training. */
interface Trained {
  readonly result: Value
  readonly inputs: readonly TensorValue[]
  /** Tensors of later serials are its own. */
  readonly since: number
  /** What it may read that nobody sees where it cannot be followed. */
  readonly weights: () => readonly TensorValue[]
  readonly what: string
  readonly at: TypeScript.Node
}

/**
 * Says that a layer of the source was told that it trains: told that it predicts it may do anything else, and is run again for it once somebody asks.
 * What it hands on as it is, an input or a weight, or gives twice, it is asked for at once, since others may take that, too.
 */
export function rememberRerun(context: Context, trained: Trained, predict: () => Value): Value {
  const { result, since } = trained, owners = [...context.state.owners], fitted = itemsOf(result)
  let found: readonly (Value | null)[] | undefined
  const again = (i: number): TensorValue | null => {
    const other = (found ??= ownedBy(context, owners, () => runAgain(context, trained, predict)))[i]
    return other?.kind === "tensor" ? other : null
  }
  const told = fitted.map((t, i) => {
    if (t.kind !== "tensor") return t
    const isShared = t.serial <= since || fitted.indexOf(t) !== i
    if (isShared && again(i) === null) return t
    const own = isShared ? reshape(context, t, shapeOf(context, t), { at: trained.at }) : t
    reruns.set(own, () => again(i))
    return own
  })
  return result.kind === "array" ? arrayOf(told) : told[0]
}

/**
 * A copy of what a layer of the source gives, in a model that is applied to other tensors, is in prediction a copy of what the layer gives then.
 * @param copies of everything that is copied with it
 * @param copy copies a tensor and what it is made of
 */
export function copyRerun(from: TensorValue, copies: ReadonlyMap<TensorValue, TensorValue>, copy: (t: TensorValue) => TensorValue): void {
  const to = copies.get(from), rerun = reruns.get(from)
  if (to === undefined) return
  if (settled.has(from)) settled.add(to)
  if (rerun === undefined) return
  let found: TensorValue | null | undefined
  reruns.set(to, () => {
    if (found !== undefined) return found
    const other = rerun()
    found = other === null ? null : copy(other)
    for (const [each, copied] of copies) if (settled.has(each)) settled.add(copied)
    return found
  })
}

const itemsOf = (value: Value): readonly Value[] => (value.kind === "array" ? value.items : [value])

/** What the layer gives in prediction, item by item; null for what is made as it is in training. */
function runAgain(context: Context, { result, inputs, since, weights, what, at }: Trained, predict: () => Value): readonly (Value | null)[] {
  const before = context.state.serial, fitted = itemsOf(result), isSame = sameGraphs()
  fitted.forEach((t) => t.kind === "tensor" && settle(operandsOf(t), since))
  const given = itemsGiven(predict), made = given.filter((t) => t.kind === "tensor")
  settle(made, before)
  if (made.length === fitted.length)
    return fitted.map((t, i) => {
      if (t.kind !== "tensor") return null
      for (const { tensors } of context.state.sites.values()) if (tensors.has(t)) tensors.add(made[i])
      return isSame(t, made[i]) ? null : made[i]
    })
  const op = { kind: "opaque", what, reason: "what it does where it is not told that it trains cannot be followed" } as const
  return fitted.map((t) =>
    t.kind === "tensor" ? makeTensor(context, op, [...new Set([t, ...inputs, ...weights()])], { at, label: what }, shapeOf(context, t)) : null)
}

/** What code gives; nothing where it cannot be followed. */
function itemsGiven(code: () => Value): readonly Value[] {
  try {
    return itemsOf(code())
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return []
  }
}

export function settle(tensors: readonly TensorValue[], since: number): void {
  const seen = new Set(tensors)
  for (const t of seen) {
    if (t.serial <= since) continue
    settled.add(t)
    operandsOf(t).forEach((operand) => seen.add(operand))
  }
}

export const operandsOf = ({ source }: TensorValue): readonly TensorValue[] => (source.kind === "op" ? source.operands : [])

/** Whether two tensors are made by the same operations of the same tensors, each one standing for one other throughout. */
function sameGraphs(): (a: TensorValue, b: TensorValue) => boolean {
  const pairs = new Map<TensorValue, TensorValue>(), taken = new Set<TensorValue>()
  const isSame = (a: TensorValue, b: TensorValue): boolean => {
    if (a === b) return true
    const pair = pairs.get(a)
    if (pair !== undefined || taken.has(b)) return pair === b
    const { source: from } = a, { source: to } = b
    if (from.kind !== "op" || to.kind !== "op" || from.operands.length !== to.operands.length) return false
    if (JSON.stringify(from.op) !== JSON.stringify(to.op)) return false
    pairs.set(a, b)
    taken.add(b)
    return from.operands.every((operand, i) => isSame(operand, to.operands[i]))
  }
  return isSame
}

/** What code gives in the place of something with these owners. */
export function ownedBy<T>({ state: { owners } }: Context, own: readonly (typeof owners)[number][], code: () => T): T {
  const outer = [...owners]
  owners.splice(0, outer.length, ...own)
  try {
    return code()
  } finally {
    owners.splice(0, owners.length, ...outer)
  }
}
