/**
 * @file Time from source to laws by depth: GPT-2 at its published width with ever more blocks, in a process of its own. The first run of all is the
 * one that meets code nobody compiled yet.
 */
import fs from "node:fs"
import ts from "typescript"
import { generalize } from "../../src/axes/generalize"
import { findingsOf } from "../../src/findings/findings"
import type { TracedModel } from "../../src/graph/graph"
import { appendLoss } from "../../src/graph/loss"
import { deriveLaws } from "../../src/laws/derive"
import { presentModel } from "../../src/presentation/model"
import { traceFile } from "../../src/trace/trace"
import { median } from "./cases"

const fixture = "test/fixtures/large/gpt2.ts"
const depths = [2, 4, 8, 12, 24, 48, 96] as const

/** Milliseconds of each stage, from the text of the file on. */
export interface StageTimes {
  readonly trace: number
  readonly infer: number
  readonly present: number
}

export interface InferenceTimes {
  /** Twelve blocks, first of all. */
  readonly cold: StageTimes
  readonly byDepth: readonly (StageTimes & { readonly blocks: number })[]
  /** Milliseconds a block of the straight line through the times of inference, and its share of their variance. */
  readonly slope: number
  readonly fit: number
}

export function timeInference(rounds: number): InferenceTimes {
  const cold = timeStages(12)
  const byDepth = depths.map((blocks) => {
    const runs = Array.from({ length: blocks > 24 ? rounds : 3 * rounds }, () => timeStages(blocks))
    const of = (stage: keyof StageTimes): number => median(runs.map((run) => run[stage]))
    return { blocks, trace: of("trace"), infer: of("infer"), present: of("present") }
  })
  return { cold, byDepth, ...straightLine(byDepth.map(({ blocks, infer }) => [blocks, infer])) }
}

function timeStages(blocks: number): StageTimes {
  const program = programOf(fs.readFileSync(fixture, "utf8").replace("length: 12", `length: ${blocks}`))
  const began = performance.now()
  const traced = traceModel(program)
  const read = performance.now()
  const derived = deriveLaws(generalize(appendLoss(traced.graph, traced.losses)))
  const inferred = performance.now()
  presentModel(traced, derived, findingsOf(traced, derived))
  return { trace: read - began, infer: inferred - read, present: performance.now() - inferred }
}

/** @throws when the model is not read whole. */
function traceModel(program: ts.Program): TracedModel {
  const model = traceFile(ts, program, program.getSourceFile(fixture)!, { limits: { steps: 100_000_000 } }).models.find(({ name }) => name === "Gpt2")
  if (model === undefined || model.unsupported.length > 0) throw new Error(`${fixture}: Gpt2 is not read`)
  return model
}

function programOf(text: string): ts.Program {
  const options: ts.CompilerOptions = { noLib: true, noResolve: true, target: ts.ScriptTarget.ES2022, types: [] }
  const host = ts.createCompilerHost(options, true)
  host.getSourceFile = (name, version) => (name === fixture ? ts.createSourceFile(name, text, version, true) : undefined)
  return ts.createProgram([fixture], options, host)
}

/** Least squares. */
function straightLine(points: readonly (readonly [x: number, y: number])[]): { readonly slope: number; readonly fit: number } {
  const mean = (of: readonly number[]): number => of.reduce((s, v) => s + v, 0) / of.length
  const x = mean(points.map(([p]) => p)),
    y = mean(points.map(([, q]) => q))
  const sum = (of: (p: number, q: number) => number): number => points.reduce((s, [p, q]) => s + of(p - x, q - y), 0)
  const xy = sum((p, q) => p * q),
    xx = sum((p) => p * p)
  return { slope: xy / xx, fit: xy ** 2 / (xx * sum((_, q) => q * q)) }
}

/** Lines of the README: milliseconds by depth. */
export function inferenceTable({ cold, byDepth, slope, fit }: InferenceTimes): string[] {
  const row = (name: string, t: StageTimes): string => `| ${name} | ${[t.trace, t.infer, t.present].map((ms) => ms.toFixed(0)).join(" | ")} |`
  return [
    "| GPT-2, milliseconds | reading the code | inference | findings and report |",
    "|---|---:|---:|---:|",
    row("12 blocks, first of all", cold),
    ...byDepth.map((t) => row(`${t.blocks} blocks`, t)),
    "",
    `Inference takes ${slope.toFixed(1)} ms a block: a straight line explains ${(100 * fit).toFixed(1)} % of the variance.`,
  ]
}
