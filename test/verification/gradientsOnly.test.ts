/** @file A plan without room for tangents has the values and gradients of one with it, to the bit; and a loss hands out the outputs it met. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { drawParameters, drawSamples, drawUnknowns } from "../../src/verification/data"
import { evaluateLoss } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import type { Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { chooseReplica } from "../../src/verification/replica"
import { drawNetwork } from "../support/randomGraph"

interface Run {
  readonly loss: number
  readonly gradient: readonly number[]
  readonly outputs: readonly number[]
}

function runPlan(plan: Plan): Run {
  const random = seededRandom(7),
    theta = drawParameters(plan, random),
    data = drawSamples(plan, 2, random, drawUnknowns(plan, random)),
    gradient = new Float64Array(plan.dimension),
    outputs: number[] = []
  const loss = evaluateLoss(plan, data, theta, gradient, outputs)
  return { loss, gradient: [...gradient], outputs }
}

test.each(["plain", "vector"] as const)("gradients need no tangents: %s loops", (loops) => {
  let moved = 0
  for (let seed = 31000; seed < 31040; seed++) {
    const { graph, sizes } = generalize(drawNetwork(seed)),
      replica = chooseReplica(graph, sizes)
    const all = runPlan(compilePlan(replica.graph, loops)),
      few = runPlan(compilePlan(replica.graph, loops, "gradients"))
    expect(few).toEqual(all)
    expect(few.outputs.length).toBe(2 * compilePlan(replica.graph).outputs.reduce((n, { size }) => n + size, 0))
    if (all.gradient.some((g) => g !== 0)) moved++
  }
  expect(moved).toBeGreaterThan(20)
})
