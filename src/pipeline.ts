/**
 * @file The pipeline for one file: source → trace → graph → axes → symmetry → laws → presentation. Plain functions on plain data;
 * hosts call `analyzeFile` and show what it returns.
 */
import type * as TypeScript from "typescript"
import type { TracedModel } from "./graph/graph"
import type { DerivedModel } from "./laws/law"
import type { FileReport, Model } from "./schema/report"
import type { VerificationTask } from "./verification/task"

export interface AnalyzedModel {
  readonly traced: TracedModel
  readonly derived: DerivedModel
  readonly model: Model
  /** For the verification: the network in generic sizes and its laws. */
  readonly task: VerificationTask
}

export interface Analysis {
  readonly report: FileReport
  readonly models: readonly AnalyzedModel[]
}

export interface AnalyzeOptions {
  /** Path shown in the report, relative to the working folder with forward slashes. */
  readonly path: string
  /** True when the caller no longer wants the answer; checked between models and every thousand steps. */
  readonly cancelled?: () => boolean
}

export function analyzeFile(_ts: typeof TypeScript, _program: TypeScript.Program, _fileName: string, options: AnalyzeOptions): Analysis {
  return { report: { path: options.path, models: [], problems: [] }, models: [] }
}
