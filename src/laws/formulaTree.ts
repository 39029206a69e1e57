/**
 * @file The mathjs instance formulas are built with, the functions that stand in formula trees, and their numeric meaning.
 * A tree is an expression in the law's index letters: evaluated at one index it is one conserved number. Printing is in formulaText.
 *
 * Functions (x is an operand; `spec` is an einsum; the arguments after it are the letters of its output):
 * parameter(id, shape) · reshape(x, shape) · slice(x, axis, from, to) · transpose(x, permutation) · plusOne(x, t) · plusIdentity(x, t)
 * entry(x, spec, …) · sum(x, spec, …) · normsq(x, spec, …) · squaredSum(x, spec, …): the norm² of a sum · inner(x, y, spec, …)
 * gram(x, y, spec, …): an entry of a product of matrices · matrix(letters, x, spec, …): an entry of x or xᵀ
 * at(expression, …): the expression as a matrix, at an entry · repeat(a, b, …): a + b + …
 * offDiagonal(expression, …), differences(expression, …): which entries are meant
 */
import {
  addDependencies,
  create,
  ConstantNodeDependencies,
  divideDependencies,
  FunctionNodeDependencies,
  multiplyDependencies,
  OperatorNodeDependencies,
  ParenthesisNodeDependencies,
  powDependencies,
  subtractDependencies,
  SymbolNodeDependencies,
  unaryMinusDependencies,
} from "mathjs/number"
import type { MathNode } from "mathjs"
import { evaluateDim } from "../graph/dim"
import type { Dim } from "../schema/report"

const math = create({
  addDependencies,
  ConstantNodeDependencies,
  divideDependencies,
  FunctionNodeDependencies,
  multiplyDependencies,
  OperatorNodeDependencies,
  ParenthesisNodeDependencies,
  powDependencies,
  subtractDependencies,
  SymbolNodeDependencies,
  unaryMinusDependencies,
})

export type FormulaNode = MathNode

/** Functions whose value is one number: what the terms of a law become. */
export type TermFunction = "entry" | "sum" | "normsq" | "squaredSum" | "inner" | "gram" | "matrix"
export type FormulaFunction =
  TermFunction | "parameter" | "reshape" | "slice" | "transpose" | "plusOne" | "plusIdentity" | "at" | "repeat" | "offDiagonal" | "differences"

export const constantNode = (value: number | string): FormulaNode => new math.ConstantNode(value as number)
export const symbolNode = (name: string): FormulaNode => new math.SymbolNode(name)
export const callNode = (name: FormulaFunction, args: readonly FormulaNode[]): FormulaNode => new math.FunctionNode(name, [...args])
export const addNode = (a: FormulaNode, b: FormulaNode): FormulaNode => new math.OperatorNode("+", "add", [a, b])
export const subtractNode = (a: FormulaNode, b: FormulaNode): FormulaNode => new math.OperatorNode("-", "subtract", [a, b])
export const multiplyNode = (a: FormulaNode, b: FormulaNode): FormulaNode => new math.OperatorNode("*", "multiply", [a, b])
export const negateNode = (a: FormulaNode): FormulaNode => new math.OperatorNode("-", "unaryMinus", [a])
export const squareNode = (a: FormulaNode): FormulaNode => new math.OperatorNode("^", "pow", [a, constantNode(2)])
export const parenthesize = (a: FormulaNode): FormulaNode => new math.ParenthesisNode(a)

