/** @file What bounds the integers of an input: rows of tables do, one-hot rows only by an assumption that the report states. */
import { expect, test } from "vitest"
import { deriveLaws } from "../../src/laws/derive"
import { generalize } from "../../src/axes/generalize"
import { only, trace } from "./program"

const hot = `const kernel = tf.variable(tf.zeros([5, 3])), bias = tf.variable(tf.zeros([3])), table = tf.variable(tf.zeros([8, 3]))
  const dense = (ids: tf.Tensor1D, depth: number) => tf.oneHot(ids, depth).matMul(kernel).add(bias)`
const exchangesOf = (source: string): { readonly exchanges: readonly string[]; readonly assumptions: readonly string[] } => {
  const model = only(trace(`${hot}\n${source}`), "net")
  const { laws } = deriveLaws(generalize(model.graph))
  return { exchanges: laws.filter((law) => law.family === "exchange").map((law) => law.parameters.join(" ")), assumptions: model.assumptions }
}

test("a one-hot alone assumes that its rows are not zero, and says so", () => {
  expect(exchangesOf("export function net(ids: tf.Tensor1D) { return dense(ids, 5) }")).toEqual({
    exchanges: ["kernel bias"],
    assumptions: ["the integers in ids stay below 5: tf.oneHot marks nothing in the row of any other"],
  })
})

test.each([
  ["before", "dense(ids, 5).add(tf.gather(table, ids))"],
  ["behind", "tf.gather(table, ids).add(dense(ids, 5))"],
])("a one-hot %s a lookup in a larger table makes rows of zeros", (_, body) => {
  // The table's rows keep their sums together with the bias; the kernel's do not.
  const { exchanges, assumptions } = exchangesOf(`export function net(ids: tf.Tensor1D) { return ${body} }`)
  expect(exchanges).toEqual(["bias table"])
  expect(assumptions).toEqual([])
})

test("of two one-hots the deeper one is taken for whole", () => {
  const { exchanges, assumptions } = exchangesOf(`const wide = tf.variable(tf.zeros([7, 3]))
  export function net(ids: tf.Tensor1D) { return dense(ids, 5).add(tf.oneHot(ids, 7).matMul(wide)) }`)
  expect(exchanges).toEqual(["bias wide"])
  expect(assumptions).toEqual(["the integers in ids stay below 7: tf.oneHot marks nothing in the row of any other"])
})
