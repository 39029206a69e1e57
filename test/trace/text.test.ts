/** @file Text that code computes before it builds: characters, regular expressions, equations made from ranks; layers that are built by hand. */
import { describe, expect, test } from "vitest"
import { only, operations, outputShapes, parameters, trace } from "./program"

/** What JavaScript gives for an expression, and what the tracer takes it for, as the width of a layer. */
const computed = (body: string): readonly [theirs: number, ours: unknown] => {
  const theirs = new Function(`${body}; return width`)() as number
  const model = only(trace(`${body}\nconst m = tf.sequential({ layers: [tf.layers.dense({ units: width, inputShape: [2] })] })`))
  return [theirs, model.graph.parameters[0].shape[1]]
}

describe("text", () => {
  test.each([
    ["characters", "const width = String.fromCharCode(97 + 2).charCodeAt(0)"],
    ["match", `const [, a, b] = "ab,bc->ac".match(/([a-z]+),([a-z]+)->/); const width = a.length * 10 + b.charCodeAt(1)`],
    ["no match", `const width = "abc".match(/x/) === null ? 3 : 4`],
    ["test", `const width = /^conv/.test("conv2d") && !/dense/.test("conv2d") ? 5 : 6`],
    ["exec", `const width = Number(/layer_(\\d+)/.exec("layer_17")[1])`],
    ["replace", `const width = Number("1.2.3".replace(/\\./g, ""))`],
    ["split", `const width = "8x4 x 2".split(/\\s*x\\s*/).map(Number).reduce((a, b) => a * b, 1)`],
    ["search", `const width = "abcdef".search(/[d-f]/)`],
    ["matchAll", `const width = [..."a1b22".matchAll(/\\d+/g)].map((m) => Number(m[0])).reduce((a, b) => a + b, 0)`],
    [
      "for of, Array.from, spread",
      `let width = 0; for (const c of "abc") width += c.charCodeAt(0) - 96; width += Array.from("de").length + [..."fgh"].length`,
    ],
    ["indexOf, includes, slice", `const s = "encoder/block"; const width = s.indexOf("/") + (s.includes("block") ? 10 : 0) + s.slice(-3).length`],
    ["lastIndexOf, with, findLast", "const l = [1, 2, 1]; const width = l.lastIndexOf(1) + l.with(0, 7)[0] + l.findLast((n) => n > 1)"],
  ])("%s", (_, body) => {
    const [theirs, ours] = computed(body)
    expect(ours).toBe(theirs)
  })

  test("an expression that could take long is not run", () => {
    const started = Date.now()
    const model = only(
      trace(`const found = /^(a+)+$/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")
      const m = tf.sequential({ layers: [tf.layers.dense({ units: found ? 3 : 4, inputShape: [2] })] })`),
    )
    expect(Date.now() - started).toBeLessThan(5000)
    expect(model.assumptions).toContain("`found` is taken to be true")
    expect(
      outputShapes(
        only(trace(`const text = "a".repeat(1e9); const m = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })`)),
      ),
    ).toEqual(["batch, 2"])
  })
})

test("an einsum whose equation is made from the rank", () => {
  const model = only(
    trace(`const letters = "abcdefghij".split("")
    const projection = (free: number) => { let left = "", right = ""; for (let i = 0; i < free; i++) { left += letters[i]; right += letters[i] }
      return \`\${left}\${letters[free]},\${letters[free]}\${letters[free + 1]}->\${right}\${letters[free + 1]}\` }
    const w = tf.variable(tf.zeros([3, 4]))
    /** @model @shape x [batch, 5, 3] */ export function f(x: tf.Tensor3D) { return tf.einsum(projection(x.shape.length - 1), x, w) }`),
  )
  expect(operations(model)).toEqual(["abc,cd->abd"])
  expect(model.unsupported).toEqual([])
})

test("a layer that is built by hand is not built again", () => {
  const model = only(
    trace(`class Inner extends tf.layers.Layer {
      build(shape: number[]) { this.w = this.addWeight("w", [shape[1], 2], "float32", "zeros"); this.built = true }
      call(x: any) { const a = Array.isArray(x) ? x[0] : x; return a.matMul(this.w.read()) } }
    class Outer extends tf.layers.Layer { inner: any
      build(shape: number[]) { this.inner = new Inner(); this.inner.build(shape); super.build(shape) }
      call(x: any) { return this.inner.apply(Array.isArray(x) ? x[0] : x) } }
    const x = tf.input({ shape: [3] }), net = tf.model({ inputs: x, outputs: new Outer({ name: "outer" }).apply(x) })`),
    "net",
  )
  expect(parameters(model)).toEqual(["outer/inner/w [3, 2]"])
})

test("tensors that a layer must be given beside its input, and options its type leaves out", () => {
  const model = only(
    trace(`interface Settings { width: number; scale?: number; heads?: number[] }
    interface Given { value: tf.Tensor; mask?: tf.Tensor }
    export class Cross extends tf.layers.Layer { width: number; heads: number[]
      constructor(args: Settings) { super({}); this.width = args.width; this.heads = args.heads == null ? [2, 3] : args.heads.map((h) => h * 2) }
      build(shape: number[]) { this.w = this.addWeight("w", [shape[1], this.width], "float32", "zeros") }
      call(x: tf.Tensor, kwargs: Given) {
        if (this.heads.length !== 2) throw new Error("heads")
        return x.matMul(this.w.read()).matMul(kwargs.value, true) } }`),
  )
  expect(model.inputs.map(({ name }) => name)).toEqual(["x", "value"])
  expect(model.unsupported).toEqual([])
})
