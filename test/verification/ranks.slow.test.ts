/**
 * @file The completeness certificate at the oracle's own sizes, on graphs recorded from tfjs: the dimension of the Lie algebra is the one that
 * an independent program in PyTorch found, for every architecture with at most 48 trainable numbers.
 */
import { beforeAll, expect, test } from "vitest"
import { certifyCompleteness } from "../../src/verification/certificate"
import { compileLaw } from "../../src/verification/laws"
import { seededRandom } from "../../src/verification/random"
import { drawInputs, inputsOf } from "../support/data"
import { oracleFixtures, type Fixture } from "../support/fixture"
import { auditLaws } from "../support/laws"
import { oracleRow } from "../support/oracle"
import { seededRandom as drawSeed } from "../support/random"
import { recordGraph } from "../support/recordGraph"
import { prepareTfjs, runModel } from "../support/runTfjs"

const largest = 48

beforeAll(prepareTfjs)

const fixtures = oracleFixtures()
  .filter(({ row }) => oracleRow(row).parameters <= largest && oracleRow(row).lie_rank !== null)
  .map((f): [string, string, Fixture] => [f.row, f.title, f])

test.each(fixtures)("%s (%s)", (row, _, fixture) => {
  const model = runModel(fixture.fileName, fixture.name), inputs = inputsOf(fixture, model)
  let count = 0
  const graph = recordGraph(model, drawInputs(inputs, drawSeed(1)), inputs.map((i) => i.below), () => `p${count++}`)
  const { plan, derived } = auditLaws(graph)
  const sizes = Object.fromEntries(derived.sizes.map((s) => [s.name, Number(s.declared)]))
  const laws = derived.laws.filter((l) => l.exactness === "exact").map((l) => compileLaw({ ...l, formula: "", latex: "" }, plan.slots, sizes))
  const found = certifyCompleteness(plan, laws, seededRandom(5))
  expect(found).toMatchObject({ parameters: oracleRow(row).parameters, lieRank: oracleRow(row).lie_rank })
})
