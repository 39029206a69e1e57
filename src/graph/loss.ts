/**
 * @file What the loss sees of a network: a softmax cross-entropy on logits does not see a constant added to all classes, a cosine loss no
 * scale. The invariance is appended to the outputs as an ordinary node, so that symmetry, laws and verification speak of the same function.
 */
import type { Graph, LossUse, Node, NodeId } from "./graph"
import type { Op } from "./op"
import { assignLosses } from "./objective"

const cosine = (axis: number): Op => ({ kind: "normalize", axes: [axis], center: false, measure: "sum", epsilon: 0 })

/** tfjs losses that are blind to something, and the function of the outputs they see, over the last axis. */
const blindLosses: Readonly<Record<string, (axis: number) => Op>> = {
  softmaxCrossEntropy: (axis) => ({ kind: "softmax", axis, log: true }),
  // tfjs divides by the length of the prediction, or by 1e-7 where that is longer: no length that trains.
  cosineProximity: cosine,
  cosine,
}

/** The graph up to what the loss of each output sees; outputs whose losses see all of them, or are not plainly one, stay as they are. */
export function appendLoss(graph: Graph, losses: readonly LossUse[]): Graph {
  const assigned = losses.length === 0 || losses.some((l) => l.byHand === true) ? null : assignLosses(graph, losses)
  if (assigned === null) return graph
  const nodes: Node[] = [...graph.nodes]
  const outputs = graph.outputs.map((output, k): NodeId => {
    const node = nodes[output], [name] = assigned[k]
    const op = assigned[k].length === 1 && Object.hasOwn(blindLosses, name) ? blindLosses[name] : undefined
    // Probabilities are what a softmax made already; a loss on logits of a softmax is a mistake this does not repair.
    if (op === undefined || node.shape.length === 0 || node.dtype !== "float" || node.op.kind === "softmax") return output
    const id = nodes.length, at = losses.find((loss) => loss.name === name)?.place
    const { shape } = node, place = at === undefined ? {} : { at }
    nodes.push({ id, op: op(shape.length - 1), operands: [output], shape, dtype: "float", ...place, label: `the loss ${name}` })
    return id
  })
  return { ...graph, nodes, outputs }
}
