/** @file Counts of data nobody has: a list, set or table filled from it has as many items as a symbol says, not the one that was followed. */
import { expect, test } from "vitest"
import { only, parameters, trace } from "./program"

test.each([
  ["a set filled in a loop", "const all = new Set(); for (const w of words) all.add(w); const n = all.size", "size"],
  ["a list filled in a loop", "const all = []; for (const w of words) all.push(w); const n = all.length", "length"],
  ["a list filled by forEach", "const all = []; words.forEach((w) => all.push(w)); const n = all.length", "length"],
  ["what is mapped", "const n = words.map((w) => w.length).length", "length"],
  ["what is mapped, sorted and mapped again", "const n = words.map((w) => w).toSorted().map((w) => w.x).length", "length"],
  ["different items", "const n = [...new Set(words.map((w) => w.topic))].length", "size"],
  ["different items of known ones", "const n = new Set([words[0], words[1]]).size", "size"],
  ["keys of a table", "const table = {}; words.forEach((w) => { table[w] = 1 }); const n = Object.keys(table).length", "length"],
  ["keys of a mapped list", "const n = Object.keys(words.map((w) => w)).length", "length"],
  ["a spread", "const all = []; all.push(...words); const n = all.length", "length"],
  ["a spread beside more", "const n = [...words, 'end'].length", "length"],
  ["what passes a test nobody knows", "const n = [words[0], words[1], words[2]].filter((w) => w.good).length", "length"],
  ["a counter in a loop", "let n = 0; for (const w of words) n++", "n"],
  ["a counter in forEach", "let n = 2; words.forEach((w) => { n = n + 1 })", "n"],
  ["a counter in a field", "const seen = { n: 1 }; for (const w of words) seen.n += 2; const n = seen.n", "n"],
  ["a copy", "const n = Array.from(words.map((w) => w)).length", "length"],
])("%s", (_, code, name) => {
  const model = only(
    trace(`export function build(words) { ${code}
      return tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [3], activation: "softmax" })] }) }`),
  )
  expect(parameters(model)).toEqual([`dense_1/kernel [3, ${name}]`, `dense_1/bias [${name}]`])
})

test("a list that is declared elsewhere", () => {
  const model = only(
    trace(`declare const words: readonly string[]
    export function build() {
      const all = new Set<string>()
      for (const w of words) all.add(w)
      return tf.sequential({ layers: [tf.layers.dense({ units: all.size, inputShape: [3] })] })
    }`),
  )
  expect(parameters(model)[0]).toBe("dense_1/kernel [3, size]")
})

test("a loop over the keys of something nobody knows goes round for one of them", () => {
  const model = only(
    trace(`export function build(inputs, hidden) {
      const first = tf.input({ shape: [inputs] })
      let x = first, n = 0
      for (const key in hidden) {
        x = tf.layers.dense({ units: hidden[key], activation: "relu" }).apply(x)
        n++
      }
      return tf.model({ inputs: first, outputs: tf.layers.dense({ units: n }).apply(x) }) }`),
  )
  expect(parameters(model)).toEqual([
    "dense_1/kernel [inputs, hidden]", "dense_1/bias [hidden]", "dense_2/kernel [hidden, n]", "dense_2/bias [n]",
  ])
  expect(model.assumptions).toContain("the keys of 'hidden' are not known: one is taken")
})

test("what a loop only sets is what its one item sets", () => {
  const model = only(
    trace(`export function build(words) {
      let width = 1
      for (const w of words) { width = 16 }
      return tf.sequential({ layers: [tf.layers.dense({ units: width, inputShape: [3] })] }) }`),
  )
  expect(parameters(model)[0]).toBe("dense_1/kernel [3, 16]")
})

test("lists everybody can count keep their number", () => {
  const model = only(
    trace(`const words = ["a", "b", "a"]
    const n = new Set(words.map((w) => w.toUpperCase())).size, m = [...words, "c"].filter((w) => w !== "a").length
    const model = tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [m] })] })`),
  )
  expect(parameters(model)).toEqual(["dense_1/kernel [2, 2]", "dense_1/bias [2]"])
})

test("a store at an unknown place may be any of the items", () => {
  const list = only(
    trace(`class Net {
      a = tf.variable(tf.ones([3, 3]))
      b = tf.variable(tf.ones([3, 3]))
      constructor(chosen) { this.chosen = chosen }
      forward(x: tf.Tensor2D) {
        const parts = [x.matMul(this.a), x]
        parts[this.chosen] = x.matMul(this.b)
        return parts[0].add(parts[1])
      }
    }`),
  )
  expect(list.graph.nodes.filter((node) => node.op.kind === "opaque")).toHaveLength(2)
  const table = only(
    trace(`class Net {
      weights = { first: tf.variable(tf.ones([3, 3])) }
      constructor(name) { this.weights[name] = tf.variable(tf.ones([3, 3])) }
      forward(x: tf.Tensor2D) { return x.matMul(this.weights.first) }
    }`),
  )
  expect(table.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})
