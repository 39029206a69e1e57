/**
 * @file Derived laws on random networks, judged by numbers: every law must hold at random weights and data, and the independent ones must be as many
 * as the rank of their gradients. The slow part compares with discovery, which knows no rules.
 */
import { describe, expect, test } from "vitest"
import { auditLaws, grownSize } from "./support/laws"
import { drawNetwork, randomGraph } from "./support/randomGraph"

describe("random networks", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))("network %i conserves what is claimed", (seed) => {
    const { broken, claimed, rank } = auditLaws(randomGraph(seed))
    expect(broken).toEqual([])
    expect(claimed).toBe(rank)
  })

  test.each(Array.from({ length: 60 }, (_, k) => 10_000_000 + k))("network %i of all operations conserves what is claimed", (seed) => {
    const { broken, claimed, rank } = auditLaws(drawNetwork(seed))
    expect(broken).toEqual([])
    expect(claimed).toBe(rank)
  })

  test.each(Array.from({ length: 40 }, (_, k) => 100 + k))("network %i conserves it at larger sizes", (seed) => {
    expect(auditLaws(randomGraph(seed), 3, grownSize).broken).toEqual([])
  })
})
