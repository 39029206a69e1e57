/** @file The model's own loss beside the squared error: laws must hold under both, and what cannot be run is said. */
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { Graph, Node } from "../../src/graph/graph"
import { findOwnLoss, type OwnLoss } from "../../src/graph/objective"
import type { GenericLaw } from "../../src/verification/task"
import { compilePlan } from "../../src/verification/plan"
import { affordableSamples } from "../../src/verification/setting"
import { verify } from "../../src/verification/verify"
import { balance, balanceOfBlock, network, residualBlock, task, twoLayers } from "./support"

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
  expect(laws[0].detail).toContain("under with a penalty: changes along the flow")
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
    for (let k = 0; k < 9; k++) x = residualBlock(n, x, k)
    return n.softmax(x)
  })
  const laws = Array.from({ length: 9 }, (_, k) => balanceOfBlock(k))
  const { verdict, depth, ownLoss } = await run(tower, laws, lossOf(tower, "categoricalCrossentropy"))
  expect(verdict).toBe("conserved")
  expect(depth?.repeats).toEqual([{ what: "blocks/{0…8}", declared: 9, kept: 2 }])
  expect(ownLoss?.verdict).toBe("conserved")
  expect(ownLoss?.laws.map((law) => law.law)).toEqual(laws.map((law) => law.id))
})

describe("a loss that is a graph of its own", () => {
  const softLoss = (sizes: readonly [number, number, number], penalty = false, batch = 5): Graph =>
    network(({ builder, input, parameter, einsum, unary, add }) => {
      const out = einsum("nh,oh->no", unary("relu", einsum("ni,hi->nh", input([batch, sizes[0]]), parameter("B", [sizes[1], sizes[0]]))),
        parameter("A", [sizes[2], sizes[1]]))
      const loss = builder.add({ kind: "reduce", fn: "mean", axes: [0, 1], keepDims: false }, [unary("softplus", out)])
      const square = builder.add({ kind: "reduce", fn: "sum", axes: [0, 1], keepDims: false }, [unary("square", builder.parameterNode(0))])
      return penalty ? add(loss, square) : loss
    })
  const own = (graph: Graph, beside: readonly string[] = []): OwnLoss => {
    const generic = generalize(graph)
    return { kind: "graph", name: "its loss", graph: generic.graph, sizes: generic.sizes, beside }
  }
  const runAt = async (sizes: readonly [number, number, number], law: GenericLaw, ownLoss: OwnLoss) => {
    const { graph, sizes: variables } = generalize(twoLayers("relu", sizes))
    const generic = { ...law, index: [{ name: "i", size: graph.parameters[0].shape[0] }], quantities: graph.parameters[0].shape[0] }
    return (await verify({ model: "test", graph, sizes: variables, laws: [generic], ownLoss })).verification
  }
  test("is run at the sizes of the replica, with controls of its own", async () => {
    const { verdict, ownLoss, replica } = await runAt([40, 30, 20], balance("diagonal"), own(softLoss([40, 30, 20])))
    expect(Object.values(replica).every((size) => size <= 8)).toBe(true)
    expect([verdict, ownLoss?.verdict, ownLoss?.name]).toEqual(["conserved", "conserved", "its loss"])
    expect(ownLoss!.laws[0].rate).toBeLessThan(1e-12)
    expect(ownLoss!.laws[0].controlRate).toBeGreaterThan(1e-4)
  })
  test("a wrong law is violated under it", async () => {
    expect((await runAt([40, 30, 20], balance("diagonal", 3, 1), own(softLoss([40, 30, 20])))).ownLoss?.verdict).toBe("violated")
  })
  test("a law that a penalty moves is not kept, and no run fails for it; hidden, the penalty fails it", async () => {
    const { verdict, ownLoss } = await runAt([40, 30, 20], balance("diagonal"), own(softLoss([40, 30, 20], true), ["B"]))
    expect([verdict, ownLoss?.verdict]).toEqual(["conserved", "inconclusive"])
    expect(ownLoss?.laws[0]).toMatchObject({ notKept: true, detail: expect.stringContaining("reads B beside the output") as string })
    expect((await runAt([40, 30, 20], balance("diagonal"), own(softLoss([40, 30, 20], true)))).verdict).toBe("violated")
  })
  test("a law of weights that another network has as well need not be kept either, and what was not read is said", async () => {
    const unread = [{ name: "other", why: "it is not read" }]
    const shared = { ...own(softLoss([40, 30, 20], true)), through: [{ parameter: "B", network: "Rec" }], unread } as OwnLoss
    const { verdict, ownLoss } = await runAt([40, 30, 20], balance("diagonal"), shared)
    expect([verdict, ownLoss?.verdict, ownLoss?.unread]).toEqual(["conserved", "inconclusive", unread])
    expect(ownLoss?.laws[0]).toMatchObject({ notKept: true, detail: expect.stringContaining("reads B through Rec as well") as string })
  })
  test("what is too large is refused before it starts; what is large gets fewer samples", async () => {
    const sizes = [3, 3, 2] as const, began = performance.now()
    const large = await runAt(sizes, balance("diagonal"), { kind: "graph", name: "l", graph: softLoss(sizes, false, 1e9), sizes: [], beside: [] })
    expect(performance.now() - began).toBeLessThan(5000)
    expect([large.verdict, large.ownLoss?.detail]).toEqual(["conserved", expect.stringMatching(/^too large to run: one gradient takes/)])
    const plan = compilePlan(softLoss(sizes, false, 20_000))
    expect(affordableSamples(compilePlan(softLoss(sizes)), 7)).toBe(7)
    expect(affordableSamples(plan, 7)).toBe(2)
  })
  test("weights of other shapes are no loss of this network", async () => {
    const other = network(({ builder, input, parameter, einsum }) => {
      const out = einsum("nhk,oh->nok", einsum("ni,hik->nhk", input([5, 40]), parameter("B", [30, 40, 1])), parameter("A", [20, 30]))
      return builder.add({ kind: "reduce", fn: "mean", axes: [0, 1, 2], keepDims: false }, [out])
    })
    const { verdict, ownLoss } = await runAt([40, 30, 20], balance("diagonal"), own(other))
    expect(verdict).toBe("conserved")
    expect(ownLoss?.detail).toBe("its weights have other sizes than the network's")
  })
})
