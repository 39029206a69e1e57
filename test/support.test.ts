/** @file The tests' own evaluation of laws, on sums done by hand. */
import { describe, expect, test } from "vitest"
import { evaluateLaw, evaluateTerm, type NdArray } from "./support/evaluate"

const weights = new Map<string, NdArray>([
  ["w", { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
  ["b", { shape: [3], values: [10, 20, 30] }],
])
const one = (einsum: string, view?: Parameters<typeof evaluateTerm>[0]["operands"][number]["view"]): readonly number[] => {
  const operand = { parameter: "w", ...(view === undefined ? {} : { view }) }
  const count = einsum.split("->")[0].split(",").length
  return Array.from(evaluateTerm({ coefficient: 1, einsum, operands: Array.from({ length: count }, () => operand) }, weights).values)
}

describe("evaluateTerm", () => {
  test("Gram matrix", () => expect(one("ai,aj->ij")).toEqual([17, 22, 27, 22, 29, 36, 27, 36, 45]))
  test("diagonal, norm, sum", () => {
    expect(one("ai,ai->i")).toEqual([17, 29, 45])
    expect(one("ai,ai->")).toEqual([91])
    expect(one("ai->i")).toEqual([5, 7, 9])
    expect(one("ai->a")).toEqual([6, 15])
  })
  test("views apply in order", () => {
    expect(one("ai->i", [{ slice: [1, 1, 3] }])).toEqual([7, 9])
    expect(one("ai->ai", [{ transpose: [1, 0] }])).toEqual([1, 4, 2, 5, 3, 6])
    expect(one("abi->bi", [{ reshape: [3, 2, 1] }])).toEqual([9, 12])
    expect(one("ai->ai", [{ reshape: [3, 2] }, { transpose: [1, 0] }, { slice: [0, 1, 2] }])).toEqual([2, 4, 6])
  })
  test("sizes that disagree are refused", () => {
    expect(() => one("ai,ia->")).toThrow("two sizes")
    expect(() => one("ai->a", [{ reshape: [4, 2] }])).toThrow("reshape")
  })
})

describe("evaluateLaw", () => {
  const terms = [
    { coefficient: 2, einsum: "ai->i", operands: [{ parameter: "w" }] },
    { coefficient: -1, einsum: "i->i", operands: [{ parameter: "b" }] },
  ]
  test("sums terms", () => expect(evaluateLaw({ terms, entries: "all" }, weights)).toEqual([0, -6, -12]))
  test("differences to the first entry", () => expect(evaluateLaw({ terms, entries: "differences" }, weights)).toEqual([-6, -12]))
  test("off the diagonal", () => {
    const gram = { coefficient: 1, einsum: "ai,bi->ab", operands: [{ parameter: "w" }, { parameter: "w" }] }
    expect(evaluateLaw({ terms: [gram], entries: "off-diagonal" }, weights)).toEqual([32, 32])
  })
})
