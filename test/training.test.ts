/**
 * @file The measure of the differential tests itself, on models whose laws are known by hand: true laws pass, false ones fail.
 */
import { join } from "node:path"
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import type { Term } from "../src/schema/report"
import { evaluateLaw } from "./support/evaluate"
import { root } from "./support/program"
import { seededRandom } from "./support/random"
import { prepareTfjs, randomizeVariable, runModel, type RunningModel } from "./support/runTfjs"
import { trainAndMeasure, type Drift, type Quantity } from "./support/training"

beforeAll(prepareTfjs)

const fixture = (file: string): string => join(root, "test/fixtures/oracle", `${file}.ts`)
const quantity = (terms: readonly Term[]): Quantity => (weights) => evaluateLaw({ terms, entries: "all" }, weights)
const gram = (parameter: string, einsum: string, coefficient: number): Term => ({ coefficient, einsum, operands: [{ parameter }, { parameter }] })

function measure(model: RunningModel, ids: readonly string[], features: number, outputs: number, quantities: readonly Quantity[]): readonly Drift[] {
  const random = seededRandom(3)
  for (const id of ids) randomizeVariable(model.tensor(id) as tf.Variable, random)
  const draw = (width: number): tf.Tensor => tf.tensor(Float32Array.from({ length: 8 * width }, random.normal), [8, width])
  return trainAndMeasure(model, { inputs: [draw(features)], targets: [draw(outputs)] }, ids, quantities)
}

describe("on a ReLU network", () => {
  test("the balance of each unit drifts with the step, a flipped sign does not", () => {
    const ids = ["dense_1/kernel", "dense_2/kernel"]
    const law = (sign: number): Quantity => quantity([gram(ids[0], "ai,ai->i", 1), gram(ids[1], "ia,ia->i", sign)])
    const [balance, flipped] = measure(runModel(fixture("mlp"), "mlpRelu"), ids, 3, 2, [law(-1), law(1)])
    expect(balance.half / balance.full).toBeGreaterThan(0.4)
    expect(balance.half / balance.full).toBeLessThan(0.6)
    expect(flipped.half / flipped.full).toBeGreaterThan(0.8)
    expect(flipped.full).toBeGreaterThan(20 * balance.full)
  })
})

describe("on a softmax classifier", () => {
  test("the sum over classes stays to rounding, the sum over inputs moves", () => {
    const ids = ["dense_1/kernel", "dense_1/bias"]
    const sum = (einsum: string): Quantity => quantity([{ coefficient: 1, einsum, operands: [{ parameter: ids[0] }] }])
    const [classes, features] = measure(runModel(fixture("gated"), "softmaxClassifier"), ids, 4, 3, [sum("ai->a"), sum("ai->i")])
    expect(classes.full).toBeLessThan(1e-5)
    expect(features.full).toBeGreaterThan(1e-3)
  })
})

describe("on a class", () => {
  test("fields are read by their paths", () => {
    const ids = ["b", "c", "w"]
    const exchange = quantity(["b", "c"].map((parameter, i) => ({ coefficient: i === 0 ? 1 : -1, einsum: "i->i", operands: [{ parameter }] })))
    const sum = quantity(["b", "c"].map((parameter) => ({ coefficient: 1, einsum: "i->i", operands: [{ parameter }] })))
    const [difference, total] = measure(runModel(fixture("mlp-variants"), "TwoBiases"), ids, 2, 2, [exchange, sum])
    expect(difference.full).toBeLessThan(1e-5)
    expect(total.full).toBeGreaterThan(1e-3)
  })
})
