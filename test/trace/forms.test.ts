/** @file Every form a model takes, traced from small sources without types of tfjs. */
import { expect, test } from "vitest"
import { only, operations, outputShapes, parameters, trace } from "./program"

test("sequential with a list of layers", () => {
  const model = only(
    trace(`const net = tf.sequential({ layers: [
    tf.layers.dense({ units: 8, activation: "relu", inputShape: [4] }), tf.layers.dense({ units: 3, activation: "softmax", useBias: false })] })`),
  )
  expect(model.name).toBe("net")
  expect(model.form).toBe("sequential")
  expect(parameters(model)).toEqual(["dense_1/kernel [4, 8]", "dense_1/bias [8]", "dense_2/kernel [8, 3]"])
  expect(operations(model)).toEqual(["ai,io->ao", "add", "relu", "ai,io->ao", "softmax"])
  expect(model.parameterCount).toBe(64)
  expect(model.inputs).toEqual([{ name: "input", shape: ["batch", 4] }])
})

test("model.add in a loop, under a condition and in a helper", () => {
  const model = only(
    trace(`
    const sizes = [6, 5]
    function addHead(m, classes) { m.add(tf.layers.dense({ units: classes, name: "head" })) }
    const model = tf.sequential()
    sizes.forEach((units, i) => model.add(tf.layers.dense({ units, inputShape: i === 0 ? [4] : undefined })))
    if (sizes.length > 1) model.add(tf.layers.dropout({ rate: 0.5 }))
    addHead(model, 2)`),
  )
  expect(parameters(model)).toEqual([
    "dense_1/kernel [4, 6]",
    "dense_1/bias [6]",
    "dense_2/kernel [6, 5]",
    "dense_2/bias [5]",
    "head/kernel [5, 2]",
    "head/bias [2]",
  ])
  expect(operations(model)).toContain("dropout")
})

test("functional model with two inputs, a shared layer and two outputs", () => {
  const model = only(
    trace(`
    const a = tf.input({ shape: [3] }), b = tf.input({ shape: [3], name: "right" })
    const shared = tf.layers.dense({ units: 4, activation: "tanh" })
    const both = tf.layers.concatenate().apply([shared.apply(a), shared.apply(b)])
    const model = tf.model({ inputs: [a, b], outputs: [tf.layers.dense({ units: 1 }).apply(both), tf.layers.dense({ units: 2 }).apply(both)] })`),
  )
  expect(model.form).toBe("functional")
  expect(model.inputs).toEqual([
    { name: "a", shape: ["batch", 3] },
    { name: "right", shape: ["batch", 3] },
  ])
  expect(parameters(model).map((p) => p.split(" ")[0])).toEqual([
    "dense_1/kernel",
    "dense_1/bias",
    "dense_2/kernel",
    "dense_2/bias",
    "dense_3/kernel",
    "dense_3/bias",
  ])
  expect(outputShapes(model)).toEqual(["batch, 1", "batch, 2"])
})

test("a model inside a model", () => {
  const found = trace(`
    const encoder = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] })
    const whole = tf.sequential()
    whole.add(encoder)
    whole.add(tf.layers.dense({ units: 5 }))`)
  expect(parameters(only(found, "whole"))).toEqual([
    "sequential_1/dense_1/kernel [5, 2]",
    "sequential_1/dense_1/bias [2]",
    "dense_1/kernel [2, 5]",
    "dense_1/bias [5]",
  ])
  const functional = only(
    trace(`
    const x = tf.input({ shape: [4] })
    const inner = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 3 }).apply(x) })
    const y = tf.input({ shape: [4] })
    const outer = tf.model({ inputs: y, outputs: tf.layers.dense({ units: 1 }).apply(inner.apply(y)) })`),
    "outer",
  )
  expect(functional.parameterCount).toBe(4 * 3 + 3 + 3 + 1)
})

