/** @file Layers that are frozen in some steps and trained in others: no law between them and others is promised, and the reader is told. */
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { TracedModel } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { trainingOf } from "../../src/laws/fate"
import { only, trace } from "./program"

const fates = ({ graph, optimizers }: TracedModel): readonly string[] =>
  [...new Set(trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters).flatMap(({ fate }) =>
    fate.map(({ law, status, detail }) => `${law} ${status === "broken" ? detail.replace(/^.*: /, "") : status}`)))]

const net = `const a = tf.layers.dense({ name: "a", inputShape: [4], units: 5, activation: "relu" })
  const b = tf.layers.dense({ name: "b", units: 6, activation: "relu" }), c = tf.layers.dense({ name: "c", units: 3 })
  const net = tf.sequential({ layers: [a, b, c] })
  const compile = (rate: number) => net.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" })
`
const run = (body: string): TracedModel =>
  only(trace(`${net} export async function run(x: tf.Tensor2D, y: tf.Tensor2D, n: number, d: boolean) { ${body} }`), "net")

const trained = /^weights are trained as the last assignment of `trainable` leaves them/, isFrozen = / frozen in some of the steps$/

test.each([
  "a.trainable = false; compile(0.1); await net.fit(x, y); a.trainable = true; compile(0.01); await net.fit(x, y)",
  "net.layers[0].trainable = false; compile(0.1); await net.fit(x, y); net.getLayer('a').trainable = true; compile(0.01); await net.fit(x, y)",
  `for (const l of net.layers.slice(0, 1)) l.trainable = false; compile(0.1); await net.fit(x, y)
   for (const l of net.layers) l.trainable = true; compile(0.01); await net.fit(x, y)`,
  // Compiled while frozen: tfjs never trains it, whatever it is later.
  "a.trainable = false; compile(0.1); a.trainable = true; await net.fit(x, y)",
  "a.trainable = false; if (d) a.trainable = true; compile(0.1); await net.fit(x, y)",
])("a first layer that stands still at first: %s", (body) => {
  const model = run(body), found = fates(model)
  expect(found.filter((fate) => isFrozen.test(fate)), found.join()).toEqual([expect.stringMatching(/a\/kernel/)])
  expect(found.filter((fate) => fate.endsWith("drifts"))).toHaveLength(1)
  expect(model.assumptions).toContainEqual(expect.stringMatching(trained))
})

test.each([
  `for (let i = 0; i < n; i++) { a.trainable = false; compile(0.1); await net.fit(x, y)
     a.trainable = true; compile(0.1); await net.fit(x, y) }`,
  `const o = tf.train.sgd(0.1), step = () => o.minimize(() => tf.losses.meanSquaredError(y, net.apply(x) as tf.Tensor) as tf.Scalar)
   a.trainable = false; step(); a.trainable = true; step()`,
])("parts that are frozen in turns: %s", (body) => {
  expect(fates(run(body)).some((fate) => fate.endsWith("drifts"))).toBe(false)
})

test.each([
  "net.layers.forEach((l, i) => { l.trainable = i >= n }); compile(0.1); await net.fit(x, y)",
  "for (const l of net.layers) if (l.name.startsWith(String(n))) l.trainable = false; compile(0.1); await net.fit(x, y)",
  "a.trainable = d; b.trainable = !d; c.trainable = n > 3; compile(0.1); await net.fit(x, y)",
])("which are frozen is not known: %s", (body) => {
  const model = run(body)
  expect(model.graph.parameters.every(({ trainable }) => trainable)).toBe(true)
  expect(fates(model).map((fate) => fate.replace(/^.* may be/, "may be"))).toEqual(Array(2).fill("may be frozen in some of the steps"))
})

test("one value that is not known freezes all or nothing", () => {
  const found = fates(run("for (const l of net.layers) l.trainable = d; compile(0.1); await net.fit(x, y)"))
  expect(found.every((fate) => fate.endsWith("drifts"))).toBe(true)
})

test("what is frozen in one call and free in another may be frozen in some of the steps", () => {
  const model = only(trace(`${net} a.trainable = false; compile(0.1)
    export async function warm(x: tf.Tensor2D, y: tf.Tensor2D) { await net.fit(x, y) }
    export async function tune(x: tf.Tensor2D, y: tf.Tensor2D) { a.trainable = true; compile(0.1); await net.fit(x, y) }`), "net")
  expect(fates(model).filter((fate) => isFrozen.test(fate))).toHaveLength(1)
})

test.each([
  "net.trainable = false; compile(0.1); net.trainable = true; compile(0.1); await net.fit(x, y)",
  `for (const l of net.layers) l.trainable = false
   net.layers[0].trainable = true; b.trainable = c.trainable = true; compile(0.1); await net.fit(x, y)`,
  "a.trainable = false; a.trainable = true; compile(0.1); await net.fit(x, y)",
])("nothing trains in between: %s", (body) => {
  const found = fates(run(body))
  expect(found).toHaveLength(2)
  expect(found.every((fate) => fate.endsWith("drifts"))).toBe(true)
})

