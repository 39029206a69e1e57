/** @file Names in a training step that are no weights: its own variables, and what it takes of the network's output. */
import { describe, expect, test } from "vitest"
import { analyzeModel } from "../../src/pipeline"
import { trace } from "./program"

/** What becomes of the law of a network with weights `mu` and `out` in a step that minimizes this. */
const fateOf = (loss: string, more = ""): string => {
  const { models } = trace(`
    export class Net {
      mu = tf.variable(tf.randomNormal([4, 8])); out = tf.variable(tf.randomNormal([8, 2]))
      forward(x: tf.Tensor2D) { return x.matMul(this.mu).relu().matMul(this.out) }
    }
    ${more}
    export function train(x: tf.Tensor2D, y: tf.Tensor2D) {
      const net = new Net(), sgd = tf.train.sgd(0.1)
      sgd.minimize(() => { ${loss} })
    }`)
  return analyzeModel(models[0], models).model.training[0].fate[0].detail
}

describe("a name that the step gives itself", () => {
  test.each([
    ["a variable", "const out = net.forward(x); return tf.losses.meanSquaredError(y, out)"],
    ["a part of the output", "const { out, mu } = net.forward(x); return out.sub(y).square().mean().add(mu.mean())"],
    ["a field of the output", "const r = net.forward(x) as any; return r.out.sub(y).square().mean()"],
    ["in a loop", "let sum = tf.scalar(0); for (const mu of [1, 2]) sum = sum.add(net.forward(x).mul(mu).sub(y).square().mean()); return sum"],
  ])("%s is no weight", (_, loss) => expect(fateOf(loss)).toMatch(/^drifts under sgd/))
  test("a parameter of a function it calls is none", () =>
    expect(fateOf("return err(net.forward(x), y)", "const err = (out: tf.Tensor, y: tf.Tensor) => out.sub(y).square().mean()")).toMatch(/^drifts/))
})

describe("the same name of a weight", () => {
  test.each([
    ["a field", "const out = net.forward(x); return out.sub(y).square().mean().add(net.out.abs().sum())"],
    ["taken out of the network", "const { out } = net; return net.forward(x).sub(y).square().mean().add(out.abs().sum())"],
    ["by another name", "const { out: w } = net; return net.forward(x).sub(y).square().mean().add(w.abs().sum())"],
    ["by an alias", "const same = net; return net.forward(x).sub(y).square().mean().add(same.out.abs().sum())"],
  ])("%s is read", (_, loss) => expect(fateOf(loss)).toMatch(/reads out beside the output$/))
  test("taken out of a parameter is read", () => {
    const penalty = "const penalty = ({ out }: Net) => out.abs().sum()"
    expect(fateOf("return net.forward(x).sub(y).square().mean().add(penalty(net))", penalty)).toMatch(/reads out beside the output$/)
  })
})
