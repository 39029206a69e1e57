/**
 * @file The solution space of a linear system: pivots as expressions in free unknowns, with the question whether a vector lies in it.
 */
import { add } from "./system"
import type { Expression, UnknownId } from "./system"

export interface SolutionSpace {
  readonly isFree: (u: UnknownId) => boolean
  /** What a free unknown moves: pivots with their coefficients. */
  readonly moves: (free: UnknownId) => readonly (readonly [UnknownId, number])[]
  readonly contains: (vector: Expression) => boolean
  /** How far a vector is from the space, linear in it: empty for its members. Vectors are independent modulo the space iff these are. */
  readonly residual: (vector: Expression) => Expression
}

/** @param pivots in free unknowns. */
export function makeSolutionSpace(pivots: ReadonlyMap<UnknownId, Expression>): SolutionSpace {
  const dependents = new Map<UnknownId, [UnknownId, number][]>()
  for (const [pivot, e] of pivots)
    for (const [free, c] of e) {
      const list = dependents.get(free)
      if (list === undefined) dependents.set(free, [[pivot, c]])
      else list.push([pivot, c])
    }
  const isFree = (u: UnknownId): boolean => !pivots.has(u)
  const moves = (u: UnknownId): readonly (readonly [UnknownId, number])[] => dependents.get(u) ?? []
  const residual = (vector: Expression): Expression => {
    // Every pivot must have the value that the free unknowns of the vector give it.
    const missing = new Map<UnknownId, number>()
    for (const [u, c] of vector) {
      if (!isFree(u)) add(missing, u, c)
      else for (const [pivot, of] of moves(u)) add(missing, pivot, -c * of)
    }
    return missing
  }
  return { isFree, moves, residual, contains: (vector) => residual(vector).size === 0 }
}
