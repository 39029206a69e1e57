/** @file Follows statements: declarations, branches, switch, try. Conditions nobody knows are followed both ways. */
import type * as TypeScript from "typescript"
import type { Completion, Context } from "../context"
import type { Scope, Value } from "../value"
import { bindPattern, declare, lookup } from "./patterns"
import { binaryOperation } from "./operators"
import { evaluateClass } from "./classes"
import { forkPaths, settingOf, unseenEvent } from "./fork"
import { inDoubt, rememberConstant } from "./faults"
import { bindImport } from "./imports"
import { rememberClosure } from "./closures"
import { forIn, forLoop, forOf, labeled, whileLoop } from "./loops"
import { Thrown, WrongRank, assume, childScope, normal, place, step } from "../context"
import { typeOfInputChecked } from "./checks"
import { primitive, tfValue, truthOf, undefinedValue, unknown } from "../value"
import { standsForTfjs } from "../../source/tfjsType"

export function execute(context: Context, statements: readonly TypeScript.Statement[], scope: Scope): Completion {
  hoist(context, statements, scope)
  for (const statement of statements) {
    const completion = executeOne(context, statement, scope)
    if (completion.kind !== "normal") return completion
  }
  return normal
}

/** Function declarations are there before the first statement; classes too, so that half-ordered code still reads. */
export function hoist(context: Context, statements: readonly TypeScript.Statement[], scope: Scope): void {
  for (const node of functionsOf(context.ts, statements))
    scope.names.set(
      node.name?.text ?? "default",
      rememberClosure(context, { kind: "function", node, scope, home: scope.frame.home, fields: new Map() }),
    )
}

/** The functions a list of statements declares; the list of a block that runs often is searched once. */
function functionsOf(ts: typeof TypeScript, statements: readonly TypeScript.Statement[]): readonly TypeScript.FunctionDeclaration[] {
  let found = declaredFunctions.get(statements)
  if (found === undefined) {
    found = statements.filter((node): node is TypeScript.FunctionDeclaration => ts.isFunctionDeclaration(node) && node.body !== undefined)
    declaredFunctions.set(statements, found)
  }
  return found
}
const declaredFunctions = new WeakMap<readonly TypeScript.Statement[], readonly TypeScript.FunctionDeclaration[]>()

export function executeOne(context: Context, node: TypeScript.Statement, scope: Scope): Completion {
  step(context, node)
  return executorsFor(context.ts)[node.kind]?.(context, node, scope) ?? normal
}

type Executor = (context: Context, node: TypeScript.Node, scope: Scope) => Completion

/** One table for each version of TypeScript in use, by the kind of syntax. Kinds that are not there (interfaces, type aliases) do nothing. */
const executors = new WeakMap<typeof TypeScript, readonly (Executor | undefined)[]>()

function executorsFor(ts: typeof TypeScript): readonly (Executor | undefined)[] {
  let table = executors.get(ts)
  if (table === undefined) executors.set(ts, (table = createExecutors(ts)))
  return table
}

function createExecutors(ts: typeof TypeScript): readonly (Executor | undefined)[] {
  const K = ts.SyntaxKind
  const table: (Executor | undefined)[] = []
  const put = <N extends TypeScript.Node>(run: (context: Context, node: N, scope: Scope) => Completion, ...kinds: TypeScript.SyntaxKind[]): void =>
    kinds.forEach((kind) => (table[kind] = run as unknown as Executor))
  put((context, node: TypeScript.ExpressionStatement, scope) => (context.evaluate(context, node.expression, scope), normal), K.ExpressionStatement)
  put((context, node: TypeScript.VariableStatement, scope) => (declareAll(context, node.declarationList, scope), normal), K.VariableStatement)
  put((context, node: TypeScript.ReturnStatement, scope) => {
    return { kind: "return", value: node.expression === undefined ? undefinedValue : context.evaluate(context, node.expression, scope) }
  }, K.ReturnStatement)
  put(branch, K.IfStatement)
  put((context, node: TypeScript.Block, scope) => execute(context, node.statements, childScope(scope)), K.Block)
  put((context, node: TypeScript.ForStatement, scope) => forLoop(context, node, scope, null), K.ForStatement)
  put((context, node: TypeScript.ForOfStatement, scope) => forOf(context, node, scope, null), K.ForOfStatement)
  put((context, node: TypeScript.ForInStatement, scope) => forIn(context, node, scope, null), K.ForInStatement)
  const whileOf = (context: Context, node: TypeScript.WhileStatement | TypeScript.DoStatement, scope: Scope): Completion =>
    whileLoop(context, node.expression, node.statement, scope, node.kind === K.WhileStatement, null)
  put(whileOf, K.WhileStatement, K.DoStatement)
  put(switchOn, K.SwitchStatement)
  put(tryBlock, K.TryStatement)
  put((context, node: TypeScript.ThrowStatement, scope) => {
    throw new Thrown(context.evaluate(context, node.expression, scope), place(context, node))
  }, K.ThrowStatement)
  put((_context, node: TypeScript.BreakStatement) => ({ kind: "break", label: node.label?.text ?? null }), K.BreakStatement)
  put((_context, node: TypeScript.ContinueStatement) => ({ kind: "continue", label: node.label?.text ?? null }), K.ContinueStatement)
  put((context, node: TypeScript.ClassDeclaration, scope) => {
    scope.names.set(node.name?.text ?? "default", evaluateClass(context, node, scope))
    return normal
  }, K.ClassDeclaration)
  put(labeled, K.LabeledStatement)
  put(
    (context, node: TypeScript.ImportDeclaration | TypeScript.ImportEqualsDeclaration, scope) => (bindImport(context, node, scope), normal),
    K.ImportDeclaration, K.ImportEqualsDeclaration,
  )
  put((context, node: TypeScript.ExportAssignment, scope) => (declareDefault(context, node, scope), normal), K.ExportAssignment)
  put((context, node: TypeScript.EnumDeclaration, scope) => (declareEnum(context, node, scope), normal), K.EnumDeclaration)
  put((context, node: TypeScript.ModuleDeclaration, scope) => (declareNamespace(context, node, scope), normal), K.ModuleDeclaration)
  return table
}

