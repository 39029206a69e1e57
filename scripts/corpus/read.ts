/** @file Reads every definition of a list in its repository: what the analysis finds there, how long it takes, what differs. */
import fs from "node:fs"
import path from "node:path"
import ts from "typescript"
import { createPrograms } from "../../src/hosts/cli/program"
import { analyzeFile } from "../../src/pipeline"
import type { Analysis, AnalyzedModel } from "../../src/pipeline"
import type { Place } from "../../src/schema/report"
import { callText, resultName } from "./call"
import { compareModel } from "./compare"
import type { Entry } from "./list"

/** What became of one definition. */
export interface Outcome {
  readonly entry: Entry
  readonly kind: "model" | "none" | "missing" | "crash"
  /** Name and form in the report. */
  readonly model: string | null
  readonly unsupported: readonly string[]
  /** Why there is no model, or why the analysis broke off. */
  readonly detail: string
  readonly laws: number
  readonly milliseconds: number | null
  /** The definition says nothing that makes a weight. */
  readonly weightless: boolean
  /** Traced whole as the file stands, without a call at its end. */
  readonly standing: boolean
  /** Null where the list expects nothing. */
  readonly differences: readonly string[] | null
  /** Whether the arguments of the list were handed in. */
  readonly called: boolean
}

interface Job {
  readonly entry: Entry
  readonly file: string
  /** A copy of the file with a call at its end; it exists in memory only. */
  readonly copy: string | null
}

/**
 * @param folder holds OWNER/NAME/path of every entry.
 * @param progress called with every entry's id.
 */
export function readDefinitions(entries: readonly Entry[], folder: string, progress: (id: string) => void): readonly Outcome[] {
  const overlay = new Map<string, string>()
  const jobs = entries.map((entry) => prepare(entry, folder, overlay))
  const present = jobs.filter(({ entry, file }) => entry.commit === null && fs.existsSync(file))
  const files = [...new Set(present.flatMap(({ file, copy }) => (copy === null ? [file] : [file, copy])))]
  const programs = new Map([...createPrograms(files, overlay)].map((item) => [item.file, item]))
  const done = new Map<string, Reading>()
  const read = (file: string): Reading => {
    const known = done.get(file)
    if (known !== undefined) return known
    const item = programs.get(file)
    const reading: Reading = item === undefined ? { analysis: null, message: "not in a program", milliseconds: 0 } : analyze(item.program, item.name)
    done.set(file, reading)
    return reading
  }
  return jobs.map((job) => {
    progress(job.entry.id)
    if (!present.includes(job)) return { ...nothing(job.entry), kind: "missing", detail: absenceOf(job.entry) }
    const outcome = judge(job.entry, read(job.file), job.copy === null ? null : read(job.copy))
    return { ...outcome, weightless: outcome.kind === "none" && isWeightless(job) }
  })
}

const absenceOf = ({ commit }: Entry): string => (commit === null ? "the file is not there" : `listed at commit ${commit}`)

function prepare(entry: Entry, folder: string, overlay: Map<string, string>): Job {
  const file = path.resolve(folder, entry.repo, entry.path)
  if (entry.expected === null || entry.args === "" || !fs.existsSync(file)) return { entry, file, copy: null }
  const text = fs.readFileSync(file, "utf8")
  const call = callText(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), entry)
  if (call === null) return { entry, file, copy: null }
  const { dir, name, ext } = path.parse(file)
  const copy = path.join(dir, `${name}.${entry.id}${ext}`)
  overlay.set(copy, text + call)
  return { entry, file, copy }
}

interface Reading {
  /** Null when the analysis threw. */
  readonly analysis: Analysis | null
  readonly message: string
  readonly milliseconds: number
}

