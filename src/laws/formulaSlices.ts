/**
 * @file Simplifies the views of a law before its formula is written: derivation cuts axes wherever the network does, a formula is read by people.
 * Joins terms that read neighboring slices of one axis and sum over it, ‖W[:,0:2]‖² + ‖W[:,2:4]‖² to ‖W[:,0:4]‖², and drops splits that are
 * summed over again. The value stays the same.
 */
import { dim, multiplyDim, subtractDim } from "../graph/dim"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import { parseSpec } from "./formulaTree"

interface SlicedTerm {
  readonly term: Term
  readonly axis: number
  readonly from: Dim
  readonly to: Dim
}

/**
 * Drops a last reshape that only splits axes whose factors the term sums over alike: ‖W as d×h×e‖² is ‖W‖².
 * @param shapeOf shapes of parameters by id.
 */
export function dropSplits(terms: readonly Term[], shapeOf: (parameter: string) => readonly Dim[]): readonly Term[] {
  return terms.map((term) => {
    const { inputs, output } = parseSpec(term.einsum)
    const merged = term.operands.map((operand, k) => mergedLetters(operand, inputs[k], output, shapeOf))
    const letters = merged.map((entry) => entry?.letters ?? "")
    const inOrder = merged.every((entry) => entry !== null && entry.gone === merged[0]?.gone)
    if (!inOrder) return term
    const operands = term.operands.map(({ parameter, view = [] }): Operand =>
      view.length === 1 ? { parameter } : { parameter, view: view.slice(0, -1) },
    )
    return { ...term, operands, einsum: `${letters.join(",")}->${output}` }
  })
}

/** The letters of an operand before its last reshape, and those that went; null where the reshape has to stay. */
function mergedLetters(
  operand: Operand,
  input: string,
  output: string,
  shapeOf: (parameter: string) => readonly Dim[],
): { letters: string; gone: string } | null {
  const view = operand.view ?? []
  const last = view[view.length - 1]
  if (last === undefined || !("reshape" in last)) return null
  const groups = groupFactors(shapeAfter(view.slice(0, -1), shapeOf(operand.parameter)), last.reshape)
  if (groups === null) return null
  let letters = ""
  let gone = ""
  for (const group of groups) {
    const own = group.map((axis) => input[axis])
    if (own.length > 1 && own.some((letter) => output.includes(letter) || input.split(letter).length > 2)) return null
    letters += own[0]
    gone += own.length > 1 ? own.join("") : ""
  }
  return gone === "" ? null : { letters, gone }
}

/** Which axes after a reshape make up each axis before it; null where an axis is merged rather than split. */
function groupFactors(before: readonly Dim[], after: readonly Dim[]): readonly (readonly number[])[] | null {
  const groups: number[][] = []
  let axis = 0
  for (const size of before) {
    const group: number[] = []
    let product: Dim = 1
    while (axis < after.length && (group.length === 0 || dim(product) !== dim(size))) {
      product = multiplyDim(product, after[axis])
      group.push(axis++)
    }
    if (group.length === 0 || dim(product) !== dim(size)) return null
    groups.push(group)
  }
  return axis === after.length ? groups : null
}

function shapeAfter(steps: readonly ViewStep[], shape: readonly Dim[]): readonly Dim[] {
  let result = shape
  for (const step of steps) {
    if ("reshape" in step) result = step.reshape
    else if ("transpose" in step) result = step.transpose.map((axis) => result[axis])
    else result = result.map((size, axis) => (axis === step.slice[0] ? subtractDim(step.slice[2], step.slice[1]) : size))
  }
  return result
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
