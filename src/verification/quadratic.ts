/**
 * @file All functions ½θᵀMθ + cᵀθ whose gradient Mθ + c is orthogonal to all gradient fields of a network, as a null space sampled over θ and data.
 * At one θ the fields span a space of nearly D dimensions, so Mθ + c is a combination Wy of the few vectors W orthogonal to it. Over D + 1 random θ,
 * columns of Θ with a one below each, [M c] = [W₁y₁ W₂y₂ …]Θ⁻¹, and what remains to be solved is that M is symmetric: in as many unknowns as there
 * are y. Where that is no fewer than the ½D(D + 3) of M and c, these are solved for.
 */
import type { Plan } from "./plan"
import type { Random } from "./random"
import { drawParameters, drawSamples, type Signs } from "./data"
import { eliminateRows } from "./eliminate"
import { dot, norm, unit } from "./linear"
import { evaluateField, type Field } from "./loss"
import { nullSpace } from "./rank"

/** Number of unknowns: M on and above its diagonal, row by row, and c. */
export const countUnknowns = (D: number): number => (D * (D + 3)) / 2

/** From here on fewer unknowns are worth more gradients. */
const smallestReduced = 33
/** Part of the ½D(D + 3) unknowns that there may be of y. */
const mostReduced = 0.6
/**
 * Part of a row outside of those before it from which it counts. A hundred small networks had parts down to 1e-4, and rounding up to 1e-9; what is
 * taken for rounding here and is none, further rows find.
 */
const independent = 1e-7
/** The gap that the way by y has to show, with the digits that Θ⁻¹ costs: else M and c are solved for. */
const clearGap: readonly [number, number] = [1e-6, 1e-8]

export interface QuadraticLaws {
  /** Vectors in M and c, independent of each other, of length 1. */
  readonly vectors: readonly Float64Array[]
  /** Lengths on both sides of the cut between what is conserved and what is not. */
  readonly gap: readonly [number, number]
}

/** Yields the part that is done, 0 … 1. */
export function* findQuadraticLaws(
  plan: Plan,
  unknowns: ReadonlyMap<number, Float64Array>,
  random: Random,
  signs: Signs,
): Generator<number, QuadraticLaws> {
  const columns = countUnknowns(plan.dimension),
    equations = sampleEquations(plan.dimension, sampleGradients(plan, unknowns, random, signs))
  const reduced = plan.dimension < smallestReduced ? null : yield* solveSymmetric(plan, unknowns, random, signs)
  return yield* findNullSpace(columns, equations, reduced)
}

/**
 * The null space of rows that are drawn: candidates by elimination, unless they are given, and of these the combinations that further rows send to
 * zero, cut at the largest gap. Yields the part that is done.
 */
export function* findNullSpace(
  columns: number,
  equations: Generator<Float64Array>,
  given: readonly Float64Array[] | null = null,
): Generator<number, QuadraticLaws> {
  const fill = (row: Float64Array): boolean => {
    const next = equations.next()
    if (next.done !== true) row.set(next.value)
    return next.done !== true
  }
  let vectors = given ?? (yield* eliminateRows(columns, fill, independent)).vectors,
    gap: readonly [number, number] = [0, 0]
  // Rows are not all alike, for units that are on at few points: as long as new ones find something to take away, more are drawn.
  for (let rounds = 0; vectors.length > 0 && rounds < mostRounds; rounds++) {
    const before: readonly Float64Array[] = vectors,
      wanted = Math.ceil(1.6 * before.length) + 40,
      products: Float64Array[] = [],
      row = new Float64Array(columns)
    while (products.length < wanted && fill(row)) products.push(Float64Array.from(before, (v) => dot(v, row)))
    if (products.length === 0) break
    const kept = nullSpace(products, before.length, 1)
    gap = kept.gap
    if (kept.basis.length === before.length) break
    vectors = kept.basis.flatMap((weights) => unit(combine(before, weights, columns), 0) ?? [])
    yield 1
  }
  return { vectors, gap }
}
const mostRounds = 6

function combine(vectors: readonly Float64Array[], weights: Float64Array, columns: number): Float64Array {
  const sum = new Float64Array(columns)
  vectors.forEach((v, k) => {
    for (let i = 0; i < columns; i++) sum[i] += weights[k] * v[i]
  })
  return sum
}

