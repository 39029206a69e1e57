/**
 * @file The traced graph on our kernels against the source on real tfjs: same weights, same data, outputs to 1e-5 and gradients to 1e-4, for every
 * oracle fixture and example. Then the laws' own `terms` on tfjs's weights under tf.train.sgd: linear laws move by rounding only,
 * quadratic ones half as far with half the step, and random quantities of the same weights move more.
 */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, describe, expect, test } from "vitest"
import type { AnalyzedModel } from "../src/pipeline"
import type { Law } from "../src/schema/report"
import { analyzeFixtureFile, findModel } from "./support/analysis"
import type { Graph } from "../src/graph/graph"
import { nameConstantOffsets } from "../src/graph/offsets"
import { compareWithTfjs, drawData, planModel, privateLeaves, symbolSize } from "./support/compare"
import { evaluateLaw, normOf, type Weights } from "./support/evaluate"
import { oracleFixtures, wildFixtures } from "./support/fixture"
import { displayPath, listSources } from "./support/program"
import { seededRandom, type Random } from "./support/random"
import { prepareTfjs, randomizeVariable, runModel, type RunningModel } from "./support/runTfjs"
import { readWeights, trainAndMeasure, type DataSet, type Quantity } from "./support/training"

interface Case {
  readonly title: string
  readonly fileName: string
  readonly name: string
}

/** Models that draw noise of their own at every step: both sides cannot be given the same. */
const random: Readonly<Record<string, string>> = { "gated/dropoutLinear": "mask", "gated/VaeLogVariance": "random" }
/** Models that tfjs runs but cannot differentiate. */
const forwardOnly: Readonly<Record<string, string>> = { "moe/SoftmaxThenTopTwoMoe": "TopK", "forms/EinsumAttention": "Einsum" }
/** Models that are compared on one sample, because tfjs 4.22 errs on more. */
const oneSample: Readonly<Record<string, string>> = {
  "classics/buildGenerator": "the gradient of resizeNearestNeighbor on the cpu backend mixes the samples of a batch",
}
/** Models with a part that the tracer does not read. */
const unread: Readonly<Record<string, string>> = {}

const fixtures: readonly Case[] = oracleFixtures()
const examples: readonly Case[] = ["examples", "examples/paper"].flatMap(listSources).flatMap((fileName) =>
  analyzeFixtureFile(fileName).models.map(({ model }) => ({ title: displayPath(fileName) + "/" + model.name, fileName, name: model.name })))
const everything = [...fixtures, ...wildFixtures(), ...examples]
const cases = everything.filter(({ title }) => !(title in unread)).map((c): [string, Case] => [c.title, c])

beforeAll(prepareTfjs)

function analyzed({ fileName, name }: Case): AnalyzedModel {
  const found = findModel(fileName, name)
  expect(found, "the model is not found").toBeDefined()
  return found!
}

/** The declaration on tfjs with seeded weights, and data for both sides. */
function prepare(c: Case, seed: number) {
  const { traced, model } = analyzed(c), source = seededRandom(seed)
  const plan = planModel(traced, c.title in oneSample ? 1 : symbolSize), running = runModel(c.fileName, c.name)
  const outputs = plan.outputs.map((o) => o.shape)
  const data = drawData(plan, traced.inputs, outputs, source)
  running.forward(data.tfjs.inputs).forEach((y, i) => expect(y.shape, "output shape").toEqual(outputs[i]))
  const trained = plan.slots.filter((slot) => slot.trainable)
  for (const { id } of trained) randomizeVariable(running.tensor(id) as tf.Variable, source)
  return { plan, running, data, model, ids: trained.map((slot) => slot.id), source }
}

test("noise is where we know of it", () => {
  const noisy = fixtures.filter((c) => privateLeaves(planModel(analyzed(c).traced)).length > 0)
  expect(Object.fromEntries(noisy.map((c) => [c.title, privateLeaves(planModel(analyzed(c).traced)).join()]))).toEqual(random)
})

test("what is not read is known", () => {
  const found = everything.flatMap((c) => analyzed(c).model.unsupported.map(({ what }): [string, string] => [c.title, what]))
  expect(found.map(([title, what]) => [title, what.includes(unread[title] ?? "nothing")])).toEqual(Object.keys(unread).map((title) => [title, true]))
})

