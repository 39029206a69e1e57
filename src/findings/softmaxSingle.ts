/** @file Rule `softmax-single`: a softmax over one entry, which is one whatever the weights are. */
import { measureText } from "./experiment"
import type { FindingRule } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const softmaxSingle: FindingRule = {
  name: "softmax-single",
  severity: "warning",
  summary: "A softmax over a single entry behind trainable weights.",
  why:
    "It is always 1: no gradient reaches any weight before it, and training changes nothing. " +
    "Mostly a `dense` of one unit that was meant to be a sigmoid.",
  advice: "One unit with `sigmoid` and `binaryCrossentropy`, or two units with `softmax`.",
  silent: "Axes whose length is not known, and softmax over one entry of data.",
  source: "softmax(z) = e^z / e^z",
  check: (subject) => {
    const { traced, live, trained } = subject
    return traced.graph.nodes.flatMap((node) => {
      const { op, shape } = node
      if (op.kind !== "softmax" || shape[op.axis] !== 1 || !live.has(node.id) || !node.operands.some((id) => trained.has(id))) return []
      const [name, value] = op.log ? ["log-softmax", 0] : ["softmax", 1]
      const message = `${name} over a single entry is always ${value}: no gradient reaches the weights before it`
      return [{ place: placeOfNode(node, traced), message, ...proofAt(node.id, subject), fixable: false }]
    })
  },
}

/** Measured where the softmax is all the network returns. */
function proofAt(id: number, { traced, experiment }: FindingSubject): { readonly proof?: string } {
  const { outputs } = traced.graph
  const run = outputs.length === 1 && outputs[0] === id ? experiment() : null
  if (run === null) return {}
  const change = run.changeBy((theta, random) => {
    for (let k = 0; k < theta.length; k++) theta[k] += random.uniform() < 0.5 ? -1 : 1
  })
  return { proof: `moved every weight by ±1.0; the output changed by ${measureText(change)}` }
}
