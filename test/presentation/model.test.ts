/** @file From a traced network and its laws to what views show: counts, fates, hovers, the lens, the terminal. */
import { describe, expect, test } from "vitest"
import type { OptimizerUse, TracedModel } from "../../src/graph/graph"
import type { DerivedLaw, DerivedModel } from "../../src/laws/law"
import { foldLaws } from "../../src/presentation/fold"
import { lensText } from "../../src/presentation/lens"
import { presentModel } from "../../src/presentation/model"
import { plainPainter, wrapText } from "../../src/presentation/paint"
import { fileText, modelText } from "../../src/presentation/text"
import { dimText, reasonsText } from "../../src/presentation/words"
import type { Place } from "../../src/schema/report"

const at = (line: number, column = 1, length = 10): Place => ({ start: { line, column }, end: { line, column: column + length } })

const parameter = (id: string, shape: (number | string)[], line: number) => ({ id, shape, trainable: true, node: null, ...at(line) })
const graph = {
  nodes: [],
  outputs: [],
  parameters: [
    parameter("dense_1/kernel", [3, 8], 4),
    parameter("dense_1/bias", [8], 4),
    parameter("dense_2/kernel", [8, 2], 5),
    parameter("gate", [3], 7),
  ],
}
const sgd: OptimizerUse = { name: "sgd", text: 'optimizer: "sgd"', learningRate: 0.1, place: at(9) }
const adam: OptimizerUse = { name: "adam", text: "tf.train.adam()", place: at(10) }

const traced = (optimizers: readonly OptimizerUse[]): TracedModel => ({
  ...at(3),
  name: "model",
  form: "sequential",
  graph,
  inputs: [{ name: "x", shape: ["batch", 3] }],
  parameterCount: 51,
  sites: [
    { ...at(3), kind: "model", label: "model", nodes: [], parameters: [] },
    { ...at(4, 1, 40), kind: "layer", label: "dense_1", nodes: [], parameters: [0, 1] },
    { ...at(4, 30, 6), kind: "activation", label: "'relu'", nodes: [], parameters: [] },
    { ...at(7), kind: "weight", label: "gate", nodes: [], parameters: [3] },
    { ...at(8, 3, 6), kind: "activation", label: "'tanh'", nodes: [], parameters: [] },
  ],
  optimizers,
  losses: [], metrics: [],
  assumptions: ["training mode"],
  unsupported: [{ ...at(8), what: "tf.myOp" }],
})

const square = (coefficient: number, parameter: string, einsum: string) => ({ coefficient, einsum, operands: [{ parameter }, { parameter }] })
const balance: DerivedLaw = {
  id: "balance-1",
  family: "balance",
  symmetry: { kind: "diag", sizes: ["h"] },
  parameters: ["dense_1/kernel", "dense_1/bias", "dense_2/kernel"],
  type: "quadratic",
  entries: "all",
  quantities: "h",
  index: [{ name: "i", size: "h" }],
  exactness: "exact",
  because: [{ text: "relu scales with its input", at: at(4, 30, 6) }],
  references: [],
  terms: [square(1, "dense_1/kernel", "ai,ai->i"), square(1, "dense_1/bias", "i,i->i"), square(-1, "dense_2/kernel", "ia,ia->i")],
}
const norm: DerivedLaw = {
  ...balance,
  id: "norm-1",
  family: "norm",
  symmetry: { kind: "scale", sizes: [] },
  parameters: ["dense_1/kernel"],
  quantities: 1,
  index: [],
  exactness: "approximate",
  terms: [square(1, "dense_1/kernel", "ai,ai->")],
}
const derived = (laws: readonly DerivedLaw[]): DerivedModel => ({
  graph: {
    ...graph,
    parameters: [
      parameter("dense_1/kernel", ["n", "h"], 4),
      parameter("dense_1/bias", ["h"], 4),
      parameter("dense_2/kernel", ["h", "m"], 5),
      parameter("gate", ["n"], 7),
    ],
  },
  sizes: [
    { name: "n", declared: 3, shrink: "free", minimum: 1 },
    { name: "h", declared: 8, shrink: "free", minimum: 1 },
    { name: "m", declared: "classes", shrink: "free", minimum: 3 },
  ],
  laws,
  independent: "h",
  lawless: [{ parameters: ["gate"], because: [{ text: "tanh saturates", at: at(8, 3, 6) }] }],
})

