/** @file Shifts along whole axes are asked for only where they can be news: on random networks, what is not asked for is not there. */
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { hasSum } from "../../src/axes/tree"
import { inferSymmetry, inferWhole } from "../../src/symmetry/infer"
import { randomGraph } from "../support/randomGraph"

const seed = 9_200_000

test(`axes that are merely carried hold no news (seeds from ${seed})`, () => {
  const tally = { cut: 0, left: 0, news: 0 }
  const missed: number[] = []
  for (let s = seed; s < seed + 500; s++) {
    const network = generalize(randomGraph(s, 4 + (s % 9), s % 3 === 0 ? "plain" : "wild"))
    if (!network.axes.some((own) => own.some(hasSum))) continue
    const { symmetry, whole } = inferSymmetry(network)
    const families = (whole ?? inferWhole(network, symmetry)).solutions.families
    tally.cut++
    if (families.length > 0) tally.news++
    if (whole !== null) continue
    tally.left++
    if (families.length > 0) missed.push(s)
  }
  expect(missed).toEqual([])
  // Otherwise this says nothing.
  expect(tally.left).toBeGreaterThan(20)
  expect(tally.news).toBeGreaterThan(0)
})
