/**
 * @file Known gaps: the smallest networks of which the derivation finds fewer laws than there are. What stands behind each is "found of there"; a gap
 * that closes or widens must be rewritten (UPDATE=1) or moved to the cases. Those that `npm run fuzz -- --record` writes are held by
 * `gaps.slow.test.ts`.
 */
import { describe, expect, test } from "vitest"
import { parseGraph } from "../../src/graph/text"
import { describeCause } from "../support/cause"
import { gapFiles, readGaps } from "../support/gaps"
import { testGaps } from "../support/gapTests"

for (const file of gapFiles().filter((f) => f !== "fuzz.txt")) describe(file, () => testGaps(file))

test("each cause is recorded once", () => {
  const causes = gapFiles().flatMap((file) => readGaps(file).map((g) => describeCause(parseGraph(g.graph))))
  expect(causes.filter((cause, i) => causes.indexOf(cause) !== i)).toEqual([])
})
