/**
 * @file docs/findings.md is made from the records of the rules and what they say about their fixtures; this test holds it to that. UPDATE=1 writes
 * it anew.
 */
import fs from "node:fs"
import { expect, test } from "vitest"
import { findingRules } from "../../src/findings/findings"
import type { FindingRule } from "../../src/findings/rule"
import { analyzeFixtureFile } from "../support/analysis"
import { listSources } from "../support/program"

const manual = "docs/findings.md"

test("docs/findings.md says what the rules say", () => {
  const text = manualText(findingRules)
  if (process.env.UPDATE === "1") fs.writeFileSync(manual, text)
  expect(withoutMeasures(fs.readFileSync(manual, "utf8"))).toBe(withoutMeasures(text))
})

/** What a run measured may change in its last digits with the way data are drawn. */
const withoutMeasures = (text: string): string => text.replace(/\b\de[+-]\d+\b/g, "#")

function manualText(rules: readonly FindingRule[]): string {
  const head = [
    "# Findings",
    "",
    "<!-- Made from src/findings by `UPDATE=1 npx vitest run test/findings/manual.slow.test.ts`; edit the records there. -->",
    "",
    "What a careful reader of a model would also tell. A finding is information unless harm is shown: tfjs throws, or training is seen to fail.",
    "Findings stand in the JSON, in the report of the terminal and in the hovers of the place; `--fail-on info|warning` makes them an exit code.",
    "",
    "| rule | severity | finds |",
    "|---|---|---|",
    ...rules.map(({ name, severity, summary }) => `| [${name}](#${name}) | ${severity} | ${summary} |`),
  ]
  return `${[...head, ...rules.flatMap(section)].join("\n")}\n`
}

function section(rule: FindingRule): readonly string[] {
  const { name, severity, summary, why, advice, silent, source } = rule
  const { message, proof } = exampleOf(name)
  return [
    "",
    `## ${name}`,
    "",
    `**${severity}** — ${summary}`,
    "",
    `> ${message}`,
    ...(proof === undefined ? [] : [">", `> Proof: ${proof}`]),
    "",
    `**Why.** ${why}`,
    "",
    `**What to do.** ${advice}`,
    "",
    `**Silent about.** ${silent}`,
    "",
    `Source: ${source}. Fixture: [${name}.ts](../test/fixtures/findings/${name}.ts).`,
  ]
}

/** The first thing the rule says about its fixture. */
function exampleOf(rule: string): { readonly message: string; readonly proof: string | undefined } {
  const file = listSources("test/fixtures/findings").find((path) => path.endsWith(`/${rule}.ts`)) ?? ""
  const found = analyzeFixtureFile(file).report.models.flatMap(({ findings }) => findings.filter((finding) => finding.rule === rule))
  if (found.length === 0) throw new Error(`the fixture of '${rule}' has no finding`)
  return { message: found[0].message, proof: found[0].proof }
}
