/** @file Random inputs for fixtures, from their tags or from the layer model itself. */
import * as tf from "@tensorflow/tfjs"
import type { Fixture, FixtureInput } from "./fixture"
import type { Random } from "./random"
import type { RunningModel } from "./runTfjs"

/** Rows in a batch where a fixture says "batch". */
export const batchSize = 5

function drawInput(random: Random, { shape, below }: FixtureInput): tf.Tensor {
  const sizes = shape.map((size) => (typeof size === "number" ? size : batchSize))
  const count = sizes.reduce((a, b) => a * b, 1)
  return below === undefined
    ? tf.tensor(Float32Array.from({ length: count }, random.normal), sizes)
    : tf.tensor(Int32Array.from({ length: count }, () => random.below(below)), sizes, "int32")
}

/** A layer model's inputs: token ids where it starts with an embedding. */
function layerInputs(model: tf.LayersModel): readonly FixtureInput[] {
  const vocabulary = (model.layers.find((layer) => layer.getClassName() === "Embedding")?.getConfig() as { inputDim?: number } | undefined)?.inputDim
  const bound = vocabulary === undefined ? {} : { below: vocabulary }
  return model.inputs.map((input) => ({ name: input.name, shape: input.shape.map((size) => size ?? "batch"), ...bound }))
}

export const inputsOf = (fixture: Fixture, model: RunningModel): readonly FixtureInput[] =>
  (model.layers === null ? fixture.inputs : layerInputs(model.layers))

export const drawInputs = (inputs: readonly FixtureInput[], random: Random): readonly tf.Tensor[] => inputs.map((input) => drawInput(random, input))
