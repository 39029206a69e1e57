/** @file JavaScript's operators on abstract values: exact on known values, size arithmetic on sizes, unknown otherwise. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { Primitive, Value } from "../value"
import { addDim, divideDim, multiplyDim, subtractDim } from "../../graph/dim"
import { dimOf } from "../tensor"
import { isNullish, primitive, sizeValue, stringIn, truthOf, unknown } from "../value"
import { assume, resolveDim } from "../context"

type Known = Exclude<Primitive, undefined | null | bigint>

/** A value as a size when it is a number, a size, or an unknown that has a name (then it becomes a symbol). */
function asSize(context: Context, value: Value): Dim | null {
  if (value.kind === "dim") return resolveDim(context, value.dim)
  if (value.kind === "primitive" && typeof value.value === "number") return value.value
  if (value.kind === "unknown" && value.name !== null && value.name !== "number" && value.tensors.length === 0) return dimOf(context, value)
  return null
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  ">>>": (a, b) => a >>> b,
}
const comparisons: Readonly<Record<string, (a: Known, b: Known) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
}

/** Result of a binary operator that evaluates both sides. */
export function binaryOperation(context: Context, operator: string, a: Value, b: Value): Value {
  switch (operator) {
    case "===":
      return equality(context, a, b, true)
    case "==":
      return equality(context, a, b, false)
    case "!==":
      return negate(equality(context, a, b, true))
    case "!=":
      return negate(equality(context, a, b, false))
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(context, operator, a, b)
    case "+":
      return plus(context, a, b)
    case "in": {
      const key = a.kind === "primitive" ? String(a.value) : null
      if (key !== null && b.kind === "object" && b.type === null && (b.fields.has(key) || !b.fields.has("\u0000rest")))
        return primitive(b.fields.has(key))
      return unknown("'in' of something unknown")
    }
    case ",":
      return b
    default:
      return numeric(context, operator, a, b)
  }
}

/** A size as a value. Sums over loops make expressions that nobody reads and that take ever longer to compute with: those are unknown. */
const boundedSize = (d: Dim): Value =>
  typeof d === "string" && d.length > longestSize ? unknown("a size that takes too long to write", "number") : sizeValue(d)
const longestSize = 300

function numeric(context: Context, operator: string, a: Value, b: Value): Value {
  const compute = arithmetic[operator]
  if (compute === undefined) return unknown(`the operator ${operator}`, null, [a, b])
  if (a.kind === "primitive" && b.kind === "primitive") {
    if (typeof a.value === "bigint" || typeof b.value === "bigint") return unknown("a bigint", "number")
    return primitive(compute(Number(a.value), Number(b.value)))
  }
  const left = asSize(context, a),
    right = asSize(context, b)
  if (left !== null && right !== null) {
    if (typeof left === "number" && typeof right === "number") return primitive(compute(left, right))
    if (operator === "-") return boundedSize(subtractDim(left, right))
    if (operator === "*") return boundedSize(multiplyDim(left, right))
    if (operator === "/") {
      const quotient = divideDim(left, right)
      if (quotient !== null) return boundedSize(quotient)
    }
    if (operator === "%") {
      const quotient = divideDim(left, right)
      if (quotient !== null && !String(quotient).includes("/")) return primitive(0)
    }
    if (operator === "**" && typeof right === "number" && Number.isInteger(right) && right > 0 && right < 8) {
      return boundedSize(Array.from({ length: right }, () => left).reduce(multiplyDim))
    }
  }
  return unknown("arithmetic with something unknown", "number", [a, b])
}

function plus(context: Context, a: Value, b: Value): Value {
  const left = stringIn(a),
    right = stringIn(b)
  if (left !== null || right !== null) {
    const first = textOf(context, a),
      second = textOf(context, b)
    return first !== null && second !== null ? primitive(first + second) : unknown("text with an unknown part")
  }
  if (a.kind === "primitive" && b.kind === "primitive") {
    if (typeof a.value === "bigint" || typeof b.value === "bigint") return unknown("a bigint", "number")
    return primitive(Number(a.value) + Number(b.value))
  }
  const x = asSize(context, a),
    y = asSize(context, b)
  if (x !== null && y !== null) return boundedSize(addDim(x, y))
  return unknown("a sum with something unknown", "number", [a, b])
}

/** The text JavaScript would make of a value, or null. */
export function textOf(context: Context, value: Value): string | null {
  if (value.kind === "primitive") return String(value.value)
  if (value.kind === "dim") {
    const size = resolveDim(context, value.dim)
    return typeof size === "number" ? String(size) : null
  }
  if (value.kind === "array") {
    const parts = value.items.map((item) => (isNullish(item) ? "" : textOf(context, item)))
    return parts.every((part) => part !== null) ? parts.join(",") : null
  }
  return null
}

