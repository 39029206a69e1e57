/**
 * @file Small random networks as graphs, for checking derived laws against what numbers say. Blocks are drawn from what people build, but put
 * together as nobody would: shared weights, streams read twice, norms in odd places, gates, splits. The same seed gives the same network.
 */
import { GraphBuilder } from "../../src/graph/build"
import type { Graph, NodeId } from "../../src/graph/graph"
import { appendLoss } from "../../src/graph/loss"
import type { Op, UnaryFunction } from "../../src/graph/op"
import { batch, operand, pick, push, start, weight, width, type Block, type Draft } from "./draft"
import { seededRandom } from "./random"
import { unusualBlocks } from "./randomBlocks"
import { elementwiseBlocks } from "./randomElementwise"
import { tensorBlocks } from "./randomTensors"

const activations: readonly UnaryFunction[] = ["relu", "relu", "abs", "tanh", "sigmoid", "geluTanh", "square", "exp", "sin", "softplus", "neg"]

const dense: Block = (draft) => {
  const x = operand(draft), w = weight(draft, [width(draft, x), 2 + draft.random.below(2)])
  return w === null ? null : push(draft, { kind: "einsum", equation: "bi,io->bo" }, [x, w])
}

/** x·Wᵀ with a weight that is there already: ties. */
const transposedDense: Block = (draft) => {
  const x = operand(draft), fitting = draft.parameters.filter((p) => p.shape.length === 2 && p.shape[1] === width(draft, x))
  if (fitting.length === 0) return null
  return push(draft, { kind: "einsum", equation: "bo,io->bi" }, [x, draft.builder.parameterNode(pick(draft.random, fitting).index)])
}

const activation: Block = (draft) => push(draft, { kind: "unary", fn: pick(draft.random, activations) }, [operand(draft)])

const withVector = (fn: "add" | "multiply"): Block => (draft) => {
  const x = operand(draft), b = weight(draft, [draft.random.uniform() < 0.2 ? 1 : width(draft, x)])
  return b === null ? null : push(draft, { kind: "binary", fn }, [x, b])
}

/** x·(1 + γ) */
const offsetGain: Block = (draft) => {
  const x = operand(draft), g = weight(draft, [width(draft, x)])
  if (g === null) return null
  const one = push(draft, { kind: "constant", value: { kind: "fill", value: 1 } }, [], [])
  return push(draft, { kind: "binary", fn: "multiply" }, [x, push(draft, { kind: "binary", fn: "add" }, [g, one])])
}

const pair = (fn: "add" | "multiply" | "maximum" | "subtract"): Block => (draft) => {
  const x = operand(draft), others = draft.values.filter((v) => v !== x && width(draft, v) === width(draft, x))
  return others.length === 0 ? null : push(draft, { kind: "binary", fn }, [x, pick(draft.random, others)])
}

const softmax: Block = (draft) => push(draft, { kind: "softmax", axis: 1, log: draft.random.uniform() < 0.3 }, [operand(draft)])

const normalize = (axis: number): Block => (draft) => {
  const x = operand(draft), center = draft.random.uniform() < 0.6
  return width(draft, x) < 3 && axis === 1 ? null : push(draft, { kind: "normalize", axes: [axis], center, measure: "mean", epsilon: 0 }, [x])
}

const concat: Block = (draft) => {
  const x = operand(draft), y = operand(draft)
  return width(draft, x) + width(draft, y) > 5 ? null : push(draft, { kind: "concat", axis: 1 }, [x, y])
}

const half: Block = (draft) => {
  const x = operand(draft), n = width(draft, x)
  if (n < 3) return null
  const begin = draft.random.below(2), size = n - 1
  return push(draft, { kind: "slice", begin: [0, begin], strides: [1, 1] }, [x], [batch, size])
}

/** [batch, 2n] → [batch, n, 2] → sum or maximum over the pairs. */
const foldPairs: Block = (draft) => {
  const x = operand(draft), n = width(draft, x)
  if (n % 2 !== 0 || n < 4) return null
  const pairs = push(draft, { kind: "reshape" }, [x], [batch, n / 2, 2])
  return push(draft, { kind: "reduce", fn: draft.random.uniform() < 0.5 ? "sum" : "max", axes: [2], keepDims: false }, [pairs])
}

