/**
 * @file How a parameter seen through a view (reshape, slice, transpose) is written: as an array with one index per axis, in the order
 * of storage, ranges and fixed positions included: "qkv[:,0,h,:]", "qkv[:,0:768][:,h,:]". A transpose changes no text: it permutes letters.
 */
import { addDim, dim, subtractDim } from "../graph/dim"
import type { Dim } from "../schema/report"
import { callOf, toDim, valueOf } from "./formulaTree"
import type { FormulaNode } from "./formulaTree"

/** One place between the brackets: a fixed position, or the axis of the view that runs there, from `from` (0 and null: the whole axis). */
export type Slot =
  | { readonly kind: "fixed"; readonly at: Dim }
  | { readonly kind: "axis"; readonly axis: number; readonly from: Dim; readonly to: Dim | null; readonly size: Dim }

/** What is added to the operand before the law squares it: (1 + γ)², (I + W). */
export interface Offset {
  readonly kind: "one" | "identity"
  readonly value: number
}

/** An operand ready for printing. `closed` are brackets that a later reshape made opaque; `slots` is the last bracket. */
export interface OperandLayout {
  readonly parameter: string
  readonly closed: readonly (readonly Slot[])[]
  readonly slots: readonly Slot[]
  readonly offset: Offset | null
}

const plainSlots = (shape: readonly Dim[]): Slot[] => shape.map((size, axis) => ({ kind: "axis", axis, from: 0, to: null, size }))
const shapeOf = (text: string): Dim[] => (text === "" ? [] : text.split(",").map(toDim))

/** Reads the nested calls parameter(…), reshape(…), slice(…), transpose(…), plusOne(…), plusIdentity(…). */
export function layoutOf(node: FormulaNode): OperandLayout {
  const call = callOf(node)
  if (call === null) throw new Error("layoutOf: found no function call, expected an operand")
  const text = (k: number): string => String(valueOf(call.args[k]))
  if (call.name === "parameter") return { parameter: text(0), closed: [], slots: plainSlots(shapeOf(text(1))), offset: null }
  const inner = layoutOf(call.args[0])
  switch (call.name) {
    case "reshape":
      return reshapeLayout(inner, shapeOf(text(1)))
    case "slice":
      return {
        ...inner,
        slots: inner.slots.map((slot) =>
          slot.kind === "axis" && slot.axis === Number(text(1)) ? sliceSlot(slot, toDim(text(2)), toDim(text(3))) : slot,
        ),
      }
    case "transpose": {
      const permutation = text(1).split(",").map(Number)
      return { ...inner, slots: inner.slots.map((slot) => (slot.kind === "axis" ? { ...slot, axis: permutation.indexOf(slot.axis) } : slot)) }
    }
    case "plusOne":
      return { ...inner, offset: { kind: "one", value: Number(text(1)) } }
    case "plusIdentity":
      return { ...inner, offset: { kind: "identity", value: Number(text(1)) } }
    default:
      throw new Error(`layoutOf: found ${call.name}(…), expected an operand`)
  }
}

function sliceSlot(slot: Slot & { kind: "axis" }, from: Dim, to: Dim): Slot {
  if (from === 0 && dim(to) === dim(slot.size)) return slot
  return { ...slot, from: addDim(slot.from, from), to: addDim(slot.from, to), size: subtractDim(to, from) }
}

function reshapeLayout(layout: OperandLayout, shape: readonly Dim[]): OperandLayout {
  const axes = layout.slots.filter((slot) => slot.kind === "axis").sort((a, b) => a.axis - b.axis)
  const kept = axes.filter((slot) => dim(slot.size) !== 1)
  const wide = shape.map((size, axis) => ({ size, axis })).filter(({ size }) => dim(size) !== 1)
  if (kept.length === wide.length && kept.every((slot, k) => dim(slot.size) === dim(wide[k].size))) {
    // Only axes of size one come or go: a one-wide slice becomes a fixed position.
    const renamed = new Map(kept.map((slot, k): [number, number] => [slot.axis, wide[k].axis]))
    return {
      ...layout,
      slots: layout.slots.map((slot) => {
        if (slot.kind === "fixed") return slot
        const axis = renamed.get(slot.axis)
        return axis === undefined ? { kind: "fixed", at: slot.from } : { ...slot, axis }
      }),
    }
  }
  const untouched = layout.slots.every((slot, k) => slot.kind === "axis" && slot.axis === k && slot.to === null)
  return untouched ? { ...layout, slots: plainSlots(shape) } : { ...layout, closed: [...layout.closed, layout.slots], slots: plainSlots(shape) }
}

/** The brackets after the parameter's name. `letterOf(axis)` is the text of a shown index, null for one that runs over its whole range. */
export function bracketsText(layout: OperandLayout, letterOf: (axis: number) => string | null): string {
  return [...layout.closed.map((slots) => bracketText(slots, () => null)), bracketText(layout.slots, letterOf)].join("")
}

function bracketText(slots: readonly Slot[], letterOf: (axis: number) => string | null): string {
  const parts = slots.map((slot) => {
    if (slot.kind === "fixed") return String(slot.at)
    if (slot.to !== null && dim(slot.size) === 1) return String(slot.from)
    const letter = letterOf(slot.axis)
    if (letter === null) return slot.to === null ? ":" : `${slot.from}:${slot.to}`
    return slot.from === 0 ? letter : `${slot.from}+${letter}`
  })
  if (parts.every((part) => part === ":")) return ""
  // Three and more whole axes in a row say nothing one by one.
  const text = parts.join(",").replace(/(^|,):(,:){2,}(?=,|$)/, "$1…")
  return `[${text}]`
}

/** Where an axis of the view stands in storage order; −1 for an axis of size one without a place. */
export const slotIndexOf = (layout: OperandLayout, axis: number): number =>
  layout.slots.findIndex((slot) => slot.kind === "axis" && slot.axis === axis)
