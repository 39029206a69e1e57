/**
 * @file What an assumption is about: the layers and models whose code was followed when it was made, and sizes that it gave a number. A model shows
 * those that concern it, and is not cleared of shapes that do not fit by one that says nothing of shapes.
 */
import type { Context } from "./context"
import type { TensorValue } from "./value"
import { symbolsOf } from "../graph/dim"

/** What the code that assumes something says of it. */
export interface About {
  /** Sizes that it gave a number. */
  readonly symbols?: readonly string[]
  /** False where no shape depends on it. */
  readonly shapes?: boolean
  /** The serial from which on it tells; that of now, unless what it tells of began before. */
  readonly since?: number
}

/** `owners`: null for what was assumed outside of any layer, which may concern all. */
export interface Assumed {
  readonly owners: ReadonlySet<object> | null
  readonly symbols: readonly string[]
  readonly shapes: boolean
  readonly since: number
}

/** Layers and models: what makes models may be called by any name, and is in none of them. */
const isPart = (owner: object): boolean => !("kind" in owner) || owner.kind === "model" || ("layer" in owner && owner.layer !== undefined)

/** Remembers what is taken for true, in words that the reader gets. */
export function assume({ state }: Context, text: string, about: About = {}): void {
  state.assumptions.add(text)
  state.assumed.set(text, withOccurrence(state.assumed.get(text), state.owners, { since: state.serial, ...about }))
  making.get(state)?.forEach((texts) => texts.add(text))
}

/** What is assumed in the constructors that are followed, and what was in those of the instances there are. */
const making = new WeakMap<Context["state"], Set<string>[]>()
const madeUnder = new WeakMap<object, ReadonlySet<string>>()

/** Follows the construction of an instance: whoever uses it later depends on what is assumed meanwhile. */
export function construct({ state }: Context, instance: object, follow: () => void): void {
  const around = making.get(state) ?? [], texts = new Set<string>()
  making.set(state, [...around, texts])
  try {
    follow()
  } finally {
    making.set(state, around)
    madeUnder.set(instance, texts)
  }
}

/** What was assumed in the constructors of these. */
export const assumedMaking = (instances: Iterable<object>): readonly string[] => [...instances].flatMap((made) => [...(madeUnder.get(made) ?? [])])

/** Adds where and of what the same words were assumed once more. */
function withOccurrence(known: Assumed | undefined, around: readonly object[], { symbols = [], shapes = true, since = 0 }: About): Assumed {
  const owners = around.filter(isPart)
  const isOpen = owners.length === 0 || known?.owners === null
  return {
    owners: isOpen ? null : new Set([...(known?.owners ?? []), ...owners]),
    symbols: [...(known?.symbols ?? []), ...symbols],
    shapes: shapes || known?.shapes === true,
    since: Math.min(since, known?.since ?? since),
  }
}

/** A model, and when the code was done with its layers. */
export interface Concerned {
  /** Layers, instances and models in it. */
  readonly parts: ReadonlyMap<object, string>
  readonly tensors: () => Iterable<TensorValue>
  readonly done: number
}

/** The assumptions that concern a model. */
export function assumptionsOf({ state }: Context, texts: readonly string[], { parts, tensors, done }: Concerned): readonly string[] {
  let sizes: ReadonlySet<string> | undefined
  return texts.filter((text) => {
    const about = state.assumed.get(text)
    if (about === undefined || (about.owners !== null && [...about.owners].some((owner) => parts.has(owner)))) return true
    const isBefore = about.since < done
    if (about.owners === null && isBefore) return true
    // A size that the source names may have been counted with anywhere before; one made up for an axis is in the shapes that have it.
    return about.symbols.some((symbol) => (isBefore && !isOfAxis(symbol)) || (sizes ??= symbolsBehind(state.solution, tensors())).has(symbol))
  })
}

/** When each condition that nobody knows was first followed. */
const conditions = new WeakMap<Context["state"], Map<string, number>>()

export function rememberCondition({ state }: Context, text: string): void {
  const known = conditions.get(state) ?? new Map<string, number>()
  conditions.set(state, known)
  if (!known.has(text)) known.set(text, state.serial)
}

/** What ways disagree about was assumed when they parted. */
export function assumeOf(context: Context, condition: string, text: string): void {
  assume(context, text, { since: conditions.get(context.state)?.get(condition) ?? 0 })
}

const isOfAxis = (symbol: string): boolean => symbol.includes(".") || /^(seq|batch)\u00b7/.test(symbol)

/** Symbols of shapes as they were first given, and those they were made equal to. */
function symbolsBehind(solution: Context["state"]["solution"], tensors: Iterable<TensorValue>): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { shape } of tensors) shape.flatMap(symbolsOf).forEach((symbol) => found.add(symbol))
  for (const symbol of found) {
    const value = solution.get(symbol)
    if (value !== undefined) symbolsOf(value).forEach((next) => found.add(next))
  }
  return found
}

/** Whether a shape that was found until then may depend on what is assumed; unknown words count. */
export function isAboutShapes({ state }: Context, text: string, until: number): boolean {
  const about = state.assumed.get(text)
  return about === undefined || (about.shapes && about.since <= until)
}
