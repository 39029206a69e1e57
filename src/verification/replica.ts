/**
 * @file Chooses the sizes a verification runs at: the same architecture, as small as it can be without becoming another one. Equal sizes stay
 * equal, smaller ones stay smaller, minima and fixed sizes are kept; divisibility needs no care, since shapes are products of size names.
 */
import type { Graph } from "../graph/graph"
import type { Dim } from "../schema/report"
import type { SizeVariable } from "../axes/size"
import { evaluateDim, multiplyDim, symbolsOf } from "../graph/dim"
import { sizesIn } from "../graph/sizes"
import { instantiate, type Sizes } from "./instantiate"

export interface Replica {
  readonly sizes: Readonly<Record<string, number>>
  readonly graph: Graph
  /** Nothing had to be shrunk. */
  readonly asDeclared?: true
}

/** Networks up to this many trainable numbers are run as they are declared, if they are small in data, too. */
const smallModel = 60
const smallGraph = 4000
/** What a size nobody knows stands for at first. */
const symbolSize = 3
const batchSize = 4
const growthSteps = 40

/**
 * @param overrides sizes by name, taken as they are
 * @throws Error with the last obstacle when no size up to the declared ones fits
 */
export function chooseReplica(graph: Graph, variables: readonly SizeVariable[], overrides: Sizes = {}): Replica {
  const known = new Set(variables.map((v) => v.name))
  // Symbols the graph uses beside the size names: data axes and parameters that nothing reads.
  const loose = [...allSymbols(graph)]
    .filter((s) => !known.has(s))
    .map((name): SizeVariable => ({ name, declared: name, shrink: "free", minimum: 1 }))
  const all = [...variables, ...loose],
    data = new Set([...dataSizes(graph), ...walkedSizes(graph)]),
    leading = leadingSizes(graph)
  const declared = fitCounts(graph, all, declaredSizes(all, leading, overrides), overrides)
  if (countTrainable(graph, declared) <= smallModel) {
    const asDeclared = attempt(graph, declared)
    if (typeof asDeclared !== "string" && countCells(asDeclared.graph) <= smallGraph) return { ...asDeclared, asDeclared: true }
  }
  let obstacle = "no sizes"
  for (let grown = 0; grown <= growthSteps; grown++) {
    const sizes = shrinkSizes(all, leading, overrides),
      next: Record<string, number> = { ...sizes }
    for (const v of all) {
      // A batch of any size fits; only what convolutions and pools walk over can be too small.
      if (grown === 0 || v.shrink === "fixed" || v.name in overrides || leading.has(v.name)) continue
      // Spatial and other data sizes grow first and fastest; widths follow when that does not help.
      const extra = data.has(v.name) ? grown : Math.floor(grown / 8)
      next[v.name] = typeof v.declared === "number" ? Math.min(v.declared, sizes[v.name] + extra) : sizes[v.name] + extra
    }
    const fitted = fitCounts(graph, all, next, overrides),
      result = attempt(graph, fitted)
    if (typeof result === "string") obstacle = result
    else if (collapses(graph, fitted, declared) && grown < growthSteps) obstacle = "an axis shrinks to one"
    else return result
  }
  // Nothing small fits: larger and larger shares of the declared sizes, of which the whole always does.
  for (const share of [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]) {
    const result = attempt(graph, fitCounts(graph, all, towardsDeclared(all, declared, leading, overrides, share), overrides))
    if (typeof result === "string") obstacle = result
    else if (countCells(result.graph) <= 50 * smallGraph) return result
    else obstacle = "no small sizes fit"
  }
  // Code that fits one sample only, or one step: what nobody knows is one.
  const ones = { ...shrinkSizes(all, leading, overrides), ...symbolsAsOne(all, overrides) },
    single = attempt(graph, fitCounts(graph, all, ones, overrides))
  if (typeof single !== "string") return single
  throw new Error(`replica: ${obstacle}`)
}

const symbolsAsOne = (variables: readonly SizeVariable[], overrides: Sizes): Record<string, number> =>
  Object.fromEntries(variables.flatMap((v) => (typeof v.declared === "string" && !(v.name in overrides) ? [[v.name, Math.max(1, v.minimum)]] : [])))

function towardsDeclared(
  variables: readonly SizeVariable[],
  declared: Readonly<Record<string, number>>,
  leading: ReadonlySet<string>,
  overrides: Sizes,
  share: number,
): Record<string, number> {
  const small = shrinkSizes(variables, leading, overrides)
  const between = (name: string): number => Math.ceil(small[name] + share * Math.max(0, declared[name] - small[name]))
  return Object.fromEntries(variables.map(({ name }) => [name, between(name)]))
}

/** Tables that are read by counting have a row for every count. */
function fitCounts(graph: Graph, variables: readonly SizeVariable[], sizes: Sizes, overrides: Sizes): Record<string, number> {
  const free = new Set(variables.filter((v) => v.shrink === "free" && !(v.name in overrides)).map((v) => v.name)),
    fitted = { ...sizes }
  for (const { op, operands } of graph.nodes) {
    if (op.kind !== "gather") continue
    const rows = graph.nodes[operands[0]].shape[op.axis],
      count = countOf(graph, operands[1])
    if (typeof rows !== "string" || !free.has(rows) || count === null) continue
    fitted[rows] = Math.max(fitted[rows], sizeAt(count, fitted))
  }
  return fitted
}

/** How many integers from zero a node counts, or null. */
function countOf(graph: Graph, id: number): Dim | null {
  const { op, operands, shape } = graph.nodes[id]
  if (op.kind === "constant") return op.value.kind === "range" && op.value.start === 0 && op.value.step === 1 ? shape[0] : null
  return op.kind === "reshape" || op.kind === "broadcast" || op.kind === "tile" ? countOf(graph, operands[0]) : null
}

