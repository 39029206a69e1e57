/** @file Follows loops: with known bounds round by round, with bounds nobody knows once or not at all, over data for a while. */
import type * as TypeScript from "typescript"
import type { Completion, Context } from "../context"
import type { Scope, Value } from "../value"
import { bindPattern, isIterable, itemsOf } from "./patterns"
import { declareAll, executeOne } from "./statements"
import { forOneItem } from "./counts"
import { forkPaths } from "./fork"
import { inDoubt } from "./faults"
import { tooManyRounds, watchLoop } from "./idle"
import { assume, childScope, normal, productsOf, step } from "../context"
import { settleSymbols } from "./sizes"
import { forgetCounters, onlyFillsTables } from "./tables"
import type { Dim } from "../../schema/report"
import { itemOfGiven, primitive, truthOf, unknown } from "../value"
import { inOpenRound } from "../models/frozen"

type LoopStep = "next" | { readonly leave: Completion }

/** What one round's completion means for a loop. */
function afterRound(completion: Completion, label: string | null): LoopStep {
  if (completion.kind === "normal") return "next"
  if (completion.kind === "return") return { leave: completion }
  if (completion.label !== null && completion.label !== label) return { leave: completion }
  return completion.kind === "continue" ? "next" : { leave: normal }
}

export function forLoop(context: Context, node: TypeScript.ForStatement, scope: Scope, label: string | null): Completion {
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
  const parts = [node.statement, node.condition, node.incrementor].filter((part) => part !== undefined)
  if (sidesOf(test()).some((d) => typeof d === "string") && onlyFillsTables(ts, node)) return fillOnce(context, outer, round)
  return follow(context, { test, round, advance, scope: outer, at: node.condition ?? node, label, parts })
}

/** One round for all of a loop that fills a table whose size nobody states. */
function fillOnce(context: Context, counters: Scope, round: () => Completion): Completion {
  forgetCounters(counters)
  context.state.assumedItems++
  try {
    round()
    return normal
  } finally {
    context.state.assumedItems--
  }
}

export function whileLoop(
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
  const round = (): Completion => executeOne(context, body, scope)
  return follow(context, { test, round, advance: () => undefined, scope, at: condition, label, parts: [body, condition] })
}

interface Rounds {
  readonly test: () => Value
  readonly round: () => Completion
  readonly advance: () => void
  /** Where the loop's own names live. */
  readonly scope: Scope
  /** The condition, or the loop where it has none. */
  readonly at: TypeScript.Node
  readonly label: string | null
  /** What runs in each round. */
  readonly parts: readonly TypeScript.Node[]
}

function follow(context: Context, loop: Rounds): Completion {
  const idle = watchLoop(context, loop.parts, loop.scope)
  try {
    return followRounds(context, loop, idle.isOver)
  } finally {
    idle.end()
  }
}

function followRounds(context: Context, { test, round, advance, scope, at, label }: Rounds, isOver: (soon: boolean) => boolean): Completion {
  const made = productsOf(context)
  let settled = false, surely = 0
  for (let count = 0; ; count++) {
    if (isOver(settled)) {
      if (isEndless(context, at)) tooManyRounds(context, at)
      return normal
    }
    const idle = count >= context.limits.idleRounds && made === productsOf(context)
    if (idle || count >= context.limits.rounds) {
      tooManyRounds(context, at)
      return normal
    }
    let condition = test()
    if (truthOf(condition) === null && settleSizes(context, condition)) {
      settled = true
      // A size is at least one, so that a loop from zero goes round once; whether it does so again is not known.
      surely = count === 0 && sidesOf(condition).includes(0) ? 1 : 0
      condition = test()
    }
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
    const next = afterRound(settled ? inOpenRound(context, () => (count >= surely ? inDoubt(context, round) : round())) : round(), label)
    if (next !== "next") return next.leave
    advance()
  }
}

