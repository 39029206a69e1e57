/**
 * @file What every part of the tracer shares: the program, the mutable state of one file's trace, its limits and notes, and the
 * interpreter's entry points, handed in as functions so that tables of ops and layers do not import the interpreter.
 */
import type * as TypeScript from "typescript"
import type { Dim, Place, SiteKind } from "../schema/report"
import type {
  ActiveCall, ClassValue, Frame, FunctionValue, LayerState, ModelValue, ObjectValue, Scope, TensorValue, UnknownValue, Value, Weight,
} from "./value"
import { assume, type Assumed } from "./assumed"
import { addDim, multiplyDim, substituteDim, symbolsOf } from "../graph/dim"
import { calleePlace, placeOf } from "../source/place"
import { declaredName } from "../source/forms"

export { assume } from "./assumed"

export interface Limits {
  /** Expressions and statements evaluated per traced file, per file that is read for its top level, and per model. */
  readonly steps: number
  readonly moduleSteps: number
  readonly modelSteps: number
  readonly depth: number
  /** Operations at the top of files, and of each function or model that is followed; four times as many in all. */
  readonly tensors: number
  readonly milliseconds: number
  /** Steps that may pass without a tensor, layer or model: then nothing more is expected of what is followed. */
  readonly quietSteps: number
  /** Times one loop goes round. */
  readonly rounds: number
  /** The same for a loop that makes no tensor, layer or model, and steps after which it is left where what it changes can be told. */
  readonly idleRounds: number
  readonly idleSteps: number
}
export const defaultLimits: Limits = {
  steps: 3_000_000,
  moduleSteps: 200_000,
  modelSteps: 300_000,
  depth: 150,
  tensors: 60_000,
  milliseconds: 5_000,
  quietSteps: 110_000,
  rounds: 3_000,
  idleRounds: 1_000,
  idleSteps: 4_000,
}

export type Completion =
  | { readonly kind: "normal" }
  | { readonly kind: "return"; readonly value: Value }
  | { readonly kind: "break" | "continue"; readonly label: string | null }
export const normal: Completion = { kind: "normal" }

/** An error that steers the evaluation. Nobody reads its stack, which takes longer to write down than the rest of a branch takes to follow. */
class Control extends Error {
  constructor(message: string) {
    // V8 alone knows this number.
    const errors: ErrorConstructor & { stackTraceLimit?: number } = Error
    const limit = errors.stackTraceLimit ?? 10
    errors.stackTraceLimit = 0
    super(message)
    errors.stackTraceLimit = limit
  }
}

/** Stops the evaluation of one model: a limit, or the caller no longer wants it. */
export class Stop extends Control {
  constructor(
    readonly reason: "limit" | "cancelled",
    message: string,
  ) {
    super(message)
  }
}
/** A `throw` of the traced program. */
export class Thrown extends Control {
  constructor(
    readonly value: Value,
    readonly place: Place,
  ) {
    super("the traced code throws")
  }
}
/** Something a table of ops or layers cannot read; becomes an unknown value with this reason. */
export class Unreadable extends Control {}
/** The rank of an input that nobody stated turned out to be another one: the model is traced again with it. */
export class WrongRank extends Control {
  constructor(
    readonly input: TensorValue,
    readonly rank: number,
  ) {
    super(`rank ${rank} expected`)
  }
}

/** A parameter without a type turned out to be used as a tensor: the function is followed again with an input in its place. */
export class NeedsTensor extends Control {
  constructor(readonly parameter: string) {
    super(`'${parameter}' is a tensor`)
  }
}

/** Whether an error steers the evaluation; any other one is a fault of the reader and must not end the file. */
export const isControl = (error: unknown): boolean =>
  error instanceof Stop || error instanceof Thrown || error instanceof WrongRank || error instanceof NeedsTensor || error instanceof RangeError

export interface Note {
  readonly what: string
  readonly place: Place
  readonly owners: readonly object[]
}
/** Where code that surely runs throws, and why. */
export interface Fault {
  readonly what: string
  readonly place: Place
  /** The layers, instances and models that it was met in; empty for code outside of all. */
  readonly owners: readonly object[]
}
/** Tensors made by serials above `from` up to `to` are gone, but for some. */
export interface Disposal {
  readonly from: number
  readonly to: number
  readonly spared: ReadonlySet<TensorValue>
}
export interface SiteRecord {
  readonly kind: SiteKind
  readonly label: string
  readonly place: Place
  readonly tensors: Set<TensorValue>
  readonly weights: Set<Weight>
}
export type Container = (Map<unknown, unknown> & { /** Levels opened before it was made. */ born?: number }) | Value[]
/** What a branch or loop has changed, as it was before. */
export type Level = Map<Container, Container> & { readonly since: number }

