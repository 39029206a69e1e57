/**
 * @file Finds what a network repeats along its stream: equal blocks with weights of their own, or steps of a recurrence that share theirs. Blocks
 * are runs of nodes that do the same to the run before them; the names of weights and layers are not looked at.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { SizeVariable } from "../axes/size"
import type { Dim } from "../schema/report"
import { substituteDim } from "../graph/dim"
import { mapSizes } from "../graph/sizes"

export interface Repeat {
  /** Nodes with operands, block by block, equal ones at equal places. */
  readonly blocks: readonly (readonly NodeId[])[]
  /** Leaves that one block alone reads, block by block, equal ones at equal places. */
  readonly leaves: readonly (readonly NodeId[])[]
  /** Nodes that make something of these leaves alone, or of what all blocks share, before the block reads it. */
  readonly before: readonly ReadonlySet<NodeId>[]
  /** What each block reads of the one before it, as places in the block. */
  readonly links: readonly number[]
  /** Whether what the first block reads ends as blocks do: one more step, that starts otherwise. */
  readonly led: boolean
  /** Slices of something shared that begin elsewhere in every block (step t of a sequence): those of one block. */
  readonly moving: readonly NodeId[]
}

/** Products of positions and periods that may be compared: some milliseconds. */
const comparisons = 12e6
/** Candidates and cuts of each that are tried. */
const mostCandidates = 16,
  mostCuts = 64

/** What nodes do, as numbers: nodes of one number do the same at the declared sizes and at those of the replica, to weights of their own. */
export function nameNodes(generic: Graph, sizes: readonly SizeVariable[], graph: Graph): readonly number[] {
  const declared = Object.fromEntries(sizes.map((v) => [v.name, v.declared])),
    written = new Map<Dim, Dim>()
  const write = (d: Dim): Dim => {
    let known = written.get(d)
    if (known === undefined) written.set(d, (known = substituteDim(d, declared)))
    return known
  }
  const names = new Map<string, number>(),
    tables: (readonly number[])[] = []
  return generic.nodes.map((node, id) => {
    const own = graph.nodes[id],
      text = JSON.stringify([describe(node, generic, write, tables), node.operands.length, node.dtype, node.shape.map(write), own.shape])
    let name = names.get(text)
    if (name === undefined) names.set(text, (name = names.size))
    return name
  })
}

function describe({ op }: Node, { parameters }: Graph, write: (d: Dim) => Dim, tables: (readonly number[])[]): unknown {
  switch (op.kind) {
    case "parameter": {
      const { trainable, initializer, constraint } = parameters[op.parameter]
      return ["parameter", trainable, initializer, constraint]
    }
    case "constant":
      return op.value.kind === "data" ? ["data", tableOf(op.value.values, tables)] : op
    case "slice":
      // Where it begins is compared from block to block.
      return { kind: op.kind, strides: op.strides }
    default:
      return mapSizes(op, write)
  }
}

/** Equal tables have one number. */
function tableOf(values: readonly number[], tables: (readonly number[])[]): number {
  const known = tables.findIndex((t) => t === values || (t.length === values.length && t.every((v, i) => Object.is(v, values[i]))))
  return known >= 0 ? known : tables.push(values) - 1
}

/**
 * The repetition of at least three blocks that holds the most nodes; null where there is none.
 * @param graph sizes in numbers
 * @param names of its nodes, see `nameNodes`
 * @param taken which block of which repetition found before a node belongs to: none is found that runs through several of these
 */
export function findRepeat(graph: Graph, names: readonly number[], taken: ReadonlyMap<NodeId, string> = new Map()): Repeat | null {
  const order = orderNodes(graph),
    place = new Map(order.map((id, k) => [id, k])),
    consumers = findConsumers(graph)
  const runs = findRuns(order.map((id) => names[id])).slice(0, mostCandidates)
  for (const { period, start, length } of runs) {
    let best: Repeat | null = null
    for (let cut = 0; cut <= Math.min(length % period, mostCuts); cut++) {
      const count = Math.floor((length - cut) / period) + 1,
        blocks = Array.from({ length: count }, (_, b) => order.slice(start + cut + b * period, start + cut + (b + 1) * period))
      const found = wire(graph, names, place, blocks)
      if (found === null || new Set(found.blocks.flatMap((ids) => ids.map((id) => taken.get(id)))).size > 1 || leaks(graph, consumers, found))
        continue
      if (best === null || isBetter(found, best)) best = found
    }
    if (best !== null) return best
  }
  return null
}

/** Of two ways to cut a repetition, the one with more blocks, then with whole blocks before the first, then that cuts fewer links. */
function isBetter(a: Repeat, b: Repeat): boolean {
  if (a.blocks.length !== b.blocks.length) return a.blocks.length > b.blocks.length
  return a.led === b.led ? a.links.length < b.links.length : a.led
}

