/** @file Every layer and op read: shapes, weights and counts against real tfjs on the same source text. */
import * as tf from "@tensorflow/tfjs"
import { describe, expect, test } from "vitest"
import { only, outputShapes, trace } from "./program"

/** Layers with the shape of what they take, without the batch axis. */
const cases: readonly (readonly [layer: string, shape: readonly number[]])[] = [
  [`dense({ units: 5, activation: "elu" })`, [3]],
  [`dense({ units: 5, useBias: false, activation: "gelu_new" })`, [4, 3]],
  [`activation({ activation: "swish" })`, [3]],
  [`activation({ activation: "hardSigmoid" })`, [3]],
  [`dropout({ rate: 0.3 })`, [3]],
  [`spatialDropout1d({ rate: 0.3 })`, [4, 3]],
  [`gaussianNoise({ stddev: 0.3 })`, [3]],
  [`flatten()`, [4, 3, 2]],
  [`reshape({ targetShape: [2, 3] })`, [6]],
  [`permute({ dims: [2, 1] })`, [4, 3]],
  [`repeatVector({ n: 4 })`, [3]],
  [`masking({ maskValue: 0 })`, [4, 3]],
  [`reLU({ maxValue: 6 })`, [3]],
  [`leakyReLU()`, [3]],
  [`elu()`, [3]],
  [`thresholdedReLU({ theta: 0.5 })`, [3]],
  [`softmax()`, [3]],
  [`prelu({})`, [4, 3]],
  [`prelu({ sharedAxes: [1] })`, [4, 3]],
  [`conv1d({ filters: 4, kernelSize: 3 })`, [8, 2]],
  [`conv1d({ filters: 4, kernelSize: 3, dilationRate: 2 })`, [8, 2]],
  [`conv1d({ filters: 4, kernelSize: 2, strides: 2, padding: "same" })`, [7, 2]],
  [`conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu" })`, [7, 9, 2]],
  [`conv2d({ filters: 4, kernelSize: [2, 3], useBias: false })`, [7, 9, 2]],
  [`depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })`, [7, 7, 3]],
  [`separableConv2d({ filters: 5, kernelSize: 3 })`, [7, 7, 3]],
  [`conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: "same" })`, [4, 4, 3]],
  [`conv2dTranspose({ filters: 5, kernelSize: 3 })`, [4, 4, 3]],
  [`maxPooling1d({ poolSize: 2 })`, [7, 2]],
  [`maxPooling2d({ poolSize: [2, 3], strides: 1 })`, [7, 7, 2]],
  [`averagePooling1d({ poolSize: 3, strides: 2, padding: "same" })`, [7, 2]],
  [`averagePooling2d({})`, [6, 6, 2]],
  [`globalAveragePooling1d()`, [7, 2]],
  [`globalMaxPooling1d()`, [7, 2]],
  [`globalAveragePooling2d({ dataFormat: "channelsLast" })`, [5, 6, 2]],
  [`globalMaxPooling2d({})`, [5, 6, 2]],
  [`upSampling2d({ size: [2, 3] })`, [4, 4, 2]],
  [`zeroPadding2d({ padding: [[1, 2], [0, 3]] })`, [4, 4, 2]],
  [`cropping2D({ cropping: [[1, 1], [0, 2]] })`, [5, 6, 2]],
  [`layerNormalization()`, [4, 3]],
  [`layerNormalization({ axis: [1, 2], center: false })`, [4, 3]],
  [`batchNormalization()`, [4, 3]],
  [`batchNormalization({ axis: 1, scale: false })`, [4, 3]],
  [`simpleRNN({ units: 4 })`, [5, 2]],
  [`lstm({ units: 4, returnSequences: true })`, [5, 2]],
  [`gru({ units: 4, useBias: false })`, [5, 2]],
  [`bidirectional({ layer: tf.layers.lstm({ units: 3, returnSequences: true }) })`, [5, 2]],
  [`bidirectional({ layer: tf.layers.gru({ units: 3 }), mergeMode: "sum" })`, [5, 2]],
  [`timeDistributed({ layer: tf.layers.dense({ units: 4 }) })`, [5, 2]],
  [`timeDistributed({ layer: tf.layers.flatten() })`, [5, 2, 3]],
  [`embedding({ inputDim: 9, outputDim: 3 })`, [4]],
]

