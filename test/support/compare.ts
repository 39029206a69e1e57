/**
 * @file One model twice: its traced graph on our kernels in float64, and the source itself on tfjs in float32, with the same weights and data.
 */
import * as tf from "@tensorflow/tfjs"
import { symbolsOf } from "../../src/graph/dim"
import type { TracedModel } from "../../src/graph/graph"
import { instantiate } from "../../src/verification/instantiate"
import { evaluateLoss } from "../../src/verification/loss"
import { compilePlan, type Plan } from "../../src/verification/plan"
import type { NdArray } from "./evaluate"
import type { Random } from "./random"
import type { RunningModel } from "./runTfjs"
import { lossAndGradients, type DataSet } from "./training"

/** Symbols of a model get this size: rows of a batch, and whatever else has no number. */
export const symbolSize = 5

/** The traced graph, ready to run with every symbol at one size. @throws as `instantiate` and `compilePlan` do */
export function planModel(traced: TracedModel, size = symbolSize): Plan {
  const { graph } = traced
  const symbols = [...graph.nodes, ...graph.parameters].flatMap((n) => n.shape.flatMap(symbolsOf))
  return compilePlan(instantiate(graph, Object.fromEntries(symbols.map((symbol) => [symbol, size]))))
}

/** What stands in the way of giving both sides the same data: noise of their own, or constants nobody knows. */
export const privateLeaves = (plan: Plan): readonly string[] =>
  [...new Set(plan.leaves.filter((leaf) => leaf.role !== "input").map((leaf) => leaf.role))]

interface SharedData {
  readonly tfjs: DataSet
  readonly leaves: readonly Float64Array[]
  readonly targets: readonly Float64Array[]
}

/** Random data for both, rounded to float32; `inputs` says in which order the forward method takes them. */
export function drawData(
  plan: Plan, inputs: readonly { readonly name: string }[], outputs: readonly (readonly number[])[], random: Random,
): SharedData {
  const leaves = plan.leaves.map(({ node, buffer, range }) => {
    const whole = range !== null || (node.op.kind === "input" && node.op.domain !== "real")
    return Float64Array.from({ length: buffer.size }, () => (whole ? random.below(range ?? 2) : Math.fround(random.normal())))
  })
  const tensors = inputs.map(({ name }) => {
    const position = plan.leaves.findIndex(({ node }) => node.op.kind === "input" && node.op.name === name)
    if (position < 0) throw new Error(`compare: no input '${name}' in the graph`)
    const { buffer, range } = plan.leaves[position]
    const values = leaves[position], shape = [...buffer.shape]
    return range === null ? tf.tensor(Float32Array.from(values), shape) : tf.tensor(Int32Array.from(values), shape, "int32")
  })
  const targets = outputs.map((shape) => Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(random.normal())))
  return { tfjs: { inputs: tensors, targets: targets.map((values, i) => tf.tensor(Float32Array.from(values), [...outputs[i]])) }, leaves, targets }
}

/** Gives our parameters the values that tfjs's have. @throws when a shape differs */
export function copyWeights(plan: Plan, model: RunningModel): void {
  for (const { id, offset, shape } of plan.slots) {
    const tensor = model.tensor(id)
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`compare: '${id}' is [${tensor.shape.join(", ")}] on tfjs and [${shape.join(", ")}] in the graph`)
    }
    plan.theta.set(Float64Array.from(tensor.dataSync()), offset)
  }
}

/** max |a − b| over max |b| (and not less than `floor`, for values that ought to be zero). */
export function relativeError(ours: ArrayLike<number>, reference: ArrayLike<number>, floor: number): number {
  if (ours.length !== reference.length) return Infinity
  let error = 0, scale = floor
  for (let i = 0; i < ours.length; i++) {
    error = Math.max(error, Math.abs(ours[i] - reference[i]))
    scale = Math.max(scale, Math.abs(reference[i]))
  }
  return Number.isNaN(error) ? Infinity : error / scale
}

/** Errors of our forward pass by output, and of our gradients by parameter, relative to tfjs's. */
export function compareWithTfjs(
  plan: Plan, model: RunningModel, data: SharedData,
): { readonly outputs: readonly number[]; readonly gradients: ReadonlyMap<string, number> } {
  copyWeights(plan, model)
  const theta = plan.theta.slice(), own = new Float64Array(plan.dimension)
  evaluateLoss(plan, { samples: [{ leaves: data.leaves, targets: data.targets }] }, theta, own)
  const reference = model.forward(data.tfjs.inputs).map((y) => Float64Array.from(y.dataSync()))
  const outputs = reference.map((values, i) => relativeError(plan.outputs[i]?.value ?? [], values, 1))
  return { outputs, gradients: compareGradients(plan, model, data, own) }
}

function compareGradients(plan: Plan, model: RunningModel, data: SharedData, own: Float64Array): ReadonlyMap<string, number> {
  const trained = plan.slots.filter((slot) => slot.trainable)
  const { gradients } = lossAndGradients(model, data.tfjs, trained.map((slot) => slot.id))
  const cells = plan.outputs.reduce((n, o) => n + o.size, 0)
  const largest = Math.max(...[...gradients.values()].flatMap((g: NdArray) => Array.from(g.values, Math.abs)))
  return new Map(trained.map((slot) => {
    const ours = own.subarray(slot.offset, slot.offset + slot.size).map((g) => g * cells)
    return [slot.id, relativeError(ours, gradients.get(slot.id)?.values ?? [], 0.01 * largest)]
  }))
}
