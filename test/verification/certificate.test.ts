/** @file The completeness certificate and rule-free discovery against counts known from theory and from an independent oracle in PyTorch. */
import { describe, expect, test } from "vitest"
import type { Graph } from "../../src/graph/graph"
import { parseGraph } from "../../src/graph/text"
import { certifyCompleteness } from "../../src/verification/certificate"
import { certifyNet } from "../../scripts/bench/certificates"
import { discoverLaws } from "../../src/verification/discover"
import { compileLaw } from "../../src/verification/laws"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { balance, network, twoLayers } from "./support"

const attention = network(({ input, parameter, einsum, softmax }) => {
  const x = input([4, 3]),
    q = einsum("td,de->te", x, parameter("Q", [3, 2])),
    k = einsum("td,de->te", x, parameter("K", [3, 2]))
  const v = einsum("td,de->te", x, parameter("V", [3, 2])),
    mixed = einsum("qk,ke->qe", softmax(einsum("qe,ke->qk", q, k)), v)
  return einsum("qe,ed->qd", mixed, parameter("O", [2, 3]))
})
const classifier = network(({ input, parameter, einsum, add, softmax }) =>
  softmax(add(einsum("ni,oi->no", input([1, 4]), parameter("W", [3, 4])), parameter("b", [3]))),
)
const linear3 = network(({ input, parameter, einsum }) => {
  const c = einsum("ni,hi->nh", input([1, 2]), parameter("C", [3, 2])),
    b = einsum("nh,gh->ng", c, parameter("B", [2, 3]))
  return einsum("ng,og->no", b, parameter("A", [2, 2]))
})

// Rows of the oracle: name, network, number of independent laws.
const rows: readonly (readonly [string, Graph, number])[] = [
  ["mlp_linear", twoLayers(null, [3, 3, 2], 1), 6],
  ["mlp_relu", twoLayers("relu", [3, 3, 2], 1), 3],
  ["mlp_gelu", twoLayers("gelu", [3, 3, 2], 1), 0],
  ["mlp_silu", twoLayers("silu", [3, 3, 2], 1), 0],
  ["mlp_exp", twoLayers("exp", [3, 3, 2], 1), 0],
  ["softmax_classifier", classifier, 5],
  ["mha_1h_d2", attention, 6],
  ["linear3", linear3, 9],
]

describe.each(rows)("%s", (_, graph, laws) => {
  test("dimension of the Lie algebra", () => {
    const found = certifyCompleteness(compilePlan(graph), [], seededRandom(3))
    expect(found).not.toBeNull()
    expect(found?.possible).toBe(laws)
  })
  test("laws found without rules", () => {
    expect(discoverLaws(compilePlan(graph)).independent).toBe(laws)
  })
})

// Where both ids are equal the softmax is constant: brackets with that field are rounding, and no direction.
const picked = parseGraph(`parameter 0 "p0" [3, 2] trainable
parameter 1 "p2" [2, 2] trainable
parameter 2 "p3" [1, 1] trainable
%0 = input {"name":"x","domain":"real"} : float [4, 3]
%1 = parameter {"parameter":0} : float [3, 2]  # p0
%2 = einsum {"equation":"bi,io->bo"} %0 %1 : float [4, 2]
%3 = parameter {"parameter":1} : float [2, 2]  # p2
%4 = parameter {"parameter":2} : float [1, 1]  # p3
%5 = unary {"fn":"softplus"} %4 : float [1, 1]
%6 = binary {"fn":"multiply"} %3 %5 : float [2, 2]
%7 = einsum {"equation":"bi,io->bo"} %2 %6 : float [4, 2]
%8 = input {"name":"ids4","domain":"index","range":2} : int [4, 2]
%9 = gather {"axis":1,"batchAxes":1} %7 %8 : float [4, 2]
%10 = softmax {"axis":1,"log":true} %9 : float [4, 2]  # the loss softmaxCrossEntropy
return %10`)

test.each([1, 3, 6, 17])("fields that are zero but for rounding span nothing, seed %i", (seed) => {
  expect(certifyCompleteness(compilePlan(picked), [], seededRandom(seed))).toMatchObject({ parameters: 11, lieRank: 5 })
})

test("the Gram difference of two linear layers is complete, its diagonal is not", () => {
  const plan = compilePlan(twoLayers(null, [3, 3, 2], 1))
  const gram = certifyCompleteness(plan, [compileLaw(balance("gram"), plan.slots, {})], seededRandom(5))
  expect(gram).toMatchObject({ parameters: 15, lieRank: 9, possible: 6, derived: 6, complete: true })
  expect(gram?.gap[0]).toBeGreaterThan(1e-5)
  expect(gram?.gap[1]).toBeLessThan(1e-12)
  const diagonal = certifyCompleteness(plan, [compileLaw(balance("diagonal"), plan.slots, {})], seededRandom(5))
  expect(diagonal).toMatchObject({ derived: 3, complete: false })
  // Deeper brackets were taken, and leave it open; at kinks none are.
  expect(diagonal).not.toHaveProperty("firstBrackets")
  const kinked = certifyCompleteness(compilePlan(twoLayers("relu", [3, 3, 2], 1)), [], seededRandom(5))
  expect(kinked).toMatchObject({ complete: false, firstBrackets: true })
})

test.each([[[4, 3, 2, 7, 9]], [[7, 2, 6, 3, 7]], [[2, 3, 7, 5, 6]]])("units behind few others are told apart: relu %j", (widths) => {
  expect(certifyNet({ activation: "relu", widths, bias: false })).toMatchObject({ complete: true })
})
