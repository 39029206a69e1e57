/** @file What the analysis of one file does at its limits: files that are too large, and time that runs out between models. */
import { expect, test } from "vitest"
import ts from "typescript"
import { analyzeFile, type Analysis, type AnalyzeOptions } from "../src/pipeline"
import { programOf } from "./trace/program"

const models = Array.from({ length: 4 }, (_, i) => `const m${i} = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`)
const source = `import * as tf from "@tensorflow/tfjs"\n${models.join("\n")}\n`
const analyze = (text: string, options: Partial<AnalyzeOptions> = {}): Analysis =>
  analyzeFile(ts, programOf({ "/main.ts": text }), "/main.ts", { path: "main.ts", ...options })

test("a file above 2 MB is skipped with one sentence", () => {
  const { report } = analyze(`${source}// ${"x".repeat(2_100_000)}`)
  expect(report.models).toEqual([])
  expect(report.problems.map(({ message }) => message)).toEqual(["the file has 2.1 MB, more than 2 MB, and is not read"])
  expect(analyze(`${source}// ${"x".repeat(1_800_000)}`).models).toHaveLength(4)
})

test("models that time does not suffice for are named with their place", () => {
  const { report, partial, models } = analyze(source, { milliseconds: -1 })
  expect(models).toEqual([])
  expect(partial).toBe(true)
  // Reading has run out of time, too, which is a problem of its own.
  const late = report.problems.filter(({ message }) => message.includes("the laws of"))
  expect(late.map(({ message, start }) => `${start.line}: ${message}`)).toEqual(
    [0, 1, 2, 3].map((i) => `${i + 2}: the analysis takes too long: the laws of m${i} are not derived here`),
  )
  expect(analyze(source).partial).toBeUndefined()
})

test("cancelling between models leaves the rest out", () => {
  let asked = 0, isRead = false
  const onRead = (): void => void (isRead = true)
  expect(analyze(source, { onRead, cancelled: () => isRead && ++asked > 2 }).models).toHaveLength(2)
})
