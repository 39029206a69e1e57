/** @file Rule `missing-layer`: a constructor that tf.layers does not have. Layers that exist and are not read yet are no findings. */
import { similarName } from "../graph/names"
import type { FindingRule } from "./rule"
import { tfjsLayers } from "./tfjsNames"

/** Layers of Keras that are missed most, and how to do without. */
const elsewhere: Readonly<Record<string, string>> = {
  multiHeadAttention: "write attention in a layer of your own",
  attention: "write attention in a layer of your own",
  subtract: "write tf.sub in a layer of your own",
  lambda: "write a class that extends tf.layers.Layer",
  groupNormalization: "write it in a layer of your own",
}

export const missingLayer: FindingRule = {
  name: "missing-layer",
  severity: "warning",
  summary: "A layer that `tf.layers` does not have.",
  why: "The call throws \"is not a function\". Keras has layers that tfjs lacks, `multiHeadAttention` first among them.",
  advice: "Write a class that extends `tf.layers.Layer`.",
  silent: "Layers that exist and that Noether Lens does not read: those are listed as not read.",
  source: "`Object.keys(tf.layers)` of tfjs 4.22",
  check: ({ traced }) =>
    traced.unsupported.flatMap(({ what, start, end }) => {
      const name = /\btf\.layers\.(\w+) is not supported$/.exec(what)?.[1]
      if (name === undefined || tfjsLayers.includes(name)) return []
      const similar = similarName(name, tfjsLayers)
      const advice = similar === null ? (Object.hasOwn(elsewhere, name) ? elsewhere[name] : null) : `write tf.layers.${similar}`
      const message = `tfjs has no layer tf.layers.${name}: the call throws${advice === null ? "" : `; ${advice}`}`
      return [{ place: { start, end }, message, fixable: similar !== null }]
    }),
}
