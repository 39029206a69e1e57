/** @file Rule `always-throws`: code that ends in an error whatever it is given. */
import type { FindingRule } from "./rule"

export const alwaysThrows: FindingRule = {
  name: "always-throws",
  severity: "warning",
  summary: "A network whose code throws whatever it is given.",
  why:
    "It reads a field that no code stores, calls what is no function, assigns to a constant, uses a tensor that `tf.tidy` has disposed, " +
    "makes a weight of a size or with an initializer that tfjs refuses, or hands `tf.gather` indices that are float32 " +
    "(`int32Tensor.add(1)` is), on a way that is taken for every input.",
  advice: "Mend the line; until then the network can neither be run nor trained, and its laws are about what was meant.",
  silent:
    "Errors that only one way of a condition leads to, that a `try` catches, that follow an earlier return, or that depend on arguments left out.",
  source: "JavaScript's own rules; tf.tidy and addWeight as measured on tfjs 4.22",
  check: ({ traced: { throws } }) => {
    // Names that tfjs does not have are rules of their own.
    if (throws === undefined || /^tfjs has no /.test(throws.what)) return []
    const { what, start, end } = throws
    return [{ place: { start, end }, message: `the code throws whatever it is given: ${what}`, fixable: false }]
  },
}
