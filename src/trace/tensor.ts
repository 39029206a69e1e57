/**
 * @file Makes nodes of the expression graph: checks shapes (learning sizes of symbols on the way), turns values into tensors, and
 * reads arguments as sizes, axes and shapes.
 */
import type * as TypeScript from "typescript"
import type { Context } from "./context"
import type { Op } from "../graph/op"
import type { Dim } from "../schema/report"
import type { Dtype } from "../graph/graph"
import type { InputRecord, TensorValue, Value } from "./value"
import { NeedsTensor, Unreadable, assume, callee, freshSymbol, isFreeSymbol, meet, nextSerial, resolveDim, stopAt, unifyDims } from "./context"
import { inferDtype } from "../graph/build"
import { inferShape, parseEinsum } from "../graph/shape"
import { divideDim, multiplyDim, productOf, substituteDim, symbolsOf } from "../graph/dim"
import { numberIn, openParameter } from "./value"
import { readTensor } from "./interpreter/readings"
import { tellDisposed } from "./interpreter/faults"

export interface Origin {
  readonly at?: TypeScript.Node
  readonly label?: string
  readonly dtype?: Dtype
}

/** Shape with everything learned so far. */
export function shapeOf(context: Context, tensor: TensorValue): readonly Dim[] {
  meet(context, tensor)
  return tensor.shape.map((d) => resolveDim(context, d))
}

/**
 * A new tensor. Symbols of the operands' shapes that must equal something else are solved first.
 * @throws ShapeError when the operands do not fit.
 */
export function makeTensor(context: Context, op: Op, operands: readonly TensorValue[], origin: Origin = {}, target?: readonly Dim[]): TensorValue {
  if (++context.state.tensorCount > context.state.tensorLimit)
    throw stopAt(context, `this makes more than ${context.limits.tensors.toLocaleString("en")} operations: what follows is not read`, origin.at)
  const shapes = operands.map((t) => shapeOf(context, t)), known = context.state.solution.size
  agree(context, op, shapes)
  const solved = context.state.solution.size === known ? shapes : operands.map((t) => shapeOf(context, t))
  const shape = inferShape(
    op,
    solved,
    target?.map((d) => resolveDim(context, d)),
  )
  const computed = context.state.following > 0 || (op.kind !== "opaque" && operands.some((operand) => operand.computed))
  if (!computed) context.state.dataCount++
  return {
    kind: "tensor",
    serial: nextSerial(context),
    source: { kind: "op", op, operands },
    shape,
    dtype:
      origin.dtype ??
      inferDtype(
        op,
        operands.map((t) => t.dtype),
      ),
    owners: [...context.state.owners],
    ...(origin.at === undefined ? {} : { at: callee(context, origin.at) }),
    ...(origin.label === undefined ? {} : { label: origin.label }),
    ...(computed ? { computed } : {}),
  }
}

/** A copy. One of a weight that is made outside of any forward pass keeps the value of that moment. */
export const copyTensor = (context: Context, t: TensorValue, at: TypeScript.Node): TensorValue =>
  t.source.kind === "weight" && context.state.forward === 0 && context.state.following === 0
    ? makeTensor(context, { kind: "stopGradient" }, [t], { at, label: "tf.clone" })
    : t

/** Solves symbols where an op needs two sizes to be equal. Leaves the complaint, if any, to the shape table. */
function agree(context: Context, op: Op, shapes: readonly (readonly Dim[])[]): void {
  switch (op.kind) {
    case "einsum": {
      const seen = new Map<string, Dim>()
      parseEinsum(op.equation).operands.forEach((letters, k) =>
        letters.forEach((letter, i) => {
          const known = seen.get(letter),
            size = shapes[k]?.[i]
          if (size === undefined) return
          if (known === undefined) seen.set(letter, size)
          else unifyDims(context, known, size)
        }),
      )
      return
    }
    case "binary":
    case "select": {
      const rank = Math.max(...shapes.map((s) => s.length))
      for (let i = 1; i <= rank; i++) {
        const sizes = shapes.map((s) => s[s.length - i]).filter((d) => d !== undefined && d !== 1)
        for (const size of sizes.slice(1)) unifyDims(context, sizes[0], size)
      }
      return
    }
    case "concat":
      for (const shape of shapes.slice(1)) shape.forEach((d, i) => i !== op.axis && i < shapes[0].length && unifyDims(context, shapes[0][i], d))
      return
    case "convolve":
      if (shapes[0].length === op.strides.length + 2 && shapes[1].length === op.strides.length + 2)
        unifyDims(context, shapes[0][op.strides.length + 1], shapes[1][op.strides.length])
      return
    case "gather":
      for (let i = 0; i < op.batchAxes; i++)
        if (shapes[0][i] !== undefined && shapes[1][i] !== undefined) unifyDims(context, shapes[0][i], shapes[1][i])
      return
    default:
  }
}

