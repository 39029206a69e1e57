/** @file Every kernel against central differences: values' tangents, adjoints and Hessian-vector products. A kind without a case fails. */
import { describe, expect, test } from "vitest"
import type { BinaryFunction, Op, OpKind, ReduceFunction, UnaryFunction } from "../../src/graph/op"
import { GraphBuilder } from "../../src/graph/build"
import { operandCounts } from "../../src/graph/shape"
import { drawSamples, drawUnknowns } from "../../src/verification/data"
import { binaryDefinitions } from "../../src/verification/kernels/binary"
import { unaryDefinitions } from "../../src/verification/kernels/unary"
import { kernels } from "../../src/verification/kernels/table"
import { evaluateField, evaluateFieldTangent } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"

/** One op on differentiable operands of the given shapes (parameters), integer ones (indices below `range`), or conditions. */
interface Case {
  readonly op: Op
  readonly operands: readonly (
    readonly number[] | { readonly indices: readonly number[]; readonly range: number } | { readonly truth: readonly number[] }
  )[]
  readonly shape?: readonly number[]
  /** Where parameters are drawn, for functions with a domain. */
  readonly between?: readonly [number, number]
}

const domains: Partial<Record<UnaryFunction, readonly [number, number]>> = {
  log: [0.5, 2],
  log1p: [-0.4, 2],
  sqrt: [0.5, 2],
  rsqrt: [0.5, 2],
  reciprocal: [0.5, 2],
  powConstant: [0.5, 2],
  tan: [-1, 1],
  asin: [-0.8, 0.8],
  acos: [-0.8, 0.8],
  atanh: [-0.8, 0.8],
  acosh: [1.3, 3],
}
const parametersOf: Partial<Record<UnaryFunction, readonly number[]>> = {
  leakyRelu: [0.3],
  elu: [1.2],
  powConstant: [2.5],
  clip: [-0.7, 0.9],
  thresholdedRelu: [0.4],
  reluMax: [1.1],
  step: [0.2],
}
const unaryCases = (Object.keys(unaryDefinitions) as UnaryFunction[]).map((fn): Case => ({
  op: { kind: "unary", fn, ...(parametersOf[fn] ? { parameters: parametersOf[fn] } : {}) },
  operands: [[3, 4]],
  between: domains[fn] ?? [-2.2, 2.3],
}))
const positive: ReadonlySet<BinaryFunction> = new Set<BinaryFunction>(["power", "divide", "divideNoNan", "mod", "floorDivide"])
const binaryCases = (Object.keys(binaryDefinitions) as BinaryFunction[]).flatMap((fn): Case[] => {
  const between = positive.has(fn) ? ([0.5, 2] as const) : ([-2, 2] as const)
  return [
    { op: { kind: "binary", fn }, operands: [[3, 4], [4]], between },
    {
      op: { kind: "binary", fn },
      operands: [
        [3, 1],
        [2, 3, 4],
      ],
      between,
    },
  ]
})
const reductions: readonly ReduceFunction[] = ["sum", "mean", "max", "min", "prod", "any", "all"]

