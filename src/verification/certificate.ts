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
import { integrateFlow, type VectorField } from "./flow"
import { finish, norm, unit } from "./linear"
import { evaluateField, evaluateFieldTangent } from "./loss"
import { measureRank, rankOf, type MeasuredRank, type Rank } from "./rank"

/** Above this many trainable numbers the certificate is not attempted: its cost grows with the cube. */
export const certificateLimit = 1500
/** Above this many, fields are not carried along flows: that takes some hundred Hessian products each, and what they add drowns in noise. */
const deepeningLimit = 200

/** Above this many, one θ has to do: each costs seconds. */
const repeatLimit = 300

/** `certifySteps` without its pauses. */
export const certifyCompleteness = (plan: Plan, laws: readonly NumericLaw[], random: Random, signs: Signs = "signed"): Completeness | null =>
  finish(certifySteps(plan, laws, random, signs))

/**
 * Tries several random θ where the count is not met at once; the best counts, since dead units lower a rank and nothing raises it.
 * @returns null when D is over the limit or the network has no trainable parameters; yields the part that is done, 0 … 1
 */
export function* certifySteps(
  plan: Plan,
  laws: readonly NumericLaw[],
  random: Random,
  signs: Signs,
  attempts = plan.dimension > repeatLimit ? 1 : plan.smooth ? 3 : 20,
): Generator<number, Completeness | null> {
  const parameters = plan.dimension
  if (parameters === 0 || parameters > certificateLimit) return null
  const derived = countIndependent(plan, laws, random, signs)
  const enough = parameters - derived
  const spans: Spanned[] = []
  let best: Rank | null = null
  const affordable = Math.max(2, Math.floor(totalWork / (plan.cost * livelyFields * (livelyAttempts + livelySteps))))
  for (let k = 0; k < Math.min(attempts, affordable) && (best === null || best.rank < enough); k++) {
    const found = yield* spanFirstBrackets(plan, random, signs, enough, k > 0)
    if (found === null) continue
    spans.push(found)
    if (best === null || found.rank.rank > best.rank) best = found.rank
  }
  if (best === null) return null
  // Deeper brackets only where the shallow ones leave a difference, and where the flow meets no kinks. At one θ they may drown in noise.
  let deepened = false
  for (const span of plan.smooth && parameters <= deepeningLimit ? spans : []) {
    if (best.rank >= enough) break
    if (span.rank.gap[0] < pushSignal) continue
    deepened = true
    const deeper = deepenSpan(plan, random, enough, span)
    if (deeper.rank > best.rank) best = deeper
    yield 0
  }
  const { rank, gap } = best
  const possible = parameters - rank
  const complete = derived === possible
  return { parameters, lieRank: rank, possible, derived, gap: [gap[0], gap[1]], complete, ...(complete || deepened ? {} : { firstBrackets: true }) }
}

/** Rank of {∇h_k} at a random θ. */
export function countIndependent(plan: Plan, laws: readonly NumericLaw[], random: Random, signs: Signs = "signed"): number {
  const theta = drawParameters(plan, random, signs),
    rows: Float64Array[] = []
  for (const law of laws)
    for (const entry of law.entries) {
      const row = new Float64Array(plan.dimension)
      evaluateEntryGradient(entry, theta, row)
      const scaled = unit(row, 1e-12)
      if (scaled !== null) rows.push(scaled)
    }
  return rows.length === 0 ? 0 : rankOf(rows, plan.dimension).rank
}

/** Gradient fields at one θ, and what they and their first brackets span there. */
interface Spanned {
  readonly theta: Float64Array
  readonly fields: readonly Field[]
  /** Numbers of the fields that are more than rounding. */
  readonly live: readonly number[]
  readonly norms: readonly number[]
  readonly rank: MeasuredRank
}

/**
 * Random θ at which as many parameters as possible have a gradient: behind a unit that no input reaches, dimensions are missing. They are missing
 * too where units are on for the same inputs, as units that read two others in the positive quadrant mostly are; `thorough` redraws some numbers
 * at a time as long as more are told apart.
 */
