/**
 * @file The shape of every operation's result from the shapes of its operands: one exhaustive table. Sizes may be symbols; two sizes are
 * equal when their canonical text is. Broadcasting takes equal sizes or a 1; two different symbols do not meet, which is an error rather than
 * a guess. Leaves, reshapes, slices and broadcasts state their shape themselves, and the table only checks it.
 */
import type { Dim } from "../schema/report"
import type { Op, OpKind, OpOf, Padding } from "./op"
import { addDim, ceilDim, dim, divideDim, floorDim, multiplyDim, productOf, subtractDim } from "./dim"

export type Shape = readonly Dim[]

/** Shapes that do not fit together. `op` and `shapes` say where, for a message about the source. */
export class ShapeError extends Error {
  /** What does not fit, without the operation: for layers, which have names of their own. */
  readonly complaint: string
  constructor(
    readonly op: Op,
    readonly shapes: readonly Shape[],
    detail: string,
  ) {
    const complaint = `${detail}, got ${shapes.map(shapeText).join(" and ") || "no operands"}`
    super(`${describeOp(op)}: ${complaint}`)
    this.name = "ShapeError"
    this.complaint = complaint
  }
}

export const shapeText = (shape: Shape): string => `[${shape.join(", ")}]`

function describeOp(op: Op): string {
  switch (op.kind) {
    case "unary":
    case "binary":
      return op.fn
    case "reduce":
      return `reduce ${op.fn}`
    case "einsum":
      return `einsum '${op.equation}'`
    case "convolve":
      return `${op.variant} convolution`
    case "pool":
      return `${op.fn} pool`
    default:
      return op.kind
  }
}

type Rule<K extends OpKind> = (op: OpOf<K>, shapes: readonly Shape[], target: Shape | undefined) => Shape

/** How many operands a kind takes, from … to. */
export const operandCounts: { readonly [K in OpKind]: readonly [least: number, most: number] } = {
  input: [0, 0],
  parameter: [0, 0],
  constant: [0, 0],
  random: [0, 0],
  unary: [1, 1],
  binary: [2, 2],
  select: [3, 3],
  dropout: [1, 1],
  stopGradient: [1, 1],
  einsum: [1, 2],
  softmax: [1, 1],
  normalize: [1, 1],
  reduce: [1, 1],
  cumsum: [1, 1],
  argExtreme: [1, 1],
  topK: [1, 1],
  reshape: [1, 1],
  transpose: [1, 1],
  slice: [1, 1],
  concat: [1, Infinity],
  pad: [1, 1],
  tile: [1, 1],
  broadcast: [1, 1],
  reverse: [1, 1],
  gather: [2, 2],
  oneHot: [1, 1],
  bandPart: [1, 1],
  upsample: [1, 1],
  convolve: [2, 2],
  pool: [1, 1],
  opaque: [0, Infinity],
}

/**
 * The shape of an op's result.
 * @param target the shape the op states itself; needed for leaves, reshape, slice, broadcast and opaque, allowed for transposed convolutions.
 * @throws ShapeError when the operands do not fit.
 */
export function inferShape(op: Op, operandShapes: readonly Shape[], target?: Shape): readonly Dim[] {
  const [least, most] = operandCounts[op.kind]
  if (operandShapes.length < least || operandShapes.length > most) {
    throw new ShapeError(op, operandShapes, `expected ${least === most ? least : `${least} to ${most}`} operands`)
  }
  const rule = rules[op.kind] as (op: Op, shapes: readonly Shape[], target: Shape | undefined) => Shape
  return rule(
    op,
    operandShapes.map((s) => s.map(dim)),
    target?.map(dim),
  )
}

const stated = (op: Op, shapes: readonly Shape[], target: Shape | undefined): Shape => {
  if (target === undefined) throw new ShapeError(op, shapes, "expected a stated shape")
  return target
}
const same = (_op: Op, [x]: readonly Shape[]): Shape => x

