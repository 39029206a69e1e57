/** @file Which files an answer about one file depends on: those it imports, directly or not, and those that import it and train what it defines. */
import type * as TypeScript from "typescript"
import { resolveModule } from "./modules"

/** The files a file is made of: itself and everything of the program that imports, re-exports and `require` lead to. */
export function filesBehind(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
): ReadonlySet<TypeScript.SourceFile> {
  const found = new Set<TypeScript.SourceFile>()
  const queue = [file]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (found.has(at)) continue
    found.add(at)
    for (const specifier of specifiersOf(ts, at)) {
      const target = resolveModule(program, at, specifier)
      if (target !== null) queue.push(target)
    }
  }
  return found
}

/** Whether a file may train what another one defines: it imports that one and speaks of compile or of an optimizer. */
export function trains(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
  defined: TypeScript.SourceFile,
): boolean {
  return speaksOf(file) && importsOf(ts, program, file).has(defined)
}

function speaksOf(file: TypeScript.SourceFile): boolean {
  let speaks = speaksOfTraining.get(file)
  if (speaks === undefined) speaksOfTraining.set(file, (speaks = /compile|train\.|\b(?:minimize|applyGradients)\s*\(/.test(file.text)))
  return speaks
}

/** Files that may train what a file defines, of the first `maximum` of the program's own ones. */
export function trainersOf(
  ts: typeof TypeScript, program: TypeScript.Program, defined: TypeScript.SourceFile, maximum: number,
): readonly TypeScript.SourceFile[] {
  return ownFilesOf(program, maximum).speaking.filter((file) => file !== defined && importsOf(ts, program, file).has(defined))
}

interface Own {
  readonly files: readonly TypeScript.SourceFile[]
  readonly speaking: readonly TypeScript.SourceFile[]
  readonly writing: readonly TypeScript.SourceFile[]
}

const isOwn = (file: TypeScript.SourceFile): boolean => !file.isDeclarationFile && !file.fileName.includes("/node_modules/")
const own = new WeakMap<TypeScript.Program, Own>()

/** The first `maximum` of a program's own files, and those of them that speak of training or write weights: the same for every file. */
function ownFilesOf(program: TypeScript.Program, maximum: number): Own {
  let found = own.get(program)
  if (found === undefined) {
    const files = program.getSourceFiles().filter(isOwn).slice(0, maximum)
    own.set(program, (found = { files, speaking: files.filter(speaksOf), writing: files.filter(mayWriteWeights) }))
  }
  return found
}

const writes = /(?<!\bObject)\.\s*(assign|setWeights|loadWeights)\b|["'](assign|setWeights)["']/

/** Whether a file has code that may write weights by itself. */
export function mayWriteWeights(file: TypeScript.SourceFile): boolean {
  let speaks = speaksOfWriting.get(file)
  if (speaks === undefined) speaksOfWriting.set(file, (speaks = writes.test(file.text)))
  return speaks
}

/**
 * Files with code that may write what a file defines: among those it imports, those that import it, and what these import. With them come the ones
 * that call that code; none where no such file has any.
 */
export function filesBeside(
  ts: typeof TypeScript, program: TypeScript.Program, defined: TypeScript.SourceFile, maximum: number,
): readonly TypeScript.SourceFile[] {
  const { files, writing } = ownFilesOf(program, maximum)
  if (!writing.some((file) => file !== defined)) return []
  const takers = files.filter((file) => file !== defined && importsOf(ts, program, file).has(defined))
  const found = new Set(takers)
  for (const file of [defined, ...takers])
    for (const behind of filesBehind(ts, program, file)) if (behind !== defined && isOwn(behind)) found.add(behind)
  return [...found].some(mayWriteWeights) ? [...found] : []
}

const speaksOfWriting = new WeakMap<TypeScript.SourceFile, boolean>()
const speaksOfTraining = new WeakMap<TypeScript.SourceFile, boolean>()
const imports = new WeakMap<TypeScript.Program, Map<TypeScript.SourceFile, ReadonlySet<TypeScript.SourceFile>>>()

/** The files that a file's import and export declarations name; asked once for every file that is analyzed. */
function importsOf(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
): ReadonlySet<TypeScript.SourceFile> {
  const known = imports.get(program) ?? new Map<TypeScript.SourceFile, ReadonlySet<TypeScript.SourceFile>>()
  imports.set(program, known)
  let found = known.get(file)
  if (found === undefined) {
    const named = file.statements.flatMap((statement) =>
      (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier !== undefined
        ? (resolveModule(program, file, statement.moduleSpecifier) ?? [])
        : [],
    )
    known.set(file, (found = new Set(named)))
  }
  return found
}

const specifiers = new WeakMap<TypeScript.SourceFile, readonly TypeScript.Expression[]>()

/** Every module that a file names. */
function specifiersOf(ts: typeof TypeScript, file: TypeScript.SourceFile): readonly TypeScript.Expression[] {
  const known = specifiers.get(file)
  if (known !== undefined) return known
  const found: TypeScript.Expression[] = []
  for (const statement of file.statements) {
    if ((ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier !== undefined)
      found.push(statement.moduleSpecifier)
    else if (ts.isImportEqualsDeclaration(statement) && ts.isExternalModuleReference(statement.moduleReference))
      found.push(statement.moduleReference.expression)
  }
  const visit = (node: TypeScript.Node): void => {
    const [first] = ts.isCallExpression(node) ? node.arguments : []
    if (ts.isCallExpression(node) && first !== undefined && ts.isStringLiteralLike(first)) {
      const { expression: callee } = node
      if (callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require")) found.push(first)
    }
    ts.forEachChild(node, visit)
  }
  if (/\brequire\s*\(|\bimport\s*\(/.test(file.text)) visit(file)
  specifiers.set(file, found)
  return found
}
