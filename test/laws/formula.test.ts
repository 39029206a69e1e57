/** @file Formulas of laws: what they look like, and that the mathjs tree means the same numbers as the terms. */
import { describe, expect, test } from "vitest"
import { formulaOf, symmetryText } from "../../src/laws/formula"
import type { FormulaSource } from "../../src/laws/formula"
import { contract, evaluateFormula } from "../../src/laws/formulaTree"
import type { NumericTensor } from "../../src/laws/formulaTree"
import type { Dim, LawEntries, Operand, Term, ViewStep } from "../../src/schema/report"

const term = (coefficient: number, einsum: string, ...operands: (string | Operand)[]): Term => ({
  coefficient,
  einsum,
  operands: operands.map((o) => (typeof o === "string" ? { parameter: o } : o)),
})
const square = (coefficient: number, einsum: string, operand: string | Operand): Term => term(coefficient, einsum, operand, operand)
const law = (terms: readonly Term[], entries: LawEntries = "all"): FormulaSource => ({
  terms,
  entries,
  index: [...terms[0].einsum.split("->")[1]].map((name) => ({ name })),
})

const shapes: Record<string, readonly Dim[]> = {
  "dense_1/kernel": [3, 4],
  "dense_1/bias": [4],
  "dense_2/kernel": [4, 2],
  wq: [6, 2, 3],
  wk: [6, 6],
  bq: [2, 3],
  qkv: [6, 18],
  E: [7, 4],
  P: [5, 4],
  gamma: [4],
  conv: [3, 3, 2, 4],
  W: [4, 4],
  s: [],
  U: [2, 3, 4, 5],
  "h/0/wo": [4, 4],
  "h/1/wo": [4, 4],
  "h/2/wo": [4, 4],
}
const shapeOf = (id: string): readonly Dim[] => shapes[id]
const print = (terms: readonly Term[], entries?: LawEntries): string => formulaOf(law(terms, entries), shapeOf).formula

