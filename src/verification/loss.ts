/**
 * @file The loss of verification, L = ½ Σ (f − y)² / n over all outputs and samples, its gradient and Hessian-vector product; and single
 * gradient fields ∇⟨w, f(x; θ)⟩, of which the certificate and discovery are made. The squared error is used whatever the model is trained
 * with: its gradients in f span all directions, so that what it conserves, every loss of the outputs conserves. The model's own is run beside it.
 */
import type { DataSet, Sample } from "./data"
import type { Plan } from "./plan"

function bind(plan: Plan, sample: Sample): void {
  plan.leaves.forEach((leaf, i) => leaf.fill(sample.leaves[i]))
}

const cells = (plan: Plan, data: DataSet): number => Math.max(1, plan.outputs.reduce((n, o) => n + o.size, 0) * data.samples.length)

/**
 * Adds the network's own outputs at θ to the targets of every sample, with `noise` times the targets there: a task that can be learned in part,
 * so that the loss falls, and still has gradients in every direction.
 */
export function teachTargets(plan: Plan, data: DataSet, theta: Float64Array, noise: number): void {
  plan.theta.set(theta)
  for (const sample of data.samples) {
    bind(plan, sample)
    plan.forward()
    sample.targets.forEach((y, k) => y.forEach((t, i) => (y[i] = plan.outputs[k].value[i] + noise * t)))
  }
}

/** The loss at θ; writes ∇L into `into` (D numbers) and adds the outputs of all samples to `outputs` unless these are left out. */
export function evaluateLoss(plan: Plan, data: DataSet, theta: Float64Array, into?: Float64Array, outputs?: number[]): number {
  const scale = 1 / cells(plan, data)
  let loss = 0
  plan.theta.set(theta.length === plan.theta.length ? theta : theta.subarray(0, plan.dimension))
  if (data.samples.length === 0) into?.fill(0)
  for (let i = 0; i < data.samples.length; i++) {
    const sample = data.samples[i]
    bind(plan, sample)
    plan.forward()
    for (let k = 0; k < plan.outputs.length; k++) loss += squaredError(plan.outputs[k].value, sample.targets[k], 0.5 * scale)
    if (outputs !== undefined) for (const { value } of plan.outputs) for (const v of value) outputs.push(v)
    if (into === undefined) continue
    plan.backward(() => seedError(plan, sample, scale))
    if (i === 0) into.set(plan.gradient)
    else addTo(into, plan.gradient)
  }
  return loss
}

/** The mean over samples of a network whose outputs are losses; writes its gradient into `into` (D numbers) unless it is left out. */
export function evaluateObjective(plan: Plan, data: DataSet, theta: Float64Array, into?: Float64Array): number {
  const scale = 1 / Math.max(1, data.samples.length)
  let loss = 0
  plan.theta.set(theta.length === plan.theta.length ? theta : theta.subarray(0, plan.dimension))
  into?.fill(0)
  for (const sample of data.samples) {
    bind(plan, sample)
    plan.forward()
    for (const { value } of plan.outputs) for (const v of value) loss += scale * v
    if (into === undefined) continue
    plan.backward(() => {
      for (const { adjoint, active } of plan.outputs) if (active) for (let i = 0; i < adjoint.length; i++) adjoint[i] += scale
    })
    addTo(into, plan.gradient)
  }
  return loss
}

/** factor · Σ (value − y)². */
function squaredError(value: Float64Array, y: Float64Array, factor: number): number {
  let sum = 0
  for (let i = 0; i < y.length; i++) {
    const error = value[i] - y[i]
    sum += error * error
  }
  return factor * sum
}

function addTo(sum: Float64Array, more: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i]
}

function seedError(plan: Plan, sample: Sample, scale: number): void {
  for (let k = 0; k < plan.outputs.length; k++) {
    const { value, adjoint, active } = plan.outputs[k],
      y = sample.targets[k]
    if (active) for (let i = 0; i < y.length; i++) adjoint[i] += scale * (value[i] - y[i])
  }
}

/** ∇²L·v at θ, and ∇L as a by-product in `gradient`. */
export function evaluateHessianProduct(
  plan: Plan,
  data: DataSet,
  theta: Float64Array,
  v: Float64Array,
  gradient: Float64Array,
  product: Float64Array,
): void {
  const scale = 1 / cells(plan, data)
  plan.theta.set(theta)
  plan.direction.set(v)
  gradient.fill(0)
  product.fill(0)
  for (const sample of data.samples) {
    bind(plan, sample)
    plan.forward()
    plan.tangent()
    plan.backward(() => seedError(plan, sample, scale))
    plan.backwardTangent(() => {
      for (const { tangent, adjointTangent, active } of plan.outputs)
        if (active) for (let i = 0; i < tangent.length; i++) adjointTangent[i] += scale * tangent[i]
    })
    for (let i = 0; i < plan.dimension; i++) {
      gradient[i] += plan.gradient[i]
      product[i] += plan.gradientTangent[i]
    }
  }
}

/** A gradient field θ ↦ ∇⟨w, f(x; θ)⟩: its data x and its weights w (in `targets`). */
export type Field = Sample

/** The field at θ, D numbers into `into`. */
export function evaluateField(plan: Plan, field: Field, theta: Float64Array, into: Float64Array): void {
  plan.theta.set(theta)
  bind(plan, field)
  plan.forward()
  plan.backward(() => seedWeights(plan, field))
  into.set(plan.gradient)
}

/** The derivative of the field along v at θ, H_w·v, into `into`. */
export function evaluateFieldTangent(plan: Plan, field: Field, theta: Float64Array, v: Float64Array, into: Float64Array): void {
  plan.theta.set(theta)
  plan.direction.set(v)
  bind(plan, field)
  plan.forward()
  plan.tangent()
  plan.backward(() => seedWeights(plan, field))
  plan.backwardTangent(() => undefined)
  into.set(plan.gradientTangent)
}

function seedWeights(plan: Plan, field: Field): void {
  for (let k = 0; k < plan.outputs.length; k++) {
    const { adjoint, active } = plan.outputs[k],
      w = field.targets[k]
    if (active) for (let i = 0; i < w.length; i++) adjoint[i] += w[i]
  }
}
