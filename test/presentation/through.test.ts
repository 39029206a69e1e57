/** @file Laws at places without weights: those that bind the weights next before to the weights next after. */
import { expect, test } from "vitest"
import { parseGraph } from "../../src/graph/text"
import { lawsThrough, parametersRead } from "../../src/presentation/through"
import type { Law } from "../../src/schema/report"

const graph = parseGraph(`parameter 0 "a" [4, 3] trainable
parameter 1 "b" [3, 3] trainable
parameter 2 "c" [3, 2] trainable
%0 = input {"name":"x","domain":"real"} : float [n, 4]
%1 = parameter {"parameter":0} : float [4, 3]
%2 = einsum {"equation":"ni,io->no"} %0 %1 : float [n, 3]
%3 = unary {"fn":"relu"} %2 : float [n, 3]
%4 = parameter {"parameter":1} : float [3, 3]
%5 = einsum {"equation":"ni,io->no"} %3 %4 : float [n, 3]
%6 = unary {"fn":"relu"} %5 : float [n, 3]
%7 = unary {"fn":"abs"} %6 : float [n, 3]
%8 = parameter {"parameter":2} : float [3, 2]
%9 = einsum {"equation":"ni,io->no"} %7 %8 : float [n, 2]
return %9
`)
const law = (id: string, ...parameters: string[]): Law => ({ id, parameters }) as unknown as Law
const laws = [law("ab", "a", "b"), law("bc", "b", "c"), law("ac", "a", "c"), law("b", "b")]
const through = (...nodes: number[]): string[] => lawsThrough(graph, nodes, laws).map(({ id }) => id)

test("only laws of the neighboring weights pass an activation", () => {
  expect(through(3)).toEqual(["ab"])
  expect(through(6)).toEqual(["bc"])
  expect(through(6, 7)).toEqual(["bc"])
})
test("nothing passes what lies before the first or after the last weights", () => {
  expect(through(0)).toEqual([])
  expect(through(9)).toEqual([])
})
test("an operation reads its operands' parameters, a parameter itself", () => {
  expect([2, 4, 6].map((id) => parametersRead(graph, id))).toEqual([["a"], ["b"], []])
})
