/**
 * @file `noether-lens stats`: how much of a code base is understood, in numbers. Files too large to be written by hand and files that do not
 * speak of tfjs are set aside before anything is parsed.
 */
import fs from "node:fs"
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
  /** How many files say nothing of tfjs. */
  readonly withoutTfjs: number
  readonly skipped: readonly Skipped[]
}

/** Which of the files are worth a program. */
export function selectFiles(files: readonly string[], cwd: string): Selection {
  const kept: string[] = []
  const skipped: Skipped[] = []
  for (const file of files) {
    const path = displayPath(file, cwd)
    try {
      const { size } = fs.statSync(file)
      if (size > maximumBytes)
        skipped.push({ path, reason: `${path} has ${(size / 1e6).toFixed(1)} MB, more than ${maximumBytes / 1e6} MB, and is skipped.` })
      else if (/\btf\b|tensorflow/.test(fs.readFileSync(file, "utf8"))) kept.push(file)
    } catch {
      skipped.push({ path, reason: `${path} cannot be read and is skipped.` })
    }
  }
  return { files: kept, withoutTfjs: files.length - kept.length - skipped.length, skipped }
}

/** What `stats --format json` prints. */
export interface Stats {
  readonly schema: 1
  readonly files: { readonly all: number; readonly withoutTfjs: number; readonly withModels: number; readonly failed: number }
  readonly models: { readonly all: number; readonly whole: number; readonly withLaws: number }
  readonly operations: { readonly all: number; readonly unsupported: number; readonly share: number }
  readonly laws: number
  /** `median` is that of one model. */
  readonly milliseconds: { readonly all: number; readonly median: number | null }
  readonly slowest: readonly { readonly path: string; readonly milliseconds: number }[]
  readonly skipped: readonly Skipped[]
  readonly problems: readonly { readonly path: string; readonly message: string }[]
}

/** @param milliseconds from the start of the search for files to the last analysis. */
export function countFiles(analyzed: readonly AnalyzedFile[], { files, withoutTfjs, skipped }: Selection, milliseconds: number): Stats {
  const models = analyzed.flatMap((file) => file.models)
  const nodes = models.flatMap(({ traced }) => traced.graph.nodes)
  const unsupported = nodes.filter(({ op }) => op.kind === "opaque").length
  const times = analyzed.flatMap((file) => file.models.map(() => file.milliseconds / file.models.length)).sort((a, b) => a - b)
  const slowest = [...analyzed].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 3)
  return {
    schema: 1,
    files: {
      all: files.length + withoutTfjs + skipped.length,
      withoutTfjs,
      withModels: analyzed.filter((file) => file.models.length > 0).length,
      failed: analyzed.filter(({ failed }) => failed).length,
    },
    models: {
      all: models.length,
      whole: models.filter(({ model }) => model.unsupported.length === 0).length,
      withLaws: models.filter(({ model }) => model.laws.length > 0).length,
    },
    operations: { all: nodes.length, unsupported, share: nodes.length === 0 ? 0 : unsupported / nodes.length },
    laws: models.reduce((sum, { model }) => sum + model.laws.length, 0),
    milliseconds: { all: Math.round(milliseconds), median: times.length === 0 ? null : Number(times[times.length >> 1].toFixed(1)) },
    slowest: slowest.map(({ report, milliseconds: own }) => ({ path: report.path, milliseconds: Math.round(own) })),
    skipped,
    problems: analyzed.flatMap(({ report, failed }) => (failed ? report.problems.map(({ message }) => ({ path: report.path, message })) : [])),
  }
}

export function statsText(stats: Stats): readonly string[] {
  const { files, models, operations, laws, milliseconds, slowest, skipped, problems } = stats
  const [first] = slowest
  return [
    `${countText(files.all, "file")}, ${dimText(files.withoutTfjs)} without tfjs, ${dimText(files.withModels)} with models`,
    `${countText(models.all, "model")}, ${dimText(models.whole)} read without gaps, ${dimText(models.withLaws)} with laws`,
    `${countText(operations.all, "operation")} traced, ${dimText(operations.unsupported)} unsupported (${(100 * operations.share).toFixed(1)} %)`,
    countText(laws, "law"),
    `${dimText(milliseconds.all)} ms` +
      (milliseconds.median === null ? "" : `, ${milliseconds.median} ms for the median model`) +
      (first === undefined ? "" : `, slowest ${first.path} ${dimText(first.milliseconds)} ms`),
    ...skipped.map(({ reason }) => reason),
    ...problems.map(({ path, message }) => `${path}: ${message}`),
  ]
}
