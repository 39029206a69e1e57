/** @file What the tracer does not do: follow loops over data to their end, and code that can lead to no network. */
import { expect, test } from "vitest"
import ts from "typescript"
import { leadsToNetwork } from "../../src/source/reach"
import { only, parameters, programOf, trace } from "./program"

const dense = (units: string, inputs: string): string =>
  `const model = tf.sequential({ layers: [tf.layers.dense({ units: ${units}, inputShape: [${inputs}] })] })`

test("short loops are exact", () => {
  const model = only(trace(`const words = []; for (let i = 0; i < 128; i++) { words.push("w" + i) } ${dense("words.length", "3")}`))
  expect(parameters(model)[0]).toBe("dense_1/kernel [3, 128]")
})

test("a long loop over data is left; what it changes is unknown from then on", () => {
  const found = trace(`
    const rows = [], seen = new Set(), index = {}, buffer = new Float32Array(4); let count = 0, last = 7, kept = 5
    for (let i = 0; i < 20000; i++) {
      rows.push([i, i]); seen.add("k" + i); index["k" + i] = i; buffer[i % 4] = i; count += 2
      if (i === 15000) { last = 9 }
    }
    ${dense("kept", "count")}
    model.add(tf.layers.dense({ units: rows.length })); model.add(tf.layers.dense({ units: seen.size }))
    model.add(tf.layers.dense({ units: last })); model.add(tf.layers.dense({ units: Object.keys(index).length }))
    model.add(tf.layers.dense({ units: buffer.length }))`)
  const kernels = parameters(only(found)).filter((text) => text.includes("kernel"))
  expect(kernels.map((text) => text.replace(/^.*\[/, "["))).toEqual([
    "[count, 5]", "[5, length]", "[length, size]", "[size, last]", "[last, length_2]", "[length_2, 4]",
  ])
  expect(found.problems).toEqual([])
})

test("a loop that fills nothing is left sooner than one whose rounds are counted", () => {
  const work = "total += i * i - i + 3 * i; total -= i + 1"
  const sums = trace(`let total = 1; for (let i = 0; i < 90; i++) { ${work} } ${dense("total", "3")}`)
  expect(parameters(only(sums))[0]).toBe("dense_1/kernel [3, total]")
  const list = trace(`const words = []; let total = 1; for (let i = 0; i < 90; i++) { ${work}; words.push(i) } ${dense("words.length", "3")}`)
  expect(parameters(only(list))[0]).toBe("dense_1/kernel [3, 90]")
})

test("lists of lists and of tensors made of unknown counts keep the count open", () => {
  const found = trace(`
    const rows = []
    for (let i = 0; i < 20000; i++) { rows.push([i, 2 * i]) }
    const xs = tf.tensor2d(rows)
    ${dense("xs.shape[0]", "xs.shape[1]")}`)
  expect(parameters(only(found))[0]).toBe("dense_1/kernel [shape.1, shape.0]")
  const flat = trace(`const xs = []; for (let i = 0; i < 20000; i++) { xs.push(i) } const x = tf.tensor1d(xs); ${dense("x.shape[0]", "3")}`)
  expect(parameters(only(flat))[0]).toBe("dense_1/kernel [3, length]")
})

test("a loop that may still add a layer is not left", () => {
  const found = trace(`
    ${dense("4", "3")}
    let noise = 0
    for (let i = 0; i < 900; i++) { noise += i * i - i + 3 * i; noise -= i + 1
      if (i === 899) model.add(tf.layers.dense({ units: 2 })) }`)
  expect(parameters(only(found))).toHaveLength(4)
})

test("a loop that makes a layer in some rounds is not left", () => {
  const found = trace(`
    ${dense("4", "3")}
    for (let i = 0; i < 900; i++) { let t = 0; for (let k = 0; k < 20; k++) t += k; if (i % 450 === 0) model.add(tf.layers.dense({ units: 2 })) }`)
  expect(parameters(only(found))).toHaveLength(6)
})

test("a script's training is left once it only repeats itself", () => {
  const found = trace(`
    const w = tf.variable(tf.zeros([3, 2])), optimizer = tf.train.sgd(0.1), xs = tf.zeros([8, 3]), ys = tf.zeros([8, 2]); let last = 1
    for (let epoch = 0; epoch < 2500; epoch++) {
      const norm = tf.layers.layerNormalization()
      last = norm.apply(xs.matMul(w))
      optimizer.minimize(() => tf.losses.meanSquaredError(ys, xs.matMul(w)))
    }
    ${dense("2", "3")}
    model.add(tf.layers.dense({ units: 4 }))`, { limits: { steps: 5_000 } })
  expect(parameters(found.models.find(({ name }) => name === "model")!)).toHaveLength(4)
  expect(found.problems).toEqual([])
})

test("training that adds layers is followed", () => {
  const train = "for (let k = 0; k < 12; k++) optimizer.minimize(() => model.apply(xs).square().mean())"
  const start = "const optimizer = tf.train.sgd(0.1), xs = tf.zeros([8, 3])"
  const grown = trace(`${start}; ${dense("4", "3")}; for (let i = 0; i < 20; i++) { model.add(tf.layers.dense({ units: 4 })); ${train} }`)
  expect(parameters(only(grown))).toHaveLength(42)
})

test("which code can lead to a network", () => {
  const program = programOf({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { weights, size } from "./weights"; import * as all from "./index"
      export function plain(x) { return tf.matMul(x, x) }
      export function sized(x) { return x.mul(size) }
      export function weighted(x) { return x.matMul(weights.w) }
      export function through(x) { return helper(x) }
      function helper(x) { return net.predict(x) }
      let net
      function init() { net = tf.sequential() }
      export function filled(x) { return x.matMul(params.w) }
      const params = {}
      fill(params)
      function fill(into) { into.w = tf.variable(tf.zeros([2, 2])) }
      export function named(x) { return all.anything(x) }
      export function given(x: tf.Tensor, w: tf.Variable) { return x.matMul(w) }`,
    "/weights.ts": `import * as tf from "@tensorflow/tfjs"; export const size = 3; export const weights = { w: tf.variable(tf.zeros([2, 2])) }`,
    "/index.ts": `export * from "./weights"`,
  })
  const file = program.getSourceFile("/main.ts")
  const functions = file?.statements.filter((statement) => ts.isFunctionDeclaration(statement)) ?? []
  program.getTypeChecker()
  expect(Object.fromEntries(functions.map((node) => [node.name?.text, leadsToNetwork(ts, program, node)]))).toEqual({
    plain: false, sized: false, weighted: true, through: true, helper: true, init: true, filled: true, fill: true, named: true, given: true,
  })
})

test("a file that nobody asks is not read", () => {
  const files = (use: string): Record<string, string> => ({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { size } from "./heavy"; ${use}
      export const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`,
    "/heavy.ts": `import * as tf from "@tensorflow/tfjs"
      export const size = 4; let x; for (let i = 0; i < 2000; i++) { x = tf.add(tf.scalar(i), 1) }`,
  })
  const limits = { steps: 1_000 }
  expect(only(trace(files("export const f = () => size"), { limits })).graph.parameters).toHaveLength(2)
  expect(trace(files("export const s = size"), { limits }).models).toEqual([])
})

test("what is imported is the same whoever asks first: a branch, a loop, a function", () => {
  const found = trace({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { width, layer } from "./parts"; import * as all from "./index"
      let units = 1
      if (window.location.search) { units = width } else { units = width }
      let sum = 0
      for (let i = 0; i < 20000; i++) { sum += all.depth }
      const build = () => tf.sequential({ layers: [layer, tf.layers.dense({ units: width + units + all.depth })] })
      export const model = build()`,
    "/parts.ts": `import * as tf from "@tensorflow/tfjs"; export const width = 5
      export const layer = tf.layers.dense({ units: 4, inputShape: [3] })`,
    "/index.ts": `export * from "./more"`,
    "/more.ts": `export const depth = 2`,
  })
  expect(parameters(only(found)).filter((text) => text.includes("kernel"))).toEqual(["dense_1/kernel [3, 4]", "dense_2/kernel [4, 12]"])
})

test("weights of an imported file belong to the function that uses them", () => {
  const found = trace({
    "/main.ts": `import * as tf from "@tensorflow/tfjs"; import { w } from "./weights"
      export function predict(x: tf.Tensor2D) { return tf.matMul(x, w) }`,
    "/weights.ts": `import * as tf from "@tensorflow/tfjs"; export const w = tf.variable(tf.zeros([3, 2]))`,
  })
  expect(parameters(only(found, "predict"))).toEqual(["w [3, 2]"])
})

test("a loop that trains a model is left: what it predicts is data", () => {
  const found = trace(
    `${dense("4", "3")}
    let loss = 0
    async function train() {
      for (let i = 0; i < 20000; i++) {
        const x = tf.randomNormal([8, 3]), y = model.predict(x)
        loss += y.mean().dataSync()[0]
        if (i % 10000 === 9999) { console.log(loss); await model.save("localstorage://net"); x.dispose() }
      }
      return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] })
    }
    train()`,
    { limits: { steps: 40_000 } },
  )
  expect(found.models.map((model) => parameters(model)[0])).toEqual(["dense_1/kernel [3, 4]", "dense_1/kernel [5, 2]"])
  expect(found.problems).toEqual([])
})

test("a generator without an end is left, too", () => {
  const found = trace(
    `function* batches() { while (true) { const xs = []; for (let i = 0; i < 64; i++) xs.push(Math.random()); yield tf.tensor1d(xs) } }
    const data = [...batches()]
    ${dense("4", "3")}`,
    { limits: { steps: 60_000 } },
  )
  expect(parameters(only(found))).toHaveLength(2)
})

test("what functions change that a loop has not called yet is forgotten", () => {
  const found = trace(`
    let units = 5, sum = 0
    const counter = { size: 3, grow(list) { this.size++; lists.push(list) } }, lists = [], index = new Map()
    function change() { units = 9; const own = []; own.push(1) }
    for (let i = 0; i < 20000; i++) { sum += i * i; if (i === 15000) { change(); counter.grow(i); index.set(i, 1) } }
    ${dense("units", "counter.size")}
    model.add(tf.layers.dense({ units: lists.length })); model.add(tf.layers.dense({ units: index.size }))`)
  const kernels = parameters(only(found)).filter((text) => text.includes("kernel"))
  expect(kernels).toEqual(["dense_1/kernel [size, units]", "dense_2/kernel [units, length]", "dense_3/kernel [length, size_2]"])
  expect(found.problems).toEqual([])
})

test.each([
  ["a function that adds a layer", "function change() { model.add(tf.layers.dense({ units: 2 })) }", "change()"],
  ["a method that does", "const o = { change() { this.target.add(tf.layers.dense({ units: 2 })) }, target: model }", "o.change()"],
])("a loop that may call %s is not left", (_, made, call) => {
  const found = trace(`${dense("4", "3")}
    ${made}
    let sum = 0
    for (let i = 0; i < 900; i++) { sum += i * i; if (i === 899) ${call} }`)
  expect(parameters(only(found)).length).toBeGreaterThan(2)
})

test("a loop of which nobody can tell what it changes is left in the end, which the report says", () => {
  const found = trace(`
    let sum = 0
    for (let i = 0; i < 20000; i++) { for (let k = 0; k < 20; k++) sum += i * k; if (i === 15000) globalThis.thing.other[sum] = 1 }
    ${dense("4", "3")}`)
  expect(parameters(only(found))).toHaveLength(2)
  expect(found.problems.map(({ message }) => message)).toEqual(["a loop goes round too often: the rest of it is not followed"])
})

test("code that goes every way without making anything ends early", () => {
  const found = trace(
    `${dense("4", "3")}
    function walk(node) { if (node.a) walk(node.b); if (node.c) walk(node.d); if (node.e) walk(node.f); return tf.variable(tf.zeros([node.n])) }`,
    { limits: { quietSteps: 2_000 } },
  )
  expect(parameters(only(found, "model"))).toHaveLength(2)
})

test("data that a model does not take says nothing of its definition", () => {
  const found = trace(`${dense("4", "3")}; model.predict(tf.zeros([1, 7])).print(); model.apply(tf.ones([2, 2, 9]))`)
  expect(only(found).unsupported).toEqual([])
})

test("tfjs's own sources lead to no network of a file that imports them", () => {
  const program = programOf({
    "/main.ts": `import { env } from "../node_modules/@tensorflow/tfjs-core"; import { util } from "@tensorflow/tfjs-core"
      export function plain(x) { return util.sizeFromShape(x) }`,
    "/node_modules/@tensorflow/tfjs-core/index.ts":
      "export const util = { sizeFromShape }; const w = tf.variable(0); function sizeFromShape() { return w }",
  })
  program.getTypeChecker()
  const [node] = program.getSourceFile("/main.ts")?.statements.filter((statement) => ts.isFunctionDeclaration(statement)) ?? []
  expect(leadsToNetwork(ts, program, node)).toBe(false)
})
