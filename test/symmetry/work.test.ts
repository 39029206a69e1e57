/**
 * @file Inference does work in proportion to depth. Steps are counted, not timed: every read and write of a map or set and every element pushed, from
 * graph to laws, on the published GPT-2 with ever more blocks.
 */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import ts from "typescript"
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { Graph } from "../../src/graph/graph"
import { appendLoss } from "../../src/graph/loss"
import { deriveLaws } from "../../src/laws/derive"
import type { DerivedModel } from "../../src/laws/law"
import { inferSymmetry } from "../../src/symmetry/infer"
import { traceFile } from "../../src/trace/trace"
import { programOf, root } from "../support/program"

const source = readFileSync(resolve(root, "test/fixtures/large/gpt2.ts"), "utf8")

function gptOfDepth(blocks: number): Graph {
  const program = programOf({ "/gpt2.ts": source.replace("length: 12", `length: ${blocks}`) })
  const model = traceFile(ts, program, program.getSourceFile("/gpt2.ts")!).models.find(({ name }) => name === "Gpt2")!
  return appendLoss(model.graph, model.losses)
}

/** Calls of the methods that all data goes through while `run` runs. */
function countSteps(run: () => void): number {
  let steps = 0
  const counted = [
    { of: Map.prototype, names: ["get", "set", "has"] },
    { of: Set.prototype, names: ["add", "has"] },
    { of: Array.prototype, names: ["push"] },
  ].flatMap(({ of, names }) => names.map((name) => [of, name] as const))
  const restores = counted.map(([of, name]) => {
    const methods = of as unknown as Record<string, (...values: unknown[]) => unknown>,
      plain = methods[name]
    methods[name] = function (this: unknown, ...values: unknown[]): unknown {
      steps++
      return plain.apply(this, values)
    }
    return (): void => void (methods[name] = plain)
  })
  try {
    run()
  } finally {
    for (const restore of restores) restore()
  }
  return steps
}

const depths = [2, 4, 8, 16] as const
const graphs = depths.map(gptOfDepth)

test("each block brings as many values, unknowns, equations and laws as the one before", () => {
  const counts = graphs.map((graph) => {
    const { symmetry } = inferSymmetry(generalize(graph))
    const { program, propagation, solutions } = symmetry
    return [program.values.length, propagation.unknowns.length, propagation.equations.length, solutions.families.length]
  })
  counts[0].forEach((first, k) => {
    const perBlock = (counts[1][k] - first) / 2
    expect(perBlock).toBeGreaterThan(0)
    expect([counts[2][k], counts[3][k]]).toEqual([first + 6 * perBlock, first + 14 * perBlock])
  })
})

test("steps grow with depth in a straight line", () => {
  let derived: DerivedModel | undefined
  const steps = graphs.map((graph) => countSteps(() => (derived = deriveLaws(generalize(graph)))))
  expect(derived!.laws.length).toBeGreaterThan(100)
  const perBlock = [1, 2, 3].map((k) => (steps[k] - steps[k - 1]) / (depths[k] - depths[k - 1]))
  expect(perBlock[0]).toBeGreaterThan(1000)
  // Between 2 and 16 blocks a square would make this four. A few per cent are the laws of the whole stream, which have a term a block.
  expect(perBlock[1] / perBlock[0]).toBeLessThan(1.1)
  expect(perBlock[2] / perBlock[0]).toBeLessThan(1.2)
})
