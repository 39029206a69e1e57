/** @file Findings in the report of the terminal, in hovers, in the JSON and in the exit code. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parseCommand, UsageError } from "../../src/hosts/cli/arguments"
import { run } from "../../src/hosts/cli/run"
import type { Report } from "../../src/schema/report"

/** One finding that is information, none, and one that is a warning. */
const sources = {
  "bias.ts": `import * as tf from "@tensorflow/tfjs"
export const net = tf.sequential({ layers: [
  tf.layers.dense({ inputShape: [4], units: 6, name: "before" }),
  tf.layers.batchNormalization({ name: "norm" }),
  tf.layers.dense({ units: 3, name: "out" }),
] })
`,
  "clean.ts": `import * as tf from "@tensorflow/tfjs"
export const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 6 }), tf.layers.dense({ units: 3 })] })
`,
  "silu.ts": `import * as tf from "@tensorflow/tfjs"
export const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 6, activation: "silu" }), tf.layers.dense({ units: 3 })] })
`,
}

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-findings-"))
  for (const [name, text] of Object.entries(sources)) fs.writeFileSync(path.join(folder, name), text)
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

describe("--fail-on", () => {
  test.each([
    ["bias.ts", "info", 1],
    ["bias.ts", "warning", 0],
    ["bias.ts", "never", 0],
    ["silu.ts", "info", 1],
    ["silu.ts", "warning", 1],
    ["clean.ts", "info", 0],
  ])("%s with %s exits %d", async (file, level, code) => {
    expect((await call(`analyze ${file} --fail-on ${level}`)).code).toBe(code)
  })
  test("is never unless told", async () => {
    expect((await call("analyze silu.ts")).code).toBe(0)
  })
  test("counts for verify, too", async () => {
    expect((await call("verify bias.ts --fail-on info")).code).toBe(1)
    expect((await call("verify bias.ts")).code).toBe(0)
  })
  test("refuses other levels", () => {
    expect(() => parseCommand(["analyze", "a.ts", "--fail-on", "error"])).toThrow(UsageError)
  })
})

test("the report of the terminal has rule, place and proof, within 100 columns", async () => {
  const { out } = await call("analyze bias.ts")
  const unwrapped = out.replace(/\s+/g, " ")
  expect(unwrapped).toMatch(/info: 'before\/bias' has no effect: [^(]* its axis \(zero-gradient, bias\.ts:3:\d+\) proof: moved every entry by ±1\.0/)
  expect(unwrapped).toMatch(/the output changed by \de-1\d of its size/)
  expect(Math.max(...out.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(100)
})

test("the JSON has the finding, and the hover of its layer says it", async () => {
  const { out } = await call("analyze bias.ts --format json")
  const [model] = (JSON.parse(out) as Report).files[0].models
  expect(model.findings).toMatchObject([{ rule: "zero-gradient", severity: "info", fixable: true, start: { line: 3 } }])
  const hovers = model.sites.filter(({ text }) => text.includes("*found:*"))
  expect(hovers.map(({ kind, start }) => [kind, start.line])).toEqual([["layer", 3]])
  expect(hovers[0].text.split("\n").length).toBeLessThanOrEqual(8)
})
