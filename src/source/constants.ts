/** @file Constants that are declared once in a file, found by their names whatever the scope, so that a name that is declared twice is none. */
import type * as TypeScript from "typescript"
import { spellingsOf } from "./nodes"

/**
 * What a constant is declared as, casts taken off; null where its name is declared anywhere else in the file, where other files see it, or where one
 * of its uses is none that `isAllowed` takes: it may be changed there.
 */
export function constantOf(
  ts: typeof TypeScript, name: TypeScript.Identifier, isAllowed: (use: TypeScript.Identifier) => boolean,
): TypeScript.Expression | null {
  const declared: TypeScript.Node[] = []
  let isKept = true
  for (const node of spellingsOf(ts, name.getSourceFile()).get(name.text) ?? []) {
    if (!ts.isIdentifier(node)) continue
    if (isDeclared(ts, node)) declared.push(node.parent)
    else if (!isNameOf(ts, node) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)) isKept &&= isAllowed(node)
  }
  const [only] = declared
  if (declared.length !== 1 || !isKept || !ts.isVariableDeclaration(only) || only.initializer === undefined) return null
  const { parent: list } = only, { parent: statement } = list
  if (!ts.isVariableDeclarationList(list) || (list.flags & ts.NodeFlags.Const) === 0 || !ts.isVariableStatement(statement)) return null
  if (statement.modifiers !== undefined && statement.modifiers.length > 0) return null
  let value = only.initializer
  while (ts.isParenthesizedExpression(value) || ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) value = value.expression
  return value
}

/** Whether a name declares something that code then calls by it. */
function isDeclared(ts: typeof TypeScript, name: TypeScript.Identifier): boolean {
  const { parent } = name
  if (ts.isBindingElement(parent)) return true
  const isNamed = ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent) || ts.isFunctionExpression(parent) ||
    ts.isClassLike(parent) || ts.isEnumDeclaration(parent) || ts.isModuleDeclaration(parent)
  const isImported = ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent) || ts.isImportEqualsDeclaration(parent)
  return isImported || (isNamed && parent.name === name)
}

/** Whether a name stands for no value where it is: it declares something, is a key, or a part of a type. */
export function isNameOf(ts: typeof TypeScript, name: TypeScript.MemberName): boolean {
  const { parent } = name
  if (ts.isBindingElement(parent)) return parent.initializer !== name
  if (ts.isPropertyAccessExpression(parent) || ts.isShorthandPropertyAssignment(parent) || ts.isExportSpecifier(parent)) return false
  if (ts.isTypeNode(parent) || ts.isTypeElement(parent) || ts.isImportSpecifier(parent) || ts.isImportClause(parent)) return true
  return "name" in parent && parent.name === name
}
