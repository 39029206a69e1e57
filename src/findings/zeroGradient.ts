/** @file Rule `zero-gradient`: a trainable parameter, or a slice of one, that no gradient ever reaches. Derived by the laws, confirmed by a run. */
import type { DerivedLaw } from "../laws/law"
import { substituteDim } from "../graph/dim"
import type { Dim, Operand } from "../schema/report"
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
  check: (subject) => {
    const seen = new Set<string>()
    return subject.derived.laws.flatMap((law): readonly Found[] => {
      const [term] = law.terms
      if (law.family !== "no-gradient" || term === undefined) return []
      const key = JSON.stringify(term.operands)
      if (seen.has(key)) return []
      seen.add(key)
      return findAt(subject, law, term.operands[0])
    })
  },
}

function findAt(subject: FindingSubject, law: DerivedLaw, operand: Operand): readonly Found[] {
  const parameter = subject.traced.graph.parameters.find(({ id }) => id === operand.parameter)
  const experiment = subject.experiment()
  // What nothing uses is the business of `unused-weight`.
  if (parameter?.node == null || !parameter.trainable || !subject.live.has(parameter.node) || experiment === null) return []
  const cells = experiment.cellsOf(law)
  if (cells.length === 0 || experiment.gradientOn(cells) > noGradient) return []
  const change = experiment.changeBy((theta, random) => {
    for (const cell of cells) theta[cell] += random.uniform() < 0.5 ? -1 : 1
  })
  const part = partText(operand, subject)
  const name = part === "" ? `'${parameter.id}'` : `${part} of '${parameter.id}'`
  const because = law.because.length === 0 ? "" : ` (${law.because[0].text})`
  const redundant = change < noChange
  return [
    {
      place: placeOfParameter(parameter),
      message: redundant
        ? `${name} has no effect: the network computes the same whatever its values, so its gradient is always zero${because}`
        : `${name} never learns: its gradient is always zero, though its values change what the network computes${because}`,
      proof: redundant
        ? `moved every entry by ±1.0; the output changed by ${measureText(change)} of its size`
        : `gradient zero at random weights and data; moving every entry by ±1.0 changed the output by ${measureText(change)} of its size`,
      fixable: redundant && part === "" && !belongsToNorm(parameter.id),
    },
  ]
}

/** tfjs's normalizations throw without their gain or shift, so these stay. */
const belongsToNorm = (id: string): boolean => /(^|\/)(gamma|beta)(_\d+)?$/.test(id)

/** "the slice 6:12"; "" for the whole parameter, "a part" where the view is no plain slice. */
function partText(operand: Operand, { derived }: FindingSubject): string {
  const declared = Object.fromEntries(derived.sizes.map((size): [string, Dim] => [size.name, size.declared]))
  const view = operand.view ?? []
  const slices = view.flatMap((step) => ("slice" in step ? [step.slice] : []))
  if (slices.length === 0) return ""
  if (view.length > 1) return "a part"
  const [[axis, from, to]] = slices
  const along = axis === 0 ? "" : ` along axis ${axis}`
  return `the slice ${substituteDim(from, declared)}:${substituteDim(to, declared)}${along}`
}
