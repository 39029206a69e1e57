/**
 * @file Blocks for random networks beyond vectors: convolutions and pools of every stride, dilation and padding, images, bands, einsums of
 * unusual patterns, lookups that repeat, cuts with strides, paddings that mirror, mixtures, rotations, recurrences, low-rank updates, ties.
 * Each takes and gives tensors [batch, width].
 */
import type { NodeId } from "../../src/graph/graph"
import type { Padding } from "../../src/graph/op"
import { batch, binary, constant, einsum, fill, operand, pick, push, reduce, reshape, unary, weight, width, type Block, type Draft } from "./draft"

const widest = 6

/** Lays [batch, …] out as [batch, width], or averages an axis away where that is too wide. */
function flatten(draft: Draft, x: NodeId): NodeId {
  const shape = draft.builder.shape(x).map(Number), cells = shape.slice(1).reduce((a, b) => a * b, 1)
  if (shape.length === 2 && cells <= widest) return x
  if (cells <= widest && draft.random.uniform() < 0.7) return reshape(draft, x, [batch, cells])
  const fn = pick(draft.random, ["mean", "sum", "max", "min"] as const)
  return flatten(draft, shape.length > 2 ? reduce(draft, x, fn, [1 + draft.random.below(shape.length - 1)], false) : reduce(draft, x, fn, [1], true))
}

/** A signal [batch, length, channels], from data or from the features. */
function signal(draft: Draft): NodeId {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  if (random.uniform() < 0.4) return draft.builder.input(`signal${draft.values.length}`, [batch, 4 + random.below(2), 1 + random.below(2)], "real")
  return n % 2 === 0 && random.uniform() < 0.5 ? reshape(draft, x, [batch, n / 2, 2]) : reshape(draft, x, [batch, n, 1])
}

const paddings: readonly Padding[] = ["same", "valid", [[1, 0]], [[1, 1]], [[0, 1]]]

const convolution: Block = (draft) => {
  const { random } = draft, x = signal(draft), [, length, channels] = draft.builder.shape(x).map(Number)
  const variant = pick(random, ["standard", "standard", "depthwise", "transposed"] as const), size = 1 + random.below(Math.min(3, length))
  const strides = [1 + random.below(2)], dilations = [strides[0] === 1 && size > 1 && variant !== "transposed" ? 1 + random.below(2) : 1]
  if (1 + (size - 1) * dilations[0] > length) return null
  const padding = variant === "transposed" ? pick(random, ["same", "valid"] as const) : pick(random, paddings)
  const k = weight(draft, [size, channels, variant === "depthwise" ? 1 + random.below(2) : 2])
  if (k === null) return null
  const made = push(draft, { kind: "convolve", variant, strides, dilations, padding }, [x, k])
  const next = random.uniform() < 0.4 ? unary(draft, pick(random, ["relu", "tanh", "abs"] as const), made) : made
  return flatten(draft, random.uniform() < 0.3 ? (pooled(draft, next) ?? next) : next)
}

function pooled(draft: Draft, x: NodeId): NodeId | null {
  const { random } = draft, [, length] = draft.builder.shape(x).map(Number), window = [1 + random.below(3)], strides = [1 + random.below(3)]
  const padding = pick(random, paddings), fn = pick(random, ["max", "average"] as const)
  // A window of padding alone is the mean of nothing.
  const least = typeof padding === "string" ? 1 : 1 + Math.max(...padding[0])
  if ((padding !== "same" && window[0] > length) || window[0] < least) return null
  return push(draft, { kind: "pool", fn, window, strides, padding }, [x])
}

const pool: Block = (draft) => {
  const made = pooled(draft, signal(draft))
  return made === null ? null : flatten(draft, made)
}

