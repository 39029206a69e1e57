/** @file The language around models: classes, closures, destructuring, defaults, loops, collections, modules; each read as JavaScript runs it. */
import { describe, expect, test } from "vitest"
import { only, operations, outputShapes, parameters, trace } from "./program"

/** Statements that must leave `units` at 5 for the model to have five columns. */
const computations: Readonly<Record<string, string>> = {
  "arithmetic and Math": "const units = Math.floor(Math.sqrt(27)) * 2 - 10 % 6 - 1",
  "string lengths and numbers in text": "const units = parseInt(`${4}`) + 'a'.length",
  "ternary, && and ||": "const units = (0 || null ? 1 : 2) + (true && 3)",
  "?? keeps zero": "const units = (0 ?? 9) + 5",
  "optional chaining": "const o = { a: { b: 5 } }, units = o?.a?.b ?? o.c?.d.e",
  "optional call of nothing": "const o = {}, units = (o.f?.(1) ?? 2) + 3",
  "object spread and Object.assign": "const d = { a: 1, b: 2 }, units = Object.assign({}, { ...d, b: 4 }, { c: 0 }).b + d.a",
  "destructuring with defaults and rest": "const { a, b: [x, ...more], c = 2 } = { a: 1, b: [9, 1, 1] }, units = a + more.length + c",
  "swap by destructuring": "let a = 1, units = 2; [a, units] = [units, 5]",
  "for with continue and break": "let units = 0; for (let i = 0; i < 100; i++) { if (i % 2) continue; if (i > 8) break; units++ }",
  "for of and for in": "let units = 0; for (const n of [1, 2]) units += n; for (const k in { a: 1, b: 2 }) units += 1",
  "while and do": "let units = 0; while (units < 3) units++; do { units += 1 } while (units < 5)",
  "labelled break": "let units = 5; outer: for (const a of [1, 2]) { for (const b of [1]) { if (a === 2) { units = 9 } break outer } }",
  "switch falls through":
    "let units = 0; switch ('b') { case 'a': units = 1; case 'b': units += 2; case 'c': units += 3; break; default: units = 100 }",
  "map, filter, reduce": "const units = [1, 2, 3, 4].filter((n) => n > 1).map((n) => n - 1).reduce((a, b) => a + b, -1)",
  "Array.from and fill": "const units = Array.from({ length: 3 }, (_, i) => i).length + new Array(2).fill(0).length",
  "Object.entries and sort": "const units = Object.entries({ a: 2, b: 3 }).map(([k, v]) => v).reduce((a, b) => a + b)",
  "Map and Set": "const m = new Map([['a', 2]]); m.set('b', 3); const units = m.get('b') + new Set([1, 1, 2]).size",
  "closures keep their loop variable": "const fs = []; for (let i = 0; i < 6; i++) fs.push(() => i); const units = fs[5]()",
  "default parameters": "const f = (a, b = a + 1, ...rest) => a + b + rest.length, units = f(2)",
  recursion: "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } const units = fib(5)",
  "hoisted functions": "const units = later(); function later() { return 5 }",
  "try, catch, finally": "let units = 0; try { throw new Error('x') } catch (e) { units = 3 } finally { units += 2 }",
  "getters, statics and private fields": "class C { #n = 2; static s = 3; get n() { return this.#n } } const units = new C().n + C.s",
  "inheritance and super":
    "class A { constructor(n) { this.n = n } f() { return this.n } }\n" +
    "class B extends A { constructor() { super(2) } f() { return super.f() + 3 } } const units = new B().f()",
  "template methods":
    "class A { run() { return this.size() + 1 } size() { return 0 } } class B extends A { size() { return 4 } } const units = new B().run()",
  "parameter properties":
    "class C { constructor(readonly n: number, private m = 3) {} sum() { return this.n + this.m } } const units = new C(2).sum()",
  "instanceof and typeof": "class C {} const units = (new C() instanceof C ? 2 : 0) + (typeof 'a' === 'string' ? 3 : 0)",
  "bind, call and apply": "function f(a) { return this.n + a } const units = f.bind({ n: 1 })(1) + f.call({ n: 1 }, 0) + f.apply({ n: 1 }, [1])",
  generators: "function* g() { yield 2; yield 3 } let units = 0; for (const n of g()) units += n",
  enums: "enum E { A = 4, B } const units = E.B",
  "compound and logical assignment": "let units = 1; units += 3; units *= 2; units -= 3; let n; n ??= units; units = n",
}

describe("computations", () => {
  for (const [name, code] of Object.entries(computations))
    test(name, () => {
      const model = only(trace(`${code}; const model = tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [2], useBias: false })] })`))
      expect(parameters(model)).toEqual(["dense_1/kernel [2, 5]"])
    })
})

