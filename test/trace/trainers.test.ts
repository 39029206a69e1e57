/** @file Which optimizer trains which model where nobody compiles, and gradients that are changed before they are applied. */
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import type { TracedModel } from "../../src/graph/graph"
import { deriveLaws } from "../../src/laws/derive"
import { trainingOf } from "../../src/laws/fate"
import { analyzeModel } from "../../src/pipeline"
import { only, trace } from "./program"

type Traced = ReturnType<typeof trace>
const trainersOf = (traced: Traced, name: string): readonly (readonly [string, number | undefined, readonly string[] | undefined])[] =>
  only(traced, name).optimizers.map((use) => [use.name, use.learningRate, use.variables] as const)

test("two models with an optimizer each: lists of weights and what the loss mentions decide", () => {
  const traced = trace(`export class Gan {
    private generator = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [2] }), tf.layers.dense({ units: 3 })] })
    private critic = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.dense({ units: 1 })] })
    #slow = tf.train.adam(1e-4)
    private fast: tf.Optimizer
    constructor() { this.fast = tf.train.sgd(0.1) }
    trainGenerator(z: tf.Tensor2D) {
      this.#slow.minimize(() => this.critic.apply(this.generator.apply(z)).mean(), false, this.generator.getWeights() as tf.Variable[])
    }
    trainCritic(x: tf.Tensor2D) { this.fast.minimize(() => this.score(x)) }
    private score(x: tf.Tensor2D) { return this.critic.apply(x).mean() }
  }`)
  expect(trainersOf(traced, "generator")).toEqual([["adam", 1e-4, undefined]])
  expect(trainersOf(traced, "critic")).toEqual([["sgd", 0.1, undefined]])
  expect(only(traced, "critic").assumptions).toEqual([])
})

test("functions over weights of the module, through functions in between", () => {
  const traced = trace(`const a = tf.variable(tf.zeros([3, 2])), b = tf.variable(tf.zeros([2, 1])), c = tf.variable(tf.zeros([3, 1]))
    const fast = tf.train.adam(0.1), slow = tf.train.sgd(0.01)
    export const actor = (x: tf.Tensor2D) => x.matMul(a).matMul(b)
    export const critic = (x: tf.Tensor2D) => x.matMul(c)
    const actorLoss = (x: tf.Tensor2D) => actor(x).mean()
    export function step(x: tf.Tensor2D) { fast.minimize(() => actorLoss(x)); slow.minimize(() => critic(x).square().mean(), true, [c]) }`)
  expect(trainersOf(traced, "actor")).toEqual([["adam", 0.1, undefined]])
  expect(trainersOf(traced, "critic")).toEqual([["sgd", 0.01, ["c"]]])
})

test("a class is known by what its instances are stored in, a factory's model by its variable", () => {
  const traced = trace(`class Net { w = tf.variable(tf.zeros([3, 4])); forward(x: tf.Tensor2D) { return x.matMul(this.w) } }
    function build() { return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] }), tf.layers.dense({ units: 1 })] }) }
    const encoder = new Net(), head = build()
    const one = tf.train.momentum(0.1, 0.9), two = tf.train.sgd(0.2)
    function train(x: tf.Tensor2D) {
      one.minimize(() => encoder.forward(x).mean())
      const { grads } = tf.variableGrads(() => head.apply(x).mean())
      two.applyGradients(grads)
    }`)
  expect(trainersOf(traced, "Net")).toEqual([["momentum", 0.1, undefined]])
  expect(trainersOf(traced, "build")).toEqual([["sgd", 0.2, undefined]])
})

