/**
 * @file Unusual blocks for random networks: tensors of three axes, attention, lookups, pools, picks and masks, norms written by hand with every
 * mistake that leaves the shapes right. Each takes and gives tensors [batch, width].
 */
import type { NodeId } from "../../src/graph/graph"
import type { Op } from "../../src/graph/op"
import { batch, binary, constant, fill, operand, pick, push, reduce, reshape, weight, width, type Block, type Draft } from "./draft"

const normalize = (draft: Draft, x: NodeId, axes: readonly number[]): NodeId => {
  const center = draft.random.uniform() < 0.5
  return push(draft, { kind: "normalize", axes, center, measure: pick(draft.random, ["mean", "sum"] as const), epsilon: 0 }, [x])
}

/** A sequence of three tokens attends to itself; the tokens are averaged, the largest taken, or laid side by side. */
const selfAttention: Block = (draft) => {
  const { random } = draft, tokens = draft.builder.input(`tokens${draft.values.length}`, [batch, 3, 2], "real")
  const [q, k, v] = [weight(draft, [2, 2]), weight(draft, [2, 2]), weight(draft, [2, 2])]
  if (q === null || k === null || v === null) return null
  const read = (w: NodeId): NodeId => push(draft, { kind: "einsum", equation: "bti,io->bto" }, [tokens, w])
  const scores = push(draft, { kind: "einsum", equation: "bti,bui->btu" }, [read(q), read(k)])
  const masked = random.uniform() < 0.3 ? binary(draft, "add", scores, constant(draft, [0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], [3, 3])) : scores
  const shares = random.uniform() < 0.7 ? push(draft, { kind: "softmax", axis: random.uniform() < 0.7 ? 2 : 1, log: false }, [masked]) : scores
  const kept = random.uniform() < 0.2 ? push(draft, { kind: "dropout", rate: 0.5, sharedAxes: [] }, [shares]) : shares
  const made = push(draft, { kind: "einsum", equation: "btu,buo->bto" }, [kept, read(v)])
  const end = random.below(3)
  if (end === 0) return reduce(draft, made, "mean", [1], false)
  if (end === 1) return reduce(draft, made, "max", [1], false)
  return reshape(draft, made, [batch, 6])
}

/** Tokens looked up, positions added, and pooled. */
const embedding: Block = (draft) => {
  const { random } = draft, table = weight(draft, [4, 2]), positions = random.uniform() < 0.5 ? weight(draft, [3, 2]) : null
  if (table === null) return null
  const ids = draft.builder.input(`words${draft.values.length}`, [batch, 3], "index", {}, 4)
  const looked = push(draft, { kind: "gather", axis: 0, batchAxes: 0 }, [table, ids])
  const placed = positions === null ? looked : binary(draft, "add", looked, positions)
  // The mean over tokens that were centered over tokens is zero, and 0/0 would be near.
  if (random.uniform() < 0.4) return reduce(draft, normalize(draft, placed, [1]), "max", [1], false)
  return reduce(draft, placed, pick(random, ["mean", "max", "sum"] as const), [1], false)
}

/** [batch, 4] → [batch, 2, 2], an operation on one of the axes, perhaps a transpose, and back. */
const table: Block = (draft) => {
  const { random } = draft, x = operand(draft)
  if (width(draft, x) % 2 !== 0) return null
  const half = width(draft, x) / 2, axis = 1 + random.below(2)
  const folded = reshape(draft, x, random.uniform() < 0.5 ? [batch, 2, half] : [batch, half, 2])
  const ops: readonly (() => NodeId)[] = [
    () => push(draft, { kind: "softmax", axis, log: false }, [folded]),
    // Two entries normalize to ±1, and 0/0 is near.
    () => (Number(draft.builder.shape(folded)[axis]) > 2 ? normalize(draft, folded, [axis]) : half > 1 ? normalize(draft, folded, [1, 2]) : folded),
    () => push(draft, { kind: "cumsum", axis, exclusive: random.uniform() < 0.5, reverse: random.uniform() < 0.5 }, [folded]),
    () => push(draft, { kind: "reverse", axes: [axis] }, [folded]),
    () => binary(draft, pick(random, ["subtract", "multiply", "add"] as const), folded, reduce(draft, folded, "mean", [axis], true)),
    () => folded,
  ]
  const made = pick(random, ops)()
  const turned = random.uniform() < 0.5 ? push(draft, { kind: "transpose", permutation: [0, 2, 1] }, [made]) : made
  return reshape(draft, turned, [batch, width(draft, x)])
}

