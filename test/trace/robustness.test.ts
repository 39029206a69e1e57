/** @file Half-typed, broken and endless code: a partial answer, no exception, in bounded time. */
import { expect, test } from "vitest"
import { only, parameters, trace } from "./program"

const sample = `import * as tf from "@tensorflow/tfjs"
class Attention extends tf.layers.Layer {
  constructor(config) { super(config); this.heads = config.heads ?? 2 }
  build([b, t, d]) { this.w = this.addWeight("w", [d, 3 * d]) }
  call(inputs, { training }) {
    const x = Array.isArray(inputs) ? inputs[0] : inputs, [B, T, C] = x.shape
    const [q, k, v] = tf.split(x.reshape([B * T, C]).matMul(this.w.read()).reshape([B, T, 3 * C]), 3, -1)
    for (let i = 0; i < this.heads; i++) { if (training) break }
    return tf.softmax(q.matMul(k, false, true).div(Math.sqrt(C))).matMul(v)
  }
}
const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3, 4], activation: "relu" }), new Attention({ heads: 2 })] })
switch (model.layers.length) { case 2: model.add(tf.layers.dense({ units: \`\${1}\`.length })); break; default: throw new Error("no") }
`

test("the sample reads", () => {
  const found = trace({ "/main.js": sample })
  expect(parameters(only(found, "model"))).toEqual([
    "dense_1/kernel [4, 4]",
    "dense_1/bias [4]",
    "attention_1/w [4, 12]",
    "dense_2/kernel [4, 1]",
    "dense_2/bias [1]",
  ])
  expect(only(found, "model").unsupported).toEqual([])
})

test("every prefix of a file traces without a throw", () => {
  for (let end = 0; end <= sample.length; end += 3) {
    const found = trace({ "/main.js": sample.slice(0, end) })
    expect(
      found.problems.filter((problem) => problem.message.startsWith("the file cannot be read")),
      sample.slice(Math.max(0, end - 40), end),
    ).toEqual([])
  }
})

test("every line missing traces without a throw", () => {
  const lines = sample.split("\n")
  lines.forEach((_, i) => {
    const found = trace({ "/main.js": lines.filter((_line, k) => k !== i).join("\n") })
    expect(found.problems.filter((problem) => problem.message.startsWith("the file cannot be read"))).toEqual([])
  })
})

test("endless loops and recursion end in a partial report", () => {
  const limits = { idleRounds: 500, modelSteps: 20_000, steps: 60_000 }
  const found = trace(
    `
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
    function spin() { let i = 0; while (true) i++; return tf.sequential() }
    function down(n) { return down(n + 1) }
    const deep = down(0)
    while (true) {}`,
    { limits },
  )
  expect(parameters(only(found))).toEqual(["dense_1/kernel [3, 2]", "dense_1/bias [2]"])
  expect(found.problems.map((problem) => problem.message)).toEqual([
    "a loop goes round too often: the rest of it is not followed",
    "a loop goes round too often: the rest of it is not followed",
  ])
})

test("cyclic imports", () => {
  const found = trace({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { units } from "./other"; export const base = 3
      export const model = tf.sequential({ layers: [tf.layers.dense({ units: units(), inputShape: [2] })] })`,
    "/other.ts": `import { base } from "./main"; export const units = () => base + 1; export * from "./main"`,
  })
  expect(only(found).graph.parameters).toHaveLength(2)
})

test("a cancelled trace stops", () => {
  expect(
    trace(`const m = tf.sequential(); for (let i = 0; i < 1e6; i++) m.add(tf.layers.dense({ units: 1, inputShape: [1] }))`, {
      cancelled: () => true,
    }),
  ).toEqual({ models: [], problems: [] })
})

test("a file without tfjs has no models", () => {
  expect(trace({ "/main.ts": "export const x = 1" })).toEqual({ models: [], problems: [] })
})

test("code that cannot be read becomes an opaque node that names the reason, and keeps the weights behind it", () => {
  const model = only(
    trace(`import { mystery } from "elsewhere"
    class Net { w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([4, 2]))
      forward(x: tf.Tensor2D) { return tf.matMul(mystery(x.matMul(this.w)), this.u) } }`),
  )
  const opaque = model.graph.nodes.filter((node) => node.op.kind === "opaque")
  expect(opaque).toHaveLength(1)
  expect(model.graph.parameters.every((p) => p.node !== null)).toBe(true)
  expect(model.unsupported.length).toBeGreaterThan(0)
})

test("a condition nobody knows makes what it decides opaque", () => {
  const model = only(
    trace(`
    class Net { w = tf.variable(tf.zeros([3, 3])); constructor(private kind: string) {}
      forward(x: tf.Tensor2D) { let y = x.matMul(this.w); if (this.kind === "a") { y = y.relu() } return y } }`),
  )
  expect(model.graph.nodes.at(-1)?.op).toMatchObject({ kind: "opaque", what: "either way of `this.kind === \"a\"`" })
})

