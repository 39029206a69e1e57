/** @file Layers of one's own in many kinds, read and run on tfjs: the same values and, where tfjs has them, the same gradients. */
import fs from "node:fs"
import * as tf from "@tensorflow/tfjs"
import { beforeAll, expect, test } from "vitest"
import { auditLaws } from "../support/laws"
import { compareValues } from "../support/differential"
import { prepareTfjs, runLayers } from "../support/runTfjs"
import { only, trace } from "./program"

const text = fs.readFileSync("test/fixtures/wild/ownLayers.js", "utf8")

beforeAll(prepareTfjs)

const cases: readonly (readonly [layer: string, config: string, shapes: readonly (readonly number[])[]])[] = [
  ["GLU", "{ hidden: 5 }", [[3, 4, 6]]],
  ["LinearAttention", "{ heads: 2, dim: 3 }", [[3, 4, 6]]],
  ["ChannelMix", "{}", [[2, 4, 3]]],
  ["MinimalRNN", "{ units: 4 }", [[3, 4, 5]]],
  ["SE", "{ ratio: 2 }", [[2, 3, 4, 6]]],
  ["Switch", "{ numExperts: 3 }", [[2, 4, 5]]],
  ["Hyper", "{}", [[4, 5]]],
  ["TiedAE", "{ latent: 3 }", [[4, 5]]],
  ["ConvModule", "{}", [[2, 6, 4]]],
  ["FiLM", "{}", [[3, 4], [3, 5]]],
  ["WNDense", "{ units: 5 }", [[3, 4]]],
  ["RelBias", "{ maxLen: 5 }", [[2, 5, 4]]],
  ["Memory", "{ slots: 6, k: 2 }", [[3, 4]]],
  ["Rotor", "{}", [[3, 6]]],
  ["Grouped", "{ groups: 2 }", [[3, 6]]],
  ["Caps", "{}", [[2, 4, 5]]],
  ["Sinkhorn", "{}", [[2, 4, 4]]],
  ["SSM", "{}", [[2, 4, 3]]],
]

test.each(cases)("%s", (layer, config, shapes) => {
  const source = text.replace(/export |import .*\n/g, "")
  const inputs = shapes.map((shape) => `tf.input({ batchShape: [${shape.join(", ")}] })`).join(", ")
  const given = shapes.length > 1 ? "xs" : "xs[0]"
  const code = `${source}; const xs = [${inputs}]; const net = tf.model({ inputs: xs, outputs: new ${layer}(${config}).apply(${given}) })`
  const model = only(trace(code), "net")
  expect(model.unsupported).toEqual([])
  const running = runLayers((new Function("tf", `${code}; return net`) as (lib: typeof tf) => tf.LayersModel)(tf))
  const data = shapes.map((shape, k) => tf.randomNormal([...shape], 0, 1, "float32", 11 + k))
  const { error, gradientError, shapes: found } = compareValues(model, running, data, data.map((x) => Float64Array.from(x.dataSync())))
  expect(found[0]).toEqual(found[1])
  expect(error).toBeLessThan(1e-4)
  if (typeof gradientError === "number") expect(gradientError).toBeLessThan(1e-3)
  expect(auditLaws(model.graph).broken).toEqual([])
})

test("as classes by themselves all are read, and none is said to throw", () => {
  const { models, problems } = trace({ "/main.js": text })
  expect(models.flatMap(({ name, unsupported }) => unsupported.map(({ what }) => `${name}: ${what}`))).toEqual([])
  expect(models.filter(({ throws }) => throws !== undefined)).toEqual([])
  expect(problems).toEqual([])
  expect(models).toHaveLength(20)
})
