/** @file Classes and functions: declarations, construction with fields and `super`, members through inheritance, calls with parameters. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ClassValue, Frame, FunctionValue, ModelValue, ObjectValue, Scope, Value } from "../value"
import { construct } from "../assumed"
import { bindPattern, lookup, nameValue, propertyName } from "./patterns"
import { assume, childScope, extendsLayer, place, seen, step, Stop, tellLimit, touch, write } from "../context"
import { configureLayer, createLayerState, layerMember, snakeCase } from "../layers/layer"
import { createFunctional, createSequential } from "../models/model"
import { callChoice } from "./choice"
import { callGiven } from "./given"
import { forOneItem } from "./counts"
import { nameOfResult } from "./resultName"
import { forkPaths, joinValues, unseenCallback } from "./fork"
import { arrayOf, itemOfGiven, objectOf, ownModel, primitive, tensorsIn, tfValue, undefinedValue, unknown } from "../value"
import { makeTensor, shapeOf } from "../tensor"
import { Thrown, normal } from "../context"
import { declaredName } from "../../source/forms"
import { namesIn } from "../../source/calls"
import { standsForTfjs } from "../../source/tfjsType"

export function evaluateClass(context: Context, node: TypeScript.ClassLikeDeclaration, scope: Scope): ClassValue {
  const { ts } = context
  const heritage = node.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types[0]
  const base = heritage === undefined ? null : context.evaluate(context, heritage.expression, scope)
  const inner = childScope(scope)
  const parentName = ts.isVariableDeclaration(node.parent) && ts.isIdentifier(node.parent.name) ? node.parent.name.text : "class"
  const value: ClassValue = { kind: "class", name: node.name?.text ?? parentName, node, scope: inner, base, statics: new Map() }
  if (node.name !== undefined) inner.names.set(node.name.text, value)
  const statics = childScope(inner, { self: value, home: value, pending: [], yields: null, module: scope.frame.module })
  for (const member of node.members) {
    if (ts.isPropertyDeclaration(member) && isStatic(ts, member) && member.initializer !== undefined) {
      const key = propertyName(context, member.name, inner)
      if (key !== null) value.statics.set(key, context.evaluate(context, member.initializer, statics))
    }
    if (ts.isClassStaticBlockDeclaration(member)) context.execute(context, member.body.statements, statics)
  }
  return value
}

const isStatic = (ts: typeof TypeScript, member: TypeScript.ClassElement): boolean =>
  (ts.canHaveModifiers(member) ? ts.getModifiers(member) : undefined)?.some((modifier) => modifier.kind === ts.SyntaxKind.StaticKeyword) ?? false

function memberNode(context: Context, type: ClassValue, name: string, wantStatic: boolean): TypeScript.ClassElement | null {
  const { ts } = context
  for (const member of type.node.members) {
    if (member.name === undefined || isStatic(ts, member) !== wantStatic) continue
    if (!ts.isMethodDeclaration(member) && !ts.isGetAccessorDeclaration(member)) continue
    if (member.body !== undefined && propertyName(context, member.name, type.scope) === name) return member
  }
  return null
}

/** A method, or what a getter gives. */
function valueOf(context: Context, home: ClassValue, member: TypeScript.ClassElement, self: Value, at: TypeScript.Node): Value {
  const found: FunctionValue = { kind: "function", node: member as TypeScript.MethodDeclaration, scope: home.scope, home, fields: new Map() }
  return context.ts.isGetAccessorDeclaration(member) ? callFunction(context, found, self, [], at) : found
}

/** A method or getter's value, found in a class or its ancestors; null when none of them has it. */
export function memberOf(context: Context, type: Value, self: Value, name: string, at: TypeScript.Node): Value | null {
  for (let place: Value | null = type; place !== null; place = place.base) {
    if (place.kind !== "class")
      return self.kind === "object" && self.layer !== undefined && extendsLayer(place) ? layerMember(context, self, name) : null
    const member = memberNode(context, place, name, false)
    if (member === null) continue
    return valueOf(context, place, member, self, at)
  }
  return null
}

export function staticMember(context: Context, type: ClassValue, name: string, at: TypeScript.Node): Value | null {
  for (let place: Value | null = type; place !== null && place.kind === "class"; place = place.base) {
    const held = place.statics.get(name)
    if (held !== undefined) return held
    const member = memberNode(context, place, name, true)
    if (member === null) continue
    return valueOf(context, place, member, type, at)
  }
  return null
}

