/** @file tf.util on shapes and lists, read as tfjs computes it. */
import { beforeAll, expect, test } from "vitest"
import { expectAsTfjs } from "../support/differential"
import { prepareTfjs } from "../support/runTfjs"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

test.each([
  "a.mul(tf.util.arraysEqual(a.shape, a2.shape) ? 2 : 3)",
  "a.mul(tf.util.arraysEqual(a.shape, b.shape) ? 2 : 3)",
  "a.mul(tf.util.arraysEqual([1, 2], [1, 2, 3]) ? 2 : 3)",
  "a.mul(tf.util.arraysEqualWithNull([1, null], [1, null]) ? 2 : 3)",
  "c.reshape([tf.util.sizeFromShape(c.shape.slice(0, 2)), 6]).mul(tf.util.sizeFromShape([]))",
  "c.sum(tf.util.parseAxisParam([-1, 0], c.shape)).mul(tf.util.parseAxisParam(null, c.shape).length)",
  "c.reshape(tf.util.computeStrides(c.shape).concat([2]).reverse().slice(0, 2).concat([-1]))",
  "a.mul(tf.util.isInt(2.5) ? 2 : 3).add(tf.util.isScalarShape([]) ? 1 : 0)",
  "a.mul(tf.util.isString('x') && tf.util.isFunction(Math.max) && !tf.util.isNumber('1') ? 2 : 3)",
  "a.mul(tf.util.flatten([[1, 2], [3]]).length)",
  "(tf.util.assert(true, () => 'no'), a.square())",
])("%s", (code) => expectAsTfjs(code, false))

test("shapes of sizes nobody states are equal where they are the same, and a product of them is a size", () => {
  const net = (body: string): string => `const w = tf.variable(tf.zeros([4, 4]))
    /** @model @shape x [batch, t, 4] */ export function f(x: tf.Tensor3D) { const rows = tf.util.sizeFromShape(x.shape.slice(0, 2)); ${body} }`
  const same = only(trace(net("const y = x.reshape([rows, 4]).matMul(w); return tf.util.arraysEqual(x.shape, x.mul(2).shape) ? y : y.relu()")))
  expect(same.unsupported).toEqual([])
  expect(same.graph.nodes[same.graph.outputs[0]].shape).toEqual(["batch*t", 4])
  const open = only(trace(net("const y = x.reshape([rows, 4]).matMul(w); return tf.util.arraysEqual([rows], [12]) ? y : y.relu()")))
  expect(open.unsupported.map(({ what }) => what).join()).toMatch(/either way of/)
})