/** Nodes with operands that outputs depend on, in an order that keeps blocks of one stream together: what lies deepest comes first. */
function orderNodes({ nodes, outputs }: Graph): readonly NodeId[] {
  const depth: number[] = []
  for (const { operands } of nodes) depth.push(operands.reduce((most, o) => Math.max(most, depth[o] + 1), 0))
  const order: NodeId[] = [],
    seen = new Set<NodeId>(),
    open: { readonly id: NodeId; readonly rest: NodeId[] }[] = []
  const enter = (id: NodeId): void => {
    if (seen.has(id) || nodes[id].operands.length === 0) return
    seen.add(id)
    // Taken from the end.
    open.push({ id, rest: [...nodes[id].operands].reverse().sort((a, b) => depth[a] - depth[b]) })
  }
  for (const output of outputs) {
    enter(output)
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.rest.pop()
      if (next !== undefined) enter(next)
      else order.push(open.pop()!.id)
    }
  }
  return order
}

interface Run {
  readonly period: number
  readonly start: number
  /** Places that agree with the one a period later. */
  readonly length: number
}

/** Where a sequence repeats itself at least three times, the most that could be left out first. */
function findRuns(sequence: readonly number[]): readonly Run[] {
  const runs: Run[] = [],
    n = sequence.length,
    longest = Math.min(Math.floor(n / 3), Math.floor(comparisons / Math.max(1, n)))
  for (let period = 1; period <= longest; period++) {
    let length = 0
    for (let k = 0; k + period <= n; k++) {
      if (k + period < n && sequence[k] === sequence[k + period]) length++
      else {
        if (length >= 2 * period) runs.push({ period, start: k - length, length })
        length = 0
      }
    }
  }
  const saved = ({ period, length }: Run): number => (Math.floor(length / period) - 1) * period
  return runs.sort((a, b) => saved(b) - saved(a) || a.period - b.period)
}

/** How one operand of a block is found: in the block, in the block before, or elsewhere. */
type Source = { readonly kind: "own" | "before"; readonly at: number } | { readonly kind: "outside"; readonly node: NodeId }

/** No block. */
const outside = -2

/** The longest stretch of blocks that read alike; null when it is shorter than three. */
function wire(graph: Graph, names: readonly number[], place: ReadonlyMap<NodeId, number>, blocks: readonly (readonly NodeId[])[]): Repeat | null {
  const period = blocks[0].length,
    first = place.get(blocks[0][0]) ?? 0
  const sources = blocks.map((ids, block) =>
    ids.flatMap((id) =>
      graph.nodes[id].operands.map((o): Source => {
        const at = place.get(o),
          from = at === undefined || at < first ? outside : Math.floor((at - first) / period)
        if (at === undefined || from === outside || (from !== block && from !== block - 1)) return { kind: "outside", node: o }
        return { kind: from === block ? "own" : "before", at: (at - first) % period }
      }),
    ),
  )
  const steps = blocks.map((_, block) => (block === 0 ? null : compareBlocks(graph, names, blocks, sources, block)))
  let best: readonly [from: number, to: number] = [0, 0]
  for (let from = 0; from < blocks.length;) {
    let to = from
    while (to + 1 < blocks.length && steps[to + 1] !== null && (to === from || steps[to + 1]?.kinds === steps[to]?.kinds)) to++
    if (to - from > best[1] - best[0]) best = [from, to]
    from = Math.max(to, from + 1)
  }
  const [from, to] = best
  if (to - from < 2) return null
  const chosen = blocks.slice(from, to + 1),
    pairs = steps.slice(from + 1, to + 1).map((step) => step!.pairs),
    leaves = [pairs[0].map(([a]) => a), ...pairs.map((own) => own.map(([, b]) => b))],
    trees = steps.slice(from + 1, to + 1).map((step) => [...step!.paired]),
    before = [trees[0].map(([a]) => a), ...trees.map((own) => own.map(([, b]) => b))].map((ids) => new Set(ids))
  if (new Set(leaves.flat()).size < leaves[0].length * leaves.length) return null
  const links = entriesOf(graph, sources[from], sources[from + 1], blocks, from)
  if (links === null || links.size === 0) return null
  const led = [...links].every(([at, entry]) => names[entry] === names[chosen[0][at]])
  return { blocks: chosen, leaves, before, links: [...links.keys()], led, moving: steps[from + 1]!.moving }
}

/** What blocks read of the one before, with what the first of them reads instead; null unless that is always the same and of the same shapes. */
function entriesOf(
  { nodes }: Graph,
  first: readonly Source[],
  second: readonly Source[],
  blocks: readonly (readonly NodeId[])[],
  block: number,
): ReadonlyMap<number, NodeId> | null {
  const entries = new Map<number, NodeId>()
  for (let slot = 0; slot < second.length; slot++) {
    const { [slot]: link } = second,
      read = first[slot]
    if (link.kind !== "before") continue
    const id = read.kind === "outside" ? read.node : blocks[read.kind === "own" ? block : block - 1][read.at]
    const shapes = [nodes[id].shape, nodes[blocks[block][link.at]].shape]
    if ((entries.get(link.at) ?? id) !== id || String(shapes[0]) !== String(shapes[1])) return null
    entries.set(link.at, id)
  }
  return entries
}

