/**
 * @file Feed-forward blocks of Tran et al. 2026 (arXiv 2606.17816). Theorem 4.1: A·act(Bx) with GELU or SiLU conserves nothing. Theorem 4.2:
 * the gated block A(SiLU(Bx) ⊙ Cx) conserves ‖A[:,i]‖² − ‖C[i,:]‖² for each hidden unit, and nothing else. Rows of a kernel here are inputs.
 */
import * as tf from "@tensorflow/tfjs"

const width = 3
const hidden = 4

const kernel = (rows: number, columns: number) => tf.variable(tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 0.5))
const silu = (x: tf.Tensor2D): tf.Tensor2D => x.mul(x.sigmoid())

/** tfjs has no tf.gelu; this is the usual approximation by tanh. */
function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const inner = x.add(x.pow(3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
  return x.mul(0.5).mul(inner.tanh().add(1))
}

export class GeluFeedForward {
  readonly b = kernel(width, hidden)
  readonly a = kernel(hidden, width)

  /** @shape x [batch, 3] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(gelu(tf.matMul(x, this.b)), this.a)
  }
}

export class SiluFeedForward {
  readonly b = kernel(width, hidden)
  readonly a = kernel(hidden, width)

  /** @shape x [batch, 3] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(silu(tf.matMul(x, this.b)), this.a)
  }
}

export class SwigluFeedForward {
  readonly b = kernel(width, hidden)
  readonly c = kernel(width, hidden)
  readonly a = kernel(hidden, width)

  /** @shape x [batch, 3] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(silu(tf.matMul(x, this.b)).mul(tf.matMul(x, this.c)), this.a)
  }
}