export function hasSetter(context: Context, type: ClassValue | null, name: string): FunctionValue | null {
  const { ts } = context
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base) {
    const setter = at.node.members.find(
      (member) => ts.isSetAccessorDeclaration(member) && propertyName(context, member.name, context.moduleScope(context, context.home)) === name,
    )
    if (setter !== undefined)
      return { kind: "function", node: setter as TypeScript.SetAccessorDeclaration, scope: at.scope, home: at, fields: new Map() }
  }
  return null
}

/** A new instance: an object with the class's fields, after its constructors have run. */
export function constructClass(context: Context, type: ClassValue, args: readonly Value[], at: TypeScript.Node): Value {
  const isLayer = extendsLayer(type)
  const config = args[0]?.kind === "object" ? args[0] : objectOf()
  const layer = isLayer ? createLayerState(context, snakeCase(type.name), config, at) : undefined
  const instance: ObjectValue = { kind: "object", fields: new Map(), type, args, ...(layer === undefined ? {} : { layer }) }
  context.state.instances.push(instance)
  construct(context, instance, () => { initialize(context, type, instance, args, at) })
  return instance
}

function initialize(context: Context, type: ClassValue, instance: ObjectValue, args: readonly Value[], at: TypeScript.Node): void {
  const { ts } = context
  const constructor = type.node.members.find(
    (member): member is TypeScript.ConstructorDeclaration => ts.isConstructorDeclaration(member) && member.body !== undefined,
  )
  if (constructor === undefined) {
    initializeBaseOnly(context, type, instance, args, at)
    initializeFields(context, type, instance)
    return
  }
  if (type.base === null) initializeFields(context, type, instance)
  callFunction(context, { kind: "function", node: constructor, scope: type.scope, home: type, fields: new Map() }, instance, args, at)
}

/** What `super(…)` does in a constructor of `home`: the base's construction, then home's own fields. */
export function initializeBase(context: Context, home: ClassValue, instance: ObjectValue, args: readonly Value[], at: TypeScript.Node): void {
  initializeBaseOnly(context, home, instance, args, at)
  initializeFields(context, home, instance)
}

function initializeBaseOnly(context: Context, home: ClassValue, instance: ObjectValue, args: readonly Value[], at: TypeScript.Node): void {
  if (home.base?.kind === "class") initialize(context, home.base, instance, args, at)
  else if (home.base?.kind === "tf" && instance.layer !== undefined) configureLayer(context, instance.layer, args[0])
  else if (home.base?.kind === "tf" && isModelClass(home.base)) becomeModel(context, home.base.path, instance, args[0], at)
}

/** `super({inputs, outputs})` of tfjs's model classes: the instance is that model, named after its class. */
function becomeModel(context: Context, path: string, instance: ObjectValue, config: Value | undefined, at: TypeScript.Node): void {
  const model = path === "Sequential" ? createSequential(context, config, at) : createFunctional(context, config, at)
  const name = instance.type?.node.name
  if (name !== undefined) model.name = { text: name.text, place: place(context, name) }
  write(context, instance.fields, ownModel, model)
}

const isModelClass = (value: Value): boolean => value.kind === "tf" && /^(LayersModel|Model|Sequential)$/.test(value.path)

/** Whether a class has one of tfjs's model classes among its ancestors. */
export function extendsModel(type: ClassValue): boolean {
  for (let at: Value | null = type; at !== null && at.kind === "class"; at = at.base) if (at.base !== null && isModelClass(at.base)) return true
  return false
}

