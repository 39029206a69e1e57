/** @file Items of lists at places that code reads out of tensors: tensors, layers, functions and records, picked as tfjs picks them. */
import { beforeAll, expect, test } from "vitest"
import { expectAsTfjs } from "../support/differential"
import { deriveClaims } from "../support/laws"
import { prepareTfjs } from "../support/runTfjs"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

test.each([
  "[a, a.mul(2), a.neg(), a.square(), a.add(1), a.abs()][v.argMax(0).dataSync()[0]].mul(a)",
  "[a, a.neg(), a.square(), a.abs()][a.argMax(0).arraySync()[1]]",
  "[(x) => x.mul(2), (x) => x.neg(), (x) => x.square(), (x) => x.abs().add(a)][a.argMax(0).arraySync()[2]](a.add(1))",
  "[{ f: a, k: 2 }, { f: a.neg(), k: 2 }, { f: a.square(), k: 2 }, { f: a.abs(), k: 2 }].map((part) => part)[a.argMax(0).arraySync()[0]].f.mul(3)",
])("%s is read as tfjs computes it", (code) => expectAsTfjs(code))

const experts = (list: string): string => `class Pick extends tf.layers.Layer {
    constructor(config) { super(config); this.experts = ${list} }
    build(shape) { this.gate = this.addWeight("gate", [shape[1], 3], "float32", "glorotNormal")
      this.down = this.addWeight("down", [4, 2], "float32", "glorotNormal") }
    call(inputs) { const x = Array.isArray(inputs) ? inputs[0] : inputs
      const best = x.matMul(this.gate.read()).argMax(-1).arraySync(), rows = []
      for (let i = 0; i < x.shape[0]; i++) rows.push(this.experts[best[i]].apply(x.slice([i, 0], [1, -1])))
      return tf.concat(rows, 0).matMul(this.down.read()) } }
  const x = tf.input({ batchShape: [4, 5] }), net = tf.model({ inputs: x, outputs: new Pick({ name: "pick" }).apply(x) })`

test("layers picked by what the network computes are all followed, and each has its weights", () => {
  const model = only(trace(experts("[0, 1, 2].map(() => tf.layers.dense({ units: 4, useBias: false }))")), "net")
  expect(model.unsupported).toEqual([])
  expect(model.graph.parameters.map((p) => p.shape.join())).toEqual(expect.arrayContaining(["5,3", "4,2", "5,4"]))
  expect(model.graph.parameters).toHaveLength(5)
  // The axis that all experts write and `down` reads can be turned, all at once; the gate has no gradient.
  const laws = deriveClaims(model.graph).laws
  expect(laws.map(({ family, terms }) => [family, terms.length])).toEqual([["no-gradient", 1], ["balance", 4]])
})

test("experts of different widths cannot be stacked, which is said", () => {
  const model = only(trace(experts("[3, 4, 5].map((units) => tf.layers.dense({ units, useBias: false }))")), "net")
  expect(model.unsupported.length).toBeGreaterThan(0)
})
