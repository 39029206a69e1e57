/** @file Verdicts of laws that only the ε of a normalization breaks, and of laws an optimizer never promised to keep. */
import { describe, expect, test } from "vitest"
import { judgeLaw, judgeRun } from "../../src/verification/judge"
import type { LawVerification } from "../../src/schema/report"
import type { Measured } from "../../src/verification/judge"

const measured: Measured = {
  law: "norm-1",
  exactness: "approximate",
  rate: 3.6e-3,
  controlRate: 0.3,
  order: -0.1,
  drift: 5.7e-4,
  controlDrift: 1.2e-2,
}

describe("an approximate law", () => {
  test("under gradient flow only ε moves it", () => {
    expect(judgeLaw(measured).detail).toBe(
      "nearly conserved: the ε of a normalization alone moves it (rate 3.6e-3, that of the control 3.0e-1; moved by 5.7e-4, the control by 1.2e-2)",
    )
  })
  test("what moves like its control is not called nearly conserved", () => {
    const said = /^hardly conserved at these weights: the ε of a normalization is not small beside the variance it is added to \(rate/
    expect(judgeLaw({ ...measured, drift: 5.7e-3 }).detail).toMatch(said)
    expect(judgeLaw({ ...measured, rate: 0.2 })).toMatchObject({ verdict: "approximate", detail: expect.stringMatching(said) as string })
  })
  test("under sgd the step moves it, too", () => {
    expect(judgeLaw({ ...measured, optimizer: "sgd", deviation: 2e-4 }).detail).toBe(
      "moved by 5.7e-4, the control by 1.2e-2 under sgd; of that, the ε of a normalization explains 2.0e-4, the step the rest",
    )
  })
  test("adam would break it without ε", () => {
    expect(judgeLaw({ ...measured, optimizer: "adam", deviation: null }).detail).toBe(
      "adam would not keep it even without the ε of a normalization: moved by 5.7e-4, the control by 1.2e-2",
    )
  })
  test("never fails a run, and alone shows nothing", () => {
    const held: LawVerification = { law: "b", rate: 1e-17, controlRate: 0.2, order: 1, drift: 1e-14, controlDrift: 0.1, verdict: "conserved" }
    const moved = judgeLaw({ ...measured, rate: 1, drift: 1 })
    expect([judgeRun([moved, held]), judgeRun([moved]), judgeRun([])]).toEqual(["conserved", "inconclusive", "inconclusive"])
  })
})

test("an exact law that an optimizer breaks is no violation and no success", () => {
  const law = judgeLaw({ ...measured, exactness: "exact", rate: 1e-16, optimizer: "adam", deviation: null })
  const detail = "the flow conserves it, adam does not: moved by 5.7e-4, the control by 1.2e-2"
  expect(law).toMatchObject({ verdict: "inconclusive", notKept: true, detail })
})

test("a run in which nothing moved proves nothing", () => {
  const law = judgeLaw({ ...measured, exactness: "exact", rate: 0, drift: 0, controlDrift: 0, ended: "the flow is too stiff" })
  expect(law).toMatchObject({ verdict: "inconclusive", detail: "nothing moved: the flow is too stiff" })
})
