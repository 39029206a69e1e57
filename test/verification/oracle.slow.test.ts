/**
 * @file The whole way, from source text to verdict, on every architecture of the oracle: derived laws are conserved, the certificate finds the
 * oracle's count at the sizes it ran at, and a law with a flipped sign is found out.
 */
import { describe, expect, test } from "vitest"
import type { GenericLaw } from "../../src/verification/task"
import { seededRandom } from "../../src/verification/random"
import { prepareSetting } from "../../src/verification/setting"
import { verify } from "../../src/verification/verify"
import { findModel } from "../support/analysis"
import { oracleFixtures, type Fixture } from "../support/fixture"
import { oracleRow } from "../support/oracle"

const rows = new Map(oracleFixtures().map((f): [string, Fixture] => [f.row, f]))

describe.each([...rows])("%s", (row, fixture) => {
  const found = findModel(fixture.fileName, fixture.name)

  test("laws are conserved, and the list is as complete as the certificate says", async () => {
    expect(found).toBeDefined()
    const { verification, reason } = await verify(found!.task)
    expect(reason).toBeUndefined()
    expect(verification.laws.filter((l) => l.verdict !== "conserved" && l.verdict !== "approximate")).toEqual([])
    const isClaimed = found!.model.laws.some(({ exactness }) => exactness === "exact")
    expect(verification.verdict).toBe(isClaimed ? "conserved" : "inconclusive")
    for (const law of verification.laws.filter((l) => l.verdict === "conserved")) {
      expect(law.drift).toBeLessThan(1e-9)
      expect(law.controlDrift).toBeGreaterThan(1e4 * law.drift)
    }
    const { independent, parameters } = oracleRow(row)
    if (verification.completeness?.parameters === parameters) expect(verification.completeness.possible).toBe(independent)
  })

  test("flipped signs are found out", () => {
    const { task } = found!, flipped = task.laws.filter((l) => l.terms.length > 1).map(flipFirst)
    const { rates } = prepareSetting({ ...task, laws: flipped }, {}, seededRandom(3))
    flipped.forEach((law, k) => {
      if (rates[k] > 1e-6) return
      // What a flip does not break is a sum of laws: then its parts are conserved one by one.
      const parts = law.terms.map((term, i): GenericLaw => ({ ...law, id: `${law.id}-${i}`, terms: [term] }))
      expect(Math.max(...prepareSetting({ ...task, laws: parts }, {}, seededRandom(3)).rates), law.formula).toBeLessThan(1e-8)
    })
  })
})

const flipFirst = (law: GenericLaw): GenericLaw => ({
  ...law, terms: law.terms.map((term, i) => (i === 0 ? { ...term, coefficient: -term.coefficient } : term)),
})