/** An unknown truth value that depends on sizes remembers them, so that a loop over one can pick a length. */
function openComparison(a: Value, b: Value): Value {
  const result = unknown("a comparison with something unknown")
  result.properties.set("\u0000sides", { kind: "array", items: [a, b] })
  return result
}

function compare(context: Context, operator: string, a: Value, b: Value): Value {
  if (a.kind === "primitive" && b.kind === "primitive") {
    return primitive(comparisons[operator](a.value as Known, b.value as Known))
  }
  const left = asSize(context, a),
    right = asSize(context, b)
  if (left !== null && right !== null) {
    const difference = subtractDim(left, right)
    if (typeof difference === "number") return primitive(comparisons[operator](difference, 0))
    // Sizes are at least one, so a sum of positive terms is positive.
    if (typeof right === "number" && right <= 0 && !String(left).includes("-") && (operator === ">" || operator === ">=")) return primitive(true)
    if (typeof right === "number" && right <= 0 && !String(left).includes("-") && (operator === "<" || operator === "<=")) return primitive(false)
    return openComparison({ kind: "dim", dim: left }, { kind: "dim", dim: right })
  }
  return unknown("a comparison with something unknown", null, [a, b])
}

function negate(value: Value): Value {
  const truth = truthOf(value)
  return truth === null ? unknown("the opposite of something unknown") : primitive(!truth)
}

function equality(context: Context, a: Value, b: Value, strict: boolean): Value {
  if (a === b && a.kind !== "unknown") return primitive(true)
  if (a.kind === "primitive" && b.kind === "primitive") {
    return primitive(strict ? a.value === b.value : looselyEqual(a.value, b.value))
  }
  if (isNullish(a) || isNullish(b)) {
    const other = isNullish(a) ? b : a
    return other.kind === "unknown" ? unknown("whether something unknown is there") : primitive(false)
  }
  if (a.kind === "unknown" || b.kind === "unknown") {
    const number = isNumber(context, a, b) ?? isNumber(context, b, a)
    if (number !== null) return number
    if (stringIn(a) !== null || stringIn(b) !== null) return unknown("a comparison with something unknown")
  }
  const left = asSize(context, a),
    right = asSize(context, b)
  if (left !== null && right !== null) {
    const difference = subtractDim(left, right)
    return typeof difference === "number" ? primitive(difference === 0) : openComparison({ kind: "dim", dim: left }, { kind: "dim", dim: right })
  }
  if (a.kind === "unknown" || b.kind === "unknown") return unknown("a comparison with something unknown")
  if (a.kind === "tf" && b.kind === "tf") return primitive(a.path === b.path)
  if (a.kind === "function" && b.kind === "function") return primitive(a.node === b.node)
  return primitive(false)
}

/** `typeof config.size === "number"`: where code asks, an argument nobody gives is taken to be a number rather than a list of them. */
function isNumber(context: Context, type: Value, text: Value): Value | null {
  const of = type.kind === "unknown" ? type.properties.get("\u0000typeOf") : undefined
  if (of?.kind !== "unknown" || of.name === null || stringIn(text) !== "number") return null
  assume(context, `'${of.name}' is taken to be a number`)
  return primitive(true)
}

function looselyEqual(a: Primitive, b: Primitive): boolean {
  if (a === undefined || a === null) return b === undefined || b === null
  if (b === undefined || b === null) return false
  return typeof a === typeof b ? a === b : Number(a) === Number(b)
}

export function unaryOperation(context: Context, ts: typeof TypeScript, operator: TypeScript.PrefixUnaryOperator, value: Value): Value {
  if (operator === ts.SyntaxKind.ExclamationToken) return negate(value)
  if (value.kind === "primitive" && typeof value.value !== "bigint") {
    const n = Number(value.value)
    if (operator === ts.SyntaxKind.MinusToken) return primitive(-n)
    if (operator === ts.SyntaxKind.PlusToken) return primitive(n)
    if (operator === ts.SyntaxKind.TildeToken) return primitive(~n)
  }
  const size = asSize(context, value)
  if (size !== null && operator === ts.SyntaxKind.MinusToken) return sizeValue(multiplyDim(size, -1))
  if (size !== null && operator === ts.SyntaxKind.PlusToken) return sizeValue(size)
  return unknown("a sign of something unknown", "number", [value])
}

export function typeOf(value: Value): Value {
  switch (value.kind) {
    case "primitive":
      return primitive(value.value === null ? "object" : typeof value.value)
    case "dim":
      return primitive("number")
    case "function":
    case "native":
    case "class":
      return primitive("function")
    case "tf":
      return primitive(value.path === "" || !value.path.includes(".") ? "object" : "function")
    case "unknown": {
      const type = unknown("the type of something unknown")
      if (value.given === true && value.name !== null && value.tensors.length === 0) type.properties.set("\u0000typeOf", value)
      return type
    }
    default:
      return primitive("object")
  }
}
