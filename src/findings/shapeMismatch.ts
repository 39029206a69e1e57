/** @file Rule `shape-mismatch`: layers of a model between which the stated shapes do not fit. */
import type { FindingRule } from "./rule"

export const shapeMismatch: FindingRule = {
  name: "shape-mismatch",
  severity: "warning",
  summary: "A layer that cannot take what the layers before it give.",
  why:
    "tfjs throws when the model is made, or the layer leaves nothing (a pool larger than its image): a recurrent layer behind one that returns its " +
    "last step only, a convolution behind `flatten`, a window larger than what is left of an image, branches of unequal shape that are added.",
  advice:
    "Give the layer before it `returnSequences: true`, reshape, pad with \"same\", or bring branches to one shape with a `dense` or a 1 × 1 " +
    "convolution.",
  silent: "Sizes that are not stated in numbers, shapes whose axes are not listed, and assumptions that shapes may depend on.",
  source: "tried on tfjs 4.22",
  check: ({ traced: { refused = [] } }) =>
    refused.flatMap(({ kind, what, start, end }) =>
      kind === "shapes" ? [{ place: { start, end }, message: `the shapes do not fit: ${what}`, fixable: false }] : []),
}
