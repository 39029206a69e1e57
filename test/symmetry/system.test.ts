/** @file The linear system of unknown words against elimination on dense rows, with short equations and with some of many terms. */
import { expect, test } from "vitest"
import { addScaled, LinearSystem, sumOf } from "../../src/symmetry/system"
import type { Expression } from "../../src/symmetry/system"
import { seededRandom } from "../../src/verification/random"
import type { Random } from "../../src/verification/random"

const many = 60
const coefficients = [1, -1, 2, 0.5, -3]

/** Of two terms mostly, of up to fifty now and then. */
function drawExpression(random: Random): Expression {
  const terms = random.uniform() < 0.2 ? 50 : 1 + random.integer(3)
  return sumOf(Array.from({ length: terms }, () => [random.integer(many), coefficients[random.integer(5)]]).flat())
}

function denseRow(e: Expression): number[] {
  const row = Array.from({ length: many }, () => 0)
  for (let i = 0; i < e.length; i += 2) row[e[i]] += e[i + 1]
  return row
}

function rankOf(rows: readonly (readonly number[])[]): number {
  const open = rows.map((row) => [...row])
  let rank = 0
  for (let column = 0; column < many; column++) {
    const rest = open.slice(rank).map((row, i) => ({ i: i + rank, size: Math.abs(row[column]) }))
    const best = rest.reduce((a, b) => (b.size > a.size ? b : a), { i: -1, size: 1e-7 })
    if (best.i < 0) continue
    const pivot = open[best.i]
    open[best.i] = open[rank]
    open[rank] = pivot
    for (let i = rank + 1; i < open.length; i++) {
      const factor = open[i][column] / pivot[column]
      for (let k = column; k < many; k++) open[i][k] -= factor * pivot[k]
    }
    rank++
  }
  return rank
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])("as many pivots as independent equations, and all equations hold (seed %i)", (seed) => {
  const random = seededRandom(seed)
  const equations = Array.from({ length: 10 + 5 * seed }, () => drawExpression(random))
  const system = new LinearSystem()
  const news = equations.filter((e) => system.demandZero(e)).length
  expect(news).toBe(rankOf(equations.map(denseRow)))
  // Dense equations with such coefficients leave more rounding than those of networks.
  for (const e of equations) for (const c of denseRow(system.reduce(e))) expect(c).toBeCloseTo(0, 6)
  const pivots = system.solve()
  expect(pivots.size).toBe(news)
  const free = Array.from({ length: many }, () => random.uniform())
  const value = (u: number): number => {
    const e = pivots.get(u)
    return e === undefined ? free[u] : e.reduce((sum, c, i) => (i % 2 === 0 ? sum : sum + c * free[e[i - 1]]), 0)
  }
  for (const [, e] of pivots) for (let i = 0; i < e.length; i += 2) expect(pivots.has(e[i])).toBe(false)
  for (const e of equations) expect(denseRow(e).reduce((sum, c, u) => sum + c * value(u), 0)).toBeCloseTo(0, 6)
})

test.each([11, 12, 13])("sums add their terms, each unknown once and none with coefficient zero (seed %i)", (seed) => {
  const random = seededRandom(seed)
  for (let k = 0; k < 200; k++) {
    const [a, b] = [drawExpression(random), drawExpression(random)],
      factor = coefficients[random.integer(5)]
    const sum = addScaled(a, b, factor),
      left = denseRow(a),
      right = denseRow(b)
    expect(denseRow(sum)).toEqual(left.map((c, i) => c + factor * right[i]))
    const unknowns = sum.filter((_, i) => i % 2 === 0)
    expect(new Set(unknowns).size).toBe(unknowns.length)
    expect(sum.filter((_, i) => i % 2 === 1)).not.toContain(0)
  }
  const own = drawExpression(random)
  expect(addScaled(own, own, -1)).toEqual([])
})
