/**
 * @file What the command line does: find files, analyze, verify, print. Findings go to stdout, progress and complaints to stderr.
 * Exit codes: 0 fine, 1 a law failed its verification or a finding at --fail-on, 2 bad usage or unreadable input.
 */
import fs from "node:fs"
import path from "node:path"
import ts from "typescript"
import { analyzeFile } from "../../pipeline"
import type { AnalyzedModel } from "../../pipeline"
import { jsonText, makeReport } from "../../presentation/json"
import { wholesFirst } from "../../presentation/order"
import { colorPainter, plainPainter, wrapText } from "../../presentation/paint"
import type { Painter } from "../../presentation/paint"
import { fileText, terminalWidth } from "../../presentation/text"
import { legendText, verificationText } from "../../presentation/verification"
import type { FileReport, VerifiedModel } from "../../schema/report"
import { helpText, parseCommand, UsageError } from "./arguments"
import type { AnalyzeCommand, Command, FailOn, VerifyCommand } from "./arguments"
import { createPrograms, isReadable } from "./program"
import type { ProgramFile } from "./program"
import { displayPath, findFiles } from "./files"
import { slowProgress } from "./progress"
import { countFiles, selectFiles, statsText } from "./stats"
import type { Selection } from "./stats"
import { checkSizes, verifyModel } from "./verify"

/** The world of one run; tests hand in their own. */
export interface Io {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean }
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  readonly readInput: () => Promise<string>
}

export type ExitCode = 0 | 1 | 2

/** A file's report with what verification needs. */
export interface AnalyzedFile {
  readonly report: FileReport
  readonly models: readonly AnalyzedModel[]
  /** TypeScript's own time apart; `reading` is the part of `all` before the first law. */
  readonly milliseconds: { readonly all: number; readonly reading: number }
  /** Where and why nothing could be said about the file, as one line. */
  readonly failure: string | null
}

export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await runCommand(parseCommand(argv), io)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.writeError(`noether-lens: ${error.message}\n`)
    return 2
  }
}

async function runCommand(command: Command, io: Io): Promise<ExitCode> {
  switch (command.kind) {
    case "help":
      io.writeOut(helpText)
      return 0
    case "version":
      io.writeOut(`${readVersion()}\n`)
      return 0
    case "stats": {
      const started = performance.now()
      const selection = await selectSources(await searchFiles(command.patterns, io), io)
      const stats = countFiles(analyzeEach(selection.files, io), selection, () => performance.now() - started)
      io.writeOut(command.format === "json" ? `${JSON.stringify(stats, null, 2)}\n` : `${statsText(stats).join("\n")}\n`)
      return stats.files.failed + stats.skipped.length === stats.files.all ? 2 : 0
    }
    case "analyze": {
      const files = await analyzeInput(command, io)
      const asText = (): string => reportText(files, command.model !== null, painterFor(io))
      io.writeOut(command.format === "json" ? jsonText(makeReport(files.map(({ report }) => report))) : asText())
      if (files.some(({ failure }) => failure !== null)) return 2
      return hasFinding(files, command.failOn) ? 1 : 0
    }
    case "verify":
      return verifyFiles(command, await analyzeInput(command, io), io)
  }
}

async function analyzeInput(command: AnalyzeCommand | VerifyCommand, io: Io): Promise<readonly AnalyzedFile[]> {
  const files =
    command.stdin === null
      ? await analyzeFiles(await searchFiles(command.patterns, io), io)
      : await analyzeFiles([path.resolve(io.cwd, command.stdin)], io, await io.readInput())
  return command.model === null ? files : selectModel(files, command.model)
}

/** Searches folders and says how far it is, where that takes long. */
async function searchFiles(patterns: readonly string[], io: Io): Promise<readonly string[]> {
  const progress = slowProgress("searching", io)
  const found = await findFiles(patterns, io.cwd, (folders, files) => progress(`${folders} folders read, ${files} sources found`, null))
  progress("", null)
  return found
}

/** Reads every file once and says how far it is, where that takes long. */
async function selectSources(files: readonly string[], io: Io): Promise<Selection> {
  const progress = slowProgress("reading", io)
  const selection = await selectFiles(files, io.cwd, (path, fraction) => progress(path, fraction))
  progress("", null)
  return selection
}

/**
 * Of several files, those that say nothing of tfjs have nothing to report and are not parsed, whatever is wrong with them.
 *
 * @param input the text of the only file, where it does not come from disk.
 */
