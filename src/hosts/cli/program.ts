/**
 * @file TypeScript programs for the files: one per tsconfig above them, one for all files without. They hold code and no declarations: reading
 * those of tfjs and of the language takes longer than all else, and only a type that they name needs them. Nothing is ever emitted or run.
 * Pages (.html) are read as their scripts.
 */
import fs from "node:fs"
import path from "node:path"
import ts from "typescript"
import { scriptsOf } from "./pages"

/** A file to analyze and the program it belongs to. `name` is the file's name inside the program. */
export interface ProgramFile {
  readonly file: string
  readonly name: string
  readonly program: ts.Program
  /** The same source files with the declarations of the language and of packages, made when it is first asked for. */
  readonly typed: () => ts.Program
  /** Whether its code is nested deeper than it can be parsed or bound: the program has it without its text. */
  readonly isTooDeep: boolean
}

const fallback: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
  types: [],
}

/** What the analysis needs, whatever a tsconfig says. */
const required: ts.CompilerOptions = {
  allowJs: true,
  noEmit: true,
  skipLibCheck: true,
  composite: false,
  incremental: false,
  declaration: false,
  checkJs: false,
}

/** Files of one program at most: what a program has read stays in memory as long as it does. */
const largestProgram = 100

/**
 * In the order of their programs, which are made one after another: who keeps none of them needs memory for one.
 *
 * @param overlay texts that replace what is on disk, by absolute path (stdin).
 * @param reading called with each file that a program reads, those that are imported included.
 */
export function* createPrograms(
  files: readonly string[],
  overlay: ReadonlyMap<string, string> = new Map(),
  reading: (name: string) => void = () => undefined,
): Generator<ProgramFile, void> {
  const groups = new Map<string, string[]>()
  for (const file of files) {
    const config = ts.findConfigFile(path.dirname(file), ts.sys.fileExists) ?? ""
    groups.set(config, [...(groups.get(config) ?? []), file])
  }
  for (const [config, members] of groups) {
    const options = { ...(config === "" ? fallback : readOptions(config)), ...required }
    for (let start = 0; start < members.length; start += largestProgram) {
      const part = members.slice(start, start + largestProgram)
      const names = part.map(nameInProgram)
      const { program, typed, tooDeep } = createPair(names, options, overlay, reading)
      for (const [k, file] of part.entries()) yield { file, name: names[k], program, typed, isTooDeep: tooDeep.has(names[k]) }
    }
  }
}

const isPage = (file: string): boolean => path.extname(file) === ".html"
const pageScript = ".html.script.mts"
const nameInProgram = (file: string): string => (isPage(file) ? file.slice(0, -".html".length) + pageScript : file).replaceAll("\\", "/")

function readOptions(config: string): ts.CompilerOptions {
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile) as { readonly config?: { readonly compilerOptions?: unknown } }
  // Only the options are wanted, so no folder is listed for the files the config includes.
  const { options, projectReferences } = ts.parseJsonConfigFileContent(json ?? {}, { ...ts.sys, readDirectory: () => [] }, path.dirname(config))
  // A config that only points at others: the first of them is that of the sources.
  const [first] = json?.compilerOptions === undefined ? (projectReferences ?? []) : []
  const source = first === undefined ? undefined : ts.resolveProjectReferencePath(first)
  if (source !== undefined && source !== config && ts.sys.fileExists(source)) return readOptions(source)
  return { ...fallback, ...options, types: options.types ?? [] }
}

