/** @file Numbers in the panel, and what it keeps of typed settings. */
import { expect, test } from "vitest"
import { formatDuration, formatMagnitude, formatPower, formatTick } from "../../webview/format"
import { defaultSettings, problemOf, readState } from "../../webview/state"

test.each([
  [0, "0"], [1, "1"], [0.0123, "0.012"], [12.3456, "12"], [1234, "1200"], [-0.5, "−0.5"],
  [3.21e-14, "3.2·10⁻¹⁴"], [1e-16, "1·10⁻¹⁶"], [4.56e7, "4.6·10⁷"], [-2e-9, "−2·10⁻⁹"],
  [Infinity, "∞"], [-Infinity, "−∞"], [NaN, "–"],
])("%d reads %s", (value, text) => {
  expect(formatMagnitude(value)).toBe(text)
})

test("ticks keep the digits that tell them apart", () => {
  expect([0, 0.125, 0.1 + 0.2, 1250, -0.5, 2.5e-7].map(formatTick)).toEqual(["0", "0.125", "0.3", "1250", "−0.5", "2.5·10⁻⁷"])
})

test("powers and durations", () => {
  expect([formatPower(-12), formatPower(0), formatPower(3)]).toEqual(["10⁻¹²", "10⁰", "10³"])
  expect([formatDuration(0.2), formatDuration(840), formatDuration(12_340)]).toEqual(["1 ms", "840 ms", "12.3 s"])
})

test.each([
  [{}, null],
  [{ seed: "12345", learningRate: "1e-3", weightDecay: "0" }, null],
  [{ seed: "" }, "seed"],
  [{ seed: "1.5" }, "seed"],
  [{ step: "-0.1" }, "step"],
  [{ learningRate: "0" }, "learning rate"],
  [{ learningRate: "fast" }, "learning rate"],
  [{ sizes: "768=16, batch=2", depth: "3" }, null],
  [{ sizes: "768" }, "Sizes"],
  [{ sizes: "768=0" }, "Sizes"],
  [{ depth: "1" }, "Blocks"],
  [{ weightDecay: "-1" }, "decay"],
])("settings %o have the problem %s", (typed, problem) => {
  const found = problemOf({ ...defaultSettings, ...typed })
  if (problem === null) expect(found).toBeNull()
  else expect(found).toContain(problem)
})

test("a stored state of another shape is a fresh start", () => {
  const fresh = { subject: null, settings: defaultSettings, outcome: null }
  for (const stored of [undefined, null, 3, {}, { subject: { uri: "file:///a.ts" }, settings: defaultSettings }]) expect(readState(stored)).toEqual(fresh)
})
