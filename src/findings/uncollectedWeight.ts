/** @file Rule `uncollected-weight`: weights that a layer class holds or finds around it, which fit does not train. */
import type { FindingRule } from "./rule"

export const uncollectedWeight: FindingRule = {
  name: "uncollected-weight",
  severity: "warning",
  summary: "Layers, models or variables that a layer class holds or finds around it, in a model that is compiled: `fit` does not train them.",
  why:
    "A class that extends `tf.layers.Layer` lists the weights that its `addWeight` made. In Keras it lists those of layers in its fields, too; " +
    "tfjs 4.22 does not, and neither variables. `fit` and `trainOnBatch` train what a model lists, so that the others keep their first values.",
  advice:
    "Make the weights with `this.addWeight`, or list them: a getter `trainableWeights` that gives `this.dense.trainableWeights`, built in " +
    "`build` by `this.dense.build(inputShape)`. Training by hand with `optimizer.minimize` moves all variables that the loss depends on.",
  silent: "Classes that say in another way than by a getter `trainableWeights` what their weights are, and models that no `compile` is seen of.",
  source: "tried on tfjs 4.22",
  check: ({ traced: { refused = [] } }) =>
    refused.flatMap(({ kind, what, start, end }) => (kind === "uncollected" ? [{ place: { start, end }, message: what, fixable: false }] : [])),
}
