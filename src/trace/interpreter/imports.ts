/** @file Imports and modules: tfjs under any name, other files of the program followed, everything else unknown. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Scope, Value } from "../value"
import { ShapeError } from "../../graph/shape"
import { plainText } from "../ops/table"
import { Stop, tellLimit, Thrown, Unreadable, WrongRank } from "../context"
import { executeOne, hoist } from "./statements"
import { backendOfLayers } from "./layersBackend"
import { nameIn } from "./patterns"
import { isOwnClass, isTfjsModule } from "../../source/tfjs"
import { resolveModule } from "../../source/modules"
import { native, tfValue, undefinedValue, unknown } from "../value"

export function bindImport(context: Context, node: TypeScript.ImportDeclaration | TypeScript.ImportEqualsDeclaration, scope: Scope): void {
  const { ts } = context
  if (ts.isImportEqualsDeclaration(node)) {
    if (ts.isExternalModuleReference(node.moduleReference))
      scope.names.set(node.name.text, moduleValue(context, scope.frame.module, node.moduleReference.expression))
    return
  }
  const clause = node.importClause
  if (clause === undefined) {
    importedScope(context, scope.frame.module, node.moduleSpecifier)
    return
  }
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return
  const { module } = scope.frame
  const read = (name: string) => (): Value => importedName(context, module, node.moduleSpecifier, name)
  if (clause.name !== undefined) bindLater(context, node, scope, clause.name.text, read("default"))
  const bindings = clause.namedBindings
  if (bindings === undefined) return
  if (ts.isNamespaceImport(bindings)) {
    bindLater(context, node, scope, bindings.name.text, () => moduleValue(context, module, node.moduleSpecifier))
    return
  }
  for (const element of bindings.elements)
    if (!element.isTypeOnly) bindLater(context, node, scope, element.name.text, read((element.propertyName ?? element.name).text))
}

/** Binds a name of a file to what an import gives when it is first asked for: most of what files import is not asked for. */
function bindLater(context: Context, node: TypeScript.ImportDeclaration, scope: Scope, name: string, read: () => Value): void {
  const { imports } = scope
  if (imports === undefined || isTfjsModule(specifierText(node.moduleSpecifier))) return void scope.names.set(name, read())
  let busy = false,
    held: Value | null = null
  imports.set(name, () => {
    if (held !== null) return held
    if (busy) return unknown(`'${name}' is asked for while it is being made`, name)
    busy = true
    try {
      const file = resolveModule(context.program, scope.frame.module, node.moduleSpecifier)
      const value = read()
      // A file that is still being followed may export it later.
      if (value.kind === "unknown" && file !== null && context.state.reading.has(file)) return value
      held = value
      scope.names.set(name, value)
      // It was there before whatever branch or loop has asked first.
      for (const level of context.state.trail) (level.get(scope.names) as Map<string, Value> | undefined)?.set(name, value)
      return value
    } finally {
      busy = false
    }
  })
}

const specifierText = (node: TypeScript.Expression): string => (node as { text?: string }).text ?? ""

function importedScope(context: Context, from: TypeScript.SourceFile, specifier: TypeScript.Expression): Scope | null {
  const file = resolveModule(context.program, from, specifier)
  return file === null ? null : context.moduleScope(context, file)
}

export function importedName(context: Context, from: TypeScript.SourceFile, specifier: TypeScript.Expression, name: string): Value {
  const text = specifierText(specifier)
  if (isTfjsModule(text)) return backendOfLayers(context, text, name) ?? tfValue(name === "default" ? "" : name)
  const file = resolveModule(context.program, from, specifier)
  if (file === null) return unknown(`'${name}' comes from ${text}, which is not among the files read`, name === "default" ? null : name)
  if (isOwnClass(file.fileName, name)) return tfValue(name)
  return exportOf(context, file, name, new Set()) ?? unknown(`${text} does not export '${name}'`, name)
}

/** The value of an export, through re-exports; cyclic ones end in null. */
export function exportOf(context: Context, file: TypeScript.SourceFile, name: string, seen: Set<TypeScript.SourceFile>): Value | null {
  if (seen.has(file)) return null
  seen.add(file)
  const { ts } = context,
    scope = context.moduleScope(context, file)
  for (const statement of file.statements) {
    if (!ts.isExportDeclaration(statement)) continue
    const from = statement.moduleSpecifier
    const clause = statement.exportClause
    if (clause !== undefined && ts.isNamedExports(clause)) {
      const element = clause.elements.find((e) => e.name.text === name)
      if (element === undefined) continue
      const source = (element.propertyName ?? element.name).text
      return from === undefined ? (nameIn(scope, source) ?? null) : importedName(context, file, from, source)
    }
    if (clause !== undefined && ts.isNamespaceExport(clause) && clause.name.text === name && from !== undefined)
      return moduleValue(context, file, from)
    if (clause === undefined && from !== undefined) {
      if (isTfjsModule(specifierText(from))) continue
      const target = resolveModule(context.program, file, from)
      const found = target === null ? null : exportOf(context, target, name, seen)
      if (found !== null) return found
    }
  }
  const own = nameIn(scope, name) ?? (name === "default" ? defaultDeclaration(context, file, scope) : undefined)
  return own ?? commonJsExport(scope, name)
}

function defaultDeclaration(context: Context, file: TypeScript.SourceFile, scope: Scope): Value | undefined {
  const { ts } = context
  for (const statement of file.statements) {
    if (
      (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
      statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)
    ) {
      return scope.names.get(statement.name?.text ?? "default")
    }
  }
  return undefined
}

