/** @file A verification in words: verdicts, numbers, completeness. */
import { describe, expect, test } from "vitest"
import { plainPainter } from "../../src/presentation/paint"
import {
  completenessText, depthText, discoveryText, exponentText, ownLossText, regularizedText, sizesText, verdictText, verificationText,
} from "../../src/presentation/verification"
import { jsonText } from "../../src/presentation/json"
import type { Law, LawVerification, Verification, VerifiedModel } from "../../src/schema/report"

const measured = (law: string, verdict: LawVerification["verdict"], more: Partial<LawVerification> = {}): LawVerification => ({
  law,
  rate: 3.3e-17,
  controlRate: 0.21,
  order: 1.02,
  drift: 5e-15,
  controlDrift: 0.0012,
  verdict,
  ...more,
})
const verification = (verdict: Verification["verdict"], ...laws: LawVerification[]): Verification => ({
  verdict,
  seed: 3,
  milliseconds: 812.4,
  replica: { n10: 4, n2: 3 },
  laws,
  completeness: { parameters: 16, lieRank: 7, possible: 9, derived: 9, gap: [0.015, 2e-16], complete: true },
})
const lawOf = (id: string, formula: string, ...parameters: string[]): Law => ({
  id,
  family: "balance",
  symmetry: "diag(3)",
  parameters,
  formula,
  latex: "",
  type: "quadratic",
  entries: "all",
  quantities: 3,
  index: [{ name: "i", size: 3 }],
  exactness: "exact",
  because: [],
  references: [],
  terms: [],
})
const model = { laws: [lawOf("balance-1", "‖a[:,i]‖² − ‖b[i,:]‖²", "a", "b"), lawOf("shift-1", "Σₐ a[a,i]", "a")], training: [] }

const task = { model: "model", sizes: [] }

