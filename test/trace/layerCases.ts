/**
 * @file For every layer of tf.layers, configurations that are run on tfjs and on the traced graph: layer and shape of what it takes, without the
 * batch axis. A test fails for a layer that has no entry.
 */

export interface LayerCase {
  /** `name(configuration)` as written after `tf.layers.`. */
  readonly layer: string
  readonly shape: readonly number[]
  /** The input holds whole numbers below this. */
  readonly indices?: number
  /** Part of the message with which tfjs refuses the gradient. */
  readonly noGradient?: string
  /** tfjs gives another gradient than that of the value it computes, for this reason. */
  readonly wrongGradient?: string
  /** tfjs refuses to build or run it, with this message. */
  readonly refused?: string
  /** tfjs's cpu backend computes another value than it documents, for this reason. */
  readonly wrongValue?: string
  /** tfjs leaves a size open that it then computes. */
  readonly openShape?: true
}

const on = (shape: readonly number[], ...layers: readonly string[]): readonly LayerCase[] => layers.map((layer) => ({ layer, shape }))
const as = (extra: Partial<LayerCase>, cases: readonly LayerCase[]): readonly LayerCase[] => cases.map((c) => ({ ...c, ...extra }))

const overhang = { wrongGradient: "an average over a window that overhangs the border" }
const rankFive = { refused: "not implemented for array of rank 5" }
const mixed = { wrongGradient: "the gradient of resizeNearestNeighbor mixes the samples of a batch on the cpu backend" }
const shifted = { wrongValue: '"same" pads by less than nothing where a stride exceeds the window' }
const dilated = { noGradient: "dilation" }
const activations = [
  "elu",
  "selu",
  "relu",
  "relu6",
  "linear",
  "sigmoid",
  "hardSigmoid",
  "softplus",
  "softsign",
  "tanh",
  "softmax",
  "logSoftmax",
  "gelu",
  "gelu_new",
  "mish",
  "swish",
]

const recurrentCases = (name: string): readonly LayerCase[] => [
  ...on(
    [5, 2],
    `${name}({ units: 4 })`,
    `${name}({ units: 3, returnSequences: true, goBackwards: true })`,
    `${name}({ units: 3, useBias: false, activation: "relu" })`,
    `${name}({ units: 3, returnState: true })`,
    `${name}({ units: 3, returnState: true, returnSequences: true })`,
    `${name}({ units: 3, activation: null, recurrentActivation: "sigmoid", unroll: true })`,
    `${name}({ units: 3, kernelConstraint: "nonNeg", recurrentInitializer: "glorotNormal", biasInitializer: "ones" })`,
  ),
]
const pool = (name: string, shape: readonly number[], average: boolean): readonly LayerCase[] => [
  ...on(shape, `${name}({})`, `${name}({ poolSize: 2, strides: 1 })`, `${name}({ poolSize: 3, strides: 3, padding: "valid" })`),
  ...(average ? as(overhang, on(shape, `${name}({ poolSize: 2, padding: "same" })`)) : on(shape, `${name}({ poolSize: 2, padding: "same" })`)),
]

