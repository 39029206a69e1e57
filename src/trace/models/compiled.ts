/** @file What tfjs refuses in a call of compile, and models that are fitted although nobody compiles them. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ActiveCall, ModelValue, Value } from "../value"
import type { Place } from "../../schema/report"
import type { Refusal } from "../../graph/graph"
import { callee, place } from "../context"
import { callsOf, namesIn } from "../../source/calls"
import { filesBehind } from "../../source/dependencies"
import { lastName } from "../../source/nodes"
import { withoutCasts } from "../trainers"

const isSure = ({ state }: Context): boolean => state.trail.length === 0 && state.assumedItems === 0 && state.doubts === 0

/** Keeps what is wrong with what a model's compile is given. */
export function checkCompile(context: Context, model: ModelValue, config: Value | undefined, at: TypeScript.Node): void {
  const { ts } = context
  if (!isSure(context) || !ts.isCallExpression(at)) return
  const found = complaintAbout(context, model, config, at)
  if (found === null) return
  const { what, node, harms } = found, { start, end } = place(context, node), known = complaints.get(model) ?? []
  complaints.set(model, [...known.filter((other) => other.what !== what), { kind: "training", what, fixable: false, start, end, harms }])
}

/** What is wrong with how a model is compiled, and the first call that fits it beyond doubt. */
const complaints = new WeakMap<ModelValue, readonly (Refusal & Pick<Complaint, "harms">)[]>()
const fitted = new WeakMap<ModelValue, Place & { readonly name: string }>()

interface Complaint {
  readonly what: string
  readonly node: TypeScript.Node
  /** What throws: the call itself, or the first step of training. */
  readonly harms: "compile" | "fit"
}

/** What counts is what is written there: a setting may be undefined here because nobody is known to give it. */
function complaintAbout(context: Context, model: ModelValue, config: Value | undefined, at: TypeScript.CallExpression): Complaint | null {
  const { ts } = context, given = at.arguments.at(0)
  const throws = (what: string, node: TypeScript.Expression | "missing", harms: Complaint["harms"] = "compile"): Complaint =>
    ({ what, node: node === "missing" ? at.expression : node, harms })
  if (given === undefined) return throws("compile without settings: tfjs throws, it needs an optimizer and a loss", "missing")
  const record = withoutCasts(ts, given)
  if (!ts.isObjectLiteralExpression(record)) return null
  const nameOf = ({ name }: TypeScript.ObjectLiteralElementLike): string | null =>
    name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) ? name.text : null
  if (record.properties.some((property) => nameOf(property) === null)) return null
  const held = (key: string): TypeScript.Expression | "missing" | null => {
    const own = record.properties.find((property) => nameOf(property) === key)
    return own === undefined ? "missing" : ts.isPropertyAssignment(own) ? withoutCasts(ts, own.initializer) : null
  }
  const optimizer = held("optimizer"), loss = held("loss")
  if (loss !== null && isEmpty(ts, loss)) return throws("compile without a loss: tfjs throws", loss)
  if (optimizer !== null && isEmpty(ts, optimizer)) return throws("compile without an optimizer: tfjs throws at the first step", optimizer, "fit")
  if (optimizer !== null && optimizer !== "missing" && isNoOptimizer(context, optimizer, config))
    return throws(`tfjs refuses the optimizer \`${optimizer.getText()}\`: it takes a name or what tf.train makes`, optimizer)
  const outputs = model.form === "sequential" ? 1 : model.failure === undefined ? model.outputs.length : 0
  if (loss === null || loss === "missing" || !ts.isArrayLiteralExpression(loss) || loss.elements.some(ts.isSpreadElement)) return null
  const losses = loss.elements.length, isRight = outputs === 0 || losses === outputs
  if (isRight) return null
  return throws(`compile is given ${counted(losses, "loss", "losses")} for ${counted(outputs, "output", "outputs")}: tfjs throws`, loss)
}

const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

/** Nothing, null, undefined, "", [] and {}. */
const isEmpty = (ts: typeof TypeScript, node: TypeScript.Expression | "missing"): boolean =>
  node === "missing" || node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === "undefined") ||
  (ts.isStringLiteralLike(node) && node.text === "") || (ts.isArrayLiteralExpression(node) && node.elements.length === 0) ||
  (ts.isObjectLiteralExpression(node) && node.properties.length === 0)

