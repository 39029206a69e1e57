/**
 * @file In which mode training runs a network: what apply is told, what nobody sees, steps by hand beside fit. In both modes, or in one that is not
 * known, only what both keep is said.
 */
import { describe, expect, test } from "vitest"
import type { TracedModel } from "../../src/graph/graph"
import { auditLaws, declaredSize, deriveClaims } from "../support/laws"
import { analyzeOnly } from "../support/source"
import { only, operations, trace } from "./program"

const withInner = (inner: string): string => `const net = tf.sequential({ layers: [
  tf.layers.dense({ units: 6, inputShape: [8], activation: "relu", name: "a" }), ${inner}, tf.layers.dense({ units: 3, name: "b" })] })
const opt = tf.train.sgd(0.01)`
const normalizing = withInner(`tf.layers.batchNormalization({ name: "n" })`)
const compiled = `net.compile({ optimizer: opt, loss: "meanSquaredError" })`
const minimize = (run: string): string => `opt.minimize(() => tf.losses.meanSquaredError(y, ${run}))`
const step = (run: string, before = ""): string => `${before}\nexport function step(x, y) { ${minimize(run)} }`

/** Which of the modes a network with a batch normalization is read in. */
function modeOf(model: TracedModel): string {
  const made = operations(model).join(" ")
  return made.includes("select") ? "either" : made.includes("normalize") ? "fitted" : "predicting"
}
const modeIn = (code: string): string => modeOf(only(trace(`${normalizing}\n${code}`), "net"))

describe("options of apply", () => {
  test.each([
    ["net.apply(x, options)", "const options = { training: true }", "fitted"],
    ["net.apply(x, options)", "const options = { training: false }", "predicting"],
    ["net.apply(x, { training })", "const training = true", "fitted"],
    ["net.apply(x, { 'training': true } as any)", "", "fitted"],
    ["net.apply(x, {})", "", "predicting"],
    ["net.apply(x, undefined)", "", "predicting"],
    ["net.apply(x, options)", "const options = { training: false }; options.training = true", "either"],
    ["net.apply(x, options)", "const options = { training: false }; change(options)", "either"],
    ["net.apply(x, options)", "let options = { training: false }", "either"],
    ["net.apply(x, options)", "export const options = { training: false }", "either"],
    ["net.apply(x, options)", "const options = { training: false }; function other(options) { return options }", "either"],
    ["net.apply(x, settings.options)", "", "either"],
    ["net.apply(x, optionsOf())", "", "either"],
    ["net.apply(x, { ...options })", "const options = { training: true }", "either"],
    ["net.apply(x, { training: isTraining() })", "", "either"],
    ["net.apply(x, { [key]: true })", "", "either"],
    ["net.apply(...given)", "const given = [x, { training: true }]", "either"],
    ["run(x, { training: true })", "const run = (x, kwargs) => net.apply(x, kwargs)", "either"],
    ["net['apply'](x, { training: true })", "", "either"],
    ["net.predict(x).add(other(net, x))", "", "either"],
    ["run(net, x)", "const run = (model, x) => model.predict(x)", "predicting"],
  ])("%s with %s: %s", (run, before, mode) => expect(modeIn(step(run, before))).toBe(mode))

  test("an option that a caller gives", () => {
    const code = `export function step(x, y, training = true) { const opts = { training }; ${minimize("net.apply(x, opts)")} }`
    expect(modeIn(code)).toBe("either")
  })
})