const rules: { readonly [K in OpKind]: Rule<K> } = {
  input: stated,
  parameter: stated,
  constant: stated,
  random: stated,
  unary: same,
  binary: (op, shapes) => broadcastShapes(op, shapes),
  select: (op, shapes) => broadcastShapes(op, shapes),
  dropout: same,
  stopGradient: same,
  einsum: einsumShape,
  softmax: (op, shapes) => (checkAxes(op, shapes, [op.axis]), shapes[0]),
  normalize: (op, shapes) => (checkAxes(op, shapes, op.axes), shapes[0]),
  reduce: (op, shapes) => {
    checkAxes(op, shapes, op.axes)
    const axes = new Set(op.axes)
    return op.keepDims ? shapes[0].map((d, i) => (axes.has(i) ? 1 : d)) : shapes[0].filter((_, i) => !axes.has(i))
  },
  cumsum: (op, shapes) => (checkAxes(op, shapes, [op.axis]), shapes[0]),
  argExtreme: (op, shapes) => (checkAxes(op, shapes, [op.axis]), shapes[0].filter((_, i) => i !== op.axis)),
  topK: (op, shapes) => {
    const last = shapes[0].at(-1)
    if (last === undefined || (typeof last === "number" && last < op.k)) throw new ShapeError(op, shapes, `expected a last axis of at least ${op.k}`)
    return [...shapes[0].slice(0, -1), op.k]
  },
  reshape: (op, shapes, target) => {
    const shape = stated(op, shapes, target)
    if (productOf(shapes[0]) !== productOf(shape)) throw new ShapeError(op, [...shapes, shape], "expected as many elements after as before")
    return shape
  },
  transpose: (op, shapes) => {
    const seen = new Set(op.permutation)
    if (seen.size !== shapes[0].length || op.permutation.length !== seen.size || op.permutation.some((a) => a < 0 || a >= seen.size)) {
      throw new ShapeError(op, shapes, `expected a permutation of the axes, found [${op.permutation}]`)
    }
    return op.permutation.map((a) => shapes[0][a])
  },
  slice: (op, shapes, target) => {
    const shape = stated(op, shapes, target),
      [x] = shapes
    if (shape.length !== x.length || op.begin.length !== x.length || op.strides.length !== x.length)
      throw new ShapeError(op, [...shapes, shape], "expected one begin, stride and extent an axis")
    x.forEach((d, i) => {
      const begin = op.begin[i],
        extent = shape[i],
        stride = op.strides[i]
      if (typeof d !== "number" || typeof begin !== "number" || typeof extent !== "number") return
      const last = begin + (extent - 1) * stride
      if (extent > 0 && (begin < 0 || begin >= d || last < 0 || last >= d))
        throw new ShapeError(op, [...shapes, shape], `axis ${i}: elements ${begin} to ${last} lie outside`)
    })
    return shape
  },
  concat: (op, shapes) => {
    checkAxes(op, shapes, [op.axis])
    const [first] = shapes
    for (const s of shapes)
      if (s.length !== first.length || s.some((d, i) => i !== op.axis && d !== first[i]))
        throw new ShapeError(op, shapes, `expected equal sizes off axis ${op.axis}`)
    return first.map((d, i) => (i === op.axis ? shapes.map((s) => s[i]).reduce(addDim) : d))
  },
  pad: (op, shapes) => {
    if (op.before.length !== shapes[0].length || op.after.length !== shapes[0].length)
      throw new ShapeError(op, shapes, "expected one padding an axis")
    return shapes[0].map((d, i) => addDim(addDim(d, op.before[i]), op.after[i]))
  },
  tile: (op, shapes) => {
    if (op.repeats.length !== shapes[0].length) throw new ShapeError(op, shapes, "expected one repetition an axis")
    return shapes[0].map((d, i) => multiplyDim(d, op.repeats[i]))
  },
  broadcast: (op, shapes, target) => {
    const shape = stated(op, shapes, target),
      offset = shape.length - shapes[0].length
    if (offset < 0 || shapes[0].some((d, i) => d !== 1 && d !== shape[i + offset]))
      throw new ShapeError(op, [...shapes, shape], "expected axes of size 1 or equal")
    return shape
  },
  reverse: (op, shapes) => (checkAxes(op, shapes, op.axes), shapes[0]),
  gather: (op, shapes) => {
    checkAxes(op, shapes, [op.axis])
    const [x, indices] = shapes
    for (let i = 0; i < op.batchAxes; i++)
      if (x[i] !== indices[i]) throw new ShapeError(op, shapes, `expected equal sizes on the first ${op.batchAxes} axes`)
    if (op.batchAxes > op.axis) throw new ShapeError(op, shapes, `axis ${op.axis} lies among the ${op.batchAxes} batch axes`)
    return [...x.slice(0, op.axis), ...indices.slice(op.batchAxes), ...x.slice(op.axis + 1)]
  },
  oneHot: (op, shapes) => [...shapes[0], dim(op.depth)],
  bandPart: (op, shapes) => {
    if (shapes[0].length < 2) throw new ShapeError(op, shapes, "expected at least two axes")
    return shapes[0]
  },
  upsample: (op, shapes) => {
    if (shapes[0].length < op.factors.length + 1) throw new ShapeError(op, shapes, `expected ${op.factors.length} spatial axes after the first`)
    return shapes[0].map((d, i) => (i >= 1 && i <= op.factors.length ? multiplyDim(d, op.factors[i - 1]) : d))
  },
  convolve: convolveShape,
  pool: (op, shapes) => {
    const [x] = shapes,
      n = op.window.length
    if (x.length !== n + 2) throw new ShapeError(op, shapes, `expected [batch, ${n} spatial axes, channels]`)
    return [x[0], ...op.window.map((w, i) => windowedSize(op, shapes, x[i + 1], w, op.strides[i], 1, padOf(op.padding, i))), x[n + 1]]
  },
  opaque: stated,
}

