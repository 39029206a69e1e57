/** @file `noether-lens stats` on a small folder: what is counted, what is set aside, and that one failure is one line. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { run } from "../../src/hosts/cli/run"
import { countFiles, selectFiles, statsText } from "../../src/hosts/cli/stats"
import type { Stats } from "../../src/hosts/cli/stats"

const net = `import * as tf from "@tensorflow/tfjs"
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, activation: "relu" }))
net.add(tf.layers.dense({ units: 2 }))
const smooth = tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 4, activation: "tanh" }), tf.layers.dense({ units: 2 })] })
`

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-stats-"))
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text)
  write("net.ts", net)
  write(
    "odd.js",
    `import * as tf from "@tensorflow/tfjs"
import { Odd } from "elsewhere"
const m = tf.sequential()
m.add(tf.layers.dense({ inputShape: [3], units: 2 }))
m.add(new Odd())
`,
  )
  write(
    "gone.js",
    `import * as tf from "@tensorflow/tfjs"
export class Gone extends tf.layers.Layer {
  build([, width]) { this.up = this.addWeight("up", [width, 4], "float32", tf.initializers.ones()) }
  call(x) { return x.matMul(this.up.read()).mul(this.never.read()) }
}
const silu = tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 4, activation: "silu" })] })
`,
  )
  write("page.html", `<script type="module">\n${net}</script>\n`)
  write("plain.js", "export const a = 1\n")
  write("bundle.js", `const tf = 1\n${"x".repeat(2_000_001)}`)
  write("broken.ts", `import * as tf from "@tensorflow/tfjs"\nconst = {{{ tf.sequential(`)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

async function call(line: string) {
  let out = ""
  const code = await run(line.split(" "), {
    cwd: folder,
    env: {},
    isTerminal: { stdout: false, stderr: false },
    writeOut: (text) => void (out += text),
    writeError: () => undefined,
    readInput: () => Promise.resolve(""),
  })
  return { code, out }
}

test("counts models, operations, laws, and says what is set aside", async () => {
  const { code, out } = await call("stats .")
  expect(code).toBe(0)
  expect(out).toMatch(/^7 files, 1 without tfjs, 3 with models, 1 that cannot be read\n/)
  // Code that throws whatever it is given builds no model.
  expect(out).toMatch(/\n5 models, 4 read without gaps \(80\.0 %\), 2 with laws; 2 more whose code throws whatever it is given\n/)
  expect(out).toMatch(/\n\d+ operations traced, 1 unsupported \(\d\.\d %\)\n2 laws\n/)
  expect(out).toMatch(/\n[\d,]+ ms, [\d.]+ ms for the median model \([\d.]+ ms to read it\), slowest (\S+ [\d,]+ ms(, )?){3}\n/)
  expect(out).toContain("throw whatever they are given:\n  gone.js:4 Gone: 'this.never' is undefined here: no code stores it\n  gone.js:6 silu:")
  expect(out).toMatch(/\nread in part:\n {2}odd\.js:3 m: [^\n]+\n/)
  expect(out).toMatch(/\nbundle\.js has 2\.0 MB, more than 2 MB, and is skipped\.\nbroken\.ts:2:7: syntax error: [^\n]*\n$/)
})

test("the same as JSON", async () => {
  const stats = JSON.parse((await call("stats . --format json")).out) as Stats
  expect(stats).toMatchObject({ schema: 1, models: { all: 5, whole: 4, withLaws: 2, broken: 2 }, laws: 2 })
  expect(stats.problems).toEqual([
    { path: "broken.ts", message: "broken.ts:2:7: syntax error: Variable declaration expected; what follows may be misread" },
  ])
  expect(stats.gaps).toEqual([
    { path: "odd.js", line: 3, model: "m", reason: "'Odd' comes from elsewhere, which is not among the files read", others: 0 },
  ])
  expect(stats.operations.share).toBeCloseTo(1 / stats.operations.all, 12)
  expect(stats.skipped.map(({ path: name }) => name)).toEqual(["bundle.js"])
})

test("a failure of one file is one line for that file", () => {
  const start = { line: 1, column: 1 }
  const report = { path: "a.ts", models: [], problems: [{ message: "the analysis failed: x", start, end: start }] }
  const stats = countFiles(
    [{ report, models: [], milliseconds: { all: 3, reading: 2 }, failure: "a.ts: the analysis failed: x" }],
    { files: ["/a.ts"], silent: [], skipped: [] },
    () => 5,
  )
  expect(stats.files).toEqual({ all: 1, withoutTfjs: 0, withModels: 0, failed: 1 })
  expect(statsText(stats).at(-1)).toBe("a.ts: the analysis failed: x")
})

test("a file that is gone is skipped with a sentence", async () => {
  const { files, skipped } = await selectFiles([path.join(folder, "gone.ts"), path.join(folder, "net.ts")], folder)
  expect(files).toEqual([path.join(folder, "net.ts")])
  expect(skipped).toEqual([{ path: "gone.ts", reason: "gone.ts cannot be read and is skipped." }])
})
