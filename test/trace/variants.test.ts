/** @file Several models of one place: each distinct one is shown, named by where it is stored or by the call that makes it. */
import { expect, test } from "vitest"
import { trace } from "./program"

const shown = (source: string): readonly (readonly [string, unknown])[] =>
  trace(source).models.map(({ name, parameterCount }) => [name, parameterCount])

const net = `function net(inputs, width, activation = "relu") {
  return tf.sequential({ layers: [tf.layers.dense({ units: width, inputShape: [inputs], activation })] })
}`

test("a helper called with several sizes: fields, variables and keys name what it makes", () => {
  expect(
    shown(`${net}
    class Agent {
      constructor() {
        this.actor = net(4, 2)
        this.critic = net(4, 1)
      }
    }
    export const agent = new Agent()`),
  ).toEqual([["actor", 10], ["critic", 5]])
  expect(shown(`${net}\nexport const nets = { small: net(2, 2), large: net(2, 8) }`)).toEqual([["small", 6], ["large", 24]])
})

test("models pushed to a list are named by the call with what is known of its arguments", () => {
  expect(shown(`${net}\nconst models = []\nfor (let i = 1; i <= 3; i++) models.push(net(2, 4 * i, "tanh"))`)).toEqual([
    ["net(2, 4, 'tanh')", 12], ["net(2, 8, 'tanh')", 24], ["net(2, 12, 'tanh')", 36],
  ])
  expect(shown(`const nets = [3, 5].map((units) => tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [1] })] }))`)).toEqual([
    ["nets[0]", 6], ["nets[1]", 10],
  ])
})

test("models of a callback that keeps them to itself are named by its arguments", () => {
  expect(
    shown(`const losses = []; [3, 5].forEach((units) => {
      const model = tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [1] })] })
      losses.push(model.predict(tf.ones([1, 1])))
    })`),
  ).toEqual([["model (units = 3)", 6], ["model (units = 5)", 10]])
})

test("the same network made again is one report, and arguments nobody knows count where there are no others", () => {
  expect(shown(`${net}\nconst list = []\nfor (let i = 0; i < 3; i++) list.push(net(2, 3))`)).toHaveLength(1)
  expect(shown(`${net}\nconst list = [net(2, 3), net(2, 4)]\nexport const other = (ui) => list.push(net(ui.inputs, 3))`)).toEqual([
    ["list[0]", 9], ["list[1]", 12],
  ])
})

test("the ways of a condition nobody knows: each model with what is done to all of them", () => {
  const { models } = trace(`
    function mlp(inputs, regularizer, rate) {
      const model = tf.sequential()
      model.add(tf.layers.dense({ units: 4, inputShape: [inputs], kernelRegularizer: regularizer }))
      if (rate > 0) model.add(tf.layers.dropout({ rate }))
      return model
    }
    export function build(kind, inputs) {
      let model
      if (kind === "plain") model = mlp(inputs)
      else if (kind === "l2") model = mlp(inputs, tf.regularizers.l2())
      else model = mlp(inputs, null, 0.5)
      model.add(tf.layers.dense({ units: 1 }))
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" })
      return model
    }`)
  expect(models.map(({ name }) => name)).toEqual(["mlp(inputs)", "mlp(inputs, tf.regularizers.l2())", "mlp(inputs, null, 0.5)"])
  expect(models.map(({ layers }) => layers?.map(({ type }) => type).join())).toEqual(["dense,dense", "dense,dense", "dense,dropout,dense"])
  expect(models.map(({ optimizers }) => optimizers.map(({ name }) => name).join())).toEqual(["sgd", "sgd", "sgd"])
  expect(models[1].graph.parameters[0].regularizer).toEqual({ l1: 0, l2: 0.01 })
})

test("parts of another model are shown once, and long lists of sizes are cut short with a sentence", () => {
  const parts = trace(`
    function block(width) {
      const x = tf.input({ shape: [width] })
      return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 * width }).apply(x) })
    }
    const x = tf.input({ shape: [2] })
    let y = x
    for (let i = 0; i < 3; i++) y = block(2 ** (i + 1)).apply(y)
    export const tower = tf.model({ inputs: x, outputs: y })`)
  expect(parts.models.map(({ name }) => name)).toEqual(["block", "tower"])
  const many = trace(`${net}\nexport const nets = Array.from({ length: 12 }, (_, i) => net(2, i + 1))`)
  expect(many.models).toHaveLength(8)
  expect(many.problems.map(({ message }) => message)).toEqual(["4 more models are made here and not shown"])
  const more = trace(`${net}\nexport const nets = Array.from({ length: 40 }, (_, i) => net(2, i + 1))`)
  expect(more.problems.map(({ message }) => message)).toEqual(["32 more models are made here and not shown"])
})

test("two models that differ in what compile is handed alone are two, each with its own loss", () => {
  const { models } = trace(`
    function build(loss, optimizer) {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] })
      model.compile({ optimizer, loss })
      return model
    }
    const a = build("meanSquaredError", "sgd"), b = build("cosineProximity", "adam")`)
  const said = models.map(({ name, losses, optimizers }) => [name, losses.map((use) => use.name), optimizers.map((use) => use.name)])
  expect(said).toEqual([["a", ["meanSquaredError"], ["sgd"]], ["b", ["cosineProximity"], ["adam"]]])
})

test("a model that may take another's place and cannot be finished like it is not shown, and the file says so", () => {
  const traced = trace(`
    class Own extends tf.layers.Layer {
      build(shape) { this.w = this.addWeight("w", [shape[1], 2]) }
      call(x) { return tf.matMul(x, this.w) }
    }
    export function build(deep) {
      let model
      if (deep > 3) model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] })] })
      else model = tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [3] })] })
      model.add(new Own())
      return model
    }`)
  const networks = traced.models.filter(({ form }) => form === "sequential")
  expect(networks.map(({ parameterCount }) => parameterCount)).toEqual([24])
  expect(traced.problems.map(({ message }) => message)).toEqual([
    "the model cannot be read: a layer of another model joins it on a way that is not known",
  ])
})

test("a layer that a condition nobody knows may leave out is taken where it is used", () => {
  const { models } = trace(`export function tagger({ kind, width }) {
    const model = tf.sequential()
    let hidden
    switch (kind) {
      case "wide":
        hidden = tf.layers.dense({ units: 8, inputShape: [width] })
        break
    }
    model.add(hidden)
    model.add(tf.layers.dense({ units: 2 }))
    return model
  }`)
  expect(models.map(({ layers }) => layers?.map(({ type }) => type).join())).toEqual(["dense,dense"])
  expect(models[0].unsupported).toEqual([])
  expect(models[0].assumptions).toContain("the condition `kind` is not known: a way that makes a layer is taken")
})

test("one network in several instances is one report, also where each is compiled; different ones are named by their instances", () => {
  const source = (sizes: readonly number[]): string => `
    class Critic {
      constructor(inputs) {
        this.model = tf.sequential()
        this.model.add(tf.layers.dense({ units: 2, inputShape: [inputs] }))
      }
    }
    class Agent {
      constructor() {
        this.main = new Critic(${sizes[0]})
        this.target = new Critic(${sizes[1]})
        this.main.model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })
        this.target.model.compile({ optimizer: tf.train.sgd(0.2), loss: "meanSquaredError" })
      }
    }
    export const agent = new Agent()`
  expect(shown(source([3, 3]))).toEqual([["model", 8]])
  expect(shown(source([3, 4]))).toEqual([["main", 8], ["target", 10]])
})
