/**
 * @file A classifier with two hidden layers. Look at the hover of a `dense` call: ReLU commutes with positive factors, so every hidden unit
 * balances what it reads against what it writes, ‖in‖² + bias² − ‖out‖². Then change one "relu" to "tanh" and watch which law goes.
 * The softmax does not see a common shift of the logits: the weights into it keep their sum over the classes.
 */
import * as tf from "@tensorflow/tfjs"

export const classifier = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [4], units: 8, activation: "relu", name: "lower" }),
    tf.layers.dense({ units: 6, activation: "relu", name: "upper" }),
    tf.layers.dense({ units: 3, activation: "softmax", name: "classes" }),
  ],
})

// Plain SGD keeps the sums exactly; the balances drift by ½τ²gᵀMg per step. With "adam" here, no law survives.
classifier.compile({ optimizer: tf.train.sgd(0.05), loss: "categoricalCrossentropy", metrics: ["accuracy"] })

/** Trains on points whose class is the largest of their first three coordinates; resolves to the final loss. */
export async function train(epochs = 10): Promise<number> {
  const points = tf.randomNormal<tf.Rank.R2>([256, 4])
  const labels = tf.oneHot(points.slice([0, 0], [-1, 3]).argMax(1), 3)
  const { history } = await classifier.fit(points, labels, { epochs, batchSize: 32, verbose: 0 })
  tf.dispose([points, labels])
  return history.loss[epochs - 1] as number
}
