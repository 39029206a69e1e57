/** @file Independent sizes: every choice of them that keeps the fixed ones is a network, and no more are fixed than must be. */
import { describe, expect, test } from "vitest"
import { generalize, type GenericNetwork } from "../../src/axes/generalize"
import { GraphBuilder } from "../../src/graph/build"
import { evaluateDim } from "../../src/graph/dim"
import type { NodeId } from "../../src/graph/graph"
import type { ConstantValue } from "../../src/graph/op"
import type { Dim } from "../../src/schema/report"
import { instantiate } from "../../src/verification/instantiate"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../support/random"
import { randomGraph } from "../support/randomGraph"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }

/** Draws a graph with a few shorthands. */
function network(draw: (g: Drawing) => readonly NodeId[]): GenericNetwork {
  const builder = new GraphBuilder()
  const g: Drawing = {
    builder,
    input: (shape) => builder.input("x", shape, "real"),
    weight: (id, shape) => builder.parameterNode(builder.addParameter({ id, shape, trainable: true, ...place })),
    constant: (value, shape) => builder.add({ kind: "constant", value }, [], {}, shape),
    numbers: (count) => g.constant({ kind: "data", values: Array.from({ length: count }, (_, i) => i) }, [count]),
    reshape: (x, shape) => builder.add({ kind: "reshape" }, [x], {}, shape),
    slice: (x, begin, shape) => builder.add({ kind: "slice", begin, strides: begin.map(() => 1) }, [x], {}, shape),
    pad: (x, before, after) => builder.add({ kind: "pad", before, after, mode: "constant", value: 0 }, [x]),
    convolve: (x, k, padding) => builder.add({ kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding }, [x, k]),
    add: (a, b) => builder.add({ kind: "binary", fn: "add" }, [a, b]),
  }
  return generalize(builder.finish(draw(g)))
}

interface Drawing {
  readonly builder: GraphBuilder
  readonly input: (shape: readonly Dim[]) => NodeId
  readonly weight: (id: string, shape: readonly Dim[]) => NodeId
  readonly constant: (value: ConstantValue, shape: readonly Dim[]) => NodeId
  readonly numbers: (count: number) => NodeId
  readonly reshape: (x: NodeId, shape: readonly Dim[]) => NodeId
  readonly slice: (x: NodeId, begin: readonly Dim[], shape: readonly Dim[]) => NodeId
  readonly pad: (x: NodeId, before: readonly Dim[], after: readonly Dim[]) => NodeId
  readonly convolve: (x: NodeId, k: NodeId, padding: "valid" | "same") => NodeId
  readonly add: (a: NodeId, b: NodeId) => NodeId
}

const declared = ({ sizes }: GenericNetwork): Record<string, number> =>
  Object.fromEntries(sizes.map((s) => [s.name, typeof s.declared === "number" ? s.declared : 5]))
const larger = (made: GenericNetwork, by: number): Record<string, number> =>
  Object.fromEntries(made.sizes.map((s) => [s.name, declared(made)[s.name] + (s.shrink === "free" ? by : 0)]))
const fixed = ({ sizes }: GenericNetwork): string[] => sizes.filter((s) => s.shrink === "fixed").map((s) => s.name)
const free = ({ sizes }: GenericNetwork): string[] => sizes.filter((s) => s.shrink === "free").map((s) => s.name)

/** Runs at the declared sizes and at larger ones. */
function expectNetworks(made: GenericNetwork): void {
  for (const by of [0, 1, 2]) expect(() => compilePlan(instantiate(made.graph, larger(made, by)))).not.toThrow()
}

describe("sizes that are tied by numbers only", () => {
  test("a constant of known numbers fixes the factors of its axis", () => {
    const made = network((g) => [g.add(g.reshape(g.input(["batch", 2, 3]), ["batch", 6]), g.numbers(6))])
    expect(fixed(made)).toEqual(["n2", "n3"])
    expectNetworks(made)
  })

  test("and what a convolution computes it from", () => {
    const made = network((g) => [g.add(g.convolve(g.input(["batch", 8, 1]), g.weight("k", [3, 1, 2]), "valid"), g.reshape(g.numbers(6), [6, 1]))])
    expect(fixed(made)).toEqual(expect.arrayContaining(["n8", "n3"]))
    expectNetworks(made)
  })

  test("an axis cut in the middle of its factors keeps its size", () => {
    const made = network((g) => [g.slice(g.reshape(g.input(["batch", 3, 4]), ["batch", 12]), [0, 5], ["batch", 7])])
    expect(free(made)).toEqual(["batch"])
    expectNetworks(made)
  })

  test.each([
    [64, 3, 8],
    [48, 3, 8],
    [54, 1, 2],
  ])("a size of %i that skips restore after %i halvings is a multiple of %i", (size, halvings, factor) => {
    const made = network((g) => {
      const pool = (x: NodeId): NodeId => g.builder.add({ kind: "pool", fn: "max", window: [2], strides: [2], padding: "valid" }, [x])
      const double = (x: NodeId, k: number): NodeId =>
        g.builder.add({ kind: "convolve", variant: "transposed", strides: [2], dilations: [1], padding: "same" }, [x, g.weight(`k${k}`, [2, 3, 3])])
      const skips = [g.input(["batch", size, 3])]
      for (let k = 1; k <= halvings; k++) skips.push(pool(skips[k - 1]))
      let x = skips[halvings]
      for (let k = halvings - 1; k >= 0; k--) x = g.add(skips[k], double(x, k))
      return [x]
    })
    const [part] = made.sizes.filter((s) => s.declared === size / factor)
    expect(part.shrink).toBe("free")
    expect(made.graph.nodes.find(({ op }) => op.kind === "input")!.shape[1]).toBe(`${factor}*${part.name}`)
    expectNetworks(made)
  })

  test("a table read at known places keeps its rows, one read by counting does not", () => {
    const gather = (g: Drawing, index: NodeId): NodeId[] => [
      g.builder.add({ kind: "gather", axis: 0, batchAxes: 0 }, [g.weight("table", [7, 3]), index]),
    ]
    expect(fixed(network((g) => gather(g, g.constant({ kind: "data", values: [6, 0] }, [2]))))).toEqual(["n2", "n5"])
    expect(fixed(network((g) => gather(g, g.constant({ kind: "range", start: 2, step: 1 }, [4]))))).toEqual(["n4", "n7"])
    expect(fixed(network((g) => gather(g, g.constant({ kind: "range", start: 0, step: 1 }, [4]))))).toEqual([])
  })

  test("batch axes of a lookup are one axis", () => {
    const made = network((g) => {
      const index = g.builder.input("i", ["batch", 2], "index", {}, 6)
      return [g.builder.add({ kind: "gather", axis: 1, batchAxes: 1 }, [g.input(["batch", 6, 3]), index])]
    })
    expectNetworks(made)
  })
})

