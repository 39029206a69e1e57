/** @file Reasons of laws and of their absence: the chain of a law, and the operations that leave a parameter without one, axis by axis. */
import { expect, test } from "vitest"
import { analyzeSource } from "../support/source"
import type { Law, Model, Reason } from "../../src/schema/report"

const line = ({ text, at }: Reason): string => `${text}${at === undefined ? "" : ` (${at.start.line})`}`
const reasonsOf = (model: Model, formula: string): readonly string[] =>
  model.laws.filter((law: Law) => law.formula.startsWith(formula)).flatMap(({ because }) => because.map(line))
const lawless = (model: Model, parameter: string): readonly string[] =>
  model.lawless.filter(({ parameters }) => parameters.includes(parameter)).flatMap(({ because }) => because.map(line))

test("a balance: what undoes it, then what cuts it to a diagonal", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, activation: "relu", name: "a" }))
net.add(tf.layers.dense({ units: 2, useBias: false, name: "b" }))`)
  expect(reasonsOf(model, "‖a/kernel")).toEqual([
    "dense contracts a/kernel with b/kernel: they can undo each other (4)",
    "dense 'relu' commutes with positive scaling of each unit, with no mixing of units (3)",
  ])
})

test("a scale: what sees only the product, which branches go together, what cuts it", () => {
  const model = analyzeSource(`
class Net {
  constructor() { this.w = tf.variable(tf.randomNormal([3, 4])); this.b = tf.variable(tf.zeros([4])); this.t = tf.variable(tf.scalar(1)) }
  predict(x) {
    const z = tf.add(tf.matMul(x, this.w), this.b)
    return tf.softmax(tf.mul(z, this.t))
  }
}`)
  expect(reasonsOf(model, "‖w‖²")).toEqual([
    "tf.softmax sees only the product of their scales: what one gains another loses (6)",
    "tf.add joins branches that scale together or not at all (5)",
  ])
})

test("an approximate norm says how fast it drifts", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, name: "a" }))
net.add(tf.layers.layerNormalization({ name: "n" }))
net.add(tf.layers.dense({ units: 2, name: "b" }))`)
  const reasons = reasonsOf(model, "‖a/kernel‖²")
  expect(reasons[0]).toBe(
    "layerNormalization forgets the scale of its argument but for its ε = 0.001: " +
      "drifts at the share ε/(v + ε) of the speed of a free norm, v the variance it divides by (4)",
  )
})

test("rows of a table behind a norm", () => {
  const model = analyzeSource(`
class Rows {
  constructor() { this.table = tf.variable(tf.randomNormal([5, 4])); this.head = tf.variable(tf.randomNormal([4, 2])) }
  predict(ids) {
    const x = tf.gather(this.table, ids.toInt())
    const y = tf.div(x, tf.norm(x, 2, -1, true))
    return tf.matMul(y, this.head)
  }
}`)
  expect(reasonsOf(model, "‖table[i,:]‖²")).toEqual(["tf.gather reads one row at a time, and what follows forgets the scale of each row (5)"])
})

test("every operation that would be enough is named, and the axis where they differ", () => {
  const model = analyzeSource(`
class Two {
  constructor() { this.a = tf.variable(tf.randomNormal([3, 4])); this.b = tf.variable(tf.randomNormal([4, 2])) }
  predict(x) {
    const z = tf.matMul(x, this.a)
    const y = tf.mul(z, tf.sigmoid(z))
    return tf.matMul(tf.add(y, tf.tanh(z)), this.b)
  }
}`)
  expect(lawless(model, "a")).toEqual([
    "tf.sigmoid commutes with no rescaling of its argument (6)",
    "tf.tanh commutes with no rescaling of its argument (7)",
  ])
  expect(lawless(model, "b").map((text) => text.replace(/:.*\(/, " ("))).toEqual(["along axis 0 (6)", "along axis 0 (7)", "along axis 1 (7)"])
})

test("the slope of a PReLU", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, useBias: false }))
net.add(tf.layers.prelu({ name: "p" }))
net.add(tf.layers.dense({ units: 2, useBias: false }))`)
  expect(lawless(model, "p/alpha")).toEqual(["prelu multiplies negative inputs with it and leaves positive ones (4)"])
})

test("an exponential turns a shift into a factor", () => {
  const model = analyzeSource(`
class Exp {
  constructor() {
    this.a = tf.variable(tf.randomNormal([3, 4])); this.c = tf.variable(tf.zeros([4])); this.b = tf.variable(tf.randomNormal([4, 2]))
  }
  predict(x) { return tf.matMul(tf.exp(tf.add(tf.matMul(x, this.a), this.c)), this.b) }
}`)
  expect(model.laws.flatMap(({ because }) => because.map(({ text }) => text))).toContain("tf.exp turns a shift of c into a factor")
})

test("dead ends and cancelled shifts", () => {
  const single = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, name: "a" }))
net.add(tf.layers.dense({ units: 1, activation: "softmax", name: "b" }))`)
  expect(reasonsOf(single, "a/kernel")).toEqual(["dense 'softmax' over a single entry is always 1 (4)"])
  const siamese = analyzeSource(`
class Siamese {
  constructor() { this.w = tf.variable(tf.randomNormal([3, 4])); this.b = tf.variable(tf.zeros([4])) }
  embed(x) { return tf.add(tf.matMul(x, this.w), this.b) }
  /** @shape x [batch, 3]
   *  @shape y [batch, 3] */
  forward(x, y) {
    return tf.abs(tf.sub(this.embed(x), this.embed(y)))
  }
}`)
  expect(reasonsOf(siamese, "b[i]")).toEqual(["tf.sub subtracts it from itself (8)"])
})

