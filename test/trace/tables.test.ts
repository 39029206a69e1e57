/** @file Tables that code fills number by number, and the rank of inputs nobody states: sizes keep their names. */
import { expect, test } from "vitest"
import { only, outputShapes, parameters, trace } from "./program"

const attention = `export class Attention {
  wq: tf.Variable; wk: tf.Variable; wv: tf.Variable; depth: number
  constructor(public width: number, public heads: number) {
    this.depth = Math.floor(width / heads)
    this.wq = tf.variable(tf.randomNormal([width, width]))
    this.wk = tf.variable(tf.randomNormal([width, width]))
    this.wv = tf.variable(tf.randomNormal([width, width]))
  }
  split(x: tf.Tensor, samples: number) { return x.reshape([samples, -1, this.heads, this.depth]).transpose([0, 2, 1, 3]) }
  project(x: tf.Tensor, w: tf.Variable) {
    return x.rank === 2 ? tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)
      : x.reshape([-1, this.width]).matMul(w as tf.Tensor2D).reshape([x.shape[0], x.shape[1]!, this.width])
  }
  forward(x: tf.Tensor) {
    const n = x.shape[0]
    const [q, k, v] = [this.wq, this.wk, this.wv].map((w) => this.split(this.project(x, w), n))
    const y = tf.matMul(tf.softmax(tf.matMul(q, k, false, true)), v)
    return y.transpose([0, 2, 1, 3]).reshape([n, -1, this.width])
  }
}`

test("an input that both ranks fit has the one at which no axis is left empty", () => {
  const model = only(trace(attention))
  expect(model.inputs[0].shape).toEqual(["batch", "x.1", "width"])
  expect(outputShapes(model)).toEqual(["batch, x.1, width"])
})

test("a position table filled in loops over sizes nobody states", () => {
  const model = only(
    trace(`function positions(length: number, width: number) {
      const buffer = tf.buffer([length, width])
      for (let p = 0; p < length; p++) {
        for (let i = 0; i < width; i++) {
          const angle = p / Math.pow(10000, (2 * Math.floor(i / 2)) / width)
          if (i % 2 === 0) buffer.set(Math.sin(angle), p, i)
          else buffer.set(Math.cos(angle), p, i)
        }
      }
      return buffer.toTensor()
    }
    export class Embed {
      table: tf.Variable
      constructor(vocabulary: number, public width: number) { this.table = tf.variable(tf.randomNormal([vocabulary, width])) }
      forward(ids: tf.Tensor2D) { return tf.gather(this.table, ids).add(positions(ids.shape[1], this.width)) }
    }`),
  )
  expect(model.unsupported).toEqual([])
  expect(parameters(model)).toEqual(["table [vocabulary, width]"])
  expect(outputShapes(model)).toEqual(["batch, ids.1, width"])
  expect(model.assumptions).toEqual([])
})

test("a table of values read out of a tensor depends on that tensor", () => {
  const model = only(
    trace(`export class Copy {
      w = tf.variable(tf.ones([2, 2]))
      forward(x: tf.Tensor2D) {
        const buffer = tf.buffer([2, 2]), values = this.w.dataSync()
        for (let i = 0; i < 2; i++) buffer.set(values[i], i, i)
        return x.matMul(buffer.toTensor())
      }
    }`),
  )
  expect(model.graph.nodes.some((node) => node.op.kind === "opaque")).toBe(true)
})

test("a list of widths that a loop fills still makes layers", () => {
  const model = only(
    trace(`export function build(depth, width) {
      const widths = []
      for (let i = 0; i < depth; i++) widths.push(width)
      const model = tf.sequential()
      widths.forEach((units, i) => model.add(tf.layers.dense({ units, inputShape: i === 0 ? [4] : undefined })))
      return model
    }`),
  )
  expect(parameters(model)).toHaveLength(6)
})