const cases: { readonly [K in Exclude<OpKind, "input" | "parameter" | "constant" | "random" | "opaque">]: readonly Case[] } = {
  unary: unaryCases,
  binary: binaryCases,
  select: [{ op: { kind: "select" }, operands: [{ truth: [3, 4] }, [4], [3, 1]] }],
  dropout: [{ op: { kind: "dropout", rate: 0.4, sharedAxes: [1] }, operands: [[3, 4, 2]] }],
  stopGradient: [{ op: { kind: "stopGradient" }, operands: [[3]] }],
  einsum: [
    {
      op: { kind: "einsum", equation: "bti,io->bto" },
      operands: [
        [2, 3, 4],
        [4, 2],
      ],
    },
    {
      op: { kind: "einsum", equation: "bhqd,bhkd->bhqk" },
      operands: [
        [2, 2, 3, 2],
        [2, 2, 4, 2],
      ],
    },
    { op: { kind: "einsum", equation: "ab,c->c" }, operands: [[2, 3], [4]] },
    { op: { kind: "einsum", equation: "i,j->ji" }, operands: [[3], [4]] },
    { op: { kind: "einsum", equation: "abc->ca" }, operands: [[2, 3, 4]] },
    {
      op: { kind: "einsum", equation: "ab,ab->" },
      operands: [
        [2, 3],
        [2, 3],
      ],
    },
  ],
  softmax: [
    { op: { kind: "softmax", axis: 1, log: false }, operands: [[2, 4, 3]] },
    { op: { kind: "softmax", axis: 2, log: true }, operands: [[2, 3, 4]] },
  ],
  normalize: [
    { op: { kind: "normalize", axes: [2], center: true, measure: "mean", epsilon: 1e-3 }, operands: [[2, 3, 4]] },
    { op: { kind: "normalize", axes: [0, 1], center: true, measure: "mean", epsilon: 0.1 }, operands: [[2, 3, 4]] },
    { op: { kind: "normalize", axes: [1], center: false, measure: "sum", epsilon: 0 }, operands: [[2, 3]] },
  ],
  reduce: reductions.flatMap((fn): Case[] => [
    { op: { kind: "reduce", fn, axes: [1], keepDims: false }, operands: [[2, 3, 4]] },
    { op: { kind: "reduce", fn, axes: [0, 2], keepDims: true }, operands: [[2, 3, 4]] },
  ]),
  cumsum: [
    { op: { kind: "cumsum", axis: 1, exclusive: false, reverse: false }, operands: [[2, 4, 2]] },
    { op: { kind: "cumsum", axis: 0, exclusive: true, reverse: true }, operands: [[4, 2]] },
  ],
  argExtreme: [
    { op: { kind: "argExtreme", fn: "max", axis: 1 }, operands: [[3, 4]] },
    { op: { kind: "argExtreme", fn: "min", axis: 0 }, operands: [[3, 4]] },
  ],
  topK: [
    { op: { kind: "topK", k: 2, output: "values" }, operands: [[3, 4]] },
    { op: { kind: "topK", k: 2, output: "indices" }, operands: [[3, 4]] },
  ],
  reshape: [{ op: { kind: "reshape" }, operands: [[3, 4]], shape: [2, 6] }],
  transpose: [{ op: { kind: "transpose", permutation: [2, 0, 1] }, operands: [[2, 3, 4]] }],
  slice: [{ op: { kind: "slice", begin: [1, 0], strides: [1, 2] }, operands: [[3, 5]], shape: [2, 3] }],
  concat: [
    {
      op: { kind: "concat", axis: 1 },
      operands: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
    },
  ],
  pad: (["constant", "reflect", "symmetric"] as const).map((mode): Case => ({
    op: { kind: "pad", before: [1, 0], after: [2, 1], mode, value: 1.5 },
    operands: [[3, 4]],
  })),
  tile: [{ op: { kind: "tile", repeats: [2, 3] }, operands: [[2, 3]] }],
  broadcast: [{ op: { kind: "broadcast" }, operands: [[3, 1]], shape: [2, 3, 4] }],
  reverse: [{ op: { kind: "reverse", axes: [0, 2] }, operands: [[2, 3, 4]] }],
  gather: [
    { op: { kind: "gather", axis: 0, batchAxes: 0 }, operands: [[4, 3], { indices: [2, 3], range: 4 }] },
    { op: { kind: "gather", axis: 2, batchAxes: 1 }, operands: [[2, 3, 5, 2], { indices: [2, 4], range: 5 }] },
  ],
  oneHot: [{ op: { kind: "oneHot", depth: 4 }, operands: [{ indices: [3], range: 4 }] }],
  bandPart: [
    { op: { kind: "bandPart", lower: -1, upper: 0 }, operands: [[2, 3, 4]] },
    { op: { kind: "bandPart", lower: 1, upper: 1 }, operands: [[4, 4]] },
  ],
  upsample: [{ op: { kind: "upsample", factors: [2, 3] }, operands: [[2, 2, 2, 3]] }],
  convolve: [
    {
      op: { kind: "convolve", variant: "standard", strides: [1], dilations: [1], padding: "valid" },
      operands: [
        [2, 5, 2],
        [3, 2, 3],
      ],
    },
    {
      op: { kind: "convolve", variant: "standard", strides: [2, 2], dilations: [1, 1], padding: "same" },
      operands: [
        [2, 5, 4, 2],
        [3, 3, 2, 2],
      ],
    },
    {
      op: {
        kind: "convolve",
        variant: "standard",
        strides: [1, 1],
        dilations: [2, 1],
        padding: [
          [1, 1],
          [0, 1],
        ],
      },
      operands: [
        [1, 5, 4, 2],
        [2, 3, 2, 2],
      ],
    },
    {
      op: { kind: "convolve", variant: "depthwise", strides: [1, 2], dilations: [1, 1], padding: "same" },
      operands: [
        [2, 4, 4, 2],
        [3, 2, 2, 3],
      ],
    },
    {
      op: { kind: "convolve", variant: "transposed", strides: [2, 2], dilations: [1, 1], padding: "same" },
      operands: [
        [2, 2, 3, 2],
        [3, 3, 2, 4],
      ],
    },
    {
      op: { kind: "convolve", variant: "transposed", strides: [2], dilations: [1], padding: "valid" },
      operands: [
        [2, 3, 2],
        [3, 2, 4],
      ],
    },
  ],
  pool: (["max", "average"] as const).flatMap((fn): Case[] => [
    { op: { kind: "pool", fn, window: [2, 2], strides: [2, 2], padding: "valid" }, operands: [[2, 4, 5, 2]] },
    { op: { kind: "pool", fn, window: [3], strides: [2], padding: "same" }, operands: [[2, 5, 3]] },
  ]),
}

