/** @file Exported functions that nobody in the program names but to import them. Text only: whatever may be a use is one. */
import type * as TypeScript from "typescript"

const answers = new WeakMap<TypeScript.Program, Map<string, boolean>>()
/** A module as a whole, whose functions anybody may then call: `import * as`, `require` and `import()` of what is no package. */
const whole = /\*\s*as\s+\w+\s+from\s*["'](?:[./~]|@\/|src\/)|\b(?:require|import)\s*\(\s*(?:["'`](?:[./~]|@\/|src\/)|[^"'`\s])/
const named = /\b(?:import|export)\s*(?:type\s+)?(?:\w+\s*,\s*)?\{[^}]*\}(?:\s*from\b)?/g

/** Whether some code is in an exported function of a module that no file of the program calls or hands on. */
export function isInUnused(ts: typeof TypeScript, program: TypeScript.Program, node: TypeScript.Node): boolean {
  const statement = ts.findAncestor(node, (at) => ts.isSourceFile(at.parent)), name = statement === undefined ? null : exportedName(ts, statement)
  const file = node.getSourceFile()
  if (name === null || !ts.isExternalModule(file)) return false
  const known = answers.get(program) ?? new Map<string, boolean>(), key = `${name} ${file.fileName}`
  answers.set(program, known)
  const found = known.get(key) ?? isNamedOnce(program, file, name)
  known.set(key, found)
  return found
}

/** `export function name`, `export const name = () => …` */
function exportedName(ts: typeof TypeScript, statement: TypeScript.Node): string | null {
  const kinds = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []).map(({ kind }) => kind) : []
  if (!kinds.includes(ts.SyntaxKind.ExportKeyword) || kinds.includes(ts.SyntaxKind.DefaultKeyword)) return null
  if (ts.isFunctionDeclaration(statement)) return statement.name?.text ?? null
  if (!ts.isVariableStatement(statement)) return null
  const [first, ...others] = statement.declarationList.declarations, made = first.initializer
  const isFunction = made !== undefined && (ts.isArrowFunction(made) || ts.isFunctionExpression(made))
  return others.length === 0 && isFunction && ts.isIdentifier(first.name) ? first.name.text : null
}

function isNamedOnce(program: TypeScript.Program, home: TypeScript.SourceFile, name: string): boolean {
  const pattern = new RegExp(`(?<![\\w$])${name.replace(/\$/g, "\\$&")}(?![\\w$])`, "g"), renamed = new RegExp(`${pattern.source}\\s+as\\b`)
  return program.getSourceFiles().every((file) => {
    if (file.isDeclarationFile || file.fileName.includes("/node_modules/")) return true
    const { text } = file
    if (whole.test(text)) return false
    if (!text.includes(name)) return true
    if (renamed.test(text)) return false
    return (text.replace(named, "").match(pattern) ?? []).length <= (file === home ? 1 : 0)
  })
}
