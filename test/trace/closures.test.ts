/** @file Networks in functions inside functions: handlers of components and pages, closures over local weights, methods under names of their own. */
import { expect, test } from "vitest"
import { only, outputShapes, parameters, trace } from "./program"

const names = (source: string): readonly string[] => trace(source).models.map(({ name }) => name)

test("handlers of a component that nothing calls", () => {
  const { models, problems } = trace({
    "/main.js": `import React, { useState, useCallback } from "react"
    import * as tf from "@tensorflow/tfjs"
    export default function App() {
      const [net, setNet] = useState(null)
      const train = async () => {
        const model = tf.sequential()
        model.add(tf.layers.dense({ units: 4, inputShape: [2] }))
        await model.fit(tf.ones([2, 2]), tf.ones([2, 4]))
        setNet(model)
      }
      function other() {
        const second = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [7] })] })
        return second
      }
      const fit = useCallback(async (steps) => {
        const slope = tf.variable(tf.scalar(0.3)), shift = tf.variable(tf.scalar(0.1))
        const f = (x) => slope.mul(x).add(shift)
        const loss = (y, label) => y.sub(label).square().mean()
        const optimizer = tf.train.sgd(0.1)
        for (let i = 0; i < steps; i++) optimizer.minimize(() => loss(f(tf.tensor1d([1, 2])), tf.tensor1d([2, 4])))
      }, [])
      return [train, other, fit]
    }`,
  })
  expect(models.map(({ name, parameterCount }) => [name, parameterCount])).toEqual([["model", 12], ["other", 24], ["f", 2]])
  expect(problems).toEqual([])
})

test("a class whose handler holds the weights, and closures over layers of the page", () => {
  expect(
    parameters(
      only(
        trace(`class Gate extends Component {
          state = { rate: 0.05 }
          train = (event) => {
            event.preventDefault()
            const w = tf.variable(tf.randomNormal([3, 1]))
            const f = (x) => tf.relu(tf.matMul(x, w))
            tf.train.sgd(this.state.rate).minimize(() => f(tf.ones([2, 3])).mean())
          }
        }`),
      ),
    ),
  ).toEqual(["w [3, 1]"])
  const page = only(
    trace(`const hidden = tf.layers.dense({ units: 5, activation: "relu" }), head = tf.layers.dense({ units: 2 })
    setTimeout(() => {
      const f = (x) => head.apply(hidden.apply(x))
      tf.train.adam(0.01).minimize(() => tf.losses.softmaxCrossEntropy(tf.ones([1, 2]), f(tf.ones([1, 3]))))
    }, 5)`),
  )
  expect(parameters(page)).toEqual(["hidden/kernel [x.1, 5]", "hidden/bias [5]", "head/kernel [5, 2]", "head/bias [2]"])
})

test("what an inner function is not: a loss, a choice, a part of a network around it", () => {
  expect(
    names(`export function train() {
      const w = tf.variable(tf.ones([3, 2]))
      const forward = (x) => x.matMul(w)
      const loss = (x, y) => forward(x).sub(y).square().mean()
      const choose = (x) => forward(x).argMax(1)
      return [loss, choose]
    }
    export class Net {
      w = tf.variable(tf.ones([3, 2]))
      call(x) {
        const project = (t) => t.matMul(this.w)
        return project(x).relu()
      }
    }`),
  ).toEqual(["forward", "Net"])
})

test("methods that are networks under names of their own, their weights made by another method", () => {
  const { models } = trace(`export class Gan {
    generatorWeights: tf.Variable[]
    judgeWeights: tf.Variable[]
    constructor(private noise: number, private width: number, private batchSize: number) {}
    start() {
      this.generatorWeights = []
      this.judgeWeights = []
      this.generatorWeights.push(tf.variable(tf.randomNormal([this.noise, this.width])))
      this.generatorWeights.push(tf.variable(tf.zeros([this.width, 2])))
      this.judgeWeights.push(tf.variable(tf.randomNormal([2, 1])))
    }
    generate(z: tf.Tensor2D) { return z.matMul(this.generatorWeights[0]).relu().matMul(this.generatorWeights[1]) }
    judge(x: tf.Tensor2D) { return x.matMul(this.judgeWeights[0]).sigmoid().reshape([this.batchSize]) }
    loss(a: tf.Tensor1D, b: tf.Tensor1D) { return a.log().mean().add(b.log().mean()) }
  }`)
  expect(models.map(({ name }) => name)).toEqual(["generate", "judge"])
  expect(parameters(models[0])).toEqual(["generatorWeights/0 [noise, width]", "generatorWeights/1 [width, 2]"])
  expect(models[1].unsupported).toEqual([])
  expect(outputShapes(models[1])).toEqual(["batch"])
})