export interface SampledGradient {
  readonly theta: Float64Array
  /** At unit length. */
  readonly gradient: Float64Array
}

/** Gradients of random fields at random θ, three at each; those whose last digits are rounding are left out, where others can be had. */
export function* sampleGradients(
  plan: Plan,
  unknowns: ReadonlyMap<number, Float64Array>,
  random: Random,
  signs: Signs,
): Generator<SampledGradient, void> {
  let taken = 0,
    left = 0
  for (let silent = 0; silent < mostSilent; ) {
    const theta = drawParameters(plan, random, signs),
      moved = nudged(plan, theta, random)
    for (const field of drawSamples(plan, 3, random, unknowns).samples) {
      const gradient = gradientAt(plan, field, theta)
      silent = gradient === null ? silent + 1 : 0
      if (gradient === null) continue
      if (left < 50 + taken && !isSteady(plan, field, gradient, moved)) left++
      else {
        taken++
        yield { theta, gradient }
      }
    }
  }
}
/** So many gradients in a row that are zero, or no numbers, are taken for all. */
const mostSilent = 300

/** How much faster than θ a gradient may change; where it changes faster, behind a division by nearly nothing, its last digits are rounding. */
const steadiness = 1e3
const nudge = 1e-9

const nudged = (plan: Plan, theta: Float64Array, random: Random): Float64Array =>
  theta.map((x, i) => (i < plan.dimension ? x * (1 + nudge * random.normal()) : x))

function isSteady(plan: Plan, field: Field, gradient: Float64Array, moved: Float64Array): boolean {
  const there = gradientAt(plan, field, moved)
  return there !== null && norm(there.map((g, i) => g - gradient[i])) < steadiness * nudge
}

/** At unit length; null where it is zero, or what is left of sums that cancel, or no number. */
function gradientAt(plan: Plan, field: Field, theta: Float64Array): Float64Array | null {
  const gradient = new Float64Array(plan.dimension)
  evaluateField(plan, field, theta, gradient)
  return unit(gradient, 1e-12)
}

/** Coefficients of ⟨g, Mθ + c⟩ in M and in c at unit length, of which g's is at most one. */
function* sampleEquations(D: number, gradients: Generator<SampledGradient>): Generator<Float64Array, void> {
  for (const { theta, gradient: g } of gradients) {
    const row = new Float64Array(countUnknowns(D))
    let k = 0
    for (let i = 0; i < D; i++) {
      row[k++] = g[i] * theta[i]
      for (let j = i + 1; j < D; j++) row[k++] = g[i] * theta[j] + g[j] * theta[i]
    }
    row.set(g, k)
    const length = norm(row)
    for (let i = 0; i < row.length; i++) row[i] /= length
    yield row
  }
}

/** Candidates by way of the y; null where these are too many, or what they solve is not told from rounding. */
function* solveSymmetric(
  plan: Plan,
  unknowns: ReadonlyMap<number, Float64Array>,
  random: Random,
  signs: Signs,
): Generator<number, readonly Float64Array[] | null> {
  const D = plan.dimension,
    thetas: Float64Array[] = [],
    spaces: (readonly Float64Array[])[] = [],
    most = mostReduced * countUnknowns(D)
  let count = 0
  while (thetas.length <= D) {
    const theta = drawParameters(plan, random, signs),
      space = orthogonalTo(spanFields(plan, theta, unknowns, random), D)
    thetas.push(Float64Array.from({ length: D + 1 }, (_, i) => (i < D ? theta[i] : 1)))
    spaces.push(space)
    count += space.length
    // Three are enough to tell how many there will be.
    if (thetas.length > 2 && (count / thetas.length) * (D + 1) > most) return null
    yield 0
  }
  const inverse = invert(thetas)
  if (inverse === null) return null
  // Column (i, a) of the system is the matrix W_i[:, a]·Θ⁻¹[i, :], less its transpose, at one place above the diagonal a row.
  const columns = spaces.flatMap((space, i) => space.map((w) => ({ w, v: inverse[i] })))
  const places = shuffle(Array.from({ length: (D * (D - 1)) / 2 }, (_, k) => k), random)
  let next = 0
  const fill = (row: Float64Array): boolean => {
    if (next === places.length) return false
    const [j, k] = placeOf(places[next++])
    columns.forEach(({ w, v }, c) => (row[c] = w[j] * v[k] - w[k] * v[j]))
    const length = norm(row)
    if (length > 0) for (let c = 0; c < row.length; c++) row[c] /= length
    return true
  }
  const { vectors, gap } = yield* eliminateRows(columns.length, fill, independent)
  if (gap[0] < clearGap[0] || gap[1] > clearGap[1]) return null
  return vectors.flatMap((y) => unit(lawOf(y, columns, D), 0) ?? [])
}