describe("verdicts", () => {
  test("say what was checked, and under what", () => {
    const run = verification("conserved", measured("a", "conserved"), measured("b", "approximate"))
    expect(verdictText(run)).toBe("every exact law holds along the gradient flow (1 conserved, 1 approximate)")
    expect(verdictText(run, "sgd")).toBe("every exact law does what theory says under sgd (1 conserved, 1 approximate)")
    expect(verdictText(verification("violated", measured("a", "violated")))).toBe("a law does not hold (1 violated)")
    expect(verdictText({ ...verification("inconclusive"), replica: {} })).toBe("no verdict (nothing could be run)")
    expect(verdictText({ ...verification("inconclusive"), completeness: null })).toBe("nothing to check: no law")
    expect(verdictText(verification("inconclusive"))).toBe("no law to check, and none is possible")
    const approximate = verification("inconclusive", measured("a", "approximate"))
    expect(verdictText(approximate)).toBe("nothing to check: no exact law (1 approximate)")
  })
  test("name the model's own loss where it was run, too", () => {
    const held = [measured("a", "conserved")]
    const own = { name: "hinge", verdict: "conserved", laws: held } as const
    const run = { ...verification("conserved", ...held), ownLoss: own }
    expect(verdictText(run)).toBe("every exact law holds along the gradient flow of the squared error and of its own loss, hinge (1 conserved)")
    expect(ownLossText(run)).toBeNull()
    const unknown = { ...run, ownLoss: { name: "focal", verdict: "inconclusive", detail: "it is not a loss of tfjs", laws: [] } as const }
    expect(verdictText(unknown)).toBe("every exact law holds along the gradient flow of the squared error (1 conserved)")
    expect(ownLossText(unknown)).toBe(
      "its own loss, focal, was not run: it is not a loss of tfjs; the squared error was run, and a loss of the outputs alone conserves what it does",
    )
    const wrong = { ...run, ownLoss: { ...own, verdict: "violated", laws: [measured("a", "violated")] } as const }
    expect(ownLossText(wrong)).toBe("under its own loss, hinge, 1 of 1 law violated")
    const open = { ...run, ownLoss: { ...own, verdict: "inconclusive", laws: [measured("a", "inconclusive", { detail: "nothing moved" })] } as const }
    expect(ownLossText(open)).toBe("under its own loss, hinge, no verdict for 1 law: nothing moved")
    const decaying = (k: number) => Array.from({ length: k }, (_, n) => ({ law: `a${n}`, verdict: "violated", rate: 1, decay: 1 }) as const)
    expect(regularizedText({ regularized: decaying(1) })).toMatch(/1 law should decay and does not$/)
    expect(regularizedText({ regularized: decaying(2) })).toMatch(/2 laws should decay and do not$/)
  })
  test("name a law that the own loss moves in the headline and in its row", () => {
    const held = [measured("balance-1", "conserved"), measured("shift-1", "conserved")]
    const detail = "its own loss reads a beside the output (rate 3.0e-3)"
    const moved = { ...measured("balance-1", "inconclusive", { detail }), notKept: true } as const
    const own = { name: "hinge", verdict: "conserved", laws: [moved, held[1]] } as const
    const run = { ...verification("conserved", ...held), ownLoss: own }
    const headline = "its own loss, hinge, keeps 1 of 2 exact laws, of which the squared error keeps all (1 conserved, 1 not kept)"
    expect(verdictText(run)).toBe(headline)
    expect(ownLossText(run)).toBeNull()
    const text = verificationText(task, run, model, plainPainter)
    const row0 = text.findIndex((line) => line.includes("seed "))
    expect(text.slice(0, row0).map((line) => line.trim()).join(" ")).toBe(`model — ${headline}`)
    expect(row0).toBe(2)
    expect(Math.max(...text.map((line) => [...line].length))).toBeLessThanOrEqual(100)
    const row = text.findIndex((line) => /^ {3}1 /.test(line))
    expect(text[row]).toMatch(/not kept$/)
    expect(text.slice(row).join(" ")).toContain(detail)
    expect(text.filter((line) => /\bconserved$/.test(line))).toHaveLength(1)
    const marked: string[] = [], painter = { ...plainPainter, warning: (line: string) => (marked.push(line), line) }
    verificationText(task, { ...run, ownLoss: { ...own, verdict: "inconclusive" } }, model, painter)
    expect([marked.slice(0, 2).join(" "), ...marked.slice(2)]).toEqual([headline, "not kept"])
  })
  test("tell several losses from one, and what of them was not run", () => {
    const held = [measured("a", "conserved")], moved = { ...measured("a", "inconclusive", { detail: "moved" }), notKept: true } as const
    const unread = [{ name: "warmUp", why: "its operations are not read" }]
    const both = { name: "hinge + the function in line 9", verdict: "conserved", laws: held } as const
    expect(verdictText({ ...verification("conserved", ...held), ownLoss: both })).toContain("and of its own losses, hinge + the function in line 9 (")
    const one = { ...verification("conserved", ...held), ownLoss: { ...both, name: "2 functions in line 7", laws: [moved] } }
    expect(verdictText(one)).toBe("its own losses, 2 functions in line 7, do not keep the law, which the squared error keeps (1 not kept)")
    expect(ownLossText({ ...one, ownLoss: { ...both, unread } })).toBe(
      "not run of what trains it: warmUp (its operations are not read); a loss of the outputs alone conserves what the squared error does")
    const none = verification("conserved", ...held, measured("b", "conserved"))
    const own = { name: "hinge", verdict: "inconclusive", laws: [moved, { ...moved, law: "b" }] } as const
    expect(verdictText({ ...none, ownLoss: own })).toBe(
      "its own loss, hinge, keeps none of the 2 exact laws, of which the squared error keeps all (2 not kept)")
  })
  test("say what was left out of equal blocks and steps", () => {
    const repeats = [{ what: "h/{0…11}", declared: 12, kept: 2 }, { what: "steps of lstm", declared: 24, kept: 3 }]
    const run = { ...verification("conserved", measured("a", "conserved")), depth: { repeats, ratesOfAll: true } }
    expect(depthText(run)).toBe(
      "ran 2 of 12 equal blocks (h/{0…11}), 3 of 24 steps of lstm: a law of one left out was run as the same law of one that stayed; " +
        "the rate of every law itself was measured with all",
    )
    expect(depthText({ depth: { repeats, ratesOfAll: false } })).not.toContain("measured with all")
    expect(depthText(verification("conserved"))).toBeNull()
    expect(verificationText(task, run, model, plainPainter).join(" ")).toContain("ran 2 of 12 equal blocks")
  })
  test("tell what an optimizer need not keep from what has no verdict", () => {
    const detail = "the flow conserves it, adam does not: moved by 1e-1, the control by 1e-1"
    const unkept = { ...measured("a", "inconclusive"), notKept: true as const, detail }
    const kept = measured("b", "conserved")
    const ended = { ...measured("c", "inconclusive"), detail: "the loss exploded: the learning rate is too large" }
    expect(verdictText(verification("inconclusive", unkept, kept), "adam")).toBe(
      "the flow conserves 2 laws; adam is not the flow and need not keep 1 of them",
    )
    expect(verdictText(verification("inconclusive", unkept), "adam")).toBe("the flow conserves 1 law; adam is not the flow and need not keep it")
    const nearly = measured("d", "approximate"), three = verification("inconclusive", unkept, { ...unkept, law: "b" }, nearly)
    expect(verdictText(three, "adam")).toBe(
      "the flow conserves 2 laws, 1 more only approximately; adam is not the flow and need not keep any of them",
    )
    expect(verdictText(verification("inconclusive", unkept, kept, nearly), "adam")).toBe(
      "the flow conserves 2 laws, 1 more only approximately; adam is not the flow and need not keep 1 of the exact ones",
    )
    expect(verdictText(verification("inconclusive", unkept, ended), "adam")).toBe("no verdict for 2 of 2 laws under adam")
    // The row has the numbers, the headline the sentence.
    const told = verificationText(task, verification("inconclusive", { ...unkept, law: "balance-1" }), model, plainPainter, "adam").join(" ")
    expect(told).toContain("not kept")
    expect(told).not.toContain("does not: moved")
  })
  test("completeness is claimed only where it was shown", () => {
    const run = verification("conserved")
    expect(completenessText(run)).toMatch(/^complete: 9 conserved quantities found, 16 parameters − 7 directions of the flow = 9 possible \(/)
    const still = { ...run.completeness!, lieRank: 0, possible: 16, derived: 16, gap: [0, 0] as const }
    expect(completenessText({ completeness: still })).toMatch(/ = 16 possible \(no weight moves\)$/)
    expect(completenessText({ completeness: { ...run.completeness!, derived: 8, complete: false } })).toMatch(
      /^not shown complete: 8 conserved quantities found, .* = 9 possible, 1 open/,
    )
    expect(completenessText({ completeness: { ...run.completeness!, derived: 8, complete: false, firstBrackets: true } })).toContain(
      "1 open with first brackets alone (",
    )
    expect(completenessText({ completeness: null })).toBeNull()
  })
})

describe("a search without rules", () => {
  const completeness = { parameters: 16, lieRank: 7, possible: 9, derived: 5, gap: [0.015, 2e-16] as const, complete: false }
  const text = (searched: "all" | "blocks", found: number, ...formulas: readonly string[]) =>
    discoveryText({ completeness, discovery: { searched, found, laws: formulas.map((formula) => ({ formula, parameters: [] })) } })
  test("says how many it found, which, and what is left", () => {
    expect(text("all", 4, "Σ a", "‖b‖²", "c", "d")?.headline).toBe(
      "a search found 4 more conserved quantities that the rules missed; with them the list is complete",
    )
    expect(text("blocks", 1, "Σ a")).toEqual({
      headline: "a search found 1 more conserved quantity that the rules missed; 3 open",
      formulas: ["Σ a"],
    })
    const discovery = { searched: "all" as const, found: 1, laws: [{ formula: "a", parameters: [] }] }
    const last = discoveryText({ completeness: { ...completeness, derived: 8 }, discovery })
    expect(last?.headline).toBe("a search found 1 more conserved quantity that the rules missed; with it the list is complete")
    expect(text("all", 3, "Σ a")?.headline).toMatch(/^a search found 3 more .* missed; the others, 2, take more terms than fit here; 1 open$/)
  })
  test("says how far it looked where it found nothing", () => {
    expect(text("all", 0)?.headline).toMatch(/no other quadratic or linear law/)
    expect(text("blocks", 0)?.headline).toMatch(/among norms, products and sums of slices/)
    expect(discoveryText({ completeness })).toBeNull()
  })
  test("stands below the certificate", () => {
    const discovery = { searched: "all" as const, found: 1, laws: [{ formula: "Σ a", parameters: ["a"] }] },
      run = { ...verification("conserved", measured("balance-1", "conserved")), completeness, discovery }
    const lines = verificationText(task, run, model, plainPainter)
    expect(lines.at(-1)).toBe("      Σ a")
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100)
  })
})