function initializeFields(context: Context, type: ClassValue, instance: ObjectValue): void {
  const { ts } = context
  const frame: Frame = { self: instance, home: type, pending: [], yields: null, module: type.scope.frame.module }
  const scope = childScope(type.scope, frame)
  for (const member of type.node.members) {
    if (!ts.isPropertyDeclaration(member) || isStatic(ts, member)) continue
    const key = propertyName(context, member.name, type.scope)
    if (key === null) continue
    if (member.initializer === undefined) {
      if (!instance.fields.has(key) && standsForTfjs(ts, context.program, member.type)) write(context, instance.fields, key, tfValue(""))
    } else {
      const value = context.evaluate(context, member.initializer, scope)
      nameValue(context, value, key.replace(/^#/, ""), member.name)
      write(context, instance.fields, key, value)
    }
  }
}

/** Enters a function: parameters, body, and what it returns on the ways it may take. */
export function callFunction(context: Context, fn: FunctionValue, self: Value, args: readonly Value[], at: TypeScript.Node): Value {
  const { ts, state } = context,
    { node } = fn
  step(context, at)
  const standIn = state.loss?.callFunction(fn, args, at)
  if (standIn !== null && standIn !== undefined) return standIn
  if (node.body === undefined) return unknown("a function without a body")
  if (state.depth >= context.limits.depth) {
    tellLimit(context, "functions call each other too deeply here: this call is not followed", at)
    return unknown("functions call each other too deeply", null, args)
  }
  // A function that calls itself on unknown values, under conditions nobody knows, would go all ways at every round: three are enough.
  const blind = state.trail.length > 2 && args.some((arg) => arg.kind === "unknown" || arg.kind === "dim")
  const rounds = state.active.filter((active) => active.node === node).length
  if (rounds > (blind ? 3 : 40)) return unknown("a recursion nobody can follow to its end", null, args)
  const arrow = ts.isArrowFunction(node)
  const generator = "asteriskToken" in node && node.asteriskToken !== undefined
  const frame: Frame = arrow
    ? { ...fn.scope.frame, pending: [] }
    : { self, home: fn.home, pending: [], yields: generator ? [] : null, module: fn.scope.frame.module }
  const scope = childScope(fn.scope, frame)
  const owner = !arrow && self.kind === "object" && (self.type !== null || self.layer !== undefined) ? self : null
  if (!arrow) scope.names.set("arguments", arrayOf(args))
  state.depth++
  state.active.push({ node, args, at })
  state.entered.add(node)
  if (state.watches.length > 0) seen(context, node, fn.scope)
  if (owner !== null && state.owners.at(-1) !== owner) state.owners.push(owner)
  const ownerDepth = state.owners.length, { doubts } = state
  try {
    bindParameters(context, fn, args, scope, self)
    const result = runBody(context, node, scope)
    const joined = frame.pending.reduce((a, b) => joinValues(context, a, b, "an earlier return", at), result)
    if (frame.yields !== null) return arrayOf(frame.yields)
    if (joined.kind === "model") nameAfterFunction(context, joined, node)
    if (joined.kind === "unknown" && standsForTfjs(ts, context.program, node.type)) return tfValue("")
    return joined
  } finally {
    state.depth--
    state.active.pop()
    state.doubts = doubts
    if (owner !== null && state.owners.length === ownerDepth && state.owners.at(-1) === owner) state.owners.pop()
  }
}

/** A model is named after the function that makes and returns it; functions that only hand it on are remembered, too. */
function nameAfterFunction(context: Context, model: ModelValue, node: FunctionValue["node"]): void {
  const name = declaredName(context.ts, node)
  if (name === null || context.ts.isConstructorDeclaration(node)) return
  const bound = { text: name.getText(), place: place(context, name) }
  if (!contains(node, model.node)) {
    if (node.getSourceFile() === context.home) model.caller = bound
  } else model.returnedBy ??= bound
}

const contains = (outer: TypeScript.Node, inner: TypeScript.Node): boolean =>
  outer.getSourceFile() === inner.getSourceFile() && outer.pos <= inner.pos && inner.end <= outer.end

function runBody(context: Context, node: FunctionValue["node"], scope: Scope): Value {
  const body = node.body as TypeScript.ConciseBody
  if (!context.ts.isBlock(body)) return context.evaluate(context, body, scope)
  const completion = context.execute(context, body.statements, scope)
  return completion.kind === "return" ? completion.value : undefinedValue
}

function bindParameters(context: Context, fn: FunctionValue, args: readonly Value[], scope: Scope, self: Value): void {
  const { ts } = context
  fn.node.parameters.forEach((parameter, i) => {
    if (ts.isIdentifier(parameter.name) && parameter.name.text === "this") return
    const given = parameter.dotDotDotToken === undefined ? (args[i] ?? undefinedValue) : arrayOf(args.slice(i))
    const absent = given.kind === "primitive" && given.value === undefined && parameter.initializer !== undefined
    const value = absent && parameter.initializer !== undefined ? context.evaluate(context, parameter.initializer, scope) : given
    bindPattern(context, parameter.name, value, scope, (name, item) => scope.names.set(name.text, item))
    const property = ts.isConstructorDeclaration(fn.node) && ts.canHaveModifiers(parameter) && (ts.getModifiers(parameter)?.length ?? 0) > 0
    if (property && self.kind === "object" && ts.isIdentifier(parameter.name)) write(context, self.fields, parameter.name.text, value)
  })
}

/** Every tensor a function can read in its closure, through the functions it names and the instance it is bound to; `this` counts where it occurs. */
function closureTensors(context: Context, fn: FunctionValue, depth: number, seen: Set<TypeScript.Node>): readonly Value[] {
  if (seen.has(fn.node)) return []
  seen.add(fn.node)
  const values = new Set<Value>()
  for (const name of namesIn(context.ts, fn.node)) {
    const value = name === "this" ? fn.scope.frame.self : lookup(fn.scope, name)
    if (value !== undefined) values.add(value)
  }
  return [...values].flatMap((value) => readableValues(context, value, depth, seen))
}

/** A value itself, and what functions inside it can read. */
function readableValues(context: Context, value: Value, depth: number, seen: Set<TypeScript.Node>): readonly Value[] {
  if (depth === 0) return [value]
  if (value.kind === "function") return closureTensors(context, value, depth - 1, seen)
  if (value.kind === "array") return value.items.flatMap((item) => readableValues(context, item, depth - 1, seen))
  if (value.kind === "object") return [value, ...[...value.fields.values()].flatMap((item) => readableValues(context, item, depth - 1, seen))]
  return [value]
}

/** Lists that unknown code was handed during a forward pass may hold something else afterwards: any function of what they held. */
function forgetContents(context: Context, value: Value, at: TypeScript.Node): void {
  if (context.state.forward === 0 || value.kind !== "array" || value.shapeOf !== undefined) return
  const tensors = tensorsIn([value])
  if (tensors.length === 0) return
  touch(context, value.items)
  value.items.forEach((item, i) => {
    if (item.kind !== "tensor") return
    const op = { kind: "opaque", what: "an item of a list", reason: "code that is not read may have replaced it" } as const
    value.items[i] = makeTensor(context, op, tensors, { at, label: "a list" }, shapeOf(context, item))
  })
}

/** What a callback gives when something unknown calls it, if it does: what it reads is then read by the unknown, too. */
function callbackResult(context: Context, fn: FunctionValue, at: TypeScript.Node): readonly Value[] {
  if (context.state.active.some(({ node }) => node === fn.node)) return []
  const parameters = fn.node.parameters.map((p) => unknown("an argument of a callback", p.name.getText()))
  const results: Value[] = []
  const run = (): typeof normal => {
    results.push(callFunction(context, fn, undefinedValue, parameters, at))
    return normal
  }
  try {
    const caller = (context.ts.isCallExpression(at) ? at.expression : at).getText().replace(/\s+/g, " ")
    forkPaths(context, [run, () => normal], fn.scope.frame, unseenCallback(caller.length > 40 ? `…${caller.slice(-39)}` : caller), at)
  } catch (error) {
    if (error instanceof Stop || !(error instanceof Thrown)) throw error
  }
  return results
}

/** Calls anything callable; what is unknown may call the functions it is given, and gives something unknown back. */
export function callValue(
  context: Context,
  callee: Value,
  self: Value,
  args: readonly Value[],
  at: TypeScript.Node,
  callTf: (path: string) => Value,
): Value {
  switch (callee.kind) {
    case "function":
      return callFunction(context, callee, self, args, at)
    case "native":
      return callee.call(args, at)
    case "tf":
      return callTf(callee.path)
    case "unknown": {
      const known = context.state.loss?.callUnknown(callee, self, args, at)
      if (known !== null && known !== undefined) return known
      const [first] = args, picked = callChoice(context, callee, self, args, at)
      if (picked !== null) return picked
      const given = callGiven(context, callee, self, args, at)
      if (given !== null) {
        args.forEach((arg) => forgetContents(context, arg, at))
        return given
      }
      if (
        (callee.name === "forEach" || callee.name === "map") &&
        first?.kind === "function" &&
        self.kind === "unknown" &&
        self.tensors.length === 0
      ) {
        assume(context, `the list '${self.name ?? "?"}' is not known: one item is taken`)
        const item = itemOfGiven(self)
        const made = forOneItem(context, first.node, () => callFunction(context, first, undefinedValue, [item, primitive(0)], at))
        const result = arrayOf([made])
        context.state.uncounted.set(result.items, unknown("a count of unknown data", "length"))
        return callee.name === "map" ? result : undefinedValue
      }
      const results = args.flatMap((arg) => (arg.kind === "function" ? callbackResult(context, arg, at) : []))
      const read = args.flatMap((arg) => readableValues(context, arg, 3, new Set()))
      const result = unknown(callee.why, nameOfResult(callee, self), [callee, self, ...read, ...results])
      args.forEach((arg) => forgetContents(context, arg, at))
      return result
    }
    default:
      return unknown(`a call of a ${callee.kind}`, null, [self, ...args])
  }
}

