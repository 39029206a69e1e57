/** @file Types that say a value is tfjs itself: `typeof tf`, `typeof import("@tensorflow/tfjs")`, aliases and promises of these. */
import type * as TypeScript from "typescript"
import { isTfjsModule } from "./tfjs"
import { resolveModule } from "./modules"

/** Whether a type says that what has it is tfjs, however it was loaded: `let tf: typeof tensorflow`, `load(): Promise<TensorFlowModule>`. */
export function standsForTfjs(ts: typeof TypeScript, program: TypeScript.Program, node: TypeScript.TypeNode | undefined, depth = 5): boolean {
  if (node === undefined || depth === 0) return false
  if (ts.isParenthesizedTypeNode(node)) return standsForTfjs(ts, program, node.type, depth - 1)
  // `typeof tf | null`: where it is nothing, nothing is computed with it.
  if (ts.isUnionTypeNode(node)) {
    const held = node.types.filter((type) => !isNothing(ts, type))
    return held.length > 0 && held.every((type) => standsForTfjs(ts, program, type, depth - 1))
  }
  if (ts.isImportTypeNode(node)) {
    const text = ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal) ? node.argument.literal.text : ""
    return node.isTypeOf && node.qualifier === undefined && isTfjsModule(text)
  }
  if (ts.isTypeQueryNode(node)) return ts.isIdentifier(node.exprName) && importsTfjs(ts, node.getSourceFile(), node.exprName.text)
  if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName)) return false
  const { text: name } = node.typeName
  if (name === "Promise") return standsForTfjs(ts, program, node.typeArguments?.[0], depth - 1)
  return standsForTfjs(ts, program, aliasOf(ts, program, node.getSourceFile(), name), depth - 1)
}

const isNothing = (ts: typeof TypeScript, type: TypeScript.TypeNode): boolean =>
  type.kind === ts.SyntaxKind.UndefinedKeyword || (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword)

/** Whether a name is all of tfjs by an import of the file, of types alone or not. */
function importsTfjs(ts: typeof TypeScript, file: TypeScript.SourceFile, name: string): boolean {
  return file.statements.some((statement) => {
    if (!ts.isImportDeclaration(statement) || !isTfjsModule((statement.moduleSpecifier as { readonly text?: string }).text ?? "")) return false
    const { name: whole, namedBindings: bindings } = statement.importClause ?? {}
    return whole?.text === name || (bindings !== undefined && ts.isNamespaceImport(bindings) && bindings.name.text === name)
  })
}

/** What a type alias of the file, or one it imports by that name, stands for. */
function aliasOf(ts: typeof TypeScript, program: TypeScript.Program, file: TypeScript.SourceFile, name: string): TypeScript.TypeNode | undefined {
  for (const statement of file.statements) {
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name) return statement.type
    if (!ts.isImportDeclaration(statement)) continue
    const bindings = statement.importClause?.namedBindings
    const element = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.find((item) => item.name.text === name) : undefined
    if (element === undefined) continue
    const from = resolveModule(program, file, statement.moduleSpecifier), asked = (element.propertyName ?? element.name).text
    return from?.statements.find((own): own is TypeScript.TypeAliasDeclaration => ts.isTypeAliasDeclaration(own) && own.name.text === asked)?.type
  }
  return undefined
}
