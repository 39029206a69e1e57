/** @file Weights that are read nearly alike: whatever is claimed of them holds for exact gradients, at the declared sizes and at larger ones. */
import { expect, test } from "vitest"
import { analyzeFixtureFile } from "../support/analysis"
import { auditLaws, grownSize } from "../support/laws"
import { listSources } from "../support/program"

const { models } = analyzeFixtureFile(listSources("test/fixtures/wild").find((file) => file.endsWith("lookalikes.ts")) ?? "")

test("all of them are read", () => expect(models.filter(({ model }) => model.unsupported.length > 0).map(({ model }) => model.name)).toEqual([]))

test.each(models.map(({ model, traced }) => [model.name, traced.graph] as const))("%s", (_, graph) => {
  for (const audit of [auditLaws(graph), auditLaws(graph, 5, grownSize)]) {
    expect(audit.broken).toEqual([])
    expect(audit.claimed).toBeLessThanOrEqual(audit.rank)
  }
})
