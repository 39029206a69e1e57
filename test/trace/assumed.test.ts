/** @file Which models an assumption is shown under, and whether it clears a model of shapes that do not fit. */
import { expect, test } from "vitest"
import { reportOf } from "../support/source"

const assumptionsIn = (source: string): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(reportOf(source).models.map(({ name, assumptions }) => [name, assumptions]))

const recurrent = (shape: string): string => `const x = tf.input({ shape: [${shape}, 2] })
  const rnn = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.lstm({ units: 3 }).apply(x)) })`
const plain = "const plain = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.dense({ units: 1 })] })"

test("what is assumed for a layer of one model is not shown under its neighbor", () => {
  expect(assumptionsIn(`${recurrent("null")}; ${plain}`)).toEqual({ rnn: ["lstm is read for 3 time steps"], plain: [] })
  expect(assumptionsIn(`${plain}; ${recurrent("null")}`)).toEqual({ rnn: ["lstm is read for 3 time steps"], plain: [] })
})

test("a size that one model was given is told of every model that has it", () => {
  const shared = `${recurrent("null")}; const y = tf.layers.conv1d({ filters: 2, kernelSize: 1 }).apply(x)
    const other = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 1 }).apply(y) }); ${plain}`
  expect(assumptionsIn(shared)).toEqual({
    rnn: ["lstm is read for 3 time steps"], other: ["lstm is read for 3 time steps"], plain: [],
  })
})

test("a size that the source names may have been counted with anywhere", () => {
  const { other } = assumptionsIn(`export function make(steps) {
    ${recurrent("steps")}
    const other = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] })
    for (let i = 0; i < steps; i++) other.add(tf.layers.dense({ units: 5 }))
    return { rnn, other }
  }`)
  expect(other).toContain("lstm is read for 3 time steps")
})

const deep = `constructor(depth, size) {
    this.net = tf.sequential({ layers: [tf.layers.dense({ units: size, inputShape: [3] })] })
    for (let i = 0; i < depth; i++) this.net.add(tf.layers.dense({ units: size }))
  }`
test.each([
  ["by nobody", ""],
  ["at the top of the file", "const made = new Net(await load(), 4)"],
  ["in a function", "export function main(n) { const made = new Net(n, 4); return made.predict(tf.ones([2, 3])) }"],
])("what a constructor assumes is told of its class, constructed %s", (_, use) => {
  const made = assumptionsIn(`class Net { ${deep}; predict(x) { return this.net.predict(x.reshape([-1, 3])) } } ${use}`)
  expect(made.Net).toEqual([expect.stringMatching(/^the loop over \w+ is read for 3 rounds$/)])
})

test("an assumption outside of layers is told of all that the code makes", () => {
  const made = assumptionsIn(`export function make(deep) {
    const a = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] })
    if (deep) a.add(tf.layers.dense({ units: 5 }))
    const b = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), tf.layers.dense({ units: 2 })] })
    return { a, b }
  }`)
  expect(made.a).toEqual(["`deep` is taken to be true"])
})

const net = "const net = tf.sequential(); net.add(tf.layers.dense({ units: 2, inputShape: [4] }))"
test.each([
  ["a loop over data", "for (const row of rows) points.push(row.x)", 0],
  ["a condition on data", "if (rows.open) points.push(1)", 0],
  ["a condition on layers", "if (rows.deep) net.add(tf.layers.dense({ units: 5 }))", 1],
  ["a condition on layers the other way", "if (rows.flat) points.push(1); else net.add(tf.layers.dense({ units: 5 }))", 1],
  ["a callback that may add a layer", "whenReady(() => net.add(tf.layers.dense({ units: 5 })))", 1],
  ["a loop over layers", "for (const row of rows) net.add(tf.layers.dense({ units: 5 }))", 1],
])("what is assumed of %s once the layers are there is told where it concerns them", (_, later, count) => {
  const [after] = Object.values(assumptionsIn(`export function main(rows) { const points = []; ${net}; ${later}; return { net, points } }`))
  expect(after).toHaveLength(count)
  const earlier = later.replaceAll("net.add", "points.push")
  const [before] = Object.values(assumptionsIn(`export function main(rows) { const points = []; ${earlier}; ${net}; return { net, points } }`))
  expect(before).toHaveLength(1)
})

const unfit = (settings: string, layer: string): string => `export function make(o) {
  const x = tf.input({ shape: [4, 2] })
  const h = tf.layers.${layer}({ ${settings} }).apply(x)
  return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 1 }).apply(tf.layers.conv2d({ filters: 2, kernelSize: 2 }).apply(h)) })
}`
const mismatches = (source: string): number =>
  reportOf(source).models.flatMap(({ findings }) => findings).filter(({ rule }) => rule === "shape-mismatch").length

test.each([
  ["a slope that nobody knows", unfit("alpha: o.alpha", "leakyReLU"), "'alpha' of leaky_re_lu is not known: 0.3 is taken"],
  ["a flag of normalization", unfit("center: o.center", "layerNormalization"), "'center' of layer_normalization is not known: true is taken"],
  ["an activation", unfit("units: 2, activation: o.activation", "dense"), "the activation 'activation' of dense is not known"],
])("shapes that do not fit are told beside %s", (_, source, assumed) => {
  expect(JSON.stringify(reportOf(source).models.map(({ assumptions }) => assumptions))).toContain(assumed)
  expect(mismatches(source)).toBe(1)
})

test("shapes that a guess decides over are not told", () => {
  expect(mismatches(unfit("units: 3, returnSequences: o.all", "lstm"))).toBe(0)
  expect(mismatches(unfit("units: 3, returnSequences: true", "lstm"))).toBe(1)
})
