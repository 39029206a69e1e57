/** @file Laws about parts of one axis: one law where the parts tile it, one line where they differ in numbers only. The JSON keeps each. */
import { expect, test } from "vitest"
import { foldLaws } from "../../src/presentation/fold"
import { foldNames } from "../../src/graph/names"
import { modelText } from "../../src/presentation/text"
import { plainPainter } from "../../src/presentation/paint"
import { dimText, fateTexts, groupAssumptions } from "../../src/presentation/words"
import { analyzeSource } from "../support/source"

const foldedOf = (source: string): readonly (readonly [string, string, number])[] => {
  const { laws, training } = analyzeSource(source)
  return foldLaws(laws, training).map(({ formula, symmetry, count }) => [formula, symmetry, count])
}
const halves = (between: string, reader: string): string => `
class Net {
  constructor() { this.w = tf.variable(tf.randomNormal([3, 4])); this.u = tf.variable(tf.randomNormal([${reader}, 2])) }
  predict(x) {
    const [a, b] = tf.split(tf.matMul(x, this.w), 2, 1)
    return tf.matMul(${between}, this.u)
  }
}`

test("parts that tile an axis on both sides are one law", () => {
  const source = halves("tf.concat([tf.relu(a), tf.relu(b)], 1)", "4")
  const model = analyzeSource(source)
  expect(model.laws.map(({ formula }) => formula)).toEqual(["‖w[:,i]‖² − ‖u[i,:]‖²", "‖w[:,2+i]‖² − ‖u[2+i,:]‖²"])
  expect(foldedOf(source)).toEqual([["‖w[:,i]‖² − ‖u[i,:]‖²", "diag(4)", 1]])
  expect(modelText(model, "main.js", plainPainter).join("\n")).toContain("diag(4): 4 quantities, i < 4 — exact under gradient flow")
})

test("parts that meet the same other weight stay two laws on one line", () => {
  expect(foldedOf(halves("tf.mul(tf.relu(a), b)", "2"))).toEqual([["‖w[:,{0,2}+i]‖² − ‖u[i,:]‖²", "diag(2)", 2]])
})

test("matrices of parts fold, too", () => {
  const model = analyzeSource(`
class Scores {
  constructor() { this.q = tf.variable(tf.randomNormal([3, 4])); this.k = tf.variable(tf.randomNormal([3, 4])) }
  predict(x) {
    const [a, b] = tf.split(tf.matMul(x, this.q), 2, -1)
    const [c, d] = tf.split(tf.matMul(x, this.k), 2, -1)
    return tf.sub(tf.softmax(tf.matMul(a, c, false, true)), tf.softmax(tf.matMul(b, d, false, true)))
  }
}`)
  expect(foldLaws(model.laws, model.training).map(({ formula, count }) => [formula, count])).toEqual([
    ["(q[:,{0:2,2:4}]ᵀ·q[:,{0:2,2:4}] − k[:,{0:2,2:4}]ᵀ·k[:,{0:2,2:4}])[i,j]", 2],
  ])
})

test("names that count up are one name", () => {
  expect(foldNames(["h/0/b", "h/1/b", "h/2/b", "x"])).toEqual(["h/{0…2}/b", "x"])
  expect(foldNames(["h/0/b", "h/2/b"])).toEqual(["h/0/b", "h/2/b"])
  expect(foldNames(["h/0/b0", "h/1/b1"])).toEqual(["h/0/b0", "h/1/b1"])
  expect(foldNames(["t/h/0/t/h/0/w", "t/h/1/t/h/1/w", "t/h/2/t/h/2/w"])).toEqual(["t/h/{0…2}/t/h/{0…2}/w"])
  expect(foldNames(["h/0/t/h/1/w", "h/1/t/h/2/w"])).toEqual(["h/0/t/h/1/w", "h/1/t/h/2/w"])
  expect(foldNames(["dense_1/bias", "dense_2/bias"])).toEqual(["dense_{1,2}/bias"])
})

test("a reshaped weight says its shape, a fate is said once", () => {
  const text = modelText(
    analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.conv2d({ inputShape: [5, 5, 1], filters: 2, kernelSize: 3, activation: "relu", name: "c" }))
net.add(tf.layers.flatten())
net.add(tf.layers.dense({ units: 3, activation: "relu", name: "d" }))
net.add(tf.layers.dense({ units: 1, name: "e" }))
net.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })`),
    "main.js",
    plainPainter,
  ).join("\n")
  expect(text).toContain("diag(2): 2 quantities, i < 2, d/kernel as [3, 3, 2, 3] — drifts under sgd (τ = 0.1) by exactly")
  expect(text).toContain("diag(3): 3 quantities, i < 3 — drifts likewise")
  expect(text).toMatch(/\(main\.js:3:\d+\)/)
})

test("what is not guaranteed is not said to be broken the next time", () => {
  const detail = "not guaranteed under opt: only steps along the gradient are known to keep it"
  const fate = (["a", "b"] as const).map((law) => ({ law, status: "broken" as const, detail }))
  expect(fateTexts([{ optimizer: "opt", fate }], ["a", "b"])).toEqual([detail, "not guaranteed likewise"])
})

test("sizes as one writes them", () => {
  expect(dimText("x.1*4+12345")).toBe("x.shape[1]·4 + 12,345")
  expect(dimText("inputShape.0^2/2/heads")).toBe("inputShape[0]²/(2·heads)")
  expect(dimText("n1234")).toBe("n1234")
})

test("assumptions about several conditions are one", () => {
  const said = (condition: string): string => `the condition \`${condition}\` is not known: its first way is taken`
  expect(groupAssumptions([said("a"), "lstm is read for 3 time steps", said("b")])).toEqual([
    "the conditions `a`, `b` are not known: their first ways are taken",
    "lstm is read for 3 time steps",
  ])
  expect(groupAssumptions([said("a")])).toEqual([said("a")])
})

test("frozen models say so, an approximate law says first how fast it drifts", () => {
  const frozen = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, trainable: false }))
net.add(tf.layers.dense({ units: 2, trainable: false }))`)
  expect(modelText(frozen, "main.js", plainPainter).join("\n")).toMatch(/no law: all weights are frozen \(main\.js:3:\d+, main\.js:4:\d+\): training/)
  const nearly = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, name: "a" }))
net.add(tf.layers.batchNormalization({ name: "n" }))
net.add(tf.layers.dense({ units: 2, name: "b" }))`)
  const hover = nearly.sites.find(({ kind, start }) => kind === "layer" && start.line === 3)!.text
  expect(hover).toContain("**approximate diag(4)** — `‖a/kernel[:,i]‖² + a/bias[i]²`")
  expect(hover).toContain("*why:* batchNormalization forgets the scale of its argument but for its ε = 0.001: drifts at the share ε/(v + ε)")
})