test("numbers", () => {
  expect([3.3e-17, 0, null, Number.NaN].map(exponentText)).toEqual(["3.3e-17", "0", "–", "–"])
})

test("sizes are called what they are in the source", () => {
  const replica = { batch: 4, n8: 6, n8_2: 8, size: 5, "x.1": 3 }
  expect(sizesText(replica)).toBe("batch = 4, 8→6, 8, x.shape[1] = 3")
  expect(
    sizesText(replica, [
      { name: "size", declared: "2*hidden" },
      { name: "n8", declared: 8 },
    ]),
  ).toBe("batch = 4, 8→6, 8, 2·hidden = 5, x.shape[1] = 3")
})

test("the table: numbers under their titles, formula below, sizes in order, within 100 columns", () => {
  const run = verification(
    "violated",
    measured("balance-1", "conserved"),
    measured("shift-1", "violated", { order: null, detail: "changes along the flow" }),
  )
  const lines = verificationText(task, run, model, plainPainter)
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100)
  expect(lines.join("\n")).toBe(`  model — a law does not hold (1 conserved, 1 violated)
  seed 3 · 812 ms · run at sizes 2→3, 10→4

           rate    control    order      drift    control
   1    3.3e-17     2.1e-1     1.02    5.0e-15     1.2e-3  conserved
      ‖a[:,i]‖² − ‖b[i,:]‖²
   2    3.3e-17     2.1e-1        –    5.0e-15     1.2e-3  violated
      Σₐ a[a,i]
      changes along the flow

  complete: 9 conserved quantities found, 16 parameters − 7 directions of the flow = 9 possible
  (singular values cut between 1.5e-2 and 2.0e-16)`)
})

