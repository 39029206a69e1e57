/** @file Null spaces by elimination on matrices of known rank, and all quadratic laws of networks whose number theory gives. */
import { describe, expect, test } from "vitest"
import type { Graph } from "../../src/graph/graph"
import { discoverLaws } from "../../src/verification/discover"
import { eliminateRows } from "../../src/verification/eliminate"
import { dot, finish, norm, unit } from "../../src/verification/linear"
import { compilePlan } from "../../src/verification/plan"
import { findNullSpace } from "../../src/verification/quadratic"
import { seededRandom } from "../../src/verification/random"
import { rankOf } from "../../src/verification/rank"
import { network, twoLayers } from "./support"

const random = seededRandom(6),
  vector = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal())

/** Random combinations of `rank` vectors whose lengths fall from 1 to 1e-4. */
function drawRows(columns: number, rank: number, count: number): readonly Float64Array[] {
  const basis = Array.from({ length: rank }, (_, k) => vector(columns).map((x) => x * 10 ** ((-4 * k) / rank)))
  return Array.from({ length: count }, () => {
    const row = new Float64Array(columns)
    for (const b of basis) {
      const c = random.normal()
      for (let i = 0; i < columns; i++) row[i] += c * b[i]
    }
    return unit(row, 0)!
  })
}

describe("elimination", () => {
  test.each([[1, 1], [7, 3], [64, 63], [150, 130], [200, 64], [200, 200], [330, 128]])("%i columns of rank %i", (columns, rank) => {
    const rows = drawRows(columns, rank, rank + 150)
    let next = 0
    const { vectors, gap } = finish(
      eliminateRows(columns, (row) => {
        if (next === rows.length) return false
        row.set(rows[next++])
        return true
      }, 1e-9),
    )
    expect(vectors).toHaveLength(columns - rank)
    // The rest is only looked at until one batch depends on those before.
    expect(next).toBeLessThanOrEqual(rank + 150)
    expect(gap[0]).toBeGreaterThan(1e-8)
    expect(gap[1]).toBeLessThan(1e-10)
    for (const v of vectors) {
      expect(norm(v)).toBeCloseTo(1, 12)
      for (const row of rows) expect(Math.abs(dot(v, row))).toBeLessThan(1e-10)
    }
    if (vectors.length > 0) expect(rankOf(vectors, columns).rank).toBe(columns - rank)
  })
  test("of no rows leaves everything", () => {
    expect(finish(eliminateRows(3, () => false, 1e-9)).vectors).toHaveLength(3)
  })
})

test("rows that come late still take away: null spaces are held against more of them", () => {
  // The first hundred rows do not see the last column.
  function* rows(): Generator<Float64Array> {
    for (let k = 0; ; k++) yield unit(vector(9).map((x, i) => (i < 4 || (i === 8 && k > 150) ? x : 0)), 0)!
  }
  const { vectors, gap } = finish(findNullSpace(9, rows()))
  expect(vectors).toHaveLength(4)
  for (const v of vectors) expect(norm(v.subarray(0, 4)) + Math.abs(v[8])).toBeLessThan(1e-12)
  expect(gap[1]).toBeLessThan(1e-12)
})

/** Of 34 to 80 numbers: the way by vectors orthogonal to the gradients, where they span enough. */
describe("all quadratic laws of larger networks", () => {
  const unused = network(({ input, parameter, einsum }) => {
    parameter("unused", [22])
    return einsum("ni,ij->nj", input([3, 3]), einsum("ik,kj->ij", parameter("A", [3, 2]), parameter("B", [2, 3])))
  })
  // Laws: sums of three columns for each of four rows and both groups, both norms, and two sums of squares that are one number for all outputs.
  const normalized = network(({ builder, input, parameter, einsum }) => {
    const x = einsum("ni,io->no", input([3, 4]), parameter("W", [4, 6])),
      groups = builder.add({ kind: "reshape" }, [x], undefined, [3, 2, 3]),
      y = builder.add({ kind: "normalize", axes: [2], center: true, measure: "mean", epsilon: 0 }, [groups])
    return einsum("nab,abo->no", builder.add({ kind: "binary", fn: "multiply" }, [y, y]), parameter("A", [2, 3, 3]))
  })
  test.each<readonly [string, Graph, number, number, number]>([
    ["relu", twoLayers("relu", [5, 4, 5], 4), 40, 4, 4],
    ["linear", twoLayers(null, [5, 4, 5], 4), 40, 10, 10],
    ["gelu", twoLayers("gelu", [5, 4, 5], 4), 40, 0, 0],
    ["linear", twoLayers(null, [9, 4, 11], 4), 80, 10, 10],
    // All products of 22 numbers that nothing depends on, all of these, and the Gram difference of A and B.
    ["with parameters that nothing depends on", unused, 34, (22 * 23) / 2 + 22 + 3, 22 + 3],
    ["behind divisions by nearly nothing", normalized, 42, (11 * 12) / 2 + 11 + 2, 11 + 2],
  ])("%s", (_, graph, parameters, space, independent) => {
    const plan = compilePlan(graph)
    expect(plan.dimension).toBe(parameters)
    for (const seed of parameters > 50 ? [1] : [1, 2]) expect(discoverLaws(plan, seed)).toMatchObject({ space, independent })
  })
})