/** What calls mean while a loss is followed; null where they mean what they always do. */
export interface LossHooks {
  readonly callFunction: (fn: FunctionValue, args: readonly Value[], at: TypeScript.Node) => Value | null
  readonly callModel: (model: ModelValue, args: readonly Value[], at: TypeScript.Node) => Value | null
  readonly callUnknown: (callee: UnknownValue, self: Value, args: readonly Value[], at: TypeScript.Node) => Value | null
  readonly callOp: (name: string, args: readonly Value[], at: TypeScript.Node) => Value | null
  /** "losses.huberLoss", "metrics.mse". */
  readonly callLoss: (path: string, args: readonly Value[], at: TypeScript.Node) => Value | null
}

export interface State {
  /** While a loss is followed. */
  loss: LossHooks | null
  /** What calls of compile were given as the loss. */
  readonly compiledLosses: Map<TypeScript.Node, Value>
  steps: number
  stepLimit: number
  depth: number
  serial: number
  tensorCount: number
  tensorLimit: number
  /** How many tensors are not `computed`: data of the program, made while no forward pass is followed. */
  dataCount: number
  /** Above 0 while a function or class is followed as a network; layers that scripts apply do not count. */
  following: number
  readonly startedAt: number
  /** When something was last made, and how much there was by then. */
  madeAt: number
  made: number
  /** Sizes learned for symbols: a symbol of an input that met a weight's number. */
  readonly solution: Map<string, Dim>
  /** Symbols of sizes that the source leaves open with `null`. */
  readonly openSizes: Set<string>
  readonly symbols: Map<string, number>
  /** Copies of what a branch nobody knows to be taken has changed, innermost last. */
  readonly trail: Level[]
  /** Inputs whose rank is a guess and whose shape nobody has read yet. */
  readonly guesses: Set<TensorValue>
  /** How many inputs of a guessed rank have had their shape read, by an op or by the code. */
  metGuesses: number
  /** Reshapes whose −1 left a single entry beside more axes than there were: a sign of an input with an axis too few. */
  emptyAxes: number
  /** Products whose one operand is stretched over axes of the other, which tfjs cannot train: a sign of an input with an axis too many. */
  stretchedProducts: number
  /** Assigned targets, calls and functions that have run, for each loop whose changes are watched. */
  readonly watches: Map<TypeScript.Node, Scope | null>[]
  assumptions: Set<string>
  /** By their words, what assumptions are about. */
  readonly assumed: Map<string, Assumed>
  notes: Note[]
  faults: Fault[]
  /** Above 0 where something nobody knows decides whether what is followed runs at all. */
  doubts: number
  readonly disposed: Disposal[]
  readonly kept: Set<TensorValue>
  /** Those of code at the top of files, which belongs to no attempt at following a function. */
  readonly top: { readonly assumptions: Set<string>; readonly notes: Note[]; readonly solution: Map<string, Dim> }
  readonly sites: Map<string, SiteRecord>
  /** Places of nodes, and those of what a reader points at of a call. */
  readonly places: Map<TypeScript.Node, Place>
  readonly callees: Map<TypeScript.Node, Place>
  readonly models: ModelValue[]
  readonly instances: ObjectValue[]
  readonly layers: LayerState[]
  /** Calls of compile and of optimizers by the models they were called on or for. */
  readonly compiled: Map<TypeScript.Node, Set<ModelValue>>
  readonly owners: object[]
  readonly scopes: Map<TypeScript.SourceFile, Scope>
  /** Files whose statements are being followed, and the serials of what those that are imported have made. */
  readonly reading: Set<TypeScript.SourceFile>
  readonly madeAtTop: (readonly [from: number, to: number])[]
  readonly problems: { readonly message: string; readonly place: Place }[]
  /** Function bodies entered so far, and the instances each class made. */
  readonly entered: Set<TypeScript.Node>
  readonly active: ActiveCall[]
  /** Functions made inside functions of the analyzed file, by declaration. */
  readonly closures: Map<TypeScript.Node, FunctionValue>
  /** Whether checks of the program's own state (`if (data === null) throw …`) are taken to pass: nobody has run what comes before. */
  checksPass: boolean
  /** Above 0 while a list nobody knows is followed for one item; what is filled meanwhile has an unknown length. */
  assumedItems: number
  readonly uncounted: WeakMap<object, Value>
  /** Above 0 while a forward pass is followed: random tensors are fresh noise there, fixed numbers elsewhere. */
  forward: number
  /** Above 0 in the `call` of a layer class: tfjs runs it on tensors, also where it is part of a model. */
  calling: number
}