describe("Unicode text", () => {
  test("diagonal balance with a bias", () => {
    expect(print([square(1, "ai,ai->i", "dense_1/kernel"), square(1, "i,i->i", "dense_1/bias"), square(-1, "ia,ia->i", "dense_2/kernel")])).toBe(
      "‖dense_1/kernel[:,i]‖² + dense_1/bias[i]² − ‖dense_2/kernel[i,:]‖²",
    )
  })
  test("Gram matrices", () => {
    const terms = [
      square(-1, "ia,ja->ij", "dense_2/kernel"),
      term(1, "ai,aj->ij", "dense_1/kernel", "dense_1/kernel"),
      term(1, "i,j->ij", "dense_1/bias", "dense_1/bias"),
    ]
    const fixed = [{ ...terms[0], operands: [{ parameter: "dense_2/kernel" }, { parameter: "dense_2/kernel" }] }, terms[1], terms[2]]
    expect(print(fixed, "symmetric")).toBe("(dense_1/kernelᵀ·dense_1/kernel + dense_1/bias·dense_1/biasᵀ − dense_2/kernel·dense_2/kernelᵀ)[i,j]")
    expect(print(fixed, "off-diagonal")).toBe(
      "(dense_1/kernelᵀ·dense_1/kernel + dense_1/bias·dense_1/biasᵀ − dense_2/kernel·dense_2/kernelᵀ)[i,j], i ≠ j",
    )
  })
  test("Gram matrices per head, with views", () => {
    const k: Operand = { parameter: "wk", view: [{ reshape: [6, 2, 3] }] }
    expect(print([term(1, "ahi,ahj->hij", "wq", "wq"), term(1, "hi,hj->hij", "bq", "bq"), term(-1, "ahi,ahj->hij", k, k)], "symmetric")).toBe(
      "(wq[:,h,:]ᵀ·wq[:,h,:] + bq[h,:]·bq[h,:]ᵀ − wk[:,h,:]ᵀ·wk[:,h,:])[i,j]",
    )
  })
  test("slices of a fused kernel", () => {
    const part = (from: Dim, to: Dim): Operand => ({ parameter: "qkv", view: [{ slice: [1, from, to] }] })
    expect(print([square(1, "ai,ai->i", part(0, 6)), square(-1, "ai,ai->i", part(6, 12))])).toBe("‖qkv[:,i]‖² − ‖qkv[:,6+i]‖²")
    expect(print([square(1, "ai,ai->", part(6, 12))])).toBe("‖qkv[:,6:12]‖²")
    const heads: Operand = { parameter: "qkv", view: [{ slice: [1, 6, 12] }, { reshape: [6, 2, 3] }] }
    expect(print([square(1, "ahi,ahi->h", heads)])).toBe("‖qkv[:,6:12][:,h,:]‖²")
    const inner: Operand = { parameter: "qkv", view: [{ reshape: [6, 3, 2, 3] }, { slice: [1, 2, 3] }, { reshape: [6, 2, 3] }] }
    expect(print([square(1, "ahi,ahi->h", inner)])).toBe("‖qkv[:,2,h,:]‖²")
    expect(print([square(1, "hai,hai->h", { parameter: "wq", view: [{ transpose: [1, 0, 2] }] })])).toBe("‖wq[:,h,:]‖²")
  })
  test("sums, exchanges, offsets, mixtures", () => {
    expect(print([term(1, "ai->a", "dense_1/kernel")])).toBe("Σᵢ dense_1/kernel[a,i]")
    expect(print([term(1, "vi->i", "E"), term(-1, "ti->i", "P")])).toBe("Σᵥ E[v,i] − Σₜ P[t,i]")
    expect(print([square(1, "i,i->i", "gamma"), term(2, "i->i", "gamma"), square(-1, "ia,ia->i", "dense_2/kernel")])).toBe(
      "(1 + gamma[i])² − ‖dense_2/kernel[i,:]‖²",
    )
    expect(print([term(1, "ia,ja->ij", "W", "W"), term(1, "ij->ij", "W"), term(1, "ji->ij", "W")], "symmetric")).toBe("((I + W)·(I + W)ᵀ)[i,j]")
    expect(print([square(0.5, "ai,ai->", "W"), term(-1, "->", "s")])).toBe("½·‖W‖² − s")
    expect(print([square(1, "abci,abci->i", "conv"), square(-2, "ia,ia->i", "dense_2/kernel")])).toBe("‖conv[…,i]‖² − 2·‖dense_2/kernel[i,:]‖²")
    expect(print([term(1, "abci,abcj->ij", "conv", "conv")], "symmetric")).toBe("⟨conv[…,i], conv[…,j]⟩")
    expect(print([square(1, "i,i->i", "gamma")], "differences")).toBe("gamma[i]² − (same at i=0)")
  })
  test("the matrix letters may stand anywhere, a squared sum shows its sum", () => {
    const heads = [term(1, "aki,akj->ijk", "wq", "wq"), term(-1, "ki,kj->ijk", "bq", "bq")]
    expect(print(heads, "symmetric")).toBe("(wq[:,k,:]ᵀ·wq[:,k,:] − bq[k,:]·bq[k,:]ᵀ)[i,j]")
    expect(print([term(1, "ab,cb->", "W", "W")])).toBe("‖Σₐ W[a,:]‖²")
    expect(print([term(1, "ia,ib->i", "W", "W")])).toBe("(Σₐ W[i,a])²")
  })
  test("neighboring slices join, single entries lose their colon", () => {
    const part = (from: number, to: number): Operand => ({ parameter: "qkv", view: [{ slice: [1, from, to] }] })
    expect(print([square(1, "ab,ab->", part(0, 6)), square(1, "ab,ab->", part(12, 18)), square(1, "ab,ab->", part(6, 12))])).toBe("‖qkv‖²")
    expect(print([square(1, "ab,ab->", part(0, 6)), square(1, "ab,ab->", part(6, 12))])).toBe("‖qkv[:,0:12]‖²")
    expect(print([square(1, "ab,ab->", part(0, 6)), square(-1, "ab,ab->", part(6, 12))])).toBe("‖qkv[:,0:6]‖² − ‖qkv[:,6:12]‖²")
    expect(print([square(1, "ab,ab->b", part(0, 6)), square(1, "ab,ab->b", part(6, 12))])).toBe("‖qkv[:,b]‖² + ‖qkv[:,6+b]‖²")
    expect(print([square(1, "ab,ab->", part(2, 3))])).toBe("‖qkv[:,2]‖²")
    expect(print([term(1, "ai,aj->ij", part(0, 6), part(0, 6)), term(1, "ai,aj->ij", part(6, 12), part(6, 12))])).toBe(
      "(qkv[:,0:6]ᵀ·qkv[:,0:6] + qkv[:,6:12]ᵀ·qkv[:,6:12])[i,j]",
    )
    expect(print([term(1, "ia,ja->ij", part(0, 6), part(0, 6)), term(1, "ia,ja->ij", part(6, 12), part(6, 12))])).toBe(
      "(qkv[:,0:12]·qkv[:,0:12]ᵀ)[i,j]",
    )
    expect(print([term(1, "ab,cb->", part(0, 6), part(0, 6)), term(1, "ab,cd->", part(6, 12), part(6, 12))])).not.toContain("0:12")
  })
  test("a split that is summed over again is not shown", () => {
    const third = (k: number): Operand => ({ parameter: "qkv", view: [{ slice: [1, 6 * k, 6 * k + 6] }, { reshape: [6, 2, 3] }] })
    expect(print([0, 1, 2].map((k) => square(-1, "ibc,ibc->i", third(k))))).toBe("−‖qkv[i,:]‖²")
    expect(print([square(1, "abc,abc->b", third(0))])).toBe("‖qkv[:,0:6][:,b,:]‖²")
    expect(print([term(1, "abc,acb->", third(0), third(0))])).toContain("[:,0:6][a,b,c]")
    expect(print([term(1, "abc->", third(1))])).toBe("Σ qkv[:,6:12]")
  })
  test("blocks fold", () => {
    expect(print([0, 1, 2].map((k) => square(1, "ab,ab->", `h/${k}/wo`)))).toBe("Σ ‖h/{0…2}/wo‖²")
  })
})

