/**
 * @file What a forward pass finds there from before: tensors computed once from weights, and what the call before has left. In tfjs neither follows
 * its weights while these are trained, so that no law may rest on it.
 */
import { describe, expect, test } from "vitest"
import { deriveClaims } from "../support/laws"
import { only, trace } from "./program"

const variables = "w = tf.variable(tf.ones([4, 3])); u = tf.variable(tf.ones([3, 3])); o = tf.variable(tf.ones([3, 2]));"
const formulas = (source: string): readonly string[] => deriveClaims(only(trace(source)).graph).laws.map(({ parameters }) => parameters.join(" "))
const assumptions = (source: string): string => only(trace(source)).assumptions.join("; ")
/** A class of these fields and members with a forward pass that gives `result` for x of four features. */
const net = (members: string, result: string, before = ""): string =>
  `class Net { ${variables} ${members}\n/** @shape x [batch, 4] */ forward(x: tf.Tensor2D) { ${before}; return ${result} } }`

describe("tensors computed once", () => {
  test("a transpose taken by the constructor is no tie", () => {
    const tied = net("", "x.matMul(this.w).relu().matMul(this.w.transpose())")
    const stale = net("back; constructor() { this.back = this.w.transpose() }", "x.matMul(this.w).relu().matMul(this.back)")
    expect(only(trace(stale)).graph.nodes.filter(({ op }) => op.kind === "constant")).toHaveLength(1)
    expect(only(trace(tied)).graph.nodes.filter(({ op }) => op.kind === "constant")).toHaveLength(0)
    expect(assumptions(stale)).toMatch(/is computed once, before training: it keeps its value while the weights behind it are trained/)
  })

  test("a norm taken by the constructor, a field or the top of the file normalizes nothing", () => {
    const live = net("", "x.matMul(this.w.div(this.w.norm())).tanh()")
    expect(formulas(live)).toEqual(["w"])
    for (const stale of [
      net("size; constructor() { this.size = this.w.norm() }", "x.matMul(this.w.div(this.size)).tanh()"),
      net("size = this.w.norm()", "x.matMul(this.w.div(this.size)).tanh()"),
      net("size = this.w.clone().norm()", "x.matMul(this.w.div(this.size)).tanh()"),
      net("copy = this.w.clone()", "x.matMul(this.w.div(this.copy.norm())).tanh()"),
      `const w = tf.variable(tf.ones([4, 3])), size = w.norm()
       /** @model @shape x [batch, 4] */ function f(x: tf.Tensor2D) { return x.matMul(w.div(size)).tanh() }`,
    ])
      expect(formulas(stale), stale).toEqual([])
  })

  test("a copy within the pass is the weight itself", () => {
    expect(formulas(net("", "x.matMul(this.w.div(this.w.clone().norm())).tanh()"))).toEqual(["w"])
  })

  test("what a layer's build computes from its weights stays", () => {
    const layer = (call: string): string => `class Unit extends tf.layers.Layer {
      build() { this.k = this.addWeight("k", [4, 3], "float32", "glorotNormal"); this.size = this.k.read().norm() }
      /** @shape x [batch, 4] */ call(x) { return x.matMul(this.k.read().div(${call})).tanh() } }`
    expect(formulas(layer("this.k.read().norm()"))).toEqual(["k"])
    expect(formulas(layer("this.size"))).toEqual([])
  })

  test("what a layer of a model computes from its weights alone is computed at every call", () => {
    const source = `class Tiled extends tf.layers.Layer {
        build(shape) { this.k = this.addWeight("k", [4, 3], "float32", "glorotNormal") }
        computeOutputShape(shape) { return [shape[0], 3] }
        call(x) { return (Array.isArray(x) ? x[0] : x).matMul(this.k.read().div(this.k.read().norm())).tanh() } }
      const make = (config) => { const x = tf.input({ shape: [config.size] })
        return tf.model({ inputs: x, outputs: new Tiled({}).apply(x) }) }
      class Net { constructor(config) { this.model = make(config) } apply(inputs) { return this.model.apply(inputs) } }`
    for (const { graph, assumptions: said } of trace(source).models) {
      expect(deriveClaims(graph).laws.map(({ family }) => family)).toEqual(["norm"])
      expect(said.filter((text) => /computed once/.test(text))).toEqual([])
    }
    expect(trace(source).models.map(({ name }) => name)).toContain("Net")
  })

  test("what the first call computes from weights and keeps is a constant later, and a mask is one anyway", () => {
    const cached = net("weight", "x.matMul(this.weight).relu().matMul(this.o)", "this.weight ??= this.w.mul(2)")
    expect(formulas(cached)).toEqual([])
    expect(formulas(net("", "x.matMul(this.weight).relu().matMul(this.o)", "const weight = (this.weight = this.w.mul(2))"))).toEqual(["w o"])
    const masked = net("mask", "x.matMul(this.w.mul(this.mask)).relu().matMul(this.o)", "this.mask ??= tf.ones([4, 3]).mul(2)")
    expect(formulas(masked)).toEqual(["w o"])
  })
})