export function makeInput(
  context: Context,
  name: string,
  shape: readonly Dim[],
  domain: InputRecord["domain"] = "real",
  at?: TypeScript.Node,
): TensorValue {
  const serial = nextSerial(context)
  return {
    kind: "tensor",
    serial,
    source: { kind: "input", input: { name, domain, serial } },
    shape,
    dtype: domain === "index" ? "int" : "float",
    owners: [],
    computed: true,
    ...(at === undefined ? {} : { at: callee(context, at) }),
  }
}

export const constant = (context: Context, value: number, origin: Origin = {}, shape: readonly Dim[] = []): TensorValue =>
  makeTensor(context, { kind: "constant", value: { kind: "fill", value } }, [], origin, shape)

/** The values of nested arrays of numbers with their shape, or null where one is not known or they are ragged. */
export function nestedNumbers(value: Value): { readonly values: number[]; readonly shape: number[] } | null {
  const single = numberIn(value) ?? (value.kind === "primitive" && typeof value.value === "boolean" ? Number(value.value) : null)
  if (single !== null) return { values: [single], shape: [] }
  if (value.kind !== "array") return null
  const parts = value.items.map(nestedNumbers)
  const first = parts[0]
  if (first === null || first === undefined) return parts.length === 0 ? { values: [], shape: [0] } : null
  const values: number[] = []
  for (const part of parts) {
    if (part === null || part.shape.join() !== first.shape.join()) return null
    values.push(...part.values)
  }
  return { values, shape: [parts.length, ...first.shape] }
}

/** A value as a tensor: tensors themselves, numbers and nested arrays as constants; unknown numbers as constants nobody knows. */
export function tensorOf(context: Context, value: Value | undefined, origin: Origin = {}): TensorValue {
  if (value === undefined) throw new Unreadable("an argument is missing")
  if (value.kind === "tensor") {
    if (context.state.disposed.length > 0 && origin.at !== undefined) tellDisposed(context, value, origin.at)
    return value
  }
  if (value.kind === "object" && value.fields.has("__variable")) return tensorOf(context, value.fields.get("__variable"), origin)
  const read = readTensor(context, value)
  if (read !== null) return read
  const numbers = nestedNumbers(value)
  if (numbers !== null) {
    const { values, shape } = numbers
    if (shape.length === 0) return constant(context, values[0], origin)
    return makeTensor(context, { kind: "constant", value: { kind: "data", values } }, [], origin, shape)
  }
  if (value.kind === "dim")
    return makeTensor(
      context,
      { kind: "constant", value: { kind: "unknown", why: `the size ${String(value.dim).replace(/\u00b7\d+/g, "")}` } },
      [],
      origin,
      [],
    )
  if (value.kind === "array") {
    const parts = value.items.map((item) => tensorOf(context, item, origin))
    if (parts.length === 1) return makeTensor(context, { kind: "reshape" }, parts, origin, [1, ...shapeOf(context, parts[0])])
    if (parts.length > 1) {
      const expanded = parts.map((part) => makeTensor(context, { kind: "reshape" }, [part], origin, [1, ...shapeOf(context, part)]))
      return makeTensor(context, { kind: "concat", axis: 0 }, expanded, origin)
    }
  }
  if (value.kind === "unknown" && value.tensors.length === 0 && value.name !== null) {
    if (context.state.loss === null && value.properties.has(openParameter)) throw new NeedsTensor(value.name)
    if (value.name !== "number") assume(context, `'${value.name}' is taken to be a number`)
    // A number from a configuration: the same constant for every sample.
    return makeTensor(context, { kind: "constant", value: { kind: "unknown", why: value.why } }, [], origin, [])
  }
  throw new Unreadable(value.kind === "unknown" ? value.why : `${nounOf(value)} stands where a tensor is expected`)
}

