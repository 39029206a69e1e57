/** @file Steps along something else than the gradient of the loss: clipped by value, added up, or taken by an optimizer of one's own. */
import { expect, test } from "vitest"
import { only, trace } from "./program"

const head = `declare const x: any, y: any, shrink: any
  export class Net { a = tf.variable(tf.ones([4, 8])); b = tf.variable(tf.ones([8, 3]))
    forward(x: any): any { return x.matMul(this.a).relu().matMul(this.b) } }
  const net = new Net(), opt = tf.train.sgd(0.1), loss = () => tf.losses.meanSquaredError(y, net.forward(x)) as any`
const names = (rest: string): readonly string[] => only(trace(`${head}; ${rest}`), "Net").optimizers.map(({ name }) => name)
const gradients = "const { grads } = tf.variableGrads(loss)"
const step = (body: string): string => `export function step() { ${gradients}; ${body} }`

test.each([
  ["another record", step("const c: any = {}; for (const k of Object.keys(grads)) c[k] = tf.clipByValue(grads[k], -1, 1); opt.applyGradients(c)")],
  ["its entries", step("Object.keys(grads).forEach((k) => { grads[k] = grads[k].clipByValue(-1, 1) }); opt.applyGradients(grads)")],
  ["a function that is handed them", `${step("clip(grads); opt.applyGradients(grads)")}
     function clip(g: any) { for (const k in g) g[k] = g[k].clipByValue(-1, 1) }`],
  ["Object.assign", step("Object.assign(grads, shrink(grads)); opt.applyGradients(grads)")],
  ["another name", step("const g = grads; g.a = g.a.mul(2); opt.applyGradients(grads)")],
  ["the same variable", `export function step() { let { grads } = tf.variableGrads(loss); grads = { ...grads, a: grads.a.mul(2) }
     opt.applyGradients(grads) }`],
  ["what is added up", step("const all: any = {}; for (const k in grads) all[k] = grads[k]; opt.applyGradients(all)")],
  ["an entry that is taken out", step("delete grads[net.b.name]; opt.applyGradients(grads)")],
  ["an entry of its name", step("grads.b = grads.b.mul(2); opt.applyGradients(grads)")],
  ["an entry taken out of the record with the loss", `export function step() { const g = tf.variableGrads(loss)
     delete g.grads[net.b.name]; opt.applyGradients(g.grads) }`],
  ["gradients by position", `export function step() {
     const [ga, gb] = tf.grads((a: any, b: any) => x.matMul(a).relu().matMul(b).sum())([net.a, net.b])
     opt.applyGradients({ [net.a.name]: ga.clipByValue(-1, 1), [net.b.name]: gb }) }`],
  ["a class of its own", `class Sign extends tf.SGDOptimizer {
       applyGradients(g: any) { for (const k in g) g[k] = g[k].sign(); super.applyGradients(g) } }
     const own = new Sign(0.1); export const step = () => { own.minimize(loss) }`],
  ["a method that is replaced", `(opt as any).applyGradients = function (g: any) { for (const k in g) g[k] = g[k].sign() }
     export const step = () => { opt.minimize(loss) }`],
])("changed through %s", (_, rest) => expect(names(rest)).toEqual(["unknown"]))

test("in the optimizer of a model that is compiled", () => {
  const layers = "[tf.layers.dense({ inputShape: [4], units: 5 }), tf.layers.dense({ units: 3 })]"
  const { optimizers } = only(trace(`const net = tf.sequential({ layers: ${layers} })
    const opt = tf.train.sgd(0.1), apply = opt.applyGradients.bind(opt)
    ;(opt as any).applyGradients = (all: any) => apply(all.map((g: any) => ({ ...g, tensor: g.tensor.sign() })))
    net.compile({ optimizer: opt, loss: "meanSquaredError" })`), "net")
  expect(optimizers.map(({ name }) => name)).toEqual(["unknown"])
})

test.each([
  ["as they are", step("opt.applyGradients(grads)")],
  ["looked at, and thrown away", step("console.log(Object.keys(grads)); opt.applyGradients(grads); tf.dispose(grads)")],
  ["in one record with the loss", `export function step() { const g = tf.variableGrads(loss)
     opt.applyGradients(g.grads); g.value.dispose(); tf.dispose(g.grads) }`],
  ["by minimize", "export const step = () => opt.minimize(loss)"],
])("applied %s", (_, rest) => expect(names(rest)).toEqual(["sgd"]))
