/**
 * @file Leaves out equal blocks and steps of a replica: twelve blocks run as two, twenty-four steps as three. First and last stay. A law about
 * blocks that are left out is run as the same law about blocks that stay; where no law of these is the same, more blocks stay.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { SizeVariable } from "../axes/size"
import { checkGraph } from "../graph/check"
import { findConsumers, findRepeat, nameNodes, type Repeat } from "./repeats"
import { mapLaws, type BlockWeights } from "./representatives"
import type { GenericLaw } from "./task"

/** One repetition that was shortened. */
export interface Shortened {
  /** How the source names it: "blocks/{0…11}", "steps of lstm". */
  readonly what: string
  readonly declared: number
  readonly kept: number
}

export interface ShallowNetwork {
  readonly graph: Graph
  /** What is run, sizes in numbers. */
  readonly laws: readonly GenericLaw[]
  /** For each law of the network, which of `laws` stands for it. */
  readonly standing: readonly number[]
  readonly shortened: readonly Shortened[]
}

/** Repetitions that are shortened one after the other; nested ones count apart. */
const mostRepeats = 12
/** Blocks that have neighbors on both sides need three. */
const leastBlocks = 2,
  leastSteps = 3,
  mostBlocks = 4

/**
 * @param generic the network in generic sizes
 * @param whole the same with numbers for sizes, and its laws
 * @param kept how many blocks or steps stay, if that many are enough
 */
export function shrinkDepth(generic: Graph, sizes: readonly SizeVariable[], whole: ShallowNetwork, kept?: number): ShallowNetwork {
  let network = whole,
    names = nameNodes(generic, sizes, whole.graph),
    /** Which block of which repetition a node belongs to. */
    taken: ReadonlyMap<NodeId, string> = new Map()
  for (let k = 0; k < mostRepeats; k++) {
    const repeat = findRepeat(network.graph, names, taken)
    if (repeat === null) break
    const shorter = shorten(network, repeat, kept)
    const from: NodeId[] = shorter?.from ?? network.graph.nodes.map((n) => n.id)
    const to = new Map(from.map((old, id) => [old, id]))
    taken = new Map([
      ...[...taken].flatMap(([old, block]) => (to.has(old) ? [[to.get(old)!, block] as const] : [])),
      ...repeat.blocks.flatMap((ids, b) =>
        ids.flatMap((old) => (to.has(old) ? [[to.get(old)!, `${taken.get(old) ?? ""}/${k}:${b}`] as const] : [])),
      ),
    ])
    if (shorter === null) continue
    names = from.map((old) => names[old])
    network = shorter.network
  }
  return network
}

interface Shorter {
  readonly network: ShallowNetwork
  /** Old ids of the nodes that stay. */
  readonly from: NodeId[]
}

function shorten(network: ShallowNetwork, repeat: Repeat, kept: number | undefined): Shorter | null {
  const { graph } = network,
    count = repeat.blocks.length,
    weights = weightsOf(graph, repeat),
    isSteps = weights[0].length === 0
  if (isUneven(graph, repeat)) return null
  const apart = isSteps && repeat.led ? 1 : 0,
    least = Math.max(leastBlocks, (kept ?? (isSteps ? leastSteps : leastBlocks)) - apart),
    most = isSteps ? least : Math.max(mostBlocks, least)
  for (let stay = least; stay <= most && stay < count; stay++) {
    const mapped = mapLaws(network.laws, weights, stay)
    if (mapped === null) continue
    const cut = removeBlocks(graph, repeat, stay)
    if (cut === null) return null
    const what = nameRepeat(graph, repeat, weights)
    return {
      network: {
        graph: cut.graph,
        laws: mapped.laws,
        standing: network.standing.map((k) => mapped.standing[k]),
        shortened: [...network.shortened, { what, declared: count + apart, kept: stay + apart }],
      },
      from: cut.from,
    }
  }
  return null
}

/** Ids of the parameters that each block has for itself. */
function weightsOf({ nodes, parameters }: Graph, { leaves }: Repeat): BlockWeights {
  return leaves.map((list) =>
    list.flatMap((id) => {
      const { op } = nodes[id]
      return op.kind === "parameter" ? [parameters[op.parameter].id] : []
    }),
  )
}

/**
 * Whether leaving blocks out would leave parts of other weights without use: rows of a table of positions when steps go, rows of a kernel that reads
 * all steps side by side. Such a network has laws of its own.
 */