/** What a reader calls a value that is no tensor. */
const nounOf = ({ kind }: Value): string => {
  switch (kind) {
    case "native":
    case "tf":
      return "a function of tfjs or of JavaScript"
    case "object":
      return "an object"
    case "array":
      return "a list"
    case "primitive":
    case "dim":
      return "a value"
    case "unknown":
      return "something unknown"
    default:
      return `a ${kind}`
  }
}

/** A value as a size; unknown numbers become symbols named after what they are. */
export function dimOf(context: Context, value: Value | undefined, fallback = "n"): Dim {
  if (value === undefined) throw new Unreadable(`the size '${fallback}' is missing`)
  if (value.kind === "dim") return resolveDim(context, value.dim)
  const known = numberIn(value)
  if (known !== null && !Number.isNaN(known)) return known
  if (value.kind === "primitive" && typeof value.value === "string" && /^\d+$/.test(value.value)) return Number(value.value)
  if (value.kind === "unknown") {
    if (value.tensors.length > 0) throw new Unreadable(`the size '${fallback}' comes out of a tensor: ${value.why}`)
    const held = value.properties.get("\u0000size")
    if (held?.kind === "dim") return resolveDim(context, held.dim)
    const symbol = freshSymbol(context, value.name ?? fallback)
    value.properties.set("\u0000size", { kind: "dim", dim: symbol })
    return symbol
  }
  throw new Unreadable(`the size '${fallback}' is a ${value.kind === "primitive" ? String(value.value) : value.kind}`)
}

/** An array of sizes, or the only one. */
export function shapeArgument(context: Context, value: Value | undefined, fallback = "n"): readonly Dim[] {
  if (value === undefined) throw new Unreadable("a shape is missing")
  if (value.kind === "array") return value.items.map((item, i) => dimOf(context, item, `${fallback}.${i}`))
  if (value.kind === "unknown" && value.name === null) throw new Unreadable(value.why)
  return [dimOf(context, value, fallback)]
}

/** Axis from an argument: whole, negative counts from the end. */
export function axisOf(value: Value | undefined, rank: number, missing: number): number {
  const given = value === undefined || (value.kind === "primitive" && (value.value === undefined || value.value === null)) ? missing : numberIn(value)
  if (given === null) throw new Unreadable("the axis is not a known number")
  const axis = given < 0 ? given + rank : given
  if (axis < 0 || axis >= Math.max(rank, 1)) throw new Unreadable(`axis ${given} is out of range for rank ${rank}`)
  return axis
}

/** Axes from an argument; none given means all. */
export function axesOf(value: Value | undefined, rank: number): readonly number[] {
  if (value === undefined || (value.kind === "primitive" && (value.value === undefined || value.value === null)))
    return Array.from({ length: rank }, (_, i) => i)
  const list = value.kind === "array" ? value.items : [value]
  return list.map((item) => axisOf(item, rank, 0)).sort((a, b) => a - b)
}

/** Fills in the −1 of a reshape. */
export function reshapeTarget(context: Context, from: readonly Dim[], to: readonly Dim[]): readonly Dim[] {
  const open = to.findIndex((d) => d === -1)
  if (open < 0) {
    // A symbol in either shape may be what makes the counts equal.
    const before = productOf(from),
      after = productOf(to)
    if (before !== after) {
      const common = solveProduct(context, from, to)
      if (common) return to.map((d) => resolveDim(context, d))
    }
    return to
  }
  tieLastAxis(context, from, to)
  const rest = productOf(to.filter((_, i) => i !== open))
  const missing = divideDim(productOf(from.map((d) => resolveDim(context, d))), rest)
  if (missing === null || (typeof missing === "number" && !Number.isInteger(missing)))
    throw new Unreadable(`reshape: [${from.join(", ")}] does not divide by ${rest}`)
  if (missing === 1 && to.length > from.length) context.state.emptyAxes++
  return to.map((d, i) => (i === open ? missing : d))
}

/**
 * `reshape([-1, k])` of an input whose last axis nobody states: rows of k, as the product that follows reads them. `reshape([-1, h, w, c])` of one
 * with two axes: a sample in each row.
 */
