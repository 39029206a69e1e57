/** @file Products and convolutions as graph ops: matMul, dot, einsum, outer products, the convolution family, pools. */
import type { Dim } from "../../schema/report"
import type { OpCall, OpEmitter } from "./call"
import type { Op, Padding } from "../../graph/op"
import type { TensorValue, Value } from "../value"
import { emit, flagAt, shape, shapeAt, targetAt, tensorAt, textAt } from "./call"
import { numberIn, stringIn, undefinedValue } from "../value"
import { parseEinsum } from "../../graph/shape"
import { reshape } from "../tensor"
import { Unreadable } from "../context"

const letters = "abcdefghijklmnopqrsuvwxyz"

/** a·b over the last two axes; leading axes are shared, sizes 1 among them stretched. Missing leading axes count as 1. */
export function emitMatMul(call: OpCall, a: TensorValue, b: TensorValue, transposeA: boolean, transposeB: boolean): TensorValue {
  const left = shape(call, a),
    right = shape(call, b)
  if (left.length < 2 || right.length < 2)
    throw new Unreadable(`matMul: expected at least two axes, found [${left.join(", ")}] and [${right.join(", ")}]`)
  const rank = Math.max(left.length, right.length) - 2
  const row = letters[rank],
    inner = "t",
    column = letters[rank + 1]
  const side = (sizes: readonly Dim[], other: readonly Dim[]): { readonly letters: string; readonly kept: readonly Dim[] } => {
    const lead = sizes.slice(0, -2),
      otherLead = other.slice(0, -2)
    let names = ""
    const kept: Dim[] = []
    lead.forEach((d, i) => {
      const position = rank - lead.length + i,
        partner = otherLead[position - (rank - otherLead.length)]
      // A size 1 that meets a larger one is stretched, which is the same as leaving its letter out.
      if (d === 1 && partner !== undefined && partner !== 1) return
      names += letters[position]
      kept.push(d)
    })
    return { letters: names, kept }
  }
  const first = side(left, right),
    second = side(right, left)
  const x =
    first.kept.length === left.length - 2 ? a : reshape(call.context, a, [...first.kept, ...left.slice(-2)], { at: call.at, label: "tf.matMul" })
  const y =
    second.kept.length === right.length - 2 ? b : reshape(call.context, b, [...second.kept, ...right.slice(-2)], { at: call.at, label: "tf.matMul" })
  if (first.letters !== second.letters) call.context.state.stretchedProducts++
  const out = letters.slice(0, rank)
  const firstLetters = first.letters + (transposeA ? inner + row : row + inner)
  const secondLetters = second.letters + (transposeB ? column + inner : inner + column)
  const equation = `${firstLetters},${secondLetters}->${out}${row}${column}`
  return emit(call, { kind: "einsum", equation }, [x, y])
}

/** tf.dot: vectors and matrices in any combination, contracting the last axis of the first with the first of the second. */
function emitDot(call: OpCall): TensorValue {
  const a = tensorAt(call, 0),
    b = tensorAt(call, 1),
    ranks = `${shape(call, a).length}${shape(call, b).length}`
  const equations: Readonly<Record<string, string>> = { 11: "t,t->", 12: "t,tb->b", 21: "at,t->a", 22: "at,tb->ab" }
  const equation = equations[ranks]
  if (equation === undefined) throw new Unreadable("dot: expected vectors or matrices")
  return emit(call, { kind: "einsum", equation }, [a, b])
}

/** tf.einsum: letters repeated in one operand and more than two operands are beyond the graph's op; several operands are contracted from the left. */
function emitEinsum(call: OpCall): TensorValue {
  const text = stringIn(call.args[0])
  if (text === null) throw new Unreadable("einsum: the equation is not known")
  const equation = text.replace(/\s+/g, "")
  const tensors = call.args
    .slice(1)
    .flatMap((arg): Value[] => (arg.kind === "array" ? arg.items : [arg]))
    .map((_, i, list) => tensorAt({ ...call, args: list }, i))
  const { operands, output } = parseEinsum(equation.includes("->") ? equation : `${equation}->${implicitOutput(equation)}`)
  if (tensors.length !== operands.length) throw new Unreadable(`einsum: expected ${operands.length} tensors, found ${tensors.length}`)
  if (tensors.length <= 2)
    return emit(call, { kind: "einsum", equation: `${operands.map((o) => o.join("")).join(",")}->${output.join("")}` }, tensors)
  let current = tensors[0],
    names = operands[0]
  for (let k = 1; k < tensors.length; k++) {
    const later = new Set([...output, ...operands.slice(k + 1).flat()])
    const result = [...new Set([...names, ...operands[k]])].filter((letter) => later.has(letter))
    current = emit(call, { kind: "einsum", equation: `${names.join("")},${operands[k].join("")}->${result.join("")}` }, [current, tensors[k]])
    names = result
  }
  return names.join("") === output.join("") ? current : emit(call, { kind: "einsum", equation: `${names.join("")}->${output.join("")}` }, [current])
}