/** Rows attend to rows: softmax(x xᵀ) y, or without the softmax. */
const attend: Block = (draft) => {
  const q = operand(draft), same = draft.values.filter((v) => width(draft, v) === width(draft, q)), v = operand(draft)
  const scores = push(draft, { kind: "einsum", equation: "bi,ci->bc" }, [q, pick(draft.random, same)])
  const weights = draft.random.uniform() < 0.7 ? push(draft, { kind: "softmax", axis: 1, log: false }, [scores]) : scores
  return push(draft, { kind: "einsum", equation: "bc,ci->bi" }, [weights, v])
}

/** A mask of the largest entry, without a gradient. */
const gateByLargest: Block = (draft) => {
  const x = operand(draft), n = width(draft, x)
  const best = push(draft, { kind: "argExtreme", fn: "max", axis: 1 }, [x])
  const mask = push(draft, { kind: "oneHot", depth: n }, [best])
  return push(draft, { kind: "binary", fn: "multiply" }, [x, mask])
}

/** One entry of a tensor gates another tensor, as the experts of a mixture are. */
const gateByEntry: Block = (draft) => {
  const g = operand(draft), j = draft.random.below(width(draft, g))
  const entry = push(draft, { kind: "slice", begin: [0, j], strides: [1, 1] }, [g], [batch, 1])
  return push(draft, { kind: "binary", fn: "multiply" }, [operand(draft), entry])
}

/** x over its sum, its maximum taken off, or its logarithmic sum of exponentials: what people write by hand. */
const byReduction: Block = (draft) => {
  const x = operand(draft), fn = pick(draft.random, ["sum", "mean", "max"] as const)
  const reduced = push(draft, { kind: "reduce", fn, axes: [1], keepDims: true }, [x])
  return push(draft, { kind: "binary", fn: pick(draft.random, ["subtract", "subtract", "divide", "multiply"] as const) }, [x, reduced])
}

/** A different matrix for each half of the features. */
const perHead: Block = (draft) => {
  const x = operand(draft), n = width(draft, x)
  if (n % 2 !== 0) return null
  const w = weight(draft, [2, n / 2, 2])
  if (w === null) return null
  const heads = push(draft, { kind: "reshape" }, [x], [batch, 2, n / 2])
  return push(draft, { kind: "reshape" }, [push(draft, { kind: "einsum", equation: "bhi,hio->bho" }, [heads, w])], [batch, 4])
}

/** The features as a signal of one channel, two filters of width two, flattened or pooled. */
const convolution: Block = (draft) => {
  const x = operand(draft), n = width(draft, x)
  const k = n < 3 ? null : weight(draft, [2, 1, 2])
  if (k === null) return null
  const signal = push(draft, { kind: "reshape" }, [x], [batch, n, 1])
  const channels = push(draft, { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "valid" }, [signal, k])
  const pool = draft.random.uniform() < 0.5
  if (pool) return push(draft, { kind: "reduce", fn: pick(draft.random, ["mean", "max"] as const), axes: [1], keepDims: false }, [channels])
  return push(draft, { kind: "reshape" }, [channels], [batch, 2 * (n - 1)])
}

/** Moves or picks features, or lets no gradient through. */
const rearrange: Block = (draft) => {
  const x = operand(draft), kind = draft.random.below(4)
  if (kind === 0) return push(draft, { kind: "reverse", axes: [1] }, [x])
  if (kind === 1) return push(draft, { kind: "cumsum", axis: 1, exclusive: false, reverse: false }, [x])
  if (kind === 2) {
    const still = push(draft, { kind: "stopGradient" }, [operandOf(draft, width(draft, x))])
    return push(draft, { kind: "binary", fn: "multiply" }, [x, still])
  }
  return push(draft, { kind: "unary", fn: "clip", parameters: [-1, 1] }, [x])
}

/** Two steps of a recurrence with the same two matrices. */
const recurrence: Block = (draft) => {
  const x = operand(draft), w = weight(draft, [width(draft, x), 2]), u = w === null ? null : weight(draft, [2, 2])
  if (w === null || u === null) return null
  const drive = push(draft, { kind: "einsum", equation: "bi,io->bo" }, [x, w]), fn = pick(draft.random, ["relu", "tanh", "neg"] as const)
  const step = (state: NodeId): NodeId => {
    const carried = push(draft, { kind: "einsum", equation: "bi,io->bo" }, [state, u])
    return push(draft, { kind: "unary", fn }, [push(draft, { kind: "binary", fn: "add" }, [drive, carried])])
  }
  return step(step(drive))
}

/** Rows of a table by an integer input of its own. */
const lookup: Block = (draft) => {
  const table = weight(draft, [3, 2])
  if (table === null) return null
  const ids = draft.builder.input(`ids${table}`, [batch], "index", {}, 3)
  return push(draft, { kind: "gather", axis: 0, batchAxes: 0 }, [table, ids])
}