/** An image of two by two, or three by three from data: filters, upsampling, the mean or the largest of every channel. */
const image: Block = (draft) => {
  const { random } = draft, x = operand(draft), small = width(draft, x) === 4 && random.uniform() < 0.6
  const pixels = small ? reshape(draft, x, [batch, 2, 2, 1]) : draft.builder.input(`image${draft.values.length}`, [batch, 3, 3, 1], "real")
  const wide = small && random.uniform() < 0.4 ? push(draft, { kind: "upsample", factors: [2, 1 + random.below(2)] }, [pixels]) : pixels
  const k = weight(draft, [2, 1 + random.below(2), 1, 2])
  if (k === null) return null
  const strides = [1 + random.below(2), 1], padding = pick(random, ["same", "valid"] as const)
  const variant = pick(random, ["standard", "depthwise"] as const)
  const made = push(draft, { kind: "convolve", variant, strides, dilations: [1, 1], padding }, [wide, k])
  const fn = pick(random, ["max", "average"] as const)
  const next = random.uniform() < 0.4 ? push(draft, { kind: "pool", fn, window: [2, 2], strides: [1, 2], padding: "same" }, [made]) : made
  return random.uniform() < 0.5 ? reduce(draft, next, pick(random, ["mean", "max"] as const), [1, 2], false) : flatten(draft, next)
}

const upsampled: Block = (draft) => flatten(draft, push(draft, { kind: "upsample", factors: [2] }, [signal(draft)]))

/** A band of a square weight, or of scores between rows. */
const band: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), lower = random.below(3) - 1, upper = random.below(3) - 1
  if (random.uniform() < 0.5) {
    const w = weight(draft, [n, n])
    return w === null ? null : einsum(draft, "bi,io->bo", x, push(draft, { kind: "bandPart", lower, upper }, [w]))
  }
  const scores = push(draft, { kind: "bandPart", lower, upper }, [einsum(draft, "bi,ci->bc", x, x)])
  return einsum(draft, "bc,ci->bi", scores, x)
}

/** Contractions of one and two operands in every pattern of kept, shared and summed letters. */
const contraction: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  const same = pick(random, draft.values.filter((v) => width(draft, v) === n))
  const withWeight = (equation: string, shape: readonly number[]): (() => NodeId | null) => () => {
    const w = weight(draft, shape)
    return w === null ? null : einsum(draft, equation, x, w)
  }
  const made = pick(random, [
    () => einsum(draft, "bi->b", x), () => einsum(draft, "bi->i", x), () => einsum(draft, "bi->ib", x), () => einsum(draft, "bi->", x),
    () => einsum(draft, "bi,bi->b", x, same), () => einsum(draft, "bi,bi->bi", x, same), () => einsum(draft, "bi,bj->bij", x, same),
    () => einsum(draft, "bi,bj->ij", x, same), () => einsum(draft, "bi,ci->bc", x, same), () => einsum(draft, "bi,ci->i", x, same),
    withWeight("bi,i->bi", [n]), withWeight("bi,i->b", [n]), withWeight("bi,o->bio", [2]), withWeight("bi,o->bo", [2]), withWeight("bi,->bi", []),
    withWeight("bi,io->bio", [n, 2]), withWeight("bi,oi->bo", [2, n]), withWeight("bi,io->o", [n, 2]), withWeight("bi,ijk->bjk", [n, 2, 2]),
    withWeight("bi,ijk->bj", [n, 2, 2]), withWeight("bi,bi->bi", [batch, n]), withWeight("bi,bo->bo", [batch, 2]),
  ])()
  if (made === null) return null
  const shape = draft.builder.shape(made).map(Number)
  const turned = shape.length === 2 && shape[0] === n && shape[1] === batch && n !== batch
  if (turned) return push(draft, { kind: "transpose", permutation: [1, 0] }, [made])
  if (shape[0] === batch) return shape.length === 1 ? reshape(draft, made, [batch, 1]) : flatten(draft, made)
  if (shape.length === 2) return shape[1] > widest ? null : einsum(draft, "bi,io->bo", x, made)
  return push(draft, { kind: "broadcast" }, [made], [batch, shape.length === 0 ? 1 : shape[0]])
}

/** x Wᵀ … y of three tensors: bilinear forms with a trained core. */
const bilinear: Block = (draft) => {
  const x = operand(draft), y = operand(draft), w = weight(draft, [width(draft, x), width(draft, y), 1 + draft.random.below(2)])
  return w === null ? null : einsum(draft, "bjo,bj->bo", einsum(draft, "bi,ijo->bjo", x, w), y)
}

