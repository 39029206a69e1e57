/** @file Hand-built graphs for the tests of the numerics: small networks whose laws are known, written with the graph builder. */
import type { Dim, Law } from "../../src/schema/report"
import type { Graph, NodeId } from "../../src/graph/graph"
import type { UnaryFunction } from "../../src/graph/op"
import type { GenericLaw, VerificationTask } from "../../src/verification/task"
import { GraphBuilder } from "../../src/graph/build"

const start = { line: 1, column: 1 }

/** A builder with the few shorthands these tests need. */
export function network(build: (n: Shorthands) => NodeId | readonly NodeId[]): Graph {
  const builder = new GraphBuilder()
  const shorthands: Shorthands = {
    builder,
    input: (shape, domain = "real", range) => builder.input(`x${shape.length}`, shape, domain, {}, range),
    parameter: (id, shape, trainable = true) => builder.parameterNode(builder.addParameter({ id, shape, trainable, start, end: start })),
    einsum: (equation, ...operands) => builder.add({ kind: "einsum", equation }, operands),
    unary: (fn, x) => builder.add({ kind: "unary", fn }, [x]),
    add: (a, b) => builder.add({ kind: "binary", fn: "add" }, [a, b]),
    softmax: (x, log = false) => builder.add({ kind: "softmax", axis: builder.shape(x).length - 1, log }, [x]),
  }
  const outputs = build(shorthands)
  return builder.finish(typeof outputs === "number" ? [outputs] : outputs)
}

export interface Shorthands {
  readonly builder: GraphBuilder
  input(shape: readonly Dim[], domain?: "real" | "index" | "binary", range?: Dim): NodeId
  parameter(id: string, shape: readonly Dim[], trainable?: boolean): NodeId
  einsum(equation: string, ...operands: readonly NodeId[]): NodeId
  unary(fn: UnaryFunction, x: NodeId): NodeId
  add(a: NodeId, b: NodeId): NodeId
  softmax(x: NodeId, log?: boolean): NodeId
}

/** Rows x through B [inner, in] and A [out, inner], with `fn` between. */
export const twoLayers = (fn: UnaryFunction | null, sizes: readonly [Dim, Dim, Dim] = [3, 3, 2], batch: Dim = 8): Graph =>
  network(({ input, parameter, einsum, unary }) => {
    const hidden = einsum("ni,hi->nh", input([batch, sizes[0]]), parameter("B", [sizes[1], sizes[0]]))
    return einsum("nh,oh->no", fn === null ? hidden : unary(fn, hidden), parameter("A", [sizes[2], sizes[1]]))
  })

/** The law ‖A[:,i]‖² − ‖B[i,:]‖², or with "ij" the whole Gram difference. */
export function balance(form: "diagonal" | "gram", hidden: Dim = 3, sign = -1): GenericLaw {
  const gram = form === "gram"
  return {
    ...named("balance", "quadratic", ["A", "B"]),
    entries: gram ? "symmetric" : "all",
    quantities: typeof hidden === "number" && gram ? (hidden * (hidden + 1)) / 2 : hidden,
    index: gram
      ? [
          { name: "i", size: hidden },
          { name: "j", size: hidden },
        ]
      : [{ name: "i", size: hidden }],
    terms: [
      { coefficient: 1, einsum: gram ? "ai,aj->ij" : "ai,ai->i", operands: [{ parameter: "A" }, { parameter: "A" }] },
      { coefficient: sign, einsum: gram ? "ia,ja->ij" : "ia,ia->i", operands: [{ parameter: "B" }, { parameter: "B" }] },
    ],
  }
}

/** The fields of a law that the numerics only pass on. */
export const named = (id: string, type: Law["type"], parameters: readonly string[]) =>
  ({ id, family: type === "linear" ? "shift" : "balance", type, exactness: "exact", parameters, formula: id, latex: id }) as const

/** ‖in[:,i]‖² − ‖out[i,:]‖² of one block of four ReLU units, "blocks/k". */
export const balanceOfBlock = (k: number, sign = -1): GenericLaw => ({
  ...named(`balance-${k}`, "quadratic", [`blocks/${k}/in`, `blocks/${k}/out`]),
  entries: "all",
  quantities: 4,
  index: [{ name: "i", size: 4 }],
  terms: [
    { coefficient: 1, einsum: "ai,ai->i", operands: [{ parameter: `blocks/${k}/in` }, { parameter: `blocks/${k}/in` }] },
    { coefficient: sign, einsum: "ia,ia->i", operands: [{ parameter: `blocks/${k}/out` }, { parameter: `blocks/${k}/out` }] },
  ],
})

/** x + out·relu(in·x) of three numbers through block k; `bend` changes what the units read. */
export function residualBlock(n: Shorthands, x: NodeId, k: number, bend: (x: NodeId) => NodeId = (same) => same): NodeId {
  const hidden = n.unary("relu", n.einsum("nd,dh->nh", bend(x), n.parameter(`blocks/${k}/in`, [3, 4])))
  return n.add(x, n.einsum("nh,hd->nd", hidden, n.parameter(`blocks/${k}/out`, [4, 3])))
}

export const task = (graph: Graph, laws: readonly GenericLaw[]): VerificationTask => ({ model: "test", graph, sizes: [], laws })
