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
