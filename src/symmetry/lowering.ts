/**
 * @file The state of a lowering: values made so far, the blocks of every node, barriers between axes that do not line up.
 */
import type { GenericNetwork } from "../axes/generalize"
import { sameTree, segmentsOf, joinKeys } from "../axes/tree"
import type { AxisTree, Segment } from "../axes/tree"
import type { Graph, Node, NodeId } from "../graph/graph"
import type { OpKind } from "../graph/op"
import { recognizePatterns } from "./patterns"
import type { Recognized } from "./patterns"
import type { LowOp, ParameterBlock, Program, Use, Value, ValueId } from "./program"

/** One block of a tensor: a value and, for each of its atoms, the position in the block's atom sequence. Positions nobody has are broadcast. */
export interface Block {
  readonly value: ValueId
  readonly positions: readonly number[]
}

/** A choice of one segment an axis. */
export type Choice = readonly Segment[]

/** Shape operations: blocks of the operand under another name, for data too, so that what is known of it stays known. */
export const renaming: ReadonlySet<OpKind> = new Set<OpKind>([
  "reshape",
  "transpose",
  "slice",
  "concat",
  "broadcast",
  "tile",
  "pad",
  "upsample",
  "constant",
])

/** More blocks than this and a tensor counts as unreadable: slices in a long loop. */
const BLOCK_LIMIT = 4096

export interface Lowered {
  readonly program: Program
  /** Values of each node, by node. */
  readonly valuesOf: ReadonlyMap<NodeId, readonly ValueId[]>
}

function makeChoices(axes: readonly AxisTree[]): readonly Choice[] {
  let out: Segment[][] = [[]]
  for (const tree of axes) {
    const segments = segmentsOf(tree)
    if (out.length * segments.length > BLOCK_LIMIT) return []
    out = out.flatMap((left) => segments.map((s) => [...left, s]))
  }
  return out
}

export class Lowering {
  readonly graph: Graph
  private readonly values: Value[] = []
  private readonly blocks: ReadonlyMap<string, Block>[] = []
  private readonly barriers = new Map<string, ReadonlyMap<string, Block>>()
  private readonly valuesByNode = new Map<NodeId, ValueId[]>()
  /** Parameters read as W + c, by what and how. */
  private readonly shifted = new Map<string, ValueId>()
  /** Values that several operations share, by name. */
  private readonly made = new Map<string, ValueId>()
  /** Nodes a trainable parameter reaches. */
  readonly depends: readonly boolean[]
  /** How many operations read each node, under whatever name. */
  readonly useCount: readonly number[]
  /** Normalizations written by hand, by the node of their result. */
  readonly patterns: ReadonlyMap<NodeId, Recognized>
  /** The same of data, which no weight reaches. */
  readonly dataPatterns: ReadonlyMap<NodeId, Recognized>
  private readonly live: ReadonlySet<NodeId>
  private readonly choicesByNode: (readonly Choice[] | undefined)[] = []
  private readonly choicesByAxes = new Map<string, readonly Choice[]>()
  private readonly treeNumbers = new Map<AxisTree, number>()