/** A number, or a function of tf.train that is not called. */
function isNoOptimizer({ ts }: Context, node: TypeScript.Expression, config: Value | undefined): boolean {
  if (ts.isNumericLiteral(node)) return true
  const value = config?.kind === "object" ? config.fields.get("optimizer") : undefined
  return ts.isPropertyAccessExpression(node) && value?.kind === "tf" && /^train\.\w+$/.test(value.path)
}

/** The run that makes a model: the outermost call that is followed, or the file as it is loaded. */
const madeIn = new WeakMap<ModelValue, ActiveCall | null>()
const runOf = ({ state }: Context): ActiveCall | null => state.active.at(0) ?? null

/** Adds a model to those of the trace. */
export function rememberModel(context: Context, model: ModelValue): void {
  context.state.models.push(model)
  madeIn.set(model, runOf(context))
}

/** Keeps where a model is fitted beyond doubt: in the run that makes it, or where no other file can come to it in between. */
export function rememberTraining(context: Context, model: ModelValue, name: string, at: TypeScript.Node): void {
  if (fitted.has(model) || !isSure(context) || model.alternatives !== undefined) return
  if (madeIn.get(model) === runOf(context) || isPrivate(context, model)) fitted.set(model, { name, ...callee(context, at) })
}

/** Whether a model is in a variable at the top of a module that does not leave it. */
function isPrivate({ ts, home }: Context, { variable, returnedBy, caller }: ModelValue): boolean {
  if (variable === undefined || returnedBy !== undefined || caller !== undefined || !ts.isExternalModule(home)) return false
  const name = variable.text.replace(/\$/g, "\\$&")
  const exported = `\\bexport\\s+(const|let|var)\\s+${name}\\b|\\bexport\\s*\\{[^}]*\\b${name}\\b|\\bexport\\s+default\\b|\\bexports\\b`
  const leaves = `${exported}|\\breturn\\b[^;\\n]*\\b${name}\\b`
  return !new RegExp(leaves).test(home.text)
}

/** What tfjs throws at in how a model is compiled and fitted. */
export function refusedTraining(context: Context, model: ModelValue): readonly Refusal[] {
  const at = fitted.get(model)
  const told = (complaints.get(model) ?? []).flatMap(({ harms, ...refusal }) => (harms === "compile" || at !== undefined ? [refusal] : []))
  if (at === undefined || isCompiledSomewhere(context, model)) return told
  const { name, start, end } = at
  return [...told, { kind: "training", what: `${name} of a model that nobody compiles: tfjs throws`, fixable: false, start, end }]
}

/** Whether a call of compile is for the model or for what the same code makes, or is not known to be for another one. */
function isCompiledSomewhere(context: Context, model: ModelValue): boolean {
  const { ts, state } = context
  for (const models of state.compiled.values()) for (const other of models) if (other.node === model.node) return true
  const isOpen = (file: TypeScript.SourceFile): boolean =>
    callsOf(ts, file).some((call) => lastName(ts, call.expression) === "compile" && !state.compiled.has(call))
  return isHandedOn(context, model) || filesAround(context).some((file) => file.text.includes("compile") && isOpen(file))
}

/** Files that may come to the models of this one: what it is made of, what imports it, and what that is made of; all, where it is no module. */
function filesAround({ ts, program, home }: Context): readonly TypeScript.SourceFile[] {
  const own = program.getSourceFiles().filter((file) => !file.isDeclarationFile && !file.fileName.includes("/node_modules/"))
  if (!ts.isExternalModule(home)) return own
  const found = new Set([home])
  for (const file of own) {
    const behind = filesBehind(ts, program, file)
    if (behind.has(home)) behind.forEach((other) => found.add(other))
  }
  return [...found]
}

/** Whether a call that is none of tf gets the model by one of its names: what it calls may compile it. */
function isHandedOn({ ts, home }: Context, { name, variable, returnedBy, caller }: ModelValue): boolean {
  const names = new Set([name, variable, returnedBy, caller].flatMap((bound) => bound?.text ?? []))
  return callsOf(ts, home).some((call) => {
    const isGiven = call.arguments.some((argument) => {
      const given = withoutCasts(ts, argument)
      if (ts.isObjectLiteralExpression(given) || ts.isArrayLiteralExpression(given)) return namesIn(ts, given).some((name) => names.has(name))
      return names.has(lastName(ts, given) ?? "")
    })
    return isGiven && !/^(tf|console|tfvis)\b/.test(call.expression.getText())
  })
}
