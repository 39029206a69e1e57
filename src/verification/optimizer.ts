/**
 * @file Discrete training, and what theory says of a law under it. With SGD and step τ a pure quadratic law changes by ½τ²gᵀMg a step exactly,
 * with coupled weight decay λ it is first scaled by (1 − τλ)²; a linear one is scaled by (1 − τλ). Momentum keeps linear laws when the velocity
 * starts at zero. Adam keeps none.
 */
import type { Entry } from "./laws"
import { evaluateEntryCurvature } from "./laws"

export type OptimizerKind = "flow" | "sgd" | "momentum" | "nesterov" | "adam" | "adamw"

export interface OptimizerSettings {
  readonly kind: OptimizerKind
  readonly learningRate?: number
  readonly weightDecay?: number
}

/** One update of θ in place from the gradient there. */
export type Update = (theta: Float64Array, gradient: Float64Array) => void

const inertia = 0.9,
  beta1 = 0.9,
  beta2 = 0.999,
  adamEpsilon = 1e-7

/** Update rules as in tfjs; weight decay is added to the gradient, except for adamw, which shrinks the weights themselves. */
export function createUpdate(kind: Exclude<OptimizerKind, "flow">, rate: number, decay: number, dimension: number): Update {
  const velocity = new Float64Array(dimension),
    second = new Float64Array(dimension)
  let steps = 0
  return (theta, gradient) => {
    steps++
    for (let i = 0; i < dimension; i++) {
      const g = gradient[i] + (kind === "adamw" ? 0 : decay * theta[i])
      switch (kind) {
        case "sgd":
          theta[i] -= rate * g
          break
        case "momentum":
          velocity[i] = inertia * velocity[i] + g
          theta[i] -= rate * velocity[i]
          break
        case "nesterov":
          velocity[i] = inertia * velocity[i] + g
          theta[i] -= rate * (g + inertia * velocity[i])
          break
        case "adam":
        case "adamw":
          if (kind === "adamw") theta[i] -= rate * decay * theta[i]
          velocity[i] = beta1 * velocity[i] + (1 - beta1) * g
          second[i] = beta2 * second[i] + (1 - beta2) * g * g
          theta[i] -= (rate * (velocity[i] / (1 - beta1 ** steps))) / (Math.sqrt(second[i] / (1 - beta2 ** steps)) + adamEpsilon)
          break
      }
    }
  }
}

/** "kept": h does not move; "exact": each step changes it by a known amount; "broken": theory promises nothing. */
export type Expectation = "kept" | "exact" | "broken"

/** What theory says of an entry in D trainable coordinates. Products with frozen coordinates are linear in the trainable ones. */
export function expectEntry(entry: Entry, kind: Exclude<OptimizerKind, "flow">, decay: number, dimension: number): Expectation {
  const form = formOf(entry, dimension)
  if (kind === "adam" || kind === "adamw") return "broken"
  if (form === "linear") return decay === 0 ? "kept" : kind === "sgd" ? "exact" : "broken"
  return kind === "sgd" && (decay === 0 || form === "quadratic") ? "exact" : "broken"
}

function formOf(entry: Entry, dimension: number): "linear" | "quadratic" | "mixed" {
  if (entry.i.length === 0) return "linear"
  return entry.at.length === 0 && entry.i.every((i, k) => i < dimension && entry.j[k] < dimension) ? "quadratic" : "mixed"
}

/** The value of an exact law after one SGD step with gradient g, given its value before. */
export function predictEntry(entry: Entry, value: number, gradient: Float64Array, rate: number, decay: number): number {
  const shrink = 1 - rate * decay
  return entry.i.length === 0 ? shrink * value : shrink ** 2 * value + rate ** 2 * evaluateEntryCurvature(entry, gradient)
}
