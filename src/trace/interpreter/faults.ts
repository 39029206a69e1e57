/**
 * @file Code that throws whatever it is given: errors of JavaScript and of tfjs on a way that surely runs. What is not sure is no fault: what only
 * one way of a condition does, what follows an earlier return that may be taken, rounds of loops that may not go round, what a `try` catches.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ObjectValue, Scope, TensorValue, Value } from "../value"
import { extendsLayer, place, samePlace } from "../context"
import { quoted } from "../../graph/names"
import { numberIn, stringIn, tensorsIn } from "../value"

/** Notes that the code throws at a place, if the place is surely reached. `what` is a sentence without a full stop. */
export function tellFault(context: Context, what: string, at: TypeScript.Node): void {
  const { trail, assumedItems, doubts, faults, owners } = context.state
  if (trail.length > 0 || assumedItems > 0 || doubts > 0 || dependsOnOption(context, at)) return
  const where = place(context, at)
  const index = faults.findIndex((known) => samePlace(known.place, where)), known = faults.at(index)
  if (index < 0 || known === undefined) faults.push({ what, place: where, owners: [...owners] })
  else if (known.owners.length > 0) faults[index] = { ...known, owners: [...known.owners, ...owners] }
}

/** Whether a condition around the place asks for a parameter that a caller may leave out (`training = false`): it may not be reached. */
function dependsOnOption({ ts }: Context, at: TypeScript.Node): boolean {
  const options = new Set<string>(), conditions: TypeScript.Node[] = []
  for (let inner = at, { parent } = at; parent !== undefined; inner = parent, { parent } = parent) {
    if (ts.isIfStatement(parent) && inner !== parent.expression) conditions.push(parent.expression)
    if (ts.isConditionalExpression(parent) && inner !== parent.condition) conditions.push(parent.condition)
    if (ts.isBinaryExpression(parent) && inner === parent.right) conditions.push(parent.left)
    if (!ts.isFunctionLike(parent)) continue
    for (const { name, initializer, questionToken } of parent.parameters)
      if (initializer !== undefined || questionToken !== undefined || /^(training|kwargs)$/.test(name.getText())) options.add(name.getText())
  }
  const mentions = (node: TypeScript.Node): boolean =>
    (ts.isIdentifier(node) && options.has(node.text)) || ts.forEachChild(node, (child) => mentions(child) || undefined) === true
  return conditions.some(mentions)
}

/** What `run` may do is not sure to happen. */
export function inDoubt<T>(context: Context, run: () => T): T {
  context.state.doubts++
  try {
    return run()
  } finally {
    context.state.doubts--
  }
}

/** A field of an instance that no code stores: reading from it or calling it throws. */
export function tellMissingField(context: Context, instance: ObjectValue, field: string, at: TypeScript.Node): void {
  if (instance.fields.has(field) || ofEveryLayer.has(field)) return
  let type: Value | null = instance.type
  for (; type !== null && type.kind === "class"; type = type.base) if (mayStore(type.node.getText(), field)) return
  if (type !== null && !extendsLayer(type)) return
  // Code outside of the class may store it, too.
  const stores = new RegExp(`\\.${escape(field)}\\s*(?:[-+*/|&?]{0,2}=(?!=)|\\+\\+|--)|["'\`]${escape(field)}["'\`]`)
  if (context.program.getSourceFiles().some((file) => !file.isDeclarationFile && stores.test(file.text))) return
  tellFault(context, `'${at.getText()}' is undefined here: no code stores it`, at)
}

