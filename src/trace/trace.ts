/**
 * @file Traces one file: follows its statements, then every class and function that can be a model, and cuts out one graph each. Never throws
 * for bad code.
 */
import type * as TypeScript from "typescript"
import type { ClassValue, FunctionValue, ModelValue, ObjectValue, Value } from "./value"
import type { Context, Limits } from "./context"
import type { Place } from "../schema/report"
import type { Traced } from "./models/classes"
import type { TracedFile } from "../graph/graph"
import { callTf, getProperty, setProperty } from "./interpreter/properties"
import { callValue, constructClass } from "./interpreter/classes"
import { createState, defaultLimits, Stop } from "./context"
import { evaluate } from "./interpreter/expressions"
import { followClosures, followMethods, innerFunctions, methodCallables, selfOf } from "./models/builders"
import { execute } from "./interpreter/statements"
import { trainModels } from "./trained"
import { callableOf, followFactory, forwardIn, namesAt, outermost, isMarked, takesTensors, traceFunction, type Callable } from "./models/functions"
import { declaredName, type FunctionLike } from "../source/forms"
import { constructMakers, forwardOf, traceClass } from "./models/classes"
import { callsOf } from "../source/calls"
import { leadsToNetwork } from "../source/reach"
import { mentionsTfjs } from "../source/tfjs"
import { globalObject } from "./interpreter/globals"
import { moduleScope } from "./interpreter/imports"
import { plainText } from "./ops/table"
import { refuseCycles } from "./models/cycles"
import { placeOf } from "../source/place"
import { isWithin, lastName } from "../source/nodes"
import { traceModels } from "./models/tfjs"
import { faultOfClass, isUnread, whyUnknown, wrapsModel } from "./models/wrappers"
import { unknown } from "./value"

export interface TraceOptions {
  /** True when the caller no longer wants the answer. */
  readonly cancelled?: () => boolean
  readonly limits?: Partial<Limits>
  /** The program whose checker knows all types, where `program` lacks declarations. */
  readonly typed?: () => TypeScript.Program
}

const nothing: TracedFile = { models: [], problems: [] }

/** The models of a source file, with what could not be read; empty for files that have nothing to do with tfjs. */
export function traceFile(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  sourceFile: TypeScript.SourceFile,
  options: TraceOptions = {},
): TracedFile {
  if (sourceFile.isDeclarationFile || !mentionsTfjs(ts, sourceFile)) return nothing
  // Making the checker binds every file, which sets the parent links that reading text and places needs.
  program.getTypeChecker()
  const context = createContext(ts, program, sourceFile, options)
  try {
    return follow(context)
  } catch (error) {
    if (error instanceof Stop && error.reason === "cancelled") return nothing
    const message = error instanceof Error ? error.message : String(error)
    return { models: [], problems: [{ message: `the file cannot be read: ${message}`, ...filePlace(sourceFile) }] }
  }
}

/** The stack of whoever reads the file is as long as what is nested in it. */
const tooDeep = "code, layers or names are nested too deeply: something of this file is not read"

const filePlace = (_file: TypeScript.SourceFile): Place => ({ start: { line: 1, column: 1 }, end: { line: 1, column: 1 } })

function createContext(ts: typeof TypeScript, program: TypeScript.Program, home: TypeScript.SourceFile, options: TraceOptions): Context {
  return {
    ts,
    program,
    home,
    limits: { ...defaultLimits, ...options.limits },
    cancelled: options.cancelled ?? (() => false),
    typed: options.typed ?? (() => program),
    state: createState(),
    evaluate,
    execute,
    moduleScope,
    call: (context, callee, self, args, at) => callValue(context, callee, self, args, at, (path) => callTf(context, path, args, at)),
    construct,
    get: getProperty,
    set: setProperty,
  }
}

function construct(context: Context, callee: Value, args: readonly Value[], at: TypeScript.Node): Value {
  switch (callee.kind) {
    case "class":
      return constructClass(context, callee, args, at)
    case "native":
      return callee.construct?.(args, at) ?? unknown(`new ${callee.name}`)
    case "tf":
      return callTf(context, callee.path, args, at)
    case "unknown":
      return unknown(callee.why, callee.name, args)
    default:
      return unknown("new of something that is no class", null, args)
  }
}

