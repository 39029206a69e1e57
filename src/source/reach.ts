/**
 * @file Whether a piece of code can lead to a network at all, by syntax alone: it, or something it names, makes a layer, a model or a weight.
 * Names are followed through the declarations of their file, through everything that is stored in them anywhere in it, and through imports.
 * Too much is taken for a network, never too little; what is local to a function and has a name of the file's top counts as that.
 */
import type * as TypeScript from "typescript"
import { nodesOf } from "./nodes"
import { isTfjsModule } from "./tfjs"
import { resolveModule } from "./modules"

/** What one piece of code says itself. */
interface Mentions {
  readonly makes: boolean
  readonly names: readonly string[]
  /** Modules named by `require` or `import(…)`. */
  readonly modules: readonly TypeScript.Expression[]
}

interface FileNames {
  /** What is declared under a name at the top of the file, and whatever any code of the file stores in it. */
  readonly held: ReadonlyMap<string, readonly TypeScript.Node[]>
  readonly imported: ReadonlyMap<string, { readonly from: TypeScript.Expression; readonly name: string | null }>
  readonly reexported: readonly { readonly from: TypeScript.Expression; readonly clause: TypeScript.NamedExportBindings | undefined }[]
}

/** Answers of one program, whose files do not change. */
const answers = new WeakMap<TypeScript.Program, Map<TypeScript.Node, boolean>>()
/** By node: an edit elsewhere in the file keeps the node and what it says. */
const mentions = new WeakMap<TypeScript.Node, Mentions>()
const fileNames = new WeakMap<TypeScript.SourceFile, FileNames>()

/** Whether code of the program can make a layer, a model or a weight, or uses one that is made elsewhere. */
export function leadsToNetwork(ts: typeof TypeScript, program: TypeScript.Program, node: TypeScript.Node): boolean {
  const known = answers.get(program) ?? new Map<TypeScript.Node, boolean>()
  answers.set(program, known)
  const visited = new Set<TypeScript.Node>()
  const queue: TypeScript.Node[] = [node]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (visited.has(at)) continue
    visited.add(at)
    const answer = known.get(at)
    if (answer === false) continue
    const { makes, names, modules } = mentionsOf(ts, at)
    const file = at.getSourceFile(),
      { imported } = namesOf(ts, file)
    if (answer === true || makes || names.some((name) => isLayerOfTfjs(imported, name))) {
      known.set(node, true)
      return true
    }
    for (const name of names) queue.push(...heldIn(ts, program, file, name, new Set()))
    for (const from of modules) queue.push(...(resolveModule(program, file, from) ?? { statements: [] }).statements)
  }
  // Nothing that was visited leads anywhere.
  for (const at of visited) known.set(at, false)
  return false
}

/** What a name of a file's top may hold, in this file or in those it is imported from. */
function heldIn(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
  name: string,
  seen: Set<TypeScript.SourceFile>,
): readonly TypeScript.Node[] {
  const { held, imported, reexported } = namesOf(ts, file)
  const own = held.get(name)
  const source = imported.get(name)
  if (source !== undefined) return [...(own ?? []), ...exported(ts, program, file, source.from, source.name, seen)]
  if (own !== undefined) return own
  return reexported.flatMap(({ from, clause }): readonly TypeScript.Node[] => {
    if (clause === undefined) return exported(ts, program, file, from, name, seen)
    if (ts.isNamespaceExport(clause)) return clause.name.text === name ? exported(ts, program, file, from, null, seen) : []
    const element = clause.elements.find((item) => item.name.text === name)
    return element === undefined ? [] : exported(ts, program, file, from, (element.propertyName ?? element.name).text, seen)
  })
}

/** What another file exports under a name, or all of that file where the name is null: a namespace, or a default that needs no name. */
function exported(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
  from: TypeScript.Expression,
  name: string | null,
  seen: Set<TypeScript.SourceFile>,
): readonly TypeScript.Node[] {
  // What tfjs itself makes layers of is found by its names; its own sources may be part of the program.
  if (isTfjsModule((from as { readonly text?: string }).text ?? "")) return []
  const target = resolveModule(program, file, from)
  if (target === null || seen.has(target)) return []
  seen.add(target)
  const found = name === null ? [] : heldIn(ts, program, target, name, seen)
  return found.length > 0 ? found : target.statements
}