test("layers that are frozen together keep their law, and stand still meanwhile", () => {
  const found = fates(run(`a.trainable = b.trainable = false; compile(0.1); await net.fit(x, y)
    a.trainable = b.trainable = true; compile(0.1); await net.fit(x, y)`))
  expect(found.filter((fate) => fate.endsWith("drifts"))).toHaveLength(1)
  expect(found.filter((fate) => isFrozen.test(fate))).toEqual([expect.stringMatching(/b\/kernel/)])
})

const gan = (toggle: string): ReturnType<typeof trace> => trace(`
  const gen = tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [4] })] })
  const disc = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [5], activation: "relu" }), tf.layers.dense({ units: 1 })] })
  disc.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" }); disc.trainable = false
  const z = tf.input({ shape: [4] }), both = tf.model({ inputs: z, outputs: disc.apply(gen.apply(z)) as tf.SymbolicTensor })
  both.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })
  export async function run(x: tf.Tensor2D, y: tf.Tensor2D, n: number) { for (let i = 0; i < n; i++) { ${toggle} } }`)

test("a discriminator that is frozen while the generator learns moves in its own steps", () => {
  const models = gan("disc.trainable = true; await disc.trainOnBatch(x, y); disc.trainable = false; await both.trainOnBatch(x, y)")
  const disc = only(models, "disc")
  expect(disc.graph.parameters.every(({ trainable }) => trainable)).toBe(true)
  expect(fates(disc)).toEqual([expect.stringMatching(/drifts$/)])
  expect(only(models, "both").graph.parameters.filter(({ trainable }) => trainable)).toHaveLength(2)
})

test("a discriminator whose last fit finds it frozen is not free", () => {
  const disc = only(gan("disc.trainable = true; await disc.trainOnBatch(x, y); disc.trainable = false; await disc.trainOnBatch(x, y)"), "disc")
  expect(disc.graph.parameters.some(({ trainable }) => trainable)).toBe(false)
})

test("what is free in the end is not trained by a network that was compiled while it was frozen", () => {
  const both = only(gan("await both.trainOnBatch(x, y); disc.trainable = true; await disc.trainOnBatch(x, y)"), "both")
  const found = fates(both)
  expect(found.some((fate) => isFrozen.test(fate))).toBe(true)
})

test.each([
  ["a part of the list", "for (const l of net.layers.slice(0, n)) l.trainable = false"],
  ["a part that is taken out", "net.layers.slice().splice(n, 1).forEach((l) => { l.trainable = false })"],
  ["those of a name", "net.layers.filter((l) => l.name === String(n)).forEach((l) => { l.trainable = false })"],
  ["the first of a name", "net.layers.find((l) => l.name === String(n)).trainable = false"],
  ["one at a place", "net.layers[n].trainable = false"],
  ["one at a place by a method", "net.layers.at(n).trainable = false"],
  ["one by its name", "net.getLayer(String(n)).trainable = false"],
  ["one by its number", "net.getLayer(undefined, n).trainable = false"],
  ["as many as are asked for", "for (let i = 0; i < n; i++) net.layers[i].trainable = false"],
])("layers that nobody knows: %s", (_, body) => {
  const model = run(`${body}; compile(0.1); await net.fit(x, y); for (const l of net.layers) l.trainable = true; compile(0.01); await net.fit(x, y)`)
  expect(fates(model).map((fate) => fate.replace(/^.* may be/, "may be"))).toEqual(Array(2).fill("may be frozen in some of the steps"))
  expect(run(`${body}; compile(0.1); await net.fit(x, y)`).graph.parameters.every(({ trainable }) => trainable)).toBe(true)
})

test.each([
  "net.layers.slice(0, n).forEach((l) => console.log(l.name)); compile(0.1); await net.fit(x, y)",
  "for (const l of net.layers.slice(0, 3)) l.trainable = true; compile(0.1); await net.fit(x, y)",
])("nothing is frozen: %s", (body) => expect(fates(run(body)).every((fate) => fate.endsWith("drifts"))).toBe(true))

describe("variables", () => {
  const head = `declare const x: any, y: any
    class Net { a = tf.variable(tf.ones([4, 8])); b = tf.variable(tf.ones([8, 5])); c = tf.variable(tf.ones([5, 3]))
      forward(x: any): any { return x.matMul(this.a).relu().matMul(this.b).relu().matMul(this.c) } }
    const net = new Net(), opt = tf.train.sgd(0.1), step = () => opt.minimize(() => tf.losses.meanSquaredError(y, net.forward(x)) as any)`
  const ofNet = (body: string): readonly string[] => fates(only(trace(`${head}; export function run(d: boolean) { ${body} }`), "Net"))
  const first = /‖a|balance-1/, second = /balance-2/

  test.each([
    "net.c.trainable = false; step(); net.c.trainable = true",
    "net.c.trainable = d; step(); net.c.trainable = true",
    "Object.assign(net.c, { trainable: false }); step(); net.c.trainable = true",
    "net['c'].trainable = false; step(); Object.assign(net.c, { trainable: true })",
  ])("that stand still in some steps: %s", (body) => {
    const found = ofNet(body)
    expect(found.filter((fate) => first.test(fate))).toEqual([expect.stringMatching(/drifts$/)])
    expect(found.filter((fate) => second.test(fate))).toEqual([expect.stringMatching(/frozen in some of the steps$/)])
  })

  test("that are set to what they are", () => {
    expect(ofNet("net.c.trainable = true; step()").every((fate) => fate.endsWith("drifts"))).toBe(true)
  })
})
