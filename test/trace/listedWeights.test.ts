/** @file Which weights a training step moves: lists of variables, of weights of whole models, of parts of them, and what only names weights. */
import { describe, expect, test } from "vitest"
import { analyzeModel } from "../../src/pipeline"
import { trace } from "./program"

const fatesOf = (code: string, name: string): readonly string[] => {
  const { models } = trace(code), traced = models.find((model) => model.name === name)
  if (traced === undefined) throw new Error(`expected ${name}, found ${models.map((model) => model.name).join()}`)
  return analyzeModel(traced, models).model.training.flatMap(({ optimizer, fate }) => fate.map(({ detail }) => `${optimizer}: ${detail}`))
}

const dense = (units: number, input: number) =>
  `tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [${input}], activation: "relu" }), tf.layers.dense({ units: ${units} })] })`
const pair = `const gen = ${dense(4, 2)}, disc = ${dense(1, 4)}, slow = tf.train.sgd(0.01), fast = tf.train.momentum(0.1, 0.9)`
const steps = (gen: string, disc: string) => `${pair}
  export const one = (z) => slow.minimize(() => disc.apply(gen.apply(z)).abs().mean(), true, ${gen})
  export const two = (z) => fast.minimize(() => disc.apply(gen.apply(z)).neg().abs().mean(), true, ${disc})`

describe("lists of all weights of a model", () => {
  test.each([
    ["getWeights", "gen.getWeights()", "disc.getWeights()"],
    ["variables of them", "gen.trainableWeights.map((w) => w.val)", "disc.trainableWeights.map((w: any) => (w as any).val as tf.Variable)"],
    ["read ones", "gen.trainableWeights.map(w => w.read() as tf.Variable)", "disc.weights.map(w => w.read())"],
    ["by a function", "vars(gen)", "vars(disc)"],
  ])("%s", (_, gen, disc) => {
    const code = `${steps(gen, disc)}\nfunction vars(m) { return m.trainableWeights.map((w) => w.val) }`
    expect(fatesOf(code, "gen")).toEqual([expect.stringMatching(/^tf\.train\.sgd\(0\.01\): drifts under sgd/)])
    expect(fatesOf(code, "disc")).toEqual([expect.stringMatching(/^tf\.train\.momentum\(0\.1, 0\.9\): broken by momentum/)])
  })
  test.each([
    ["a part of them", "gen.trainableWeights.slice(0, 1)"],
    ["some", "gen.trainableWeights.filter((w) => w.name.includes(kind))"],
    ["some by a function", "heads(gen)"],
    ["of a layer", "gen.layers[0].getWeights()"],
    ["from elsewhere", "chosen"],
  ])("%s: nothing is promised", (_, list) => {
    const code = `${steps(list, "disc.getWeights()")}\nconst heads = (m) => m.getWeights().slice(2)
      declare const chosen: tf.Variable[], kind: string`
    const fates = fatesOf(code, "gen"), open = /^tf\.train\.sgd\(0\.01\) on .*: not guaranteed under sgd .*which of its weights a step trains is not/
    expect(fates).toEqual([expect.stringMatching(open)])
    // The call itself is no optimizer.
    expect(fates[0]).not.toContain("minimize")
  })
})

describe("variables", () => {
  const net = `const a = tf.variable(tf.randomNormal([3, 4])), b = tf.variable(tf.randomNormal([4, 2])), opt = tf.train.sgd(0.1)
    export const net = (x) => x.matMul(a).relu().matMul(b)`
  test.each([
    ["of minimize", "opt.minimize(() => net(x).square().mean(), true, [b])"],
    ["of variableGrads", "opt.applyGradients(tf.variableGrads(() => net(x).square().mean(), [b]).grads)"],
    ["of computeGradients", "const { grads } = opt.computeGradients(() => net(x).square().mean(), [b]); opt.applyGradients(grads)"],
  ])("%s", (_, step) =>
    expect(fatesOf(`${net}\nexport function step(x) { ${step} }`, "net")).toEqual([
      "tf.train.sgd(0.1) on b: broken under sgd (τ = 0.1): of its weights it does not train a"]))
  test("all of them", () =>
    expect(fatesOf(`${net}\nexport function step(x) { opt.minimize(() => net(x).square().mean(), true, [a, b]) }`, "net")).toEqual([
      expect.stringMatching(/^tf\.train\.sgd\(0\.1\) on a, b: drifts under sgd/)]))
  test("a loss that computes with the weights itself, without the network: one that takes a step inside", () => {
    const code = `${net}\nconst apply = (x, u, v) => x.matMul(u).relu().matMul(v)
      export function meta(x, y) {
        opt.minimize(() => {
          const [ga, gb] = tf.grads((u, v) => apply(x, u, v).sub(y).square().mean())([a, b])
          return apply(x, a.sub(ga.mul(0.1)), b.sub(gb.mul(0.1))).sub(y).square().mean()
        })
      }`
    expect(fatesOf(code, "net")).toEqual([expect.stringMatching(/not guaranteed under sgd .* reads a beside the output/)])
  })
  test("a method that trains a weight of its class", () => {
    const code = `class Net { a = tf.variable(tf.randomNormal([3, 4])); b = tf.variable(tf.randomNormal([4, 2])); opt = tf.train.sgd(0.1)
      forward(x) { return x.matMul(this.a).relu().matMul(this.b) }
      fit(x) { this.opt.minimize(() => this.forward(x).square().mean()) }
      shrink() { this.opt.minimize(() => this.a.square().sum()) } }`
    expect(fatesOf(code, "Net")).toEqual([expect.stringMatching(/not guaranteed under sgd .* reads a beside the output/)])
  })
})

test("an optimizer of another network is none of this one", () => {
  const code = `${pair}\nexport const one = (z) => slow.minimize(() => disc.apply(z).abs().mean(), true, disc.getWeights())`
  expect(trace(code).models.map(({ name, optimizers }) => [name, optimizers.map((use) => use.name)])).toEqual([
    ["gen", ["momentum"]], ["disc", ["sgd"]]])
})