test("LaTeX", () => {
  const { latex } = formulaOf(law([square(1, "ai,ai->i", "dense_1/kernel"), square(-0.5, "ia,ia->i", "W"), term(-1, "i->i", "gamma")]), shapeOf)
  expect(latex).toBe("\\lVert \\mathrm{dense\\_1/kernel}{[:,i]} \\rVert^2 - \\tfrac{1}{2} \\lVert W{[i,:]} \\rVert^2 - \\mathrm{gamma}{[i]}")
})

test("symmetries", () => {
  expect(symmetryText({ kind: "GL", sizes: [4] })).toBe("GL(4)")
  expect(symmetryText({ kind: "diag", sizes: [2, "d"] })).toBe("diag(2×d)")
  expect(symmetryText({ kind: "scale", sizes: [] })).toBe("scale")
})

/** Deterministic numbers in (−1, 1): mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (((t ^ (t >>> 14)) >>> 0) / 4294967296) * 2 - 1
  }
}

/** Applies a view in the most literal way, entry by entry, apart from the code under test. */
function viewed(x: NumericTensor, view: readonly ViewStep[] = []): NumericTensor {
  let { shape, data } = { shape: [...x.shape], data: Array.from(x.data) }
  const offset = (at: readonly number[], of: readonly number[]): number => at.reduce((sum, k, axis) => sum * of[axis] + k, 0)
  const every = (of: readonly number[]): number[][] =>
    of.reduce<number[][]>((all, n) => all.flatMap((at) => Array.from({ length: n }, (_, k) => [...at, k])), [[]])
  for (const step of view) {
    const old = shape,
      values = data
    if ("reshape" in step) {
      shape = step.reshape.map(Number)
      continue
    }
    if ("slice" in step) {
      const [axis, from, to] = step.slice.map(Number)
      shape = old.map((n, k) => (k === axis ? to - from : n))
      data = every(shape).map(
        (at) =>
          values[
            offset(
              at.map((i, k) => (k === axis ? i + from : i)),
              old,
            )
          ],
      )
    } else {
      shape = step.transpose.map((axis) => old[axis])
      data = every(shape).map(
        (at) =>
          values[
            offset(
              old.map((_, axis) => at[step.transpose.indexOf(axis)]),
              old,
            )
          ],
      )
    }
  }
  return { shape, data }
}

