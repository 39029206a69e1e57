/** @file Follows statements: declarations, branches, loops, switch, try. Conditions nobody knows are followed both ways. */
import type * as TypeScript from "typescript"
import type { Completion, Context } from "../context"
import type { Scope, Value } from "../value"
import { bindPattern, declare, isIterable, itemsOf } from "./patterns"
import { binaryOperation } from "./operators"
import { evaluateClass } from "./classes"
import { forkPaths, settingOf } from "./fork"
import { bindImport } from "./imports"
import { Thrown, WrongRank, assume, childScope, normal, place, samePlace, step } from "../context"
import { settleSymbols } from "./sizes"
import { typeOfInputChecked } from "./checks"
import { primitive, truthOf, undefinedValue, unknown } from "../value"

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
    scope.names.set(node.name?.text ?? "default", { kind: "function", node, scope, home: scope.frame.home, fields: new Map() })
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
  step(context)
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
  put((context, node: TypeScript.ModuleDeclaration, scope) => {
    return node.body !== undefined && ts.isModuleBlock(node.body) ? execute(context, node.body.statements, scope) : normal
  }, K.ModuleDeclaration)
  return table
}

function declareDefault(context: Context, node: TypeScript.ExportAssignment, scope: Scope): void {
  scope.names.set("default", context.evaluate(context, node.expression, scope))
}

function declareEnum(context: Context, node: TypeScript.EnumDeclaration, scope: Scope): void {
  const fields = new Map<string, Value>()
  let next = 0
  for (const member of node.members) {
    const value = member.initializer === undefined ? primitive(next) : context.evaluate(context, member.initializer, scope)
    if (value.kind === "primitive" && typeof value.value === "number") next = value.value + 1
    fields.set((member.name as TypeScript.Identifier).text, value)
  }
  scope.names.set(node.name.text, { kind: "object", fields, type: null })
}

