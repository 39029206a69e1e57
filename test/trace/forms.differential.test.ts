/**
 * @file Small definitions in every form and place people use, read and run on tfjs: the same models with the same weights and output shapes; for code
 * over variables of its own the same variables and the same output.
 */
import { beforeAll, describe, expect, test } from "vitest"
import { prepareTfjs } from "../support/runTfjs"
import { classCases } from "./forms/classes"
import { functionalCases } from "./forms/functional"
import { languageCases } from "./forms/language"
import { placeCases } from "./forms/places"
import { outlineOf, readCase, runCase, type FormCase, type Outline } from "./forms/runCase"
import { sequentialCases } from "./forms/sequential"
import { trickyCases } from "./forms/tricky"

beforeAll(prepareTfjs)

const sorted = (outlines: readonly Outline[]): readonly string[] => [...new Set(outlines.map((outline) => JSON.stringify(outline)))].sort()
const isLayered = ({ form }: { readonly form: string }): boolean => form === "sequential" || form === "functional"

async function check(c: FormCase): Promise<void> {
  const { models, problems } = readCase(c)
  expect(models.flatMap(({ unsupported }) => unsupported)).toEqual([])
  expect(problems).toEqual([])
  if (c.names !== undefined) expect(models.map(({ name }) => name)).toEqual(c.names)
  const real = await runCase(c)
  const read = sorted(models.filter(isLayered).map((model) => outlineOf(model, c.sizes))), whole = sorted(real.models), parts = sorted(real.parts)
  // A part that has a name is reported on its own, too.
  expect(read.filter((outline) => whole.includes(outline) || !parts.includes(outline))).toEqual(whole)
  if (real.models.length > 0) return
  // The last one is the whole where its parts are networks as well.
  if (c.names === undefined) expect(models).toHaveLength(1)
  const { weights, outputs } = outlineOf(models[models.length - 1], c.sizes)
  expect([...weights].sort()).toEqual([...real.variables].sort())
  if (real.output !== null) expect(outputs).toEqual([real.output])
}

describe.each([
  ["sequential", sequentialCases],
  ["functional", functionalCases],
  ["classes and functions", classCases],
  ["places", placeCases],
  ["language", languageCases],
  ["tricky", trickyCases],
])("%s", (_, cases) => {
  test.each(cases.map((c): [string, FormCase] => [c.title, c]))("%s", (_title, c) => check(c))
})
