/**
 * @file Rule `cpu-backend`: what only tfjs's cpu backend computes or differentiates otherwise than it documents. Tests and workers run on it, so
 * that a model may train there in another way than on a graphics card.
 */
import type { Node } from "../graph/graph"
import type { FindingRule } from "./rule"
import { resizingAt } from "./resizing"
import type { FindingSubject } from "./subject"
import { placeOfNode } from "./subject"

export const cpuBackend: FindingRule = {
  name: "cpu-backend",
  severity: "info",
  summary: "An operation that tfjs 4.22 computes or differentiates wrongly on its cpu backend.",
  why:
    "On that backend, which tests and machines without a graphics card use, the gradient of nearest-neighbor upsampling gives later samples of a " +
    "batch the gradient of earlier ones, that of bilinear resizing throws for images that are not square, and that of 3-D max pools takes other " +
    "cells where height and width of the window differ. The sources of the other backends do not have these.",
  advice: "Train on another backend; on this one write the upsampling as `tf.tile`.",
  silent: "Gradients where nothing before is trained, sizes that are not known, and batches of one sample.",
  source: "measured on tfjs 4.22, cpu backend",
  check: (subject) =>
    subject.traced.graph.nodes.flatMap((node) => {
      const message = subject.live.has(node.id) ? complaintAbout(node, subject) : null
      return message === null ? [] : [{ place: placeOfNode(node, subject.traced), message: `on the cpu backend ${message}`, fixable: false }]
    }),
}

function complaintAbout(node: Node, subject: FindingSubject): string | null {
  const { op, operands } = node
  if (!subject.differentiated.has(node.id) || !operands.some((id) => subject.trained.has(id))) return null
  if (op.kind === "pool" && op.fn === "max" && op.window.length === 3 && op.window[1] > 1 && op.window[1] !== op.window[2])
    return `the gradient of a 3-D max pool is wrong where its window is not square: ${op.window.join(" × ")}`
  const resizing = resizingAt(node, subject.traced.graph, subject.consumers)
  if (resizing === null) return null
  const images = subject.traced.graph.nodes[operands[0]].shape
  if (resizing.nearest) {
    const still = resizing.sizes.length === 2 && resizing.sizes.every(([from, to]) => from === to)
    return images[0] === 1 || still ? null : "the gradient of nearest-neighbor upsampling mixes the samples of a batch"
  }
  const [height, width] = [images[1], images[2]]
  if (typeof height !== "number" || typeof width !== "number" || height === width) return null
  return `the gradient of bilinear resizing throws, since images of ${height} × ${width} pixels are not square`
}
