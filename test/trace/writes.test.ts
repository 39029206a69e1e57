/** @file Code that writes weights itself where it trains them. What is clipped after every step keeps no law, what is only loaded starts anew. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { TracedModel } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { trainingOf } from "../../src/laws/fate"
import { only, trace } from "./program"

const fates = ({ graph, optimizers }: TracedModel): readonly string[] =>
  trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters)
    .flatMap(({ fate }) => fate.map(({ status, detail }) => `${status}: ${detail}`))

const layers = `layers: [tf.layers.dense({ inputShape: [4], units: 5, activation: "relu" }), tf.layers.dense({ units: 3 })]`
/** A compiled model and a function that does something with it. */
const fitted = (body: string): readonly string[] =>
  fates(only(trace(`const net = tf.sequential({ ${layers} }); net.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })
    async function run(x: tf.Tensor, y: tf.Tensor, saved: tf.Tensor[]) { ${body} }`), "net"))
/** A class with a training step. */
const stepped = (body: string, optimizer = "opt = tf.train.sgd(0.1)"): readonly string[] =>
  fates(only(trace(`class Net { w = tf.variable(tf.ones([4, 3])); o = tf.variable(tf.ones([3, 2]))
    mean = tf.variable(tf.ones([4, 3]), false); ${optimizer}
    get params() { return [this.w, this.o] }
    loss(x: tf.Tensor2D, y: tf.Tensor2D) { return tf.losses.meanSquaredError(y, this.forward(x)) as tf.Scalar }
    /** @shape x [batch, 4] */ forward(x: tf.Tensor2D) { return x.matMul(this.w).relu().matMul(this.o) }
    ${body} }`), "Net"))

const minimize = "this.opt.minimize(() => this.loss(x, y))"
const written = /^broken: not guaranteed under sgd .*: the code that trains it also writes/

test.each([
  "for (let i = 0; i < 9; i++) { await net.fit(x, y); net.layers[0].setWeights(net.layers[0].getWeights().map((w) => w.clipByValue(-1, 1))) }",
  `for (let i = 0; i < 9; i++) { await net.trainOnBatch(x, y)
     for (const layer of net.layers) layer.setWeights(layer.getWeights().map((w) => w.mul(0.9))) }`,
  "await net.trainOnBatch(x, y); net.layers.forEach((layer) => layer.setWeights(layer.getWeights().map((w) => w.clipByValue(-1, 1))))",
  "await net.fit(x, y, { callbacks: { onBatchEnd: () => net.setWeights(saved) } })",
])("%s", (body) => {
  const found = fitted(body)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(written)
})

test.each([
  "net.setWeights(saved); await net.fit(x, y)",
  "await net.fit(x, y); net.setWeights(saved)",
  "for (const w of saved) w.print(); net.setWeights(saved); for (let i = 0; i < 9; i++) await net.trainOnBatch(x, y)",
  "const target = tf.sequential({ layers: [] }); for (let i = 0; i < 9; i++) { await net.trainOnBatch(x, y); target.setWeights(net.getWeights()) }",
])("weights only loaded or copied: %s", (body) => {
  expect(fitted(body).map((text) => text.split(":")[0])).toEqual(["drifts"])
})

test.each([
  `train(x: tf.Tensor2D, y: tf.Tensor2D) { ${minimize}; this.w.assign(this.w.clipByValue(-1, 1)) }`,
  `train(x: tf.Tensor2D, y: tf.Tensor2D) { tf.tidy(() => { ${minimize} }); tf.tidy(() => this.w.assign(this.w.clipByValue(-1, 1))) }`,
  `train(x: tf.Tensor2D, y: tf.Tensor2D) { ${minimize}; for (const p of this.params) p.assign(p.mul(0.99)) }`,
])("a step of a class: %s", (body) => {
  const found = stepped(body)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(written)
})

test.each([
  `train(x: tf.Tensor2D, y: tf.Tensor2D) { ${minimize}; this.mean.assign(this.mean.mul(0.9).add(this.w.mul(0.1))) }`,
  `reset() { this.w.assign(tf.randomNormal([4, 3])) } train(x: tf.Tensor2D, y: tf.Tensor2D) { ${minimize} }`,
  `train(x: tf.Tensor2D, y: tf.Tensor2D) { this.w.assign(tf.randomNormal([4, 3])); for (let i = 0; i < 9; i++) ${minimize} }`,
])("what is averaged or set once: %s", (body) => {
  expect(stepped(body).map((text) => text.split(":")[0])).toEqual(["drifts"])
})

