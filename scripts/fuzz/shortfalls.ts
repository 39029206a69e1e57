/** @file Shortfalls of a run: each made small, sorted by cause, beside those that are recorded in test/fixtures/gaps. */
import type { Graph } from "../../src/graph/graph"
import { printGraph } from "../../src/graph/text"
import { describeCause } from "../../test/support/cause"
import { knownCauses, readGaps, writeGaps } from "../../test/support/gaps"
import { measureShortfall } from "../../test/support/shortfall"
import { shrinkGraph } from "./shrink"

export interface Cause {
  readonly text: string
  /** The first network that has it, made small, with what is derived and what is there. */
  readonly graph: string
  readonly counts: string
  readonly seeds: number[]
}

/** What making one network small may cost, in milliseconds. */
const patience = 2000

/** Adds a network that misses laws to the causes. Returns whether it does: accidents of its sizes do not count. */
export function collectShortfall(causes: Map<string, Cause>, seed: number, graph: Graph): boolean {
  if (measureShortfall(graph) === null) return false
  const budget = { left: patience }
  const isShort = (candidate: Graph): boolean => {
    try {
      return measureShortfall(candidate, budget) !== null
    } catch {
      return false
    }
  }
  const small = shrinkGraph(graph, isShort, () => budget.left < 0)
  const text = describeCause(small), known = causes.get(text)
  if (known !== undefined) {
    known.seeds.push(seed)
    return true
  }
  const counts = measureShortfall(small)?.declared
  causes.set(text, { text, graph: printGraph(small).trim(), counts: `${counts?.found} of ${counts?.there}`, seeds: [seed] })
  return true
}

/** The causes, commonest first; those that are not recorded with their networks. */
export function describeShortfalls(causes: ReadonlyMap<string, Cause>): { readonly text: string; readonly fresh: readonly Cause[] } {
  const known = knownCauses()
  const list = [...causes.values()].sort((a, b) => b.seeds.length - a.seeds.length || (a.text < b.text ? -1 : 1))
  const fresh = list.filter((c) => !known.has(c.text)), networks = list.reduce((sum, c) => sum + c.seeds.length, 0)
  const lines = [
    `shortfalls: ${networks} in ${list.length} causes, ${list.length - fresh.length} recorded in test/fixtures/gaps, ${fresh.length} new`,
    ...list.map((c) => `${String(c.seeds.length).padStart(5)}  ${fresh.includes(c) ? "new: " : ""}${c.text}`),
    ...fresh.map((c) => `\nnew, seed ${c.seeds[0]}: ${c.text}\n${c.graph}\n${c.counts}`),
  ]
  return { text: lines.join("\n"), fresh }
}

export function recordShortfalls(fresh: readonly Cause[]): void {
  const old = readGaps("fuzz.txt"), titles = new Set(old.map((g) => g.title))
  writeGaps("fuzz.txt", [...old, ...fresh.filter((c) => !titles.has(c.text)).map(({ text, graph, counts }) => ({ title: text, graph, counts }))])
}
