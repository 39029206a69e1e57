/** @file The value of every kernel against tfjs itself (its pure JavaScript backend, float32), for all ops and functions that tfjs has. */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import type { BinaryFunction, Op, OpKind, ReduceFunction, UnaryFunction } from "../../src/graph/op"
import { GraphBuilder } from "../../src/graph/build"
import { operandCounts } from "../../src/graph/shape"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"

type Reference = (...x: tf.Tensor[]) => tf.Tensor

beforeAll(async () => {
  await tf.setBackend("cpu")
})

/** Inputs on a coarse grid, so that ties and zeros occur and float32 holds them exactly. */
function compute(op: Op, shapes: readonly (readonly number[])[], reference: Reference, options: Options = {}): void {
  const random = seededRandom(11),
    builder = new GraphBuilder(),
    start = { line: 1, column: 1 },
    [low, high] = options.between ?? [-2.25, 2.5]
  const values = shapes.map((s, k) =>
    new Float64Array(s.reduce((a, b) => a * b, 1)).map(() => {
      const range = options.indices?.[k]
      return range === undefined ? Math.round((low + (high - low) * random.uniform()) * 16) / 16 : random.integer(range)
    }),
  )
  const nodes = shapes.map((shape, k) => builder.parameterNode(builder.addParameter({ id: `p${k}`, shape, trainable: true, start, end: start })))
  const out = builder.add(op, nodes, {}, options.shape),
    plan = compilePlan(builder.finish([out]))
  plan.slots.forEach((slot, k) => plan.theta.set(values[k], slot.offset))
  plan.forward()
  const expected = tf.tidy(() => {
    const result = reference(
      ...values.map((v, k) => tf.tensor(Array.from(v), [...shapes[k]], options.indices?.[k] === undefined ? "float32" : "int32")),
    )
    return { shape: result.shape, data: Array.from(result.dataSync()) }
  })
  expect(plan.outputs[0].shape).toEqual(expected.shape)
  expected.data.forEach((v, i) => {
    const ours = plan.outputs[0].value[i]
    if (Number.isFinite(v)) expect(Math.abs(ours - v) / (1 + Math.abs(v)), `element ${i}: ${ours} and ${v}`).toBeLessThan(2e-5)
    else expect(ours).toBe(v)
  })
}

interface Options {
  readonly shape?: readonly number[]
  readonly between?: readonly [number, number]
  readonly indices?: Readonly<Record<number, number>>
}

const layer =
  (name: string, config: object = {}): Reference =>
  (x) =>
    (tf.layers as unknown as Record<string, (c: object) => tf.layers.Layer>)[name](config).apply(x) as tf.Tensor
const activation =
  (name: "hardSigmoid" | "swish" | "mish" | "gelu" | "gelu_new"): Reference =>
  (x) =>
    tf.layers.activation({ activation: name }).apply(x) as tf.Tensor

const unary: { readonly [F in UnaryFunction]: readonly [Reference, (readonly number[])?, (readonly [number, number])?] | "no counterpart" } = {
  neg: [tf.neg],
  abs: [tf.abs],
  sign: [tf.sign],
  relu: [tf.relu],
  relu6: [tf.relu6, [], [-3, 9]],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.3), [0.3]],
  elu: [layer("elu", { alpha: 1 }), [1]],
  selu: [tf.selu],
  sigmoid: [tf.sigmoid],
  hardSigmoid: [activation("hardSigmoid"), [], [-4, 4]],
  logSigmoid: [tf.logSigmoid],
  tanh: [tf.tanh],
  softplus: [tf.softplus],
  softsign: [(x) => tf.layers.activation({ activation: "softsign" }).apply(x) as tf.Tensor],
  gelu: [activation("gelu")],
  geluTanh: [activation("gelu_new")],
  silu: [activation("swish")],
  mish: [activation("mish")],
  hardSwish: "no counterpart",
  exp: [tf.exp],
  expm1: [tf.expm1],
  log: [tf.log, [], [0.5, 3]],
  log1p: [tf.log1p, [], [-0.5, 3]],
  sqrt: [tf.sqrt, [], [0, 3]],
  rsqrt: [tf.rsqrt, [], [0.5, 3]],
  square: [tf.square],
  reciprocal: [tf.reciprocal, [], [0.5, 3]],
  powConstant: [(x) => tf.pow(x, 3), [3]],
  sin: [tf.sin],
  cos: [tf.cos],
  tan: [tf.tan, [], [-1, 1]],
  asin: [tf.asin, [], [-1, 1]],
  acos: [tf.acos, [], [-1, 1]],
  atan: [tf.atan],
  sinh: [tf.sinh],
  cosh: [tf.cosh],
  asinh: [tf.asinh],
  acosh: [tf.acosh, [], [1, 3]],
  atanh: [tf.atanh, [], [-0.9, 0.9]],
  erf: [tf.erf],
  floor: [tf.floor],
  ceil: [tf.ceil],
  round: [tf.round],
  clip: [(x) => tf.clipByValue(x, -0.7, 1.2), [-0.7, 1.2]],
  thresholdedRelu: [layer("thresholdedReLU", { theta: 0.5 }), [0.5]],
  reluMax: [layer("reLU", { maxValue: 1.5 }), [1.5]],
  step: [(x) => tf.step(x, 0.25), [0.25]],
  isNaN: [(x) => tf.isNaN(x).toFloat()],
  isFinite: [(x) => tf.isFinite(x).toFloat()],
  isInf: [(x) => tf.isInf(x).toFloat()],
  logicalNot: [(x) => tf.logicalNot(x.toBool()).toFloat()],
}

