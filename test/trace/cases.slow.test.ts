/** @file The laws of every op and layer case, held against exact gradients: no case makes a law that is not one. */
import { expect, test } from "vitest"
import { auditLaws } from "../support/laws"
import { traceExpression } from "../support/differential"
import { layerCases, mergeCases } from "./layerCases"
import { opCases } from "./opCases"
import { only, trace } from "./program"
import type { Graph } from "../../src/graph/graph"

/** What is claimed falsely, or why nothing could be run. */
function broken(graph: Graph): readonly string[] {
  const audit = auditLaws(graph)
  claimed += audit.claimed
  return audit.broken
}
let claimed = 0

test.each(Object.entries(opCases).map(([name, cases]) => [name, cases.filter((c) => c.refused === undefined)] as const))("%s", (_, cases) => {
  for (const { code } of cases) expect(broken(traceExpression(code)[0].graph), code).toEqual([])
})

test.each(Object.entries(layerCases).filter(([, cases]) => cases.length > 0))("layer %s", (_, cases) => {
  for (const c of cases.filter(({ refused }) => refused === undefined)) {
    const last = c.shape.at(-1) ?? 1
    const source =
      c.indices === undefined
        ? `const x = tf.input({ shape: [${c.shape}] }), h = tf.layers.dense({ units: ${last} }).apply(x), y = tf.layers.${c.layer}.apply(h)`
        : `const x = tf.input({ shape: [${c.shape}], dtype: "int32" }), y = tf.layers.${c.layer}.apply(x)`
    // Something that reads the result, so that symmetries may pass the layer on both sides.
    const model = only(
      trace(`${source}
      const list = Array.isArray(y) ? y : [y]
      const model = tf.model({ inputs: x, outputs: list.map((item) => tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(item))) })`),
    )
    expect(model.unsupported, c.layer).toEqual([])
    expect(broken(model.graph), c.layer).toEqual([])
  }
})

test.each(Object.entries(mergeCases))("layer %s", (_, cases) => {
  for (const [code, a, b] of cases) {
    const model = only(
      trace(`const x = tf.input({ shape: [${a}] }), z = tf.input({ shape: [${b}] })
      const a = tf.layers.dense({ units: ${a.at(-1) ?? 1} }).apply(x), b = tf.layers.dense({ units: ${b.at(-1) ?? 1} }).apply(z), y = ${code}
      const model = tf.model({ inputs: [x, z], outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(y)) })`),
    )
    expect(broken(model.graph), code).toEqual([])
  }
})

test("there were laws to hold", () => expect(claimed).toBeGreaterThan(500))
