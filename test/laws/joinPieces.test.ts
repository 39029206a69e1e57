/** @file Laws about parts of an axis are one law about the axis where they say the same of each part. */
import { expect, test } from "vitest"
import { parseGraph } from "../../src/graph/text"
import { joinPieces } from "../../src/laws/joinPieces"
import type { DerivedLaw } from "../../src/laws/law"
import type { Dim, Operand, Term, ViewStep } from "../../src/schema/report"

const graph = parseGraph(`
parameter 0 "a" [d, m + n] trainable
parameter 1 "b" [8, 6] trainable
%0 = parameter {"parameter":0} : float [d, m + n]  # a
%1 = parameter {"parameter":1} : float [8, 6]  # b
return %0 %1`)

const cut = (parameter: string, axis: number, from: Dim, to: Dim, ...before: ViewStep[]): Operand => ({
  parameter,
  view: [...before, { slice: [axis, from, to] }],
})

const square = (operand: Operand, einsum: string, coefficient = 1): Term => ({ coefficient, operands: [operand, operand], einsum })

const lawOf = (size: Dim, terms: readonly Term[], own: Partial<DerivedLaw> = {}): DerivedLaw => ({
  id: "norm-1",
  family: "norm",
  symmetry: { kind: "diag", sizes: [size] },
  parameters: [...new Set(terms.flatMap(({ operands }) => operands.map(({ parameter }) => parameter)))],
  type: "quadratic",
  entries: "all",
  quantities: size,
  index: [{ name: "i", size }],
  exactness: "exact",
  because: [],
  references: [],
  terms,
  ...own,
})

const columns = (from: Dim, to: Dim, size: Dim): DerivedLaw => lawOf(size, [square(cut("a", 1, from, to), "ai,ai->i")])

test("parts that cover an axis leave no slice", () => {
  const [law, ...others] = joinPieces([columns(0, "m", "m"), columns("m", "m+n", "n")], graph)
  expect(others).toEqual([])
  expect(law).toMatchObject({ quantities: "m+n", index: [{ name: "i", size: "m+n" }], symmetry: { sizes: ["m+n"] } })
  expect(law.terms).toEqual([square({ parameter: "a" }, "ai,ai->i")])
})

test("parts that do not reach the end are one slice", () => {
  const part = (from: number, to: number) => lawOf(to - from, [square(cut("b", 0, from, to), "ia,ia->i")])
  expect(joinPieces([part(0, 2), part(2, 3), part(3, 6)], graph).map(({ terms }) => terms[0].operands[0])).toEqual([cut("b", 0, 0, 6)])
})

test("the rest keeps its order, and all are numbered anew", () => {
  const other = lawOf(8, [square({ parameter: "b" }, "ia,ia->i")], { id: "norm-2" })
  const laws = joinPieces([columns(0, "m", "m"), other, { ...columns("m", "m+n", "n"), id: "norm-3" }, { ...other, id: "norm-4" }], graph)
  expect(laws.map(({ id, parameters }) => [id, parameters[0]])).toEqual([["norm-1", "a"], ["norm-2", "b"], ["norm-3", "b"]])
})

test("every term has to go on", () => {
  const balance = (from: number, to: number, at: number) =>
    lawOf(to - from, [square(cut("b", 0, from, to), "ia,ia->i"), square(cut("b", 1, at, at + to - from), "ai,ai->i", -1)])
  expect(joinPieces([balance(0, 2, 0), balance(2, 4, 2)], graph)).toHaveLength(1)
  expect(joinPieces([balance(0, 2, 0), balance(2, 4, 4)], graph)).toHaveLength(2)
  expect(joinPieces([balance(0, 2, 2), balance(2, 4, 0)], graph)).toHaveLength(2)
})

test("not behind a gap, for another reason, or where neighbors are compared", () => {
  const part = (from: number, to: number, own: Partial<DerivedLaw> = {}) => lawOf(to - from, [square(cut("b", 0, from, to), "ia,ia->i")], own)
  expect(joinPieces([part(0, 2), part(3, 5)], graph)).toHaveLength(2)
  expect(joinPieces([part(0, 2), part(2, 4, { because: [{ text: "it is another unit", at: null }] as never })], graph)).toHaveLength(2)
  expect(joinPieces([part(0, 2, { entries: "differences" }), part(2, 4, { entries: "differences" })], graph)).toHaveLength(2)
  expect(joinPieces([part(0, 2), part(2, 4, { exactness: "approximate" })], graph)).toHaveLength(2)
})

test("rows of blocks join first along one axis, then along the other", () => {
  const block = (r: number, c: number) => {
    const operand: Operand = { parameter: "b", view: [{ slice: [0, 4 * r, 4 * r + 4] }, { slice: [1, 3 * c, 3 * c + 3] }] }
    const index = [{ name: "i", size: 4 }, { name: "j", size: 3 }]
    return lawOf(12, [square(operand, "ij,ij->ij")], { index, symmetry: { kind: "diag", sizes: [4, 3] } })
  }
  const [law, ...others] = joinPieces([block(0, 0), block(0, 1), block(1, 0), block(1, 1)], graph)
  expect(others).toEqual([])
  expect(law).toMatchObject({ quantities: 48, index: [{ size: 8 }, { size: 6 }], terms: [square({ parameter: "b" }, "ij,ij->ij")] })
})

test("sums over parts are one sum, the square of a sum is not a sum of squares", () => {
  const summed = (einsum: string) => lawOf(8, [square(cut("b", 1, 0, 2), einsum), square(cut("b", 1, 2, 6), einsum)])
  expect(joinPieces([summed("ia,ia->i")], graph)[0].terms).toEqual([square({ parameter: "b" }, "ia,ia->i")])
  expect(joinPieces([summed("ia,ib->i")], graph)[0].terms).toHaveLength(2)
  const opposite = lawOf(8, [square(cut("b", 1, 0, 2), "ia,ia->i"), square(cut("b", 1, 2, 6), "ia,ia->i", -1)])
  expect(joinPieces([opposite], graph)[0].terms).toHaveLength(2)
})