/** A size where it can be had, else 0. */
function sizeAt(d: Dim, at: Sizes): number {
  try {
    return evaluateDim(d, at)
  } catch {
    return 0
  }
}

function attempt(graph: Graph, sizes: Record<string, number>): Replica | string {
  try {
    return { sizes, graph: instantiate(graph, sizes) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function declaredSizes(variables: readonly SizeVariable[], leading: ReadonlySet<string>, overrides: Sizes): Record<string, number> {
  return Object.fromEntries(
    variables.map((v) => [v.name, overrides[v.name] ?? (typeof v.declared === "number" ? v.declared : unknownSize(v, leading))]),
  )
}

const unknownSize = (v: SizeVariable, leading: ReadonlySet<string>): number => Math.max(v.minimum, leading.has(v.name) ? batchSize : symbolSize)

/** Distinct declared values, in order, become the smallest whole numbers that respect every minimum. */
function shrinkSizes(variables: readonly SizeVariable[], leading: ReadonlySet<string>, overrides: Sizes): Record<string, number> {
  const sizes: Record<string, number> = {},
    free = variables.filter((v) => v.shrink === "free" && typeof v.declared === "number" && !leading.has(v.name))
  const values = [...new Set(free.map((v) => Number(v.declared)))].sort((a, b) => a - b)
  let last = 1
  for (const value of values) {
    const group = free.filter((v) => v.declared === value),
      least = Math.max(...group.map((v) => v.minimum))
    const size = value <= 1 ? value : Math.min(value, Math.max(last + 1, least, 2))
    for (const v of group) sizes[v.name] = size
    last = Math.max(last, size)
  }
  for (const v of variables) {
    if (typeof v.declared !== "number") sizes[v.name] ??= unknownSize(v, leading)
    else sizes[v.name] ??= v.shrink === "free" ? Math.min(v.declared, unknownSize(v, leading)) : v.declared
  }
  return { ...sizes, ...Object.fromEntries(variables.filter((v) => v.name in overrides).map((v) => [v.name, overrides[v.name]])) }
}

/** Norms over two entries are signs, and over one nothing. */
const leastNormalized = 3

/** True when an axis longer than one at the declared sizes has length one here, or a normalized one is too short: another network. */
function collapses(graph: Graph, sizes: Sizes, declared: Sizes): boolean {
  const shorter = (d: Dim, least: number): boolean => typeof d === "string" && sizeAt(d, sizes) < Math.min(least, sizeAt(d, declared))
  const extents = new Set<Dim>(),
    normalized = new Set<Dim>()
  for (const { op, operands, shape } of graph.nodes) {
    for (const d of shape) extents.add(d)
    const divisor = op.kind === "binary" && op.fn === "divide" ? graph.nodes[operands[1]] : null,
      isShare = divisor !== null && divisor.op.kind === "reduce" && divisor.operands[0] === operands[0]
    const sum = isShare && divisor.op.kind === "reduce" ? divisor.op.axes : []
    const axes = op.kind === "softmax" ? [op.axis] : op.kind === "normalize" ? op.axes : sum
    if (axes.length > 0) normalized.add(axes.map((a) => graph.nodes[operands[0]].shape[a]).reduce(multiplyDim, 1))
  }
  return [...extents].some((d) => shorter(d, 2)) || [...normalized].some((d) => shorter(d, leastNormalized))
}

/** The symbols of all shapes and of the sizes that operations mention. */
export function allSymbols(graph: Graph): ReadonlySet<string> {
  const found = new Set<string>(),
    shapes = [...graph.nodes.map((n) => n.shape), ...graph.parameters.map((p) => p.shape)]
  for (const d of new Set(shapes.flat())) for (const s of symbolsOf(d)) found.add(s)
  for (const { op } of graph.nodes) for (const d of sizesIn(op)) for (const s of symbolsOf(d)) found.add(s)
  return found
}

/** Size names that inputs have and parameters lack. */
function dataSizes(graph: Graph): ReadonlySet<string> {
  const held = new Set(graph.parameters.flatMap((p) => p.shape.flatMap(symbolsOf)))
  return new Set(graph.nodes.flatMap((n) => (n.op.kind === "input" ? n.shape.flatMap(symbolsOf) : [])).filter((s) => !held.has(s)))
}

/** Size names of what convolutions and pools walk over; a dense layer after them may hold them, too. */
function walkedSizes(graph: Graph): readonly string[] {
  return graph.nodes.flatMap(({ op, operands }) =>
    op.kind === "convolve" || op.kind === "pool" ? graph.nodes[operands[0]].shape.slice(1, -1).flatMap(symbolsOf) : [],
  )
}

/** Size names of the first axes of inputs, where no parameter has them: batches. They have no rank among the widths. */
function leadingSizes(graph: Graph): ReadonlySet<string> {
  const data = dataSizes(graph)
  return new Set(graph.nodes.flatMap((n) => (n.op.kind === "input" && n.shape.length > 1 ? symbolsOf(n.shape[0]) : [])).filter((s) => data.has(s)))
}

const product = (shape: readonly Dim[]): number => shape.reduce<number>((n, d) => n * Number(d), 1)
const countTrainable = ({ parameters }: Graph, sizes: Sizes): number =>
  parameters.reduce((n, p) => n + (p.trainable ? product(p.shape.map((d) => sizeAt(d, sizes))) : 0), 0)
const countCells = (graph: Graph): number => graph.nodes.reduce((n, node) => n + product(node.shape), 0)