test("shapes that contradict each other are reported with both", () => {
  const found = trace(
    `class Net { w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([5, 2]))
      forward(x: tf.Tensor2D) { return x.matMul(this.w).matMul(this.u) } }`,
  )
  expect(found.models[0].unsupported.map((u) => u.what).join()).toMatch(/4.*5/)
})

test("what unknown code is handed stays behind its result: layers, callbacks, the instance of an unknown base", () => {
  const used = (source: string): readonly (number | null)[] => only(trace(source)).graph.parameters.map((p) => p.node)
  const layer = used(`import { run } from "elsewhere"
    class Net { fc = tf.layers.dense({ units: 2 }); w = tf.variable(tf.zeros([2, 2]))
      forward(x: tf.Tensor2D) { const h = this.fc.apply(x); return run(this.fc, h.matMul(this.w)) } }`)
  const callback = used(`
    class Net { w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([4, 3]))
      forward(x: tf.Tensor2D) { return tf.grad((z) => z.matMul(this.w).sum())(x).matMul(this.u) } }`)
  const base = used(`import { Base } from "elsewhere"
    class Net extends Base { w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([3, 4]))
      forward(x: tf.Tensor2D) { return this.compute(x.matMul(this.w)) } }`)
  for (const nodes of [layer, callback, base]) expect(nodes.every((node) => node !== null)).toBe(true)
})

test("a setting nobody gives is taken to be true where it matters, and that is said", () => {
  const model = only(trace(`
    class Net { w = tf.variable(tf.zeros([3, 3])); constructor(config) { this.bias = config.bias
        this.activation = config.activation || "relu" }
      forward(x: tf.Tensor2D) { const y = x.matMul(this.w); return this.bias ? y.relu() : y } }`))
  expect(model.graph.nodes.at(-1)?.op).toMatchObject({ fn: "relu" })
  expect(model.assumptions).toEqual(["'activation' is not given: 'relu' is taken", "`this.bias` is taken to be true"])
})

test("what a function handed to unknown code can read stays behind the result", () => {
  const model = only(trace(`import { run } from "elsewhere"
    class Net { w1 = tf.variable(tf.zeros([3, 4])); w2 = tf.variable(tf.zeros([4, 2]))
      forward(x: tf.Tensor2D) { const h = tf.matMul(x, this.w1)
        return run((s) => tf.matMul(h, this.w2)) } }`))
  const opaque = model.graph.nodes.find((node) => node.op.kind === "opaque")
  const operands = (opaque?.operands ?? []).map((id) => model.graph.nodes[id])
  const named = operands.flatMap((node) => (node.op.kind === "parameter" ? [model.graph.parameters[node.op.parameter].id] : []))
  expect(named.sort()).toEqual(["w1", "w2"])
})

