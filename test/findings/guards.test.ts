/**
 * @file The guards: parameters that look redundant and are not, beside those that are. Each is measured (a random change of the parameter, the change
 * of the output relative to its size), and the findings and laws say what was measured.
 */
import { describe, expect, test } from "vitest"
import { prepareExperiment } from "../../src/findings/experiment"
import { analyzeOnly } from "../support/source"

const attention = (weigh: string, keys = "k", output = "tf.matMul(weights, v)"): string => `
class Attention {
  constructor() {
    this.wq = tf.variable(tf.randomNormal([4, 4])); this.wk = tf.variable(tf.randomNormal([4, 4])); this.wv = tf.variable(tf.randomNormal([4, 4]))
    this.bk = tf.variable(tf.zeros([4])); this.bv = tf.variable(tf.zeros([4])); this.bo = tf.variable(tf.zeros([4]))
  }
  /** @shape x [batch, 3, 4] */
  forward(x) {
    const project = (w) => x.reshape([-1, 4]).matMul(w).reshape([-1, 3, 4])
    const turn = (y) => {
      const [a, b] = tf.split(y, 2, 2)
      const angles = tf.outerProduct(tf.range(0, 3), tf.tensor1d([1, 0.1]))
      return tf.concat([a.mul(tf.cos(angles)).sub(b.mul(tf.sin(angles))), a.mul(tf.sin(angles)).add(b.mul(tf.cos(angles)))], 2)
    }
    const q = project(this.wq), k = project(this.wk).add(this.bk), v = project(this.wv).add(this.bv)
    const scores = tf.matMul(q, ${keys}, false, true)
    const weights = ${weigh}
    return ${output}.add(this.bo)
  }
}`
const dense = (units: number, name: string, more = ""): string => `tf.layers.dense({ units: ${units}, name: "${name}"${more} })`
const layers = (...list: readonly string[]): string => `
const net = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [3] }), ${list.join(", ")}, ${dense(2, "last")}] })`

const redundant = 1e-12
const cases: readonly (readonly [string, string, string, "redundant" | "matters"])[] = [
  ["bias before batch normalization", layers(dense(4, "a"), "tf.layers.batchNormalization({ name: 'n' })"), "a/bias", "redundant"],
  ["relu between", layers(dense(4, "a", ", activation: 'relu'"), "tf.layers.batchNormalization({ name: 'n' })"), "a/bias", "matters"],
  ["frozen batch normalization", layers(dense(4, "a"), "tf.layers.batchNormalization({ name: 'n', trainable: false })"), "a/bias", "matters"],
  ["layer normalization", layers(dense(4, "a"), "tf.layers.layerNormalization({ name: 'n' })"), "a/bias", "matters"],
  ["key bias under softmax", attention("tf.softmax(scores)"), "bk", "redundant"],
  ["rotated keys", attention("tf.softmax(scores)", "turn(k)"), "bk", "matters"],
  ["normalized keys", attention("tf.softmax(scores)", "k.div(tf.sqrt(k.square().mean(2, true)))"), "bk", "matters"],
  ["sigmoid attention", attention("tf.sigmoid(scores)"), "bk", "matters"],
  ["softmax plus one", attention("tf.exp(scores).div(tf.exp(scores).sum(2, true).add(1))"), "bk", "matters"],
]

describe.each(cases)("%s", (_, source, parameter, expected) => {
  const analyzed = analyzeOnly(source)
  test(`'${parameter}' ${expected === "redundant" ? "is redundant" : "matters"}, as measured`, () => {
    const experiment = prepareExperiment(analyzed.derived)!
    const slot = experiment.slots.find(({ id }) => id === parameter)!
    const change = experiment.changeBy((theta, random) => {
      for (let k = 0; k < slot.size; k++) theta[slot.offset + k] += random.normal()
    })
    if (expected === "redundant") expect(change).toBeLessThan(redundant)
    else expect(change).toBeGreaterThan(1e-3)
  })
  test("and the findings say so", () => {
    const found = analyzed.model.findings.filter(({ rule, message }) => rule === "zero-gradient" && message.includes(`'${parameter}'`))
    expect(found.length).toBe(expected === "redundant" ? 1 : 0)
  })
})

test("a shift of all units before layer normalization is invisible, and a law", () => {
  const { model } = analyzeOnly(layers(dense(4, "a"), "tf.layers.layerNormalization({ name: 'n' })"))
  expect(model.laws.map(({ formula }) => formula)).toContain("Σₐ a/bias[a]")
})

describe("a value bias is a constant shift of the output", () => {
  const exchanges = (source: string): readonly string[] =>
    analyzeOnly(source).model.laws.flatMap(({ family, formula }) => (family === "exchange" ? [formula] : []))
  test("which the output bias can undo", () => expect(exchanges(attention("tf.softmax(scores)"))).toEqual(["bv[i] − bo[i]"]))
  test("but not with dropout on the weights", () => expect(exchanges(attention("tf.dropout(tf.softmax(scores), 0.5)"))).toEqual([]))
})

test("the heads' parts of a key bias, which all have no effect, are the bias", () => {
  const { model } = analyzeOnly(`
class Heads {
  constructor() {
    this.q = tf.layers.dense({ units: 6 }); this.k = tf.layers.dense({ units: 6, name: "keys" }); this.v = tf.layers.dense({ units: 6 })
  }
  /** @shape x [batch, 3, 4] */
  forward(x) {
    const split = (layer) => layer.apply(x).reshape([-1, 3, 3, 2])
    const q = split(this.q), k = split(this.k), v = split(this.v)
    const heads = [0, 1, 2].map((i) => {
      const one = (y) => y.slice([0, 0, i, 0], [-1, -1, 1, -1]).squeeze([2])
      return tf.matMul(tf.softmax(tf.matMul(one(q), one(k), false, true)), one(v))
    })
    return tf.concat(heads, -1)
  }
}`)
  const said = /^'k\/bias' has no effect: .* its gradient is always zero: tf.softmax/
  expect(model.findings.map(({ message }) => message)).toEqual([expect.stringMatching(said)])
})
