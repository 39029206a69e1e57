/**
 * @file Rewrites a traced graph in generic sizes: every shape becomes an expression in independent size variables, so that symmetry, laws and a
 * smaller replica all speak of the same architecture, whatever its numbers.
 */
import { addDim, ceilDim, divideDim, floorDim, multiplyDim, substituteDim, subtractDim } from "../graph/dim"
import type { Graph, Node } from "../graph/graph"
import type { Op } from "../graph/op"
import type { Dim } from "../schema/report"
import { makeAxisClasses } from "./classes"
import type { AxisClasses, ClassId, Derivation } from "./classes"
import { relateAxes } from "./relate"
import type { SizeVariable } from "./size"
import { declaredSize, genericSize, segmentsOf } from "./tree"
import type { AxisTree } from "./tree"

export interface GenericNetwork {
  /** Shapes and size attributes are expressions in the names of `sizes`. */
  readonly graph: Graph
  readonly sizes: readonly SizeVariable[]
  /** Tree of every axis of every node. */
  readonly axes: readonly (readonly AxisTree[])[]
  /** Size names to declared sizes. */
  readonly declared: Readonly<Record<string, Dim>>
  /** Extents that follow from others (outputs of convolutions and pools), written in names of `sizes`. */
  readonly extents: Readonly<Record<string, Dim>>
}

export function generalize(graph: Graph): GenericNetwork {
  const classes = makeAxisClasses()
  const nodeAxes = relateAxes(graph, classes)
  const namer = new SizeNamer(classes)
  const axes = nodeAxes.map((own) => own.map((c) => namer.tree(c)))
  const declared = namer.declared()
  const nodes = graph.nodes.map((node): Node => ({
    ...node,
    op: resolveOp(genericOp(node, graph, axes), (d) => namer.resolve(d)),
    shape: axes[node.id].map((tree) => namer.size(tree)),
  }))
  const parameters = graph.parameters.map((p) => (p.node === null ? p : { ...p, shape: nodes[p.node].shape }))
  return { graph: { ...graph, nodes, parameters }, sizes: namer.sizes(), axes, declared, extents: namer.extents() }
}

/** Names leaves in order of appearance and resolves derived extents. */
class SizeNamer {
  private readonly names = new Map<ClassId, string>()
  private readonly taken = new Set<string>(["floor", "ceil"])
  private readonly trees = new Map<ClassId, AxisTree>()
  private readonly derivedText = new Map<string, Dim>()
  /** Derived extents whose inputs are being named. */
  private readonly open = new Set<ClassId>()
  constructor(private readonly classes: AxisClasses) {}

  tree(c: ClassId): AxisTree {
    c = this.classes.find(c)
    let tree = this.trees.get(c)
    if (tree === undefined) this.trees.set(c, (tree = this.makeTree(c)))
    return tree
  }

  private makeTree(c: ClassId): AxisTree {
    const structure = this.classes.structure(c)
    if (structure !== null) {
      // Flat trees: a sum of sums is a sum, and the same for products.
      const parts = structure.parts
        .map((p) => this.tree(p))
        .flatMap((t) => (t.kind === structure.kind ? t.parts : t.kind === "unit" && structure.kind === "product" ? [] : [t]))
      return parts.length === 1 ? parts[0] : { kind: structure.kind, parts }
    }
    const declared = this.classes.value(c)
    if (declared === 1) return { kind: "unit" }
    const how = this.classes.derivation(c)
    // Names the input's size first, so that sizes appear in the order of the data.
    if (how !== null && !this.classes.isFixed(c)) {
      // An extent that was made the same as what it is computed from has one size: the declared one.
      if (this.open.has(c)) this.classes.fix(c)
      this.open.add(c)
      if (!this.classes.isFixed(c)) {
        this.tree(how.input)
        if ("axis" in how.kernel) this.tree(how.kernel.axis)
      }
      this.open.delete(c)
      const again = this.trees.get(c)
      if (again !== undefined) return again
    }
    const name = this.freeName(declared)
    this.names.set(c, name)
    return { kind: "leaf", atom: name, declared }
  }

  /** A symbol keeps its name; a number n becomes "n8", so that a reader of a replica sees what was shrunk. */
  private freeName(declared: Dim): string {
    const base =
      typeof declared === "number" ? `n${declared}` : /^[A-Za-z_]\w*(\/[A-Za-z_]\w*)?$/.test(declared) ? declared.replace("/", "_per_") : "size"
    let name = base
    for (let i = 2; this.taken.has(name); i++) name = `${base}_${i}`
    this.taken.add(name)
    return name
  }

