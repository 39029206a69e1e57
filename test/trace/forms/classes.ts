/** @file Networks as classes, closures and functions over variables of their own, and as classes of layers. */
import type { FormCase } from "./runCase"

const ts = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.ts": `import * as tf from "@tensorflow/tfjs"\n${text}` }, ...rest,
})
const js = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title, files: { "/main.js": `const tf = require("@tensorflow/tfjs")\n${text}` }, ...rest,
})

export const classCases: readonly FormCase[] = [
  ts("private fields, a getter, static sizes", `
    export class Net {
      static readonly width = 5
      #w = tf.variable(tf.randomNormal([3, Net.width]))
      readonly #v: tf.Variable
      constructor() { this.#v = tf.variable(tf.zeros([Net.width, 2])) }
      get weights() { return [this.#w, this.#v] as const }
      forward(x: tf.Tensor2D) { const [w, v] = this.weights; return tf.tidy(() => x.matMul(w).relu().matMul(v)) }
    }`, { run: "new Net().forward(tf.ones([4, 3]))" }),
  ts("an inherited template method", `
    abstract class Base {
      protected readonly w: tf.Variable
      constructor(protected readonly inputs: number, readonly units: number) { this.w = tf.variable(tf.randomNormal([inputs, units])) }
      protected abstract activate(x: tf.Tensor): tf.Tensor
      call(x: tf.Tensor2D): tf.Tensor { return this.activate(this.extend(x.matMul(this.w as tf.Tensor2D))) }
      protected extend(x: tf.Tensor): tf.Tensor { return x }
    }
    class Biased extends Base {
      private readonly b = tf.variable(tf.zeros([4]))
      constructor(inputs: number) { super(inputs, 4) }
      protected override extend(x: tf.Tensor) { return super.extend(x).add(this.b) }
      protected activate(x: tf.Tensor) { return tf.sigmoid(x) }
    }
    export const make = () => new Biased(6)`, { run: "make().call(tf.ones([2, 6]))", sizes: { inputs: 6 } }),
  js("weights in arrays, applied with reduce", `
    class Mlp {
      constructor(sizes) {
        this.layers = sizes.slice(1).map((n, i) => ({ w: tf.variable(tf.randomNormal([sizes[i], n])), b: tf.variable(tf.zeros([n])) }))
      }
      predict(x) {
        return this.layers.reduce((y, { w, b }, i) => {
          const z = y.matMul(w).add(b)
          return i < this.layers.length - 1 ? z.tanh() : z
        }, x)
      }
    }
    const net = new Mlp([4, 6, 5, 2])
    module.exports = { net }`, { run: "net.predict(tf.ones([3, 4]))" }),
  js("module variables and a function declaration", `
    const w1 = tf.variable(tf.randomNormal([4, 8])), b1 = tf.variable(tf.zeros([8]))
    let w2 = tf.variable(tf.randomNormal([8, 3]), true, "head")
    function model(x) {
      const h = tf.leakyRelu(tf.add(tf.matMul(x, w1), b1), 0.1)
      return tf.softmax(h.dot(w2))
    }
    const loss = (x, y) => tf.losses.softmaxCrossEntropy(y, model(x))
    tf.train.sgd(0.1).minimize(() => loss(tf.ones([2, 4]), tf.ones([2, 3])))`, { run: "model(tf.ones([5, 4]))" }),
  ts("a factory that returns the forward function", `
    export function createPolicy(observations: number, actions: number, { hidden = 7 } = {}) {
      const w = tf.variable(tf.randomUniform([observations, hidden])), u = tf.variable(tf.randomUniform([hidden, actions]))
      return { forward: (x: tf.Tensor2D) => x.matMul(w as tf.Tensor2D).elu().matMul(u as tf.Tensor2D), weights: [w, u] }
    }`, { run: "createPolicy(3, 2).forward(tf.ones([4, 3]))", sizes: { observations: 3, actions: 2 } }),
  js("a closure beside its weights in an async function", `
    async function fit(xs, ys) {
      const a = tf.variable(tf.scalar(0.5)), w = tf.variable(tf.ones([3, 1]))
      const hypothesis = (x) => x.matMul(w).mul(a)
      const cost = () => hypothesis(xs).sub(ys).square().mean()
      await tf.nextFrame
      const optimizer = tf.train.sgd(0.01)
      for (let step = 0; step < 2; step++) optimizer.minimize(cost)
      return hypothesis(xs)
    }`, { run: "fit(tf.ones([4, 3]), tf.ones([4, 1]))", names: ["hypothesis"] }),
  ts("layers in fields, applied eagerly", `
    export class Block {
      private readonly hidden = tf.layers.dense({ units: 6, activation: "relu" })
      private readonly out: tf.layers.Layer
      constructor(units: number) { this.out = tf.layers.dense({ units, useBias: false }) }
      forward(x: tf.Tensor2D) { return this.out.apply(this.hidden.apply(x)) as tf.Tensor }
    }
    /** @shape x [batch, 5] */
    export function run(block: Block, x: tf.Tensor2D) { return block.forward(x) }`,
  { run: "new Block(2).forward(tf.ones([3, 5]))", sizes: { units: 2, "x.1": 5 } }),
  ts("a custom layer in a functional model", `
    class Scale extends tf.layers.Layer {
      static className = "Scale"
      private gain!: tf.LayerVariable
      constructor(private readonly config: { initial?: number; name?: string } = {}) { super(config) }
      build(shape: tf.Shape | tf.Shape[]) {
        const size = (Array.isArray(shape[0]) ? (shape[0] as number[]) : (shape as number[])).at(-1)!
        this.gain = this.addWeight("gain", [size], "float32", tf.initializers.constant({ value: this.config.initial ?? 1 }))
        super.build(shape)
      }
      computeOutputShape(shape: tf.Shape) { return shape }
      call(inputs: tf.Tensor | tf.Tensor[]) { const x = Array.isArray(inputs) ? inputs[0] : inputs; return x.mul(this.gain.read()) }
      getConfig() { return { ...super.getConfig(), ...this.config } as tf.serialization.ConfigDict }
    }
    const x = tf.input({ shape: [4] })
    export const model = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(new Scale({
      initial: 0.5 }).apply(x)) as tf.SymbolicTensor })`),
  ts("a class that extends tf.Sequential", `
    export class Network extends tf.Sequential {
      constructor(width: number) {
        super({ name: "network", layers: [tf.layers.dense({ units: width, inputShape: [1] }), tf.layers.dense({ units: 1 })] })
      }
    }
    export const net = new Network(9)`),
  js("a class with its own names for two networks", `
    class Gan {
      constructor(noise) {
        this.g = tf.variable(tf.randomNormal([noise, 4]))
      }
      generate(z) { return z.matMul(this.g).tanh() }
    }
    const gan = new Gan(3)`, { run: "gan.generate(tf.ones([2, 3]))", names: ["generate"] }),
  ts("generic blocks in a list, residual", `
    interface Module<I extends tf.Tensor, O extends tf.Tensor = I> { call(x: I): O }
    class Linear implements Module<tf.Tensor> {
      readonly w: tf.Variable
      constructor(n: number, m: number) { this.w = tf.variable(tf.randomNormal([n, m])) }
      call(x: tf.Tensor) { return tf.matMul(x as tf.Tensor2D, this.w as tf.Tensor2D) }
    }
    class Stack<M extends Module<tf.Tensor>> {
      private readonly blocks: M[]
      constructor(make: (i: number) => M, count = 3) { this.blocks = [...Array(count).keys()].map((i) => make(i)) }
      forward(x: tf.Tensor) { for (const block of this.blocks) x = x.add(block.call(x).relu()); return x }
    }
    export const stack = new Stack((i) => new Linear(4, 4))`, { run: "exports.stack.forward(tf.ones([2, 4]))", sizes: {
      "x.1": 4 }, names: ["Linear", "Stack"] }),
  js("prototype-style constructor function", `
    function Perceptron(inputs, units) {
      const w = tf.variable(tf.ones([inputs, units]))
      return (x) => tf.sigmoid(x.matMul(w))
    }
    const predict = Perceptron(3, 2)`, { run: "predict(tf.ones([4, 3]))" }),
]
