/** @file Code that writes weights from wherever it may run between the steps of training, and code that surely does not. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { TracedModel } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { trainingOf } from "../../src/laws/fate"
import { only, trace } from "./program"

const fates = ({ graph, optimizers }: TracedModel): readonly string[] =>
  trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters)
    .flatMap(({ fate }) => fate.map(({ status, detail }) => `${status}: ${detail}`))

const net = `export class Net { a = tf.variable(tf.ones([4, 8])); b = tf.variable(tf.ones([8, 3]))
  forward(x: tf.Tensor2D) { return x.matMul(this.a as any).relu().matMul(this.b as any) } }
  const net = new Net(), opt = tf.train.sgd(0.1)`
const minimize = "opt.minimize(() => tf.losses.meanSquaredError(y, net.forward(x)) as any)"
const shrink = "net.a.assign(net.a.mul(0.9))"
/** An instance, its optimizer, and what else the file has. */
const written = (rest: string): readonly string[] => fates(only(trace(`declare const x: any, y: any, saved: any; ${net}; ${rest}`), "Net"))
const model = `const model = tf.sequential({ layers: [
    tf.layers.dense({ units: 8, inputShape: [4], activation: "relu" }), tf.layers.dense({ units: 2 })] })
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })`
const fitted = (rest: string): readonly string[] =>
  fates(only(trace(`declare const x: any, y: any, saved: any, shrunk: any; ${model}; ${rest}`), "model"))
const halve = "model.setWeights(model.getWeights().map((w) => w.mul(0.5)))"

const sure = /^broken: not guaranteed under sgd .*: the code that trains it also writes (a|weights) itself$/
const perhaps = /^broken: not guaranteed under sgd .*: other code writes (a|weights) itself, perhaps between its steps$/
const turns = /^broken: not guaranteed under sgd .*: the code that trains it freezes parts of it in turns$/
const train = `function train(after: any) { for (let i = 0; i < 3; i++) { ${minimize}; after(net) } }`

test.each([
  ["a callback that a function calls", `${train}; train((n: Net) => { n.a.assign(n.a.mul(0.2)) })`],
  ["a named callback", `function project() { ${shrink} } ${train}; train(project)`],
  ["a callback under another name", `const project = () => { ${shrink} }; const after = project; ${train}; train(after)`],
  ["a callback that a function makes", `const make = (n: Net) => () => n.a.assign(n.a.mul(0.2)); ${train}; train(make(net))`],
  ["a callback handed on", `${train}; const both = (f: any) => train(f); both(() => { ${shrink} })`],
  ["a callback among settings", `function train(o: any) { for (;;) { ${minimize}; o.after() } } train({ after: () => { ${shrink} } })`],
  ["a callback of a class", `class Trainer { constructor(private after: () => void) {} run() { for (;;) { ${minimize}; this.after() } } }
     new Trainer(() => net.a.assign(net.a.mul(0.2))).run()`],
  ["a callback that a class keeps", `class Trainer { after: any; constructor(after: any) { this.after = after }
     run() { for (;;) { ${minimize}; this.after() } } }
     const trainer = new Trainer(() => { ${shrink} }); trainer.run()`],
  ["a list of hooks", `const hooks: any[] = []; hooks.push(() => net.a.assign(net.a.mul(0.5)))
     for (let e = 0; e < 3; e++) { ${minimize}; for (const h of hooks) h() }`],
  ["hooks that are called for each", `const hooks = [() => { ${shrink} }]; for (;;) { ${minimize}; hooks.forEach((h) => h()) }`],
  ["a record of hooks", `const hooks: any = {}; hooks.after = () => { ${shrink} }; for (;;) { ${minimize}; hooks.after() }`],
  ["a method by its name as text", `while (true) { ${minimize}; net.a["assign"](net.a.mul(0.9)) }`],
  ["a bound method", `while (true) { ${minimize}; const { a } = net; const f = a.assign.bind(a); f(a.mul(0.9)) }`],
  ["call", `while (true) { ${minimize}; net.a.assign.call(net.a, net.a.mul(0.9)) }`],
  ["apply", `while (true) { ${minimize}; tf.Variable.prototype.assign.apply(net.a, [net.a.mul(0.9)]) }`],
  ["a method that is handed over", `while (true) { ${minimize}; [0.9].map((c) => net.a.mul(c)).forEach(net.a.assign, net.a) }`],
  ["a field that is given another weight", `export function go() { for (;;) { ${minimize}
     const old = net.a; net.a = tf.variable(net.a.mul(0.9)); old.dispose() } }`],
  ["code in tf.tidy", `function step() { ${minimize}; tf.tidy(() => { ${shrink} }) } step()`],
])("written at every step through %s", (_, rest) => {
  const found = written(rest)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(sure)
})