  constructor(
    readonly network: GenericNetwork,
    private readonly lowerNode: (lowering: Lowering, node: Node) => ReadonlyMap<string, Block>,
    private readonly plain: ReadonlySet<number>,
  ) {
    this.graph = network.graph
    const depends: boolean[] = []
    for (const node of network.graph.nodes)
      depends[node.id] =
        node.op.kind === "parameter" ? network.graph.parameters[node.op.parameter].trainable : node.operands.some((o) => depends[o])
    // Data is lowered as it is written; what it sums to is kept.
    const patterns = new Map<NodeId, Recognized>(),
      dataPatterns = new Map<NodeId, Recognized>()
    recognizePatterns(network.graph).forEach((pattern, id) => (depends[id] ? patterns : dataPatterns).set(id, pattern))
    this.patterns = patterns
    this.dataPatterns = dataPatterns
    const { nodes } = network.graph,
      live = liveNodes(network.graph, this.patterns),
      uses: number[] = nodes.map(() => 0)
    for (const o of network.graph.outputs) uses[o]++
    // A renamed tensor is the same values: it is read as often as all its names are. (Backwards, so that names are counted before what they name.)
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i]
      if (!live.has(node.id)) continue
      const many = renaming.has(node.op.kind) ? uses[node.id] : 1
      for (const o of operandsOf(node, network.graph, this.patterns)) uses[o] += many
    }
    this.depends = depends
    this.useCount = uses
    this.live = live
  }

  run(): Lowered {
    for (const node of this.graph.nodes) if (this.live.has(node.id)) this.blocks[node.id] = this.lowerNode(this, node)
    const outputs = this.graph.outputs.flatMap((o) => [...this.blocks[o].values()].map((b) => b.value))
    return { program: withoutDeadValues({ values: this.values, outputs: [...new Set(outputs)] }), valuesOf: this.valuesByNode }
  }

  /** The parameter of a value that may be read as W + c: everywhere, or it is torn, and a second attempt reads it as it is. */
  offsetCandidate(id: ValueId): ParameterBlock | null {
    const { op } = this.values[id]
    return op.kind === "parameter" && typeof op.offset === "number" && !this.plain.has(op.parameter) ? op : null
  }

  node(id: NodeId): Node {
    return this.graph.nodes[id]
  }

  tree(id: NodeId, axis: number): AxisTree {
    return this.network.axes[id][axis]
  }

  segments(id: NodeId, axis: number): readonly Segment[] {
    return segmentsOf(this.tree(id, axis))
  }

  value(id: ValueId): Value {
    return this.values[id]
  }

  /** How axes are cut: keys alone only number the parts. */
  cuts(id: NodeId, from: number, to: number): readonly unknown[] {
    return this.network.axes[id].slice(from, to).map((tree) => segmentsOf(tree).map(({ key, atoms, declared }) => [key, atoms, declared]))
  }

  /** Adds an operation; labels of its result become the block's positions. */
  emit(node: NodeId, op: LowOp, uses: readonly Use[], labels: readonly number[], atoms: readonly string[]): Block {
    const id = this.values.length
    // W + c is made where it is read, once for every block of the reader: it must stay one value, or W would count twice.
    if (op.kind === "parameter" && op.offset !== 0) {
      const key = JSON.stringify([op, labels, atoms]),
        known = this.shifted.get(key)
      if (known !== undefined) return { value: known, positions: labels }
      this.shifted.set(key, id)
    }
    this.values.push({ id, op, uses, labels, atoms, node })
    const own = this.valuesByNode.get(node)
    if (own === undefined) this.valuesByNode.set(node, [id])
    else own.push(id)
    return { value: id, positions: labels }
  }

  /** The value of this name, made when it is first asked for. */
  emitOnce(name: string, make: () => ValueId): ValueId {
    let known = this.made.get(name)
    if (known === undefined) this.made.set(name, (known = make()))
    return known
  }

  /** All choices of one segment for each axis. */
  choices(id: NodeId): readonly Choice[] {
    return (this.choicesByNode[id] ??= this.choicesOf(this.network.axes[id]))
  }

  /** Tensors of the same axes share their choices. */
  private choicesOf(axes: readonly AxisTree[]): readonly Choice[] {
    let key = ""
    for (const tree of axes) {
      let number = this.treeNumbers.get(tree)
      if (number === undefined) this.treeNumbers.set(tree, (number = this.treeNumbers.size))
      key += `${number},`
    }
    let known = this.choicesByAxes.get(key)
    if (known === undefined) this.choicesByAxes.set(key, (known = makeChoices(axes)))
    return known
  }

  block(id: NodeId, key: string): Block | undefined {
    return this.blocks[id].get(key)
  }

  allBlocks(id: NodeId): readonly Block[] {
    return [...new Set(this.blocks[id].values())]
  }

  /** The blocks of a node as if its axes were cut like `targets`; where they are not, a barrier lets only the common factor through. */
  conformed(id: NodeId, targets: readonly AxisTree[]): (choice: Choice) => Block {
    const axes = this.network.axes[id]
    if (axes === targets || axes.every((tree, i) => sameTree(tree, targets[i]))) {
      const own = this.blocks[id]
      return (choice) => own.get(keyOf(choice)) ?? this.barrierBlock(id, targets, choice)
    }
    return (choice) => this.barrierBlock(id, targets, choice)
  }

  private barrierBlock(id: NodeId, targets: readonly AxisTree[], choice: Choice): Block {
    const name = `${id}:${targets
      .map((t) =>
        segmentsOf(t)
          .map((s) => s.key + s.atoms.join())
          .join(";"),
      )
      .join("|")}`
    let known = this.barriers.get(name) as Map<string, Block> | undefined
    if (known === undefined) this.barriers.set(name, (known = new Map()))
    const key = keyOf(choice)
    let block = known.get(key)
    if (block === undefined) {
      const atoms = choice.flatMap((s) => s.atoms)
      block = this.barrier(id, this.allBlocks(id), atoms)
      known.set(key, block)
    }
    return block
  }

  /** A value that depends on all of `blocks` in a way nobody followed, except that a common factor passes. */
  barrier(node: NodeId, blocks: readonly Block[], atoms: readonly string[]): Block {
    const labels = atoms.map((_, i) => i)
    return this.emit(
      node,
      { kind: "barrier" },
      blocks.map((b) => ({ value: b.value, labels: b.positions.map((_, i) => atoms.length + i) })),
      labels,
      atoms,
    )
  }
}

