/** @file Definitions that bend the language: what a careful reader follows and a quick one does not. */
import type { FormCase } from "./runCase"

const ts = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.ts": `import * as tf from "@tensorflow/tfjs"\n${text}` }, ...rest,
})
const js = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.js": `const tf = require("@tensorflow/tfjs")\n${text}` }, ...rest,
})

export const trickyCases: readonly FormCase[] = [
  js("a pipeline of functions over symbolic tensors", `
    const pipe = (...steps) => (x) => steps.reduce((y, step) => step(y), x)
    const layer = (kind, config) => (x) => tf.layers[kind](config).apply(x)
    const residual = (...steps) => (x) => tf.layers.add().apply([x, pipe(...steps)(x)])
    const input = tf.input({ shape: [8, 8, 4] })
    const conv = (filters) => layer("conv2d", { filters, kernelSize: 3, padding: "same", activation: "relu" })
    const net = tf.model({ inputs: input, outputs: pipe(
      conv(4), residual(conv(6), conv(4)), layer("globalAveragePooling2d", {}), layer("dense", { units: 3 }))(input) })`),
  js("layers by computed names, options by defaults and spread", `
    const DEFAULTS = { activation: "relu", useBias: false }
    const shapes = { narrow: [5, 4], wide: [9, 7] }
    function make({ size = "narrow", classes = shapes[size].length, ...rest } = {}) {
      const model = tf.sequential()
      const [first, ...others] = shapes[size]
      model.add(tf.layers.dense({ ...DEFAULTS, ...rest, units: first, inputShape: [6] }))
      for (const units of others) model.add(tf.layers.dense({ ...DEFAULTS, units }))
      model.add(tf.layers.dense({ units: classes, activation: rest?.head ?? "softmax" }))
      return model
    }
    const net = make({ size: "wide", useBias: true })`),
  ts("a builder with chained methods", `
    class Builder {
      private readonly steps: tf.layers.Layer[] = []
      private constructor(private readonly shape: number[]) {}
      static from(...shape: number[]) { return new Builder(shape) }
      dense(units: number, activation: "relu" | "tanh" | undefined = "relu"): this {
        this.steps.push(tf.layers.dense({ units, activation, ...(this.steps.length === 0 && { inputShape: this.shape }) }))
        return this
      }
      repeat(times: number, body: (b: this, i: number) => unknown): this {
        for (let i = 0; i < times; ++i) body(this, i)
        return this
      }
      build() { return tf.sequential({ layers: this.steps }) }
    }
    export const net = Builder.from(4).dense(8).repeat(3, (b, i) => b.dense(8 >> i, i % 2 ? "tanh" : undefined)).dense(1).build()`),
  ts("getters that make weights on first use", `
    class Lazy {
      #weights = new Map<string, tf.Variable>()
      constructor(private readonly n = 3) {}
      private weight(name: string, shape: number[]) {
        if (!this.#weights.has(name)) this.#weights.set(name, tf.variable(tf.randomNormal(shape)))
        return this.#weights.get(name)!
      }
      get up() { return this.weight("up", [this.n, 2 * this.n]) as tf.Variable<tf.Rank.R2> }
      get down() { return this.weight("down", [2 * this.n, this.n]) as tf.Variable<tf.Rank.R2> }
      forward(x: tf.Tensor2D) { return x.add(x.matMul(this.up).relu().matMul(this.down)) }
    }
    const lazy = new Lazy()`, { run: "lazy.forward(tf.ones([2, 3]))" }),
  js("weights by template names in one flat record", `
    const config = { layers: 3, width: 4, heads: 2 }
    const params = {}
    for (let l = 0; l < config.layers; l++) {
      for (const name of ["q", "k", "v", "o"]) params[\`h\${l}/\${name}\`] = tf.variable(tf.randomNormal([config.width, config.width]))
      params[\`h\${l}/scale\`] = tf.variable(tf.ones([config.width]))
    }
    const split = (x, n) => tf.transpose(tf.reshape(x, [x.shape[0], x.shape[1], n, -1]), [0, 2, 1, 3])
    const flat = (x, w) => x.reshape([-1, w.shape[0]]).matMul(w).reshape([...x.shape.slice(0, -1), w.shape[1]])
    function attend(x, at) {
      const [q, k, v] = ["q", "k", "v"].map((name) => split(flat(x, params[at(name)]), config.heads))
      const scores = tf.softmax(tf.matMul(q, k, false, true).div(Math.sqrt(config.width / config.heads)))
      const joined = tf.matMul(scores, v).transpose([0, 2, 1, 3]).reshape(x.shape)
      return flat(joined, params[at("o")])
    }
    function forward(x) {
      for (let l = 0; l < config.layers; l++) {
        const at = (name) => \`h\${l}/\${name}\`
        x = x.add(attend(x.mul(params[at("scale")]), at))
      }
      return x
    }`, { run: "forward(tf.ones([2, 5, 4]))", sizes: { "x.1": 5 } }),
  js("a switch on a type inside a list of specifications, with a nested list", `
    const spec = [
      { type: "conv", filters: 4 },
      { type: "branch", of: [[{ type: "conv", filters: 2 }], [{ type: "conv", filters: 3 }, { type: "conv", filters: 5 }]] },
      { type: "pool" },
      { type: "flat" },
      { type: "dense", units: 2 },
    ]
    function read(x, items) {
      return items.reduce((y, { type, ...options }) => {
        switch (type) {
          case "conv":
            options.kernelSize ??= 3
            return tf.layers.conv2d({ padding: "same", ...options }).apply(y)
          case "branch":
            return tf.layers.concatenate({ axis: -1 }).apply(options.of.map((branch) => read(y, branch)))
          case "pool":
            return tf.layers.maxPooling2d({ poolSize: [2, 2] }).apply(y)
          case "flat":
            return tf.layers.flatten().apply(y)
          default:
            return tf.layers[type](options).apply(y)
        }
      }, x)
    }
    const input = tf.input({ shape: [6, 6, 1] })
    const net = tf.model({ inputs: [input], outputs: [read(input, spec)] })`),
  ts("an abstract layer with a template, weights in an array", `
    abstract class Stack extends tf.layers.Layer {
      protected kernels: tf.LayerVariable[] = []
      constructor(protected readonly config: { units: number; depth?: number; name?: string }) { super({ name: config.name }) }
      override build(shape: tf.Shape | tf.Shape[]) {
        const last = (Array.isArray(shape[0]) ? shape[0] : shape).at(-1) as number
        const { units, depth = 2 } = this.config
        this.kernels = Array.from({ length: depth }, (_, i) =>
          this.addWeight(\`kernel_\${i}\`, [i === 0 ? last : units, units], "float32", tf.initializers.glorotNormal({})))
        super.build(shape)
      }
      protected abstract between(x: tf.Tensor, i: number): tf.Tensor
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.tidy(() => {
          let x = Array.isArray(inputs) ? inputs[0] : inputs
          this.kernels.forEach((kernel, i) => { x = this.between(tf.matMul(x, kernel.read()), i) })
          return x
        })
      }
      override computeOutputShape(shape: tf.Shape | tf.Shape[]) {
        const first = (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape
        return [...first.slice(0, -1), this.config.units]
      }
    }
    class ReluStack extends Stack {
      static className = "ReluStack"
      protected between(x: tf.Tensor, i: number) { return i + 1 < this.kernels.length ? tf.relu(x) : x }
    }
    const input = tf.input({ shape: [5] })
    export const net = tf.model({ inputs: input, outputs: new ReluStack({ units: 4, depth: 3 }).apply(input) as tf.SymbolicTensor })`),
  js("recursion over a depth, memoized parts", `
    const made = {}
    const part = (width) => (made[width] ||= tf.layers.dense({ units: width, activation: "tanh" }))
    const join = (...parts) => tf.layers.concatenate().apply(parts)
    const fold = (x, depth) => (depth === 0 ? x : fold(join(part(3).apply(tf.layers.dense({ units: 3 }).apply(x)), x), depth - 1))
    const input = tf.input({ shape: [3] })
    const net = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 1 }).apply(fold(input, 3)) })`),
  js("sorted, filtered and flattened lists of widths", `
    const raw = [[16, 0], [8, null], [4, 32]]
    const widths = raw.flat().filter(Boolean).sort((a, b) => b - a)
    const [largest] = widths, total = widths.reduce((a, b) => a + b)
    const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [Math.ceil(total / 9)] })] })
    widths.map((units, i, all) => ({ units, activation: all[i + 1] === undefined ? "linear" : "elu" }))
      .forEach((c) => model.add(tf.layers.dense(c)))
    const last = widths.indexOf(8) + widths.lastIndexOf(4)
    if (Object.keys({ largest }).includes("largest") && largest > 31) model.add(tf.layers.dense({ units: last }))`),
  ts("heads in a record, outputs by Object.values", `
    const trunk = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [4], activation: "selu" })] })
    const heads: Record<string, tf.layers.Layer> = Object.fromEntries(
      Object.entries({ policy: 3, value: 1 } as const).map(([name, units]) => [name, tf.layers.dense({ units, name })]))
    const input = tf.input({ shape: [4] }), h = trunk.apply(input) as tf.SymbolicTensor
    export const net = tf.model({ inputs: input, outputs: Object.values(heads).map((head) => head.apply(h) as tf.SymbolicTensor) })`),
  js("a generator of layers, destructured by for…of", `
    function* widths(from, to) { for (let n = from; n >= to; n /= 2) yield [n, n > to] }
    const model = tf.sequential()
    let first = true
    for (const [units, more] of widths(16, 4)) {
      model.add(tf.layers.dense({ units, ...(first ? { inputShape: [10] } : null), activation: more ? "relu" : undefined }))
      first = false
    }`),
  ts("gru by hand over steps, gates in one matrix", `
    class Gru {
      readonly k: tf.Variable; readonly r: tf.Variable; readonly b: tf.Variable
      constructor(readonly inputs: number, readonly units: number) {
        const make = (...shape: number[]) => tf.variable(tf.randomUniform(shape, -0.1, 0.1))
        ;[this.k, this.r, this.b] = [make(inputs, 3 * units), make(units, 3 * units), make(3 * units)]
      }
      step(x: tf.Tensor2D, h: tf.Tensor2D): tf.Tensor2D {
        const [xz, xr, xn] = tf.split(x.matMul(this.k as tf.Tensor2D).add(this.b), 3, 1)
        const [hz, hr, hn] = tf.split(h.matMul(this.r as tf.Tensor2D), 3, 1)
        const z = xz.add(hz).sigmoid(), n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh()
        return tf.onesLike(z).sub(z).mul(n).add(z.mul(h)) as tf.Tensor2D
      }
      forward(x: tf.Tensor3D): tf.Tensor2D {
        const steps = tf.unstack(x, 1) as tf.Tensor2D[]
        return steps.reduce((h, step) => this.step(step, h), tf.zeros([x.shape[0], this.units]) as tf.Tensor2D)
      }
    }
    export const gru = new Gru(3, 4)
    /** @shape x [batch, 5, 3] */
    export function model(x: tf.Tensor3D) { return gru.forward(x) }`,
    { run: "model(tf.ones([2, 5, 3]))", sizes: { inputs: 3, units: 4 }, names: ["Gru", "model"] }),
  js("callbacks, bind, call and apply", `
    function addDense(units, activation) { this.add(tf.layers.dense({ units, activation })); return this }
    const model = tf.sequential()
    model.add(tf.layers.inputLayer({ inputShape: [3] }))
    const add = addDense.bind(model)
    add(5, "relu")
    addDense.call(model, 4, "tanh")
    addDense.apply(model, [2])`),
  js("a loop that ends early, nested ternaries, comma and exponent", `
    const model = tf.sequential()
    for (let i = 0, n = 2 ** 4; ; i++, n >>= 1) {
      if (n < 3) break
      if (n === 8) continue
      model.add(tf.layers.dense({ units: n, inputShape: i ? undefined : [5], activation: n > 10 ? "relu" : n > 5 ? "tanh" : "sigmoid" }))
    }`),
  ts("a frozen backbone of one class, a head of another", `
    class Backbone {
      readonly model = tf.sequential({ name: "backbone" })
      constructor(size: readonly [number, number]) {
        this.model.add(tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [...size, 1], activation: "relu" }))
        this.model.add(tf.layers.globalMaxPooling2d({}))
        this.model.layers.forEach((layer) => { layer.trainable = false })
      }
    }
    class Classifier extends Backbone {
      readonly full: tf.LayersModel
      constructor(classes: number) {
        super([7, 7])
        const out = tf.layers.dense({ units: classes, activation: "softmax" }).apply(this.model.outputs[0]) as tf.SymbolicTensor
        this.full = tf.model({ inputs: this.model.inputs, outputs: out })
      }
    }
    export const { full } = new Classifier(4)`),
  js("module pattern with private state and a reset", `
    const network = (() => {
      let w, b
      const reset = (n = 3, m = 2) => {
        w?.dispose()
        w = tf.variable(tf.truncatedNormal([n, m], 0, 0.1))
        b = tf.variable(tf.zeros([m]))
      }
      reset()
      return { reset, predict: (x) => tf.tidy(() => x.matMul(w).add(b).softmax()), get weights() { return [w, b] } }
    })()`, { run: "network.predict(tf.ones([4, 3]))" }),
  ts("overloads, generics, satisfies and non-null", `
    type Spec = { units: number; act?: "relu" | "gelu" }
    function block(spec: Spec): tf.layers.Layer[]
    function block(units: number, act?: Spec["act"]): tf.layers.Layer[]
    function block(spec: Spec | number, act?: Spec["act"]): tf.layers.Layer[] {
      const { units, act: chosen } = typeof spec === "number" ? { units: spec, act } : spec
      return [tf.layers.dense({ units }), ...(chosen ? [tf.layers.activation({ activation: chosen as "relu" })] : [])]
    }
    const first = <T,>(items: readonly T[]): T => items[0]!
    const specs = [{ units: 5, act: "gelu" }, { units: first([3, 9]) }] satisfies Spec[]
    const input = tf.layers.inputLayer({ inputShape: [2] })
    export const net = tf.sequential({ layers: [input, ...specs.flatMap((s) => block(s)), ...block(1, "relu")] })`),
  js("a mixture of experts with a dense gate", `
    const experts = Array.from({ length: 3 }, () => ({ w: tf.variable(tf.randomNormal([4, 6])), v: tf.variable(tf.randomNormal([6, 4])) }))
    const gate = tf.variable(tf.zeros([4, experts.length]))
    const moe = (x) => {
      const p = tf.softmax(x.matMul(gate)), parts = tf.split(p, experts.length, 1)
      return experts.map(({ w, v }, i) => x.matMul(w).relu().matMul(v).mul(parts[i])).reduce((a, b) => a.add(b))
    }`, { run: "moe(tf.ones([5, 4]))" }),
  ts("one model in another, cut by name and index", `
    const base = tf.sequential({ layers: [
      tf.layers.conv1d({ filters: 4, kernelSize: 3, inputShape: [12, 2], name: "stem" }),
      tf.layers.batchNormalization({ name: "norm" }), tf.layers.flatten(), tf.layers.dense({ units: 7, name: "old" })] })
    const cut = base.getLayer("norm").output as tf.SymbolicTensor
    const pooled = tf.layers.globalAveragePooling1d({}).apply(cut) as tf.SymbolicTensor
    export const features = tf.model({ inputs: base.layers[0].input as tf.SymbolicTensor, outputs: pooled, name: "features" })
    const x = tf.input({ shape: features.inputs[0].shape.slice(1) })
    const head = tf.layers.dense({ units: features.outputShape[1] as number })
    export const twice = tf.model({ inputs: x, outputs: head.apply(features.apply(x)) as tf.SymbolicTensor })`),
  js("sizes read from data that the source holds", `
    const rows = [{ x: [0.1, 0.2, 0.3], label: "a" }, { x: [0.3, 0.1, 0.9], label: "b" }, { x: [0.5, 0.5, 0.1], label: "a" }]
    const labels = [...new Set(rows.map(({ label }) => label))]
    const xs = tf.tensor2d(rows.map(({ x }) => x))
    const model = tf.sequential()
    model.add(tf.layers.dense({ units: 2 * labels.length, inputShape: [xs.shape[1]], activation: "relu" }))
    model.add(tf.layers.dense({ units: labels.length, activation: labels.length > 2 ? "softmax" : "sigmoid" }))`),
  js("windows over the whole of a text of open length", `
    function textNet(words, length, width = 6, sizes = [2, 3], classes = 2) {
      const input = tf.input({ shape: [length] })
      const rows = tf.layers.embedding({ inputDim: words, outputDim: width, inputLength: length }).apply(input)
      const images = tf.layers.reshape({ targetShape: [length, width, 1] }).apply(rows)
      const flat = (x) => tf.layers.flatten().apply(x)
      const lines = sizes.map((size) => flat(tf.layers.maxPooling1d({ poolSize: length - size + 1 })
        .apply(tf.layers.conv1d({ filters: 4, kernelSize: size, activation: "relu" }).apply(rows))))
      const areas = sizes.map((size) => flat(tf.layers.averagePooling2d({ poolSize: [length - size + 1, 1] })
        .apply(tf.layers.conv2d({ filters: 3, kernelSize: [size, width] }).apply(images))))
      return tf.model({ inputs: input, outputs: tf.layers.dense({ units: classes }).apply(tf.layers.concatenate().apply([...lines, ...areas])) })
    }`, { run: "textNet(20, 9)", sizes: { words: 20, length: 9 } }),
  js("a u-net of open size", `
    function unet(height, width, channels = 2, filters = 3) {
      const input = tf.input({ shape: [height, width, channels] })
      const skips = []
      let x = input
      for (let i = 0; i < 3; i++) {
        x = tf.layers.conv2d({ filters: filters << i, kernelSize: 3, padding: "same", activation: "relu" }).apply(x)
        skips.push(x)
        x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(x)
      }
      while (skips.length > 0) {
        x = tf.layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2 }).apply(x)
        x = tf.layers.concatenate().apply([x, skips.pop()])
      }
      return tf.model({ inputs: input, outputs: tf.layers.conv2d({ filters: 1, kernelSize: 1 }).apply(x) })
    }`, { run: "unet(16, 24)", sizes: { height: 2, width: 3 } }),
]
