/** @file Constants beside trained parameters get names, so that laws of the sum can be written; other constants stay what they are. */
import { expect, test } from "vitest"
import { nameConstantOffsets } from "../../src/graph/offsets"
import { parseGraph } from "../../src/graph/text"
import { auditLaws } from "../support/laws"

const header = `
parameter 0 "W" [3, 2] trainable
parameter 1 "U" [2, 2] trainable
%0 = input {"name":"x","domain":"real"} : float [batch, 3]
%1 = constant {"value":{"kind":"data","values":[1,0,2,1,0,-1]}} : float [3, 2]
%2 = parameter {"parameter":0} : float [3, 2]
%3 = parameter {"parameter":1} : float [2, 2]`

const sumOfWeights = `${header}
%4 = binary {"fn":"add"} %1 %2 : float [3, 2]
%5 = einsum {"equation":"bi,io->bo"} %0 %4 : float [batch, 2]
%6 = einsum {"equation":"bi,io->bo"} %5 %3 : float [batch, 2]
return %6`

const sumOfProducts = `${header}
%4 = einsum {"equation":"bi,io->bo"} %0 %1 : float [batch, 2]
%5 = einsum {"equation":"bi,io->bo"} %0 %2 : float [batch, 2]
%6 = binary {"fn":"add"} %5 %4 : float [batch, 2]
%7 = einsum {"equation":"bi,io->bo"} %6 %3 : float [batch, 2]
return %7`

test.each([["W₀ + W", sumOfWeights], ["x·W₀ + x·W", sumOfProducts]])("%s has the laws of a frozen variable beside W", (_, text) => {
  const graph = parseGraph(text)
  expect(auditLaws(graph).claimed).toBe(0)
  const named = nameConstantOffsets(graph)
  expect(named.parameters.map((p) => [p.id, p.trainable])).toEqual([["W", true], ["U", true], ["W_0", false]])
  const { claimed, rank, broken } = auditLaws(named)
  expect({ claimed, rank, broken }).toEqual({ claimed: 3, rank: 3, broken: [] })
})

test("a constant that is multiplied, or of another shape, stays a constant", () => {
  const multiplied = parseGraph(sumOfWeights.replace('"add"} %1 %2', '"multiply"} %1 %2'))
  expect(nameConstantOffsets(multiplied)).toBe(multiplied)
  const row = parseGraph(sumOfWeights.replace("[1,0,2,1,0,-1]}} : float [3, 2]", "[1,2]}} : float [2]"))
  expect(nameConstantOffsets(row)).toBe(row)
})