/**
 * Values that a rewriting left behind must not count as readers of what they read: nobody sees them. Blocks of parameters that nobody reads, under
 * whatever name, stay: they have no gradient.
 */
function withoutDeadValues({ values, outputs }: Program): Program {
  const live: boolean[] = values.map(() => false)
  for (const id of outputs) live[id] = true
  for (let id = values.length - 1; id >= 0; id--) if (live[id]) for (const use of values[id].uses) live[use.value] = true
  const unread = new Map<number, { readonly id: ValueId; readonly op: ParameterBlock }[]>()
  for (const { id, op } of values)
    if (!live[id] && op.kind === "parameter" && op.offset === 0) unread.set(op.parameter, [...(unread.get(op.parameter) ?? []), { id, op }])
  if (unread.size > 0) {
    const nameOf = (op: ParameterBlock): string => JSON.stringify([op.parameter, op.view])
    const read = new Set(values.flatMap(({ id, op }) => (live[id] && op.kind === "parameter" && unread.has(op.parameter) ? [nameOf(op)] : [])))
    for (const blocks of unread.values()) for (const { id, op } of blocks) live[id] = !read.has(nameOf(op))
  }
  return { values: values.map((v) => (live[v.id] ? v : { ...v, op: { kind: "fill", value: 0 }, uses: [], atoms: [], labels: [] })), outputs }
}

export function keyOf(choice: Choice): string {
  let key = ""
  for (const s of choice) if (s.key !== "") key = joinKeys(key, s.key)
  return key
}

/** A recognized normalization reads its argument, not the statistics in between. */
function operandsOf(node: Node, graph: Graph, patterns: ReadonlyMap<NodeId, Recognized>): readonly NodeId[] {
  const pattern = patterns.get(node.id)
  if (pattern === undefined) return node.operands
  return pattern.kind === "contract" ? graph.nodes[pattern.product].operands : [pattern.operand]
}

function liveNodes(graph: Graph, patterns: ReadonlyMap<NodeId, Recognized>): ReadonlySet<NodeId> {
  const live = new Set<NodeId>(graph.outputs)
  for (let id = graph.nodes.length - 1; id >= 0; id--) if (live.has(id)) for (const o of operandsOf(graph.nodes[id], graph, patterns)) live.add(o)
  return live
}