test("every kind of operation has a kernel and a case", () => {
  expect(Object.keys(kernels).sort()).toEqual(Object.keys(operandCounts).sort())
  const apart = ["input", "parameter", "constant", "random", "opaque"]
  expect([...Object.keys(cases), ...apart].sort()).toEqual(Object.keys(operandCounts).sort())
})

/** The op on parameters, squashed by a smooth function, so that its second derivatives are met by a generic cotangent. */
function compileCase({ op, operands, shape, between = [-2, 2] }: Case, seed: number) {
  const builder = new GraphBuilder(),
    start = { line: 1, column: 1 }
  const nodes = operands.map((o, i) => {
    if ("indices" in o) return builder.input(`i${i}`, o.indices, "index", {}, o.range)
    if ("truth" in o) return builder.input(`c${i}`, o.truth, "binary")
    return builder.parameterNode(builder.addParameter({ id: `p${i}`, shape: o, trainable: true, start, end: start }))
  })
  const result = builder.add(op, nodes, {}, shape)
  const plan = compilePlan(builder.finish([result, builder.add({ kind: "unary", fn: "sin" }, [result])]))
  const random = seededRandom(seed),
    theta = plan.theta.map(() => between[0] + (between[1] - between[0]) * random.uniform())
  const field = drawSamples(plan, 1, random, drawUnknowns(plan, random)).samples[0]
  return { plan, field, theta, along: plan.direction.map(() => random.normal()) }
}

const step = 1e-5
const name = ({ op, operands }: Case): string => `${JSON.stringify(op)} ${JSON.stringify(operands)}`

describe.each(Object.entries(cases))("%s", (kind, list) => {
  test.each(list.map((c) => [name(c), c] as const))("%s", (_, c) => {
    const { plan, field, theta, along } = compileCase(c, 7),
      n = plan.dimension
    const value = (t: number): number => {
      plan.theta.set(theta.map((x, i) => x + t * along[i]))
      plan.leaves.forEach((leaf, i) => leaf.fill(field.leaves[i]))
      plan.forward()
      return plan.outputs.reduce((sum, o, k) => sum + o.value.reduce((s, v, i) => s + v * field.targets[k][i], 0), 0)
    }
    const gradient = new Float64Array(n),
      product = new Float64Array(n),
      up = new Float64Array(n),
      down = new Float64Array(n)
    const slope = (value(step) - value(-step)) / (2 * step)
    evaluateField(plan, field, theta, gradient)
    evaluateFieldTangent(plan, field, theta, along, product)
    const forwardSlope = plan.outputs.reduce((sum, o, k) => sum + (o.moves ? o.tangent.reduce((s, v, i) => s + v * field.targets[k][i], 0) : 0), 0)
    const backwardSlope = gradient.reduce((s, g, i) => s + g * along[i], 0),
      size = 1 + Math.abs(slope)
    expect(Number.isFinite(slope)).toBe(true)
    expect(Math.abs(forwardSlope - slope) / size).toBeLessThan(1e-7)
    if (kind === "stopGradient") expect(gradient.every((g) => g === 0)).toBe(true)
    else expect(Math.abs(backwardSlope - slope) / size).toBeLessThan(1e-7)
    evaluateField(
      plan,
      field,
      theta.map((x, i) => x + step * along[i]),
      up,
    )
    evaluateField(
      plan,
      field,
      theta.map((x, i) => x - step * along[i]),
      down,
    )
    for (let i = 0; i < n; i++) {
      const expected = (up[i] - down[i]) / (2 * step)
      expect(Math.abs(product[i] - expected) / (1 + Math.abs(expected))).toBeLessThan(1e-6)
    }
  })
})

test("a norm of very large numbers has the gradient of the same norm of small ones, as much smaller", () => {
  const builder = new GraphBuilder(), place = { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }
  const w = builder.parameterNode(builder.addParameter({ id: "w", shape: [4], trainable: true, ...place }))
  const norm = { kind: "normalize", axes: [0], center: true, measure: "mean", epsilon: 0 } as const
  const plan = compilePlan(builder.finish([builder.add(norm, [w])])), large = 1e130
  const [field] = drawSamples(plan, 1, seededRandom(1), new Map()).samples
  const gradientAt = (scale: number): readonly number[] => {
    const gradient = new Float64Array(4)
    evaluateField(plan, field, Float64Array.of(0.3, -1.1, 0.7, 2).map((x) => scale * x), gradient)
    return Array.from(gradient, (g) => g * scale)
  }
  const small = gradientAt(1)
  gradientAt(large).forEach((g, i) => expect(g).toBeCloseTo(small[i], 10))
})