function commonJsExport(scope: Scope, name: string): Value | null {
  const module = scope.names.get("module"),
    held = module?.kind === "object" ? module.fields.get("exports") : undefined
  const exports = held ?? scope.names.get("exports")
  if (name === "default" && held !== undefined && !(held.kind === "object" && held.fields.size === 0)) return held
  return exports?.kind === "object" ? (exports.fields.get(name) ?? null) : null
}

/** A whole module as a value: `import * as m` and `require`. */
export function moduleValue(context: Context, from: TypeScript.SourceFile, specifier: TypeScript.Expression): Value {
  const text = specifierText(specifier)
  if (isTfjsModule(text)) return tfValue("")
  const file = resolveModule(context.program, from, specifier)
  if (file === null) return unknown(`${text} is not among the files read`)
  const scope = context.moduleScope(context, file)
  const replaced = commonJsExport(scope, "default")
  if (replaced !== null) return replaced
  const fields = new Map<string, Value>()
  for (const name of exportedNames(context, file, new Set())) {
    const own = scope.names.get(name)
    if (own !== undefined) fields.set(name, own)
    // What comes from other files is read when somebody asks for it.
    else fields.set(`\u0000get ${name}`, native(name, () => exportOf(context, file, name, new Set()) ?? undefinedValue))
  }
  const exports = scope.names.get("exports")
  if (exports?.kind === "object") exports.fields.forEach((value, key) => fields.set(key, value))
  return { kind: "object", fields, type: null }
}

function exportedNames(context: Context, file: TypeScript.SourceFile, seen: Set<TypeScript.SourceFile>): readonly string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const { ts } = context
  return file.statements.flatMap((statement): readonly string[] => {
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause !== undefined)
        return ts.isNamedExports(statement.exportClause)
          ? statement.exportClause.elements.map((e) => e.name.text)
          : [statement.exportClause.name.text]
      const target = statement.moduleSpecifier === undefined ? null : resolveModule(context.program, file, statement.moduleSpecifier)
      return target === null ? [] : exportedNames(context, target, seen)
    }
    if (ts.isExportAssignment(statement)) return ["default"]
    const exported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)
    if (exported !== true) return []
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap((d) => (ts.isIdentifier(d.name) ? [d.name.text] : []))
    const { name } = statement as { name?: TypeScript.Identifier }
    return name === undefined ? ["default"] : [name.text]
  })
}

/** The outermost scope of a file, after its statements have been followed once; a file that is still being read gives what it has so far. */
export function moduleScope(context: Context, file: TypeScript.SourceFile): Scope {
  const known = context.state.scopes.get(file)
  if (known !== undefined) return known
  const exports: Value = { kind: "object", fields: new Map(), type: null }
  const module: Value = { kind: "object", fields: new Map([["exports", exports]]), type: null }
  const scope: Scope = {
    names: new Map([
      ["module", module],
      ["exports", exports],
    ]),
    imports: new Map(),
    parent: null,
    frame: { self: undefinedValue, home: null, pending: [], yields: null, module: file },
  }
  context.state.scopes.set(file, scope)
  atTop(context, file, () => followStatements(context, file, scope))
  return scope
}

/**
 * Runs what belongs to the top of a file: outside of the function, the branch or the loop that has just asked for it, and with steps of its own.
 */
function atTop(context: Context, file: TypeScript.SourceFile, run: () => void): void {
  const { state } = context
  const { stepLimit, steps, notes, assumptions, faults, doubts, assumedItems, forward, checksPass, depth } = state
  const lists = [state.owners, state.trail, state.watches, state.active].map((list: unknown[]) => ({ list, held: list.splice(0) }))
  const before = new Set(state.solution.keys()),
    start = state.serial
  Object.assign(state, { notes: state.top.notes, assumptions: state.top.assumptions, assumedItems: 0, forward: 0, checksPass: false, depth: 0 })
  Object.assign(state, { faults: file === context.home ? faults : [], doubts: 0 })
  state.reading.add(file)
  try {
    run()
  } finally {
    state.reading.delete(file)
    for (const { list, held } of lists) list.splice(0, list.length, ...held)
    Object.assign(state, { notes, assumptions, faults, doubts, assumedItems, forward, checksPass, depth })
    state.solution.forEach((d, symbol) => before.has(symbol) || state.top.solution.set(symbol, d))
    if (file !== context.home) state.madeAtTop.push([start, state.serial])
    state.stepLimit = Math.min(context.limits.steps, stepLimit + state.steps - steps)
  }
}

function followStatements(context: Context, file: TypeScript.SourceFile, scope: Scope): void {
  hoist(context, file.statements, scope)
  for (const statement of file.statements) {
    // Each statement has a share of its own, so that preparing data does not hide the model that follows.
    context.state.stepLimit = Math.min(context.limits.steps, context.state.steps + context.limits.moduleSteps)
    context.state.madeAt = context.state.steps
    try {
      executeOne(context, statement, scope)
    } catch (error) {
      // One statement that fails leaves the others readable; limits end the file.
      if (error instanceof Stop) {
        if (error.reason === "cancelled") throw error
        const outOfTime = Date.now() - context.state.startedAt > context.limits.milliseconds
        if (!outOfTime && context.state.steps < context.limits.steps && context.state.tensorCount <= context.state.tensorLimit) continue
        break
      }
      if (error instanceof Unreadable || error instanceof ShapeError) tellLimit(context, plainText(error.message), statement)
      else if (error instanceof RangeError) tellLimit(context, "what this makes holds itself or is too large to be followed", statement)
      else if (!(error instanceof Thrown) && !(error instanceof WrongRank)) throw error
    }
  }
}