test("steps by hand may have a rate for every weight", () => {
  const body = `train(x: tf.Tensor2D, y: tf.Tensor2D) { const { grads } = tf.variableGrads(() => this.loss(x, y))
    this.w.assign(this.w.sub(grads[this.w.name].mul(0.1))); this.o.assign(this.o.sub(grads[this.o.name].mul(0.01))) }`
  expect(stepped(body, "")).toEqual([
    "broken: not guaranteed under steps written by hand: only steps along the gradient are known to keep it",
  ])
})

/** A file of two weights, a step that trains them, and what else is there. */
const module = (rest: string, name = "forward"): readonly string[] =>
  fates(only(trace(`const w1 = tf.variable(tf.ones([4, 3])), w2 = tf.variable(tf.ones([3, 2])), opt = tf.train.sgd(0.1)
    const mean = tf.variable(tf.ones([4]), false)
    export function forward(x: tf.Tensor2D) { return x.matMul(w1 as never).relu().matMul(w2 as never) }
    const loss = (x: tf.Tensor2D, y: tf.Tensor2D) => tf.losses.meanSquaredError(y, forward(x)) as tf.Scalar
    ${rest}`), name))
const clipW1 = "w1.assign(w1.clipByValue(-1, 1))", minimized = "opt.minimize(() => loss(x, y))"
const clip = `function clip() { ${clipW1} }`, step = `function step(x, y) { ${minimized} }`
/** A step and what is done after it. */
const after = (body: string, more = ""): string => `${more}; export const step = (x, y, c) => { ${minimized}; ${body} }`

test.each([
  ["a function of the file after the step", `${clip} function train(x, y) { for (;;) { ${minimized}; clip() } }`],
  ["a function of a function", `${clip}; const next = () => clip(); function train(x, y) { for (;;) { ${minimized}; next() } }`],
  ["step and write in functions", `${clip} ${step} function train(x, y) { for (;;) { step(x, y); clip() } }`],
  ["step and write called one after the other", `${clip} ${step} const go = (x, y) => { step(x, y); clip() }`],
  ["a loop that calls itself", `${clip} function go(x, y) { ${minimized}; clip(); requestAnimationFrame(go) }`],
  ["the trained function itself", `const step = (x, y) => opt.minimize(() => { ${clipW1}; return loss(x, y) })`],
  ["one weight of two", after("const v = c ? w1 : w2; v.assign(v.mul(2))")],
  ["a variable that is given later", after("let v = mean; if (c) v = w2; v.assign(v.mul(2))")],
  ["a list", after("for (const v of all) v.assign(v.mul(2))", "const all = [w1, w2]")],
  ["a list that is filled", after("all.forEach((v) => v.assign(v.mul(2)))", "const all = []; all.push(w1)")],
  ["an item by its number", after("for (let i = 0; i < 2; i++) all[i].assign(all[i].mul(2))", "const all = [w1, w2]")],
  ["entries of a record", after("for (const [, v] of Object.entries(all)) v.assign(v.mul(2))", "const all = { w1, w2 }")],
  ["a parameter", after("double(w1)", "function double(v: tf.Variable) { v.assign(v.mul(2)) }")],
  ["what a function gives", after("all().forEach((v) => v.assign(v.mul(2)))", "const all = () => [w1, w2]")],
  ["a list of functions that give them", after("[0, 1].map((i) => pick(i)).forEach((v) => v.assign(v.mul(2)))", "const pick = (i) => [w1, w2][i]")],
  ["the variables of the engine", after("const all = tf.engine().registeredVariables; for (const k in all) all[k].assign(all[k].mul(2))")],
  ["a function handed over", after("[w1, w2].forEach(double); double(mean)", "function double(v: tf.Variable) { v.assign(v.mul(2)) }")],
  ["a method of a name that another class has", after("c.get(1).assign(w1)", "class Other { get() { return mean } }")],
  ["what is not known", after("c.assign(c.mul(2))")],
  ["what another file has", after("held.v.assign(held.v.mul(2))", 'import { held } from "./held"')],
])("written through %s", (_, rest) => {
  const found = module(rest)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(written)
})

