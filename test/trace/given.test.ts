/** @file Parts that the caller of a definition hands in, and ranks of inputs that only such parts read. */
import { expect, test } from "vitest"
import { deriveClaims } from "../support/laws"
import { only, trace } from "./program"

const layer = (body: string, call: string): string => `class Net extends tf.layers.Layer {
  constructor(config) { super(config); this.experts = config.experts || []; this.count = config.count || this.experts.length; ${body} }
  build(shape) { const d = shape[shape.length - 1]
    this.up = this.addWeight("up", [d, 8], "float32", "glorotNormal"); this.down = this.addWeight("down", [8, d], "float32", "glorotNormal")
    this.gate = this.addWeight("gate", [d, this.count], "float32", "glorotNormal") }
  call(inputs) { return tf.tidy(() => { const x = Array.isArray(inputs) ? inputs[0] : inputs
    const [b, t, d] = x.shape
    const h = x.reshape([-1, d]).matMul(this.up.read()).matMul(this.down.read()).reshape([b, t, d])
    ${call} }) } }`

const opaque = (model: ReturnType<typeof only>): readonly (readonly [string, string])[] =>
  model.graph.nodes.flatMap(({ op, shape }) => (op.kind === "opaque" ? [[op.what, shape.join()] as const] : []))

test.each([
  ["map", "return this.experts.map((expert) => expert.apply(h)).reduce((sum, y) => sum.add(y), h)"],
  ["map by index", "return this.experts.map((_, i) => this.experts[i].apply(h)).reduce((sum, y) => sum.add(y), h)"],
  ["for of", "let y = h; for (const expert of this.experts) y = y.add(expert.apply(y)); return y"],
  ["one of them", "return this.experts[0].apply(h).add(h)"],
])("layers handed in are any function of what they are applied to: %s", (_title, call) => {
  const model = only(trace(layer("", call)))
  expect(model.unsupported).toEqual([])
  expect(model.inputs[0].shape).toHaveLength(3)
  // What is added to the stream has its width.
  expect(opaque(model)).toEqual([[expect.stringMatching(/^experts?(\.0)?$/), model.inputs[0].shape.join()]])
  expect(model.assumptions.join("\n")).toMatch(/is handed in: what it computes is not in this source, and no law is claimed through it/)
  // The product in front of it keeps its law, which no expert can break; the gate is never read.
  const claims = deriveClaims(model.graph).laws.map((law) => law.terms.flatMap((term) => term.operands.map((o) => o.parameter)).join())
  expect(claims.some((names) => /up.*down|down.*up/.test(names))).toBe(true)
})

test("an expert that a router picks from a list nobody gives depends on what the router reads", () => {
  const model = only(trace(layer("", `const best = h.matMul(tf.tile(this.gate.read().expandDims(0), [b, 1, 1])).mean(1).argMax(-1).arraySync()
    const rows = []
    for (let i = 0; i < b; i++) rows.push(this.experts[best[i]].apply(h.slice([i, 0], [1, -1])))
    return tf.concat(rows, 0).add(h)`)))
  expect(model.unsupported).toEqual([])
  const parts = model.graph.nodes.filter(({ op }) => op.kind === "opaque" && op.what === "expert")
  expect(parts).toHaveLength(3)
  expect(parts.every(({ operands }) => operands.length > 1)).toBe(true)
})

test("a function that is handed in may be any function", () => {
  const of = (call: string): number => deriveClaims(only(trace(`class Net { up = tf.variable(tf.zeros([3, 4])); down = tf.variable(tf.zeros([4, 2]))
    constructor(private act: any) {}
    forward(x: tf.Tensor2D) { return ${call}.matMul(this.down) } }`)).graph).laws.length
  expect([of("x.matMul(this.up)"), of("this.act(x.matMul(this.up))")]).toEqual([1, 0])
})

test("members of what is handed in that are no application are not followed", () => {
  const model = only(trace(`class Net { w = tf.variable(tf.zeros([3, 4])); constructor(private tokenizer: any) {}
    forward(x: tf.Tensor2D) { return this.tokenizer.encode(x).matMul(this.w) } }`))
  expect(model.unsupported.map(({ what }) => what).join()).toMatch(/the parameter 'tokenizer' is not known/)
})
