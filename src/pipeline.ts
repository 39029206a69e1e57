/**
 * @file The pipeline for one file: source → trace → graph → axes → symmetry → laws → findings → presentation. Plain functions on plain data;
 * hosts call `analyzeFile` and show what it returns.
 */
import type * as TypeScript from "typescript"
import { generalize } from "./axes/generalize"
import { findingsOf } from "./findings/findings"
import type { Graph, OwnLossGraph, TracedModel } from "./graph/graph"
import { appendLoss } from "./graph/loss"
import { findOwnLoss, type OwnLoss } from "./graph/objective"
import { nameConstantOffsets } from "./graph/offsets"
import { deriveLaws } from "./laws/derive"
import type { DerivedModel } from "./laws/law"
import { movedElsewhere, optimizersOfWholes, type Sharing } from "./laws/shared"
import { presentModel } from "./presentation/model"
import type { FileReport, Model, Problem } from "./schema/report"
import { traceFile } from "./trace/trace"
import type { VerificationTask } from "./verification/task"

export interface AnalyzedModel {
  readonly traced: TracedModel
  readonly derived: DerivedModel
  readonly model: Model
  /** For the verification, and made when it is first asked for: the network in generic sizes and its laws. */
  readonly task: VerificationTask
}

export interface Analysis {
  readonly report: FileReport
  readonly models: readonly AnalyzedModel[]
  /** Why nothing is known about the file: it is not there, or a syntax error leaves no model in it. */
  readonly unreadable?: Problem
  /** Time ran out: another attempt, on code that is compiled by then, may give more. */
  readonly partial?: true
}

export interface AnalyzeOptions {
  /** Path shown in the report, relative to the working folder with forward slashes. */
  readonly path: string
  /** How the report names another file that a place lies in; the program's own name where absent. */
  readonly pathOf?: (fileName: string) => string
  /** True when the caller no longer wants the answer; checked between models and every thousand steps. */
  readonly cancelled?: () => boolean
  /**
   * The program with the declarations that types are made of, where `program` lacks them; made of the same source files. By default `program`.
   */
  readonly typed?: () => TypeScript.Program
  /** Called when the code is read and the laws are next, for who measures either. */
  readonly onRead?: () => void
  /**
   * How long reading the code may take, and from when on the laws of no further model are derived; the report says what is left out. By default
   * reading ends after 5 seconds and every model is derived.
   */
  readonly milliseconds?: number
}

/** Bundles and data are larger than this, sources are not. */
const maximumLength = 2_000_000

/** So much of a file is looked at, and such a share of it that is no text in UTF-8 makes it binary (a video is named .ts, too). */
const looked = 4096,
  mostUndecoded = 0.05

function isBinary(text: string): boolean {
  const head = text.slice(0, looked)
  return head.includes("\0") || head.split("\ufffd").length - 1 > mostUndecoded * head.length
}

/** Analyzes every model of one file. Bad code is data in the report, never an exception; an unknown file gives a problem. */
export function analyzeFile(ts: typeof TypeScript, program: TypeScript.Program, fileName: string, options: AnalyzeOptions): Analysis {
  const sourceFile = program.getSourceFile(fileName)
  if (sourceFile === undefined) {
    const start = { line: 1, column: 1 }
    const unreadable = { message: "the file is not part of the program", start, end: start }
    return { report: { path: options.path, models: [], problems: [unreadable] }, models: [], unreadable }
  }
  const { length } = sourceFile.text
  if (length > maximumLength) {
    const start = { line: 1, column: 1 }
    const message = `the file has ${(length / 1e6).toFixed(1)} MB, more than ${maximumLength / 1e6} MB, and is not read`
    return { report: { path: options.path, models: [], problems: [{ message, start, end: start }] }, models: [] }
  }
  if (isBinary(sourceFile.text)) {
    const start = { line: 1, column: 1 }
    const unreadable = { message: "the file is binary data, no text, and is not read", start, end: start }
    return { report: { path: options.path, models: [], problems: [unreadable] }, models: [], unreadable }
  }
  const { milliseconds } = options
  const limits = milliseconds === undefined ? {} : { milliseconds }
  const began = Date.now()
  const traced = traceFile(ts, program, sourceFile, { cancelled: options.cancelled, typed: options.typed, limits })
  const isLate = (since: number): boolean => milliseconds !== undefined && Date.now() - since > milliseconds
  const models: AnalyzedModel[] = []
  const late: Problem[] = []
  options.onRead?.()
  let partial = isLate(began)
  const read = Date.now()
  for (const model of traced.models) {
    if (options.cancelled?.() === true) break
    if (isLate(read)) {
      partial = true
      late.push({ message: `the analysis takes too long: the laws of ${model.name} are not derived here`, start: model.start, end: model.end })
      continue
    }
    models.push(analyzeModel(options.pathOf === undefined ? model : renamePlaces(model, options.pathOf), traced.models))
  }
  const misread = syntaxProblems(ts, program, sourceFile)
  const found = [...misread, ...traced.problems, ...late]
  const problems = options.pathOf === undefined ? found : renamePlaces(found, options.pathOf)
  const report = { path: options.path, models: models.map((m) => m.model), problems }
  const unreadable = models.length === 0 && misread.length > 0 ? { unreadable: misread[0] } : {}
  return { report, models, ...unreadable, ...(partial ? { partial: true } : {}) }
}

