/** @file What the rules say about tfjs, tried on tfjs: what throws, what does not, and which names it knows. */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import { tfjsActivations, tfjsLayers } from "../../src/findings/tfjsNames"

beforeAll(async () => {
  await tf.setBackend("cpu")
})

/** Differentiates the squared output with respect to all variables. */
const train = (forward: () => tf.Tensor) => (): tf.Scalar => tf.variableGrads(() => forward().square().sum().asScalar()).value
const weight = (...shape: number[]): tf.Variable => tf.variable(tf.randomNormal(shape))

describe("matmul-gradient", () => {
  const x = tf.randomNormal([2, 4, 3])
  test.each([
    ["[B,T,C] by a trained [C,D]", () => tf.matMul(x, w2)],
    ["[B,T,C] by a trained [1,C,D]", () => tf.matMul(x, w1)],
  ])("%s computes and throws in training", (_, forward) => {
    expect(forward().shape).toEqual([2, 4, 5])
    expect(train(forward)).toThrow(/gradient of input 'b' has shape/)
  })
  test("the same without training the stretched operand is fine, and so is the fold", () => {
    expect(train(() => tf.matMul(w3, tf.ones([3, 5])))).not.toThrow()
    expect(train(() => tf.matMul(x.reshape([8, 3]), w2))).not.toThrow()
  })
  const w2 = weight(3, 5)
  const w1 = weight(1, 3, 5)
  const w3 = weight(2, 4, 3)
})

describe("no-gradient-op", () => {
  const w = weight(3, 5)
  const x = tf.randomNormal([4, 3])
  test("tf.einsum and tf.topk have no gradient", () => {
    expect(train(() => tf.einsum("bi,io->bo", x, w))).toThrow(/gradient function not found for Einsum/)
    expect(train(() => tf.topk(tf.matMul(x, w), 2).values)).toThrow(/gradient function not found for TopK/)
    const chosen = (): tf.Tensor => tf.oneHot(tf.topk(tf.matMul(x, w), 2).indices, 5).sum(1)
    expect(train(() => tf.matMul(x, w).mul(chosen()))).toThrow(/gradient function not found for TopK/)
  })
  test("comparisons have none either, where they only choose, too; tf.step has one", () => {
    const y = (): tf.Tensor => tf.matMul(x, w)
    expect(train(() => tf.where(y().greater(0), y(), y().mul(0.1)))).toThrow(/gradient function not found for Greater/)
    expect(train(() => tf.where(x.greater(0).any(), y(), y().mul(tf.step(y()))))).not.toThrow()
  })
  test("a stretched operand of tf.maximum throws where it is trained", () => {
    const floor = weight(5)
    expect(train(() => tf.maximum(tf.matMul(x, w), floor))).toThrow(/gradient of input 'b' has shape/)
    expect(train(() => tf.squaredDifference(tf.matMul(x, w), floor))).toThrow(/has shape/)
    expect(train(() => tf.maximum(tf.matMul(x, w), 0.1))).not.toThrow()
    expect(train(() => tf.add(tf.matMul(x, w), floor))).not.toThrow()
  })
  test("dilated convolutions and the rarer operations throw", () => {
    const kernel = weight(2, 3, 4)
    const line = tf.randomNormal<tf.Rank.R3>([2, 6, 3])
    expect(train(() => tf.conv1d(line, kernel as unknown as tf.Tensor3D, 1, "valid", "NWC", 2))).toThrow(/dilation/)
    const entries = weight(3)
    const square = weight(3, 3)
    expect(train(() => tf.diag(entries))).toThrow(/gradient function not found for Diag/)
    expect(train(() => tf.linalg.bandPart(square, -1, 0))).toThrow(/stack/)
  })
  test.each([{ scale: false }, { center: false }])("normalizations with %o throw", (options) => {
    for (const make of [tf.layers.layerNormalization, tf.layers.batchNormalization]) {
      const forward = layersOf(make(options))
      expect(train(forward)).toThrow()
    }
  })
  test("normalizations as they come do not", () => {
    expect(train(layersOf(tf.layers.layerNormalization()))).not.toThrow()
    expect(train(layersOf(tf.layers.batchNormalization()))).not.toThrow()
  })

  function layersOf(norm: tf.layers.Layer): () => tf.Tensor {
    const dense = tf.layers.dense({ units: 5, inputShape: [3] })
    dense.build([4, 3])
    norm.build([4, 5])
    return () => norm.apply(dense.apply(x), { training: true }) as tf.Tensor
  }
})

