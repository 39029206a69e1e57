/** @file A twelve-block GPT-2 at its published size: what a reader sees stays short, what a program gets stays whole. */
import { expect, test } from "vitest"
import { modelText } from "../../src/presentation/text"
import { plainPainter } from "../../src/presentation/paint"
import { resolve } from "node:path"
import { findModel } from "../support/analysis"
import { root } from "../support/program"

test("forty lines in the terminal, eight in a hover, every law in the JSON", () => {
  const model = findModel(resolve(root, "test/fixtures/large/gpt2.ts"), "Gpt2")!.model
  expect(model.unsupported).toEqual([])
  expect(modelText(model, "gpt2.ts", plainPainter).length).toBeLessThanOrEqual(40)
  expect(Math.max(...model.sites.map((site) => site.text.split("\n").length))).toBeLessThanOrEqual(8)
  expect(model.laws.length).toBe(113)
  expect([model.quantities, model.independent]).toEqual([725609, 725608])
})
