/**
 * @file Integrators of gradient flow: the embedded pair of Dormand and Prince (1980), orders 5 and 4, with adaptive steps; Euler and the classical
 * Runge–Kutta method with fixed steps for the order test. Generators, so that a caller can draw, wait or stop between steps.
 */
export type VectorField = (theta: Float64Array, into: Float64Array) => number

export interface FlowPoint {
  readonly time: number
  /** What the field returned at θ: the loss. */
  readonly loss: number
  /** The integrator's own array: read it before going on. */
  readonly theta: Float64Array
  readonly evaluations: number
}

export interface FlowOptions {
  /** Local error a step, relative to the root mean square of θ. */
  readonly tolerance: number
  readonly horizon: number
  readonly firstStep: number
  readonly maximalEvaluations: number
}

export type FlowEnd = "horizon" | "evaluations" | "stiff" | "not finite"

// Nodes are left out: the field does not depend on time. The last row is also the solution of order 5.
const stages: readonly (readonly number[])[] = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
]
/** Difference of the solutions of order 5 and 4. */
const errorWeights = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]

/** Solves θ′ = field(θ); yields every accepted step, returns why it stopped. */
export function* integrateFlow(field: VectorField, theta0: Float64Array, dimension: number, options: FlowOptions): Generator<FlowPoint, FlowEnd> {
  const n = dimension,
    k = stages.map(() => new Float64Array(n)),
    theta = theta0.slice(),
    trial = theta0.slice()
  let time = 0,
    step = options.firstStep,
    evaluations = 1,
    loss = field(theta, k[0]),
    rejected = false
  yield { time, loss, theta, evaluations }
  while (time < options.horizon) {
    if (evaluations > options.maximalEvaluations) return "evaluations"
    step = Math.min(step, options.horizon - time)
    if (step < 1e-15 * Math.max(time, options.horizon)) return "stiff"
    let lossThere = loss
    for (let s = 1; s < stages.length; s++) {
      const row = stages[s]
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let r = 0; r < s; r++) sum += row[r] * k[r][i]
        trial[i] = theta[i] + step * sum
      }
      lossThere = field(trial, k[s])
    }
    evaluations += stages.length - 1
    let square = 0,
      size = 0
    for (let i = 0; i < n; i++) {
      let e = 0
      for (let r = 0; r < stages.length; r++) e += errorWeights[r] * k[r][i]
      square += (step * e) ** 2
      size += trial[i] ** 2
    }
    const error = Math.sqrt(square / Math.max(size, 1e-300)) / options.tolerance
    if (!Number.isFinite(error)) {
      if (step < 1e-12 * options.horizon) return "not finite"
      step /= 10
      rejected = true
      continue
    }
    const factor = Math.min(rejected ? 1 : 5, Math.max(0.1, 0.9 * Math.max(error, 1e-10) ** -0.2))
    if (error <= 1) {
      time += step
      theta.set(trial)
      loss = lossThere
      // First same as last: the final stage is the field at the new point.
      const first = k[0]
      k[0] = k[stages.length - 1]
      k[stages.length - 1] = first
      rejected = false
      yield { time, loss, theta, evaluations }
    } else rejected = true
    step *= factor
  }
  return "horizon"
}

/** θ after `count` steps of explicit Euler. */
export function integrateEuler(field: VectorField, theta0: Float64Array, dimension: number, step: number, count: number): Float64Array {
  const theta = theta0.slice(),
    slope = new Float64Array(dimension)
  for (let s = 0; s < count; s++) {
    field(theta, slope)
    for (let i = 0; i < dimension; i++) theta[i] += step * slope[i]
  }
  return theta
}

/** θ after `count` steps of the classical Runge–Kutta method of order 4. */
export function integrateRungeKutta(field: VectorField, theta0: Float64Array, dimension: number, step: number, count: number): Float64Array {
  const theta = theta0.slice(),
    at = theta0.slice(),
    k = [0, 1, 2, 3].map(() => new Float64Array(dimension)),
    share = [0, 0.5, 0.5, 1]
  for (let s = 0; s < count; s++) {
    for (let q = 0; q < 4; q++) {
      for (let i = 0; i < dimension; i++) at[i] = theta[i] + (q === 0 ? 0 : step * share[q] * k[q - 1][i])
      field(at, k[q])
    }
    for (let i = 0; i < dimension; i++) theta[i] += (step / 6) * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i])
  }
  return theta
}
