/** @file Numbers read out of tensors, functions with their own gradient, arguments of call sites, activations nobody names. */
import { beforeAll, expect, test } from "vitest"
import { expectAsTfjs, traceExpression } from "../support/differential"
import { deriveClaims } from "../support/laws"
import { prepareTfjs } from "../support/runTfjs"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

test.each([
  "b.slice([a.argMax(1).arraySync()[1], 0], [1, -1])",
  "b.slice([0, tf.argMin(v3).dataSync()[0]], [-1, 1])",
  "c.slice([0, a.argMax(0).dataSync()[2], 1], [2, 1, 3])",
  "a.mul(tf.scalar(v.sum().dataSync()[0]))",
  "a.mul(v.arraySync()[3])",
  "tf.tensor2d(s.arraySync()).matMul(a)",
  "a.add(tf.tensor(v.dataSync(), [6]))",
  "tf.gather(a, a.argMax(0).arraySync())",
])("%s is read as tfjs computes it, without a gradient of what is read", (code) => expectAsTfjs(code))

test("a range of places that is read cannot be followed", () => {
  const [model] = traceExpression("b.slice([a.argMax(1).arraySync()[1], 0], [2, -1])")
  expect(model.unsupported[0].what).toMatch(/a place that is read out of a tensor, for more than one entry/)
})

test("a function with its own gradient keeps its value and lets no law pass", () => {
  const own = `const own = tf.customGrad((x, save) => { save([x]); return { value: x.mul(2), gradFunc: (dy) => dy.mul(3) } });`
  const network = (middle: string): string => `const w = tf.variable(tf.ones([4, 3])), u = tf.variable(tf.ones([3, 2])); ${own}
    /** @model @shape x [batch, 4] */ function f(x: tf.Tensor2D) { return ${middle}.matMul(u) }`
  const laws = (middle: string): number => deriveClaims(only(trace(network(middle))).graph).laws.length
  expect([laws("x.matMul(w)"), laws("own(x.matMul(w))")]).toEqual([1, 0])
  const model = only(trace(network("own(x.matMul(w))")))
  expect(model.unsupported).toEqual([])
  expect(model.assumptions.join()).toMatch(/tf\.customGrad.* read for its value: no law is claimed/)
})

test("an expert chosen by what the network computes", () => {
  const model = only(trace(`class Experts extends tf.layers.Layer {
    build(shape) { this.gate = this.addWeight("gate", [shape[1], 3], "float32", "glorotNormal")
      this.experts = this.addWeight("experts", [3, shape[1], 2], "float32", "glorotNormal") }
    call(inputs) { return tf.tidy(() => { const x = Array.isArray(inputs) ? inputs[0] : inputs
      const best = tf.customGrad((s, save) => { save([s]); return { value: s.argMax(-1), gradFunc: (dy, [s]) => s } })(
        x.matMul(this.gate.read())).arraySync()
      const rows = []
      for (let i = 0; i < x.shape[0]; i++)
        rows.push(x.slice([i, 0], [1, -1]).matMul(this.experts.read().slice([best[i], 0, 0], [1, -1, -1]).squeeze([0])))
      return tf.concat(rows, 0) }) } }
    const x = tf.input({ batchShape: [4, 5] }), net = tf.model({ inputs: x, outputs: new Experts({ name: "experts" }).apply(x) })`), "net")
  expect(model.unsupported.map(({ what }) => what)).toEqual([])
  expect(model.graph.nodes.filter(({ op }) => op.kind === "gather")).toHaveLength(4)
  expect(model.graph.parameters.map((p) => p.id)).toEqual(["experts/gate", "experts/experts"])
})

test("a class is followed with the arguments of the class that makes it", () => {
  const traced = trace(`const mlp = (sizes: number[], activation: any) => {
      const input = tf.input({ shape: [3] }); let y: any = input
      for (const size of sizes) y = tf.layers.dense({ units: size, activation }).apply(y)
      return tf.model({ inputs: input, outputs: y }) }
    class Actor { net: any; constructor(sizes: number[], activation: any) { this.net = mlp(sizes, activation) }
      forward(x: tf.Tensor2D) { return this.net.apply(x) } }
    export class Agent { actor: Actor; constructor(width = 8, activation = "tanh") { this.actor = new Actor([width, 2], activation) } }`)
  const actor = only(traced, "Actor")
  expect(actor.unsupported).toEqual([])
  expect(actor.graph.parameters.map((p) => p.shape.join())).toEqual(["3,8", "8", "8,2", "2"])
  expect(actor.graph.nodes.flatMap(({ op }) => (op.kind === "unary" ? [op.fn] : []))).toEqual(["tanh", "tanh"])
})

test("an activation nobody names is said and lets no law pass", () => {
  const source = (activation: string): string => `export function make(activation: any) { return tf.sequential({ layers: [
    tf.layers.dense({ units: 4, inputShape: [3], activation: ${activation} }), tf.layers.dense({ units: 2 })] }) }`
  const open = only(trace(source("activation")))
  expect(open.unsupported).toEqual([])
  expect(open.assumptions.join()).toMatch(/the activation 'activation' of dense is not known: no law is claimed through it/)
  expect(deriveClaims(only(trace(source(`"linear"`))).graph).laws.length).toBeGreaterThan(0)
  expect(deriveClaims(open.graph).laws).toEqual([])
})

