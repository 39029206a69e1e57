/** @file Sizes of a replica as a person asks for them: "768=16, batch=2". Numbers and symbols are those of the source. */
import type { SizeVariable } from "../axes/size"
import type { Graph } from "../graph/graph"
import type { Sizes } from "./instantiate"
import { allSymbols } from "./replica"

/** Sizes separated by commas; null where one is not of the form NAME=N with a whole number from 1. */
export function parseSizes(text: string): Sizes | null {
  const sizes: Record<string, number> = {}
  for (const part of text.trim() === "" ? [] : text.split(",")) {
    const [, name, size] = /^\s*([^=\s]+)\s*=\s*(\d{1,15})\s*$/.exec(part) ?? []
    if (name === undefined || !(Number(size) > 0)) return null
    sizes[name] = Number(size)
  }
  return sizes
}

/** Sizes that were asked for, by the names of a network. */
export interface ChosenSizes {
  readonly sizes: Sizes
  /** What names no size of the network that can be chosen. */
  readonly unknown: readonly string[]
  /** What could have been asked for: numbers and symbols as the source has them. */
  readonly possible: readonly string[]
}

/**
 * Reads sizes that a person asks for. "768" means every size that is 768 in the source, "batch" the symbol, "n768_2" one size alone. Sizes that
 * geometry pins cannot be chosen: at others the network would be another one.
 */
export function readSizes(graph: Graph, variables: readonly SizeVariable[], asked: Sizes): ChosenSizes {
  const free = variables.filter((v) => v.shrink === "free"),
    named = new Set(variables.map((v) => v.name)),
    loose = [...allSymbols(graph)].filter((s) => !named.has(s)),
    sizes: Record<string, number> = {},
    unknown: string[] = []
  for (const [name, size] of Object.entries(asked)) {
    const own = free.filter((v) => v.name === name),
      meant = own.length > 0 ? own : free.filter((v) => String(v.declared) === name)
    for (const v of meant) sizes[v.name] = size
    if (loose.includes(name)) sizes[name] = size
    else if (meant.length === 0) unknown.push(name)
  }
  return { sizes, unknown, possible: [...new Set([...free.map((v) => String(v.declared)), ...loose])] }
}
