/** @file Lists of variables that are kept under a name: constants, fields and methods; and those that something chooses or changes. */
import { describe, expect, test } from "vitest"
import { analyzeModel } from "../../src/pipeline"
import { trace } from "./program"

const fatesOf = (code: string, name: string): readonly string[] => {
  const { models } = trace(code), traced = models.find((model) => model.name === name)
  if (traced === undefined) throw new Error(`expected ${name}, found ${models.map((model) => model.name).join()}`)
  return analyzeModel(traced, models).model.training.flatMap(({ optimizer, fate }) => fate.map(({ detail }) => `${optimizer}: ${detail}`))
}
const drifts = [expect.stringMatching(/^tf\.train\.sgd\(0\.1\)[^:]*: drifts under sgd/)]
const open = [expect.stringMatching(/not guaranteed under sgd .*which of its weights a step trains is not/)]
const broken = (left: string) => [expect.stringMatching(new RegExp(`broken under sgd .*of its weights it does not train ${left}$`))]

const plain = (made: string, more = "") => `const a = tf.variable(tf.randomNormal([3, 4])), b = tf.variable(tf.randomNormal([4, 2]))
  const opt = tf.train.sgd(0.1)
  declare const flag: boolean
  ${made}
  export const net = (x) => x.matMul(a).relu().matMul(b)
  export function step(x) { opt.minimize(() => net(x).square().mean(), true, params) }
  ${more}`

describe("a constant", () => {
  test.each([
    ["a list", "const params = [a, b]"],
    ["joined lists", "const first = [a], params = [...first, b]"],
    ["filled at once", "const params = []; params.push(a); params.push(b)"],
    ["of a function", "const all = () => [a, b], params = all()"],
  ])("%s: all of them", (_, made) => expect(fatesOf(plain(made), "net")).toEqual(drifts))
  test("a part of them", () => expect(fatesOf(plain("const params = [b]"), "net")).toEqual(broken("a")))
  test.each([
    ["chosen", "const params = flag ? [a] : [a, b]", ""],
    ["chosen inside", "const c = tf.variable(tf.zeros([1])), params = [flag ? a : c, b]", ""],
    ["filled on a condition", "const params = [a]; if (flag) params.push(b)", ""],
    ["filtered", "const params = [a, b].filter((v) => v.size > n); declare const n: number", ""],
    ["changed by a function", "const params = [a, b]", "export function freeze() { params.pop() }"],
    ["shortened", "const params = [a, b]", "export function freeze() { params.length = 1 }"],
    ["an item replaced", "const params = [a, b]", "export function freeze(v) { params[0] = v }"],
    ["handed on", "const params = [a, b]", "export function freeze() { drop(params) }\ndeclare function drop(v: tf.Variable[]): void"],
    ["under another name", "const params = [a, b]", "export function freeze() { const all = params; all.pop() }"],
    ["assigned anew", "let params = [a, b]", "export function freeze() { params = [b] }"],
    ["chosen by a function", "function pick() { if (flag) return [b]\nreturn [a, b] }\nconst params = pick()", ""],
    ["from elsewhere", "declare const params: tf.Variable[]", ""],
  ])("%s: nothing is promised", (_, made, more) => expect(fatesOf(plain(made, more), "net")).toEqual(open))
  test("of the function of the step", () => {
    const code = (list: string) => `const a = tf.variable(tf.randomNormal([3, 4])), b = tf.variable(tf.randomNormal([4, 2])), opt = tf.train.sgd(0.1)
      export const net = (x) => x.matMul(a).relu().matMul(b)
      export function step(x) { const params = ${list}; opt.minimize(() => net(x).square().mean(), true, params) }`
    expect(fatesOf(code("[a, b]"), "net")).toEqual(drifts)
    expect(fatesOf(code("[b]"), "net")).toEqual(broken("a"))
    expect(fatesOf(code("[a, b]; params.pop()"), "net")).toEqual(open)
    // A parameter of the same name is another list.
    expect(fatesOf(plain("const params = [a, b]").replace("step(x)", "step(x, params)"), "net")).toEqual(open)
  })
  test("a variable that is made anew later is not the one in the list", () => {
    const code = plain("const params = [a, b]", "export function reset() { a = tf.variable(tf.randomNormal([3, 4])) }").replace("const a", "let a")
    expect(fatesOf(code, "net")).toEqual(open)
  })
})

const mlp = (body: string, step = "this.weights") => `class MLP {
    weights: tf.Variable[] = []; a: tf.Variable; b: tf.Variable; opt = tf.train.sgd(0.1)
    constructor(flag = choose()) { this.a = tf.variable(tf.randomNormal([3, 4])); this.b = tf.variable(tf.randomNormal([4, 2])); ${body} }
    forward(x) { return tf.matMul(tf.relu(tf.matMul(x, this.a)), this.b) }
    parameters() { return [this.a, this.b] }
    get some() { return [this.b] }
    step(x, y) {
      const { value, grads } = tf.variableGrads(() => tf.losses.meanSquaredError(y, this.forward(x)), ${step})
      this.opt.applyGradients(grads)
    }
    dispose() { this.weights.forEach((w) => w.dispose()) }
  }
  declare function choose(): boolean`