/** Whether a class may store fields by names that are computed or come from elsewhere. */
const mayStore = (text: string, field: string): boolean =>
  /\bthis\s*\[|Object\s*\.\s*(assign|defineProperty|defineProperties|setPrototypeOf)\s*\(\s*this\b/.test(text) ||
  new RegExp(`(?:get|set)\\s+${escape(field)}\\b`).test(text)

const escape = (name: string): string => name.replace(/[$]/g, "\\$&")

/** What tf.layers.Layer stores in every layer or has as a member. */
export const ofEveryLayer: ReadonlySet<string> = new Set(
  (
    "_callHook _addedWeightNames _stateful id activityRegularizer inputSpec supportsMasking _trainableWeights _nonTrainableWeights _losses " +
    "_updates _built inboundNodes outboundNodes name trainable_ batchInputShape dtype initialWeights _refCount fastWeightInitDuringBuild nodeKey " +
    "getNodeAtIndex getInputAt getOutputAt input output losses calculateLosses updates built trainable trainableWeights nonTrainableWeights " +
    "weights stateful resetStates assertInputCompatibility call invokeCallHook setCallHook clearCallHook apply " +
    "warnOnIncompatibleInputShape outputShape countParams build getWeights setWeights addWeight setFastWeightInitDuringBuild addLoss " +
    "computeOutputShape computeMask setMaskMetadata addInboundNode getConfig disposeWeights assertNotDisposed dispose getClassName constructor"
  ).split(" "),
)

/** Members that neither lists nor typed arrays have; promises, which are read as what they give, have three more. */
export function tellMissingMember(context: Context, list: Value, key: string, at: TypeScript.Node): void {
  if (list.kind !== "array" || key in Array.prototype || key in Float32Array.prototype || /^(then|catch|finally)$|^\d+$/.test(key)) return
  // A list may be given members of its own.
  if (new RegExp(`\\.${escape(key)}\\s*=(?!=)`).test(at.getSourceFile().text)) return
  tellFault(context, `a list has no '${key}': \`${at.getText()}\` is not a function`, at)
}

/** What tf.layers.Layer's addWeight refuses: initializers that are no objects or hold a tensor, sizes that are no counts. */
export function tellRefusedWeight(context: Context, config: ObjectValue, args: readonly Value[], at: TypeScript.Node): void {
  const [, shape, , initializer] = args
  if (initializer === undefined || stringIn(initializer) !== null || numberIn(initializer) !== null)
    tellFault(context, "addWeight takes an initializer object such as tf.initializers.zeros(), not a name and not nothing", at)
  if (initializer?.kind === "object" && initializer.fields.get("value")?.kind === "tensor")
    tellFault(context, "tf.initializers.constant takes a number: with a tensor as its value the weight cannot be made", at)
  // Where nobody gives the configuration, what is missing in it is missing here only.
  if (shape?.kind !== "array" || config.fields.size === 0 || config.fields.has("\u0000rest")) return
  const bad = shape.items.findIndex((item) => item.kind === "primitive" && !(Number.isInteger(item.value) && Number(item.value) >= 0))
  if (bad < 0) return
  const size = shape.items[bad]
  tellFault(context, `the size of axis ${bad} of '${stringIn(args[0]) ?? "a weight"}' is ${size.kind === "primitive" ? quoted(size.value) : ""}`, at)
}

/** The names of a scope with those that `const` declares; kept beside them, since every round of a loop has a scope of its own. */
type Names = Scope["names"] & { constants?: string[] }

export function rememberConstant({ names }: { readonly names: Names }, name: string): void {
  if (names.constants === undefined) names.constants = [name]
  else names.constants.push(name)
}

/** `outputs = …` where the nearest `outputs` is a constant. */
export function tellConstant(context: Context, scope: Scope, name: string, at: TypeScript.Node): void {
  for (let inner: Scope | null = scope; inner !== null; inner = inner.parent) {
    if (!inner.names.has(name)) continue
    if ((inner.names as Names).constants?.includes(name) === true) tellFault(context, `'${name}' is a constant and is assigned to`, at)
    return
  }
}

/** Remembers what `tf.tidy` disposes at its end: what was made inside and is neither returned nor kept. */
export function closeTidy(context: Context, from: number, result: Value): void {
  const { state } = context
  if (state.trail.length > 0 || state.doubts > 0 || state.serial === from || (result.kind === "unknown" && result.tensors.length === 0)) return
  state.disposed.push({ from, to: state.serial, spared: new Set(tensorsIn([result], 12)) })
}

/** A tensor that a tidy around it has disposed. */
export function tellDisposed(context: Context, tensor: TensorValue, at: TypeScript.Node): void {
  const { disposed, kept } = context.state
  if (tensor.source.kind !== "op" || kept.has(tensor)) return
  // These ask for the shape alone, which a disposed tensor still has.
  if (/\b(onesLike|zerosLike|reshapeAs)\s*\(/.test(at.getText())) return
  if (disposed.some(({ from, to, spared }) => from < tensor.serial && tensor.serial <= to && !spared.has(tensor)))
    tellFault(context, "a tensor is used that an earlier tf.tidy has disposed: it was made there and is not what the tidy returns", at)
}