/** j < k of the place with number n = ½k(k − 1) + j. */
function placeOf(n: number): readonly [number, number] {
  const k = Math.floor((1 + Math.sqrt(1 + 8 * n)) / 2)
  return [n - (k * (k - 1)) / 2, k]
}

function shuffle(list: number[], random: Random): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    ;[list[i], list[j]] = [list[j], list[i]]
  }
  return list
}

/** M and c, from [M c] = Σ y·w vᵀ, M made symmetric. */
function lawOf(y: Float64Array, columns: readonly { readonly w: Float64Array; readonly v: Float64Array }[], D: number): Float64Array {
  const matrix = new Float64Array(D * (D + 1))
  columns.forEach(({ w, v }, c) => {
    if (y[c] === 0) return
    for (let i = 0; i < D; i++) {
      const factor = y[c] * w[i]
      for (let j = 0; j <= D; j++) matrix[i * (D + 1) + j] += factor * v[j]
    }
  })
  const law = new Float64Array(countUnknowns(D))
  let at = 0
  for (let i = 0; i < D; i++) for (let j = i; j < D; j++) law[at++] = (matrix[i * (D + 1) + j] + matrix[j * (D + 1) + i]) / 2
  for (let i = 0; i < D; i++) law[at++] = matrix[i * (D + 1) + D]
  return law
}

/** Gradients in a row that add nothing, after which no more are tried. */
const patience = 6
/** Part of a gradient outside of those before that counts: what is told from rounding only just would spoil what is orthogonal to it. */
const outside = 1e-2
/** An orthonormal basis of what gradient fields span at θ, as far as it stands clear of rounding. */
function spanFields(plan: Plan, theta: Float64Array, unknowns: ReadonlyMap<number, Float64Array>, random: Random): readonly Float64Array[] {
  const basis: Float64Array[] = [],
    moved = nudged(plan, theta, random)
  for (let idle = 0; idle < patience && basis.length < plan.dimension; idle++) {
    const [field] = drawSamples(plan, 1, random, unknowns).samples,
      gradient = gradientAt(plan, field, theta),
      rest = gradient === null ? null : unit(withoutComponents(gradient.slice(), basis), outside)
    if (gradient === null || rest === null || !isSteady(plan, field, gradient, moved)) continue
    basis.push(withoutComponents(rest, basis))
    idle = -1
  }
  return basis
}

/** v less its components along an orthonormal basis, in place. */
function withoutComponents(v: Float64Array, basis: readonly Float64Array[]): Float64Array {
  for (const q of basis) {
    const c = dot(v, q)
    for (let i = 0; i < v.length; i++) v[i] -= c * q[i]
  }
  return v
}

/** An orthonormal basis of the rest of the space. */
const orthogonalTo = (basis: readonly Float64Array[], D: number): readonly Float64Array[] => nullSpace(basis, D).basis

/** A matrix inverse larger than this costs digits that the elimination needs. */
const largestInverse = 1e4

/** The inverse of the matrix with these columns, by rows, as Gauss and Jordan have it; null where it is too large. */
function invert(columns: readonly Float64Array[]): readonly Float64Array[] | null {
  const n = columns.length,
    rows = Array.from({ length: n }, (_, i) => Float64Array.from({ length: 2 * n }, (_unused, j) => (j < n ? columns[j][i] : Number(j - n === i))))
  for (let k = 0; k < n; k++) {
    let at = k
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[at][k])) at = i
    const pivot = rows[at]
    rows[at] = rows[k]
    rows[k] = pivot
    const by = pivot[k]
    if (by === 0) return null
    for (let j = k; j < 2 * n; j++) pivot[j] /= by
    rows.forEach((row, i) => {
      const factor = row[k]
      if (i !== k && factor !== 0) for (let j = k; j < 2 * n; j++) row[j] -= factor * pivot[j]
    })
  }
  const inverse = rows.map((row) => row.slice(n))
  return Math.max(...inverse.map(norm)) > largestInverse ? null : inverse
}
