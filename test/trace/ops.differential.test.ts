/** @file Every op the tracer reads, on tfjs and on the traced graph: values to 1e-5, shapes, and gradients where tfjs has them. */
import { beforeAll, describe, expect, test } from "vitest"
import { ops } from "../../src/trace/ops/table"
import { tfjsKernels } from "../../src/trace/interpreter/tfjsKernels"
import { compareValues, runExpression, traceExpression, type Comparison } from "../support/differential"
import { prepareTfjs } from "../support/runTfjs"
import { drawingOps, opCases, type OpCase } from "./opCases"

beforeAll(prepareTfjs)

test("every op of the table has a case, and nothing else has", () => {
  expect([...Object.keys(opCases), ...drawingOps].sort()).toEqual(Object.keys(ops).sort())
  expect(
    Object.entries(opCases).flatMap(([name, cases]) => (cases.some((c) => c.refused === undefined && c.wrongValue === undefined) ? [] : [name])),
  ).toEqual([])
})

function checkGradients({ noGradient, constant, wrongGradient }: OpCase, { gradientError, ownGradient }: Comparison): void {
  if (constant === true) return expect([ownGradient, typeof gradientError === "string" ? 0 : gradientError]).toEqual([0, 0])
  if (noGradient !== undefined) return expect(gradientError).toContain(noGradient)
  expect(typeof gradientError === "string" ? gradientError : "").toBe("")
  if (wrongGradient !== undefined) expect(gradientError, wrongGradient).toBeGreaterThan(0.01)
  else expect(gradientError).toBeLessThan(1e-4)
}

describe.each(Object.entries(opCases))("%s", (_, cases) => {
  test.each(cases.map((c) => [c.code, c] as const))("%s", (code, c) => {
    if (c.refused !== undefined) return expect(() => runExpression(code, 5).forward([])).toThrow(c.refused)
    const [model] = traceExpression(code)
    expect(model?.unsupported.map((part) => part.what)).toEqual([])
    const comparison = compareValues(model, runExpression(code, 5), [], [])
    expect(comparison.shapes[0]).toEqual(comparison.shapes[1])
    if (c.wrongValue !== undefined) return expect(comparison.error, c.wrongValue).toBeGreaterThan(0.01)
    expect(comparison.error).toBeLessThan(1e-5)
    checkGradients(c, comparison)
  })
})

/** Kernels by name as code runs them on the engine, each on the variables of the op cases. */
const kernelRuns: readonly string[] = [
  `("Softmax", { logits: a }, { dim: 1 })`,
  `("BatchMatMul", { a: a, b: a2 }, { transposeA: false, transposeB: true })`,
  `("Sum", { x: c }, { axis: [1], keepDims: true })`,
  `("Mean", { x: c }, { axis: [0, 2], keepDims: false })`,
  `("Max", { x: a }, { reductionIndices: [1], keepDims: false })`,
  `("Min", { x: a }, { axis: [0], keepDims: true })`,
  `("Cumsum", { x: a }, { axis: 1, exclusive: true, reverse: false })`,
  `("Reshape", { x: a }, { shape: [6, 4] })`,
  `("Transpose", { x: c }, { perm: [2, 0, 1] })`,
  `("ExpandDims", { input: a }, { dim: 1 })`,
  `("Slice", { x: a }, { begin: [1, 2], size: [2, 3] })`,
  `("Tile", { x: a }, { reps: [2, 1] })`,
  `("GatherV2", { x: a, indices: i }, { axis: 0, batchDims: 0 })`,
  `("PadV2", { x: a }, { paddings: [[1, 0], [0, 2]], constantValue: 0.5 })`,
  `("LeakyRelu", { x: a }, { alpha: 0.1 })`,
  `("Prelu", { x: a, alpha: v })`,
  `("ClipByValue", { x: a }, { clipValueMin: -0.5, clipValueMax: 0.5 })`,
  `("Cast", { x: a }, { dtype: "float32" })`,
  ...["Add", "Sub", "Multiply", "RealDiv"].map((name) => `("${name}", { a: a, b: v })`),
  ...["Maximum", "Minimum", "SquaredDifference"].map((name) => `("${name}", { a: a, b: a2 })`),
  `("Pow", { a: p, b: q })`,
  ...["Abs", "Exp", "Expm1", "Square", "Sin", "Cos", "Tanh", "Sigmoid", "Softplus", "Relu", "Relu6", "Elu", "Selu", "Erf", "Neg"].map(
    (name) => `("${name}", { x: a })`,
  ),
  ...["Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal"].map((name) => `("${name}", { x: p })`),
  ...["Tan", "Sign", "Floor", "Ceil", "Round"].map((name) => `("${name}", { x: u })`),
]

describe("kernels of tfjs run on its engine", () => {
  test("every kernel that is read is run", () => {
    expect(kernelRuns.map((code) => /"(\w+)"/.exec(code)?.[1]).sort()).toEqual([...tfjsKernels.keys()].sort())
  })
  test.each(kernelRuns)("runKernel%s", (code) => {
    const source = `tf.engine().runKernel${code}`, [model] = traceExpression(source)
    expect(model?.unsupported.map((part) => part.what)).toEqual([])
    const comparison = compareValues(model, runExpression(source, 5), [], [])
    expect(comparison.shapes[0]).toEqual(comparison.shapes[1])
    expect(comparison.error).toBeLessThan(1e-5)
    checkGradients(/Sign|Floor|Ceil|Round/.test(code) ? { code, constant: true } : { code }, comparison)
  })
})
