/** @file The command line from arguments to output, on files in a temporary folder, without starting a process. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { run } from "../../src/hosts/cli/run"
import type { Report, VerifiedModel } from "../../src/schema/report"

const source = `import * as tf from "@tensorflow/tfjs"

const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, activation: "relu", name: "a" }))
net.add(tf.layers.dense({ units: 2, useBias: false, name: "b" }))
net.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })

const smooth = tf.sequential({ layers: [
  tf.layers.dense({ inputShape: [3], units: 4, activation: "tanh" }),
  tf.layers.dense({ units: 2 }),
] })
`
const deep = `import * as tf from "@tensorflow/tfjs"

const tower = tf.sequential()
tower.add(tf.layers.dense({ inputShape: [40], units: 20, activation: "relu", name: "d1" }))
for (let k = 2; k < 12; k++) tower.add(tf.layers.dense({ units: 20, activation: "relu", name: "d" + k }))
tower.add(tf.layers.dense({ units: 3 }))
`
const formula = "‖a/kernel[:,i]‖² + a/bias[i]² − ‖b/kernel[i,:]‖²"

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-run-"))
  fs.writeFileSync(path.join(folder, "net.ts"), source)
  fs.writeFileSync(path.join(folder, "deep.ts"), deep)
  fs.writeFileSync(path.join(folder, "empty.js"), "export const a = 1\n")
  fs.writeFileSync(path.join(folder, "page.html"), `<h1>x</h1>\n<script type="module">\n${source}</script>\n`)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

async function call(line: string, { env = {}, terminal = false, input = "" } = {}) {
  let out = ""
  let error = ""
  const code = await run(line.split(" "), {
    cwd: folder,
    env,
    isTerminal: { stdout: terminal, stderr: false },
    writeOut: (text) => void (out += text),
    writeError: (text) => void (error += text),
    readInput: () => Promise.resolve(input),
  })
  return { code, out, error }
}

describe("analyze", () => {
  test("code that is nested too deeply is one sentence, and the files beside it are read", async () => {
    fs.mkdirSync(path.join(folder, "nested"))
    const lists = `import * as tf from "@tensorflow/tfjs"\nexport const x = ${"[".repeat(9000)}${"]".repeat(9000)}\n`
    fs.writeFileSync(path.join(folder, "nested/lists.ts"), lists)
    fs.writeFileSync(path.join(folder, "nested/chain.ts"), `import * as tf from "@tensorflow/tfjs"\nexport const x = tf${".a()".repeat(2000)}\n`)
    fs.writeFileSync(path.join(folder, "nested/net.ts"), source)
    const { code, out, error } = await call("analyze nested")
    expect(code).toBe(2)
    expect(error.trim().split("\n")).toEqual([
      "noether-lens: nested/chain.ts: the code is nested too deeply to be read",
      "noether-lens: nested/lists.ts: the code is nested too deeply to be read",
    ])
    expect(out).toContain(formula)
  })

  test("text: law, fate, why with its line, and what ended the others", async () => {
    const { code, out, error } = await call("analyze net.ts")
    expect({ code, error }).toEqual({ code: 0, error: "" })
    expect(out).toContain(formula)
    expect(out).toContain("diag(4): 4 quantities, i < 4 — drifts under sgd (τ = 0.1) by exactly ½τ²gᵀMg per step")
    const unwrapped = out.replace(/\s+/g, " ")
    expect(unwrapped).toMatch(/why: dense 'relu' [^:]*\(net\.ts:4:\d+\)/)
    expect(unwrapped).toMatch(/smooth [^—]* no conservation law no law: dense_1\/kernel, dense_1\/bias — dense 'tanh' [^(]*\(net\.ts:9:\d+\)/)
    expect(Math.max(...out.split("\n").map((text) => [...text].length))).toBeLessThanOrEqual(100)
    expect(out).not.toContain("\u001b[")
  })
  test("json is schema 1 and the only thing on stdout", async () => {
    const { out } = await call("analyze net.ts --format json --model net")
    const report = JSON.parse(out) as Report
    expect(report).toMatchObject({
      schema: 1,
      files: [{ path: "net.ts", problems: [], models: [{ name: "net", quantities: 4, independent: 4, parameterCount: 24 }] }],
    })
    expect(report.files[0].models[0].laws[0].formula).toBe(formula)
    expect(report.files[0].models[0].laws[0].terms).toHaveLength(3)
  })
  test("stdin, under the name it is given", async () => {
    const { out } = await call("analyze --stdin --stdin-filename typed.ts --format json", { input: source })
    expect((JSON.parse(out) as Report).files.map((file) => [file.path, file.models.length])).toEqual([["typed.ts", 2]])
  })
  test("a page has the places of its scripts", async () => {
    const { out } = await call("analyze page.html --format json")
    const [file] = (JSON.parse(out) as Report).files
    expect(file.path).toBe("page.html")
    expect(file.models.map(({ name, start }) => [name, start.line])).toEqual([
      ["net", 5],
      ["smooth", 10],
    ])
  })
  test("a layer class is told behind the model it is part of; JSON keeps the order of the source", async () => {
    const code = `import * as tf from "@tensorflow/tfjs"
class Scale extends tf.layers.Layer {
  w!: tf.LayerVariable
  build() { this.w = this.addWeight("w", [3, 3], "float32", tf.initializers.glorotNormal({})) }
  call(x: tf.Tensor) { return tf.relu(tf.matMul(x, this.w.read())) }
}
const net = tf.sequential()
net.add(tf.layers.inputLayer({ inputShape: [3] }))
net.add(new Scale())
`
    fs.writeFileSync(path.join(folder, "parts.ts"), code)
    const told = (text: string): readonly string[] => [...text.matchAll(/^ {2}(net|Scale) (?:—|\w+ (?:class|model))/gm)].map(([, name]) => name)
    expect(told((await call("analyze parts.ts")).out)).toEqual(["net", "Scale"])
    expect(told((await call("verify parts.ts")).out)).toEqual(["net", "Scale"])
    for (const command of ["analyze", "verify"]) {
      const { files } = JSON.parse((await call(`${command} parts.ts --format json`)).out) as Report
      expect(files[0].models.map(({ name }) => name)).toEqual(["Scale", "net"])
    }
  })
  test("nothing found is said", async () => {
    expect(await call("analyze empty.js")).toEqual({ code: 0, out: "no model found in empty.js\n", error: "" })
  })
  test("color on terminals and when forced, never with NO_COLOR", async () => {
    expect((await call("analyze net.ts", { terminal: true })).out).toContain("\u001b[")
    expect((await call("analyze net.ts", { env: { FORCE_COLOR: "1" } })).out).toContain("\u001b[")
    expect((await call("analyze net.ts", { terminal: true, env: { NO_COLOR: "1" } })).out).not.toContain("\u001b[")
  })
})

describe("verify", () => {
  test("measures every law and exits 0; progress goes to stderr", async () => {
    const { code, out, error } = await call("verify net.ts --model net --seed 3")
    expect(code).toBe(0)
    expect(out).toContain("net — every exact law holds along the gradient flow (1 conserved)")
    expect(out).toContain("seed 3")
    expect(out).toContain(formula)
    expect(error).toMatch(/^net\.ts net: /)
  })
  test("runs at the sizes it is asked for, by number or symbol of the source", async () => {
    const { out } = await call("verify net.ts --model net --format json --size 4=6,batch=3")
    const model = (JSON.parse(out) as Report).files[0].models[0] as VerifiedModel
    expect(model.verification).toMatchObject({ verdict: "conserved", replica: { n4: 6, batch: 3, n3: 3 } })
    const refused = await call("verify net.ts --model net --size 77=6")
    expect(refused).toMatchObject({ code: 2, out: "" })
    expect(refused.error).toBe("noether-lens: --size 77=6: no such size that can be chosen, found 2, 3, 4, batch\n")
  })
  test("says how many of equal blocks it runs, and runs as many as it is asked for", async () => {
    const read = async (line: string): Promise<string> => (await call(line)).out.replaceAll(/\s+/g, " ")
    const out = await read("verify deep.ts")
    expect(out).toContain("ran 3 of 10 equal blocks (d{2…11}): a law of one left out was run as the same law of one that stayed; the rate")
    expect(out).toContain("every exact law holds along the gradient flow (11 conserved)")
    expect(await read("verify deep.ts --depth 5")).toContain("ran 5 of 10 equal blocks (d{2…11})")
    const { out: json } = await call("verify deep.ts --format json")
    const model = (JSON.parse(json) as Report).files[0].models[0] as VerifiedModel
    expect(model.verification.depth).toEqual({ repeats: [{ what: "d{2…11}", declared: 10, kept: 3 }], ratesOfAll: true })
    expect(model.verification.laws).toHaveLength(11)
  })
  test("json carries the verification", async () => {
    const { out } = await call("verify net.ts --model net --format json")
    const model = (JSON.parse(out) as Report).files[0].models[0] as VerifiedModel
    expect(model.verification.verdict).toBe("conserved")
    expect(model.verification.laws[0].rate).toBeLessThan(1e-12)
    expect(model.verification.laws[0].controlRate).toBeGreaterThan(1e-4)
  })
})

describe("unreadable input is exit code 2 and one line that says where", () => {
  beforeAll(() => {
    fs.mkdirSync(path.join(folder, "empty"))
    fs.mkdirSync(path.join(folder, "mixed"))
    fs.writeFileSync(path.join(folder, "open.ts"), "const a = {\n")
    fs.writeFileSync(path.join(folder, "mixed/net.ts"), source)
    fs.writeFileSync(path.join(folder, "mixed/other.js"), "const a = {\n")
    fs.writeFileSync(path.join(folder, "mixed/tf.ts"), 'import * as tf from "@tensorflow/tfjs"\nconst a = {\n')
    fs.writeFileSync(path.join(folder, "flow.js"), "export function f(a: number) { return a }\n")
    fs.writeFileSync(path.join(folder, "half.ts"), `${source}\nconst a = {\n`)
  })
  const complaint = "noether-lens: open.ts:2:1: syntax error: '}' expected; what follows may be misread\n"
  test.each(["analyze", "verify"])("%s of a file that does not parse", async (command) => {
    expect(await call(`${command} open.ts`)).toEqual({ code: 2, out: "", error: complaint })
  })
  test.each([
    ["video.ts", "G\0A@\0\u0010\0\u0001"],
    ["random.ts", "\ufffd\ufffd\u0001\ufffdab\ufffd\ufffdlet x"],
  ])("%s is binary, in one sentence", async (name, text) => {
    fs.writeFileSync(path.join(folder, name), text)
    const error = `noether-lens: ${name}:1:1: the file is binary data, no text, and is not read\n`
    expect(await call(`analyze ${name}`)).toEqual({ code: 2, out: "", error })
  })
  test("a few characters of another encoding make no binary", async () => {
    fs.writeFileSync(path.join(folder, "latin.ts"), Buffer.from(`// caf\xe9\n${source}`, "latin1"))
    expect((await call("analyze latin.ts")).out).toContain(formula)
  })
  test("its JSON says so, too", async () => {
    const { code, out, error } = await call("analyze open.ts --format json")
    expect({ code, error }).toEqual({ code: 2, error: complaint })
    expect((JSON.parse(out) as Report).files).toMatchObject([{ path: "open.ts", models: [], problems: [{ start: { line: 2, column: 1 } }] }])
  })
  test("stats where nothing can be read", async () => {
    expect(await call("stats mixed/tf.ts")).toMatchObject({ code: 2 })
  })
  test.each(["analyze", "verify", "stats"])("%s of an empty folder", async (command) => {
    const error = "noether-lens: empty: no TypeScript, JavaScript or HTML file in this folder\n"
    expect(await call(`${command} empty`)).toEqual({ code: 2, out: "", error })
  })
  test("the others get their answer; a file without tfjs may be broken", async () => {
    const { code, out, error } = await call("analyze mixed")
    expect({ code, error }).toEqual({ code: 2, error: "noether-lens: mixed/tf.ts:3:1: syntax error: '}' expected; what follows may be misread\n" })
    expect(out).toContain(formula)
  })
  test("types in JavaScript are no syntax error; a broken file with a model is read as far as it goes", async () => {
    expect(await call("analyze flow.js")).toEqual({ code: 0, out: "no model found in flow.js\n", error: "" })
    const { code, out, error } = await call("analyze half.ts")
    expect({ code, error }).toEqual({ code: 0, error: "" })
    expect(out).toContain("half.ts:14:1 syntax error")
    expect(out).toContain(formula)
  })
})

describe("refusals are one line on stderr and exit code 2", () => {
  test.each([
    ["analyze none.ts", "noether-lens: none.ts: no such file or folder\n"],
    ["analyze net.ts --model Other", "noether-lens: no model 'Other', found net, smooth\n"],
    ["monitor net.ts", "noether-lens: the command monitor does not exist yet\n"],
  ])("%s", async (line, error) => {
    expect(await call(line)).toEqual({ code: 2, out: "", error })
  })
})

test("help and version", async () => {
  expect((await call("--help")).out).toMatch(/^Noether Lens reads/)
  expect((await call("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