test("weights in a store under text keys", () => {
  const model = only(
    trace(`
    class Store { weights = new Map(); add(name, v) { this.weights.set(name, v) } get(name) { return this.weights.get(name) } }
    class Net {
      store = new Store()
      constructor(layers = 2) { for (let i = 0; i < layers; i++) this.store.add(\`w\${i}\`, tf.variable(tf.zeros([3, 3]))) }
      forward(x) { for (let i = 0; i < 2; i++) x = tf.tanh(x.matMul(this.store.get("w" + i))); return x }
    }`),
    "Net",
  )
  expect(parameters(model)).toEqual(["store/weights/w0 [3, 3]", "store/weights/w1 [3, 3]"])
  expect(operations(model)).toEqual(["at,tb->ab", "tanh", "at,tb->ab", "tanh"])
})

test("layers in fields, applied in order", () => {
  const model = only(
    trace(`
    class Net {
      fc1 = tf.layers.dense({ units: 4, activation: "relu" })
      blocks = [tf.layers.dense({ units: 4 }), tf.layers.layerNormalization({ epsilon: 1e-5 })]
      /** @shape x [batch, 3] */
      predict(x) { return this.blocks.reduce((h, layer) => layer.apply(h), this.fc1.apply(x)) }
    }`),
  )
  expect(parameters(model).map((p) => p.split(" ")[0])).toEqual([
    "fc1/kernel",
    "fc1/bias",
    "blocks/0/kernel",
    "blocks/0/bias",
    "blocks/1/gamma",
    "blocks/1/beta",
  ])
})

test("attention over symbolic batch and time, heads by reshape and transpose", () => {
  const model = only(
    trace(`
    class Attention {
      constructor(private d = 8, private heads = 2) { this.qkv = tf.variable(tf.randomNormal([d, 3 * d]))
        this.out = tf.variable(tf.randomNormal([d, d])) }
      forward(x: tf.Tensor3D) {
        const [B, T, C] = x.shape, size = C / this.heads
        const project = (t, w) => t.reshape([-1, C]).matMul(w).reshape([B, T, -1])
        const [q, k, v] = tf.split(project(x, this.qkv), 3, -1).map((t) => t.reshape([B, T, this.heads, size]).transpose([0, 2, 1, 3]))
        const mask = tf.linalg.bandPart(tf.ones([T, T]), -1, 0)
        const scores = q.matMul(k, false, true).mul(1 / Math.sqrt(size)).add(mask.sub(1).mul(1e9))
        return project(tf.softmax(scores).matMul(v).transpose([0, 2, 1, 3]).reshape([B, T, C]), this.out)
      }
    }`),
  )
  expect(model.unsupported).toEqual([])
  expect(model.inputs[0].shape).toEqual(["batch", "x.1", 8])
  expect(outputShapes(model)).toEqual(["batch, x.1, 8"])
})

test("a loop over a size nobody states is read for three rounds, and says so", () => {
  const model = only(
    trace(`
    class Rnn {
      w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([4, 4]))
      forward(x: tf.Tensor3D) {
        let h = tf.zeros([x.shape[0], 4])
        for (let t = 0; t < x.shape[1]; t++) h = tf.tanh(x.slice([0, t, 0], [-1, 1, -1]).squeeze([1]).matMul(this.w).add(h.matMul(this.u)))
        return h
      }
    }`),
  )
  expect(model.inputs[0].shape).toEqual(["batch", 3, 3])
  expect(model.assumptions).toEqual(["the loop over x.1 is read for 3 rounds"])
})

test("training mode: dropout behind kwargs.training is on", () => {
  const model = only(
    trace(`
    class Noisy extends tf.layers.Layer {
      build(s) { this.w = this.addWeight("w", [s[1], 2]) }
      call(x, kwargs) { const h = tf.matMul(x, this.w.read()); return kwargs["training"] ? tf.dropout(h, 0.5) : h }
    }`),
  )
  expect(operations(model)).toEqual(["at,tb->ab", "dropout"])
})

test("random tensors are noise in a forward pass and fixed numbers outside", () => {
  const model = only(
    trace(`
    class Noise { w = tf.variable(tf.zeros([2])); fixed = tf.randomNormal([2])
      forward(x: tf.Tensor2D) { return x.mul(this.w).add(this.fixed).add(tf.randomNormal([2])) } }`),
  )
  expect(model.graph.nodes.filter((node) => node.op.kind === "random")).toHaveLength(1)
  expect(model.graph.nodes.filter((node) => node.op.kind === "constant" && node.op.value.kind === "unknown")).toHaveLength(1)
})

test("a constructor's configuration that nobody states keeps its names as sizes", () => {
  const model = only(
    trace(`
    const DEFAULTS = { hidden: 6 }
    class Net {
      constructor(config) { const c = { ...DEFAULTS, ...config }; this.w = tf.variable(tf.zeros([c.features, c.hidden])) }
      forward(x: tf.Tensor2D) { return x.matMul(this.w) }
    }`),
  )
  expect(parameters(model)).toEqual(["w [features, 6]"])
  expect(model.assumptions).toEqual(["defaults are taken where the configuration is not known"])
})

