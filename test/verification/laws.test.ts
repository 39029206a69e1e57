/** @file Laws as numbers: views, einsum terms and entries, their gradients, and ranks of vectors. */
import { describe, expect, test } from "vitest"
import type { LawEntries, Term } from "../../src/schema/report"
import type { ParameterSlot } from "../../src/verification/plan"
import type { GenericLaw } from "../../src/verification/task"
import { erf, erfc } from "../../src/verification/kernels/erf"
import { compileLaw, evaluateEntry, evaluateEntryCurvature, evaluateEntryGradient } from "../../src/verification/laws"
import { dot, finish, norm } from "../../src/verification/linear"
import { measureRank, nullSpace, rankOf } from "../../src/verification/rank"
import { seededRandom } from "../../src/verification/random"
import { named } from "./support"

const slots: readonly ParameterSlot[] = [
  { id: "A", shape: [2, 3], offset: 0, size: 6, trainable: true },
  { id: "b", shape: [3], offset: 6, size: 3, trainable: true },
  { id: "frozen", shape: [3], offset: 9, size: 3, trainable: false },
]
const theta = Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])

function law(terms: readonly Term[], shape: readonly number[], entries: LawEntries = "all", parameters = ["A", "b"]): GenericLaw {
  return { ...named("law", "quadratic", parameters), entries, quantities: 1, index: shape.map((size, i) => ({ name: "ijk"[i], size })), terms }
}
const values = (l: GenericLaw): number[] => compileLaw(l, slots, { h: 3 }).entries.map((e) => evaluateEntry(e, theta))

describe("values", () => {
  const gram: Term = { coefficient: 1, einsum: "ai,aj->ij", operands: [{ parameter: "A" }, { parameter: "A" }] }
  test.each<readonly [LawEntries, readonly number[]]>([
    ["all", [17, 22, 27, 22, 29, 36, 27, 36, 45]],
    ["symmetric", [17, 22, 27, 29, 36, 45]],
    ["off-diagonal", [22, 27, 22, 36, 27, 36]],
    ["differences", [5, 10, 5, 12, 19, 10, 19, 28]],
  ])("entries: %s", (entries, expected) => expect(values(law([gram], [3, 3], entries))).toEqual(expected))

  test("terms of one and two operands add up", () => {
    const terms: Term[] = [
      { coefficient: 2, einsum: "ai->i", operands: [{ parameter: "A" }] },
      { coefficient: -1, einsum: "i,i->i", operands: [{ parameter: "b" }, { parameter: "b" }] },
    ]
    expect(values(law(terms, [3]))).toEqual([10 - 49, 14 - 64, 18 - 81])
  })
  test("views apply in order, with sizes by name", () => {
    const operand = { parameter: "A", view: [{ transpose: [1, 0] }, { slice: [0, 1, "h"] as const }, { reshape: [4] }] }
    expect(values(law([{ coefficient: 1, einsum: "i->i", operands: [operand] }], [4]))).toEqual([2, 5, 3, 6])
  })
  test.each<readonly [string, Term, string]>([
    ["unknown parameters", { coefficient: 1, einsum: "i->i", operands: [{ parameter: "c" }] }, "no parameter 'c', found A, b, frozen"],
    ["other ranks", { coefficient: 1, einsum: "i->i", operands: [{ parameter: "A" }] }, "does not fit shape [2, 3]"],
    ["other sizes", { coefficient: 1, einsum: "ai,a->i", operands: [{ parameter: "A" }, { parameter: "b" }] }, "letter 'a'"],
    ["slices outside", { coefficient: 1, einsum: "i->i", operands: [{ parameter: "b", view: [{ slice: [0, 1, 5] }] }] }, "lies outside"],
  ])("%s are refused", (_, term, message) => expect(() => compileLaw(law([term], [3]), slots, {})).toThrow(message))
})