function implicitOutput(equation: string): string {
  const all = equation.replace(/,/g, "")
  return [...new Set(all)]
    .filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter))
    .sort()
    .join("")
}

/** One number for all spatial axes, or one each. */
export function perAxis(value: Value | undefined, count: number, missing: number): number[] {
  if (value === undefined || (value.kind === "primitive" && (value.value === undefined || value.value === null)))
    return Array.from({ length: count }, () => missing)
  const single = numberIn(value)
  if (single !== null) return Array.from({ length: count }, () => single)
  if (value.kind === "array") {
    const numbers = value.items.map((item) => numberIn(item))
    if (numbers.every((n): n is number => n !== null)) {
      if (numbers.length === count) return numbers
      if (numbers.length === 1) return Array.from({ length: count }, () => numbers[0])
    }
  }
  throw new Unreadable("strides, windows and dilations must be known numbers")
}

/** tfjs core's `pad` argument: "valid", "same", a number, or pairs of which the spatial ones count. */
export function paddingOf(value: Value | undefined, count: number, window: readonly Dim[] = [], strides: readonly number[] = []): Padding {
  const text = stringIn(value)
  if (text === "same" || text === "valid") return text
  const n = numberIn(value)
  // Given one number, tfjs computes the size of every axis from the first one's window and stride.
  if (n !== null && new Set(window).size < 2 && new Set(strides).size < 2)
    return Array.from({ length: count }, (): [number, number] => [n, n])
  if (value?.kind === "array") {
    const pairs = value.items.map((item) => (item.kind === "array" ? item.items.map((v) => numberIn(v)) : null))
    const spatial = pairs.length === count + 2 ? pairs.slice(1, -1) : pairs
    if (spatial.length === count && spatial.every((p) => p?.length === 2 && p.every((v) => v !== null)))
      return spatial.map((p): [number, number] => [p?.[0] ?? 0, p?.[1] ?? 0])
  }
  throw new Unreadable(n === null ? "the padding is not known" : "a padding given as one number beside a window that is not square is not read")
}

/** Runs `emitBatched` on x with a batch axis; adds and removes one where the input has none, as tfjs does. */
function withBatch(call: OpCall, x: TensorValue, rank: number, emitBatched: (x: TensorValue) => TensorValue): TensorValue {
  const own = shape(call, x)
  if (own.length === rank) return emitBatched(x)
  if (own.length !== rank - 1) throw new Unreadable(`${call.name}: expected rank ${rank - 1} or ${rank}, found [${own.join(", ")}]`)
  const y = emitBatched(reshape(call.context, x, [1, ...own], { at: call.at }))
  return reshape(call.context, y, shape(call, y).slice(1), { at: call.at })
}

function convolution(spatial: number, variant: "standard" | "depthwise"): OpEmitter {
  return (call) => {
    const format = spatial === 1 ? textAt(call, 4, "NWC") : textAt(call, 4, "NHWC")
    if (/^NC/.test(format)) throw new Unreadable(`the data format ${format} is not read`)
    const kernel = tensorAt(call, 1),
      strides = perAxis(call.args[2], spatial, 1)
    const op: Op = {
      kind: "convolve",
      variant,
      strides,
      dilations: perAxis(call.args[5], spatial, 1),
      padding: paddingOf(call.args[3], spatial, shape(call, kernel).slice(0, spatial), strides),
    }
    return withBatch(call, tensorAt(call, 0), spatial + 2, (x) => emit(call, op, [x, kernel]))
  }
}

