/**
 * @file The whole way for every oracle fixture, source to verdict: the gradient flow conserves every law, and the certificate finds the oracle's
 * Lie rank, so the list is complete wherever no gap is known.
 */
import { describe, expect, test } from "vitest"
import { verify } from "../src/verification/verify"
import { findModel } from "./support/analysis"
import { oracleFixtures, type Fixture } from "./support/fixture"
import { knownGaps } from "./support/knownGaps"
import { oracleRow } from "./support/oracle"

describe("gradient flow", () => {
  test.each(oracleFixtures().map((f): [string, string, Fixture] => [f.row, f.title, f]))("%s (%s)", async (row, title, fixture) => {
    const analyzed = findModel(fixture.fileName, fixture.name)
    expect(analyzed, "the model is not found").toBeDefined()
    const { verification, reason } = await verify(analyzed!.task, { seed: 1 })
    const isClaimed = analyzed!.model.laws.some(({ exactness }) => exactness === "exact")
    expect({ verdict: verification.verdict, reason }).toEqual({ verdict: isClaimed ? "conserved" : "inconclusive", reason: undefined })
    expect(verification.laws.filter((law) => law.verdict !== "conserved" && law.verdict !== "approximate")).toEqual([])
    expect(verification.completeness?.lieRank).toBe(oracleRow(row).lie_rank)
    expect(verification.completeness?.complete).toBe(!(title in knownGaps))
  })
})
