/** @file tfjs's elementwise ops as graph ops: one argument, two arguments, and those with parameters of their own. */
import type { BinaryFunction, UnaryFunction } from "../../graph/op"
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue } from "../value"
import { binary, emit, numberAt, shape, tensorAt, textAt, unary } from "./call"
import { fillOf } from "../value"
import { forgetFloat, rememberWidened } from "./indexType"
import { Unreadable } from "../context"

const plainUnary: readonly UnaryFunction[] = [
  "neg",
  "abs",
  "sign",
  "relu",
  "relu6",
  "selu",
  "sigmoid",
  "logSigmoid",
  "tanh",
  "softplus",
  "exp",
  "expm1",
  "log",
  "log1p",
  "sqrt",
  "rsqrt",
  "square",
  "reciprocal",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "floor",
  "ceil",
  "round",
  "isNaN",
  "isFinite",
  "isInf",
  "logicalNot",
]

/** tfjs name to graph function, both operands broadcasting. */
const plainBinary: Readonly<Record<string, BinaryFunction>> = {
  add: "add",
  sub: "subtract",
  mul: "multiply",
  div: "divide",
  divNoNan: "divideNoNan",
  floorDiv: "floorDivide",
  maximum: "maximum",
  minimum: "minimum",
  mod: "mod",
  squaredDifference: "squaredDifference",
  atan2: "atan2",
  equal: "equal",
  notEqual: "notEqual",
  greater: "greater",
  greaterEqual: "greaterEqual",
  less: "less",
  lessEqual: "lessEqual",
  logicalAnd: "logicalAnd",
  logicalOr: "logicalOr",
  logicalXor: "logicalXor",
}

function emitPower(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    exponent = tensorAt(call, 1),
    known = fillOf(exponent)
  // x^1 is x and x² has its own function; a fill that is broader than x still broadcasts.
  if (known === null || shape(call, exponent).some((d) => d !== 1)) return binary(call, "power", x, exponent)
  if (known === 1) return x
  return known === 2 ? unary(call, "square", x) : unary(call, "powConstant", x, [known])
}

/**
 * Between kinds of numbers nothing changes for data. tfjs passes the gradient of a cast straight through, also to whole numbers and truth
 * values, so a cast of something that depends on weights is a function nothing is known about.
 */
export function emitCast(call: OpCall, x: TensorValue, dtype: string): TensorValue {
  const toBool = dtype === "bool" && x.dtype !== "bool"
  if (!toBool && (dtype !== "int32" || x.dtype !== "float")) return x
  if (!fromDataOnly(x)) {
    const op = { kind: "opaque", what: `a cast to ${dtype}`, reason: "its gradient passes although its value is cut off" } as const
    return emit(call, op, [x], shape(call, x), toBool ? "bool" : "int")
  }
  if (toBool) return binary(call, "notEqual", x, emit(call, { kind: "constant", value: { kind: "fill", value: 0 } }, [], []))
  return truncated(call, x)
}

/** Data towards zero; what comes in as a whole is taken to be whole already. */
function truncated(call: OpCall, x: TensorValue): TensorValue {
  if (x.source.kind === "input") return x
  if (x.source.kind !== "op") return x
  const { op } = x.source
  if (op.kind === "constant") {
    const { value } = op, own = shape(call, x)
    if (value.kind === "fill") return emit(call, { kind: "constant", value: { kind: "fill", value: Math.trunc(value.value) } }, [], own, "int")
    if (value.kind === "data") return emit(call, { kind: "constant", value: { kind: "data", values: value.values.map(Math.trunc) } }, [], own, "int")
    const whole = value.kind === "range" && Number.isInteger(value.start) && Number.isInteger(value.step)
    if (whole || value.kind === "eye" || value.kind === "unknown") return x
  }
  if (isWhole(x)) return x
  const size = unary(call, "floor", unary(call, "abs", x))
  return binary(call, "multiply", unary(call, "sign", x), size)
}

/** Whether a tensor of data holds whole numbers for certain, or is an input that its use as indices makes whole. */
function isWhole(x: TensorValue): boolean {
  if (x.dtype !== "float" || x.source.kind === "input") return true
  if (x.source.kind !== "op") return false
  const { op, operands } = x.source
  switch (op.kind) {
    case "reshape":
    case "slice":
    case "transpose":
    case "broadcast":
    case "tile":
    case "concat":
    case "reverse":
      return operands.every(isWhole)
    case "unary":
      return op.fn === "floor" || op.fn === "round" || op.fn === "ceil" || op.fn === "sign"
    default:
      return false
  }
}

/** Whether no weight is behind a tensor. */
function fromDataOnly(x: TensorValue): boolean {
  const seen = new Set<TensorValue>([x])
  for (const t of seen) {
    if (t.source.kind === "weight") return false
    if (t.source.kind === "op") t.source.operands.forEach((operand) => seen.add(operand))
  }
  return true
}

function emitClip(call: OpCall): TensorValue {
  return unary(call, "clip", tensorAt(call, 0), [numberAt(call, 1, -Infinity), numberAt(call, 2, Infinity)])
}

const special: Readonly<Record<string, OpEmitter>> = {
  pow: emitPower,
  leakyRelu: (call) => unary(call, "leakyRelu", tensorAt(call, 0), [numberAt(call, 1, 0.2)]),
  elu: (call) => unary(call, "elu", tensorAt(call, 0), [1]),
  step: (call) => unary(call, "step", tensorAt(call, 0), [numberAt(call, 1, 0)]),
  clipByValue: emitClip,
  prelu: (call) => binary(call, "prelu", tensorAt(call, 0), tensorAt(call, 1)),
  cast: (call) => forgetFloat(emitCast(call, tensorAt(call, 0), textAt(call, 1, "float32"))),
  asType: (call) => forgetFloat(emitCast(call, tensorAt(call, 0), textAt(call, 1, "float32"))),
  toFloat: (call) => tensorAt(call, 0),
  toInt: (call) => forgetFloat(emitCast(call, tensorAt(call, 0), "int32")),
  toBool: (call) => forgetFloat(emitCast(call, tensorAt(call, 0), "bool")),
  where: (call) => emit(call, { kind: "select" }, [tensorAt(call, 0), tensorAt(call, 1), tensorAt(call, 2)]),
  addN: (call) => {
    const list = call.args[0]
    if (list?.kind !== "array" || list.items.length === 0) throw new Unreadable("the list of tensors is not known")
    return list.items.map((_, i) => tensorAt({ ...call, args: list.items }, i)).reduce((a, b) => binary(call, "add", a, b))
  },
}

export const elementwiseOps: Readonly<Record<string, OpEmitter>> = {
  ...Object.fromEntries(plainUnary.map((fn): [string, OpEmitter] => [fn, (call) => unary(call, fn, tensorAt(call, 0))])),
  ...Object.fromEntries(
    Object.entries(plainBinary).map(([name, fn]): [string, OpEmitter] => [
      name,
      (call) => rememberWidened(call, binary(call, fn, tensorAt(call, 0), tensorAt(call, 1))),
    ]),
  ),
  ...special,
}