test.each([
  ["as they are", "const { grads } = tf.variableGrads(loss); sgd.applyGradients(grads)", "sgd"],
  ["out of a record", "const result = tf.variableGrads(loss); sgd.applyGradients(result.grads)", "sgd"],
  ["on the spot", "sgd.applyGradients(tf.variableGrads(loss).grads)", "sgd"],
  ["from the optimizer", "const { value, grads } = sgd.computeGradients(loss); sgd.applyGradients(grads)", "sgd"],
  [
    "clipped one by one",
    "const { grads } = tf.variableGrads(loss); for (const k in grads) grads[k] = grads[k].clipByValue(-1, 1); sgd.applyGradients(grads)",
    "unknown",
  ],
  ["clipped into another record", "const { grads } = tf.variableGrads(loss); const small = clip(grads); sgd.applyGradients(small)", "unknown"],
] as const)("gradients applied %s", (_, body, name) => {
  const traced = trace(`const w = tf.variable(tf.zeros([3, 2])), sgd = tf.train.sgd(0.1)
    export const net = (x: tf.Tensor2D) => x.matMul(w)
    export function step(x: tf.Tensor2D) { const loss = () => net(x).mean(); ${body} }`)
  const [use] = only(traced, "net").optimizers
  expect(use.name).toBe(name)
  expect(use.text.includes("changed")).toBe(name === "unknown")
})

test("a trained loss that reads weights beside the output is told, and keeps no law of theirs", () => {
  const model = (loss: string): TracedModel =>
    only(
      trace(`export class Net {
    inner = tf.variable(tf.randomNormal([3, 2]))
    outer = tf.variable(tf.randomNormal([2, 1]))
    hidden(x: tf.Tensor2D) { return tf.matMul(x, this.inner) }
    forward(x: tf.Tensor2D) { return tf.matMul(this.hidden(x), this.outer) }
    loss(x: tf.Tensor2D) { return ${loss} }
  }
  const net = new Net(), optimizer = tf.train.sgd(0.1)
  export const step = (x: tf.Tensor2D) => optimizer.minimize(() => net.loss(x) as tf.Scalar)`),
      "Net",
    )
  const net = (loss: string): readonly string[] => model(loss).assumptions
  const fates = (loss: string): readonly string[] => {
    const { graph, optimizers } = model(loss)
    return trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters).flatMap(({ fate }) => fate.map(({ detail }) => detail))
  }
  const told = expect.stringContaining("taken to depend on the output alone, though it reads 'inner' beside it") as string
  expect(net("this.forward(x).square().mean()")).toEqual([])
  expect(net("this.forward(x).square().mean().add(this.hidden(x).square().mean())")).toContainEqual(told)
  expect(net("this.forward(x).mean().add(this.inner.abs().sum())")).toContainEqual(told)
  expect(fates("this.forward(x).square().mean()")).toEqual([expect.stringMatching(/^drifts under sgd \(τ = 0.1\) by exactly/)])
  expect(fates("this.forward(x).mean().add(this.inner.abs().sum())")).toEqual([
    "not guaranteed under sgd (τ = 0.1): the loss it minimizes reads inner beside the output",
  ])
})

describe("two steps of one optimizer", () => {
  const fates = (first: string, second: string): readonly string[] => {
    const { graph, optimizers } = only(
      trace(`const a = tf.variable(tf.randomNormal([3, 4])), b = tf.variable(tf.randomNormal([4, 2])), opt = tf.train.sgd(0.1)
        export const net = (x: tf.Tensor2D) => x.matMul(a).relu().matMul(b)
        export function one(x: tf.Tensor2D) { opt.minimize(() => ${first}) }
        export function two(x: tf.Tensor2D) { opt.minimize(() => ${second}) }`),
      "net",
    )
    return trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters).flatMap(({ fate }) => fate.map(({ status }) => status))
  }
  const plain = "net(x).square().mean()", penalized = "net(x).mean().add(a.abs().sum())"
  test.each([[plain, penalized], [penalized, plain], [penalized, penalized]])("%s, then %s", (first, second) =>
    expect(fates(first, second)).toEqual(["broken"]))
  test("neither reads a weight", () => expect(fates(plain, "net(x).abs().mean()")).toEqual(["drifts"]))
})

