/**
 * @file How each op ties the axes of its operands to those of its result: one rule per op kind. A rule only states which axes are the same
 * index, or factors or segments of another; sizes were checked when the graph was built.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { ConstantValue, Op, OpKind, OpOf, Padding } from "../graph/op"
import { multiplyDim, productOf } from "../graph/dim"
import type { Dim } from "../schema/report"
import { cutAxis, stridedCells } from "./cells"
import type { AxisClasses, ClassId, Derivation } from "./classes"

/** Classes of the axes of one tensor. */
export type Axes = readonly ClassId[]
type Relate<K extends OpKind> = (op: OpOf<K>, operands: readonly Axes[], node: Node, classes: AxisClasses) => ClassId[]

/** One class per axis of every node, in the order of the nodes. `cells`: nodes that take an operand apart, with the places. */
export function relateAxes(graph: Graph, classes: AxisClasses, cells: ReadonlyMap<NodeId, readonly number[]> = new Map()): Axes[] {
  const axes: Axes[] = []
  for (const node of graph.nodes) {
    const operands = node.operands.map((o) => axes[o]), places = cells.get(node.id)
    const own = relations[node.op.kind](node.op as never, operands, node, classes)
    axes.push(places === undefined ? own : takenApart(graph, node, operands, own, places, classes))
  }
  fixIndexed(graph, axes, classes)
  unifyTwins(graph, axes, classes)
  return axes
}

/** Cuts the axis that a node takes cells of; what it picks of them is the sum of these cells. */
function takenApart(
  graph: Graph, { op, operands: reads, shape }: Node, operands: readonly Axes[], own: ClassId[], places: readonly number[], classes: AxisClasses,
): ClassId[] {
  const picked = (axis: number, from: number, picks: readonly number[]): ClassId[] => {
    const cells = cutAxis(operands[0][axis], places, classes) ? picks.map((k) => classes.range(operands[0][axis], k, 1)) : [null]
    return cells.includes(null) ? own : own.map((c, i) => (i === from ? classes.sum(cells as ClassId[]) : c))
  }
  switch (op.kind) {
    case "slice": {
      const axis = op.strides.findIndex((stride, i) => (stride ?? 1) !== 1 && shape[i] !== classes.value(operands[0][i]))
      return picked(axis, axis, stridedCells(op, shape, axis))
    }
    case "gather": {
      const { op: index } = graph.nodes[reads[1]]
      return index.kind === "constant" && index.value.kind === "data" ? picked(op.axis, op.axis, index.value.values) : own
    }
    case "bandPart":
      for (const c of own.slice(-2)) cutAxis(c, places, classes)
      return own
    case "reverse":
    case "cumsum":
      cutAxis(own[op.kind === "cumsum" ? op.axis : op.axes[0]], places, classes)
      return own
    default: {
      // The constant's own axis is the result's.
      const k = reads.findIndex((o) => graph.nodes[o].op.kind === "constant" && graph.nodes[o].shape.length > 0)
      cutAxis(operands[k][0], places, classes)
      return own
    }
  }
}

/** Axes that numbers of the source index keep their size: another one would have other cells at these places, or none. */
function fixIndexed(graph: Graph, axes: readonly Axes[], classes: AxisClasses): void {
  for (const { op, operands, id } of graph.nodes) {
    if (op.kind !== "gather" && op.kind !== "oneHot") continue
    const indexed = op.kind === "gather" ? axes[operands[0]][op.axis] : axes[id][axes[id].length - 1], index = operands[operands.length - 1]
    const chosen = chosenAmong(graph, index, axes)
    if (chosen !== null && classes.value(chosen) === classes.value(indexed)) classes.unify(chosen, indexed)
    const from = ancestors(graph, index), leaves = from.filter((n) => n.operands.length === 0)
    // Counting from zero fits every axis that is at least as long, and so do integers that an input states the range of.
    const moved = from.some((n) => n.op.kind === "binary" || n.op.kind === "unary")
    const counts = leaves.filter((n) => n.op.kind === "constant" && (moved || !countsFromZero(n.op.value)))
    // What counts the rows of a table that cannot grow may not count further.
    if (isRigid(indexed, classes)) for (const n of leaves) if (n.op.kind === "constant") fixAll(axes[n.id], classes)
    if (counts.length === 0 || counts.length < leaves.length) continue
    classes.fix(indexed)
    for (const n of counts) fixAll(axes[n.id], classes)
  }
}

