/** @file What fit trains of the layers that a layer class holds: the weights that stay on tfjs are those that the graph calls frozen. */
import { join } from "node:path"
import * as tf from "@tensorflow/tfjs"
import { beforeAll, expect, test } from "vitest"
import { findModel } from "../support/analysis"
import { root } from "../support/program"
import { loadModule, prepareTfjs } from "../support/runTfjs"

const fixture = join(root, "test/fixtures/findings/uncollected-weight.ts")
beforeAll(prepareTfjs)

const names = ["triggerLayer", "triggerVariable", "triggerHalf", "triggerKeeper", "triggerReader", "silentLister", "silentAdder"]
test.each(names)("%s", async (name) => {
  const model = loadModule(fixture).read(name) as tf.LayersModel, width = model.inputs[0].shape[1]!
  const x = tf.randomNormal([8, width], 0, 1, "float32", 1), y = tf.randomNormal([8, 2], 0, 1, "float32", 2)
  // Layers inside a class make their weights when they run.
  model.predict(x)
  const variables = Object.values(tf.engine().registeredVariables), before = variables.map((v) => v.dataSync().slice())
  await model.fit(x, y, { epochs: 3, verbose: 0 })
  const moved = variables.filter((v, i) => v.dataSync().some((value, k) => value !== before[i][k])).length
  const traced = findModel(fixture, name)!.traced.graph.parameters
  expect(traced.filter((p) => p.trainable)).toHaveLength(moved)
  expect(traced.length > moved).toBe(name.startsWith("trigger"))
})