export const layerCases: Readonly<Record<string, readonly LayerCase[]>> = {
  dense: on([3], `dense({ units: 5 })`, `dense({ units: 5, useBias: false, activation: "tanh" })`, `dense({ units: 2, activation: null })`),
  activation: [
    ...activations.flatMap((name) => on([4, 3], `activation({ activation: "${name}" })`)),
    ...as({ refused: "Unknown activation" }, on([3], `activation({ activation: "silu" })`)),
  ],
  dropout: on([3], `dropout({ rate: 0 })`),
  spatialDropout1d: on([4, 3], `spatialDropout1d({ rate: 0 })`),
  gaussianNoise: on([3], `gaussianNoise({ stddev: 0 })`),
  gaussianDropout: on([3], `gaussianDropout({ rate: 0 })`),
  alphaDropout: on([3], `alphaDropout({ rate: 0 })`),
  flatten: [...on([4, 3, 2], `flatten()`), ...on([4, 3, 2], `flatten({ dataFormat: "channelsFirst" })`)],
  reshape: [
    ...on([6], `reshape({ targetShape: [2, 3] })`),
    ...as({ openShape: true }, on([4, 3], `reshape({ targetShape: [-1, 2] })`, `reshape({ targetShape: [null, 6] })`)),
  ],
  permute: on([4, 3, 2], `permute({ dims: [3, 1, 2] })`),
  repeatVector: on([3], `repeatVector({ n: 4 })`),
  masking: as({ noGradient: "gradient function not found" }, on([4, 3], `masking()`, `masking({ maskValue: 1 })`)),
  reLU: on([3], `reLU()`, `reLU({ maxValue: 1 })`),
  leakyReLU: on([3], `leakyReLU()`, `leakyReLU({ alpha: 0.1 })`),
  elu: [...on([3], `elu()`, `elu({ alpha: 1 })`), ...as({ refused: "not supported" }, on([3], `elu({ alpha: 0.5 })`))],
  thresholdedReLU: as({ noGradient: "Greater" }, on([3], `thresholdedReLU()`, `thresholdedReLU({ theta: 0.2 })`)),
  softmax: [
    ...on([4, 3], `softmax({ axis: -1 })`),
    ...on([3], `softmax()`),
    ...as({ refused: "Softmax along a non-last dimension" }, on([4, 3], `softmax()`)),
  ],
  prelu: on(
    [4, 3],
    `prelu({ alphaInitializer: "randomNormal" })`,
    `prelu({ sharedAxes: [1], alphaInitializer: "ones" })`,
    `prelu({ sharedAxes: 2 })`,
  ),
  embedding: as({ indices: 9 }, on([4], `embedding({ inputDim: 9, outputDim: 3 })`, `embedding({ inputDim: 9, outputDim: 3, maskZero: true })`)),
  layerNormalization: [
    ...on([4, 3], `layerNormalization()`, `layerNormalization({ axis: [1, 2] })`, `layerNormalization({ epsilon: 1e-5 })`),
    ...on([4, 3], `layerNormalization({ axis: 1 })`),
    ...as({ noGradient: "undefined" }, on([4, 3], `layerNormalization({ scale: false })`, `layerNormalization({ center: false })`)),
  ],
  batchNormalization: [
    ...on([4, 3], `batchNormalization()`, `batchNormalization({ axis: 2, epsilon: 0.01 })`, `batchNormalization({ axis: -1, momentum: 0.5 })`),
    ...on([3], `batchNormalization()`),
    ...as(
      { wrongValue: "statistics of an axis that is not the last are taken in the order of the cells" },
      on([3, 2, 2], `batchNormalization({ axis: 1 })`),
    ),
    ...as(rankFive, on([3, 2, 2, 2], `batchNormalization()`)),
    ...as({ refused: "undefined" }, on([3], `batchNormalization({ scale: false })`, `batchNormalization({ center: false })`)),
  ],
  conv1d: [
    ...on(
      [8, 2],
      `conv1d({ filters: 4, kernelSize: 3 })`,
      `conv1d({ filters: 4, kernelSize: [2], strides: 2, padding: "same", activation: "relu" })`,
      `conv1d({ filters: 4, kernelSize: 3, useBias: false, kernelRegularizer: "l1l2" })`,
    ),
    ...as(
      { wrongValue: "the result of channelsFirst stays transposed" },
      on([8, 4], `conv1d({ filters: 4, kernelSize: 2, dataFormat: "channelsFirst" })`),
    ),
    ...as(dilated, on([8, 2], `conv1d({ filters: 4, kernelSize: 3, dilationRate: 2 })`)),
    ...as({ refused: "CAUSAL" }, on([8, 2], `conv1d({ filters: 4, kernelSize: 3, padding: "causal" })`)),
    ...as({ refused: "Either stride or dilation" }, on([8, 2], `conv1d({ filters: 4, kernelSize: 2, strides: 2, dilationRate: 2 })`)),
  ],
  conv2d: [
    ...on(
      [7, 9, 2],
      `conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu" })`,
      `conv2d({ filters: 4, kernelSize: [2, 3], useBias: false })`,
      `conv2d({ filters: 4, kernelSize: 2, dataFormat: "channelsFirst" })`,
    ),
    ...as(dilated, on([7, 9, 2], `conv2d({ filters: 4, kernelSize: 3, dilationRate: [1, 2] })`)),
  ],
  conv3d: [
    ...on(
      [4, 5, 4, 2],
      `conv3d({ filters: 3, kernelSize: 2 })`,
      `conv3d({ filters: 3, kernelSize: [2, 3, 2], strides: 2, padding: "same", useBias: false })`,
    ),
    ...as(shifted, on([4, 5, 4, 2], `conv3d({ filters: 3, kernelSize: 1, strides: 2, padding: "same" })`)),
  ],
  conv2dTranspose: on(
    [4, 5, 3],
    `conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: "same" })`,
    `conv2dTranspose({ filters: 5, kernelSize: [3, 2], useBias: false })`,
    `conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3 })`,
    `conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, dataFormat: "channelsFirst" })`,
  ),
  conv3dTranspose: as(
    { noGradient: "Conv3DBackpropInputV2" },
    on(
      [3, 3, 2, 2],
      `conv3dTranspose({ filters: 3, kernelSize: 2, strides: 2, padding: "same" })`,
      `conv3dTranspose({ filters: 3, kernelSize: 2 })`,
    ),
  ),
  depthwiseConv2d: on(
    [7, 7, 3],
    `depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })`,
    `depthwiseConv2d({ kernelSize: [2, 3], strides: 2, padding: "same", useBias: false, activation: "tanh" })`,
  ),
  separableConv2d: on(
    [7, 7, 3],
    `separableConv2d({ filters: 5, kernelSize: 3 })`,
    `separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same", depthMultiplier: 2, useBias: false })`,
  ),
  maxPooling1d: pool("maxPooling1d", [7, 2], false),
  averagePooling1d: pool("averagePooling1d", [7, 2], true),
  maxPooling2d: [...pool("maxPooling2d", [7, 9, 2], false), ...on([4, 7, 9], `maxPooling2d({ poolSize: [2, 3], dataFormat: "channelsFirst" })`)],
  averagePooling2d: pool("averagePooling2d", [7, 9, 2], true),
  maxPooling3d: [
    ...on([4, 5, 4, 2], `maxPooling3d({})`, `maxPooling3d({ poolSize: 2, padding: "same" })`),
    ...as(shifted, on([4, 5, 4, 2], `maxPooling3d({ poolSize: 1, strides: 2, padding: "same" })`)),
  ],
  averagePooling3d: on([4, 5, 4, 2], `averagePooling3d({})`),
  globalAveragePooling1d: on([7, 2], `globalAveragePooling1d()`),
  globalMaxPooling1d: on([7, 2], `globalMaxPooling1d()`),
  globalAveragePooling2d: on(
    [5, 6, 2],
    `globalAveragePooling2d({ dataFormat: "channelsLast" })`,
    `globalAveragePooling2d({ dataFormat: "channelsFirst" })`,
  ),
  globalMaxPooling2d: on([5, 6, 2], `globalMaxPooling2d({})`, `globalMaxPooling2d({ dataFormat: "channelsFirst" })`),
  upSampling2d: [
    ...as(
      mixed,
      on([4, 4, 2], `upSampling2d({ size: [2, 3] })`, `upSampling2d({})`, `upSampling2d({ size: [2, 2], dataFormat: "channelsFirst" })`),
    ),
    ...on([4, 4, 2], `upSampling2d({ size: [2, 2], interpolation: "bilinear" })`),
  ],
  zeroPadding2d: on(
    [4, 4, 2],
    `zeroPadding2d()`,
    `zeroPadding2d({ padding: [[1, 2], [0, 3]] })`,
    `zeroPadding2d({ padding: [1, 2], dataFormat: "channelsFirst" })`,
  ),
  cropping2D: on([5, 6, 2], `cropping2D({ cropping: [[1, 1], [0, 2]] })`, `cropping2D({ cropping: 1 })`, `cropping2D({ cropping: [1, 2] })`),
  simpleRNN: recurrentCases("simpleRNN"),
  lstm: recurrentCases("lstm"),
  gru: [...recurrentCases("gru"), ...as({ refused: "reset_after" }, on([5, 2], `gru({ units: 3, resetAfter: true })`))],
  rnn: on(
    [5, 2],
    `rnn({ cell: tf.layers.lstmCell({ units: 3 }) })`,
    `rnn({ cell: [tf.layers.gruCell({ units: 3 }), tf.layers.simpleRNNCell({ units: 2 })], returnSequences: true })`,
    `rnn({ cell: tf.layers.stackedRNNCells({ cells: [tf.layers.lstmCell({ units: 3 }), tf.layers.lstmCell({ units: 2 })] }), returnState: true })`,
  ),
  lstmCell: [],
  gruCell: [],
  simpleRNNCell: [],
  stackedRNNCells: [],
  convLstm2d: [
    ...on(
      [3, 5, 4, 2],
      `convLstm2d({ filters: 3, kernelSize: 2 })`,
      `convLstm2d({ filters: 2, kernelSize: [3, 2], padding: "same", returnSequences: true, useBias: false })`,
      `convLstm2d({ filters: 2, kernelSize: 3, strides: 2, returnState: true })`,
    ),
    ...as({ refused: "Unrolling is not possible" }, on([3, 5, 4, 2], `convLstm2d({ filters: 3, kernelSize: 2, unroll: true })`)),
  ],
  bidirectional: on(
    [5, 2],
    `bidirectional({ layer: tf.layers.lstm({ units: 3, returnSequences: true }) })`,
    ...["sum", "mul", "ave", "concat"].map((mode) => `bidirectional({ layer: tf.layers.gru({ units: 3 }), mergeMode: "${mode}" })`),
    `bidirectional({ layer: tf.layers.simpleRNN({ units: 3 }), mergeMode: null })`,
    `bidirectional({ layer: tf.layers.lstm({ units: 2, returnState: true }) })`,
    `bidirectional({ layer: tf.layers.simpleRNN({ units: 2, returnSequences: true, returnState: true }), mergeMode: "sum" })`,
  ),
  timeDistributed: [
    ...on(
      [5, 2],
      `timeDistributed({ layer: tf.layers.dense({ units: 4 }) })`,
      `timeDistributed({ layer: tf.layers.activation({ activation: "tanh" }) })`,
    ),
    ...on(
      [5, 2, 3],
      `timeDistributed({ layer: tf.layers.flatten() })`,
      `timeDistributed({ layer: tf.layers.dense({ units: 4, activation: "relu" }) })`,
    ),
    ...on(
      [3, 5, 4, 2],
      `timeDistributed({ layer: tf.layers.conv2d({ filters: 3, kernelSize: 2 }) })`,
      `timeDistributed({ layer: tf.layers.maxPooling2d({}) })`,
    ),
    ...on([3, 4, 2], `timeDistributed({ layer: tf.layers.lstm({ units: 3 }) })`),
  ],
  rescaling: on([4, 4, 2], `rescaling({ scale: 0.5 })`, `rescaling({ scale: 2, offset: -1 })`),
  // Inside a model tfjs hands the layer a list, which it does not take; applied to a tensor it is compared in layers.differential.test.ts.
  resizing: as(
    { refused: "rank 1" },
    on([4, 5, 2], `resizing({ height: 3, width: 4 })`, `resizing({ height: 8, width: 10, interpolation: "nearest", cropToAspectRatio: true })`),
  ),
  centerCrop: as({ noGradient: "CropAndResize" }, on([6, 7, 2], `centerCrop({ height: 4, width: 4 })`, `centerCrop({ height: 3, width: 5 })`)),
  categoryEncoding: [
    ...as({ indices: 5 }, on([4], `categoryEncoding({ numTokens: 5 })`, `categoryEncoding({ numTokens: 5, outputMode: "count" })`)),
    ...as({ indices: 5 }, on([1], `categoryEncoding({ numTokens: 5, outputMode: "oneHot" })`)),
  ],
  inputLayer: [],
}