function drawLively(plan: Plan, fields: readonly Field[], random: Random, signs: Signs, thorough: boolean): Float64Array {
  const draw = (): Float64Array => drawParameters(plan, random, signs)
  let best = draw()
  if (plan.smooth) return best
  const D = plan.dimension,
    gradient = new Float64Array(D),
    patterns = new Float64Array(D),
    marks = fields.slice(0, livelyFields).map(() => random.uniform())
  const measure = (theta: Float64Array): { readonly alive: number; readonly apart: number } => {
    patterns.fill(0)
    marks.forEach((mark, k) => {
      evaluateField(plan, fields[k], theta, gradient)
      for (let i = 0; i < D; i++) if (gradient[i] !== 0) patterns[i] += mark
    })
    return { alive: patterns.reduce((n, p) => n + (p === 0 ? 0 : 1), 0), apart: new Set(patterns).size }
  }
  // Counted, not timed, so that a seed gives the same answer on every machine.
  const measures = Math.floor(drawWork / (plan.work * livelyFields))
  let most = -1
  for (let attempt = 0, theta = best; attempt < Math.min(livelyAttempts, Math.max(5, measures)); attempt++, theta = draw()) {
    const { alive } = measure(theta)
    if (alive > most) {
      most = alive
      best = theta
    }
    // Where nothing moves at several points nothing is alive at any.
    if (alive === D || (most === 0 && attempt >= 4)) break
  }
  if (most === 0) return best
  let score = thorough ? scoreOf(measure(best)) : 0
  for (let attempt = 0; thorough && attempt < Math.min(livelySteps, measures); attempt++) {
    const fresh = draw(),
      theta = best.map((x, i) => (random.uniform() < 3 / D ? fresh[i] : x)),
      next = scoreOf(measure(theta))
    if (next < score) continue
    best = theta
    score = next
  }
  return best
}
const scoreOf = ({ alive, apart }: { readonly alive: number; readonly apart: number }): number => alive + apart
const livelyAttempts = 60,
  livelySteps = 150,
  livelyFields = 40
/** Cells and products that drawing one θ, and drawing all of them, may cost: some seconds each. */
const drawWork = 1e8,
  totalWork = 2e8

/** Stops as soon as the rank reaches `enough`, which it cannot exceed. Null where the fields are not finite numbers. */
function* spanFirstBrackets(plan: Plan, random: Random, signs: Signs, enough: number, thorough: boolean): Generator<number, Spanned | null> {
  const D = plan.dimension,
    fields: readonly Field[] = drawSamples(plan, D + 8, random, drawUnknowns(plan, random)).samples,
    theta = drawLively(plan, fields, random, signs, thorough)
  const values: Float64Array[] = []
  for (const f of fields) {
    const v = new Float64Array(D)
    evaluateField(plan, f, theta, v)
    values.push(v)
    yield 0
  }
  const norms = values.map(norm),
    largest = Math.max(...norms)
  if (!Number.isFinite(largest)) return null
  const rows = values.flatMap((v) => unit(v, largest * 1e-12) ?? []),
    shallow = yield* measureRank(rows, D)
  // A field that is zero but for rounding, as of two equal ids under a softmax, has brackets of nothing but rounding.
  const live = fields.flatMap((_, k) => (norms[k] > largest * 1e-12 ? [k] : []))
  if (shallow.rank >= enough || largest === 0) return { theta, fields, live, norms, rank: shallow }
  // Each generic bracket adds a dimension until all are there; where units are dead, many vanish.
  const count = Math.ceil((plan.smooth ? 1.2 : 3) * (enough - shallow.rank)) + 10,
    brackets: Float64Array[] = []
  for (let k = 0; k < count; k++) {
    const a = live[random.integer(live.length)],
      b = live[random.integer(live.length)]
    yield 0
    // A bracket is worth keeping when it is not small beside the product of its fields' norms.
    if (a !== b) keep(bracketOf(plan, fields[a], fields[b], theta, values[a], values[b]), norms[a] * norms[b], brackets)
  }
  return { theta, fields, live, norms, rank: yield* measureRank(brackets, D, shallow) }
}

