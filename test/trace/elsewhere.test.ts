/** @file Code of other files that gets hold of a network and may run it in another mode, in a step that is in sight or in one that is not. */
import { describe, expect, test } from "vitest"
import { deriveClaims } from "../support/laws"
import { only, operations, trace } from "./program"

const head = `import * as tf from "@tensorflow/tfjs"`
const net = `export const net = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [8], name: "a" }),
  tf.layers.batchNormalization({ name: "n" }), tf.layers.dense({ units: 3, name: "b" })] })
const opt = tf.train.sgd(0.01)`
const fitted = `tf.losses.meanSquaredError(y, net.apply(x, { training: true }))`
const step = (loss: string): string => `export function step(x, y) { opt.minimize(() => ${loss}) }`

/** The mode that a network is read in, and its laws. */
function read(imported: string, code: string, other: string): { readonly mode: string; readonly laws: readonly string[] } {
  const model = only(trace({ "/main.ts": `${head}; ${imported}\n${net}\n${code}`, "/other.ts": `${head}; ${other}` }), "net")
  const made = operations(model).join(" ")
  const mode = made.includes("select") ? "either" : made.includes("normalize") ? "fitted" : "predicting"
  return { mode, laws: deriveClaims(model.graph).derived.laws.map(({ family, parameters }) => `${family} ${parameters.join(" ")}`) }
}

describe("a step in sight that calls another file's function", () => {
  const lossOf = `export const lossOf = (m) => (x) => m.predict(x).mean()`

  test.each([
    ["that is made of the network", `import { lossOf } from "./other"`, `const more = lossOf(net); ${step(`${fitted}.add(more(x))`)}`, lossOf],
    ["a method of what holds the network", `import { Runner } from "./other"`, `const r = new Runner(net); ${step(`${fitted}.add(r.run(x))`)}`,
      `export class Runner { constructor(m) { this.m = m } run(x) { return this.m.predict(x).mean() } }`],
    ["that was told the network", `import { set, loss } from "./other"`, `set(net); ${step(`${fitted}.add(loss(x))`)}`,
      `let m; export const set = (n) => { m = n }; export const loss = (x) => m.predict(x).mean()`],
    ["that imports the network", `import { loss } from "./other"`, step(`${fitted}.add(loss(x))`),
      `import { net } from "./main"; export const loss = (x) => net.predict(x).mean()`],
    ["that imports the network, beside fit", `import { loss } from "./other"`,
      `net.compile({ optimizer: opt, loss: "meanSquaredError" }); net.fit(xs, ys); ${step("loss(x)")}`,
      `import { net } from "./main"; export const loss = (x) => net.predict(x).mean()`],
  ])("%s", (_, imported, code, other) => expect(read(imported, code, other).mode).toBe("either"))

  test.each([
    ["only evaluates it", `import { lossOf } from "./other"`, `console.log(lossOf(net)(xs)); ${step(fitted)}`, lossOf],
    ["runs no network", `import { lossOf } from "./other"`, `const more = lossOf(net); ${step(`${fitted}.add(more(x))`)}`,
      `export const lossOf = (m) => (x) => x.mean()`],
    ["never meets it", `import { lossOf } from "./other"`, step(`${fitted}.add(lossOf(x))`), lossOf],
    ["is a type", `import type { Loss } from "./other"`, `const more: Loss = own(net); ${step(`${fitted}.add(more(x))`)}`,
      `export type Loss = (x) => { m.predict(x) }`],
  ])("but not where it %s", (_, imported, code, other) => expect(read(imported, code, other).mode).toBe("fitted"))
})

describe("a step of another file that is handed the network", () => {
  const train = `export function train(f, o) { o.minimize(() => f.predict(x).mean()) }`

  test.each([
    ["itself", `import { train } from "./other"`, "train(net, opt)", train],
    ["beside fit", `import { train } from "./other"`,
      `net.compile({ optimizer: opt, loss: "meanSquaredError" }); net.fit(xs, ys); train(net, opt)`, train],
    ["beside a step here", `import { train } from "./other"`, `train(net, opt); ${step(fitted)}`, train],
    ["kept in a field", `import { Trainer } from "./other"`, "class App { t = new Trainer(); run() { this.t.step(net, xs) } }; new App().run()",
      `export class Trainer { step(m, x) { tf.train.sgd(0.1).minimize(() => m.predict(x).mean()) } }`],
    ["in a function", `import { train } from "./other"`, `train((x) => net.predict(x), opt); ${step(fitted)}`,
      `export function train(f, o) { o.minimize(() => f(x).mean()) }`],
    ["in an object of a class", `import { Trainer } from "./other"`, "new Trainer(net).step(xs)",
      `export class Trainer { constructor(m) { this.m = m } step(x) { tf.train.sgd(0.1).minimize(() => this.m.predict(x).mean()) } }`],
  ])("%s", (_, imported, code, other) => expect(read(imported, code, other).mode).toBe("either"))

  test.each([
    ["another network", `import { train } from "./other"`, `train(other, opt); ${step(fitted)}`, train],
    ["no network", `import { train } from "./other"`, step(fitted), train],
  ])("but not %s", (_, imported, code, other) => expect(read(imported, code, other).mode).toBe("fitted"))

  test("no law is promised that holds in one mode only", () => {
    const own = read("", step(fitted), ""), handed = read(`import { train } from "./other"`, `train(net, opt); ${step(fitted)}`, train)
    expect(own.laws.filter((law) => !handed.laws.includes(law))).not.toEqual([])
    expect(own.laws.join()).toContain("no-gradient a/bias")
    expect(handed.laws.join()).not.toContain("no-gradient a/bias")
  })
})
