/** @file The losses of tfjs as operations on outputs and labels: compared with tfjs, and given to the outputs they are for. */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import type { Graph, LossUse } from "../../src/graph/graph"
import { checkGraph } from "../../src/graph/check"
import { findOwnLoss, knownLosses, type Objective, type OwnLoss } from "../../src/graph/objective"
import { appendLoss } from "../../src/graph/loss"
import { generalize } from "../../src/axes/generalize"
import { deriveLaws } from "../../src/laws/derive"
import { auditLaws } from "../support/laws"
import { drawSamples } from "../../src/verification/data"
import { evaluateObjective } from "../../src/verification/loss"
import { compilePlan, type Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { prepareTfjs } from "../support/runTfjs"
import { network } from "../verification/support"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }
const uses = (...names: readonly string[]): LossUse[] => names.map((name) => ({ name, place }))
/** Predictions are a parameter, so that the gradient in them is that of the plan. */
const predictions = network(({ parameter }) => parameter("p", [4, 3]))
const known = (own: OwnLoss | null): Objective => {
  if (own?.kind !== "known") throw new Error(`expected a known loss, found ${JSON.stringify(own)}`)
  return own.objective
}
const extended = (graph: Graph, { nodes, output }: Objective): Graph => ({ ...graph, nodes: [...graph.nodes, ...nodes], outputs: [output] })

/** What the leaf of the labels means to tfjs. */
function labelsOf(name: string, plan: Plan, leaf: Float64Array): tf.Tensor {
  const values = [...leaf],
    node = plan.leaves[0].node,
    shape = node.shape.map(Number)
  if (name === "sparseCategoricalCrossentropy") return tf.tensor(values, [4, 1])
  if (node.op.kind === "input" && node.op.domain === "index" && name !== "poisson") return tf.oneHot(tf.tensor1d(values, "int32"), 3).toFloat()
  const y = tf.tensor(values, shape)
  switch (name) {
    case "squaredHinge":
    case "hinge":
      return y.mul(2).sub(1)
    case "kullbackLeiblerDivergence":
      return tf.softmax(y)
    case "meanAbsolutePercentageError":
    case "meanSquaredLogarithmicError":
      return y.softplus().add(0.1)
    case "cosineDistance":
      return y.div(y.norm(2, -1, true))
    default:
      return y
  }
}

const ofCore = tf.losses as unknown as Readonly<Record<string, ((y: tf.Tensor, p: tf.Tensor, axis?: number) => tf.Tensor) | undefined>>

/** The loss as tfjs computes it: a function of tf.losses, or what a model of one linear layer is compiled with. */
function lossOnTfjs(name: string, y: tf.Tensor, p: tf.Tensor): number {
  const core = name === "meanSquaredError" ? undefined : ofCore[name]
  if (core !== undefined) return (name === "cosineDistance" ? core(y, p, 1) : core(y, p)).dataSync()[0]
  const model = tf.sequential({ layers: [tf.layers.activation({ activation: "linear", inputShape: [3] })] })
  model.compile({ optimizer: "sgd", loss: name === "cosine" ? "cosineProximity" : name })
  return (model.evaluate(p, y, { batchSize: 4 }) as tf.Scalar).dataSync()[0]
}

/** Losses of probabilities read predictions between 0 and 1 that need not sum to 1. */
const ofProbabilities = /crossentropy|Divergence|poisson|logLoss/

describe("losses", () => {
  beforeAll(prepareTfjs)

  test.each(knownLosses)("%s is that of tfjs, and its gradient is its own", (name) => {
    // The squared error alone needs no run of its own; beside another it is a summand.
    const objective = known(findOwnLoss(predictions, uses(...(name === "meanSquaredError" ? ["meanSquaredError", "logcosh"] : [name]))))
    const graph = extended(predictions, objective),
      plan = compilePlan(graph),
      random = seededRandom(7),
      data = drawSamples(plan, 1, random, new Map()),
      theta = new Float64Array(12).map(() => (ofProbabilities.test(name) ? 0.1 + 0.8 * random.uniform() : random.normal()))
    expect(checkGraph(graph)).toEqual([])
    if (name !== "meanSquaredError") {
      const expected = lossOnTfjs(name, labelsOf(name, plan, data.samples[0].leaves[0]), tf.tensor([...theta], [4, 3]))
      const scale = name === "meanAbsolutePercentageError" ? 100 : 1
      expect(scale * evaluateObjective(plan, data, theta)).toBeCloseTo(expected, 3)
    }
    const gradient = new Float64Array(12)
    evaluateObjective(plan, data, theta, gradient)
    for (let i = 0; i < 12; i++) {
      const at = (step: number): number =>
        evaluateObjective(
          plan,
          data,
          theta.map((x, k) => (k === i ? x + step : x)),
        )
      expect(gradient[i]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6)
    }
  })
})

