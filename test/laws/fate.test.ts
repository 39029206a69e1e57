/** @file What optimizers do to laws: the statuses, and the per-step identities checked on random forms and random gradients. */
import { describe, expect, test } from "vitest"
import type { OptimizerName, OptimizerUse } from "../../src/graph/graph"
import { fateUnder, fateUnderFlow, trainingOf } from "../../src/laws/fate"
import type { FateLaw, FateParameter } from "../../src/laws/fate"

const at = { start: { line: 3, column: 1 }, end: { line: 3, column: 9 } }
const use = (name: OptimizerName, more: Partial<OptimizerUse> = {}): OptimizerUse => ({ name, text: `tf.train.${name}(…)`, place: at, ...more })
const law = (type: FateLaw["type"], more: Partial<FateLaw> = {}): FateLaw => ({
  id: "L1",
  family: type === "linear" ? "shift" : "balance",
  type,
  parameters: ["a", "b"],
  exactness: "exact",
  ...more,
})
const parameters = (...l2: number[]): FateParameter[] => ["a", "b"].map((id, k) => ({ id, regularizer: { l1: 0, l2: l2[k] ?? 0 } }))
const plain = parameters(0, 0)
const noGradient = law("linear", { family: "no-gradient" })

describe("a list of variables to train", () => {
  const trains = (...variables: string[]): OptimizerUse => use("sgd", { learningRate: 0.1, variables })
  test("breaks a law between trained and untrained weights", () =>
    expect(fateUnder(trains("b"), law("quadratic"), plain)).toMatchObject({ status: "broken", detail: expect.stringContaining("does not train a") }))
  test("leaves a law of untrained weights alone", () =>
    expect(fateUnder(trains("b"), law("quadratic", { parameters: ["a"] }), plain).status).toBe("exact"))
  test("changes nothing where it names all", () => expect(fateUnder(trains("a", "net/b"), law("quadratic"), plain).status).toBe("drifts"))
  test("promises nothing where it is not known what it names", () => {
    const unknown = { status: "broken", detail: "not guaranteed under sgd (τ = 0.1): which of its weights a step trains is not known" }
    expect(fateUnder(trains("other"), law("quadratic"), plain)).toEqual(unknown)
    expect(fateUnder(trains("b", "other"), law("quadratic"), plain)).toEqual(unknown)
    expect(fateUnder(trains("b", "other"), law("quadratic", { parameters: ["b"] }), plain).status).toBe("drifts")
  })
})

describe("weights that the code writes itself, or its loss reads", () => {
  const detailOf = (more: Partial<OptimizerUse>, of = law("quadratic")): string => fateUnder(use("sgd", more), of, plain).detail
  test("break the laws that name them, by the last name in their path", () => {
    const rows = law("quadratic", { parameters: ["net/rows/0", "net/rows/1"] })
    expect(detailOf({ written: ["rows"] }, rows)).toMatch(/also writes net\/rows\/0 itself$/)
    expect(detailOf({ beside: ["rows"] }, rows)).toMatch(/reads net\/rows\/0 beside the output$/)
    expect(detailOf({ written: ["other"] })).toMatch(/^drifts/)
  })
  test("all of them where it is not known which, trained or not", () => {
    expect(detailOf({ written: "all" })).toMatch(/also writes weights itself$/)
    expect(detailOf({ written: "all", variables: ["b"] }, law("quadratic", { parameters: ["a"] }))).toMatch(/also writes weights itself$/)
  })
  test("under gradient flow and where a step trains others", () => {
    const status = (optimizers: readonly OptimizerUse[], parametersOf: readonly string[]): readonly string[] =>
      trainingOf(optimizers, [law("quadratic", { parameters: parametersOf })], plain, ["a"]).flatMap(({ fate }) => fate.map((f) => f.status))
    expect(status([], ["a", "b"])).toEqual(["broken"])
    expect(status([use("sgd")], ["a", "b"])).toEqual(["broken"])
    expect(status([use("sgd", { variables: ["b"] })], ["a"])).toEqual(["exact"])
    expect(status([use("sgd")], ["b"])).toEqual(["drifts"])
  })
})

