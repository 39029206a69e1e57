/**
 * @file Short axes of which an operation takes single cells at places the source states (a fixed permutation, every third cell, a mask of known
 * numbers, a band): cut into these cells, so that the operation becomes a renaming of blocks, and what it leaves out is seen to be left out.
 * Axes along which something else works, or that are long, stay whole: cutting would lose what holds along them.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { ConstantValue, OpOf } from "../graph/op"
import type { Dim } from "../schema/report"
import type { AxisClasses, ClassId } from "./classes"
import type { Axes } from "./relate"

/** Places at which an axis is cut, in order; 0 and the length are left out. */
interface Cut {
  readonly node: NodeId
  readonly class: ClassId
  readonly places: readonly number[]
}

/** The axes that each node wants cut, given the classes of all axes without. */
/** Longer axes make too many blocks; two axes are cut at once by bands and identities. */
const LENGTH = 8
const LENGTH_OF_TWO = 5

/** Nodes that may take an operand apart, with the places; to be found with classes of all axes as they are without. */
export function findCells(graph: Graph, axes: readonly Axes[], classes: AxisClasses): ReadonlyMap<NodeId, readonly number[]> {
  const moves: boolean[] = []
  for (const { op, operands, id } of graph.nodes)
    moves[id] = op.kind === "parameter" ? graph.parameters[op.parameter].trainable : operands.some((o) => moves[o])
  // Cells of data that are left out are no weight's; what weights read of data that is masked is.
  const wanted = graph.nodes.flatMap((node) =>
    moves[node.id] || node.op.kind === "binary" || node.op.kind === "select" ? cutsOf(graph, node, axes, classes) : [])
  if (wanted.length === 0) return new Map()
  const cutting = new Set(wanted.map((cut) => cut.node)), closed = closedClasses(graph, axes, classes, cutting)
  const stays = wanted.filter((cut) => classes.structure(cut.class)?.kind === "product" || closed.has(classes.find(cut.class)))
  const whole = new Set(stays.map((cut) => cut.node))
  return new Map(wanted.flatMap((cut) => (whole.has(cut.node) ? [] : [[cut.node, cut.places]])))
}

/** Cuts an axis at places, and keeps its size: others would have other cells there. False where its structure does not allow it. */
export function cutAxis(c: ClassId, places: readonly number[], classes: AxisClasses): boolean {
  const ends = [...places, Number(classes.value(c))]
  const parts = ends.map((end, i) => classes.range(c, i === 0 ? 0 : ends[i - 1], end - (i === 0 ? 0 : ends[i - 1])))
  classes.fix(c)
  return !parts.includes(null)
}

const everywhere = (length: number): number[] => Array.from({ length: length - 1 }, (_, i) => i + 1)

function cutsOf(graph: Graph, node: Node, axes: readonly Axes[], classes: AxisClasses): Cut[] {
  const { op, operands, id } = node
  const along = (c: ClassId, places: readonly number[] | null, longest = LENGTH): Cut[] => {
    const length = classes.value(c)
    if (typeof length !== "number" || length < 2 || (places === null && length > longest)) return []
    const own = places ?? everywhere(length)
    return own.length === 0 ? [] : [{ node: id, class: c, places: own }]
  }
  /** Cuts around single cells. */
  const around = (c: ClassId, cells: readonly number[]): Cut[] => {
    const length = Number(classes.value(c)), places = new Set(cells.flatMap((k) => [k, k + 1]).filter((k) => k > 0 && k < length))
    return cells.length > LENGTH || cells.some((k) => !(k >= 0 && k < length)) ? [] : along(c, [...places].sort((a, b) => a - b))
  }
  switch (op.kind) {
    case "slice": {
      const strided = op.strides.flatMap((stride, i) => ((stride ?? 1) === 1 || node.shape[i] === graph.nodes[operands[0]].shape[i] ? [] : [i]))
      const [axis] = strided
      if (strided.length !== 1 || isDivisible(op.begin[axis], op.strides[axis], node.shape[axis], classes.value(axes[operands[0]][axis]))) return []
      return around(axes[operands[0]][axis], stridedCells(op, node.shape, axis))
    }
    case "gather": {
      const indices = constantNumbers(graph, operands[1])
      // A row that is picked twice meets two parts of what it is multiplied with, whose sum may be nothing.
      const isOnce = indices !== null && new Set(indices).size === indices.length
      const plain = isOnce && op.batchAxes === 0 && graph.nodes[operands[1]].shape.length === 1
      return plain ? around(axes[operands[0]][op.axis], indices) : []
    }
    case "reverse":
      return op.axes.length === 1 ? along(axes[operands[0]][op.axes[0]], null) : []
    case "cumsum":
      return op.exclusive ? along(axes[operands[0]][op.axis], null) : []
    case "bandPart": {
      const [a, b] = axes[operands[0]].slice(-2), cuts = [...along(a, null, LENGTH_OF_TWO), ...along(b, null, LENGTH_OF_TWO)]
      return cuts.length === 2 ? cuts : []
    }
    case "binary":
    case "select": {
      if (op.kind === "binary" && op.fn !== "multiply") return []
      return operands.slice(0, op.kind === "select" ? 1 : 2).flatMap((o) => {
        const own = graph.nodes[o]
        if (own.op.kind !== "constant") return []
        const { value } = own.op
        if (value.kind === "eye") return along(axes[o][0], null, LENGTH_OF_TWO)
        const places = own.shape.length === 1 ? steps(value, own.shape[0]) : null
        return places === null ? [] : along(axes[o][0], places)
      })
    }
    default:
      return []
  }
}

