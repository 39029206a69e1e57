/**
 * @file Data inside a loss: what nobody here knows is no number there but data, an input of the shape that it is computed with. What is made of data
 * alone is data. Coefficients, told by their names, stay numbers.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { InputRecord, TensorValue, UnknownValue, Value } from "../value"
import { callOp } from "../ops/table"
import { freshSymbol } from "../context"
import { makeInput, makeTensor, shapeOf } from "../tensor"
import { numberIn, unknown } from "../value"
import { writeLabels, type Labels, type LossWriter } from "../../graph/lossFunctions"

export interface DataReader {
  /** Whether a tensor depends on weights or on a network's output. */
  readonly isLive: (tensor: TensorValue) => boolean
  /** One input for the same data and shape, however often it is read. */
  readonly inputOf: (of: Value | null, name: string, shape: readonly Dim[], domain: InputRecord["domain"], range?: Dim) => TensorValue
  /** Labels of some kind for predictions of this shape. */
  readonly labelsOf: (of: Value, labels: Labels, shape: readonly Dim[], w: LossWriter<TensorValue>) => TensorValue
  /** An op of which some operands are data; null where there is nothing to say. */
  readonly callOp: (name: string, args: readonly Value[], at: TypeScript.Node) => Value | null
  readonly isData: (value: Value | undefined) => value is UnknownValue
}

/** Ops over tensors of one shape, up to broadcasting. */
const elementwise: ReadonlySet<string> = new Set([
  "add", "sub", "mul", "div", "divNoNan", "maximum", "minimum", "pow", "squaredDifference", "mod", "where", "equal", "notEqual", "greater",
  "greaterEqual", "less", "lessEqual", "logicalAnd", "logicalOr", "prelu", "atan2",
])
/** What of sizes and numbers makes a tensor; unknown ones of these are sizes and numbers. */
const makers: ReadonlySet<string> = new Set([
  "zeros", "ones", "fill", "scalar", "randomNormal", "randomUniform", "truncatedNormal", "range", "linspace", "eye", "variable", "buffer",
])
const coefficient = /^(alpha|beta|gamma|lambda|lam|eps|epsilon|tau|temp|temperature|kappa|delta|margin|scale|discount|[A-Z][A-Z\d_]*)$/
const coefficientEnding = /(coef|coefficient|coeff|weight|factor|lambda|rate|ratio|beta|alpha|gamma|epsilon|eps|temperature|margin|scale|clip)$/i
const isCoefficient = (name: string): boolean => coefficient.test(name) || coefficientEnding.test(name)
const oneHotKey = "\u0000oneHot"

export function createDataReader(context: Context, isLive: (tensor: TensorValue) => boolean): DataReader {
  const inputs = new Map<Value, Map<string, TensorValue>>()
  const cached = (of: Value | null, key: string, make: () => TensorValue): TensorValue => {
    if (of === null) return make()
    const own = inputs.get(of) ?? new Map<string, TensorValue>()
    inputs.set(of, own)
    const known = own.get(key) ?? make()
    own.set(key, known)
    return known
  }
  const inputOf: DataReader["inputOf"] = (of, name, shape, domain, range) =>
    cached(of, `${domain} ${shape.join()}`, () => {
      const x = makeInput(context, name, shape, domain)
      if (x.source.kind === "input" && range !== undefined) x.source.input.range = range
      return x
    })
  const labelsOf: DataReader["labelsOf"] = (of, labels, shape, w) => cached(of, `${labels} ${shape.join()}`, () => writeLabels(w, labels, shape))
  // What was made of other data only is data as well.
  const isData: DataReader["isData"] = (value): value is UnknownValue =>
    value?.kind === "unknown" && !value.tensors.some(isLive) && !(value.name !== null && isCoefficient(value.name))
  /** Data beside a tensor has its shape. */
  const beside = (data: UnknownValue, tensor: TensorValue): TensorValue => {
    const shape = shapeOf(context, tensor), name = data.name ?? "data", depth = data.properties.get(oneHotKey)
    if (depth === undefined || shape.length === 0) return inputOf(data, name, shape, "real")
    return cached(data, `hot ${shape.join()}`, () => {
      const size = shape[shape.length - 1]
      return makeTensor(context, { kind: "oneHot", depth: size }, [inputOf(data, name, shape.slice(0, -1), "index", size)])
    })
  }
  // Lists of data that a tensor is made of.
  const isListed = (value: Value): boolean => isData(value) || (value.kind === "array" && value.items.some(isListed))
  const call: DataReader["callOp"] = (name, args, at) => {
    if (/^tensor(\dd)?$/.test(name) && args.length > 0 && isListed(args[0])) return unknown("data", args.find(isData)?.name ?? null)
    if (!args.some(isData) || makers.has(name)) return null
    const tensor = args.find((arg) => arg.kind === "tensor")
    if (tensor === undefined) {
      const result = unknown("data", args.find(isData)?.name ?? null)
      if (name === "oneHot") result.properties.set(oneHotKey, args[1] ?? result)
      return result
    }
    const replaced = (make: (data: UnknownValue) => TensorValue): Value => {
      const read = args.map((arg) => (isData(arg) ? make(arg) : arg))
      return callOp(context, name, read, at)
    }
    if (elementwise.has(name)) return replaced((data) => beside(data, tensor))
    if (name === "gather" && args[0] === tensor && numberIn(args[2]) !== -1)
      return replaced((data) => inputOf(data, data.name ?? "indices", [freshSymbol(context, "batch")], "index"))
    if ((name === "matMul" || name === "dot") && isData(args[0]) && shapeOf(context, tensor).length === 2 && args.length === 2)
      return replaced((data) => inputOf(data, data.name ?? "data", [freshSymbol(context, "batch"), shapeOf(context, tensor)[0]], "real"))
    return null
  }
  return { isLive, inputOf, labelsOf, callOp: call, isData }
}