/** A matrix that is normalized itself: weight norm, or attention between parameters. */
const normalizedWeight: Block = (draft) => {
  const x = operand(draft), w = weight(draft, [width(draft, x), 3])
  if (w === null) return null
  const axis = draft.random.below(2), kind = draft.random.below(2)
  const op: Op = kind === 0 ? { kind: "softmax", axis, log: false } : { kind: "normalize", axes: [axis], center: false, measure: "sum", epsilon: 0 }
  return push(draft, { kind: "einsum", equation: "bi,io->bo" }, [x, push(draft, op, [w])])
}

/** A product of two parameters, or their sum, used as one matrix. */
const composedWeight: Block = (draft) => {
  const x = operand(draft), n = width(draft, x), a = weight(draft, [n, 2])
  const b = a === null ? null : weight(draft, draft.random.uniform() < 0.5 ? [2] : [n, 2])
  if (a === null || b === null) return null
  const w = push(draft, { kind: "binary", fn: draft.random.uniform() < 0.5 ? "add" : "multiply" }, [a, b])
  return push(draft, { kind: "einsum", equation: "bi,io->bo" }, [x, w])
}

const operandOf = (draft: Draft, n: number): NodeId => pick(draft.random, draft.values.filter((v) => width(draft, v) === n))

const scaleByConstant: Block = (draft) => {
  const c = push(draft, { kind: "constant", value: { kind: "fill", value: 0.5 } }, [], [])
  return push(draft, { kind: "binary", fn: draft.random.uniform() < 0.5 ? "multiply" : "add" }, [operand(draft), c])
}

const blocks: readonly Block[] = [
  dense, dense, dense, dense, dense, transposedDense, activation, activation, activation,
  withVector("add"), withVector("add"), withVector("multiply"), offsetGain,
  pair("add"), pair("add"), pair("multiply"), pair("maximum"), pair("subtract"), softmax, normalize(1), normalize(0),
  concat, half, foldPairs, attend, gateByLargest, scaleByConstant,
  gateByEntry, gateByEntry, byReduction, byReduction, perHead, convolution, rearrange,
  recurrence, lookup, normalizedWeight, composedWeight,
]

/** What networks are drawn from: ordinary blocks; unusual ones, too; or mostly blocks that have every operation among them. */
export type Pool = "plain" | "wild" | "every"

/** Where the pool of a seed is not stated: every operation from ten million on, so that older seeds keep their networks. */
const poolOf = (seed: number): Pool => (seed >= 10_000_000 ? "every" : seed % 3 === 0 ? "plain" : "wild")

const everyBlock: readonly Block[] = [...elementwiseBlocks, ...tensorBlocks, ...unusualBlocks]

/**
 * A network of `steps` blocks or a few less, with at most 26 trained numbers and `extra` ones. All but plain ones have frozen parameters, those
 * of every operation sometimes a loss that is blind.
 */
export function randomGraph(seed: number, steps = 7, pool: Pool = "plain", extra = 0): Graph {
  const random = seededRandom(seed), builder = new GraphBuilder()
  const draft: Draft = {
    builder, random, values: [builder.input("x", [batch, 2 + random.below(2)], "real")], parameters: [], size: -extra, freezes: pool !== "plain",
  }
  const first = dense(draft)
  if (first !== null) draft.values.push(first)
  const unusual = pool === "every" ? everyBlock : unusualBlocks
  for (let tries = 0; draft.values.length < steps && tries < 3 * steps; tries++) {
    const made = pick(random, pool !== "plain" && random.uniform() < 0.6 ? unusual : blocks)(draft)
    if (made !== null) draft.values.push(made)
  }
  const graph = finishGraph(draft)
  if (pool !== "every" || random.uniform() < 0.8) return graph
  return appendLoss(graph, [{ name: pick(random, ["softmaxCrossEntropy", "cosineProximity", "meanSquaredError"]), place: { start, end: start } }])
}

/** The network of a seed of `npm run fuzz`. */
export const drawNetwork = (seed: number): Graph => randomGraph(seed, 4 + (seed % 7), poolOf(seed))

/** What nothing reads is an output, so that every parameter counts. */
function finishGraph({ builder, values }: Draft): Graph {
  const { nodes } = builder.finish([])
  const read = new Set(nodes.flatMap((node) => node.operands))
  return builder.finish(values.filter((id) => !read.has(id) && nodes[id].op.kind !== "input"))
}
