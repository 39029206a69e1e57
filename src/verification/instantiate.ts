/** @file Puts numbers for size names into graphs and laws. A network in generic sizes becomes one that can be executed. */
import type { Graph, Node } from "../graph/graph"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import type { GenericLaw } from "./task"
import { checkGraph } from "../graph/check"
import { evaluateDim } from "../graph/dim"
import { inferShape } from "../graph/shape"
import { mapSizes } from "../graph/sizes"

export type Sizes = Readonly<Record<string, number>>

/**
 * The graph at given sizes. Shapes are derived anew where the op determines them, so that convolutions may round.
 * @throws when a size is missing or the shapes do not fit at these sizes
 */
export function instantiate(graph: Graph, sizes: Sizes): Graph {
  const known = new Map<Dim, number>()
  const evaluate = (d: Dim): number => {
    let n = known.get(d)
    if (n !== undefined) return n
    n = evaluateDim(d, sizes)
    if (!Number.isInteger(n) || n < 0) throw new Error(`instantiate: size '${d}' comes out as ${n}`)
    known.set(d, n)
    return n
  }
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const op = mapSizes(node.op, evaluate),
      operands = node.operands.map((o) => nodes[o].shape)
    nodes.push({ ...node, op, shape: inferShape(op, operands, node.shape.map(evaluate)) })
  }
  const result = { ...graph, nodes, parameters: graph.parameters.map((p) => ({ ...p, shape: p.shape.map(evaluate) })) }
  const [problem] = checkGraph(result)
  if (problem !== undefined) throw new Error(`instantiate: ${problem}`)
  return result
}

/** A law at given sizes. */
export function instantiateLaw(law: GenericLaw, sizes: Sizes): GenericLaw {
  const index = law.index.map((i) => ({ ...i, size: evaluateDim(i.size, sizes) }))
  return { ...law, terms: instantiateTerms(law, sizes), index, quantities: evaluateDim(law.quantities, sizes) }
}

/** The terms of a law at given sizes. */
export function instantiateTerms(law: GenericLaw, sizes: Sizes): readonly Term[] {
  const step = (s: ViewStep): ViewStep => {
    if ("reshape" in s) return { reshape: s.reshape.map((d) => evaluateDim(d, sizes)) }
    if ("slice" in s) return { slice: [s.slice[0], evaluateDim(s.slice[1], sizes), evaluateDim(s.slice[2], sizes)] }
    return s
  }
  const operand = (o: Operand): Operand => (o.view === undefined ? o : { ...o, view: o.view.map(step) })
  return law.terms.map((t) => ({ ...t, operands: t.operands.map(operand) }))
}