describe("unary", () => {
  test.each(Object.entries(unary))("%s", (fn, entry) => {
    if (entry === "no counterpart") return expect(fn).toBe("hardSwish")
    const [reference, parameters = [], between] = entry
    compute({ kind: "unary", fn: fn as UnaryFunction, parameters }, [[5, 6]], reference, between ? { between } : {})
  })
})

const truth =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Reference =>
  (a, b) =>
    f(a, b).toFloat()
const logical =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Reference =>
  (a, b) =>
    f(a.toBool(), b.toBool()).toFloat()
const binary: { readonly [F in BinaryFunction]: readonly [Reference, (readonly [number, number])?] } = {
  add: [tf.add],
  subtract: [tf.sub],
  multiply: [tf.mul],
  divide: [tf.div, [0.5, 2]],
  divideNoNan: [tf.divNoNan],
  maximum: [tf.maximum],
  minimum: [tf.minimum],
  power: [tf.pow, [0.5, 2]],
  squaredDifference: [tf.squaredDifference],
  mod: [tf.mod, [0.25, 3]],
  floorDivide: [tf.floorDiv, [0.25, 3]],
  atan2: [tf.atan2],
  prelu: [(x, a) => tf.prelu(x, a)],
  equal: [truth(tf.equal)],
  notEqual: [truth(tf.notEqual)],
  greater: [truth(tf.greater)],
  greaterEqual: [truth(tf.greaterEqual)],
  less: [truth(tf.less)],
  lessEqual: [truth(tf.lessEqual)],
  logicalAnd: [logical(tf.logicalAnd)],
  logicalOr: [logical(tf.logicalOr)],
  logicalXor: [logical(tf.logicalXor)],
}

describe("binary", () => {
  test.each(Object.entries(binary))("%s", (fn, [reference, between]) => {
    const options = between ? { between } : {}
    compute({ kind: "binary", fn: fn as BinaryFunction }, [[3, 4], [4]], reference, options)
    compute(
      { kind: "binary", fn: fn as BinaryFunction },
      [
        [2, 3, 4],
        [3, 1],
      ],
      reference,
      options,
    )
  })
})

const reductions: { readonly [F in ReduceFunction]: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor } = {
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  prod: tf.prod,
  any: (x, axes, keep) => tf.any(x.toBool(), axes, keep).toFloat(),
  all: (x, axes, keep) => tf.all(x.toBool(), axes, keep).toFloat(),
}
const moments = (x: tf.Tensor, axes: number[], epsilon: number): tf.Tensor => {
  const { mean, variance } = tf.moments(x, axes, true)
  return x.sub(mean).div(variance.add(epsilon).sqrt())
}