function checkAxes(op: Op, shapes: readonly Shape[], axes: readonly number[]): void {
  for (const a of axes)
    if (!Number.isInteger(a) || a < 0 || a >= shapes[0].length)
      throw new ShapeError(op, shapes, `expected an axis below ${shapes[0].length}, found ${a}`)
  if (new Set(axes).size !== axes.length) throw new ShapeError(op, shapes, `expected distinct axes, found [${axes}]`)
}

/** Sizes from the right: equal, or 1. */
export function broadcastShapes(op: Op, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((s) => s.length))
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((s) => s[s.length - rank + i] ?? 1).filter((d) => d !== 1)
    if (sizes.some((d) => d !== sizes[0])) throw new ShapeError(op, shapes, "expected shapes that broadcast")
    return sizes[0] ?? 1
  })
}

/** Operand letters and output letters of an equation. */
export function parseEinsum(equation: string): { readonly operands: readonly (readonly string[])[]; readonly output: readonly string[] } {
  const [left, right = ""] = equation.split("->")
  return { operands: left.split(",").map((s) => [...s.trim()]), output: [...right.trim()] }
}

function einsumShape(op: OpOf<"einsum">, shapes: readonly Shape[]): Shape {
  const { operands, output } = parseEinsum(op.equation),
    sizes = new Map<string, Dim>()
  if (!op.equation.includes("->") || operands.length !== shapes.length)
    throw new ShapeError(op, shapes, `expected ${operands.length} operands and an arrow`)
  operands.forEach((letters, k) => {
    if (letters.length !== shapes[k].length || new Set(letters).size !== letters.length)
      throw new ShapeError(op, shapes, `expected one distinct letter an axis in '${letters.join("")}'`)
    letters.forEach((letter, i) => {
      const known = sizes.get(letter)
      if (known !== undefined && known !== shapes[k][i])
        throw new ShapeError(op, shapes, `letter '${letter}' stands for ${known} and ${shapes[k][i]}`)
      sizes.set(letter, shapes[k][i])
    })
  })
  return output.map((letter) => {
    const size = sizes.get(letter)
    if (size === undefined || output.indexOf(letter) !== output.lastIndexOf(letter))
      throw new ShapeError(op, shapes, `letter '${letter}' of the result is repeated or in no operand`)
    return size
  })
}