test("await, promises and async functions", () => {
  const model = only(
    trace(`
    async function build() { const units = await Promise.resolve(3); const model = tf.sequential()
      model.add(tf.layers.dense({ units, inputShape: [2] })); await model.fit(); return model }
    build().then((m) => m.summary())`),
  )
  expect(model.name).toBe("build")
})

test("a React-style callback that builds a model", () => {
  const model = only(
    trace(
      `function App() { useEffect(() => { const net = tf.sequential()
      net.add(tf.layers.dense({ units: 1, inputShape: [2] }))
      net.compile({ optimizer: "sgd", loss: "meanSquaredError" }) }, []) }`,
    ),
  )
  expect(model.name).toBe("net")
  expect(model.optimizers.map((use) => use.name)).toEqual(["sgd"])
})

test("that a model may be loaded is said to be no condition", () => {
  const model = only(
    trace(
      `async function get() {
      let m
      try { m = await tf.loadLayersModel("localstorage://m") } catch {
        const s = tf.sequential(); s.add(tf.layers.dense({ inputShape: [4], units: 8 })); m = s
      }
      return m
    }
    get()`,
    ),
  )
  expect(model.assumptions).toContain("whether a model can be loaded is not known: the longer list it may leave is taken")
})

test("a callback that may not run is said to be one, not a condition", () => {
  const model = only(
    trace(
      `function App() { const held = useRef(null)
      useEffect(() => { const net = tf.sequential()
      net.add(tf.layers.dense({ units: 1, inputShape: [2] }))
      held.current = net }, []) }`,
    ),
  )
  expect(model.assumptions).toEqual(["whether `useEffect` runs what it is given is not known: the longer list it may leave is taken"])
})

test("an untyped parameter that is used as a tensor is an input, not a number", () => {
  const model = only(
    trace(`
    const w = tf.variable(tf.zeros([3, 4]))
    function predict(x, gate) { return tf.matMul(x, w).mul(gate) }`),
  )
  expect(model.inputs.map(({ name, shape }) => `${name} ${shape.join()}`)).toEqual(["x batch,3", "gate batch,4"])
})

test("a number of the configuration that nobody states is a constant, and said to be one", () => {
  const model = only(
    trace(`
    class Net {
      constructor(options) { this.scale = options.scale; this.w = tf.variable(tf.zeros([3, 4])) }
      forward(x: tf.Tensor2D) { return x.matMul(this.w).mul(this.scale) }
    }`),
  )
  expect(operations(model)).toEqual(["at,tb->ab", "multiply"])
  expect(model.assumptions).toEqual(["'scale' is taken to be a number"])
})

test("reshapes and head sizes over symbols", () => {
  const found = trace(`
    class Linear {
      constructor(private inputs: number, private outputs: number) { this.w = tf.variable(tf.zeros([inputs, outputs])) }
      forward(x: tf.Tensor) { return x.reshape([-1, this.inputs]).matMul(this.w).reshape([...x.shape.slice(0, -1), this.outputs]) }
    }
    class Heads {
      constructor(private dim: number, private heads: number) {
        if (dim % heads !== 0) throw new Error("no")
        this.size = Math.floor(dim / heads)
        this.q = new Linear(dim, dim)
      }
      forward(x: tf.Tensor) {
        const [batch, time] = x.shape
        return this.q.forward(x).reshape([batch, time, this.heads, this.size]).transpose([0, 2, 1, 3])
      }
    }`)
  expect(only(found, "Linear").inputs[0].shape).toEqual(["batch", "inputs"])
  const heads = only(found, "Heads")
  expect(parameters(heads)).toEqual(["q/w [dim, dim]"])
  expect(outputShapes(heads)).toEqual(["batch, heads, x.1, dim/heads"])
  expect(heads.assumptions).toEqual(["dim/heads is whole"])
})

test("recursion on something unknown under unknown conditions ends soon", () => {
  const started = performance.now()
  const model = only(
    trace(`import { config } from "other"
    function plain(value) {
      if (value == null) return null
      if (Array.isArray(value)) return value.map((item) => plain(item))
      const result = {}
      for (const key of Object.keys(value)) result[key] = typeof value[key] === "string" ? value[key] : plain(value[key])
      return result.left ? plain(result.left) : plain(result.right)
    }
    const settings = plain(config)
    const net = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`),
    "net",
  )
  expect(model.graph.parameters.length).toBe(2)
  expect(performance.now() - started).toBeLessThan(2_000)
})

test("tfjs's own sources name its base class by path", () => {
  const model = only(
    trace({
      "/tfjs-layers/src/engine/topology.ts": `export abstract class Layer { apply(x) { throw new Error("not followed") } }`,
      "/main.ts": `import * as tf from "@tensorflow/tfjs-core"; import { Layer } from "./tfjs-layers/src/engine/topology"
        export class Scale extends Layer {
          build() { this.g = this.addWeight("g", [3]) }
          call(x) { return tf.mul(x, this.g.read()) }
        }`,
    }),
  )
  expect(model.form).toBe("layer-class")
  expect(model.graph.parameters.map((p) => p.id)).toEqual(["g"])
})
