/** @file Rule `open-size`: a size that is left open with `null` and that tfjs needs while it makes the model. */
import type { FindingRule } from "./rule"

export const openSize: FindingRule = {
  name: "open-size",
  severity: "warning",
  summary: "A layer that cannot be made because a size before it is left open.",
  why:
    "Weights have the sizes of what they meet, and tfjs makes them with the model: it throws at a `dense`, recurrent or convolutional layer on " +
    "features of unknown number, at `flatten` of any unknown size, at normalizations and `prelu` along one. Open are `null` in `inputShape`, an " +
    "`embedding` without `inputLength`, and what `reshape` is told by −1 or `null`, since the batch is open: `reshape({ targetShape: [-1] })` " +
    "is no `flatten`. A stateful recurrent layer must know the batch size as well.",
  advice:
    "State the size, in `inputShape`, `inputLength` or `targetShape`; for a stateful layer write `batchInputShape` (`batchShape` in `tf.input`). " +
    "Steps and pixels may stay open before a recurrent layer that returns its last step, or a global pool.",
  silent: "Sizes that code computes, layers applied to numbers, and layers in the code of other layers, which tfjs makes at the first call.",
  source: "tried on tfjs 4.22",
  check: ({ traced: { refused = [] } }) =>
    refused.flatMap(({ kind, what, start, end }) => (kind === "open" ? [{ place: { start, end }, message: what, fixable: false }] : [])),
}
