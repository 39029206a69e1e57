/**
 * @file One homogeneous linear system over few unknowns, eliminated as equations arrive. Coefficients are degrees of homogeneity and their
 * products: small numbers, exact or nearly so; below 1e-9 they count as zero.
 */
export type UnknownId = number

/**
 * Σ coefficient · unknown, as unknown, coefficient, unknown, coefficient, …: every unknown once, in the order in which they came in, no coefficient
 * zero. Nearly all have one or two terms, and there are a dozen for each unknown: a map would take three times the memory.
 */
export type Expression = readonly number[]

const TINY = 1e-9
/** From so many numbers on terms are looked up in a map. */
const LONG = 32

export const emptyExpression: Expression = []

export const isZero = (e: Expression): boolean => e.length === 0
export const termCount = (e: Expression): number => e.length / 2

export function unknownsOf(e: Expression): UnknownId[] {
  const list: UnknownId[] = []
  for (let i = 0; i < e.length; i += 2) list.push(e[i])
  return list
}

/** A sum that grows term by term; a term that has become zero stands there with coefficient 0 until the end. */
class Sum {
  readonly terms: number[]
  /** Where each unknown stands, once there are many. */
  private places: Map<UnknownId, number> | null = null

  constructor(from: Expression) {
    this.terms = from.slice()
  }

  add(u: UnknownId, c: number): void {
    const { terms } = this,
      at = this.place(u)
    // What was taken out comes in again at the end.
    if (at >= 0 && terms[at + 1] !== 0) terms[at + 1] = nonzero(terms[at + 1] + c)
    else if (nonzero(c) !== 0) {
      this.places?.set(u, terms.length)
      terms.push(u, c)
    }
  }

  private place(u: UnknownId): number {
    const { terms } = this
    if (terms.length < LONG) {
      for (let i = terms.length - 2; i >= 0; i -= 2) if (terms[i] === u) return i
      return -1
    }
    if (this.places === null) {
      this.places = new Map()
      for (let i = 0; i < terms.length; i += 2) this.places.set(terms[i], i)
    }
    return this.places.get(u) ?? -1
  }

  finish(): Expression {
    const { terms } = this
    let end = 0
    for (let i = 0; i < terms.length; i += 2) {
      if (terms[i + 1] === 0) continue
      terms[end++] = terms[i]
      terms[end++] = terms[i + 1]
    }
    // A copy, since a list that grew has room for more.
    return end === 0 ? emptyExpression : terms.slice(0, end)
  }
}

const nonzero = (c: number): number => (Math.abs(c) < TINY ? 0 : c)

/** a + factor·b */
export function addScaled(a: Expression, b: Expression, factor: number): Expression {
  if (factor === 0 || b.length === 0) return a
  if (factor === 1 && a.length === 0) return b
  // One term and another make most sums.
  if (a.length === 2 && b.length === 2 && a[0] !== b[0] && nonzero(factor * b[1]) !== 0) return [a[0], a[1], b[0], factor * b[1]]
  const sum = new Sum(a)
  for (let i = 0; i < b.length; i += 2) sum.add(b[i], factor * b[i + 1])
  return sum.finish()
}

export const scaled = (a: Expression, factor: number): Expression => (factor === 1 ? a : addScaled(emptyExpression, a, factor))

/** Σ of terms in which an unknown may occur several times. */
export function sumOf(terms: Expression): Expression {
  const sum = new Sum(emptyExpression)
  for (let i = 0; i < terms.length; i += 2) sum.add(terms[i], terms[i + 1])
  return sum.finish()
}

export class LinearSystem {
  /** pivot = Σ coefficients · smaller unknowns. */
  private readonly pivots: Map<UnknownId, Expression>

  constructor(from?: LinearSystem) {
    this.pivots = new Map(from?.pivots)
  }

  /** The expression with known pivots replaced. */
  reduce(expression: Expression): Expression {
    return expression.length === 2 ? this.reduceTerm(expression) : this.hasPivot(expression) ? this.replacePivots(expression) : expression
  }

  private replacePivots(expression: Expression): Expression {
    const sum = new Sum(expression),
      { terms } = sum
    // What a pivot brings in stands at the end, so that one pass meets it too.
    for (let i = 0; i < terms.length; i += 2) {
      const coefficient = terms[i + 1]
      const e = coefficient === 0 ? undefined : this.pivots.get(terms[i])
      if (e === undefined) continue
      terms[i + 1] = 0
      for (let k = 0; k < e.length; k += 2) sum.add(e[k], coefficient * e[k + 1])
    }
    return sum.finish()
  }

  /** The same for one term, which mostly has no pivot, or one that is again a term or nothing. */
  private reduceTerm(term: Expression): Expression {
    let e = this.pivots.get(term[0])
    if (e === undefined) return term
    let unknown = term[0],
      coefficient = term[1]
    while (e !== undefined && e.length <= 2) {
      coefficient = e.length === 0 ? 0 : nonzero(coefficient * e[1])
      if (coefficient === 0) return emptyExpression
      unknown = e[0]
      e = this.pivots.get(unknown)
    }
    return e === undefined ? [unknown, coefficient] : this.replacePivots([unknown, coefficient])
  }

  private hasPivot(expression: Expression): boolean {
    for (let i = 0; i < expression.length; i += 2) if (this.pivots.has(expression[i])) return true
    return false
  }

  /** Demands expression = 0; solves for its newest unknown. Returns whether that was news. */
  demandZero(expression: Expression): boolean {
    const reduced = this.reduce(expression)
    if (reduced.length === 0) return false
    let at = 0
    for (let i = 2; i < reduced.length; i += 2) if (reduced[i] > reduced[at]) at = i
    this.pivots.set(reduced[at], reduced.length === 2 ? emptyExpression : solvedFor(at, reduced))
    return true
  }

  /** Every pivot as an expression in free unknowns. */
  solve(): ReadonlyMap<UnknownId, Expression> {
    const open: UnknownId[] = []
    this.pivots.forEach((e, u) => {
      if (e.length > 0) open.push(u)
    })
    // A pivot's expression has smaller unknowns only: those are solved before it.
    for (const u of open.sort((a, b) => a - b)) this.pivots.set(u, this.reduce(this.pivots.get(u)!))
    return this.pivots
  }
}

/** The term at place `at` as an expression in the others. */
function solvedFor(at: number, expression: Expression): Expression {
  const factor = -1 / expression[at + 1]
  if (expression.length === 4) {
    const other = 2 - at,
      c = nonzero(factor * expression[other + 1])
    return c === 0 ? emptyExpression : [expression[other], c]
  }
  return addScaled(emptyExpression, [...expression.slice(0, at), ...expression.slice(at + 2)], factor)
}
