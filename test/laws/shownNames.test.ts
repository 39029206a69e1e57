/** @file A formula is written once for laws that differ in names alone: what is shown is what the formula of each law by itself says. */
import { expect, test } from "vitest"
import { displayLaw, formulaOf } from "../../src/laws/formula"
import type { DerivedLaw } from "../../src/laws/law"
import type { Dim, Term } from "../../src/schema/report"

const declared = { n: 4 }
const shapeOf = (): readonly Dim[] => ["n", "n"]

function lawOf(ids: readonly string[], views: readonly Dim[] = []): DerivedLaw {
  const terms = ids.map((parameter, k): Term => {
    const operand = views[k] === undefined ? { parameter } : { parameter, view: [{ slice: [0, 0, views[k]] as const }] }
    return { coefficient: k === 0 ? 1 : -1, operands: [operand, operand], einsum: k === 0 ? "ai,aj->ij" : "ia,ja->ij" }
  })
  return {
    id: "balance-1", family: "balance", symmetry: { kind: "GL", sizes: ["n"] }, parameters: ids, type: "quadratic", entries: "symmetric",
    quantities: 10, index: [{ name: "i", size: "n" }, { name: "j", size: "n" }], exactness: "exact", because: [], references: [], terms,
  }
}

/** Names that need escapes, names that are one letter or part of another, `$&` as a replacement would take it, numbers that make a series. */
const laws = [
  lawOf(["h/0/w_1", "h/0/w_2"]), lawOf(["h/1/w_1", "h/1/w_2"]), lawOf(["W", "V"]), lawOf(["a$&", "a$&b^"]), lawOf(["w", "w"]),
  lawOf(["h/0/w", "h/1/w", "h/2/w"]), lawOf(["u/0/w", "u/2/w", "u/3/w"]), lawOf(["b", "c"], [2, 2]), lawOf(["b", "c"], [2, 3]),
  lawOf(["x", "y", "z"]),
]

test("every law is shown as its own formula says, whichever law was shown before", () => {
  for (const order of [laws, [...laws].reverse()]) {
    const sizes = { ...declared }
    for (const law of order) {
      const own = formulaOf(law, () => [4, 4]), shown = displayLaw(law, sizes, shapeOf)
      expect([shown.formula, shown.latex]).toEqual([own.formula, own.latex])
    }
  }
})

test("laws of one form are shown alike whatever their sizes, but for axes of a single cell", () => {
  const terms: readonly Term[] = [{ coefficient: 1, operands: [{ parameter: "w" }], einsum: "ai->i" }]
  const law: DerivedLaw = { ...lawOf(["w"]), terms, type: "linear", entries: "all" }
  const texts = [4, 1, 7, "batch", 1, 4].map((n: Dim) => {
    const shown = displayLaw(law, { n }, () => ["n", 3]), own = formulaOf(law, () => [n, 3])
    expect([shown.formula, shown.latex]).toEqual([own.formula, own.latex])
    return shown.formula
  })
  expect(new Set(texts).size).toBe(2)
})