/** Entries picked, doubled, padded or chosen. */
const picks: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  const ops: readonly (() => NodeId)[] = [
    () => push(draft, { kind: "gather", axis: 1, batchAxes: 0 }, [x, indices(draft, [0, n - 1, 0].slice(0, 2 + random.below(2)))]),
    () => push(draft, { kind: "tile", repeats: [1, 2] }, [x]),
    () => push(draft, { kind: "pad", before: [0, random.below(2)], after: [0, 1], mode: "constant", value: random.below(2) }, [x]),
    () => push(draft, { kind: "slice", begin: [0, n > 1 ? random.below(2) : 0], strides: [1, 2] }, [x], [batch, Math.max(1, Math.floor(n / 2))]),
    () => push(draft, { kind: "topK", k: Math.min(2, n), output: "values" }, [x]),
    () => reduce(draft, x, pick(random, ["prod", "min", "max"] as const), [random.below(2)], true),
    () => push(draft, { kind: "einsum", equation: "bi,bj->bij" }, [x, x]),
  ]
  const made = pick(random, ops)(), shape = draft.builder.shape(made)
  const flat = shape.length === 3 ? reshape(draft, made, [batch, n * n]) : made
  const wide = Number(draft.builder.shape(flat)[0]) === batch ? flat : push(draft, { kind: "broadcast" }, [flat], [batch, n])
  return width(draft, wide) > 6 ? null : wide
}

const indices = (draft: Draft, values: readonly number[]): NodeId =>
  draft.builder.add({ kind: "constant", value: { kind: "data", values } }, [], {}, [values.length])

/** One of two tensors, by data, by a comparison, or by a fixed mask; or nothing in the other's place. */
const choices: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  const y = pick(random, draft.values.filter((v) => width(draft, v) === n))
  const mask = Array.from({ length: n }, (_, i) => (i === 0 ? 1 : random.below(2)))
  const ops: readonly (() => NodeId)[] = [
    () => push(draft, { kind: "select" }, [binary(draft, "greater", x, fill(draft, 0)), x, y]),
    () => push(draft, { kind: "select" }, [binary(draft, "greater", x, y), x, fill(draft, 0)]),
    () => push(draft, { kind: "select" }, [constant(draft, mask, [n]), x, fill(draft, -1e9)]),
    () => binary(draft, "multiply", x, constant(draft, mask, [n])),
    () => binary(draft, pick(random, ["divide", "minimum", "squaredDifference", "atan2"] as const), x, y),
    () => binary(draft, "prelu", x, y),
    () => push(draft, { kind: "dropout", rate: 0.5, sharedAxes: random.uniform() < 0.5 ? [] : [random.below(2)] }, [x]),
  ]
  return pick(random, ops)()
}

