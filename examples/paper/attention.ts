/**
 * @file Attention of Tran et al. 2026 (arXiv 2606.17816). Theorem 4.3: each head conserves QᵀQ − KᵀK and VᵀV − OOᵀ, with or without sinusoidal
 * positions, which are added before the weights see them. Theorem 4.4: rotary positions leave one number of QᵀQ − KᵀK per turned pair,
 * ‖Q⁽ʲ⁾‖² − ‖K⁽ʲ⁾‖², in either layout; coordinates that are not turned keep their matrix.
 */
import * as tf from "@tensorflow/tfjs"

const width = 4
const heads = 2
const headWidth = 4

const kernel = (rows: number, columns: number) => tf.variable(tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 0.5))

/** tfjs has no gradient for a 3D by 2D product, so batch and time are folded into one axis. */
function project(x: tf.Tensor3D, w: tf.Tensor2D): tf.Tensor3D {
  const [batch, time, size] = x.shape
  return x.reshape<tf.Tensor2D>([batch * time, size]).matMul(w).reshape([batch, time, w.shape[1]])
}

interface Head {
  readonly q: tf.Variable<tf.Rank.R2>
  readonly k: tf.Variable<tf.Rank.R2>
  readonly v: tf.Variable<tf.Rank.R2>
  readonly o: tf.Variable<tf.Rank.R2>
}

export class MultiHeadAttention {
  readonly heads: readonly Head[] = Array.from({ length: heads }, () => ({
    q: kernel(width, headWidth),
    k: kernel(width, headWidth),
    v: kernel(width, headWidth),
    o: kernel(headWidth, width),
  }))

  /** @shape x [batch, 3, 4] */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    const placed = this.place(x)
    return tf.addN(
      this.heads.map(({ q, k, v, o }) => {
        const scores = tf.matMul(this.turn(project(placed, q)), this.turn(project(placed, k)), false, true)
        const weights = tf.softmax(scores.div(Math.sqrt(headWidth)))
        return project(tf.matMul(weights, project(placed, v)), o)
      }),
    )
  }

  /** Absolute positions are added to the input. */
  protected place(x: tf.Tensor3D): tf.Tensor3D {
    return x
  }

  /** Rotary positions turn queries and keys. */
  protected turn(x: tf.Tensor3D): tf.Tensor3D {
    return x
  }
}

export class SinusoidalAttention extends MultiHeadAttention {
  protected override place(x: tf.Tensor3D): tf.Tensor3D {
    const { sin, cos } = anglesOf(x.shape[1], [1, 0.01])
    return x.add(tf.concat([sin, cos], 1))
  }
}

/** Sine and cosine of position times frequency, each [time, frequencies]. */
function anglesOf(time: number, frequencies: readonly number[]): { readonly sin: tf.Tensor2D; readonly cos: tf.Tensor2D } {
  const angles = tf.outerProduct(tf.range(0, time), tf.tensor1d([...frequencies]))
  return { sin: tf.sin(angles), cos: tf.cos(angles) }
}

/** Turns the pairs (j, j + size/2) of the last axis. */
function turnHalves(x: tf.Tensor3D, frequencies: readonly number[]): tf.Tensor3D {
  const { sin, cos } = anglesOf(x.shape[1], frequencies)
  const [first, second] = tf.split(x, 2, 2)
  return tf.concat([first.mul<tf.Tensor3D>(cos).sub(second.mul(sin)), first.mul<tf.Tensor3D>(sin).add(second.mul(cos))], 2)
}

/** Turns the pairs (0, 1), (2, 3), … of the last axis. */
function turnNeighbors(x: tf.Tensor3D, frequencies: readonly number[]): tf.Tensor3D {
  const [batch, time, size] = x.shape
  const { sin, cos } = anglesOf(time, frequencies)
  const [even, odd] = tf.unstack(x.reshape<tf.Tensor4D>([batch, time, size / 2, 2]), 3)
  return tf.stack([even.mul(cos).sub(odd.mul(sin)), even.mul(sin).add(odd.mul(cos))], 3).reshape([batch, time, size])
}

export class RopeHalvesAttention extends MultiHeadAttention {
  protected override turn(x: tf.Tensor3D): tf.Tensor3D {
    return turnHalves(x, [1, 0.1])
  }
}

export class RopeNeighborsAttention extends MultiHeadAttention {
  protected override turn(x: tf.Tensor3D): tf.Tensor3D {
    return turnNeighbors(x, [1, 0.1])
  }
}

/** Half of the coordinates carry the position, the others do not. */
export class PartialRopeAttention extends MultiHeadAttention {
  protected override turn(x: tf.Tensor3D): tf.Tensor3D {
    const [turned, kept] = tf.split(x, 2, 2)
    return tf.concat([turnHalves(turned as tf.Tensor3D, [1]), kept as tf.Tensor3D], 2)
  }
}
