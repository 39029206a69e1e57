/** @file Rule `zero-gradient`: a trainable parameter, or a slice of one, that no gradient ever reaches. Derived by the laws, confirmed by a run. */
import { substituteDim } from "../graph/dim"
import { foldNames } from "../graph/names"
import type { Parameter } from "../graph/graph"
import type { DerivedLaw } from "../laws/law"
import type { Dim, Operand } from "../schema/report"
import { seesDifferences } from "../symmetry/reasons"
import { stillLoss } from "./softmaxSingle"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfParameter } from "./subject"
import { measureText } from "./experiment"

/** Rounding in float64 leaves about 1e-16; a gradient that exists is of order one. */
const noGradient = 1e-12
const noChange = 1e-9

export const zeroGradient: FindingRule = {
  name: "zero-gradient",
  severity: "info",
  summary: "A trainable weight whose gradient is identically zero.",
  why:
    "What follows does not see it: the softmax takes a key bias off again, batch normalization the bias before it. " +
    "It costs memory and an optimizer slot, and with Adam it drifts by amplified rounding.",
  advice: "Leave the bias out (`useBias: false`). Checkpoints that hold it change shape.",
  silent:
    "Biases that matter: bias → relu → normalization, a frozen batch normalization, keys turned by RoPE or normalized after the bias, " +
    "sigmoid attention, softmax-plus-one. Every finding is measured before it is shown. Never advised: `scale: false` or `center: false` of tfjs's " +
    "batch normalization, which throw.",
  source: "arXiv 2302.08626 (key bias); measured in float64",
  check: (subject) => groupByPlace(subject).flatMap((group) => findIn(subject, group)),
}

/** A parameter, or a part of one, that a law says has no gradient. */
interface Still {
  readonly parameter: Parameter
  /** "'bk'", "the slice 4:8 of 'packed'". */
  readonly name: string
  readonly whole: boolean
  readonly law: DerivedLaw
}

/** What one place made goes together: the blocks of a loop, the slices of a packed weight. */
function groupByPlace(subject: FindingSubject): readonly (readonly Still[])[] {
  const groups = new Map<string, Still[]>()
  const seen = new Set<string>()
  const single = hasSingleSoftmax(subject)
  const parameters = new Map(subject.traced.graph.parameters.map((p): [string, Parameter] => [p.id, p]))
  for (const law of subject.derived.laws) {
    const operand = law.terms[0]?.operands[0]
    if (law.family !== "no-gradient" || operand === undefined || isAssumed(law, subject, single)) continue
    const key = JSON.stringify(operand)
    const parameter = parameters.get(operand.parameter)
    // What nothing uses is the business of `unused-weight`.
    if (seen.has(key) || parameter?.node == null || !parameter.trainable || !subject.live.has(parameter.node)) continue
    seen.add(key)
    const part = partText(operand, law, subject)
    const still: Still = { parameter, name: part === "" ? `'${parameter.id}'` : `${part} of '${parameter.id}'`, whole: part === "", law }
    const place = JSON.stringify(parameter.start)
    groups.set(place, [...(groups.get(place) ?? []), still])
  }
  return [...groups.values()]
}

/**
 * A softmax over a single entry stops every gradient, and so does a loss of a single class, which `softmax-single` tells. That single entry may
 * be an assumption about data that are not known, so such a network is believed only where a law holds at every size.
 */
function isAssumed({ because }: DerivedLaw, { traced }: FindingSubject, single: boolean): boolean {
  if (traced.losses.some(({ name }) => because.some(({ text }) => text === stillLoss(name)))) return true
  return single && !because.some(({ text }) => text.includes(seesDifferences))
}

const hasSingleSoftmax = ({ traced, live }: FindingSubject): boolean =>
  traced.graph.nodes.some(({ id, op, shape }) => op.kind === "softmax" && live.has(id) && shape[op.axis] === 1)

/** All of a group at once where that holds, else one by one. */
function findIn(subject: FindingSubject, group: readonly Still[]): readonly Found[] {
  const experiment = subject.experiment()
  if (experiment === null) return []
  const cells = group.flatMap(({ law }) => experiment.cellsOf(law))
  const gradient = cells.length === 0 ? Number.POSITIVE_INFINITY : experiment.gradientOn(cells)
  if (gradient > noGradient) return group.length > 1 ? group.flatMap((still) => findIn(subject, [still])) : []
  const change = experiment.changeBy((theta, random) => {
    for (const cell of cells) theta[cell] += random.uniform() < 0.5 ? -1 : 1
  })
  const redundant = change < noChange
  if (!redundant && group.length > 1) return group.flatMap((still) => findIn(subject, [still]))
  return [describe(group, change, redundant)]
}

const mostNames = 3

function describe(group: readonly Still[], change: number, redundant: boolean): Found {
  const [{ parameter, law }] = group
  const all = foldNames(joinParts(group.map(({ name }) => name)))
  const rest = all.length - mostNames
  const names = `${all.slice(0, mostNames).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`
  const single = all.length === 1 && !/^\d|\{/.test(all[0])
  const [have, never, its] = single ? ["has", "learns", "its gradient is"] : ["have", "learn", "their gradients are"]
  const because = law.because.length === 0 ? "" : `: ${law.because[0].text}`
  return {
    place: placeOfParameter(parameter),
    message: redundant
      ? `${names} ${have} no effect: the network computes the same at any value, so ${its} always zero${because}`
      : `${names} never ${never}: ${its} always zero, though the values change what the network computes${because}`,
    proof: redundant
      ? `moved every entry by ±1.0; the output changed by ${measureText(change)} of its size`
      : `gradient zero at random weights and data; moving every entry by ±1.0 changed the output by ${measureText(change)} of its size`,
    fixable: redundant && group.every(({ whole, parameter: { id } }) => whole && !belongsToNorm(id)),
  }
}

/** Parts that are counted alike, once: three thirds of the entries of a weight are the weight. */
function joinParts(names: readonly string[]): readonly string[] {
  return [...new Set(names)].map((name) => {
    const [, share, rest] = /^1\/(\d+) (of the entries of .*)$/.exec(name) ?? []
    const count = names.filter((other) => other === name).length
    if (share === undefined || count === 1) return name
    return count === Number(share) ? rest.slice("of the entries of ".length) : `${count}/${share} ${rest}`
  })
}

/** tfjs's normalizations throw without their gain or shift, so these stay. */
const belongsToNorm = (id: string): boolean => /(^|\/)(gamma|beta)(_\d+)?$/.test(id)

/** "the slice 6:12"; "" for the whole parameter; "1/3 of the entries" where the view is no plain slice, counted on the replica. */
function partText(operand: Operand, law: DerivedLaw, { derived, experiment }: FindingSubject): string {
  const declared = Object.fromEntries(derived.sizes.map((size): [string, Dim] => [size.name, size.declared]))
  const view = operand.view ?? []
  const slices = view.flatMap((step) => ("slice" in step ? [step.slice] : []))
  if (slices.length === 0) return ""
  if (view.length > 1) {
    const run = experiment()
    const size = run?.slots.find(({ id }) => id === operand.parameter)?.size ?? 0
    const share = size / Math.max(1, run?.cellsOf(law).length ?? 0)
    return Number.isInteger(share) && share > 1 ? `1/${share} of the entries` : "a part"
  }
  const [[axis, from, to]] = slices
  const along = axis === 0 ? "" : ` along axis ${axis}`
  return `the slice ${substituteDim(from, declared)}:${substituteDim(to, declared)}${along}`
}