test("kernels that the code registers itself are read for their values", () => {
  const model = only(trace({
    "/kernel.ts": `import { registerKernel, matMul } from "@tensorflow/tfjs-core"
      const run = (args: any) => { const { x, w } = args.inputs; return args.attrs.twice ? matMul(matMul(x, w), w) : matMul(x, w) }
      registerKernel({ kernelName: "Product", backendName: "webgl", kernelFunc: () => { throw new Error("no") } })
      registerKernel({ kernelName: "Product", backendName: "cpu", kernelFunc: run })`,
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import "./kernel"
      const w = tf.variable(tf.zeros([3, 3])), u = tf.variable(tf.zeros([3, 2]))
      /** @model @shape x [batch, 3] */ export function f(x: tf.Tensor2D) {
        return (tf.engine().runKernel("Product", { x, w }, { twice: true }) as tf.Tensor2D).matMul(u) }`,
  }))
  expect(model.unsupported).toEqual([])
  expect(model.graph.nodes[model.graph.outputs[0]].shape).toEqual(["batch", 2])
  expect(model.assumptions.join()).toMatch(/the kernel Product is read for its value: no law is claimed/)
  expect(deriveClaims(model.graph).laws).toEqual([])
})

test("a kernel of tfjs is the op that runs it, unless the code registers a gradient of its own for it", () => {
  const source = (before: string): string => `${before}
    const w = tf.variable(tf.zeros([3, 4])), u = tf.variable(tf.zeros([4, 2]))
    /** @model @shape x [batch, 3] */ export function f(x: tf.Tensor2D) {
      const hidden = tf.engine().runKernel("Relu", { x: x.matMul(w) }) as tf.Tensor2D
      return hidden.matMul(u) }`
  const plain = only(trace(source("")))
  expect(plain.unsupported).toEqual([])
  expect(deriveClaims(plain.graph).laws).toHaveLength(1)
  const own = only(trace(source(`tf.registerGradient({ kernelName: "Relu", inputsToSave: ["x"], gradFunc: (dy: any) => ({ x: () => dy }) })`)))
  expect(own.graph.nodes[own.graph.outputs[0]].shape).toEqual(["batch", 2])
  expect(own.assumptions.join()).toMatch(/the kernel Relu is read for its value: no law is claimed/)
  expect(deriveClaims(own.graph).laws).toEqual([])
})

test("a kernel that runs a program of the graphics card gives something of the program's shape", () => {
  const model = only(trace({
    "/kernel.ts": `import { registerKernel } from "@tensorflow/tfjs-core"
      class Scale { outputShape: number[]; variableNames = ["x"]; userCode = "void main() {}"
        constructor(rows: number, columns: number) { this.outputShape = [rows, columns] } }
      registerKernel({ kernelName: "Scale", backendName: "webgl", kernelFunc: (args: any) => {
        const { x } = args.inputs
        return args.backend.runWebGLProgram(new Scale(x.shape[0], x.shape[1]), [x], "float32") } })`,
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import "./kernel"
      const w = tf.variable(tf.zeros([3, 4])), u = tf.variable(tf.zeros([4, 2]))
      /** @model @shape x [batch, 3] */ export function f(x: tf.Tensor2D) {
        return (tf.engine().runKernel("Scale", { x: x.matMul(w) }) as tf.Tensor2D).matMul(u) }`,
  }))
  expect(model.unsupported).toEqual([])
  expect(model.graph.nodes[model.graph.outputs[0]].shape).toEqual(["batch", 2])
  expect(model.assumptions).toContain("what a program of the graphics card computes is not read: no law is claimed through it")
  expect(deriveClaims(model.graph).laws).toEqual([])
})

test("tfjs-layers' own dot contracts the last axis with the last but one", () => {
  const model = only(trace({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"
      import { dot } from "@tensorflow/tfjs-layers/dist/backend/tfjs_backend"
      const w = tf.variable(tf.zeros([4, 5])), u = tf.variable(tf.zeros([2, 5, 6]))
      /** @model @shape x [batch, 3, 4] */ export function f(x: tf.Tensor3D) { return dot(dot(x, w), u) }`,
  }))
  expect(model.unsupported).toEqual([])
  expect(model.graph.nodes.flatMap(({ op, shape }) => (op.kind === "einsum" ? [`${op.equation} ${shape.join()}`] : []))).toEqual([
    "abt,tc->abc batch,3,5", "abt,ctd->abcd batch,3,2,6",
  ])
})

test("a check of sizes that only leaves the function is taken to hold", () => {
  const model = only(trace(`class Cache { table: any = null; length = 0
      constructor(private block: number) { this.grow(block * 4) }
      grow(needed: number) { if (needed <= this.length) return; this.table = tf.ones([needed, 2]); this.length = needed } }
    export class Net { w = tf.variable(tf.zeros([2, 3])); cache: Cache
      constructor(block: number) { this.cache = new Cache(block) }
      forward(x: tf.Tensor2D) { this.cache.grow(x.shape[0]); 
        return x.mul(this.cache.table.slice([0, 0], [x.shape[0], 2])).matMul(this.w) } }`), "Net")
  expect(model.unsupported).toEqual([])
  expect(model.assumptions.join()).toMatch(/`needed <= this\.length` is taken to be true/)
})

test("the larger of two sizes that differ by a number", () => {
  const model = only(trace(`export function build(width: number) { return tf.sequential({ layers: [
    tf.layers.dense({ units: Math.max(width, width + 2), inputShape: [Math.min(width * 2, 2 * width)] })] }) }`))
  expect(model.graph.parameters[0].shape).toEqual(["2*width", "width+2"])
})