/** Codes of TypeScript for types in JavaScript files (Flow's, say), which it parses all the same. */
const isTypeInJavaScript = (code: number): boolean => code >= 8000 && code < 9000

/** The first syntax error, since what follows it may be read otherwise than meant. */
function syntaxProblems(ts: typeof TypeScript, program: TypeScript.Program, sourceFile: TypeScript.SourceFile): Problem[] {
  const first = program.getSyntacticDiagnostics(sourceFile).find(({ code }) => !isTypeInJavaScript(code))
  if (first === undefined) return []
  const at = (offset: number): { line: number; column: number } => {
    const { line, character } = sourceFile.getLineAndCharacterOfPosition(offset)
    return { line: line + 1, column: character + 1 }
  }
  const said = ts.flattenDiagnosticMessageText(first.messageText, " ").replace(/\.$/, "")
  const message = `syntax error: ${said}; what follows may be misread`
  return [{ message, start: at(first.start), end: at(first.start + first.length) }]
}

/**
 * From one traced network to everything views and the verification need.
 * @param all the models of its file, which may share weights with it
 */
export function analyzeModel(traced: TracedModel, all: readonly TracedModel[] = []): AnalyzedModel {
  // Laws and views speak of constants beside weights by name; the traced model stays as the source has it.
  const named: TracedModel = { ...traced, graph: nameConstantOffsets(traced.graph) }
  const derived = derivedOf(traced, named.graph, all)
  const sharings = (traced.shared ?? []).map(({ name, weights, index }): Sharing => {
    const other = all.at(index)
    if (other === undefined) return { name, weights, optimizers: [], beside: [], parameters: [], derived: { laws: [], sizes: [] } }
    const { optimizers, graph, ownLoss } = other
    const beside = ownLoss !== undefined && "graph" in ownLoss ? ownLoss.beside : []
    return { name, weights, optimizers, beside, parameters: graph.parameters, derived: derivedOf(other, nameConstantOffsets(graph), all) }
  })
  const optimizers = named.optimizers.length > 0 ? named.optimizers : optimizersOfWholes(sharings)
  const model = presentModel({ ...named, optimizers }, derived, findingsOf(named, derived), movedElsewhere(derived, sharings))
  let task: VerificationTask | undefined
  return {
    traced,
    derived,
    model,
    get task() {
      return (task ??= taskOf(traced, derived, model))
    },
  }
}

function taskOf({ name, losses, ownLoss: own }: TracedModel, { graph, sizes, laws }: DerivedModel, shown: Model): VerificationTask {
  const ownLoss = lossOfItsOwn(own) ?? findOwnLoss(graph, losses)
  return {
    model: name,
    graph,
    sizes,
    laws: laws.map((law, i) => ({ ...law, formula: shown.laws[i].formula, latex: shown.laws[i].latex })),
    ...(ownLoss === null ? {} : { ownLoss }),
  }
}

/** Networks that share weights are asked for each other's laws, once. */
const derivations = new WeakMap<TracedModel, DerivedModel>()

function derivedOf(traced: TracedModel, named: Graph, all: readonly TracedModel[]): DerivedModel {
  const derived = derivations.get(traced) ?? deriveLaws(generalize(appendLoss(named, traced.losses)))
  if (all.some(({ shared }) => shared !== undefined)) derivations.set(traced, derived)
  return derived
}

/** A loss that the code computes by itself, in sizes of its own; null where there is none. */
function lossOfItsOwn(loss: OwnLossGraph | undefined): OwnLoss | null {
  if (loss === undefined) return null
  const { name } = loss
  if (!("graph" in loss)) return { kind: "unknown", name, why: loss.why }
  const { graph, sizes } = generalize(nameConstantOffsets(loss.graph))
  const { beside, through, unread } = loss
  return { kind: "graph", name, graph, sizes, beside, through, ...(unread === undefined ? {} : { unread }) }
}

/** The same plain data with the files of its places renamed. What names no file, which is nearly all, is not copied. */
function renamePlaces<T>(data: T, pathOf: (fileName: string) => string): T {
  if (typeof data !== "object" || data === null) return data
  if (Array.isArray(data)) return renameItems(data, pathOf) as T
  const isPosition = "line" in data && "column" in data && "file" in data && typeof data.file === "string"
  let renamed: Record<string, unknown> | null = null
  const known = data as Readonly<Record<string, unknown>>
  for (const key of Object.keys(data)) {
    const value = known[key]
    if (typeof value !== "object" && !(isPosition && key === "file")) continue
    const now = typeof value === "string" ? pathOf(value) : renamePlaces(value, pathOf)
    if (now !== value) (renamed ??= { ...known })[key] = now
  }
  return renamed === null ? data : (renamed as T)
}

function renameItems(items: readonly unknown[], pathOf: (fileName: string) => string): readonly unknown[] {
  let renamed: unknown[] | null = null
  for (let i = 0; i < items.length; i++) {
    const now = renamePlaces(items[i], pathOf)
    if (now !== items[i]) (renamed ??= [...items])[i] = now
  }
  return renamed ?? items
}