test.each([
  ["another weight through a function", after("track(mean)", "function track(v: tf.Variable) { v.assign(v.mul(0.9)) }")],
  ["a function that nobody calls there", `${clip} ${step}`],
  ["once before a whole training", `${clip} function run(x, y) { for (;;) { ${minimized} } } function main(x, y) { clip(); run(x, y) }`],
  ["text", after('process.stdout.write("."); process.stdout.write(String(1))')],
  ["an object", after("Object.assign({ a: 1 })")],
])("nothing of the model is written: %s", (_, rest) => {
  expect(module(rest).map((text) => text.split(":")[0])).toEqual(["drifts"])
})

test.each([
  "const layer = net.layers[0]; for (;;) { await net.trainOnBatch(x, y); layer.setWeights(saved) }",
  "const { layers } = net; for (;;) { await net.trainOnBatch(x, y); layers[0].setWeights(saved) }",
  "for (;;) { await net.fit(x, y); const ws = net.getWeights(); ws.forEach((w, i) => (w as tf.Variable).assign(saved[i])) }",
  "const clip = () => net.setWeights(saved); await net.fit(x, y, { callbacks: { onBatchEnd: clip } })",
  "const callbacks = { onBatchEnd: async () => { net.setWeights(saved) } }; await net.fit(x, y, { callbacks })",
  `class Clip extends tf.CustomCallback { constructor() { super({ onBatchEnd: async () => { net.setWeights(saved) } }) } }
     await net.fit(x, y, { callbacks: new Clip() })`,
  `class Clip extends tf.Callback { async onBatchEnd() { net.setWeights(saved) } }
     const clip = new Clip(); await net.fit(x, y, { callbacks: [clip] })`,
  "const clip = (m: tf.LayersModel) => { for (const l of m.layers) l.setWeights(saved) }; for (;;) { await net.fit(x, y); clip(net) }",
  "async function epoch() { await net.fit(x, y); net.setWeights(saved); setTimeout(epoch) }",
])("a compiled model: %s", (body) => {
  const found = fitted(body)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(written)
})

test("a layer in a variable of its own may be part of any model, a model is not", () => {
  const model = (given: string, made: string): readonly string[] =>
    fates(only(trace(`const first = ${made}
      const net = tf.sequential({ layers: [${given}, tf.layers.dense({ units: 3 })] })
      net.compile({ optimizer: "sgd", loss: "meanSquaredError" })
      async function run(x: tf.Tensor, y: tf.Tensor, saved: tf.Tensor[]) {
        for (;;) { await net.trainOnBatch(x, y); first.setWeights(saved) }
      }`), "net"))
  const layer = `tf.layers.dense({ inputShape: [4], units: 5, activation: "relu" })`, other = `tf.sequential({ layers: [${layer}] })`
  expect(model("first", layer)[0]).toMatch(written)
  expect(model(layer, layer)[0]).toMatch(written)
  expect(model("first", other)[0]).toMatch(written)
  expect(model(layer, other)[0]).toMatch(/^drifts/)
})

test("methods and instances: the discriminator that is clipped, not the generator", () => {
  const traced = (body: string): ReturnType<typeof trace> => trace(`
    class Base { clip(v: tf.Variable) { v.assign(v.clipByValue(-1, 1)) } }
    class G { w1 = tf.variable(tf.ones([2, 6])); w2 = tf.variable(tf.ones([6, 4]))
      forward(z: tf.Tensor2D) { return tf.matMul(tf.relu(tf.matMul(z, this.w1 as never)), this.w2 as never) } }
    class D extends Base { v1 = tf.variable(tf.ones([4, 6])); v2 = tf.variable(tf.ones([6, 1]))
      forward(z: tf.Tensor2D) { return tf.matMul(tf.relu(tf.matMul(z, this.v1 as never)), this.v2 as never) }
      all() { return [this.v1, this.v2] }
      limit() { this.v1.assign(this.v1.clipByValue(-1, 1)) } }
    const g = new G(), d = new D(), go = tf.train.sgd(0.1), dO = tf.train.sgd(0.1)
    export function step(x: tf.Tensor2D, z: tf.Tensor2D) {
      dO.minimize(() => tf.mean(d.forward(x)) as tf.Scalar, false, [d.v1, d.v2] as never)
      go.minimize(() => tf.mean(g.forward(z)) as tf.Scalar, false, [g.w1, g.w2] as never)
      ${body}
    }`)
  const bodies = [
    "d.v1.assign(d.v2)", "d.limit()", "for (const v of d.all()) v.assign(v.mul(0.9))", "const { v2 } = d; v2.assign(v2.mul(0.9))", "d.clip(d.v1)",
  ]
  for (const body of bodies) {
    expect([body, ...fates(only(traced(body), "D"))]).toEqual([body, expect.stringMatching(written)])
    expect([body, ...fates(only(traced(body), "G"))]).toEqual([body, expect.stringMatching(/^drifts/)])
  }
})

