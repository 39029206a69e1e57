/** @file Arithmetic on sizes: canonical texts, and agreement with arithmetic on numbers for random expressions. */
import { describe, expect, test } from "vitest"
import { addDim, ceilDim, dim, divideDim, evaluateDim, floorDim, multiplyDim, substituteDim, subtractDim, symbolsOf } from "../../src/graph/dim"
import type { Dim } from "../../src/schema/report"
import { seededRandom } from "../support/random"

describe("canonical text", () => {
  test.each<[Dim, Dim]>([
    ["h*(h+1)/2", "h^2/2+h/2"],
    ["d*4", "4*d"],
    ["b+a-a", "b"],
    ["n-n", 0],
    ["2*3", 6],
    ["floor(4*d)", "4*d"],
    ["floor(7/2)", 3],
    ["floor((n-1)/2)+1", "ceil(n/2)"],
    ["floor((n+1)/2)", "ceil(n/2)"],
    ["floor((n-2)/2)+1", "floor(n/2)"],
    ["ceil((n-1)/2)", "floor(n/2)"],
    ["floor((n+3*m)/3)-m", "floor(n/3)"],
    ["floor((n-2)/3)+1", "floor(n/3+1/3)"],
    ["floor(n/2+1/3)", "floor(n/2)"],
    ["ceil(n/2+1/3)", "floor(n/2)+1"],
  ])("%s is %s", (text, canonical) => expect(dim(text)).toBe(canonical))

  test("quotients", () => {
    expect(multiplyDim("C/H", "H")).toBe("C")
    expect(divideDim("4*d", "d")).toBe(4)
    expect(divideDim(7, 2)).toBeNull()
    expect(divideDim("a*b+a", "b+1")).toBe("a")
    expect(divideDim("a", "b+1")).toBeNull()
  })

  test("names like those of every object are sizes", () => expect(substituteDim("2*constructor", { n: 3 })).toBe("2*constructor"))

  test("what is forgotten of thousands of names comes out the same again", () => {
    const known = addDim("n", "m")
    const wrong = Array.from({ length: 30_000 }, (_, i) => `n${i}`).filter((name) => subtractDim(multiplyDim(name, 2), name) !== name)
    expect(wrong).toEqual([])
    expect(addDim("m", "n")).toBe(known)
    expect(subtractDim(known, "m")).toBe("n")
  })

  test("symbols inside rounding count", () => expect(symbolsOf("floor(n/2)+k")).toEqual(["n", "k"]))
})

const seed = 20260815
test(`random expressions evaluate like numbers (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const names = ["a", "b", "c"]
  for (let run = 0; run < 300; run++) {
    const values = Object.fromEntries(names.map((name) => [name, 1 + random.below(9)]))
    let expression: Dim = names[random.below(3)]
    let value = values[expression]
    for (let step = 0; step < 6; step++) {
      const other: Dim = random.uniform() < 0.4 ? 1 + random.below(5) : names[random.below(3)]
      const number = typeof other === "number" ? other : values[other]
      switch (random.below(5)) {
        case 0: expression = addDim(expression, other); value += number; break
        case 1: expression = subtractDim(expression, other); value -= number; break
        case 2: expression = multiplyDim(expression, other); value *= number; break
        case 3: expression = floorDim(`(${expression})/${number}`); value = Math.floor(value / number) + 0; break
        default: expression = ceilDim(`(${expression})/${number}`); value = Math.ceil(value / number) + 0; break
      }
    }
    expect(evaluateDim(expression, values), `run ${run}: ${expression}`).toBe(value + 0)
    expect(evaluateDim(dim(expression), values)).toBe(value + 0)
    expect(substituteDim(expression, values)).toBe(value + 0)
  }
})