export interface Context {
  readonly ts: typeof TypeScript
  readonly program: TypeScript.Program
  /** The program to ask for types: `program` may hold no declarations, which takes a host a second to read. */
  readonly typed: () => TypeScript.Program
  readonly home: TypeScript.SourceFile
  readonly limits: Limits
  readonly cancelled: () => boolean
  readonly state: State
  readonly evaluate: (context: Context, node: TypeScript.Expression, scope: Scope) => Value
  readonly execute: (context: Context, statements: readonly TypeScript.Statement[], scope: Scope) => Completion
  readonly call: (context: Context, callee: Value, self: Value, args: readonly Value[], at: TypeScript.Node) => Value
  readonly construct: (context: Context, callee: Value, args: readonly Value[], at: TypeScript.Node) => Value
  readonly get: (context: Context, object: Value, key: string, at: TypeScript.Node) => Value
  readonly set: (context: Context, object: Value, key: string, value: Value, at: TypeScript.Node) => void
  readonly moduleScope: (context: Context, file: TypeScript.SourceFile) => Scope
}

export function createState(): State {
  const assumptions = new Set<string>(), notes: Note[] = []
  return {
    top: { assumptions, notes, solution: new Map() },
    reading: new Set(),
    loss: null,
    compiledLosses: new Map(),
    steps: 0,
    stepLimit: Infinity,
    depth: 0,
    serial: 0,
    tensorCount: 0,
    tensorLimit: Infinity,
    dataCount: 0,
    following: 0,
    startedAt: Date.now(),
    madeAt: 0,
    made: 0,
    solution: new Map(),
    openSizes: new Set(),
    symbols: new Map(),
    trail: [],
    guesses: new Set(),
    metGuesses: 0,
    emptyAxes: 0,
    stretchedProducts: 0,
    watches: [],
    assumptions,
    assumed: new Map(),
    notes,
    faults: [],
    doubts: 0,
    disposed: [],
    kept: new Set(),
    sites: new Map(),
    places: new Map(),
    callees: new Map(),
    models: [],
    instances: [],
    layers: [],
    compiled: new Map(),
    owners: [],
    scopes: new Map(),
    madeAtTop: [],
    problems: [],
    entered: new Set(),
    active: [],
    closures: new Map(),
    forward: 0,
    calling: 0,
    checksPass: false,
    assumedItems: 0,
    uncounted: new WeakMap(),
  }
}

/** Counts one step and stops at the limits. */
export function step(context: Context, at: TypeScript.Node): void {
  const { state, limits } = context
  state.steps++
  if (state.steps > state.stepLimit) throw stopAt(context, tooManySteps(context), at)
  if (state.steps % 1000 === 0) {
    if (context.cancelled()) throw new Stop("cancelled", "cancelled")
    const made = productsOf(context)
    if (made !== state.made) Object.assign(state, { made, madeAt: state.steps })
    else if (state.steps - state.madeAt > limits.quietSteps) throw stopAt(context, tooManySteps(context), at)
    if (isLate(context)) throw stopAt(context, tooLate(context), at)
  }
}

export const isLate = ({ state, limits }: Context): boolean => Date.now() - state.startedAt > limits.milliseconds
export const tooLate = ({ limits }: Context): string => `reading takes more than ${secondsText(limits.milliseconds)}: what follows is not read`

/** Says of which function, the innermost one with a name. */
function tooManySteps({ ts, state }: Context): string {
  const name = state.active.flatMap(({ node }) => declaredName(ts, node) ?? []).at(-1)?.getText()
  return `reading ${name === undefined || name.length > 40 ? "this" : `'${name}'`} takes too many steps: what follows is not read`
}

