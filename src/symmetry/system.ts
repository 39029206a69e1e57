/**
 * @file One homogeneous linear system over few unknowns, eliminated as equations arrive. Coefficients are degrees of homogeneity and their
 * products: small numbers, exact or nearly so; below 1e-9 they count as zero.
 */
export type UnknownId = number
export type Expression = ReadonlyMap<UnknownId, number>

const TINY = 1e-9

export const emptyExpression: Expression = new Map()

export function addScaled(a: Expression, b: Expression, factor: number): Expression {
  if (factor === 0 || b.size === 0) return a
  const out = new Map(a)
  for (const [u, c] of b) add(out, u, factor * c)
  return out
}

/** Adds to one coefficient; what is nearly zero is left out. */
export function add(to: Map<UnknownId, number>, u: UnknownId, c: number): void {
  const sum = (to.get(u) ?? 0) + c
  if (Math.abs(sum) < TINY) to.delete(u)
  else to.set(u, sum)
}

export const scaled = (a: Expression, factor: number): Expression => (factor === 1 ? a : addScaled(emptyExpression, a, factor))

export class LinearSystem {
  /** pivot = Σ coefficients · smaller unknowns. */
  private readonly pivots: Map<UnknownId, Expression>

  constructor(from?: LinearSystem) {
    this.pivots = new Map(from?.pivots)
  }

  /** The expression with known pivots replaced. */
  reduce(expression: Expression): Expression {
    if (!this.hasPivot(expression)) return expression
    const out = new Map(expression)
    // What a pivot brings in stands at the end, so that one pass meets it too.
    for (const [u, coefficient] of out) {
      const e = this.pivots.get(u)
      if (e === undefined) continue
      out.delete(u)
      for (const [other, c] of e) add(out, other, coefficient * c)
    }
    return out
  }

  private hasPivot(expression: Expression): boolean {
    for (const u of expression.keys()) if (this.pivots.has(u)) return true
    return false
  }

  /** Demands expression = 0; solves for its newest unknown. Returns whether that was news. */
  demandZero(expression: Expression): boolean {
    const reduced = this.reduce(expression)
    if (reduced.size === 0) return false
    let pivot = -1
    for (const u of reduced.keys()) if (u > pivot) pivot = u
    this.pivots.set(pivot, reduced.size === 1 ? emptyExpression : solvedFor(pivot, reduced))
    return true
  }

  /** Every pivot as an expression in free unknowns. */
  solve(): ReadonlyMap<UnknownId, Expression> {
    const open: UnknownId[] = []
    for (const [u, e] of this.pivots) if (e.size > 0) open.push(u)
    // A pivot's expression has smaller unknowns only: those are solved before it.
    for (const u of open.sort((a, b) => a - b)) this.pivots.set(u, this.reduce(this.pivots.get(u)!))
    return this.pivots
  }
}

function solvedFor(pivot: UnknownId, expression: Expression): Expression {
  const coefficient = expression.get(pivot)!,
    rest = new Map<UnknownId, number>()
  for (const [u, c] of expression) if (u !== pivot) add(rest, u, (-1 / coefficient) * c)
  return rest
}
