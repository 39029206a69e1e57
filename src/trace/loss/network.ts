/**
 * @file Networks inside a loss: a call of a model that was traced is one step there, whatever instance of it the code holds and whatever data it is
 * given, and is written out from the traced graph afterwards.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { InputRecord, ModelValue, TensorValue, Value } from "../value"
import type { Traced } from "../models/classes"
import type { DataReader } from "./data"
import { freshSymbol, unifyDims } from "../context"
import { arrayOf, objectOf } from "../value"
import { resultOf } from "../models/wrappers"
import { makeTensor, shapeOf } from "../tensor"
import { reachableFrom } from "../models/reachable"
import { substituteDim, symbolsOf } from "../../graph/dim"

/** A model of the file, and what calls it: the value that it is, or the place of its forward function. */
export interface Network {
  readonly traced: Traced
  readonly model: ModelValue | null
  readonly forward: string | null
  /** Names by which code speaks of it. */
  readonly names: ReadonlySet<string>
}

/** One call of a network; `sizes`: what its symbols are there, those of its weights apart. */
export interface NetworkCall {
  readonly network: Network
  readonly sizes: Readonly<Record<string, Dim>>
  /** By the names of its inputs. */
  readonly inputs: ReadonlyMap<string, TensorValue>
}

/** Which call a tensor came out of, and as which of its outputs. */
export type Outputs = Map<TensorValue, { readonly call: NetworkCall; readonly output: number }>

/** The network applied to what the code gives it. Data of another shape than it takes, or of none, is data of the shape it takes. */
export function callNetwork(
  context: Context, network: Network, args: readonly Value[], at: TypeScript.Node, data: DataReader, outputs: Outputs,
): Value {
  const { graph, inputs: taken } = network.traced
  const fixed = new Set(graph.parameters.flatMap((p) => p.shape.flatMap(symbolsOf)))
  const loose = new Set(graph.nodes.flatMap((node) => node.shape.flatMap(symbolsOf)).filter((symbol) => !fixed.has(symbol)))
  const sizes = Object.fromEntries([...loose].map((symbol) => [symbol, freshSymbol(context, symbol)]))
  const own = (d: Dim): Dim => substituteDim(d, sizes)
  const given = args.flatMap(flatten)
  const inputs = new Map<string, TensorValue>()
  taken.forEach(({ name, shape }, i) => {
    const op = graph.nodes.find((node) => node.op.kind === "input" && node.op.name === name)?.op
    if (op?.kind !== "input") return
    inputs.set(name, inputFor(context, given.at(i), name, shape.map(own), op, data))
  })
  const call: NetworkCall = { network, sizes, inputs }
  const made = graph.outputs.map((id, output) => {
    const opaque = { kind: "opaque", what: network.traced.name, reason: "a network", said: true } as const
    const tensor = makeTensor(context, opaque, [...inputs.values()], { at, label: network.traced.name }, graph.nodes[id].shape.map(own))
    outputs.set(tensor, { call, output })
    return tensor
  })
  const result = resultOf(network.traced)
  const isPlain = result?.value.kind === "array" || (result?.value.kind === "object" && result.value.type === null)
  if (isPlain && result.outputs.length === made.length) return replaceTensors(result.value, new Map(made.map((t, k) => [result.outputs[k], t])))
  return made.length === 1 ? made[0] : arrayOf(made)
}

/** The same records and lists with other tensors in them. */
function replaceTensors(value: Value, by: ReadonlyMap<TensorValue, TensorValue>): Value {
  if (value.kind === "tensor") return by.get(value) ?? value
  if (value.kind === "array") return arrayOf(value.items.map((item) => replaceTensors(item, by)))
  if (value.kind !== "object" || value.type !== null) return value
  return objectOf([...value.fields].map(([key, item]) => [key, replaceTensors(item, by)] as const))
}

/** Tensors and unknown values, those in lists and records one by one. */
function flatten(value: Value): readonly Value[] {
  if (value.kind === "array") return value.items.flatMap(flatten)
  if (value.kind === "object" && value.type === null) return [...value.fields.values()].flatMap(flatten)
  return value.kind === "tensor" || value.kind === "unknown" ? [value] : []
}

function inputFor(
  context: Context, given: Value | undefined, name: string, shape: readonly Dim[], op: Pick<InputRecord, "domain" | "range">, data: DataReader,
): TensorValue {
  // Constants of the program have a number of rows that says nothing.
  if (given?.kind === "tensor" && (data.isLive(given) || readsInput(given))) {
    const own = shapeOf(context, given)
    if (own.length === shape.length && own.every((d, i) => unifyDims(context, d, shape[i]))) return given
  }
  return data.inputOf(given ?? null, name, shape, op.domain, op.range)
}

const readsInput = (tensor: TensorValue): boolean => [...reachableFrom([tensor])].some(({ source }) => source.kind === "input")