function follow(context: Context): TracedFile {
  const { state, home, ts } = context
  state.stepLimit = context.limits.steps
  state.tensorLimit = context.limits.tensors
  const scope = moduleScope(context, home)
  const problems: (Place & { readonly message: string })[] = []
  const models: { readonly traced: Traced; readonly model: ModelValue | null }[] = []
  const guarded = <T>(run: () => T): T | null => {
    try {
      return run()
    } catch (error) {
      const message = error instanceof RangeError ? tooDeep : error instanceof Stop && error.reason !== "cancelled" ? error.message : null
      if (message === null) throw error
      const known = [...problems, ...state.problems].some((problem) => problem.message === message)
      if (!known) problems.push({ message, ...filePlace(home) })
      return null
    }
  }
  const { declared, holders } = declarations(context, new Map([...globalObject(context).fields, ...scope.names]))
  const classes = declared.filter((value): value is ClassValue => value.kind === "class")
  const functions = declared.filter((value): value is FunctionValue => value.kind === "function")
  const leads = (node: TypeScript.Node): boolean => leadsToNetwork(ts, context.program, node)
  const mayBeModel = (fn: FunctionValue): boolean => takesTensors(context, fn) && (isMarked(context, fn) || leads(fn.node))
  // Functions nobody has called yet may build models.
  const callables: Callable[] = functions
    .filter(mayBeModel)
    .flatMap((fn) => callableOf(context, fn, selfOf(context, fn, holders.get(fn.node))) ?? [])
  for (const fn of functions) {
    if ((state.entered.has(fn.node) && fn.node.parameters.length > 0) || !leads(fn.node)) continue
    callables.push(...[guarded(() => followFactory(context, fn, selfOf(context, fn, holders.get(fn.node)))) ?? []].flat())
  }
  callables.push(...objectCallables(context, scope.names))
  for (const type of classes) guarded(() => followMethods(context, type))
  followClosures(context, (fn) => void guarded(() => followFactory(context, fn)))
  refuseCycles(state.models)
  const { traced, failures } = guarded(() => traceModels(context)) ?? { traced: [], failures: [] }
  models.push(...traced)
  const reported = traced.map(({ model }) => model)
  for (const { model, why, refused } of failures) {
    if (refused !== undefined) {
      const { what, start, end } = refused
      problems.push({ message: `the model cannot be built: ${plainText(what)}`, start, end })
      continue
    }
    if (/no layers|no weights/.test(why)) continue
    problems.push({
      message: `the model cannot be read: ${why}`,
      ...placeOf(ts.isCallExpression(model.node) ? model.node.expression : model.node, home),
    })
  }
  guarded(() => constructMakers(context, classes))
  const networkClasses: TypeScript.Node[] = [], unread: ClassValue[] = []
  for (const type of classes) {
    if (isAbstract(context, type) || !(leads(type.node) || state.instances.some((made) => made.type === type))) continue
    const found = guarded(() => traceClass(context, type))
    if (found === null) unread.push(type)
    else {
      networkClasses.push(type.node)
      if (!(isUnread(found) && wrapsModel(context, found, reported))) models.push({ traced: found, model: null })
    }
  }
  for (const type of unread) callables.push(...(guarded(() => methodCallables(context, type)) ?? []))
  const ownFunctions = unique(callables).flatMap((callable) => guarded(() => traceFunction(context, callable, scope.names)) ?? [])
  const inner = innerFunctions(context, [...networkClasses, ...ownFunctions.map(({ node }) => node)])
    // Their weights may be local to the function around them, where no name of the file leads.
    .filter((fn) => takesTensors(context, fn))
    .flatMap((fn) => callableOf(context, fn) ?? [])
  const ofInner = inner.flatMap((callable) => guarded(() => traceFunction(context, callable, namesAt(context, callable, scope.names))) ?? [])
  const asModels = [...ownFunctions, ...ofInner]
  const networks = asModels.filter((found) => found.tagged || !wrapsModel(context, found.traced, reported))
  models.push(...outermost(networks).map((found) => ({ traced: found.traced, model: null })))
  const read = [...reported, ...networks].map(({ node }) => node)
  for (const type of unread.filter((open) => holdsWeights(context, open) && !read.some((inside) => isWithin(inside, open.node)))) {
    const { name, node } = type, fault = faultOfClass(type)
    const why = whyUnknown(type) ?? "its forward pass gives no tensor that depends on its weights"
    const message =
      fault === undefined
        ? `the class ${name} is not read: ${plainText(why)}`
        : `the class ${name} throws whatever it is given: ${plainText(fault.what)}`
    problems.push({ message, ...(fault?.place ?? placeOf(node.name ?? node, home)) })
  }
  problems.push(...loadedModels(context), ...unreachedModels(context))
  problems.push(...state.problems.map(({ message, place }) => ({ message, ...place })))
  const order = (a: { readonly traced: Traced }, b: { readonly traced: Traced }): number =>
    a.traced.start.line - b.traced.start.line || a.traced.start.column - b.traced.start.column
  return { models: trainModels(context, models.sort(order), guarded), problems }
}

