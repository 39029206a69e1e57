/** @file What the smaller namespaces of tfjs 4.22 hold, for code that goes through them: `Object.entries(tf.initializers)`. A test holds it. */

const lists: Readonly<Record<string, string>> = {
  constraints: "maxNorm minMaxNorm nonNeg unitNorm",
  initializers:
    "constant glorotNormal glorotUniform heNormal heUniform identity leCunNormal leCunUniform ones orthogonal randomNormal randomUniform " +
    "truncatedNormal varianceScaling zeros",
  losses:
    "absoluteDifference computeWeightedLoss cosineDistance hingeLoss huberLoss logLoss meanSquaredError sigmoidCrossEntropy softmaxCrossEntropy",
  regularizers: "l1 l1l2 l2",
  train: "sgd momentum rmsprop adam adadelta adamax adagrad",
}

/** The keys of a namespace in the order tfjs lists them, by its path behind `tf`; null for those that are not listed here. */
export const keysOfNamespace = (path: string): readonly string[] | null => (Object.hasOwn(lists, path) ? lists[path].split(" ") : null)

export const listedNamespaces: readonly string[] = Object.keys(lists)