describe("the model of the report", () => {
  const model = presentModel(traced([sgd, adam]), derived([balance, norm]))
  test("sizes are those of the source, approximate laws do not count", () => {
    expect(model).toMatchObject({ quantities: 8, independent: 8, parameterCount: 51 })
    expect(model.laws[0]).toMatchObject({ symmetry: "diag(8)", quantities: 8, index: [{ name: "i", size: 8 }] })
    expect(model.laws[0].formula).toBe("‖dense_1/kernel[:,i]‖² + dense_1/bias[i]² − ‖dense_2/kernel[i,:]‖²")
    expect(presentModel(traced([]), { ...derived([{ ...balance, quantities: "h*m" }]), independent: "h*m" }).quantities).toBe("8*classes")
  })
  test("no places leak from the tracer's records, and no undefined keys", () => {
    expect(JSON.parse(JSON.stringify(model))).toEqual(model)
    expect(Object.keys(model.parameters[0]).sort()).toEqual(["end", "id", "shape", "start", "trainable"])
  })
  test("sites know their laws: by parameter, by the place of a reason, all for the model", () => {
    expect(model.sites.map(({ laws }) => laws)).toEqual([["balance-1", "norm-1"], ["balance-1", "norm-1"], ["balance-1", "norm-1"], [], []])
  })
  test("a hover says symmetry, law, the fate under every optimizer, why", () => {
    expect(model.sites[1].text.split("  \n").slice(0, 2)).toEqual([
      "**diag(8)** — `‖dense_1/kernel[:,i]‖² + dense_1/bias[i]² − ‖dense_2/kernel[i,:]‖²` (8 quantities) — " +
        "drifts under sgd (τ = 0.1) by exactly ½τ²gᵀMg per step, O(τ) over a fixed training time; " +
        "broken by adam: it rescales every coordinate of the step",
      "*why:* relu scales with its input (line 4)",
    ])
  })
  test("an approximate law is marked as one", () => {
    expect(model.sites[1].text).toContain("**approximate scale** — `‖dense_1/kernel‖²` (1 quantity) — drifts under sgd")
  })
  test("a site without laws says what ended them", () => {
    expect(model.sites[3].text).toBe("**gate** — no conservation law  \n*why:* tanh saturates (line 8)")
    expect(model.sites[4].text).toBe("**'tanh'** — no conservation law  \n*why:* tanh saturates (line 8)")
    expect(model.sites[4].because).toEqual([{ text: "tanh saturates", at: at(8, 3, 6) }])
  })
  test("a whole model says each reason once, without the axes of single weights", () => {
    const at8 = at(8, 3, 6)
    const because = ["along axis 0, 1: tanh saturates", "tanh saturates"].map((text) => ({ text, at: at8 }))
    const none: DerivedModel = { ...derived([]), lawless: [{ parameters: ["gate"], because }] }
    const { text } = presentModel(traced([sgd]), none).sites[0]
    expect(text.split("  \n").slice(0, 2)).toEqual(["⚖ **model** — no conservation law", "*why:* tanh saturates (line 8)"])
    expect(text.match(/tanh/g)).toHaveLength(1)
  })
  test("hovers have at most eight lines and never a bare 'conserved'", () => {
    const many = Array.from({ length: 9 }, (_, k): DerivedLaw => ({ ...balance, id: `law-${k}` }))
    const crowded = presentModel(traced([sgd]), derived(many))
    for (const site of [...model.sites, ...crowded.sites]) expect(site.text.split("\n").length).toBeLessThanOrEqual(8)
    for (const site of crowded.sites.filter(({ laws }) => laws.length > 0)) expect(site.text).toMatch(/drifts under sgd/)
    expect(crowded.sites[1].text).toContain("… and 6 more laws")
  })
  test("the lens", () => {
    expect(lensText(model)).toBe("⚖ 2 laws · 8 conserved quantities · Verify conservation")
    expect(lensText({ laws: [], quantities: 0 })).toBe("⚖ no conservation law · Verify conservation")
    expect(lensText({ laws: model.laws.slice(1), quantities: 1 })).toBe("⚖ 1 law · 1 conserved quantity · Verify conservation")
  })
})

