/** @file Networks that code comes to by a detour: tfjs loaded at run time, a saved model tried first, objects in window, methods that prepare. */
import { expect, test } from "vitest"
import { only, outputShapes, parameters, trace } from "./program"

const dense = (name: string): string => `tf.sequential({ name: "${name}", layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`

test("tfjs that a function loads is tfjs by its declared type", () => {
  const loader = `import type * as tfjs from "@tensorflow/tfjs"
    export type Module = typeof tfjs
    export const load = async (): Promise<Module> => (await import(process.env.TFJS ?? "")) as Module`
  const byAlias = trace({
    "/load.ts": loader,
    "/main.ts": `import { load, type Module } from "./load"
      const tf: Module = await load()
      export const net = ${dense("a")}`,
  })
  expect(parameters(only(byAlias))).toEqual(["dense_1/kernel [3, 2]", "dense_1/bias [2]"])
  const byResult = trace({
    "/load.ts": loader,
    "/main.ts": `import { load } from "./load"
      const tf = await load()
      export const net = ${dense("a")}`,
  })
  expect(byResult.models).toHaveLength(1)
})

test("tfjs in a variable, a field or a parameter that only its type tells", () => {
  const source = `import type tensorflow from "@tensorflow/tfjs-core"
    let tf: typeof tensorflow | undefined
    export class Net {
      private readonly backend: typeof import("@tensorflow/tfjs")
      constructor(units = 4) { tf ??= require(process.argv[2]); this.w = tf.variable(tf.zeros([3, units])) }
      forward(x: tensorflow.Tensor2D) { return this.backend.relu(x.matMul(this.w)) }
    }
    export function build(library: typeof tensorflow) {
      return library.sequential({ layers: [library.layers.dense({ units: 2, inputShape: [3] })] })
    }`
  const traced = trace({ "/main.ts": source })
  expect(traced.models.map(({ name }) => name)).toEqual(["Net", "build"])
  expect(parameters(traced.models[0])).toEqual(["w [3, 4]"])
  // A type of another package with the same name says nothing.
  expect(trace({ "/main.ts": source.replaceAll("@tensorflow/", "other/").replace("tf ??=", "tf =") }).models).toEqual([])
})

test("a model that is loaded where it was saved, else built", () => {
  const early = trace(`
    async function saved(key: string) { if (key in (await tf.io.listModels())) return await tf.loadLayersModel(key) }
    export async function create(key: string) {
      const held = await saved(key)
      if (held) return held
      return ${dense("a")}
    }`)
  expect(outputShapes(only(early))).toEqual(["batch, 2"])
  const rescued = trace(`
    let net: tf.LayersModel
    async function main() {
      try { net = await tf.loadLayersModel("indexeddb://net") } catch (error) { net = ${dense("b")} }
      net.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })
    }
    void main()`)
  const model = only(rescued)
  expect(parameters(model)).toEqual(["dense_1/kernel [3, 2]", "dense_1/bias [2]"])
  expect(model.optimizers).toHaveLength(1)
  expect(model.assumptions).toContain("where a model is loaded or built, the one that is built is taken")
})

test("what a page stores in window is a name everywhere", () => {
  const traced = trace({
    "/main.js": `const tf = require("@tensorflow/tfjs")
      window.training = {
        net: null,
        create: function () { return ${dense("a")} },
        fit: function () {
          if (training.net == null) training.net = training.create()
          training.net.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" })
        },
      }
      window.shapes = window.shapes || {}
      window.shapes.Scale = class Scale extends tf.layers.Layer {
        build(shape) { this.g = this.addWeight("g", [shape[1]], "float32", tf.initializers.ones()) }
        call(x) { return x[0].mul(this.g.read()) }
      }`,
  })
  expect(traced.problems).toEqual([])
  expect(traced.models.map(({ name }) => name)).toEqual(["create", "Scale"])
  expect(traced.models[0].optimizers.map(({ name }) => name)).toEqual(["adam"])
})

