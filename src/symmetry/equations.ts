/** @file Questions about the equations that propagation kept: where an unknown occurs, and which few of them force it to be zero. */
import type { Symmetry } from "./infer"
import type { Equation, Unknown } from "./propagate"
import { isZero, LinearSystem, termCount, unknownsOf } from "./system"
import type { Expression, UnknownId } from "./system"

export interface EquationIndex {
  readonly of: (u: UnknownId) => readonly Equation[]
  /** Places in the list of what norms forget that mention the unknown. */
  readonly absorbed: (u: UnknownId) => readonly number[]
  readonly unknown: (value: number, kind: Unknown["kind"], word: string) => Unknown | undefined
}

export function indexEquations(symmetry: Symmetry): EquationIndex {
  const { equations, approximate, absorbed, unknowns, unknownOf } = symmetry.propagation
  const all = [...equations, ...approximate]
  const places = placesByUnknown(unknowns.length, all)
  return { of: (u) => places(u).map((place) => all[place]), absorbed: placesByUnknown(unknowns.length, absorbed), unknown: unknownOf }
}

/** Where in a list an unknown is mentioned, in order. One list of places serves all unknowns, with where the part of each begins. */
function placesByUnknown(unknowns: number, list: readonly { readonly expression: Expression }[]): (u: UnknownId) => number[] {
  const begins = new Int32Array(unknowns + 1)
  for (const { expression } of list) for (let i = 0; i < expression.length; i += 2) begins[expression[i] + 1]++
  for (let u = 0; u < unknowns; u++) begins[u + 1] += begins[u]
  const places = new Int32Array(begins[unknowns]),
    next = begins.slice()
  list.forEach(({ expression }, place) => {
    for (let i = 0; i < expression.length; i += 2) places[next[expression[i]]++] = place
  })
  return (u) => {
    const own: number[] = []
    for (let i = begins[u]; i < begins[u + 1]; i++) own.push(places[i])
    return own
  }
}

/** How many equations a proof may look at: reasons should be near. */
const SEARCH_LIMIT = 48

/**
 * A smallest set of equations, found nearest first and preferably of single operations, that leaves nothing for the unknown but zero; null where none
 * was found near.
 *
 * @param except equations that may not be used: what would be left if those operations were others.
 */
export function proveZero(index: EquationIndex, start: Unknown, except: ReadonlySet<Equation> = new Set()): readonly Equation[] | null {
  const alone = index.of(start.id).find((e) => isEnd(e) && termCount(e.expression) === 1 && !except.has(e))
  if (alone !== undefined) return [alone]
  const seen = new Set<UnknownId>([start.id])
  const queue: UnknownId[] = [start.id]
  const system = new LinearSystem()
  const taken = new Set<Equation>()
  for (let at = 0; at < queue.length; at++) {
    const list = index.of(queue[at])
    for (const equation of [...list.filter(isEnd), ...list.filter((e) => !isEnd(e))]) {
      if (taken.has(equation) || except.has(equation)) continue
      if (taken.size >= SEARCH_LIMIT) return null
      taken.add(equation)
      system.demandZero(equation.expression)
      if (isZeroIn(system, start.id)) return withoutNeedless([...taken], start.id)
      for (const u of unknownsOf(equation.expression)) {
        if (seen.has(u)) continue
        seen.add(u)
        queue.push(u)
      }
    }
  }
  return null
}

/** Whether an operation alone ends something, rather than tying it to something else. */
export const isEnd = ({ why }: Equation): boolean => why === "kills" || why === "output"

const isZeroIn = (system: LinearSystem, u: UnknownId): boolean => isZero(system.reduce([u, 1]))

/** Leaves out, the farthest first, every equation that the others do without. */
function withoutNeedless(equations: readonly Equation[], u: UnknownId): readonly Equation[] {
  let needed = equations
  // Zero needs one equation at least.
  for (let k = equations.length - 1; k >= 0 && needed.length > 1; k--) {
    const others = needed.filter((equation) => equation !== equations[k])
    const system = new LinearSystem()
    for (const { expression } of others) system.demandZero(expression)
    if (isZeroIn(system, u)) needed = others
  }
  return needed
}