const step = `export const step = () => { ${minimize} }`
test.each([
  ["timers", `${step}; setInterval(step, 10); setInterval(() => net.a.assign(net.a.mul(0.2)), 100)`],
  ["one timer", `${step}; setTimeout(() => { ${shrink} }, 100)`],
  ["what nobody knows", `import { every } from "./elsewhere"; ${step}; every(10, () => net.a.assign(saved))`],
  ["an emitter of another file", `import { bus } from "./bus"; ${step}; bus.on("step", () => net.a.assign(saved))`],
  ["an emitter of this file", `${step}; const bus: any = { on(e: string, f: any) { this[e] = f } }; bus.on("step", () => net.a.assign(saved))`],
  ["a function of the file's interface", `${step}; export function shrink() { ${shrink} }`],
  ["a method of a class", `${step}; export class Clip { run() { ${shrink} } }`],
  ["a method of an object that is exported", `${step}; export const tools = { shrink() { ${shrink} } }`],
  ["a method looked up by a text", `${step}; const how = "assign"; for (;;) { (net.a as any)[how](saved) }`],
])("written perhaps by %s", (_, rest) => {
  const found = written(rest)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(perhaps)
})

test.each([
  ["a callback that a function makes", `function make(m: any) { return {
     onEpochEnd: async () => { m.setWeights(m.getWeights().map((w: any) => w.mul(0.9))) } } }
     export async function go() { const callbacks = make(model); await model.fit(x, y, { callbacks }) }`, sure],
  ["a callback in a list", `const clip = { onBatchEnd() { ${halve} } }; const all = [clip]; model.fit(x, y, { callbacks: all })`, sure],
  ["a callback of an unknown class", `const clip = new tf.CustomCallback({ onBatchEnd: async () => { ${halve} } });
     model.fit(x, y, { callbacks: clip })`, sure],
  ["an event", `const bus: any = { on(e: string, f: any) { this[e] = f }, emit(e: string) { this[e]() } }
     bus.on("epoch", () => ${halve})
     export async function go() { for (;;) { await model.fit(x, y); bus.emit("epoch") } }`, perhaps],
  ["weights of a file", `export async function go() { for (let e = 0; e < 5; e++) { await model.fit(x, y); await model.loadWeights("x") } }`, sure],
  ["what trains another part at every step",
    "for (let i = 0; ; i++) { model.layers[0].trainable = i % 2 === 0; await model.fit(x, y) }", turns],
  ["what trains a named part later", "for (;;) { model.getLayer('dense_1').trainable = false; await model.trainOnBatch(x, y) }", turns],
  ["another name of the model", `const alias = model
     export async function go() { for (;;) { await model.fit(x, y); alias.setWeights(model.getWeights().map((w) => w.mul(0.9))) } }`, sure],
  ["a method under another name", `const set = model.setWeights; for (;;) { await model.fit(x, y); set.call(model, shrunk) }`, sure],
  ["a method taken out", `const { setWeights } = model; for (;;) { await model.fit(x, y); setWeights.call(model, shrunk) }`, sure],
  ["a second model of the same layers", `const same = tf.model({ inputs: model.inputs, outputs: model.outputs })
     for (;;) { await model.fit(x, y); same.setWeights(model.getWeights().map((w) => w.mul(0.9))) }`, sure],
])("a compiled model is written by %s", (_, rest, how) => {
  const found = fitted(rest)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(how)
})

const target = `function build() { const m = tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: "relu" }),
  tf.layers.dense({ units: 2 })] }); m.compile({ optimizer: "sgd", loss: "meanSquaredError" }); return m }`
test.each([
  ["once, at the top of the file", `${shrink}; ${train}; train(() => {})`, written],
  ["once, after a promise", `${train}; fetch("w").then(() => { net.a.assign(saved) }); train(() => {})`, written],
  ["by a callback of what is no training", `const timed = (f: any) => { console.time(); f(); console.timeEnd() }; timed(() => net.a.assign(saved))
     ${train}; train(() => {})`, written],
  ["when somebody asks for it", `${step}; document.getElementById("load")!.addEventListener("click", () => net.a.assign(saved))`, written],
  ["by a method that loads it", `${step}; export class Store { load(ws: any) { net.a.assign(ws[0]) } }`, written],
  ["from another one", `${step}; export function copy(from: Net) { net.a.assign(from.a) }`, written],
  ["by what a page calls", `${step}; document.getElementById("reset")!.onclick = () => net.a.assign(tf.randomNormal([4, 8]))`, written],
  ["where all of it is frozen and trained again", `export async function go() {
     for (;;) { model.trainable = false; model.trainable = true; await model.fit(x, y) } }`, fitted],
  ["in a test", `it("learns", async () => { model.setWeights(saved); await model.fit(x, y) })`, fitted],
  ["where only a running mean is kept", `const mean = tf.variable(tf.zeros([4, 8]), false)
     for (;;) { ${minimize}; mean.assign(mean.mul(0.9).add(net.a.mul(0.1))) }`, written],
])("nothing is written between steps: %s", (_, rest, of) => {
  expect(of(rest).map((text) => text.split(":")[0])).toEqual(["drifts"])
})

