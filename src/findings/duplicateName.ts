/** @file Rule `duplicate-name`: two layers of one tfjs model under one name. */
import type { TracedLayer } from "../graph/graph"
import type { Place } from "../schema/report"
import type { FindingRule } from "./rule"
import { samePlaceAs } from "./place"
import type { FindingSubject } from "./subject"

/** What tfjs's layers call their weights: an id that ends so and with a number was given by a second layer of the same name. */
const weightNames = "kernel|bias|gamma|beta|embeddings|recurrent_kernel|depthwise_kernel|pointwise_kernel|alpha|moving_mean|moving_variance"

export const duplicateName: FindingRule = {
  name: "duplicate-name",
  severity: "warning",
  summary: "Two layers of one model have the same name.",
  why: '`tf.model` throws "All layer names should be unique", and `tf.sequential` does when it is built, at the first `fit` or `predict`.',
  advice: "Give each its own name, in loops with the counter: ``name: `block_${i}` ``.",
  silent: "One layer applied several times, and equal names in different nested models.",
  source: "measured on tfjs 4.22",
  check: (subject) => {
    const { form } = subject.traced
    if (form !== "sequential" && form !== "functional") return []
    const named = new Map([...twoPlaces(subject), ...oneLoop(subject)])
    return [...named].map(([name, { start, end }]) => ({
      place: { start, end },
      message: `the layer name '${name}' is used more than once: tfjs throws when the model is built`,
      fixable: false,
    }))
  },
}

/** Names the tracer makes up are a layer's kind with a number, "dense_1", and may meet a given one; such a meeting is no proof. */
function isMadeUp(name: string, { traced }: FindingSubject): boolean {
  const kind = /^(.*)_\d+$/.exec(name.slice(name.lastIndexOf("/") + 1))?.[1]
  return kind !== undefined && (traced.layers === undefined || kindsOf(traced.layers).has(kind))
}

function kindsOf(layers: readonly TracedLayer[]): ReadonlySet<string> {
  return new Set(layers.flatMap((layer) => [layer.type, ...kindsOf(layer.layers)]))
}

function twoPlaces(subject: FindingSubject): readonly (readonly [string, Place])[] {
  const layers = subject.traced.sites.filter(({ kind, label }) => kind === "layer" && !isMadeUp(label, subject))
  return layers.flatMap((site, k) => {
    const earlier = layers.slice(0, k).some((other) => other.label === site.label && !samePlaceAs(other, site))
    return earlier ? [[site.label, site] as const] : []
  })
}

/** One place that made several layers of the same name: their weights are told apart by a number. */
function oneLoop(subject: FindingSubject): readonly (readonly [string, Place])[] {
  const { traced } = subject
  const ids = new Set(traced.graph.parameters.map(({ id }) => id))
  return traced.graph.parameters.flatMap((parameter) => {
    const match = new RegExp(`^(.+)/(${weightNames})_\\d+$`).exec(parameter.id)
    if (match === null || isMadeUp(match[1], subject) || !ids.has(`${match[1]}/${match[2]}`)) return []
    return [[match[1], parameter] as const]
  })
}
