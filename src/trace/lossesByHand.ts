/**
 * @file What a training step minimizes where nobody compiles and no function of tf.losses is called: losses that tf.metrics has, a squared error
 * written out, or something computed by hand. By the names that the step mentions, nothing is evaluated.
 */
import type * as TypeScript from "typescript"
import { mentionsBeside, type Trainer } from "./trainers"

/** Losses as functions: those of tf.metrics, which many call to train by hand. */
const lossNames: readonly string[] = [
  "binaryCrossentropy", "categoricalCrossentropy", "sparseCategoricalCrossentropy", "cosineProximity", "meanAbsoluteError",
  "meanAbsolutePercentageError", "meanSquaredError", "mse", "mae",
]
const squares: readonly string[] = ["square", "squaredDifference", "pow"],
  means: readonly string[] = ["mean", "sum"]
/** What makes more than a squared error of differences. */
const others: readonly string[] = [
  "log", "log1p", "logSoftmax", "softmax", "logSumExp", "logSigmoid", "sigmoid", "softplus", "exp", "abs", "maximum", "minimum", "relu",
  "clipByValue", "cos", "sin", "div", "norm",
]

/** The names of losses that a trainer minimizes of a model of these names; null for a loss computed by hand. */
export function namesOfLosses(ts: typeof TypeScript, trainer: Trainer, names: ReadonlySet<string>): readonly string[] | null {
  const mentioned = mentionsBeside(ts, trainer, names).read,
    known = lossNames.filter((name) => mentioned.has(name)),
    has = (list: readonly string[]): boolean => list.some((name) => mentioned.has(name))
  if (known.length > 0) return known
  return has(squares) && has(means) && !has(others) ? ["meanSquaredError"] : null
}
