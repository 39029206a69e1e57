/**
 * @file Rule `zero-init-trap`: hidden units that start equal and stay equal, because everything they read and everything that reads them starts
 * constant, or because a zero start is dead. Decided by training a replica from its initializers, so that legitimate zero starts
 * (output layers, last layers of residual branches, gates, the second factor of LoRA) are seen to come apart.
 */
import type { Parameter } from "../graph/graph"
import { parseEinsum } from "../graph/shape"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfParameter } from "./subject"
import type { TrainedWeights } from "./experiment"
import { measureText } from "./experiment"
import type { ParameterSlot } from "../verification/plan"

const steps = 12
const seeds = [1, 2]
/** Units that come apart differ by about 1e-2 after twelve steps; those that do not, by rounding. */
const apart = 1e-12
const leastMove = 1e-4

export const zeroInitTrap: FindingRule = {
  name: "zero-init-trap",
  severity: "warning",
  summary: "A constant initializer of a kernel whose hidden units then stay equal for ever.",
  why:
    "Exchanging two equal units is a symmetry, and gradient descent keeps it: they receive the same gradient at every step and count as one unit. " +
    "With zeros before a relu no gradient flows at all.",
  advice: "Use a random initializer (`glorotUniform`, `heNormal`) on at least one side of the hidden units.",
  silent:
    "Biases, output layers, zero-initialized last layers of residual branches, gates and LoRA factors: " +
    "a run shows that their units come apart.",
  source: "measured by training a replica; arXiv 2408.15495 (symmetries trap training)",
  check: (subject) => {
    const candidates = subject.traced.graph.parameters.filter((p) => isCandidate(p, subject))
    const experiment = candidates.length === 0 ? null : subject.experiment()
    if (experiment === null) return []
    const runs = seeds.flatMap((seed) => experiment.train(steps, seed) ?? [])
    // Where the rest of the network hardly moves either, nothing can be told; a gradient that is zero everywhere is an answer.
    if (runs.length < seeds.length || runs.some(({ moved }) => moved > 0 && moved < leastMove)) return []
    return candidates.flatMap((parameter): readonly Found[] => {
      const slot = experiment.slots.find(({ id }) => id === parameter.id)
      if (slot === undefined) return []
      const axis = unitAxis(parameter, subject)
      if (slot.shape[axis] < 2 || runs.some((run) => spreadAlong(slot, axis, run.end) > apart * (1 + run.moved))) return []
      return [describe(parameter, slot, axis, runs)]
    })
  },
}

const constants: readonly string[] = ["zeros", "ones", "constant"]

/** Weights without a gradient have a finding of their own. */
function isCandidate({ id, trainable, initializer, shape, node }: Parameter, { derived, live }: FindingSubject): boolean {
  if (!trainable || node === null || !live.has(node) || shape.length < 2) return false
  if (initializer === undefined || !constants.includes(initializer)) return false
  return !derived.laws.some((law) => law.family === "no-gradient" && law.parameters.includes(id))
}

/** The axis that makes units: the one a contraction keeps, the last of a convolution's kernel. */
function unitAxis({ node, shape }: Parameter, { consumers }: FindingSubject): number {
  const reader = (node === null ? [] : consumers[node]).find(({ op }) => op.kind === "einsum")
  if (reader?.op.kind === "einsum") {
    const { operands, output } = parseEinsum(reader.op.equation)
    const letters = operands[reader.operands.indexOf(node ?? -1)] ?? []
    const kept = letters.findLastIndex((letter) => output.includes(letter))
    if (kept >= 0 && letters.length === shape.length) return kept
  }
  return shape.length - 1
}

/** Largest difference between a unit and the first one. */
function spreadAlong({ shape, offset, size }: ParameterSlot, axis: number, theta: Float64Array): number {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  let spread = 0
  for (let k = 0; k < size; k++) {
    const unit = Math.floor(k / inner) % shape[axis]
    spread = Math.max(spread, Math.abs(theta[offset + k] - theta[offset + k - unit * inner]))
  }
  return spread
}

function describe(parameter: Parameter, slot: ParameterSlot, axis: number, runs: readonly TrainedWeights[]): Found {
  const spread = Math.max(...runs.map((run) => spreadAlong(slot, axis, run.end)))
  const still = runs.every(({ start, end }) => {
    const cells = Array.from({ length: slot.size }, (_, k) => slot.offset + k)
    return cells.every((cell) => start[cell] === end[cell])
  })
  const moved = Math.min(...runs.map((run) => run.moved))
  const what = still
    ? "no gradient reaches it from there, so its units never learn"
    : "its units receive the same gradient at every step and stay equal"
  return {
    place: placeOfParameter(parameter),
    message: `'${parameter.id}' starts constant ('${parameter.initializer}'): ${what}`,
    proof:
      `after ${steps} gradient steps on a small replica its units differ by ${measureText(spread)}; ` +
      `the weights that moved most moved by ${measureText(moved)}`,
    fixable: true,
  }
}
