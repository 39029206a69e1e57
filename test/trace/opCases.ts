/**
 * @file For every tfjs op the tracer reads, expressions that are run on tfjs and on the traced graph. Names are those of
 * test/support/differential.ts. A test fails for an op that has no entry and for an entry that is no op.
 */

/** Expressions; one that tfjs cannot differentiate says so with what its message contains. */
export interface OpCase {
  readonly code: string
  /** Part of the message with which tfjs refuses the gradient. */
  readonly noGradient?: string
  /** The value does not move with the weights: both gradients are zero, or tfjs sees no way from one to the other. */
  readonly constant?: true
  /** tfjs 4.22 gives another gradient than that of the value it computes, for this reason. */
  readonly wrongGradient?: string
  /** tfjs 4.22 computes another value than it documents, for this reason. */
  readonly wrongValue?: string
  /** tfjs refuses to run it with this message: what the tracer says of it does not matter. */
  readonly refused?: string
}

const constant = (...codes: readonly string[]): readonly OpCase[] => codes.map((code) => ({ code, constant: true }))
const of = (...codes: readonly string[]): readonly OpCase[] => codes.map((code) => ({ code }))
const ungraded = (noGradient: string, ...codes: readonly string[]): readonly OpCase[] => codes.map((code) => ({ code, noGradient }))

/** The value divides by the cells inside the image, the gradient by those of the whole window. */
const overhang = "an average over a window that overhangs the border"
/** Positions in a window are written with its height for its width. */
const oblong = "a window whose height and width differ, on the cpu backend"
const unsquare = "has shape '2,7,6,3'"
const halfPixel = "the gradient is that of resizing without halfPixelCenters"
const layout = "the gradient keeps the permuted order of axes"

/** Elementwise functions by the variable they are tried on. */
const unaryOps: Readonly<Record<string, string>> = {
  neg: "a",
  abs: "a",
  sign: "a",
  relu: "a",
  relu6: "a",
  selu: "a",
  sigmoid: "a",
  logSigmoid: "a",
  tanh: "a",
  softplus: "a",
  exp: "a",
  expm1: "a",
  log: "p",
  log1p: "p",
  sqrt: "p",
  rsqrt: "p",
  square: "a",
  reciprocal: "p",
  sin: "a",
  cos: "a",
  tan: "u",
  asin: "u",
  acos: "u",
  atan: "a",
  sinh: "a",
  cosh: "a",
  asinh: "a",
  acosh: "q",
  atanh: "u",
  erf: "a",
  floor: "a",
  ceil: "a",
  round: "a",
  elu: "a",
  step: "a",
}
const broadcasting: Readonly<Record<string, string>> = {
  add: "a",
  sub: "a",
  mul: "a",
  div: "p",
  divNoNan: "p",
  maximum: "a",
  minimum: "a",
  mod: "p",
  squaredDifference: "a",
  atan2: "p",
}
/** Binary functions whose gradient tfjs does not sum over the axes it stretched: broadcasting cannot be trained. */
const unreduced: Readonly<Record<string, string>> = { maximum: "Maximum", minimum: "Minimum", squaredDifference: "SquaredDiffe" }

const comparing = ["equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual"]
const logical = ["logicalAnd", "logicalOr", "logicalXor"]

/** Ops that draw: they are compared for given draws in test/trace/random.differential.test.ts. */
export const drawingOps: readonly string[] = [
  "dropout",
  "rand",
  "randomGamma",
  "randomNormal",
  "randomStandardNormal",
  "randomUniform",
  "randomUniformInt",
  "truncatedNormal",
]

