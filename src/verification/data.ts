/**
 * @file Random data sets and parameters for a plan. Real inputs are wide enough to reach every piece of the usual activations (a clip at 6 too);
 * noise and dropout masks are drawn once per sample and then held, so that training follows one smooth loss.
 */
import type { DataLeaf, Plan } from "./plan"
import type { Random } from "./random"

/** One run of the network: values of its leaves, targets of its outputs. */
export interface Sample {
  readonly leaves: readonly Float64Array[]
  readonly targets: readonly Float64Array[]
}

export interface DataSet {
  readonly samples: readonly Sample[]
}

/** Fills constants nobody knows; they hold for the whole run, so this stands apart from the samples. */
export function drawSamples(plan: Plan, count: number, random: Random, unknowns: ReadonlyMap<number, Float64Array>): DataSet {
  const samples = Array.from({ length: count }, (): Sample => ({
    leaves: plan.leaves.map((leaf) => unknowns.get(leaf.node.id) ?? drawLeaf(leaf, random)),
    targets: plan.outputs.map((o) => new Float64Array(o.size).map(() => random.normal())),
  }))
  return { samples }
}

/** Values of the constants nobody knows, by node. */
export function drawUnknowns(plan: Plan, random: Random): ReadonlyMap<number, Float64Array> {
  return new Map(plan.leaves.filter((l) => l.role === "unknown").map((l) => [l.node.id, drawLeaf(l, random)]))
}

function drawLeaf({ node, buffer, role, range }: DataLeaf, random: Random): Float64Array {
  const out = new Float64Array(buffer.size)
  if (range !== null) return out.map(() => random.integer(Math.max(1, range)))
  if (role === "mask" && node.op.kind === "dropout") return drawMask(node.op.rate, node.op.sharedAxes, buffer.shape, random)
  if (node.op.kind === "random") {
    const { distribution } = node.op
    return out.map(() => (distribution === "normal" ? random.normal() : distribution === "uniform" ? random.uniform() : random.integer(2)))
  }
  if (node.op.kind === "input" && node.op.domain === "binary") return out.map(() => random.integer(2))
  if (node.op.kind === "input" && node.op.domain === "index") return out.map(() => random.integer(2))
  if (role === "unknown") return out.map(() => random.normal())
  // Normal samples of standard deviation 1.5, one in eight 4 wide: units of every sign and clips at 6 are met, saturation stays rare.
  return out.map(() => random.normal() * (random.integer(8) === 0 ? 4 : 1.5))
}

function drawMask(rate: number, sharedAxes: readonly number[], shape: readonly number[], random: Random): Float64Array {
  const drawn = new Map<number, number>(),
    size = shape.reduce((a, b) => a * b, 1)
  // A mask that keeps everything, or drops everything, would hide what dropout does: clamp rates to something that shows.
  const keep = 1 - Math.min(Math.max(rate, 0), 0.9)
  return new Float64Array(size).map((_, cell) => {
    let key = 0
    for (let axis = shape.length - 1, rest = cell, scale = 1; axis >= 0; axis--) {
      if (!sharedAxes.includes(axis)) key += (rest % shape[axis]) * scale
      scale *= shape[axis]
      rest = Math.floor(rest / shape[axis])
    }
    const value = drawn.get(key) ?? (random.uniform() < keep ? 1 / keep : 0)
    drawn.set(key, value)
    return value
  })
}

/** How parameters are drawn: "signed" around zero, "positive" for networks that take roots or logarithms of them. */
export type Signs = "signed" | "positive"

/**
 * Random parameters: standard deviation 0.8, less for wide sums so that activations stay of order one. Frozen statistics that start
 * at one (variances) are kept positive.
 */
export function drawParameters(plan: Plan, random: Random, signs: Signs = "signed"): Float64Array {
  const theta = new Float64Array(plan.theta.length)
  for (const slot of plan.slots) {
    const fanIn = slot.shape.length < 2 ? 1 : slot.size / slot.shape[slot.shape.length - 1]
    const scale = slot.shape.length < 2 ? 0.8 : Math.min(0.8, 1.4 / Math.sqrt(fanIn))
    const positive = signs === "positive" || (!slot.trainable && (slot.initializer === "ones" || /variance/i.test(slot.id)))
    for (let i = 0; i < slot.size; i++) theta[slot.offset + i] = positive ? 0.3 + 0.9 * random.uniform() : scale * random.normal()
  }
  return theta
}
