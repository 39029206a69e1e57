/**
 * @file Conditions nobody knows: every way is followed on a copy of the state, and what the ways disagree about becomes a value
 * that may be either. A tensor that may be either of two is an opaque function of both, so no law survives that only one way has.
 */
import type { Completion, Container, Context } from "../context"
import type { Frame, TensorValue, Value } from "../value"
import type * as TypeScript from "typescript"
import { assumeOf, rememberCondition } from "../assumed"
import { assume, Stop, Thrown, WrongRank, normal, openLevel, touch } from "../context"
import { makeTensor, shapeOf } from "../tensor"
import { isLoaded, isNullish, tensorsIn, unknown } from "../value"

const copyOf = (container: Container): Container => (container instanceof Map ? new Map(container) : [...container])

function restore(container: Container, from: Container): void {
  if (container instanceof Map && from instanceof Map) {
    container.clear()
    from.forEach((value, key) => container.set(key, value))
  } else if (Array.isArray(container) && Array.isArray(from)) container.splice(0, container.length, ...from)
}

interface Outcome {
  readonly completion: Completion | "throws"
  readonly after: Map<Container, Container>
}

/**
 * Follows every alternative and merges what they leave. `text` names the condition for reasons. With `prefer` the condition is a plain
 * setting that nobody gives: where the ways disagree the first one is taken, which is said in the assumptions.
 */
export function forkPaths(
  context: Context,
  alternatives: readonly (() => Completion)[],
  frame: Frame,
  text: string,
  at: TypeScript.Node,
  prefer = false,
): Completion {
  rememberCondition(context, text)
  const outcomes = alternatives.map((run): Outcome => {
    const level = openLevel(context)
    let completion: Completion | "throws"
    try {
      completion = run()
    } catch (error) {
      if (error instanceof Stop || error instanceof WrongRank || !(error instanceof Thrown)) throw error
      completion = "throws"
    } finally {
      context.state.trail.pop()
    }
    const after = new Map([...level.keys()].map((container): [Container, Container] => [container, copyOf(container)]))
    level.forEach((before, container) => restore(container, before))
    return { completion, after }
  })
  const alive = outcomes.filter((outcome) => outcome.completion !== "throws")
  // A way that throws is a check of the arguments: the network is what passes it.
  if (alive.length === 0) throw new Thrown(unknown("every way throws"), { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } })
  if (alive.length === 1) {
    alive[0].after.forEach((after, container) => apply(context, container, after))
    return alive[0].completion as Completion
  }
  const leaves = (outcome: Outcome): boolean => (outcome.completion as Completion).kind === "return"
  if (prefer && alive.some((outcome) => leaves(outcome) !== leaves(alive[0]))) {
    takeFirst(context, text)
    alive[0].after.forEach((after, container) => apply(context, container, after))
    return alive[0].completion as Completion
  }
  // Where one way leaves the function and the other goes on, what follows belongs to the one that goes on.
  const returning = alive.filter(leaves)
  const going = returning.length === alive.length ? alive : alive.filter((o) => !returning.includes(o))
  if (returning.length < alive.length) {
    for (const outcome of returning) frame.pending.push((outcome.completion as { value: Value }).value)
    // The call of the function takes this back.
    if (returning.length > 0) context.state.doubts++
  }
  merge(context, going, text, at, prefer)
  if (returning.length === alive.length) {
    return {
      kind: "return",
      value: returning.map((o) => (o.completion as { value: Value }).value).reduce((a, b) => joinValues(context, a, b, text, at, prefer)),
    }
  }
  const first = going[0].completion as Completion
  return going.every((o) => (o.completion as Completion).kind === first.kind) ? first : normal
}

function apply(context: Context, container: Container, after: Container): void {
  touch(context, container)
  restore(container, after)
}

/** Stands in place of a condition for a callback that something unknown, as the source writes it, may run or not. */
export const unseenCallback = (caller: string): string => `\u0000${caller}`

/** Stands in place of a condition for what no expression of the source says. */
export const unseenEvent = (event: string): string => `\u0001${event}`

const shown = (text: string): string => (text < " " ? text.slice(1) : text)

function doubted(text: string): string {
  if (text.startsWith("\u0001")) return `whether ${text.slice(1)} is not known`
  return text.startsWith("\u0000") ? `whether \`${text.slice(1)}\` runs what it is given is not known` : `the condition \`${text}\` is not known`
}

const takeFirst = (context: Context, text: string): void =>
  assumeOf(context, text, text.startsWith("\u0000") ? `\`${text.slice(1)}\` runs what it is given` : `\`${text}\` is taken to be true`)

function merge(context: Context, outcomes: readonly Outcome[], text: string, at: TypeScript.Node, prefer: boolean): void {
  const containers = new Set(outcomes.flatMap((outcome) => [...outcome.after.keys()]))
  for (const container of containers) {
    const versions = outcomes.map((outcome) => outcome.after.get(container) ?? container)
    if (Array.isArray(container)) {
      const lists = versions as Value[][]
      const longest = lists.reduce((a, b) => (b.length > a.length ? b : a))
      if (lists.some((list) => list.length !== longest.length)) {
        if (prefer) takeFirst(context, text)
        else assumeOf(context, text, `${doubted(text)}: the longer list it may leave is taken`)
        apply(context, container, prefer ? lists[0] : longest)
      } else
        apply(
          context,
          container,
          longest.map((_, i) => lists.map((list) => list[i]).reduce((a, b) => joinValues(context, a, b, text, at, prefer))),
        )
      continue
    }
    if (container instanceof Map) mergeMap(context, container, versions as Map<unknown, unknown>[], text, at, prefer)
  }
}

