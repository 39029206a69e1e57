/**
 * @file The solution space of a linear system: pivots as expressions in free unknowns, with the question whether a vector lies in it.
 */
import { emptyExpression, isZero, sumOf } from "./system"
import type { Expression, UnknownId } from "./system"

export interface SolutionSpace {
  readonly isFree: (u: UnknownId) => boolean
  /** What a free unknown moves: pivots with their coefficients. */
  readonly moves: (free: UnknownId) => Expression
  readonly contains: (vector: Expression) => boolean
  /** How far a vector is from the space, linear in it: empty for its members. Vectors are independent modulo the space iff these are. */
  readonly residual: (vector: Expression) => Expression
}

/** @param pivots in free unknowns. */
export function makeSolutionSpace(pivots: ReadonlyMap<UnknownId, Expression>): SolutionSpace {
  const dependents = new Map<UnknownId, number[]>()
  pivots.forEach((e, pivot) => {
    for (let i = 0; i < e.length; i += 2) {
      const list = dependents.get(e[i])
      if (list === undefined) dependents.set(e[i], [pivot, e[i + 1]])
      else list.push(pivot, e[i + 1])
    }
  })
  const isFree = (u: UnknownId): boolean => !pivots.has(u)
  const moves = (u: UnknownId): Expression => dependents.get(u) ?? emptyExpression
  const residual = (vector: Expression): Expression => {
    // Every pivot must have the value that the free unknowns of the vector give it.
    const missing: number[] = []
    for (let i = 0; i < vector.length; i += 2) {
      if (!isFree(vector[i])) missing.push(vector[i], vector[i + 1])
      else {
        const moved = moves(vector[i])
        for (let k = 0; k < moved.length; k += 2) missing.push(moved[k], -vector[i + 1] * moved[k + 1])
      }
    }
    return sumOf(missing)
  }
  return { isFree, moves, residual, contains: (vector) => isZero(residual(vector)) }
}
