/**
 * @file `noether-lens stats`: how much of a code base is understood, in numbers. Files too large to be written by hand and files that do not
 * speak of tfjs are set aside before anything is parsed.
 */
import fs from "node:fs/promises"
import path from "node:path"
import type { TracedModel } from "../../graph/graph"
import { countText, dimText } from "../../presentation/words"
import { displayPath } from "./files"
import type { AnalyzedFile } from "./run"

/** Bundles and data are larger than this, sources are not. */
const maximumBytes = 2_000_000

export interface Skipped {
  readonly path: string
  /** One sentence. */
  readonly reason: string
}

export interface Selection {
  /** Absolute paths. */
  readonly files: readonly string[]
  /** Those that say nothing of tfjs. */
  readonly silent: readonly string[]
  readonly skipped: readonly Skipped[]
}

/** Whether a source mentions the library at all. */
export const speaksOfTfjs = (text: string): boolean => /\btf\b|tensorflow/.test(text)

/**
 * Which of the files are worth a program.
 *
 * @param progress called with the display path of a file and how much of all has been read.
 */
export async function selectFiles(
  files: readonly string[],
  cwd: string,
  progress: (path: string, fraction: number) => void = () => undefined,
): Promise<Selection> {
  const kept: string[] = [], silent: string[] = [], skipped: Skipped[] = []
  const select = async (file: string): Promise<() => void> => {
    const path = displayPath(file, cwd)
    try {
      const { size } = await fs.stat(file)
      if (size > maximumBytes) {
        const reason = `${path} has ${(size / 1e6).toFixed(1)} MB, more than ${maximumBytes / 1e6} MB, and is skipped.`
        return () => skipped.push({ path, reason })
      }
      const list = speaksOfTfjs(await fs.readFile(file, "utf8")) ? kept : silent
      return () => list.push(file)
    } catch {
      return () => skipped.push({ path, reason: `${path} cannot be read and is skipped.` })
    }
  }
  for (let start = 0; start < files.length; start += width) {
    const part = files.slice(start, start + width)
    progress(displayPath(part[0], cwd), start / files.length)
    for (const put of await Promise.all(part.map(select))) put()
  }
  return { files: kept, silent, skipped }
}

/** Files that are read at the same time. */
const width = 16

export interface Gap {
  readonly path: string
  readonly line: number
  readonly model: string
  readonly reason: string
  /** How many more parts of the model are not read. */
  readonly others: number
}

/** What `stats --format json` prints. */
export interface Stats {
  readonly schema: 1
  readonly files: { readonly all: number; readonly withoutTfjs: number; readonly withModels: number; readonly failed: number }
  /** Of those that throw whatever they are given, which are no models, `broken` is the number; `all` leaves them out. */
  readonly models: { readonly all: number; readonly whole: number; readonly withLaws: number; readonly broken: number }
  readonly operations: { readonly all: number; readonly unsupported: number; readonly share: number }
  readonly laws: number
  /** `all` is the whole run; `median` is that of one model, TypeScript's reading of its file apart, and `reading` that of tracing alone. */
  readonly milliseconds: { readonly all: number; readonly median: number | null; readonly reading: number | null }
  readonly slowest: readonly { readonly path: string; readonly milliseconds: number }[]
  /** Models that are read in part, each with the first of what is not read. */
  readonly gaps: readonly Gap[]
  /** Models whose code throws whatever it is given, each with where and why. */
  readonly broken: readonly Gap[]
  readonly skipped: readonly Skipped[]
  readonly problems: readonly { readonly path: string; readonly message: string }[]
}

/** What is kept of one file: numbers, so that a code base of any size fits into memory. */
interface FileCount {
  readonly path: string
  readonly milliseconds: AnalyzedFile["milliseconds"]
  readonly models: number
  readonly whole: number
  readonly withLaws: number
  readonly operations: number
  readonly unsupported: number
  readonly laws: number
  readonly gaps: readonly Gap[]
  readonly broken: readonly Gap[]
  readonly failures: readonly string[]
}

function countFile({ report, models: found, milliseconds, failure }: AnalyzedFile): FileCount {
  // What throws whatever it is given builds no model; how much of it is read says nothing.
  const models = found.filter(({ traced }) => traced.throws === undefined)
  const nodes = models.flatMap(({ traced }) => traced.graph.nodes)
  return {
    path: report.path,
    milliseconds,
    models: models.length,
    whole: models.filter(({ model }) => model.unsupported.length === 0).length,
    withLaws: models.filter(({ model }) => model.laws.length > 0).length,
    operations: nodes.length,
    unsupported: nodes.filter(({ op }) => op.kind === "opaque" && op.said !== true).length,
    laws: models.reduce((sum, { model }) => sum + model.laws.length, 0),
    gaps: models.flatMap(({ model: { name, unsupported } }): Gap[] =>
      unsupported
        .slice(0, 1)
        .map(({ start, what }) => ({ path: report.path, line: start.line, model: name, reason: what, others: unsupported.length - 1 })),
    ),
    broken: found.flatMap(({ traced }) => brokenBy(report.path, traced)),
    failures: failure === null ? [] : [failure],
  }
}

