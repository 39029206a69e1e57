/** @file Generic sizes: what is tied stays tied, what is cut is cut, and any admissible replica is a valid graph. */
import { describe, expect, test } from "vitest"
import { compareDims } from "../../src/axes/classes"
import { generalize } from "../../src/axes/generalize"
import { segmentsOf } from "../../src/axes/tree"
import { GraphBuilder } from "../../src/graph/build"
import { checkGraph } from "../../src/graph/check"
import type { NodeId } from "../../src/graph/graph"
import type { Dim } from "../../src/schema/report"
import { instantiate } from "../../src/verification/instantiate"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }
const weight = (g: GraphBuilder, id: string, shape: readonly Dim[]): NodeId =>
  g.parameterNode(g.addParameter({ id, shape, trainable: true, ...place }))
const dense = (g: GraphBuilder, x: NodeId, w: NodeId): NodeId => g.add({ kind: "einsum", equation: "bi,io->bo" }, [x, w])

describe("sizes", () => {
  test("tied axes share one size, free ones do not", () => {
    const g = new GraphBuilder()
    const x = g.input("x", ["batch", 4], "real")
    const network = generalize(g.finish([dense(g, dense(g, x, weight(g, "a", [4, 8])), weight(g, "b", [8, 3]))]))
    expect(network.graph.parameters.map((p) => p.shape)).toEqual([
      ["n4", "n8"],
      ["n8", "n3"],
    ])
    expect(network.sizes.map((s) => s.name)).toEqual(["batch", "n4", "n8", "n3"])
  })

  test("a reshape into heads makes the width a product", () => {
    const g = new GraphBuilder()
    const x = g.input("x", ["batch", "width"], "real")
    const y = g.add({ kind: "reshape" }, [dense(g, x, weight(g, "w", ["width", "width"]))], {}, ["batch", "heads", "width/heads"])
    const network = generalize(g.finish([y]))
    expect(network.graph.parameters[0].shape[1]).toBe("heads*width_per_heads")
  })

  test("slices cut an axis where they begin and end, whatever their order", () => {
    const g = new GraphBuilder()
    const x = g.input("x", ["batch", 12], "real")
    const slice = (from: number, size: number): NodeId => g.add({ kind: "slice", begin: [0, from], strides: [1, 1] }, [x], {}, ["batch", size])
    const outputs = [slice(0, 8), slice(4, 4), slice(2, 10)]
    const network = generalize(g.finish(outputs))
    expect(segmentsOf(network.axes[x][1]).map((s) => [s.offset, s.declared])).toEqual([
      [0, 2],
      [2, 2],
      [4, 4],
      [8, 4],
    ])
  })

  test("extents of convolutions follow from their inputs", () => {
    const g = new GraphBuilder()
    const x = g.input("x", ["batch", 10, 9, 1], "real")
    const conv = g.add({ kind: "convolve", variant: "standard", strides: [2, 1], dilations: [1, 1], padding: "valid" }, [
      x,
      weight(g, "k", [3, 3, 1, 4]),
    ])
    const pool = g.add({ kind: "pool", fn: "max", window: [2, 2], strides: [2, 2], padding: "same" }, [conv])
    const flat = g.add({ kind: "reshape" }, [pool], {}, ["batch", 2 * 4 * 4])
    const graph = generalize(g.finish([dense(g, flat, weight(g, "w", [32, 5]))])).graph
    for (const [height, width] of [
      [10, 9],
      [7, 5],
      [16, 30],
    ]) {
      const sizes = { batch: 2, n10: height, n9: width, n3: 3, n3_2: 3, n4: 2, n5: 3 }
      expect(checkGraph(instantiate(graph, sizes))).toEqual([])
    }
  })
})

test("symbols compare by the signs of their difference", () => {
  expect(compareDims("2*n", "3*n")).toBe(-1)
  expect(compareDims("n+m", "n")).toBe(1)
  expect(compareDims("n", "m")).toBeNull()
  expect(compareDims("floor(n/2-1/2)+1", "floor(n/2-1/2)")).toBe(1)
})
