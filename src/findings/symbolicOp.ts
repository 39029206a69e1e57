/** @file Rule `symbolic-op`: an operation of tf on what the layers of a functional model give, outside of any layer. */
import type { FindingRule } from "./rule"

export const symbolicOp: FindingRule = {
  name: "symbolic-op",
  severity: "warning",
  summary: "An operation of `tf` between the layers of a functional model.",
  why:
    "What `tf.input` and `apply` give is symbolic, a shape without numbers. tfjs throws: \"Argument 'x' passed to 'relu' must be a Tensor or " +
    "TensorLike, but got 'SymbolicTensor'\".",
  advice: "Use a layer (`tf.layers.activation`, `add`, `reshape`, …), or write the operation in a layer of your own.",
  silent: "Operations in the `call` of a layer, and on constants.",
  source: "tried on tfjs 4.22",
  check: ({ traced: { refused = [] } }) =>
    refused.flatMap(({ kind, what, start, end }) => (kind === "operation" ? [{ place: { start, end }, message: what, fixable: false }] : [])),
}
