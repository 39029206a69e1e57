/** @file The model's own loss beside the squared error: laws must hold under both, and what cannot be run is said. */
import { describe, expect, test } from "vitest"
import type { Graph, Node } from "../../src/graph/graph"
import { findOwnLoss, type OwnLoss } from "../../src/graph/objective"
import type { GenericLaw } from "../../src/verification/task"
import { verify } from "../../src/verification/verify"
import { balance, named, network, task, twoLayers } from "./support"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }
const lossOf = (graph: Graph, ...names: readonly string[]): OwnLoss | undefined =>
  findOwnLoss(
    graph,
    names.map((name) => ({ name, place })),
  ) ?? undefined
const run = async (graph: Graph, laws: readonly GenericLaw[], ownLoss: OwnLoss | undefined) =>
  (await verify({ ...task(graph, laws), ...(ownLoss === undefined ? {} : { ownLoss }) })).verification

const classifier = network(({ input, parameter, einsum, unary, softmax }) =>
  softmax(einsum("nh,oh->no", unary("relu", einsum("ni,hi->nh", input([6, 3]), parameter("B", [3, 3]))), parameter("A", [3, 3]))),
)

describe("laws hold under both", () => {
  test.each([
    "categoricalCrossentropy",
    "sparseCategoricalCrossentropy",
    "binaryCrossentropy",
    "kullbackLeiblerDivergence",
    "logcosh",
    "meanAbsoluteError",
  ])("%s", async (name) => {
    const { verdict, ownLoss } = await run(classifier, [balance("diagonal")], lossOf(classifier, name))
    expect(verdict).toBe("conserved")
    expect(ownLoss).toMatchObject({ name, verdict: "conserved" })
    const [law] = ownLoss!.laws
    expect(law.rate).toBeLessThan(1e-12)
    expect(law.controlRate).toBeGreaterThan(1e-4)
    expect(law.drift).toBeLessThan(1e-9)
    expect(law.controlDrift).toBeGreaterThan(1e-5)
    expect(law.order).toBeNull()
  })
  test("a wrong law is wrong under both", async () => {
    const { verdict, ownLoss } = await run(classifier, [balance("diagonal", 3, 1)], lossOf(classifier, "categoricalCrossentropy"))
    expect([verdict, ownLoss?.verdict]).toEqual(["violated", "violated"])
  })
  test("the squared error alone is not run twice", async () => {
    expect(await run(classifier, [balance("diagonal")], lossOf(classifier, "mse"))).not.toHaveProperty("ownLoss")
  })
})

test("a law that the squared error keeps and the own loss does not is violated, and the verdict names the loss", async () => {
  const graph = twoLayers("relu"),
    at = graph.nodes.length,
    node = (id: number, op: Node["op"], operands: readonly number[]): Node => ({ id, op, operands, shape: [], dtype: "float" }),
    weight = graph.parameters.find((p) => p.id === "B")!.node!,
    [output] = graph.outputs
  // The mean of the output and a penalty on one weight, which no squared error of the outputs sees.
  const penalized: OwnLoss = {
    kind: "known",
    objective: {
      name: "with a penalty",
      nodes: [
        { ...node(at, { kind: "unary", fn: "square" }, [weight]), shape: [3, 3] },
        node(at + 1, { kind: "reduce", fn: "sum", axes: [0, 1], keepDims: false }, [at]),
        node(at + 2, { kind: "reduce", fn: "mean", axes: [0, 1], keepDims: false }, [output]),
        node(at + 3, { kind: "binary", fn: "add" }, [at + 1, at + 2]),
      ],
      output: at + 3,
    },
  }
  const { verdict, laws, ownLoss } = await run(graph, [balance("diagonal")], penalized)
  expect(verdict).toBe("violated")
  expect(laws[0].rate).toBeLessThan(1e-12)
  expect(laws[0].detail).toContain("under with a penalty, its own loss: changes along the flow")
  expect(ownLoss?.verdict).toBe("violated")
  expect((await run(graph, [balance("diagonal")], undefined)).verdict).toBe("conserved")
})

describe("what cannot be run is said, and the squared error decides", () => {
  test("a loss nobody knows", async () => {
    const { verdict, ownLoss } = await run(classifier, [balance("diagonal")], lossOf(classifier, "focal"))
    expect(verdict).toBe("conserved")
    expect(ownLoss).toEqual({ name: "focal", verdict: "inconclusive", detail: "it is not a loss of tfjs", laws: [] })
  })
  test("logarithms of what is negative", async () => {
    const graph = network(({ input, parameter, einsum, unary }) =>
      unary("neg", unary("softplus", einsum("nh,oh->no", einsum("ni,hi->nh", input([6, 3]), parameter("B", [3, 3])), parameter("A", [2, 3])))),
    )
    const { verdict, ownLoss } = await run(graph, [balance("gram")], lossOf(graph, "poisson"))
    expect(verdict).toBe("conserved")
    expect(ownLoss?.detail).toBe("it is not a finite number at random parameters, data and labels")
  })
})

test("equal blocks left out leave the own loss its network", async () => {
  const tower = network((n) => {
    let x = n.input([6, 3])
    for (let k = 0; k < 9; k++) {
      const hidden = n.unary("relu", n.einsum("nd,dh->nh", x, n.parameter(`blocks/${k}/in`, [3, 4])))
      x = n.add(x, n.einsum("nh,hd->nd", hidden, n.parameter(`blocks/${k}/out`, [4, 3])))
    }
    return n.softmax(x)
  })
  const laws = Array.from({ length: 9 }, (_, k): GenericLaw => ({
    ...named(`balance-${k}`, "quadratic", [`blocks/${k}/in`, `blocks/${k}/out`]),
    entries: "all",
    quantities: 4,
    index: [{ name: "i", size: 4 }],
    terms: [
      { coefficient: 1, einsum: "ai,ai->i", operands: [{ parameter: `blocks/${k}/in` }, { parameter: `blocks/${k}/in` }] },
      { coefficient: -1, einsum: "ia,ia->i", operands: [{ parameter: `blocks/${k}/out` }, { parameter: `blocks/${k}/out` }] },
    ],
  }))
  const { verdict, depth, ownLoss } = await run(tower, laws, lossOf(tower, "categoricalCrossentropy"))
  expect(verdict).toBe("conserved")
  expect(depth?.repeats).toEqual([{ what: "blocks/{0…8}", declared: 9, kept: 2 }])
  expect(ownLoss?.verdict).toBe("conserved")
  expect(ownLoss?.laws.map((law) => law.law)).toEqual(laws.map((law) => law.id))
})
