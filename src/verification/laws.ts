/**
 * @file Laws as numbers: the terms of a law at given sizes become one sparse form h_k(θ) = ½ θᵀM_kθ + c_kᵀθ an entry, with θ the plan's
 * flat vector. Reads only what the report gives everyone (`terms`, `entries`), nothing of how a law was found.
 */
import type { LawEntries, Operand, Term } from "../schema/report"
import type { ParameterSlot } from "./plan"
import type { GenericLaw } from "./task"
import type { Sizes } from "./instantiate"
import { evaluateDim } from "../graph/dim"
import { parseEinsum } from "../graph/shape"
import { instantiateTerms } from "./instantiate"
import { offsetsOf, sizeOf, stridesOf } from "./kernels/kernel"

/** Σ coefficient·θ_i·θ_j + Σ coefficient·θ_i, one conserved entry. */
export interface Entry {
  readonly i: Int32Array
  readonly j: Int32Array
  readonly quadratic: Float64Array
  readonly at: Int32Array
  readonly linear: Float64Array
}

export interface NumericLaw {
  readonly id: string
  readonly linearOnly: boolean
  readonly entries: readonly Entry[]
  /** Trainable coordinates of the parameters the law mentions. */
  readonly own: Int32Array
}

/** A number for each cell of the law's value: products of coordinates with their coefficients. */
type Cell = Map<string, { i: number; j: number; coefficient: number }>

/** @throws when the terms name unknown parameters or do not fit their shapes. */
export function compileLaw(law: GenericLaw, slots: readonly ParameterSlot[], sizes: Sizes): NumericLaw {
  const byId = new Map(slots.map((s) => [s.id, s])),
    shape = law.index.map((x) => evaluateDim(x.size, sizes))
  const cells: Cell[] = Array.from({ length: sizeOf(shape) }, () => new Map())
  for (const term of instantiateTerms(law, sizes)) addTerm(law.id, term, byId, cells)
  const entries = chooseCells(law.entries, shape).map((parts) => {
    const merged: Cell = new Map()
    for (const [cell, sign] of parts) for (const p of cells[cell].values()) accumulate(merged, p.i, p.j, sign * p.coefficient)
    return toEntry(merged)
  })
  const own = law.parameters.flatMap((id) => {
    const slot = slotOf(law.id, id, byId)
    return slot.trainable ? Array.from({ length: slot.size }, (_, k) => slot.offset + k) : []
  })
  return { id: law.id, linearOnly: entries.every((e) => e.i.length === 0), entries, own: Int32Array.from(new Set(own)) }
}

function slotOf(law: string, id: string, byId: ReadonlyMap<string, ParameterSlot>): ParameterSlot {
  const slot = byId.get(id)
  if (slot === undefined) throw new Error(`law ${law}: no parameter '${id}', found ${[...byId.keys()].join(", ")}`)
  return slot
}

/** j = −1 marks a linear part. */
function accumulate(cell: Cell, i: number, j: number, coefficient: number): void {
  const low = Math.min(i, j),
    high = Math.max(i, j),
    key = `${low},${high}`,
    known = cell.get(key)
  if (known === undefined) cell.set(key, { i: high, j: low, coefficient })
  else known.coefficient += coefficient
}

function addTerm(law: string, term: Term, byId: ReadonlyMap<string, ParameterSlot>, cells: Cell[]): void {
  const { operands: letters, output } = parseEinsum(term.einsum)
  if (letters.length !== term.operands.length || letters.length < 1 || letters.length > 2)
    throw new Error(`law ${law}: '${term.einsum}' does not fit ${term.operands.length} operands`)
  const views = term.operands.map((o) => viewOperand(law, o, byId)),
    extents = new Map<string, number>()
  views.forEach((v, k) => {
    if (v.shape.length !== letters[k].length)
      throw new Error(`law ${law}: '${term.einsum}' does not fit shape [${v.shape.join(", ")}] of ${term.operands[k].parameter}`)
    v.shape.forEach((n, i) => {
      const known = extents.get(letters[k][i])
      if (known !== undefined && known !== n)
        throw new Error(`law ${law}: letter '${letters[k][i]}' of '${term.einsum}' stands for ${known} and ${n}`)
      extents.set(letters[k][i], n)
    })
  })
  const all = [...extents.keys()],
    space = all.map((l) => extents.get(l) ?? 1)
  const walk = (own: readonly string[], strides: readonly number[]): Int32Array =>
    offsetsOf(
      space,
      all.map((l) => own.reduce((s, o, i) => (o === l ? s + strides[i] : s), 0)),
    )
  const target = walk(output, stridesOf(output.map((l) => extents.get(l) ?? 1)))
  const reads = views.map((v, k) => walk(letters[k], stridesOf(v.shape)))
  if (cells.length !== sizeOf(output.map((l) => extents.get(l) ?? 1)))
    throw new Error(`law ${law}: '${term.einsum}' does not give its ${cells.length} index values`)
  for (let n = 0; n < target.length; n++) {
    const i = views[0].cells[reads[0][n]],
      j = views.length === 2 ? views[1].cells[reads[1][n]] : -1
    accumulate(cells[target[n]], i, j, term.coefficient)
  }
}