/** The layer after one with weights, so that the gradient passes through it; before one where it takes whole numbers. */
export const sourceOfLayer = (c: LayerCase): string =>
  c.indices === undefined
    ? `const x = tf.input({ shape: [${c.shape}] }), h = tf.layers.dense({ units: ${c.shape.at(-1) ?? 1} }).apply(x)
      const model = tf.model({ inputs: x, outputs: tf.layers.${c.layer}.apply(h) })`
    : `const x = tf.input({ shape: [${c.shape}], dtype: "int32" }), y = tf.layers.${c.layer}.apply(x)
      const model = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(y) })`

export type MergeCase = readonly [code: string, a: readonly number[], b: readonly number[]]

/** Two inputs, each behind a layer with weights. */
export const sourceOfMerge = ([code, a, b]: MergeCase): string => `const x = tf.input({ shape: [${a}] }), z = tf.input({ shape: [${b}] })
  const a = tf.layers.dense({ units: ${a.at(-1) ?? 1} }).apply(x), b = tf.layers.dense({ units: ${b.at(-1) ?? 1} }).apply(z)
  const model = tf.model({ inputs: [x, z], outputs: ${code} })`

/** Whether tfjs stretches an operand of a function whose gradient it does not sum. */
export const isStretchedMerge = ([code, a, b]: MergeCase): boolean => a.join() !== b.join() && /layers\.(maximum|minimum)\(/.test(code)

/** Layers that take a list; source of the model's layers after `a` and `b`, and the shapes of both. */
export const mergeCases: Readonly<Record<string, readonly MergeCase[]>> = {
  ...Object.fromEntries(
    ["add", "multiply", "average", "maximum", "minimum"].map((name) => [
      name,
      [
        [`tf.layers.${name}().apply([a, b])`, [4, 3], [4, 3]],
        [`tf.layers.${name}().apply([a, b])`, [4, 3], [1, 3]],
        [`tf.layers.${name}().apply([a, b, a])`, [3], [3]],
        [`tf.layers.${name}().apply([a, b])`, [4, 3], [3]],
      ],
    ]),
  ),
  concatenate: [
    [`tf.layers.concatenate().apply([a, b])`, [4, 3], [4, 2]],
    [`tf.layers.concatenate({ axis: 1 }).apply([a, b])`, [4, 3], [2, 3]],
  ],
  dot: [
    [`tf.layers.dot({ axes: 1 }).apply([a, b])`, [4], [4]],
    [`tf.layers.dot({ axes: -1 }).apply([a, b])`, [3, 4], [5, 4]],
    [`tf.layers.dot({ axes: [2, 1] }).apply([a, b])`, [3, 4], [4, 5]],
    [`tf.layers.dot({ axes: [2, 1] }).apply([a, b])`, [3, 4], [4]],
    [`tf.layers.dot({ axes: [1, 2] }).apply([a, b])`, [4], [5, 4]],
    [`tf.layers.dot({ axes: 1, normalize: true }).apply([a, b])`, [4], [4]],
  ],
}

/** What tf.layers exports and cannot be read, with the reason the report gives. */
export const unreadLayers: Readonly<Record<string, string>> = {
  randomWidth: "tf.layers.randomWidth is not supported: tfjs refuses it in a model, and it draws another width at every call",
  convLstm2dCell: "rnn: tfjs refuses the cell 'convLstm2dCell', whose data have 5 axes: use tf.layers.convLstm2d",
}