/**
 * How much of networks has been made so far: code that adds nothing to it prepares data, or trains a network that is there. Tensors, weights,
 * layers and models have serials.
 */
export const productsOf = ({ state }: Context): number => state.serial - state.dataCount + state.instances.length + state.compiled.size

const secondsText = (milliseconds: number): string => (milliseconds === 1000 ? "1 second" : `${milliseconds / 1000} seconds`)

/** What to throw at a limit; the report says once that it was met, and where first. */
export function stopAt(context: Context, message: string, at: TypeScript.Node | undefined): Stop {
  const where = at ?? context.state.active.at(-1)?.node
  if (where !== undefined) tellLimit(context, message, where)
  return new Stop("limit", message)
}

/** Has the report say that something is not followed; what files do at their own top while they are imported is their matter. */
export function tellLimit(context: Context, message: string, at: TypeScript.Node): void {
  const { state, home } = context
  if ([...state.reading].some((file) => file !== home) || state.problems.some((problem) => problem.message === message)) return
  state.problems.push({ message, place: place(context, at) })
}

/** Tells the loops that are watched that a piece of code has run; of a function, with the scope it was made in. */
export function seen(context: Context, node: TypeScript.Node, scope: Scope | null = null): void {
  for (const watch of context.state.watches) watch.set(node, scope)
}

/** Notes that something depends on the rank of a tensor. */
export function meet(context: Context, tensor: TensorValue): void {
  const { state } = context
  if (state.guesses.size > 0 && state.guesses.delete(tensor)) state.metGuesses++
}

export const nextSerial = (context: Context): number => ++context.state.serial
export const place = (context: Context, node: TypeScript.Node): Place => knownPlace(context.state.places, node, () => placeOf(node, context.home))
export const callee = (context: Context, node: TypeScript.Node): Place =>
  knownPlace(context.state.callees, node, () => calleePlace(context.ts, node, context.home))

/** Loops and attempts come by the same code again and again. */
function knownPlace(places: Map<TypeScript.Node, Place>, node: TypeScript.Node, find: () => Place): Place {
  let known = places.get(node)
  if (known === undefined) places.set(node, (known = find()))
  return known
}

/** Remembers a container before it changes, for branches that may not be taken. */
export function touch(context: Context, container: Container): void {
  // What was made inside a branch is gone with it.
  const born = container instanceof Map ? (container.born ?? 0) : 0
  for (const level of context.state.trail) {
    if (level.since > born && !level.has(container)) level.set(container, container instanceof Map ? new Map(container) : [...container])
  }
}

/** Counts the branches and loops that have been entered, to tell what was made inside of one. */
let levels = 0

/** Remembers from now on what changes, innermost last. */
export function openLevel(context: Context): Level {
  const level = Object.assign(new Map<Container, Container>(), { since: ++levels })
  context.state.trail.push(level)
  return level
}

/** Writes a key of a map-like container, remembered for branches. */
export function write<K, V>(context: Context, container: Map<K, V>, key: K, value: V): void {
  if (context.state.trail.length > 0) touch(context, container as Container)
  container.set(key, value)
}

export function note(context: Context, what: string, node: TypeScript.Node): void {
  const at = callee(context, node)
  if (context.state.notes.some((known) => known.what === what && samePlace(known.place, at))) return
  context.state.notes.push({ what, place: at, owners: [...context.state.owners] })
}

export const samePlace = (a: Place, b: Place): boolean => placeKey(a) === placeKey(b)
export const placeKey = (at: Place): string => `${at.start.file ?? ""}:${at.start.line}:${at.start.column}:${at.end.line}:${at.end.column}`

/** The site of that kind at a place, one for all rounds of a loop. */
export function siteAt(context: Context, kind: SiteKind, at: Place, label: string): SiteRecord {
  const key = `${kind}:${placeKey(at)}`
  let site = context.state.sites.get(key)
  if (site === undefined) context.state.sites.set(key, (site = { kind, label, place: at, tensors: new Set(), weights: new Set() }))
  return site
}

/** The sites that made each of these tensors; a site's own are searched where they are fewer. */
export function sitesMaking(context: Context, tensors: readonly TensorValue[]): ReadonlyMap<TensorValue, readonly SiteRecord[]> {
  const found = new Map<TensorValue, SiteRecord[]>(tensors.map((t) => [t, []]))
  for (const site of context.state.sites.values()) {
    if (site.tensors.size < tensors.length) site.tensors.forEach((t) => found.get(t)?.push(site))
    else for (const t of tensors) if (site.tensors.has(t)) found.get(t)?.push(site)
  }
  return found
}

