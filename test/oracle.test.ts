/**
 * @file The analysis against the numerical oracle: for every one of its architectures, written in tfjs, the number of functionally independent laws.
 * Never more than the oracle found (a law was invented); equal, except for the gaps listed here, which must go when they are closed.
 */
import { describe, expect, test } from "vitest"
import { findModel } from "./support/analysis"
import { oracleFixtures, type Fixture } from "./support/fixture"
import { knownGaps } from "./support/knownGaps"
import { oracleRow } from "./support/oracle"

const fixtures = oracleFixtures()

test("known gaps name fixtures", () => {
  expect(Object.keys(knownGaps).filter((title) => !fixtures.some((f) => f.title === title))).toEqual([])
})

describe("independent laws", () => {
  test.each(fixtures.map((f): [string, string, Fixture] => [f.row, f.title, f]))("%s (%s)", (row, title, fixture) => {
    const analyzed = findModel(fixture.fileName, fixture.name)
    const right = oracleRow(row).independent
    const gap = knownGaps[title]
    expect(analyzed, "the model is not found").toBeDefined()
    const { model } = analyzed!
    const trainable = model.parameters.filter((p) => p.trainable)
    const parameters = trainable.reduce((sum, p) => sum + p.shape.reduce<number>((n, size) => n * Number(size), 1), 0)
    expect(parameters, "trainable parameters").toBe(oracleRow(row).parameters)
    expect(model.unsupported.map((u) => u.what), "unsupported").toEqual([])
    expect(Number(model.independent), "more laws than there are").toBeLessThanOrEqual(right)
    if (gap === undefined) expect(model.independent).toBe(right)
    else expect({ found: model.independent, right }, gap.because).toEqual({ found: gap.found, right })
  })

  test("gaps are gaps", () => {
    for (const [title, gap] of Object.entries(knownGaps)) {
      expect(gap.found, title).toBeLessThan(oracleRow(fixtures.find((f) => f.title === title)!.row).independent)
    }
  })
})
