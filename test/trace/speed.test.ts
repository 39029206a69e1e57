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
  const limits = { steps: 3_000 }
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
