/**
 * @file Loops that only prepare data. One that has gone round for a while without making a tensor, a layer or a model is left, and whatever it
 * could still change becomes unknown: what it was seen to change, and what its code could change that has not run yet. Where that code could
 * reach a network, the loop is not left here.
 */
import type * as TypeScript from "typescript"
import type { Container, Context, Level } from "../context"
import type { Scope, Value } from "../value"
import { unseenChanges, type Refusal } from "./effects"
import { openLevel, place, productsOf, samePlace, touch, write } from "../context"
import { unknown } from "../value"

/** What is noted from some round of a loop on. */
interface Watch {
  readonly products: number
  readonly steps: number
  readonly changed: Level
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

/**
 * How many steps a loop gets that may still make or change a network, or of which nobody can tell what it changes; then it is left all the same,
 * which the report says.
 */
const patience: { readonly [K in Refusal]: number } = { network: 100_000, unclear: 24_000 }

/** @param parts what runs in each round: body, condition, increment. */
export function watchLoop(context: Context, parts: readonly TypeScript.Node[], scope: Scope): IdleLoop {
  const { state, limits } = context
  const start = state.steps
  // What a script computes in the rounds of its training is no network: those it makes beside it are models, or instances of classes.
  const isTraining = state.following === 0 && state.forward === 0 && parts.some(trainsIn)
  const made = (): number => (isTraining ? networksOf(context) : productsOf(context))
  let count = 0,
    watched = 0,
    refused: Refusal | null = null
  let watch: Watch | null = null
  const end = (): void => {
    if (watch === null) return
    state.trail.splice(state.trail.indexOf(watch.changed), 1)
    state.watches.splice(state.watches.indexOf(watch.seen), 1)
    watch = null
  }
  const isOver = (soon = false): boolean => {
    count++
    if (watch !== null && watch.products !== made()) end()
    if (watch === null) {
      if (count < quietRounds && state.steps - start < quietSteps) return false
      watch = { products: made(), steps: state.steps, changed: openLevel(context), seen: new Map() }
      state.watches.push(watch.seen)
      watched = count
      return false
    }
    const { changed } = watch, followed = state.steps - watch.steps
    const least = refused !== null ? patience[refused] : soon ? quietSteps / 10 : Math.min(quietSteps, limits.idleSteps)
    if (count - watched < 2 || followed < least) return false
    // How long a list becomes is worth knowing, `units: words.length`; the numbers that a loop leaves in it hardly are.
    if (refused === null && !soon && followed < limits.idleSteps && fills(changed)) return false
    const { seen } = watch,
      unseen = unseenChanges(context, parts, seen, scope)
    if (typeof unseen === "string" && refused === null) {
      refused = unseen
      return false
    }
    end()
    if (typeof unseen === "string") tooManyRounds(context, parts[1] ?? parts[0])
    forget(context, changed)
    for (const change of typeof unseen === "string" ? [] : unseen) {
      if (change.kind === "items") forgetItems(context, change.items, [], true)
      else if (change.kind === "entries") forgetEntries(context, change.entries, new Map(), true)
      else write(context, change.names, change.name, unknown(why, change.name, [change.held]))
    }
    return true
  }
  return { isOver, end }
}

/** Whether a list, a map or a record has become longer or shorter. */
function fills(changed: ReadonlyMap<Container, Container>): boolean {
  const lengthOf = (container: Container): number => (container instanceof Map ? container.size : container.length)
  return [...changed].some(([container, before]) => lengthOf(container) !== lengthOf(before))
}

const training = new WeakMap<TypeScript.Node, boolean>()

/** Whether code says that it takes steps of training. */
function trainsIn(node: TypeScript.Node): boolean {
  let known = training.get(node)
  if (known === undefined) training.set(node, (known = /\.\s*(minimize|applyGradients|trainOnBatch|fit|fitDataset)\s*\(/.test(node.getText())))
  return known
}

/** How many models there are, with what they consist of, and instances. */
const networksOf = ({ state }: Context): number =>
  state.models.reduce((sum, { layers }) => sum + layers.length + 1, state.instances.length + state.compiled.size)

/** Loops this long are left as they stand, and the reader is told. */
export function tooManyRounds(context: Context, at: TypeScript.Node): void {
  if (at.getSourceFile() !== context.home) return
  const message = "a loop goes round too often: the rest of it is not followed"
  const where = place(context, at)
  if (!context.state.problems.some((problem) => samePlace(problem.place, where))) context.state.problems.push({ message, place: where })
}

const why = "a loop over data is not followed to its end"

/** Everything that containers hold now and did not hold before becomes unknown. */
function forget(context: Context, changed: ReadonlyMap<Container, Container>): void {
  for (const [container, before] of changed) {
    if (Array.isArray(container) && Array.isArray(before)) forgetItems(context, container, before)
    else if (container instanceof Map && before instanceof Map) forgetEntries(context, container, before)
  }
}

function forgetItems(context: Context, items: Value[], before: readonly Value[], grows = items.length !== before.length): void {
  const now = items.map((item, i) => (item === before[i] ? item : unknown(why, null, [item, ...before.slice(i, i + 1)])))
  touch(context, items)
  if (!grows) items.splice(0, items.length, ...now)
  else {
    // Of what was added nobody knows how much there will be.
    const kept = now.slice(0, Math.min(items.length, before.length))
    items.splice(0, items.length, ...kept, unknown(why, null, items.slice(kept.length)))
    context.state.uncounted.set(items, unknown(why, "length"))
  }
}

function forgetEntries(
  context: Context,
  entries: Map<unknown, unknown>,
  before: ReadonlyMap<unknown, unknown>,
  grows = entries.size !== before.size,
): void {
  let isMap = grows && entries.size === 0
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
  if (!grows) return
  if (isMap) context.state.uncounted.set(entries, unknown(why, "size"))
  else write(context, entries, "\u0000rest", unknown(why, null, [...entries.values()].filter(isValue)))
}

const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null && "kind" in value
