/**
 * @file Models that one place makes several times, in a helper or a loop: which of them are shown, and what each is called. The same network is
 * shown once; a call with arguments nobody knows counts only where there is no other.
 */
import type * as TypeScript from "typescript"
import type { ActiveCall, BoundName, ModelValue, Value } from "../value"
import type { Context } from "../context"
import type { Traced } from "./classes"
import { callee, place } from "../context"
import { declaredName } from "../../source/forms"

/** What a place has made at one time. The same thing that nobody compiled says nothing beside one that somebody did. */
export interface Variant {
  readonly traced: Traced
  readonly model: ModelValue
  readonly content: string
  readonly compiled: string
}

/** How many models of one place are shown; the report says how many more there are. */
const maximumShown = 8

/** Whether a variable or a function that hands it on tells this variant from others. */
export const isNamed = (model: ModelValue): boolean => model.variable !== undefined || model.caller !== undefined

/** The variants to show, under names that tell them apart. `unseen`: how many more there are that nobody looked at. */
export function chooseVariants(context: Context, all: readonly Variant[], unseen = 0): readonly Variant[] {
  const variants = all.filter((own, i) => !all.some((other, k) => k !== i && other.content === own.content && saysMore(other, own, k < i)))
  if (variants.length < 2) return variants
  const whole = prefer(variants, ({ traced }) => traced.unsupported.length === 0)
  const told = prefer(whole, ({ model }) => isTold(model.call), isNamed)
  const called = prefer(told, ({ model }) => model.call === undefined || model.call.at !== model.call.node, isNamed)
  const own = called.filter(({ model }) => !isPart(context, model))
  const chosen = own.length > 0 ? own : called.slice(0, 1)
  if (chosen.length > maximumShown) {
    const count = chosen.length - maximumShown + unseen, { node } = chosen[0].model
    const message = `${count} more ${count === 1 ? "model is" : "models are"} made here and not shown`
    context.state.problems.push({ message, place: callee(context, node) })
  }
  return nameVariants(context, chosen.slice(0, maximumShown))
}

/** Whether a report of the same network makes another one needless: one that is compiled, and of two compiled ones only names tell them apart. */
function saysMore(other: Variant, own: Variant, isFirst: boolean): boolean {
  if (own.compiled === "") return true
  return other.compiled !== "" && !isNamed(own.model) && (isNamed(other.model) || isFirst)
}

/** Those that pass, and those that stay beside them; all where none passes. */
function prefer(variants: readonly Variant[], test: (variant: Variant) => boolean, stays = (_: ModelValue): boolean => false): readonly Variant[] {
  return variants.some(test) ? variants.filter((variant) => test(variant) || stays(variant.model)) : variants
}

/** Whether a model is a layer of another one, which says it all. */
const isPart = (context: Context, model: ModelValue): boolean =>
  model.variable === undefined && context.state.models.some((outer) => outer !== model && outer.layers.includes(model))

/** Whether everything that the function was given is known. */
function isTold(call: ActiveCall | undefined): boolean {
  if (call === undefined) return true
  return call.at !== call.node && call.args.every(isKnown)
}

function isKnown(value: Value): boolean {
  switch (value.kind) {
    case "unknown":
    case "dim":
      return false
    case "array":
      return value.items.every(isKnown)
    case "object":
      return value.type !== null || (!value.fields.has("\u0000rest") && [...value.fields.values()].every(isKnown))
    default:
      return true
  }
}

function nameVariants(context: Context, variants: readonly Variant[]): readonly Variant[] {
  const distinct = (names: readonly (BoundName | undefined)[]): boolean =>
    names.every((name) => name !== undefined) && new Set(names.map((name) => name?.text)).size === names.length
  const handed = variants.map(({ model }) => model.variable ?? model.caller)
  if (distinct(handed)) return variants.map((variant, i) => renamed(variant, handed[i]))
  if (variants.length === 1) return variants
  const stored = variants.map(({ model }) => model.variable ?? targetOf(context, model.call) ?? itemOf(model))
  const names = distinct(stored) ? stored : variants.map(({ model }) => model.variable ?? callOf(context, model))
  const taken = new Map<string, number>()
  return variants.map((variant, i) => {
    const name = names[i] ?? { text: variant.traced.name, place: variant.traced }, count = (taken.get(name.text) ?? 0) + 1
    taken.set(name.text, count)
    return renamed(variant, count === 1 ? name : { ...name, text: `${name.text} #${count}` })
  })
}

