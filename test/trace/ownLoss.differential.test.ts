/** @file Losses that code computes by itself: read as graphs over the weights, equal to tfjs in value and gradient; where not read, the reason. */
import * as tf from "@tensorflow/tfjs"
import ts from "typescript"
import { beforeAll, describe, expect, test } from "vitest"
import type { Graph, TracedModel } from "../../src/graph/graph"
import { instantiate } from "../../src/verification/instantiate"
import { evaluateObjective } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import { prepareTfjs } from "../support/runTfjs"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

const graphOf = ({ ownLoss }: TracedModel): Graph => {
  if (ownLoss === undefined || !("graph" in ownLoss)) throw new Error(`expected a loss that is read, found ${JSON.stringify(ownLoss)}`)
  return ownLoss.graph
}
const inputsOf = (graph: Graph): readonly string[] =>
  graph.nodes.flatMap(({ op, shape }) => (op.kind === "input" ? [`${op.name} [${shape.join(", ")}]`] : []))

const net = `class Net {
  w1 = tf.variable(tf.randomNormal([3, 5], 0, 1, "float32", 1)); b1 = tf.variable(tf.ones([5]))
  w2 = tf.variable(tf.randomNormal([5, 4], 0, 1, "float32", 2))
  forward(x: tf.Tensor2D): tf.Tensor2D { return x.matMul(this.w1).add(this.b1).relu().matMul(this.w2) }
}
const net = new Net(), opt = tf.train.sgd(0.1)`

/** Losses in the names `net`, `xs` [4, 3] and `ys` [4, 4]. */
const losses: readonly (readonly [name: string, code: string])[] = [
  ["cross-entropy", "tf.softmax(net.forward(xs)).log().mul(ys).sum().neg()"],
  ["Huber", "(() => { const e = net.forward(xs).sub(ys).abs(), q = tf.minimum(e, 1); return q.square().mul(0.5).add(e.sub(q)).mean() })()"],
  ["contrastive", `(() => {
    const unit = (t: tf.Tensor) => t.div(t.norm(2, 1, true))
    const s = tf.matMul(unit(net.forward(xs)), unit(net.forward(xs.mul(0.5).add(1))), false, true).div(0.2)
    return tf.losses.softmaxCrossEntropy(tf.eye(4), s)
  })()`],
  ["KL and entropy", `(() => {
    const l = tf.logSoftmax(net.forward(xs))
    return l.exp().mul(l.sub(ys)).sum(-1).mean().add(l.exp().mul(l).sum(-1).mean().mul(0.01))
  })()`],
  ["dice", "(() => { const p = net.forward(xs).sigmoid(); return tf.sub(1, p.mul(ys).sum().mul(2).add(1).div(p.sum().add(ys.sum()).add(1))) })()"],
  ["a penalty on a weight", "tf.losses.meanSquaredError(ys, net.forward(xs)).add(net.w1.square().sum().mul(0.1))"],
  ["log-cosh of tf.metrics and tf.losses", "tf.losses.huberLoss(ys, net.forward(xs)).add(tf.metrics.meanAbsoluteError(ys, net.forward(xs)).mean())"],
  ["two steps through the network", "net.forward(net.forward(xs).slice([0, 0], [-1, 3])).sub(ys).square().mean()"],
]

