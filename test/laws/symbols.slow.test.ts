/**
 * @file Counts in symbols against counts in numbers: every network is read once with its free sizes as symbols; the expressions it then counts by,
 * evaluated at several sizes, must be what the same network counts when it is read at those sizes.
 */
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { SizeVariable } from "../../src/axes/size"
import { evaluateDim, substituteDim } from "../../src/graph/dim"
import type { Graph } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { instantiate } from "../../src/verification/instantiate"
import { findModel } from "../support/analysis"
import { architectureFixtures, oracleFixtures, type Fixture } from "../support/fixture"

/** How much larger than declared: every free size by the same, or each by something else. */
const growths: readonly ((k: number) => number)[] = [() => 1, (k) => 1 + (k % 3), (k) => 4 - (k % 3)]

interface Counts {
  readonly independent: number
  /** By law: family and how many quantities. */
  readonly laws: readonly string[]
}

function countsOf(graph: Graph, values: Readonly<Record<string, number>>): Counts {
  const network = generalize(graph), { laws, independent } = deriveLaws(network)
  const count = (d: number | string): number => evaluateDim(substituteDim(d, network.declared), values)
  return {
    independent: count(independent),
    laws: laws.map((law) => `${law.family} of ${law.parameters.join()} (${law.exactness}): ${count(law.quantities)}`).sort(),
  }
}

/** Cross Gram matrices are counted where numbers say that no rank limits them: one law less in symbols. */
const fewerInSymbols: ReadonlySet<string> = new Set(["rope/EqualFrequencyRopeAttention"])

const isSymbol = (size: SizeVariable): boolean => size.shrink === "free"

describe("counts in symbols are counts in numbers", () => {
  test.each([...oracleFixtures(), ...architectureFixtures()].map((f): [string, Fixture] => [f.title, f]))("%s", (title, { fileName, name }) => {
    const network = generalize(findModel(fileName, name)!.traced.graph)
    const symbols = network.sizes.filter(isSymbol)
    const fixed = Object.fromEntries(network.sizes.filter((s) => !isSymbol(s)).map((s) => [s.name, Number(s.declared)]))
    if (Object.values(fixed).some(Number.isNaN)) return
    const symbolic = withSizes(network.graph, { ...fixed, ...Object.fromEntries(symbols.map((s) => [s.name, `${s.name}_s`])) })
    let more = 0
    for (const growth of growths) {
      const own = Object.fromEntries(symbols.map((s, k) => [s.name, (typeof s.declared === "number" ? s.declared : 3) + growth(k)]))
      const numeric = countsOf(instantiate(network.graph, { ...fixed, ...own }), {})
      const general = countsOf(symbolic, Object.fromEntries(symbols.map((s) => [`${s.name}_s`, own[s.name]])))
      if (fewerInSymbols.has(title)) {
        expect(numeric.laws).toEqual(expect.arrayContaining([...general.laws]))
        more += numeric.laws.length - general.laws.length
        continue
      }
      expect(general.laws).toEqual(numeric.laws)
      // A Gram matrix of fewer columns than rows has fewer free entries, which only numbers tell.
      expect(numeric.independent).toBeLessThanOrEqual(general.independent)
    }
    expect(more > 0).toBe(fewerInSymbols.has(title))
  })
})

/** The graph with sizes replaced by numbers or symbols. */
function withSizes(graph: Graph, sizes: Readonly<Record<string, number | string>>): Graph {
  const replace = <T>(data: T): T => {
    if (typeof data === "string") return substituteDim(data, sizes) as T
    if (Array.isArray(data)) return data.map((item: unknown) => replace(item)) as T
    return data
  }
  const shapes = ["begin", "before", "after", "repeats", "depth", "range"]
  const nodes = graph.nodes.map((node) => ({
    ...node,
    shape: replace(node.shape),
    op: Object.fromEntries(Object.entries(node.op).map(([key, value]: [string, unknown]) => [key, shapes.includes(key) ? replace(value) : value])),
  }))
  return { ...graph, nodes, parameters: graph.parameters.map((p) => ({ ...p, shape: replace(p.shape) })) } as unknown as Graph
}