test.each([
  ["", /^drifts/],
  [".add(net.a.abs().sum())", /reads a beside the output$/],
])("a step that is handed its optimizer: %s", (term, expected) => {
  const { graph, optimizers } = only(
    trace(`class Net { a = tf.variable(tf.randomNormal([3, 4])); b = tf.variable(tf.randomNormal([4, 2]))
        forward(x: tf.Tensor2D) { return x.matMul(this.a).relu().matMul(this.b) } }
      function step(net: Net, opt: tf.Optimizer, x: tf.Tensor2D) { opt.minimize(() => net.forward(x).square().mean()${term}) }
      const net = new Net(); step(net, tf.train.sgd(0.1), tf.ones([2, 3]))`),
    "Net",
  )
  const fates = trainingOf(optimizers, deriveLaws(generalize(graph)).laws, graph.parameters).flatMap(({ fate }) => fate.map(({ detail }) => detail))
  expect(fates).toEqual([expect.stringMatching(expected)])
})

describe("a loss of its own that was followed", () => {
  const fates = (code: string): readonly string[] =>
    trace(code).models.flatMap((traced) => analyzeModel(traced).model.training.flatMap(({ fate }) => fate.map(({ detail }) => detail)))
  const model = `const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 6, useBias: false }),
    tf.layers.dense({ units: 3, useBias: false })] })`
  const compiled = (term: string): string => `${model}
    const loss = (y: tf.Tensor, p: tf.Tensor) => tf.mean(tf.square(tf.sub(y, p)))${term}
    model.compile({ optimizer: "sgd", loss: loss as never })`
  test.each([
    ["a function in compile", compiled(".add(tf.mean(tf.abs(model.layers[0].getWeights()[0])))")],
    ["a hidden layer, through a function", `${model}
      const hidden = (x: tf.Tensor) => model.layers[0].apply(x) as tf.Tensor, opt = tf.train.sgd(0.01)
      export const step = (x: tf.Tensor) => opt.minimize(() => (model.apply(x) as tf.Tensor).square().mean().add(hidden(x).abs().mean()))`],
  ])("%s reads a weight beside the output: nothing is promised", (_, code) =>
    expect(fates(code)).toEqual([expect.stringMatching(/^not guaranteed under sgd .*: the loss it minimizes reads dense_\d\/kernel beside/)]))
  test("that reads the output alone leaves the fate as it is", () =>
    expect(fates(compiled(""))).toEqual([expect.stringMatching(/^drifts under sgd/)]))
})

test.each([
  ["a squared error written out", "net.forward(x).sub(y).square().mean()", [["meanSquaredError", undefined]]],
  ["through a function of the file", "squares(net.forward(x), y)", [["meanSquaredError", undefined]]],
  ["a loss that tf.metrics has", "tf.metrics.binaryCrossentropy(y, net.forward(x)).mean()", [["binaryCrossentropy", undefined]]],
  ["a function of tf.losses", "tf.losses.huberLoss(y, net.forward(x))", [["huberLoss", undefined]]],
  ["anything else", "tf.softmax(net.forward(x)).log().mul(y).sum().neg()", [["computed by hand", true]]],
])("the loss of a training step: %s", (_, loss, expected) => {
  const traced = trace(`class Net { w = tf.variable(tf.zeros([3, 4])); forward(x: tf.Tensor2D) { return tf.softmax(x.matMul(this.w)) } }
    const net = new Net(), sgd = tf.train.sgd(0.1), seen: number[] = [], losses: number[] = []
    const squares = (p: tf.Tensor, y: tf.Tensor) => tf.mean(tf.squaredDifference(p, y))
    function train(x: tf.Tensor2D, y: tf.Tensor2D) { losses.push(sgd.minimize(() => ${loss}, true)!.dataSync()[0]) }`)
  expect(only(traced, "Net").losses.map(({ name, byHand }) => [name, byHand])).toEqual(expected)
})