test("what was not measured is no zero, and two causes make no order", () => {
  const none = {
    rate: Number.NaN,
    controlRate: Number.NaN,
    order: null,
    drift: Number.NaN,
    controlDrift: Number.NaN,
    detail: "code could not be read",
  }
  const failed = verification("inconclusive", measured("a", "inconclusive", none), measured("b", "inconclusive", none))
  expect(verificationText(task, failed, model, plainPainter)).toEqual(["  model — could not be run: code could not be read"])
  const file = { path: "a.ts", problems: [], models: [{ ...model, verification: failed } as unknown as VerifiedModel] }
  const report = JSON.parse(jsonText({ schema: 1, files: [file] })) as { files: { models: VerifiedModel[] }[] }
  const { verification: written } = report.files[0].models[0]
  expect(written.laws).toEqual([])
  expect(written.unmeasured).toEqual(["a", "b"].map((law) => ({ law, detail: "code could not be read" })))
  const [, , , , row] = verificationText(
    task,
    verification("conserved", measured("balance-1", "approximate", { order: -0.1 })),
    model,
    plainPainter,
  )
  expect(row).toBe("   1    3.3e-17     2.1e-1        –    5.0e-15     1.2e-3  approximate")
})

test("laws that fold have one line with the worst numbers", () => {
  const blocks = [0, 1, 2].map((k) => lawOf(`norm-${k}`, `‖h/${k}/w[:,i]‖²`, `h/${k}/w`))
  const run = verification(
    "violated",
    measured("norm-0", "conserved"),
    measured("norm-1", "violated", { rate: 0.1, order: 0.2 }),
    measured("norm-2", "conserved"),
  )
  const lines = verificationText(task, run, { laws: blocks, training: [] }, plainPainter)
  expect(lines.slice(4, 6)).toEqual([
    "   1     1.0e-1     2.1e-1     0.20    5.0e-15     1.2e-3  violated (worst of 3 laws)",
    "      ‖h/{0…2}/w[:,i]‖²",
  ])
})

test("a rank that leaves no room for measured laws is rounding, and decides nothing", () => {
  const completeness = { parameters: 16, lieRank: 8, possible: 8, derived: 9, gap: [9.3e-11, 1.2e-13], complete: false } as const
  expect(completenessText({ completeness })).toBe(
    "completeness not decided: 9 conserved quantities found, but rounding hides how many are possible (singular values cut between 9.3e-11 " +
      "and 1.2e-13); another seed may tell",
  )
})
