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
import { undefinedValue } from "../value"

/** Follows the methods that build a model, or add layers to one, and have not been called. */
export function followMethods(context: Context, type: ClassValue): void {
  const { ts, state } = context
  const builders = type.node.members.filter(
    (member): member is TypeScript.MethodDeclaration =>
      ts.isMethodDeclaration(member) && member.body !== undefined && !state.entered.has(member) && buildsModel(member.body),
  )
  const constructor = type.node.members.find(
    (member): member is TypeScript.ConstructorDeclaration => ts.isConstructorDeclaration(member) && member.body !== undefined,
  )
  const buildsInConstructor =
    (constructor !== undefined &&
      !state.entered.has(constructor) &&
      (extendsModel(type) || /\b(sequential|model)\s*\(/.test(constructor.body?.getText() ?? ""))) ||
    (!state.instances.some((made) => made.type === type) && type.node.members.some((member) => makesModel(ts, member)))
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

/** A field that holds a new model. */
const makesModel = (ts: typeof TypeScript, member: TypeScript.ClassElement): boolean =>
  ts.isPropertyDeclaration(member) && /^(\w+\s*\.\s*)*(sequential|model)\s*\(/.test(member.initializer?.getText() ?? "")

/** Makes a model itself, or adds layers to one that the constructor or a field made. */
const buildsModel = (body: TypeScript.Node): boolean => {
  const text = body.getText()
  return /\b(sequential|model)\s*\(/.test(text) || (/\.add\s*\(/.test(text) && /\blayers\s*\.\s*\w+\s*\(/.test(text))
}

/** The object that a function is called on: the one it is a field of where it says `this`, otherwise nothing. */
export function selfOf(context: Context, fn: FunctionValue, holder: ObjectValue | undefined): Value {
  const { ts } = context
  return holder !== undefined && !ts.isArrowFunction(fn.node) && /\bthis\b/.test(fn.node.getText()) ? holder : undefinedValue
}
