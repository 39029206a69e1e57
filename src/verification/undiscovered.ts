/**
 * @file Laws that no rule derived, looked for where the certificate leaves room for them: combinations Σ c_k F_k of readable quantities F_k with
 * Σ c_k ⟨∇F_k, ∇f_i⟩ = 0 at random points are a null space. What it adds to the derived laws is measured again at other points before it is told.
 */
import type { Discovery } from "../schema/report"
import type { Plan } from "./plan"
import type { NumericLaw } from "./laws"
import type { Random } from "./random"
import { drawParameters, drawUnknowns, type Signs } from "./data"
import { blockForms, everyForm, type Form } from "./forms"
import { evaluateEntryGradient } from "./laws"
import { dot, finish, norm, unit } from "./linear"
import { findNullSpace, findQuadraticLaws, sampleGradients } from "./quadratic"
import { growSpan } from "./span"

/** Readable quantities at most: a null space of so many takes a tenth of a second. */
const mostForms = 800
/** Up to this many trainable numbers, all products of two are searched as well, in one or two seconds. */
const exhaustiveLimit = 80
/** A combination of more terms is counted and not shown. */
const readableTerms = 8

/**
 * @param derived exact laws that are known
 * @param missing how many more there may be
 * @returns yields the part that is done
 */
export function* discoverSteps(
  plan: Plan,
  derived: readonly NumericLaw[],
  missing: number,
  random: Random,
  signs: Signs,
): Generator<number, Discovery> {
  const D = plan.dimension,
    theta = drawParameters(plan, random, signs),
    unknowns = drawUnknowns(plan, random)
  const known: Float64Array[] = derived.flatMap(({ entries }) =>
    entries.flatMap((entry) => {
      const row = new Float64Array(D)
      evaluateEntryGradient(entry, theta, row)
      return unit(row, 1e-12) ?? []
    }),
  )
  const basis = [...finish(growSpan(known, D)).basis]
  const laws: { formula: string; parameters: readonly string[] }[] = []
  let found = 0
  const exhaustive = D <= exhaustiveLimit
  for (const every of exhaustive ? [false, true] : [false]) {
    if (found >= missing) break
    const forms = every ? everyForm(plan.slots) : blockForms(plan.slots, mostForms)
    yield every ? 0.5 : 0
    const { vectors } = every
      ? yield* findQuadraticLaws(plan, unknowns, random, signs)
      : yield* findNullSpace(forms.length, sampleEquations(plan, forms, unknowns, random, signs))
    const combinations = shorten(reduce(every ? vectors.map((law) => combinationOf(law, D)) : vectors))
    for (const c of combinations.sort((a, b) => weight(a) - weight(b))) {
      if (found >= missing) break
      const gradient = gradientOf(forms, c, theta, D),
        fresh = outside(basis, gradient)
      if (fresh === null || !isConserved(plan, forms, c, unknowns, random, signs)) continue
      basis.push(fresh)
      found++
      const formula = combinationText(forms, c)
      if (formula !== null) laws.push({ formula, parameters: [...new Set(forms.flatMap((f, i) => (c[i] === 0 ? [] : f.parameters)))] })
    }
  }
  laws.sort((a, b) => a.formula.localeCompare(b.formula, "en", { numeric: true }))
  return { searched: exhaustive ? "all" : "blocks", found, laws }
}

/** ½θᵀMθ + cᵀθ as a combination of all products of two numbers and all numbers. */
function combinationOf(law: Float64Array, D: number): Float64Array {
  const combination = law.slice()
  for (let i = 0, at = 0; i < D; at += D - i, i++) combination[at] /= 2
  return combination
}

/** ⟨∇F_k, ∇f_i⟩ for all k at unit length, at random θ and fields. */
function* sampleEquations(
  plan: Plan,
  forms: readonly Form[],
  unknowns: ReadonlyMap<number, Float64Array>,
  random: Random,
  signs: Signs,
): Generator<Float64Array, void> {
  const row = new Float64Array(forms.length)
  let silent = 0
  for (const { theta, gradient } of sampleGradients(plan, unknowns, random, signs)) {
    forms.forEach(({ entry }, k) => (row[k] = derivative(entry, theta, gradient)))
    const scaled = unit(row, 1e-12)
    silent = scaled === null ? silent + 1 : 0
    if (silent === forms.length + 40) return
    if (scaled !== null) yield scaled
  }
}

/** ⟨∇F, g⟩ at θ. */
function derivative({ i, j, quadratic, at, linear }: Form["entry"], theta: Float64Array, g: Float64Array): number {
  let sum = 0
  for (let k = 0; k < i.length; k++) sum += quadratic[k] * (theta[i[k]] * g[j[k]] + theta[j[k]] * g[i[k]])
  for (let k = 0; k < at.length; k++) sum += linear[k] * g[at[k]]
  return sum
}

function gradientOf(forms: readonly Form[], c: Float64Array, theta: Float64Array, D: number): Float64Array {
  const sum = new Float64Array(D),
    row = new Float64Array(D)
  forms.forEach(({ entry }, k) => {
    if (c[k] === 0) return
    evaluateEntryGradient(entry, theta, row)
    for (let i = 0; i < D; i++) sum[i] += c[k] * row[i]
  })
  return sum
}

