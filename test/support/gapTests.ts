/** @file The tests of one file of known gaps: each must still be one, with the counts that stand there. UPDATE=1 rewrites them. */
import { expect, test } from "vitest"
import { parseGraph } from "../../src/graph/text"
import { readGaps, writeGaps } from "./gaps"
import type { Gap } from "./gaps"
import { auditLaws } from "./laws"
import { measureShortfall } from "./shortfall"

/** What is derived, and what discovery finds, which knows no rules. */
function measure(text: string): { found: number; there: number } {
  const graph = parseGraph(text), { claimed, rank, broken } = auditLaws(graph)
  expect(broken).toEqual([])
  expect(claimed).toBe(rank)
  const shortfall = measureShortfall(graph)
  if (shortfall === null) throw new Error("expected fewer laws than there are, found all of them: move it to the cases")
  expect(shortfall.declared.found).toBe(claimed)
  return shortfall.declared
}

const countsOf = (text: string): string => {
  const { found, there } = measure(text)
  return `${found} of ${there}`
}

export function testGaps(file: string): void {
  const gaps = readGaps(file)
  test.each(gaps.map((g): [string, Gap] => [g.title, g]))("%s", (_, { graph, counts }) => {
    if (process.env.UPDATE === undefined) expect(countsOf(graph)).toBe(counts)
  })
  test.runIf(process.env.UPDATE !== undefined)("rewrites the counts, and drops what is no gap", () => {
    writeGaps(file, gaps.flatMap((g) => (measureShortfall(parseGraph(g.graph)) === null ? [] : [{ ...g, counts: countsOf(g.graph) }])))
  })
}