export function declareAll(context: Context, list: TypeScript.VariableDeclarationList, scope: Scope): void {
  const isVar = (list.flags & context.ts.NodeFlags.BlockScoped) === 0
  for (const declaration of list.declarations) {
    let target = scope
    if (isVar) while (target.parent !== null && target.parent.frame === scope.frame) target = target.parent
    if (declaration.initializer === undefined && isVar && context.ts.isIdentifier(declaration.name) && target.names.has(declaration.name.text))
      continue
    const value = declaration.initializer === undefined ? undefinedValue : context.evaluate(context, declaration.initializer, scope)
    bindPattern(context, declaration.name, value, scope, (name, item) => declare(context, target, name, item))
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
  return forkPaths(context, ways, scope.frame, setting?.text ?? node.expression.getText(), node.expression, setting !== null)
}

function onlyThrows(context: Context, node: TypeScript.Statement): boolean {
  const { ts } = context
  const last = ts.isBlock(node) ? node.statements.at(-1) : node
  return last !== undefined && ts.isThrowStatement(last)
}

type LoopStep = "next" | { readonly leave: Completion }

/** What one round's completion means for a loop. */
function afterRound(completion: Completion, label: string | null): LoopStep {
  if (completion.kind === "normal") return "next"
  if (completion.kind === "return") return { leave: completion }
  if (completion.label !== null && completion.label !== label) return { leave: completion }
  return completion.kind === "continue" ? "next" : { leave: normal }
}

function forLoop(context: Context, node: TypeScript.ForStatement, scope: Scope, label: string | null): Completion {
  const outer = childScope(scope),
    { ts } = context
  if (node.initializer !== undefined) {
    if (ts.isVariableDeclarationList(node.initializer)) declareAll(context, node.initializer, outer)
    else context.evaluate(context, node.initializer, outer)
  }
  const test = (): Value => (node.condition === undefined ? primitive(true) : context.evaluate(context, node.condition, outer))
  const advance = (): void => void (node.incrementor !== undefined && context.evaluate(context, node.incrementor, outer))
  // Each round has its own copy of the loop's names, so closures keep theirs.
  const round = (): Completion => {
    const inner = childScope(outer)
    outer.names.forEach((value, name) => inner.names.set(name, value))
    const completion = executeOne(context, node.statement, inner)
    inner.names.forEach((value, name) => outer.names.has(name) && outer.names.set(name, value))
    return completion
  }
  return rounds(context, test, round, advance, scope, node.condition ?? node, label)
}

function whileLoop(
  context: Context,
  condition: TypeScript.Expression,
  body: TypeScript.Statement,
  scope: Scope,
  testFirst: boolean,
  label: string | null,
): Completion {
  let first = !testFirst
  const test = (): Value => {
    if (!first) return context.evaluate(context, condition, scope)
    first = false
    return primitive(true)
  }
  return rounds(
    context,
    test,
    () => executeOne(context, body, scope),
    () => undefined,
    scope,
    condition,
    label,
  )
}

function rounds(
  context: Context,
  test: () => Value,
  round: () => Completion,
  advance: () => void,
  scope: Scope,
  at: TypeScript.Node,
  label: string | null,
): Completion {
  const made = productsOf(context)
  for (let count = 0; ; count++) {
    const idle = count >= context.limits.idleRounds && made === productsOf(context)
    if (idle || count >= context.limits.rounds) {
      tooManyRounds(context, at)
      return normal
    }
    let condition = test()
    if (truthOf(condition) === null && settleSizes(context, condition)) condition = test()
    const truth = truthOf(condition)
    if (truth === false) return normal
    if (truth === null) {
      // Nobody knows how often: once or not at all, and what it changes may be either.
      return forkPaths(
        context,
        [
          () => {
            const step = afterRound(round(), label)
            return step === "next" ? normal : step.leave
          },
          () => normal,
        ],
        scope.frame,
        at.getText(),
        at,
      )
    }
    const next = afterRound(round(), label)
    if (next !== "next") return next.leave
    advance()
  }
}

/** How much of networks has been made so far: a loop that adds nothing to it prepares data. */
const productsOf = ({ state }: Context): number => state.tensorCount + state.layers.length + state.models.length + state.instances.length

/** Loops this long only prepare data; what they leave is taken as it is, and the reader is told. */
function tooManyRounds(context: Context, at: TypeScript.Node): void {
  if (at.getSourceFile() !== context.home) return
  const message = "a loop goes round too often: the rest of it is not followed"
  const where = place(context, at)
  if (!context.state.problems.some((problem) => samePlace(problem.place, where))) context.state.problems.push({ message, place: where })
}

/** Gives sizes that a loop runs over, and that nobody states, a small value; says so. True when one was given. */
function settleSizes(context: Context, condition: Value): boolean {
  if (condition.kind !== "unknown") return false
  const sides = condition.properties.get("\u0000sides")
  if (sides?.kind !== "array") return false
  let settled = false
  for (const side of sides.items) if (side.kind === "dim" && settleSymbols(context, side.dim)) settled = true
  return settled
}

function forOf(context: Context, node: TypeScript.ForOfStatement, scope: Scope, label: string | null): Completion {
  const list = context.evaluate(context, node.expression, scope)
  if (list.kind === "unknown" && list.tensors.length === 0) {
    assume(context, `the list '${node.expression.getText()}' is not known: one item is taken`)
    const item = unknown(list.why, list.name === null ? null : list.name.replace(/s$/, ""))
    context.state.assumedItems++
    try {
      const next = afterRound(oneItem(context, node, item, scope), label)
      return next === "next" ? normal : next.leave
    } finally {
      context.state.assumedItems--
    }
  }
  if (!isIterable(list)) {
    return forkPaths(
      context,
      [
        () => {
          const next = afterRound(oneItem(context, node, unknown("an item of something unknown", null, [list]), scope), label)
          return next === "next" ? normal : next.leave
        },
        () => normal,
      ],
      scope.frame,
      node.expression.getText(),
      node.expression,
    )
  }
  for (const item of [...itemsOf(context, list, 0)]) {
    const next = afterRound(oneItem(context, node, item, scope), label)
    if (next !== "next") return next.leave
  }
  return normal
}

function forIn(context: Context, node: TypeScript.ForInStatement, scope: Scope, label: string | null): Completion {
  const object = context.evaluate(context, node.expression, scope)
  const keys =
    object.kind === "object"
      ? [...object.fields.keys()].filter((key) => !key.startsWith("\u0000"))
      : object.kind === "array"
        ? object.items.map((_, i) => String(i))
        : []
  for (const key of keys) {
    const next = afterRound(oneItem(context, node, primitive(key), scope), label)
    if (next !== "next") return next.leave
  }
  return normal
}

function oneItem(context: Context, node: TypeScript.ForOfStatement | TypeScript.ForInStatement, item: Value, scope: Scope): Completion {
  step(context)
  const inner = childScope(scope),
    { ts } = context
  if (ts.isVariableDeclarationList(node.initializer)) {
    bindPattern(context, node.initializer.declarations[0].name, item, inner, (name, value) => inner.names.set(name.text, value))
  } else if (ts.isIdentifier(node.initializer)) scope.names.set(node.initializer.text, item)
  return executeOne(context, node.statement, inner)
}

function labeled(context: Context, node: TypeScript.LabeledStatement, scope: Scope): Completion {
  const { ts } = context,
    label = node.label.text,
    body = node.statement
  if (ts.isForStatement(body)) return forLoop(context, body, scope, label)
  if (ts.isForOfStatement(body)) return forOf(context, body, scope, label)
  if (ts.isForInStatement(body)) return forIn(context, body, scope, label)
  if (ts.isWhileStatement(body)) return whileLoop(context, body.expression, body.statement, scope, true, label)
  const completion = executeOne(context, body, scope)
  return completion.kind === "break" && completion.label === label ? normal : completion
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

function tryBlock(context: Context, node: TypeScript.TryStatement, scope: Scope): Completion {
  let completion: Completion
  try {
    completion = execute(context, node.tryBlock.statements, childScope(scope))
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