const rest: {
  readonly [K in Exclude<OpKind, "unary" | "binary">]:
    readonly (readonly [Op, readonly (readonly number[])[], Reference, Options?])[] | "a leaf" | "random" | "opaque"
} = {
  input: "a leaf",
  parameter: "a leaf",
  constant: "a leaf",
  random: "a leaf",
  dropout: "random",
  opaque: "opaque",
  select: [
    [
      { kind: "select" },
      [
        [3, 4],
        [3, 4],
        [3, 4],
      ],
      (c, a, b) => tf.where(c.toBool(), a, b),
      { indices: { 0: 2 } },
    ],
  ],
  stopGradient: [[{ kind: "stopGradient" }, [[3]], (x) => x.clone()]],
  einsum: [
    [
      { kind: "einsum", equation: "bti,io->bto" },
      [
        [2, 3, 4],
        [4, 5],
      ],
      (a, b) => tf.einsum("bti,io->bto", a, b),
    ],
    [
      { kind: "einsum", equation: "bhqd,bhkd->bhqk" },
      [
        [2, 2, 3, 4],
        [2, 2, 5, 4],
      ],
      (a, b) => tf.matMul(a, b, false, true),
    ],
    [
      { kind: "einsum", equation: "ij,kj->ki" },
      [
        [3, 4],
        [2, 4],
      ],
      (a, b) => tf.matMul(b, a, false, true),
    ],
    [{ kind: "einsum", equation: "abc->ca" }, [[2, 3, 4]], (x) => tf.transpose(tf.sum(x, 1))],
    [{ kind: "einsum", equation: "i,j->ij" }, [[3], [4]], (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)],
  ],
  softmax: [
    [{ kind: "softmax", axis: 1, log: false }, [[3, 4]], (x) => tf.softmax(x)],
    [{ kind: "softmax", axis: 1, log: true }, [[3, 4]], (x) => tf.logSoftmax(x)],
  ],
  normalize: [
    [{ kind: "normalize", axes: [1], center: true, measure: "mean", epsilon: 1e-3 }, [[3, 4]], layer("layerNormalization")],
    [{ kind: "normalize", axes: [0, 1], center: true, measure: "mean", epsilon: 0.01 }, [[3, 4, 2]], (x) => moments(x, [0, 1], 0.01)],
    [{ kind: "normalize", axes: [1], center: false, measure: "sum", epsilon: 0 }, [[3, 4]], (x) => x.div(tf.norm(x, "euclidean", 1, true))],
  ],
  reduce: (Object.keys(reductions) as ReduceFunction[]).flatMap((fn) =>
    [[1], [0, 2]].map(
      (axes, i) => [{ kind: "reduce", fn, axes, keepDims: i === 1 }, [[2, 3, 4]], (x: tf.Tensor) => reductions[fn](x, axes, i === 1)] as const,
    ),
  ),
  cumsum: [
    [{ kind: "cumsum", axis: 1, exclusive: false, reverse: false }, [[3, 4]], (x) => tf.cumsum(x, 1)],
    [{ kind: "cumsum", axis: 0, exclusive: true, reverse: true }, [[4, 2]], (x) => tf.cumsum(x, 0, true, true)],
  ],
  argExtreme: [
    [{ kind: "argExtreme", fn: "max", axis: 1 }, [[3, 4]], (x) => tf.argMax(x, 1)],
    [{ kind: "argExtreme", fn: "min", axis: 0 }, [[3, 4]], (x) => tf.argMin(x, 0)],
  ],
  topK: [
    [{ kind: "topK", k: 2, output: "values" }, [[3, 5]], (x) => tf.topk(x, 2).values],
    [{ kind: "topK", k: 2, output: "indices" }, [[3, 5]], (x) => tf.topk(x, 2).indices],
  ],
  reshape: [[{ kind: "reshape" }, [[3, 4]], (x) => tf.reshape(x, [2, 6]), { shape: [2, 6] }]],
  transpose: [[{ kind: "transpose", permutation: [2, 0, 1] }, [[2, 3, 4]], (x) => tf.transpose(x, [2, 0, 1])]],
  slice: [[{ kind: "slice", begin: [1, 0], strides: [1, 2] }, [[3, 5]], (x) => tf.stridedSlice(x, [1, 0], [3, 5], [1, 2]), { shape: [2, 3] }]],
  concat: [
    [
      { kind: "concat", axis: 1 },
      [
        [2, 3],
        [2, 1],
      ],
      (a, b) => tf.concat([a, b], 1),
    ],
  ],
  pad: [
    [
      { kind: "pad", before: [1, 0], after: [2, 1], mode: "constant", value: 1.5 },
      [[3, 4]],
      (x) =>
        tf.pad(
          x,
          [
            [1, 2],
            [0, 1],
          ],
          1.5,
        ),
    ],
    [
      { kind: "pad", before: [1, 0], after: [2, 1], mode: "reflect", value: 0 },
      [[3, 4]],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [1, 2],
            [0, 1],
          ],
          "reflect",
        ),
    ],
    [
      { kind: "pad", before: [1, 0], after: [2, 1], mode: "symmetric", value: 0 },
      [[3, 4]],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [1, 2],
            [0, 1],
          ],
          "symmetric",
        ),
    ],
  ],
  tile: [[{ kind: "tile", repeats: [2, 3] }, [[2, 3]], (x) => tf.tile(x, [2, 3])]],
  broadcast: [[{ kind: "broadcast" }, [[3, 1]], (x) => tf.broadcastTo(x, [2, 3, 4]), { shape: [2, 3, 4] }]],
  reverse: [[{ kind: "reverse", axes: [0, 2] }, [[2, 3, 4]], (x) => tf.reverse(x, [0, 2])]],
  gather: [
    [
      { kind: "gather", axis: 0, batchAxes: 0 },
      [
        [4, 3],
        [2, 3],
      ],
      (x, i) => tf.gather(x, i as tf.Tensor2D),
      { indices: { 1: 4 } },
    ],
    [{ kind: "gather", axis: 1, batchAxes: 0 }, [[2, 4, 3], [5]], (x, i) => tf.gather(x, i as tf.Tensor1D, 1), { indices: { 1: 4 } }],
    [
      { kind: "gather", axis: 1, batchAxes: 1 },
      [
        [2, 5, 2],
        [2, 4],
      ],
      (x, i) => tf.gather(x, i as tf.Tensor2D, 1, 1),
      { indices: { 1: 5 } },
    ],
  ],
  oneHot: [[{ kind: "oneHot", depth: 4 }, [[3]], (i) => tf.oneHot(i as tf.Tensor1D, 4), { indices: { 0: 4 } }]],
  bandPart: [
    [{ kind: "bandPart", lower: -1, upper: 0 }, [[2, 3, 4]], (x) => tf.linalg.bandPart(x, -1, 0)],
    [{ kind: "bandPart", lower: 1, upper: 1 }, [[4, 4]], (x) => tf.linalg.bandPart(x, 1, 1)],
  ],
  upsample: [[{ kind: "upsample", factors: [2, 3] }, [[2, 2, 2, 3]], layer("upSampling2d", { size: [2, 3] })]],
  convolve: [
    [
      { kind: "convolve", variant: "standard", strides: [2, 2], dilations: [1, 1], padding: "same" },
      [
        [2, 5, 4, 2],
        [3, 3, 2, 4],
      ],
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 2], "same"),
    ],
    [
      { kind: "convolve", variant: "standard", strides: [1, 1], dilations: [2, 1], padding: "valid" },
      [
        [2, 6, 5, 2],
        [2, 3, 2, 3],
      ],
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid", "NHWC", [2, 1]),
    ],
    [
      { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: [[2, 0]] },
      [
        [2, 5, 2],
        [3, 2, 4],
      ],
      (x, w) =>
        tf.conv1d(
          tf.pad(x as tf.Tensor3D, [
            [0, 0],
            [2, 0],
            [0, 0],
          ]),
          w as tf.Tensor3D,
          1,
          "valid",
        ),
    ],
    [
      { kind: "convolve", variant: "depthwise", strides: [1, 1], dilations: [1, 1], padding: "same" },
      [
        [2, 4, 4, 3],
        [3, 2, 3, 2],
      ],
      (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
    ],
    // tfjs keeps transposed kernels as [...spatial, out, in]; here the letters are those of the other kernels.
    [
      { kind: "convolve", variant: "transposed", strides: [2, 2], dilations: [1, 1], padding: "same" },
      [
        [2, 3, 3, 2],
        [3, 3, 2, 4],
      ],
      (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, tf.transpose(w, [0, 1, 3, 2]) as tf.Tensor4D, [2, 6, 6, 4], 2, "same"),
    ],
    [
      { kind: "convolve", variant: "transposed", strides: [2, 2], dilations: [1, 1], padding: "valid" },
      [
        [2, 3, 3, 2],
        [3, 3, 2, 4],
      ],
      (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, tf.transpose(w, [0, 1, 3, 2]) as tf.Tensor4D, [2, 7, 7, 4], 2, "valid"),
    ],
  ],
  pool: [
    [
      { kind: "pool", fn: "max", window: [2, 2], strides: [2, 2], padding: "valid" },
      [[2, 4, 5, 2]],
      (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"),
    ],
    [
      { kind: "pool", fn: "max", window: [3, 3], strides: [2, 2], padding: "same" },
      [[2, 5, 5, 2]],
      (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, "same"),
    ],
    [
      { kind: "pool", fn: "average", window: [3, 3], strides: [2, 2], padding: "same" },
      [[2, 4, 5, 2]],
      (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, "same"),
    ],
  ],
}

test("every kind is compared or says why not", () => {
  expect(Object.keys({ ...rest, unary, binary }).sort()).toEqual(Object.keys(operandCounts).sort())
})

describe.each(Object.entries(rest).filter(([, list]) => typeof list !== "string"))("%s", (_, list) => {
  test.each((list as Exclude<typeof list, string>).map((c) => [JSON.stringify(c[0]), c] as const))("%s", (_name, [op, shapes, reference, options]) =>
    compute(op, shapes, reference, options),
  )
})