/** A program without declarations and, on demand, one with them. They share their source files, so that a node belongs to both. */
function createPair(
  names: readonly string[],
  options: ts.CompilerOptions,
  overlay: ReadonlyMap<string, string>,
  reading: (name: string) => void,
): Pick<ProgramFile, "program" | "typed"> & { readonly tooDeep: ReadonlySet<string> } {
  const tooDeep = new Set<string>(), host = createHost(options, overlay),
    sources = new Map<string, ts.SourceFile | undefined>()
  const getSourceFile: ts.CompilerHost["getSourceFile"] = (name, ...rest) => {
    reading(name)
    if (isDeclaration(name)) return host.getSourceFile(name, ...rest)
    if (!sources.has(name)) sources.set(name, parse(name, rest[0], () => host.getSourceFile(name, ...rest)))
    return sources.get(name)
  }
  /** One file that is too deep must not take the others of its program with it. */
  const parse = (name: string, version: Parameters<typeof getSourceFile>[1], read: () => ts.SourceFile | undefined): ts.SourceFile | undefined => {
    const file = withoutOverflow(read)
    if (file !== null && (file === undefined || !isNestedDeeply(file))) return file
    tooDeep.add(name)
    return ts.createSourceFile(name, "", version, true)
  }
  const cache = ts.createModuleResolutionCache(host.getCurrentDirectory(), host.getCanonicalFileName, options)
  const untyped: ts.CompilerHost = {
    ...host,
    getSourceFile,
    resolveModuleNameLiterals: (literals, containing, redirected, own, file) =>
      literals.map((literal) => {
        const mode = ts.getModeForUsageLocation(file, literal, own)
        const found = ts.resolveModuleName(literal.text, containing, own, host, cache, redirected, mode)
        return found.resolvedModule !== undefined && isDeclaration(found.resolvedModule.resolvedFileName) ? { resolvedModule: undefined } : found
      }),
  }
  let full: ts.Program | null = null
  return {
    program: ts.createProgram(names, { ...options, noLib: true, types: [] }, untyped),
    typed: () => (full ??= ts.createProgram(names, options, { ...host, getSourceFile })),
    tooDeep,
  }
}

/** What a function gives; null where it needs more stack than there is. */
function withoutOverflow<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Binding takes some ten frames a level, and a stack has about ten thousand; code that people write has a hundred levels at most. */
const deepest = 800
/** Nodes within each other that are one character at most: an identifier, what names it and the statements and lists around. */
const nodesPerCharacter = 4

function isNestedDeeply(file: ts.SourceFile): boolean {
  let level: ts.Node[] = [file]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true
    const below: ts.Node[] = [], least = (deepest - depth) / nodesPerCharacter
    // A short piece of code cannot be deep.
    for (const node of level) ts.forEachChild(node, (child) => void (child.end - child.pos >= least && below.push(child)))
    level = below
  }
  return false
}

const isDeclaration = (name: string): boolean => /\.d\.(\w+\.)?[mc]?ts$/.test(name)

function createHost(options: ts.CompilerOptions, overlay: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true)
  const textOf = (name: string): string | undefined => {
    const page = pageOf(name)
    const text = overlay.get(path.normalize(page ?? name)) ?? (page === null ? undefined : ts.sys.readFile(page))
    return page !== null && text !== undefined ? scriptsOf(text) : text
  }
  return {
    ...host,
    fileExists: (name) => {
      const file = pageOf(name) ?? name
      return overlay.has(path.normalize(file)) || host.fileExists(file)
    },
    readFile: (name) => textOf(name) ?? host.readFile(name),
    getSourceFile: (name, version, onError, fresh) => {
      const text = textOf(name)
      if (text !== undefined) return ts.createSourceFile(name, text, version, true)
      if (hostLibrary.test(name)) return ts.createSourceFile(name, "", version, false)
      if (!name.endsWith(".d.ts")) return host.getSourceFile(name, version, onError, fresh)
      // Of declarations only the types are read; their comments are half of the text.
      const options = typeof version === "object" ? version : { languageVersion: version }
      return host.getSourceFile(name, { ...options, jsDocParsingMode: ts.JSDocParsingMode.ParseNone }, onError, fresh)
    },
  }
}

/** What browsers and workers add to the language: no network is made of it, and reading it takes longer than reading tfjs. */
const hostLibrary = /[\\/]lib\.(dom|webworker|scripthost)(\.\w+)*\.d\.ts$/

/** The page that a script in a program stands for. */
const pageOf = (name: string): string | null => (name.endsWith(pageScript) ? name.slice(0, -pageScript.length) + ".html" : null)

export function isReadable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.R_OK)
    return true
  } catch {
    return false
  }
}