function namesOf(ts: typeof TypeScript, file: TypeScript.SourceFile): FileNames {
  const known = fileNames.get(file)
  if (known !== undefined) return known
  const held = new Map<string, TypeScript.Node[]>(),
    imported = new Map<string, { from: TypeScript.Expression; name: string | null }>(),
    reexported: { from: TypeScript.Expression; clause: TypeScript.NamedExportBindings | undefined }[] = []
  const put = (name: string, node: TypeScript.Node): void => {
    const list = held.get(name)
    if (list === undefined) held.set(name, [node])
    else list.push(node)
  }
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) readImport(ts, statement, imported)
    else if (ts.isExportDeclaration(statement)) {
      if (statement.moduleSpecifier !== undefined) reexported.push({ from: statement.moduleSpecifier, clause: statement.exportClause })
      else if (statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause))
        for (const { name, propertyName } of statement.exportClause.elements) if (propertyName !== undefined) put(name.text, propertyName)
    } else if (ts.isExportAssignment(statement)) put("default", statement.expression)
    else if (ts.isVariableStatement(statement))
      for (const declaration of statement.declarationList.declarations) boundNames(ts, declaration.name).forEach((name) => put(name, declaration))
    else {
      const { name } = statement as { readonly name?: TypeScript.Node }
      if (name !== undefined && ts.isIdentifier(name)) put(name.text, statement)
      if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true)
        put("default", statement)
    }
  }
  const top = new Set([...held.keys(), ...imported.keys()]),
    stored: { readonly name: string; readonly node: TypeScript.Node }[] = []
  // Names of parameters and of variables of functions and blocks: what is stored in one of these is not stored in the file's own.
  const local = new Set<string>()
  const store = (name: string, node: TypeScript.Node): void => void stored.push({ name, node })
  // What code anywhere in the file stores in a name or hands to something it holds: `model = …`, `layers.push(…)`, `weights[i] = …`.
  for (const node of nodesOf(ts, file)) {
    if (ts.isBinaryExpression(node) && isAssignment(ts, node.operatorToken.kind)) {
      const target = rootName(ts, node.left)
      if (target !== null) store(target, node.right)
      else boundIn(ts, node.left).forEach((name) => store(name, node.right))
    } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { expression: callee, arguments: given = [] } = node
      const target = ts.isPropertyAccessExpression(callee) ? rootName(ts, callee) : null
      for (const argument of given) {
        if (target !== null) store(target, argument)
        // What is called may fill what it is handed.
        const name = rootName(ts, argument)
        if (name !== null && !ts.isPropertyAccessExpression(callee)) store(name, callee)
      }
    } else if (ts.isParameter(node) || ts.isVariableDeclaration(node)) boundNames(ts, node.name).forEach((name) => local.add(name))
  }
  for (const { name, node } of stored) if (top.has(name) || !local.has(name)) put(name, node)
  const names = { held, imported, reexported }
  fileNames.set(file, names)
  return names
}

function readImport(
  ts: typeof TypeScript,
  node: TypeScript.ImportDeclaration,
  imported: Map<string, { from: TypeScript.Expression; name: string | null }>,
): void {
  const { importClause: clause, moduleSpecifier: from } = node
  if (clause?.name !== undefined) imported.set(clause.name.text, { from, name: "default" })
  if (clause?.namedBindings === undefined) return
  if (ts.isNamespaceImport(clause.namedBindings)) imported.set(clause.namedBindings.name.text, { from, name: null })
  else for (const { name, propertyName } of clause.namedBindings.elements) imported.set(name.text, { from, name: (propertyName ?? name).text })
}

