/** @file What a run says of its progress: a line that is written over on a terminal, a line every few seconds elsewhere, nothing in short runs. */
import { expect, test } from "vitest"
import { slowProgress } from "../../src/hosts/cli/progress"

function said(stderr: boolean, steps: readonly (readonly [time: number, stage: string, fraction: number | null])[]): string {
  let text = "",
    now = 0
  const progress = slowProgress("analyzing", { isTerminal: { stderr }, writeError: (chunk) => void (text += chunk) }, () => now)
  for (const [time, stage, fraction] of steps) {
    now = time
    progress(stage, fraction)
  }
  return text
}

test("in a log, a line every five seconds", () => {
  const early = [[10, "a.ts", 0], [4_000, "b.ts", 0.1], [5_001, "c.ts", 0.25]] as const
  expect(said(false, [...early, [6_000, "d.ts", 0.5], [10_002, "e.ts", null], [20_000, "", null]])).toBe("analyzing: 25% c.ts\nanalyzing: e.ts\n")
})

test("on a terminal, one line that is cut to its width and cleared in the end", () => {
  const long = "x".repeat(200)
  expect(said(true, [[150, "a.ts", 0.5], [160, "b.ts", 0.6], [300, long, null], [301, "", null]])).toBe(
    `\r\u001b[Kanalyzing: 50% a.ts\r\u001b[Kanalyzing: ${long.slice(0, 79 - "analyzing: ".length)}\r\u001b[K`,
  )
})

test("short runs are silent", () => {
  expect(said(true, [[20, "a.ts", 0.5], [30, "", null]])).toBe("")
  expect(said(false, [[3_000, "a.ts", 0.5], [3_100, "", null]])).toBe("")
})
