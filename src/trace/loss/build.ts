/**
 * @file Writes a loss that was followed as a graph over the parameters of its network: calls of networks are written out, weights that only others
 * hold stand still, and the one output is the loss.
 */
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { Graph, NodeId, ThroughNetwork } from "../../graph/graph"
import type { NetworkCall, Network, Outputs } from "./network"
import type { TensorValue, Weight } from "../value"
import { GraphBuilder } from "../../graph/build"
import { mapSizes } from "../../graph/sizes"
import { plainText } from "../ops/table"
import { reachableFrom } from "../models/reachable"
import { resolveDim, Unreadable } from "../context"
import { substituteDim, symbolsOf } from "../../graph/dim"

export interface FollowedLoss {
  readonly own: Network
  readonly value: TensorValue
  readonly outputs: Outputs
  /** Ids of the weights of a network. */
  readonly idsOf: (network: Network) => ReadonlyMap<Weight, string>
}

/** The parameters a network is written with, and its sizes where they are those of shared weights. */
interface Held {
  readonly indices: readonly number[]
  readonly sizes: Readonly<Record<string, Dim>>
}

const isSymbol = (d: Dim): d is string => typeof d === "string" && symbolsOf(d).length === 1 && symbolsOf(d)[0] === d

/** @throws Unreadable where some of it is not read */
export function buildLoss(
  context: Context, { own, value, outputs, idsOf }: FollowedLoss,
): { readonly graph: Graph; readonly beside: readonly string[]; readonly through: readonly ThroughNetwork[]; readonly readsNetwork: boolean } {
  const builder = new GraphBuilder(), show = createNames(context, own)
  const { parameters } = own.traced.graph
  const indexOf = new Map(parameters.map(({ node: _, ...parameter }) => [parameter.id, builder.addParameter(parameter)]))
  const others = new Map<Weight, number>(), foreign = new Map<Network, Held>(), nodes = new Map<TensorValue, NodeId>()
  const written = new Map<NetworkCall, readonly NodeId[]>()
  const used = { own: false }, beside = new Set<string>(), through: ThroughNetwork[] = [], ids = idsOf(own)
  /** A weight of the network that is read otherwise than by its output. */
  const readBeside = (index: number): void => {
    used.own = true
    beside.add(parameters[index].id)
  }
  /** Weights that another network shares with this one are this one's: what the loss reads through it moves them. */
  const sharedOf = (network: Network): ReadonlyMap<string, number> => {
    const held = new Set(network.traced.graph.parameters.map(({ id }) => id))
    return new Map([...idsOf(network)].flatMap(([weight, id]) => {
      const index = indexOf.get(ids.get(weight) ?? "")
      return index === undefined || !held.has(id) ? [] : [[id, index] as const]
    }))
  }
  const parametersOf = (network: Network): Held => {
    if (network === own) return { indices: parameters.map((_, i) => i), sizes: {} }
    const known = foreign.get(network)
    if (known !== undefined) return known
    const shared = sharedOf(network), all = network.traced.graph.parameters, sizes: Record<string, Dim> = {}
    for (const { id, shape } of all) {
      const index = shared.get(id)
      if (index === undefined) continue
      for (const [axis, d] of shape.entries()) if (isSymbol(d)) sizes[d] = parameters[index].shape[axis]
    }
    const indices = all.map(({ node: _, ...parameter }, k) => shared.get(parameter.id) ?? builder.addParameter(
      { ...parameter, id: `other/${foreign.size}/${k}`, shape: parameter.shape.map((d) => substituteDim(d, sizes)), trainable: false }))
    foreign.set(network, { indices, sizes })
    used.own ||= shared.size > 0
    for (const index of shared.values()) through.push({ parameter: parameters[index].id, network: network.traced.name })
    return { indices, sizes }
  }
  const writeCall = (call: NetworkCall): readonly NodeId[] => {
    const { graph } = call.network.traced, { indices, sizes: held } = parametersOf(call.network)
    const sizes = { ...held, ...Object.fromEntries(Object.entries(call.sizes).map(([symbol, d]) => [symbol, show(d)])) }
    const here = (d: Dim): Dim => substituteDim(d, sizes), made: NodeId[] = []
    for (const node of graph.nodes) {
      const { op, at, label, scope } = node
      const input = op.kind === "input" ? call.inputs.get(op.name) : undefined, known = input === undefined ? undefined : nodes.get(input)
      const origin = { ...(at === undefined ? {} : { at }), ...(label === undefined ? {} : { label }), ...(scope === undefined ? {} : { scope }) }
      made.push(
        known ??
          (op.kind === "parameter"
            ? builder.parameterNode(indices[op.parameter])
            : builder.add(mapSizes(op, here), node.operands.map((o) => made[o]), origin, node.shape.map(here))),
      )
    }
    if (call.network === own) used.own = true
    return graph.outputs.map((id) => made[id])
  }
  for (const t of inOrder(value)) {
    const result = outputs.get(t), { source } = t
    if (result !== undefined) {
      const all = written.get(result.call) ?? writeCall(result.call)
      written.set(result.call, all)
      nodes.set(t, all[result.output])
      continue
    }
    const origin = { ...(t.at === undefined ? {} : { at: t.at }), ...(t.label === undefined ? {} : { label: plainText(t.label) }) }
    const shape = t.shape.map(show)
    switch (source.kind) {
      case "input": {
        const { name, domain, range } = source.input
        nodes.set(t, builder.input(plainText(name), shape, domain, origin, range === undefined ? undefined : show(range)))
        break
      }
      case "weight": {
        const index = indexOf.get(ids.get(source.weight) ?? "")
        if (index !== undefined) readBeside(index)
        const { start, end } = source.weight.place
        const frozen =
          index ?? others.get(source.weight) ?? builder.addParameter({ id: `weight/${others.size}`, shape, trainable: false, start, end })
        if (index === undefined) others.set(source.weight, frozen)
        nodes.set(t, builder.parameterNode(frozen))
        break
      }
      case "op":
        if (source.op.kind === "opaque") throw new Unreadable(source.op.reason)
        nodes.set(t, builder.add(mapSizes(source.op, show), source.operands.map((operand) => nodes.get(operand) ?? 0), origin, shape))
        break
    }
  }
  return { graph: builder.finish([nodes.get(value) ?? 0]), beside: [...beside], through, readsNetwork: used.own }
}

/** What a tensor is made of, each after its operands. */
const inOrder = (value: TensorValue): readonly TensorValue[] => [...reachableFrom([value])].sort((a, b) => a.serial - b.serial)

/** Plain names for symbols, apart from those that the network's weights have. */
function createNames(context: Context, { traced: { graph } }: Network): (d: Dim) => Dim {
  const fixed = new Set(graph.parameters.flatMap((p) => p.shape.flatMap(symbolsOf))), names = new Map<string, string>(), taken = new Set(fixed)
  const nameOf = (symbol: string): string => {
    if (fixed.has(symbol)) return symbol
    const known = names.get(symbol)
    if (known !== undefined) return known
    const base = symbol.replace(/\u00b7\d+$/, "")
    let name = base
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`
    taken.add(name)
    names.set(symbol, name)
    return name
  }
  return (d) => {
    const resolved = resolveDim(context, d)
    return typeof resolved === "number" ? resolved : substituteDim(resolved, Object.fromEntries(symbolsOf(resolved).map((s) => [s, nameOf(s)])))
  }
}
