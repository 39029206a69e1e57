/**
 * @file The completeness certificate: no set of laws can have more than D − dim Lie(V)(θ) members, V spanned by the gradient fields ∇f_i(x; ·)
 * (Marcotte, Gribonval and Peyré 2023, Corollary 3.4). The dimension is the rank of fields and their brackets [f_a, f_b] = H_b f_a − H_a f_b
 * at a generic θ; when as many independent laws were derived, the list is complete.
 */
import type { Completeness } from "../schema/report"
import type { Field } from "./loss"
import type { NumericLaw } from "./laws"
import type { Plan } from "./plan"
import type { Random } from "./random"
import { drawParameters, drawSamples, drawUnknowns, type Signs } from "./data"
import { evaluateEntryGradient } from "./laws"
import { norm, rankOf, unit, type Rank } from "./linear"
import { evaluateField, evaluateFieldTangent } from "./loss"

/** Above this many trainable numbers the certificate is not attempted: its cost grows with the cube. */
export const certificateLimit = 80

/**
 * @param attempts random θ tried; the best counts, since dead units lower a rank and nothing raises it
 * @returns null when D is over the limit or the network has no trainable parameters
 */
export function certifyCompleteness(plan: Plan, laws: readonly NumericLaw[], random: Random, signs: Signs = "signed", attempts = 3): Completeness | null {
  const parameters = plan.dimension
  if (parameters === 0 || parameters > certificateLimit) return null
  const derived = countIndependent(plan, laws, random, signs)
  let best: Rank | null = null
  for (let k = 0; k < attempts; k++) {
    const found = lieRank(plan, random, signs, parameters - derived)
    if (found !== null && (best === null || found.rank > best.rank)) best = found
    if (best !== null && best.rank >= parameters - derived) break
  }
  if (best === null) return null
  const possible = parameters - best.rank
  return { parameters, lieRank: best.rank, possible, derived, gap: [best.gap[0], best.gap[1]], complete: derived === possible }
}

/** Rank of {∇h_k} at a random θ. */
export function countIndependent(plan: Plan, laws: readonly NumericLaw[], random: Random, signs: Signs = "signed"): number {
  const theta = drawParameters(plan, random, signs), rows: Float64Array[] = []
  for (const law of laws) for (const entry of law.entries) {
    const row = new Float64Array(plan.dimension)
    evaluateEntryGradient(entry, theta, row)
    const scaled = unit(row, 1e-12)
    if (scaled !== null) rows.push(scaled)
  }
  return rows.length === 0 ? 0 : rankOf(rows, plan.dimension).rank
}

/** Rank of the Lie algebra of gradient fields at one random θ; stops as soon as it reaches `enough`, which it cannot exceed. */
function lieRank(plan: Plan, random: Random, signs: Signs, enough: number): Rank | null {
  const D = plan.dimension, theta = drawParameters(plan, random, signs), unknowns = drawUnknowns(plan, random)
  const fields: Field[] = drawSamples(plan, D + 8, random, unknowns).samples.slice()
  const values = fields.map((f) => {
    const v = new Float64Array(D)
    evaluateField(plan, f, theta, v)
    return v
  })
  const norms = values.map(norm), largest = Math.max(...norms)
  if (!Number.isFinite(largest) || largest === 0) return null
  const rows = values.flatMap((v) => unit(v, largest * 1e-12) ?? [])
  let rank = rankOf(rows, D)
  if (rank.rank >= enough) return rank
  // First brackets: a pair is worth keeping when it is not small beside the product of its fields' norms.
  const pairs = Array.from({ length: 3 * (D - rank.rank) + 10 }, () => [random.integer(fields.length), random.integer(fields.length)] as const).filter(([a, b]) => a !== b)
  const first = pairs.map(([a, b]) => bracketOf(plan, fields[a], fields[b], theta, values[a], values[b]))
  first.forEach((v, k) => keep(v, norms[pairs[k][0]] * norms[pairs[k][1]], rows))
  rank = rankOf(rows, D)
  if (rank.rank >= enough) return rank
  const second = pairs.slice(0, 2 * (D - rank.rank) + 8).map(([a, b], k) => {
    const c = random.integer(fields.length)
    return { value: secondBracket(plan, fields[a], fields[b], fields[c], theta, values[c], first[k]), scale: norms[a] * norms[b] * norms[c] }
  })
  const deeper = rows.slice()
  second.forEach(({ value, scale }) => keep(value, scale, deeper, 1e-6))
  const next = rankOf(deeper, D)
  return next.rank > rank.rank && next.gap[1] < 1e-7 ? next : rank
}

function keep(v: Float64Array, scale: number, rows: Float64Array[], floor = 1e-9): void {
  const scaled = unit(v, floor * scale)
  if (scaled !== null) rows.push(scaled)
}

/** [f_a, f_b] = H_b f_a − H_a f_b. */
function bracketOf(plan: Plan, a: Field, b: Field, theta: Float64Array, fa: Float64Array, fb: Float64Array): Float64Array {
  const left = new Float64Array(plan.dimension), right = new Float64Array(plan.dimension)
  evaluateFieldTangent(plan, b, theta, fa, left)
  evaluateFieldTangent(plan, a, theta, fb, right)
  return left.map((x, i) => x - right[i])
}

/**
 * [[f_a, f_b], f_c] = H_c B − (DB) f_c, B the bracket. Third derivatives are taken by central differences of the exact bracket along f_c,
 * extrapolated once (error O(ε⁴)): good to about ten digits, so brackets below 1e-6 of their scale are dropped as noise.
 */
function secondBracket(plan: Plan, a: Field, b: Field, c: Field, theta: Float64Array, fc: Float64Array, bracket: Float64Array): Float64Array {
  const out = new Float64Array(plan.dimension), length = norm(fc)
  evaluateFieldTangent(plan, c, theta, bracket, out)
  if (length === 0) return out
  const at = (t: number): Float64Array => {
    const moved = theta.slice(), fa = new Float64Array(plan.dimension), fb = new Float64Array(plan.dimension)
    for (let i = 0; i < plan.dimension; i++) moved[i] += (t * fc[i]) / length
    evaluateField(plan, a, moved, fa)
    evaluateField(plan, b, moved, fb)
    return bracketOf(plan, a, b, moved, fa, fb)
  }
  const h = 1e-3, [p1, m1, p2, m2] = [at(h), at(-h), at(2 * h), at(-2 * h)]
  return out.map((x, i) => x - (length * (8 * (p1[i] - m1[i]) - (p2[i] - m2[i]))) / (12 * h))
}
