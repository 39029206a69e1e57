/** @file Rule `softmax-single`: a softmax over one entry, which is one whatever the weights are. */
import { measureText } from "./experiment"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const softmaxSingle: FindingRule = {
  name: "softmax-single",
  severity: "warning",
  summary: "A softmax over a single entry behind trainable weights, or a categorical cross-entropy of a single class.",
  why:
    "It is always 1, and `categoricalCrossentropy`, which divides by the sum of the classes, always 0: no gradient reaches any weight " +
    "before it, and training changes nothing. Mostly a `dense` of one unit that was meant to be a sigmoid.",
  advice: "One unit with `sigmoid` and `binaryCrossentropy`, or two units with `softmax`.",
  silent: "Axes whose length is not known, and softmax over one entry of data.",
  source: "softmax(z) = e^z / e^z",
  check: (subject) => {
    const { traced, live, trained } = subject
    const softmaxes = traced.graph.nodes.flatMap((node) => {
      const { op, shape } = node
      if (op.kind !== "softmax" || shape[op.axis] !== 1 || !live.has(node.id) || !node.operands.some((id) => trained.has(id))) return []
      const [name, value] = op.log ? ["log-softmax", 0] : ["softmax", 1]
      const message = `${name} over a single entry is always ${value}: no gradient reaches the weights before it`
      return [{ place: placeOfNode(node, traced), message, ...proofAt(node.id, subject), fixable: false }]
    })
    return softmaxes.length > 0 ? softmaxes : lossesOfOneClass(subject)
  },
}

/** tfjs's categorical cross-entropy divides by the sum of the classes: of one class that is 1. */
function lossesOfOneClass({ traced, derived }: FindingSubject): readonly Found[] {
  return traced.losses.flatMap(({ name, quoted, place }) => {
    const instead = quoted === true ? "'binaryCrossentropy'" : "tf.losses.sigmoidCrossEntropy"
    const isBlind = derived.laws.some(({ family, because }) => family === "no-gradient" && because.some(({ text }) => text === stillLoss(name)))
    const message = `${name} of a single class is always 0: nothing trains; write ${instead}, or give it two classes`
    return isBlind ? [{ place, message, fixable: false }] : []
  })
}

/** How a law says that nothing of an output is seen by its loss. */
export const stillLoss = (name: string): string => `the loss ${name} has no gradient`

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