function transposedConvolution(call: OpCall): TensorValue {
  const target = call.args[2],
    kernel = tensorAt(call, 1)
  const sizes = target?.kind === "array" ? target.items.map((item) => numberIn(item)) : []
  const op: Op = {
    kind: "convolve",
    variant: "transposed",
    strides: perAxis(call.args[3], 2, 1),
    dilations: [1, 1],
    padding: paddingOf(call.args[4], 2),
  }
  // tfjs keeps the filter as [height, width, out, in]; the graph's order is in, out.
  const swapped = emit(call, { kind: "transpose", permutation: [0, 1, 3, 2] }, [kernel])
  return withBatch(call, tensorAt(call, 0), 4, (x) => {
    const own = shape(call, x),
      out = shape(call, swapped)[3]
    const spatial = sizes.length === 4 ? sizes.slice(1, 3) : sizes.slice(0, 2)
    const stated = spatial.length === 2 && spatial.every((d): d is number => d !== null) ? [own[0], ...spatial, out] : undefined
    return emit(call, op, [x, swapped], stated)
  })
}

function separableConvolution(call: OpCall): TensorValue {
  const [x, depthwise, pointwise] = [0, 1, 2].map((i) => tensorAt(call, i))
  const padding = paddingOf(call.args[4], 2),
    strides = perAxis(call.args[3], 2, 1)
  return withBatch(call, x, 4, (batched) => {
    const y = emit(call, { kind: "convolve", variant: "depthwise", strides, dilations: perAxis(call.args[5], 2, 1), padding }, [batched, depthwise])
    return emit(call, { kind: "convolve", variant: "standard", strides: [1, 1], dilations: [1, 1], padding: "valid" }, [y, pointwise])
  })
}

function pool(spatial: number, fn: "max" | "average"): OpEmitter {
  return (call) => {
    const window = perAxis(call.args[1], spatial, 2), strides = perAxis(call.args[2], spatial, 1)
    const op: Op = { kind: "pool", fn, window, strides, padding: paddingOf(call.args[3], spatial, window, strides) }
    return withBatch(call, tensorAt(call, 0), spatial + 2, (x) => emit(call, op, [x]))
  }
}

/** tf.pool(x, window, "max" | "avg", pad, dilations, strides). */
function generalPool(call: OpCall): TensorValue {
  const kind = textAt(call, 2, "")
  if (kind !== "max" && kind !== "avg") throw new Unreadable("pool: the kind of pooling is not known")
  if (perAxis(call.args[4], 2, 1).some((n) => n !== 1)) throw new Unreadable("pool: dilated windows are not read")
  const [x, window, , padding, , strides = undefinedValue] = call.args
  return pool(2, kind === "max" ? "max" : "average")({ ...call, args: [x, window, strides, padding] }) as TensorValue
}

/** tf.conv3dTranspose(x, filter [depth, height, width, out, in], outputShape, strides, pad). */
function transposedConvolution3d(call: OpCall): TensorValue {
  const x = tensorAt(call, 0), swapped = emit(call, { kind: "transpose", permutation: [0, 1, 2, 4, 3] }, [tensorAt(call, 1)])
  const target = targetAt(call, 2).slice(-4, -1)
  const strides = perAxis(call.args[3], 3, 1), padding = paddingOf(call.args[4], 3)
  const op: Op = { kind: "convolve", variant: "transposed", strides, dilations: [1, 1, 1], padding }
  return withBatch(call, x, 5, (batched) => emit(call, op, [batched, swapped], [shape(call, batched)[0], ...target, shape(call, swapped)[4]]))
}

export const linearOps: Readonly<Record<string, OpEmitter>> = {
  matMul: (call) => emitMatMul(call, tensorAt(call, 0), tensorAt(call, 1), flagAt(call, 2, false), flagAt(call, 3, false)),
  dot: emitDot,
  einsum: emitEinsum,
  outerProduct: (call) => {
    if (shapeAt(call, 0).length !== 1 || shapeAt(call, 1).length !== 1) throw new Unreadable("outerProduct: expected two vectors")
    return emit(call, { kind: "einsum", equation: "a,b->ab" }, [tensorAt(call, 0), tensorAt(call, 1)])
  },
  conv1d: convolution(1, "standard"),
  conv2d: convolution(2, "standard"),
  conv3d: convolution(3, "standard"),
  depthwiseConv2d: convolution(2, "depthwise"),
  separableConv2d: separableConvolution,
  conv2dTranspose: transposedConvolution,
  conv3dTranspose: transposedConvolution3d,
  maxPool: pool(2, "max"),
  avgPool: pool(2, "average"),
  maxPool3d: pool(3, "max"),
  avgPool3d: pool(3, "average"),
  pool: generalPool,
}
