/** @file Theorems are cited where they apply, whatever the widths: experts of one unit, heads of one pair, gates that are dense, sparse or top-1. */
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { findModel } from "../support/analysis"
import { root } from "../support/program"

/** "4.3" for a theorem of Tran et al., the first author's name for others; by the beginning of the formula. */
function citedBy(file: string, model: string, formula: string): readonly string[] {
  const laws = findModel(resolve(root, file), model)!.model.laws.filter((law) => law.formula.startsWith(formula))
  expect(laws.length).toBeGreaterThan(0)
  return [...new Set(laws.flatMap(({ references }) => references.map((text) => /Theorem (\S+)$/.exec(text)?.[1] ?? text.split(/[ ,]/)[0])))]
}

const paper = "examples/paper"
const oracle = "test/fixtures/oracle"

test.each([
  [`${paper}/feedForward.ts`, "SwigluFeedForward", "‖c", ["4.2"]],
  [`${paper}/attention.ts`, "MultiHeadAttention", "(heads/0/q", ["4.3", "Marcotte"]],
  [`${paper}/attention.ts`, "RopeHalvesAttention", "‖heads/0/q", ["4.4"]],
  [`${paper}/attention.ts`, "PartialRopeAttention", "‖heads/0/q", ["4.4"]],
  [`${paper}/attention.ts`, "PartialRopeAttention", "(heads/0/q[:,2:4]", ["4.3", "Marcotte"]],
  [`${paper}/experts.ts`, "DenseExperts", "‖experts/0/c", ["4.2", "4.5"]],
  [`${paper}/experts.ts`, "DenseExperts", "Σₐ router", ["4.5", "Kunin"]],
  [`${paper}/experts.ts`, "ChooseThenSoftmax", "Σₐ router", ["4.6", "Kunin"]],
  [`${paper}/experts.ts`, "SoftmaxThenChoose", "Σₐ router", ["4.6", "Kunin"]],
  [`${paper}/experts.ts`, "NormalizedSigmoidExperts", "‖experts/0/c", ["4.2"]],
  [`${oracle}/rope.ts`, "RopeAttention", "‖wq", ["4.4"]],
  [`${oracle}/attention.ts`, "CrossAttention", "‖wv", ["4.3", "Marcotte"]],
  [`${oracle}/moe.ts`, "SwitchMoe", "Σₐ router", ["Kunin"]],
  [`${oracle}/attention.ts`, "RelativeBiasAttention", "Σₐ table", ["Kunin"]],
  [`${oracle}/gated.ts`, "softmaxClassifier", "Σₐ dense_1/kernel", ["Kunin"]],
  [`${oracle}/normalization.ts`, "GemmaGain", "‖u[i,:]‖²", ["Du", "Marcotte"]],
])("%s %s %s… cites %s", (file, model, formula, expected) => {
  expect(citedBy(file, model, formula)).toEqual(expected)
})
