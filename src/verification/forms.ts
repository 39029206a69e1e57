/**
 * @file Quantities that a law may be a combination of and a reader can take in: squares and products of slices of parameters (diagonals and Gram
 * matrices along an axis, between two parameters too) and sums of slices; and, for small networks, all products of two numbers.
 */
import type { ParameterSlot } from "./plan"
import type { Entry } from "./laws"
import { offsetsOf, stridesOf } from "./kernels/kernel"

export interface Form {
  readonly entry: Entry
  /** How it reads: "‖W[:,0]‖²". */
  readonly text: string
  readonly parameters: readonly string[]
  /** Forms of one whole, which reads shorter where all `parts` have one coefficient: all "‖W[:,i]‖²" are "‖W‖²". */
  readonly whole: { readonly text: string; readonly parts: number } | null
}

/** Slices of a parameter with one index held: W[:,i] for all i of an axis. */
interface Slices {
  readonly slot: ParameterSlot
  readonly axis: number
  readonly rest: string
  readonly cells: readonly Int32Array[]
}

function slicesOf(slot: ParameterSlot): Slices[] {
  const strides = stridesOf(slot.shape)
  return slot.shape.map((n, axis): Slices => {
    const others = slot.shape.map((_, k) => k).filter((k) => k !== axis)
    const from = (i: number): Int32Array =>
      offsetsOf(
        others.map((k) => slot.shape[k]),
        others.map((k) => strides[k]),
        slot.offset + i * strides[axis],
      )
    return { slot, axis, rest: others.map((k) => slot.shape[k]).join(), cells: Array.from({ length: n }, (_, i) => from(i)) }
  })
}

/**
 * Squares, products and sums of slices of the trainable parameters, at most `limit` of them: those of one parameter first, those of two as long
 * as there is room. Some are combinations of others (a norm by rows and by columns).
 */
export function blockForms(slots: readonly ParameterSlot[], limit: number): readonly Form[] {
  const all = slots.filter((s) => s.trainable && s.size > 0).flatMap((s) => (s.shape.length === 0 ? [single(s)] : slicesOf(s))),
    forms: Form[] = []
  const offer = (group: readonly Form[]): void => {
    if (forms.length + group.length <= limit) forms.push(...group)
  }
  for (const s of all) offer(s.cells.map((_, i) => squareForm(s, i)))
  for (const s of all) offer(s.cells.map((_, i) => sumForm(s, i)))
  for (const s of all) offer(s.cells.flatMap((_, i) => s.cells.slice(i + 1).map((_unused, j) => productForm(s, i, s, i + 1 + j))))
  all.forEach((s, k) => {
    for (const t of all.slice(k + 1))
      if (s.slot !== t.slot && s.rest === t.rest) offer(s.cells.flatMap((_, i) => t.cells.map((_unused, j) => productForm(s, i, t, j))))
  })
  return forms
}

/** A parameter without axes as the one slice of itself. */
const single = (slot: ParameterSlot): Slices => ({ slot, axis: -1, rest: "", cells: [Int32Array.of(slot.offset)] })

const sliceText = ({ slot, axis }: Slices, i: number): string =>
  slot.shape.length === 0 ? slot.id : `${slot.id}[${slot.shape.map((_, k) => (k === axis ? i : ":")).join(",")}]`

const ones = (n: number, value = 1): Float64Array => new Float64Array(n).fill(value)
const none = { i: new Int32Array(0), j: new Int32Array(0), quadratic: new Float64Array(0), at: new Int32Array(0), linear: new Float64Array(0) }

function squareForm(s: Slices, i: number): Form {
  const cells = s.cells[i],
    scalar = cells.length === 1
  return {
    entry: { ...none, i: cells, j: cells, quadratic: ones(cells.length) },
    text: scalar ? `${sliceText(s, i)}²` : `‖${sliceText(s, i)}‖²`,
    parameters: [s.slot.id],
    whole: { text: `‖${s.slot.id}‖²`, parts: s.cells.length },
  }
}

function sumForm(s: Slices, i: number): Form {
  const cells = s.cells[i]
  return {
    entry: { ...none, at: cells, linear: ones(cells.length) },
    text: cells.length === 1 ? sliceText(s, i) : `Σ ${sliceText(s, i)}`,
    parameters: [s.slot.id],
    whole: { text: `Σ ${s.slot.id}`, parts: s.cells.length },
  }
}

function productForm(s: Slices, i: number, t: Slices, j: number): Form {
  const a = s.cells[i],
    b = t.cells[j]
  return {
    entry: { ...none, i: a, j: b, quadratic: ones(a.length) },
    text: a.length === 1 ? `${sliceText(s, i)}·${sliceText(t, j)}` : `⟨${sliceText(s, i)}, ${sliceText(t, j)}⟩`,
    parameters: [...new Set([s.slot.id, t.slot.id])],
    whole: null,
  }
}

/** Every product of two trainable numbers and every number: ½D(D + 1) + D forms. */
export function everyForm(slots: readonly ParameterSlot[]): readonly Form[] {
  const cells = slots.filter((s) => s.trainable).flatMap((slot) => Array.from({ length: slot.size }, (_, k) => ({ slot, at: slot.offset + k, k })))
  const text = ({ slot, k }: (typeof cells)[number]): string =>
    slot.shape.length === 0 ? slot.id : `${slot.id}[${indexOf(slot.shape, k).join(",")}]`
  const products = cells.flatMap((a, n) =>
    cells.slice(n).map(
      (b): Form => ({
        entry: { ...none, i: Int32Array.of(a.at), j: Int32Array.of(b.at), quadratic: ones(1) },
        text: a === b ? `${text(a)}²` : `${text(a)}·${text(b)}`,
        parameters: [...new Set([a.slot.id, b.slot.id])],
        whole: a === b ? { text: `‖${a.slot.id}‖²`, parts: a.slot.size } : null,
      }),
    ),
  )
  const singles = cells.map(
    (a): Form => ({
      entry: { ...none, at: Int32Array.of(a.at), linear: ones(1) },
      text: text(a),
      parameters: [a.slot.id],
      whole: { text: `Σ ${a.slot.id}`, parts: a.slot.size },
    }),
  )
  return [...products, ...singles]
}

function indexOf(shape: readonly number[], cell: number): number[] {
  const strides = stridesOf(shape)
  return shape.map((n, k) => Math.floor(cell / strides[k]) % n)
}
