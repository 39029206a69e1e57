/** @file Reasons of folded laws: said once for all of them, with ranges where numbers count up, and with a share where not all have them. */
import { expect, test } from "vitest"
import { groupReasons } from "../../src/presentation/groupReasons"
import type { Reason } from "../../src/schema/report"

const at = (line: number): NonNullable<Reason["at"]> => ({ start: { line, column: 1 }, end: { line, column: 9 } })
const law = (...because: Reason[]): { readonly because: readonly Reason[] } => ({ because })
const texts = (...laws: { readonly because: readonly Reason[] }[]): readonly string[] =>
  groupReasons(laws).map(({ text, at: place }) => `${text} @${place?.start.line ?? "-"}`)

test("one law keeps its reasons as they are", () => {
  expect(texts(law({ text: "tf.relu scales 2" }, { text: "b", at: at(3) }))).toEqual(["tf.relu scales 2 @-", "b @3"])
})

test("numbers that count up become ranges, others stay", () => {
  const contracts = (k: number): Reason => ({ text: `dense contracts block_${k}/kernel4 with block_${k + 1}/kernel4`, at: at(7) })
  expect(texts(law(contracts(0)), law(contracts(1)), law(contracts(2)))).toEqual([
    "dense contracts block_{0…2}/kernel4 with block_{1…3}/kernel4 @7",
  ])
  expect(texts(law({ text: "a/0 b/9" }), law({ text: "a/1 b/3" }))).toEqual(["a/{0,1} b/9 @-"])
})

test("a reason that only some of the laws have says of how many", () => {
  const relu: Reason = { text: "tf.relu cuts", at: at(4) }, product: Reason = { text: "tf.mul cuts", at: at(5) }
  expect(texts(law({ text: "meets" }, relu), law({ text: "meets" }, product))).toEqual([
    "meets @-",
    "tf.relu cuts (in 1 of 2 laws) @4",
    "tf.mul cuts (in 1 of 2 laws) @5",
  ])
})

test("a law that says the same of several places keeps them apart", () => {
  const norm = (line: number): Reason => ({ text: "norm forgets", at: at(line) })
  expect(texts(law(norm(2), norm(8)), law(norm(8)))).toEqual(["norm forgets (in 1 of 2 laws) @2", "norm forgets @8"])
})
