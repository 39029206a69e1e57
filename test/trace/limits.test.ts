/** @file Every limit of the tracer gives a partial report that says so and where; steps grow with what is recorded; cancelling stops it anywhere. */
import { describe, expect, test } from "vitest"
import type { TracedFile } from "../../src/graph/graph"
import type { Limits } from "../../src/trace/context"
import { trace } from "./program"

const first = `const first = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`

/** The file with a model before the lines that meet a limit. */
const read = (lines: string, limits: Partial<Limits>): TracedFile =>
  trace({ "/main.ts": `import * as tf from "@tensorflow/tfjs"\n${first}\n${lines}` }, { limits })

const said = ({ problems }: TracedFile): readonly string[] => problems.map(({ message, start }) => `${start.line}: ${message}`)
const names = ({ models }: TracedFile): readonly string[] => models.map(({ name }) => name)

describe("a limit ends in a partial report with its place", () => {
  test("steps of the file", () => {
    const found = read("let x\nfor (let i = 0; i < 2000; i++) {\n  x = tf.add(tf.scalar(i), 1) }", { steps: 800 })
    expect(names(found)).toEqual(["first"])
    expect(said(found)).toEqual([expect.stringMatching(/^[45]: reading this takes too many steps: what follows is not read$/)])
  })
  test("steps of one function: the others are read", () => {
    const found = read(
      `function endless(n) {\n  let x = tf.layers.dense({ units: n })\n  for (;;) { x = tf.layers.dense({ units: n }) }\n}
       const second = () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`,
      { modelSteps: 3_000 },
    )
    expect(names(found)).toEqual(["first", "second"])
    expect(said(found)).toEqual([expect.stringMatching(/^5: reading .endless. takes too many steps: what follows is not read$/)])
  })
  test("calls inside calls", () => {
    const chain = Array.from({ length: 60 }, (_, i) => `function f${i}(n) { return ${i === 59 ? "tf.layers.dense({ units: n })" : `f${i + 1}(n)`} }`)
    const found = read(`${chain.join("; ")}\nconst last = f0(4)`, { depth: 50 })
    expect(names(found)).toEqual(["first"])
    expect(said(found)).toEqual(["3: functions call each other too deeply here: this call is not followed"])
  })
  test("operations", () => {
    const found = read("let x = tf.scalar(1)\nfor (let i = 0; i < 2000; i++) {\n  x = x.add(1) }", { tensors: 100 })
    expect(names(found)).toEqual(["first"])
    expect(said(found)).toEqual(["5: this makes more than 100 operations: what follows is not read"])
  })
  test("rounds of a loop that makes something", () => {
    const found = read("let x = tf.scalar(1)\nfor (let i = 0; i < 50; i++) {\n  x = x.add(1) }", { rounds: 20 })
    expect(said(found)).toEqual(["4: a loop goes round too often: the rest of it is not followed"])
  })
  test("time", () => {
    const found = read("let x = tf.scalar(1)\nfor (let i = 0; i < 2900; i++) {\n  x = x.add(1) }", { milliseconds: 0 })
    expect(said(found)).toEqual([expect.stringMatching(/: reading takes more than 0 seconds: what follows is not read$/)])
  })
})

test("cancelling stops in a loop, in a function, in a model, in a file that is imported", () => {
  const loop = "let x = tf.scalar(1); const all = []; for (let i = 0; i < 2900; i++) { x = x.add(1); all.push(i) }"
  const sources: readonly (string | Readonly<Record<string, string>>)[] = [
    loop,
    `export function build(n) { ${loop}; return tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [3] })] }) }`,
    `class Net { w = tf.variable(tf.zeros([2, 2])); forward(x) { ${loop}; return x.matMul(this.w) } }`,
    {
      "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { size } from "./size"; export const s = size`,
      "/size.ts": `import * as tf from "@tensorflow/tfjs"; export const size = 3; ${loop}`,
    },
  ]
  for (const source of sources) {
    let asked = 0
    const found = trace(source, { cancelled: () => ++asked >= 3 })
    expect(found).toEqual({ models: [], problems: [] })
    expect(asked).toBe(3)
  }
})

describe("steps grow with what is recorded", () => {
  /** The number of steps that reading the source takes. */
  const stepsOf = (source: string): number => {
    let low = 0,
      high = 200_000
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const whole = trace(source, { limits: { steps: middle } }).problems.length === 0
      if (whole) high = middle
      else low = middle
    }
    return high
  }
  const stack = (n: number): string => `
    const model = tf.sequential(); model.add(tf.layers.dense({ units: 8, inputShape: [8] }))
    for (let i = 0; i < ${n}; i++) model.add(tf.layers.dense({ units: 8, activation: "relu" }))`
  const blocks = (n: number): string => `
    class Block { constructor(private d: number) { this.q = tf.variable(tf.zeros([d, d])); this.p = tf.variable(tf.zeros([d, d])) }
      forward(x: tf.Tensor2D) { return x.add(tf.relu(x.matMul(this.q)).matMul(this.p)) } }
    class Net { blocks = Array.from({ length: ${n} }, () => new Block(8))
      forward(x: tf.Tensor2D) { for (const block of this.blocks) x = block.forward(x); return x } }
    export const net = new Net()`
  test.each([["layers", stack], ["classes", blocks]] as const)("%s: twice the size takes twice the steps", (_, source) => {
    const [one, two, four] = [16, 32, 64].map((n) => stepsOf(source(n)))
    const ratio = (four - two) / (two - one)
    expect(ratio).toBeGreaterThan(1.8)
    expect(ratio).toBeLessThan(2.2)
  })
})
