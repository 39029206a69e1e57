/** @file Every op the tracer reads, on tfjs and on the traced graph: values to 1e-5, shapes, and gradients where tfjs has them. */
import { beforeAll, describe, expect, test } from "vitest"
import { ops } from "../../src/trace/ops/table"
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
