/** @file Functions and classes around a model that is reported itself: what they add to it (`predict`, then the largest entry) is no network. */
import type { Context, Fault } from "../context"
import type { ClassValue, ModelValue, TensorValue, Value, Weight } from "../value"
import type { Graph } from "../../graph/graph"
import type { Traced } from "./classes"
import { allWeights } from "../layers/layer"

/** Weights that the output of a traced function or class depends on. */
const used = new WeakMap<Traced, readonly Weight[]>()

export const rememberWeights = (traced: Traced, weights: readonly Weight[]): void => void used.set(traced, weights)

/** The weights that the parameters of a graph stand for, with their ids: two networks that share a weight hold one and the same. */
const parameters = new WeakMap<Graph, ReadonlyMap<Weight, string>>()
export const rememberParameters = (graph: Graph, ids: ReadonlyMap<Weight, string>): void => void parameters.set(graph, ids)
export const parametersOf = (graph: Graph): ReadonlyMap<Weight, string> => parameters.get(graph) ?? new Map<Weight, string>()

/** Whether all weights of a function or class are those of one model that the file makes. */
export function wrapsModel({ state }: Context, traced: Traced, reported: readonly ModelValue[]): boolean {
  const weights = used.get(traced) ?? []
  return weights.length > 0 && state.models.some((model) => {
    if (!reported.some((other) => other.node === model.node)) return false
    const own = new Set(weightsOf(model))
    return weights.every((weight) => own.has(weight))
  })
}

/** What forward functions gave: the records and lists around their outputs. */
interface Result {
  readonly value: Value
  readonly outputs: readonly TensorValue[]
}
const results = new WeakMap<Traced, Result>()
export const rememberResult = (traced: Traced, value: Value, outputs: readonly TensorValue[]): void => void results.set(traced, { value, outputs })
export const resultOf = (traced: Traced): Result | undefined => results.get(traced)

/** Why networks throw whatever they are given. */
const faults = new WeakMap<Traced, Fault>()
export const rememberFault = (traced: Traced, fault: Fault): void => void faults.set(traced, fault)
export const faultOf = (traced: Traced): Fault | undefined => faults.get(traced)

/** The same for classes of which nothing is left to report. */
const classFaults = new WeakMap<ClassValue, Fault>()
export const rememberClassFault = (type: ClassValue, fault: Fault): void => void classFaults.set(type, fault)
export const faultOfClass = (type: ClassValue): Fault | undefined => classFaults.get(type)

/** Why nothing is known of what the forward pass of a class gives. */
const unknownResults = new WeakMap<ClassValue, string>()
export const rememberUnknown = (type: ClassValue, why: string): void => void unknownResults.set(type, why)
export const whyUnknown = (type: ClassValue): string | undefined => unknownResults.get(type)

/** Networks whose forward pass gives numbers read out of a tensor. */
const readOuts = new WeakSet<Traced>()
export const rememberReadOut = (traced: Traced): void => void readOuts.add(traced)

/** Whether nothing is known of what comes out, or nothing but numbers. */
export const isUnread = (traced: Traced): boolean =>
  readOuts.has(traced) || traced.graph.outputs.every((id) => traced.graph.nodes[id].op.kind === "opaque")

const weightsOf = (model: ModelValue): readonly Weight[] =>
  model.layers.flatMap((layer) => (layer.kind === "model" ? weightsOf(layer) : allWeights(layer)))
