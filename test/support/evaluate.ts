/**
 * @file Evaluates the `terms` of a law on weights given as arrays, by nothing but einsum: written without the product's own evaluation,
 * to check that anyone can. Loops over every letter; sizes are those of fixtures.
 */
import type { Dim, Law, Operand, Term } from "../../src/schema/report"

export interface NdArray {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}

/** Weights by parameter id. */
export type Weights = ReadonlyMap<string, NdArray>

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function asNumber(size: Dim): number {
  const value = Number(size)
  if (!Number.isInteger(value)) throw new Error(`evaluate: size '${size}' is not a number`)
  return value
}

const stridesOf = (shape: readonly number[]): number[] => {
  const strides = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1]
  return strides
}

/** Index tuple of a flat position. */
const unravel = (position: number, shape: readonly number[]): number[] => {
  const strides = stridesOf(shape)
  return shape.map((size, axis) => Math.floor(position / strides[axis]) % size)
}

const ravel = (index: readonly number[], shape: readonly number[]): number => {
  const strides = stridesOf(shape)
  return index.reduce((sum, i, axis) => sum + i * strides[axis], 0)
}

function mapIndex(shape: readonly number[], source: NdArray, from: (index: readonly number[]) => readonly number[]): NdArray {
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, position) => source.values[ravel(from(unravel(position, shape)), source.shape)])
  return { shape, values }
}

/** A parameter through the steps of its view. @throws when a reshape changes the number of elements. */
export function viewOperand(operand: Operand, weights: Weights): NdArray {
  const stored = weights.get(operand.parameter)
  if (stored === undefined) throw new Error(`evaluate: no weight '${operand.parameter}'`)
  let array = stored
  for (const step of operand.view ?? []) {
    if ("reshape" in step) {
      const shape = step.reshape.map(asNumber)
      if (sizeOf(shape) !== array.values.length) throw new Error(`evaluate: cannot reshape [${array.shape.join(", ")}] to [${shape.join(", ")}]`)
      array = { shape, values: array.values }
    } else if ("slice" in step) {
      const [axis, from, to] = step.slice, begin = asNumber(from)
      const shape = array.shape.map((size, i) => (i === axis ? asNumber(to) - begin : size))
      array = mapIndex(shape, array, (index) => index.map((i, a) => (a === axis ? i + begin : i)))
    } else {
      const order = step.transpose, source = array
      array = mapIndex(order.map((axis) => source.shape[axis]), source, (index) => source.shape.map((_, axis) => index[order.indexOf(axis)]))
    }
  }
  return array
}

/** Σ over the letters the output lacks, times the coefficient. @throws when two operands disagree about a letter's size. */
export function evaluateTerm(term: Term, weights: Weights): NdArray {
  const [left, output] = term.einsum.split("->")
  const letters = left.split(",").map((part) => [...part])
  const operands = term.operands.map((operand) => viewOperand(operand, weights))
  const sizes = new Map<string, number>()
  operands.forEach(({ shape }, o) => {
    if (shape.length !== letters[o]?.length) throw new Error(`evaluate: '${term.einsum}' does not fit [${shape.join(", ")}]`)
    letters[o].forEach((letter, axis) => {
      if ((sizes.get(letter) ?? shape[axis]) !== shape[axis]) throw new Error(`evaluate: letter '${letter}' of '${term.einsum}' has two sizes`)
      sizes.set(letter, shape[axis])
    })
  })
  const names = [...sizes.keys()], extent = names.map((name) => sizes.get(name)!)
  const shape = [...output].map((letter) => sizes.get(letter)!)
  const values = new Float64Array(sizeOf(shape))
  for (let position = 0; position < sizeOf(extent); position++) {
    const index = unravel(position, extent)
    const at = (letter: string): number => index[names.indexOf(letter)]
    const product = operands.reduce((p, operand, o) => p * operand.values[ravel(letters[o].map(at), operand.shape)], term.coefficient)
    values[ravel([...output].map(at), shape)] += product
  }
  return { shape, values }
}

/** The conserved numbers of a law: the sum of its terms, as `entries` selects them. */
export function evaluateLaw(law: Pick<Law, "terms" | "entries">, weights: Weights): readonly number[] {
  const [first, ...rest] = law.terms.map((term) => evaluateTerm(term, weights))
  const total = Float64Array.from(first.values)
  for (const { shape, values } of rest) {
    if (shape.join() !== first.shape.join()) throw new Error(`evaluate: terms of shapes [${first.shape.join(", ")}] and [${shape.join(", ")}]`)
    for (let i = 0; i < total.length; i++) total[i] += values[i]
  }
  switch (law.entries) {
    case "all":
    case "symmetric":
      return [...total]
    case "off-diagonal":
      return [...total].filter((_, position) => {
        const index = unravel(position, first.shape)
        return index[index.length - 1] !== index[index.length - 2]
      })
    case "differences":
      return [...total].slice(1).map((value) => value - total[0])
  }
}

/** ‖a − b‖. */
export const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((v, i) => v - b[i]))

/** ‖θ‖ over some parameters, for relative drifts. */
export const normOf = (weights: Weights, ids: readonly string[]): number =>
  Math.sqrt(ids.flatMap((id) => Array.from(weights.get(id)?.values ?? [])).reduce((sum, v) => sum + v * v, 0))