/** The part of a vector outside an orthonormal basis, at unit length; null where there is none. */
function outside(basis: readonly Float64Array[], v: Float64Array): Float64Array | null {
  const rest = unit(v, 1e-9)
  if (rest === null) return null
  for (let twice = 0; twice < 2; twice++)
    for (const q of basis) {
      const c = dot(rest, q)
      for (let i = 0; i < rest.length; i++) rest[i] -= c * q[i]
    }
  return unit(rest, 1e-6)
}

const checks = 12
/** Relative speed along a field that counts as none; rounding leaves some 1e-14, quantities that are no laws some 1e-1. */
const stillRate = 1e-9

/** At points that the null space has not seen. */
function isConserved(
  plan: Plan,
  forms: readonly Form[],
  c: Float64Array,
  unknowns: ReadonlyMap<number, Float64Array>,
  random: Random,
  signs: Signs,
): boolean {
  let checked = 0
  for (const { theta, gradient } of sampleGradients(plan, unknowns, random, signs)) {
    const own = gradientOf(forms, c, theta, plan.dimension)
    if (Math.abs(dot(own, gradient)) > stillRate * norm(own)) return false
    if (++checked === checks) break
  }
  return true
}

const weight = (c: Float64Array): number => c.reduce((n, x) => n + (x === 0 ? 0 : 1), 0)

/** Gauss and Jordan's elimination with pivots of largest size: few entries each, round coefficients, rounding errors set to zero. */
function reduce(basis: readonly Float64Array[]): Float64Array[] {
  const rows = basis.map((v) => v.slice())
  rows.forEach((row, r) => {
    const at = row.reduce((best, x, i) => (Math.abs(x) > Math.abs(row[best]) ? i : best), 0),
      pivot = row[at]
    if (pivot === 0) return
    for (let i = 0; i < row.length; i++) row[i] /= pivot
    rows.forEach((other, k) => {
      const factor = other[at]
      if (k === r || factor === 0) return
      for (let i = 0; i < row.length; i++) other[i] -= factor * row[i]
    })
  })
  return rows.map((row) => row.map((x) => (Math.abs(x) < 1e-7 ? 0 : roundCoefficient(x))))
}

/** Takes multiples of combinations from each other as long as one becomes shorter: norms by rows and by columns have a sum in common. */
function shorten(rows: readonly Float64Array[]): Float64Array[] {
  const all = [...rows]
  if (all.length > mostShortened) return all
  for (let changed = true; changed; ) {
    changed = false
    for (const [a, row] of all.entries())
      for (const [b, other] of all.entries()) {
        if (a === b) continue
        const factors = new Set<number>()
        other.forEach((x, i) => {
          if (x !== 0 && row[i] !== 0) factors.add(row[i] / x)
        })
        for (const factor of factors) {
          const next = all[a].map((x, i) => {
            const less = x - factor * other[i]
            return Math.abs(less) < 1e-7 ? 0 : roundCoefficient(less)
          })
          if (weight(next) === 0 || weight(next) >= weight(all[a])) continue
          all[a] = next
          changed = true
        }
      }
  }
  return all
}
const mostShortened = 100

/** The fraction with a denominator up to twelve that it nearly is, or itself. */
function roundCoefficient(x: number): number {
  for (let q = 1; q <= 12; q++) if (Math.abs(x * q - Math.round(x * q)) < 1e-6) return Math.round(x * q) / q
  return x
}

/** "‖A[:,0]‖² − ‖B[0,:]‖²"; null where it takes too many terms. */
function combinationText(forms: readonly Form[], c: Float64Array): string | null {
  const wholes = new Map<string, { count: number; parts: number; coefficient: number; same: boolean }>()
  forms.forEach(({ whole }, k) => {
    if (whole === null || c[k] === 0) return
    const key = `${whole.text} ${whole.parts}`,
      seen = wholes.get(key)
    if (seen === undefined) wholes.set(key, { count: 1, parts: whole.parts, coefficient: c[k], same: true })
    else {
      seen.count++
      seen.same &&= seen.coefficient === c[k]
    }
  })
  const terms = new Map<string, number>()
  forms.forEach(({ text, whole }, k) => {
    if (c[k] === 0) return
    const group = whole === null ? undefined : wholes.get(`${whole.text} ${whole.parts}`)
    const complete = whole !== null && group !== undefined && group.same && group.count === group.parts
    terms.set(complete ? whole.text : text, c[k])
  })
  if (terms.size === 0 || terms.size > readableTerms) return null
  const [[, first]] = terms
  return [...terms]
    .map(([text, value], k) => {
      const scaled = roundCoefficient(value / first),
        size = Math.abs(scaled) === 1 ? "" : `${Number(Math.abs(scaled).toPrecision(4))}·`
      return k === 0 ? `${size}${text}` : `${scaled < 0 ? " − " : " + "}${size}${text}`
    })
    .join("")
}
