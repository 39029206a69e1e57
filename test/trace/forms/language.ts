/** @file Corners of the language inside code that builds networks. */
import type { FormCase } from "./runCase"

const js = (title: string, text: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase => ({
  title,
  files: {
    "/main.js": `const tf = require("@tensorflow/tfjs")
      const dense = (units, first) => tf.layers.dense({ units, inputShape: first })
      ${text}`,
  },
  ...rest,
})
const build = (title: string, widths: string, rest: Omit<FormCase, "title" | "files"> = {}): FormCase =>
  js(title, `${widths}\nconst model = tf.sequential({ layers: widths.map((units, i) => dense(units, i === 0 ? [3] : undefined)) })`, rest)

export const languageCases: readonly FormCase[] = [
  build("swaps, holes and rests", "let a = 4, b = 6; [a, b] = [b, a]; const [, ...rest] = [1, a, b]; const widths = [...rest, 2]"),
  build("defaults that use earlier parameters", "const make = (n, m = n * 2, { k = m + 1 } = {}) => [n, m, k]; const widths = make(2)"),
  build("a counter in a closure", "const counter = ((n) => () => ++n)(3); const widths = [counter(), counter(), counter()]"),
  build("var, let and shadowing", "var n = 5; { let n = 7; var m = n } const widths = [n, m]; for (var i = 0; i < 2; i++); widths.push(i)"),
  build("bits, powers and remainders", "const widths = [1 << 3, 7 & 5, 2 ** 3 - 1, 17 % 7, ~~4.8, -(-3), 9 >>> 1]"),
  build("compound assignments",
    "let n = 4; const widths = [n]; n *= 2; widths.push(n); n -= 3; n ||= 9; n &&= n + 1; widths.push(n); let k = null; k ??= 3; widths.push(k)"),
  build("comma, void and conditional chains",
    "const n = (void 0, 5); const pick = (x) => x > 6 ? 1 : x > 4 ? 8 : 2; const widths = [n, pick(n), pick(7)]"),
  build("a generator", "function* sizes(n) { while (n > 1) { yield n; n = Math.floor(n / 2) } } const widths = [...sizes(9)]"),
  build("getters, setters and computed keys",
    `const key = "size"; const box = { held: 2, get [key]() { return this.held * 3 }, set [key](n) { this.held = n } };
    const widths = [box.size]; box.size = 4; widths.push(box.size)`),
  build("static blocks, statics and private methods",
    `class Sizes { static #base = 3; static all; static { this.all = [this.#base, this.#twice()] } static #twice() { return this.#base * 2 } }
    const widths = Sizes.all`),
  build("labels and nested breaks",
    `const widths = []; rows: for (const a of [2, 3, 4]) for (const b of [1, 2, 3]) { if (b === 3) continue rows; if (a === 4) break rows;
      widths.push(a * b) }`),
  build("try, throw and finally",
    `const widths = []; try { widths.push(4); throw new Error("x") } catch { widths.push(5) } finally { widths.push(2) }`),
  build("optional calls and properties",
    "const config = { get: (n) => n + 1, none: undefined }; const widths = [config.get?.(4), config.none?.(9) ?? 3, config?.missing?.deep ?? 2]"),
  build("Map, Set and Object helpers",
    `const m = new Map([["a", 4], ["b", 2]]); const s = new Set([3, 3, 5]); const o = Object.fromEntries([...m].map(([k, v]) => [k, v + 1]));
    const widths = [...m.values(), ...s, ...Object.values(o), m.get("a"), s.size]`),
  build("strings and templates",
    "const spec = \"8-relu|4-tanh\"; const widths = spec.split(\"|\").map((part) => +part.split(\"-\")[0]); widths.push(`${widths[0]}`.length + 1)"),
  build("array methods",
    `const widths = Array.from({ length: 4 }, (_, i) => i + 2).filter((n) => n % 2 === 0).concat([5]).flatMap((n) => [n,
      n + 1]).slice(-3).reverse()`),
  build("sort, find and some",
    `const all = [{ n: 3 }, { n: 6 }, { n: 4 }]; all.sort((a, b) => b.n - a.n);
      const widths = [all[0].n, all.find(({ n }) => n < 4).n, all.some(({ n }) => n > 5) ? 2 : 9]`),
  build("recursion", "const halve = (n) => n < 2 ? [] : [n, ...halve(n >> 1)]; const widths = halve(8)"),
  build("arguments, call, apply and bind",
    `function sum() { let s = 0; for (let i = 0; i < arguments.length; i++) s += arguments[i]; return s + (this?.extra ?? 0) }
    const widths = [sum(1, 2), sum.call({ extra: 4 }, 1), sum.apply(null, [2, 3]), sum.bind({ extra: 1 }, 2)(3)]`),
  build("switch on a string in a function",
    `const units = (kind) => { switch (kind) { case "wide": return 8; case "thin": { const n = 2; return n } default: return 4 } }
    const widths = ["wide", "other", "thin"].map(units)`),
  build("for…in and delete", `const table = { x: 3, y: 5, z: 9 }; delete table.z; const widths = []; for (const k in table) widths.push(table[k])`),
  build("an async function that is awaited",
    `const widths = []; const load = async (n) => n + 1; (async () => { widths.push(6) })(); widths.push(4)`),
  build("JSON, parseInt and Number", `const widths = [...JSON.parse("[5, 4]"), parseInt("7px", 10), Number("3"), Number.parseFloat("2.0")]`),
  js("a class hierarchy with super calls and instanceof", `
    class Part { constructor(n) { this.n = n } layers() { return [dense(this.n)] } }
    class Twice extends Part { layers() { return [...super.layers(), ...super.layers()] } }
    const parts = [new Twice(4), new Part(2)]
    const model = tf.sequential()
    model.add(tf.layers.inputLayer({ inputShape: [3] }))
    for (const part of parts) for (const layer of part.layers()) model.add(layer)
    if (parts[0] instanceof Part && !(parts[1] instanceof Twice)) model.add(dense(1))`),
  js("objects that inherit and mix in", `
    const base = { units: 5, bias: true }, named = Object.assign(Object.create(base), { first: [2] })
    const { units, ...others } = { ...base, units: 3 }
    const model = tf.sequential()
    model.add(tf.layers.dense({ units, useBias: others.bias, inputShape: named.first }))
    model.add(dense(named.units ?? 7))`),
  js("a mixin over a layer", `
    const residual = (Base) => class extends Base {
      call(x, kwargs) { const y = Array.isArray(x) ? x[0] : x; return y.add(super.call(x, kwargs)) } static get className() { return "Residual" } }
    class Lin extends tf.layers.Layer {
      build([, width]) { this.k = this.addWeight("k", [width, width], "float32", tf.initializers.zeros()) }
      call(x) { return [x].flat()[0].matMul(this.k.read()) } static get className() { return "Lin" } }
    const x = tf.input({ shape: [4] }), model = tf.model({ inputs: x, outputs: new (residual(Lin))({}).apply(dense(4).apply(x)) })
    model.predict(tf.ones([2, 4]))`),
  js("a tree of layers by recursion", `
    const tree = (x, depth) => depth === 0 ? x : tf.layers.add().apply([tree(dense(4).apply(x), depth - 1), tree(dense(4).apply(x), depth - 1)])
    const x = tf.input({ shape: [4] }), model = tf.model({ inputs: x, outputs: tree(x, 2) })`),
  js("layers from a list of specifications", `
    const spec = [{ type: "dense", units: 4, inputShape: [3] }, { type: "dropout", rate: 0.2 }, { type: "dense", units: 2 }]
    const model = tf.sequential({ layers: spec.map(({ type, ...rest }) => tf.layers[type](rest)) })`),
  js("a record of weights through entries, and weights stored by key", `
    class Attention {
      constructor() {
        this.w = Object.fromEntries(["q", "k", "v"].map((name) => [name, tf.variable(tf.randomNormal([6, 6]))]))
        for (const [key, shape] of Object.entries({ up: [6, 5], down: [5, 6] })) this[key] = tf.variable(tf.randomNormal(shape)) }
      apply(x) {
        const { q, k, v } = Object.fromEntries(Object.entries(this.w).map(([name, w]) => [name, tf.matMul(x, w)]))
        const y = tf.matMul(tf.softmax(tf.matMul(q, k, false, true).div(Math.sqrt(6))), v)
        return y.matMul(this.up).relu().matMul(this.down) } }`, { run: "new Attention().apply(tf.ones([5, 6]))" }),
]