const integers = (draft: Draft, values: readonly number[]): NodeId => constant(draft, values, [values.length])

/** Lookups: repeated and reordered columns and rows of weights, by data, by counting, and one for every row of the batch. */
const lookup: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), name = `ids${draft.values.length}`
  const gather = (axis: number, batchAxes: number, from: NodeId, index: NodeId): NodeId =>
    push(draft, { kind: "gather", axis, batchAxes }, [from, index])
  const places = (count: number): number[] => Array.from({ length: 1 + random.below(3) }, () => random.below(count))
  const table = (rows: number): NodeId | null => weight(draft, [rows, 2])
  const kind = random.below(7)
  if (kind === 0) return gather(1, 0, x, integers(draft, places(n)))
  if (kind === 1) return flatten(draft, gather(1, 1, x, draft.builder.input(name, [batch, 2], "index", {}, n)))
  if (kind === 2) return gather(1, 0, x, push(draft, { kind: "constant", value: { kind: "range", start: 0, step: 1 } }, [], [n]))
  const rows = kind === 3 ? n : 4, t = table(rows)
  if (t === null) return null
  if (kind === 3) return einsum(draft, "bi,io->bo", x, gather(0, 0, t, integers(draft, Array.from({ length: n }, () => random.below(n)))))
  if (kind === 4) {
    const read = gather(0, 0, t, draft.builder.input(name, [batch, 3], "index", {}, 4))
    return flatten(draft, push(draft, { kind: "reverse", axes: [1] }, [read]))
  }
  if (kind === 5) {
    const hot = push(draft, { kind: "oneHot", depth: 4 }, [draft.builder.input(name, [batch], "index", {}, 4)])
    return einsum(draft, "bv,vo->bo", hot, t)
  }
  return flatten(draft, gather(0, 0, t, draft.builder.input(name, [batch, 2], "index", {}, 4)))
}

/** Cuts with strides, from the end too, and weights that are cut in pieces: fused kernels. */
const cut: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), stride = 2 + random.below(2), begin = random.below(Math.min(stride, n))
  const count = Math.ceil((n - begin) / stride)
  if (random.uniform() < 0.4) return push(draft, { kind: "slice", begin: [0, begin], strides: [1, stride] }, [x], [batch, count])
  const w = weight(draft, [n, 4])
  if (w === null) return null
  const interleaved = random.uniform() < 0.4, piece = (at: number): NodeId =>
    push(draft, { kind: "slice", begin: [0, interleaved ? at : 2 * at], strides: [1, interleaved ? 2 : 1] }, [made], [batch, 2])
  const made = einsum(draft, "bi,io->bo", x, w)
  const fn = pick(random, ["multiply", "add", "subtract", "maximum"] as const), gate = pick(random, ["relu", "sigmoid", "neg"] as const)
  return binary(draft, fn, piece(0), unary(draft, gate, piece(1)))
}

/** Paddings that mirror, repetitions of rows, pieces put together again, also along the batch. */
const arrange: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), y = operand(draft)
  const made = pick(random, [
    () => (n > 1 ? push(draft, { kind: "pad", before: [0, 1], after: [0, random.below(2)], mode: "reflect", value: 0 }, [x]) : x),
    () => push(draft, { kind: "pad", before: [0, random.below(2)], after: [0, 1], mode: "symmetric", value: 0 }, [x]),
    () => push(draft, { kind: "pad", before: [0, 2], after: [0, 0], mode: "constant", value: pick(random, [0, 1, -1]) }, [x]),
    () => push(draft, { kind: "concat", axis: 1 }, [x, y, x]),
    () => {
      const both = push(draft, { kind: "concat", axis: 0 }, [x, unary(draft, "neg", x)])
      return push(draft, { kind: "slice", begin: [batch - 2, 0], strides: [1, 1] }, [both], [batch, n])
    },
    () => push(draft, { kind: "reverse", axes: [random.below(2)] }, [x]),
    () => push(draft, { kind: "cumsum", axis: random.below(2), exclusive: random.uniform() < 0.5, reverse: random.uniform() < 0.5 }, [x]),
    () => push(draft, { kind: "softmax", axis: 0, log: random.uniform() < 0.5 }, [x]),
    () => push(draft, { kind: "slice", begin: [1, 0], strides: [1, 1] }, [push(draft, { kind: "tile", repeats: [2, 1] }, [x])], [batch, n]),
    () => reshape(draft, push(draft, { kind: "transpose", permutation: [1, 0] }, [x]), [batch, n]),
  ])()
  return width(draft, made) > widest ? null : made
}

