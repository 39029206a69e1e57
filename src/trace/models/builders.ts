/**
 * @file Code that builds models and that nothing in the file calls: methods of classes, on an instance made with unknown arguments, and functions
 * in the fields of objects, on the object.
 */
import type * as TypeScript from "typescript"
import type { ClassValue, FunctionValue, ObjectValue, Value } from "../value"
import type { Context } from "../context"
import { attempt } from "./attempt"
import { constructClass, extendsModel } from "../interpreter/classes"
import { constructionArguments } from "./arguments"
import { forwardOf } from "./classes"
import { speaksOfTensors } from "../interpreter/closures"
import { takesTensors, type Callable } from "./functions"
import { assume, extendsLayer } from "../context"
import { undefinedValue } from "../value"

type Method = TypeScript.MethodDeclaration

/** Follows the methods that build a model, or add layers to one, and have not been called. */
export function followMethods(context: Context, type: ClassValue): void {
  const { ts, state } = context
  const holdsForward = forwardOf(context, type) !== null, isLayer = extendsLayer(type)
  const builders = type.node.members.filter(
    (member): member is TypeScript.MethodDeclaration =>
      ts.isMethodDeclaration(member) &&
      member.body !== undefined &&
      !state.entered.has(member) &&
      buildsModel(member.body, !holdsForward) &&
      // A layer is built and called where it is applied, and once.
      !(isLayer && /^(build|call)$/.test(member.name.getText())),
  )
  const constructor = type.node.members.find(
    (member): member is TypeScript.ConstructorDeclaration => ts.isConstructorDeclaration(member) && member.body !== undefined,
  )
  const buildsInConstructor =
    (constructor !== undefined &&
      !state.entered.has(constructor) &&
      (extendsModel(type) || /\b(sequential|model)\s*\(/.test(constructor.body?.getText() ?? ""))) ||
    (!state.instances.some((made) => made.type === type) && type.node.members.some((member) => makesModel(ts, member)))
  if (builders.length === 0 && !buildsInConstructor) return
  const leading = callersOf(context, type, builders)
  attempt(
    context,
    () => {
      const instance =
        state.instances.find((made) => made.type === type) ?? constructClass(context, type, constructionArguments(context, constructor), type.node)
      for (const method of [...leading, ...builders]) {
        if (state.entered.has(method) || builders.every((builder) => state.entered.has(builder))) continue
        const fn: FunctionValue = { kind: "function", node: method, scope: type.scope, home: type, fields: new Map() }
        attempt(context, () => context.call(context, fn, instance, constructionArguments(context, method), method), "keep")
      }
      return undefinedValue
    },
    "keep",
  )
}

/**
 * Methods that lead to those that build and that no method leads to, in the order of the source: they prepare what these need, and know the
 * arguments: `async init() { this.state = tf.input(…); this.actor = await this.createActor("actor") }`.
 */
function callersOf({ ts, state }: Context, type: ClassValue, builders: readonly Method[]): readonly Method[] {
  const methods = type.node.members.filter((member): member is Method => ts.isMethodDeclaration(member) && member.body !== undefined)
  const texts = new Map(methods.map((method) => [method, method.body?.getText() ?? ""]))
  const calls = (from: Method, to: Method): boolean =>
    from !== to && new RegExp(`\\bthis\\s*\\.\\s*${to.name.getText().replace(/[$#]/g, "\\$&")}\\s*\\(`).test(texts.get(from) ?? "")
  const leading = new Set(builders)
  let size = 0
  while (size < leading.size) {
    size = leading.size
    for (const method of methods) if (!leading.has(method) && [...leading].some((known) => calls(method, known))) leading.add(method)
  }
  const own = new Set(builders)
  return methods.filter(
    (method) => leading.has(method) && !own.has(method) && !state.entered.has(method) && ![...leading].some((other) => calls(other, method)),
  )
}

/** A field that holds a new model, or a function that builds one. */
const makesModel = (ts: typeof TypeScript, member: TypeScript.ClassElement): boolean =>
  ts.isPropertyDeclaration(member) &&
  member.initializer !== undefined &&
  (ts.isArrowFunction(member.initializer)
    ? buildsModel(member.initializer, true)
    : /^(\w+\s*\.\s*)*(sequential|model)\s*\(/.test(member.initializer.getText()))

/** Makes a model itself, or adds layers to one that the constructor or a field made; or holds weights of its own, which a forward function uses. */
const buildsModel = (body: TypeScript.Node, orWeights: boolean): boolean => {
  const text = body.getText()
  return (
    /\b(sequential|model)\s*\(/.test(text) ||
    (/\.add\s*\(/.test(text) && /\blayers\s*\.\s*\w+\s*\(/.test(text)) ||
    (orWeights && /\bvariable\s*\(/.test(text))
  )
}

/** Follows functions that nothing has called, made inside those that were followed, where they build something; they may make more of them. */
export function followClosures(context: Context, follow: (fn: FunctionValue) => void): void {
  const { closures, entered } = context.state
  const done = new Set<TypeScript.Node>()
  for (let rounds = 0; rounds < maximumClosures; rounds++) {
    const next = [...closures.values()].find(
      ({ node }) => !done.has(node) && !entered.has(node) && node.body !== undefined && buildsModel(node.body, true),
    )
    if (next === undefined) return
    done.add(next.node)
    follow(next)
  }
}

/** How many handlers of one file are followed, and how many of its inner functions are tried as networks. */
const maximumClosures = 40

/** Inner functions that may be networks over weights beside them: those that take something and lie in nothing that is a network already. */
export function innerFunctions(context: Context, networks: readonly TypeScript.Node[]): readonly FunctionValue[] {
  return [...context.state.closures.values()]
    .filter(({ node }) => node.parameters.length > 0 && !networks.some((outer) => outer.pos <= node.pos && node.end <= outer.end))
    .slice(0, maximumClosures)
}

/** Speaks of tensors, or leaves all of that to other methods. */
const mayCompute = (text: string): boolean => speaksOfTensors.test(text) || /\b(tf|this)\s*\.\s*[#\w$]+\s*\(/.test(text)

/** Methods of a class without a readable forward pass that may be networks over its weights under names of their own: `generator(noise)`. */
export function methodCallables(context: Context, type: ClassValue): readonly Callable[] {
  const { ts, state } = context
  const methods = type.node.members.filter(
    (member): member is TypeScript.MethodDeclaration =>
      ts.isMethodDeclaration(member) && member.body !== undefined && member.parameters.length > 0 && mayCompute(member.body.getText()),
  )
  if (methods.length === 0) return []
  const constructor = type.node.members.find((member) => ts.isConstructorDeclaration(member))
  const known = state.instances.find((instance) => instance.type === type)
  const built = known === undefined
    ? attempt(context, () => constructClass(context, type, constructionArguments(context, constructor), type.node), "keep")
    : { value: known, assumptions: [] }
  const made = built.value
  if (made === null || made.kind !== "object") return []
  // What was assumed while it was made holds for whatever its methods compute.
  const make = (fn: FunctionValue): ReturnType<Callable["make"]> => {
    built.assumptions.forEach((text) => assume(context, text))
    return { fn, self: made, root: made }
  }
  return methods.flatMap((node): Callable[] => {
    const fn: FunctionValue = { kind: "function", node, scope: type.scope, home: type, fields: new Map() }
    return takesTensors(context, fn) ? [{ name: node.name, forward: node, holdsWeights: false, make: () => make(fn) }] : []
  })
}

/** The object that a function is called on: the one it is a field of where it says `this`, otherwise nothing. */
export function selfOf(context: Context, fn: FunctionValue, holder: ObjectValue | undefined): Value {
  const { ts } = context
  return holder !== undefined && !ts.isArrowFunction(fn.node) && /\bthis\b/.test(fn.node.getText()) ? holder : undefinedValue
}
