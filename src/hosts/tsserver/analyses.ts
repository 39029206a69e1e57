/**
 * @file The analyses of open projects. TypeScript makes a new program for every change of any file and keeps the source file of every other
 * one, so a source file is a version: an answer holds as long as it meets the same ones. Shared by all projects of a session.
 */
import type * as TypeScript from "typescript"
import { analyzeFile, type Analysis } from "../../pipeline"
import { filesBehind, mayWriteWeights, trains } from "../../source/dependencies"

interface Entry {
  readonly analysis: Analysis
  /** How often it has been tried; one that ran out of time is tried a few times. */
  readonly tries: number
  readonly options: TypeScript.CompilerOptions
  /** What the answer was made of. */
  readonly behind: ReadonlySet<TypeScript.SourceFile>
  /** All files of the program it was last found to hold for. */
  files: readonly TypeScript.SourceFile[]
}

/** Milliseconds that whoever types waits at most; the command line takes its time. */
const patience = 1_000
const maximumTries = 3

/** By version of the analyzed file: with the version goes its answer. */
const entries = new WeakMap<TypeScript.SourceFile, Entry>()

/**
 * The analysis of a file, the known one where nothing it depends on has changed.
 *
 * @param pathOf how the report names files.
 * @param cancelled true when the caller no longer wants the answer, which is then not complete and not kept.
 */
export function analysisOf(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  fileName: string,
  pathOf: (name: string) => string,
  cancelled: () => boolean,
): Analysis {
  const file = program.getSourceFile(fileName)
  const known = file === undefined ? undefined : entries.get(file)
  const current = file !== undefined && known !== undefined && holds(ts, known, program, file) ? known : null
  if (current !== null && (current.analysis.partial !== true || current.tries >= maximumTries)) return current.analysis
  const analysis = analyzeFile(ts, program, fileName, { path: pathOf(fileName), pathOf, cancelled, milliseconds: patience })
  if (file !== undefined && !cancelled()) {
    const files = program.getSourceFiles()
    const trainers = files.filter((other) => !other.isDeclarationFile && trains(ts, program, other, file))
    const behind = new Set([...filesBehind(ts, program, file), ...trainers])
    entries.set(file, { analysis, tries: (current?.tries ?? 0) + 1, options: program.getCompilerOptions(), behind, files })
  }
  return analysis
}

function holds(ts: typeof TypeScript, entry: Entry, program: TypeScript.Program, file: TypeScript.SourceFile): boolean {
  const files = program.getSourceFiles()
  if (files === entry.files) return true
  if (entry.options !== program.getCompilerOptions() || files.length !== entry.files.length) return false
  for (const [i, now] of files.entries()) {
    const then = entry.files[i]
    if (now === then) continue
    // A file that came, went or moved may be what an import means now; one that is no module may change what any name means.
    if (now.fileName !== then.fileName || entry.behind.has(then) || now.isDeclarationFile || !ts.isExternalModule(now)) return false
    if (trains(ts, program, now, file) || mayWriteWeights(now) || mayWriteWeights(then)) return false
  }
  entry.files = files
  return true
}
