/**
 * @file Lists of variables that training steps are given: constants, fields and methods that hold or make them, as the values that the tracer
 * found for them. Only code that leaves no choice is taken at its word: a list that something may change later is one nobody knows.
 */
import type * as TypeScript from "typescript"
import type { Context } from "./context"
import type { Network } from "./loss/network"
import type { Trainer } from "./trainers"
import type { Value, Weight } from "./value"
import { assignPaths } from "./models/paths"
import { attempt } from "./models/attempt"
import { childScope } from "./context"
import { isSteadyList } from "./steadyLists"
import { parametersOf } from "./models/wrappers"
import { listGiven } from "./trainers"

/** The weights of a list, once for each instance whose method takes the step. */
export interface ListedWeights {
  readonly lists: readonly ReadonlySet<Weight>[]
  /** Whether models or layers say what they are: what those hold inside each other may be missing. */
  readonly byLayers: boolean
}

/** How a list speaks of a network: it has all of its weights, those of these ids, or none but those of another one. */
export type Listed = "whole" | "other" | { readonly ids: readonly string[] }

/** The weights that each step is told to train, where that is known. */
export function listsOf(context: Context, trainers: readonly Trainer[]): ReadonlyMap<Trainer, ListedWeights> {
  return new Map(trainers.flatMap((trainer) => {
    const found = trainer.variables === null ? null : weightsOf(context, trainer)
    return found === null ? [] : [[trainer, found] as const]
  }))
}

const mostInstances = 8

function weightsOf(context: Context, trainer: Trainer): ListedWeights | null {
  const { ts, state } = context, list = listGiven(ts, trainer)
  if (list === null || list.getSourceFile() !== context.home) return null
  const steady = isSteadyList(context, list)
  if (steady === null) return null
  const type = ts.findAncestor(list, ts.isClassLike)
  const selves: readonly (Value | null)[] = steady.readsThis ? state.instances.filter((made) => made.type?.node === type) : [null]
  if (selves.length === 0 || selves.length > mostInstances) return null
  const lists = selves.map((self) => attempt(context, () => weightsIn(evaluate(context, list, self))).value)
  const known = lists.flatMap((weights) => weights ?? [])
  return known.length < lists.length ? null : { lists: known, byLayers: steady.byLayers }
}

function evaluate(context: Context, list: TypeScript.Expression, self: Value | null): Value {
  const outer = context.moduleScope(context, context.home)
  const scope = self === null ? outer : childScope(outer, { ...outer.frame, self, pending: [], yields: null })
  return context.evaluate(context, list, scope)
}

/** Null where it is no list of weights. */
function weightsIn(value: Value): ReadonlySet<Weight> | null {
  if (value.kind !== "array") return null
  const found = value.items.map((item) => (item.kind === "tensor" && item.source.kind === "weight" ? item.source.weight : null))
  return found.some((weight) => weight === null) || found.length === 0 ? null : new Set(found.flatMap((weight) => weight ?? []))
}

/** What a list says of a network; null where that is not known. `others` are those it may train as well. */
export function listedIn(context: Context, { lists, byLayers }: ListedWeights, own: Network, others: readonly Network[]): Listed | null {
  const trainable = own.traced.graph.parameters.flatMap(({ id, trainable: moves }) => (moves ? [id] : []))
  const roots = rootsOf(context, own)
  // An instance that a list has only a part of is not trained by what it has of another one.
  const found = lists.flatMap((list) => roots.map((root) => idsIn(list, root)).filter((ids) => ids.size > 0))
  if (found.length === 0) {
    const theirs = others.flatMap((other) => rootsOf(context, other))
    return !byLayers && lists.every((list) => [...list].every((weight) => theirs.some((root) => root.has(weight)))) ? "other" : null
  }
  if (lists.some((list) => roots.every((root) => idsIn(list, root).size === 0))) return null
  if (found.every((ids) => trainable.every((id) => ids.has(id)))) return "whole"
  const [first] = found, isSame = found.every((ids) => ids.size === first.size && [...ids].every((id) => first.has(id)))
  return byLayers || !isSame ? null : { ids: trainable.filter((id) => first.has(id)) }
}

const idsIn = (list: ReadonlySet<Weight>, root: ReadonlyMap<Weight, string>): ReadonlySet<string> =>
  new Set([...root].flatMap(([weight, id]) => (list.has(weight) ? [id] : [])))

/** The ids of the weights of a network: as it was read, and of each instance of its class. */
function rootsOf(context: Context, { traced, model }: Network): readonly ReadonlyMap<Weight, string>[] {
  const read = parametersOf(traced.graph)
  if (model !== null || traced.form === "function") return [read]
  const instances = context.state.instances.filter(({ type }) => type?.name === traced.name).map((instance) => assignPaths(instance).weights)
  return [read, ...instances]
}
