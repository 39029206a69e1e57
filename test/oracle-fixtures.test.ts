/**
 * @file The oracle fixtures against real tfjs: every row has a model, it type-checks, has the row's number of parameters, runs forward
 * and has finite gradients. What they are for is in oracle.test.ts.
 */
import * as tf from "@tensorflow/tfjs"
import ts from "typescript"
import { beforeAll, describe, expect, test } from "vitest"
import { drawInputs, inputsOf } from "./support/data"
import { oracleFixtures, type Fixture } from "./support/fixture"
import { oracleRow, oracleRows } from "./support/oracle"
import { displayPath, fixtureProgram, listSources } from "./support/program"
import { seededRandom } from "./support/random"
import { prepareTfjs, randomizeVariable, runModel } from "./support/runTfjs"

const fixtures = oracleFixtures()

/** Fixtures that tfjs 4.22 cannot differentiate, and the op that has no gradient. */
const forwardOnly: Readonly<Record<string, string>> = { "moe/SoftmaxThenTopTwoMoe": "TopK", "forms/EinsumAttention": "Einsum" }

const lossOf = (outputs: readonly tf.Tensor[]): tf.Scalar => outputs.map((y) => y.sub(0.3).square().mean()).reduce((a, b) => a.add(b)) as tf.Scalar

beforeAll(prepareTfjs)

test("every oracle row has a fixture and every fixture a row", () => {
  expect(oracleRows.map((row) => row.name).filter((name) => !fixtures.some((f) => f.row === name))).toEqual([])
  expect(fixtures.map((f) => f.row).filter((name) => !oracleRows.some((row) => row.name === name))).toEqual([])
})

test("fixtures type-check against tfjs", { timeout: 60000 }, () => {
  const program = fixtureProgram()
  const messages = listSources("test/fixtures/oracle").flatMap((fileName) => {
    const source = program.getSourceFile(fileName)
    return program.getSemanticDiagnostics(source).concat(program.getSyntacticDiagnostics(source)).map((d) => {
      const { line } = ts.getLineAndCharacterOfPosition(d.file!, d.start ?? 0)
      return `${displayPath(fileName)}:${line + 1} ${ts.flattenDiagnosticMessageText(d.messageText, "\n")}`
    })
  })
  expect(messages).toEqual([])
})

describe("on tfjs", () => {
  test.each(fixtures.map((f): [string, Fixture] => [f.title, f]))("%s", (title, fixture) => {
    const random = seededRandom(7)
    const model = runModel(fixture.fileName, fixture.name)
    const inputs = drawInputs(inputsOf(fixture, model), random)
    expect(inputs.length).toBeGreaterThan(0)
    const outputs = model.forward(inputs)
    for (const variable of model.variables ?? []) randomizeVariable(variable, random)
    expect(outputs.every((y) => y.dtype === "float32")).toBe(true)
    const expected = oracleRow(fixture.row).parameters
    if (model.variables !== null) expect(sizeOf(model.variables)).toBe(expected)
    const compute = (): tf.Scalar => lossOf(model.forward(inputs))
    if (title in forwardOnly) {
      expect(() => tf.variableGrads(compute, [...(model.variables ?? [])])).toThrow(forwardOnly[title])
      return
    }
    const { value, grads } = tf.variableGrads(compute, model.variables === null ? undefined : [...model.variables])
    expect(Number.isFinite(value.dataSync()[0])).toBe(true)
    const gradients = Object.values(grads)
    expect(sizeOf(gradients)).toBe(expected)
    expect(gradients.every((g) => g.dataSync().every(Number.isFinite))).toBe(true)
    expect(gradients.some((g) => g.dataSync().some((v) => Math.abs(v) > 1e-6))).toBe(true)
  })
})

const sizeOf = (tensors: readonly tf.Tensor[]): number => tensors.reduce((sum, t) => sum + t.size, 0)