test("losses and metrics by name, by function, by output, and in a constant given to compile", () => {
  const model = only(
    trace(`function percent(a: tf.Tensor, b: tf.Tensor) { return a.sub(b).abs().mean() }
    const config = { optimizer: 'adam', loss: { left: 'meanSquaredError', "right": tf.losses.huberLoss }, metrics: ['accuracy', percent] } as const
    export function build() {
      const x = tf.input({ shape: [3] })
      const left = tf.layers.dense({ units: 1, name: 'left' }).apply(x), right = tf.layers.dense({ units: 1, name: 'right' }).apply(x)
      const model = tf.model({ inputs: x, outputs: [left, right] as tf.SymbolicTensor[] })
      model.compile(config)
      return model
    }`),
    "build",
  )
  expect(model.losses.map(({ name, output }) => [name, output])).toEqual([["meanSquaredError", "left"], ["huberLoss", "right"]])
  expect(model.metrics.map(({ name }) => name)).toEqual(["accuracy", "percent"])
  expect(model.optimizers.map(({ name }) => name)).toEqual(["adam"])
})

test.each([
  ["'softmaxCrossEntropy'", "softmaxCrossEntropy"],
  ["tf.losses.softmaxCrossEntropy", "softmaxCrossEntropy"],
  ["(y, p) => tf.losses.softmaxCrossEntropy(y, p) as tf.Scalar", "softmaxCrossEntropy"],
  ["own.softmaxCrossEntropy", "own.softmaxCrossEntropy"],
  ["(y, p) => tf.losses.softmaxCrossEntropy(p, y)", "(y, p) => tf.losses.softmaxCrossEntropy(p, y)"],
  ["(y, p) => tf.losses.softmaxCrossEntropy(y, p).add(1)", "(y, p) => tf.losses.softmaxCrossEntropy(y, p).add(1)"],
])("compile({ loss: %s }) is %s", (loss, name) => {
  const model = only(
    trace(`const own = { softmaxCrossEntropy: (y: tf.Tensor, p: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, p.square()) }
    export const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] })
    model.compile({ optimizer: 'sgd', loss: ${loss} })`),
    "model",
  )
  expect(model.losses.map((use) => use.name)).toEqual([name])
})

