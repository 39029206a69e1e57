/** @file What tf.layers 4.22 exports and which names it knows; a test holds all against the package. */

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
  "elu gelu gelu_new hardSigmoid linear logSoftmax mish relu relu6 selu sigmoid softmax softplus softsign swish tanh ReLU LeakyReLU ELU".split(" ")

export const tfjsLosses: readonly string[] = (
  "binaryCrossentropy categoricalCrossentropy categoricalHinge cosineProximity hinge kullbackLeiblerDivergence logcosh meanAbsoluteError " +
  "meanAbsolutePercentageError meanSquaredError meanSquaredLogarithmicError poisson sparseCategoricalCrossentropy squaredHinge"
).split(" ")

export const tfjsMetrics: readonly string[] = (
  "MAE MAPE MSE acc accuracy binaryAccuracy categoricalAccuracy categoricalCrossentropy ce cosine crossentropy mae mape mse precision " +
  "sparseCategoricalCrossentropy"
).split(" ")

export const tfjsOptimizers: readonly string[] =
  "adadelta adagrad adam adamax rmsprop sgd Adadelta Adagrad Adam Adamax RMSProp SGD".split(" ")
