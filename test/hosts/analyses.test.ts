/** @file Answers of the editor are kept as long as nothing they depend on changes: another program with the same sources means no new analysis. */
import { beforeEach, expect, test } from "vitest"
import ts from "typescript"
import type { Analysis } from "../../src/pipeline"
import { analysisOf } from "../../src/hosts/tsserver/analyses"

const sources: Readonly<Record<string, string>> = {
  "/model.ts": `import * as tf from "@tensorflow/tfjs"; import { width } from "./sizes"
    export const model = tf.sequential({ layers: [tf.layers.dense({ units: width(), inputShape: [2] })] })`,
  "/sizes.ts": `import { base } from "./base"; export const width = () => base + 1`,
  "/base.ts": `export const base = 3`,
  "/train.ts": `import * as tf from "@tensorflow/tfjs"; import { model } from "./model"
    model.compile({ optimizer: tf.train.adam(0.1), loss: "meanSquaredError" })`,
  "/other.ts": `export const other = 1`,
}

let texts: Map<string, { text: string; version: number }>
let service: ts.LanguageService
beforeEach(() => {
  texts = new Map(Object.entries(sources).map(([name, text]) => [name, { text, version: 1 }]))
  const options: ts.CompilerOptions = { noLib: true, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }
  service = ts.createLanguageService({
    getScriptFileNames: () => [...texts.keys()],
    getScriptVersion: (name) => String(texts.get(name)?.version ?? 0),
    getScriptSnapshot: (name) => (texts.has(name) ? ts.ScriptSnapshot.fromString(texts.get(name)?.text ?? "") : undefined),
    getCompilationSettings: () => options,
    getCurrentDirectory: () => "/",
    getDefaultLibFileName: () => "/lib.d.ts",
    fileExists: (name) => texts.has(name),
    readFile: (name) => texts.get(name)?.text,
    directoryExists: () => true,
    getDirectories: () => [],
  })
})

const edit = (name: string, text: string): void => void texts.set(name, { text, version: (texts.get(name)?.version ?? 0) + 1 })

function analyze(cancelled = false): Analysis {
  const program = service.getProgram()
  if (program === undefined) throw new Error("analyze: expected a program")
  return analysisOf(ts, program, "/model.ts", (name) => name.slice(1), () => cancelled)
}

const kernel = ({ models }: Analysis): string => models[0].traced.graph.parameters[0].shape.join()

test("a second question about unchanged files is answered without an analysis", () => {
  const first = analyze()
  expect(kernel(first)).toBe("2,4")
  expect(analyze()).toBe(first)
})

test("an edit elsewhere makes a new program and no new analysis", () => {
  const first = analyze(), program = service.getProgram()
  edit("/other.ts", "export const other = 2")
  expect(service.getProgram()).not.toBe(program)
  expect(analyze()).toBe(first)
  edit("/other.ts", "export const other = 3")
  expect(analyze()).toBe(first)
})

test("an edit of the file, of a file that it imports, or of one behind that counts", () => {
  const first = analyze()
  edit("/base.ts", "export const base = 6")
  const second = analyze()
  expect([kernel(first), kernel(second)]).toEqual(["2,4", "2,7"])
  edit("/sizes.ts", "export const width = () => 9")
  expect(kernel(analyze())).toBe("2,9")
  edit("/model.ts", (sources["/model.ts"] ?? "").replace("[2]", "[5]"))
  expect(kernel(analyze())).toBe("5,9")
})

test("an edit of a file that trains the model counts, and of one that begins to", () => {
  expect(analyze().models[0].traced.optimizers.map(({ name }) => name)).toEqual(["adam"])
  edit("/train.ts", "export {}")
  expect(analyze().models[0].traced.optimizers).toEqual([])
  edit("/other.ts", (sources["/train.ts"] ?? "").replace("adam", "sgd"))
  expect(analyze().models[0].traced.optimizers.map(({ name }) => name)).toEqual(["sgd"])
})

test("a file that comes into being counts", () => {
  edit("/model.ts", (sources["/model.ts"] ?? "").replace("./sizes", "./new"))
  expect(kernel(analyze())).toBe("2,width")
  texts.set("/new.ts", { text: "export const width = () => 8", version: 1 })
  expect(kernel(analyze())).toBe("2,8")
})

test("an answer that was cancelled is not kept", () => {
  expect(analyze(true).models).toEqual([])
  expect(kernel(analyze())).toBe("2,4")
})
