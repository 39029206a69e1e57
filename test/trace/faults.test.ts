/** @file Code that throws whatever it is given, beside code that looks alike and runs: what is said of each is held against tfjs running it. */
import * as tf from "@tensorflow/tfjs"
import { beforeAll, expect, test } from "vitest"
import { listedNamespaces, keysOfNamespace } from "../../src/source/namespaces"
import { aliases, isReadable, unread } from "../../src/trace/layers/layer"
import { ofEveryLayer } from "../../src/trace/interpreter/faults"
import { prepareTfjs } from "../support/runTfjs"
import { only, trace } from "./program"

beforeAll(prepareTfjs)

/** A layer class; what stands in its parts, and what it is applied to. */
interface Parts {
  readonly before?: string
  readonly fields?: string
  readonly build?: string
  readonly members?: string
  readonly call: string
}

const sourceOf = ({ before = "", fields = "", build = "", members = "", call }: Parts): string => `${before}
  class Net extends tf.layers.Layer {
    constructor(config) { super(config); this.units = config.units; ${fields} }
    build(shape) { this.w = this.addWeight("w", [shape[shape.length - 1], 3], "float32", tf.initializers.ones()); ${build} }
    ${members}
    call(inputs, kwargs) { return tf.tidy(() => { const x = Array.isArray(inputs) ? inputs[0] : inputs; ${call} }) }
    static get className() { return "Net" }
  }`

/** Whether the class throws on tfjs for every one of some inputs. */
function throwsOnTfjs(source: string): boolean {
  const outcomes = [[2, 4], [3, 4], [1, 4]].map((shape) => {
    try {
      const run = new Function("tf", "x", `${source}; return new Net({ units: 5 }).apply(x)`) as (lib: typeof tf, x: tf.Tensor) => unknown
      run(tf, tf.ones(shape))
      return false
    } catch (error) {
      // Only what is wrong with the class counts.
      if (error instanceof SyntaxError) throw error
      return true
    }
  })
  return outcomes.every(Boolean)
}