function run(source: string): tf.LayersModel {
  return new Function("tf", `${source}; return model`)(tf) as tf.LayersModel
}

describe("layers as tfjs builds them", () => {
  for (const [layer, shape] of cases)
    test(layer, () => {
      const source = `const x = tf.input({ shape: [${shape}] })
        const model = tf.model({ inputs: x, outputs: [tf.layers.${layer}.apply(x),
          tf.layers.dense({ units: 1, useBias: false }).apply(x)] })`
      const real = run(source),
        model = only(trace(source))
      expect(model.unsupported).toEqual([])
      expect(outputShapes(model)).toEqual(real.outputs.map((y) => y.shape.map((d) => d ?? "batch").join(", ")))
      // tfjs lists trainable weights first.
      const sorted = [...model.graph.parameters].sort((a, b) => Number(b.trainable) - Number(a.trainable))
      expect(sorted.map((p) => [p.shape, p.trainable])).toEqual(
        real.weights.map((w) => [w.shape, (w as unknown as { trainable: boolean }).trainable]),
      )
      expect(model.parameterCount).toBe(real.countParams())
    })
})

test("merge layers broadcast and concatenate as tfjs does", () => {
  for (const name of ["add", "multiply", "maximum", "minimum", "average", "concatenate"]) {
    const source = `const a = tf.input({ shape: [4, 3] }), b = tf.input({ shape: [4, 3] })
      const model = tf.model({ inputs: [a, b], outputs:
        tf.layers.dense({ units: 2 }).apply(tf.layers.${name}().apply([a, b])) })`
    expect(outputShapes(only(trace(source))), name).toEqual([
      run(source)
        .outputs[0].shape.map((d) => d ?? "batch")
        .join(", "),
    ])
  }
})

test("dot along one axis of each input", () => {
  for (const [a, b, axes] of [
    ["[4]", "[4]", "1"],
    ["[3, 4]", "[5, 4]", "-1"],
    ["[3, 4]", "[4, 5]", "[2, 1]"],
    ["[3, 4]", "[4]", "[2, 1]"],
    ["[4]", "[5, 4]", "[1, 2]"],
  ]) {
    const source = `const a = tf.input({ shape: ${a} }), b = tf.input({ shape: ${b} })
      const model = tf.model({ inputs: [a, b], outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.dot({ axes: ${axes} }).apply([a, b])) })`
    const model = only(trace(source))
    expect(model.unsupported, source).toEqual([])
    expect(model.graph.parameters[0].shape, source).toEqual(run(source).weights[0].shape)
  }
})

test("an activation tfjs does not have is unsupported, with its place", () => {
  const model = trace(`const m = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: "silu" })] })`).models[0]
  expect(model.unsupported.map((u) => u.what)).toEqual(["dense: tfjs has no activation 'silu'"])
  expect(model.graph.nodes.at(-1)?.op.kind).toBe("opaque")
})

test.each(["tf.layers.reLU", "tf.layers.reLU()", "tf.relu", "(x) => x.relu()"])("tfjs takes the name of an activation, not %s", (activation) => {
  const source = `const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: ${activation} })] })`
  expect(() => run(source)).toThrow("Improper config format")
  expect(trace(source).models[0].unsupported.map((u) => u.what)).toEqual(["dense: tfjs takes the name of an activation, no function or layer"])
})

