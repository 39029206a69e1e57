/** @file Which site a position means. */
import { expect, test } from "vitest"
import type { FileReport, Model, Site } from "../../src/schema/report"
import { siteAt } from "../../src/hosts/sites"

const site = (text: string, from: readonly [number, number], to: readonly [number, number], file?: string): Site => ({
  kind: "layer", laws: [], text,
  start: { line: from[0], column: from[1], ...(file === undefined ? {} : { file }) }, end: { line: to[0], column: to[1] },
})

const report = (...sites: Site[]): FileReport => ({ path: "a.ts", problems: [], models: [{ sites } as unknown as Model] })

const nested = report(site("outer", [1, 1], [9, 2]), site("inner", [3, 5], [3, 12]), site("middle", [2, 1], [4, 30]))

test("the smallest site that contains the position, in whatever order they come", () => {
  expect(siteAt(nested, { line: 3, column: 7 })?.text).toBe("inner")
  expect(siteAt(nested, { line: 3, column: 13 })?.text).toBe("middle")
  expect(siteAt(nested, { line: 9, column: 1 })?.text).toBe("outer")
})

test("ends belong to the site", () => {
  expect(siteAt(nested, { line: 3, column: 5 })?.text).toBe("inner")
  expect(siteAt(nested, { line: 3, column: 12 })?.text).toBe("inner")
  expect(siteAt(nested, { line: 9, column: 3 })).toBeNull()
})

test("sites of other files are not meant", () => {
  expect(siteAt(report(site("elsewhere", [1, 1], [2, 1], "b.ts")), { line: 1, column: 1 })).toBeNull()
  expect(siteAt(report(site("here", [1, 1], [2, 1], "a.ts")), { line: 1, column: 1 })?.text).toBe("here")
})
