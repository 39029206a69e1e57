/**
 * @file The analysis on architectures that are in no list it was made for: as many independent laws as discovery finds, which knows no rules. The
 * counts in truth.json come from discovery and the certificate alone; `UPDATE=1` adds rows for new models, read the difference.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { certifyCompleteness } from "../src/verification/certificate"
import { discoverLaws } from "../src/verification/discover"
import { seededRandom } from "../src/verification/random"
import { findModel } from "./support/analysis"
import { architectureFixtures, type Fixture } from "./support/fixture"
import { auditLaws } from "./support/laws"
import { root } from "./support/program"

interface Row {
  readonly name: string
  /** Trainable parameters D, with batches of five. */
  readonly parameters: number
  /** Rank of the gradients of all quadratic and linear laws, least of two draws. */
  readonly independent: number
  /** D minus the rank of gradient fields and brackets: no list of laws can be longer. */
  readonly possible: number
}

/** Laws the analysis does not find, by architecture, and why. Each must go when it is closed. */
const gaps: Readonly<Record<string, { readonly found: number; readonly because: string }>> = {
  hyena_gate: { found: 8, because: "a tap of a kernel and a gain beside it read the same cell: only their sum is seen" },
}

const truthFile = join(root, "test/fixtures/architectures/truth.json")
const rows = existsSync(truthFile) ? (JSON.parse(readFileSync(truthFile, "utf8")) as Row[]) : []
const fixtures = architectureFixtures()

/** Without any rule: discovery on two draws of weights and data, and the certificate. */
function measure({ fileName, name, row }: Fixture): Row {
  const { plan } = auditLaws(findModel(fileName, name)!.traced.graph)
  const counts = [1, 5].map((seed) => discoverLaws(plan, seed).independent)
  const possible = certifyCompleteness(plan, [], seededRandom(1))?.possible ?? plan.dimension
  return { name: row, parameters: plan.dimension, independent: Math.min(...counts), possible }
}

test("every architecture has a row and every row an architecture", { timeout: 900_000 }, () => {
  if (process.env.UPDATE !== undefined) {
    for (const fixture of fixtures) if (!rows.some((r) => r.name === fixture.row)) rows.push(measure(fixture))
    const kept = rows.filter((r) => fixtures.some((f) => f.row === r.name)).sort((a, b) => (a.name < b.name ? -1 : 1))
    writeFileSync(truthFile, `[\n${kept.map((r) => JSON.stringify(r)).join(",\n")}\n]\n`)
  }
  expect(fixtures.map((f) => f.row).sort()).toEqual(rows.map((r) => r.name).sort())
  expect(rows.filter((r) => r.independent > r.possible)).toEqual([])
})

describe("independent laws", () => {
  test.each(fixtures.map((f): [string, Fixture] => [f.row, f]))("%s", (name, fixture) => {
    const row = rows.find((r) => r.name === name), analyzed = findModel(fixture.fileName, fixture.name)
    expect(analyzed, "the model is not found").toBeDefined()
    expect(analyzed!.model.unsupported.map((u) => u.what)).toEqual([])
    const { claimed, rank, broken, plan } = auditLaws(analyzed!.traced.graph)
    expect(broken).toEqual([])
    expect(claimed).toBe(rank)
    expect(plan.dimension).toBe(row?.parameters)
    const gap = gaps[name]
    if (gap === undefined) expect(claimed).toBe(row?.independent)
    else expect({ found: claimed, less: claimed < (row?.independent ?? 0) }, gap.because).toEqual({ found: gap.found, less: true })
  })
})