describe("what the call before has left", () => {
  const step = "x.matMul(this.w).add(this.h.matMul(this.u)).relu()"

  test("a state that the pass carries on is data: what reads it learns", () => {
    const stateful = net("h = tf.zeros([1, 3])", "this.h.matMul(this.o)", `this.h = ${step}`)
    expect(formulas(stateful)).toEqual(["w u o"])
    expect(assumptions(stateful)).toMatch(/holds from the call before is read as data/)
  })

  test("a state that the pass sets first is its own", () => {
    const own = net("h = tf.zeros([1, 3])", "this.h.matMul(this.o)", `this.h = tf.zeros([1, 3]); this.h = ${step}; this.h = ${step}`)
    expect(assumptions(own)).toBe("")
    // h = relu(xW + relu(xW)U): the similarity of a recurrence.
    expect(formulas(own)).toEqual(["w u o"])
    expect(only(trace(own)).graph.nodes.some(({ op }) => op.kind === "random")).toBe(false)
  })

  test("a variable of the file carries on, too", () => {
    const source = `let h = tf.zeros([1, 3])
      const w = tf.variable(tf.ones([4, 3])), u = tf.variable(tf.ones([3, 3])), o = tf.variable(tf.ones([3, 2]))
      /** @shape x [batch, 4] */ function forward(x: tf.Tensor2D) { h = x.matMul(w).add(h.matMul(u)).relu(); return h.matMul(o) }`
    expect(formulas(source)).toEqual(["w u o"])
  })

  test("the input of the call before is not the input", () => {
    const difference = net("last = tf.zeros([1, 4])", "d.matMul(this.w).relu().matMul(this.o)", "const d = x.sub(this.last); this.last = x")
    const { graph } = only(trace(difference))
    expect(graph.nodes.filter(({ op }) => op.kind === "random")).toHaveLength(1)
    expect(formulas(difference)).toEqual(["w o"])
  })

  test("a number that grows with every call decides nothing", () => {
    const warm = net("count = 0", "(this.count > 100 ? x.matMul(this.w).tanh() : x.matMul(this.w).relu()).matMul(this.o)", "this.count++")
    expect(formulas(warm)).toEqual([])
    expect(only(trace(warm)).unsupported.map(({ what }) => what).join()).toMatch(/the condition is not known/)
  })

  test("what is only kept for others to look at changes nothing", () => {
    const watched = net("last; calls = 0", "h.matMul(this.o)", "this.calls++; const h = x.matMul(this.w).relu(); this.last = h")
    expect(formulas(watched)).toEqual(["w o"])
    expect(assumptions(watched)).toBe("")
  })

  test("a weight made anew at every call is never trained, one made at the first call is", () => {
    for (const fresh of [
      net("", "x.matMul(w).relu().matMul(this.o)", "const w = tf.variable(tf.randomNormal([4, 3]))"),
      net("get fresh() { return tf.variable(tf.randomNormal([4, 3])) }", "x.matMul(this.fresh).relu().matMul(this.o)"),
      net("", "tf.layers.dense({ units: 3, activation: 'relu', useBias: false }).apply(x).matMul(this.o)"),
    ]) {
      expect(formulas(fresh), fresh).toEqual([])
      expect(assumptions(fresh)).toMatch(/is made anew at every call: it is never trained/)
    }
    const kept = net("late; dense", "this.dense.apply(x.matMul(this.late).relu())",
      "this.late ??= tf.variable(tf.randomNormal([4, 3])); this.dense ??= tf.layers.dense({ units: 2, useBias: false })")
    expect(formulas(kept)).toEqual(["late dense/kernel"])
    expect(assumptions(kept)).toBe("")
  })

  test("a layer whose call adds and applies others is built once", () => {
    const source = `class Unit extends tf.layers.Layer {
      build() { this.kernel = this.addWeight("kernel", [4, 3], "float32", "glorotNormal")
        this.bias = this.addWeight("bias", [3], "float32", "zeros") }
      /** @shape x [batch, 4] */
      call(x) { return tf.layers.activation({ activation: "relu" }).apply(tf.add(x.matMul(this.kernel.read()), this.bias.read())) } }`
    expect(only(trace(source)).graph.parameters.map(({ id }) => id)).toEqual(["kernel", "bias"])
  })
})
