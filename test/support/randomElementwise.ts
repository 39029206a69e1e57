/**
 * @file Blocks for random networks, elementwise: every function of one and two arguments on its domain, comparisons and logic as gates, constants
 * of every kind, noise, masks from data, and gains and statistics that are frozen.
 */
import type { NodeId } from "../../src/graph/graph"
import type { BinaryFunction, UnaryFunction } from "../../src/graph/op"
import { batch, binary, einsum, fill, operand, pick, push, reduce, unary, weight, width, type Block, type Draft } from "./draft"

/** Where a function is smooth and finite. */
type Domain = "all" | "positive" | "above one" | "inside one"

/** Every function, with its domain and its parameters. Flat ones have no gradient and serve as gates. */
export const unaryDomains: Readonly<Record<UnaryFunction, readonly [domain: Domain, ...parameters: readonly number[]]>> = {
  neg: ["all"], abs: ["all"], sign: ["all"], relu: ["all"], relu6: ["all"], leakyRelu: ["all", 0.2], elu: ["all", 1], selu: ["all"],
  sigmoid: ["all"], hardSigmoid: ["all"], logSigmoid: ["all"], tanh: ["all"], softplus: ["all"], softsign: ["all"], gelu: ["all"],
  geluTanh: ["all"], silu: ["all"], mish: ["all"], hardSwish: ["all"], exp: ["all"], expm1: ["all"], log: ["positive"], log1p: ["positive"],
  sqrt: ["positive"], rsqrt: ["positive"], square: ["all"], reciprocal: ["positive"], powConstant: ["positive", 1.5], sin: ["all"], cos: ["all"],
  tan: ["inside one"], asin: ["inside one"], acos: ["inside one"], atan: ["all"], sinh: ["all"], cosh: ["all"], asinh: ["all"],
  acosh: ["above one"], atanh: ["inside one"], erf: ["all"], floor: ["all"], ceil: ["all"], round: ["all"], clip: ["all", -1, 1],
  thresholdedRelu: ["all", 1], reluMax: ["all", 2], step: ["all", 0.1], isNaN: ["all"], isFinite: ["all"], isInf: ["all"], logicalNot: ["all"],
}
const flat: ReadonlySet<UnaryFunction> = new Set(["sign", "floor", "ceil", "round", "step", "isNaN", "isFinite", "isInf", "logicalNot"])

/** Brings x into a domain, in one of several ways: some keep a degree, some keep nothing. */
function restrict(draft: Draft, x: NodeId, domain: Domain): NodeId {
  const { random } = draft
  const positive = (): NodeId => pick(random, [
    () => unary(draft, "exp", x), () => unary(draft, "abs", x), () => unary(draft, "square", x),
    () => binary(draft, "add", unary(draft, "square", x), fill(draft, 0.5)),
  ])()
  switch (domain) {
    case "all":
      return x
    case "positive":
      return positive()
    case "above one":
      return binary(draft, "add", positive(), fill(draft, 1.5))
    case "inside one":
      return binary(draft, "multiply", unary(draft, pick(random, ["tanh", "sin", "sigmoid"] as const), x), fill(draft, 0.9))
  }
}

const anyUnary: Block = (draft) => {
  const fn = pick(draft.random, Object.keys(unaryDomains) as UnaryFunction[]), [domain, ...parameters] = unaryDomains[fn]
  const x = operand(draft), made = unary(draft, fn, restrict(draft, x, domain), parameters)
  return flat.has(fn) ? binary(draft, "multiply", made, x) : made
}

/** A power that may be even, odd, negative or none of these. */
const anyPower: Block = (draft) => {
  const exponent = pick(draft.random, [2, 3, -1, 0.5, 1.5, -2, 0, 1])
  return unary(draft, "powConstant", restrict(draft, operand(draft), exponent === Math.abs(Math.round(exponent)) ? "all" : "positive"), [exponent])
}

const smoothPairs: readonly BinaryFunction[] = [
  "add", "subtract", "multiply", "divide", "divideNoNan", "maximum", "minimum", "power", "squaredDifference", "mod", "floorDivide", "atan2", "prelu",
]
const gates: readonly BinaryFunction[] = [
  "equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual", "logicalAnd", "logicalOr", "logicalXor",
]
export const binaryPool: readonly BinaryFunction[] = [...smoothPairs, ...gates]

/** A partner of the same width: another tensor, a vector of weights, one number, or one column. */
function partner(draft: Draft, x: NodeId): NodeId {
  const { random } = draft, n = width(draft, x), kind = random.below(4)
  const same = draft.values.filter((v) => width(draft, v) === n)
  if (kind === 0) return weight(draft, [random.uniform() < 0.3 ? 1 : n]) ?? fill(draft, 0.7)
  if (kind === 1) return fill(draft, pick(random, [0, 1, -2, 0.5]))
  if (kind === 2) return push(draft, { kind: "slice", begin: [0, random.below(n)], strides: [1, 1] }, [pick(random, same)], [batch, 1])
  return pick(random, same)
}

