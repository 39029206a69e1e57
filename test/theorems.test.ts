/**
 * @file The theorems of Tran et al. 2026 (arXiv 2606.17816), each on real TypeScript in examples/paper: the laws it states are derived, the
 * gradient flow conserves them, and the certificate says there are no others. Theorem 4.7 is refuted.
 */
import { describe, expect, test } from "vitest"
import { verify } from "../src/verification/verify"
import { findModel } from "./support/analysis"
import { listSources } from "./support/program"

const files = listSources("examples/paper")

async function check(file: string, name: string) {
  const found = findModel(files.find((path) => path.endsWith(`/${file}.ts`)) ?? "", name)
  if (found === undefined) throw new Error(`no model '${name}' in examples/paper/${file}.ts`)
  const { model, task } = found
  expect(model.unsupported).toEqual([])
  const { verification } = await verify(task, { seed: 5 })
  expect(verification.verdict).toBe(model.laws.length === 0 ? "inconclusive" : "conserved")
  expect(verification.completeness).toMatchObject({ complete: true, derived: verification.completeness?.possible })
  expect(verification.laws.every(({ rate, controlRate }) => rate < 1e-10 && controlRate > 1e-5)).toBe(true)
  return {
    formulas: model.laws.map(({ formula }) => formula).sort(),
    symmetries: model.laws.map(({ symmetry }) => symmetry).sort(),
    quantities: model.quantities,
    independent: model.independent,
    findings: model.findings.map(({ rule }) => rule),
  }
}

const heads = [0, 1]
const valueLaws = heads.map((h) => `(heads/${h}/vᵀ·heads/${h}/v − heads/${h}/o·heads/${h}/oᵀ)[i,j]`)
const scoreLaws = heads.map((h) => `(heads/${h}/qᵀ·heads/${h}/q − heads/${h}/kᵀ·heads/${h}/k)[i,j]`)
const expertLaws = [0, 1, 2].map((e) => `‖experts/${e}/c‖² − ‖experts/${e}/a‖²`)
const gateLaw = "Σₐ router[i,a]"

describe("Theorem 4.1: A·act(Bx)", () => {
  test.each(["GeluFeedForward", "SiluFeedForward"])("%s conserves nothing", async (name) => {
    expect(await check("feedForward", name)).toMatchObject({ formulas: [], quantities: 0 })
  })
})

test("Theorem 4.2: A(SiLU(Bx) ⊙ Cx) conserves one number a hidden unit, on C and A alone", async () => {
  expect(await check("feedForward", "SwigluFeedForward")).toMatchObject({
    formulas: ["‖c[:,i]‖² − ‖a[i,:]‖²"],
    symmetries: ["diag(4)"],
    quantities: 4,
    independent: 4,
  })
})

describe("Theorem 4.3: each head conserves QᵀQ − KᵀK and VᵀV − OOᵀ", () => {
  test.each([
    ["without positions", "MultiHeadAttention"],
    ["with sinusoidal positions", "SinusoidalAttention"],
  ])("%s", async (_, name) => {
    const found = await check("attention", name)
    expect(found.formulas).toEqual([...scoreLaws, ...valueLaws].sort())
    // Two symmetric 4 × 4 matrices a head.
    expect(found).toMatchObject({ symmetries: ["GL(4)", "GL(4)", "GL(4)", "GL(4)"], quantities: 40, independent: 40 })
  })
})

describe("Theorem 4.4: rotary positions leave one number a turned pair", () => {
  test("pairs (j, j + d/2)", async () => {
    const pairs = heads.map((h) => `‖heads/${h}/q[:,i]‖² + ‖heads/${h}/q[:,2+i]‖² − ‖heads/${h}/k[:,i]‖² − ‖heads/${h}/k[:,2+i]‖²`)
    const found = await check("attention", "RopeHalvesAttention")
    expect(found.formulas).toEqual([...pairs, ...valueLaws].sort())
    expect(found).toMatchObject({ symmetries: ["GL(4)", "GL(4)", "diag(2)", "diag(2)"], quantities: 24, independent: 24 })
  })
  test("pairs (2j, 2j + 1)", async () => {
    const pairs = heads.map((h) => `‖heads/${h}/q[:,i,:]‖² − ‖heads/${h}/k[:,i,:]‖²`)
    const found = await check("attention", "RopeNeighborsAttention")
    expect(found.formulas).toEqual([...pairs, ...valueLaws].sort())
    expect(found).toMatchObject({ quantities: 24, independent: 24 })
  })
  test("half of the coordinates turned: the others keep their matrix", async () => {
    const found = await check("attention", "PartialRopeAttention")
    for (const h of heads) {
      expect(found.formulas).toContain(`‖heads/${h}/q[:,0:2]‖² − ‖heads/${h}/k[:,0:2]‖²`)
      expect(found.formulas).toContain(`(heads/${h}/q[:,2:4]ᵀ·heads/${h}/q[:,2:4] − heads/${h}/k[:,2:4]ᵀ·heads/${h}/k[:,2:4])[i,j]`)
    }
    expect(found.formulas).toEqual(expect.arrayContaining(valueLaws))
    expect(found).toMatchObject({ quantities: 28, independent: 28 })
  })
})

test("Theorem 4.5: a dense softmax gate conserves the sum of its rows, the experts their own laws", async () => {
  const found = await check("experts", "DenseExperts")
  expect(found.formulas).toEqual([gateLaw, ...expertLaws].sort())
  expect(found).toMatchObject({ quantities: 5, independent: 5, findings: [] })
})

describe("Theorem 4.6: so does a sparse gate with two of three experts", () => {
  test.each([
    ["softmax over the chosen logits", "ChooseThenSoftmax"],
    ["softmax over all, then the choice", "SoftmaxThenChoose"],
    ["softmax over all, the choice, renormalized", "SoftmaxThenChooseRenormalized"],
  ])("%s", async (_, name) => {
    const found = await check("experts", name)
    expect(found.formulas).toEqual([gateLaw, ...expertLaws].sort())
    expect(found).toMatchObject({ quantities: 5, independent: 5, findings: [] })
  })
})

describe("Theorem 4.7 does not hold: a normalized sigmoid gate conserves nothing", () => {
  test.each([
    ["over all experts", "NormalizedSigmoidExperts"],
    ["over the chosen ones", "SparseNormalizedSigmoidExperts"],
  ])("%s", async (_, name) => {
    const found = await check("experts", name)
    expect(found.formulas).toEqual([...expertLaws].sort())
    // The certificate leaves no room for another law; what the theorem claims would be two more numbers.
    expect(found).toMatchObject({ quantities: 3, independent: 3, findings: ["normalized-sigmoid-gate"] })
  })
})
