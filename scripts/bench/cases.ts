/** @file What is timed: networks with random weights whose gradient of a mean squared error every engine computes, in the same shapes. */
import type { Graph } from "../../src/graph/graph"
import { GraphBuilder } from "../../src/graph/build"

/** A(silu(Bx) ⊙ Cx) with width d, hidden width h, N rows; or attention with `heads` of width d / heads over N sequences of T rows. */
export type GradientCase =
  | { readonly name: string; readonly kind: "swiglu"; readonly d: number; readonly h: number; readonly n: number }
  | { readonly name: string; readonly kind: "attention"; readonly d: number; readonly heads: number; readonly t: number; readonly n: number }

export const gradientCases: readonly GradientCase[] = [
  ...[4, 8, 16, 32].map((d): GradientCase => ({ name: `SwiGLU d${d} h${2 * d} N${2 * d}`, kind: "swiglu", d, h: 2 * d, n: 2 * d })),
  { name: "attention d8, 2 heads, T8 N8", kind: "attention", d: 8, heads: 2, t: 8, n: 8 },
]

const start = { line: 1, column: 1 }

export function buildGraph(c: GradientCase): Graph {
  const builder = new GraphBuilder(),
    parameter = (id: string, shape: readonly number[]): number =>
      builder.parameterNode(builder.addParameter({ id, shape, trainable: true, start, end: start })),
    einsum = (equation: string, a: number, b: number): number => builder.add({ kind: "einsum", equation }, [a, b])
  if (c.kind === "swiglu") {
    const x = builder.input("x", [c.n, c.d], "real"),
      gate = builder.add({ kind: "unary", fn: "silu" }, [einsum("ni,ih->nh", x, parameter("B", [c.d, c.h]))]),
      value = einsum("ni,ih->nh", x, parameter("C", [c.d, c.h]))
    return builder.finish([einsum("nh,ho->no", builder.add({ kind: "binary", fn: "multiply" }, [gate, value]), parameter("A", [c.h, c.d]))])
  }
  const e = c.d / c.heads,
    x = builder.input("x", [c.n, c.t, c.d], "real"),
    project = (id: string): number => einsum("ntd,dhe->nhte", x, parameter(id, [c.d, c.heads, e]))
  const scores = builder.add({ kind: "binary", fn: "divide" }, [
    einsum("nhqe,nhke->nhqk", project("Q"), project("K")),
    builder.add({ kind: "constant", value: { kind: "fill", value: Math.sqrt(e) } }, [], undefined, []),
  ])
  const mixed = einsum("nhqk,nhke->nhqe", builder.add({ kind: "softmax", axis: 3, log: false }, [scores]), project("V"))
  return builder.finish([einsum("nhqe,hed->nqd", mixed, parameter("O", [c.heads, e, c.d]))])
}

/** Median time of one call in microseconds: warmed up, then for about `milliseconds`, in batches that the clock can resolve. */
export function measure(call: () => void, milliseconds = 300): number {
  const warm = performance.now()
  let count = 0
  while (performance.now() - warm < milliseconds / 3 || count < 20) {
    call()
    count++
  }
  const batch = Math.max(1, Math.round((count * 0.2) / (performance.now() - warm))),
    times: number[] = [],
    begin = performance.now()
  while (performance.now() - begin < milliseconds || times.length < 15) {
    const t = performance.now()
    for (let i = 0; i < batch; i++) call()
    times.push(((performance.now() - t) * 1000) / batch)
  }
  return median(times)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b),
    middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
