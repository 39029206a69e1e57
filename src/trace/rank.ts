/**
 * @file Inputs whose shape nobody states: they have as many axes as the code takes out of the shape, one where it takes none, and more as soon
 * as a layer reads more. Only shapes that went through ops that keep every axis grow; nothing grows once it is stated.
 */
import type { Dim } from "../schema/report"
import type { TensorValue, UnknownValue } from "./value"
import { assume, freshSymbol, isFreeSymbol, WrongRank, type Context } from "./context"
import { computedAs } from "./interpreter/readings"
import { dimOf } from "./tensor"
import { primitive, sizeValue } from "./value"

interface OpenShape {
  /** What stands for the shape in the source. */
  readonly value: UnknownValue
  readonly name: string
}

/** Shapes that may grow, and what stands for them in the source. */
const open = new WeakMap<readonly Dim[], OpenShape>()

/** The axes of a shape that is one unknown value, after `lead`; what reads the value later sees the same axes. */
export function openShape(context: Context, lead: readonly Dim[], value: UnknownValue, name: string): readonly Dim[] {
  const read = [...value.properties.keys()].filter((key) => /^\d+$/.test(key)).map((key) => Number(key) + 1)
  const shape: Dim[] = [...lead]
  open.set(shape, { value, name })
  addAxes(context, shape, lead.length + Math.max(1, ...read), lead.length)
  return shape
}

/** The same axes for another tensor; it may grow where the first may. */
export function copyShape(shape: readonly Dim[]): readonly Dim[] {
  const copy = [...shape], held = open.get(shape)
  if (held !== undefined) open.set(copy, held)
  return copy
}

/** Whether a shape may get more axes. */
export const mayGrow = (shape: readonly Dim[]): boolean => open.has(shape)

/** Lets a tensor have `rank` axes where it comes from an input of open shape and has fewer. */
export function giveRank(context: Context, x: TensorValue, rank: number, reader: string): void {
  if (x.shape.length >= rank) return
  const shapes = new Set<readonly Dim[]>()
  let at = x
  while (at.source.kind === "op" && keepsAxes(at)) {
    shapes.add(at.shape)
    at = at.source.operands[0]
  }
  const held = open.get(at.shape)
  if (at.source.kind !== "input" || held === undefined || at.shape.length !== x.shape.length) return
  const grown = at.shape as Dim[], before = grown.length
  assume(context, `the shape of '${held.name}' is not known: it has the ${rank - 1} axes that ${reader} reads`, { since: 0 })
  addAxes(context, grown, rank, 1)
  for (const shape of shapes) if (shape !== grown) (shape as Dim[]).push(...grown.slice(before))
}

/** The input whose axes a tensor still has, one for one; null where it has none or where there is none. */
export function inputBehind(x: TensorValue, seen = new Set<TensorValue>()): TensorValue | null {
  if (seen.has(x)) return null
  seen.add(x)
  const followed = computedAs(x) ?? x, { source } = followed
  if (source.kind !== "op") return source.kind === "input" ? followed : null
  switch (source.op.kind) {
    case "unary":
    case "binary":
    case "dropout":
    case "normalize":
    case "softmax":
    case "stopGradient":
      break
    default:
      return null
  }
  for (const operand of source.operands) {
    const found = operand.shape.length === followed.shape.length ? inputBehind(operand, seen) : null
    if (found !== null) return found
  }
  return null
}

/** @throws WrongRank where code takes `rank` axes of a tensor that has another number of them and whose input's rank may be another. */
export function needRank(x: TensorValue, rank: number): void {
  const found = x.shape.length === rank ? null : inputBehind(x)
  if (found !== null) throw new WrongRank(found, rank)
}

/** Says so where an input of open shape was left with one axis; a named value there is as well the number of features. */
export function assumeOneAxis(context: Context, x: TensorValue): void {
  const held = open.get(x.shape)
  if (held !== undefined && x.shape.length === 2 && (held.value.name === null || /shape|dims/i.test(held.value.name)))
    assume(context, `the shape of '${held.name}' is not known: it is taken to have one axis`, { since: 0 })
}

/** `lead`: axes of the shape that the value does not speak of. */
function addAxes(context: Context, shape: Dim[], rank: number, lead: number): void {
  const { value, name } = open.get(shape) as OpenShape, { properties } = value
  const sizeAt = (axis: number): Dim => {
    const held = properties.get(String(axis))
    if (held?.kind === "unknown" || held?.kind === "dim" || held?.kind === "primitive") return dimOf(context, held)
    // A lone axis may be a plain number, which other layers take as their size.
    return rank - lead === 1 ? dimOf(context, value, name) : freshSymbol(context, `${value.name ?? name}.${axis}`)
  }
  const only = shape.length === lead + 1 ? shape[lead] : 0
  if (isFreeSymbol(only) && properties.get("\u0000size") !== undefined && rank > lead + 1) {
    shape[lead] = freshSymbol(context, `${value.name ?? name}.0`)
    context.state.solution.set(only, shape[lead])
  }
  for (let i = shape.length; i < rank; i++) shape.push(sizeAt(i - lead))
  shape.slice(lead).forEach((d, axis) => properties.set(String(axis), sizeValue(d)))
  properties.set("length", primitive(rank - lead))
}

/** Ops of one tensor, or of one tensor and a number, that leave every axis in its place. */
function keepsAxes({ source }: TensorValue): boolean {
  if (source.kind !== "op") return false
  const { op, operands } = source
  if (op.kind === "unary") return true
  if (op.kind === "dropout") return op.sharedAxes.length === 0
  return op.kind === "binary" && operands[1].shape.length === 0
}
