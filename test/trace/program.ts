/** @file Programs from strings for tracer tests: no types of tfjs, no library, so that everything must resolve without them. */
import ts from "typescript"
import type { TracedFile, TracedModel } from "../../src/graph/graph"
import { traceFile, type TraceOptions } from "../../src/trace/trace"

/** A program of these files; paths are absolute in spirit ("/main.ts"). */
export function programOf(files: Readonly<Record<string, string>>): ts.Program {
  const sources = new Map(Object.entries(files).map(([name, text]) => [name, ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true)]))
  const host: ts.CompilerHost = {
    getSourceFile: (name) => sources.get(name),
    getDefaultLibFileName: () => "/lib.d.ts",
    writeFile: () => undefined,
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => sources.has(name),
    readFile: (name) => files[name],
  }
  return ts.createProgram({
    rootNames: Object.keys(files),
    options: {
      noLib: true,
      allowJs: true,
      target: ts.ScriptTarget.ES2022,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      module: ts.ModuleKind.ESNext,
    },
    host,
  })
}

/** Traces /main.ts of a program; one string is that file, with the usual import put in front on the same line. */
export function trace(source: string | Readonly<Record<string, string>>, options: TraceOptions = {}): TracedFile {
  const files = typeof source === "string" ? { "/main.ts": `import * as tf from "@tensorflow/tfjs"; ${source}` } : source
  const program = programOf(files),
    file = program.getSourceFile("/main.ts") ?? program.getSourceFile("/main.js")
  if (file === undefined) throw new Error("trace: expected /main.ts")
  return traceFile(ts, program, file, options)
}

/** The only model, or the one of that name. */
export function only(traced: TracedFile, name?: string): TracedModel {
  const found = name === undefined ? traced.models : traced.models.filter((model) => model.name === name)
  if (found.length !== 1)
    throw new Error(
      `expected one model, found ${traced.models.map((model) => model.name).join(", ") || "none"}; ` +
        `problems: ${traced.problems.map((p) => p.message).join("; ")}`,
    )
  return found[0]
}

export const parameters = (model: TracedModel): readonly string[] =>
  model.graph.parameters.map((p) => `${p.id} [${p.shape.join(", ")}]${p.trainable ? "" : " frozen"}`)
/** Ops in order, leaves left out. */
export const operations = (model: TracedModel): readonly string[] =>
  model.graph.nodes.flatMap((node) => {
    const { op } = node
    switch (op.kind) {
      case "input":
      case "parameter":
      case "constant":
        return []
      case "unary":
      case "binary":
      case "reduce":
        return [op.fn]
      case "einsum":
        return [op.equation]
      default:
        return [op.kind]
    }
  })
export const outputShapes = (model: TracedModel): readonly string[] => model.graph.outputs.map((id) => model.graph.nodes[id].shape.join(", "))