describe("statuses", () => {
  test("without an optimizer in sight", () => {
    const [training, ...rest] = trainingOf([], [law("quadratic")], plain)
    expect(rest).toEqual([])
    expect(training).toEqual({ optimizer: "gradient flow", fate: [{ law: "L1", status: "exact", detail: "exact under gradient flow" }] })
  })
  test.each<[OptimizerName, FateLaw, string]>([
    ["sgd", law("quadratic"), "drifts"],
    ["sgd", law("linear"), "exact"],
    ["sgd", law("mixed"), "drifts"],
    ["sgd", noGradient, "exact"],
    ["momentum", law("quadratic"), "broken"],
    ["momentum", law("linear"), "exact"],
    ["momentum", law("mixed"), "broken"],
    ["nesterov", law("quadratic"), "broken"],
    ["nesterov", law("linear"), "exact"],
    ["adam", law("quadratic"), "broken"],
    ["adam", law("linear"), "broken"],
    ["adam", noGradient, "rounding"],
    ["rmsprop", noGradient, "rounding"],
    ["adagrad", law("linear"), "broken"],
    ["adadelta", noGradient, "rounding"],
    ["adamax", law("quadratic"), "broken"],
    ["adamw", law("linear"), "broken"],
    ["adamw", noGradient, "rounding"],
    ["unknown", law("linear"), "broken"],
  ])("%s", (name, subject, status) => {
    expect(fateUnder(use(name), subject, plain).status).toBe(status)
  })
  test("momentum zero is plain SGD", () => {
    expect(fateUnder(use("momentum", { momentum: 0 }), law("quadratic"), plain).status).toBe("drifts")
  })
  test("approximate laws drift by themselves", () => {
    expect(fateUnderFlow(law("quadratic", { exactness: "approximate" }), plain).status).toBe("drifts")
  })
})

test("a constraint breaks every law of its parameter, and no other", () => {
  const constrained: FateParameter[] = [
    { id: "b", constraint: "maxNorm" },
    { id: "c", constraint: "nonNeg" },
  ]
  const detail = "broken by the maxNorm constraint on b, wherever it is applied"
  expect(fateUnder(use("sgd"), law("linear"), constrained)).toEqual({ status: "broken", detail })
  expect(fateUnderFlow(law("quadratic"), constrained).status).toBe("broken")
  expect(fateUnder(use("sgd"), law("linear"), [constrained[1]]).status).toBe("exact")
})

describe("weight decay", () => {
  const sgd = use("sgd")
  test("equal regularizers decay, λ = 2·l2", () => {
    expect(fateUnder(sgd, law("quadratic"), parameters(0.01, 0.01))).toMatchObject({ status: "decays", perStep: "h′ = (1−τλ)²h + ½τ²gᵀMg" })
    expect(fateUnder(sgd, law("linear"), parameters(0.01, 0.01)).detail).toContain("λ = 0.02")
    expect(fateUnderFlow(law("quadratic"), parameters(0.01, 0.01)).perStep).toBe("dh/dt = −2λh")
  })
  test("unequal, partial, l1 and mixed are broken, and the parameter is named", () => {
    expect(fateUnder(sgd, law("quadratic"), parameters(0.01, 0)).detail).toBe("broken by weight decay on a but not on b")
    expect(fateUnder(sgd, law("quadratic"), parameters(0.01, 0.02)).detail).toBe("broken by unequal weight decay, 0.04 on b and 0.02 on a")
    expect(fateUnder(sgd, law("mixed"), parameters(0.01, 0.01)).status).toBe("broken")
    expect(fateUnderFlow(law("linear"), [{ id: "a", regularizer: { l1: 1, l2: 0 } }]).detail).toBe("broken by the l1 regularizer of a")
  })
  test("adam and momentum come before a regularizer that would break the law as well", () => {
    const adam = fateUnder(use("adam", { learningRate: 0.01 }), law("quadratic"), parameters(0.01, 0))
    expect(adam.status).toBe("broken")
    expect(adam.detail).toMatch(/^broken by adam.*: it rescales every coordinate of the step; also broken by weight decay on a but not on b$/)
    expect(fateUnder(use("momentum", { momentum: 0.9 }), law("quadratic"), parameters(0.01, 0)).detail).toMatch(
      /^broken by momentum.*: a step is no longer along the gradient; also broken by weight decay on a but not on b$/,
    )
    // Momentum keeps a linear law, and adam what has no gradient: there the regularizer alone is to blame.
    const alone = "broken by weight decay on a but not on b"
    expect(fateUnder(use("momentum", { momentum: 0.9 }), law("linear"), parameters(0.01, 0)).detail).toBe(alone)
    expect(fateUnder(use("adam"), { ...noGradient, parameters: ["a", "b"] }, parameters(0.01, 0)).detail).toBe(alone)
  })
  test("a regularizer elsewhere changes nothing", () => {
    expect(fateUnder(sgd, law("linear"), [{ id: "c", regularizer: { l1: 0, l2: 1 } }]).status).toBe("exact")
  })
  test("the optimizer's own decay adds up", () => {
    expect(fateUnder(use("sgd", { weightDecay: 0.1 }), law("linear"), parameters(0.05, 0.05)).detail).toContain("λ = 0.2")
    expect(fateUnder(use("adamw", { weightDecay: 0.1 }), noGradient, plain)).toMatchObject({ status: "decays", perStep: "h′ = (1−τλ)h" })
  })
})

