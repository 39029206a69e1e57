/**
 * @file Multi-head attention with biases, by hand. Scores see queries and keys only through q·kᵀ, so each head conserves a whole matrix,
 * QᵀQ − KᵀK, and another one between values and outputs. The key bias is a find: it adds the same number to every score of a row, the
 * softmax takes it off again, and no gradient ever reaches it. Under momentum the matrices are no longer conserved; the key bias still is.
 */
import * as tf from "@tensorflow/tfjs"

const width = 6
const heads = 2
const headWidth = 3

/** tfjs has no gradient for a 3D by 2D product, so the leading axes are folded into one. */
function project(x: tf.Tensor3D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor3D {
  const [batch, time, size] = x.shape
  return x.reshape([batch * time, size]).matMul(kernel).add(bias).reshape([batch, time, kernel.shape[1]])
}

/** [batch, time, heads · headWidth] to [batch, heads, time, headWidth]. */
function splitHeads(x: tf.Tensor3D): tf.Tensor4D {
  const [batch, time] = x.shape
  return x.reshape([batch, time, heads, headWidth]).transpose([0, 2, 1, 3])
}

const kernel = (rows: number, columns: number) => tf.variable(tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 0.4))
const bias = (size: number) => tf.variable(tf.zeros<tf.Rank.R1>([size]))

export class Attention {
  readonly wq = kernel(width, heads * headWidth)
  readonly wk = kernel(width, heads * headWidth)
  readonly wv = kernel(width, heads * headWidth)
  readonly wo = kernel(heads * headWidth, width)
  readonly bq = bias(heads * headWidth)
  readonly bk = bias(heads * headWidth)
  readonly bv = bias(heads * headWidth)
  readonly bo = bias(width)

  /** @shape x [batch, time, 6] */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    const [batch, time] = x.shape
    const q = splitHeads(project(x, this.wq, this.bq))
    const k = splitHeads(project(x, this.wk, this.bk))
    const v = splitHeads(project(x, this.wv, this.bv))
    const weights = tf.softmax(tf.matMul(q, k, false, true).div(Math.sqrt(headWidth)))
    const context = tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape<tf.Tensor3D>([batch, time, heads * headWidth])
    return project(context, this.wo, this.bo)
  }
}

/** Learns to attend to the previous position; returns the losses. */
export function train(steps = 30): number[] {
  const attention = new Attention()
  const optimizer = tf.train.momentum(0.05, 0.9)
  const x = tf.randomNormal<tf.Rank.R3>([16, 5, width])
  const y = tf.concat([x.slice([0, 4, 0], [-1, 1, -1]), x.slice([0, 0, 0], [-1, 4, -1])], 1)
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(() => tf.losses.meanSquaredError(y, attention.forward(x)).asScalar(), true)!
    losses.push(loss.dataSync()[0])
    loss.dispose()
  }
  tf.dispose([x, y])
  return losses
}
