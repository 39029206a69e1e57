/** @file The comparison with tfjs's own listing: on a small repository that the test writes, read with the analysis itself. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { callText, parseArguments } from "../../scripts/corpus/call"
import { parseList } from "../../scripts/corpus/list"
import { readDefinitions } from "../../scripts/corpus/read"
import type { Outcome } from "../../scripts/corpus/read"
import { corpusDocument, countOutcomes, totalLines } from "../../scripts/corpus/table"

const source = `import * as tf from "@tensorflow/tfjs"

export function createNet(inputShape, config) {
  const model = tf.sequential()
  model.add(tf.layers.conv2d({ inputShape, filters: config.filters, kernelSize: config.window, strides: 2, activation: "relu" }))
  model.add(tf.layers.maxPooling2d({ poolSize: [2, 2] }))
  model.add(tf.layers.flatten())
  model.add(tf.layers.dense({ units: 5, activation: "softmax", useBias: false }))
  return model
}
`
const open = `import * as tf from "@tensorflow/tfjs"
export function createOpen(width, units) {
  return tf.sequential({ layers: [tf.layers.dense({ inputShape: [width], units }), tf.layers.dense({ units: 2 * units })] })
}
`
const loaded = `import * as tf from "@tensorflow/tfjs"
export const read = () => tf.loadLayersModel("x.json")
`

const layers = [
  {
    class: "Conv2D", filters: 4, kernelSize: [3, 3], strides: [2, 2], padding: "valid", activation: "relu",
    outputShape: [null, 4, 4, 4], params: 76,
  },
  { class: "MaxPooling2D", poolSize: [2, 2], strides: [2, 2], outputShape: [null, 2, 2, 4], params: 0 },
  { class: "Flatten", outputShape: [null, 16], params: 0 },
  { class: "Dense", units: 5, activation: "softmax", useBias: false, outputShape: [null, 5], params: 80 },
]
const expected = { inputs: [{ shape: [null, 9, 9, 2] }], outputs: [[null, 5]], layers, params: 156 }
const entry = {
  id: "net", repo: "someone/nets", path: "net.js", lines: "3-10", name: "createNet", form: "sequential()+model.add", layersSummary: "Conv2D > Dense",
  params: 156, args: "inputShape=[9,9,2], config.filters=4, config.window=3", expected,
}

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-corpus-"))
  fs.mkdirSync(path.join(folder, "someone/nets"), { recursive: true })
  fs.writeFileSync(path.join(folder, "someone/nets/net.js"), source)
  fs.writeFileSync(path.join(folder, "someone/nets/loaded.js"), loaded)
  fs.writeFileSync(path.join(folder, "someone/nets/open.js"), open)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

type Listed = Omit<Partial<typeof entry>, "expected"> & { readonly expected?: Partial<typeof expected>; readonly commit?: string }
const read = (...listed: readonly Listed[]): readonly Outcome[] =>
  readDefinitions(parseList(JSON.stringify(listed.map((item) => ({ ...entry, ...item })))), folder, () => undefined)
const differencesOf = (part: Partial<typeof expected>): readonly string[] | null => read({ expected: { ...expected, ...part } })[0].differences
const layerChanged = (index: number, change: object): readonly (typeof layers)[number][] =>
  layers.map((layer, i) => (i === index ? { ...layer, ...change } : layer)) as typeof layers

describe("a model at the arguments of the list", () => {
  test("is as expected", () => {
    const [outcome] = read({})
    expect(outcome).toMatchObject({ kind: "model", differences: [], unsupported: [], called: true })
  })
  test("another parameter count, output or input is told", () => {
    expect(differencesOf({ params: 157 })).toEqual(["parameters: found 156, expected 157"])
    expect(differencesOf({ outputs: [[null, 6]] })).toEqual(["outputs: found [batch, 5], expected [open, 6]"])
    expect(differencesOf({ inputs: [] })).toEqual(["inputs: found [batch, 9, 9, 2], expected none"])
  })
  test.each([
    [0, { strides: [1, 1] }, "conv2d_1 strides: found 2, expected [1,1]"],
    [0, { kernelSize: [3, 5] }, "conv2d_1 kernelSize: found 3, expected [3,5]"],
    [0, { padding: "same" }, "conv2d_1 padding: found \"valid\", expected \"same\""],
    [0, { activation: "tanh" }, "conv2d_1 activation: found \"relu\", expected \"tanh\""],
    [1, { strides: [1, 1] }, "max_pooling2d_1 strides: found [2,2], expected [1,1]"],
    [3, { useBias: true }, "dense_1 useBias: found false, expected true"],
    [3, { params: 85 }, "dense_1 parameters: found 80, expected 85"],
    [2, { outputShape: [null, 17] }, "flatten_1 output: found [batch, 16], expected [open, 17]"],
  ])("layer %i with %o differs", (index, change, sentence) => {
    expect(differencesOf({ layers: layerChanged(index, change) as typeof layers })).toEqual([sentence])
  })
  test("a missing layer, one too many and the wrong order are told", () => {
    expect(differencesOf({ layers: layers.slice(0, 3) })).toEqual(["dense_1: a layer too many"])
    const dropout = { class: "Dropout", rate: 0.5 } as unknown as (typeof layers)[number]
    expect(differencesOf({ layers: [...layers, dropout] })).toEqual(["no layer Dropout"])
    expect(differencesOf({ layers: [layers[1], layers[0], layers[2], layers[3]] })).not.toEqual([])
  })
})

test("open sizes must stand for one number each", () => {
  const listed = (first: number, second: number): Listed => {
    const dense = (units: number, params: number) => ({ class: "Dense", units, activation: "linear", outputShape: [null, units], params })
    const both = [dense(first, 4 * first), dense(second, (first + 1) * second)]
    return {
      path: "open.js", lines: "2-4", name: "createOpen", args: "",
      expected: {
        inputs: [{ shape: [null, 3] }], outputs: [[null, second]], params: 4 * first + (first + 1) * second,
        layers: both as unknown as typeof layers,
      },
    }
  }
  const [twice, thrice] = read(listed(5, 10), { ...listed(5, 15), id: "thrice" })
  expect(twice).toMatchObject({ called: false, differences: [] })
  expect(thrice.differences).toContain("outputs: found [batch, 2*units], expected [open, 15]")
})

test("what is not there, at another commit, loaded or of no use is counted apart", () => {
  const outcomes = read(
    { id: "gone", path: "gone.js" },
    { id: "old", commit: "abc" },
    { id: "loaded", path: "loaded.js", lines: "2-2", layersSummary: "<loaded base>", expected: undefined },
    { id: "lost", path: "loaded.js", lines: "1-1" },
    {},
  )
  expect(outcomes.map(({ kind }) => kind)).toEqual(["missing", "missing", "none", "none", "model"])
  expect(outcomes[3].differences).toEqual(["no model"])
  const totals = countOutcomes(outcomes)
  expect(totals).toMatchObject({ definitions: 5, missing: 2, models: 1, whole: 1, crashes: 0, asExpected: 1, expected: 2 })
  expect(totalLines(totals).join("\n")).toMatch(/as expected in layers, shapes and parameters: 1 of 2 \(50\.0 %\)/)
  const text = corpusDocument(outcomes, "2026-01-31")
  expect(text).toContain("Read on 2026-01-31")
  expect(text.match(/^\| (gone|old|loaded|lost|net) \| someone\/nets \|/gm)).toHaveLength(5)
})

test("a broken list is refused with the entry's name", () => {
  expect(() => parseList("{}")).toThrow("list: expected an array of definitions")
  expect(() => parseList(JSON.stringify([{ ...entry, lines: "x" }]))).toThrow("net: expected lines such as")
  expect(() => parseList(JSON.stringify([{ ...entry, expected: { ...expected, outputs: [["a"]] } }]))).toThrow("net: [\"a\"] is no shape")
})

describe("calls", () => {
  const call = (text: string, args: string, name = "make"): string | null => {
    const [parsed] = parseList(JSON.stringify([{ ...entry, args, name, lines: "1-9" }]))
    return callText(ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true), parsed)?.trim() ?? null
  }
  test("arguments are read as they are written", () => {
    expect(parseArguments("a=[1,2], b='x, y', c.length=3")).toEqual([
      { path: ["a"], value: "[1,2]" }, { path: ["b"], value: "'x, y'" }, { path: ["c", "length"], value: "3" },
    ])
    expect(parseArguments("{a:1,b:2}").map(({ value }) => value)).toEqual(["1", "2"])
    expect(parseArguments("modelType gpt-nano, size 3")).toEqual([{ path: ["modelType"], value: "\"gpt-nano\"" }, { path: ["size"], value: "3" }])
  })
  test.each([
    ["function make(a, b) {}", "b=2, a=1", ";const corpusResult = make(1, 2);"],
    ["const make = ({ a, b }) => a", "{a:1,b:2}", ";const corpusResult = make({ a: 1, b: 2 });"],
    ["function make(labels) {}", "labels.length=3", ";const corpusResult = make({ length: 3 });"],
    ["let size\nfunction make() {}", "size=3", ";size = 3; const corpusResult = make();"],
    ["class N { constructor(a) {} make() {} }", "a=1", ";const corpusResult = new N(1).make();"],
    ["function inner(o) {}\nfunction make(inner) {}", "{p:1,q:2}", ";const corpusResult = make(inner({ p: 1, q: 2 }));"],
    ["function make(model) {}", "then Dense(3, softmax) added elsewhere",
      ";const corpusResult = tf.sequential(); make(corpusResult); corpusResult.add(tf.layers.dense({ units: 3, activation: \"softmax\" }));"],
  ])("%s at %s", (text, args, result) => expect(call(text, args)?.replace(/^;\s+/, ";")).toBe(result))
  test("nothing is called where nothing fits", () => {
    expect(call("function other() {}", "a=1")).toBeNull()
    expect(call("function make(x, y) {}", "z.shape=1")).toBeNull()
  })
})
