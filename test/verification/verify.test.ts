/** @file The verification on hand-built networks: true laws hold, false ones are found out, controls move, and what cannot be run is said. */
import { describe, expect, test } from "vitest"
import type { Graph } from "../../src/graph/graph"
import type { GenericLaw } from "../../src/verification/task"
import { compilePlan, estimateWork } from "../../src/verification/plan"
import { verify } from "../../src/verification/verify"
import { balance, named, network, task, twoLayers } from "./support"

const shift = (parameter: string, einsum: string, letter: string, size: number): GenericLaw => ({
  ...named(`shift-${parameter}`, "linear", [parameter]),
  entries: "all",
  quantities: size,
  index: einsum.endsWith("->") ? [] : [{ name: letter, size }],
  terms: [{ coefficient: 1, einsum, operands: [{ parameter }] }],
})

const classifier = network(({ input, parameter, einsum, add, softmax }) =>
  softmax(add(einsum("ni,oi->no", input([6, 4]), parameter("W", [3, 4])), parameter("b", [3]))),
)

async function measure(graph: Graph, laws: readonly GenericLaw[], seed = 1) {
  const run = await verify(task(graph, laws), { seed })
  expect(run.reason).toBeUndefined()
  return run
}

describe("laws that hold", () => {
  test.each([
    ["a rectified layer", twoLayers("relu"), [balance("diagonal")]],
    ["a linear layer", twoLayers(null), [balance("gram")]],
    ["a softmax output", classifier, [shift("W", "oi->i", "i", 4), shift("b", "o->", "", 1)]],
  ] as const)("%s", async (_, graph, laws) => {
    const { verification, series } = await measure(graph, laws)
    expect(verification.verdict).toBe("conserved")
    for (const law of verification.laws) {
      expect(law.rate).toBeLessThan(1e-12)
      expect(law.controlRate).toBeGreaterThan(1e-3)
      expect(law.drift).toBeLessThan(1e-9)
      expect(law.controlDrift).toBeGreaterThan(1e-3)
      if (law.order !== null) expect(law.order).toBeGreaterThan(0.8)
    }
    expect(verification.completeness?.complete).toBe(true)
    expect(series.loss.at(-1)).toBeLessThan(0.9 * series.loss[0])
    expect(series.laws.map((l) => l.drift.length)).toEqual(laws.map(() => series.time.length))
  })

  test("a stated step is taken as it is", async () => {
    const at = async (step: number) => (await verify(task(twoLayers("tanh"), [balance("diagonal")]), { step })).orders[0].euler
    const small = await at(1e-3)
    expect(Math.abs(small ?? 1)).toBeLessThan(0.1)
    expect((await verify(task(twoLayers("relu"), [balance("diagonal")]), { step: 1e-3 })).orders[0].euler).toBeCloseTo(1, 1)
  })

  test("under Runge–Kutta a law of a smooth network falls with the fourth power of the step", async () => {
    const { orders } = await measure(twoLayers(null), [balance("gram")])
    expect(orders[0].euler).toBeCloseTo(1, 0)
    expect(orders[0].rungeKutta).toBeGreaterThan(3.4)
  })
})

describe("laws that do not hold", () => {
  test.each([
    ["a flipped sign", twoLayers("relu"), balance("diagonal", 3, 1)],
    ["a balance across gelu", twoLayers("gelu"), balance("diagonal")],
    ["off-diagonal entries across relu", twoLayers("relu"), balance("gram")],
    ["a shift without softmax", twoLayers(null), shift("A", "oi->i", "i", 3)],
  ] as const)("%s", async (_, graph, law) => {
    const { verification } = await measure(graph, [law])
    expect(verification.verdict).toBe("violated")
    expect(verification.laws[0]).toMatchObject({ verdict: "violated" })
    expect(verification.laws[0].rate).toBeGreaterThan(1e-4)
    expect(verification.laws[0].drift).toBeGreaterThan(1e-4)
  })
})