function declareDefault(context: Context, node: TypeScript.ExportAssignment, scope: Scope): void {
  scope.names.set("default", context.evaluate(context, node.expression, scope))
}

/** A namespace is an object of what its body declares; one that a class, a function or another one shares its name with adds to that. */
function declareNamespace(context: Context, node: TypeScript.ModuleDeclaration, scope: Scope): void {
  const { ts } = context
  if (node.body === undefined || !ts.isIdentifier(node.name)) return
  const inner = childScope(scope), held = lookup(scope, node.name.text)
  if (ts.isModuleBlock(node.body)) execute(context, node.body.statements, inner)
  else if (ts.isModuleDeclaration(node.body)) declareNamespace(context, node.body, inner)
  if (inner.names.size === 0) return
  const fields = held?.kind === "class" ? held.statics : held?.kind === "object" || held?.kind === "function" ? held.fields : null
  if (fields === null) scope.names.set(node.name.text, { kind: "object", fields: inner.names, type: null })
  else inner.names.forEach((value, name) => fields.set(name, value))
}

function declareEnum(context: Context, node: TypeScript.EnumDeclaration, scope: Scope): void {
  const fields = new Map<string, Value>()
  // Members know those before them by name.
  const inner: Scope = { ...childScope(scope), names: fields }
  let next = 0
  for (const member of node.members) {
    const value = member.initializer === undefined ? primitive(next) : context.evaluate(context, member.initializer, inner)
    if (value.kind === "primitive" && typeof value.value === "number") next = value.value + 1
    fields.set((member.name as TypeScript.Identifier).text, value)
  }
  scope.names.set(node.name.text, { kind: "object", fields, type: null })
}

/** `declare const words: string[]`: other code gives it its value. */
const isAmbient = ({ ts }: Context, { parent }: TypeScript.VariableDeclarationList): boolean =>
  ts.isVariableStatement(parent) && parent.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) === true

/** Nothing yet, or nothing that is known. */
const isOpen = (value: Value): boolean => value.kind === "unknown" || (value.kind === "primitive" && value.value == null)

export function declareAll(context: Context, list: TypeScript.VariableDeclarationList, scope: Scope): void {
  const isVar = (list.flags & context.ts.NodeFlags.BlockScoped) === 0, isConstant = (list.flags & context.ts.NodeFlags.Const) !== 0
  for (const declaration of list.declarations) {
    let target = scope
    if (isVar) while (target.parent !== null && target.parent.frame === scope.frame) target = target.parent
    if (declaration.initializer === undefined && isVar && context.ts.isIdentifier(declaration.name) && target.names.has(declaration.name.text))
      continue
    const missing = isAmbient(context, list) ? unknown("a name that is declared elsewhere", declaration.name.getText()) : undefinedValue
    const given = declaration.initializer === undefined ? missing : context.evaluate(context, declaration.initializer, scope)
    const value = isOpen(given) && standsForTfjs(context.ts, context.program, declaration.type) ? tfValue("") : given
    bindPattern(context, declaration.name, value, scope, (name, item) => {
      declare(context, target, name, item)
      if (isConstant) rememberConstant(target, name.text)
    })
  }
}

