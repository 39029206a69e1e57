/** @file What the losses of several outputs do not see, each at its own output. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { appendLoss } from "../../src/graph/loss"
import { parseGraph } from "../../src/graph/text"
import { deriveLaws } from "../../src/laws/derive"
import { auditLaws } from "../support/laws"

const graph = parseGraph(`parameter 0 "A" [3, 4] trainable
parameter 1 "B" [3, 5] trainable
%0 = input {"name":"x","domain":"real"} : float [7, 3]
%1 = parameter {"parameter":0} : float [3, 4]
%2 = einsum {"equation":"bi,io->bo"} %0 %1 : float [7, 4]
%3 = parameter {"parameter":1} : float [3, 5]
%4 = einsum {"equation":"bi,io->bo"} %0 %3 : float [7, 5]
return %2 %4`)
const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }
const lawsUnder = (...names: string[]): readonly string[] => {
  const seen = appendLoss(graph, names.map((name) => ({ name, place })))
  const { broken } = auditLaws(seen)
  expect(broken).toEqual([])
  return deriveLaws(generalize(seen)).laws.map((law) => `${law.family} of ${law.parameters.join(" ")}`)
}

test("one loss for all outputs, one for each, and losses that cannot be told apart", () => {
  expect(lawsUnder("cosineProximity")).toEqual(["norm of A", "norm of B"])
  expect(lawsUnder("softmaxCrossEntropy", "cosineProximity")).toEqual(["shift of A", "norm of B"])
  expect(lawsUnder("meanSquaredError", "cosineProximity")).toEqual(["norm of B"])
  expect(lawsUnder("meanSquaredError", "cosineProximity", "softmaxCrossEntropy")).toEqual([])
})

test("a loss that is a part of what is trained hides nothing", () => {
  expect(appendLoss(graph, [{ name: "cosineProximity", byHand: true, place }])).toBe(graph)
})

test("the categorical cross-entropy of compile sees shares: a scale of all classes, and nothing at all of one class", () => {
  expect(lawsUnder("categoricalCrossentropy", "meanSquaredError")).toEqual(["norm of A"])
  expect(lawsUnder("sparseCategoricalCrossentropy", "meanSquaredError")).toEqual([])
  const single = parseGraph(`parameter 0 "A" [3, 1] trainable
%0 = input {"name":"x","domain":"real"} : float [7, 3]
%1 = parameter {"parameter":0} : float [3, 1]
%2 = einsum {"equation":"bi,io->bo"} %0 %1 : float [7, 1]
return %2`)
  for (const name of ["categoricalCrossentropy", "cosineProximity", "softmaxCrossEntropy"]) {
    const { broken, derived } = auditLaws(appendLoss(single, [{ name, place }]))
    expect(broken).toEqual([])
    expect(derived.laws.map((law) => law.family)).toEqual(["no-gradient"])
  }
})
