/** @file What tf.layers 4.22 exports and which activation strings it knows; a test holds both against the package. */

export const tfjsLayers: readonly string[] = (
  "Layer RNN RNNCell activation add alphaDropout average averagePooling1d averagePooling2d averagePooling3d avgPool1d avgPool2d " +
  "avgPool3d avgPooling1d avgPooling2d avgPooling3d batchNormalization bidirectional categoryEncoding centerCrop concatenate " +
  "conv1d conv2d conv2dTranspose conv3d conv3dTranspose convLstm2d convLstm2dCell cropping2D dense depthwiseConv2d dot dropout " +
  "elu embedding flatten gaussianDropout gaussianNoise globalAveragePooling1d globalAveragePooling2d globalMaxPool1d " +
  "globalMaxPool2d globalMaxPooling1d globalMaxPooling2d gru gruCell input inputLayer layerNormalization leakyReLU lstm lstmCell " +
  "masking maxPool1d maxPool2d maxPooling1d maxPooling2d maxPooling3d maximum minimum multiply permute prelu randomWidth reLU " +
  "repeatVector rescaling reshape resizing rnn separableConv2d simpleRNN simpleRNNCell softmax spatialDropout1d stackedRNNCells " +
  "thresholdedReLU timeDistributed upSampling2d zeroPadding2d"
).split(" ")

export const tfjsActivations: readonly string[] =
  "elu gelu gelu_new hardSigmoid linear logSoftmax mish relu relu6 selu sigmoid softmax softplus softsign swish tanh".split(" ")

/** The name that was probably meant: the same but for case and separators. */
export function similarName(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "")
  return names.find((known) => plain(known) === plain(name)) ?? null
}
