/** @file Sizes of replicas: order and equality kept, minima and fixed sizes respected, convolutions given room. */
import { describe, expect, test } from "vitest"
import type { SizeVariable } from "../../src/axes/size"
import type { Dim } from "../../src/schema/report"
import { instantiate } from "../../src/verification/instantiate"
import { chooseReplica } from "../../src/verification/replica"
import { network, twoLayers } from "./support"

const size = (name: string, declared: Dim, minimum = 1, shrink: SizeVariable["shrink"] = "free"): SizeVariable => ({
  name,
  declared,
  minimum,
  shrink,
})
const generic = twoLayers("relu", ["i", "h", "o"], "b")

describe("sizes", () => {
  test("distinct values become the smallest numbers in the same order; equal ones stay equal", () => {
    const { sizes } = chooseReplica(generic, [size("b", "batch"), size("i", 512), size("h", 2048), size("o", 512)])
    expect(sizes).toEqual({ b: 4, i: 2, h: 3, o: 2 })
  })
  test("minima lift a size and everything above it", () => {
    const { sizes } = chooseReplica(generic, [size("b", "batch"), size("i", 100, 3), size("h", 200), size("o", 10)])
    expect(sizes).toMatchObject({ o: 2, i: 3, h: 4 })
  })
  test("fixed sizes stay, and small models run as declared", () => {
    expect(chooseReplica(generic, [size("b", 9), size("i", 64, 1, "fixed"), size("h", 128), size("o", 10)]).sizes).toEqual({
      b: 4,
      i: 64,
      o: 2,
      h: 3,
    })
    expect(chooseReplica(generic, [size("b", 9), size("i", 4), size("h", 7), size("o", 2)]).sizes).toEqual({ b: 9, i: 4, h: 7, o: 2 })
  })
  test("overrides win", () => {
    const variables = [size("b", "batch"), size("i", 512), size("h", 2048), size("o", 512)]
    expect(chooseReplica(generic, variables, { h: 9, b: 2 }).sizes).toEqual({ b: 2, i: 2, h: 9, o: 2 })
  })
  test("the instantiated graph has numbers only", () => {
    const { graph } = chooseReplica(generic, [size("b", "batch"), size("i", 512), size("h", 2048), size("o", 512)])
    expect(graph.nodes.flatMap((n) => n.shape).every((d) => typeof d === "number")).toBe(true)
    expect(graph.parameters.map((p) => p.shape)).toEqual([
      [3, 2],
      [2, 3],
    ])
  })
})

test("a spatial size grows until convolutions fit and no axis collapses", () => {
  const graph = network(({ builder, input, parameter, einsum }) => {
    const op = { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "valid" } as const
    const first = builder.add(op, [input(["b", "n", "c"]), parameter("K", [5, "c", "m"])])
    const pooled = builder.add({ kind: "pool", fn: "max", window: [2], strides: [1], padding: "valid" }, [first])
    return einsum("bnm,mo->bno", pooled, parameter("W", ["m", "o"]))
  })
  const { sizes, graph: made } = chooseReplica(graph, [size("b", "batch"), size("n", 28), size("c", 3), size("m", 32), size("o", 10)])
  expect(sizes["n"]).toBe(7)
  expect(made.nodes.at(-1)?.shape).toEqual([4, 2, sizes["m"], sizes["o"]].filter((_, i) => i !== 2))
})

test("a table read by counting has a row for every count", () => {
  const graph = network(({ builder, parameter }) => {
    const count = builder.add({ kind: "constant", value: { kind: "range", start: 0, step: 1 } }, [], {}, ["t"])
    return builder.add({ kind: "gather", axis: 0, batchAxes: 0 }, [parameter("P", ["rows", "d"]), count])
  })
  const { sizes } = chooseReplica(graph, [size("t", "time"), size("rows", 1024), size("d", 64)])
  expect(sizes["rows"]).toBeGreaterThanOrEqual(sizes["t"])
})

test("a normalized axis of two sizes keeps three entries", () => {
  const graph = network(({ builder, input, parameter, einsum }) => {
    const z = einsum("bi,ihd->bhd", input(["b", "i"]), parameter("W", ["i", "h", "d"]))
    return builder.add({ kind: "normalize", axes: [1, 2], center: true, measure: "mean", epsilon: 0 }, [z])
  })
  const { sizes } = chooseReplica(graph, [size("b", 500), size("i", 300), size("h", 1), size("d", 200)])
  expect(sizes["h"] * sizes["d"]).toBeGreaterThanOrEqual(3)
})

test("what convolutions walk over grows first, also where a dense layer holds it", () => {
  const graph = network(({ builder, input, parameter, einsum }) => {
    const op = { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "valid" } as const
    const filtered = builder.add(op, [input(["b", "n", "c"]), parameter("K", [9, "c", "m"])])
    const flat = builder.add({ kind: "reshape" }, [filtered], {}, ["b", "m*n-8*m"])
    return einsum("bi,io->bo", flat, parameter("W", ["m*n-8*m", "o"]))
  })
  const { sizes } = chooseReplica(graph, [size("b", "batch"), size("n", 64), size("c", 3), size("m", 32), size("o", 10)])
  expect(sizes["n"]).toBeLessThan(16)
})

test("where nothing small fits, a share of the declared sizes does", () => {
  const graph = network(({ builder, input, parameter, einsum }) => {
    const op = { kind: "convolve", variant: "standard", strides: [1], dilations: [40], padding: "valid" } as const
    const first = builder.add(op, [input(["b", "n", "c"]), parameter("K", [4, "c", "m"])])
    return einsum("bnm,mo->bno", first, parameter("W", ["m", "o"]))
  })
  const { sizes } = chooseReplica(graph, [size("b", "batch"), size("n", 1000), size("c", 30), size("m", 320), size("o", 100)])
  expect(sizes["n"]).toBeGreaterThan(120)
  expect(sizes["n"]).toBeLessThan(1000)
})

test("code that fits one sample only runs with one", () => {
  const graph = network(({ builder, input, parameter, einsum }) => {
    const rows = builder.add({ kind: "reshape" }, [input(["b", "i"])], {}, ["1/b", "b^2*i"])
    return einsum("rk,ko->ro", rows, parameter("W", ["b^2*i", "o"]))
  })
  expect(chooseReplica(graph, [size("b", "batch"), size("i", 301), size("o", 211)]).sizes).toEqual({ b: 1, i: 3, o: 2 })
})

test("what does not fit says why", () => {
  expect(() => instantiate(generic, { b: 2, i: 3, h: 4 })).toThrow("no value for size 'o'")
  expect(() => instantiate(twoLayers("relu", ["i/2", "h", "o"], "b"), { b: 2, i: 3, h: 4, o: 2 })).toThrow("comes out as 1.5")
})
