/**
 * @file Joins terms that read neighboring slices of one axis and sum over it: ‖W[:,0:2]‖² + ‖W[:,2:4]‖² is ‖W[:,0:4]‖², and ‖W‖² where that is
 * all of the axis. Derivation cuts axes wherever the network does; a formula is read by people.
 */
import { dim } from "../graph/dim"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import { parseSpec } from "./formulaTree"

interface SlicedTerm {
  readonly term: Term
  readonly axis: number
  readonly from: Dim
  readonly to: Dim
}

/** @param shapeOf shapes of parameters by id. */
export function joinSlices(terms: readonly Term[], shapeOf: (parameter: string) => readonly Dim[]): readonly Term[] {
  const pieces = joinAll(terms.map((term): Piece => slicedTerm(term) ?? { term }))
  return pieces.map((piece) => ("axis" in piece ? withSlice(piece, shapeOf) : piece.term))
}

type Piece = SlicedTerm | { readonly term: Term }

/** A slice may only fit once another one has filled the gap, so this repeats until nothing joins. */
function joinAll(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = []
  for (const next of pieces) {
    const at = "axis" in next ? joined.findIndex((before) => "axis" in before && areNeighbors(before, next)) : -1
    const before = joined[at]
    if (before === undefined || !("axis" in before) || !("axis" in next)) joined.push(next)
    else joined[at] = dim(before.to) === dim(next.from) ? { ...before, to: next.to } : { ...before, from: next.from }
  }
  return joined.length === pieces.length ? joined : joinAll(joined)
}

/** The term with its last step taken apart, when that is a slice of an axis which the term sums over, the same in every operand. */
function slicedTerm(term: Term): SlicedTerm | null {
  const steps = term.operands.map((operand) => lastSlice(operand))
  const [first] = steps
  if (first === null || steps.some((step) => step === null || JSON.stringify(step) !== JSON.stringify(first))) return null
  const [axis, from, to] = first
  const { inputs, output } = parseSpec(term.einsum)
  const letter = inputs[0][axis]
  const sums = !output.includes(letter) && inputs.every((input) => input[axis] === letter && input.split(letter).length === 2)
  return sums ? { term, axis, from, to } : null
}

function lastSlice({ view }: Operand): readonly [number, Dim, Dim] | null {
  const last = view?.[view.length - 1]
  return last !== undefined && "slice" in last ? last.slice : null
}

const frame = ({ term, axis }: SlicedTerm): string =>
  JSON.stringify([axis, term.coefficient, term.einsum, term.operands.map(({ parameter, view }) => [parameter, view?.slice(0, -1)])])

const areNeighbors = (a: SlicedTerm, b: SlicedTerm): boolean => frame(a) === frame(b) && (dim(a.to) === dim(b.from) || dim(b.to) === dim(a.from))

function withSlice({ term, axis, from, to }: SlicedTerm, shapeOf: (parameter: string) => readonly Dim[]): Term {
  const operands = term.operands.map(({ parameter, view = [] }): Operand => {
    const before = view.slice(0, -1)
    const size = sizeOf(axis, before, shapeOf(parameter))
    const whole = dim(from) === 0 && size !== null && dim(to) === dim(size)
    const steps: readonly ViewStep[] = whole ? before : [...before, { slice: [axis, from, to] }]
    return steps.length === 0 ? { parameter } : { parameter, view: steps }
  })
  return { ...term, operands }
}

/** Size of an axis after the steps; null after a transpose, where nobody asks. */
function sizeOf(axis: number, steps: readonly ViewStep[], shape: readonly Dim[]): Dim | null {
  let size: Dim | null = shape[axis] ?? null
  for (const step of steps) {
    if ("reshape" in step) size = step.reshape[axis]
    else if ("transpose" in step) size = null
  }
  const cut = steps.some((step) => "slice" in step && step.slice[0] === axis)
  return cut ? null : size
}
