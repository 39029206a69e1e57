/** @file Rule `regularizer-before-norm`: weight decay on weights whose scale a normalization forgets. */
import type { Parameter } from "../graph/graph"
import type { DerivedLaw } from "../laws/law"
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"
import { placeOfParameter } from "./subject"
import { measureText } from "./experiment"

/** Doubling weights before a normalization with a small ε changes little; weights that matter change the output by about its size. */
const mostChange = 0.2

export const regularizerBeforeNorm: FindingRule = {
  name: "regularizer-before-norm",
  severity: "info",
  summary: "An L2 regularizer on weights whose scale a normalization forgets.",
  why:
    "The network computes the same with half the weights, so the penalty restrains no function. It shrinks the weights and thereby raises the " +
    "effective learning rate, η/‖w‖²: a schedule in disguise.",
  advice: "Leave the regularizer out and set the learning rate, or keep it knowing what it does.",
  silent: "L1 (it favors directions, not only lengths), and weights that share their scale with others that are not regularized alike.",
  source: "van Laarhoven, arXiv 1706.05350",
  check: (subject) =>
    subject.derived.laws
      .filter(({ family }) => family === "norm")
      .flatMap((law) => members(law, subject).flatMap((parameter) => findAt(parameter, law, subject))),
}

const members = ({ parameters }: DerivedLaw, { traced }: FindingSubject): readonly Parameter[] =>
  traced.graph.parameters.filter(({ id, trainable, node }) => trainable && node !== null && parameters.includes(id))

/** NaN strengths are unknown ones: they penalize all the same. */
const isPureL2 = ({ regularizer }: Parameter): boolean => regularizer !== undefined && regularizer.l2 !== 0 && regularizer.l1 === 0

function findAt(parameter: Parameter, law: DerivedLaw, subject: FindingSubject): readonly Found[] {
  const whole = law.terms.every(({ operands }) => operands.every(({ view }) => view === undefined || view.length === 0))
  if (!isPureL2(parameter) || !whole) return []
  const free = new Set(subject.derived.laws.filter(({ family }) => family === "no-gradient").flatMap(({ parameters }) => parameters))
  const alike = members(law, subject).every(
    (other) => free.has(other.id) || (isPureL2(other) && Object.is(other.regularizer?.l2, parameter.regularizer?.l2)),
  )
  const experiment = subject.experiment()
  if (!alike || experiment === null) return []
  const cells = experiment.cellsOf(law)
  const change = experiment.changeBy((theta) => {
    for (const cell of cells) theta[cell] *= 2
  })
  if (change > mostChange) return []
  const [because = "a normalization"] = law.because.flatMap(({ text }) => /^(.*) forgets the scale/.exec(text)?.[1] ?? [])
  return [
    {
      place: placeOfParameter(parameter),
      message:
        `the L2 regularizer of '${parameter.id}' restrains nothing: ${because} forgets the scale of these weights, ` +
        "so it only raises the effective learning rate",
      proof: `doubled these weights; the output changed by ${measureText(change)} of its size`,
      fixable: false,
    },
  ]
}