function isWeightless({ entry, file }: Job): boolean {
  const [from, to] = entry.lines
  const text = fs.readFileSync(file, "utf8").split("\n").slice(from - 1, to).join("\n")
  return !/addWeight|[vV]ariable\b|layers\.[a-z]|Model\b|model\(|sequential|Dense|\bnew [A-Z]/.test(text)
}

function analyze(program: ts.Program, name: string): Reading {
  // Hosts have the checker already; making it is not the analysis.
  program.getTypeChecker()
  const first = analyzeOnce(program, name)
  if (first.analysis === null || first.milliseconds > slow) return first
  // The code of the analysis itself is warm the second time, as it is in an editor.
  const second = analyzeOnce(program, name)
  return second.milliseconds < first.milliseconds ? second : first
}

/** Milliseconds from which on a reading is not repeated. */
const slow = 3000

/** Processor time is counted, which other programs on the machine do not lengthen. */
function analyzeOnce(program: ts.Program, name: string): Reading {
  const started = process.cpuUsage()
  const elapsed = (): number => {
    const { user, system } = process.cpuUsage(started)
    return (user + system) / 1000
  }
  try {
    const analysis = analyzeFile(ts, program, name, { path: path.basename(name) })
    return { analysis, message: "", milliseconds: elapsed() }
  } catch (error) {
    return { analysis: null, message: error instanceof Error ? error.message : String(error), milliseconds: elapsed() }
  }
}

const nothing = (entry: Entry): Outcome => ({
  entry, kind: "none", model: null, unsupported: [], detail: "", laws: 0, milliseconds: null, weightless: false, standing: false, called: false,
  differences: entry.expected === null ? null : ["no model"],
})

function judge(entry: Entry, asWritten: Reading, called: Reading | null): Outcome {
  const broken = [asWritten, called].find((reading) => reading !== null && reading.analysis === null)
  if (broken) return { ...nothing(entry), kind: "crash", detail: broken.message }
  const own = modelsOf(entry, asWritten)
  const models = [...own, ...modelsOf(entry, called)]
  const count = asWritten.analysis?.models.length ?? 0
  const milliseconds = asWritten.milliseconds / Math.max(1, count)
  if (models.length === 0) {
    const problems = (asWritten.analysis?.report.problems ?? []).filter(({ start }) => isInside(entry, start) || start.line === 1)
    return { ...nothing(entry), milliseconds, detail: problems.map(({ message, start }) => `${message} (line ${start.line})`).join("; ") }
  }
  const compared = models.map((model) => ({ model, differences: entry.expected === null ? null : compareModel(model.traced, entry.expected) }))
  const best = compared.reduce((a, b) => (badness(b) < badness(a) ? b : a))
  const { model } = best.model
  return {
    entry,
    kind: "model",
    model: `${model.name} (${model.form})`,
    unsupported: model.unsupported.map(({ what, start }) => `${what} (${placeText(start)})`),
    detail: "",
    laws: model.laws.length,
    milliseconds,
    weightless: false,
    standing: own.some((found) => found.model.unsupported.length === 0),
    differences: best.differences,
    called: !own.includes(best.model),
  }
}

const placeText = ({ file, line }: Place["start"]): string => `${file === undefined ? "" : `${path.basename(file)} `}line ${line}`

const badness = ({ model, differences }: { readonly model: AnalyzedModel; readonly differences: readonly string[] | null }): number =>
  1000 * (differences?.length ?? 0) + model.model.unsupported.length

const isInside = ({ lines: [from, to] }: Entry, { file, line }: Place["start"]): boolean => file === undefined && line >= from && line <= to

/** The models that the definition makes: they stand in its lines, or their layers and weights do. */
function modelsOf(entry: Entry, reading: Reading | null): readonly AnalyzedModel[] {
  const models = reading?.analysis?.models ?? []
  const called = models.filter(({ model }) => model.name === resultName)
  const standing = models.filter(({ model }) => isInside(entry, model.start))
  const made = models.filter(({ traced }) => traced.sites.some(({ kind, start }) => kind !== "model" && isInside(entry, start)))
  const found = called.length > 0 ? called : standing.length > 0 ? standing : made
  const word = /([\w$]+)\s*$/.exec(entry.name.replace(/\(.*$/s, ""))?.[1]
  const named = found.filter(({ model }) => model.name === word)
  return entry.expected === null && named.length > 0 ? named : found
}
