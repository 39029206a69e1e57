/** @file Rule `frozen-model`: a model that is compiled and fitted and has nothing left to train. */
import type { FindingRule } from "./rule"

export const frozenModel: FindingRule = {
  name: "frozen-model",
  severity: "warning",
  summary: "A model that is compiled and fitted although all of its weights are frozen.",
  why:
    "In tfjs `trainable = false` freezes the weights of the layers themselves, at once and wherever they are used; that the model was compiled " +
    "before does not help, as it does in Keras. Its `fit` and `trainOnBatch` throw: \"variableGrads() expects at least one of the input variables " +
    "to be trainable\". Recipes for adversarial networks compile the discriminator, freeze it for the combined model, and train both.",
  advice: "Set `discriminator.trainable = true` before each of its own steps and `false` before those of the combined model.",
  silent:
    "Files that set `trainable` to anything but false somewhere, models that nobody compiles, those with one weight left to train, and those whose " +
    "fit is not seen to run after the freeze: fitted before it, only evaluated, or fitted where a condition that is not known decides.",
  source: "tried on tfjs 4.22",
  check: ({ traced: { refused = [] } }) =>
    refused.flatMap(({ kind, what, start, end }) => (kind === "frozen" ? [{ place: { start, end }, message: what, fixable: false }] : [])),
}
