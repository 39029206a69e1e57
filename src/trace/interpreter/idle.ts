/**
 * @file Loops that only prepare data. One that has gone round for a while without making a tensor, a layer or a model is left, and whatever it
 * could still change becomes unknown: what it was seen to change, and what its code could change that has not run yet. Where that code could
 * reach a network, the loop is not left here.
 */
import type * as TypeScript from "typescript"
import type { Container, Context } from "../context"
import type { Scope, Value } from "../value"
import { lookup } from "./patterns"
import { touch, write } from "../context"
import { unknown } from "../value"

/** What is noted from some round of a loop on. */
interface Watch {
  readonly products: number
  readonly steps: number
  readonly changed: Map<Container, Container>
  /** Assigned targets and calls that have run, and functions entered with the scope they were made in. */
  readonly seen: Map<TypeScript.Node, Scope | null>
}

export interface IdleLoop {
  /**
   * To be called before each round. True when the loop has been left: what it changes is unknown now. `soon`: a size that nobody states has been
   * given a small number, so that a condition on it either fails after a few rounds or never.
   */
  readonly isOver: (soon?: boolean) => boolean
  /** To be called when the loop ends in any way. */
  readonly end: () => void
}

/** Rounds, or steps, before anything is noted: most loops are shorter. */
const quietRounds = 8
const quietSteps = 1_000

/** @param parts what runs in each round: body, condition, increment. */
export function watchLoop(context: Context, parts: readonly TypeScript.Node[], scope: Scope): IdleLoop {
  const { state, limits } = context
  const start = state.steps
  let count = 0,
    watched = 0,
    refused = false
  let watch: Watch | null = null
  const end = (): void => {
    if (watch === null) return
    state.trail.splice(state.trail.indexOf(watch.changed), 1)
    state.watches.splice(state.watches.indexOf(watch.seen), 1)
    watch = null
  }
  const isOver = (soon = false): boolean => {
    count++
    if (refused) return false
    if (watch !== null && watch.products !== productsOf(context)) end()
    if (watch === null) {
      if (count < quietRounds && state.steps - start < quietSteps) return false
      watch = { products: productsOf(context), steps: state.steps, changed: new Map(), seen: new Map() }
      state.trail.push(watch.changed)
      state.watches.push(watch.seen)
      watched = count
      return false
    }
    if (count - watched < 2 || state.steps - watch.steps < (soon ? quietSteps / 10 : limits.idleSteps)) return false
    const { changed, seen } = watch
    end()
    const unseen = unseenChanges(context, parts, seen, scope)
    refused = unseen === null
    if (unseen === null) return false
    forget(context, changed)
    unseen.forEach((change) => change())
    return true
  }
  return { isOver, end }
}

/** How much of networks has been made so far: a loop that adds nothing to it prepares data. */
export const productsOf = ({ state }: Context): number =>
  state.tensorCount + state.layers.length + state.models.length + state.instances.length + state.compiled.size

const why = "a loop over data is not followed to its end"

/** Everything that containers hold now and did not hold before becomes unknown. */
function forget(context: Context, changed: ReadonlyMap<Container, Container>): void {
  for (const [container, before] of changed) {
    if (Array.isArray(container) && Array.isArray(before)) forgetItems(context, container, before)
    else if (container instanceof Map && before instanceof Map) forgetEntries(context, container, before)
  }
}

function forgetItems(context: Context, items: Value[], before: readonly Value[]): void {
  const same = items.length === before.length
  const now = items.map((item, i) => (item === before[i] ? item : unknown(why, null, [item, ...before.slice(i, i + 1)])))
  touch(context, items)
  if (same) items.splice(0, items.length, ...now)
  else {
    // Of what was added nobody knows how much there will be.
    const kept = now.slice(0, Math.min(items.length, before.length))
    items.splice(0, items.length, ...kept, unknown(why, null, items.slice(kept.length)))
    context.state.uncounted.set(items, unknown(why, "length"))
  }
}