/** The cells that a strided slice takes along an axis. */
export const stridedCells = (op: OpOf<"slice">, shape: readonly Dim[], axis: number): number[] =>
  Array.from({ length: Math.min(Number(shape[axis]), LENGTH + 1) }, (_, k) => Number(op.begin[axis]) + k * op.strides[axis])

/** Every stride-th cell of a whole number of strides is a factor of the axis. */
function isDivisible(begin: unknown, stride: number, size: unknown, length: unknown): boolean {
  return typeof begin === "number" && begin < stride && typeof length === "number" && length % stride === 0 && length / stride === size
}

function constantNumbers(graph: Graph, id: NodeId): readonly number[] | null {
  const { op } = graph.nodes[id]
  return op.kind === "constant" && op.value.kind === "data" ? op.value.values : null
}

/** Where numbers that are zero somewhere change; null for others. */
function steps(value: ConstantValue, length: unknown): readonly number[] | null {
  if (typeof length !== "number" || length > LENGTH) return null
  const counted = value.kind === "range" ? Array.from({ length }, (_, i) => value.start + i * value.step) : []
  const numbers = value.kind === "data" ? value.values : counted
  return numbers.includes(0) ? everywhere(length).filter((i) => numbers[i] !== numbers[i - 1]) : null
}

/** Classes of axes along which something works that knows whole axes only, with what they consist of. */
function closedClasses(graph: Graph, axes: readonly Axes[], classes: AxisClasses, cutting: ReadonlySet<NodeId>): ReadonlySet<ClassId> {
  const closed = new Set<ClassId>()
  const close = (c: ClassId): void => {
    const own = classes.find(c)
    if (closed.has(own)) return
    closed.add(own)
    classes.structure(own)?.parts.forEach(close)
  }
  for (const node of graph.nodes)
    if (!cutting.has(node.id)) for (const c of workedAlong(node, node.operands.map((o) => axes[o]), axes[node.id])) close(c)
  return closed
}

/** Axes that an operation does not carry block by block. */
function workedAlong({ op }: Node, operands: readonly Axes[], own: Axes): readonly ClassId[] {
  switch (op.kind) {
    case "convolve":
    case "pool":
      return [...operands[0].slice(1, -1), ...own.slice(1, -1)]
    case "cumsum":
    case "argExtreme":
    case "gather":
      return [operands[0][op.axis]]
    case "topK":
    case "oneHot":
      return [...operands[0].slice(-1), ...own.slice(-1)]
    case "reverse":
      return op.axes.map((a) => operands[0][a])
    case "bandPart":
      return own.slice(-2)
    case "reduce":
      return op.fn === "prod" ? op.axes.map((a) => operands[0][a]) : []
    case "slice":
      return op.strides.flatMap((stride, i) => ((stride ?? 1) === 1 ? [] : [operands[0][i]]))
    case "tile":
    case "upsample":
    case "pad":
    case "opaque":
      return [...operands.flat(), ...own]
    default:
      return []
  }
}