const isAssignment = (ts: typeof TypeScript, kind: TypeScript.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment

function rootName(ts: typeof TypeScript, node: TypeScript.Expression): string | null {
  let at: TypeScript.Expression = node
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at) || ts.isNonNullExpression(at) || ts.isParenthesizedExpression(at))
    at = at.expression
  return ts.isIdentifier(at) ? at.text : null
}

function boundNames(ts: typeof TypeScript, pattern: TypeScript.BindingName): readonly string[] {
  if (ts.isIdentifier(pattern)) return [pattern.text]
  return pattern.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(ts, element.name) : []))
}

/** The names that a destructuring assignment stores to. */
function boundIn(ts: typeof TypeScript, pattern: TypeScript.Node): readonly string[] {
  const found: string[] = []
  const visit = (node: TypeScript.Node): void => (ts.isIdentifier(node) ? void found.push(node.text) : ts.forEachChild(node, visit))
  visit(pattern)
  return found
}

/** Names under which tfjs makes layers, models and weights, as functions or as properties of something. */
const makers = new Set(["layers", "sequential", "Sequential", "LayersModel", "addWeight", "variable", "Variable", "makeVariable", "RNNCell"])
/** Names that are too common to mean a maker unless they are called. */
const calledMakers = new Set(["model", "Model", "createLayer"])

function mentionsOf(ts: typeof TypeScript, root: TypeScript.Node): Mentions {
  const known = mentions.get(root)
  if (known !== undefined) return known
  const names = new Set<string>(),
    modules: TypeScript.Expression[] = []
  let makes = false
  const visit = (node: TypeScript.Node): void => {
    if (ts.isTypeNode(node) && /\bReturnType\s*</.test(node.getText())) return void queriedNames(ts, node).forEach((name) => names.add(name))
    if (makes || (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) || ts.isInterfaceDeclaration(node)) return
    if (ts.isImportDeclaration(node)) return
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) return void modules.push(node.moduleSpecifier)
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) {
      if (makers.has(node.text)) makes = true
      if (ts.isIdentifier(node) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)) names.add(node.text)
      return
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = node.expression
      const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : ts.isIdentifier(callee) ? callee.text : ""
      if (calledMakers.has(name)) makes = true
      const loads = name === "require" || callee.kind === ts.SyntaxKind.ImportKeyword
      const first = node.arguments?.[0]
      if (loads && first !== undefined && !(ts.isStringLiteralLike(first) && isTfjsModule(first.text))) modules.push(first)
    }
    if (ts.isParameter(node) && node.type !== undefined) {
      const type = node.type.getText()
      if (/Variable/.test(type)) makes = true
      // An alias of what a function returns.
      const alias = /^[\w$]+$/.test(type) ? new RegExp(`\\btype\\s+${type.replace(/\$/g, "\\$")}\\s*=[^;\\n]*ReturnType`) : null
      if (alias?.test(root.getSourceFile().text) === true) names.add(type)
    }
    if (ts.isHeritageClause(node) && node.types.some(({ expression }) => /(Layer|Model|Cell|Wrapper)$/.test(expression.getText()))) makes = true
    ts.forEachChild(node, visit)
  }
  visit(root)
  const found = { makes, names: [...names], modules }
  mentions.set(root, found)
  return found
}

/** The first names of what a type asks the type of: f of `ReturnType<typeof f>`. */
function queriedNames(ts: typeof TypeScript, type: TypeScript.Node): readonly string[] {
  const found: string[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isTypeQueryNode(node)) found.push(/^[\w$]+/.exec(node.exprName.getText())?.[0] ?? "")
    ts.forEachChild(node, visit)
  }
  visit(type)
  return found
}

/** Whether a name is imported from tfjs by itself and begins like a function of its layers: `import { dense } from "@tensorflow/tfjs-layers/…"`. */
function isLayerOfTfjs(imported: FileNames["imported"], name: string): boolean {
  const source = imported.get(name)
  const from = (source?.from as { readonly text?: string } | undefined)?.text
  return from !== undefined && source?.name !== null && source?.name !== "default" && /tfjs-layers/.test(from) && isTfjsModule(from)
}
