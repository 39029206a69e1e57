/** @file Tensors out of nothing: constants, ranges, random draws, variables; dropout and batch normalization, which bring their own. */
import type { ConstantValue } from "../../graph/op"
import type { Dim } from "../../schema/report"
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue, Value, Weight } from "../value"
import { absent, binary, dimAt, emit, labelOf, numberAt, shape, targetAt, tensorAt, unary } from "./call"
import { arrayOf, booleanIn, fillOf, itemOfList, numberIn, openParameter, stringIn, unknown } from "../value"
import { callee, NeedsTensor, siteAt, Unreadable } from "../context"
import { broadcastTo, constant, copyTensor, dimOf, nestedNumbers, reshape, tensorOf } from "../tensor"
import { divideDim, productOf, subtractDim } from "../../graph/dim"
import { makeWeight } from "../weight"
import { needRank } from "../rank"
import { rememberFloat } from "./indexType"
import { readTensor } from "../interpreter/readings"

const constantOf = (call: OpCall, value: ConstantValue, target: readonly Dim[], dtype: "float" | "int" = "float"): TensorValue =>
  emit(call, { kind: "constant", value }, [], target, dtype)

const isInt = (call: OpCall, i: number): "float" | "int" => (stringIn(call.args[i]) === "int32" ? "int" : "float")

function filled(value: number): OpEmitter {
  return (call) => constantOf(call, { kind: "fill", value }, targetAt(call, 0), isInt(call, 1))
}

/** tf.tensor(values, shape?, dtype?) and tensor1d … tensor6d; values nobody knows keep the shape where it is given. */
function emitTensor(call: OpCall, rank: number | null): TensorValue {
  const stated = absent(call, 1) || call.args[1].kind !== "array" ? null : targetAt(call, 1)
  const data = stated === null ? parameterData(call, rank) : null
  if (data !== null) return data
  const read = readTensor(call.context, call.args[0])
  if (read !== null) return stated === null ? read : reshape(call.context, read, stated, { at: call.at })
  const numbers = call.args[0] === undefined || isUncounted(call, call.args[0]) ? null : nestedNumbers(call.args[0])
  if (numbers !== null) {
    const target = stated ?? numbers.shape
    const same = numbers.values.every((v) => v === numbers.values[0])
    const value: ConstantValue =
      same && numbers.values.length > 0 ? { kind: "fill", value: numbers.values[0] } : { kind: "data", values: numbers.values }
    return constantOf(call, value, target, isInt(call, stated === null && call.args[1]?.kind === "primitive" ? 1 : 2))
  }
  if (call.args[0]?.kind === "array" && call.args[0].items.some((item) => item.kind === "tensor"))
    return tensorOf(call.context, call.args[0], { at: call.at })
  if (stated !== null) return constantOf(call, { kind: "unknown", why: "data" }, stated)
  const sizes = nestedSizes(call, call.args[0])
  if (sizes !== null && (rank === null || sizes.length === rank)) return constantOf(call, { kind: "unknown", why: "data" }, sizes)
  askForData(call, call.args[0])
  throw new Unreadable("the values of the tensor are not known")
}

/** The numbers that a network is handed: the parameter stands for the tensor that is made of them, alone or as the items of a list. */
function parameterData(call: OpCall, rank: number | null): TensorValue | null {
  let given: Value | undefined = call.args[0], depth = 0
  for (; given?.kind === "array" && given.items.length === 1; depth++) given = given.items[0]
  if (given?.kind !== "tensor" || given.source.kind !== "input") return null
  if (rank !== null) needRank(given, rank - depth)
  return tensorOf(call.context, call.args[0], { at: call.at })
}

