/** @file Networks that share weights and are trained in steps of their own: a law stays where the other network has it as well. */
import { describe, expect, test } from "vitest"
import { analyzeModel } from "../../src/pipeline"
import { verify } from "../../src/verification/verify"
import { trace } from "./program"

/** For each law of a model its formula and what becomes of it. */
function fatesOf(code: string, name: string): readonly (readonly [formula: string, detail: string])[] {
  const { models } = trace(code), traced = models.find((model) => model.name === name)
  if (traced === undefined) throw new Error(`expected ${name}, found ${models.map((model) => model.name).join()}`)
  const { laws, training } = analyzeModel(traced, models).model
  return training.flatMap(({ fate }) => fate.map(({ law, detail }) => [laws.find(({ id }) => id === law)?.formula ?? "", detail] as const))
}
const taskOf = (code: string, name: string) => {
  const { models } = trace(code)
  return analyzeModel(models.find((model) => model.name === name)!, models).task
}

const encoder = `class Enc { w1 = tf.variable(tf.randomNormal([4, 8])); w2 = tf.variable(tf.randomNormal([8, 6]))
    forward(x) { return x.matMul(this.w1).relu().matMul(this.w2).relu() } }`
const heads = `${encoder}
  class Cls { b = tf.variable(tf.randomNormal([6, 3])); constructor(public enc: Enc) {} forward(x) { return this.enc.forward(x).matMul(this.b) } }
  class Rec { c = tf.variable(tf.randomNormal([6, 4])); constructor(public enc: Enc) {} forward(x) { return this.enc.forward(x).matMul(this.c) } }
  const o = tf.train.sgd(0.1)`
const one = `${heads}\nconst enc = new Enc(), cls = new Cls(enc), rec = new Rec(enc)`
const two = `${heads}\nconst cls = new Cls(new Enc()), rec = new Rec(new Enc())`
const classify = "o.minimize(() => tf.losses.meanSquaredError(y, cls.forward(x)) as tf.Scalar)"
const rebuild = "o.minimize(() => tf.losses.meanSquaredError(x, rec.forward(x)) as tf.Scalar)"
const inner = "‖enc/w1[:,i]‖² − ‖enc/w2[i,:]‖²", outer = "‖enc/w2[:,i]‖² − ‖b[i,:]‖²"
const drifts = expect.stringMatching(/^drifts under sgd/) as string
const moved = (by: string, weight: string) => expect.stringContaining(`steps that train ${by} move ${weight}, too`) as string

describe("two heads over one encoder", () => {
  test("trained in separate steps: what is inside the encoder stays, what meets a head does not", () => {
    const code = `${one}\nexport function step(x, y) { ${classify}; ${rebuild} }`
    expect(fatesOf(code, "Cls")).toEqual([[inner, drifts], [outer, moved("Rec", "enc/w2")]])
    expect(fatesOf(code, "Rec")).toEqual([[inner, drifts], [outer.replace("b[", "c["), moved("Cls", "enc/w2")]])
    expect(fatesOf(code, "Enc")).toEqual([["‖w1[:,i]‖² − ‖w2[i,:]‖²", drifts]])
  })
  test("in one step of their sum", () => {
    const code = `${one}\nexport function step(x, y) {
      o.minimize(() => tf.losses.meanSquaredError(y, cls.forward(x)).add(tf.losses.meanSquaredError(x, rec.forward(x))) as tf.Scalar) }`
    expect(fatesOf(code, "Cls")).toEqual([[inner, drifts], [outer, moved("Rec", "enc/w2")]])
  })
  test("of which one alone is trained", () => {
    expect(fatesOf(`${one}\nexport function step(x, y) { ${classify} }`, "Cls")).toEqual([[inner, drifts], [outer, drifts]])
  })
  test("of which the other has another optimizer", () => {
    const adam = `${rebuild.replace("o.", "adam.")}`
    const [kept] = fatesOf(`${one}\nconst adam = tf.train.adam(0.1)\nexport function step(x, y) { ${classify}; ${adam} }`, "Cls")
    expect(kept[1]).toMatch(/^broken by adam.*, which trains it as a part of Rec: it rescales/)
  })
  test("of which the other trains its head alone", () => {
    const code = `${one}\nexport function step(x, y) { ${classify}; ${rebuild.replace(/\)$/, ", false, [rec.c])")} }`
    expect(fatesOf(code, "Cls")).toEqual([[inner, drifts], [outer, drifts]])
  })
  test("each over an encoder of its own", () => {
    expect(fatesOf(`${two}\nexport function step(x, y) { ${classify}; ${rebuild} }`, "Cls")).toEqual([[inner, drifts], [outer, drifts]])
  })
  test("with a step that trains the encoder's own output as well", () => {
    const code = `${one}\nexport function step(x, y) { ${classify}; o.minimize(() => enc.forward(x).abs().mean() as tf.Scalar) }`
    expect(fatesOf(code, "Cls")).toEqual([[inner, drifts], [outer, moved("Enc", "enc/w2")]])
  })
  test("the run measures both steps: the one law is kept, the other is not", async () => {
    const { verification } = await verify(taskOf(`${one}\nexport function step(x, y) { ${classify}; ${rebuild} }`, "Cls"))
    expect([verification.verdict, verification.ownLoss?.name]).toEqual(["conserved", expect.stringMatching(/^2 functions in line/)])
    const [kept, lost] = verification.ownLoss!.laws
    expect([kept.verdict, lost.notKept]).toEqual(["conserved", true])
    expect(lost.detail).toContain("reads enc/w2 through Rec as well")
  })
})

