/** @file Building, checking, printing and parsing graphs, and shapes with symbols. */
import { describe, expect, test } from "vitest"
import type { Graph, Node } from "../../src/graph/graph"
import type { Op } from "../../src/graph/op"
import type { Dim } from "../../src/schema/report"
import { GraphBuilder, inferDtype } from "../../src/graph/build"
import { checkGraph } from "../../src/graph/check"
import { inferShape, ShapeError } from "../../src/graph/shape"
import { parseGraph, printGraph } from "../../src/graph/text"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }

function sample(): Graph {
  const builder = new GraphBuilder()
  const x = builder.input("x", ["batch", "seq", "d"], "real"),
    kernel = builder.addParameter({ ...place, id: "dense/kernel", shape: ["d", "4*d"], trainable: true })
  builder.addParameter({ ...place, id: "unused", shape: [3], trainable: false, initializer: "zeros", constraint: "nonNeg" })
  const hidden = builder.add({ kind: "einsum", equation: "bti,io->bto" }, [x, builder.parameterNode(kernel)], { label: "dense" })
  const clipped = builder.add({ kind: "unary", fn: "clip", parameters: [0, Infinity] }, [hidden])
  const masked = builder.add({ kind: "pad", before: [0, 1, 0], after: [0, 0, 0], mode: "constant", value: -Infinity }, [clipped])
  return builder.finish([builder.add({ kind: "reduce", fn: "mean", axes: [1], keepDims: false }, [masked])])
}

describe("builder", () => {
  test("a parameter has one node, made at its first use", () => {
    const builder = new GraphBuilder(),
      w = builder.addParameter({ ...place, id: "w", shape: [2], trainable: true })
    expect(builder.registered()[w].node).toBeNull()
    const first = builder.parameterNode(w)
    expect(builder.parameterNode(w)).toBe(first)
    expect(builder.finish([first]).parameters[w].node).toBe(first)
    expect(() => builder.parameterNode(7)).toThrow("expected an index below 1, found 7")
  })
  test("nodes get shapes, dtypes and origins", () => {
    const graph = sample()
    expect(graph.nodes.map((n) => n.shape)).toEqual([
      ["batch", "seq", "d"],
      ["d", "4*d"],
      ["batch", "seq", "4*d"],
      ["batch", "seq", "4*d"],
      ["batch", "seq+1", "4*d"],
      ["batch", "4*d"],
    ])
    expect(graph.nodes[2].label).toBe("dense")
    expect(graph.parameters[1].node).toBeNull()
  })
  test("dtypes follow tfjs", () => {
    const cases: readonly (readonly [Op, readonly Node["dtype"][], Node["dtype"]])[] = [
      [{ kind: "binary", fn: "greater" }, ["float", "float"], "bool"],
      [{ kind: "argExtreme", fn: "max", axis: 0 }, ["float"], "int"],
      [{ kind: "gather", axis: 0, batchAxes: 0 }, ["float", "int"], "float"],
      [{ kind: "binary", fn: "add" }, ["int", "int"], "int"],
      [{ kind: "binary", fn: "divide" }, ["int", "int"], "float"],
      [{ kind: "reduce", fn: "sum", axes: [0], keepDims: false }, ["bool"], "int"],
    ]
    for (const [op, operands, expected] of cases) expect(inferDtype(op, operands)).toBe(expected)
  })
})

describe("text", () => {
  test("printing and parsing lose nothing but places and labels", () => {
    const graph = sample(),
      text = printGraph(graph),
      back = parseGraph(text)
    expect(printGraph({ ...back, nodes: back.nodes.map((n, i) => ({ ...n, label: graph.nodes[i].label })) })).toBe(text)
    expect(back.nodes.map((n) => [n.op, n.operands, n.shape, n.dtype])).toEqual(graph.nodes.map((n) => [n.op, n.operands, n.shape, n.dtype]))
    expect(back.parameters[1]).toMatchObject({ id: "unused", trainable: false, node: null, initializer: "zeros", constraint: "nonNeg" })
    expect(back.outputs).toEqual(graph.outputs)
  })
  test("reads as one line a node", () => {
    expect(printGraph(sample())).toMatchInlineSnapshot(`
      "parameter 0 "dense/kernel" [d, 4*d] trainable
      parameter 1 "unused" [3] frozen {"constraint":"nonNeg","initializer":"zeros"}
      %0 = input {"name":"x","domain":"real"} : float [batch, seq, d]
      %1 = parameter {"parameter":0} : float [d, 4*d]  # dense/kernel
      %2 = einsum {"equation":"bti,io->bto"} %0 %1 : float [batch, seq, 4*d]  # dense
      %3 = unary {"fn":"clip","parameters":[0,"Infinity"]} %2 : float [batch, seq, 4*d]
      %4 = pad {"before":[0,1,0],"after":[0,0,0],"mode":"constant","value":"-Infinity"} %3 : float [batch, seq+1, 4*d]
      %5 = reduce {"fn":"mean","axes":[1],"keepDims":false} %4 : float [batch, 4*d]
      return %5
      "
    `)
  })
  test.each([
    ["%1 = reshape %0 : float [3]", "expected node %0"],
    ["%0 = banana : float [3]", "'banana'"],
    ["%0 = reshape : double [3]", "'double'"],
    ['%0 = parameter {"parameter":0} : float [3]', "found 0 parameters"],
  ])("%s is refused", (text, message) => expect(() => parseGraph(text)).toThrow(message))
})