describe("a field or method of a class", () => {
  test.each([
    ["a field", "this.weights = [this.a, this.b]", "this.weights"],
    ["a field that is filled", "this.weights.push(this.a); this.weights.push(this.b)", "this.weights"],
    ["a method", "", "this.parameters()"],
  ])("%s: all of them", (_, body, step) => expect(fatesOf(mlp(body, step), "MLP")).toEqual(drifts))
  test("a getter with a part of them", () => expect(fatesOf(mlp("", "this.some"), "MLP")).toEqual(broken("a")))
  test.each([
    ["filled on a condition", "this.weights.push(this.a); if (flag) this.weights.push(this.b)"],
    ["chosen", "this.weights = flag ? [this.a, this.b] : [this.b]"],
    ["made twice", "this.weights = [this.a, this.b]; this.weights = pick(this)"],
  ])("%s: nothing is promised", (_, body) => expect(fatesOf(mlp(body), "MLP")).toEqual(open))
})

const nets = (list: string, more = "") => `class Dense {
    w: tf.Variable; b: tf.Variable
    constructor(i, o, readonly act) { this.w = tf.variable(tf.randomNormal([i, o])); this.b = tf.variable(tf.zeros([o])) }
    forward(x) { const y = tf.matMul(x, this.w).add(this.b); return this.act ? this.act(y) : y }
    parameters() { return [this.w, this.b] }
    heads() { return [this.w] }
  }
  class Net {
    layers: Dense[]
    constructor() { this.layers = [new Dense(4, 8, tf.relu), new Dense(8, 3)] }
    forward(x) { return this.layers.reduce((h, l) => l.forward(h), x) }
    parameters() { return this.layers.flatMap((l) => l.parameters()) }
    collected() { const all = []; for (const l of this.layers) all.push(...l.parameters()); return all }
    last() { return this.layers[1].parameters() }
    heads() { return this.layers.map((l) => l.w) }
  }
  const net = new Net(), other = new Net(), opt = tf.train.sgd(0.1)
  export function step(x, y) { opt.minimize(() => net.forward(x).sub(y).square().mean().add(other.forward(x).mean().mul(0)), false, ${list}) }
  ${more}`

describe("lists of the instances of a class", () => {
  test.each([
    ["parameters of its layers", "net.parameters()"],
    ["in a loop", "net.collected()"],
    ["of both", "[...net.parameters(), ...other.parameters()]"],
  ])(
    "%s: all of them", (_, list) => expect(fatesOf(nets(list), "Net")).toEqual(drifts))
  test.each([["one layer", "net.last()", "layers/0/w, layers/0/b"], ["without biases", "net.heads()", "layers/0/b"]])(
    "%s: a part of them", (_, list, left) => expect(fatesOf(nets(list), "Net")).toEqual(broken(left)))
  test("a part of one instance and the rest of another is all of none", () =>
    expect(fatesOf(nets("[net.layers[0].w, net.layers[0].b, ...other.last()]"), "Net")).not.toEqual(drifts))
})

const model = (list: string, made = "") => `const model = tf.sequential()
  model.add(tf.layers.dense({ units: 6, inputShape: [8], activation: "relu" }))
  ${made}
  model.add(tf.layers.dense({ units: 3 }))
  const opt = tf.train.sgd(0.1), vars = model.trainableWeights.map((w: any) => w.val), kept = model.getWeights() as tf.Variable[]
  export function step(x, y) { return opt.minimize(() => tf.losses.meanSquaredError(y, model.apply(x, { training: true })), true, ${list}) }`