/** Whether an axis is of single cells and of parts that keep their size. */
function isRigid(c: ClassId, classes: AxisClasses): boolean {
  const structure = classes.structure(c)
  return structure === null ? classes.isFixed(c) || classes.value(c) === 1 : structure.parts.every((p) => isRigid(p, classes))
}

/** Tables that the same indices read, and kernels that do the same with one tensor, can be exchanged: sizes that are equal are the same. */
function unifyTwins(graph: Graph, axes: readonly Axes[], classes: AxisClasses): void {
  const first = new Map<string, Axes>()
  for (const { op, operands } of graph.nodes) {
    if (op.kind !== "gather" && op.kind !== "convolve") continue
    const own = op.kind === "gather" ? [axes[operands[0]][op.axis]] : axes[operands[1]].slice(0, op.strides.length)
    const name = op.kind === "gather" ? `${operands[1]}` : `${operands[0]} ${JSON.stringify(op)}`,
      twin = first.get(name)
    if (twin === undefined) first.set(name, own)
    else own.forEach((c, i) => classes.value(c) === classes.value(twin[i]) && classes.unify(c, twin[i]))
  }
}

/** The axis that indices are places on, where they are places of extremes. */
function chosenAmong(graph: Graph, id: number, axes: readonly Axes[]): Axes[number] | null {
  const { op, operands } = graph.nodes[id]
  if (op.kind === "argExtreme") return axes[operands[0]][op.axis]
  if (op.kind === "topK") return op.output === "indices" ? axes[operands[0]].at(-1)! : null
  const through = op.kind === "reshape" || op.kind === "transpose" || op.kind === "slice" || op.kind === "tile" || op.kind === "broadcast"
  return through ? chosenAmong(graph, operands[0], axes) : null
}

const countsFromZero = (value: ConstantValue): boolean => value.kind === "range" && value.start === 0 && value.step === 1

/** A node and all it depends on. */
function ancestors(graph: Graph, id: number): readonly Node[] {
  const seen = new Set([id])
  for (const at of seen) for (const o of graph.nodes[at].operands) seen.add(o)
  return [...seen].map((at) => graph.nodes[at])
}

const freshAxes: (op: Op, operands: readonly Axes[], node: Node, classes: AxisClasses) => ClassId[] = (_op, _operands, node, classes) =>
  node.shape.map(classes.fresh)

/** Numpy broadcasting: aligned from the right; axes of size one stretch. */
function broadcast(_op: Op, operands: readonly Axes[], node: Node, classes: AxisClasses): ClassId[] {
  const rank = node.shape.length
  return node.shape.map((size, i) => {
    const own = operands.map((axes) => axes[i - rank + axes.length]).filter((c) => c !== undefined && (classes.value(c) !== 1 || size === 1))
    if (own.length === 0) return classes.fresh(size)
    for (const other of own.slice(1)) classes.unify(own[0], other)
    return own[0]
  })
}

const same = (_op: Op, [x]: readonly Axes[]): ClassId[] => [...x]
const fixAll = (axes: readonly ClassId[], classes: AxisClasses): void => axes.forEach(classes.fix)

function without(axes: Axes, removed: readonly number[], keep: boolean, classes: AxisClasses): ClassId[] {
  return axes.flatMap((c, i) => (removed.includes(i) ? (keep ? [classes.fresh(1)] : []) : [c]))
}

const paddingOf = (padding: Padding, axis: number): "valid" | "same" | readonly [number, number] =>
  typeof padding === "string" ? padding : padding[axis]

