/**
 * @file Traces one file: follows its statements, then every class and function that can be a model, and cuts out one graph each. Never throws
 * for bad code.
 */
import type * as TypeScript from "typescript"
import type { ClassValue, FunctionValue, ModelValue, Value } from "./value"
import type { Context, Limits } from "./context"
import type { Place } from "../schema/report"
import type { Traced } from "./models/classes"
import type { TracedFile } from "../graph/graph"
import { attempt } from "./models/attempt"
import { callTf, getProperty, setProperty } from "./interpreter/properties"
import { callValue, constructClass, extendsModel } from "./interpreter/classes"
import { createState, defaultLimits, Stop } from "./context"
import { constructionArguments } from "./models/arguments"
import { evaluate } from "./interpreter/expressions"
import { execute } from "./interpreter/statements"
import { findTraining, trainingOf, type Training } from "./training"
import { callableOf, followFactory, forwardIn, outermost, takesTensors, traceFunction, type Callable } from "./models/functions"
import { declaredName, type FunctionLike } from "../source/forms"
import { forwardOf, traceClass } from "./models/classes"
import { mentionsTfjs } from "../source/tfjs"
import { moduleScope } from "./interpreter/imports"
import { placeOf } from "../source/place"
import { traceModels } from "./models/tfjs"
import { undefinedValue, unknown } from "./value"

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
  const scope = moduleScope(context, home)
  const problems: (Place & { readonly message: string })[] = []
  const models: { readonly traced: Traced; readonly model: ModelValue | null }[] = []
  const guarded = <T>(run: () => T): T | null => {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Stop) || error.reason === "cancelled") throw error
      if (!problems.some((problem) => problem.message === error.message)) problems.push({ message: error.message, ...filePlace(home) })
      return null
    }
  }
  const declared = declarations(context, scope.names)
  const classes = declared.filter((value): value is ClassValue => value.kind === "class")
  const functions = declared.filter((value): value is FunctionValue => value.kind === "function")
  // Functions nobody has called yet may build models.
  const callables: Callable[] = functions.filter((fn) => takesTensors(context, fn)).flatMap((fn) => callableOf(context, fn) ?? [])
  for (const fn of functions) {
    if (!state.entered.has(fn.node) || fn.node.parameters.length === 0) callables.push(...[guarded(() => followFactory(context, fn)) ?? []].flat())
  }
  callables.push(...objectCallables(context, scope.names))
  for (const type of classes) guarded(() => followMethods(context, type))
  const { traced, failures } = guarded(() => traceModels(context)) ?? { traced: [], failures: [] }
  models.push(...traced)
  for (const { model, why } of failures) {
    if (/no layers|no weights/.test(why)) continue
    problems.push({
      message: `the model cannot be read: ${why}`,
      ...placeOf(ts.isCallExpression(model.node) ? model.node.expression : model.node, home),
    })
  }
  for (const type of classes) {
    if (isAbstract(context, type)) continue
    const found = guarded(() => traceClass(context, type))
    if (found !== null) models.push({ traced: found, model: null })
    else if (holdsWeights(context, type)) {
      const message = `the class ${type.name} is not read: its forward pass gives no tensor that depends on its weights`
      problems.push({ message, ...placeOf(type.node.name ?? type.node, home) })
    }
  }
  const asModels = unique(callables).flatMap((callable) => guarded(() => traceFunction(context, callable, scope.names)) ?? [])
  models.push(...outermost(asModels).map((found) => ({ traced: found.traced, model: null })))
  problems.push(...loadedModels(context), ...unreachedModels(context))
  problems.push(...state.problems.map(({ message, place }) => ({ message, ...place })))
  const training = guarded(() => findTraining(context)) ?? { optimizers: [], losses: [] }
  const order = (a: { readonly traced: Traced }, b: { readonly traced: Traced }): number =>
    a.traced.start.line - b.traced.start.line || a.traced.start.column - b.traced.start.column
  return { models: models.sort(order).map(({ traced: found, model }) => withTraining(found, trainingOf(context, training, model))), problems }
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