describe("outputs and gradients", () => {
  test.each(cases.filter(([title]) => !(title in random) && !(title in forwardOnly)))("%s", (_, c) => {
    const { plan, running, data } = prepare(c, 11)
    if (privateLeaves(plan).length > 0) return expect(c.title).toMatch(/^examples/)
    const { outputs, gradients } = compareWithTfjs(plan, running, data)
    for (const error of outputs) expect(error, "output").toBeLessThan(1e-5)
    for (const [id, error] of gradients) expect(error, `gradient of ${id}`).toBeLessThan(1e-4)
  })

  test.each(Object.entries(forwardOnly))("%s: no gradient on tfjs (%s)", (title, op) => {
    const { plan, running, data } = prepare(fixtures.find((c) => c.title === title)!, 11)
    expect(() => compareWithTfjs(plan, running, data)).toThrow(op)
  })
})

/** As many random quadratic (or linear) forms of a law's own weights as it has entries, with matrices about as large as a law's. */
function drawControl(law: Law, random: Random, weights: Weights): Quantity {
  const flat = (w: Weights): number[] => law.parameters.flatMap((id) => Array.from(w.get(id)?.values ?? []))
  const total = flat(weights).length, entries = evaluateLaw(law, weights).length
  const vectors = Array.from({ length: entries }, () => Array.from({ length: total }, () => random.normal()))
  if (law.type === "linear") return (w) => vectors.map((vector) => dot(vector, flat(w)) / Math.sqrt(total))
  const matrices = vectors.map(() => Array.from({ length: total }, () => Array.from({ length: total }, () => random.normal() / Math.sqrt(total))))
  return (w) => {
    const theta = flat(w)
    return matrices.map((matrix) => dot(theta, matrix.map((row) => dot(row, theta))))
  }
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0)

/** The drifts of one law and of its control, as numbers relative to the law's weights. */
function judgeLaw(law: Law, norm: number, [own, control]: readonly { readonly full: number; readonly half: number }[]): readonly string[] {
  const scale = law.type === "linear" ? norm : norm * norm, problems: string[] = []
  const rounding = 3e-6 * Math.max(scale, 1)
  if (law.type === "linear" && own.full > 1e-5 * Math.max(norm, 1)) problems.push(`linear law moved by ${own.full}`)
  if (law.type !== "linear" && own.full > rounding && own.half > 0.7 * own.full) {
    problems.push(`drift ${own.full} only fell to ${own.half} with half the step`)
  }
  if (control.full > 20 * rounding && own.full > 0.5 * control.full) problems.push(`moved by ${own.full}, a random quantity by ${control.full}`)
  return problems
}

function checkLaws(laws: readonly Law[], running: RunningModel, data: DataSet, ids: readonly string[], source: Random, noisy: boolean) {
  const start = readWeights(running, ids)
  const controls = laws.map((law) => drawControl(law, source, start))
  const quantities = laws.flatMap((law, i): Quantity[] => [(w) => evaluateLaw(law, w), controls[i]])
  const drifts = trainAndMeasure(running, data, ids, quantities, { noisy })
  const problems = laws.flatMap((law, i) =>
    judgeLaw(law, normOf(start, law.parameters), drifts.slice(2 * i, 2 * i + 2)).map((p) => `${law.id} ${law.formula}: ${p}`))
  const moved = laws.some((_, i) => drifts[2 * i + 1].full > 1e-4)
  return { problems, moved }
}

/** Constants that laws name are read from the graph: tfjs knows no names of them. */
function withConstants(running: RunningModel, graph: Graph): RunningModel {
  const constants = new Map(nameConstantOffsets(graph).parameters.slice(graph.parameters.length).flatMap(({ id, node, shape }) => {
    const { op } = graph.nodes[node!]
    return op.kind === "constant" && op.value.kind === "data" ? [[id, tf.tensor([...op.value.values], shape.map(Number))] as const] : []
  }))
  return { ...running, tensor: (id) => constants.get(id) ?? running.tensor(id) }
}

describe("laws on tfjs weights under SGD", () => {
  test.each(cases.filter(([title]) => !(title in forwardOnly)))("%s", (_, c) => {
    const laws = analyzed(c).model.laws.filter((law) => law.exactness === "exact")
    if (laws.length === 0) return
    const { plan, running, data, ids, source } = prepare(c, 23)
    // A law may speak of a frozen variable, too.
    const spoken = laws.flatMap((law) => law.terms.flatMap((term) => term.operands.map((o) => o.parameter)))
    const own = withConstants(running, analyzed(c).traced.graph)
    const { problems, moved } = checkLaws(laws, own, data.tfjs, [...new Set([...ids, ...spoken])], source, privateLeaves(plan).length > 0)
    expect(problems).toEqual([])
    expect(moved || laws.every((law) => law.family === "no-gradient"), "some control moves").toBe(true)
  })
})
