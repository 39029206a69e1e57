/** @file Regularizers beside the laws: what decays, what breaks, and that a wrong promise is told. */
import { describe, expect, test } from "vitest"
import type { Graph } from "../../src/graph/graph"
import type { GenericLaw } from "../../src/verification/task"
import { regularizedText } from "../../src/presentation/verification"
import { verify } from "../../src/verification/verify"
import { balance, named, network, task, twoLayers } from "./support"

type Strength = { readonly l1: number; readonly l2: number }
const regularize = (graph: Graph, strengths: Readonly<Record<string, Strength>>): Graph => ({
  ...graph,
  parameters: graph.parameters.map((p) => (p.id in strengths ? { ...p, regularizer: strengths[p.id] } : p)),
})
const l2 = (strength: number): Strength => ({ l1: 0, l2: strength })
const run = async (graph: Graph, law: GenericLaw) => (await verify(task(graph, [law]), { seed: 1 })).verification

describe("a balance of two layers", () => {
  const graph = twoLayers("relu")
  test("decays where both have the same l2, with four times its strength", async () => {
    const { verdict, regularized } = await run(regularize(graph, { A: l2(0.01), B: l2(0.01) }), balance("diagonal"))
    expect(verdict).toBe("conserved")
    expect(regularized).toMatchObject([{ law: "balance", decay: 0.04, verdict: "decays" }])
    expect(regularized![0].rate).toBeLessThan(1e-13)
    const text = regularizedText({ regularized })
    expect(text).toMatch(/^with the model's regularizers in the loss, 1 law decays as theory says \(dh\/dt = −0\.04·h, to .*e-1\d\)$/)
  })
  test.each([
    ["unequal strengths", { A: l2(0.01), B: l2(0.02) }],
    ["one layer alone", { A: l2(0.01) }],
    ["l1", { A: { l1: 0.01, l2: 0 }, B: { l1: 0.01, l2: 0 } }],
  ])("is broken by %s, which fails no run", async (_, strengths) => {
    const { verdict, regularized } = await run(regularize(graph, strengths), balance("diagonal"))
    expect(verdict).toBe("conserved")
    expect(regularized).toMatchObject([{ decay: null, verdict: "broken" }])
    expect(regularized![0].rate).toBeGreaterThan(1e-5)
    expect(regularizedText({ regularized })).toContain("1 law is broken (rate ")
  })
  test("a quantity that is no law does not decay", async () => {
    const { regularized } = await run(regularize(graph, { A: l2(0.01), B: l2(0.01) }), balance("diagonal", 3, 1))
    expect(regularized).toMatchObject([{ verdict: "violated" }])
  })
  test("nothing is said of weights without a regularizer", async () => {
    expect(await run(graph, balance("diagonal"))).not.toHaveProperty("regularized")
  })
})

test("a linear law decays half as fast", async () => {
  const graph = network(({ input, parameter, einsum, softmax }) => softmax(einsum("ni,io->no", input([6, 3]), parameter("W", [3, 4]))))
  const shift: GenericLaw = {
    ...named("shift", "linear", ["W"]),
    entries: "all",
    quantities: 3,
    index: [{ name: "i", size: 3 }],
    terms: [{ coefficient: 1, einsum: "ia->i", operands: [{ parameter: "W" }] }],
  }
  expect((await run(regularize(graph, { W: l2(0.01) }), shift)).regularized).toMatchObject([{ decay: 0.02, verdict: "decays" }])
})