describe("sizes that solve an equation", () => {
  test("a padded axis that a reshape folds has one cell less than the fold", () => {
    const made = network((g) => [g.reshape(g.pad(g.input(["batch", 5]), [0, 1], [0, 0]), ["batch", 3, 2])])
    expect(free(made)).toEqual(["batch", "n3", "n2"])
    expect(made.graph.nodes[0].shape.map((d) => evaluateDim(d, { ...declared(made), n3: 4 }))).toEqual([5, 7])
    expectNetworks(made)
  })

  test("two folds of a padded axis that do not fit together keep their sizes", () => {
    const made = network((g) => {
      const x = g.pad(g.input(["batch", 11]), [0, 1], [0, 0])
      return [g.reshape(x, ["batch", 3, 4]), g.reshape(x, ["batch", 4, 3]), g.reshape(x, ["batch", 2, 6])]
    })
    expectNetworks(made)
  })

  test("a causal convolution beside its input leaves the length free", () => {
    const made = network((g) => {
      const x = g.input(["batch", 9, 4])
      return [g.add(g.convolve(g.pad(x, [0, 2, 0], [0, 0, 0]), g.weight("k", [3, 4, 4]), "valid"), x)]
    })
    expect(free(made)).toEqual(["batch", "n9", "n4"])
    expectNetworks(made)
  })

  test("a convolution whose end is cropped ties three lengths, of which two are free", () => {
    const made = network((g) => {
      const x = g.input(["batch", 9, 4]), long = g.convolve(g.pad(x, [0, 2, 0], [0, 2, 0]), g.weight("k", [3, 4, 4]), "valid")
      return [g.slice(long, [0, 0, 0], ["batch", 9, 4])]
    })
    expect(free(made).filter((name) => name !== "batch" && !name.startsWith("n4"))).toHaveLength(2)
    expectNetworks(made)
  })

  test("transposed convolutions narrower than their stride have the extent tfjs gives them", () => {
    const op = { kind: "convolve", variant: "transposed", strides: [3], dilations: [1], padding: "valid" } as const
    const made = network((g) => [g.builder.add(op, [g.input(["batch", 4, 2]), g.weight("k", [2, 2, 1])])])
    expect(made.graph.nodes[2].shape.map((d) => evaluateDim(d, declared(made)))).toEqual([5, 12, 1])
    expectNetworks(made)
  })

  test("symbols stay symbols", () => {
    const made = network((g) => [g.reshape(g.pad(g.input(["batch", "2*d-1"]), [0, 1], [0, 0]), ["batch", "d", 2])])
    for (const d of [3, 4]) {
      const { nodes } = instantiate(made.graph, { ...declared(made), d })
      expect(nodes.map((n) => n.shape)).toEqual([[5, 2 * d - 1], [5, 2 * d], [5, d, 2]])
    }
  })
})

test("a normalized axis of two factors keeps three entries", () => {
  const made = network((g) => [g.builder.add({ kind: "softmax", axis: 1, log: false }, [g.reshape(g.input(["batch", 2, 8]), ["batch", 16])])])
  expect(made.sizes.map((s) => [s.name, s.minimum])).toEqual([["batch", 1], ["n2", 1], ["n8", 3]])
})

describe("random networks run at any sizes", () => {
  test.each(Array.from({ length: 150 }, (_, k) => 7_000_000 + k))("network %i", (seed) => {
    const made = generalize(randomGraph(seed, 4 + (seed % 7), seed % 2 === 0 ? "wild" : "every")), random = seededRandom(seed)
    expect(() => compilePlan(instantiate(made.graph, declared(made)))).not.toThrow()
    for (let tries = 0; tries < 3; tries++) {
      const sizes = Object.fromEntries(made.sizes.map((s) => [s.name, declared(made)[s.name] + (s.shrink === "free" ? random.below(4) : 0)]))
      expect(() => compilePlan(instantiate(made.graph, sizes)), JSON.stringify(sizes)).not.toThrow()
    }
  })
})
