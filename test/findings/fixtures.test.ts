/**
 * @file Every rule has a fixture of its name: models called "trigger…" must have exactly findings of that rule, models called "silent…" none of it.
 * Findings stand in a snapshot with places and proofs, numbers of proofs left out.
 */
import { describe, expect, test } from "vitest"
import { findingRules } from "../../src/findings/findings"
import { analyzeFixtureFile } from "../support/analysis"
import { listSources } from "../support/program"

const fixtures = new Map(listSources("test/fixtures/findings").map((file) => [/([\w-]+)\.ts$/.exec(file)?.[1] ?? "", file]))

test("every rule has a fixture, every fixture a rule", () => {
  expect([...fixtures.keys()].sort()).toEqual(findingRules.map(({ name }) => name).sort())
})

describe.each(findingRules.map(({ name }) => name))("%s", (rule) => {
  const { report } = analyzeFixtureFile(fixtures.get(rule) ?? "")
  const triggers = report.models.filter(({ name }) => /^trigger/i.test(name))
  const silent = report.models.filter(({ name }) => /^silent/i.test(name))
  test("has models of both kinds", () => {
    expect(triggers.length).toBeGreaterThan(0)
    expect(silent.length).toBeGreaterThan(0)
  })
  test.each(triggers.map((model) => ({ name: model.name, model })))("speaks about $name", ({ model }) => {
    expect(model.findings.map((finding) => finding.rule)).toContain(rule)
  })
  test.each(silent.map((model) => ({ name: model.name, model })))("is silent about $name", ({ model }) => {
    expect(model.findings.filter((finding) => finding.rule === rule)).toEqual([])
  })
  test("says what it says", () => {
    const lines = report.models.flatMap(({ name, findings }) =>
      findings.map((f) => {
        const proof = f.proof === undefined ? "" : ` | ${f.proof.replace(/\d(\.\d+)?e[+-]\d+/g, "#")}`
        return `${name} ${f.start.line}:${f.start.column} ${f.severity} ${f.rule}${f.fixable ? " fixable" : ""}: ${f.message}${proof}`
      }),
    )
    expect(lines.join("\n")).toMatchSnapshot()
  })
})