/** Asks for a tensor in the place of a parameter that is only handed on to tf.tensor and its kin. */
function askForData({ context: { state } }: OpCall, value: Value | undefined): void {
  let given = value
  while (given?.kind === "array" && given.items.length === 1) given = given.items[0]
  if (given?.kind !== "unknown" || given.name === null || given.tensors.length > 0 || !given.properties.has(openParameter)) return
  if (state.loss !== null) return
  // What is used as a list as well stays one.
  const name = given.name.replace(/\$/g, "\\$&"), code = state.active.at(0)?.node.getText() ?? ""
  if (!new RegExp(`(?<![\\w$.])${name}\\s*(\\.|\\?\\.|\\[)|(\\bof\\s+|\\.\\.\\.)${name}(?![\\w$])`).test(code)) throw new NeedsTensor(given.name)
}

/** Lengths of nested lists whose items are not all known numbers; a length may be a size nobody states. */
function nestedSizes(call: OpCall, value: Value | undefined): readonly Dim[] | null {
  if (value?.kind === "unknown") {
    const length = value.properties.get("length"),
      item = value.properties.get(itemOfList)
    if (item === undefined || (length?.kind !== "dim" && numberIn(length) === null)) return null
    const rest = isList(item) ? nestedSizes(call, item) : []
    return rest === null ? null : [length?.kind === "dim" ? length.dim : (numberIn(length) ?? 0), ...rest]
  }
  if (value?.kind !== "array") return null
  const inner = value.items.map((item) => (isList(item) ? nestedSizes(call, item) : []))
  if (inner.some((sizes) => sizes === null || sizes.join() !== inner[0]?.join())) return null
  // What was filled from unknown data has a length nobody knows.
  const open = call.context.state.uncounted.get(value.items)
  return [open === undefined ? value.items.length : dimOf(call.context, open, "length"), ...(inner[0] ?? [])]
}

const isUncounted = (call: OpCall, value: Value): boolean => value.kind === "array" && call.context.state.uncounted.has(value.items)

const isList = (value: Value): boolean => value.kind === "array" || (value.kind === "unknown" && value.properties.has(itemOfList))

function random(distribution: "normal" | "uniform" | "bernoulli"): OpEmitter {
  return (call) => {
    const target = targetAt(call, 0)
    if (call.context.state.forward === 0) return constantOf(call, { kind: "unknown", why: "a random draw" }, target)
    const draw = emit(call, { kind: "random", distribution }, [], target)
    if (call.name === "rand") return draw
    // Mean and deviation of a normal draw, bounds of a uniform one.
    const mean = numberIn(call.args[1]) ?? 0,
      second = numberIn(call.args[2]) ?? 1
    const deviation = distribution === "uniform" ? second - mean : second
    const scaled = deviation === 1 ? draw : binary(call, "multiply", draw, constant(call.context, deviation, { at: call.at }))
    return mean === 0 ? scaled : binary(call, "add", scaled, constant(call.context, mean, { at: call.at }))
  }
}

/** Whole numbers from the first bound up to the second. */
function emitWholeDraw(call: OpCall): Value {
  const draw = random("uniform")(call)
  if (draw.kind !== "tensor") return draw
  return emit(call, { kind: "unary", fn: "floor" }, [draw], shape(call, draw), "int")
}

function emitRange(call: OpCall): TensorValue {
  const start = dimAt(call, 0, "start"),
    stop = dimAt(call, 1, "stop"),
    given = numberAt(call, 2, 1)
  const span = subtractDim(stop, start)
  // tfjs counts down where the step is left at 1 and the end lies below the start.
  const step = typeof span === "number" && span < 0 && given === 1 ? -1 : given
  const length = typeof span === "number" ? Math.max(0, Math.ceil(span / step)) : divideDim(span, step)
  if (length === null) throw new Unreadable("range: the length is not known")
  const value: ConstantValue = typeof start === "number" ? { kind: "range", start, step } : { kind: "unknown", why: "a range" }
  const made = constantOf(call, value, [length], isInt(call, 3))
  return absent(call, 3) ? rememberFloat(made, "tf.range without a type") : made
}

function emitLinspace(call: OpCall): TensorValue {
  const start = numberIn(call.args[0]),
    stop = numberIn(call.args[1]),
    count = dimAt(call, 2, "n")
  if (start !== null && count === 1) return constantOf(call, { kind: "fill", value: start }, [1])
  if (start === null || stop === null || typeof count !== "number")
    return constantOf(call, { kind: "unknown", why: "evenly spaced numbers" }, [count])
  return constantOf(call, { kind: "range", start, step: (stop - start) / (count - 1) }, [count])
}