test("a part of a weight that nothing reads: what leaves it out", () => {
  const model = analyzeSource(`
class Net {
  constructor() { this.w = tf.variable(tf.randomNormal([3, 6])); this.l = tf.variable(tf.randomNormal([3, 3])) }
  forward(x) {
    const unused = this.w.slice([0, 4], [3, 2])
    const z = tf.matMul(x, this.w.slice([0, 0], [3, 3]))
    return tf.matMul(z.tanh(), tf.linalg.bandPart(this.l, 0, -1))
  }
}`)
  expect(reasonsOf(model, "w[")).toEqual(["tf.slice leaves it out (6)"])
  expect(new Set(reasonsOf(model, "l["))).toEqual(new Set(["tf.linalg.bandPart leaves it out (7)"]))
})

test("a direction that a norm centers is not said to be scaled", () => {
  const model = analyzeSource(`
class Stream {
  constructor() {
    this.embed = tf.variable(tf.randomNormal([2, 3])); this.up = tf.variable(tf.randomNormal([3, 2]))
    this.down = tf.variable(tf.randomNormal([2, 3])); this.head = tf.variable(tf.randomNormal([3, 2]))
  }
  predict(x) {
    const s = tf.matMul(x, this.embed), { mean, variance } = tf.moments(s, -1, true)
    const y = s.sub(mean).div(variance.sqrt())
    return s.add(y.matMul(this.up).tanh().matMul(this.down)).matMul(this.head)
  }
}`)
  const reasons = reasonsOf(model, "‖Σₐ embed[:,a]‖²")
  expect(reasons).toContain("the normalization ending in tf.div sees only differences between the entries along its axis (9)")
  expect(reasons.join()).not.toContain("forgets the scale")
})

test("a normalized dot product is no law's way, and says so", () => {
  const model = analyzeSource(`
const x = tf.input({ shape: [3] })
const a = tf.layers.dense({ units: 4, useBias: false, name: "a" }), b = tf.layers.dense({ units: 4, useBias: false, name: "b" })
const net = tf.model({ inputs: x, outputs: tf.layers.dot({ axes: -1, normalize: true }).apply([a.apply(x), b.apply(x)]) })`)
  expect(model.laws).toEqual([])
  const [reason, ...rest] = lawless(model, "a/kernel")
  expect(reason).toBe("no law is derived through dot: it divides by √max(‖x‖², ε), which scales with x but for the ε (4)")
  expect(rest.join()).not.toMatch(/dot (sums|commutes)/)
})

test("a bounded reLU is named with its bound", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, name: "a" }))
net.add(tf.layers.reLU({ maxValue: 6 }))`)
  expect(lawless(model, "a/bias")).toEqual(["reLU with maxValue 6 commutes with no rescaling of its argument (4)"])
})

test("weights of a long recurrence have the functions as reasons", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.lstm({ units: 8, inputShape: [40, 4], returnSequences: true, name: "a" }))
net.add(tf.layers.lstm({ units: 8, name: "b" }))
net.add(tf.layers.dense({ units: 2 }))`)
  for (const id of ["a/kernel", "a/recurrent_kernel", "a/bias", "b/recurrent_kernel", "b/bias"])
    expect(lawless(model, id)).toEqual(expect.arrayContaining([expect.stringMatching(/^lstm '(hardSigmoid|tanh)' commutes/)]))
  expect(lawless(model, "a/recurrent_kernel").join()).not.toContain("sums this axis")
})

test("a tied weight is said to meet itself, and what the loss sees as it is to reach it", () => {
  const model = analyzeSource(`
class Tied {
  constructor() { this.w = tf.variable(tf.randomNormal([5, 3])); this.b = tf.variable(tf.zeros([3])); this.c = tf.variable(tf.zeros([5])) }
  forward(x: tf.Tensor2D) {
    const h = x.matMul(this.w).add(this.b).relu()
    return h.matMul(this.w, false, true).add(this.c)
  }
}`)
  const tied = "tf.matMul contracts w with itself: the two sides are tied and gain alike (6)"
  expect(lawless(model, "w")).toEqual([`along axis 1: ${tied}`, "along axis 0: the output goes to the loss as it is (6)"])
  expect(lawless(model, "b")[0]).toBe(tied)
  expect(lawless(model, "c")).toEqual(["the output goes to the loss as it is (6)"])
})

test("the last bias of a residual block goes to the loss, whatever joins it there", () => {
  const model = analyzeSource(`
class Block {
  constructor() { this.w = tf.variable(tf.randomNormal([4, 4])); this.v = tf.variable(tf.randomNormal([4, 4])); this.c = tf.variable(tf.zeros([4])) }
  /** @shape x [batch, 4] */
  forward(x: tf.Tensor2D) {
    const y = x.add(x.matMul(this.w).tanh())
    const z = y.div(y.norm(2, -1, true))
    return y.add(z.tanh().matMul(this.v).add(this.c))
  }
}`)
  expect(lawless(model, "c")).toEqual(["the output goes to the loss as it is (8)"])
  expect(lawless(model, "v")[0]).toBe("the output goes to the loss as it is (8)")
})

test("an exchange with a bias behind a softmax: its shares sum to one", () => {
  const model = analyzeSource(`
const net = tf.sequential()
net.add(tf.layers.dense({ inputShape: [3], units: 4, activation: "softmax", name: "a" }))
net.add(tf.layers.dense({ units: 2, name: "b" }))`)
  expect(reasonsOf(model, "Σₐ b/kernel")).toEqual([
    "dense 'softmax' sums to one: what is added to every row of b/kernel is added to the result of dense (3)",
    "the loss sees only their sum: what one gains the other loses (4)",
  ])
})
