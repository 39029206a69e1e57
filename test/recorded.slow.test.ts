/**
 * @file The oracle fixtures as graphs recorded from tfjs, without the tracer: the network has the oracle's number of parameters and, by discovery,
 * its number of laws, so the fixtures are what they say; and the laws derived from these graphs hold and are never too many.
 */
import { beforeAll, describe, expect, test } from "vitest"
import { discoverLaws } from "../src/verification/discover"
import { drawInputs, inputsOf } from "./support/data"
import { oracleFixtures, type Fixture } from "./support/fixture"
import { auditLaws } from "./support/laws"
import { oracleRow } from "./support/oracle"
import { seededRandom } from "./support/random"
import { recordGraph } from "./support/recordGraph"
import { prepareTfjs, runModel } from "./support/runTfjs"

/** Discovery solves for all quadratic forms: its cost grows with the sixth power of the number of parameters. */
const discoverable = 16

beforeAll(prepareTfjs)

const record = (fixture: Fixture) => {
  const model = runModel(fixture.fileName, fixture.name), inputs = inputsOf(fixture, model)
  let count = 0
  return recordGraph(model, drawInputs(inputs, seededRandom(1)), inputs.map((i) => i.below), () => `p${count++}`)
}

const fixtures = oracleFixtures().map((f): [string, string, Fixture] => [f.row, f.title, f])

describe("derived laws hold on the recorded graph", () => {
  test.each(fixtures)("%s (%s)", (row, _, fixture) => {
    const { plan, claimed, rank, broken } = auditLaws(record(fixture))
    expect(plan.dimension).toBe(oracleRow(row).parameters)
    expect(broken).toEqual([])
    expect(claimed).toBe(rank)
    expect(claimed, "more laws than there are").toBeLessThanOrEqual(oracleRow(row).independent)
    // Discovery draws frozen weights anew with every θ, so it cannot see a law that speaks of their values.
    const frozen = plan.graph.parameters.some((p) => !p.trainable)
    if (plan.dimension <= discoverable && !frozen) expect(discoverLaws(plan).independent, "laws of the fixture").toBe(oracleRow(row).independent)
  })
})