function tieLastAxis(context: Context, from: readonly Dim[], to: readonly Dim[]): void {
  const last = from.at(-1)
  if (to.length < 2 || to[0] !== -1 || from.length < 2 || last === undefined || (to.length > 2 && from.length > 2)) return
  const wanted = productOf(to.slice(1))
  if (isFreeSymbol(last) && last.includes(".") && divideDim(productOf(from.slice(0, -1)), wanted) !== 1) unifyDims(context, last, wanted)
}

/** Solves one symbol so that both shapes hold as many elements: made-up axis symbols before names of the source, never the batch axis. */
function solveProduct(context: Context, from: readonly Dim[], to: readonly Dim[]): boolean {
  const before = productOf(from), after = productOf(to)
  const open = [...new Set([...symbolsOf(before), ...symbolsOf(after)])].filter((symbol) => isFreeSymbol(symbol) && !/^batch(\u00b7|$)/.test(symbol))
  open.sort((a, b) => Number(b.includes(".")) - Number(a.includes(".")))
  for (const symbol of open) {
    for (const [mine, other] of [[before, after], [after, before]]) {
      const ratio = divideDim(other, mine)
      const value = ratio === null ? null : multiplyDim(symbol, ratio)
      if (value === null || symbolsOf(value).includes(symbol) || (typeof value === "number" && !(Number.isInteger(value) && value > 0))) continue
      if (substituteDim(before, { [symbol]: value }) === substituteDim(after, { [symbol]: value })) return unifyDims(context, symbol, value)
    }
  }
  return false
}

export const reshape = (context: Context, x: TensorValue, shape: readonly Dim[], origin: Origin = {}): TensorValue =>
  makeTensor(context, { kind: "reshape" }, [x], origin, shape)

/** x broadcast to a shape, x itself where it has it already. */
export function broadcastTo(context: Context, x: TensorValue, shape: readonly Dim[], origin: Origin = {}): TensorValue {
  const own = shapeOf(context, x)
  return own.length === shape.length && own.every((d, i) => d === shape[i]) ? x : makeTensor(context, { kind: "broadcast" }, [x], origin, shape)
}

/** Elements from … up to (not with) of one axis. */
export function sliceAxis(context: Context, x: TensorValue, axis: number, from: Dim, extent: Dim, origin: Origin = {}): TensorValue {
  const shape = shapeOf(context, x)
  return makeTensor(
    context,
    { kind: "slice", begin: shape.map((_, i) => (i === axis ? from : 0)), strides: shape.map(() => 1) },
    [x],
    origin,
    shape.map((d, i) => (i === axis ? extent : d)),
  )
}

function boundInput(input: InputRecord, range: Dim, reader: "row" | "hot"): void {
  if (reader === "hot" && input.bounded === true) return
  const known = reader === "row" && input.bounded !== true ? undefined : input.range
  if (known === undefined) input.range = range
  else if (typeof known === "number" && typeof range === "number") input.range = reader === "row" ? Math.min(known, range) : Math.max(known, range)
  if (reader === "row") input.bounded = true
}

/**
 * Counts as integers below `range`: marks the input these indices come from, through casts, reshapes and slices. Where a "row" is read tfjs
 * refuses other integers, so that the smallest such range holds; a "hot" row of any other integer is zero, so that the deepest one is assumed.
 */
export function markIndices(x: TensorValue, range: Dim, reader: "row" | "hot"): void {
  for (let at: TensorValue | undefined = x; at !== undefined;) {
    if (at.source.kind === "input") {
      if (at.source.input.domain === "real") at.source.input.domain = "index"
      boundInput(at.source.input, range, reader)
      return
    }
    if (at.source.kind !== "op") return
    const { op, operands }: { op: Op; operands: readonly TensorValue[] } = at.source
    const passes =
      op.kind === "reshape" ||
      op.kind === "slice" ||
      op.kind === "transpose" ||
      op.kind === "broadcast" ||
      op.kind === "tile" ||
      op.kind === "concat" ||
      op.kind === "stopGradient" ||
      (op.kind === "unary" && (op.fn === "round" || op.fn === "floor"))
    if (!passes) return
    if (op.kind === "concat") operands.slice(1).forEach((operand) => markIndices(operand, range, reader))
    at = operands[0]
  }
}

