/**
 * @file Layers that act otherwise while a model is fitted, applied by code itself: the same values and gradients as on tfjs, where nobody says
 * { training: true }, and laws that such training keeps. Moving statistics are drawn anew, so that they are no mere zeros and ones.
 */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import { compareValues } from "../support/differential"
import { auditLaws } from "../support/laws"
import { seededRandom } from "../support/random"
import { prepareTfjs, type RunningModel } from "../support/runTfjs"
import { only, operations, trace } from "./program"

beforeAll(prepareTfjs)

const layers = `const d = tf.layers.dense({ units: 4, inputShape: [3], name: "d" }), bn = tf.layers.batchNormalization({ name: "bn" })
const drop = tf.layers.dropout({ rate: 0.5 }), o = tf.layers.dense({ units: 2, name: "o" })`
const sequential = `const net = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.batchNormalization(),
  tf.layers.dropout({ rate: 0.5 }), tf.layers.gaussianNoise({ stddev: 1 }), tf.layers.dense({ units: 2 })] })`
const functional = `const i = tf.input({ shape: [5, 3] })
const h = tf.layers.batchNormalization().apply(tf.layers.lstm({ units: 4, dropout: 0.5, recurrentDropout: 0.5 }).apply(i))
const net = tf.model({ inputs: i, outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.alphaDropout({ rate: 0.3 }).apply(h)) })`
const ownLayer = `class Block extends tf.layers.Layer {
  static className = "Block"; d = tf.layers.dense({ units: 3 }); bn = tf.layers.batchNormalization()
  call(x, kwargs) { const y = this.bn.apply(this.d.apply(x)); return kwargs["training"] ? tf.dropout(y, 0.5) : y }
  computeOutputShape(s) { return s } }
const block = new Block(), last = tf.layers.dense({ units: 2 })`
/** A sequential model with a layer of a class between two dense ones. */
const around = (code: string, layer: string): string => `${code}
const net = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), ${layer}, tf.layers.dense({ units: 2 })] })`
const asksElsewhere = around(
  `const pick = (x, kwargs) => kwargs.training ? tf.relu(x) : tf.tanh(x)
  class Helped extends tf.layers.Layer { static className = "Helped"; call(x, kwargs) { return pick(Array.isArray(x) ? x[0] : x, kwargs) } }`,
  "new Helped({})",
)
const asksInBase = around(
  `class Base extends tf.layers.Layer {
    call(x, kwargs) { const y = this.inner(Array.isArray(x) ? x[0] : x); return kwargs["training"] ? y : y.add(1) } }
  class Own extends Base { static className = "Own"; inner(x) { return tf.relu(x) } }`,
  "new Own({})",
)
const handsOn = around(
  `class Passing extends tf.layers.Layer { static className = "Passing"
    call(x, { training }) { const y = Array.isArray(x) ? x[0] : x; return training ? y : y.tanh() } }`,
  "new Passing({})",
)
const twice = `class Two extends tf.layers.Layer { static className = "Two"
  call(x, kwargs) { const y = tf.sin(Array.isArray(x) ? x[0] : x); return kwargs.training ? [y, y] : [y, y.mul(2)] }
  computeOutputShape(shape) { return [shape, shape] } }
const i = tf.input({ shape: [3] }), [a, b] = new Two({}).apply(tf.layers.dense({ units: 4 }).apply(i))
const net = tf.model({ inputs: i, outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.concatenate().apply([a, b])) })`

/** Code, the function that is the network, its input's shape, and the layers that hold weights. */
const cases: readonly (readonly [title: string, code: string, body: string, shape: readonly number[], layers: string])[] = [
  ["layers by themselves", layers, "o.apply(drop.apply(bn.apply(d.apply(x))))", [6, 3], "[d, bn, o]"],
  ["a sequential model, applied", sequential, "net.apply(x)", [6, 3], "net.layers"],
  ["a sequential model, predicting", sequential, "net.predict(x).tanh()", [6, 3], "net.layers"],
  ["a functional model around a recurrence", functional, "net.apply(x).relu()", [6, 5, 3], "net.layers"],
  ["a class of one's own", ownLayer, "last.apply(block.apply(x))", [6, 3], "[block.d, block.bn, last]"],
  ["a class that asks whether it trains elsewhere", asksElsewhere, "net.predict(x)", [6, 3], "net.layers"],
  ["a class that asks in the one it extends", asksInBase, "net.apply(x)", [6, 3], "net.layers"],
  ["a class that gives one tensor twice in training", twice, "net.predict(x)", [6, 3], "net.layers"],
  ["a class that hands its input on only in training", handsOn, "net.predict(x)", [6, 3], "net.layers"],
]