test("casts to whole numbers of what depends on weights are opaque: tfjs passes their gradient", () => {
  const source = (value: string): string => `const w = tf.variable(tf.zeros([3, 4]))
    function predict(x: tf.Tensor2D) { return ${value}.toFloat().matMul(w) }`
  expect(only(trace(source("x.toInt()"))).graph.nodes.some((node) => node.op.kind === "opaque")).toBe(false)
  expect(only(trace(source("x.matMul(w).matMul(w, false, true).toInt()"))).graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})

test("a weight assigned in the forward pass is moved outside the gradient flow", () => {
  const model = only(trace(`class Net { w = tf.variable(tf.zeros([3, 4]))
    forward(x: tf.Tensor2D) { this.w.assign(tf.clipByValue(this.w, -1, 1)); return x.matMul(this.w) } }`))
  expect(model.graph.parameters[0].constraint).toBe("assign")
})

test("lists handed to unknown code during a forward pass, and lists in an unknown order", () => {
  const model = only(trace(`import { shuffle } from "elsewhere"
    class Net { ws = [tf.variable(tf.zeros([3, 3])), tf.variable(tf.zeros([3, 3]))]
      forward(x: tf.Tensor2D) { const ws = [...this.ws]; shuffle(ws); return x.matMul(ws[0]).matMul(ws[1]) } }`))
  expect(model.graph.nodes.filter((node) => node.op.kind === "opaque")).toHaveLength(2)
  const sorted = only(trace(`class Net { ws = [tf.variable(tf.zeros([3, 3])), tf.variable(tf.zeros([3, 3]))]
      forward(x: tf.Tensor2D) { const ws = [...this.ws].sort(); return x.matMul(ws[0]).matMul(ws[1]) } }`))
  expect(sorted.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})

test("a model or class that cannot be read is a problem at its place", () => {
  const found = trace({ "/main.ts": `import * as tf from "@tensorflow/tfjs"
const table = { build: [() => [() => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] })]] }
class Net { w = tf.variable(tf.zeros([2, 2])); forward() { return [] } }` })
  expect(found.models).toEqual([])
  expect(found.problems.map(({ message, start }) => `${start.line}: ${message}`)).toEqual([
    "3: the class Net is not read: its forward pass gives no tensor that depends on its weights",
    "2: this model is not read: no code that can be followed leads to it",
  ])
  const open = trace("class Net { w = tf.variable(tf.zeros([2, 2])); forward(x) { return backend.run(x.matMul) } }")
  expect(open.problems.map(({ message }) => message)).toEqual(["the class Net is not read: 'backend' is not defined in the source"])
})

test("types by other names, and inputs in a list", () => {
  const alias = only(trace(`type Batch = tf.Tensor2D
    class Net { w = tf.variable(tf.zeros([3, 3])); forward(x: Batch) { return tf.matMul(tf.relu(x), this.w as Batch) } }`))
  expect(alias.inputs[0].shape).toEqual(["batch", 3])
  const listed = only(trace(`
    class Gate extends tf.layers.Layer {
      build(shapes) { this.w = this.addWeight("w", [shapes[0][1], 1]) }
      call(inputs) { const [gate, ...experts] = [inputs[0], ...inputs.slice(1)]
        return experts.reduce((a, b) => a.add(b)).mul(tf.matMul(gate, this.w.read())) }
    }`))
  expect(listed.inputs).toHaveLength(2)
})

test("a function with its own gradient is opaque and keeps its shape", () => {
  const model = only(trace(`const w = tf.variable(tf.zeros([3, 4])), u = tf.variable(tf.zeros([4, 2]))
    const through = tf.customGrad((x, save) => ({ value: x.sign(), gradFunc: (dy) => dy }))
    function predict(x: tf.Tensor2D) { return through(x.matMul(w)).matMul(u) }`))
  expect(model.graph.nodes.filter((node) => node.op.kind === "opaque").map((node) => node.shape)).toEqual([["batch", 4]])
})

test("long preparations at the top do not hide the model that follows; checks of state pass in functions nobody calls", () => {
  const found = trace(
    `let data = null, total = 0
    for (let i = 0; i < 900; i++) for (let k = 0; k < 900; k++) total += i * k
    function train() {
      if (data === null) { throw new Error("add examples first") }
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: data.shape.slice(1) })] })
      return model
    }`,
    { limits: { moduleSteps: 5_000 } },
  )
  const model = only(found, "train")
  expect(parameters(model)).toHaveLength(2)
  expect(model.assumptions).toContain("the check `data === null` is taken to pass")
})

test("fields that other methods set, flags and optional arguments: the choice is said", () => {
  const model = only(trace(`
    class Net { w1 = tf.variable(tf.zeros([3, 4])); w2 = tf.variable(tf.zeros([4, 2])); private squash = false
      setSquash(on: boolean) { this.squash = on }
      forward(x: tf.Tensor2D, training: boolean, gate?: tf.Tensor2D) {
        const h = tf.matMul(x, this.w1)
        return tf.matMul(this.squash ? tf.tanh(h) : h, this.w2)
      } }`))
  expect([...model.assumptions].sort()).toEqual([
    "'gate' is taken to be left out",
    "'training' is taken to be true",
    "the field 'squash' keeps its first value, false",
  ])
})

test("variables of the file that a function sets: the value is said, unless it is the function's own", () => {
  const network = (setter: string): string => `
    const a = tf.variable(tf.zeros([4, 6])), b = tf.variable(tf.zeros([6, 3]))
    let mode = 0
    ${setter}
    function forward(x: tf.Tensor2D) { const h = tf.matMul(x, a); return tf.matMul(mode === 1 ? tf.tanh(h) : h, b) }`
  const assumptions = (setter: string): readonly string[] => only(trace(network(setter))).assumptions
  expect(assumptions("export function setMode(m: number) { mode = m }")).toEqual(["the variable 'mode' keeps its first value, 0"])
  expect(assumptions("document.onclick = () => { if (mode < 3) mode++ }")).toEqual(["the variable 'mode' keeps its first value, 0"])
  expect(assumptions("export function other(m: number) { let mode = 1; mode = m; return mode }")).toEqual([])
})

test.each([
  ["a pattern", "let act = 'none'", "export function configure(o: any) { ({ act } = o) }", "the variable 'act'"],
  ["a pattern with a default", "let act = 'none'", "export function configure(o: any) { ({ kind: act = 'relu' } = o) }", "the variable 'act'"],
  ["a list", "let act = 'none'", "export const api = { set(a: string) { [act] = [a] } }", "the variable 'act'"],
  ["a loop", "let act = 'none'", "export function last(all: string[]) { for (act of all) { } }", "the variable 'act'"],
  ["a field of an object", "const config = { act: 'none' }", "export function configure(a: string) { config.act = a }", "the field 'act'"],
  ["a field by its text", "const config = { act: 'none' }", "export function configure(a: string) { config['act'] = a }", "the field 'act'"],
  ["some field", "const config = { act: 'none' }", "export function set(k: string, a: string) { (config as any)[k] = a }", "the field 'act'"],
  ["all fields", "const config = { act: 'none' }", "export function configure(o: any) { Object.assign(config, o) }", "the field 'act'"],
  ["a field in a pattern", "const config = { act: 'none' }", "export function configure(o: any) { ({ act: config.act } = o) }", "the field 'act'"],
])("what functions may set later is said: %s", (_, declared, setter, what) => {
  const read = declared.includes("config") ? "config.act" : "act"
  const model = (more: string): readonly string[] => only(trace(`${declared}; ${more}
    export class M { a = tf.variable(tf.zeros([4, 3])); b = tf.variable(tf.zeros([3, 3]))
      forward(x: tf.Tensor2D) { const h = x.matMul(this.a); return (${read} === 'relu' ? h.relu() : h).matMul(this.b) } }`)).assumptions
  expect(model(setter)).toEqual([`${what} keeps its first value, none`])
  expect(model("")).toEqual([])
})

test("a field that a method of the class sets in a pattern", () => {
  const model = only(trace(`export class M { act = "none"; a = tf.variable(tf.zeros([4, 3])); b = tf.variable(tf.zeros([3, 3]))
    configure(o: any) { ({ act: this.act } = o) }
    forward(x: tf.Tensor2D) { const h = x.matMul(this.a); return (this.act === "relu" ? h.relu() : h).matMul(this.b) } }`))
  expect(model.assumptions).toEqual(["the field 'act' keeps its first value, none"])
})

test("a list of variables given to minimize", () => {
  const model = only(trace(`
    const wa = tf.variable(tf.zeros([3, 4])), wb = tf.variable(tf.zeros([4, 2])), sgd = tf.train.sgd(0.1)
    function predict(x: tf.Tensor2D) { return x.matMul(wa).matMul(wb) }
    function train(x: tf.Tensor2D, y: tf.Tensor2D) { sgd.minimize(() => predict(x).sub(y).square().mean(), true, [wb]) }`))
  expect(model.optimizers.map(({ name, learningRate, variables }) => ({ name, learningRate, variables }))).toEqual([
    { name: "sgd", learningRate: 0.1, variables: ["wb"] },
  ])
  expect(model.assumptions).toEqual(["only wb is trained where minimize says so"])
})

test("counts of unknown data are unknown sizes", () => {
  const model = only(trace(`
    function build(lines) {
      const seen = new Set()
      for (const line of lines) seen.add(line)
      const model = tf.sequential({ layers: [tf.layers.dense({ units: seen.size, inputShape: [2], activation: "softmax" })] })
      return model
    }`))
  expect(parameters(model)).toEqual(["dense_1/kernel [2, size]", "dense_1/bias [size]"])
})

test("unstacked time steps, and rows taken out of a longer shape", () => {
  const steps = only(trace(`
    class Rnn { w = tf.variable(tf.zeros([3, 4])); u = tf.variable(tf.zeros([4, 4]))
      forward(x: tf.Tensor3D) {
        let h = tf.zeros([x.shape[0], 4])
        for (const xt of tf.unstack(x, 1)) h = tf.tanh(xt.matMul(this.w).add(h.matMul(this.u)))
        return h
      } }`))
  expect(steps.inputs[0].shape).toEqual(["batch", 3, 3])
  const rows = only(trace(`
    const w = tf.variable(tf.zeros([3, 3]))
    function predict(x: tf.Tensor3D) { return tf.matMul(x.reshape([-1, 3]), w).reshape(x.shape) }`))
  expect(rows.inputs[0].shape).toEqual(["batch", "x.1", 3])
  expect(rows.unsupported).toEqual([])
})

test("a model that ends in a layer nobody reads says so", () => {
  const found = trace(`const m = tf.sequential({ layers: [tf.layers.randomWidth({ factor: 0.1, inputShape: [4] }), tf.layers.dense({ units: 2 })] })`)
  const said = [...found.models.flatMap((model) => model.unsupported.map(({ what }) => what)), ...found.problems.map(({ message }) => message)]
  expect(said.join()).toMatch(/tf\.layers\.randomWidth is not supported/)
})

test("a tensor's type by a name that another file gives it", () => {
  const found = trace({
    "/types.ts": `import type { Tensor2D } from "@tensorflow/tfjs"; export type Batch = Tensor2D; export type Rows = Batch`,
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import type { Rows as R } from "./types"
      const w = tf.variable(tf.zeros([3, 4])), u = tf.variable(tf.zeros([4, 2]))
      export function net(x: R) { return tf.relu(x.matMul(w)).matMul(u) }`,
  })
  expect(only(found).inputs[0].shape).toEqual(["batch", 3])
})

test("a model of nothing but parts that are not read says which", () => {
  const { models, problems } = trace(`import { Odd } from "elsewhere"; const x = tf.input({ shape: [3] })
    const model = tf.model({ inputs: x, outputs: new Odd().apply(x) })`)
  expect(models).toEqual([])
  expect(problems.map(({ message }) => message)).toEqual([
    "the model cannot be read: 'Odd' comes from elsewhere, which is not among the files read",
  ])
  expect(trace("const m = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [3, 2] })] })").problems).toEqual([])
})

test("a statement at the top that cannot be read leaves the others readable, and is told", () => {
  const found = trace({ "/main.ts": `import * as tf from "@tensorflow/tfjs"
const held = { x: tf.buffer([2, undefined]).toTensor() }
const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })` })
  expect(parameters(only(found))).toHaveLength(2)
  expect(found.problems.map(({ message, start }) => `${start.line}: ${message}`)).toEqual(["2: the size 'n.1' is a undefined"])
})

test.each([
  ["a model that is added to itself", "m.add(m)", 1],
  ["models that are added to each other", "const n = tf.sequential(); n.add(tf.layers.dense({ units: 3, inputShape: [3] })); m.add(n); n.add(m)", 2],
  ["a wrapper of the model", "m.add(tf.layers.timeDistributed({ layer: m }))", 1],
  ["a model among the items of its list", "m.layers.push(m)", 1],
  ["a model in front of its list", "m.layers.unshift(m)", 1],
  ["a model in the place of its layer", "m.layers[0] = m", 1],
  ["a wrapper among the items", "m.layers.push(tf.layers.timeDistributed({ layer: m }))", 1],
  ["a model that is spliced into what it holds", "const n = tf.sequential(); n.add(m); m.layers.splice(0, 1, n)", 2],
  ["a model that is applied", "m.layers.push(m); m.fit(tf.ones([1, 3]), m.predict(tf.ones([1, 3])))", 1],
])("%s is refused alone", (_, code, refused) => {
  const { models, problems } = trace(`
    const whole = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
    const m = tf.sequential(); m.add(tf.layers.dense({ units: 3, inputShape: [3] })); ${code}`)
  expect(models.map(({ name }) => name)).toEqual(["whole"])
  const message = "the model cannot be read: it is among its own layers, which tfjs follows without end"
  expect(problems.map((problem) => problem.message)).toEqual(Array<string>(refused).fill(message))
})

test("a model that holds one among its own layers is refused with it, and says why", () => {
  const { models, problems } = trace(`
    const m = tf.sequential(); m.add(tf.layers.dense({ units: 3, inputShape: [3] }))
    const outer = tf.sequential(); outer.add(m)
    m.layers.push(m)
    const whole = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] }), around = tf.sequential(); around.add(whole)`)
  expect(models.map(({ name }) => name)).toEqual(["whole", "around"])
  expect(problems.map(({ message }) => message)).toEqual([
    "the model cannot be read: it is among its own layers, which tfjs follows without end",
    "the model cannot be read: a model in it cannot be: it is among its own layers, which tfjs follows without end",
  ])
})

test.each([
  ["a list that holds itself", "const list = [tf.layers.dense({ units: 2, inputShape: [3] })]; list.push(list); tf.sequential({ layers: list })"],
  ["models in models without end", "let m = whole; for (let i = 0; i < 2900; i++) m = tf.sequential({ layers: [m] })"],
  ["a getter that asks for itself", "const o = { get x() { return o.x } }; tf.sequential({ layers: [tf.layers.dense({ units: o.x })] })"],
  ["a text without end", "const t = 'x'.repeat(2 ** 40); tf.sequential({ layers: [tf.layers.dense({ units: t.length, inputShape: [3] })] })"],
  ["a base class that is the class itself", "class A extends A { forward(x) { return x.matMul(tf.variable(tf.ones([3, 3]))) } }; new A()"],
])("%s leaves the models around it", (_, code) => {
  const started = Date.now()
  const { models, problems } = trace(`const whole = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] }); ${code}
    const after = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`)
  expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(["whole", "after"]))
  expect(problems.filter(({ message }) => /Maximum|RangeError|cannot be read: undefined/.test(message))).toEqual([])
  expect(Date.now() - started).toBeLessThan(10_000)
})

test("patterns that try every way to take a text apart are left alone, others are read", () => {
  const started = Date.now()
  const units = (code: string): string => parameters(only(trace(`const n = ${code}
    const m = tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [3], useBias: false })] })`)))[0]
  const text = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'"
  for (const pattern of ["(a|aa)+$", "((a+))+$", "(a?){40}b", `${"a?".repeat(40)}${"a".repeat(38)}b`])
    expect(units(`/${pattern}/.test(${text}) ? 2 : 3`), pattern).not.toMatch(/\[3, [23]\]/)
  expect(units("/^(ab)+c?$/.test('ababc') ? 2 : 3")).toMatch(/\[3, 2\]/)
  expect(Date.now() - started).toBeLessThan(5_000)
})