function renamed(variant: Variant, name: BoundName | undefined): Variant {
  if (name === undefined) return variant
  const { start, end } = name.place, at = { start, end }
  const sites = variant.traced.sites.map((site) => (site.kind === "model" ? { ...site, ...at, label: name.text } : site))
  return { ...variant, traced: { ...variant.traced, name: name.text, ...at, sites } }
}

/** The variable, field or key that the result of a call is stored in. */
function targetOf(context: Context, call: ActiveCall | undefined): BoundName | undefined {
  const { ts } = context
  if (call === undefined || call.at === call.node || call.at.getSourceFile() !== context.home || nameOfMaker(ts, call.node) === null)
    return undefined
  let at: TypeScript.Node = call.at
  while (ts.isAwaitExpression(at.parent) || ts.isParenthesizedExpression(at.parent) || ts.isAsExpression(at.parent)) at = at.parent
  const { parent } = at
  let name: TypeScript.Node | undefined
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) name = parent.name
  else if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken)
    name = ts.isPropertyAccessExpression(parent.left) ? parent.left.name : parent.left
  return name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)) ? { text: name.text, place: place(context, name) } : undefined
}

/** The place in a list that the model was first stored in. */
function itemOf({ name }: ModelValue): BoundName | undefined {
  return name !== undefined && /\/\d+$/.test(name.text) ? { ...name, text: name.text.replace(/\/(\d+)/g, "[$1]") } : undefined
}

/** The call that makes a model, as the source writes it, with the numbers and texts that are known: `build(3, 'relu')`. */
function callOf(context: Context, model: ModelValue): BoundName | undefined {
  const { call } = model, base = model.returnedBy?.text ?? model.name?.text ?? "model"
  if (call === undefined) return undefined
  const { ts } = context, { node, args, at } = call, name = nameOfMaker(ts, node)
  const where = callee(context, at !== node && at.getSourceFile() === context.home ? at : model.node)
  const bound = (text: string): BoundName => ({ text, place: where })
  if (name === null) {
    const given = node.parameters.flatMap((parameter, i) => (args[i] === undefined ? [] : [`${parameter.name.getText()} = ${textOf(args[i])}`]))
    return bound(given.length === 0 ? base : `${base} (${given.slice(0, 3).join(", ")})`)
  }
  const written = ts.isCallExpression(at) || ts.isNewExpression(at) ? (at.arguments ?? []) : []
  const texts = args.map((arg, i) => {
    const known = textOf(arg), source = written.length === args.length ? written[i].getText() : ""
    return known !== "…" || source === "" || source.length > 24 ? known : source
  })
  const shown = texts.length > 4 ? [...texts.slice(0, 4), "…"] : texts
  return bound(`${name}(${shown.join(", ")})`)
}

/** The function as a call names it: `build`, `new Agent`; null for functions without a name. */
function nameOfMaker(ts: typeof TypeScript, node: ActiveCall["node"]): string | null {
  if (!ts.isConstructorDeclaration(node)) return declaredName(ts, node)?.getText() ?? null
  const name = declaredName(ts, node.parent)?.getText()
  return name === undefined ? null : `new ${name}`
}

/** Numbers, texts and short lists and records of them; "…" for anything else. */
function textOf(value: Value): string {
  if (value.kind === "primitive") return typeof value.value === "string" ? `'${value.value}'` : String(value.value)
  const parts =
    value.kind === "array"
      ? value.items.map(textOf)
      : value.kind === "object" && value.type === null
        ? [...value.fields].map(([key, item]) => `${key}: ${textOf(item)}`)
        : ["…"]
  const text = parts.join(", ")
  if (text.includes("…") || text.length > 30) return "…"
  return value.kind === "array" ? `[${text}]` : text === "" ? "{}" : `{ ${text} }`
}
