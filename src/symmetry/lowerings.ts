/**
 * @file One lowering per op kind: from a node to the values of its blocks.
 */
import type { Node } from "../graph/graph"
import type { OpKind, OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, broadcastBlock, eachChoice, lowerMap } from "./blocks"
import { functionTraits } from "./functions"
import { lowerBinary, lowerSelect } from "./lowerBinary"
import { lowerConvolve, lowerPool } from "./lowerConvolve"
import { fillBlocks, lowerConstant, lowerData, lowerOpaque, lowerStill, parameterBlock } from "./lowerData"
import { lowerEinsum, lowerProductSum } from "./lowerEinsum"
import { lowerDropout, lowerGather } from "./lowerGather"
import { renaming } from "./lowering"
import type { Lowering } from "./lowering"
import { lowerAlong, lowerCenter, lowerNormalize, lowerReduce, lowerTopK } from "./lowerReduce"
import { lowerConcat, lowerPad, lowerRepeat, lowerReshape, lowerSlice, lowerTranspose } from "./lowerShape"

type Lower<K extends OpKind> = (lowering: Lowering, node: Node, op: OpOf<K>) => Blocks

/** Blocks of one node; operands were lowered before. */
export function lowerNode(lowering: Lowering, node: Node): Blocks {
  if (!lowering.depends[node.id] && !renaming.has(node.op.kind) && !readsFrozen(lowering, node)) return lowerData(lowering, node)
  if (lowering.choices(node.id).length === 0) return lowerOpaque(lowering, node, "its axis is cut into too many pieces to follow")
  const pattern = lowering.patterns.get(node.id)
  if (pattern?.kind === "normalize") return lowerNormalize(lowering, node, pattern.operand, pattern.axes, pattern)
  if (pattern?.kind === "contract") return lowerProductSum(lowering, node, pattern.product, pattern.axes, pattern.keepDims)
  if (pattern?.kind === "center") return lowerCenter(lowering, node, pattern.operand, pattern.axes, pattern.by)
  return (lowerings[node.op.kind] as Lower<OpKind>)(lowering, node, node.op)
}

/** x·W₀ stays a product, so that x·W₀ + x·W is seen as x·(W₀ + W). */
const readsFrozen = (lowering: Lowering, node: Node): boolean =>
  node.op.kind === "einsum" && node.operands.some((o) => lowering.node(o).op.kind === "parameter")

const lowerings: { readonly [K in OpKind]: Lower<K> } = {
  input: (lowering, node) => lowerData(lowering, node),
  random: (lowering, node) => lowerData(lowering, node),
  oneHot: (lowering, node) => lowerStill(lowering, node),
  constant: (lowering, node, op) => (op.value.kind === "fill" ? fillBlocks(lowering, node, op.value.value) : lowerConstant(lowering, node, op.value)),
  parameter: (lowering, node, op) =>
    eachChoice(lowering, node.id, (choice) => {
      const atoms = atomsOf(choice)
      return lowering.emit(
        node.id,
        parameterBlock(lowering, node.id, op.parameter, choice),
        [],
        atoms.map((_, i) => i),
        atoms,
      )
    }),
  unary: (lowering, node, op) => {
    const traits = functionTraits[op.fn](op.parameters ?? [])
    if (traits.always !== undefined) return fillBlocks(lowering, node, traits.always)
    if (traits.flat) return lowerStill(lowering, node)
    return eachChoice(lowering, node.id, (choice) => {
      const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
      return lowerMap(lowering, node.id, block, { kind: "map", name: op.fn, degree: traits.degree, slope: traits.slope, exchange: traits.exchange })
    })
  },
  binary: lowerBinary,
  select: lowerSelect,
  dropout: lowerDropout,
  stopGradient: (lowering, node) => lowerStill(lowering, node),
  einsum: lowerEinsum,
  softmax: (lowering, node, op) =>
    lowerNormalize(lowering, node, node.operands[0], [op.axis], {
      name: op.log ? "logSoftmax" : "softmax",
      centered: true,
      scaleFree: "no",
      sumsToOne: !op.log,
      epsilon: 0,
    }),
  normalize: (lowering, node, op) =>
    lowerNormalize(lowering, node, node.operands[0], op.axes, {
      name: "normalization",
      centered: op.center,
      scaleFree: op.epsilon === 0 ? "exactly" : "nearly",
      sumsToOne: false,
      epsilon: op.epsilon,
    }),
  reduce: (lowering, node, op) => (op.fn === "any" || op.fn === "all" ? lowerStill(lowering, node) : lowerReduce(lowering, node, op)),
  cumsum: (lowering, node, op) => lowerAlong(lowering, node, [op.axis], { keepsConstants: false, maximal: false }),
  argExtreme: (lowering, node) => lowerStill(lowering, node),
  topK: lowerTopK,
  reshape: (lowering, node) => lowerReshape(lowering, node),
  transpose: lowerTranspose,
  slice: lowerSlice,
  concat: lowerConcat,
  pad: lowerPad,
  tile: (lowering, node) => lowerRepeat(lowering, node, "suffix"),
  broadcast: (lowering, node) => eachChoice(lowering, node.id, (choice) => broadcastBlock(lowering, node.operands[0], node.id, choice)),
  reverse: (lowering, node, op) => lowerAlong(lowering, node, op.axes, { keepsConstants: true, maximal: false }),
  gather: lowerGather,
  bandPart: (lowering, node) =>
    lowerAlong(lowering, node, [lowering.network.axes[node.id].length - 2, lowering.network.axes[node.id].length - 1], {
      keepsConstants: false,
      maximal: false,
    }),
  upsample: (lowering, node) => lowerRepeat(lowering, node, "prefix"),
  convolve: lowerConvolve,
  pool: lowerPool,
  opaque: (lowering, node, op) => lowerOpaque(lowering, node, op.reason),
}