/** What can be done to the outputs of a row. */
const changes: Readonly<Record<string, (p: tf.Tensor, random: () => number) => tf.Tensor>> = {
  scale: (p, random) => p.mul(tf.tensor([1, 2, 3, 4].map(() => 0.6 + 0.3 * random()), [4, 1])),
  shift: (p, random) => p.add(tf.tensor([1, 2, 3, 4].map(() => 0.1 * random()), [4, 1])),
}
const blindTo: Readonly<Record<string, string>> = {
  softmaxCrossEntropy: "shift", cosine: "scale", cosineProximity: "scale", categoricalCrossentropy: "scale",
}

describe("what a loss does not see", () => {
  beforeAll(prepareTfjs)

  test.each(knownLosses)("%s on tfjs: just what is appended to the network is blind to", (name) => {
    const random = seededRandom(11), seen = { scale: 0, shift: 0 }
    const objective = known(findOwnLoss(predictions, uses(...(name === "meanSquaredError" ? ["meanSquaredError", "logcosh"] : [name]))))
    for (let tries = 0; tries < 6; tries++) {
      const plan = compilePlan(extended(predictions, objective)), data = drawSamples(plan, 1, random, new Map())
      const draw = (): number => (ofProbabilities.test(name) ? 0.1 + 0.7 * random.uniform() : random.normal())
      const p = tf.tensor(Array.from({ length: 12 }, draw), [4, 3])
      const y = labelsOf(name, plan, data.samples[0].leaves[0]), before = lossOnTfjs(name, y, p)
      for (const change of ["scale", "shift"] as const) {
        const after = lossOnTfjs(name, y, changes[change](p, () => random.uniform()))
        seen[change] = Math.max(seen[change], Math.abs(after - before) / Math.max(1, Math.abs(before)))
      }
    }
    expect(Object.entries(seen).flatMap(([change, by]) => (by < 1e-5 ? [change] : [])).join()).toBe(blindTo[name] ?? "")
    // The appended operation forgets the same: the network's gradients are orthogonal to it.
    const graph = appendLoss(predictions, uses(name))
    expect(graph === predictions || graph.outputs.join() === predictions.outputs.join()).toBe(blindTo[name] === undefined)
    const laws = deriveLaws(generalize(graph)).laws.map((law) => law.family)
    expect(laws).toEqual(blindTo[name] === undefined ? [] : [blindTo[name] === "scale" ? "norm" : "shift"])
    expect(auditLaws(graph).broken).toEqual([])
  })
})

describe("which loss a network has", () => {
  const pair = network((n) => {
    const x = n.input([4, 3])
    return [n.softmax(n.einsum("ni,io->no", x, n.parameter("a", [3, 5]))), n.einsum("ni,io->no", x, n.parameter("b", [3, 1]))]
  })
  test("none in sight, or the squared error alone", () => {
    expect(findOwnLoss(pair, [])).toBeNull()
    expect(findOwnLoss(pair, uses("meanSquaredError", "mse"))).toBeNull()
  })
  test("one for each output in their order, one for all, or the sum of several in sight of one", () => {
    const each = known(findOwnLoss(pair, uses("categoricalCrossentropy", "meanSquaredError")))
    expect(each.name).toBe("categoricalCrossentropy + meanSquaredError")
    expect(each.nodes.filter((n) => n.op.kind === "input").map((n) => n.shape)).toEqual([[4], [4, 1]])
    expect(known(findOwnLoss(pair, uses("meanAbsoluteError"))).nodes.filter((n) => n.op.kind === "input")).toHaveLength(2)
    expect(known(findOwnLoss(predictions, uses("huberLoss", "hinge"))).name).toBe("huberLoss + hinge")
  })
  test("what is not known is said", () => {
    expect(findOwnLoss(pair, uses("focal"))).toEqual({ kind: "unknown", name: "focal", why: "it is not a loss of tfjs" })
    expect(findOwnLoss(pair, uses("hinge", "mae", "logcosh"))).toMatchObject({ kind: "unknown", why: "which output each is for is not known" })
    const hand = findOwnLoss(pair, [{ name: "computed by hand", byHand: true, place }])
    expect(hand).toEqual({ kind: "unknown", name: "computed by hand", why: "its operations are not read" })
    const named = findOwnLoss(pair, [
      { name: "hinge", output: "x", place },
      { name: "logcosh", output: "y", place },
    ])
    expect(named).toMatchObject({ kind: "unknown", why: "which output each is for is not known" })
    const one = network(({ parameter, einsum }) => einsum("a,a->", parameter("v", [3]), parameter("w", [3])))
    expect(findOwnLoss(one, uses("categoricalCrossentropy"))).toMatchObject({
      kind: "unknown",
      why: "it does not fit the outputs (no axis of classes)",
    })
  })
})
