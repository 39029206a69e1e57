/**
 * @file The vector kernels against the plain ones: the same bits, for every function and every way that rows, columns and sums can lie in memory.
 * The binary in the sources is that of the text beside it; without WebAssembly everything is plain.
 */
import fs from "node:fs"
import { afterEach, describe, expect, test, vi } from "vitest"
import { compileKernels } from "../../scripts/simd/compile"
import type { Graph } from "../../src/graph/graph"
import { drawParameters, drawSamples, drawUnknowns } from "../../src/verification/data"
import { evaluateField, evaluateFieldTangent } from "../../src/verification/loss"
import { compilePlan, type Plan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { decodeBase64 } from "../../src/verification/simd/base64"
import { createEngine, plainEngine } from "../../src/verification/simd/engine"
import { network } from "./support"

test("the binary in the sources is compiled from scripts/simd/source.ts", async () => {
  expect(fs.readFileSync("src/verification/simd/binary.ts", "utf8")).toBe(await compileKernels())
})

test("base64", () => {
  for (const text of ["", "a", "ab", "abc", "\u0000\u00ff\u0080\u007f"]) {
    const bytes = Buffer.from(text, "latin1")
    expect(decodeBase64(bytes.toString("base64"))).toEqual(new Uint8Array(bytes))
  }
})

/** Everything the four sweeps leave behind. */
function sweep(plan: Plan): readonly Float64Array[] {
  const random = seededRandom(5),
    theta = drawParameters(plan, random),
    [field] = drawSamples(plan, 1, random, drawUnknowns(plan, random)).samples,
    along = plan.direction.map(() => random.normal()),
    gradient = new Float64Array(plan.dimension),
    product = new Float64Array(plan.dimension)
  evaluateField(plan, field, theta, gradient)
  evaluateFieldTangent(plan, field, theta, along, product)
  return [gradient, product, ...plan.outputs.flatMap((o) => [o.value.slice(), o.tangent.slice()])]
}

/** Whether two lists hold the same bits; NaN is itself. */
const same = (a: readonly Float64Array[], b: readonly Float64Array[]): boolean =>
  a.length === b.length && a.every((x, k) => x.length === b[k].length && x.every((v, i) => Object.is(v, b[k][i])))

function compare(graph: Graph): void {
  const plain = compilePlan(graph, "plain"),
    vector = compilePlan(graph, "vector")
  // The arrays of a vector plan lie in one memory, those of a plain one do not.
  expect(vector.gradient.buffer).toBe(vector.outputs[0].value.buffer)
  expect(plain.gradient.buffer).not.toBe(plain.outputs[0].value.buffer)
  expect(same(sweep(plain), sweep(vector))).toBe(true)
}

describe("products of matrices", () => {
  const equations = [
    "mk,kn->mn", "km,kn->mn", "mk,nk->mn", "km,nk->mn", "mk,kn->nm", "km,kn->nm", "mk,nk->nm", "km,nk->nm",
    "bmk,bkn->bmn", "bmk,kn->bmn", "mbk,bkn->mnb", "bmk,bnk->bmn", "bmk,bkn->mn", "mk,kn->m", "bm,bn->mn", "bkm,nkb->nm",
  ]
  const random = seededRandom(11)
  test.each(equations)("%s", (equation) => {
    for (let round = 0; round < 12; round++) {
      const extents: Record<string, number> = Object.fromEntries(["m", "n", "k", "b"].map((l) => [l, 1 + random.integer(l === "b" ? 4 : 11)]))
      const [x, y] = equation.split("->")[0].split(",").map((own) => [...own].map((l) => extents[l]))
      compare(network(({ parameter, einsum, unary }) => unary("sin", einsum(equation, parameter("x", x), parameter("y", y)))))
    }
  })
  test("inputs are copied into the memory, sample after sample", () => {
    compare(network(({ input, parameter, einsum }) => einsum("ni,io->no", input([9, 7]), parameter("w", [7, 6]))))
  })
})

describe("cell by cell", () => {
  test.each(["exp", "sigmoid", "silu", "tanh", "relu", "geluTanh", "square"] as const)("%s of odd and even lengths", (fn) => {
    for (const n of [15, 16, 17, 30, 31])
      compare(network(({ parameter, einsum, unary }) => einsum("a,a->a", unary(fn, parameter("x", [n])), unary(fn, parameter("y", [n])))))
  })
  test.each([false, true])("softmax, log: %s", (log) => {
    for (const shape of [[3, 7], [5, 4], [2, 1, 9]])
      compare(network(({ parameter, einsum, softmax }) => {
        const letters = "abc".slice(0, shape.length)
        return einsum(`${letters},${letters}->${letters}`, softmax(parameter("x", shape), log), parameter("y", shape))
      }))
  })
  test("products of cells", () => {
    compare(network(({ builder, parameter }) => builder.add({ kind: "binary", fn: "multiply" }, [parameter("x", [5, 7]), parameter("y", [5, 7])])))
  })
})

describe("exponentials are those of Math.exp", () => {
  const engine = createEngine(1 << 15, 0),
    random = seededRandom(3)
  const special = [
    0, -0, 1, -1, NaN, Infinity, -Infinity, 708, -708, 708.5, -708.5, 709.78, 709.79, 710, -745, -745.13, -745.14, -746, -746.1, -1e9, 1e300, -1e300,
    5e-324, -5e-324, 2 ** -28, -(2 ** -28), 2 ** -29, 2 ** -60, Math.LN2, Math.LN2 / 2, -Math.LN2 / 2, 1.5 * Math.LN2, -1.5 * Math.LN2,
    0.3465735, 0.34657359, 0.34657431, 1.0397207, 1.03972077, 1.0397224,
  ]
  const values = Float64Array.from([
    ...special,
    ...Array.from({ length: 9000 }, (_, i) => random.normal() * [1e-3, 0.5, 1, 3, 40, 400][i % 6]),
    // Around the bounds of k.
    ...Array.from({ length: 1001 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (i % 41) * (Math.LN2 / 2) * (1 + (i - 500) * 1e-9)),
  ])
  const from = engine.allocate(values.length),
    to = engine.allocate(values.length),
    slopes = engine.allocate(values.length)
  from.set(values)

  test("this platform has vectors", () => expect(engine).not.toBe(plainEngine))
  test("exp", () => {
    engine.activation("exp")!(from, to, slopes)
    expect(values.findIndex((x, i) => !Object.is(to[i], Math.exp(x)))).toBe(-1)
    expect(slopes).toEqual(to)
  })
  test("sigmoid and silu, with slopes", () => {
    const sigmoid = values.map((x) => (x < 0 ? Math.exp(x) : 1) / (1 + Math.exp(x < 0 ? x : -x)))
    engine.activation("sigmoid")!(from, to, slopes)
    expect(values.findIndex((_, i) => !Object.is(to[i], sigmoid[i]) || !Object.is(slopes[i], sigmoid[i] * (1 - sigmoid[i])))).toBe(-1)
    engine.activation("silu")!(from, to, slopes)
    expect(values.findIndex((x, i) => !Object.is(to[i], sigmoid[i] * x))).toBe(-1)
    expect(values.findIndex((x, i) => !Object.is(slopes[i], sigmoid[i] + x * sigmoid[i] * (1 - sigmoid[i])))).toBe(-1)
  })
})

describe("where there are no vectors", () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  const graph = network(({ input, parameter, einsum }) => einsum("ni,io->no", input([9, 7]), parameter("w", [7, 6])))
  const { Module, Instance, Memory } = WebAssembly
  const refuse = function refuse(): never {
    throw new Error("refused")
  }
  test.each([
    ["no WebAssembly", undefined],
    ["a policy that forbids it", { Module: refuse, Instance, Memory }],
    ["no address space left", { Module, Instance, Memory: refuse }],
  ])("%s: plain arrays, the same numbers", async (_, platform) => {
    const expected = sweep(compilePlan(graph, "vector"))
    vi.stubGlobal("WebAssembly", platform)
    vi.resetModules()
    const fresh = await import("../../src/verification/plan")
    const plan = fresh.compilePlan(graph, "vector")
    expect(plan.gradient.buffer).not.toBe(plan.outputs[0].value.buffer)
    expect(same(sweep(plan), expected)).toBe(true)
  })
})

test("memories of plans nobody uses any more are given back", () => {
  const graph = network(({ input, parameter, einsum }) => einsum("ni,io->no", input([9, 7]), parameter("w", [7, 6])))
  let plain = 0
  for (let k = 0; k < 3000; k++) {
    const plan = compilePlan(graph, "vector")
    if (plan.gradient.buffer !== plan.outputs[0].value.buffer) plain++
  }
  expect(plain).toBe(0)
})
