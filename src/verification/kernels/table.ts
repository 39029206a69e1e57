/** @file One kernel for every kind of operation: the table `compilePlan` reads. A new kind does not compile until it stands here. */
import type { Op, OpKind } from "../../graph/op"
import type { Kernel, KernelIO, Step } from "./kernel"
import { ExecutionError, leafStep } from "./kernel"
import { binaryKernel, dropoutKernel, selectKernel, stopGradientKernel, unaryKernel } from "./elementwise"
import { convolveKernel, poolKernel } from "./convolve"
import { einsumKernel } from "./einsum"
import { normalizeKernel, softmaxKernel } from "./normalize"
import { argExtremeKernel, cumsumKernel, reduceKernel, topKKernel } from "./reduce"
import {
  bandPartKernel,
  broadcastKernel,
  concatKernel,
  gatherKernel,
  oneHotKernel,
  padKernel,
  reshapeKernel,
  reverseKernel,
  sliceKernel,
  tileKernel,
  transposeKernel,
  upsampleKernel,
} from "./shape"

/** Leaves get their values from the plan: parameters from θ, inputs and noise from the data set, constants when compiled. */
const leaf = (): Step => leafStep

export const kernels: { readonly [K in OpKind]: Kernel<K> } = {
  input: leaf,
  parameter: leaf,
  constant: leaf,
  random: leaf,
  unary: unaryKernel,
  binary: binaryKernel,
  select: selectKernel,
  dropout: dropoutKernel,
  stopGradient: stopGradientKernel,
  einsum: einsumKernel,
  softmax: softmaxKernel,
  normalize: normalizeKernel,
  reduce: reduceKernel,
  cumsum: cumsumKernel,
  argExtreme: argExtremeKernel,
  topK: topKKernel,
  reshape: reshapeKernel,
  transpose: transposeKernel,
  slice: sliceKernel,
  concat: concatKernel,
  pad: padKernel,
  tile: tileKernel,
  broadcast: broadcastKernel,
  reverse: reverseKernel,
  gather: gatherKernel,
  oneHot: oneHotKernel,
  bandPart: bandPartKernel,
  upsample: upsampleKernel,
  convolve: convolveKernel,
  pool: poolKernel,
  opaque: (op) => {
    throw new ExecutionError(`the model contains code that cannot be executed: ${op.what} (${op.reason})`)
  },
}

/** The compiled step of one operation. */
export function compileStep(op: Op, io: KernelIO): Step {
  return (kernels[op.kind] as (op: Op, io: KernelIO) => Step)(op, io)
}