/** Result of a convolution or pool along one spatial axis. */
function spatial(
  input: ClassId,
  kernel: Derivation["kernel"],
  size: Dim,
  how: { stride: number; dilation: number; padding: "valid" | "same" | readonly [number, number]; transposed: boolean },
  classes: AxisClasses,
): ClassId {
  if ("axis" in kernel) classes.fix(kernel.axis)
  if (how.stride === 1 && how.padding === "same") return input
  const out = classes.fresh(size)
  classes.derive(out, { input, kernel, ...how })
  return out
}

/**
 * Groups of axes with equal products, row-major: the pieces a reshape cannot mix. Cut wherever the sizes so far multiply to the same, which canonical
 * products tell of symbols as of numbers.
 */
function reshapeGroups(from: readonly Dim[], to: readonly Dim[]): { from: number[]; to: number[] }[] {
  const left = prefixProducts(from),
    right = prefixProducts(to)
  const groups: { from: number[]; to: number[] }[] = []
  let i = 0,
    j = 0
  while (i < from.length || j < to.length) {
    let endI = from.length,
      endJ = to.length
    // The nearest cut, axes of one cell each in a group of its own.
    search: for (let many = 1; many < from.length - i + to.length - j; many++)
      for (let k = Math.min(many, from.length - i); k >= 0; k--) {
        if (many - k > to.length - j || left[i + k] !== right[j + many - k]) continue
        endI = i + k
        endJ = j + many - k
        break search
      }
    groups.push({ from: range(i, endI), to: range(j, endJ) })
    i = endI
    j = endJ
  }
  return groups
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, k) => from + k)

function prefixProducts(sizes: readonly Dim[]): Dim[] {
  const products: Dim[] = [1]
  for (const size of sizes) products.push(multiplyDim(products[products.length - 1], size))
  return products
}

function reshape(x: Axes, node: Node, classes: AxisClasses): ClassId[] {
  const from = x.map(classes.value)
  const out: ClassId[] = node.shape.map((size) => classes.fresh(size))
  if (productOf(from) !== productOf(node.shape)) return out
  for (const group of reshapeGroups(from, node.shape)) {
    const left = group.from.map((i) => x[i]).filter((c) => classes.value(c) !== 1),
      right = group.to.map((j) => out[j]).filter((c) => classes.value(c) !== 1)
    if (left.length === 0 || right.length === 0) continue
    if (left.length === 1) classes.unify(left[0], classes.product(right))
    else if (right.length === 1) classes.unify(right[0], classes.product(left))
    else classes.unify(classes.product(left), classes.product(right))
  }
  return out
}