function forgetEntries(context: Context, entries: Map<unknown, unknown>, before: ReadonlyMap<unknown, unknown>): void {
  let isMap = false
  for (const key of new Set([...before.keys(), ...entries.keys()])) {
    const now = entries.get(key) as Value | readonly [Value, Value] | undefined,
      old = before.get(key) as typeof now
    if (now === old) continue
    const held = [now, old].flatMap((value) => (value === undefined ? [] : "kind" in value ? [value] : [value[1]]))
    const pair = [now, old].find((value) => value !== undefined && !("kind" in value)) as readonly [Value, Value] | undefined
    isMap ||= pair !== undefined
    const name = typeof key === "string" && /^[A-Za-z_$][\w$]*$/.test(key) ? key : null
    const value = unknown(why, pair === undefined ? name : null, held)
    write(context, entries, key, pair === undefined ? value : [pair[0], value])
  }
  if (entries.size === before.size) return
  if (isMap) context.state.uncounted.set(entries, unknown(why, "size"))
  else write(context, entries, "\u0000rest", unknown(why, null, [...entries.values()].filter(isValue)))
}

const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null && "kind" in value

/** Forgets one name or container when called. */
type Change = () => void

/**
 * What code of the loop could still change that has not run in the rounds that were watched, and every name it assigns; null where that code
 * could make or change a network, or where nobody can tell what it changes.
 */
function unseenChanges(
  context: Context,
  parts: readonly TypeScript.Node[],
  seen: ReadonlyMap<TypeScript.Node, Scope | null>,
  scope: Scope,
): readonly Change[] | null {
  const changes: Change[] = []
  const entered = [...seen].flatMap(([node, made]) => (made === null ? [] : [{ node, made }]))
  for (const { node, made } of [...parts.map((part) => ({ node: part, made: scope })), ...entered]) {
    for (const effect of effectsOf(context.ts, node)) {
      const isName = effect.kind === "assign" && context.ts.isIdentifier(effect.node)
      if (!isName && seen.has(effect.node)) continue
      const found = changeOf(context, effect, made)
      if (found === "refuse") return null
      if (found !== null) changes.push(found)
    }
  }
  return changes
}

interface Effect {
  readonly kind: "assign" | "call"
  readonly node: TypeScript.Node
}

const effects = new WeakMap<TypeScript.Node, readonly Effect[]>()

/** Every assigned target and every call in a piece of code. */
function effectsOf(ts: typeof TypeScript, root: TypeScript.Node): readonly Effect[] {
  const known = effects.get(root)
  if (known !== undefined) return known
  const found: Effect[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.kind
      if (operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment) found.push({ kind: "assign", node: node.left })
    } else if (ts.isPostfixUnaryExpression(node) || (ts.isPrefixUnaryExpression(node) && isStep(ts, node)))
      found.push({ kind: "assign", node: node.operand })
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) found.push({ kind: "call", node })
    ts.forEachChild(node, visit)
  }
  visit(root)
  effects.set(root, found)
  return found
}

const isStep = (ts: typeof TypeScript, { operator }: TypeScript.PrefixUnaryExpression): boolean =>
  operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken

const harmlessGlobals = new Set(["console", "Math", "Number", "String", "parseInt", "parseFloat", "Array", "Date", "performance"])

function changeOf(context: Context, { kind, node }: Effect, scope: Scope): Change | "refuse" | null {
  const { ts } = context
  if (kind === "assign" && ts.isIdentifier(node)) return forgetName(context, scope, node.text)
  let root = node
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root) || ts.isCallExpression(root) || ts.isNewExpression(root))
    root = root.expression
  if (!ts.isIdentifier(root)) return "refuse"
  const held = lookup(scope, root.text)
  // Globals of the language change nothing but what they are given.
  if (held === undefined) return kind === "call" && harmlessGlobals.has(root.text) ? null : "refuse"
  switch (held.kind) {
    case "primitive":
    case "dim":
    case "unknown":
      return null
    case "native":
      return kind === "call" ? null : "refuse"
    case "array":
      return () => forgetItems(context, held.items, [])
    case "map":
      return () => forgetEntries(context, held.entries, new Map())
    default:
      return "refuse"
  }
}

/** A name of the outside; one that the loop declares itself is gone with it. */
function forgetName(context: Context, scope: Scope, name: string): Change | null {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const { names } = at
    const held = names.get(name)
    if (held !== undefined) return () => write(context, names, name, unknown(why, name, [held]))
  }
  return null
}
