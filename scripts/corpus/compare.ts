/**
 * @file Compares a traced model with what tfjs says about the same one: inputs, outputs, parameter count, layers with options and shapes.
 * Sizes that the source leaves open are symbols in the trace; one symbol must stand for one number throughout, and then the two agree.
 */
import { evaluateDim, symbolsOf } from "../../src/graph/dim"
import type { LayerOption, TracedLayer, TracedModel } from "../../src/graph/graph"
import type { Dim } from "../../src/schema/report"
import type { Expected, ExpectedLayer, ExpectedOption, ExpectedShape } from "./list"

/** Numbers that the open sizes turned out to stand for. */
type Sizes = Record<string, number>

type Comparable = Pick<TracedModel, "form" | "inputs" | "parameterCount" | "layers" | "graph">

/** What differs, one line each; empty when the model is as expected. */
export function compareModel(model: Comparable, expected: Expected): readonly string[] {
  const sizes: Sizes = {}
  const outputs = model.graph.outputs.map((id) => model.graph.nodes[id].shape)
  const pairs = pairLayers(model.layers ?? [], expected.layers, model.form === "sequential")
  // Sizes are learned from everything first, so that an expression may stand before its symbols.
  model.inputs.forEach(({ shape }, i) => learn(sizes, shape, expected.inputs[i]?.shape))
  outputs.forEach((shape, i) => learn(sizes, shape, expected.outputs[i]))
  for (const [traced, wanted] of pairs.matched) learnFromLayer(sizes, traced, wanted)
  return [
    ...compareShapes("inputs", model.inputs.map(({ shape }) => shape), expected.inputs.map(({ shape }) => shape), sizes),
    ...compareShapes("outputs", outputs, expected.outputs, sizes),
    ...compareCount("parameters", model.parameterCount, expected.params, sizes),
    ...pairs.matched.flatMap(([traced, wanted]) => compareLayer(traced, wanted, model, sizes)),
    ...pairs.missing.map((wanted) => `no layer ${wanted.class}`),
    ...pairs.extra.map((traced) => `${traced.path}: a layer too many`),
  ]
}

function learn(sizes: Sizes, shape: readonly Dim[], expected: ExpectedShape | undefined): void {
  if (expected?.length !== shape.length) return
  shape.forEach((d, i) => learnSize(sizes, d, expected[i]))
}

function learnSize(sizes: Sizes, d: Dim, expected: number | null): void {
  if (typeof d === "string" && expected !== null && !(d in sizes) && symbolsOf(d).join() === d) sizes[d] = expected
}

function learnFromLayer(sizes: Sizes, traced: TracedLayer, wanted: ExpectedLayer): void {
  traced.outputShapes.forEach((shape, i) => learn(sizes, shape, wanted.outputShapes?.[i]))
  for (const [key, value] of Object.entries(wanted.options)) {
    const own = traced.options[key]
    if (typeof own === "string" && typeof value === "number") learnSize(sizes, own, value)
  }
}

/** The number a size stands for, null where it is open, or undefined where that is not known. */
function numberOf(d: Dim, sizes: Sizes): number | undefined {
  return symbolsOf(d).every((symbol) => symbol in sizes) ? evaluateDim(d, sizes) : undefined
}

/** A size that tfjs leaves open may be known here, where a weight met it; a batch only as 1, which goes with all batches. */
const fits = (d: Dim, expected: number | null, axis: number, sizes: Sizes): boolean =>
  expected === null ? axis > 0 || typeof d === "string" || d === 1 : numberOf(d, sizes) === expected
const shapeFits = (shape: readonly Dim[], expected: ExpectedShape, sizes: Sizes): boolean =>
  shape.length === expected.length && shape.every((d, i) => fits(d, expected[i], i, sizes))

function compareShapes(what: string, found: readonly (readonly Dim[])[], expected: readonly ExpectedShape[], sizes: Sizes): readonly string[] {
  const equal = found.length === expected.length && found.every((shape, i) => shapeFits(shape, expected[i], sizes))
  return equal ? [] : [`${what}: found ${shapesText(found)}, expected ${shapesText(expected)}`]
}

const shapesText = (shapes: readonly (readonly (Dim | null)[])[]): string =>
  shapes.length === 0 ? "none" : shapes.map((shape) => `[${shape.map((d) => d ?? "open").join(", ")}]`).join(" ")

function compareCount(what: string, found: Dim | null, expected: number, sizes: Sizes): readonly string[] {
  return found !== null && numberOf(found, sizes) === expected ? [] : [`${what}: found ${found ?? "none"}, expected ${expected}`]
}

interface Pairs {
  readonly matched: readonly (readonly [TracedLayer, ExpectedLayer])[]
  readonly missing: readonly ExpectedLayer[]
  readonly extra: readonly TracedLayer[]
}