const relations: { readonly [K in OpKind]: Relate<K> } = {
  input: freshAxes,
  parameter: freshAxes,
  constant: (op, operands, node, classes) => {
    const axes = freshAxes(op, operands, node, classes)
    if (op.value.kind === "data") fixAll(axes, classes)
    if (op.value.kind === "eye") classes.unify(axes[0], axes[1])
    return axes
  },
  random: freshAxes,
  unary: same,
  binary: broadcast,
  select: broadcast,
  dropout: same,
  stopGradient: same,
  einsum: (op, operands, node, classes) => {
    const [inputs, output] = op.equation.split("->")
    const byLetter = new Map<string, ClassId>()
    inputs.split(",").forEach((letters, k) =>
      [...letters].forEach((letter, i) => {
        const seen = byLetter.get(letter)
        if (seen === undefined || (classes.value(seen) === 1 && classes.value(operands[k][i]) !== 1)) byLetter.set(letter, operands[k][i])
        else if (classes.value(operands[k][i]) !== 1 || classes.value(seen) === 1) classes.unify(seen, operands[k][i])
      }),
    )
    return [...output].map((letter, i) => byLetter.get(letter) ?? classes.fresh(node.shape[i]))
  },
  softmax: (op, [x], _node, classes) => {
    classes.needAtLeast(x[op.axis], 3)
    return [...x]
  },
  normalize: (op, [x], _node, classes) => {
    for (const axis of op.axes) classes.needAtLeast(x[axis], 3)
    return [...x]
  },
  reduce: (op, [x], _node, classes) => without(x, op.axes, op.keepDims, classes),
  cumsum: same,
  argExtreme: (op, [x], _node, classes) => without(x, [op.axis], false, classes),
  topK: (op, [x], _node, classes) => {
    const selected = classes.fresh(op.k), from = x[x.length - 1]
    classes.fix(selected)
    // To choose all is another network than to choose some.
    if (classes.value(from) === op.k) classes.fix(from)
    else classes.needAtLeast(from, op.k + 1)
    return [...x.slice(0, -1), selected]
  },
  reshape: (_op, [x], node, classes) => reshape(x, node, classes),
  transpose: (op, [x]) => op.permutation.map((i) => x[i]),
  slice: (op, [x], node, classes) =>
    x.map((c, i) => {
      const size = node.shape[i],
        begin = op.begin[i],
        stride = op.strides[i] ?? 1
      if (stride === 1) {
        const part = classes.range(c, begin, size)
        if (part !== null) return part
      } else if (typeof begin === "number" && begin >= 0 && begin < stride) {
        const split = classes.strided(c, stride)
        if (split !== null && classes.value(split.quotient) === size) return split.quotient
      }
      classes.fix(c)
      const out = classes.fresh(size)
      classes.fix(out)
      return out
    }),
  concat: (op, operands, node, classes) =>
    node.shape.map((_size, i) => {
      if (i === op.axis) return classes.sum(operands.map((axes) => axes[i]))
      for (const axes of operands.slice(1)) classes.unify(operands[0][i], axes[i])
      return operands[0][i]
    }),
  pad: (op, [x], node, classes) =>
    x.map((c, i) => {
      if (op.before[i] === 0 && op.after[i] === 0) return c
      if (op.mode !== "constant") {
        classes.fix(c)
        const out = classes.fresh(node.shape[i])
        classes.fix(out)
        return out
      }
      return classes.sum(
        [classes.fresh(op.before[i]), c, classes.fresh(op.after[i])].map((part, k) => {
          if (k !== 1) classes.fix(part)
          return part
        }),
      )
    }),
  tile: (op, [x], _node, classes) =>
    x.map((c, i) =>
      op.repeats[i] === 1 ? c : classes.value(c) === 1 ? classes.fresh(op.repeats[i]) : classes.product([classes.fresh(op.repeats[i]), c]),
    ),
  broadcast,
  reverse: same,
  gather: (op, [x, indices], _node, classes) => {
    for (let i = 0; i < op.batchAxes; i++) classes.unify(x[i], indices[i])
    return [...x.slice(0, op.axis), ...indices.slice(op.batchAxes), ...x.slice(op.axis + 1)]
  },
  oneHot: (op, [indices], _node, classes) => [...indices, classes.fresh(op.depth)],
  bandPart: same,
  upsample: (op, [x], _node, classes) =>
    x.map((c, i) => (i > 0 && i < x.length - 1 && op.factors[i - 1] !== 1 ? classes.product([c, fixedClass(op.factors[i - 1], classes)]) : c)),
  convolve: (op, [x, kernel], node, classes) => {
    const rank = op.strides.length
    classes.unify(x[rank + 1], kernel[rank])
    const out = Array.from({ length: rank }, (_, i) =>
      spatial(
        x[1 + i],
        { axis: kernel[i] },
        node.shape[1 + i],
        { stride: op.strides[i], dilation: op.dilations[i], padding: paddingOf(op.padding, i), transposed: op.variant === "transposed" },
        classes,
      ),
    )
    const channels = op.variant === "depthwise" ? classes.product([x[rank + 1], kernel[rank + 1]]) : kernel[rank + 1]
    return [x[0], ...out, channels]
  },
  pool: (op, [x], node, classes) =>
    x.map((c, i) => {
      if (i === 0 || i === x.length - 1) return c
      return spatial(
        c,
        { cells: op.window[i - 1] },
        node.shape[i],
        { stride: op.strides[i - 1], dilation: 1, padding: paddingOf(op.padding, i - 1), transposed: false },
        classes,
      )
    }),
  opaque: freshAxes,
}

function fixedClass(size: number, classes: AxisClasses): ClassId {
  const c = classes.fresh(size)
  classes.fix(c)
  return c
}