/** Objects at the top of the file with a forward function among their fields, and closures that factories returned there. */
function objectCallables(context: Context, names: ReadonlyMap<string, Value>): readonly Callable[] {
  return [...names].flatMap(([name, value]): Callable[] => {
    const fn = forwardIn(context, value)
    if (fn === null || fn.node.getSourceFile() !== context.home || (value.kind === "function" && declaredName(context.ts, fn.node) !== null))
      return []
    const declaration = declarationOf(context, name)
    if (declaration === null) return []
    const root = value.kind === "object" ? value : null
    return [{ name: declaration, forward: fn.node as FunctionLike, holdsWeights: true, make: () => ({ fn, self: value, root }) }]
  })
}

function declarationOf(context: Context, name: string): TypeScript.Node | null {
  const { ts } = context
  for (const statement of context.home.statements) {
    if (!ts.isVariableStatement(statement)) continue
    for (const { name: declared } of statement.declarationList.declarations) if (ts.isIdentifier(declared) && declared.text === name) return declared
  }
  return null
}

/** One for every forward function: what holds its weights goes before what only calls it. */
const unique = (callables: readonly Callable[]): readonly Callable[] =>
  callables.filter(
    (own) =>
      !callables.some(
        (other) =>
          other !== own &&
          other.forward === own.forward &&
          ((other.holdsWeights && !own.holdsWeights) ||
            (other.holdsWeights === own.holdsWeights && callables.indexOf(other) < callables.indexOf(own))),
      ),
  )

interface Declarations {
  readonly declared: readonly Value[]
  /** The objects that functions are fields of, by declaration. */
  readonly holders: ReadonlyMap<TypeScript.Node, ObjectValue>
}

/** Classes and functions declared in the file: at its top, in exported objects, and inside functions that were followed. */
function declarations(context: Context, names: ReadonlyMap<string, Value>): Declarations {
  const found = new Map<TypeScript.Node, Value>(), holders = new Map<TypeScript.Node, ObjectValue>()
  const visit = (value: Value, depth: number, holder: ObjectValue | null): void => {
    if ((value.kind === "class" || value.kind === "function") && value.node.getSourceFile() === context.home && !found.has(value.node)) {
      found.set(value.node, value)
      if (holder !== null) holders.set(value.node, holder)
    }
    // A class whose name its only instance has taken, or that has none.
    if (value.kind === "object" && value.type !== null) visit(value.type, 0, null)
    if (depth > 0 && value.kind === "object" && value.type === null) value.fields.forEach((item) => visit(item, depth - 1, value))
  }
  names.forEach((value) => visit(value, 2, null))
  return { declared: [...found.values()].sort((a, b) => (a as ClassValue).node.pos - (b as ClassValue).node.pos), holders }
}

const isAbstract = (context: Context, type: ClassValue): boolean =>
  context.ts.getModifiers(type.node as TypeScript.ClassDeclaration)?.some((modifier) => modifier.kind === context.ts.SyntaxKind.AbstractKeyword) ??
  false

/** A class that says it has weights and a forward pass. */
const holdsWeights = (context: Context, type: ClassValue): boolean =>
  forwardOf(context, type) !== null && /\baddWeight\s*\(|\bvariable\s*\(|\blayers\.\w+\s*\(/.test(type.node.getText())

/** Calls of tf.sequential and tf.model that nothing leads to. */
function unreachedModels(context: Context): readonly (Place & { readonly message: string })[] {
  const { ts, home, state } = context
  const made = new Set<TypeScript.Node>(state.models.map((model) => model.node)), found: (Place & { message: string })[] = []
  for (const node of callsOf(ts, home)) {
    if (made.has(node)) continue
    const name = lastName(ts, node.expression), argument = node.arguments[0]
    const functional = name === "model" && argument !== undefined && /^\{[^]*\binputs\b[^]*\boutputs\b/.test(argument.getText())
    if (functional || name === "sequential")
      found.push({ message: "this model is not read: no code that can be followed leads to it", ...placeOf(node.expression, home) })
  }
  return found
}

function loadedModels(context: Context): readonly (Place & { readonly message: string })[] {
  const { ts, home } = context,
    found: (Place & { message: string })[] = []
  for (const node of callsOf(ts, home)) {
    const name = lastName(ts, node.expression)
    if (name === "loadLayersModel" || name === "loadGraphModel" || name === "modelFromJSON") {
      found.push({ message: "the model is loaded from a file: its definition is not in this source", ...placeOf(node.expression, home) })
    }
    if (name === "loadWeights" && /(^|\.)io\.loadWeights$/.test(node.expression.getText())) {
      const message = "weights are loaded from a file: their shapes are not in this source, and networks over them are not read"
      found.push({ message, ...placeOf(node.expression, home) })
    }
  }
  return found
}
