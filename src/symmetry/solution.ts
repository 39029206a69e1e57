/**
 * @file The solution space of a linear system: pivots as expressions in free unknowns, with the question whether a vector lies in it.
 */
import type { Expression, UnknownId } from "./system"

export interface SolutionSpace {
  /** Every pivot in free unknowns; unknowns that are no pivots are free. */
  readonly pivots: ReadonlyMap<UnknownId, Expression>
  readonly contains: (vector: Expression) => boolean
}

export function makeSolutionSpace(pivots: ReadonlyMap<UnknownId, Expression>): SolutionSpace {
  const dependents = new Map<UnknownId, [UnknownId, number][]>()
  for (const [pivot, e] of pivots)
    for (const [free, c] of e) {
      const list = dependents.get(free)
      if (list === undefined) dependents.set(free, [[pivot, c]])
      else list.push([pivot, c])
    }
  return {
    pivots,
    contains: (vector) => {
      // Every pivot must have the value that the free unknowns of the vector give it.
      const given = new Map<UnknownId, number>()
      for (const [u, c] of vector)
        if (!pivots.has(u)) for (const [pivot, of] of dependents.get(u) ?? []) given.set(pivot, (given.get(pivot) ?? 0) + c * of)
      for (const [u, c] of vector) if (pivots.has(u) && Math.abs((given.get(u) ?? 0) - c) > 1e-9) return false
      for (const [pivot, c] of given) if (Math.abs((vector.get(pivot) ?? 0) - c) > 1e-9) return false
      return true
    },
  }
}