/** A new symbol that reads `base`; inside it carries a number, so that two unknown sizes of one name stay two. */
export function freshSymbol(context: Context, base: string): string {
  const clean = base.replace(/[^\w$.]/g, "_").replace(/^(?=[\d.])/, "_") || "n"
  const count = (context.state.symbols.get(clean) ?? 0) + 1
  context.state.symbols.set(clean, count)
  return `${clean}\u00b7${count}`
}

/** A size with everything learned about its symbols filled in. */
export function resolveDim(context: Context, d: Dim): Dim {
  const { solution } = context.state
  if (typeof d === "number" || solution.size === 0) return d
  let current: Dim = d
  for (let round = 0; round < 8 && typeof current === "string"; round++) {
    const known = symbolsOf(current).filter((symbol) => solution.has(symbol))
    if (known.length === 0) return current
    current = substituteDim(current, Object.fromEntries(known.map((symbol) => [symbol, solution.get(symbol) as Dim])))
  }
  return current
}

/** Whether a size is one symbol that may still be given a value. */
export const isFreeSymbol = (d: Dim): d is string => typeof d === "string" && /^[\w$.]+\u00b7\d+$/.test(d)

/** Makes two sizes equal where a symbol allows it. */
export function unifyDims(context: Context, a: Dim, b: Dim): boolean {
  const left = resolveDim(context, a),
    right = resolveDim(context, b)
  if (left === right) return true
  if (isFreeSymbol(left) && !symbolsOf(right).includes(left)) {
    const keepLeft = isFreeSymbol(right) && rankOfSymbol(left) < rankOfSymbol(right)
    context.state.solution.set(keepLeft ? (right as string) : left, keepLeft ? left : right)
    return true
  }
  if (isFreeSymbol(right) && !symbolsOf(left).includes(right)) {
    context.state.solution.set(right, left)
    return true
  }
  return fitMultiples(context, left, right)
}

/** Strides and pools that halve a size this often and restore it: deeper ones than five are not met. */
const halvings = [2, 4, 8, 16, 32, 64]

/**
 * Makes sizes equal that a network halves, rounding, and doubles again, as the skips of a U-Net do: they fit where the size halved is a multiple, or
 * leaves a certain rest, which is assumed.
 */
function fitMultiples(context: Context, a: Dim, b: Dim): boolean {
  if (!/floor\(|ceil\(/.test(`${a}${b}`)) return false
  const open = [...new Set([...symbolsOf(a), ...symbolsOf(b)])].filter((symbol) => isFreeSymbol(symbol) && !/^batch\u00b7/.test(symbol))
  for (const symbol of open)
    for (const factor of halvings)
      for (let rest = 0; rest < Math.min(factor, 16); rest++) {
        const values = { [symbol]: addDim(multiplyDim(factor, symbol), rest) }
        if (substituteDim(a, values) !== substituteDim(b, values)) continue
        const [name] = symbol.split("\u00b7"), multiple = `a multiple of ${factor}`
        const taken = rest === 0 ? multiple : `${rest} more than ${multiple}`
        assume(context, `'${name}' is taken to be ${taken}: only then the sizes fit that meet here`, { symbols: [symbol] })
        context.state.solution.set(symbol, addDim(multiplyDim(factor, freshSymbol(context, name)), rest))
        return true
      }
  return false
}

/** Symbols of the source stay; names made up for an axis ("x.1") give way first. */
const rankOfSymbol = (symbol: string): number => (/^batch\u00b7/.test(symbol) ? 0 : symbol.includes(".") ? 2 : 1)

export function childScope(parent: Scope, frame: Frame = parent.frame): Scope {
  const names: Scope["names"] & { born?: number } = new Map<string, Value>()
  names.born = levels
  return { names, parent, frame }
}

/** Whether a class value has tf.layers.Layer among its ancestors. */
export function extendsLayer(type: Value | null): boolean {
  for (let at: Value | null = type; at !== null;) {
    if (at.kind === "tf") return /^(layers\.)?(Layer|RNNCell|Wrapper)$/.test(at.path)
    if (at.kind !== "class") return false
    at = (at as ClassValue).base
  }
  return false
}