const throwing: readonly (readonly [string, RegExp, Parts])[] = [
  ["a field nobody stores", /'this\.kernel' is undefined here/, { call: "return x.matMul(this.kernel.read())" }],
  ["a method nobody wrote", /'this\.project' is undefined here/, { call: "return this.project(x.matMul(this.w.read()))" }],
  ["a tensor method on a list", /a list has no 'topk'/, { call: "const s = [x, x]; return x.matMul(this.w.read()).add(s.topk(1))" }],
  ["a constant", /'y' is a constant/, { call: "const y = x.matMul(this.w.read()); y = y.relu(); return y" }],
  ["a counted constant", /'n' is a constant/, { call: "const n = 0; n += 1; return x.matMul(this.w.read()).add(n)" }],
  ["a tensor a tidy has disposed", /an earlier tf\.tidy has disposed/,
    { members: "center(x) { tf.tidy(() => { this.mean = x.mean(0, true) }) }",
      call: "this.center(x); return x.sub(this.mean).matMul(this.w.read())" }],
  ["a constant initializer with a tensor", /takes a number/,
    { build: 'this.b = this.addWeight("b", [3], "float32", tf.initializers.constant({ value: tf.range(0, 3) }))',
      call: "return x.matMul(this.w.read()).add(this.b.read())" }],
  ["an initializer by name", /takes an initializer object/,
    { build: 'this.b = this.addWeight("b", [3], "float32", "zeros")', call: "return x.matMul(this.w.read()).add(this.b.read())" }],
  ["indices computed with a plain number", /indices of tf\.gather are float32 \(tf\.add with a plain number/,
    { call: "return this.w.read().gather(tf.argMax(this.w.read()).add(1).reshape([-1]))" }],
  ["indices from a range without a type", /indices of tf\.oneHot are float32 \(tf\.range without a type/,
    { call: "return tf.matMul(tf.oneHot(tf.range(0, 4), 4), this.w.read())" }],
  ["behind a way of a condition that throws, too", /'this\.kernel' is undefined here/,
    { call: 'if (x.shape.length > 9) throw new Error("no"); return x.matMul(this.kernel.read())' }],
]

test.each(throwing)("%s throws", (_title, message, parts) => {
  expect(throwsOnTfjs(sourceOf(parts))).toBe(true)
  const { models, problems } = trace(sourceOf(parts))
  // Where nothing is left that depends on a weight there is no network to say it of.
  expect(models[0]?.throws?.what ?? problems[0]?.message).toMatch(message)
})

const running: readonly (readonly [string, Parts])[] = [
  ["a field that build stores", { build: "this.kernel = this.w", call: "return x.matMul(this.kernel.read())" }],
  ["a field that another function stores", { before: "const put = (net) => { net.scale = tf.scalar(2) }", build: "put(this)",
    call: "return x.matMul(this.w.read()).mul(this.scale)" }],
  ["a field stored by name", { fields: 'for (const key of ["a", "b"]) this[key] = 2',
    call: "return x.matMul(this.w.read()).mul(this.b.toFixed(0) * 1)" }],
  ["a field copied from the configuration", { fields: "Object.assign(this, { extra: { k: 2 } })",
    call: "return x.matMul(this.w.read()).mul(this.extra.k)" }],
  ["a field asked for carefully", { call: "return x.matMul(this.w.read()).add(this.bias?.read() ?? 0)" }],
  ["a field read in a try", { call: "let y = x.matMul(this.w.read()); try { y = y.mul(this.scale.read()) } catch { y = y.neg() } return y" }],
  ["a field read on a way not taken", { call: "if (x.shape[0] > 100) return x.matMul(this.kernel.read()); return x.matMul(this.w.read())" }],
  ["behind an earlier return", { call: "if (x.shape[0] < 100) return x.matMul(this.w.read()); return x.matMul(this.kernel.read())" }],
  ["in a loop that need not go round",
    { call: "let y = x.matMul(this.w.read()); for (let i = 4; i < x.shape[0]; i++) y = y.add(this.kernel.read()); return y" }],
  ["a tensor the tidy returns", { members: "center(x) { this.mean = tf.tidy(() => x.mean(0, true)) }",
    call: "this.center(x); return x.sub(this.mean).matMul(this.w.read())" }],
  ["a tensor that is kept", { members: "center(x) { tf.tidy(() => { this.mean = tf.keep(x.mean(0, true)) }) }",
    call: "this.center(x); return x.sub(this.mean).matMul(this.w.read())" }],
  ["numbers read in a tidy", { members: "center(x) { tf.tidy(() => { this.mean = x.mean(0).arraySync() }) }",
    call: "this.center(x); return x.sub(tf.tensor1d(this.mean)).matMul(this.w.read())" }],
  ["a record the tidy returns", { members: "parts(x) { return tf.tidy(() => ({ deep: { list: [x.mean(0, true)] } })) }",
    call: "return x.sub(this.parts(x).deep.list[0]).matMul(this.w.read())" }],
  ["a constant of an outer block", { call: "const y = x.matMul(this.w.read()); { let y = 2; y = 3 } return y" }],
  ["a constant of each round", { call: "let y = x.matMul(this.w.read()); for (const k of [1, 2]) { const z = y.mul(k); y = z } return y" }],
  ["methods that lists have", { call: "const s = [x, x]; return s.concat([x]).flatMap((t) => [t]).at(-1).matMul(this.w.read())" }],
  ["indices that are cast", { call: "return this.w.read().gather(tf.argMax(this.w.read().neg().exp()).mul(0).add(1).toInt())" }],
  ["indices cast before they are moved", { call: 'return this.w.read().gather(tf.argMin(this.w.read()).mul(2).cast("int32").reshape([-1]))' }],
  ["indices computed with whole numbers", { call: 'return this.w.read().gather(tf.argMin(this.w.read()).add(tf.scalar(1, "int32")))' }],
  ["indices divided to whole numbers", { call: "return this.w.read().gather(tf.argMax(this.w.read()).floorDiv(2))" }],
  ["a range of whole numbers", { call: 'return this.w.read().gather(tf.range(0, 3, 1, "int32"))' }],
  ["a constant assigned to where a caller asks for it", { members: "apply2(x, flip = false) { const k = 1; if (flip) { k = 2 } return x }",
    call: "return this.apply2(x).matMul(this.w.read())" }],
  ["a constant assigned to in training alone", { call: "const k = 1; if (kwargs?.training) { k = 2 } return x.matMul(this.w.read())" }],
  ["a member that a list is given", { call: "const l = [x, x]; l.total = () => x; return l.total().matMul(this.w.read())" }],
  ["the shape of a tensor that a tidy has disposed", {
    call: "let h; tf.tidy(() => { h = x.mul(2) }); return x.add(tf.onesLike(h)).matMul(this.w.read())" }],
  ["an initializer from a list of them", {
    before: "const all = Object.fromEntries(Object.entries(tf.initializers).map(([k, f]) => [k, (c = {}) => f({ ...c })]))",
    build: 'this.b = this.addWeight("b", [3], "float32", all.randomNormal())', call: "return x.matMul(this.w.read()).add(this.b.read())" }],
]

test.each(running)("%s runs", (_title, parts) => {
  expect(throwsOnTfjs(sourceOf(parts))).toBe(false)
  const model = only(trace(sourceOf(parts)))
  expect(model.throws).toBeUndefined()
})

test("a size that the configuration of a layer lacks", () => {
  const source = (config: string): string => `class Rank extends tf.layers.Layer {
      constructor(config) { super(config); this.units = config.units; this.rank = config.rank }
      build(shape) { this.a = this.addWeight("a", [shape[shape.length - 1], this.rank], "float32", tf.initializers.ones())
        this.b = this.addWeight("b", [this.rank, this.units], "float32", tf.initializers.ones()) }
      call(inputs) { const x = Array.isArray(inputs) ? inputs[0] : inputs; return x.matMul(this.a.read()).matMul(this.b.read()) }
      computeOutputShape(shape) { return [shape[0], this.units] } static get className() { return "Rank" } }
    const x = tf.input({ shape: [4] }), net = tf.model({ inputs: x, outputs: new Rank(${config}).apply(x) })`
  const fault = only(trace(source("{ rank: 2, outputDim: 3 }")), "net").throws
  expect(fault?.what).toBe("the size of axis 1 of 'b' is undefined")
  expect(() => new Function("tf", source("{ rank: 2, outputDim: 3 }"))(tf)).toThrow(/positive integers/)
  expect(only(trace(source("{ rank: 2, units: 3 }")), "net").throws).toBeUndefined()
  // The class by itself takes any configuration.
  expect(only(trace(source("{ rank: 2, units: 3 }")), "Rank").throws).toBeUndefined()
})

test("one instance that throws says nothing of another one, nor of the class", () => {
  const source = `class Half extends tf.layers.Layer {
      constructor(config) { super(config); this.units = config.units }
      build(shape) { this.w = this.addWeight("w", [shape[shape.length - 1], this.units / 2], "float32", tf.initializers.ones()) }
      call(inputs) { const x = Array.isArray(inputs) ? inputs[0] : inputs; return x.matMul(this.w.read()) }
      computeOutputShape(shape) { return [shape[0], this.units / 2] } static get className() { return "Half" }
    }
    const make = (units) => { const x = tf.input({ shape: [4] }); return tf.model({ inputs: x, outputs: new Half({ units }).apply(x) }) }`
  const { models } = trace(`${source}; const odd = make(5), even = make(6)`)
  const said = Object.fromEntries(models.map(({ name, throws }) => [name, throws?.what]))
  expect(said).toEqual({ Half: undefined, odd: "the size of axis 1 of 'w' is 2.5", even: undefined })
  expect(() => new Function("tf", `${source}; make(5)`)(tf)).toThrow(/positive integers/)
  expect(() => new Function("tf", `${source}; make(6)`)(tf)).not.toThrow()
})

test("what every layer has is what tfjs gives it", () => {
  class Plain extends tf.layers.Layer {
    static readonly className = "Plain"
  }
  const names = new Set<string>(Object.getOwnPropertyNames(new Plain({})))
  for (let own: object = tf.layers.Layer.prototype; own !== Object.prototype; own = Object.getPrototypeOf(own) as object)
    Object.getOwnPropertyNames(own).forEach((name) => names.add(name))
  expect([...names].filter((name) => !ofEveryLayer.has(name))).toEqual([])
})

test("a layer that is not known is one that tfjs does not have", () => {
  const named = Object.keys(tf.layers).filter((name) => !unread.has(name) && !isReadable(Object.hasOwn(aliases, name) ? aliases[name] : name))
  expect(named).toEqual(["activation", "input"].filter((name) => named.includes(name)))
})

test("the namespaces hold what tfjs lists", () => {
  for (const path of listedNamespaces) expect(keysOfNamespace(path)).toEqual(Object.keys(tf[path as "losses"]))
})
