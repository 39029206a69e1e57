/**
 * @file The command line's programs hold no declarations; an editor's hold all. Both must give the same report, and a type is looked up in
 * declarations exactly where the source alone does not tell.
 */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createPrograms, type ProgramFile } from "../../src/hosts/cli/program"
import { analyzeFile } from "../../src/pipeline"
import type { FileReport } from "../../src/schema/report"
import { displayPath, fixtureProgram, listSources } from "../support/program"

describe("every fixture and example", () => {
  const folders = ["examples", "examples/paper", "test/fixtures/oracle", "test/fixtures/wild", "test/fixtures/findings", "test/fixtures/large"]
  const sources = folders.flatMap(listSources)
  test.each(sources.map(displayPath))("%s", (file) => {
    const [{ name, program, typed }] = createPrograms([path.resolve(file)])
    const alone = analyzeFile(ts, program, name, { path: file, typed }).report
    expect(alone).toEqual(analyzeFile(ts, fixtureProgram(), path.resolve(file), { path: file }).report)
    expect(program.getSourceFiles().filter((s) => s.isDeclarationFile)).toEqual([])
  })
})

describe("types of parameters", () => {
  let folder = ""
  beforeAll(() => {
    // Inside the project, so that tfjs is found.
    folder = fs.mkdtempSync(path.join(fs.existsSync("build") ? "build" : os.tmpdir(), "types-"))
    fs.writeFileSync(path.join(folder, "settings.ts"), "export interface Settings { scale?: number; offset: number }\n")
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

  function read(head: string, type: string): { readonly report: FileReport; readonly asked: boolean; readonly whole: FileReport } {
    const file = path.resolve(folder, "model.ts")
    fs.writeFileSync(
      file,
      `import * as tf from "@tensorflow/tfjs"\n${head}
const w = tf.variable(tf.randomNormal([4, 3])), v = tf.variable(tf.randomNormal([3, 2]))
export function forward(x: tf.Tensor2D, settings: ${type}): tf.Tensor2D {
  const h = x.matMul(w)
  const scaled = (settings as any).scale === undefined ? h : h.relu()
  return ((settings as any).name === undefined ? scaled : scaled.sigmoid()).matMul(v) as tf.Tensor2D
}\n`,
    )
    const [found] = createPrograms([file])
    let asked = false
    const watched: ProgramFile = { ...found, typed: () => ((asked = true), found.typed()) }
    const report = analyzeFile(ts, watched.program, watched.name, { path: "model.ts", typed: watched.typed }).report
    const [again] = createPrograms([file])
    const whole = analyzeFile(ts, again.typed(), again.name, { path: "model.ts" }).report
    return { report, asked, whole }
  }

  test.each([
    ["a keyword", "", "number", false],
    ["a list", "", "readonly number[]", false],
    ["a literal type", "", "{ scale?: number; offset: number }", false],
    ["an interface of the file", "export interface Own { scale?: number; offset: number }", "Own", false],
    ["an imported interface", 'import type { Settings } from "./settings"', "Settings", false],
    ["an interface with bases in the package", "export interface Own extends tf.ModelFitArgs { scale?: number }", "Own", true],
    ["a type of the package", "", "tf.ModelFitArgs", true],
    ["a mapped type", 'import type { Settings } from "./settings"', "Partial<Settings>", true],
    ["an alias of a mapped type", 'import type { Settings } from "./settings"\nexport type Own = Partial<Settings>', "Own", true],
  ])("%s", (_, head, type, expected) => {
    const { report, asked, whole } = read(head, type)
    expect(report).toEqual(whole)
    expect(report.models).toHaveLength(1)
    expect(asked).toBe(expected)
  })

  test("what the type leaves optional is not given, with declarations and without", () => {
    const { report } = read('import type { Settings } from "./settings"', "Partial<Settings>")
    expect(report.models[0].assumptions).toContain("the optional settings of 'settings' are not given")
    expect(report.models[0].laws.map((law) => law.symmetry)).toEqual(["GL(3)"])
  })
})