/** Experts: a gate over all, over the largest, renormalized or not, by masks or by the selected values. */
const mixture: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), experts = 3, gate = weight(draft, [n, experts])
  const w = gate === null ? null : weight(draft, [experts, 2])
  if (gate === null || w === null) return null
  const logits = einsum(draft, "bi,ie->be", x, gate), k = 1 + random.below(experts)
  const shares = pick(random, [
    (z: NodeId) => push(draft, { kind: "softmax", axis: 1, log: false }, [z]),
    (z: NodeId) => unary(draft, "sigmoid", z),
    (z: NodeId) => unary(draft, "relu", z),
  ])
  const hot = (z: NodeId): NodeId => {
    const chosen = push(draft, { kind: "topK", k, output: "indices" }, [z])
    return reduce(draft, push(draft, { kind: "oneHot", depth: experts }, [chosen]), "sum", [1], false)
  }
  const renormalize = (s: NodeId): NodeId => binary(draft, "divide", s, reduce(draft, s, "sum", [1], true))
  const g = pick(random, [
    () => shares(logits),
    () => binary(draft, "multiply", shares(logits), hot(logits)),
    () => renormalize(binary(draft, "multiply", shares(logits), hot(logits))),
    () => shares(push(draft, { kind: "select" }, [binary(draft, "greater", hot(logits), fill(draft, 0.5)), logits, fill(draft, -1e9)])),
    () => renormalize(push(draft, { kind: "topK", k, output: "values" }, [shares(logits)])),
  ])()
  const used = width(draft, g)
  const made = used === experts ? einsum(draft, "be,eo->bo", g, w) : g
  return random.uniform() < 0.5 ? made : flatten(draft, einsum(draft, "be,bo->beo", g, made))
}

/** The lowest entry wins, or the highest: a mask without a gradient, here of the smallest along either axis. */
const extreme: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), fn = pick(random, ["max", "min"] as const)
  if (random.uniform() < 0.5) {
    return binary(draft, "multiply", x, push(draft, { kind: "oneHot", depth: n }, [push(draft, { kind: "argExtreme", fn, axis: 1 }, [x])]))
  }
  const hot = push(draft, { kind: "oneHot", depth: batch }, [push(draft, { kind: "argExtreme", fn, axis: 0 }, [x])])
  return binary(draft, "multiply", x, push(draft, { kind: "transpose", permutation: [1, 0] }, [hot]))
}

/** Pairs turned by known angles, as rotary positions are: halves or neighbors. */
const rotation: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  if (n % 2 !== 0) return null
  const angles = Array.from({ length: batch * (n / 2) }, (_, i) => (1 + (i % (n / 2))) * Math.floor(i / (n / 2)) * (random.uniform() < 0.1 ? 0 : 0.7))
  const table = (f: (angle: number) => number): NodeId => constant(draft, angles.map(f), [batch, n / 2])
  const neighbors = random.uniform() < 0.5
  const part = (at: number): NodeId =>
    push(draft, { kind: "slice", begin: [0, neighbors ? at : (at * n) / 2], strides: [1, neighbors ? 2 : 1] }, [x], [batch, n / 2])
  const [a, b, cos, sin] = [part(0), part(1), table(Math.cos), table(Math.sin)]
  const times = (p: NodeId, q: NodeId): NodeId => binary(draft, "multiply", p, q)
  const turned = [binary(draft, "subtract", times(a, cos), times(b, sin)), binary(draft, "add", times(a, sin), times(b, cos))]
  return push(draft, { kind: "concat", axis: 1 }, turned)
}

