/**
 * @file Known gaps: the smallest networks of which the derivation finds fewer laws than there are. What stands behind each is "found of there"; a gap
 * that closes or widens must be rewritten (UPDATE=1) or moved to the cases. `npm run fuzz -- --record` appends new ones.
 */
import { describe, expect, test } from "vitest"
import { parseGraph } from "../../src/graph/text"
import { describeCause } from "../support/cause"
import { gapFiles, readGaps, writeGaps } from "../support/gaps"
import type { Gap } from "../support/gaps"
import { auditLaws } from "../support/laws"
import { measureShortfall } from "../support/shortfall"

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

for (const file of gapFiles()) {
  const gaps = readGaps(file)
  describe(file, () => {
    test.each(gaps.map((g): [string, Gap] => [g.title, g]))("%s", (_, { graph, counts }) => {
      if (process.env.UPDATE === undefined) expect(countsOf(graph)).toBe(counts)
    })
    test.runIf(process.env.UPDATE !== undefined)("rewrites the counts, and drops what is no gap", () => {
      writeGaps(file, gaps.flatMap((g) => (measureShortfall(parseGraph(g.graph)) === null ? [] : [{ ...g, counts: countsOf(g.graph) }])))
    })
  })
}

test("each cause is recorded once", () => {
  const causes = gapFiles().flatMap((file) => readGaps(file).map((g) => describeCause(parseGraph(g.graph))))
  expect(causes.filter((cause, i) => causes.indexOf(cause) !== i)).toEqual([])
})
