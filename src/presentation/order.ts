/**
 * @file The order in which a file's models are told: what is part of another model, such as a layer class or an encoder, comes behind all that are
 * not. JSON keeps the order of the source.
 */
import type { Model, Place } from "../schema/report"

type Ordered = Pick<Model, "form" | "parameters">

/** Wholes first, then parts, both in the order of the source. */
export function wholesFirst<T>(items: readonly T[], modelOf: (item: T) => Ordered): readonly T[] {
  const held = items.map((item) => new Set(modelOf(item).parameters.map(placeKey)))
  const isPart = (k: number): boolean => held.some((other, i) => i !== k && isPartOf(held[k], modelOf(items[k]), other, modelOf(items[i])))
  const parts = new Set(items.flatMap((_, k) => (isPart(k) ? [k] : [])))
  return [...items.filter((_, k) => !parts.has(k)), ...items.filter((_, k) => parts.has(k))]
}

/** Whether the other model has all weights of the one and more, by where they are made; a layer class also where it is all there is. */
function isPartOf(own: ReadonlySet<string>, { form }: Ordered, other: ReadonlySet<string>, { form: otherForm }: Ordered): boolean {
  if (own.size === 0 || own.size > other.size || ![...own].every((place) => other.has(place))) return false
  return own.size < other.size || (form === "layer-class" && (otherForm === "sequential" || otherForm === "functional"))
}

const placeKey = ({ start }: Place): string => `${start.file ?? ""}:${start.line}:${start.column}`