test("a method that prepares what those that build need is followed first", () => {
  const traced = trace(`const Agent = (() => class {
    constructor({ inputs = 3, units = 5 } = {}) { this.inputs = inputs; this.units = units }
    async init() {
      if (this.ready) throw new Error("twice")
      this.state = tf.input({ batchShape: [null, this.inputs] })
      this.actor = await this.create("actor", 2)
      this.ready = true
    }
    async create(name, actions) {
      const h = tf.layers.dense({ units: this.units, activation: "relu" }).apply(this.state)
      return tf.model({ inputs: this.state, outputs: tf.layers.dense({ units: actions }).apply(h), name })
    }
  })()`)
  expect(traced.problems).toEqual([])
  expect(parameters(only(traced))).toEqual(["dense_1/kernel [3, 5]", "dense_1/bias [5]", "dense_2/kernel [5, 2]", "dense_2/bias [2]"])
})

test("an input that a function lists as its model's is symbolic; so is one of that type", () => {
  const js = trace({
    "/main.js": `const tf = require("@tensorflow/tfjs")
      class Actor {
        constructor(config) { this.units = config.units; this.observation = null }
        build(observation) {
          this.observation = observation
          this.first = tf.layers.dense({ units: this.units, activation: "relu" })
          this.last = tf.layers.dense({ units: 2 })
          this.predict = (given) => tf.tidy(() => {
            if (given) observation = given
            return this.last.apply(this.first.apply(observation))
          })
          this.model = tf.model({ outputs: this.predict(), inputs: observation })
        }
      }
      module.exports = Actor`,
  })
  const [first] = parameters(only(js))
  expect(first).toBe("dense_1/kernel [observation, units]")
  const typed = trace(`export function withHead(features: tf.SymbolicTensor, classes: number) {
    const flat = tf.layers.flatten().apply(tf.layers.conv2d({ filters: 4, kernelSize: 1 }).apply(features))
    return tf.model({ inputs: features, outputs: tf.layers.dense({ units: classes }).apply(flat) as tf.SymbolicTensor })
  }`)
  expect(only(typed).inputs[0].shape).toHaveLength(4)
  expect(only(typed).unsupported).toEqual([])
})

test("methods that leave all computing to others are networks; ids of rows need no axis of their own", () => {
  const traced = trace({
    "/main.js": `const tf = require("@tensorflow/tfjs")
      class Towers {
        constructor(users, items, width = 8) {
          this.users = tf.variable(tf.randomNormal([users, width]))
          this.items = tf.variable(tf.randomNormal([items, width]))
          this.w = tf.variable(tf.randomNormal([width, 3]))
        }
        rows(table, ids) { return tf.matMul(tf.gather(table, ids), this.w) }
        unit(x) { return x.div(x.norm("euclidean", 1, true)) }
        userTower(ids) { const e = this.rows(this.users, ids); return this.unit(e) }
        itemTower(ids, extra = null) {
          let e = this.rows(this.items, ids)
          if (this.rich && extra) e = tf.concat([e, extra], 1)
          return this.unit(e)
        }
      }
      module.exports = Towers`,
  })
  expect(traced.models.map(({ name, unsupported }) => [name, unsupported.length])).toEqual([["userTower", 0], ["itemTower", 0]])
  for (const model of traced.models) expect(model.inputs.map(({ shape }) => shape.length)).toEqual([1])
})

test("a class that only an instance of it names", () => {
  const members = `create(units) { this.net = tf.sequential(); this.net.add(tf.layers.dense({ units, inputShape: [3] })) }`
  for (const source of [`class Model { ${members} }; export default Model = new Model()`, `export const agent = new (class { ${members} })()`]) {
    const traced = trace(source)
    expect(traced.problems).toEqual([])
    expect(parameters(only(traced))).toEqual(["dense_1/kernel [3, units]", "dense_1/bias [units]"])
  }
})