test("the tree evaluates to the terms, up to a constant, on random laws", () => {
  const random = randomNumbers(7)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(((random() + 1) / 2) * items.length)]
  const fill = (): Record<string, NumericTensor> =>
    Object.fromEntries(
      Object.entries(shapes).map(([id, shape]) => {
        const numbers = shape.map(Number)
        return [id, { shape: numbers, data: Array.from({ length: numbers.reduce((a, b) => a * b, 1) }, random) }]
      }),
    )
  const k: Operand = { parameter: "wk", view: [{ reshape: [6, 2, 3] }] }
  const fused: Operand = { parameter: "qkv", view: [{ slice: [1, 6, 12] }, { reshape: [6, 2, 3] }] }
  const mixed: Operand = { parameter: "U", view: [{ transpose: [2, 0, 1, 3] }, { slice: [3, 1, 4] }, { reshape: [4, 2, 9] }] }
  const pools: Term[][] = [
    [
      square(1, "ai,ai->i", "dense_1/kernel"),
      square(1, "i,i->i", "dense_1/bias"),
      square(1, "ia,ia->i", "dense_2/kernel"),
      term(1, "i->i", "gamma"),
      term(1, "ti->i", "P"),
      square(1, "abci,abci->i", "conv"),
      square(1, "ihd,ihd->i", mixed),
      term(1, "ii->i", "W"),
      square(1, "ia,ia->i", "W"),
      square(1, "i,i->i", "gamma"),
    ],
    [
      term(1, "ai,aj->ij", "dense_1/kernel", "dense_1/kernel"),
      term(1, "i,j->ij", "gamma", "gamma"),
      term(1, "ia,ja->ij", "W", "W"),
      term(1, "ij->ij", "W"),
      term(1, "ji->ij", "W"),
      term(1, "abci,abcj->ij", "conv", "conv"),
      term(1, "ai,ja->ij", "W", "W"),
      term(1, "ja,ai->ij", "dense_2/kernel", { parameter: "dense_2/kernel", view: [{ transpose: [1, 0] }] }),
    ],
    [term(1, "ahi,ahj->hij", "wq", "wq"), term(1, "hi,hj->hij", "bq", "bq"), term(1, "ahi,ahj->hij", k, k), term(1, "ahi,ahj->hij", fused, fused)],
    [
      square(1, "ab,ab->", "W"),
      ...[0, 6, 12].map((from) => square(1, "ab,ab->", { parameter: "qkv", view: [{ slice: [1, from, from + 6] }] })),
      ...[0, 6].map((from) => term(1, "ab->", { parameter: "qkv", view: [{ slice: [1, from, from + 6] }] })),
      term(1, "aa->", "W"),
      term(1, "->", "s"),
      square(1, "abc,abc->", k),
      term(1, "abc->", fused),
      term(1, "ab,ba->", "W", "W"),
      term(1, "ab,cb->", "W", "W"),
      term(1, "abc,dbe->", k, k),
      ...[0, 1, 2].map((n) => square(1, "ab,ab->", `h/${n}/wo`)),
    ],
  ]
  for (let round = 0; round < 400; round++) {
    const pool = pick(pools)
    const coefficient = pick([1, -1, 0.5, -2, 3])
    const terms = [...new Set(Array.from({ length: 1 + Math.floor((random() + 1) * 3) }, () => pick(pool)))].map((t) => ({
      ...t,
      coefficient: pick([coefficient, -1, 1, 0.5, 2]),
    }))
    const entries = pick<LawEntries>(["all", "differences"])
    const source = law(terms, entries)
    const { tree, formula } = formulaOf(source, shapeOf)
    const index = Object.fromEntries(source.index.map(({ name }): [string, number] => [name, Math.floor(((random() + 1) / 2) * 2)]))
    const direct = (parameters: Record<string, NumericTensor>, at: Record<string, number>): number =>
      terms.reduce(
        (sum, t) =>
          sum +
          t.coefficient *
            contract(
              t.operands.map((o) => viewed(parameters[o.parameter], o.view)),
              t.einsum,
              source.index.map(({ name }) => at[name]),
            ),
        0,
      )
    const zero = Object.fromEntries(source.index.map(({ name }): [string, number] => [name, 0]))
    const [one, two] = [fill(), fill()].map((parameters) => ({
      tree: evaluateFormula(tree, { parameters, sizes: {}, index }),
      terms: direct(parameters, index) - (entries === "differences" ? direct(parameters, zero) : 0),
    }))
    expect(one.tree - two.tree, `round ${round}: ${formula}`).toBeCloseTo(one.terms - two.terms, 10)
  }
})

test("a missing parameter is named", () => {
  const { tree } = formulaOf(law([term(1, "i->i", "gamma")]), shapeOf)
  expect(() => evaluateFormula(tree, { parameters: {}, sizes: {}, index: { i: 0 } })).toThrow("no value for parameter 'gamma'")
})
