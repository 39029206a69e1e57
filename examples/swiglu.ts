/**
 * @file A gated feed-forward block, A(SiLU(Bx) ⊙ Cx), with its weights in a class. SiLU lets no symmetry through, but the other path is
 * linear: a hidden unit may scale C up and A down. Hover `up` and `down` to see their balance, and `gate` to see what ended its own.
 */
import * as tf from "@tensorflow/tfjs"

export class SwiGLU {
  readonly gate: tf.Variable<tf.Rank.R2>
  readonly up: tf.Variable<tf.Rank.R2>
  readonly down: tf.Variable<tf.Rank.R2>

  constructor(width = 6, hidden = 8) {
    this.gate = tf.variable(tf.randomNormal<tf.Rank.R2>([width, hidden], 0, 0.4))
    this.up = tf.variable(tf.randomNormal<tf.Rank.R2>([width, hidden], 0, 0.4))
    this.down = tf.variable(tf.randomNormal<tf.Rank.R2>([hidden, width], 0, 0.4))
  }

  /** @shape x [batch, 6] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const gate = x.matMul(this.gate)
    const silu = gate.mul(gate.sigmoid())
    return tf.matMul(silu.mul(x.matMul(this.up)), this.down)
  }
}

/** Learns to turn its input round; returns the losses. */
export function train(steps = 50): number[] {
  const block = new SwiGLU()
  const optimizer = tf.train.sgd(0.1)
  const x = tf.randomNormal<tf.Rank.R2>([64, 6])
  const y = x.reverse(1)
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(() => tf.losses.meanSquaredError(y, block.forward(x)).asScalar(), true)!
    losses.push(loss.dataSync()[0])
    loss.dispose()
  }
  tf.dispose([x, y])
  return losses
}