describe("check", () => {
  test("a built graph is good", () => expect(checkGraph(sample())).toEqual([]))
  const spoil = (id: number, change: Partial<Node>): string[] => {
    const graph = sample()
    return checkGraph({ ...graph, nodes: graph.nodes.map((n) => (n.id === id ? { ...n, ...change } : n)) })
  }
  test.each<readonly [string, number, Partial<Node>, string]>([
    ["order", 2, { operands: [0, 4] }, "node 2: expected operands before it, found 4"],
    ["operand count", 3, { operands: [] }, "node 3: unary takes 1 to 1 operands, found 0"],
    ["shape", 5, { shape: ["batch"] }, "node 5: reduce gives [batch, 4*d], the graph says [batch]"],
    ["parameter shape", 1, { shape: ["d", "d"] }, "node 1: parameter 'dense/kernel' has shape [d, 4*d], the node [d, d]"],
  ])("%s", (_, id, change, message) => expect(spoil(id, change)).toContain(message))
})

describe("shapes", () => {
  const good: readonly (readonly [string, Op, readonly (readonly Dim[])[], readonly Dim[], (readonly Dim[])?])[] = [
    [
      "broadcasting takes equal symbols and ones",
      { kind: "binary", fn: "add" },
      [
        ["b", 1, "d"],
        ["t", 1],
      ],
      ["b", "t", "d"],
    ],
    [
      "same padding",
      { kind: "convolve", variant: "standard", strides: [2], dilations: [1], padding: "same" },
      [
        ["b", 7, 3],
        [3, 3, "c"],
      ],
      ["b", 4, "c"],
    ],
    [
      "valid padding with dilation",
      { kind: "convolve", variant: "standard", strides: [2], dilations: [2], padding: "valid" },
      [
        ["b", 12, 3],
        [3, 3, 8],
      ],
      ["b", 4, 8],
    ],
    [
      "valid padding of a symbol",
      { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "valid" },
      [
        ["b", "n", 3],
        [3, 3, 8],
      ],
      ["b", "n-2", 8],
    ],
    [
      "depthwise channels multiply",
      { kind: "convolve", variant: "depthwise", strides: [1], dilations: [1], padding: "same" },
      [
        ["b", 5, "c"],
        [3, "c", 2],
      ],
      ["b", 5, "2*c"],
    ],
    [
      "transposed, same",
      { kind: "convolve", variant: "transposed", strides: [2], dilations: [1], padding: "same" },
      [
        ["b", 5, 3],
        [3, 3, 4],
      ],
      ["b", 10, 4],
    ],
    [
      "transposed, valid",
      { kind: "convolve", variant: "transposed", strides: [2], dilations: [1], padding: "valid" },
      [
        ["b", 5, 3],
        [3, 3, 4],
      ],
      ["b", 11, 4],
    ],
    [
      "concat adds symbols",
      { kind: "concat", axis: 1 },
      [
        ["b", "m"],
        ["b", 2],
      ],
      ["b", "m+2"],
    ],
    ["reshape keeps products of symbols", { kind: "reshape" }, [["b", "t", "4*d"]], ["b*t", 4, "d"], ["b*t", 4, "d"]],
    [
      "gather with batch axes",
      { kind: "gather", axis: 1, batchAxes: 1 },
      [
        ["b", "v", "d"],
        ["b", "t"],
      ],
      ["b", "t", "d"],
    ],
    ["pooling rounds down", { kind: "pool", fn: "max", window: [2], strides: [2], padding: "valid" }, [["b", 5, 3]], ["b", 2, 3]],
  ]
  test.each(good.map((c) => [c[0], c] as const))("%s", (_, [, op, operands, expected, target]) =>
    expect(inferShape(op, operands, target)).toEqual(expected),
  )

  const bad: readonly (readonly [string, Op, readonly (readonly Dim[])[], (readonly Dim[])?])[] = [
    ["different symbols", { kind: "binary", fn: "add" }, [["b", "d"], ["c"]]],
    ["different numbers", { kind: "binary", fn: "add" }, [[3], [4]]],
    [
      "einsum letters that differ",
      { kind: "einsum", equation: "ij,jk->ik" },
      [
        [2, 3],
        [4, 5],
      ],
    ],
    ["an axis too many", { kind: "softmax", axis: 2, log: false }, [[2, 3]]],
    ["other element counts", { kind: "reshape" }, [[2, 3]], [5]],
    ["a slice outside", { kind: "slice", begin: [2], strides: [1] }, [[3]], [2]],
    ["a window larger than its input", { kind: "pool", fn: "max", window: [4], strides: [1], padding: "valid" }, [[1, 3, 1]]],
    [
      "wrong channels",
      { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "same" },
      [
        [1, 5, 2],
        [3, 3, 4],
      ],
    ],
    ["too few operands", { kind: "select" }, [[1], [1]]],
  ]
  test.each(bad.map((c) => [c[0], c] as const))("%s do not fit", (_, [, op, operands, target]) =>
    expect(() => inferShape(op, operands, target)).toThrow(ShapeError),
  )
  test("the message names op and shapes", () => {
    expect(() => inferShape({ kind: "binary", fn: "multiply" }, [["b", "d"], ["c"]])).toThrow(
      "multiply: expected shapes that broadcast, got [b, d] and [c]",
    )
  })
})
