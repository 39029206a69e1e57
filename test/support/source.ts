/** @file Runs the whole pipeline on one model written in a string of JavaScript. */
import ts from "typescript"
import { analyzeFile, type AnalyzedModel } from "../../src/pipeline"
import type { FileReport, Model } from "../../src/schema/report"
import { programOf } from "./program"

const withImport = (source: string): string => `import * as tf from "@tensorflow/tfjs"; ${source}`

/** The report on a source; tfjs is imported on its first line. */
export function reportOf(source: string): FileReport {
  const name = "/main.js"
  return analyzeFile(ts, programOf({ [name]: withImport(source) }), name, { path: "main.js" }).report
}

/** The only model of a source, with what verification needs. */
export function analyzeOnly(source: string): AnalyzedModel {
  const name = "/main.js"
  const { models } = analyzeFile(ts, programOf({ [name]: withImport(source) }), name, { path: "main.js" })
  if (models.length !== 1) throw new Error(`expected one model, found ${models.map(({ model }) => model.name).join(", ") || "none"}`)
  return models[0]
}

/** The only model of a source. */
export const analyzeSource = (source: string): Model => analyzeOnly(source).model
