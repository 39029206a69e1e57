/** @file What random networks are made of: every operation and every function of the graph language is drawn, or says here why it is not. */
import { expect, test } from "vitest"
import { operandCounts } from "../src/graph/shape"
import type { Op, OpKind } from "../src/graph/op"
import { checkGraph } from "../src/graph/check"
import { binaryDefinitions } from "../src/verification/kernels/binary"
import { unaryDefinitions } from "../src/verification/kernels/unary"
import { drawNetwork } from "./support/randomGraph"

/** Operations no random network has. */
const exempt: Partial<Readonly<Record<OpKind, string>>> = {
  opaque: "has no kernel, so no law beside it can be checked on numbers; test/symmetry holds that nothing passes it",
}
/** Attributes an operation is drawn with, as words. */
function variantsOf(op: Op, operands: number): readonly (string | false)[] {
  switch (op.kind) {
    case "convolve":
    case "pool": {
      const own = op.kind === "pool" ? [op.fn] : [op.variant, op.dilations.some((d) => d > 1) && "dilation"]
      return [...own, typeof op.padding === "string" ? op.padding : "explicit", op.strides.some((s) => s > 1) && "stride"]
    }
    case "pad":
      return [op.mode]
    case "topK":
      return [op.output]
    case "argExtreme":
    case "reduce":
      return [op.fn]
    case "constant":
      return [op.value.kind]
    case "random":
      return [op.distribution]
    case "input":
      return [op.domain]
    case "softmax":
      return [op.log ? "log" : "plain"]
    case "normalize":
      return [op.center ? "center" : "plain", op.measure, op.epsilon === 0 ? "exact" : "epsilon"]
    case "slice":
      return [op.strides.some((s) => s > 1) && "stride"]
    case "gather":
      return [op.batchAxes > 0 ? "batch" : "plain"]
    case "einsum":
      return [operands === 1 ? "one" : "two"]
    default:
      return []
  }
}

/** Variants that must be met. */
const variants: Readonly<Record<string, string>> = {
  convolve: "standard depthwise transposed same valid explicit stride dilation",
  pool: "max average same valid explicit stride",
  pad: "constant reflect symmetric",
  topK: "values indices",
  argExtreme: "max min",
  reduce: "sum mean max min prod any all",
  constant: "fill data range eye unknown",
  random: "normal uniform bernoulli",
  input: "real index binary",
  softmax: "log plain",
  normalize: "center plain mean sum exact epsilon",
  slice: "stride",
  gather: "batch plain",
  einsum: "one two",
  parameter: "frozen tied",
}

test("networks from all operations have all of them", { timeout: 60_000 }, () => {
  const kinds = new Set<string>(), unary = new Set<string>(), binary = new Set<string>(), met = new Set<string>()
  for (let seed = 10_000_000; seed < 10_001_500; seed++) {
    const graph = drawNetwork(seed), reads = graph.nodes.flatMap((n) => n.operands)
    expect(checkGraph(graph)).toEqual([])
    if (graph.parameters.some((p) => !p.trainable)) met.add("parameter frozen")
    if (graph.parameters.some((p) => p.node !== null && reads.filter((o) => o === p.node).length > 1)) met.add("parameter tied")
    for (const { op, operands } of graph.nodes) {
      kinds.add(op.kind)
      if (op.kind === "unary") unary.add(op.fn)
      if (op.kind === "binary") binary.add(op.fn)
      for (const variant of variantsOf(op, operands.length)) if (variant !== false) met.add(`${op.kind} ${variant}`)
    }
  }
  expect(Object.keys(operandCounts).filter((kind) => !kinds.has(kind) && !(kind in exempt))).toEqual([])
  expect(Object.keys(exempt).filter((kind) => kinds.has(kind))).toEqual([])
  expect(Object.keys(unaryDefinitions).filter((fn) => !unary.has(fn))).toEqual([])
  expect(Object.keys(binaryDefinitions).filter((fn) => !binary.has(fn))).toEqual([])
  const wanted = Object.entries(variants).flatMap(([kind, words]) => words.split(" ").map((word) => `${kind} ${word}`))
  expect(wanted.filter((variant) => !met.has(variant))).toEqual([])
})