describe("lists of the weights of a model", () => {
  test.each(["vars", "kept", "(model.trainableWeights as any[]).map(w => w.val)", "model.getWeights(true) as tf.Variable[]",
    "model.layers.flatMap(l => l.trainableWeights.map((w: any) => w.val))", "undefined", "null"])("%s", (list) =>
    expect(fatesOf(model(list), "model")).toEqual(drifts))
  test("made before its last layer", () =>
    expect(fatesOf(model("early", "const early = model.getWeights()"), "model")).toEqual(open))
  test("of one of its layers", () => {
    const [fate] = fatesOf(model("head", "const head = model.layers[0].getWeights()"), "model")
    expect(fate).toMatch(/not guaranteed|does not train/)
  })
  test("made while a layer was frozen", () => {
    const frozen = model("early").replace("const opt", "model.layers[0].trainable = false; const early = model.trainableWeights.map((w) => w.val)\n" +
      "model.layers[0].trainable = true; const opt")
    expect(fatesOf(frozen, "model").every((fate) => !fate.includes("drifts"))).toBe(true)
  })
  test.each([
    ["as they are", "", drifts],
    ["before a layer is thawed", "model.layers[0].trainable = true;", null],
    ["before a layer is added", "model.add(tf.layers.dense({ units: 1 }));", null],
  ])("of the function of the step, %s", (_, between, expected) => {
    const code = `const first = tf.layers.dense({ units: 6, inputShape: [8], activation: "relu" })
      const model = tf.sequential({ layers: [first, tf.layers.dense({ units: 3 })] })
      const opt = tf.train.sgd(0.1)
      export function step(x, y) {
        const vars = model.trainableWeights.map((w) => w.val)
        ${between}
        opt.minimize(() => tf.losses.meanSquaredError(y, model.apply(x, { training: true })), true, vars)
      }`
    const fates = fatesOf(code, "model")
    if (expected === null) expect(fates.some((fate) => fate.includes("drifts"))).toBe(false)
    else expect(fates).toEqual(expected)
  })
  test("two networks with a constant list each have an optimizer each", () => {
    const dense = (units: number, input: number) =>
      `tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [${input}], activation: "relu" }), tf.layers.dense({ units: ${units} })] })`
    const code = `const gen = ${dense(4, 2)}, disc = ${dense(1, 4)}, slow = tf.train.sgd(0.1), fast = tf.train.adam(0.1)
      const gVars = gen.trainableWeights.map((w) => (w as any).val as tf.Variable), dVars = disc.trainableWeights.map((w) => (w as any).val)
      export const one = (z) => fast.minimize(() => disc.apply(gen.apply(z)).abs().mean(), true, gVars)
      export const two = (z) => slow.minimize(() => disc.apply(gen.apply(z)).neg().abs().mean(), true, dVars)`
    expect(fatesOf(code, "gen")).toEqual([expect.stringMatching(/^tf\.train\.adam\(0\.1\): broken by adam/)])
    expect(fatesOf(code, "disc")).toEqual(drifts)
  })
})

test.each(["model.getWeights()", "model.trainableWeights.map((w) => w.val)", "vars"])("%s lists nothing of the fields of a layer class", (list) => {
  const code = `class Block extends tf.layers.Layer { d = tf.layers.dense({ units: 6, activation: "relu" }); call(x) { return this.d.apply(x) } }
    const input = tf.input({ shape: [4] }), outputs = tf.layers.dense({ units: 2 }).apply(new Block().apply(input))
    const model = tf.model({ inputs: input, outputs })
    const opt = tf.train.sgd(0.1), vars = model.getWeights()
    export function step(x, y) { opt.minimize(() => tf.losses.meanSquaredError(y, model.apply(x, { training: true })), true, ${list}) }`
  expect(fatesOf(code, "model").length).toBeGreaterThan(0)
  expect(fatesOf(code, "model").some((fate) => fate.includes("drifts"))).toBe(false)
})

test.each(["flag ? disc.getWeights() : all", "disc.getWeights().concat(all)"])("a list of %s may be of either network", (made) => {
  const dense = (units: number, input: number) =>
    `tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [${input}], activation: "relu" }), tf.layers.dense({ units: ${units} })] })`
  const code = `const gen = ${dense(4, 2)}, disc = ${dense(1, 4)}, slow = tf.train.sgd(0.1), fast = tf.train.adam(0.1)
    declare const flag: boolean
    const all = [...gen.getWeights(), ...disc.getWeights()], vars = ${made}
    export const one = (z) => slow.minimize(() => disc.apply(gen.apply(z)).abs().mean(), true, gen.getWeights())
    export const two = (z) => fast.minimize(() => disc.apply(gen.apply(z)).neg().abs().mean(), true, vars)`
  expect(fatesOf(code, "gen").some((fate) => fate.startsWith("tf.train.adam"))).toBe(true)
})

test("a parameter of the name of a constant list is another list", () => {
  const dense = (units: number, input: number) =>
    `tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [${input}], activation: "relu" }), tf.layers.dense({ units: ${units} })] })`
  const code = `const gen = ${dense(4, 2)}, disc = ${dense(1, 4)}, slow = tf.train.sgd(0.1), fast = tf.train.adam(0.1), vars = disc.getWeights()
    export const one = (z) => slow.minimize(() => disc.apply(gen.apply(z)).abs().mean(), true, gen.getWeights())
    export const two = (z, vars) => fast.minimize(() => disc.apply(gen.apply(z)).neg().abs().mean(), true, vars)`
  expect(fatesOf(code, "gen").some((fate) => fate.startsWith("tf.train.adam"))).toBe(true)
})

test("code is not shown as the name of a variable", () => {
  const { models } = trace(model("(model.trainableWeights as any[]).filter((w) => w.name !== skip).map(w => w.val)"))
  const [{ optimizers, assumptions }] = models
  expect(optimizers.map(({ text }) => text)).toEqual(["tf.train.sgd(0.1) on variables that the code picks"])
  expect(assumptions).toContain("only variables that the code picks are trained where minimize says so")
})

test("no variables", () => {
  const [{ optimizers, assumptions }] = trace(model("[]")).models
  expect(optimizers.map(({ text }) => text)).toEqual(["tf.train.sgd(0.1) on no variables"])
  expect(assumptions).toContain("minimize is told to train no variables, which tfjs refuses")
})