describe("value and gradient are those of tfjs", () => {
  test.each(losses)("%s", (_, code) => {
    const source = `${net}\nexport function step(xs: tf.Tensor2D, ys: tf.Tensor2D) { opt.minimize(() => ${code} as tf.Scalar) }`
    const graph = instantiateFully(graphOf(only(trace(source), "Net"))), plan = compilePlan(graph)
    const compilerOptions = { target: ts.ScriptTarget.ES2022 }
    const { outputText } = ts.transpileModule(`${net}\n;({ net, loss: (xs, ys) => ${code} })`, { compilerOptions })
    const run = new Function("tf", outputText.replace(/\(\{ net,/, "return ({ net,")) as (of: typeof tf) => {
      readonly net: Readonly<Record<string, tf.Variable>>
      readonly loss: (xs: tf.Tensor, ys: tf.Tensor) => tf.Scalar
    }
    const made = run(tf)
    const theta = new Float64Array(plan.theta.length)
    for (const { id, offset } of plan.slots) theta.set(made.net[id].dataSync(), offset)
    const data = new Map([["xs", tf.randomNormal([4, 3], 0, 1, "float32", 3)], ["ys", tf.randomUniform([4, 4], 0, 1, "float32", 4)]])
    const leaves = plan.leaves.map(({ node }) => {
      const tensor = node.op.kind === "input" ? data.get(node.op.name) : undefined
      if (tensor === undefined) throw new Error(`expected xs or ys, found ${JSON.stringify(node.op)}`)
      return Float64Array.from(tensor.dataSync())
    })
    const gradient = new Float64Array(plan.dimension)
    const value = evaluateObjective(plan, { samples: [{ leaves, targets: [] }] }, theta, gradient)
    const [xs, ys] = [...data.values()], { value: expected, grads } = tf.variableGrads(() => made.loss(xs, ys))
    expect(value).toBeCloseTo(expected.dataSync()[0], 4)
    for (const { id, offset, size } of plan.slots) {
      const own = grads[made.net[id].name].dataSync()
      for (let i = 0; i < size; i++) expect(gradient[offset + i], `${id}[${i}]`).toBeCloseTo(own[i], 4)
    }
    expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(1e-3)
  })
})

/** Four samples, whatever the symbols are called. */
function instantiateFully(graph: Graph): Graph {
  const symbols = new Set(graph.nodes.flatMap(({ shape }) => shape.filter((d) => typeof d === "string")))
  return instantiate(graph, Object.fromEntries([...symbols].map((symbol) => [symbol, 4])))
}

const sequential = `tf.sequential({ layers: [tf.layers.dense({ units: 8, activation: "relu", inputShape: [5] }), tf.layers.dense({ units: 3 })] })`

test("a function in compile takes labels and the output", () => {
  const traced = trace(`const m = ${sequential}
    const focal = (yTrue, yPred) => { const p = tf.softmax(yPred); return yTrue.mul(tf.sub(1, p).square()).mul(p.log()).sum(-1).neg() }
    m.compile({ optimizer: "sgd", loss: focal })`)
  const model = only(traced)
  expect(model.ownLoss?.name).toBe("focal")
  expect(inputsOf(graphOf(model))).toEqual(["input [batch, 5]", "labels [batch, 3]"])
})

test("data of a shape nobody states has the shape it is computed with; one-hot labels count classes", () => {
  const traced = trace(`const m = ${sequential}, opt = tf.train.adam(0.001)
    async function train(data) {
      for (const batch of data) {
        const { grads } = tf.variableGrads(() => {
          const logp = tf.logSoftmax(m.predict(batch.xs)), taken = tf.oneHot(batch.actions, 3)
          return logp.mul(taken).sum(-1).mul(batch.rewards.sub(batch.baseline)).mean().neg()
        })
        opt.applyGradients(grads)
      }
    }`)
  const graph = graphOf(only(traced))
  expect(inputsOf(graph)).toEqual(["input [batch, 5]", "actions [batch]", "rewards [batch]"])
  expect(graph.nodes.some(({ op }) => op.kind === "oneHot" && op.depth === 3)).toBe(true)
})

test("another network in the loss stands still, and a step that trains another one's weights is not this one's loss", () => {
  const traced = trace(`const critic = tf.sequential()
    critic.add(tf.layers.dense({ units: 8, activation: "relu", inputShape: [3] })); critic.add(tf.layers.dense({ units: 1 }))
    const generator = ${sequential}
    const a = tf.train.rmsprop(1e-4), b = tf.train.rmsprop(1e-4)
    function trainCritic(real, z) {
      a.minimize(() => tf.sub(critic.predict(generator.predict(z)).mean(), critic.predict(real).mean()), false, critic.getWeights())
    }
    function trainGenerator(z) { b.minimize(() => critic.predict(generator.predict(z)).mean().neg(), false, generator.getWeights()) }`)
  for (const name of ["critic", "generator"]) {
    const graph = graphOf(only(traced, name)), own = only(traced, name).graph.parameters
    expect(graph.parameters.slice(0, own.length).map(({ id, trainable }) => [id, trainable])).toEqual(own.map(({ id }) => [id, true]))
    expect(graph.parameters.slice(own.length).map(({ trainable }) => trainable)).toEqual([false, false, false, false])
  }
  expect(inputsOf(graphOf(only(traced, "critic")))).toHaveLength(2)
  expect(inputsOf(graphOf(only(traced, "generator")))).toHaveLength(1)
})

test("lists of data make tensors of data; a target network stands still", () => {
  const traced = trace(`const online = ${sequential}, target = ${sequential}, opt = tf.train.adam(0.001)
    function replay(batch, gamma) {
      const loss = () => tf.tidy(() => {
        const s = tf.tensor2d(batch.map((b) => b.s), [batch.length, 5]), actions = tf.tensor1d(batch.map((b) => b.a), "int32")
        const qs = online.apply(s, { training: true }).mul(tf.oneHot(actions, 3)).sum(-1)
        const next = target.predict(tf.tensor2d(batch.map((b) => b.n), [batch.length, 5])).max(-1)
        return tf.losses.meanSquaredError(tf.tensor1d(batch.map((b) => b.r)).add(next.mul(gamma)), qs)
      })
      opt.applyGradients(tf.variableGrads(loss).grads)
    }`)
  const { ownLoss, graph: { parameters } } = only(traced, "online")
  expect(ownLoss).toMatchObject({ name: "loss", beside: [] })
  const { graph } = ownLoss as { readonly graph: Graph }
  expect(graph.parameters.map(({ trainable }) => trainable)).toEqual([...parameters.map(() => true), false, false, false, false])
})

test("weights that the loss reads beside the output are told", () => {
  const traced = trace(`const m = ${sequential}, opt = tf.train.sgd(0.1)
    function step(x, y) {
      opt.minimize(() => {
        const l2 = m.trainableWeights.map((w) => w.val.square().sum()).reduce((a, b) => a.add(b))
        return tf.losses.softmaxCrossEntropy(y, m.predict(x)).add(l2.mul(1e-4))
      })
    }`)
  const { ownLoss, graph: { parameters } } = only(traced)
  expect(ownLoss).toMatchObject({ beside: parameters.map(({ id }) => id) })
})

const halves = `const encoder = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [4], useBias: false })] })
  const decoder = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [6], useBias: false })] })
  const x0 = tf.input({ shape: [4] }), auto = tf.model({ inputs: x0, outputs: decoder.apply(encoder.apply(x0)) })
  const opt = tf.train.sgd(0.1)`
const shared = `const lat = tf.variable(tf.randomNormal([4, 6])), dec = tf.variable(tf.randomNormal([6, 4]))
  const proj = tf.variable(tf.randomNormal([6, 2]))
  export class Encoder { forward(x: tf.Tensor2D) { return tf.relu(tf.matMul(x, lat)) } }
  const encoder = new Encoder(), opt = tf.train.sgd(0.1)
  export function forward(x: tf.Tensor2D) { return tf.matMul(tf.relu(tf.matMul(x, lat)), dec) }
  export function embed(x: tf.Tensor2D) { return tf.matMul(tf.relu(tf.matMul(x, lat)), proj) }`

test.each([
  ["a model of models", "auto", ["sequential_1/dense_1/kernel"], 2,
    `${halves}; function step(x) { opt.minimize(() => auto.apply(x).sub(x).square().mean().add(encoder.apply(x).abs().mean())) }`],
  ["a second head over a variable", "forward", ["lat"], 3,
    `${shared}; function step(x, y) { opt.minimize(() => forward(x).sub(y).square().mean().add(embed(x).abs().mean())) }`],
  ["a class over a variable", "forward", ["lat"], 2,
    `${shared}; function step(x, y) { opt.minimize(() => forward(x).sub(y).square().mean().add(encoder.forward(x).abs().mean())) }`],
  ["a model of its features", "model", ["enc/kernel"], 2,
    `const layers = [tf.layers.dense({ units: 6, inputShape: [4], useBias: false, name: "enc" }), tf.layers.dense({ units: 4, useBias: false })]
    const model = tf.sequential({ layers }), feat = tf.model({ inputs: model.inputs, outputs: model.getLayer("enc").output })
    model.compile({ optimizer: "sgd", loss: (y, p) => p.sub(y).square().mean().add(feat.apply(y).abs().mean()) })`],
])("weights that the loss reads through another network are the network's: %s", (_, name, beside, count, code) => {
  const model = only(trace(code), name), graph = graphOf(model)
  expect(model.ownLoss).toMatchObject({ beside: [], through: beside.map((parameter) => ({ parameter })) })
  // Nothing of what is shared stands still in a copy.
  expect(graph.parameters.map(({ trainable }) => trainable)).toEqual(Array.from({ length: count }, (__, k) => k < 2))
})

test.each([
  ["a record", "return { y: h.matMul(this.b), h }", "const { y, h } = net.forward(x)"],
  ["a record of one tensor", "return { y: h.matMul(this.b) }", "const { y } = net.forward(x), h = y"],
  ["a list in a record", "return { all: [h.matMul(this.b), h] }", "const { all: [y, h] } = net.forward(x)"],
  ["a list", "return [h.matMul(this.b), h]", "const [y, h] = net.forward(x)"],
])("a network that gives %s gives it to its loss", (_, result, taken) => {
  const traced = trace(`class Net { a = tf.variable(tf.randomNormal([3, 4])); b = tf.variable(tf.randomNormal([4, 2]))
      forward(x: tf.Tensor2D) { const h = x.matMul(this.a).relu(); ${result} } }
    const net = new Net(), opt = tf.train.sgd(0.1)
    export const step = (x) => opt.minimize(() => { ${taken}; return y.square().mean().add(h.abs().mean()) })`)
  const { ownLoss } = only(traced, "Net")
  expect(ownLoss).toMatchObject({ beside: [], through: [] })
  const means = graphOf(only(traced, "Net")).nodes.filter(({ op }) => op.kind === "reduce" && op.fn === "mean")
  expect(means).toHaveLength(2)
})

test("a tensor of many paths back to the data is looked at once", () => {
  const traced = trace(`const m = ${sequential}, opt = tf.train.sgd(0.1)
    function step(y) {
      opt.minimize(() => {
        let z = tf.randomNormal([2, 5])
        for (let i = 0; i < 60; i++) z = z.mul(0.9).add(z.square())
        return tf.mean(m.predict(z).sub(y).square())
      })
    }`)
  expect(inputsOf(graphOf(only(traced)))).toHaveLength(2)
})

describe("of several losses those that are read are the graph, and the others are named", () => {
  const fine = "opt.minimize(() => m.predict(x).sub(y).abs().mean())", unread = "opt.minimize(() => tf.spectral.rfft(m.predict(x)).sum())"
  const far = "const grads = gradientsOf(x, y); opt.applyGradients(grads)"
  const lossOf = (...steps: readonly string[]) => {
    const functions = steps.map((step, k) => `function s${k}(x, y) { ${step}; m.getWeights() }`)
    return only(trace([`const m = ${sequential}, opt = tf.train.sgd(0.1)`, ...functions].join("\n"))).ownLoss
  }
  const without = (name: string, why: RegExp) => ({ unread: [{ name, why: expect.stringMatching(why) as string }] })
  test.each([[[fine, unread], 2, 3], [[unread, fine], 3, 2]])("%j", (steps, read, line) => {
    const found = lossOf(...steps)
    expect(found).toHaveProperty("graph")
    expect(found).toMatchObject({ name: `the function in line ${read}`, start: { line: read } })
    expect(found).toMatchObject(without(`the function in line ${line}`, /complex/))
  })
  test("gradients from elsewhere", () => expect(lossOf(fine, far)).toMatchObject(without("the function in line 3", /not found/)))
  test("none that is read", () => expect(lossOf(unread, unread)).toMatchObject({ why: expect.stringMatching(/complex/) as string }))
  test("a name for several functions", () => {
    expect(lossOf(fine, fine)?.name).toBe("2 functions in lines 2, 3")
    expect(lossOf(`${fine}; ${fine}`)?.name).toBe("2 functions in line 2")
  })
  test("more than are followed", () => {
    const six = lossOf(...Array.from({ length: 6 }, () => fine))
    expect(six).toHaveProperty("graph")
    expect(six).not.toHaveProperty("unread")
    const seven = lossOf(...Array.from({ length: 7 }, () => fine))
    expect(seven).toMatchObject({ name: "6 functions in lines 2–7", ...without("the function in line 8", /one of 7 losses/) })
  })
  test("a loss that compile names and a step", () => {
    const named = `m.compile({ optimizer: "sgd", loss: "meanAbsoluteError" })`
    expect(lossOf(named)).toBeUndefined()
    expect(lossOf(named, fine)).toMatchObject({ name: "meanAbsoluteError + the function in line 3" })
    expect(lossOf(named, unread)).toMatchObject({ name: "meanAbsoluteError", ...without("the function in line 3", /complex/) })
  })
  test("a function in compile and a step", () => {
    const compiled = `m.compile({ optimizer: "sgd", loss: (yt, yp) => yp.sub(yt).abs().mean() })`
    expect(lossOf(compiled)).toHaveProperty("graph")
    expect(lossOf(compiled, unread)).toMatchObject(without("the function in line 3", /complex/))
  })
})

test("a step that speaks of another network is no loss of this one", () => {
  const traced = trace(`const a = ${sequential}, b = ${sequential}, opt = tf.train.sgd(0.1)
    const scale = (x) => a === null ? x : x.mul(2)
    function stepA(x, y) { opt.minimize(() => a.predict(x).sub(y).abs().mean()) }
    function stepB(x, y) { opt.minimize(() => b.predict(scale(x)).sub(y).abs().pow(3).mean()) }`)
  expect(only(traced, "a").ownLoss?.name).toBe("the function in line 3")
  expect(only(traced, "b").ownLoss?.name).toBe("the function in line 4")
})

test("a network that is loaded into the same variable elsewhere is meant by its name", () => {
  const traced = trace(`let model = ${sequential}
    const opt = tf.train.adam(0.01), loss = tf.losses.absoluteDifference
    const train = (x, y) => opt.applyGradients(tf.variableGrads(() => loss(y, model.predict(x))).grads)
    const load = async () => { model = await tf.loadLayersModel("file://x") }`)
  expect(inputsOf(graphOf(only(traced)))).toEqual(["x [batch, 5]", "labels [batch, 3]"])
})

test("what is not read is said, with the reason", () => {
  const traced = trace(`const m = ${sequential}, opt = tf.train.adam(0.001)
    function train(xs, ys) { opt.minimize(() => tf.spectral.rfft(m.predict(xs)).sum()) }`)
  const { ownLoss } = only(traced)
  expect(ownLoss).toMatchObject({ why: expect.stringMatching(/complex/) as string, start: { line: 2 } })
})

test("a loss of tfjs that compile names is no loss of the code", () => {
  expect(only(trace(`const m = ${sequential}; m.compile({ optimizer: "sgd", loss: "meanSquaredError" })`)).ownLoss).toBeUndefined()
  expect(only(trace(`const m = ${sequential}; m.compile({ optimizer: "sgd", loss: tf.losses.huberLoss })`)).ownLoss).toBeUndefined()
})
