/**
 * @file What docs/tfjs.md says of tfjs and what findings say agree, in both directions: every configuration at which tfjs was seen to throw, to
 * compute or to differentiate otherwise has a finding, and none has one at which tfjs was seen to do as it says. The cases are executed on tfjs in
 * test/trace.
 */
import ts from "typescript"
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { findingRules } from "../../src/findings/findings"
import { prepareSubject } from "../../src/findings/subject"
import { deriveLaws } from "../../src/laws/derive"
import { traceFile } from "../../src/trace/trace"
import { sourceOf as sourceOfOp } from "../support/differential"
import { layerCases, sourceOfLayer, sourceOfMerge, mergeCases, isStretchedMerge } from "../trace/layerCases"
import { opCases } from "../trace/opCases"
import { programOf } from "../trace/program"

interface Facts {
  readonly noGradient?: string
  readonly wrongGradient?: string
  readonly wrongValue?: string
  readonly refused?: string
}

/** Rules that may speak for each kind of fact. */
const speakers: Readonly<Record<keyof Facts, readonly string[]>> = {
  noGradient: ["no-gradient-op", "matmul-gradient", "cpu-backend", "wrong-gradient"],
  wrongGradient: ["wrong-gradient", "cpu-backend"],
  wrongValue: ["wrong-value", "cpu-backend", "matmul-gradient", "refused-setting"],
  refused: ["refused-setting", "softmax-axis", "unknown-activation", "no-gradient-op"],
}
const rules = findingRules.filter(({ name }) => [...Object.values(speakers).flat(), "missing-layer"].includes(name))

/** Rules about tfjs that speak about a source. */
function speakingOf(source: string): readonly string[] {
  const name = "/main.ts"
  const program = programOf({ [name]: `import * as tf from "@tensorflow/tfjs"; ${source}` })
  const file = program.getSourceFile(name)
  if (file === undefined) throw new Error("no file")
  const spoken = traceFile(ts, program, file).models.flatMap((traced) => {
    const subject = prepareSubject(traced, deriveLaws(generalize(traced.graph)))
    return rules.flatMap((rule) => (rule.check(subject).length > 0 ? [rule.name] : []))
  })
  return [...new Set(spoken)]
}

/** Cases in which the rules say less or more than was seen, and why that is left so. */
const exceptions: Readonly<Record<string, string>> = {
  "tf.avgPool(image, [2, 7], [2, 1], 'same').slice([0, 0, 3, 0], [2, 3, 1, 3])": "the overhanging windows are cut off afterwards",
  "tf.conv1d(line, kernel1, 1, 1)": "a padding in numbers is listed as not read",
  ...Object.fromEntries(["simpleRNN", "lstm", "gru"].map((name) => [
    `${name}({ units: 3, kernelConstraint: "nonNeg", recurrentInitializer: "glorotNormal", biasInitializer: "ones" })`,
    "constraints are passed over in training, which the cases do not run",
  ])),
}

function check(text: string, source: string, facts: Facts): void {
  const kinds = (Object.keys(speakers) as (keyof Facts)[]).filter((kind) => facts[kind] !== undefined)
  const spoken = speakingOf(source)
  const agrees = kinds.length === 0 ? spoken.length === 0 : kinds.every((kind) => spoken.some((rule) => speakers[kind].includes(rule)))
  expect({ facts, spoken, agrees }).toEqual({ facts, spoken, agrees: exceptions[text] === undefined })
}

const texts = [
  ...Object.values(layerCases).flatMap((cases) => cases.map(({ layer }) => layer)),
  ...Object.values(opCases).flatMap((cases) => cases.map(({ code }) => code)),
]

test("the exceptions are cases", () => {
  expect(Object.keys(exceptions).filter((text) => !texts.includes(text))).toEqual([])
})

describe("layers", () => {
  test.each(Object.entries(layerCases).filter(([, cases]) => cases.length > 0))("%s", (_, cases) => {
    for (const c of cases) check(c.layer, sourceOfLayer(c), c)
  })
  test.each(Object.entries(mergeCases))("%s", (name, cases) => {
    for (const c of cases) check(name, sourceOfMerge(c), isStretchedMerge(c) ? { noGradient: "not summed" } : {})
  })
})

describe("ops", () => {
  // Where no gradient is asked for there is nothing that a gradient could be held against.
  const graded = Object.entries(opCases).map(([name, cases]) => [name, cases.filter(({ constant }) => constant !== true)] as const)
  test.each(graded.filter(([, cases]) => cases.length > 0))("%s", (_, cases) => {
    for (const c of cases) check(c.code, sourceOfOp(c.code), c)
  })
})
