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
}

/** `owners`: null for what was assumed outside of any layer, which may concern all. */
export interface Assumed {
  readonly owners: ReadonlySet<object> | null
  readonly symbols: readonly string[]
  readonly shapes: boolean
}

/** Layers and models: what makes models may be called by any name, and is in none of them. */
const isPart = (owner: object): boolean => !("kind" in owner) || owner.kind === "model" || ("layer" in owner && owner.layer !== undefined)

/** Remembers what is taken for true, in words that the reader gets. */
export function assume({ state }: Context, text: string, about: About = {}): void {
  state.assumptions.add(text)
  state.assumed.set(text, withOccurrence(state.assumed.get(text), state.owners, about))
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
function withOccurrence(known: Assumed | undefined, around: readonly object[], { symbols = [], shapes = true }: About): Assumed {
  const owners = around.filter(isPart)
  const isOpen = owners.length === 0 || known?.owners === null
  return {
    owners: isOpen ? null : new Set([...(known?.owners ?? []), ...owners]),
    symbols: [...(known?.symbols ?? []), ...symbols],
    shapes: shapes || known?.shapes === true,
  }
}

/** The assumptions that concern a model of these layers and tensors. */
export function assumptionsOf(
  { state }: Context, texts: readonly string[], parts: ReadonlyMap<object, string>, tensors: () => Iterable<TensorValue>,
): readonly string[] {
  let sizes: ReadonlySet<string> | undefined
  return texts.filter((text) => {
    const about = state.assumed.get(text)
    if (about === undefined || about.owners === null || [...about.owners].some((owner) => parts.has(owner))) return true
    // A size that the source names may have been counted with anywhere; one made up for an axis is in the shapes that have it.
    return about.symbols.some((symbol) => !isOfAxis(symbol) || (sizes ??= symbolsBehind(state.solution, tensors())).has(symbol))
  })
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

/** Whether a shape may depend on what is assumed; unknown words count. */
export const isAboutShapes = ({ state }: Context, text: string): boolean => state.assumed.get(text)?.shapes !== false