/** The line is that of the code that throws, or of the model where that is in another file. */
function brokenBy(own: string, { name, start, throws }: TracedModel): readonly Gap[] {
  if (throws === undefined) return []
  const { file, line } = throws.start
  const gap = { path: own, model: name, others: 0 }
  if (file === undefined) return [{ ...gap, line, reason: throws.what }]
  return [{ ...gap, line: start.line, reason: `${throws.what} (${path.basename(file)} line ${line})` }]
}

/**
 * @param analyzed read once, each file forgotten before the next.
 * @param elapsed milliseconds since the search for files began.
 */
export function countFiles(analyzed: Iterable<AnalyzedFile>, { silent, skipped }: Selection, elapsed: () => number): Stats {
  const counts: FileCount[] = []
  for (const file of analyzed) counts.push(countFile(file))
  const total = (key: "models" | "whole" | "withLaws" | "operations" | "unsupported" | "laws"): number =>
    counts.reduce((sum, count) => sum + count[key], 0)
  const slowest = [...counts].sort((a, b) => b.milliseconds.all - a.milliseconds.all).slice(0, 3)
  return {
    schema: 1,
    files: {
      all: counts.length + silent.length + skipped.length,
      withoutTfjs: silent.length,
      withModels: counts.filter(({ models }) => models > 0).length,
      failed: counts.filter(({ failures }) => failures.length > 0).length,
    },
    models: {
      all: total("models"),
      whole: total("whole"),
      withLaws: total("withLaws"),
      broken: counts.reduce((sum, { broken }) => sum + broken.length, 0),
    },
    operations: { all: total("operations"), unsupported: total("unsupported"), share: total("unsupported") / Math.max(1, total("operations")) },
    laws: total("laws"),
    milliseconds: { all: Math.round(elapsed()), median: medianOf(counts, "all"), reading: medianOf(counts, "reading") },
    slowest: slowest.map(({ path, milliseconds }) => ({ path, milliseconds: Math.round(milliseconds.all) })),
    gaps: counts.flatMap(({ gaps }) => gaps),
    broken: counts.flatMap(({ broken }) => broken),
    skipped,
    problems: counts.flatMap(({ path, failures }) => failures.map((message) => ({ path, message }))),
  }
}

/** Time of the median model in a file's share for each of its models; null without any. */
function medianOf(counts: readonly FileCount[], part: "all" | "reading"): number | null {
  const times = counts.flatMap(({ models, milliseconds }) => new Array<number>(models).fill(milliseconds[part] / models)).sort((a, b) => a - b)
  return times.length === 0 ? null : Number(times[times.length >> 1].toFixed(1))
}

export function statsText(stats: Stats): readonly string[] {
  const { files, models, operations, laws, milliseconds, slowest, gaps, broken, skipped, problems } = stats
  const slow = slowest.map(({ path, milliseconds: time }) => `${path} ${dimText(time)} ms`)
  const share = models.all === 0 ? "" : ` (${((100 * models.whole) / models.all).toFixed(1)} %)`
  return [
    `${countText(files.all, "file")}, ${dimText(files.withoutTfjs)} without tfjs, ${dimText(files.withModels)} with models, ` +
      `${dimText(files.failed)} that cannot be read`,
    `${countText(models.all, "model")}, ${dimText(models.whole)} read without gaps${share}, ${dimText(models.withLaws)} with laws` +
      (models.broken === 0 ? "" : `; ${dimText(models.broken)} more whose code throws whatever it is given`),
    `${countText(operations.all, "operation")} traced, ${dimText(operations.unsupported)} unsupported (${(100 * operations.share).toFixed(1)} %)`,
    countText(laws, "law"),
    `${dimText(milliseconds.all)} ms` +
      (milliseconds.median === null ? "" : `, ${milliseconds.median} ms for the median model (${milliseconds.reading} ms to read it)`) +
      (slow.length === 0 ? "" : `, slowest ${slow.join(", ")}`),
    ...(gaps.length === 0 ? [] : ["read in part:"]),
    ...gaps.map(({ path, line, model, reason, others }) => `  ${path}:${line} ${model}: ${reason}${others === 0 ? "" : ` and ${others} more`}`),
    ...(broken.length === 0 ? [] : ["throw whatever they are given:"]),
    ...broken.map(({ path, line, model, reason }) => `  ${path}:${line} ${model}: ${reason}`),
    ...skipped.map(({ reason }) => reason),
    ...problems.map(({ message }) => message),
  ]
}