/** (x ∘ statistic)/√(statistic of squares), with the axes, the tensors and the operations drawn: mostly no norm, sometimes one. */
function deviate(draft: Draft, x: NodeId): NodeId {
  const { random } = draft, keepDims = random.uniform() < 0.7, axis = random.below(2)
  const line = (node: NodeId): NodeId => {
    const shape = draft.builder.shape(node)
    return shape.length === 1 && shape[0] !== draft.builder.shape(x)[1] ? reshape(draft, node, [Number(shape[0]), 1]) : node
  }
  const mean = line(reduce(draft, x, pick(random, ["mean", "mean", "sum", "max"] as const), [axis], keepDims))
  const moved = random.uniform() < 0.3 ? x : binary(draft, pick(random, ["subtract", "subtract", "subtract", "add", "multiply"] as const), x, mean)
  const measured = pick(random, [x, moved, moved, moved])
  const squares: Op = { kind: "unary", fn: pick(random, ["square", "square", "abs", "exp"] as const) }
  const along = random.uniform() < 0.8 ? axis : 1 - axis
  const spread = reduce(draft, push(draft, squares, [measured]), pick(random, ["mean", "sum"] as const), [along], keepDims)
  const root = push(draft, { kind: "unary", fn: pick(random, ["sqrt", "sqrt", "rsqrt", "log"] as const) }, [spread])
  const shape = draft.builder.shape(root).map(Number)
  const turned = random.uniform() < 0.2 && shape.length === 1 ? reshape(draft, root, [shape[0], 1]) : line(root)
  const fits = draft.builder.shape(turned).every((size, i, all) => size === 1 || size === draft.builder.shape(x)[i + 2 - all.length])
  return fits ? binary(draft, pick(random, ["divide", "divide", "multiply", "subtract"] as const), pick(random, [moved, moved, x]), turned) : moved
}

const norms: Block = (draft) => deviate(draft, operand(draft))

/** The same of a square weight, where rows and columns are easily taken for each other. */
const weightNorms: Block = (draft) => {
  const x = operand(draft), n = width(draft, x), w = weight(draft, [n, n])
  return w === null ? null : push(draft, { kind: "einsum", equation: "bi,io->bo" }, [x, deviate(draft, w)])
}

/** x·(W ± Wᵀ), x·W·W, or a vector of weights spread over the batch. */
const folded: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), w = weight(draft, [n, n])
  if (w === null) return null
  const times = (a: NodeId, b: NodeId): NodeId => push(draft, { kind: "einsum", equation: "bi,io->bo" }, [a, b])
  const kind = random.below(4)
  if (kind === 0) return times(times(x, w), w)
  if (kind === 1) return times(x, push(draft, { kind: "einsum", equation: "ij,kj->ik" }, [w, w]))
  const turned = push(draft, { kind: "transpose", permutation: [1, 0] }, [w])
  return times(x, binary(draft, kind === 2 ? "add" : "subtract", w, turned))
}

/** Two channels over three cells, convolved and pooled. */
const channels: Block = (draft) => {
  const { random } = draft, signal = draft.builder.input(`signal${draft.values.length}`, [batch, 4, 1], "real")
  const k = weight(draft, [2, 1, 2]), depth = random.uniform() < 0.5
  const l = k === null ? null : weight(draft, depth ? [2, 2, 1] : [1, 2, 2])
  if (k === null || l === null) return null
  const convolve = (x: NodeId, w: NodeId, variant: "standard" | "depthwise", padding: "same" | "valid"): NodeId =>
    push(draft, { kind: "convolve", variant, strides: [1], dilations: [1], padding }, [x, w])
  const first = convolve(signal, k, "standard", pick(random, ["same", "valid"] as const))
  const between = random.uniform() < 0.5 ? push(draft, { kind: "unary", fn: "relu" }, [first]) : first
  const fn = pick(random, ["max", "average"] as const)
  const pooled = random.uniform() < 0.5 ? push(draft, { kind: "pool", fn, window: [2], strides: [1], padding: "valid" }, [between]) : between
  return reduce(draft, convolve(pooled, l, depth ? "depthwise" : "standard", "same"), pick(random, ["mean", "max"] as const), [1], false)
}

export const unusualBlocks: readonly Block[] = [
  selfAttention, selfAttention, embedding, embedding, table, table, picks, picks, choices, choices, norms, norms, weightNorms, folded, channels,
]