/** Deterministic numbers in (−1, 1). */
const randomNumbers = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2147483648 - 1
  }
}

describe("the identities behind perStep, on random forms", () => {
  const random = randomNumbers(11)
  const n = 6
  const vector = (): number[] => Array.from({ length: n }, random)
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, k) => sum + v * b[k], 0)
  const matrix = Array.from({ length: n }, vector)
  const symmetric = matrix.map((row, i) => row.map((v, j) => v + matrix[j][i]))
  const apply = (x: readonly number[]): number[] => symmetric.map((row) => dot(row, x))
  const offset = vector()
  /** A random gradient that keeps the law: its part along ∇h is taken off. */
  const gradientAgainst = (normal: readonly number[]): number[] => {
    const g = vector(),
      factor = dot(g, normal) / dot(normal, normal)
    return g.map((v, k) => v - factor * normal[k])
  }
  const tau = 0.13,
    lambda = 0.4,
    mu = 0.7

  test("Δh = ½τ²gᵀMg for quadratic and mixed laws under SGD", () => {
    for (const c of [offset.map(() => 0), offset]) {
      const h = (x: readonly number[]): number => 0.5 * dot(x, apply(x)) + dot(c, x)
      const theta = vector(),
        g = gradientAgainst(apply(theta).map((v, k) => v + c[k]))
      const next = theta.map((v, k) => v - tau * g[k])
      expect(h(next) - h(theta)).toBeCloseTo(0.5 * tau ** 2 * dot(g, apply(g)), 12)
    }
  })
  test("h′ = (1−τλ)²h + ½τ²gᵀMg with equal weight decay, and not for mixed laws", () => {
    const theta = vector(),
      g = gradientAgainst(apply(theta))
    const h = (x: readonly number[]): number => 0.5 * dot(x, apply(x))
    const next = theta.map((v, k) => v - tau * (g[k] + lambda * v))
    expect(h(next)).toBeCloseTo((1 - tau * lambda) ** 2 * h(theta) + 0.5 * tau ** 2 * dot(g, apply(g)), 12)
    const mixed = (x: readonly number[]): number => h(x) + dot(offset, x)
    const g2 = gradientAgainst(apply(theta).map((v, k) => v + offset[k]))
    const next2 = theta.map((v, k) => v - tau * (g2[k] + lambda * v))
    expect(Math.abs(mixed(next2) - ((1 - tau * lambda) ** 2 * mixed(theta) + 0.5 * tau ** 2 * dot(g2, apply(g2))))).toBeGreaterThan(1e-3)
  })
  test("Δh = ⟨∇h,u⟩ + ½uᵀMu for any update", () => {
    const theta = vector(),
      u = vector()
    const h = (x: readonly number[]): number => 0.5 * dot(x, apply(x))
    expect(h(theta.map((v, k) => v + u[k])) - h(theta)).toBeCloseTo(dot(apply(theta), u) + 0.5 * dot(u, apply(u)), 12)
  })
  test("linear laws under momentum: exact without decay, h″ = (1+μ−τλ)h′ − μh with it", () => {
    for (const decay of [0, lambda]) {
      const values: number[] = []
      let theta = vector(),
        velocity = theta.map(() => 0)
      for (let step = 0; step < 6; step++) {
        values.push(dot(offset, theta))
        const g = gradientAgainst(offset),
          before = theta
        velocity = velocity.map((v, k) => mu * v + g[k] + decay * before[k])
        theta = theta.map((v, k) => v - tau * velocity[k])
      }
      for (let k = 2; k < values.length; k++) expect(values[k]).toBeCloseTo((1 + mu - tau * decay) * values[k - 1] - mu * values[k - 2], 12)
      if (decay === 0) expect(Math.max(...values) - Math.min(...values)).toBeLessThan(1e-13)
    }
  })
  test("the flow with decay: dh/dt = −2λh for quadratic laws", () => {
    const theta = vector(),
      g = gradientAgainst(apply(theta))
    const speed = theta.map((v, k) => -(g[k] + lambda * v))
    expect(dot(apply(theta), speed)).toBeCloseTo(-2 * lambda * 0.5 * dot(theta, apply(theta)), 12)
  })
})
