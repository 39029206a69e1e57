/**
 * @file A small convolutional network for 8 × 8 gray images. A channel is to a convolution what a unit is to a dense layer: each one
 * balances the kernel that makes it against the kernel that reads it, through pooling and flattening. Adam rescales every coordinate of
 * the step, so the hovers say that these laws are broken in this training; they hold again when you compile with "sgd".
 */
import * as tf from "@tensorflow/tfjs"

const model = tf.sequential()
model.add(tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: "relu", name: "edges" }))
// Max pooling picks one entry, and a positive factor does not change which.
model.add(tf.layers.maxPooling2d({ poolSize: 2 }))
model.add(tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu", name: "shapes" }))
model.add(tf.layers.flatten())
model.add(tf.layers.dense({ units: 5, activation: "softmax", name: "classes" }))

model.compile({ optimizer: tf.train.adam(1e-3), loss: "categoricalCrossentropy" })

export { model }

/** One epoch on noise, to see it run; resolves to the loss. */
export async function train(): Promise<number> {
  const images = tf.randomNormal([64, 8, 8, 1])
  const labels = tf.oneHot(tf.randomUniform([64], 0, 5, "int32"), 5)
  const { history } = await model.fit(images, labels, { epochs: 1, batchSize: 16, verbose: 0 })
  tf.dispose([images, labels])
  return history.loss[0] as number
}
