/** @file Runs the pipeline on fixtures and examples, once a file. */
import ts from "typescript"
import { analyzeFile, type Analysis, type AnalyzedModel } from "../../src/pipeline"
import { displayPath, fixtureProgram } from "./program"

const analyses = new Map<string, Analysis>()

export function analyzeFixtureFile(fileName: string): Analysis {
  let analysis = analyses.get(fileName)
  if (analysis === undefined) analyses.set(fileName, (analysis = analyzeFile(ts, fixtureProgram(), fileName, { path: displayPath(fileName) })))
  return analysis
}

/** The model of a declaration, or undefined where the analysis sees none. */
export const findModel = (fileName: string, name: string): AnalyzedModel | undefined =>
  analyzeFixtureFile(fileName).models.find((m) => m.model.name === name)