describe("optimizers", () => {
  const run = async (optimizer: NonNullable<Parameters<typeof verify>[1]>["optimizer"], laws: readonly GenericLaw[], graph = twoLayers("relu")) =>
    (await verify(task(graph, laws), { optimizer })).verification.laws[0]

  test("SGD changes a quadratic law by ½τ²gᵀMg a step, exactly", async () => {
    const law = await run({ kind: "sgd" }, [balance("diagonal")])
    expect(law.verdict).toBe("conserved")
    expect(law.drift).toBeGreaterThan(1e-8)
  })
  test("a learning rate that makes training explode is no verdict", async () => {
    const law = await run({ kind: "sgd", learningRate: 1e3 }, [balance("diagonal")], twoLayers(null))
    expect(law).toMatchObject({ verdict: "inconclusive" })
    expect(law.detail).toContain("learning rate is too large")
  })
  test("weight decay shrinks it as theory says", async () => {
    expect((await run({ kind: "sgd", weightDecay: 0.1 }, [balance("diagonal")])).verdict).toBe("conserved")
  })
  test("a linear law survives momentum", async () => {
    const law = await run({ kind: "momentum" }, [shift("b", "o->", "", 1)], classifier)
    expect(law).toMatchObject({ verdict: "conserved" })
    expect(law.drift).toBeLessThan(1e-12)
  })
  test("nothing is promised of a quadratic law under momentum and Adam", async () => {
    for (const kind of ["momentum", "adam"] as const) {
      const law = await run({ kind }, [balance("diagonal")])
      expect(law.verdict).toBe("inconclusive")
      expect(law.drift).toBeGreaterThan(1e-5)
    }
  })
})

test("the same seed gives the same numbers", async () => {
  const [a, b] = [await measure(twoLayers("relu"), [balance("diagonal")], 4), await measure(twoLayers("relu"), [balance("diagonal")], 4)]
  expect(a.verification.laws).toEqual(b.verification.laws)
  expect(a.series).toEqual(b.series)
})

test("generic sizes run at a replica that keeps their order", async () => {
  const graph = twoLayers("relu", ["n2", "n3", "n4"], "n1"),
    law = balance("diagonal", "n3")
  const sizes = [
    ["n1", "batch", 1],
    ["n2", 784, 2],
    ["n3", 128, 2],
    ["n4", 10, 3],
  ] as const
  const run = await verify({ ...task(graph, [law]), sizes: sizes.map(([name, declared, minimum]) => ({ name, declared, minimum, shrink: "free" })) })
  expect(run.verification.replica).toEqual({ n1: 4, n2: 5, n3: 4, n4: 3 })
  expect(run.verification.verdict).toBe("conserved")
})

test("code that cannot be executed is inconclusive, with the reason; beside the outputs it does no harm", async () => {
  const build = (uses: boolean): Graph =>
    network(({ builder, input, parameter, einsum, unary }) => {
      const hidden = einsum("ni,hi->nh", input([4, 3]), parameter("B", [3, 3]))
      const strange = builder.add({ kind: "opaque", what: "custom()", reason: "not readable" }, [hidden], {}, [4, 3])
      return einsum("nh,oh->no", unary("relu", uses ? strange : hidden), parameter("A", [2, 3]))
    })
  const bad = await verify(task(build(true), [balance("diagonal")]))
  expect(bad.verification.verdict).toBe("inconclusive")
  expect(bad.verification.laws[0].detail).toContain("custom()")
  expect((await verify(task(build(false), [balance("diagonal")]))).verification.verdict).toBe("conserved")
})

test("a run can be watched and cancelled", async () => {
  const phases = new Set<string>()
  let asked = 0
  const run = await verify(task(twoLayers("relu", [6, 6, 5]), [balance("diagonal", 6)]), {
    onProgress: (p) => phases.add(p.phase),
    cancelled: () => ++asked > 2,
  })
  expect(phases).toContain("flow")
  expect(run.reason).toBe("cancelled")
  expect(run.verification.verdict).toBe("inconclusive")
})

describe("bounds", () => {
  const sized = (batch: number): Graph => twoLayers("relu", [3, 3, 2], batch)
  test("what is too large is refused before it starts, with what it would take", async () => {
    const began = performance.now(), run = await verify(task(sized(1_000_000_000), [balance("diagonal")]))
    expect(performance.now() - began).toBeLessThan(1000)
    expect(run.verification.verdict).toBe("inconclusive")
    expect(run.reason).toMatch(/^too large to run: one gradient takes \d\.\de\d+ products and \d\.\de\d+ numbers, at most /)
  })
  test("the estimate is what the plan counts", () => {
    for (const graph of [sized(8), classifier, twoLayers("tanh")]) {
      const plan = compilePlan(graph)
      expect(estimateWork(graph)).toMatchObject({ cost: plan.cost, work: plan.work })
    }
  })
  test("a depth that changes nothing is said", async () => {
    const { verification } = await verify(task(sized(8), [balance("diagonal")]), { depth: 4 })
    expect(verification.notes).toEqual([expect.stringContaining("no equal blocks or steps of a recurrence are left out") as string])
    expect((await measure(sized(8), [balance("diagonal")])).verification).not.toHaveProperty("notes")
  })
})