test("what one of two models of a function is given back, where both are trained, is no copy", () => {
  const model = (more: string): readonly string[] =>
    fates(only(trace(`function build() { const m = tf.sequential({ ${layers} }); m.compile({ optimizer: "sgd", loss: "meanSquaredError" }); return m }
      const net = build(), other = build()
      async function run(x: tf.Tensor, y: tf.Tensor) {
        for (;;) { await net.trainOnBatch(x, y); ${more} other.setWeights(net.getWeights()) }
      }`), "build"))
  expect(model("")[0]).toMatch(/^drifts/)
  expect(model("await other.trainOnBatch(y, x);")[0]).toMatch(written)
})

const library = `import * as tf from "@tensorflow/tfjs"
  export function decay(vars: tf.Variable[], k: number) { for (const v of vars) v.assign(v.mul(k)) }`
/** A network with a library that it imports, and what else there is. */
const withLibrary = (rest: Readonly<Record<string, string>>): readonly string[] => fates(only(trace({
  "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { decay } from "./library"
    export const w1 = tf.variable(tf.ones([4, 3])), w2 = tf.variable(tf.ones([3, 2])), opt = tf.train.sgd(0.1)
    /** @shape x [batch, 4] */ export const net = (x: tf.Tensor2D) => x.matMul(w1).relu().matMul(w2)
    export const step = (x: tf.Tensor2D, y: tf.Tensor2D) => { opt.minimize(() => tf.losses.meanSquaredError(y, net(x)) as tf.Scalar) }`,
  "/library.ts": library, ...rest,
}), "net"))

test("what another file exports and nobody calls is not written", () => {
  expect(withLibrary({})[0]).toMatch(/^drifts/)
})

test.each([
  'import { decay } from "./library"; import { step, w1, w2 } from "./main"; for (;;) { step(x, y); decay([w1, w2], 0.9) }',
  'import { decay as d } from "./library"; import { step, w1, w2 } from "./main"; for (;;) { step(x, y); d([w1, w2], 0.9) }',
  'import * as l from "./library"; import { step, w1, w2 } from "./main"; for (;;) { step(x, y); l["de" + "cay"]([w1, w2], 0.9) }',
  'import { decay } from "./library"; import { step } from "./main"; export const hooks = { step, after: decay }',
  'const l = require("./library"); module.exports = l',
])("but may be where some file calls it or hands it on: %s", (other) => {
  expect(withLibrary({ "/other.ts": other })[0]).toMatch(/^broken: not guaranteed/)
})

test.each([
  ["await net.fit(x, y, { callbacks: { onEpochEnd: () => { ends.next() } } })", "const ends = shrink()"],
  ["await net.trainOnBatch(x, y); for (const w of shrink()) w.print()", ""],
])("a generator writes where its values are taken: %s", (body, before) => {
  const found = fitted(`function* shrink() { while (true) yield net.layers[0].setWeights(net.layers[0].getWeights().map((w) => w.mul(0.9))) }
    ${before}; for (let i = 0; i < 9; i++) { ${body} }`)
  expect(found.map((fate) => fate.split(" ")[0])).toEqual(["broken:"])
})

test.each([
  ["toString() { this.w.assign(this.w.mul(0.9)); return 'net' }", "console.log(`${this}`)"],
  ["*[Symbol.iterator]() { yield this.w.assign(this.w.mul(0.9)) }", "for (const w of this as any) print(w)"],
])("what the language calls by itself: %s", (method, call) => {
  const found = stepped(`${method}\n train(x: tf.Tensor2D, y: tf.Tensor2D) { for (let i = 0; i < 9; i++) { ${minimize}; ${call} } }`)
  expect(found.map((fate) => fate.split(" ")[0])).toEqual(["broken:"])
})