async function analyzeFiles(files: readonly string[], io: Io, input?: string): Promise<readonly AnalyzedFile[]> {
  const [only, ...more] = files, alone = input !== undefined || more.length === 0
  const unreadable = alone ? [] : files.filter((file) => !isReadable(file))
  const gone = new Set(unreadable)
  const selection = alone ? null : await selectSources(files.filter((file) => !gone.has(file)), io)
  const analyzed = [
    ...unreadable.map((file) => unreadableFile(displayPath(file, io.cwd))),
    ...analyzeEach(selection === null ? [only] : selection.files, io, input),
    ...(selection?.silent ?? []).map((file) => untracedFile(displayPath(file, io.cwd), [])),
    ...(selection?.skipped ?? []).map(({ path, reason }) => untracedFile(path, [reason])),
  ]
  const order = new Map(files.map((file, i) => [displayPath(file, io.cwd), i]))
  analyzed.sort((a, b) => (order.get(a.report.path) ?? 0) - (order.get(b.report.path) ?? 0))
  for (const { failure } of analyzed) if (failure !== null) io.writeError(`noether-lens: ${failure}\n`)
  return analyzed
}

/** One file after the other; who keeps only numbers of each needs memory for one. What cannot be read is given without models. */
function* analyzeEach(files: readonly string[], io: Io, input?: string): Generator<AnalyzedFile, void> {
  const readable: string[] = []
  for (const file of files) {
    if (input !== undefined || isReadable(file)) readable.push(file)
    else yield unreadableFile(displayPath(file, io.cwd))
  }
  const progress = slowProgress("analyzing", io)
  let done = 0
  const overlay = input === undefined ? undefined : new Map([[readable[0], input]])
  const reading = (name: string): void => progress(`reads ${displayPath(name, io.cwd)}`, done / readable.length)
  for (const { file, ...made } of createPrograms(readable, overlay, reading)) {
    progress(displayPath(file, io.cwd), done++ / readable.length)
    yield analyzeOrReport(made, displayPath(file, io.cwd), io)
  }
  progress("", null)
}

/** The report of a file that is not traced, with the reasons. */
const untracedFile = (path: string, messages: readonly string[]): AnalyzedFile => {
  const start = { line: 1, column: 1 }
  const problems = messages.map((message) => ({ message, start, end: start }))
  return { report: { path, models: [], problems }, models: [], failure: null, milliseconds: { all: 0, reading: 0 } }
}

function unreadableFile(path: string): AnalyzedFile {
  return { ...untracedFile(path, ["the file cannot be read"]), failure: `${path}: cannot be read` }
}

/** Whether a model has a finding at least as severe. */
function hasFinding(files: readonly AnalyzedFile[], failOn: FailOn): boolean {
  if (failOn === "never") return false
  const findings = files.flatMap(({ report }) => report.models.flatMap((model) => model.findings))
  return findings.some(({ severity }) => failOn === "info" || severity === "warning")
}

/**
 * Analysis does not throw for bad code. Where it throws for a mistake of its own, the other files still get their answer. It is timed without what
 * TypeScript does before it: an editor has the checker, the syntax errors and the types already.
 */
function analyzeOrReport({ name, program, typed, isTooDeep }: Omit<ProgramFile, "file">, path: string, io: Io): AnalyzedFile {
  if (isTooDeep) {
    const message = "the code is nested too deeply to be read"
    return { ...untracedFile(path, [message]), failure: `${path}: ${message}` }
  }
  let started = performance.now(), reading = 0
  const withoutTime = (): ts.Program => {
    const asked = performance.now(),
      whole = typed()
    whole.getTypeChecker()
    started += performance.now() - asked
    return whole
  }
  try {
    program.getTypeChecker()
    const file = program.getSourceFile(name)
    if (file !== undefined) program.getSyntacticDiagnostics(file)
    started = performance.now()
    const onRead = (): void => void (reading = performance.now() - started)
    const pathOf = (own: string): string => displayPath(own, io.cwd)
    const { report, models, unreadable } = analyzeFile(ts, program, name, { path, pathOf, typed: withoutTime, onRead })
    const failure = unreadable === undefined ? null : `${path}:${unreadable.start.line}:${unreadable.start.column}: ${unreadable.message}`
    return { report, models, failure, milliseconds: { all: performance.now() - started, reading } }
  } catch (error) {
    const message = `the analysis failed, please report it: ${error instanceof Error ? error.message : String(error)}`
    const start = { line: 1, column: 1 }
    const report = { path, models: [], problems: [{ message, start, end: start }] }
    return { report, models: [], failure: `${path}: ${message}`, milliseconds: { all: performance.now() - started, reading } }
  }
}

