/** @file Finds the source file that an import names: the checker's answer first, then plain path resolution, which works without types. */
import type * as TypeScript from "typescript"

const extensions = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", "/index.ts", "/index.tsx", "/index.js"]

/** The file `specifier` stands for in `from`, or null when the program does not hold it. Declaration files count as absent: nothing in them runs. */
export function resolveModule(
  program: TypeScript.Program,
  from: TypeScript.SourceFile,
  specifier: TypeScript.Expression,
): TypeScript.SourceFile | null {
  const known = answers.get(program) ?? new Map<TypeScript.Expression, TypeScript.SourceFile | null>()
  answers.set(program, known)
  let file = known.get(specifier)
  if (file === undefined) known.set(specifier, (file = findModule(program, from, specifier)))
  return file
}

/** Answers of one program, whose files do not change: tracing asks for the same imports over and over. */
const answers = new WeakMap<TypeScript.Program, Map<TypeScript.Expression, TypeScript.SourceFile | null>>()

function findModule(program: TypeScript.Program, from: TypeScript.SourceFile, specifier: TypeScript.Expression): TypeScript.SourceFile | null {
  const text = (specifier as { text?: string }).text
  if (text === undefined) return null
  const byChecker = fileOfSymbol(program, specifier)
  if (byChecker !== null && !byChecker.isDeclarationFile) return byChecker
  if (!text.startsWith(".")) return null
  const base = joinPath(directoryOf(from.fileName), text)
  for (const candidate of [base, base.replace(/\.([mc]?)jsx?$/, "")])
    for (const extension of extensions) {
      const file = program.getSourceFile(candidate + extension)
      if (file !== undefined && !file.isDeclarationFile) return file
    }
  return null
}

function fileOfSymbol(program: TypeScript.Program, specifier: TypeScript.Expression): TypeScript.SourceFile | null {
  try {
    const declaration = program.getTypeChecker().getSymbolAtLocation(specifier)?.declarations?.[0]
    return declaration !== undefined && "fileName" in declaration ? (declaration as TypeScript.SourceFile) : null
  } catch {
    // The checker may throw on half-typed code; path resolution still works there.
    return null
  }
}

const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

function joinPath(directory: string, relative: string): string {
  const parts = directory === "" ? [] : directory.split("/")
  for (const part of relative.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== ".") parts.push(part)
  }
  return parts.join("/")
}