const agent = (more: string, sync = "this.target.setWeights(this.online.getWeights())"): readonly string[] =>
  fates(only(trace(`${target} export class Agent { online = build(); target = build()
    async train(x: any, y: any) { await this.online.fit(x, y); ${sync} } ${more} }`), "build"))

test("a target network that nobody trains may be written", () => {
  expect(agent("")[0]).toMatch(/^drifts/)
  expect(agent("act(x: any) { return this.target.predict(x) }")[0]).toMatch(/^drifts/)
  expect(agent("constructor() { this.target.trainable = false }")[0]).toMatch(/^drifts/)
  const soft = "const w = this.online.getWeights(); this.target.setWeights(this.target.getWeights().map((t, i) => t.mul(0.9).add(w[i].mul(0.1))))"
  expect(agent("", soft)[0]).toMatch(/^drifts/)
  expect(agent("", "this.target.layers.forEach((l, i) => l.setWeights(this.online.layers[i].getWeights()))")[0]).toMatch(/^drifts/)
})

test("it is none where it is trained, or has another name", () => {
  const said = /^broken: not guaranteed/
  expect(agent("swap(x: any, y: any) { return this.target.fit(x, y) }")[0]).toMatch(said)
  expect(agent("swap() { const t = this.target; this.target = this.online; this.online = t }")[0]).toMatch(said)
  expect(agent("get both() { return [this.online, this.target] }")[0]).toMatch(said)
})

test("names that lead to names without end may lead anywhere", () => {
  const chain = Array.from({ length: 3000 }, (_, i) => `let v${i + 1}: any = given(v${i});`)
  const found = written(`import { given } from "./given"; let v0: any = net; ${chain.join("\n")}
    export function go() { for (;;) { ${minimize}; v3000.a.assign(v2999.b) } }`)
  expect(found[0]).toMatch(sure)
})

/** A network of its own file, and the files that use it. */
const program = (files: Readonly<Record<string, string>>): readonly string[] => {
  const head = `import * as tf from "@tensorflow/tfjs"; declare const x: any, y: any, saved: any;`
  const others = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, `${head} ${text}`]))
  return fates(only(trace({ "/main.ts": `${head} ${net}; ${step}`, ...others }), "Net"))
}
const use = `import { net, step } from "./main"`
const clip = "export function clip(m: any) { m.a.assign(m.a.clipByValue(-1, 1)) }"
const load = "export function load(m: any, w: any) { m.a.assign(w) }"
const netOut = net.replace("const net", "export const net")

test.each([
  ["in the file that calls the step", { "/run.ts": `${use}; for (;;) { step(); net.a.assign(net.a.mul(0.9)) }` }, sure],
  ["in a third file, called beside the step", {
    "/clip.ts": clip, "/run.ts": `${use}; import { clip } from "./clip"; for (;;) { step(); clip(net) }`,
  }, sure],
  ["under another name", { "/clip.ts": clip, "/run.ts": `${use}; import { clip as limit } from "./clip"; for (;;) { step(); limit(net) }` }, sure],
  ["whatever it is given", { "/load.ts": load, "/run.ts": `${use}; import { load } from "./load"; for (;;) { step(); load(net, saved) }` }, sure],
  ["in a file that nobody calls", { "/clip.ts": `import { net } from "./main"; export function clip() { net.a.assign(net.a.mul(0.5)) }` }, perhaps],
])("written %s", (_, files, how) => {
  const found = program({ "/main.ts": `${netOut}; ${step}`, ...files })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(how)
})

test.each([
  ["a function that loads, once", { "/load.ts": load, "/run.ts": `${use}; import { load } from "./load"; load(net, saved); for (;;) { step() }` }],
  ["another network", {
    "/other.ts": `export class Other { v = tf.variable(tf.ones([2])); forward(x: any) { return x.mul(this.v) } } export const other = new Other()`,
    "/run.ts": `${use}; import { other } from "./other"; for (;;) { step(); other.v.assign(other.v.mul(0.9)) }`,
  }],
])("not written by %s", (_, files) => {
  expect(program({ "/main.ts": `${netOut}; ${step}`, ...files })[0]).toMatch(/^drifts/)
})