function selectModel(files: readonly AnalyzedFile[], name: string): readonly AnalyzedFile[] {
  const selected = files.map((file) => ({
    ...file,
    report: { ...file.report, models: file.report.models.filter((model) => model.name === name) },
    models: file.models.filter(({ model }) => model.name === name),
  }))
  if (selected.every(({ models }) => models.length === 0)) {
    const names = [...new Set(files.flatMap(({ models }) => models.map(({ model }) => model.name)))]
    throw new UsageError(`no model '${name}', found ${names.length === 0 ? "none" : names.join(", ")}`)
  }
  return selected.filter(({ models }) => models.length > 0)
}

/** Files that failed have had their line on stderr. One model that is asked for is shown with all reasons. */
function reportText(files: readonly AnalyzedFile[], isOne: boolean, painter: Painter): string {
  const answered = files.filter(({ failure }) => failure === null)
  const blocks = answered.map(({ report }) => fileText(report, painter, isOne)).filter((lines) => lines.length > 0)
  if (blocks.length > 0) return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`
  if (answered.length === 0) return ""
  return `no model found in ${answered.length === 1 ? answered[0].report.path : `${answered.length} files`}\n`
}

async function verifyFiles(command: VerifyCommand, files: readonly AnalyzedFile[], io: Io): Promise<ExitCode> {
  checkSizes(files.flatMap(({ models }) => models.map(({ task }) => task)), command)
  const painter = painterFor(io)
  const reports: FileReport[] = []
  let violated = false
  let measured = false
  for (const { report, models, failure } of files) {
    if (command.format === "text" && failure === null && (models.length > 0 || report.problems.length > 0)) {
      io.writeOut(
        `${fileText({ ...report, models: [] }, painter)
          .concat(report.problems.length === 0 ? painter.heading(report.path) : [])
          .join("\n")}\n`,
      )
    }
    const verified: VerifiedModel[] = []
    for (const { model, task } of command.format === "text" ? wholesFirst(models, (analyzed) => analyzed.model) : models) {
      const verification = await verifyModel(task, command, progressFor(`${report.path} ${model.name}`, io))
      violated ||= verification.verdict === "violated"
      measured ||= verification.laws.some(({ rate }) => Number.isFinite(rate))
      verified.push({ ...model, verification })
      if (command.format === "text")
        io.writeOut(`\n${verificationText(task, verification, model, painter, command.optimizer).join("\n")}\n`)
    }
    if (command.format === "text" && models.length > 0) io.writeOut("\n")
    reports.push({ ...report, models: verified })
  }
  if (command.format === "text" && measured) io.writeOut(`${wrapText(legendText, terminalWidth, "  ", painter.faint).join("\n")}\n`)
  if (command.format === "json") io.writeOut(jsonText(makeReport(reports)))
  else if (files.every(({ report, failure }) => failure !== null || (report.models.length === 0 && report.problems.length === 0)))
    io.writeOut(reportText(files, command.model !== null, painter))
  if (files.some(({ failure }) => failure !== null)) return 2
  return violated || hasFinding(files, command.failOn) ? 1 : 0
}

/** One line that is written over on a terminal; elsewhere one line per stage, so that logs stay short. */
function progressFor(subject: string, io: Io): (stage: string, fraction: number | null) => void {
  let last = ""
  return (stage, fraction) => {
    if (io.isTerminal.stderr) {
      const percent = fraction === null ? "" : ` ${Math.round(100 * fraction)}%`
      io.writeError(stage === "" ? "\r\u001b[K" : `\r\u001b[K${subject}: ${stage}${percent}`)
    } else if (stage !== last && stage !== "") io.writeError(`${subject}: ${stage}\n`)
    last = stage
  }
}

/** https://no-color.org and https://force-color.org: set and not empty. */
function painterFor({ env, isTerminal }: Io): Painter {
  if (env.NO_COLOR) return plainPainter
  if (env.FORCE_COLOR && env.FORCE_COLOR !== "0") return colorPainter
  return isTerminal.stdout && env.TERM !== "dumb" ? colorPainter : plainPainter
}

/** The version of the package this file lies in, as source or as bundle. */
function readVersion(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const file = path.join(folder, "package.json")
    if (fs.existsSync(file)) return (JSON.parse(fs.readFileSync(file, "utf8")) as { readonly version: string }).version
    if (folder === path.dirname(folder)) return "unknown"
  }
}
