/**
 * @file What the JSON promises to whoever reads it, held on every fixture and example: ids are unique and found, places lie in their files, terms
 * are einsums of the parameters' shapes, counts are sums, every trained weight has a law or a reason, every law a fate.
 */
import fs from "node:fs"
import { describe, expect, test } from "vitest"
import type { Dim, Law, Model, Operand, Place } from "../../src/schema/report"
import { analyzeFixtureFile } from "../support/analysis"
import { listSources } from "../support/program"

const files = ["examples", "test/fixtures/oracle", "test/fixtures/architectures", "test/fixtures/findings", "test/fixtures/wild"].flatMap(listSources)

const lines = new Map<string, readonly string[]>()
const linesOf = (file: string): readonly string[] => {
  const known = lines.get(file) ?? fs.readFileSync(file, "utf8").split("\n")
  lines.set(file, known)
  return known
}

/** Whether both ends of a place are positions of the file it means, in order. */
function isInside({ start, end }: Place, own: string): boolean {
  const ordered = start.line < end.line || (start.line === end.line && start.column <= end.column)
  return ordered && [start, end].every(({ file, line, column }) => column >= 1 && column <= (linesOf(file ?? own)[line - 1]?.length ?? -1) + 1)
}

/** Shape of a parameter seen through its view; sizes that are no numbers as texts. */
function viewShape({ view = [] }: Operand, shape: readonly Dim[]): readonly Dim[] {
  return view.reduce<readonly Dim[]>((seen, step) => {
    if ("reshape" in step) return step.reshape
    if ("transpose" in step) return step.transpose.map((axis) => seen[axis])
    const [axis, from, to] = step.slice
    return seen.map((d, i) => (i !== axis ? d : typeof from === "number" && typeof to === "number" ? to - from : `${to}-(${from})`))
  }, shape)
}

/** The sizes of what a law's first term gives, after every operand was seen to have one letter an axis. */
function valueShape(law: Law, model: Model): readonly Dim[] {
  const shapes = law.terms.map(({ operands, einsum }) => {
    const [given, result] = einsum.split("->")
    const sizes = new Map<string, Dim>()
    given.split(",").forEach((letters, k) => {
      const parameter = model.parameters.find(({ id }) => id === operands[k].parameter)
      const shape = viewShape(operands[k], parameter?.shape ?? [])
      expect(shape.length, `${law.id}: ${einsum}`).toBe(letters.length)
      for (const [i, letter] of [...letters].entries()) sizes.set(letter, shape[i])
    })
    return [...result].map((letter) => sizes.get(letter) ?? NaN)
  })
  for (const shape of shapes) expect(shape.length).toBe(shapes[0].length)
  return shapes[0]
}

const isNumber = (d: Dim): d is number => typeof d === "number"

function countOf({ entries }: Law, shape: readonly number[]): number | null {
  const all = shape.reduce((a, b) => a * b, 1), n = shape.at(-1) ?? 1
  switch (entries) {
    case "all":
      return all
    case "symmetric":
      return shape.length < 2 ? all : (all / n) * ((n + 1) / 2)
    case "off-diagonal":
      return shape.length < 2 ? null : (all / n) * ((n - 1) / 2)
    case "differences":
      return shape.length === 1 ? all - 1 : null
  }
}

function checkLaw(law: Law, model: Model): void {
  expect(law.because.length, law.id).toBeGreaterThan(0)
  const shape = valueShape(law, model)
  const count = shape.every(isNumber) ? countOf(law, shape) : null
  if (count !== null && typeof law.quantities === "number") expect(law.quantities, law.id).toBe(count)
  const degrees = new Set(law.terms.map(({ operands }) => operands.length))
  expect(law.type).toBe(degrees.size > 1 ? "mixed" : degrees.has(1) ? "linear" : "quadratic")
}

function checkModel(model: Model, path: string): void {
  const ids = model.laws.map(({ id }) => id), named = model.laws.flatMap(({ parameters }) => parameters)
  const lawless = model.lawless.flatMap(({ parameters }) => parameters)
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(model.parameters.map(({ id }) => id)).size).toBe(model.parameters.length)
  for (const law of model.laws) checkLaw(law, model)
  const exact = model.laws.filter(({ exactness }) => exactness === "exact").map(({ quantities }) => quantities)
  if (exact.every(isNumber)) expect(model.quantities).toBe(exact.reduce((a, b) => a + b, 0))
  if (isNumber(model.independent) && isNumber(model.quantities)) expect(model.independent).toBeLessThanOrEqual(model.quantities)
  for (const { id, trainable } of model.parameters) expect([id, named.includes(id) || lawless.includes(id)]).toEqual([id, trainable])
  expect(lawless.filter((id) => named.includes(id))).toEqual([])
  expect(model.lawless.every(({ because }) => because.length > 0)).toBe(true)
  expect(model.training.length).toBeGreaterThan(0)
  for (const { fate } of model.training) expect(fate.map(({ law }) => law)).toEqual(ids)
  for (const { laws, text } of model.sites) {
    expect(laws.filter((id) => !ids.includes(id))).toEqual([])
    expect([text.length > 0, text.split("\n").length <= 8]).toEqual([true, true])
  }
  const reasons = [...model.laws, ...model.lawless].flatMap(({ because }) => because.flatMap((reason) => reason.at ?? []))
  const places: readonly Place[] = [model, ...model.parameters, ...model.sites, ...model.findings, ...model.unsupported, ...reasons]
  expect(places.filter((place) => !isInside(place, path))).toEqual([])
}

describe.each(files.map((file) => [file.slice(file.lastIndexOf("/") + 1), file] as const))("%s", (_, file) => {
  const { report } = analyzeFixtureFile(file)
  test("its path is relative, its problems have places", () => {
    expect(report.path).not.toMatch(/^\/|\\/)
    expect(report.problems.filter((problem) => !isInside(problem, file))).toEqual([])
  })
  test.each(report.models.map((model) => [model.name, model] as const))("%s", (_name, model) => checkModel(model, file))
})