describe("models of tf.layers", () => {
  const made = `const x0 = tf.input({ shape: [4] }), first = tf.layers.dense({ units: 8, activation: "relu", name: "first" })
    const second = tf.layers.dense({ units: 6, activation: "relu", name: "second" })
    const code = second.apply(first.apply(x0))
    const m = tf.model({ inputs: x0, outputs: tf.layers.dense({ units: 3, name: "head" }).apply(code) })
    const ae = tf.model({ inputs: x0, outputs: tf.layers.dense({ units: 4, name: "back" }).apply(code) })`
  const compile = (name: string, loss = "meanSquaredError") => `${name}.compile({ optimizer: "sgd", loss: "${loss}" })`
  test("that share layers, each compiled", () => {
    const [kept, lost, ...more] = fatesOf(`${made}\n${compile("m")}; ${compile("ae")}`, "m")
    expect([kept[1], lost[1], more]).toEqual([drifts, moved("ae", "second/kernel"), []])
  })
  test("of which one is not compiled", () =>
    expect(fatesOf(`${made}\n${compile("m")}`, "m").map(([, detail]) => detail)).toEqual([drifts, drifts]))
  test("that are frozen in the other", () => {
    const code = `${made}\n${compile("m")}; first.trainable = false; second.trainable = false; ${compile("ae")}`
    expect(fatesOf(code, "ae").every(([, detail]) => !detail.includes("too"))).toBe(true)
  })
  test("the losses of both are run", async () => {
    const { verification } = await verify(taskOf(`${made}\n${compile("m")}; ${compile("ae", "meanAbsoluteError")}`, "m"))
    expect(verification.ownLoss?.name).toBe("meanSquaredError + meanAbsoluteError of ae")
    expect(verification.ownLoss?.laws.map(({ notKept }) => notKept === true)).toEqual([false, true])
  })
  test("a generator within a stack of it and a critic that stands still", () => {
    const code = `const generator = tf.sequential({ layers: [
        tf.layers.dense({ units: 8, activation: "relu", inputShape: [3] }), tf.layers.dense({ units: 4 })] })
      const critic = tf.sequential({ layers: [
        tf.layers.dense({ units: 6, activation: "relu", inputShape: [4] }), tf.layers.dense({ units: 1, activation: "sigmoid" })] })
      critic.compile({ optimizer: "sgd", loss: "binaryCrossentropy" })
      critic.trainable = false
      const gan = tf.sequential({ layers: [generator, critic] })
      gan.compile({ optimizer: "sgd", loss: "binaryCrossentropy" })`
    for (const name of ["generator", "critic", "gan"]) for (const [, detail] of fatesOf(code, name)) expect(detail).toMatch(/^(drifts|exact)/)
  })
})

describe("a part that only the whole trains", () => {
  const code = (optimizer: string): string => `
    const encoder = tf.sequential({ layers: [
      tf.layers.dense({ inputShape: [8], units: 6, activation: "relu", name: "e1" }), tf.layers.dense({ units: 4, name: "e2" })] })
    const x = tf.input({ shape: [8] })
    const whole = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 8, name: "d", activation: "tanh" }).apply(encoder.apply(x)) })
    whole.compile({ optimizer: ${optimizer}, loss: "meanSquaredError" })`
  const trainingOf = (optimizer: string) => {
    const { models } = trace(code(optimizer))
    return analyzeModel(models.find(({ name }) => name === "encoder")!, models).model.training
  }
  test("has the optimizer of the whole, and its fate", () => {
    expect(trainingOf("tf.train.sgd(0.1)")).toMatchObject([
      { optimizer: "tf.train.sgd(0.1) of whole", place: {}, fate: [{ status: "drifts", detail: drifts }] },
    ])
    expect(trainingOf('"adam"')).toMatchObject([{ optimizer: "'adam' of whole", fate: [{ status: "broken" }] }])
  })
})