test("gradients and curvatures are those of the value; frozen coordinates have none", () => {
  const terms: Term[] = [
    { coefficient: 0.5, einsum: "ai,ai->", operands: [{ parameter: "A" }, { parameter: "A" }] },
    { coefficient: 3, einsum: "i,i->", operands: [{ parameter: "b" }, { parameter: "frozen" }] },
    { coefficient: -1, einsum: "i->", operands: [{ parameter: "b" }] },
  ]
  const compiled = compileLaw(law(terms, [], "all", ["A", "b", "frozen"]), slots, {}),
    [entry] = compiled.entries,
    gradient = new Float64Array(9)
  evaluateEntryGradient(entry, theta, gradient)
  expect(Array.from(compiled.own)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  const random = seededRandom(2),
    step = new Float64Array(12).map((_, i) => (i < 9 ? random.normal() : 0)),
    moved = theta.map((x, i) => x + step[i])
  const first = gradient.reduce((s, g, i) => s + g * step[i], 0)
  expect(evaluateEntry(entry, moved) - evaluateEntry(entry, theta)).toBeCloseTo(first + evaluateEntryCurvature(entry, step.subarray(0, 9)), 9)
})

describe("ranks", () => {
  const random = seededRandom(9),
    row = (): Float64Array => new Float64Array(12).map(() => random.normal())
  const basis = [row(), row(), row(), row()]
  const rows = Array.from({ length: 30 }, () => {
    const c = basis.map(() => random.normal())
    return new Float64Array(12).map((_, i) => basis.reduce((s, b, k) => s + c[k] * b[i], 0))
  })
  test("are cut at the gap", () => {
    const { rank, gap } = rankOf(rows, 12)
    expect(rank).toBe(4)
    expect(gap[0]).toBeGreaterThan(1e-3)
    expect(gap[1]).toBeLessThan(1e-12)
  })
  test("may be full, or nothing", () => {
    expect(rankOf(Array.from({ length: 20 }, row), 12).rank).toBe(12)
    expect(rankOf([], 12).rank).toBe(0)
    expect(rankOf([row(), row()], 12).rank).toBe(2)
  })
  test("of large sets are found in batches, and may be added to", () => {
    // Lengths that fall over seven decades, drawn in random order, some of them only by few rows.
    const n = 210,
      total = 150,
      some = Array.from({ length: total }, (_, k) => Float64Array.from({ length: n }, () => random.normal() * 10 ** ((-7 * k) / total)))
    const mix = (from: number, to: number): Float64Array => {
      const out = new Float64Array(n)
      for (let k = from; k < to; k++) {
        const c = random.normal()
        for (let i = 0; i < n; i++) out[i] += c * some[k][i]
      }
      return out
    }
    const early = Array.from({ length: 190 }, (_, k) => mix(0, k < 185 ? 90 : 100)),
      late = Array.from({ length: 80 }, () => mix(0, total))
    const first = finish(measureRank(early, n))
    expect(first.rank).toBe(95)
    const both = finish(measureRank(late, n, first))
    expect(both.rank).toBe(total)
    expect(both.gap[0]).toBeGreaterThan(1e-9)
    expect(both.gap[1]).toBeLessThan(1e-13)
    expect(rankOf([...early, ...late], n).rank).toBe(total)
    for (const [k, q] of both.span.basis.entries()) {
      expect(norm(q)).toBeCloseTo(1, 12)
      // A vector that was short keeps fewer digits.
      for (const other of both.span.basis.slice(0, k)) expect(Math.abs(dot(q, other))).toBeLessThan(1e-6)
    }
    for (let k = 1; k < total; k++) expect(both.span.lengths[k]).toBeLessThanOrEqual(both.span.lengths[k - 1])
  })
  test("of large sets whose rows are all alike, or nothing", () => {
    const one = Float64Array.from({ length: 128 }, () => random.normal())
    expect(rankOf(Array.from({ length: 200 }, (_, k) => one.map((x) => x * (k + 1))), 128).rank).toBe(1)
    expect(rankOf(Array.from({ length: 200 }, () => new Float64Array(128)), 128).rank).toBe(0)
    expect(rankOf(Array.from({ length: 200 }, () => Float64Array.from({ length: 128 }, () => random.normal())), 128).rank).toBe(128)
  })
  test("null spaces are what the rows send to zero", () => {
    const { basis: kernel } = nullSpace(rows, 12)
    expect(kernel).toHaveLength(8)
    for (const v of kernel) for (const r of rows) expect(Math.abs(r.reduce((s, x, i) => s + x * v[i], 0))).toBeLessThan(1e-12)
    expect(nullSpace([], 3).basis).toHaveLength(3)
  })
})

test("the error function agrees with its series", () => {
  for (let x = -3; x <= 3; x += 0.17) {
    let term = x,
      sum = x
    for (let n = 1; n < 120; n++) sum += term *= (2 * x * x) / (2 * n + 1)
    const series = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
    expect(Math.abs(erf(x) - series)).toBeLessThan(2e-15)
    expect(Math.abs(erfc(x) - (1 - series))).toBeLessThan(3e-15)
  }
  expect(erfc(10) / 2.088487583762545e-45).toBeCloseTo(1, 12)
})