/** The module of a case, and the same with the network marked for the tracer. */
const scriptOf = (code: string, body: string, mark = ""): string =>
  `${code}; const unseen = tf.variable(tf.ones([2])); ${mark} function f(x) { return ${body}.mul(unseen) }`

interface Script {
  readonly f: (x: tf.Tensor) => tf.Tensor
  readonly unseen: tf.Variable
  readonly layers: readonly tf.layers.Layer[]
}

/** The same code on tfjs, all its variables between a half and one and a half. */
function runScript(code: string, body: string, holders: string, x: tf.Tensor, ids: readonly string[]): RunningModel {
  const run = new Function("tf", `${scriptOf(code, body)}; return { f, unseen, layers: ${holders} }`) as (lib: typeof tf) => Script
  const { f, unseen, layers: made } = run(tf), random = seededRandom(3)
  // Layers make their weights when they are called first.
  f(x)
  const variables = [...made.flatMap((layer) => layer.weights.map((weight) => (weight as unknown as { readonly val: tf.Variable }).val)), unseen]
  for (const v of variables) v.assign(tf.tensor(Float32Array.from({ length: v.size }, () => 0.5 + random.uniform()), v.shape))
  expect(ids).toHaveLength(variables.length)
  return { forward: (inputs) => [f(inputs[0])], variables, layers: null, tensor: (id) => variables[ids.indexOf(id)] }
}

describe("as in fit", () => {
  test.each([
    ["what says so", layers, "o.apply(bn.apply(d.apply(x), { training: true }))", /normalize/],
    ["a model that is compiled", `${sequential}; net.compile({ optimizer: "sgd", loss: "meanSquaredError" })`, "net", /normalize.* dropout/],
  ])("%s", (_, code, body, kinds) => {
    const { models } = trace(body === "net" ? code : scriptOf(code, body, "/** @model\n@shape x [6, 3] */"))
    expect(operations(models[models.length - 1]).join(" ")).toMatch(kinds)
  })
})

describe("a model that is trained by hand", () => {
  const step = (run: string): string => `${sequential}; const opt = tf.train.sgd(0.1)
    export function step(x, y) { opt.minimize(() => tf.losses.meanSquaredError(y, ${run})) }`
  const isOf = (run: string): string => operations(only(trace(step(run)), "net")).join(" ")

  test.each(["net.predict(x)", "net.apply(x)", "net.predictOnBatch(x)", "net.apply(x, { training: false })"])("%s runs as in prediction", (run) => {
    expect(isOf(run)).not.toMatch(/dropout|normalize|random/)
  })
  test("net.apply(x, { training: true }) runs as in fit", () => expect(isOf("net.apply(x, { training: true })")).toMatch(/normalize/))
})

test("a class that trains a layer whatever it is told does so in prediction", () => {
  const insists = around(
    `class Forced extends tf.layers.Layer { static className = "Forced"; bn = tf.layers.batchNormalization(); drop = tf.layers.dropout({ rate: 0.5 })
      call(x) { return this.drop.apply(this.bn.apply(Array.isArray(x) ? x[0] : x, { training: true })) } }`,
    "new Forced({})",
  )
  const model = only(trace(`${insists}; const opt = tf.train.sgd(0.1)
    export function step(x, y) { opt.minimize(() => tf.losses.meanSquaredError(y, net.predict(x))) }`), "net")
  expect(operations(model)).toContain("normalize")
  expect(operations(model)).not.toContain("dropout")
})

describe("code that applies layers runs them as in prediction", () => {
  test.each(cases)("%s", (_, code, body, shape, holders) => {
    const model = only(trace(scriptOf(code, body, `/** @model\n@shape x [${shape.join(", ")}] */`)), "f")
    expect(model.unsupported).toEqual([])
    expect(operations(model).join(" ")).not.toMatch(/dropout|normalize|random/)
    expect(model.assumptions.join()).toContain("moving statistics")
    const x = tf.randomNormal([...shape], 0, 1, "float32", 5), ids = model.graph.parameters.map(({ id }) => id)
    const { error, gradientError } = compareValues(model, runScript(code, body, holders, x, ids), [x], [Float64Array.from(x.dataSync())])
    expect(error).toBeLessThan(1e-4)
    expect(gradientError).toBeLessThan(1e-3)
    expect(auditLaws(model.graph).broken).toEqual([])
  })
})