/** Two steps of a gated recurrence with shared weights. */
const gatedRecurrence: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), w = weight(draft, [n, 2]), u = weight(draft, [2, 2]), g = weight(draft, [n, 2])
  if (w === null || u === null || g === null) return null
  const fn = pick(random, ["tanh", "relu", "neg"] as const), squash = pick(random, ["sigmoid", "relu", "hardSigmoid"] as const)
  const gate = unary(draft, squash, einsum(draft, "bi,io->bo", x, g))
  const drive = einsum(draft, "bi,io->bo", x, w)
  const step = (state: NodeId): NodeId => {
    const made = unary(draft, fn, binary(draft, "add", drive, einsum(draft, "bi,io->bo", state, u)))
    const rest = binary(draft, "subtract", fill(draft, 1), gate)
    return binary(draft, "add", binary(draft, "multiply", gate, made), binary(draft, "multiply", rest, state))
  }
  return step(step(drive))
}

/** x·(W₀ + A·B) with a frozen W₀, or an update beside the layer. */
const lowRank: Block = (draft) => {
  const x = operand(draft), n = width(draft, x), a = weight(draft, [n, 1]), b = a === null ? null : weight(draft, [1, 2]), w = weight(draft, [n, 2])
  if (a === null || b === null || w === null) return null
  const still = push(draft, { kind: "stopGradient" }, [w]), update = einsum(draft, "ir,ro->io", a, b)
  if (draft.random.uniform() < 0.5) return einsum(draft, "bi,io->bo", x, binary(draft, "add", still, update))
  return binary(draft, "add", einsum(draft, "bi,io->bo", x, still), einsum(draft, "br,ro->bo", einsum(draft, "bi,ir->br", x, a), b))
}

/** The same two layers applied twice, as a shared model is. */
const shared: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), w = weight(draft, [n, n]), b = weight(draft, [n])
  if (w === null || b === null) return null
  const fn = pick(random, ["relu", "tanh", "neg", "abs"] as const)
  const apply = (v: NodeId): NodeId => unary(draft, fn, binary(draft, "add", einsum(draft, "bi,io->bo", v, w), b))
  const other = pick(random, draft.values.filter((v) => width(draft, v) === n))
  if (random.uniform() < 0.5) return apply(apply(x))
  return binary(draft, pick(random, ["subtract", "add", "multiply", "squaredDifference"] as const), apply(x), apply(other))
}

/** Weights as a tensor of their own, a row for all or a row for each: every operation meets values that no data is in. */
const weightRows: Block = (draft) => {
  const n = 2 + draft.random.below(2)
  if (draft.random.uniform() < 0.4) return weight(draft, [batch, n])
  const row = weight(draft, draft.random.uniform() < 0.5 ? [n] : [1, n])
  return row === null ? null : push(draft, { kind: "broadcast" }, [row], [batch, n])
}

/** A matrix with a gain for its rows, for its columns or for all, in whatever way: W∘g, W + r, max(W, c), W/s, g alone raised to W. */
const gainedMatrix: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), w = weight(draft, [n, 2])
  const g = w === null ? null : weight(draft, pick(random, [[n, 1], [1, 2], [2], [1, 1], [1], []]))
  if (w === null || g === null) return null
  const fn = pick(random, ["multiply", "multiply", "add", "subtract", "maximum", "minimum", "squaredDifference", "prelu"] as const)
  const inner = random.uniform() < 0.3 ? unary(draft, pick(random, ["exp", "abs", "square", "softplus", "relu"] as const), g) : g
  const made = random.uniform() < 0.2 ? binary(draft, "divide", w, unary(draft, "exp", inner)) : binary(draft, fn, w, inner)
  return einsum(draft, "bi,io->bo", x, random.uniform() < 0.3 ? unary(draft, pick(random, ["relu", "tanh", "neg"] as const), made) : made)
}

export const tensorBlocks: readonly Block[] = [
  convolution, convolution, convolution, pool, image, upsampled, band, contraction, contraction, contraction, bilinear, lookup, lookup, cut, cut,
  arrange, arrange, mixture, extreme, rotation, gatedRecurrence, lowRank, shared,
  weightRows, weightRows, gainedMatrix, gainedMatrix,
]
