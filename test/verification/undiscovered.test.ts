/** @file Laws that are kept from the verification are found again, and read as what they are; where there are none, none is found. */
import { describe, expect, test } from "vitest"
import { finish } from "../../src/verification/linear"
import { compileLaw } from "../../src/verification/laws"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { discoverSteps } from "../../src/verification/undiscovered"
import { verify } from "../../src/verification/verify"
import type { Graph } from "../../src/graph/graph"
import type { GenericLaw, VerificationTask } from "../../src/verification/task"
import { balance, network, twoLayers } from "./support"

const task = (graph: Graph, laws: readonly GenericLaw[] = []): VerificationTask => ({ model: "net", graph, sizes: [], laws })
const search = (graph: Graph, missing: number, laws: readonly GenericLaw[] = []) => {
  const plan = compilePlan(graph)
  return finish(discoverSteps(plan, laws.map((law) => compileLaw(law, plan.slots, {})), missing, seededRandom(4), "signed"))
}
/** Orders of terms and of laws are not promised. */
const sorted = (formulas: readonly { readonly formula: string }[]): string[] => formulas.map(({ formula }) => formula).sort()

describe("verify tells what no rule derived", () => {
  test("the norms of a ReLU net", async () => {
    const { verification } = await verify(task(twoLayers("relu", [3, 3, 2], 4)))
    expect(verification.completeness).toMatchObject({ possible: 3, derived: 0, complete: false })
    expect(verification.discovery).toMatchObject({ searched: "all", found: 3 })
    expect(sorted(verification.discovery!.laws)).toEqual([0, 1, 2].map((i) => `‖B[${i},:]‖² − ‖A[:,${i}]‖²`))
  })
  test("nothing where the list is complete", async () => {
    const { verification } = await verify(task(twoLayers("relu", [3, 3, 2], 4), [balance("diagonal")]))
    expect(verification.completeness?.complete).toBe(true)
    expect(verification).not.toHaveProperty("discovery")
  })
  test("the same from the same seed", async () => {
    const run = async (): Promise<unknown> => (await verify(task(twoLayers(null, [3, 3, 2], 4)), { seed: 9 })).verification.discovery
    expect(await run()).toEqual(await run())
  })
})

describe("searches", () => {
  test("beside the diagonal of a linear net, its products", () => {
    const { found, laws } = search(twoLayers(null, [3, 3, 2], 4), 3, [balance("diagonal")])
    expect(found).toBe(3)
    expect(laws.map(({ formula }) => formula.match(/⟨/g)?.length)).toEqual([2, 2, 2])
    expect(laws.every(({ parameters }) => parameters.length === 2)).toBe(true)
  })
  test("no more than there is room for, and none that is derived", () => {
    expect(search(twoLayers(null, [3, 3, 2], 4), 2).found).toBe(2)
    expect(search(twoLayers(null, [3, 3, 2], 4), 5, [balance("gram")])).toMatchObject({ found: 0, laws: [] })
  })
  test("none where there is none", () => {
    expect(search(twoLayers("gelu", [3, 3, 2], 4), 4)).toEqual({ searched: "all", found: 0, laws: [] })
  })
  test("a sum: logits may all move by one number", () => {
    const classifier = network(({ input, parameter, einsum, add, softmax }) =>
      softmax(add(einsum("ni,oi->no", input([5, 2]), parameter("W", [4, 2])), parameter("b", [4]))))
    const { found, laws } = search(classifier, 3)
    expect(found).toBe(3)
    expect(sorted(laws)).toEqual(["Σ W[:,0]", "Σ W[:,1]", "Σ b"])
  })
  test("larger networks by blocks", () => {
    const { searched, found, laws } = search(twoLayers("relu", [9, 7, 8], 12), 8)
    expect([searched, found, laws.length]).toEqual(["blocks", 7, 7])
  })
  test("all products of a network of some fifty numbers, by squares", () => {
    const gated = network(({ builder, input, parameter }) => {
      const w = builder.add({ kind: "binary", fn: "multiply" }, [parameter("U", [4, 6]), parameter("V", [4, 6])])
      return builder.add({ kind: "binary", fn: "multiply" }, [input([4, 6]), w])
    })
    const { searched, found, laws } = search(gated, 24)
    expect([searched, found]).toEqual(["all", 24])
    expect(laws.filter(({ formula }) => /^[UV]\[\d,\d\]² − [UV]\[\d,\d\]²$/.test(formula)).length).toBeGreaterThanOrEqual(14)
  })
  test("a form no block has is found among all products of a small network", () => {
    // y = Σ a_k b_k x_k with a_0 b_0 and a_1 b_1 apart: the difference of squares, entry by entry.
    const diagonal = network(({ input, parameter, builder }) => {
      const w = builder.add({ kind: "binary", fn: "multiply" }, [parameter("U", [2, 2]), parameter("V", [2, 2])])
      return builder.add({ kind: "binary", fn: "multiply" }, [input([2, 2]), w])
    })
    const { found, laws } = search(diagonal, 4)
    expect(found).toBe(4)
    // Rows and columns are blocks and come first; they have one sum in common.
    expect(laws.map(({ formula }) => /^[UV]\[\d,\d\]² − [UV]\[\d,\d\]²$/.test(formula))).toEqual([false, false, false, true])
  })
})
