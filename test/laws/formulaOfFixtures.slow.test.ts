/** @file The formula of every law of every reference network and example means the same numbers as its terms. */
import { expect, test } from "vitest"
import { formulaOf } from "../../src/laws/formula"
import { evaluateFormula } from "../../src/laws/formulaTree"
import type { NumericTensor } from "../../src/laws/formulaTree"
import { analyzeFixtureFile } from "../support/analysis"
import { evaluateTerm } from "../support/evaluate"
import { displayPath, listSources } from "../support/program"
import { seededRandom } from "../support/random"

const files = [...listSources("test/fixtures/oracle"), ...listSources("examples")]
const random = seededRandom(5)

test.each(files.map((file) => [displayPath(file), file]))("%s", (_, file) => {
  for (const { model } of analyzeFixtureFile(file).models) {
    const shapes = new Map(model.parameters.map((p) => [p.id, p.shape.map(Number)]))
    for (const law of model.laws) {
      const { tree, formula } = formulaOf(law, (id) => shapes.get(id) ?? [])
      expect(formula).toBe(law.formula)
      const draws = [0, 1].map(() => {
        // A law may speak of a frozen parameter, too.
        const ids = [...new Set(law.terms.flatMap((term) => term.operands.map((o) => o.parameter)))]
        const tensors = ids.map((id): [string, NumericTensor] => {
          const shape = shapes.get(id) ?? []
          return [id, { shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal) }]
        })
        const parameters = Object.fromEntries(tensors)
        const weights = new Map(tensors.map(([id, { shape, data }]) => [id, { shape, values: data }]))
        const terms = law.terms.map((term) => evaluateTerm(term, weights))
        const sum = Array.from(terms[0].values, (_, k) => terms.reduce((total, { values }) => total + values[k], 0))
        const entries = sum.map((_, k) => {
          let rest = k
          const index = Object.fromEntries(
            [...law.index].reverse().map(({ name, size }): [string, number] => {
              const at = rest % Number(size)
              rest = Math.floor(rest / Number(size))
              return [name, at]
            }),
          )
          return evaluateFormula(tree, { parameters, sizes: {}, index })
        })
        return { entries, sum: law.entries === "differences" ? sum.map((v) => v - sum[0]) : sum }
      })
      // An offset law differs by the square of its offset, the same at every point.
      draws[0].sum.forEach((value, k) =>
        expect(draws[0].entries[k] - draws[1].entries[k], `${model.name}: ${formula}`).toBeCloseTo(value - draws[1].sum[k], 10),
      )
    }
  }
})