test("softmax-axis: only the last axis is taken", () => {
  const x = tf.ones([2, 3, 4])
  expect(() => tf.softmax(x, 1)).toThrow(/non-last dimension/)
  expect(() => tf.logSoftmax(x, 1)).toThrow(/non-last dimension/)
  expect(() => tf.softmax(x, 2)).not.toThrow()
})

test("duplicate-name: models throw when they are built", () => {
  const layers = [tf.layers.dense({ units: 2, inputShape: [3], name: "a" }), tf.layers.dense({ units: 2, name: "a" })]
  const model = tf.sequential({ layers })
  expect(() => model.predict(tf.zeros([1, 3]))).toThrow(/used 2 times in the model/)
})

test("unknown-activation: the list is that of tfjs", () => {
  const make = (activation: string) => (): tf.layers.Layer => tf.layers.dense({ units: 2, activation: activation as "relu" })
  for (const name of tfjsActivations) expect(make(name), name).not.toThrow()
  for (const name of ["silu", "leakyRelu", "leaky_relu", "prelu", "exponential", "gelu_tanh"])
    expect(make(name), name).toThrow(/Unknown activation/)
})

test("missing-layer: the list is that of tf.layers", () => {
  expect(Object.keys(tf.layers).sort()).toEqual([...tfjsLayers].sort())
})

describe("zero-init-trap", () => {
  /** Trains a hidden layer and an output layer in tfjs; how far the hidden units are apart and how far the kernel moved. */
  function trainUnits(activation: "relu" | "tanh", hidden: "zeros" | "ones", output: "ones" | "glorotUniform") {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [3], units: 4, activation, kernelInitializer: hidden }),
        tf.layers.dense({ units: 2, kernelInitializer: output }),
      ],
    })
    const [kernel] = model.trainableWeights.map((w) => w.read())
    const start = kernel.clone()
    const x = tf.randomNormal([16, 3])
    const y = tf.randomNormal([16, 2])
    const optimizer = tf.train.sgd(0.1)
    for (let step = 0; step < 12; step++) optimizer.minimize(() => tf.losses.meanSquaredError(y, model.apply(x) as tf.Tensor).asScalar())
    const end = model.trainableWeights[0].read()
    const [first] = tf.split(end, 4, 1)
    return { apart: end.sub(first).abs().max().dataSync()[0], moved: end.sub(start).abs().max().dataSync()[0] }
  }
  test("equal units with equal readers stay equal", () => {
    const { apart, moved } = trainUnits("tanh", "ones", "ones")
    expect(apart).toBeLessThan(1e-6)
    expect(moved).toBeGreaterThan(1e-4)
  })
  test("zeros before a relu never move", () => {
    expect(trainUnits("relu", "zeros", "glorotUniform")).toEqual({ apart: 0, moved: 0 })
  })
  test("zeros before tanh come apart by what reads them", () => {
    expect(trainUnits("tanh", "zeros", "glorotUniform").apart).toBeGreaterThan(1e-4)
  })
})

