/**
 * @file Derived laws on more and longer random networks against discovery: all quadratic and linear laws as the null space of one linear system.
 * Never more laws than there are; how many are missed is held to a share that may only fall.
 */
import { describe, expect, test } from "vitest"
import { discoverLaws } from "../src/verification/discover"
import { generalize } from "../src/axes/generalize"
import { checkGraph } from "../src/graph/check"
import { evaluateDim, substituteDim } from "../src/graph/dim"
import type { Graph } from "../src/graph/graph"
import type { Op } from "../src/graph/op"
import type { Dim } from "../src/schema/report"
import { findModel } from "./support/analysis"
import { oracleFixtures, wildFixtures, type Fixture } from "./support/fixture"
import { auditLaws, declaredSize, deriveClaims, grownSize } from "./support/laws"
import { drawNetwork, randomGraph } from "./support/randomGraph"

/** Share of the laws of random networks that the derivation misses today. Lower it when it improves. */
const missedShare = 0.1

test("random networks have no fewer laws than claimed, and few more", () => {
  let discovered = 0, derived = 0
  const invented: string[] = []
  for (let seed = 1000; seed < 1040; seed++) {
    const { plan, rank, claimed, broken, discounted, silent } = auditLaws(randomGraph(seed, seed % 2 === 0 ? 7 : 10))
    if (plan.dimension === 0 || discounted + silent > 0) continue
    const { independent } = discoverLaws(plan)
    if (broken.length > 0 || claimed > independent) invented.push(`seed ${seed}: ${claimed} claimed, ${independent} found; ${broken.join("; ")}`)
    discovered += independent
    derived += rank
  }
  expect(invented).toEqual([])
  expect(discovered).toBeGreaterThan(50)
  expect((discovered - derived) / discovered).toBeLessThan(missedShare)
})

describe("networks from all operations", () => {
  const seeds = Array.from({ length: 150 }, (_, k) => 20_000_000 + k)

  test("conserve what is claimed, at their sizes and at larger ones", () => {
    const invented = seeds.flatMap((seed) => {
      const graph = drawNetwork(seed), claims = deriveClaims(graph)
      return [declaredSize, grownSize].flatMap((size) => auditLaws(graph, 3, size, claims).broken.map((b) => `seed ${seed}: ${b}`))
    })
    expect(invented).toEqual([])
  })

  // What is claimed beside code nobody knows must hold whatever that code does: here, what it did before it was hidden.
  test("conserve what is claimed when one of their operations cannot be read", () => {
    let laws = 0
    const invented = seeds.flatMap((seed) => {
      const graph = drawNetwork(seed), inner = graph.nodes.filter((n) => n.operands.length > 0 && n.dtype === "float")
      if (inner.length === 0) return []
      const { id } = inner[(seed * 7919) % inner.length], unread: Op = { kind: "opaque", what: "a call", reason: "unknown" }
      const claims = deriveClaims({ ...graph, nodes: graph.nodes.map((n) => (n.id === id ? { ...n, op: unread } : n)) })
      laws += claims.laws.length
      // Unknown code ties no sizes, so only the declared ones fit both networks.
      return sameNames(graph, claims.derived) ? auditLaws(graph, 3, declaredSize, claims).broken.map((b) => `seed ${seed}: ${b}`) : []
    })
    expect(invented).toEqual([])
    expect(laws).toBeGreaterThan(50)
  })

  // Short axes are cut into single cells where their sizes are numbers only: symbols may know less there, never more.
  test("have the same laws where their sizes are symbols, but for those of single cells", () => {
    const fewer: number[] = []
    const wrong = seeds.flatMap((seed) => {
      const graph = drawNetwork(seed), { symbols, sizes } = inSymbols(graph)
      expect(checkGraph(symbols)).toEqual([])
      const own = auditLaws(graph), symbolic = auditLaws(symbols, 3, (s) => evaluateDim(s.declared, sizes))
      if (symbolic.claimed < own.claimed) fewer.push(seed)
      return symbolic.broken.length > 0 || symbolic.claimed > own.claimed ? [`seed ${seed}: ${symbolic.claimed} for ${own.claimed}`] : []
    })
    expect(wrong).toEqual([])
    expect(fewer.length).toBeLessThanOrEqual(seeds.length / 20)
  })
})

const sameNames = (graph: Graph, { sizes }: { readonly sizes: readonly { readonly name: string }[] }): boolean =>
  generalize(graph).sizes.map((s) => s.name).join() === sizes.map((s) => s.name).join()

/** A network with names for its sizes, but for the fixed ones. */
function inSymbols(graph: Graph): { readonly symbols: Graph; readonly sizes: Readonly<Record<string, number>> } {
  const network = generalize(graph)
  const fixed = Object.fromEntries(network.sizes.filter((s) => s.shrink === "fixed").map((s) => [s.name, s.declared]))
  const write = (d: Dim): Dim => substituteDim(d, fixed)
  const writeOp = (op: Op): Op => {
    switch (op.kind) {
      case "input":
        return op.range === undefined ? op : { ...op, range: write(op.range) }
      case "slice":
        return { ...op, begin: op.begin.map(write) }
      case "pad":
        return { ...op, before: op.before.map(write), after: op.after.map(write) }
      case "tile":
        return { ...op, repeats: op.repeats.map(write) }
      case "oneHot":
        return { ...op, depth: write(op.depth) }
      default:
        return op
    }
  }
  const nodes = network.graph.nodes.map((n) => ({ ...n, op: writeOp(n.op), shape: n.shape.map(write) }))
  const parameters = network.graph.parameters.map((p) => ({ ...p, shape: p.shape.map(write) }))
  return { symbols: { ...network.graph, nodes, parameters }, sizes: Object.fromEntries(network.sizes.map((s) => [s.name, declaredSize(s)])) }
}

describe("laws are generic: they hold with every free size one larger", () => {
  test.each([...oracleFixtures(), ...wildFixtures()].map((f): [string, Fixture] => [f.title, f]))("%s", (_, { fileName, name }) => {
    const analyzed = findModel(fileName, name)
    expect(analyzed, "the model is not found").toBeDefined()
    if (analyzed!.model.unsupported.length > 0) return
    expect(auditLaws(analyzed!.traced.graph, 3, grownSize).broken).toEqual([])
  })
})