/** Of most maps one key or two have changed: only these are joined. */
function mergeMap(
  context: Context,
  container: Map<unknown, unknown>,
  versions: readonly ReadonlyMap<unknown, unknown>[],
  text: string,
  at: TypeScript.Node,
  prefer: boolean,
): void {
  const changed = new Set<unknown>()
  for (const version of versions) {
    version.forEach((value, key) => container.get(key) !== value && changed.add(key))
    if (version.size < container.size || changed.size > 0) container.forEach((_, key) => version.has(key) || changed.add(key))
  }
  if (changed.size === 0) return
  touch(context, container)
  for (const key of changed) {
    const joined = versions
      .map((version) => version.get(key))
      .reduce((a, b) => (a === b ? a : joinValues(context, a as Value | undefined, b as Value | undefined, text, at, prefer)))
    if (joined === undefined) container.delete(key)
    else container.set(key, joined)
  }
}

/** A value that may be either of two. */
export function joinValues(
  context: Context,
  a: Value | undefined,
  b: Value | undefined,
  text: string,
  at: TypeScript.Node,
  prefer = false,
): Value {
  if (a === undefined || b === undefined) return (a ?? b) as Value
  if (a === b || sameValue(a, b)) return a
  const built = joinLoaded(context, a, b)
  if (built !== null) return built
  if (a.kind === "model" && b.kind === "model") a.alternatives = [...(a.alternatives ?? []), b]
  if (prefer) {
    takeFirst(context, text)
    return a
  }
  if (a.kind === "tensor" && b.kind === "tensor") {
    const shape = shapeOf(context, a)
    if (shape.join() === shapeOf(context, b).join()) return eitherTensor(context, [a, b], shape, text, at)
  }
  if (a.kind === "array" && b.kind === "array" && a.items.length === b.items.length) {
    return { kind: "array", items: a.items.map((item, i) => joinValues(context, item, b.items[i], text, at, prefer)) }
  }
  if (isChosen(a) && isChosen(b)) {
    assumeOf(context, text, `${doubted(text)}: its first way is taken`)
    return a
  }
  // A layer that is left out on some way is used where it is there: its use would throw without it.
  for (const [part, other] of [[a, b], [b, a]]) {
    if (!isPart(part) || !isNullish(other)) continue
    assumeOf(context, text, `${doubted(text)}: a way that makes a ${part.kind === "model" ? "model" : "layer"} is taken`)
    return part
  }
  if (a.kind === "array" && a.items.length === 1 && a.items[0] === b) return a
  if (b.kind === "array" && b.items.length === 1 && b.items[0] === a) return b
  // A map key pair of a Map value is an array of two values; it is not joined further.
  if (!("kind" in a) || !("kind" in b)) return b
  return unknown(`it depends on the condition \`${shown(text)}\``, null, tensorsIn([a, b]))
}

/** Of a model that is loaded where it was saved before and one that is built otherwise, the one whose definition is here. */
function joinLoaded(context: Context, a: Value, b: Value): Value | null {
  if (!isLoaded(a) && !isLoaded(b)) return null
  const other = isLoaded(a) ? b : a
  if (isNullish(other) || isLoaded(other)) return isLoaded(a) ? a : b
  if (!isPart(other)) return null
  assume(context, "where a model is loaded or built, the one that is built is taken", { since: 0 })
  return other
}

function eitherTensor(context: Context, tensors: readonly TensorValue[], shape: TensorValue["shape"], text: string, at: TypeScript.Node): Value {
  return makeTensor(
    context,
    { kind: "opaque", what: `either way of \`${shown(text)}\``, reason: "the condition is not known" },
    tensors,
    { at, label: "condition" },
    shape,
  )
}

/** Layers and models: they cannot be joined, only chosen. */
const isPart = (value: Value): boolean => value.kind === "layer" || value.kind === "model" || (value.kind === "object" && value.layer !== undefined)

/** Layers, models and instances of classes: two of them cannot be joined, only chosen. */
const isChosen = (value: Value): boolean => isPart(value) || (value.kind === "object" && value.type !== null)

function sameValue(a: Value, b: Value): boolean {
  if (a.kind === "primitive" && b.kind === "primitive") return Object.is(a.value, b.value)
  if (a.kind === "dim" && b.kind === "dim") return a.dim === b.dim
  if (a.kind === "tf" && b.kind === "tf") return a.path === b.path
  return a.kind === "function" && b.kind === "function" && a.node === b.node && a.scope === b.scope
}

/** A condition that only asks for a setting: a name, a property, their negation or conjunction; null for anything that computes. */
export function settingOf(context: Context, node: TypeScript.Expression, value: Value): { readonly text: string; readonly negated: boolean } | null {
  const { ts } = context
  // Whether a saved model is there is no setting: one is built where it is not.
  if (value.kind !== "unknown" || value.tensors.length > 0 || isLoaded(value)) return null
  const plain = (part: TypeScript.Expression): boolean => {
    if (ts.isParenthesizedExpression(part)) return plain(part.expression)
    if (ts.isBinaryExpression(part) && part.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) return plain(part.left) && plain(part.right)
    if (ts.isPropertyAccessExpression(part) || ts.isNonNullExpression(part)) return plain(part.expression)
    return ts.isIdentifier(part) || part.kind === ts.SyntaxKind.ThisKeyword
  }
  if (ts.isParenthesizedExpression(node)) return settingOf(context, node.expression, value)
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return plain(node.operand) ? { text: node.operand.getText(), negated: true } : null
  }
  return plain(node) ? { text: node.getText(), negated: false } : null
}
