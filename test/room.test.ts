/**
 * @file Where the bound of the certificate leaves room above discovery, which of the two is right. Both are: the bound looks at one point θ, where
 * more holds than everywhere. What holds there is written down here and held against exact gradients.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { drawParameters, drawSamples, drawUnknowns } from "../src/verification/data"
import { evaluateField } from "../src/verification/loss"
import type { Plan } from "../src/verification/plan"
import { seededRandom } from "../src/verification/random"
import { findModel } from "./support/analysis"
import { architectureFixtures } from "./support/fixture"
import { auditLaws } from "./support/laws"
import { root } from "./support/program"

interface Row { readonly name: string; readonly independent: number; readonly possible: number }
const rows = JSON.parse(readFileSync(join(root, "test/fixtures/architectures/truth.json"), "utf8")) as Row[]

test("two architectures have room above the laws that hold everywhere", () => {
  const open = rows.filter((r) => r.possible > r.independent).map((r) => [r.name, r.possible - r.independent])
  expect(open).toEqual([["bottleneck_adapters", 2], ["low_rank_chain", 1]])
})

const planOf = (row: string): Plan => {
  const { fileName, name } = architectureFixtures().find((f) => f.row === row)!
  return auditLaws(findModel(fileName, name)!.traced.graph).plan
}

/** The largest part of a gradient field along `law`, relative to the field, over random points where `law` says anything. */
function worstRate(plan: Plan, law: (theta: Float64Array) => readonly (readonly [index: number, derivative: number])[]): number {
  const random = seededRandom(1), field = new Float64Array(plan.dimension)
  let worst = -1
  for (let tries = 0; tries < 60; tries++) {
    const theta = drawParameters(plan, random), gradient = law(theta)
    for (const sample of drawSamples(plan, 3, random, drawUnknowns(plan, random)).samples) {
      evaluateField(plan, sample, theta, field)
      const length = Math.hypot(...field)
      if (length > 0 && gradient.length > 0) worst = Math.max(worst, Math.abs(gradient.reduce((sum, [i, d]) => sum + d * field[i], 0)) / length)
    }
  }
  return worst
}

const offsetOf = (plan: Plan, id: string): number => plan.slots.find((s) => s.id === id)!.offset

test("behind a channel of one, units of one sign mix like linear ones: bᵢbⱼ − ⟨cᵢ, cⱼ⟩, and those of two signs do not", () => {
  const plan = planOf("low_rank_chain"), b = offsetOf(plan, "b"), c = offsetOf(plan, "c")
  const pair = (sign: 1 | -1) => (theta: Float64Array) => {
    const [i, j] = [0, 1]
    if (Math.sign(theta[b + i] * theta[b + j]) !== sign) return []
    const cells = [0, 1].flatMap((k): [number, number][] => [
      [c + 2 * i + k, -theta[c + 2 * j + k]],
      [c + 2 * j + k, -theta[c + 2 * i + k]],
    ])
    return [[b + i, theta[b + j]], [b + j, theta[b + i]], ...cells] as const
  }
  const alike = worstRate(plan, pair(1))
  expect(alike).toBeGreaterThanOrEqual(0)
  expect(alike).toBeLessThan(1e-12)
  expect(worstRate(plan, pair(-1))).toBeGreaterThan(0.1)
})

test("before a frozen matrix, what it sends to zero is not seen: up2·n with n·leave = 0", () => {
  const plan = planOf("bottleneck_adapters"), up = offsetOf(plan, "up2"), leave = offsetOf(plan, "leave")
  for (const row of [0, 1]) {
    const law = (theta: Float64Array) => {
      const entry = (i: number, k: number): number => theta[leave + 2 * i + k]
      const minor = (i: number, j: number): number => entry(i, 0) * entry(j, 1) - entry(j, 0) * entry(i, 1)
      return [minor(1, 2), minor(2, 0), minor(0, 1)].map((n, i): [number, number] => [up + 3 * row + i, n])
    }
    expect(worstRate(plan, law)).toBeLessThan(1e-12)
  }
})