describe("the terminal report", () => {
  const model = presentModel(traced([sgd]), derived([balance, norm]))
  test("names the losses in sight, short", () => {
    const place = at(9, 1, 5), long = "(y, p) =>\n  tf.losses.softmaxCrossEntropy(y, p).add(penalty)"
    const summary = (...names: readonly string[]): string => {
      const shown = presentModel({ ...traced([sgd]), losses: names.map((name) => ({ name, place })) }, derived([balance]))
      return modelText(shown, "src/net.ts", plainPainter).slice(1, 4).map((line) => line.trim()).join(" ")
    }
    expect(summary("hinge", "hinge")).toMatch(/ · loss in sight: hinge {2}1 /)
    expect(summary("hinge", long)).toContain("· losses in sight: hinge, (y, p) => tf.losses.softmaxCrossEntropy…")
    expect(summary("2 functions in line 7")).toContain("· losses in sight: 2 functions in line 7")
    expect(summary()).not.toContain("loss in sight")
    expect(presentModel({ ...traced([sgd]), losses: [{ name: "hinge", place }] }, derived([balance])).losses).toEqual(["hinge"])
  })
  test("names law, count, fate, why with its line, gaps and assumptions within 100 columns", () => {
    const lines = modelText(model, "src/net.ts", plainPainter)
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100)
    expect(lines.join("\n")).toBe(`  model sequential model · src/net.ts:3:1
  51 parameters · 2 laws, 1 of them approximate · 8 quantities · optimizer in sight: optimizer:
  "sgd"

   1  ‖dense_1/kernel[:,i]‖² + dense_1/bias[i]² − ‖dense_2/kernel[i,:]‖²
      diag(8): 8 quantities, i < 8 — drifts under sgd (τ = 0.1) by exactly ½τ²gᵀMg per step, O(τ)
      over a fixed training time
      why: relu scales with its input (src/net.ts:4:30)

   2  ‖dense_1/kernel‖²
      approximate scale: 1 quantity — drifts under sgd (τ = 0.1): by the ε of a normalization and by
      O(τ)
      why: relu scales with its input (src/net.ts:4:30)

      no law: gate — tanh saturates (src/net.ts:8:3)
      not read: tf.myOp (src/net.ts:8:1)
      assuming: training mode`)
  })
  test("more laws than there is room for have no reasons, unless one model is asked for", () => {
    const laws = Array.from({ length: 10 }, (_, k) => ({ ...model.laws[0], id: `l${k}`, formula: `x${"y".repeat(k)}` }))
    const many = { ...model, laws, training: [] }
    const short = modelText(many, "a.ts", plainPainter), long = modelText(many, "a.ts", plainPainter, true)
    expect(short.filter((line) => line.includes("why: "))).toHaveLength(1)
    expect(short.join(" ")).toContain("why: with --model model, or in the editor's hovers")
    expect(long.filter((line) => line.includes("why: "))).toHaveLength(10 * model.laws[0].because.length)
  })
  test("a file with only a problem shows the problem; an empty one nothing", () => {
    expect(fileText({ path: "a.ts", models: [], problems: [{ ...at(2), message: "loaded model: nothing to analyze" }] }, plainPainter)).toEqual([
      "a.ts",
      "  a.ts:2:1 loaded model: nothing to analyze",
    ])
    expect(fileText({ path: "a.ts", models: [], problems: [] }, plainPainter)).toEqual([])
  })
})