/** Row-major numbers with their shape. */
export interface NumericTensor {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

/** What a formula is evaluated with: parameters by id, sizes by name, and the entry by index letter. */
export interface FormulaScope {
  readonly parameters: Readonly<Record<string, NumericTensor>>
  readonly sizes: Readonly<Record<string, number>>
  readonly index: Readonly<Record<string, number>>
}

/**
 * The value of a formula at one entry.
 * @throws when a parameter or a size of the formula is not in the scope.
 */
export function evaluateFormula(tree: FormulaNode, scope: FormulaScope): number {
  return tree.evaluate({ ...functionsAt(tree, scope), ...scope.index }) as number
}

export type Spec = { readonly inputs: readonly string[]; readonly output: string }

export function parseSpec(spec: string): Spec {
  const [left, output] = spec.split("->")
  return { inputs: left.split(","), output }
}

function functionsAt(tree: FormulaNode, { parameters, sizes, index }: FormulaScope): Record<FormulaFunction, unknown> {
  const dims = (text: string): number[] => (text === "" ? [] : text.split(",").map((d) => evaluateDim(toDim(d), sizes)))
  const one = (x: NumericTensor, spec: string, ...at: number[]): number => contract([x], spec, at)
  const two = (x: NumericTensor, y: NumericTensor, spec: string, ...at: number[]): number => contract([x, y], spec, at)
  return {
    parameter(id: string): NumericTensor {
      const value = parameters[id]
      if (value === undefined) throw new Error(`evaluateFormula: no value for parameter '${id}'`)
      return value
    },
    reshape: (x: NumericTensor, shape: string): NumericTensor => ({ shape: dims(shape), data: x.data }),
    slice: (x: NumericTensor, axis: number, from: string, to: string): NumericTensor =>
      sliceTensor(x, axis, evaluateDim(toDim(from), sizes), evaluateDim(toDim(to), sizes)),
    transpose: (x: NumericTensor, permutation: string): NumericTensor => transposeTensor(x, permutation.split(",").map(Number)),
    plusOne: (x: NumericTensor, t: number): NumericTensor => ({ shape: x.shape, data: Array.from(x.data, (v) => v + t) }),
    plusIdentity: (x: NumericTensor, t: number): NumericTensor => ({
      shape: x.shape,
      data: Array.from(x.data, (v, k) => (Math.floor(k / x.shape[1]) === k % x.shape[1] ? v + t : v)),
    }),
    entry: one,
    sum: one,
    matrix: (_letters: string, x: NumericTensor, spec: string, ...at: number[]) => contract([x], spec, at),
    squaredSum: (x: NumericTensor, spec: string, ...at: number[]) => contract([x, x], spec, at),
    gram: two,
    inner: two,
    normsq: (x: NumericTensor, spec: string, ...at: number[]) => contract([x, x], spec, at),
    at: (value: number) => value,
    repeat: (...values: number[]) => values.reduce((a, b) => a + b, 0),
    offDiagonal: (value: number) => value,
    // The first entry is the same formula with every index at zero, so it is evaluated apart.
    differences: (value: number) => value - evaluateFormula(contentOf(tree), { parameters, sizes, index: mapValues(index, () => 0) }),
  }
}

/** The expression inside `differences(…)` or `offDiagonal(…)`; the tree itself otherwise. */
export function contentOf(tree: FormulaNode): FormulaNode {
  const call = callOf(tree)
  return call !== null && (call.name === "differences" || call.name === "offDiagonal") ? call.args[0] : tree
}

/** A function node taken apart; null for every other node. */
export function callOf(node: FormulaNode): { readonly name: FormulaFunction; readonly args: readonly FormulaNode[] } | null {
  if (!("fn" in node) || !("args" in node) || node.type !== "FunctionNode") return null
  const call = node as unknown as { readonly fn: { readonly name: FormulaFunction }; readonly args: readonly FormulaNode[] }
  return { name: call.fn.name, args: call.args }
}

/** The value of a constant node. */
export const valueOf = (node: FormulaNode): number | string => (node as unknown as { readonly value: number | string }).value
/** The name of a symbol node. */
export const nameOf = (node: FormulaNode): string => (node as unknown as { readonly name: string }).name

export const toDim = (text: string | number): Dim => (typeof text === "string" && /^-?\d+$/.test(text) ? Number(text) : text)

const mapValues = (record: Readonly<Record<string, number>>, map: (v: number) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [k, map(v)]))

const stridesOf = (shape: readonly number[]): number[] => shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))

function sliceTensor(x: NumericTensor, axis: number, from: number, to: number): NumericTensor {
  const stride = stridesOf(x.shape)[axis]
  const shape = x.shape.map((n, k) => (k === axis ? to - from : n))
  return {
    shape,
    data: Array.from(x.data).filter((_, k) => {
      const at = Math.floor(k / stride) % x.shape[axis]
      return at >= from && at < to
    }),
  }
}

/** Axis i of the result is axis permutation[i] of x. */
function transposeTensor(x: NumericTensor, permutation: readonly number[]): NumericTensor {
  const from = stridesOf(x.shape),
    shape = permutation.map((axis) => x.shape[axis]),
    to = stridesOf(shape)
  return {
    shape,
    data: Array.from(x.data, (_, k) => x.data[permutation.reduce((offset, axis, i) => offset + (Math.floor(k / to[i]) % shape[i]) * from[axis], 0)]),
  }
}

/** One entry of einsum(operands), by summing over every letter that the output lacks. A letter may stand twice in an operand (a diagonal). */
export function contract(operands: readonly NumericTensor[], spec: string, at: readonly number[]): number {
  const { inputs, output } = parseSpec(spec)
  if (inputs.some((letters, k) => letters.length !== operands[k].shape.length)) {
    throw new Error(`contract '${spec}': shapes are ${operands.map((x) => `[${x.shape.join(",")}]`).join(", ")}`)
  }
  const size = new Map<string, number>()
  inputs.forEach((letters, k) => [...letters].forEach((letter, axis) => size.set(letter, operands[k].shape[axis])))
  const position = new Map([...output].map((letter, k): [string, number] => [letter, at[k]]))
  const summed = [...size.keys()].filter((letter) => !output.includes(letter))
  const strides = operands.map((x) => stridesOf(x.shape))
  const total = (depth: number): number => {
    if (depth === summed.length) {
      return operands.reduce(
        (product, x, k) => product * x.data[[...inputs[k]].reduce((o, letter, axis) => o + (position.get(letter) ?? 0) * strides[k][axis], 0)],
        1,
      )
    }
    let sum = 0
    for (let n = size.get(summed[depth]) ?? 1, i = 0; i < n; i++) {
      position.set(summed[depth], i)
      sum += total(depth + 1)
    }
    return sum
  }
  return total(0)
}