describe("what trains it", () => {
  test.each([
    ["nothing in sight", "", "fitted"],
    ["compile alone", compiled, "fitted"],
    ["compile and fit", `${compiled}; net.fit(xs, ys)`, "fitted"],
    ["compile without fit, and steps by hand", `${compiled}\n${step("net.predict(x)")}`, "predicting"],
    ["fit, and steps by hand", `${compiled}; net.fit(xs, ys)\n${step("net.predict(x)")}`, "either"],
    ["fit, and steps by hand as in fit", `${compiled}; net.fit(xs, ys)\n${step("net.apply(x, { training: true })")}`, "fitted"],
    ["steps of both kinds", `export function step(x, y) { ${minimize("net.apply(x, { training: true })")}; ${minimize("net.apply(x)")} }`, "either"],
    [
      "layers one by one",
      "export function step(x) { opt.minimize(() => { let h = x; for (const l of net.layers) h = l.apply(h); return h.mean() }) }", "either",
    ],
  ])("%s", (_, code, mode) => expect(modeIn(code)).toBe(mode))

  const other = `const rest = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [8] })] }), alone = tf.layers.dense({ units: 3 })`
  test.each([
    ["a generator", "function* all() { yield net }; export function step(x, y) { for (const n of all()) MINIMIZE }", "n.predict(x)", "either"],
    ["a promise", "export async function step(x, y) { const n = await Promise.resolve(net); MINIMIZE }", "n.predict(x)", "either"],
    ["records of records", "const nets = { a: { b: net } }; export function step(x, y, k, j) { MINIMIZE }", "nets[k][j].predict(x)", "either"],
    ["lists of lists", "export function step(x, y) { [net].map((n) => [n, 1]).forEach(([n]) => MINIMIZE) }", "n.predict(x)", "predicting"],
    ["another network's name", "export function step(x, y) { MINIMIZE }", "rest.predict(x)", "fitted"],
    ["the name of a layer that stands alone", "export function step(x, y) { MINIMIZE }", "alone.apply(x)", "fitted"],
  ])("a step that runs what it takes from %s", (_, code, run, mode) => {
    const text = `${normalizing}\n${other}\n${code.replace("MINIMIZE", minimize(run))}`
    expect(modeOf(only(trace(text), "net"))).toBe(mode)
  })

  test("a loss of another file may run it in any mode, and that is said", () => {
    const model = only(trace({
      "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { lossOf } from "./loss"\n${normalizing}
        export function step(x, y) { opt.minimize(() => lossOf(net, x, y)) }`,
      "/loss.ts": `export const lossOf = (m, x, y) => tf.losses.meanSquaredError(y, m.predict(x))`,
    }))
    expect(modeOf(model)).toBe("either")
    expect(model.assumptions.join()).toContain("only what holds both ways is said")
  })
})

describe("laws of both modes hold in each", () => {
  const ways = ["net.apply(x, { training: true })", "net.apply(x)"]

  test.each([
    ["batchNormalization", `tf.layers.batchNormalization({ name: "n" })`, ["n/gamma n/beta b/kernel"]],
    ["dropout", "tf.layers.dropout({ rate: 0.5 })", ["a/kernel a/bias b/kernel"]],
    ["gaussianDropout", "tf.layers.gaussianDropout({ rate: 0.5 })", ["a/kernel a/bias b/kernel"]],
    ["gaussianNoise", "tf.layers.gaussianNoise({ stddev: 1 })", []],
    ["alphaDropout", "tf.layers.alphaDropout({ rate: 0.3 })", []],
    [
      "several", `tf.layers.dropout({ rate: 0.5 }), tf.layers.batchNormalization({ name: "n" }), tf.layers.dropout({ rate: 0.2 })`,
      ["n/gamma n/beta b/kernel"],
    ],
  ])("%s", (_, inner, laws) => {
    const read = (body: string): TracedModel => only(trace(`${withInner(inner)}\nexport function step(x, y) { ${body} }`), "net")
    const both = read(ways.map(minimize).join(";")), claims = deriveClaims(both.graph)
    expect(both.unsupported).toEqual([])
    expect(claims.derived.laws.map(({ parameters }) => parameters.join(" "))).toEqual(laws)
    for (const way of ways) expect(auditLaws(read(minimize(way)).graph, 3, declaredSize, claims).broken, way).toEqual([])
    expect(auditLaws(both.graph).broken).toEqual([])
  })

  test("dropout within a recurrence", () => {
    const net = `const net = tf.sequential({ layers: [tf.layers.lstm({ units: 4, inputShape: [5, 3], dropout: 0.5, recurrentDropout: 0.5 }),
      tf.layers.dense({ units: 2, name: "b" })] }); const opt = tf.train.sgd(0.1)`
    const read = (body: string): TracedModel => only(trace(`${net}\nexport function step(x, y) { ${body} }`), "net")
    const both = read(ways.map(minimize).join(";")), claims = deriveClaims(both.graph)
    expect(operations(both)).toContain("select")
    for (const way of ways) expect(auditLaws(read(minimize(way)).graph, 3, declaredSize, claims).broken, way).toEqual([])
  })

  const normalizer = (told: string): string => `class Norm extends tf.layers.Layer {
    static className = "Norm"; moving = tf.variable(tf.ones([6]), false); inner = tf.layers.dropout({ rate: 0.5 })
    call(x, kwargs) { const t = Array.isArray(x) ? x[0] : x; ${told} }
    computeOutputShape(s) { return s } }`

  test.each([
    ["does otherwise in prediction", "return kwargs.training ? t.sub(t.mean(0)).div(tf.moments(t, 0).variance.sqrt()) : t.sub(this.moving)", []],
    ["hands the flag on", "return this.inner.apply(t, { training: kwargs.training })", ["a/kernel a/bias b/kernel"]],
  ])("a layer of the source that %s", (_, told, laws) => {
    const code = `${normalizer(told)}\n${withInner("new Norm({})")}\n${step("net.predict(x)")}`
    expect(deriveClaims(only(trace(code), "net").graph).derived.laws.map(({ parameters }) => parameters.join(" "))).toEqual(laws)
  })

  test("a layer that gives one of its weights as it is", () => {
    const code = `class Two extends tf.layers.Layer { static className = "Two"
        build() { this.w = this.addWeight("w", [8, 3]); this.v = this.addWeight("v", [8, 3]) }
        call(x, kwargs) { return [tf.matMul(x, this.w.read()), kwargs.training ? this.w.read() : this.v.read()] } }
      const i = tf.input({ shape: [8] }), [y, k] = new Two({}).apply(i), net = tf.model({ inputs: i, outputs: [y, k] }), opt = tf.train.sgd(0.1)
      export function step(x, y) { opt.minimize(() => { const [a, b] = net.predict(x); return a.sub(y).square().sum().add(b.sum()) }) }`
    const { graph } = only(trace(code), "net"), [y, k] = graph.outputs.map((id) => graph.nodes[id])
    expect(y.op.kind).toBe("einsum")
    expect(graph.nodes[y.operands[1]].op).toMatchObject({ kind: "parameter", parameter: graph.parameters.findIndex(({ id }) => id.endsWith("w")) })
    expect(k.op).toMatchObject({ kind: "parameter", parameter: graph.parameters.findIndex(({ id }) => id.endsWith("v")) })
  })

  test("a cell of the source that does otherwise in prediction", () => {
    const code = `class Cell extends tf.RNNCell { stateSize = 4
      build() { this.w = this.addWeight("w", [3, 4]) }
      call([x, h], kwargs) { const s = tf.matMul(x, this.w.read()).add(h); const y = kwargs.training ? tf.relu(s) : tf.tanh(s); return [y, y] } }
      const net = tf.sequential({ layers: [tf.layers.rnn({ cell: new Cell({}), inputShape: [5, 3] }), tf.layers.dense({ units: 2, name: "b" })] })
      const opt = tf.train.sgd(0.1)
      export function step(x, y) { ${minimize("net.predict(x)")} }`
    expect(operations(only(trace(code), "net"))).toContain("tanh")
    expect(operations(only(trace(code), "net"))).not.toContain("relu")
  })

  test("a scale and an offset are found behind either mode", () => {
    const { model } = analyzeOnly(`${normalizing}\n${step("net.apply(x, optionsOf())")}`)
    expect(model.assumptions.join()).toContain("only what holds both ways is said")
    expect(model.findings.filter(({ rule }) => rule === "no-gradient-op")).toEqual([])
  })

  test("layers that code applies with options that it is given", () => {
    const code = `const d = tf.layers.dense({ units: 4, inputShape: [3] }), drop = tf.layers.dropout({ rate: 0.5 }), o = tf.layers.dense({ units: 2 })
      /** @model\n@shape x [6, 3] */ function f(x, how) { return o.apply(drop.apply(d.apply(x), { ...how })) }`
    const model = only(trace(code), "f")
    expect(operations(model)).toEqual(expect.arrayContaining(["dropout", "select"]))
    expect(model.assumptions.join()).toContain("only what holds both ways is said")
  })
})

describe("networks in records", () => {
  const runs = (before: string, body: string): string => modeIn(`${before}\nexport function train(x, y) { ${body} }`)
  const stepOf = (of: string): string => minimize(`${of}.predict(x)`)

  test.each([
    ["const nets = { main: net }", `for (const k of Object.keys(nets)) ${stepOf("nets[k]")}`],
    ["const nets = { main: net }", `Object.values(nets).forEach((n) => ${stepOf("n")})`],
    ["const nets = { main: net }", `for (const [, n] of Object.entries(nets)) ${stepOf("n")}`],
    ["const nets = new Map([['a', net]])", `nets.forEach((n) => ${stepOf("n")})`],
    ["const make = () => ({ main: net })", `for (const k of ["main"]) ${stepOf("make()[k]")}`],
    ["const box = {}; Object.defineProperty(box, 'inner', { value: net })", stepOf("box.inner")],
    ["const box = {}; Reflect.set(box, 'inner', net)", stepOf("box.inner")],
  ])("%s; %s", (before, body) => expect(runs(before, body)).not.toBe("fitted"))
})
