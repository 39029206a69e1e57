/** @file Code whose names lead nearly everywhere: how much of it is looked at has an end, and what is not looked at may write anything. */
import ts from "typescript"
import { expect, test } from "vitest"
import { findWrites } from "../../src/trace/writes"

/** Functions that all hand each other on, one of which writes a weight in a step. */
function program(count: number): ts.SourceFile {
  const others = (k: number): string => Array.from({ length: 12 }, (_, i) => `f${(k * 7 + i * 13) % count}`).join(", ")
  const functions = Array.from({ length: count }, (_, k) => `export function f${k}(g, h) { g(h, [${others(k)}]); return [${others(k + 3)}] }`)
  const text = `${functions.join("\n")}
    export const take = (net, opt) => { opt.minimize(() => f0(net.loss, f1)); clip(net) }
    const clip = (net) => f2(() => net.weight.assign(net.weight.clipByValue(-1, 1)), f3)`
  return ts.createSourceFile("net.ts", text, ts.ScriptTarget.ES2022, true)
}

test("a large program is left before its end, and may then write any weight at any time", () => {
  const [small] = findWrites(ts, [program(4)]), large = findWrites(ts, [program(3000)])
  expect(small.receiver).toMatchObject({ isUnknown: expect.any(Boolean), names: expect.arrayContaining([{ name: "weight", around: undefined }]) })
  expect(large).toHaveLength(1)
  expect(large[0]).toMatchObject({ isSure: false, isSwitch: false, receiver: { isUnknown: true, names: [] } })
}, 20_000)
