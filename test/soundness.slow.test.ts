/**
 * @file Derived laws on more and longer random networks against discovery: all quadratic and linear laws as the null space of one linear system.
 * Never more laws than there are; how many are missed is held to a share that may only fall.
 */
import { describe, expect, test } from "vitest"
import { discoverLaws } from "../src/verification/discover"
import { findModel } from "./support/analysis"
import { oracleFixtures, wildFixtures, type Fixture } from "./support/fixture"
import { auditLaws, grownSize } from "./support/laws"
import { randomGraph } from "./support/randomGraph"

/** Share of the laws of random networks that the derivation misses today. Lower it when it improves. */
const missedShare = 0.25

test("random networks have no fewer laws than claimed, and few more", () => {
  let discovered = 0, derived = 0
  const invented: string[] = []
  for (let seed = 1000; seed < 1040; seed++) {
    const { plan, rank, claimed, broken, discounted, silent } = auditLaws(randomGraph(seed, seed % 2 === 0 ? 7 : 10))
    if (plan.dimension === 0 || discounted + silent > 0) continue
    const { independent } = discoverLaws(plan)
    if (broken.length > 0 || claimed > independent) invented.push(`seed ${seed}: ${claimed} claimed, ${independent} found; ${broken.join("; ")}`)
    discovered += independent
    derived += rank
  }
  expect(invented).toEqual([])
  expect(discovered).toBeGreaterThan(50)
  expect((discovered - derived) / discovered).toBeLessThan(missedShare)
})

describe("laws are generic: they hold with every free size one larger", () => {
  test.each([...oracleFixtures(), ...wildFixtures()].map((f): [string, Fixture] => [f.title, f]))("%s", (_, { fileName, name }) => {
    const analyzed = findModel(fileName, name)
    expect(analyzed, "the model is not found").toBeDefined()
    if (analyzed!.model.unsupported.length > 0) return
    expect(auditLaws(analyzed!.traced.graph, 3, grownSize).broken).toEqual([])
  })
})
