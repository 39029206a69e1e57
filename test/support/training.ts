/**
 * @file Trains a running tfjs model for a few SGD steps from given weights and reports how far quantities moved, at one step size and at half of it
 * for the same time. By the identity h_k − h_0 = ½ Σ τ² gᵀMg a quadratic law's drift halves; what is no law keeps its own.
 */
import * as tf from "@tensorflow/tfjs"
import { distance, type NdArray, type Weights } from "./evaluate"
import type { RunningModel } from "./runTfjs"

/** A function of the weights. */
export type Quantity = (weights: Weights) => readonly number[]

export interface Drift {
  /** ‖h(end) − h(start)‖ after the steps, and after twice as many of half the size. */
  readonly full: number
  readonly half: number
}

/** One data set: fixed inputs and targets. */
export interface DataSet {
  readonly inputs: readonly tf.Tensor[]
  readonly targets: readonly tf.Tensor[]
}

export const readWeights = (model: RunningModel, ids: readonly string[]): Map<string, NdArray> =>
  new Map(ids.map((id) => {
    const tensor = model.tensor(id)
    return [id, { shape: tensor.shape, values: Float64Array.from(tensor.dataSync()) }]
  }))

function writeWeights(model: RunningModel, weights: Weights): void {
  for (const [id, { shape, values }] of weights) {
    const variable = model.tensor(id)
    if (variable instanceof tf.Variable) tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(values), [...shape])))
  }
}

/** Σ over outputs of ½‖y − target‖². */
export const squaredError = (outputs: readonly tf.Tensor[], targets: readonly tf.Tensor[]): tf.Scalar =>
  tf.tidy(() => outputs.map((y, i) => y.sub(targets[i]).square().sum().mul(0.5)).reduce((a, b) => a.add(b)) as tf.Scalar)

/** The loss and its gradients by parameter id. */
export function lossAndGradients(
  model: RunningModel, data: DataSet, ids: readonly string[],
): { readonly loss: number; readonly gradients: ReadonlyMap<string, NdArray> } {
  const variables = ids.map((id) => model.tensor(id)).filter((t): t is tf.Variable => t instanceof tf.Variable)
  const { value, grads } = tf.variableGrads(() => squaredError(model.forward(data.inputs), data.targets), [...new Set(variables)])
  const gradients = new Map(ids.map((id): [string, NdArray] => {
    const variable = model.tensor(id) as tf.Variable
    const gradient: tf.Tensor | null | undefined = grads[variable.name]
    const values = gradient === null || gradient === undefined ? new Float64Array(variable.size) : Float64Array.from(gradient.dataSync())
    return [id, { shape: variable.shape, values }]
  }))
  const loss = value.dataSync()[0]
  tf.dispose([value, ...Object.values(grads)])
  return { loss, gradients }
}

/** ‖g‖ and ‖θ‖, for choosing a step. */
const norm = (arrays: Iterable<NdArray>): number => Math.sqrt([...arrays].flatMap((a) => Array.from(a.values)).reduce((sum, v) => sum + v * v, 0))

/**
 * Moves of `quantities` under tf.train.sgd, from the weights the model has, which it gets back afterwards.
 * The step is `pace` · ‖θ‖/‖g‖ at the start, so that the whole path is about `steps` · `pace` of the weights' norm, or less where
 * the loss would rise; a `noisy` model's loss rises anyhow.
 */
export function trainAndMeasure(
  model: RunningModel, data: DataSet, ids: readonly string[], quantities: readonly Quantity[], { steps = 20, pace = 0.004, noisy = false } = {},
): readonly Drift[] {
  const start = readWeights(model, ids), before = quantities.map((q) => q(start))
  const { loss, gradients } = lossAndGradients(model, data, ids)
  const variables = [...new Set(ids.map((id) => model.tensor(id)).filter((t): t is tf.Variable => t instanceof tf.Variable))]
  /** The loss after each step. */
  const train = (count: number, learningRate: number): readonly number[] => {
    writeWeights(model, start)
    const optimizer = tf.train.sgd(learningRate)
    return Array.from({ length: count }, () => {
      optimizer.minimize(() => squaredError(model.forward(data.inputs), data.targets), false, variables)
      return squaredError(model.forward(data.inputs), data.targets).dataSync()[0]
    })
  }
  const moves = (): readonly number[] => {
    const after = readWeights(model, ids)
    return quantities.map((q, i) => distance(q(after), before[i]))
  }
  let step = (pace * norm(start.values())) / norm(gradients.values())
  // Where the loss rises, the step is too long for the local curvature and nothing small is small.
  while (train(steps, step).some((after, k, all) => !(after <= (k === 0 ? loss : all[k - 1]) * (1 + 1e-5))) && !noisy && step > 1e-9) step /= 4
  const full = moves()
  train(2 * steps, step / 2)
  const half = moves()
  writeWeights(model, start)
  return quantities.map((_, i) => ({ full: full[i], half: half[i] }))
}
