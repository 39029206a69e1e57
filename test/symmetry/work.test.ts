/**
 * @file Inference does work in proportion to depth. Steps are counted, not timed: every read and write of a map or set and every element of a list
 * that is made, from graph to laws, on the published GPT-2 with ever more blocks.
 */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import ts from "typescript"
import { expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { GraphBuilder } from "../../src/graph/build"
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
    { of: Array.prototype, names: ["push", "map", "filter", "flatMap"] },
  ].flatMap(({ of, names }) => names.map((name) => [of, name] as const))
  const restores = counted.map(([of, name]) => {
    const methods = of as unknown as Record<string, (...values: unknown[]) => unknown>,
      plain = methods[name]
    methods[name] = function (this: unknown, ...values: unknown[]): unknown {
      const result = plain.apply(this, values)
      steps += Array.isArray(this) && Array.isArray(result) ? 1 + result.length : 1
      return result
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

/** relu(x_t·W + h·U), unrolled over the slices of x. */
function unrolledNetwork(steps: number): Graph {
  const at = { line: 1, column: 1 }
  const builder = new GraphBuilder()
  const parameter = (id: string, shape: readonly number[]): number =>
    builder.parameterNode(builder.addParameter({ id, shape, trainable: true, start: at, end: at }))
  const times = (x: number, w: number): number => builder.add({ kind: "einsum", equation: "bi,io->bo" }, [x, w])
  const x = builder.input("x", [8, steps, 5], "real"),
    w = parameter("W", [5, 6]),
    u = parameter("U", [6, 6])
  let h: number | null = null
  for (let t = 0; t < steps; t++) {
    const cell = builder.add({ kind: "slice", begin: [0, t, 0], strides: [1, 1, 1] }, [x], undefined, [8, 1, 5])
    const own = times(builder.add({ kind: "reshape" }, [cell], undefined, [8, 5]), w)
    const both: number = h === null ? own : builder.add({ kind: "binary", fn: "add" }, [own, times(h, u)])
    h = builder.add({ kind: "unary", fn: "relu" }, [both])
  }
  return builder.finish([h!])
}

test("an axis that a loop cuts cell by cell costs no more than the square of its length", () => {
  const [few, many] = [100, 400].map(unrolledNetwork).map((graph) => countSteps(() => deriveLaws(generalize(graph))))
  // Four times the length: sixteen as a square, sixty-four as a cube.
  expect(many / few).toBeLessThan(20)
})
