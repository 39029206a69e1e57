/** @file What random networks are drawn with: a graph under construction, its tensors so far and a budget of weights. */
import type { GraphBuilder } from "../../src/graph/build"
import type { NodeId } from "../../src/graph/graph"
import type { BinaryFunction, Op, ReduceFunction, UnaryFunction } from "../../src/graph/op"
import type { Random } from "./random"

/** Rows in a batch; a number, so that graphs run as they are. */
export const batch = 4
/** Trainable numbers at most: discovery solves for all quadratic forms of them. */
const budget = 26

export interface Draft {
  readonly builder: GraphBuilder
  readonly random: Random
  /** Tensors [batch, width] there are. */
  readonly values: NodeId[]
  /** Parameters by shape, to share them now and then. */
  readonly parameters: { readonly index: number; readonly shape: readonly number[] }[]
  size: number
  /** Some parameters are frozen. */
  readonly freezes: boolean
}

export const start = { line: 1, column: 1 }
export const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)]
export const width = (draft: Draft, node: NodeId): number => Number(draft.builder.shape(node)[1])
/** Mostly the newest tensor, sometimes an older one. */
export const operand = ({ random, values }: Draft): NodeId => (random.uniform() < 0.7 ? values[values.length - 1] : pick(random, values))
/** Adds a node of the letters of `Op`, its shape inferred. */
export const push = (draft: Draft, op: Op, operands: readonly NodeId[], shape?: readonly number[]): NodeId =>
  draft.builder.add(op, operands, {}, shape)

export const constant = (draft: Draft, values: readonly number[], shape: readonly number[]): NodeId =>
  push(draft, { kind: "constant", value: { kind: "data", values } }, [], shape)
export const fill = (draft: Draft, value: number): NodeId => push(draft, { kind: "constant", value: { kind: "fill", value } }, [], [])
export const binary = (draft: Draft, fn: BinaryFunction, a: NodeId, b: NodeId): NodeId => push(draft, { kind: "binary", fn }, [a, b])
export const reshape = (draft: Draft, x: NodeId, shape: readonly number[]): NodeId => push(draft, { kind: "reshape" }, [x], shape)
export const reduce = (draft: Draft, x: NodeId, fn: ReduceFunction, axes: readonly number[], keepDims: boolean): NodeId =>
  push(draft, { kind: "reduce", fn, axes, keepDims }, [x])
export const unary = (draft: Draft, fn: UnaryFunction, x: NodeId, parameters: readonly number[] = []): NodeId =>
  push(draft, { kind: "unary", fn, ...(parameters.length > 0 ? { parameters } : {}) }, [x])
export const einsum = (draft: Draft, equation: string, ...operands: readonly NodeId[]): NodeId => push(draft, { kind: "einsum", equation }, operands)

/** A new parameter, or one of the same shape that is in use already; null when the budget is spent. */
export function weight(draft: Draft, shape: readonly number[]): NodeId | null {
  const same = draft.parameters.filter((p) => p.shape.join() === shape.join())
  if (same.length > 0 && draft.random.uniform() < 0.15) return draft.builder.parameterNode(pick(draft.random, same).index)
  const count = shape.reduce((a, b) => a * b, 1)
  if (draft.size + count > budget) return null
  const trainable = !draft.freezes || draft.random.uniform() < 0.9
  if (trainable) draft.size += count
  const index = draft.builder.addParameter({ id: `p${draft.parameters.length}`, shape, trainable, start, end: start })
  draft.parameters.push({ index, shape })
  return draft.builder.parameterNode(index)
}

/** One block: takes tensors, may add one. */
export type Block = (draft: Draft) => NodeId | null