test("a class with variables and a forward method", () => {
  const model = only(
    trace(`
    class Mlp {
      readonly w1 = tf.variable(tf.randomNormal([4, 8]))
      b1: tf.Variable
      private frozen = tf.variable(tf.ones([8]), false)
      constructor(hidden = 8) { this.b1 = tf.variable(tf.zeros([hidden])) }
      forward(x: tf.Tensor) { return tf.tidy(() => x.matMul(this.w1).add(this.b1).mul(this.frozen).relu()) }
    }`),
  )
  expect(model.form).toBe("module-class")
  expect(parameters(model)).toEqual(["w1 [4, 8]", "frozen [8] frozen", "b1 [8]"])
  expect(model.inputs).toEqual([{ name: "x", shape: ["batch", 4] }])
  expect(operations(model)).toEqual(["at,tb->ab", "add", "multiply", "relu"])
})

test("a layer class with build, addWeight and call, alone and inside a model", () => {
  const found = trace(`
    class Scale extends tf.layers.Layer {
      constructor(config) { super(config); this.units = config.units }
      build(shape) { this.gain = this.addWeight("gain", [shape[shape.length - 1]], "float32", tf.initializers.ones()); super.build(shape) }
      call(inputs, kwargs) { const x = Array.isArray(inputs) ? inputs[0] : inputs; return x.mul(this.gain.read()) }
      static get className() { return "Scale" }
    }
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [3], useBias: false }), new Scale({ units: 6 })] })`)
  const layer = only(found, "Scale")
  expect(layer.form).toBe("layer-class")
  expect(parameters(layer)).toEqual(["gain [6]"])
  expect(parameters(only(found, "model"))).toEqual(["dense_1/kernel [3, 6]", "scale_1/gain [6]"])
})

test("weights of the module and a plain function; losses and accuracies are no models", () => {
  const found = trace(`
    const w = tf.variable(tf.zeros([3, 2])), params = { b: tf.variable(tf.zeros([2])) }
    function predict(x) { return tf.softmax(tf.matMul(x, w).add(params.b)) }
    const loss = (x, y) => predict(x).sub(y).square().mean()
    function helper(x) { return x.mul(2) }`)
  const model = only(found)
  expect(model.name).toBe("predict")
  expect(parameters(model)).toEqual(["w [3, 2]", "params/b [2]"])
})

test("a marked function is a model whatever it is called", () => {
  const model = only(
    trace(`
    const w = tf.variable(tf.zeros([3, 2]))
    /**
     * @model
     * @shape left [batch, 3]
     */
    function score(left) { return left.matMul(w).sum() }`),
  )
  expect(model.name).toBe("score")
  expect(model.inputs[0].shape).toEqual(["batch", 3])
})

test("a closure over its weights is named after the factory", () => {
  const model = only(
    trace(`
    function createNet() {
      const w = tf.variable(tf.zeros([3, 2]))
      return { w, forward(x) { return x.matMul(w) } }
    }`),
  )
  expect(model.name).toBe("createNet")
  expect(parameters(model)).toEqual(["w [3, 2]"])
})

test("one factory called with different arguments gives one model a variable", () => {
  const found = trace(`
    function mlp(units) { const model = tf.sequential(); model.add(tf.layers.dense({ units, inputShape: [2] })); return model }
    const small = mlp(3), large = mlp(9)`)
  expect(found.models.map((model) => model.name)).toEqual(["small", "large"])
  const once = trace(`
    function build(units) { const model = tf.sequential(); model.add(tf.layers.dense({ units, inputShape: [2] })); return model }
    const online = build(3), target = build(3)`)
  expect(once.models.map((model) => model.name)).toEqual(["build"])
})

test("sizes nobody states are symbols named after what they are", () => {
  const model = only(
    trace(`
    class Net {
      constructor(inputs: number, hidden: number) {
        this.w = tf.variable(tf.zeros([inputs, hidden]))
        this.u = tf.variable(tf.zeros([hidden, 2]))
      }
      forward(x: tf.Tensor2D) { return x.matMul(this.w).relu().matMul(this.u) }
    }`),
  )
  expect(parameters(model)).toEqual(["w [inputs, hidden]", "u [hidden, 2]"])
  expect(model.inputs[0].shape).toEqual(["batch", "inputs"])
})