function emitEye(call: OpCall): TensorValue {
  const rows = dimAt(call, 0, "n"),
    columns = absent(call, 1) ? rows : dimAt(call, 1, "n")
  const matrix = rectangularEye(call, rows, columns)
  if (absent(call, 2)) return matrix
  return broadcastTo(call.context, matrix, [...targetAt(call, 2), rows, columns], { at: call.at, label: "tf.eye" })
}

function rectangularEye(call: OpCall, rows: Dim, columns: Dim): TensorValue {
  if (rows === columns) return constantOf(call, { kind: "eye" }, [rows, rows])
  if (typeof rows !== "number" || typeof columns !== "number" || rows * columns > 100_000)
    return constantOf(call, { kind: "unknown", why: "a rectangular identity" }, [rows, columns])
  const values = Array.from({ length: rows * columns }, (_, i) => (Math.floor(i / columns) === i % columns ? 1 : 0))
  return constantOf(call, { kind: "data", values }, [rows, columns])
}

/** tf.variable(initial, trainable, name): only the shape and the kind of the initial value matter. */
function emitVariable(call: OpCall): Value {
  const first = call.args[0]
  if (first === undefined) throw new Unreadable("variable: the initial value is missing")
  if (first.kind === "unknown") return unknown(first.why, first.name, [first])
  const initial = tensorOf(call.context, first, { at: call.at })
  const tfName = stringIn(call.args[2])
  const tensor = makeWeight(call.context, {
    label: null,
    shape: shape(call, initial),
    place: callee(call.context, call.at),
    trainable: absent(call, 1) ? true : (booleanIn(call.args[1]) ?? true),
    ...(tfName === null ? {} : { weight: tfName }),
    ...initializerFrom(initial),
  })
  const site = siteAt(call.context, "weight", callee(call.context, call.at), labelOf(call))
  site.weights.add((tensor.source as { weight: Weight }).weight)
  return tensor
}

/** The kind of initial value, through scalings of it. */
function initializerFrom(initial: TensorValue): { initializer?: string } {
  const fill = fillOf(initial)
  if (fill !== null) return { initializer: fill === 0 ? "zeros" : fill === 1 ? "ones" : "constant" }
  if (initial.source.kind !== "op") return {}
  const { op, operands } = initial.source
  if (op.kind === "constant" && op.value.kind === "unknown" && op.value.why === "a random draw")
    return { initializer: initial.label === "tf.randomUniform" ? "randomUniform" : "randomNormal" }
  if (op.kind === "constant" && op.value.kind === "eye") return { initializer: "identity" }
  const scaled = op.kind === "binary" && (op.fn === "multiply" || op.fn === "divide")
  if (scaled && fillOf(operands[1]) !== null) return initializerFrom(operands[0])
  return scaled && op.fn === "multiply" && fillOf(operands[0]) !== null ? initializerFrom(operands[1]) : {}
}

/** tf.dropout(x, rate, noiseShape): axes where the noise has size 1 share their mask. */
function emitDropout(call: OpCall): TensorValue {
  const x = tensorAt(call, 0),
    own = shape(call, x),
    rate = numberIn(call.args[1])
  if (rate === 0) return x
  const noise = absent(call, 2) ? own : targetAt(call, 2)
  const sharedAxes = own.flatMap((d, i) => (noise[i] === 1 && d !== 1 ? [i] : []))
  return emit(call, { kind: "dropout", rate: rate ?? 0.5, sharedAxes }, [x])
}

/** (x − mean)/√(variance + ε) · scale + offset, as tfjs computes it. */
function emitBatchNorm(call: OpCall): TensorValue {
  const epsilon = numberAt(call, 5, 0.001)
  const centered = binary(call, "subtract", tensorAt(call, 0), tensorAt(call, 1))
  const spread = unary(call, "rsqrt", binary(call, "add", tensorAt(call, 2), constant(call.context, epsilon, { at: call.at })))
  const normed = binary(call, "multiply", centered, spread)
  const scaled = absent(call, 4) ? normed : binary(call, "multiply", normed, tensorAt(call, 4))
  return absent(call, 3) ? scaled : binary(call, "add", scaled, tensorAt(call, 3))
}