interface Step {
  /** Where blocks have something of their own, and how far each slice moves: must be the same from every block to the next. */
  readonly kinds: string
  /** Leaves of the block before with those of this one. */
  readonly pairs: readonly (readonly [NodeId, NodeId])[]
  /** The same for all that lies before the blocks. */
  readonly paired: ReadonlyMap<NodeId, NodeId>
  /** Slices of something shared that begin elsewhere in this block. */
  readonly moving: readonly NodeId[]
}

/** How a block differs from the one before it, or null when they do not read alike. */
function compareBlocks(
  graph: Graph,
  names: readonly number[],
  blocks: readonly (readonly NodeId[])[],
  sources: readonly (readonly Source[])[],
  block: number,
): Step | null {
  const before = sources[block - 1],
    after = sources[block],
    trees = createPairing(graph, names),
    kinds: number[] = []
  for (let slot = 0; slot < after.length; slot++) {
    const a = before[slot],
      b = after[slot]
    switch (b.kind) {
      case "before":
        // Only the first block of a stretch reads something else there.
        if (a.kind === "own" || (a.kind === "before" && a.at !== b.at)) return null
        break
      case "own":
        if (a.kind !== "own" || a.at !== b.at) return null
        break
      case "outside":
        if (a.kind !== "outside" || (a.node !== b.node && !trees.pair(a.node, b.node))) return null
        if (a.node !== b.node) kinds.push(slot)
    }
  }
  for (let k = 0, slot = 0; k < blocks[block].length; k++) {
    const a = before[slot],
      b = after[slot],
      shared = a !== undefined && b !== undefined && a.kind === "outside" && b.kind === "outside" && a.node === b.node
    if (!trees.move(blocks[block - 1][k], blocks[block][k], shared)) return null
    slot += graph.nodes[blocks[block][k]].operands.length
  }
  const { pairs, paired, moves, moving } = trees
  return { kinds: JSON.stringify([kinds, pairs.length, moves]), pairs, paired, moving }
}

/** Pairs what two blocks read from elsewhere: trees that do the same to shared nodes and to leaves of their own. */
function createPairing({ nodes }: Graph, names: readonly number[]) {
  const paired = new Map<NodeId, NodeId>(),
    pairs: (readonly [NodeId, NodeId])[] = [],
    moves: (readonly number[])[] = [],
    moving: NodeId[] = []
  /** Slices may begin elsewhere in something shared. */
  const move = (a: NodeId, b: NodeId, shared: boolean): boolean => {
    const [x, y] = [nodes[a].op, nodes[b].op]
    if (x.kind !== "slice" || y.kind !== "slice") return true
    const by = y.begin.map((at, i) => Number(at) - Number(x.begin[i]))
    moves.push(by)
    if (by.every((d) => d === 0)) return true
    moving.push(b)
    return shared && by.every(Number.isFinite)
  }
  const pair = (a: NodeId, b: NodeId): boolean => {
    const other = paired.get(a)
    if (other !== undefined) return other === b
    paired.set(a, b)
    if (names[a] !== names[b]) return false
    const [x, y] = [nodes[a].operands, nodes[b].operands]
    if (x.length === 0) pairs.push([a, b])
    return x.every((o, k) => o === y[k] || pair(o, y[k])) && move(a, b, x[0] === y[0])
  }
  return { pair, move, pairs, paired, moves, moving }
}

/** Which nodes read a node, among those that outputs depend on. */
export function findConsumers({ nodes, outputs }: Graph): ReadonlyMap<NodeId, readonly NodeId[]> {
  const found = new Map<NodeId, NodeId[]>(),
    used = new Set(outputs)
  for (const { id, operands } of nodes.toReversed()) {
    if (!used.has(id)) continue
    for (const o of operands) used.add(o)
    for (const o of operands) {
      const list = found.get(o)
      if (list === undefined) found.set(o, [id])
      else list.push(id)
    }
  }
  return found
}

/** Whether weights of inner blocks are read elsewhere, or, where blocks have weights of their own, anything but the next block reads an inner one. */
function leaks(
  { nodes, outputs, parameters }: Graph,
  consumers: ReadonlyMap<NodeId, readonly NodeId[]>,
  { blocks, leaves, before }: Repeat,
): boolean {
  const trained = leaves[0].some((id) => {
    const { op } = nodes[id]
    return op.kind === "parameter" && parameters[op.parameter].trainable
  })
  for (let b = 1; b < blocks.length - 1; b++) {
    const inside = new Set(blocks[b]),
      next = new Set([...blocks[b], ...blocks[b + 1]])
    if (leaves[b].some((id) => consumers.get(id)?.some((c) => !inside.has(c) && !before[b].has(c)) ?? false)) return true
    if (trained && blocks[b].some((id) => outputs.includes(id) || (consumers.get(id)?.some((c) => !next.has(c)) ?? false))) return true
  }
  return false
}
