/**
 * @file Mixtures of SwiGLU experts of Tran et al. 2026 (arXiv 2606.17816). Theorem 4.5: a softmax gate conserves Σ_e W_e, the sum of its rows.
 * Theorem 4.6: so does a sparse gate with k > 1, whether the softmax comes before or after the choice. Theorem 4.7 claims the same for a
 * normalized sigmoid; it is wrong, and no such law is shown: d/dt Σ_e W_e is 9/250 for two experts at logits (0, ln 3).
 */
import * as tf from "@tensorflow/tfjs"

const width = 2
const hidden = 1
const count = 3

const kernel = (rows: number, columns: number) => tf.variable(tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 0.5))

abstract class Experts {
  /** One column an expert. */
  readonly router = kernel(width, count)
  readonly experts = Array.from({ length: count }, () => ({
    b: kernel(width, hidden),
    c: kernel(width, hidden),
    a: kernel(hidden, width),
  }))

  /** From logits to weights, both [batch, experts]. */
  protected abstract weigh(logits: tf.Tensor2D): tf.Tensor2D

  /** @shape x [batch, 2] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const weights = tf.split(this.weigh(tf.matMul(x, this.router)), count, 1)
    return tf.addN(
      this.experts.map(({ a, b, c }, e) => {
        const gate = tf.matMul<tf.Tensor2D>(x, b)
        const inner = gate.mul<tf.Tensor2D>(gate.sigmoid()).mul<tf.Tensor2D>(tf.matMul(x, c))
        return tf.matMul<tf.Tensor2D>(inner, a).mul<tf.Tensor2D>(weights[e])
      }),
    )
  }
}

/** Ones at the two largest logits. tf.topk has no gradient in tfjs, not even for its indices; argMax and oneHot need none. */
function topTwo(logits: tf.Tensor2D): tf.Tensor2D {
  const pick = (x: tf.Tensor2D): tf.Tensor2D => tf.oneHot(x.argMax<tf.Tensor1D>(1), count).toFloat() as tf.Tensor2D
  const first = pick(logits)
  return first.add(pick(logits.sub(first.mul(1e9))))
}

export class DenseExperts extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    return tf.softmax(logits)
  }
}

/** The softmax runs over the two chosen logits. */
export class ChooseThenSoftmax extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    return tf.softmax(logits.add(topTwo(logits).sub(1).mul(1e9)))
  }
}

/** The softmax runs over all; what is not chosen is dropped. */
export class SoftmaxThenChoose extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    return tf.softmax(logits).mul(topTwo(logits))
  }
}

/** The same, and the chosen weights are made to sum to one again. */
export class SoftmaxThenChooseRenormalized extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    const chosen = tf.softmax(logits).mul<tf.Tensor2D>(topTwo(logits))
    return chosen.div(chosen.sum(1, true))
  }
}

export class NormalizedSigmoidExperts extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    const scores = logits.sigmoid()
    return scores.div(scores.sum(1, true))
  }
}

/** Theorem 4.7 over the two chosen experts. */
export class SparseNormalizedSigmoidExperts extends Experts {
  protected override weigh(logits: tf.Tensor2D): tf.Tensor2D {
    const scores = logits.sigmoid().mul<tf.Tensor2D>(topTwo(logits))
    return scores.div(scores.sum(1, true))
  }
}