/** Layers of a sequential model in their order; those of a functional one, which tfjs sorts by depth, by class, number of weights and shape. */
function pairLayers(traced: readonly TracedLayer[], expected: readonly ExpectedLayer[], ordered: boolean): Pairs {
  const left = traced.filter((layer) => layer.type !== "input_layer")
  const matched: (readonly [TracedLayer, ExpectedLayer])[] = []
  const missing: ExpectedLayer[] = []
  for (const wanted of expected.filter((layer) => layer.class !== "InputLayer")) {
    const candidates = (ordered ? left.slice(0, 1) : left).filter((layer) => sameClass(layer, wanted))
    const found = [2, 1, 0].flatMap((least) => candidates.filter((layer) => likeness(layer, wanted) === least)).at(0)
    if (found === undefined) missing.push(wanted)
    else {
      left.splice(left.indexOf(found), 1)
      matched.push([found, wanted])
    }
  }
  return { matched, missing, extra: left }
}

/** 2 when the plain numbers of shape and options are the same, 1 when the shape has as many axes, else 0. */
function likeness(traced: TracedLayer, wanted: ExpectedLayer): number {
  const shape = traced.outputShapes.at(0)
  const target = wanted.outputShapes?.at(0)
  if (shape === undefined || target === undefined || shape.length !== target.length) return 0
  const close = shape.every((d, i) => typeof d === "string" || d === target[i]) && optionDifferences(traced, wanted, {}).length === 0
  return close ? 2 : 1
}

const sameClass = (traced: TracedLayer, wanted: ExpectedLayer): boolean => plain(traced.type) === (classNames[wanted.class] ?? plain(wanted.class))
const plain = (name: string): string => name.replace(/[^a-z0-9]/gi, "").toLowerCase()
/** Models among layers are listed by form. */
const classNames: Readonly<Record<string, string>> = { Model: "functional", Functional: "functional" }

function compareLayer(traced: TracedLayer, wanted: ExpectedLayer, model: Comparable, sizes: Sizes): readonly string[] {
  // Of the two directions of a bidirectional layer tfjs lists the first.
  const own = traced.type === "bidirectional" ? traced.layers.slice(0, 1) : traced.layers
  const inner = pairLayers(own, wanted.layers, traced.type !== "functional")
  for (const [layer, target] of inner.matched) learnFromLayer(sizes, layer, target)
  const shapes = wanted.outputShapes === null ? [] : compareShapes(`${traced.path} output`, traced.outputShapes, wanted.outputShapes, sizes)
  const count = countOf(traced, model, sizes)
  return [
    ...shapes,
    ...(wanted.params === null || count === wanted.params
      ? []
      : [`${traced.path} parameters: found ${count ?? "an open number"}, expected ${wanted.params}`]),
    ...optionDifferences(traced, wanted, sizes),
    ...inner.matched.flatMap(([layer, target]) => compareLayer(layer, target, model, sizes)),
    ...inner.missing.map((target) => `${traced.path}: no layer ${target.class} inside`),
    ...(wanted.layers.length === 0 ? [] : inner.extra.map((layer) => `${layer.path}: a layer too many`)),
  ]
}

function countOf(traced: TracedLayer, { graph }: Comparable, sizes: Sizes): number | undefined {
  let total = 0
  for (const index of traced.parameters)
    total += graph.parameters[index].shape.reduce((product: number, d) => product * (numberOf(d, sizes) ?? Number.NaN), 1)
  return Number.isNaN(total) ? undefined : total
}

/** What tfjs takes where the configuration is silent. */
const defaults: Readonly<Record<string, ExpectedOption>> = {
  activation: "linear", recurrentActivation: "hardSigmoid", padding: "valid", strides: 1, poolSize: 2, useBias: true, returnSequences: false,
  returnState: false, epsilon: 1e-3, axis: -1, alpha: 0.3, mergeMode: "concat",
}

function defaultOf({ type, options }: TracedLayer, key: string): LayerOption | undefined {
  if (key === "activation" && /^(simple_rnn|lstm|gru)$/.test(type)) return "tanh"
  if (key === "strides" && /pooling/.test(type)) return options.poolSize ?? 2
  return defaults[key]
}

function optionDifferences(traced: TracedLayer, wanted: ExpectedLayer, sizes: Sizes): readonly string[] {
  const rank = traced.outputShapes.at(0)?.length ?? 0
  return Object.entries(wanted.options).flatMap(([key, value]) => {
    const own = traced.options[key] === undefined ? defaultOf(traced, key) : traced.options[key]
    // What only an argument says is open, as a size that is a symbol; the shapes and the weights are compared all the same.
    if (own === null || own === undefined || optionFits(key, own, value, rank, sizes)) return []
    return [`${traced.path} ${key}: found ${JSON.stringify(own)}, expected ${JSON.stringify(value)}`]
  })
}

function optionFits(key: string, own: LayerOption, expected: ExpectedOption, rank: number, sizes: Sizes): boolean {
  const wrap = (d: number | undefined): number | undefined => (key === "axis" && d !== undefined && d < 0 ? d + rank : d)
  const found = (d: LayerOption): number | undefined => (typeof d === "number" || typeof d === "string" ? wrap(numberOf(d, sizes)) : undefined)
  if (typeof expected === "number") return found(Array.isArray(own) && own.length === 1 ? own[0] : own) === wrap(expected)
  if (typeof expected === "string" || typeof expected === "boolean") return own === expected
  // One number stands for all axes.
  const items = Array.isArray(own) ? own : expected.map(() => own)
  return items.length === expected.length && items.every((item: LayerOption, i) => found(item) === wrap(expected[i]))
}