export const opCases: Readonly<Record<string, readonly OpCase[]>> = {
  // Elementwise.
  ...Object.fromEntries(Object.entries(unaryOps).map(([name, x]): [string, readonly OpCase[]] => [name, of(`tf.${name}(${x})`, `${x}.${name}()`)])),
  ...Object.fromEntries(
    Object.entries(broadcasting).map(([name, x]): [string, readonly OpCase[]] => {
      const row = x === "p" ? "pv" : "v"
      const stretched = [`a.${name}(${row})`, `tf.${name}(one, ${row})`, `tf.${name}(c, ${row})`]
      if (name === "divNoNan") return [name, ungraded("Equal", `tf.${name}(a, ${x})`, ...stretched, `a.${name}(1.5)`)]
      const op = unreduced[name]
      return [name, [...of(`tf.${name}(a, ${x})`, `a.${name}(1.5)`), ...(op === undefined ? of(...stretched) : ungraded(op, ...stretched))]]
    }),
  ),
  floorDiv: constant("tf.floorDiv(tf.tensor1d([7, -7, 5], 'int32'), tf.tensor1d([2, 2, 3], 'int32'))"),
  ...Object.fromEntries(
    comparing.map((name): [string, readonly OpCase[]] => [name, constant(`tf.${name}(a, a2)`, `a.${name}(v)`, `i.${name}(0)`)]),
  ),
  ...Object.fromEntries(logical.map((name): [string, readonly OpCase[]] => [name, constant(`tf.${name}(m, a.greater(0))`, `m.${name}(m)`)])),
  isNaN: constant("tf.isNaN(tf.log(a))"),
  isFinite: constant("tf.isFinite(tf.tensor1d([1, Infinity, NaN]))"),
  isInf: constant("tf.isInf(tf.tensor1d([1, Infinity, -Infinity, NaN]))"),
  logicalNot: constant("tf.logicalNot(m)", "a.greater(0).logicalNot()"),
  pow: of("tf.pow(p, 3)", "p.pow(2)", "p.pow(1)", "p.pow(0.5)", "p.pow(a)", "tf.pow(p, v)", "p.pow(-1)", "tf.pow(tf.scalar(2), a)", "a.pow(2)"),
  leakyRelu: of("tf.leakyRelu(a)", "a.leakyRelu(0.3)"),
  clipByValue: of("tf.clipByValue(a, -0.5, 0.7)", "a.clipByValue(0, 1)"),
  prelu: of("tf.prelu(a, v)", "a.prelu(v)", "tf.prelu(c, one)"),
  cast: [
    ...of("a.cast('float32')", "tf.cast(a, 'float32')"),
    ...constant("i.cast('float32')", "m.cast('int32')", "x01.cast('int32')", "x01.cast('bool')"),
  ],
  asType: constant("i.asType('float32')"),
  toFloat: [...of("a.toFloat()"), ...constant("i.toFloat()", "m.toFloat()")],
  toInt: constant("x01.toInt()", "m.toInt()"),
  toBool: constant("x01.toBool()", "i.toBool()"),
  where: [
    ...of(
      "tf.where(m, v, v.mul(2))",
      "v.where(m, v.mul(2))",
      "tf.where(tf.linalg.bandPart(tf.ones([4, 4]), -1, 0).cast('bool'), s, tf.scalar(-1e9))",
    ),
    ...ungraded("Greater", "tf.where(a.greater(0), a, a2)", "a.where(a2.greater(a), a2)"),
  ],
  addN: of("tf.addN([a, a2, a])"),
  // Out of nothing.
  tensor: constant("tf.tensor([[1, 2], [3, 4]])", "tf.tensor([1, 2, 3, 4], [2, 2])", "tf.tensor(3)", "tf.tensor([1, 2, 3, 4], [2, 2], 'int32')"),
  tensor1d: constant("tf.tensor1d([1, 2.5])", "tf.tensor1d([true, false])"),
  tensor2d: constant("tf.tensor2d([[1, 2], [3, 4]])", "tf.tensor2d([1, 2, 3, 4], [2, 2])", "tf.tensor2d([1, 1, 1, 1], [4, 1])"),
  tensor3d: constant("tf.tensor3d([[[1], [2]], [[3], [4]]])", "tf.tensor3d([1, 2, 3, 4], [2, 2, 1])"),
  tensor4d: constant("tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1])"),
  tensor5d: constant("tf.tensor5d([1, 2, 3, 4], [1, 1, 2, 2, 1])"),
  tensor6d: constant("tf.tensor6d([1, 2, 3, 4], [1, 1, 1, 2, 2, 1])"),
  scalar: constant("tf.scalar(2.5)", "tf.scalar(true)", "tf.scalar(3, 'int32')"),
  zeros: constant("tf.zeros([2, 3])", "tf.zeros([3], 'int32')"),
  ones: constant("tf.ones([2, 3])"),
  fill: constant("tf.fill([2, 2], 7)", "tf.fill([2], 3, 'int32')"),
  zerosLike: constant("tf.zerosLike(a)", "a.zerosLike()"),
  onesLike: constant("tf.onesLike(a)"),
  range: constant(
    "tf.range(0, 5)",
    "tf.range(1, 8, 2)",
    "tf.range(5, 0, -2)",
    "tf.range(0, 1, 0.3)",
    "tf.range(0, 4, 1, 'int32')",
    "tf.range(6, 2)",
  ),
  linspace: constant("tf.linspace(0, 1, 5)", "tf.linspace(2, -2, 4)", "tf.linspace(3, 9, 1)"),
  eye: constant("tf.eye(3)", "tf.eye(2, 4)", "tf.eye(4, 2)", "tf.eye(2, 2, [3])", "tf.eye(2, 3, [2, 2])"),
  variable: of("a"),
  clone: of("tf.clone(a)", "a.clone()"),
  batchNorm: [
    ...of("tf.batchNorm(a, v, pv, v, v)", "a.batchNorm(v, pv, v, v, 0.1)"),
    ...ungraded("undefined", "tf.batchNorm(c, v, pv)", "a.batchNorm(v, pv, undefined, v, 0.1)", "tf.batchNorm(a, v, pv, v)"),
  ],
  batchNorm2d: of("tf.batchNorm2d(a, v, pv, v, v, 0.01)"),
  batchNorm3d: of("tf.batchNorm3d(c, v, pv, v, v)"),
  batchNorm4d: of("tf.batchNorm4d(image, v3, tf.square(v3), v3, v3)"),
  // Products.
  matMul: [
    ...of(
      "a.matMul(b)",
      "tf.matMul(a, a2, false, true)",
      "tf.matMul(a, a2, true)",
      "tf.matMul(c, c, false, true)",
      "c.matMul(c, true)",
      "tf.matMul(s, s, true, true)",
      "tf.matMul(d, d, false, true)",
    ),
    ...ungraded("BatchMatMul", "tf.matMul(c, b.expandDims(0))", "c.matMul(b)"),
    {
      code: "tf.matMul(c.expandDims(1), d, true)",
      wrongValue: "of batch axes that are stretched from the inside tfjs takes the remainder of the flat position",
    },
  ],
  dot: of("tf.dot(v, v)", "tf.dot(a, b)", "tf.dot(a, v)", "tf.dot(v, b)", "a.dot(b)"),
  einsum: ungraded(
    "Einsum",
    "tf.einsum('ij,jk->ik', a, b)",
    "tf.einsum('bij,bkj->bik', c, c)",
    "tf.einsum('ij->ji', a)",
    "tf.einsum('ij->', a)",
    "tf.einsum('ij,ij->i', a, a2)",
    "tf.einsum('i,j->ij', v, v3)",
    "tf.einsum('bij,jk->bik', c, b)",
    "tf.einsum('ij , jk -> ik', a, b)",
    "tf.einsum('ij->i', s)",
    "tf.einsum('ij->j', a)",
  ),
  outerProduct: of("tf.outerProduct(v, v3)"),
  conv1d: [
    ...of(
      "tf.conv1d(line, kernel1, 1, 'same')",
      "tf.conv1d(line, kernel1, 2, 'valid')",
      "tf.conv1d(line.slice([0, 0, 0], [1]).squeeze([0]), kernel1, 1, 'same')",
    ),
    ...ungraded("dilation", "tf.conv1d(line, kernel1, 1, 'valid', 'NWC', 2)"),
    { code: "tf.conv1d(line, kernel1, 1, 1)", refused: "Size" },
  ],
  conv2d: [
    ...ungraded("dilation", "tf.conv2d(image, kernel2, 1, 'valid', 'NHWC', [2, 1])"),
    ...of(
      "tf.conv2d(image, kernel2, 1, 'same')",
      "image.conv2d(kernel2, [2, 1], 'valid')",
      "tf.conv2d(image, tf.concat([kernel2, kernel2.slice([0, 0, 0, 0], [3, 1, 3, 4])], 1), 2, 1)",
      "tf.conv2d(image, kernel2, 1, [[0, 0], [1, 0], [2, 1], [0, 0]])",
      "tf.conv2d(image.slice([0, 0, 0, 0], [1]).squeeze([0]), kernel2, 1, 'same')",
    ),
  ],
  conv3d: of("tf.conv3d(volume, kernel3, 1, 'same')", "tf.conv3d(volume, kernel3, [2, 2, 1], 'valid')"),
  depthwiseConv2d: [
    ...of(
      "tf.depthwiseConv2d(image, depthwise, 1, 'same')",
      "image.depthwiseConv2d(depthwise, [2, 2], 'valid')",
      "tf.depthwiseConv2d(image, depthwise.slice([0, 0, 0, 0], [2, 2, 3, 2]), 1, 1)",
    ),
    ...ungraded("dilation", "tf.depthwiseConv2d(image, depthwise, 1, 'valid', 'NHWC', 2)"),
  ],
  separableConv2d: of("tf.separableConv2d(image, depthwise, pointwise, 1, 'same')", "image.separableConv2d(depthwise, pointwise, 2, 'valid')"),
  conv2dTranspose: of(
    "tf.conv2dTranspose(image, transposed, [2, 12, 14, 5], 2, 'same')",
    "image.conv2dTranspose(transposed, [2, 8, 8, 5], 1, 'valid')",
    "tf.conv2dTranspose(image, transposed, [2, 13, 14, 5], 2, 'valid')",
    "tf.conv2dTranspose(image, transposed, [2, 11, 14, 5], 2, 'same')",
  ),
  conv3dTranspose: ungraded(
    "Conv3DBackpropInputV2",
    "tf.conv3dTranspose(volume, transposed3, [1, 8, 10, 6, 3], 2, 'same')",
    "tf.conv3dTranspose(volume, transposed3, [1, 5, 6, 4, 3], 1, 'valid')",
  ),
  maxPool: of(
    "tf.maxPool(image, 2, 2, 'same')",
    "image.maxPool([2, 3], 1, 'valid')",
    "tf.maxPool(image, 3, 2, 1)",
    "tf.maxPool(image.slice([0, 0, 0, 0], [1]).squeeze([0]), 2, 2, 'valid')",
  ),
  avgPool: [
    ...of("image.avgPool([2, 3], 1, 'valid')", "tf.avgPool(image, [2, 7], [2, 1], 'same').slice([0, 0, 3, 0], [2, 3, 1, 3])"),
    ...["tf.avgPool(image, 2, 2, 'same')", "tf.avgPool(image, 3, 2, 1)"].map((code) => ({ code, wrongGradient: overhang })),
  ],
  maxPool3d: [
    ...of("tf.maxPool3d(volume, 2, 2, 'same')"),
    ...of("tf.maxPool3d(volume, [2, 1, 2], 1, 'valid')", "tf.maxPool3d(volume, [1, 2, 2], 1, 'same')"),
    ...["tf.maxPool3d(volume, [2, 2, 1], 1, 'valid')", "tf.maxPool3d(volume, [2, 2, 1], [2, 2, 1], 'same')"].map((code) => ({
      code,
      wrongGradient: oblong,
    })),
  ],
  avgPool3d: [{ code: "tf.avgPool3d(volume, 2, 2, 'same')", wrongGradient: overhang }, ...of("tf.avgPool3d(volume, [2, 2, 1], 1, 'valid')")],
  pool: of("tf.pool(image, 2, 'max', 'same', 1, 2)", "image.pool([2, 2], 'avg', 'valid')"),
  // Reductions.
  ...Object.fromEntries(
    ["sum", "mean", "max", "min"].map((name): [string, readonly OpCase[]] => [
      name,
      of(`tf.${name}(a)`, `a.${name}(1)`, `c.${name}([0, 2])`, `tf.${name}(c, -1, true)`, `c.${name}([1], true)`),
    ]),
  ),
  prod: of("tf.prod(p)", "p.prod(1)", "a.prod(0, true)"),
  any: constant("tf.any(m)", "a.greater(0).any(1)", "a.greater(1).any(0, true)"),
  all: constant("tf.all(m)", "a.greater(-1).all(1)"),
  softmax: of("tf.softmax(a)", "a.softmax()", "c.softmax(-1)", "tf.softmax(v)"),
  logSoftmax: of("tf.logSoftmax(a)", "c.logSoftmax()"),
  logSumExp: of("tf.logSumExp(a)", "a.logSumExp(1)", "tf.logSumExp(c, [0, 2], true)"),
  moments: of("tf.moments(a)", "tf.moments(a, 0)", "tf.moments(c, [0, 1], true)", "tf.moments(a, 1).variance"),
  norm: of(
    "tf.norm(a)",
    "a.norm()",
    "a.norm(1)",
    "a.norm('euclidean', 1)",
    "tf.norm(a, 2, 1, true)",
    "tf.norm(a, Infinity)",
    "tf.norm(a, 'fro', [0, 1])",
    "v.norm(-Infinity)",
    "tf.norm(c, 1, [1, 2])",
    "tf.norm(c, Infinity, [1, 2])",
  ),
  euclideanNorm: of("tf.euclideanNorm(a)", "tf.euclideanNorm(a, 1, true)"),
  cumsum: [
    ...of("tf.cumsum(a, 1)", "a.cumsum(1, true)", "tf.cumsum(a, 1, false, true)", "v.cumsum()"),
    ...ungraded("shape '6,4'", "a.cumsum(0)"),
    { code: "s.cumsum(0)", wrongGradient: layout },
  ],
  cumprod: ungraded(
    "Cumprod",
    "tf.cumprod(p, 1)",
    "a.cumprod(0, true)",
    "tf.cumprod(p, 1, false, true)",
    "p.cumprod(1, true, true)",
    "v.cumprod()",
  ),
  cosineWindow: constant("tf.cosineWindow(6, 0.5, 0.4)", "tf.cosineWindow(5, 0.5, 0.4)"),
  "signal.hannWindow": constant("tf.signal.hannWindow(6)", "tf.signal.hannWindow(7)"),
  "signal.hammingWindow": constant("tf.signal.hammingWindow(4)"),
  localResponseNormalization: of(
    "tf.localResponseNormalization(image)",
    "image.localResponseNormalization(1, 2, 0.5, 0.75)",
    "tf.localResponseNormalization(c, 2)",
  ),
  "linalg.gramSchmidt": of("tf.linalg.gramSchmidt(a)", "tf.linalg.gramSchmidt([v, v.square()])"),
  argMax: constant("tf.argMax(a, 1)", "a.argMax(0)", "a.argMax()", "c.argMax(-1)"),
  argMin: constant("tf.argMin(a, 1)", "c.argMin(-1)"),
  topk: [...ungraded("TopK", "tf.topk(a, 2)", "a.topk(3).values", "tf.topk(a)"), ...constant("a.topk(2).indices")],
  // Shapes.
  reshape: of("tf.reshape(a, [6, 4])", "a.reshape([-1])", "c.reshape([2, -1])", "v.reshape([1, 6, 1])"),
  reshapeAs: of("a.reshapeAs(tf.zeros([8, 3]))"),
  flatten: of("a.flatten()", "c.flatten()"),
  as1D: of("a.as1D()"),
  asScalar: of("v.sum().reshape([1]).asScalar()"),
  as2D: of("c.as2D(8, 6)"),
  as3D: of("a.as3D(2, 2, 6)"),
  as4D: of("a.as4D(1, 2, 2, 6)"),
  as5D: of("a.as5D(1, 1, 2, 2, 6)"),
  ensureShape: of("tf.ensureShape(a, [4, 6])"),
  transpose: of("tf.transpose(a)", "a.transpose()", "c.transpose([2, 0, 1])", "d.transpose([0, 2, 1, 3])"),
  slice: of(
    "tf.slice(a, [1, 2], [2, 3])",
    "a.slice([0, 1])",
    "a.slice(1)",
    "a.slice(1, 2)",
    "c.slice([0, 1, 2], [-1, 2, -1])",
    "v.slice(2, 3)",
    "c.slice([1], [1])",
  ),
  slice1d: of("tf.slice1d(v, 1, 4)"),
  slice2d: of("tf.slice2d(a, [1, 1], [2, 4])"),
  slice3d: of("tf.slice3d(c, [0, 1, 1], [2, 2, 2])"),
  slice4d: of("tf.slice4d(d, [0, 1, 1, 0], [2, 2, 2, 5])"),
  stridedSlice: ungraded(
    "StridedSlice",
    "a.stridedSlice([0, 1], [4, 6], [2, 2])",
    "a.stridedSlice([1], [3])",
    "a.stridedSlice([0, 5], [4, 0], [1, -2])",
    "v.stridedSlice([-4], [-1])",
    "tf.stridedSlice(a, [1, 0], [2, 6], [1, 1], 0, 0, 0, 0, 1)",
    "tf.stridedSlice(a, [1, 2], [3, 4], [1, 1], 1, 2)",
  ),
  split: of("tf.split(a, 3, 1)", "a.split(2)", "tf.split(a, [1, 3])", "a.split([2, -1], 1)", "tf.split(c, [1, 1, 2], 1)[2]", "tf.split(c, 2, -1)"),
  unstack: of("tf.unstack(a)", "tf.unstack(c, 1)", "a.unstack(-1)[2]"),
  stack: of("tf.stack([v, v.mul(2)])", "tf.stack([a, a2], 1)", "tf.stack([a, a2], -1)", "tf.stack([a])", "v.stack(v.square())"),
  squeeze: of("c.slice([0, 0, 0], [1]).squeeze()", "tf.squeeze(one)", "one.squeeze([1])", "one.squeeze([-1])"),
  concat: of("tf.concat([a, a2])", "tf.concat([a, one], 1)", "a.concat(a2, 1)", "a.concat([a2, a], 0)", "tf.concat([c, c], -1)", "tf.concat([a])"),
  concat1d: of("tf.concat1d([v, v3])"),
  concat2d: of("tf.concat2d([a, one], 1)"),
  concat3d: of("tf.concat3d([c, c], 2)"),
  concat4d: of("tf.concat4d([d, d], 3)"),
  expandDims: of("tf.expandDims(a)", "a.expandDims(1)", "a.expandDims(-1)", "a.expandDims(-2)"),
  gather: of("tf.gather(a, i)", "b.gather(i, 1)", "tf.gather(a, i2)", "tf.gather(c, i2, 1, 1)", "v.gather(tf.tensor1d([5, 0], 'int32'))"),
  gatherND: ungraded("GatherNd", "tf.gatherND(a, at)", "tf.gatherND(a, tf.tensor2d([[2], [0]], [2, 1], 'int32'))"),
  pad: of("tf.pad(a, [[1, 0], [0, 2]])", "a.pad([[0, 0], [1, 1]], 3)", "v.pad([[2, 1]])", "c.pad([[0, 0], [1, 0], [0, 1]])"),
  pad1d: of("tf.pad1d(v, [1, 2])", "tf.pad1d(v, [1, 2], 4)"),
  pad2d: of("tf.pad2d(a, [[1, 0], [0, 2]])"),
  pad3d: of("tf.pad3d(c, [[1, 0], [0, 2], [0, 0]])"),
  pad4d: of("tf.pad4d(d, [[1, 0], [0, 2], [0, 0], [1, 1]])"),
  mirrorPad: ["tf.mirrorPad(a, [[1, 0], [2, 1]], 'reflect')", "a.mirrorPad([[1, 0], [2, 1]], 'symmetric')"].map((code) => ({
    code,
    wrongGradient: "the mirrored cells hand nothing back",
  })),
  tile: of("a.tile([2, 1])", "v.tile([3])", "tf.tile(one, [1, 3])", "v.expandDims(0).tile([3, 1])", "tf.tile(one, [2, 3])"),
  broadcastTo: of("tf.broadcastTo(v, [4, 6])", "one.broadcastTo([4, 3])"),
  reverse: of("a.reverse(1)", "tf.reverse(c, [0, 2])", "v.reverse()", "a.reverse(-1)"),
  reverse1d: of("tf.reverse1d(v)"),
  reverse2d: of("tf.reverse2d(a, 1)"),
  reverse3d: of("tf.reverse3d(c, [0, 1])"),
  reverse4d: of("tf.reverse4d(d, [0, 3])"),
  oneHot: constant("tf.oneHot(i, 4)", "i.oneHot(3, 2, -1)", "tf.oneHot(i2, 5)"),
  "linalg.bandPart": [...ungraded("stack", "tf.linalg.bandPart(s, -1, 0)", "tf.linalg.bandPart(s, 0, -1)"), ...of("tf.linalg.bandPart(c, 1, 2)")],
  diag: ungraded("Diag", "tf.diag(v)", "tf.diag(one)"),
  meshgrid: of("tf.meshgrid(v, v3)", "tf.meshgrid(v, v3, { indexing: 'ij' })"),
  scatterND: constant("tf.scatterND(tf.tensor2d([[4], [1]], [2, 1], 'int32'), tf.tensor1d([2, 3]), [6])"),
  tensorScatterUpdate: ungraded(
    "TensorScatterUpdate",
    "tf.tensorScatterUpdate(v, tf.tensor2d([[4], [1]], [2, 1], 'int32'), v3.slice(0, 2))",
    "tf.tensorScatterUpdate(a, at, v3)",
  ),
  depthToSpace: ungraded(
    "DepthToSpace",
    "tf.depthToSpace(d.reshape([2, 3, 5, 4]), 2)",
    "tf.depthToSpace(image.concat(image, 3).concat(image, 3).reshape([2, 6, 7, 9]), 3)",
  ),
  spaceToBatchND: of("tf.spaceToBatchND(image, [2, 2], [[0, 0], [1, 0]])", "tf.spaceToBatchND(line, [3], [[0, 0]])"),
  batchToSpaceND: of("tf.batchToSpaceND(tf.concat([image, image]), [2, 2], [[0, 0], [1, 2]])", "tf.batchToSpaceND(line, [2], [[0, 0]])"),
  unsortedSegmentSum: of("tf.unsortedSegmentSum(a, i, 3)", "v.unsortedSegmentSum(tf.tensor1d([0, 1, 1, 2, 0, 1], 'int32'), 3)"),
  "image.resizeNearestNeighbor": [
    ...of(
      "tf.image.resizeNearestNeighbor(image.slice([0, 0, 0, 0], [1]), [12, 14])",
      "tf.image.resizeNearestNeighbor(image.slice([0, 0, 0, 0], [1]), [4, 5])",
      "tf.image.resizeNearestNeighbor(board.slice([0, 0, 0, 0], [1]), [10, 10], false, true)",
    ),
    { code: "tf.image.resizeNearestNeighbor(board.slice([0, 0, 0, 0], [1]), [8, 8], false, true)", wrongGradient: halfPixel },
    { code: "tf.image.resizeNearestNeighbor(image, [4, 5])", wrongGradient: "samples of a batch are mixed on the cpu backend" },
  ],
  "image.resizeBilinear": [
    ...of("tf.image.resizeBilinear(board, [7, 3])", "board.resizeBilinear([8, 10], true)"),
    { code: "tf.image.resizeBilinear(board, [7, 7], false, true)", wrongGradient: halfPixel },
    ...ungraded(
      unsquare,
      "tf.image.resizeBilinear(image, [4, 5])",
      "tf.image.resizeBilinear(image, [12, 9])",
      "image.resizeBilinear([8, 10], true)",
      "tf.image.resizeBilinear(image, [11, 5], false, true)",
    ),
    ...ungraded("has shape", "tf.image.resizeBilinear(d.slice([0, 0, 0, 0], [1]).squeeze([0]), [6, 2])"),
  ],
  "fused.matMul": of(
    "tf.fused.matMul({ a, b })",
    "tf.fused.matMul({ a, b: a2, transposeB: true, activation: 'relu' })",
    "tf.fused.matMul({ a, b, bias: v3, activation: 'sigmoid' })",
    "tf.fused.matMul({ a, b, bias: v3, activation: 'leakyrelu', leakyreluAlpha: 0.3 })",
    "tf.fused.matMul({ a, b, activation: 'elu' })",
  ),
  "fused.conv2d": of(
    "tf.fused.conv2d({ x: image, filter: kernel2, strides: 1, pad: 'same' })",
    "tf.fused.conv2d({ x: image, filter: kernel2, strides: [2, 1], pad: 'valid', bias: tf.scalar(0.5), activation: 'relu6' })",
  ),
  "fused.depthwiseConv2d": of("tf.fused.depthwiseConv2d({ x: image, filter: depthwise, strides: 1, pad: 'same' })"),
  "image.flipLeftRight": ungraded("FlipLeftRight", "tf.image.flipLeftRight(image)"),
  "image.rgbToGrayscale": ungraded("Einsum", "tf.image.rgbToGrayscale(image)"),
  "image.grayscaleToRGB": of("tf.image.grayscaleToRGB(one.reshape([2, 1, 2, 1]))"),
}
