/**
 * @file TypeScript programs for the tests: one with all fixtures and examples and tfjs's real types, built once per worker, and small ones
 * from sources given as text, without any types, as an editor sees a file before `npm install`.
 */
import { readdirSync, existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import ts from "typescript"

export const root = resolve(import.meta.dirname, "../..")

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowJs: true,
  types: [],
}

/** TypeScript files directly in a folder of the project, sorted, as absolute paths; none when the folder does not exist. */
export function listSources(folder: string): readonly string[] {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")).sort().map((name) => join(path, name))
}

/** Path as reports write it: relative to the project, forward slashes. */
export const displayPath = (fileName: string): string => relative(root, fileName).replaceAll("\\", "/")

let shared: ts.Program | undefined

/** All oracle fixtures and examples in one program, with the types of the installed tfjs. */
export function fixtureProgram(): ts.Program {
  const folders = [
    "test/fixtures/oracle", "test/fixtures/architectures", "test/fixtures/wild", "test/fixtures/findings", "test/fixtures/large", "examples",
    "examples/paper",
  ]
  shared ??= ts.createProgram(folders.flatMap((folder) => listSources(folder)), options)
  return shared
}

/** A program of sources given as text ("/a.ts" → source), resolving nothing but each other. */
export function programOf(files: Readonly<Record<string, string>>): ts.Program {
  const host: ts.CompilerHost = {
    getSourceFile: (name, version) => (name in files ? ts.createSourceFile(name, files[name], version, true) : undefined),
    getDefaultLibFileName: () => "/lib.d.ts",
    writeFile: () => undefined,
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => name in files,
    readFile: (name) => files[name],
  }
  return ts.createProgram(Object.keys(files), { ...options, noLib: true }, host)
}