test("the rank of an input follows from how the code takes its shape apart", () => {
  const model = only(
    trace(`
    class Block {
      constructor() { this.w = tf.variable(tf.zeros([6, 6])) }
      forward(x) { const [B, T, C] = x.shape; return x.reshape([B * T, C]).matMul(this.w).reshape([B, T, C]) }
    }`),
  )
  expect(model.inputs[0].shape).toEqual(["batch", "x.1", 6])
  expect(outputShapes(model)).toEqual(["batch, x.1, 6"])
})

test("indices are found where they are looked up", () => {
  const model = only(
    trace(`
    class Lookup {
      table = tf.variable(tf.zeros([10, 4]))
      forward(tokens: tf.Tensor2D) { return tf.gather(this.table, tokens) }
    }`),
  )
  const input = model.graph.nodes.find((node) => node.op.kind === "input")
  expect(input?.op).toMatchObject({ domain: "index", range: 10 })
  expect(outputShapes(model)).toEqual(["batch, tokens.1, 4"])
})

test("tfjs under other names", () => {
  const sources = {
    named: `import { sequential, layers } from "@tensorflow/tfjs"; const m = sequential(); m.add(layers.dense({ units: 2, inputShape: [3] }))`,
    aliased: `import * as T from "@tensorflow/tfjs-node"; const { layers: L } = T
      const m = T.sequential({ layers: [L.dense({ units: 2, inputShape: [3] })] })`,
    defaulted: `import tf from "@tensorflow/tfjs"; const m = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`,
    required: `const t = require("@tensorflow/tfjs"); const m = t.sequential({ layers: [t.layers.dense({ units: 2, inputShape: [3] })] })`,
    global: `const m = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`,
    passed: `function make(tf) { const model = tf.sequential(); model.add(tf.layers.dense({ units: 2, inputShape: [3] })); return model }`,
  }
  for (const [name, source] of Object.entries(sources))
    expect(parameters(only(trace({ "/main.ts": source }))), name).toEqual(["dense_1/kernel [3, 2]", "dense_1/bias [2]"])
})

