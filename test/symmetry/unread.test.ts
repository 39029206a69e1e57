/** @file Code that nobody reads, where no gradient comes from: what it computes for a comparison is seen by nobody, and laws are counted once. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { parseGraph } from "../../src/graph/text"
import { deriveLaws } from "../../src/laws/derive"

/** A bias that goes through an opaque operation to an argMax, or to the output. */
const network = (last: string): string => `
parameter 0 "b" [3] trainable
%0 = input {"name":"x","domain":"real"} : float [4, 3]
%1 = parameter {"parameter":0} : float [3]
%2 = binary {"fn":"add"} %0 %1 : float [4, 3]
%3 = opaque {"what":"f","reason":"nobody read it"} %2 : float [4, 3]
${last}
return %4
`

test("before a choice without gradient, entries have none, and no Gram matrix of theirs is told", () => {
  const { laws, independent } = deriveLaws(generalize(parseGraph(network(`%4 = argExtreme {"fn":"max","axis":1} %3 : int [4]`))))
  expect(laws.map((law) => law.family)).toEqual(["no-gradient"])
  expect(independent).toBe(3)
})

test("before the output, nothing is said", () => {
  expect(deriveLaws(generalize(parseGraph(network(`%4 = unary {"fn":"relu"} %3 : float [4, 3]`)))).laws).toEqual([])
})