function branch(context: Context, node: TypeScript.IfStatement, scope: Scope): Completion {
  const condition = context.evaluate(context, node.expression, scope),
    truth = truthOf(condition)
  const then = (): Completion => executeOne(context, node.thenStatement, scope)
  const otherwise = (): Completion => (node.elseStatement === undefined ? normal : executeOne(context, node.elseStatement, scope))
  if (truth === true && context.state.checksPass && onlyThrows(context, node.thenStatement)) {
    assume(context, `the check \`${node.expression.getText()}\` is taken to pass`)
    return otherwise()
  }
  if (truth === true && onlyThrows(context, node.thenStatement) && typeOfInputChecked(context, node.expression, scope)) return otherwise()
  if (truth !== null) return truth ? then() : otherwise()
  const setting = settingOf(context, node.expression, condition)
  const ways = [then, otherwise]
  if (setting?.negated === true) ways.reverse()
  // `if (needed <= there) return`: of sizes that nobody states, what is there is taken to be enough.
  const enough = setting === null && onlyLeaves(context, node) && condition.kind === "unknown" && condition.properties.has("\u0000sides")
  return forkPaths(context, ways, scope.frame, setting?.text ?? node.expression.getText(), node.expression, setting !== null || enough)
}

/** Whether an `if` without `else` does nothing but end a function that gives nothing. */
function onlyLeaves(context: Context, node: TypeScript.IfStatement): boolean {
  const { ts } = context, { thenStatement } = node
  const [only, ...more] = ts.isBlock(thenStatement) ? thenStatement.statements : [thenStatement]
  return node.elseStatement === undefined && more.length === 0 && only !== undefined && ts.isReturnStatement(only) && only.expression === undefined
}

function onlyThrows(context: Context, node: TypeScript.Statement): boolean {
  const { ts } = context
  const last = ts.isBlock(node) ? node.statements.at(-1) : node
  return last !== undefined && ts.isThrowStatement(last)
}

function switchOn(context: Context, node: TypeScript.SwitchStatement, scope: Scope): Completion {
  const { ts } = context,
    subject = context.evaluate(context, node.expression, scope),
    clauses = node.caseBlock.clauses
  const inner = childScope(scope)
  const runFrom = (start: number): Completion => {
    for (const clause of clauses.slice(start)) {
      const completion = execute(context, clause.statements, inner)
      if (completion.kind === "break" && completion.label === null) return normal
      if (completion.kind !== "normal") return completion
    }
    return normal
  }
  const fallback = clauses.findIndex((clause) => ts.isDefaultClause(clause))
  for (let i = 0; i < clauses.length; i++) {
    const clause = clauses[i]
    if (!ts.isCaseClause(clause)) continue
    const truth = truthOf(binaryOperation(context, "===", subject, context.evaluate(context, clause.expression, inner)))
    if (truth === true) return runFrom(i)
    if (truth === null) {
      const ways = clauses.map((_, k) => () => runFrom(k))
      if (fallback < 0) ways.push(() => normal)
      return forkPaths(context, ways, scope.frame, node.expression.getText(), node.expression)
    }
  }
  return fallback < 0 ? normal : runFrom(fallback)
}

const loads = (block: TypeScript.Block): boolean => /\bload(Layers|Graph)?Model\s*\(/.test(block.getText())

function tryBlock(context: Context, node: TypeScript.TryStatement, scope: Scope): Completion {
  let completion: Completion
  try {
    const run = (): Completion => execute(context, node.tryBlock.statements, childScope(scope))
    const rescue = node.catchClause?.block
    // Loading fails where nothing was saved: what is done then may build the model.
    if (rescue !== undefined && loads(node.tryBlock)) {
      const instead = (): Completion => execute(context, rescue.statements, childScope(scope))
      completion = inDoubt(context, () => forkPaths(context, [run, instead], scope.frame, unseenEvent("a model can be loaded"), node))
    } else completion = rescue === undefined ? run() : inDoubt(context, run)
  } catch (error) {
    if (!(error instanceof Thrown) || error instanceof WrongRank || node.catchClause === undefined) throw error
    const inner = childScope(scope),
      { variableDeclaration } = node.catchClause
    if (variableDeclaration !== undefined)
      bindPattern(context, variableDeclaration.name, error.value, inner, (name, value) => inner.names.set(name.text, value))
    completion = execute(context, node.catchClause.block.statements, inner)
  }
  if (node.finallyBlock === undefined) return completion
  const last = execute(context, node.finallyBlock.statements, childScope(scope))
  return last.kind === "normal" ? completion : last
}
