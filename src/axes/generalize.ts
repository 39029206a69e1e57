/**
 * @file Rewrites a traced graph in generic sizes: every shape becomes an expression in independent size variables, so that symmetry, laws and a
 * smaller replica all speak of the same architecture, whatever its numbers.
 */
import { addDim, divideDim, multiplyDim, subtractDim } from "../graph/dim"
import type { Graph, Node } from "../graph/graph"
import type { Op } from "../graph/op"
import { mapSizes } from "../graph/sizes"
import type { Dim } from "../schema/report"
import { findCells } from "./cells"
import { compareDims, makeAxisClasses } from "./classes"
import type { AxisClasses } from "./classes"
import { nameSizes } from "./naming"
import { relateAxes } from "./relate"
import type { Axes } from "./relate"
import type { SizeVariable } from "./size"
import { declaredSize, genericSize } from "./tree"
import type { AxisTree } from "./tree"

export interface GenericNetwork {
  /** Shapes and size attributes are expressions in the names of `sizes`. */
  readonly graph: Graph
  readonly sizes: readonly SizeVariable[]
  /** Tree of every axis of every node. */
  readonly axes: readonly (readonly AxisTree[])[]
  /** Size names to declared sizes. */
  readonly declared: Readonly<Record<string, Dim>>
  /** Sizes that follow from others (outputs of convolutions and pools, sums that equal a size), written in names of `sizes`. */
  readonly extents: Readonly<Record<string, Dim>>
}

export function generalize(graph: Graph): GenericNetwork {
  const { related, classes } = relateWithCells(graph)
  const { axes, sizes, declared, extents, resolve } = nameSizes(related, classes)
  const nodes = graph.nodes.map((node): Node => ({
    ...node,
    op: mapSizes(genericOp(node, graph, axes), resolve),
    shape: axes[node.id].map((tree) => resolve(genericSize(tree))),
  }))
  const parameters = graph.parameters.map((p) => (p.node === null ? p : { ...p, shape: nodes[p.node].shape }))
  return { graph: { ...graph, nodes, parameters }, sizes, axes, declared, extents }
}

/** The classes of all axes, once more where operations take short axes apart. */
function relateWithCells(graph: Graph): { readonly related: Axes[]; readonly classes: AxisClasses } {
  const first = makeAxisClasses(), axes = relateAxes(graph, first), cells = findCells(graph, axes, first)
  if (cells.size === 0) return { related: axes, classes: first }
  const classes = makeAxisClasses()
  return { related: relateAxes(graph, classes, cells), classes }
}

/** Size attributes of an op in generic sizes: they follow from the shapes around it. */
function genericOp(node: Node, graph: Graph, axes: readonly (readonly AxisTree[])[]): Op {
  const op = node.op
  switch (op.kind) {
    case "input": {
      if (op.range === undefined) return op
      // The size that bounds the integers, among those of all that read them; every table does.
      const readers = graph.nodes.flatMap((n) => {
        if (n.op.kind === "gather" && reaches(graph, n.operands[1], node.id)) return [{ of: n.operands[0], axis: n.op.axis, bounds: true }]
        return n.op.kind === "oneHot" && reaches(graph, n.operands[0], node.id) ? [{ of: n.id, axis: n.shape.length - 1, bounds: false }] : []
      })
      const reader = readers.find(({ of, axis }) => graph.nodes[of].shape[axis] === op.range) ?? readers.find(({ bounds }) => bounds)
      return reader === undefined ? op : { ...op, range: genericSize(axes[reader.of][reader.axis]) }
    }
    case "slice":
      return { ...op, begin: op.begin.map((b, i) => (b === 0 || (op.strides[i] ?? 1) !== 1 ? b : genericOffset(axes[node.operands[0]][i], b))) }
    case "pad":
      return {
        ...op,
        before: op.before.map((b, i) => (b === 0 ? b : edge(axes[node.id][i], "first", b))),
        after: op.after.map((a, i) => (a === 0 ? a : edge(axes[node.id][i], "last", a))),
      }
    case "tile":
      return {
        ...op,
        repeats: op.repeats.map((r, i) => (r === 1 ? r : (divideDim(genericSize(axes[node.id][i]), genericSize(axes[node.operands[0]][i])) ?? r))),
      }
    case "oneHot":
      return { ...op, depth: genericSize(axes[node.id][axes[node.id].length - 1]) }
    default:
      return op
  }
}

/** Whether integers of `from` come from `to` through shape operations only. */
function reaches(graph: Graph, from: number, to: number): boolean {
  if (from === to) return true
  const node = graph.nodes[from]
  const through = ["reshape", "transpose", "slice", "tile", "broadcast", "unary", "concat"].includes(node.op.kind)
  return through && node.operands.some((o) => reaches(graph, o, to))
}

/** The cell `begin` of an axis in generic sizes: what stands before it. Cells inside a leaf keep their number. */
function genericOffset(tree: AxisTree, begin: Dim): Dim {
  if (begin === 0 || tree.kind === "leaf" || tree.kind === "unit") return begin
  if (tree.kind === "sum") {
    let start: Dim = 0, before: Dim = 0
    for (const part of tree.parts) {
      const end = addDim(start, declaredSize(part)), inside = compareDims(begin, end)
      if (inside !== null && inside < 0) return addDim(before, genericOffset(part, subtractDim(begin, start)))
      start = end
      before = addDim(before, genericSize(part))
      if (start === begin) return before
    }
    return begin
  }
  // Row-major: whole rows of what trails, and cells within a row.
  const [lead, ...trail] = tree.parts, rest: AxisTree = { kind: "product", parts: trail }, unit = declaredSize(rest)
  if (trail.length === 0) return genericOffset(lead, begin)
  const rows = typeof begin === "number" && typeof unit === "number" ? Math.floor(begin / unit) : divideDim(begin, unit)
  if (rows === null) return begin
  return addDim(multiplyDim(genericOffset(lead, rows), genericSize(rest)), genericOffset(rest, subtractDim(begin, multiplyDim(rows, unit))))
}

function edge(tree: AxisTree, end: "first" | "last", size: Dim): Dim {
  if (tree.kind !== "sum") return size
  const part = end === "first" ? tree.parts[0] : tree.parts[tree.parts.length - 1]
  return declaredSize(part) === size ? genericSize(part) : size
}