describe("laws of one form fold into one line", () => {
  const normOf = (k: number, id: string): DerivedLaw => ({
    ...norm,
    id: `n${k}`,
    exactness: "exact",
    parameters: [id],
    terms: [square(1, id, "ai,ai->")],
  })
  const balanceOf = (k: number, step = 1): DerivedLaw => {
    const [upper, lower] = [`dense_${k}/kernel`, `dense_${k + step}/kernel`]
    return { ...balance, id: `b${k}`, parameters: [upper, lower], terms: [square(1, upper, "ai,ai->i"), square(-1, lower, "ia,ia->i")] }
  }
  const fold = (laws: readonly DerivedLaw[]) => {
    const model = presentModel(traced([sgd]), derived(laws))
    return foldLaws(model.laws, model.training).map(({ formula, quantities }) => [formula, quantities])
  }
  const count = (n: number): number[] => Array.from({ length: n }, (_, k) => k)

  test("block after block", () => {
    expect(fold(count(12).map((k) => normOf(k, `h/${k}/wo`)))).toEqual([["‖h/{0…11}/wo‖²", 12]])
    expect(fold(count(2).map((k) => normOf(k, `h/${k}/wo`)))).toEqual([["‖h/{0,1}/wo‖²", 2]])
  })
  test("a folder that all parameters share is said once", () => {
    const block = (k: number): DerivedLaw => ({
      ...norm,
      id: `n${k}`,
      exactness: "exact",
      parameters: [`h/${k}/wq`, `h/${k}/wk`],
      terms: [square(1, `h/${k}/wq`, "ai,ai->"), square(-1, `h/${k}/wk`, "ai,ai->")],
    })
    expect(fold(count(3).map((k) => block(k + 9)))).toEqual([["h/{9…11}: ‖wq‖² − ‖wk‖²", 3]])
  })
  test("and only where a name begins with it", () => {
    const long = (k: string): string => `net/block/mlp_of_the_block/net/${k}/kernel`
    const law: DerivedLaw = {
      ...norm,
      exactness: "exact",
      parameters: [long("up"), "net/down/kernel"],
      terms: [square(1, long("up"), "ai,ai->"), square(-1, "net/down/kernel", "ai,ai->")],
    }
    expect(fold([law])).toEqual([["net: ‖block/mlp_of_the_block/net/up/kernel‖² − ‖down/kernel‖²", 1]])
  })
  test("layer after layer", () => {
    expect(fold(count(5).map((k) => balanceOf(k + 2)))).toEqual([["‖dense_{k}/kernel[:,i]‖² − ‖dense_{k+1}/kernel[i,:]‖², k = 2…6", 40]])
  })
  test("layers that a block counts up by more than one", () => {
    expect(fold([1, 3, 5, 7].map((k) => normOf(k, `dense_${k}/kernel`)))).toEqual([["‖dense_{1,3…7}/kernel‖²", 4]])
    expect(fold([1, 3, 5].map((k) => balanceOf(k)))).toEqual([["‖dense_{2k−1}/kernel[:,i]‖² − ‖dense_{2k}/kernel[i,:]‖², k = 1…3", 24]])
    expect(fold([0, 3, 6].map((k) => balanceOf(k, 4)))).toEqual([["‖dense_{3k}/kernel[:,i]‖² − ‖dense_{3k+4}/kernel[i,:]‖², k = 0…2", 24]])
    expect(fold([1, 2, 3].map((k) => balanceOf(k, k)))).toEqual([["‖dense_{k}/kernel[:,i]‖² − ‖dense_{2k}/kernel[i,:]‖², k = 1…3", 24]])
    expect(fold([1, 2, 4, 7].map((k) => balanceOf(k)))).toHaveLength(3)
  })
  test("parts of an axis within blocks", () => {
    const { laws, training } = presentModel(traced([sgd]), derived([{ ...balance, index: [{ name: "i", size: 4 }], quantities: 4 }]))
    const parts = count(3).flatMap((k) =>
      ["i", "4+i"].map((at) => ({ ...laws[0], parameters: [`norm_${2 * k + 2}/gamma`], formula: `norm_${2 * k + 2}/gamma[${at}]²` })),
    )
    const index = [{ name: "i", size: 8 }]
    expect(foldLaws(parts, training)).toMatchObject([{ formula: "norm_{2,4,6}/gamma[i]²", quantities: 24, index, count: 3 }])
  })
  test("not across a gap, another size or another fate", () => {
    expect(fold([0, 2].map((k) => normOf(k, `h/${k}/wo`)))).toHaveLength(2)
    expect(fold([normOf(0, "h/0/wo"), { ...normOf(1, "h/1/wo"), quantities: 2 }])).toHaveLength(2)
    expect(fold([normOf(0, "h/0/wo"), { ...normOf(1, "h/1/wo"), exactness: "approximate" }])).toHaveLength(2)
    expect(fold([balanceOf(1), balanceOf(2, 2)])).toHaveLength(2)
  })
  test("the order of the laws stays", () => {
    expect(fold([normOf(0, "h/0/wo"), balance, normOf(1, "h/1/wo")]).map(([formula]) => formula)).toEqual([
      "‖h/{0,1}/wo‖²",
      expect.stringContaining("dense_1"),
    ])
  })
})

test("what several places do is said once, with the places", () => {
  const cuts = (line: number) => ({ text: "relu cuts", at: at(line) })
  const because = [cuts(4), { text: "norm forgets", at: at(5) }, cuts(6), cuts(4)]
  expect(reasonsText(because)).toBe("relu cuts (line 4, line 6); norm forgets (line 5)")
  const { laws, ...model } = presentModel(traced([sgd]), derived([{ ...balance, because }]))
  const text = modelText({ ...model, laws }, "net.ts", plainPainter).join("\n")
  expect(text).toContain("why: relu cuts (net.ts:4:1, net.ts:6:1)\n")
  expect(text.match(/relu cuts/g)).toHaveLength(1)
})

test("sizes as text", () => {
  expect(dimText("d^2/2+d/2")).toBe("d²/2 + d/2")
  expect(dimText(12345)).toBe("12,345")
  expect(dimText("x.1*inputs.0.2")).toBe("x.shape[1]·inputs[0].shape[2]")
  expect(dimText("this.shape.1")).toBe("this.shape[1]")
})

test("lines break at spaces with a hanging indent", () => {
  expect(wrapText("one two three four", 12, "a: ")).toEqual(["a: one two", "   three", "   four"])
})
