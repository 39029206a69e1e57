/**
 * @file The structure of the code as src/layers.ts states it: which folder imports which, which packages it loads, that TypeScript is handed
 * in rather than imported, and that every file says what it is.
 */
import fs from "node:fs"
import path from "node:path"
import ts from "typescript"
import { describe, expect, test } from "vitest"
import { layers, type Layer } from "../src/layers"

const files = ["src", "webview"].flatMap(folder => {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
  return names.filter(name => name.endsWith(".ts")).map(name => `${folder}/${name.replaceAll("\\", "/")}`)
})

describe("layers", () => {
  test("every folder has an entry in src/layers.ts", () => {
    expect(files.filter(file => !layerOf(file))).toEqual([])
  })

  test("every entry has a folder", () => {
    expect(layers.filter(layer => !files.some(file => layerOf(file) === layer)).map(layer => layer.name)).toEqual([])
  })

  test("imports go only where src/layers.ts allows", () => {
    expect(files.flatMap(file => checkImports(file, fs.readFileSync(file, "utf8")))).toEqual([])
  })

  test("every file begins with its @file header", () => {
    expect(files.filter(file => !/^(#!.*\n)?\/\*\*\s[\s*]*@file \S/.test(fs.readFileSync(file, "utf8")))).toEqual([])
  })
})

describe("the check itself", () => {
  test("finds a forbidden folder, also when only a type is imported", () => {
    expect(checkImports("src/verification/x.ts", "import type { A } from \"../laws/law\"")).toHaveLength(1)
    expect(checkImports("src/laws/x.ts", "import type { A } from \"../graph/graph\"")).toEqual([])
  })

  test("finds re-exports and import expressions", () => {
    expect(checkImports("src/graph/x.ts", "export { a } from \"../trace/a\"\nconst b = import(\"../source/b\")")).toHaveLength(2)
  })

  test("allows files of another folder by name only", () => {
    expect(checkImports("src/verification/x.ts", "import { a } from \"../axes/size\"")).toEqual([])
    expect(checkImports("src/verification/x.ts", "import { a } from \"../axes/axes\"")).toHaveLength(1)
  })

  test("tells types of typescript from its value", () => {
    expect(checkImports("src/trace/x.ts", "import type * as TypeScript from \"typescript\"\nexport type A = TypeScript.Node")).toEqual([])
    expect(checkImports("src/trace/x.ts", "import ts from \"typescript\"\nexport const a = ts.version")).toHaveLength(1)
    expect(checkImports("src/hosts/cli/x.ts", "import ts from \"typescript\"\nexport const a = ts.version")).toEqual([])
  })

  test("finds a package the layer does not list", () => {
    expect(checkImports("src/graph/x.ts", "import { create } from \"mathjs\"\nexport const a = create()")).toHaveLength(1)
    expect(checkImports("webview/charts.ts", "import { b } from \"@vscode/webview-ui-toolkit\"\nexport const a = b()")).toHaveLength(1)
    expect(checkImports("webview/toolkit.ts", "import { b } from \"@vscode/webview-ui-toolkit\"\nexport const a = b()")).toEqual([])
  })
})

/** The layer with the longest name that the file lies in: "hosts/cli" before "hosts". */
function layerOf(file: string): Layer | undefined {
  const inside = moduleName(file)
  return layers.filter(layer => within(inside, layer.name)).sort((a, b) => b.name.length - a.name.length)[0]
}

/** Sentences about imports that are not allowed. */
function checkImports(file: string, text: string): readonly string[] {
  const layer = layerOf(file)
  if (!layer) return []
  return importsOf(text).flatMap(name => {
    if (name.startsWith(".")) {
      const target = moduleName(path.posix.join(path.posix.dirname(file), name))
      const allowed = [layer.name, ...layer.mayImport].some(entry => within(target, entry)) && !isForeignPart(layer, target)
      return allowed ? [] : [`${file} imports ${name}: ${layer.name} may import ${layer.mayImport.join(", ") || "nothing"}`]
    }
    if (!layer.packages.includes(name) && isTypeOnly(name, text)) return typeOnly.includes(name) ? [] : [`${file} imports types of ${name}`]
    return layer.packages.some(entry => within(name, entry)) || (name.startsWith("node:") && layer.packages.includes("node:")) ? []
      : [`${file} loads ${name}: ${layer.name} may load ${layer.packages.join(", ") || "no package"}`]
  })
}

/** Packages whose types any layer may name: TypeScript is handed in as a value by the hosts. */
const typeOnly = ["typescript"]

/** Whether every import of `name` is of types: the compiler keeps an import without the word `type` (verbatimModuleSyntax). */
function isTypeOnly(name: string, text: string): boolean {
  const imports = ts.createSourceFile("file.ts", text, ts.ScriptTarget.ES2022).statements.filter(ts.isImportDeclaration)
  const ofName = imports.filter(({ moduleSpecifier }) => ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text === name)
  return ofName.length > 0 && ofName.every(({ importClause }) => importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
}

const importsOf = (text: string): readonly string[] => ts.preProcessFile(text, true, true).importedFiles.map(entry => entry.fileName)

/** "src/graph/op.ts" and "src/graph/op" → "graph/op"; "webview/main.ts" → "webview/main". */
const moduleName = (file: string): string => file.replace(/\.ts$/, "").replace(/^src\//, "")

const within = (name: string, folder: string): boolean => name === folder || name.startsWith(`${folder}/`)

/** A layer inside the allowed folder that has an entry of its own ("webview/toolkit") is still reached by the folder's name. */
const isForeignPart = (layer: Layer, target: string): boolean =>
  layers.some(other => other !== layer && within(target, other.name) && other.name.length > longest(layer, target))

const longest = (layer: Layer, target: string): number =>
  Math.max(...[layer.name, ...layer.mayImport].filter(entry => within(target, entry)).map(entry => entry.length))