/** A model with what trains it; a list of variables given to minimize is an assumption a reader must see. */
function withTraining(found: Traced, training: Training): TracedFile["models"][number] {
  const lists = training.optimizers.flatMap(({ variables }) =>
    variables === undefined ? [] : [`only ${variables.join(", ")} is trained where minimize says so`],
  )
  return { ...found, ...training, assumptions: [...new Set([...found.assumptions, ...lists])] }
}

/** Classes and functions declared in the file: at its top, in exported objects, and inside functions that were followed. */
function declarations(context: Context, names: ReadonlyMap<string, Value>): readonly Value[] {
  const found = new Map<TypeScript.Node, Value>()
  const visit = (value: Value, depth: number): void => {
    if ((value.kind === "class" || value.kind === "function") && value.node.getSourceFile() === context.home && !found.has(value.node))
      found.set(value.node, value)
    if (depth > 0 && value.kind === "object" && value.type === null) value.fields.forEach((item) => visit(item, depth - 1))
  }
  names.forEach((value) => visit(value, 2))
  return [...found.values()].sort((a, b) => (a as ClassValue).node.pos - (b as ClassValue).node.pos)
}

const isAbstract = (context: Context, type: ClassValue): boolean =>
  context.ts.getModifiers(type.node as TypeScript.ClassDeclaration)?.some((modifier) => modifier.kind === context.ts.SyntaxKind.AbstractKeyword) ??
  false

/** Methods that build a model with tf.sequential or tf.model and have not been called: on an instance with unknown arguments. */
function followMethods(context: Context, type: ClassValue): void {
  const { ts, state } = context
  const builders = type.node.members.filter(
    (member): member is TypeScript.MethodDeclaration =>
      ts.isMethodDeclaration(member) &&
      member.body !== undefined &&
      !state.entered.has(member) &&
      /\b(sequential|model)\s*\(/.test(member.body.getText()),
  )
  const constructor = type.node.members.find(
    (member): member is TypeScript.ConstructorDeclaration => ts.isConstructorDeclaration(member) && member.body !== undefined,
  )
  const buildsInConstructor =
    constructor !== undefined &&
    !state.entered.has(constructor) &&
    (extendsModel(type) || /\b(sequential|model)\s*\(/.test(constructor.body?.getText() ?? ""))
  if ((builders.length === 0 && !buildsInConstructor) || (forwardOf(context, type) !== null && !buildsInConstructor && builders.length === 0)) return
  attempt(
    context,
    () => {
      const instance =
        state.instances.find((made) => made.type === type) ?? constructClass(context, type, constructionArguments(context, constructor), type.node)
      for (const method of builders) {
        if (state.entered.has(method)) continue
        const fn: FunctionValue = { kind: "function", node: method, scope: type.scope, home: type, fields: new Map() }
        attempt(context, () => context.call(context, fn, instance, constructionArguments(context, method), method), "keep")
      }
      return undefinedValue
    },
    "keep",
  )
}

/** A class that says it has weights and a forward pass. */
const holdsWeights = (context: Context, type: ClassValue): boolean =>
  forwardOf(context, type) !== null && /\baddWeight\s*\(|\bvariable\s*\(|\blayers\.\w+\s*\(/.test(type.node.getText())

/** Calls of tf.sequential and tf.model that nothing leads to. */
function unreachedModels(context: Context): readonly (Place & { readonly message: string })[] {
  const { ts, home, state } = context
  const made = new Set<TypeScript.Node>(state.models.map((model) => model.node)), found: (Place & { message: string })[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && !made.has(node)) {
      const callee = node.expression.getText(), argument = node.arguments[0]
      const functional = /(^|\.)model$/.test(callee) && argument !== undefined && /^\{[^]*\binputs\b[^]*\boutputs\b/.test(argument.getText())
      if (functional || /(^|\.)sequential$/.test(callee)) {
        found.push({ message: "this model is not read: no code that can be followed leads to it", ...placeOf(node.expression, home) })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(home)
  return found
}

function loadedModels(context: Context): readonly (Place & { readonly message: string })[] {
  const { ts, home } = context,
    found: (Place & { message: string })[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && /(^|\.)(loadLayersModel|loadGraphModel|modelFromJSON)$/.test(node.expression.getText())) {
      found.push({ message: "the model is loaded from a file: its definition is not in this source", ...placeOf(node.expression, home) })
    }
    ts.forEachChild(node, visit)
  }
  visit(home)
  return found
}
