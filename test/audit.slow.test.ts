/**
 * @file The audit of laws audited: it must catch laws that are none, from rules that are wrong and from hands, and must not mistake rounding for
 * a gradient. Without these the soundness tests could pass because nothing is ever found broken.
 */
import { describe, expect, test } from "vitest"
import type { Graph, Node } from "../src/graph/graph"
import { parseGraph } from "../src/graph/text"
import type { DerivedLaw } from "../src/laws/law"
import { auditLaws, declaredSize, deriveClaims } from "./support/laws"
import { drawNetwork, randomGraph } from "./support/randomGraph"

const audit = (graph: Graph, laws?: readonly DerivedLaw[]): readonly string[] => {
  const claims = deriveClaims(graph)
  return auditLaws(graph, 3, declaredSize, laws === undefined ? claims : { ...claims, laws }).broken
}

/** θ₀² of one parameter: a law only where its gradient vanishes. */
function squareOf(graph: Graph, id: string): DerivedLaw {
  const { shape } = deriveClaims(graph).derived.graph.parameters.find((p) => p.id === id)!
  const letters = "ijkl".slice(0, shape.length), operand = { parameter: id }
  return {
    id: "false", family: "balance", symmetry: { kind: "scale", sizes: [] }, parameters: [id], type: "quadratic", entries: "all", quantities: 1,
    index: [], exactness: "exact", because: [], references: [],
    terms: [{ coefficient: 1, operands: [operand, operand], einsum: `${letters},${letters}->` }],
  }
}

const masked = parseGraph(`
parameter 0 "Q" [3, 2] trainable
parameter 1 "V" [3, 2] trainable
%0 = input {"name":"x","domain":"real"} : float [3, 3]
%1 = parameter {"parameter":0} : float [3, 2]
%2 = parameter {"parameter":1} : float [3, 2]
%3 = einsum {"equation":"ti,io->to"} %0 %1 : float [3, 2]
%4 = einsum {"equation":"ti,ui->tu"} %3 %3 : float [3, 3]
%5 = constant {"value":{"kind":"data","values":[0,-1e9,-1e9,0,0,-1e9,-1e9,-1e9,-1e9]}} : float [3, 3]
%6 = binary {"fn":"add"} %4 %5 : float [3, 3]
%7 = softmax {"axis":1,"log":false} %6 : float [3, 3]
%8 = einsum {"equation":"ti,io->to"} %0 %2 : float [3, 2]
%9 = einsum {"equation":"tu,uo->to"} %7 %8 : float [3, 2]
return %9
`)

describe("what is no law is caught", () => {
  test("a square beside a mask of −10⁹, where rounding is large", () => {
    expect(audit(masked)).toEqual([])
    expect(audit(masked, [squareOf(masked, "Q"), squareOf(masked, "V")])).toHaveLength(2)
  })

  // The seeds are those in which rounding once looked like a gradient: a mask of 10⁹, 0/0 in norms, saturated softmaxes.
  test.each([2000080, 3008718, 5001658, 5001939])("a square on the weights of random network %i", (seed) => {
    const graph = drawNetwork(seed)
    expect(audit(graph)).toEqual([])
    const trained = graph.parameters.filter((p) => p.trainable && p.node !== null)
    const caught = trained.filter((p) => audit(graph, [squareOf(graph, p.id)]).length > 0)
    // Single laws of this form may be true (the scale before a norm), but not all.
    expect(caught.length).toBeGreaterThan(0)
  })

  test("laws with a sign turned", () => {
    let turned = 0, caught = 0
    for (let seed = 0; seed < 60; seed++) {
      const graph = randomGraph(seed), { laws } = deriveClaims(graph)
      for (const law of laws.filter((l) => l.terms.length > 1 && l.parameters.length > 1)) {
        const [first, ...others] = law.terms
        turned++
        if (audit(graph, [{ ...law, terms: [{ ...first, coefficient: -first.coefficient }, ...others] }]).length > 0) caught++
      }
    }
    expect(turned).toBeGreaterThan(20)
    // Where both terms are laws by themselves, their sum is one as well.
    expect(caught).toBeGreaterThan(0.85 * turned)
  })
})

/** A network analyzed as if one of its operations were another. */
const misread = (graph: Graph, change: (node: Node) => Node): Graph => ({ ...graph, nodes: graph.nodes.map(change) })
const wrongRules: readonly (readonly [string, (node: Node) => Node])[] = [
  ["tanh as if homogeneous", (n) => (n.op.kind === "unary" && n.op.fn === "tanh" ? { ...n, op: { kind: "unary", fn: "relu" } } : n)],
  ["ReLU as if linear", (n) => (n.op.kind === "unary" && n.op.fn === "relu" ? { ...n, op: { kind: "unary", fn: "neg" } } : n)],
  ["squares of degree one", (n) => (n.op.kind === "unary" && n.op.fn === "square" ? { ...n, op: { kind: "unary", fn: "relu" } } : n)],
  ["maxima of pairs as sums", (n) => (n.op.kind === "binary" && n.op.fn === "maximum" ? { ...n, op: { kind: "binary", fn: "add" } } : n)],
  ["maxima along axes as means", (n) => (n.op.kind === "reduce" && n.op.fn === "max" ? { ...n, op: { ...n.op, fn: "mean" } } : n)],
  ["softmax as a norm", (n) => (n.op.kind === "softmax"
    ? { ...n, op: { kind: "normalize", axes: [n.op.axis], center: true, measure: "mean", epsilon: 0 } } : n)],
  ["norms without center as centered", (n) => (n.op.kind === "normalize" ? { ...n, op: { ...n.op, center: true } } : n)],
  ["exponentials as if homogeneous", (n) => (n.op.kind === "unary" && n.op.fn === "exp" ? { ...n, op: { kind: "unary", fn: "relu" } } : n)],
]

describe("rules that are wrong are caught", () => {
  test.each(wrongRules)("%s", (_name, change) => {
    let more = 0, caught = 0
    for (let seed = 8_000_000; seed < 8_000_400 && more < 12; seed++) {
      const graph = randomGraph(seed, 6, seed % 2 === 0 ? "wild" : "plain"), wrong = misread(graph, change)
      if (wrong.nodes.every((n, i) => n === graph.nodes[i])) continue
      const claims = deriveClaims(wrong), own = deriveClaims(graph)
      const known = new Set(own.laws.map((l) => JSON.stringify(l.terms)))
      if (claims.laws.every((l) => known.has(JSON.stringify(l.terms)))) continue
      more++
      if (auditLaws(graph, 3, declaredSize, claims).broken.length > 0) caught++
    }
    expect(more).toBeGreaterThan(0)
    expect(caught).toBeGreaterThan(0.7 * more)
  })
})