/** A parameter seen through its view: which coordinate of θ each cell is. */
function viewOperand(law: string, operand: Operand, byId: ReadonlyMap<string, ParameterSlot>): { shape: number[]; cells: Int32Array } {
  const slot = slotOf(law, operand.parameter, byId)
  let shape = [...slot.shape],
    cells = Int32Array.from({ length: slot.size }, (_, k) => slot.offset + k)
  for (const step of operand.view ?? []) {
    if ("reshape" in step) {
      shape = step.reshape.map(Number)
      if (sizeOf(shape) !== cells.length)
        throw new Error(`law ${law}: ${operand.parameter} has ${cells.length} cells, its view wants [${shape.join(", ")}]`)
    } else if ("slice" in step) {
      const [axis, from, to] = step.slice,
        start = Number(from),
        end = Number(to),
        strides = stridesOf(shape)
      if (start < 0 || end > shape[axis] || start > end)
        throw new Error(`law ${law}: slice ${start} to ${end} of ${operand.parameter} lies outside [${shape.join(", ")}]`)
      shape = shape.map((n, i) => (i === axis ? end - start : n))
      cells = offsetsOf(shape, strides, start * strides[axis]).map((c) => cells[c])
    } else {
      const strides = stridesOf(shape)
      const old = cells,
        permutation = step.transpose
      cells = offsetsOf(
        permutation.map((a) => shape[a]),
        permutation.map((a) => strides[a]),
      ).map((c) => old[c])
      shape = permutation.map((a) => shape[a])
    }
  }
  return { shape, cells }
}

/** The conserved entries as sums of cells. Symmetric and off-diagonal entries are those of the last two axes; differences run over all cells. */
function chooseCells(entries: LawEntries, shape: readonly number[]): (readonly (readonly [cell: number, sign: number])[])[] {
  const count = sizeOf(shape),
    n = shape[shape.length - 1] ?? 1,
    every = Array.from({ length: count }, (_, k) => k)
  switch (entries) {
    case "all":
      return every.map((k) => [[k, 1]])
    case "symmetric":
      return every.filter((k) => shape.length < 2 || Math.floor(k / n) % shape[shape.length - 2] <= k % n).map((k) => [[k, 1]])
    case "off-diagonal":
      return every.filter((k) => shape.length < 2 || Math.floor(k / n) % shape[shape.length - 2] !== k % n).map((k) => [[k, 1]])
    case "differences":
      return every.slice(1).map((k) => [
        [k, 1],
        [0, -1],
      ])
  }
}

function toEntry(cell: Cell): Entry {
  const parts = [...cell.values()].filter((p) => p.coefficient !== 0),
    products = parts.filter((p) => p.j >= 0),
    singles = parts.filter((p) => p.j < 0)
  return {
    i: Int32Array.from(products, (p) => p.i),
    j: Int32Array.from(products, (p) => p.j),
    quadratic: Float64Array.from(products, (p) => p.coefficient),
    at: Int32Array.from(singles, (p) => p.i),
    linear: Float64Array.from(singles, (p) => p.coefficient),
  }
}

/** h(θ). */
export function evaluateEntry(e: Entry, theta: Float64Array): number {
  let value = 0
  for (let k = 0; k < e.i.length; k++) value += e.quadratic[k] * theta[e.i[k]] * theta[e.j[k]]
  for (let k = 0; k < e.at.length; k++) value += e.linear[k] * theta[e.at[k]]
  return value
}

/** ∇h(θ) over the trainable coordinates, into `into`. */
export function evaluateEntryGradient(e: Entry, theta: Float64Array, into: Float64Array): void {
  into.fill(0)
  for (let k = 0; k < e.i.length; k++) {
    if (e.i[k] < into.length) into[e.i[k]] += e.quadratic[k] * theta[e.j[k]]
    if (e.j[k] < into.length) into[e.j[k]] += e.quadratic[k] * theta[e.i[k]]
  }
  for (let k = 0; k < e.at.length; k++) if (e.at[k] < into.length) into[e.at[k]] += e.linear[k]
}

/** vᵀMv/2 over trainable coordinates: the change a step v makes beyond first order. */
export function evaluateEntryCurvature(e: Entry, v: Float64Array): number {
  let value = 0
  for (let k = 0; k < e.i.length; k++) if (e.i[k] < v.length && e.j[k] < v.length) value += e.quadratic[k] * v[e.i[k]] * v[e.j[k]]
  return value
}
