/**
 * @file The counterexample to Theorem 4.7 of Tran et al. 2026, on the network of the fixture: d = 3, two SwiGLU experts of one hidden unit,
 * x = e₁, y = 0, L = ½‖f‖², logits (0, ln 3), E₁(x) = 0, E₂(x) = e₁. Then σ = (1/2, 3/4), g = (2/5, 3/5), ∂L/∂z = (−9/125, 9/250), and the sum of
 * the gate's rows moves at 9/250. With a softmax in its place it does not move.
 */
import { describe, expect, test } from "vitest"
import type { AnalyzedModel } from "../../src/pipeline"
import { instantiate } from "../../src/verification/instantiate"
import { evaluateLoss } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import type { Plan } from "../../src/verification/plan"
import { findModel } from "../support/analysis"
import { listSources } from "../support/program"

const file = listSources("test/fixtures/findings").find((path) => path.endsWith("normalized-sigmoid-gate.ts")) ?? ""

function planOf(name: string): Plan {
  const found: AnalyzedModel | undefined = findModel(file, name)
  if (found === undefined) throw new Error(`no model '${name}'`)
  const { graph, sizes } = found.derived
  const values = sizes.map((size): [string, number] => [size.name, typeof size.declared === "number" ? size.declared : 1])
  return compilePlan(instantiate(graph, { batch: 1, ...Object.fromEntries(values) }))
}

function put(plan: Plan, theta: Float64Array, id: string, values: readonly number[]): void {
  const slot = plan.slots.find((s) => s.id === id)
  if (slot === undefined || slot.size !== values.length)
    throw new Error(`no slot '${id}' of ${values.length}, found ${plan.slots.map((s) => s.id).join()}`)
  theta.set(values, slot.offset)
}

/** The derivative along the gradient flow of Σ_e W_e, three numbers, and the loss. */
function sumDerivative(name: string): { readonly derivative: readonly number[]; readonly loss: number } {
  const plan = planOf(name)
  const ln3 = Math.log(3)
  const theta = new Float64Array(plan.theta.length)
  // wg is [width, experts]: the second expert's column is (ln 3, 0, 0).
  put(plan, theta, "wg", [0, ln3, 0, 0, 0, 0])
  put(plan, theta, "experts/0/gate", [0.3, -0.2, 0.1])
  put(plan, theta, "experts/0/up", [0.4, 0.5, -0.6])
  put(plan, theta, "experts/0/down", [0, 0, 0])
  put(plan, theta, "experts/1/gate", [ln3, 0, 0])
  put(plan, theta, "experts/1/up", [1, 0, 0])
  put(plan, theta, "experts/1/down", [4 / (3 * ln3), 0, 0])
  const gradient = new Float64Array(plan.dimension)
  const inputs = plan.leaves.map(({ buffer }) => Float64Array.from({ length: buffer.size }, (_, k) => (k === 0 ? 1 : 0)))
  const targets = plan.outputs.map(({ size }) => new Float64Array(size))
  // evaluateLoss divides by the three outputs; L = ½‖f‖² does not.
  const loss = 3 * evaluateLoss(plan, { samples: [{ leaves: inputs, targets }] }, theta, gradient)
  const { offset } = plan.slots.find((s) => s.id === "wg")!
  return { loss, derivative: [0, 1, 2].map((row) => -3 * (gradient[offset + 2 * row] + gradient[offset + 2 * row + 1])) }
}

describe("d/dt Σ_e W_e at the counterexample", () => {
  test("is 9/250 for the normalized sigmoid", () => {
    const { derivative, loss } = sumDerivative("TriggerNormalized")
    // f = (3/5, 0, 0).
    expect(loss).toBeCloseTo(9 / 50, 14)
    expect(derivative[0]).toBeCloseTo(9 / 250, 14)
    expect(derivative.slice(1)).toEqual([0, 0].map(() => expect.closeTo(0, 14)))
  })
  test("is zero for the softmax", () => {
    const { derivative, loss } = sumDerivative("SilentSoftmax")
    // The gate is (1/4, 3/4) here.
    expect(loss).toBeCloseTo(9 / 32, 14)
    expect(derivative).toEqual([0, 0, 0].map(() => expect.closeTo(0, 14)))
  })
})