const padOf = (padding: Padding, axis: number): "valid" | "same" | readonly [number, number] =>
  typeof padding === "string" ? padding : (padding[axis] ?? [0, 0])

/** ⌈n/s⌉ for "same"; ⌊(n + padding − dilation·(k − 1) − 1)/s⌋ + 1 otherwise. */
function windowedSize(
  op: Op,
  shapes: readonly Shape[],
  n: Dim,
  window: Dim,
  stride: number,
  dilation: number,
  pad: "valid" | "same" | readonly [number, number],
): Dim {
  if (pad === "same") return ceilDim(quotient(n, stride))
  const padded = pad === "valid" ? n : addDim(n, pad[0] + pad[1])
  const size = addDim(floorDim(quotient(subtractDim(padded, addDim(multiplyDim(subtractDim(window, 1), dilation), 1)), stride)), 1)
  if (typeof size === "number" && size < 1) throw new ShapeError(op, shapes, `window ${window} does not fit into ${n}`)
  return size
}

/** n/s, a fraction where it does not come out whole: for rounding only. */
function quotient(n: Dim, s: number): Dim {
  return typeof n === "number" ? n / s : (divideDim(n, s) ?? n)
}

function convolveShape(op: OpOf<"convolve">, shapes: readonly Shape[], target: Shape | undefined): Shape {
  const [x, kernel] = shapes,
    n = op.strides.length
  if (x.length !== n + 2 || kernel.length !== n + 2)
    throw new ShapeError(op, shapes, `expected [batch, ${n} spatial axes, channels] and a kernel of ${n + 2} axes`)
  if (x[n + 1] !== kernel[n]) throw new ShapeError(op, shapes, `expected as many channels (${x[n + 1]}) as the kernel reads (${kernel[n]})`)
  const out = op.variant === "depthwise" ? multiplyDim(kernel[n], kernel[n + 1]) : kernel[n + 1]
  if (op.variant !== "transposed") {
    return [x[0], ...op.strides.map((s, i) => windowedSize(op, shapes, x[i + 1], kernel[i], s, op.dilations[i] ?? 1, padOf(op.padding, i))), out]
  }
  const spatial = op.strides.map((s, i) => target?.[i + 1] ?? transposedSize(x[i + 1], kernel[i], s, op.dilations[i] ?? 1, padOf(op.padding, i)))
  // A stated size must be one that the convolution this one transposes would shrink to x again.
  spatial.forEach((size, i) => {
    const back = windowedSize(op, shapes, size, kernel[i], op.strides[i], op.dilations[i] ?? 1, padOf(op.padding, i))
    if (typeof back === "number" && typeof x[i + 1] === "number" && back !== x[i + 1])
      throw new ShapeError(op, shapes, `spatial axis ${i + 1}: ${size} does not shrink to ${x[i + 1]}`)
  })
  return [x[0], ...spatial, out]
}

/** As tfjs's layers: n·s for "same", n·s + max(k − s, 0) for "valid". */
function transposedSize(n: Dim, window: Dim, stride: number, dilation: number, pad: "valid" | "same" | readonly [number, number]): Dim {
  const grown = multiplyDim(n, stride),
    reach = addDim(multiplyDim(subtractDim(window, 1), dilation), 1)
  if (pad === "same") return grown
  const over = subtractDim(reach, stride)
  const size = addDim(grown, typeof over === "number" ? Math.max(over, 0) : over)
  return pad === "valid" ? size : subtractDim(addDim(subtractDim(grown, stride), reach), pad[0] + pad[1])
}