test("constants and layers from other files, JavaScript-style paths, default exports and re-exports", () => {
  const model = only(
    trace({
      "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { UNITS } from "./constants.js"; import Scale, { CONFIG } from "./parts"
      import { more } from "./index"
      CONFIG.depth = 2
      const model = tf.sequential()
      for (let i = 0; i < CONFIG.depth; i++) model.add(tf.layers.dense({ units: UNITS + more, inputShape: [3] }))
      model.add(new Scale({}))`,
      "/constants.ts": `export const UNITS = 4`,
      "/parts.ts": `import * as tf from "@tensorflow/tfjs"; export const CONFIG = { depth: 1 }
      export default class Scale extends tf.layers.Layer { build(s) { this.g = this.addWeight("g", [s[1]]) }
        call(x) { return x.mul(this.g.read()) } }`,
      "/index.ts": `export * from "./more"`,
      "/more.ts": `export const more = 1`,
    }),
  )
  expect(parameters(model).map((p) => p.replace(/ .*\[/, " ["))).toEqual([
    "dense_1/kernel [3, 5]",
    "dense_1/bias [5]",
    "dense_2/kernel [5, 5]",
    "dense_2/bias [5]",
    "scale_1/g [5]",
  ])
})

test("training facts: each compile counts for its own model, loose optimizers for models nobody compiles", () => {
  const found = trace({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; const rate = 1e-3
      export const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] })
      model.compile({ optimizer: tf.train.adam(rate), loss: "meanSquaredError" })
      const other = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] }), optimizer = tf.train.sgd(0.5)
      other.compile({ optimizer, loss: tf.losses.softmaxCrossEntropy })
      export class Net { w = tf.variable(tf.zeros([2, 2])); forward(x: tf.Tensor2D) { return x.matMul(this.w) } }`,
    "/train.ts": `import * as tf from "@tensorflow/tfjs"; import { Net } from "./main"; const o = tf.train.momentum(0.1, 0.9, true)`,
  })
  const facts = (name: string) => only(found, name).optimizers.map((use) => `${use.name} ${use.learningRate} ${use.momentum ?? ""}`.trim())
  expect(facts("model")).toEqual(["adam 0.001"])
  expect(facts("other")).toEqual(["sgd 0.5"])
  expect(facts("Net")).toEqual(["nesterov 0.1 0.9"])
  expect(only(found, "model").losses.map((loss) => loss.name)).toEqual(["meanSquaredError"])
  expect(only(found, "other").losses.map((loss) => loss.name)).toEqual(["softmaxCrossEntropy"])
})

test("a loaded model is a problem with a place", () => {
  const found = trace(`async function main() { const m = await tf.loadLayersModel("model.json"); return m.predict(tf.zeros([1, 2])) }`)
  expect(found.models).toEqual([])
  expect(found.problems.map((problem) => problem.message)).toEqual(["the model is loaded from a file: its definition is not in this source"])
})

test("sites: layers, activation strings, weights, model and forward", () => {
  const model = only(
    trace({
      "/main.ts": `import * as tf from "@tensorflow/tfjs"
const net = tf.sequential()
net.add(tf.layers.dense({ units: 2, inputShape: [3], activation: "relu" }))`,
    }),
  )
  const found = model.sites.map(({ kind, label, start, end }) => `${kind} ${label} ${start.line}:${start.column}-${end.column}`)
  expect(found).toEqual(["model net 2:7-10", "activation 'relu' 3:66-72", "layer dense_1 3:9-24"])
  const classSites = only(trace(`class A { w = tf.variable(tf.zeros([2, 2])); forward(x: tf.Tensor2D) { return x.matMul(this.w) } }`)).sites
  expect(classSites.map((site) => site.kind).sort()).toEqual(["forward", "model", "op", "weight", "weight"])
})

test("frozen layers and variables", () => {
  const model = only(
    trace(`
    const base = tf.layers.dense({ units: 4, inputShape: [3] })
    base.trainable = false
    const net = tf.sequential({ layers: [base, tf.layers.dense({ units: 2, trainable: false }),
      tf.layers.dense({ units: 1, kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }) })] })`),
  )
  expect(parameters(model)).toEqual([
    "dense_1/kernel [3, 4] frozen",
    "dense_1/bias [4] frozen",
    "dense_2/kernel [4, 2] frozen",
    "dense_2/bias [2] frozen",
    "dense_3/kernel [2, 1]",
    "dense_3/bias [1]",
  ])
  expect(model.graph.parameters[4].regularizer).toEqual({ l1: 0, l2: 0.1 })
})

test("a class that extends tf.LayersModel is the model it hands to super", () => {
  const model = only(
    trace(`
    function architecture(units: number) {
      const inputs = tf.input({ shape: [3] })
      return tf.model({ inputs, outputs: tf.layers.dense({ units }).apply(inputs) })
    }
    export class Wrapped extends tf.LayersModel {
      constructor(config?: { units: number }, given?: tf.LayersModel) {
        const { units } = { units: 2, ...config }
        if (given !== undefined) super({ inputs: given.inputs, outputs: given.outputs })
        else { const { inputs, outputs, name } = architecture(units); super({ inputs, outputs, name }) }
      }
      train(x: tf.Tensor) { return this.apply(x) }
    }`),
    "Wrapped",
  )
  expect(parameters(model)).toEqual(["dense_1/kernel [3, 2]", "dense_1/bias [2]"])
  expect(model.form).toBe("functional")
})

test("layers of a functional model are counted from its input layer, and only along a chain", () => {
  const found = trace(`
    const a = tf.input({ shape: [4] })
    const y = tf.layers.dense({ units: 2 }).apply(tf.layers.dense({ units: 3 }).apply(a))
    const full = tf.model({ inputs: a, outputs: y })
    const cut = tf.model({ inputs: full.inputs, outputs: full.layers[1].output })
    const b = tf.input({ shape: [4] }), left = tf.layers.dense({ units: 3 }).apply(b), right = tf.layers.dense({ units: 3 }).apply(b)
    const wide = tf.model({ inputs: b, outputs: tf.layers.add().apply([left, right]) })
    const open = tf.model({ inputs: wide.inputs, outputs: wide.layers[1].output })`)
  expect(only(found, "cut").parameterCount).toBe(4 * 3 + 3)
  expect(found.models.map((model) => model.name)).not.toContain("open")
})

test("callers that hand a factory's model on are named, with their own arguments and optimizers", () => {
  const found = trace(`
    const make = (options = {}) => { const m = tf.sequential()
      m.add(tf.layers.dense({ units: 3, inputShape: [2], ...options })); return m }
    export function plain() { const m = make({ useBias: false }); 
      m.compile({ optimizer: "sgd", loss: tf.losses.meanSquaredError as never })
      return m
    }
    export function decayed() {
      const m = make({ kernelRegularizer: "l2" })
      m.compile({ optimizer: fast ? "adam" : chosen, loss: "meanSquaredError" })
      return m
    }`)
  expect(found.models.map((model) => model.name)).toEqual(["plain", "decayed"])
  expect(parameters(only(found, "plain"))).toEqual(["dense_1/kernel [2, 3]"])
  expect(only(found, "plain").losses.map((loss) => loss.name)).toEqual(["meanSquaredError"])
  expect(only(found, "decayed").graph.parameters[0].regularizer).toEqual({ l1: 0, l2: 0.01 })
  expect(only(found, "decayed").optimizers.map((use) => use.name)).toEqual(["adam", "unknown"])
})

test("variables in a store by name, settings as a record with optional members, and a type check of the input", () => {
  const model = only(
    trace(`
    interface Settings { training: boolean; skip?: boolean; cache?: tf.Tensor[] }
    class Store {
      private held = new Map<string, tf.Variable | null>()
      add(name: string, variable?: tf.Variable) { this.held.set(name, variable || null) }
      get(name: string): tf.Tensor { const found = this.held.get(name); if (!found) throw new Error(name); return found }
    }
    abstract class Part<S extends Settings = Settings> {
      store = new Store()
      call(settings: S, ...x: tf.Tensor[]) { return this.forward(settings, ...x) }
      abstract forward(settings: S, ...x: tf.Tensor[]): tf.Tensor
    }
    export class Lookup extends Part {
      constructor() { super(); this.store.add("table", tf.variable(tf.initializers.randomNormal({ stddev: 0.1 }).apply([7, 4]), true, "table")) }
      forward(settings: Settings, ids: tf.Tensor): tf.Tensor {
        if (ids.shape.length !== 2) throw new Error("rank")
        if (ids.dtype !== "int32") throw new Error("type")
        const x = tf.gather(this.store.get("table"), ids)
        if (settings.skip) return x
        return settings.cache ? x.add(settings.cache[0]) : x.matMul(this.store.get("table"), false, true)
      }
    }`),
    "Lookup",
  )
  expect(model.inputs.map((input) => input.name)).toEqual(["ids"])
  expect(parameters(model)).toEqual(["store/held/table [7, 4]"])
  expect(model.unsupported).toEqual([])
  expect(model.assumptions).toContain("the optional settings of 'settings' are not given")
})

test("what else tfjs exports may call the functions it is given", () => {
  const found = trace(`tf.test_util.describeWithFlags("a", {}, () => {
    function setUp() { const model = tf.sequential(); model.add(tf.layers.dense({ units: 1, inputShape: [2] })); return model }
    it("b", () => setUp())
  })`)
  expect(parameters(only(found))).toEqual(["dense_1/kernel [2, 1]", "dense_1/bias [1]"])
})
