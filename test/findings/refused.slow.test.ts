/**
 * @file What is said of a layer's settings, of names and of shapes that meet, tried on tfjs: each model is made, predicts and trains one step there,
 * and a warning must stand exactly where that fails.
 */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import { tfjsLosses, tfjsMetrics, tfjsOptimizers } from "../../src/findings/tfjsNames"
import { knownNames } from "../../src/trace/layers/refused"
import { plainText } from "../../src/trace/ops/table"
import { prepareTfjs } from "../support/runTfjs"
import { reportOf } from "../support/source"

beforeAll(prepareTfjs)

/** Why tfjs cannot make, run or train `net`; null where it can. */
async function failureOf(source: string): Promise<string | null> {
  try {
    const net = (new Function("tf", `${source}; return net`) as (lib: typeof tf) => tf.LayersModel)(tf)
    const inputs = net.inputs.map(({ shape }) => tf.ones(shape.map((d) => d ?? 2)))
    const predicted = net.predict(inputs) as tf.Tensor
    if (predicted.dataSync().length === 0) return "nothing is left"
    if (!/\.compile\(/.test(source)) net.compile({ optimizer: "sgd", loss: "meanSquaredError" })
    await net.fit(inputs, tf.ones(predicted.shape), { verbose: 0 })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const rules = /^(refused-setting|unknown-name|shape-mismatch|open-size|refused-training|symbolic-op|softmax-axis|frozen-model)$/

/** What is said: findings of these rules, and that a model cannot be built. */
function saidOf(source: string): readonly string[] {
  const { models, problems } = reportOf(source)
  return [
    ...models.flatMap(({ findings }) => findings.flatMap(({ rule, message }) => (rules.test(rule) ? [message] : []))),
    ...problems.flatMap(({ message }) => (/cannot be built/.test(message) ? [message] : [])),
  ]
}

const stack = (shape: string, ...layers: readonly string[]): string =>
  `const net = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [${shape}] }), ${layers.map((l) => `tf.layers.${l}`).join(", ")}] })`
const last = "dense({ units: 2 })"
const conv = (settings: string): string => stack("6, 6, 2", `conv2d({ ${settings} })`, "flatten()", last)
const pool = (settings: string): string => stack("6, 6, 2", last, `maxPooling2d({ ${settings} })`, "flatten()", last)
const merge = (layer: string, a: string, b: string): string =>
  `const a = tf.input({ shape: [${a}] }), b = tf.input({ shape: [${b}] })
   const net = tf.model({ inputs: [a, b], outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.${layer}.apply([a, b])) })`

const refused: readonly string[] = [
  ...["2.5", "'8'", "0", "-3", "true"].map((units) => stack("4", `dense({ units: ${units} })`)),
  ...["lstm", "gru", "simpleRNN"].flatMap((name) => ["2.5", "0", "'3'"].map((units) => stack("3, 2", `${name}({ units: ${units} })`))),
  stack("4", "dense({})"), stack("4", "dense()"), stack("4", "dense({ unit: 5 })"), stack("3, 2", "lstm({})"),
  stack("4", "embedding({ outputDim: 3 })", "flatten()", last), stack("4", "embedding({ inputDim: 0, outputDim: 3 })", "flatten()", last),
  ...["2.5", "'8'", "0", "[4]"].map((filters) => conv(`kernelSize: 3, filters: ${filters}`)), conv("kernelSize: 3"), conv("filters: 3"),
  ...["2.5", "'3'", "-1", "[3]", "[3, 3, 3]", "9"].map((size) => conv(`filters: 2, kernelSize: ${size}`)),
  ...["[2]", "'2'", "-1", "[1, 1, 1]"].map((strides) => conv(`filters: 2, kernelSize: 3, strides: ${strides}`)),
  ...["[2]", "'2'"].map((rate) => conv(`filters: 2, kernelSize: 3, dilationRate: ${rate}`)),
  ...["'SAME'", "'full'", "1", "'causal'"].map((padding) => conv(`filters: 2, kernelSize: 3, padding: ${padding}`)),
  ...["'channels_last'", "'NHWC'"].map((format) => conv(`filters: 2, kernelSize: 3, dataFormat: ${format}`)),
  ...["poolSize: 0", "poolSize: 2.5", "poolSize: '2'", "strides: 1.5", "padding: 'SAME'", "dataFormat: 'NHWC'"].map(pool),
  stack("6, 6, 2", last, "upSampling2d({ size: [2, 2], interpolation: 'bicubic' })", last),
  stack("6, 6, 2", last, "globalAveragePooling2d({ dataFormat: 'channels_last' })", last),
  stack("3, 2", "bidirectional({ layer: tf.layers.lstm({ units: 3 }), mergeMode: 'avg' })"),
  stack("4", "dense({ units: 4, kernelRegularizer: 0.01 })"),
  "const net = tf.sequential(); net.add(tf.layers.dense({ units: 4 })); net.add(tf.layers.dense({ units: 4, inputShape: [3] }))",
  ...["'3'", "2.5", "-1"].map((size) => `const net = tf.sequential(); net.add(tf.layers.dense({ units: 4, inputShape: [${size}] }))`),
  ...[["3, 4", last], ["6, 6, 2", "conv2d({ filters: 2, kernelSize: 3, padding: 'same' })"]].map(([shape, before]) =>
    stack(shape, before, "batchNormalization({ axis: 1 })", "flatten()", last)),
  ...["he_normal", "xavier", "zero", "glorot_uniform", "constant"].map((name) => stack("4", `dense({ units: 4, kernelInitializer: '${name}' })`)),
  ...["l1", "l2", "L2", "l1_l2"].map((name) => stack("4", `dense({ units: 4, kernelRegularizer: '${name}' })`)),
  ...["non_neg", "max_norm"].map((name) => stack("4", `dense({ units: 4, biasConstraint: '${name}' })`)),
  stack("3, 2", "lstm({ units: 3, recurrentInitializer: 'x' })"),
  stack("4", "dense({ units: 4, activityRegularizer: 'l1l2' })"), conv("filters: 2, kernelSize: 3, activityRegularizer: tf.regularizers.l2()"),
  // Shapes that meet.
  ...["lstm({ units: 3 })", "conv1d({ filters: 2, kernelSize: 2 })", "conv2d({ filters: 2, kernelSize: 2 })", "maxPooling2d({ poolSize: 2 })",
    "globalAveragePooling1d()", "flatten()", "spatialDropout1d({ rate: 0.5 })", "permute({ dims: [2, 1] })", "reshape({ targetShape: [3, 3] })",
    "reshape({ targetShape: [3, -1] })", "timeDistributed({ layer: tf.layers.dense({ units: 3 }) })", "batchNormalization({ axis: 2 })",
    "layerNormalization({ axis: 2 })", "bidirectional({ layer: tf.layers.gru({ units: 3 }) })",
  ].map((layer) => stack("4", "dense({ units: 4 })", layer)),
  stack("6, 6, 2", last, "repeatVector({ n: 3 })"), stack("3, 2", "lstm({ units: 3 })", "lstm({ units: 3 })"),
  ...["add", "multiply", "average", "maximum", "minimum"].flatMap((name) => [merge(`${name}()`, "4", "5"), merge(`${name}()`, "3, 4", "2, 4")]),
  merge("concatenate()", "3, 4", "5, 4"), merge("dot({ axes: 1 })", "4", "5"), merge("dense({ units: 3 })", "4", "4"),
  // Sizes that are left open.
  ...["null", "null, null"].map((shape) => stack(shape, last)),
  ...["flatten()", "prelu()", "layerNormalization({ axis: 1 })", "permute({ dims: [2, 1] })", "conv1d({ filters: 2, kernelSize: 2 })",
    "bidirectional({ layer: tf.layers.lstm({ units: 2, returnSequences: true }) })", "lstm({ units: 2, returnSequences: true })",
  ].map((layer) => stack("null, 3", layer, "flatten()", last)),
  ...["lstm({ units: 2 })", "gru({ units: 2 })", "simpleRNN({ units: 2 })"].map((layer) => stack("3, null", layer)),
  ...["[-1]", "[4, -1]", "[4, null]", "[null, null]"].map((target) => stack("4, 4, 1", `reshape({ targetShape: ${target} })`, last)),
  stack("4, 4, 1", "reshape({ targetShape: [-1, 4] })", "flatten()", last),
  stack("null", "embedding({ inputDim: 5, outputDim: 3 })", "flatten()", last),
  ...["depthwiseConv2d({ kernelSize: 2 })", "conv2dTranspose({ filters: 2, kernelSize: 2 })", "separableConv2d({ filters: 2, kernelSize: 2 })"].map(
    (layer) => stack("null, null, null", layer)),
  ...["zeroPadding2d({ padding: 1 })", "upSampling2d({ size: [2, 2] })", "maxPooling2d({ poolSize: 2 })"].map((layer) =>
    stack("null, null, 3", layer, "flatten()", last)),
  ...["lstm({ units: 2, stateful: true })", "rnn({ cell: tf.layers.gruCell({ units: 2 }), stateful: true })",
    "bidirectional({ layer: tf.layers.gru({ units: 2, stateful: true }) })"].map((layer) => stack("3, 2", layer)),
  merge("flatten().apply(tf.layers.concatenate({ axis: 1 })", "null, 3", "4, 3").replace("([a, b]))", "([a, b])))"),
  // Records of settings that are read and not given.
  ...["globalMaxPooling2d()", "globalAveragePooling2d()", "maxPooling2d()", "upSampling2d()", "cropping2D({})"].map((layer) =>
    stack("4, 4, 1", layer, "flatten()", last)),
  ...["dropout()", "activation()", "gaussianNoise()"].map((layer) => stack("4", last, layer)),
  stack("3, 4, 4, 1", "convLstm2d({ filters: 2 })", "flatten()", last),
  // Operations between layers.
  ...["tf.relu(h)", "h.relu()", "tf.add(x, h)"].map((y) =>
    `const x = tf.input({ shape: [4] }), h = tf.layers.dense({ units: 4 }).apply(x), net = tf.model({ inputs: x, outputs: ${y} })`),
]

test.each(refused)("refused: %s", async (source) => {
  expect(await failureOf(source)).not.toBeNull()
  expect(saidOf(source)).not.toEqual([])
})

const accepted: readonly string[] = [
  stack("4", "dense({ units: 4, activation: 'ReLU' })"), stack("4", "dense({ units: 4, activation: 'LeakyReLU' })"),
  stack("4", "dense({ units: 4, activation: 'ELU', kernelInitializer: 'HeNormal' })"), stack("4", last, "dropout({ rate: 1.5 })"),
  stack("6, 2", "conv1d({ filters: 2, kernelSize: [2], strides: 9 })", "flatten()", last), conv("filters: 2, kernelSize: [3, 1], strides: [1, 2]"),
  pool("poolSize: [2, 3], strides: 2, padding: 'same'"), stack("3, 4", last, "batchNormalization({ axis: 2 })", "flatten()", last),
  stack("3, 2", "lstm({ units: 3, activityRegularizer: tf.regularizers.l2() })"),
  stack("4", last, "batchNormalization({ axis: 1 })"), merge("add()", "4", "1"), merge("concatenate()", "3, 4", "3, 5"),
  stack("3, 2", "bidirectional({ layer: tf.layers.lstm({ units: 3 }), mergeMode: 'ave' })"), stack("4", last, "permute({ dims: [1] })"),
  stack("3, 4", "timeDistributed({ layer: tf.layers.dense({ units: 3 }) })", "flatten()", last),
  ...["lstm({ units: 2 })", "prelu({ sharedAxes: [1] })", "layerNormalization()", "batchNormalization()", "masking()",
    "conv1d({ filters: 2, kernelSize: 2 })", "bidirectional({ layer: tf.layers.gru({ units: 2, returnSequences: true }) })",
    "timeDistributed({ layer: tf.layers.dense({ units: 3 }) })", "reshape({ targetShape: [-1, 3] })"].map((layer) => stack("null, 3", layer, last)),
  ...["depthwiseConv2d({ kernelSize: 2 })", "conv2dTranspose({ filters: 2, kernelSize: 2 })", "upSampling2d({ size: [2, 2] })"].map((layer) =>
    stack("null, null, 3", layer, "globalMaxPooling2d({})", last)),
  stack("6", "reshape({ targetShape: [-1, 3] })", last), stack("null, 4, 4, 1", "convLstm2d({ filters: 2, kernelSize: 2 })", "flatten()", last),
  stack("null, 3", "reshape({ targetShape: [6] })", last), stack("4, 4, 1", "maxPooling2d({})", "flatten()", last),
  merge("add()", "null, 3", "null, 3"),
  `const x = tf.input({ batchShape: [2, 4, 4] }), flat = tf.layers.reshape({ targetShape: [-1] }).apply(x)
   const net = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(flat) })`,
]

test.each(accepted)("accepted: %s", async (source) => {
  expect(await failureOf(source)).toBeNull()
  expect(saidOf(source)).toEqual([])
})

const critic = `const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] })
  net.compile({ optimizer: "sgd", loss: "meanSquaredError" }); net.trainable = false`
const fit = "; async function train(x, y) { await net.trainOnBatch(x, y) }"

test("frozen: a model that is compiled before it is frozen does not train, until it may again", async () => {
  expect(await failureOf(critic)).toMatch(/none of the \d+ variables is trainable/)
  expect(saidOf(critic)).toEqual([])
  expect(saidOf(critic + fit)).toEqual([expect.stringMatching(/^this freezes every weight of the model/)])
  const again = `${critic}; net.trainable = true`
  expect(await failureOf(again)).toBeNull()
  expect(saidOf(again + fit)).toEqual([])
})

test.each([
  ...["", "{}", "{ optimizer: 'sgd' }", "{ optimizer: 'sgd', loss: null }", "{ optimizer: 'sgd', loss: undefined }", "{ optimizer: 'sgd', loss: [] }",
    "{ optimizer: 0.1, loss: 'meanSquaredError' }", "{ optimizer: tf.train.sgd, loss: 'meanSquaredError' }", "{ loss: 'meanSquaredError' }",
    "{ optimizer: 'sgd', loss: ['meanSquaredError', 'meanSquaredError'] }"].map((settings) => `net.compile(${settings})`),
  "net.add(tf.layers.dense({ units: 1 })); net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' })",
  "const other = tf.sequential({ layers: [net] }); other.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })",
])("training is refused: %s", async (code) => {
  const source = `const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] }); ${code}`
  // Where the model under it is compiled, or nothing is, the reference must not compile it either.
  expect(await failureOf(/\bnet\.compile\(/.test(code) ? source : `${source}; net.compile = () => {}`)).not.toBeNull()
  expect(saidOf(`${source}; async function train(x, y) { await net.fit(x, y) }`)).toHaveLength(1)
})

test.each([
  ["for itself", "net.compile({ optimizer: tf.train.sgd(0.1), loss: tf.losses.meanSquaredError })"],
  ["by what gets it", "prepare(net)"],
  ["by nobody knows what", "const settings = load(); net.compile(settings)"],
  ["with settings put together elsewhere", "net.compile({ optimizer: 'sgd', ...settings })"],
  ["under a condition", "if (ready) net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })"],
  ["by what gets it in a record", "prepare({ net })"],
  ["where another model may stand", "for (const m of list()) m.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })"],
])("training is not refused of a model that is compiled %s", (_, code) => {
  const source = `const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] }); ${code}`
  expect(saidOf(`${source}; async function train(x, y) { await net.fit(x, y) }`)).toEqual([])
})

const made = "tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] })"
test.each([
  ["another file may compile it", `export const net = ${made}; export async function train(x, y) { await net.fit(x, y) }`, 0],
  ["whoever calls both may compile it", `export const make = () => ${made}; export const train = (x, y, net = make()) => net.fit(x, y)`, 0],
  ["nobody else comes to it", `const net = ${made}; export async function train(x, y) { await net.fit(x, y) }`, 1],
  ["it is made there", `export async function train(x, y) { const net = ${made}; await net.fit(x, y) }`, 1],
])("fit of a model that nobody compiles: %s", (_, source, count) => {
  const { models } = reportOf(source)
  expect(models.flatMap(({ findings }) => findings.filter(({ rule }) => rule === "refused-training"))).toHaveLength(count)
})

const base = "const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] })"
const compile = 'net.compile({ optimizer: "sgd", loss: "meanSquaredError" })'
test.each([
  ["evaluated only", `${base}; net.trainable = false; ${compile}; async function run(x, y) { return net.evaluate(x, y) }`, false],
  ["fitted before, and saved", `${base}; ${compile}; async function run(x, y) { await net.fit(x, y); net.trainable = false; await net.save("downloads://m") }`, true],
  ["fitted before, then under a head", `${base}; ${compile}
    const head = tf.sequential(); head.add(net); head.add(tf.layers.dense({ units: 2 })); head.compile({ optimizer: "sgd", loss: "meanSquaredError" })
    async function run(x, y) { await net.fit(x, y); net.layers.forEach((l) => { l.trainable = false }); await head.fit(x, y) }`, true],
  ["frozen in a function that may run later", `${base}; ${compile}; function freeze() { net.trainable = false }
    async function run(x, y) { await net.fit(x, y) }`, false],
  ["set free for its own steps", `${base}; ${compile}; net.trainable = false
    async function run(x, y) { net.trainable = true; await net.trainOnBatch(x, y); net.trainable = false }`, true],
])("not frozen when it trains: %s", (_, source, isTrained) => {
  expect(saidOf(source)).toEqual([])
  const { assumptions, parameters } = reportOf(source).models.find(({ name }) => name === "net")!
  expect(parameters.map(({ trainable }) => trainable)).toEqual([isTrained, isTrained])
  // Each of its fits finds it free: nothing is assumed.
  expect(assumptions.filter((text) => text.includes("`trainable`"))).toEqual([])
})

test("names of Object.prototype are names like any other", () => {
  const own = `const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2, constructor: "x", toString: 3 })] })
    net.compile({ optimizer: "sgd", loss: "constructor", metrics: ["constructor"] })`
  expect(saidOf(own)).toEqual(["tfjs has no loss 'constructor': compile throws", "tfjs has no metric 'constructor': compile throws"])
})

test("a layer is called by its own name, and told once", () => {
  expect(saidOf(stack("2, 2, 1", "maxPooling2d({ poolSize: 3 })", "flatten()", last))).toEqual([
    "the shapes do not fit: maxPooling2d: window 3 does not fit into 2, got [batch, 2, 2, 1]",
  ])
})

const cached = (member: string): string => `export class Net {
  w = tf.variable(tf.ones([4, 6])); v = tf.variable(tf.ones([6, 3])); cache = null
  ${member}
}`

test("a weight that is read once is said to be, and not to be unused", () => {
  const [{ findings }] = reportOf(cached("back = this.w.transpose(); forward(x) { return x.matMul(this.back.transpose()).matMul(this.v) }")).models
  const said = findings.flatMap(({ rule, message }) => (rule === "unused-weight" ? [message] : []))
  expect(said).toEqual(["'w' is read once, before training: no gradient reaches it"])
})

test("a weight that only a first call reads is said to be", () => {
  const [{ findings }] = reportOf(cached(`u = tf.variable(tf.ones([6, 6]))
    forward(x) { const h = this.cache ?? x.matMul(this.w); this.cache = h.matMul(this.u).tanh(); return this.cache.matMul(this.v) }`)).models
  const said = findings.flatMap(({ rule, message }) => (rule === "unused-weight" ? [message] : []))
  expect(said).toEqual(["'w' is read by the first call only: no gradient of a later one reaches it"])
})

test("a class that goes on with what it has kept of its weights is told as such", () => {
  const keeps = cached(`reset() { this.cache = null }
    forward(x) { if (this.cache === null) this.cache = this.w.matMul(this.v); return x.matMul(this.cache) }`)
  expect(reportOf(keeps).problems.map(({ message }) => message)).toEqual([
    "the class Net is not read: its forward pass reads its weights once and goes on with what it has kept, through which no gradient reaches them",
  ])
})

test("a state is called by the field that holds it", () => {
  const [{ assumptions }] = reportOf(`export class Net {
    w = tf.variable(tf.ones([4, 6])); u = tf.variable(tf.ones([6, 6])); h = tf.zeros([1, 6])
    /** @shape x [batch, 4] */
    forward(x) { this.h = tf.add(tf.matMul(x, this.w), tf.matMul(this.h, this.u)); return tf.tanh(this.h) }
  }`).models
  expect(assumptions).toContain("what 'h' holds from the call before is read as data: no gradient reaches that call")
})

test("symbols of one name are told apart in messages", () => {
  expect(plainText("got [batch\u00b71, n\u00b72] and [batch\u00b73, n\u00b72]")).toBe("got [batch, n] and [batch_2, n]")
})

test.each([
  ["a window that is missing", `${stack("9, 2", "conv1d({ filters: 2 })", "flatten()", last)}`, /^conv1d_1\//],
  ["half a unit", `const n = 5; ${stack("4", "dense({ units: n / 2, activation: 'relu' })", last)}`, /^dense_1\//],
])("a layer that tfjs refuses has no law: %s", (_, source, weights) => {
  expect(saidOf(source)).toHaveLength(1)
  const [{ laws, lawless, parameters }] = reportOf(source).models
  expect(laws).toEqual([])
  expect(lawless.some(({ parameters: ids }) => ids.some((id) => weights.test(id)))).toBe(true)
  expect(JSON.stringify(parameters)).not.toMatch(/null|NaN|2\.5/)
})

test("a needed setting of another spelling is told once", () => {
  const said = saidOf(stack("3", "embedding({ input_dim: 4, outputDim: 3 })"))
  expect(said).toEqual(["embedding: tfjs has no 'input_dim': write inputDim, which it needs"])
})

test.each([["its own compile", "const w = new Wrapper(); w.compile"], ["one that is not known", "export const train = (w) => w.compile"]])(
  "what %s takes is no name of tfjs", (_, call) => {
    const source = `const losses = { mse: tf.losses.meanSquaredError }
      class Wrapper {
        model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] })
        compile(o) { this.model.compile({ optimizer: tf.train.adam(), loss: losses[o.loss] }) }
      }
      ${call}({ loss: "mse", optimizer: "adamw", metrics: ["f1"] })`
    expect(saidOf(source)).toEqual([])
    expect(saidOf(source.replace("compile(o) {", "prepare(o) {"))).not.toEqual([])
  })

test("a field of any name may be set later", () => {
  const { models } = reportOf(`export class Net {
    w = tf.variable(tf.ones([2, 2]));
    ["k("] = 3
    set(n) { this["k("] = n }
    forward(x) { return tf.matMul(x, this.w).mul(this["k("]) }
  }`)
  expect(models.map(({ name }) => name)).toEqual(["Net"])
})

test.each([
  [stack("4", last, "dropout(0.5)"), /write \{ rate: 0\.5 \}/],
  [stack("4", last, "activation('relu')"), /write \{ activation: 'relu' \}/],
  [stack("3, 2", "lstm({ units: 3, return_sequences: true })"), /write returnSequences/],
  [conv("filters: 2, kernelSize: 3, stride: 2"), /write strides/],
  // A layer of no cells at all.
  [pool("poolSize: 9"), /window 9 does not fit into 6/],
])("passed over in silence: %s", async (source, message) => {
  expect(await failureOf(source)).toBeNull()
  expect(saidOf(source).join()).toMatch(message)
})

test.each([
  ["dense({ units: 3, kernelInitializer: 'zeros', kernelConstraint: 'nonNeg' })", "4", 0],
  ["dense({ units: 3, biasConstraint: tf.constraints.nonNeg() })", "4", 1],
  ["lstm({ units: 3, biasConstraint: 'NonNeg' })", "3, 2", 2],
])("a constraint that no step applies is told: %s", async (layer, shape, index) => {
  const source = `${stack(shape, layer)}; net.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" })`
  const net = (new Function("tf", `${source}; return net`) as (lib: typeof tf) => tf.LayersModel)(tf)
  const inputs = tf.ones([8, ...shape.split(", ").map(Number)])
  await net.fit(inputs, tf.fill([8, 3], -3), { epochs: 5, verbose: 0 })
  expect(Math.min(...net.getWeights()[index].dataSync())).toBeLessThan(0)
  expect(saidOf(source)).toEqual([expect.stringMatching(/Constraint in setWeights only/)])
})

describe("names", () => {
  const all = [
    ...Object.keys(tf.serialization.SerializationMap.getMap().classNameMap), ...Object.keys(tf.initializers), ...Object.keys(tf.constraints),
    ...Object.keys(tf.regularizers), ...Object.keys(tf.metrics), ...Object.keys(tf.losses), ...Object.getOwnPropertyNames(tf.train), ...tfjsLosses,
    ...tfjsMetrics, ...tfjsOptimizers, "Accuracy", "hinge", "kld", "rmse", "momentum", "nadam",
  ]
  const model = (): tf.Sequential => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] })
  const takes = (run: () => unknown): boolean => {
    try {
      run()
      return true
    } catch {
      return false
    }
  }
  test("of losses, metrics and optimizers are those that compile takes", () => {
    const known = (run: (name: string) => unknown): readonly string[] => [...new Set(all)].filter((name) => takes(() => run(name))).sort()
    expect(known((loss) => { model().compile({ optimizer: "sgd", loss }) })).toEqual([...tfjsLosses].sort())
    expect(known((name) => { model().compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: [name] }) })).toEqual([...tfjsMetrics].sort())
    expect(known((optimizer) => { model().compile({ optimizer, loss: "meanSquaredError" }) })).toEqual([...tfjsOptimizers].sort())
  })
  test.each(["initializer", "regularizer", "constraint"] as const)("of a layer's %s are those that it takes", (role) => {
    const key = `kernel${role[0].toUpperCase()}${role.slice(1)}`
    // Any registered class is taken for any role; only those of the role are meant.
    const spaces = { initializer: tf.initializers, regularizer: tf.regularizers, constraint: tf.constraints }
    const own = Object.keys(spaces[role]).filter((name) => takes(() => tf.layers.dense({ units: 2, inputShape: [2], [key]: name })))
    const made = own.filter((name) => takes(() => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], [key]: name })] })))
    expect(made.sort()).toEqual(knownNames[role].split(" ").sort())
  })
})
