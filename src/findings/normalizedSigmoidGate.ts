/**
 * @file Rule `normalized-sigmoid-gate`: a gate σ(z)/Σσ(z) over experts, for which a theorem in print claims a law that does not hold.
 * The counterexample is in test/findings/normalizedSigmoidGate.test.ts: d = 3, two experts, d/dt Σ_e W_e = 9/250.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import { recognizePatterns } from "../symmetry/patterns"
import type { FindingRule } from "./rule"
import { placeOfNode } from "./subject"

export const normalizedSigmoidGate: FindingRule = {
  name: "normalized-sigmoid-gate",
  severity: "info",
  summary: "A normalized sigmoid gate over experts does not conserve the sum of its rows.",
  why:
    "Tran et al. 2026 (arXiv 2606.17816), Theorem 4.7, state that Σ_e W_e is conserved for g = σ(z)/Σσ(z). It is not: a constant added to all " +
    "logits is no common factor of the sigmoids. With two experts at logits (0, ln 3) the derivative of the sum is 9/250.",
  advice: "Do not monitor Σ_e W_e for such a gate. A softmax gate does conserve it.",
  silent: "Softmax gates, and sigmoid gates that are not normalized.",
  source: "counterexample verified by this project's tests",
  check: ({ traced, trained, live }) => {
    if (!traced.graph.nodes.some(({ op }) => op.kind === "unary" && op.fn === "sigmoid")) return []
    return [...recognizePatterns(traced.graph)].flatMap(([id, found]) => {
      if (found.kind !== "normalize" || found.name !== "division by the sum" || !live.has(id)) return []
      const gate = sigmoidBehind(found.operand, traced.graph, trained)
      if (gate === null || !gate.operands.some((operand) => trained.has(operand))) return []
      return [
        {
          place: placeOfNode(traced.graph.nodes[id], traced),
          message:
            "a normalized sigmoid gate does not conserve the sum of its rows, though Theorem 4.7 of Tran et al. 2026 says so: " +
            "only a softmax turns a shift of all logits into a common factor",
          proof: "two experts at logits (0, ln 3): d/dt Σ_e W_e = 9/250",
          fixable: false,
        },
      ]
    })
  },
}

/** The sigmoid whose entries are chosen or masked on the way to `id`, if that is all that happens to them: x·σ(x) is no such gate. */
function sigmoidBehind(id: NodeId, graph: Graph, trained: ReadonlySet<NodeId>): Node | null {
  const node = graph.nodes[id]
  const { op } = node
  if (op.kind === "unary") return op.fn === "sigmoid" ? node : null
  const chosen = op.kind === "topK" || op.kind === "gather" || op.kind === "slice" || op.kind === "reshape"
  const masked = op.kind === "select" || (op.kind === "binary" && op.fn === "multiply")
  const weighted = node.operands.filter((operand) => trained.has(operand))
  return (chosen || masked) && weighted.length === 1 ? sigmoidBehind(weighted[0], graph, trained) : null
}
