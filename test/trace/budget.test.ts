/** @file Code whose names lead nearly everywhere: how much of it is looked at has an end, and what is not looked at may write anything. */
import ts from "typescript"
import { expect, test } from "vitest"
import { findWrites } from "../../src/trace/writes"
import { trace } from "./program"

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

test("a search nobody waits for any more ends at once", () => {
  let asked = 0
  const watch = (): void => {
    if (++asked > 20) throw new Error("cancelled")
  }
  expect(() => findWrites(ts, [program(3001)], null, watch)).toThrow("cancelled")
  // Without anybody who ends it the search goes on to the end of its budget.
  asked = -Infinity
  expect(findWrites(ts, [program(3001)], null, watch)).toHaveLength(1)
}, 20_000)

const trained = `
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.dense({ units: 2 })] })
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" })
  function clip(layer) { layer.setWeights(layer.getWeights().map((w) => w.clipByValue(-1, 1))) }
  export const train = async (x, y) => { for (let i = 0; i < 9; i++) { await model.fit(x, y); clip(model.layers[0]) } }`

test("a cancelled search for what trains a model ends the file; a late one says so and promises nothing", () => {
  // Nothing is asked so late but for what trains the model.
  let searching = false
  const isSearching = (): boolean => (searching ||= new Error().stack?.includes("findTraining") === true)
  expect(trace(trained, { cancelled: isSearching })).toEqual({ models: [], problems: [] })
  expect(searching).toBe(true)

  const { now } = Date
  let late: ReturnType<typeof trace>
  searching = false
  Date.now = () => now() + (isSearching() ? 1e6 : 0)
  try {
    late = trace(trained)
  } finally {
    Date.now = now
  }
  expect(late.problems.map(({ message }) => message)).toEqual(["reading takes more than 5 seconds: what follows is not read"])
  expect(late.models).toHaveLength(1)
  expect(late.models[0].optimizers).toMatchObject([{ name: "unknown", perhaps: "all" }])
  expect(trace(trained).models[0].optimizers).toMatchObject([{ name: "sgd" }])
})
