/**
 * @file What the loss sees of a network: a softmax cross-entropy on logits does not see a constant added to all classes, a cosine loss no
 * scale, and the categorical cross-entropy of compile only shares, since it divides by the sum of the classes. The invariance is appended to the
 * outputs as ordinary nodes, so that symmetry, laws and verification speak of the same function.
 */
import type { Graph, LossUse, Node, NodeId } from "./graph"
import type { Op } from "./op"
import { assignLosses } from "./objective"

/** Operations of which each reads the one before, the first the output; the last has the shape of the output. A sum is followed by a quotient. */
type Seen = (axis: number) => readonly Op[]

const cosine: Seen = (axis) => [{ kind: "normalize", axes: [axis], center: false, measure: "sum", epsilon: 0 }]
const shares: Seen = (axis) => [
  { kind: "reduce", fn: "sum", axes: [axis], keepDims: true },
  { kind: "binary", fn: "divide" },
]

const still: Op = { kind: "stopGradient" }

/** tfjs losses that are blind to something, and the function of the outputs they see, over the last axis. */
const blindLosses: Readonly<Record<string, Seen>> = {
  softmaxCrossEntropy: (axis) => [{ kind: "softmax", axis, log: true }],
  // tfjs divides by the length of the prediction, or by 1e-7 where that is longer: no length that trains.
  cosineProximity: cosine,
  cosine,
  // tfjs clips the shares and not the outputs, so that this is exact. The sparse one clips the outputs first, which ends every scale.
  categoricalCrossentropy: shares,
}

/** The graph up to what the loss of each output sees; outputs whose losses see all of them, or are not plainly one, stay as they are. */
export function appendLoss(graph: Graph, losses: readonly LossUse[]): Graph {
  const assigned = losses.length === 0 || losses.some((l) => l.byHand === true) ? null : assignLosses(graph, losses)
  if (assigned === null) return graph
  const nodes: Node[] = [...graph.nodes]
  const outputs = graph.outputs.map((output, k): NodeId => {
    const node = nodes[output], [name] = assigned[k]
    const seen = assigned[k].length === 1 && Object.hasOwn(blindLosses, name) ? blindLosses[name] : undefined
    // Probabilities are what a softmax made already; a loss on logits of a softmax is a mistake this does not repair.
    if (seen === undefined || node.shape.length === 0 || node.dtype !== "float" || node.op.kind === "softmax") return output
    const at = losses.find((loss) => loss.name === name)?.place, axis = node.shape.length - 1
    const place = at === undefined ? {} : { at }
    let id = output
    // One class alone is all of the sum, ±1 and certain, whatever the output: the loss is a constant.
    for (const op of node.shape[axis] === 1 ? [still] : seen(axis)) {
      const isSum = op.kind === "reduce", operands = op.kind === "binary" ? [output, id] : [id]
      const shape = isSum ? node.shape.map((size, i) => (i === axis ? 1 : size)) : node.shape
      id = nodes.length
      nodes.push({ id, op, operands, shape, dtype: "float", ...place, label: `the loss ${name}` })
    }
    return id
  })
  return { ...graph, nodes, outputs }
}