test("batch normalization that is frozen uses its statistics as values", () => {
  const model = only(
    trace(
      `const m = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] }), tf.layers.batchNormalization({ trainable: false })] })`,
    ),
  )
  expect(model.graph.nodes.some((node) => node.op.kind === "normalize")).toBe(false)
  expect(model.graph.parameters.filter((p) => p.id.includes("moving")).every((p) => p.node !== null && !p.trainable)).toBe(true)
  expect(model.assumptions.join()).toMatch(/frozen statistics; tfjs 4\.22's fit takes those of the batch/)
})

/** Ops on tensors a [4, 6], b [6, 3], c [2, 4, 6], v [6] and an int32 i [4]; the result of each is compared in shape. */
const opCases = [
  "a.matMul(b)",
  "tf.matMul(a, a, false, true)",
  "c.matMul(c, false, true)",
  "tf.matMul(c, c, true)",
  "tf.dot(a, v)",
  "tf.dot(v, b)",
  "v.dot(v)",
  "tf.outerProduct(v, v)",
  "tf.einsum('ij,jk->ik', a, b)",
  "tf.einsum('bij,bkj->bik', c, c)",
  "a.add(v)",
  "a.sub(1)",
  "tf.mul(2, a)",
  "a.div(tf.scalar(3))",
  "tf.squaredDifference(a, v)",
  "a.maximum(0)",
  "tf.pow(a, 2)",
  "a.reshape([3, -1])",
  "a.flatten()",
  "a.as1D()",
  "a.as3D(2, 2, 6)",
  "a.transpose()",
  "c.transpose([2, 0, 1])",
  "a.slice([1, 2], [2, 3])",
  "a.slice([0, 1])",
  "a.slice(1)",
  "tf.split(a, 3, 1)[1]",
  "tf.split(a, [2, 4], 1)[1]",
  "tf.concat([a, a], 1)",
  "a.concat(a, 0)",
  "tf.stack([v, v])",
  "tf.stack([v, v], 1)",
  "tf.unstack(a)[2]",
  "a.expandDims(1)",
  "a.expandDims(-1)",
  "a.expandDims(0).squeeze()",
  "a.expandDims(1).squeeze([1])",
  "tf.gather(a, i)",
  "tf.gather(b, i, 1)",
  "v.tile([2])",
  "v.expandDims(0).tile([3, 1])",
  "tf.pad(a, [[1, 0], [0, 2]])",
  "a.reverse(1)",
  "tf.broadcastTo(v, [4, 6])",
  "a.softmax()",
  "tf.logSoftmax(a)",
  "a.sum()",
  "a.sum(1)",
  "tf.mean(c, [0, 2])",
  "a.max(1, true)",
  "a.min()",
  "a.prod(0)",
  "tf.logSumExp(a, 1)",
  "tf.moments(a, 0).variance",
  "tf.moments(c, [1], true).mean",
  "a.norm()",
  "tf.norm(a, 2, 1, true)",
  "a.cumsum(1)",
  "tf.oneHot(i, 7)",
  "tf.topk(a, 2).values",
  "a.argMax(1)",
  "tf.where(a.greater(0), a, tf.zerosLike(a))",
  "tf.linalg.bandPart(tf.ones([4, 4]), -1, 0)",
  "tf.eye(3)",
  "tf.range(0, 5)",
  "tf.linspace(0, 1, 5)",
  "tf.fill([2, 3], 1)",
  "a.clipByValue(0, 1)",
  "a.cast('int32')",
  "tf.leakyRelu(a)",
  "a.elu()",
  "a.step()",
  "tf.conv1d(c, tf.ones([2, 6, 3]), 1, 'same')",
  "tf.conv2d(tf.ones([1, 5, 5, 2]), tf.ones([3, 3, 2, 4]), 2, 'valid')",
  "tf.depthwiseConv2d(tf.ones([1, 5, 5, 2]), tf.ones([3, 3, 2, 2]), 1, 'same')",
  "tf.maxPool(tf.ones([1, 6, 6, 2]), 2, 2, 'same')",
  "tf.avgPool(tf.ones([6, 6, 2]), [2, 2], 1, 'valid')",
  "tf.conv2dTranspose(tf.ones([1, 3, 3, 2]), tf.ones([3, 3, 4, 2]), [1, 6, 6, 4], 2, 'same')",
  "tf.batchNorm(a, v, v, v, v)",
  "tf.addN([a, a, a])",
  "a.stridedSlice([0, 1], [4, 6], [2, 2])",
  "a.reshapeAs(a)",
  "tf.prelu(a, v)",
  "a.atan2(v)",
  "a.mod(2)",
  "a.logicalNot ? a.isNaN() : a",
]

describe("ops as tfjs shapes them", () => {
  const setup = "const a = tf.ones([4, 6]), b = tf.ones([6, 3]), c = tf.ones([2, 4, 6]), v = tf.ones([6]), i = tf.tensor1d([0, 1, 2, 0], 'int32');"
  for (const op of opCases)
    test(op, () => {
      const real = (new Function("tf", `${setup} return ${op}`)(tf) as tf.Tensor).shape
      const model = only(
        trace(
          `${setup} const w = tf.variable(tf.ones([1])); /** @model */ function f(x: tf.Tensor1D) { return (${op}).mul(w.mul(x.sum()).reshape([])) }`,
        ),
      )
      expect(model.unsupported).toEqual([])
      expect(outputShapes(model)).toEqual([real.join(", ")])
    })
})
