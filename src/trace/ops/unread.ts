/** @file Ops that tfjs 4.22 has and the tracer does not read, each with the reason that the report gives. */

const complex = "complex numbers are not read"
const dataShape = "the shape of its result depends on the data"
const counting = "it counts and compares data, and has no gradient"
const geometry = "it reads between the cells of an image, and tfjs has no gradient for it"
const words = "it is about texts"

/** By path behind `tf`. */
export const unreadOps: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["complex", "real", "imag", "fft", "ifft", "rfft", "irfft"].map((name) => [name, complex])),
  ...Object.fromEntries(["fft", "ifft", "rfft", "irfft"].map((name) => [`spectral.${name}`, complex])),
  "signal.stft": complex,
  "signal.frame": "overlapping frames are not read: cut them with tf.slice",
  ...Object.fromEntries(["unique", "booleanMaskAsync", "whereAsync", "setdiff1dAsync"].map((name) => [name, dataShape])),
  ...Object.fromEntries(["raggedGather", "raggedRange", "raggedTensorToTensor"].map((name) => [name, dataShape])),
  ...Object.fromEntries(
    ["sparseFillEmptyRows", "sparseReshape", "sparseSegmentMean", "sparseSegmentSum"].map((name) => [`sparse.${name}`, dataShape]),
  ),
  ...Object.fromEntries(
    ["", "Async", "WithScore", "WithScoreAsync", "Padded", "PaddedAsync"].map((end) => [`image.nonMaxSuppression${end}`, dataShape]),
  ),
  ...Object.fromEntries(
    ["bincount", "denseBincount", "searchSorted", "lowerBound", "upperBound", "bitwiseAnd", "inTopKAsync", "math.confusionMatrix"].map((name) => [
      name,
      counting,
    ]),
  ),
  ...Object.fromEntries(["cropAndResize", "rotateWithOffset", "transform"].map((name) => [`image.${name}`, geometry])),
  "image.threshold": "it compares pixels, and has no gradient",
  multinomial: "it draws with chances that the network computes, and has no gradient",
  dilation2d: "a largest sum over windows is not read",
  maxPoolWithArgmax: "the places it picks are not read: use tf.maxPool",
  sparseToDense: "it writes into a tensor: use tf.scatterND",
  broadcastArgs: "it computes shapes as tensors",
  "linalg.qr": "its steps depend on the data, and tfjs has no gradient for it",
  basicLSTMCell: "use tf.layers.lstmCell",
  multiRNNCell: "use tf.layers.stackedRNNCells",
  movingAverage: "it changes a variable",
  ...Object.fromEntries(["stringNGrams", "stringSplit", "stringToHashBucketFast", "staticRegexReplace"].map((name) => [`string.${name}`, words])),
}
