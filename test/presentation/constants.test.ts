/** @file Constants that laws speak of by a made name are told from weights that are frozen. */
import { expect, test } from "vitest"
import { analyzeModel } from "../../src/pipeline"
import { plainPainter } from "../../src/presentation/paint"
import { modelText } from "../../src/presentation/text"
import { only, trace } from "../trace/program"

test("what a weight is added to is a constant, no frozen weight", () => {
  const traced = only(trace(`const u = tf.variable(tf.zeros([3, 4])), w = tf.variable(tf.zeros([4, 4])), v = tf.variable(tf.zeros([4, 2]))
    const still = tf.variable(tf.zeros([3, 3]), false)
    export const net = (x: tf.Tensor2D) => x.matMul(still).matMul(u).matMul(w.add(tf.eye(4))).matMul(v)`), "net")
  const text = modelText(analyzeModel(traced).model, "net.ts", plainPainter).join("\n")
  expect(text).toContain("constant: w_0 stands for what is added to w")
  expect(text).toContain("frozen: still — training does not move them")
})