/** A loop without an end of its own: what follows it is not what the program does next. */
const isEndless = ({ ts }: Context, at: TypeScript.Node): boolean => at.kind === ts.SyntaxKind.TrueKeyword || ts.isForStatement(at)

/** Gives sizes that a loop runs over, and that nobody states, a small value; says so. True when one was given. */
function settleSizes(context: Context, condition: Value): boolean {
  let settled = false
  for (const d of sidesOf(condition)) if (settleSymbols(context, d)) settled = true
  return settled
}

/** The sizes that a comparison nobody can decide compares. */
function sidesOf(condition: Value): readonly Dim[] {
  const sides = condition.kind === "unknown" ? condition.properties.get("\u0000sides") : undefined
  return sides?.kind === "array" ? sides.items.flatMap((side) => (side.kind === "dim" ? [side.dim] : [])) : []
}

export function forOf(context: Context, node: TypeScript.ForOfStatement, scope: Scope, label: string | null): Completion {
  const list = context.evaluate(context, node.expression, scope)
  if (list.kind === "unknown" && list.tensors.length === 0) {
    assume(context, `the list '${node.expression.getText()}' is not known: one item is taken`)
    const item = itemOfGiven(list)
    const next = afterRound(forOneItem(context, node.statement, () => oneItem(context, node, item, scope)), label)
    return next === "next" ? normal : next.leave
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
  return overItems(context, node, itemsOf(context, list, 0), scope, label)
}

function overItems(
  context: Context,
  node: TypeScript.ForOfStatement | TypeScript.ForInStatement,
  items: readonly Value[],
  scope: Scope,
  label: string | null,
): Completion {
  const idle = watchLoop(context, [node.statement, node.initializer], scope)
  try {
    for (const item of [...items]) {
      if (idle.isOver()) return normal
      const next = afterRound(oneItem(context, node, item, scope), label)
      if (next !== "next") return next.leave
    }
    return normal
  } finally {
    idle.end()
  }
}

export function forIn(context: Context, node: TypeScript.ForInStatement, scope: Scope, label: string | null): Completion {
  const object = context.evaluate(context, node.expression, scope)
  if (object.kind === "unknown" && object.tensors.length === 0) {
    assume(context, `the keys of '${node.expression.getText()}' are not known: one is taken`)
    const key = unknown(object.why, "key"), next = afterRound(forOneItem(context, node.statement, () => oneItem(context, node, key, scope)), label)
    return next === "next" ? normal : next.leave
  }
  const keys =
    object.kind === "object"
      ? [...object.fields.keys()].filter((key) => !key.startsWith("\u0000"))
      : object.kind === "array"
        ? object.items.map((_, i) => String(i))
        : []
  return overItems(context, node, keys.map((key) => primitive(key)), scope, label)
}

function oneItem(context: Context, node: TypeScript.ForOfStatement | TypeScript.ForInStatement, item: Value, scope: Scope): Completion {
  step(context, node)
  const inner = childScope(scope),
    { ts } = context
  if (ts.isVariableDeclarationList(node.initializer)) {
    bindPattern(context, node.initializer.declarations[0].name, item, inner, (name, value) => inner.names.set(name.text, value))
  } else if (ts.isIdentifier(node.initializer)) scope.names.set(node.initializer.text, item)
  return executeOne(context, node.statement, inner)
}

export function labeled(context: Context, node: TypeScript.LabeledStatement, scope: Scope): Completion {
  const { ts } = context,
    label = node.label.text,
    body = node.statement
  if (ts.isForStatement(body)) return forLoop(context, body, scope, label)
  if (ts.isForOfStatement(body)) return forOf(context, body, scope, label)
  if (ts.isForInStatement(body)) return forIn(context, body, scope, label)
  if (ts.isWhileStatement(body) || ts.isDoStatement(body))
    return whileLoop(context, body.expression, body.statement, scope, ts.isWhileStatement(body), label)
  const completion = executeOne(context, body, scope)
  return completion.kind === "break" && completion.label === label ? normal : completion
}