/** x on the diagonal of a matrix whose rows and columns are the cells of x, and zeros beside it. */
function emitDiagonal(call: OpCall): TensorValue {
  const x = tensorAt(call, 0), own = shape(call, x), cells = productOf(own)
  const row = own.length === 1 ? x : reshape(call.context, x, [cells], { at: call.at })
  const matrix = binary(call, "multiply", constantOf(call, { kind: "eye" }, [cells, cells]), row)
  return own.length === 1 ? matrix : reshape(call.context, matrix, [...own, ...own], { at: call.at })
}

/** Two lists as the coordinates of a grid: rows belong to the second one unless the indexing is 'ij'. */
function emitMeshgrid(call: OpCall): Value {
  if (call.args.length === 0) return arrayOf([])
  const options = call.args[2], indexing = options?.kind === "object" ? (stringIn(options.fields.get("indexing")) ?? "xy") : "xy"
  const x = tensorAt(call, 0)
  if (absent(call, 1)) return arrayOf([x])
  const y = tensorAt(call, 1), { context, at } = call
  const [n, m] = [productOf(shape(call, x)), productOf(shape(call, y))]
  const grid = indexing === "xy" ? [m, n] : [n, m]
  const across = (t: TensorValue, size: Dim, along: 0 | 1): TensorValue =>
    broadcastTo(context, reshape(context, t, along === 0 ? [size, 1] : [1, size], { at }), grid, { at, label: "tf.meshgrid" })
  return arrayOf(indexing === "xy" ? [across(x, n, 1), across(y, m, 0)] : [across(x, n, 0), across(y, m, 1)])
}

export const createOps: Readonly<Record<string, OpEmitter>> = {
  tensor: (call) => emitTensor(call, null),
  ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((rank): [string, OpEmitter] => [`tensor${rank}d`, (call) => emitTensor(call, rank)])),
  scalar: (call) => {
    const value = call.args[0], read = readTensor(call.context, value)
    if (read !== null) return reshape(call.context, read, [], { at: call.at })
    const known = numberIn(value) ?? (booleanIn(value) === null ? null : Number(booleanIn(value)))
    return known === null
      ? constantOf(call, { kind: "unknown", why: value?.kind === "unknown" ? value.why : "a number" }, [])
      : constantOf(call, { kind: "fill", value: known }, [], isInt(call, 1))
  },
  zeros: filled(0),
  ones: filled(1),
  fill: (call) => {
    const value = numberIn(call.args[1])
    return constantOf(call, value === null ? { kind: "unknown", why: "a fill" } : { kind: "fill", value }, targetAt(call, 0), isInt(call, 2))
  },
  zerosLike: (call) => constantOf(call, { kind: "fill", value: 0 }, shape(call, tensorAt(call, 0))),
  onesLike: (call) => constantOf(call, { kind: "fill", value: 1 }, shape(call, tensorAt(call, 0))),
  range: emitRange,
  linspace: emitLinspace,
  eye: emitEye,
  randomNormal: random("normal"),
  truncatedNormal: random("normal"),
  randomStandardNormal: random("normal"),
  randomUniform: random("uniform"),
  // Laws hold for every draw, so that its distribution does not matter.
  randomGamma: (call) => random("uniform")({ ...call, args: [call.args[0]] }),
  randomUniformInt: emitWholeDraw,
  rand: random("uniform"),
  variable: emitVariable,
  dropout: emitDropout,
  batchNorm: emitBatchNorm,
  batchNorm2d: emitBatchNorm,
  batchNorm3d: emitBatchNorm,
  batchNorm4d: emitBatchNorm,
  clone: (call) => copyTensor(call.context, tensorAt(call, 0), call.at),
  diag: emitDiagonal,
  meshgrid: emitMeshgrid,
}
