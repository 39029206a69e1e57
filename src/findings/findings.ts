/**
 * @file What a careful reader of a model would also tell: every rule asked in turn. Findings are information unless harm is shown; what is
 * claimed numerically has been measured first.
 */
import type { TracedModel } from "../graph/graph"
import type { DerivedModel } from "../laws/law"
import type { Finding } from "../schema/report"
import { alwaysThrows } from "./alwaysThrows"
import { cpuBackend } from "./cpuBackend"
import { duplicateName } from "./duplicateName"
import { frozenModel } from "./frozenModel"
import { matmulGradient } from "./matmulGradient"
import { missingLayer } from "./missingLayer"
import { noGradientOp } from "./noGradientOp"
import { normalizedSigmoidGate } from "./normalizedSigmoidGate"
import { openSize } from "./openSize"
import { comparePlaces } from "./place"
import { refusedSetting } from "./refusedSetting"
import { refusedTraining } from "./refusedTraining"
import { regularizerBeforeNorm } from "./regularizerBeforeNorm"
import type { FindingRule } from "./rule"
import { shapeMismatch } from "./shapeMismatch"
import { softmaxAxis } from "./softmaxAxis"
import { prepareSubject } from "./subject"
import { softmaxSingle } from "./softmaxSingle"
import { symbolicOp } from "./symbolicOp"
import { uncollectedWeight } from "./uncollectedWeight"
import { unknownActivation } from "./unknownActivation"
import { unknownName } from "./unknownName"
import { unusedWeight } from "./unusedWeight"
import { wrongGradient } from "./wrongGradient"
import { wrongValue } from "./wrongValue"
import { zeroGradient } from "./zeroGradient"
import { zeroInitTrap } from "./zeroInitTrap"

/** By name. */
export const findingRules: readonly FindingRule[] = [
  alwaysThrows,
  cpuBackend,
  duplicateName,
  frozenModel,
  matmulGradient,
  missingLayer,
  noGradientOp,
  normalizedSigmoidGate,
  openSize,
  refusedSetting,
  refusedTraining,
  regularizerBeforeNorm,
  shapeMismatch,
  softmaxAxis,
  softmaxSingle,
  symbolicOp,
  uncollectedWeight,
  unknownActivation,
  unknownName,
  unusedWeight,
  wrongGradient,
  wrongValue,
  zeroGradient,
  zeroInitTrap,
]

/** The findings of one model in the order of the source, each once: a loop or a shared helper says it once, too. */
export function findingsOf(traced: TracedModel, derived: DerivedModel): readonly Finding[] {
  const subject = prepareSubject(traced, derived)
  const findings = findingRules.flatMap((rule) =>
    rule.check(subject).map(({ place, message, proof, fixable }): Finding => {
      const { start, end } = place
      return { start, end, rule: rule.name, severity: rule.severity, message, ...(proof === undefined ? {} : { proof }), fixable }
    }),
  )
  const unique = new Map(findings.map((finding): [string, Finding] => [JSON.stringify([finding.rule, finding.start, finding.message]), finding]))
  return [...unique.values()].sort((a, b) => comparePlaces(a, b) || a.rule.localeCompare(b.rule))
}