describe("a second step that trains by another loss", () => {
  const net = `class Net { a = tf.variable(tf.randomNormal([4, 8])); b = tf.variable(tf.randomNormal([8, 3])); c = tf.variable(tf.zeros([3]))
    forward(x: tf.Tensor2D) { return x.matMul(this.a).relu().matMul(this.b).add(this.c) } }
  const n = new Net(), o = tf.train.sgd(0.1)`
  const layers = `const m = tf.sequential({ layers: [
    tf.layers.dense({ units: 8, inputShape: [4], activation: "relu" }), tf.layers.dense({ units: 3 })] })
  m.compile({ optimizer: "sgd", loss: tf.losses.softmaxCrossEntropy as never })`
  const entropy = "tf.losses.softmaxCrossEntropy(y, n.forward(x)) as tf.Scalar"
  /** How many laws only a loss that does not see all classes gives. */
  const owed = (code: string): number =>
    trace(code).models.flatMap((traced) => analyzeModel(traced).model.laws).filter(({ family }) => family === "shift").length
  test.each([
    ["alone", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }`],
    ["twice the same", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}); o.minimize(() => ${entropy}) }`],
    ["compiled alone", `${layers}\nexport const go = (x, y) => m.fit(x, y)`],
  ])("%s: the sums over classes stay", (_, code) => expect(owed(code)).toBe(2))
  test.each([
    ["in the same function", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}); o.minimize(() => n.forward(x).sum()) }`],
    ["with variableGrads", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }
      export function more(x) { const { grads } = tf.variableGrads(() => n.forward(x).square().mean()); o.applyGradients(grads) }`],
    ["both differentiated in one function", `${net}\nexport function train(x, y) {
      const a = tf.variableGrads(() => ${entropy}), b = tf.variableGrads(() => n.forward(x).square().mean())
      o.applyGradients(a.grads); o.applyGradients(b.grads) }`],
    ["of a function that is handed the network", `${net}\nconst hidden = (net, x) => net.forward(x).square().mean()
      export function train(x, y) { o.minimize(() => ${entropy}) }
      export function more(opt: tf.Optimizer, x) { opt.minimize(() => hidden(n, x)) }`],
    ["that is handed the network under another name", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }
      function warm(net, x) { o.minimize(() => net.forward(x).square().mean()) }
      warm(n, tf.ones([2, 4]))`],
    ["of a trainer that holds the network", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }
      class Trainer { constructor(private it: Net) {} warm(x) { o.minimize(() => this.it.forward(x).square().mean()) } }
      new Trainer(n)`],
    ["of networks in a list", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }
      const all = [n]; export function warm(x) { for (const one of all) o.minimize(() => one.forward(x).square().mean()) }`],
    ["of a part of it", `${net}\nexport function train(x, y) { o.minimize(() => ${entropy}) }
      const last = n.b; export function warm(x) { o.minimize(() => last.sum().square()) }`],
    ["beside a loss that compile names", `${layers}\nconst opt = tf.train.sgd(0.1)
      export async function go(x, y) { await m.fit(x, y); opt.minimize(() => (m.apply(x) as tf.Tensor).square().mean()) }`],
  ])("%s: they do not", (_, code) => expect(owed(code)).toBe(0))
  test.each([
    ["by its name", 'import { n } from "./main"', "n"],
    ["by another name", 'import { n as it } from "./main"', "it"],
    ["by default", 'import it from "./main"', "it"],
  ])("in another file that imports the network %s, handed its optimizer: they do not", (_, imported, name) => {
    const files = {
      "/main.ts": `import * as tf from "@tensorflow/tfjs"\nexport class Net {${net.slice(net.indexOf("{") + 1, net.indexOf("const n"))}
        export const n = new Net(), o = tf.train.sgd(0.1)
        export function train(x, y) { o.minimize(() => ${entropy}) }\nexport default n`,
      "/warm.ts": `${imported}\nexport function warm(opt, x) { opt.minimize(() => ${name}.forward(x).square().mean()) }`,
    }
    const shifts = (given: Readonly<Record<string, string>>) =>
      trace(given).models.flatMap((traced) => analyzeModel(traced).model.laws).filter(({ family }) => family === "shift").length
    expect(shifts({ "/main.ts": files["/main.ts"] })).toBe(2)
    expect(shifts(files)).toBe(0)
  })
  test.each([["", 2], [".add(n.forward(x).square().mean())", 1]])("a loss of tf.metrics%s", (term, count) => {
    const code = `${net.replace(".add(this.c)", "")}
      export function train(x, y) { o.minimize(() => tf.metrics.cosineProximity(y, n.forward(x)).mean()${term} as tf.Scalar) }`
    expect(trace(code).models.flatMap((traced) => analyzeModel(traced).model.laws)).toHaveLength(count)
  })
  test("beside compile is a step of its own optimizer", () => {
    const traced = trace(`${layers}\nconst opt = tf.train.adam(0.1)
      export async function go(x, y) { await m.fit(x, y); opt.minimize(() => (m.apply(x) as tf.Tensor).square().mean()) }`)
    expect(only(traced, "m").optimizers.map(({ name }) => name)).toEqual(["sgd", "adam"])
  })
})

test.each(["function train(model, x)", "const train = async (model, x) =>"])("%s: the loss of a network that is handed over is followed", (head) => {
  const traced = trace(`function build() {
      return tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [4] }), tf.layers.dense({ units: 3 })] })
    }
    ${head} { const opt = tf.train.sgd(0.1); for (let i = 0; i < 9; i++) opt.minimize(() => model.apply(x).abs().add(1).log().mean()) }
    train(build(), tf.ones([3, 4]))`)
  const { ownLoss } = only(traced, "build")
  expect(ownLoss !== undefined && "graph" in ownLoss && ownLoss.graph.outputs.length).toBe(1)
})
