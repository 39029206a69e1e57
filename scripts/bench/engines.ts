/** @file The engines of this process: this project's plans, and tfjs on its CPU and WebAssembly backends, each with one gradient per call. */
import type { GradientCase } from "./cases"
import path from "node:path"
import { createRequire } from "node:module"
import * as tf from "@tensorflow/tfjs"
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm"
import { drawParameters, drawSamples, drawUnknowns } from "../../src/verification/data"
import { evaluateLoss } from "../../src/verification/loss"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"
import { buildGraph } from "./cases"

/** One gradient of the loss in all parameters. */
export function ownGradient(c: GradientCase, loops: "fitting" | "plain"): () => void {
  const plan = compilePlan(buildGraph(c), loops),
    random = seededRandom(1),
    theta = drawParameters(plan, random),
    data = drawSamples(plan, 1, random, drawUnknowns(plan, random)),
    gradient = new Float64Array(plan.dimension)
  return () => void evaluateLoss(plan, data, theta, gradient)
}

export async function useBackend(name: "cpu" | "wasm"): Promise<void> {
  const wasm = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")
  setWasmPaths(`${path.join(path.dirname(wasm), "dist")}/`)
  if (!(await tf.setBackend(name))) throw new Error(`tfjs: backend '${name}' does not start`)
}

export function tfjsGradient(c: GradientCase): () => void {
  const loss = c.kind === "swiglu" ? swigluLoss(c) : attentionLoss(c),
    gradients = tf.grads(loss.value)
  return () =>
    tf.tidy(() => {
      for (const g of gradients(loss.parameters.slice())) g.dataSync()
    })
}

interface TfLoss {
  readonly parameters: readonly tf.Tensor[]
  readonly value: (...parameters: tf.Tensor[]) => tf.Scalar
}

function swigluLoss(c: Extract<GradientCase, { kind: "swiglu" }>): TfLoss {
  const x = tf.randomNormal([c.n, c.d]),
    y = tf.randomNormal([c.n, c.d])
  return {
    parameters: [tf.randomNormal([c.d, c.h]), tf.randomNormal([c.d, c.h]), tf.randomNormal([c.h, c.d])],
    value: (b, v, a) => {
      const z = tf.matMul(x, b),
        out = tf.matMul(tf.mul(tf.mul(z, tf.sigmoid(z)), tf.matMul(x, v)), a)
      return tf.mean(tf.squaredDifference(out, y))
    },
  }
}

function attentionLoss({ d, heads, t, n }: Extract<GradientCase, { kind: "attention" }>): TfLoss {
  const x = tf.randomNormal([n * t, d]),
    y = tf.randomNormal([n * t, d]),
    e = d / heads,
    split = (z: tf.Tensor): tf.Tensor => tf.transpose(tf.reshape(z, [n, t, heads, e]), [0, 2, 1, 3])
  return {
    parameters: [1, 2, 3, 4].map(() => tf.randomNormal([d, d])),
    value: (q, k, v, o) => {
      const scores = tf.div(tf.matMul(split(tf.matMul(x, q)), split(tf.matMul(x, k)), false, true), Math.sqrt(e)),
        mixed = tf.matMul(tf.softmax(scores), split(tf.matMul(x, v)))
      return tf.mean(tf.squaredDifference(tf.matMul(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [n * t, d]), o), y))
    },
  }
}