const anyBinary: Block = (draft) => {
  const { random } = draft, fn = pick(random, binaryPool), x = operand(draft), y = partner(draft, x)
  if (fn === "power") return binary(draft, fn, restrict(draft, x, "positive"), y)
  // Near zero a quotient is anything.
  if (fn === "divide") return binary(draft, fn, x, restrict(draft, y, random.uniform() < 0.5 ? "positive" : "above one"))
  if (smoothPairs.includes(fn)) return random.uniform() < 0.8 ? binary(draft, fn, x, y) : binary(draft, fn, y, x)
  const logical = fn.startsWith("logical"), bit = (v: NodeId): NodeId => (logical ? binary(draft, "greater", v, fill(draft, 0)) : v)
  return binary(draft, "multiply", binary(draft, fn, bit(x), bit(y)), pick(random, [x, y, x]))
}

/** where(condition, a, b) with the condition from data, from tensors, from constants, or from whole rows. */
const anySelect: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x)
  const rows = random.uniform() < 0.5 ? reduce(draft, binary(draft, "greater", x, fill(draft, 0)), pick(random, ["any", "all"] as const), [1], true)
    : reduce(draft, binary(draft, "less", x, fill(draft, 1)), pick(random, ["any", "all"] as const), [0], true)
  const condition = pick(random, [
    () => draft.builder.input(`mask${draft.values.length}`, [batch, n], "binary"),
    () => draft.builder.input(`rows${draft.values.length}`, [batch, 1], "binary"),
    () => rows,
    () => binary(draft, "lessEqual", x, partner(draft, x)),
  ])()
  const [a, b] = random.uniform() < 0.7 ? [x, partner(draft, x)] : [partner(draft, x), x]
  return push(draft, { kind: "select" }, [condition, a, b])
}

/** Constants: positions, the identity, values nobody knows, noise. */
const anyConstant: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), fn = pick(random, ["add", "multiply"] as const)
  const unknown = (shape: readonly number[]): NodeId => push(draft, { kind: "constant", value: { kind: "unknown", why: "data" } }, [], shape)
  const range = (start: number, step: number, count: number): NodeId =>
    push(draft, { kind: "constant", value: { kind: "range", start, step } }, [], [count])
  const noise = push(draft, { kind: "random", distribution: pick(random, ["normal", "uniform", "bernoulli"] as const) }, [], [batch, n])
  return pick(random, [
    () => binary(draft, fn, x, range(random.below(2), 1, n)),
    () => binary(draft, fn, x, unknown([n])),
    () => binary(draft, fn, x, unknown([])),
    () => einsum(draft, "bi,io->bo", x, unknown([n, 3])),
    () => einsum(draft, "bi,io->bo", x, push(draft, { kind: "constant", value: { kind: "eye" } }, [], [n, n])),
    () => binary(draft, fn, x, noise),
    () => binary(draft, fn, x, draft.builder.input(`extra${draft.values.length}`, [batch, n], "real")),
    () => binary(draft, fn, x, draft.builder.input(`bits${draft.values.length}`, [batch, n], "binary")),
  ])()
}

/** W + 1 on the diagonal, or W with a part that is known. */
const offsetMatrix: Block = (draft) => {
  const x = operand(draft), n = width(draft, x), w = weight(draft, [n, n])
  if (w === null) return null
  const offset = draft.random.uniform() < 0.6 ? push(draft, { kind: "constant", value: { kind: "eye" } }, [], [n, n]) : fill(draft, 0.5)
  return einsum(draft, "bi,io->bo", x, binary(draft, pick(draft.random, ["add", "subtract", "multiply"] as const), w, offset))
}

/** Batch normalization as in use: statistics are frozen, gain and shift are trained. */
const frozenNorm: Block = (draft) => {
  const x = operand(draft), n = width(draft, x), gain = weight(draft, [n]), shift = gain === null ? null : weight(draft, [n])
  if (gain === null || shift === null) return null
  const still = (): NodeId => push(draft, { kind: "stopGradient" }, [reduce(draft, draft.random.uniform() < 0.5 ? x : gain, "mean", [0], false)])
  const moved = binary(draft, "subtract", x, still())
  const scale = unary(draft, "rsqrt", binary(draft, "add", unary(draft, "square", still()), fill(draft, 0.1)))
  return binary(draft, "add", binary(draft, "multiply", binary(draft, "multiply", moved, scale), gain), shift)
}

/** A norm with ε, gain and shift: its scale is approximate and must not be counted. */
const affineNorm: Block = (draft) => {
  const { random } = draft, x = operand(draft), n = width(draft, x), gain = weight(draft, [n]), shift = gain === null ? null : weight(draft, [n])
  if (gain === null || n < 3) return null
  const axes = [random.below(2)], epsilon = pick(random, [0, 0.001, 1]), measure = pick(random, ["mean", "sum"] as const)
  const normed = push(draft, { kind: "normalize", axes, center: random.uniform() < 0.6, measure, epsilon }, [x])
  const scaled = binary(draft, "multiply", normed, gain)
  return shift === null ? scaled : binary(draft, "add", scaled, shift)
}

export const elementwiseBlocks: readonly Block[] = [
  anyUnary, anyUnary, anyUnary, anyPower, anyBinary, anyBinary, anyBinary, anySelect, anyConstant, anyConstant, offsetMatrix, frozenNorm, affineNorm,
]