describe("refused-setting", () => {
  test("randomWidth asks for no width, so that a model with it is not made", () => {
    expect(() => tf.sequential({ layers: [tf.layers.randomWidth({ inputShape: [4, 6, 3], factor: 0.3 })] })).toThrow(/Negative dimension size/)
  })
  test("rnn takes no cell whose data have five axes", () => {
    type RnnCell = Parameters<typeof tf.layers.rnn>[0]["cell"]
    const layer = tf.layers.rnn({ cell: tf.layers.convLstm2dCell({ filters: 2, kernelSize: 2 }) as unknown as RnnCell })
    expect(() => layer.apply(tf.ones([1, 3, 4, 4, 2]))).toThrow(/expected ndim=3/)
  })
  test("upSampling2d with one number gives no pixels", () => {
    const layer = tf.layers.upSampling2d({ size: 2 as unknown as [number, number] })
    expect((layer.apply(tf.input({ shape: [4, 4, 1] })) as tf.SymbolicTensor).shape).toEqual([null, NaN, NaN, 1])
  })
  test("dot takes three axes, not four", () => {
    const ends = (shape: number[]) => (): unknown => tf.layers.dot({ axes: -1 }).apply([tf.input({ shape }), tf.input({ shape })])
    expect(ends([2, 3, 4])).toThrow(/4D or higher/)
    expect(ends([2, 3])).not.toThrow()
  })
})

describe("wrong-gradient", () => {
  /** Largest difference between tfjs's gradient of the squared sum and central differences, relative to the latter. */
  function gradientError(f: (t: tf.Tensor) => tf.Tensor, shape: number[]): number {
    const at = tf.randomNormal(shape)
    const loss = (t: tf.Tensor): number => f(t).square().sum().dataSync()[0]
    const own = tf
      .grad((t: tf.Tensor) => f(t).square().sum())(at)
      .dataSync()
    const values = at.dataSync()
    const step = 1e-2
    const differences = Array.from(values, (_, k) => {
      const moved = (by: number): number =>
        loss(
          tf.tensor(
            values.map((v, i) => (i === k ? v + by : v)),
            shape,
          ),
        )
      return (moved(step) - moved(-step)) / (2 * step)
    })
    return Math.max(...differences.map((d, k) => Math.abs(d - own[k]))) / Math.max(...differences.map(Math.abs))
  }
  const image = [1, 5, 5, 1]
  test("a row of a table that is met twice has its gradient counted twice by tf.max, once by tf.maxPool", () => {
    const table = tf.variable(tf.tensor2d([[1, 2], [3, -1]])), ids = tf.tensor2d([[0, 1, 1]], [1, 3], "int32")
    const gradientOf = (y: (rows: tf.Tensor) => tf.Tensor): unknown =>
      tf.variableGrads(() => y(tf.gather(table, ids)).sum().asScalar()).grads[table.name].arraySync()
    expect(gradientOf((rows) => rows.max(1))).toEqual([[0, 1], [2, 0]])
    expect(gradientOf((rows) => tf.maxPool(rows.reshape<tf.Tensor4D>([1, 3, 1, 2]), [3, 1], 1, "valid"))).toEqual([[0, 1], [1, 0]])
  })
  test.each([
    ["average pool over the border", (t: tf.Tensor) => tf.avgPool(t as tf.Tensor4D, 2, 2, "same"), image],
    [
      "tf.mirrorPad",
      (t: tf.Tensor) =>
        tf.mirrorPad(
          t,
          [
            [0, 0],
            [1, 1],
          ],
          "reflect",
        ),
      [2, 3],
    ],
    ["tf.cumsum along the first axis", (t: tf.Tensor) => tf.cumsum(t, 0), [3, 3]],
    ["resizing with half pixel centers", (t: tf.Tensor) => tf.image.resizeBilinear(t as tf.Tensor4D, [7, 7], false, true), image],
  ] as const)("%s is differentiated wrongly", (_, f, shape) => {
    expect(gradientError(f, [...shape])).toBeGreaterThan(0.01)
  })
  test.each([
    ["average pool inside", (t: tf.Tensor) => tf.avgPool(t as tf.Tensor4D, 2, 2, "valid"), image],
    [
      "tf.pad",
      (t: tf.Tensor) =>
        tf.pad(t, [
          [0, 0],
          [1, 1],
        ]),
      [2, 3],
    ],
    ["tf.cumsum along the last axis", (t: tf.Tensor) => tf.cumsum(t, 1), [3, 3]],
    ["resizing without", (t: tf.Tensor) => tf.image.resizeBilinear(t as tf.Tensor4D, [7, 7]), image],
  ] as const)("%s is differentiated rightly", (_, f, shape) => {
    expect(gradientError(f, [...shape])).toBeLessThan(0.01)
  })
})