/** Adds fields carried along flows; their rank counts only where it stands clear of the integrator's noise. */
function deepenSpan(plan: Plan, random: Random, enough: number, { theta, fields, live, norms, rank }: Spanned): Rank {
  const deeper: Float64Array[] = []
  // Each has a part in every direction that is missing; no more can be missing than no law forbids.
  for (let k = 0; k < enough - rank.rank + 8; k++) {
    const a = live[random.integer(live.length)],
      b = live[random.integer(live.length)]
    const pushed = a === b ? null : pushField(plan, fields[a], fields[b], theta, norms[b])
    if (pushed !== null) keep(pushed, norms[a], deeper)
  }
  const next = finish(measureRank(deeper, plan.dimension, rank))
  return next.rank > rank.rank && next.gap[1] < pushNoise && next.gap[0] > pushSignal ? next : rank
}

function keep(v: Float64Array, scale: number, rows: Float64Array[], floor = 1e-9): void {
  const scaled = unit(v, floor * scale)
  if (scaled !== null) rows.push(scaled)
}

/** [f_a, f_b] = H_b f_a − H_a f_b. */
function bracketOf(plan: Plan, a: Field, b: Field, theta: Float64Array, fa: Float64Array, fb: Float64Array): Float64Array {
  const left = new Float64Array(plan.dimension),
    right = new Float64Array(plan.dimension)
  evaluateFieldTangent(plan, b, theta, fa, left)
  evaluateFieldTangent(plan, a, theta, fb, right)
  return left.map((x, i) => x - right[i])
}

/** Relative error of pushed fields: some hundred steps at the tolerance of the integrator. */
const pushNoise = 1e-11,
  pushSignal = 100 * pushNoise

/**
 * The field a, carried to θ by the flow of the field b from where θ lay a while before: Σ tⁿ/n! adⁿ_b(a), brackets of every depth at once, and
 * tangent to the orbit (Sussmann 1973). Needs only first derivatives of fields, along the flow: v′ = H_b v. Null where the flow cannot be followed.
 */
function pushField(plan: Plan, a: Field, b: Field, theta: Float64Array, speed: number): Float64Array | null {
  const D = plan.dimension,
    time = (pushLength * norm(theta.subarray(0, D))) / Math.max(speed, 1e-300)
  const frozen = theta.subarray(D),
    place = new Float64Array(theta.length),
    v = new Float64Array(D)
  place.set(frozen, D)
  const settle = (state: Float64Array): Float64Array => {
    place.set(state.subarray(0, D))
    return place
  }
  const back = follow(
    (state, into) => {
      evaluateField(plan, b, settle(state), into)
      for (let i = 0; i < D; i++) into[i] = -into[i]
      return 0
    },
    theta.slice(0, D),
    time,
  )
  if (back === null) return null
  const start = new Float64Array(2 * D),
    carried = new Float64Array(D)
  start.set(back)
  evaluateField(plan, a, settle(back), carried)
  // The carried vector is scaled to θ's length, so that one tolerance serves both halves of the state.
  const scale = norm(carried) === 0 ? 1 : norm(back) / norm(carried)
  carried.forEach((x, i) => {
    start[D + i] = scale * x
  })
  const end = follow(
    (state, into) => {
      v.set(state.subarray(D))
      evaluateFieldTangent(plan, b, settle(state), v, carried)
      into.set(plan.gradient)
      into.set(carried, D)
      return 0
    },
    start,
    time,
  )
  return end === null ? null : end.slice(D).map((x) => x / scale)
}

/** How far θ is carried, relative to its length: far enough for three brackets in a row to show. */
const pushLength = 0.05

function follow(field: VectorField, start: Float64Array, time: number): Float64Array | null {
  const steps = integrateFlow(field, start, start.length, { tolerance: 1e-13, horizon: time, firstStep: time / 20, maximalEvaluations: 3000 })
  for (let last = start; ;) {
    const next = steps.next()
    if (next.done) return next.value === "horizon" ? last.slice() : null
    last = next.value.theta
  }
}
