/**
 * @file Where fewer laws are derived than there are: counts of the derivation beside discovery, which knows no rules, at the declared sizes and at
 * larger ones, so that accidents of a size (a softmax over two classes depends on one difference) are told from gaps.
 */
import { generalize } from "../../src/axes/generalize"
import type { SizeVariable } from "../../src/axes/size"
import type { Graph, Node } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { countIndependent } from "../../src/verification/certificate"
import { drawParameters, drawSamples, drawUnknowns } from "../../src/verification/data"
import { discoverLaws } from "../../src/verification/discover"
import { instantiate } from "../../src/verification/instantiate"
import { compileLaw } from "../../src/verification/laws"
import { evaluateField } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import type { Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { declaredSize, grownSize } from "./laws"

export interface Counts {
  /** Independent laws as derived. */
  readonly found: number
  /** All quadratic and linear ones. */
  readonly there: number
}

export interface Shortfall {
  readonly declared: Counts
  /** Every size that is free to change one larger; null where that is too large for discovery. */
  readonly grown: Counts | null
}

/** What a search may still spend, in milliseconds of an ordinary machine: counted, not measured, so that the same seed gives the same network. */
export interface Budget {
  left: number
}

/** Discovery solves for (D² + 3D)/2 unknowns: about a quarter of a second here. */
const largest = 40
const costOf = (D: number): number => 5 + 0.15 * D * D

/** The counts where laws are missing at the declared sizes and at larger ones; null where none are, or where numbers tell nothing. */
export function measureShortfall(graph: Graph, budget: Budget = { left: Infinity }): Shortfall | null {
  if (graph.parameters.length === 0 || graph.parameters.some((p) => !p.trainable)) return null
  const network = generalize(graph), { laws } = deriveLaws(network), exact = laws.filter((law) => law.exactness === "exact")
  const count = (size: (s: SizeVariable) => number): Counts | "too large" | null => {
    const sizes = Object.fromEntries(network.sizes.map((s) => [s.name, size(s)]))
    const plan = compilePlan(withTamedConstants(instantiate(network.graph, sizes)))
    if (plan.dimension > largest) return "too large"
    if (plan.dimension === 0 || !hasNumbers(plan)) return null
    const found = countIndependent(plan, exact.map((law) => compileLaw({ ...law, formula: "", latex: "" }, plan.slots, sizes)), seededRandom(3))
    return { found, there: countAll(plan, budget, found) }
  }
  const declared = count(declaredSize)
  if (declared === null || declared === "too large" || declared.found >= declared.there) return null
  const grown = count(grownSize)
  if (grown === "too large") return { declared, grown: null }
  return grown === null || grown.found >= grown.there ? null : { declared, grown }
}

/**
 * All quadratic and linear laws that hold whatever the constants are that nobody knows: those are drawn anew like data. Counted twice where there
 * seem to be more than `expected`.
 */
function countAll(plan: Plan, budget: Budget, expected: number): number {
  budget.left -= costOf(plan.dimension)
  const first = discoverLaws(plan).independent
  if (first <= expected) return first
  budget.left -= costOf(plan.dimension)
  return Math.min(first, discoverLaws(plan, 5).independent)
}

/** Constants nobody knows as data; masks of −10⁹ as −60, beside which a double still sees other numbers, and whose exponential it does not. */
const withTamedConstants = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node): Node => {
    const value = node.op.kind === "constant" ? node.op.value : null
    if (value?.kind === "unknown") return { ...node, op: { kind: "input", name: `unknown${node.id}`, domain: "real" } }
    if (value?.kind !== "fill" || Math.abs(value.value) < 1e6) return node
    return { ...node, op: { kind: "constant", value: { kind: "fill", value: 60 * Math.sign(value.value) } } }
  }),
})

/** Whether all gradients are numbers. */
function hasNumbers(plan: Plan): boolean {
  const random = seededRandom(7), field = new Float64Array(plan.dimension)
  for (let tries = 0; tries < 4; tries++) {
    const theta = drawParameters(plan, random)
    for (const sample of drawSamples(plan, 3, random, drawUnknowns(plan, random)).samples) {
      evaluateField(plan, sample, theta, field)
      if (!field.every(Number.isFinite)) return false
    }
  }
  return true
}