  /** A tree's size with derived extents written out. */
  size(tree: AxisTree): Dim {
    return this.resolve(genericSize(tree))
  }

  /** Writes derived extents out in terms of independent sizes. */
  resolve(size: Dim): Dim {
    for (const [c, name] of this.names) {
      if (!this.isDerived(c) || typeof size === "number" || !size.includes(name)) continue
      size = substituteDim(size, { [name]: this.derivedSize(name, this.classes.derivation(c)!) })
    }
    return size
  }

  private isDerived(c: ClassId): boolean {
    const how = this.classes.derivation(c)
    return how !== null && !this.classes.isFixed(c)
  }

  private derivedSize(name: string, how: Derivation): Dim {
    let size = this.derivedText.get(name)
    if (size === undefined) {
      const input = this.size(this.tree(how.input)),
        kernel = "cells" in how.kernel ? how.kernel.cells : this.size(this.tree(how.kernel.axis))
      this.derivedText.set(name, (size = outputExtent(input, kernel, how)))
    }
    return size
  }

  extents(): Record<string, Dim> {
    return Object.fromEntries([...this.names].filter(([c]) => this.isDerived(c)).map(([, name]) => [name, this.resolve(name)]))
  }

  sizes(): SizeVariable[] {
    return [...this.names]
      .filter(([c]) => !this.isDerived(c))
      .map(([c, name]) => ({
        name,
        declared: this.classes.value(c),
        shrink: this.classes.isFixed(c) ? "fixed" : "free",
        minimum: this.classes.minimum(c),
      }))
  }

  declared(): Record<string, Dim> {
    return Object.fromEntries([...this.names].map(([c, name]) => [name, this.classes.value(c)]))
  }
}

/** Result extent of a convolution or pool, as tfjs computes it. */
export function outputExtent(input: Dim, kernel: Dim, how: Pick<Derivation, "stride" | "dilation" | "padding" | "transposed">): Dim {
  const reach = addDim(multiplyDim(subtractDim(kernel, 1), how.dilation), 1)
  if (how.transposed) {
    if (how.padding === "same") return multiplyDim(input, how.stride)
    const full = addDim(multiplyDim(subtractDim(input, 1), how.stride), reach)
    return how.padding === "valid" ? full : subtractDim(full, how.padding[0] + how.padding[1])
  }
  if (how.padding === "same") return ceilDim(divideDim(input, how.stride) ?? fraction(input, how.stride))
  const padded = how.padding === "valid" ? input : addDim(input, how.padding[0] + how.padding[1])
  const steps = subtractDim(padded, reach)
  return addDim(floorDim(divideDim(steps, how.stride) ?? fraction(steps, how.stride)), 1)
}

const fraction = (d: Dim, by: number): Dim => (typeof d === "number" ? d / by : `(${d})/${by}`)

/** Size attributes of an op in generic sizes: they follow from the shapes around it. */
function genericOp(node: Node, graph: Graph, axes: readonly (readonly AxisTree[])[]): Op {
  const op = node.op
  switch (op.kind) {
    case "input": {
      if (op.range === undefined) return op
      for (const n of graph.nodes) {
        if (n.op.kind === "gather" && reaches(graph, n.operands[1], node.id)) return { ...op, range: genericSize(axes[n.operands[0]][n.op.axis]) }
        if (n.op.kind === "oneHot" && reaches(graph, n.operands[0], node.id)) return { ...op, range: genericSize(axes[n.id][axes[n.id].length - 1]) }
      }
      return op
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

function resolveOp(op: Op, resolve: (d: Dim) => Dim): Op {
  switch (op.kind) {
    case "input":
      return op.range === undefined ? op : { ...op, range: resolve(op.range) }
    case "slice":
      return { ...op, begin: op.begin.map(resolve) }
    case "pad":
      return { ...op, before: op.before.map(resolve), after: op.after.map(resolve) }
    case "tile":
      return { ...op, repeats: op.repeats.map(resolve) }
    case "oneHot":
      return { ...op, depth: resolve(op.depth) }
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

/** The cell `begin` of an axis in generic sizes: the sum of the segments before it. */
function genericOffset(tree: AxisTree, begin: Dim): Dim {
  let total: Dim = 0
  for (const segment of segmentsOf(tree)) {
    if (segment.offset === begin) return total
    total = addDim(total, segment.atoms.reduce<Dim>(multiplyDim, 1))
  }
  return begin
}

function edge(tree: AxisTree, end: "first" | "last", size: Dim): Dim {
  if (tree.kind !== "sum") return size
  const part = end === "first" ? tree.parts[0] : tree.parts[tree.parts.length - 1]
  return declaredSize(part) === size ? genericSize(part) : size
}
