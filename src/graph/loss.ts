/**
 * @file What the loss sees of a network: a softmax cross-entropy on logits does not see a constant added to all classes, a cosine loss no
 * scale. The invariance is appended to the outputs as an ordinary node, so that symmetry, laws and verification speak of the same function.
 */
import type { Graph, LossUse, Node, NodeId } from "./graph"
import type { Op } from "./op"

const cosine = (axis: number): Op => ({ kind: "normalize", axes: [axis], center: false, measure: "sum", epsilon: 0 })

/** tfjs losses that are blind to something, and the function of the outputs they see, over the last axis. */
const blindLosses: Readonly<Record<string, (axis: number) => Op>> = {
  softmaxCrossEntropy: (axis) => ({ kind: "softmax", axis, log: true }),
  // tfjs divides by the length of the prediction, or by 1e-7 where that is longer: no length that trains.
  cosineProximity: cosine,
  cosine,
}

/** The graph up to what every loss in sight sees; the graph itself where some loss sees all of the outputs. */
export function appendLoss(graph: Graph, losses: readonly LossUse[]): Graph {
  const names = new Set(losses.map((l) => l.name))
  if (names.size !== 1 || losses.some((l) => l.byHand === true)) return graph
  const loss = losses[0], op = Object.hasOwn(blindLosses, loss.name) ? blindLosses[loss.name] : undefined
  if (op === undefined || graph.outputs.length !== 1) return graph
  const nodes: Node[] = [...graph.nodes]
  const outputs = graph.outputs.map((output): NodeId => {
    const node = nodes[output]
    // Probabilities are what a softmax made already; a loss on logits of a softmax is a mistake this does not repair.
    if (node.shape.length === 0 || node.dtype !== "float" || node.op.kind === "softmax") return output
    const id = nodes.length
    const label = `the loss ${loss.name}`
    nodes.push({ id, op: op(node.shape.length - 1), operands: [output], shape: node.shape, dtype: "float", at: loss.place, label })
    return id
  })
  return { ...graph, nodes, outputs }
}