function isUneven(graph: Graph, repeat: Repeat): boolean {
  const consumers = findConsumers(graph),
    lengths = new Set<number>(),
    upstream = new Set<NodeId>(),
    downstream = new Set<NodeId>()
  for (const slice of repeat.moving) {
    const { operands, shape } = graph.nodes[slice],
      before = graph.nodes[operands[0]]
    before.shape.forEach((n, axis) => (n === shape[axis] ? undefined : lengths.add(Number(n))))
    upstream.add(before.id)
  }
  for (let b = 1; b < repeat.blocks.length - 1; b++) {
    const near = new Set([...repeat.blocks[b], ...repeat.blocks[b + 1]])
    for (const id of repeat.blocks[b]) {
      for (const consumer of consumers.get(id) ?? []) {
        if (near.has(consumer)) continue
        const end = followChain(graph, consumers, consumer, repeat.blocks.length)
        if (end === null) return true
        const { op, shape } = graph.nodes[end]
        if (op.kind === "concat") lengths.add(Number(shape[op.axis]))
        downstream.add(end)
      }
    }
  }
  const isLong = (id: NodeId): boolean => {
    const { op, shape } = graph.nodes[id]
    return op.kind === "parameter" && shape.some((n) => [...lengths].some((length) => Number(n) % length === 0))
  }
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (!upstream.has(id)) continue
    if (isLong(id)) return true
    for (const o of graph.nodes[id].operands) upstream.add(o)
  }
  return graph.nodes.some(({ id, operands }) => {
    if (operands.some((o) => downstream.has(o))) downstream.add(id)
    return downstream.has(id) && operands.some(isLong)
  })
}

/** What is done to one step alone, up to where steps are put side by side or to an output; null where it branches or has weights of its own. */
function followChain(graph: Graph, consumers: ReadonlyMap<NodeId, readonly NodeId[]>, start: NodeId, count: number): NodeId | null {
  for (let id = start; ;) {
    const { op, operands } = graph.nodes[id],
      next = consumers.get(id) ?? []
    if (op.kind === "concat") return id
    if (operands.some((o) => graph.nodes[o].op.kind === "parameter" && (consumers.get(o) ?? []).length < count)) return null
    if (graph.outputs.includes(id)) return next.length === 0 ? id : null
    if (next.length !== 1) return null
    id = next[0]
  }
}

/** Keeps the first blocks and the last one, which then reads what the last of the others gives. */
function removeBlocks(graph: Graph, { blocks, leaves }: Repeat, stay: number): { readonly graph: Graph; readonly from: NodeId[] } | null {
  const instead = new Map<NodeId, NodeId>(),
    gone = new Set<NodeId>()
  for (let b = stay - 1; b < blocks.length - 1; b++) {
    blocks[b].forEach((id, k) => instead.set(id, blocks[stay - 2][k]))
    for (const id of leaves[b]) gone.add(id)
  }
  const read = (id: NodeId): NodeId => instead.get(id) ?? id
  const used = new Set<NodeId>(graph.outputs.map(read))
  for (let id = graph.nodes.length - 1; id >= 0; id--) if (used.has(id)) for (const o of graph.nodes[id].operands) used.add(read(o))
  const from = graph.nodes.flatMap(({ id, op }) => (used.has(id) || (op.kind === "parameter" && !gone.has(id)) ? [id] : []))
  // What was done to steps that are gone is done to the one in their place once.
  const to = new Map<NodeId, NodeId>(),
    copies = new Map<string, NodeId>(),
    doubled = new Set(blocks[stay - 2]),
    left: NodeId[] = []
  for (const id of from) {
    const { op } = graph.nodes[id],
      operands = graph.nodes[id].operands.map(read),
      known =
        doubled.has(id) || op.kind === "dropout" || !operands.some((o) => doubled.has(o))
          ? null
          : JSON.stringify([op, operands.map((o) => to.get(o))]),
      copy = known === null ? undefined : copies.get(known)
    if (copy === undefined) to.set(id, left.push(id) - 1)
    else to.set(id, copy)
    if (known === null) continue
    doubled.add(id)
    copies.set(known, to.get(id)!)
  }
  const kept = graph.parameters.filter((p) => p.node === null || to.has(p.node)),
    index = new Map(kept.map(({ id }, k) => [id, k]))
  const nodes = left.map((old, id): Node => {
    const node = graph.nodes[old],
      op = node.op.kind === "parameter" ? { ...node.op, parameter: index.get(graph.parameters[node.op.parameter].id) ?? -1 } : node.op
    return { ...node, id, op, operands: node.operands.map((o) => to.get(read(o)) ?? -1) }
  })
  const parameters = kept.map((p) => ({ ...p, node: p.node === null ? null : to.get(p.node)! })),
    shallow = { nodes, parameters, outputs: graph.outputs.map((o) => to.get(read(o)) ?? -1) }
  return checkGraph(shallow).length === 0 ? { graph: shallow, from: left } : null
}

/** "blocks/{0…11}" where names count up; else how the source calls what repeats. */
function nameRepeat(graph: Graph, { blocks }: Repeat, weights: BlockWeights): string {
  const [first] = weights[0]
  if (first === undefined) {
    const label = blocks[0].map((id) => graph.nodes[id]).find((n) => n.scope !== undefined || n.label !== undefined)
    return label === undefined ? "steps" : `steps of ${label.scope ?? label.label ?? ""}`
  }
  const pieces = first.split(/(\d+)/),
    others = (weights.at(-1)?.[0] ?? "").split(/(\d+)/),
    at = pieces.findIndex((piece, k) => piece !== others[k])
  if (at < 0 || at % 2 === 0 || others[at] === undefined) return `${first} … ${weights.at(-1)?.[0] ?? ""}`
  return `${pieces.slice(0, at).join("")}{${pieces[at]}…${others[at]}}`
}
