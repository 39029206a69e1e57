/**
 * @file A functional model applied to other tensors than its own inputs: its operations are copied, and later those that its layers have in another
 * mode, when somebody asks.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import type { ModelValue, TensorValue, Value } from "../value"
import { arrayOf } from "../value"
import { callsToRepeat, repeatCall, type LayerCalls } from "./replay"
import { copyInPrediction } from "../layers/prediction"
import { copyRerun } from "../layers/rerun"
import { makeTensor, shapeOf, tensorOf } from "../tensor"
import { needRank } from "../rank"
import { reachableFrom } from "./reachable"
import { sitesMaking, unifyDims, Unreadable } from "../context"
import { substituteDim, symbolsOf } from "../../graph/dim"

/** @throws Unreadable where the model takes other inputs. */
export function copyOperations(context: Context, model: ModelValue, given: Value, at: TypeScript.Node): Value {
  const tensors = given.kind === "array" ? given.items.map((item) => tensorOf(context, item)) : [tensorOf(context, given, { at })]
  if (tensors.length !== model.inputs.length) throw new Unreadable(`the model takes ${model.inputs.length} inputs, found ${tensors.length}`)
  const copies = new Map<TensorValue, TensorValue>(), sizes: Record<string, Dim> = {}
  const body = [...reachableFrom(model.outputs)].sort((a, b) => a.serial - b.serial)
  const fixed = new Set(body.flatMap((t) => (t.source.kind === "weight" ? shapeOf(context, t).flatMap(symbolsOf) : [])))
  model.inputs.forEach((x, i) => {
    copies.set(x, tensors[i])
    const own = shapeOf(context, x), other = shapeOf(context, tensors[i])
    if (context.state.forward > 0) needRank(tensors[i], own.length)
    if (own.length !== other.length) throw new Unreadable(`the model takes an input of rank ${own.length}, found [${other.join(", ")}]`)
    // A size that stands in a weight is the model's own, whatever it is applied to.
    own.forEach((d, k) => typeof d === "string" && fixed.has(d) && unifyDims(context, d, other[k]))
    own.forEach((d, k) => typeof d === "string" && d !== other[k] && /^[\w$.\u00b7]+$/.test(d) && (sizes[d] = other[k]))
  })
  const sites = sitesMaking(context, body), owners = [...context.state.owners]
  const again = callsToRepeat(context, model, tensors, body), wanted = again === null ? null : neededFor(model.outputs, again)
  const copyOne = (t: TensorValue): void => {
    if (t.source.kind !== "op") return
    const { op, operands } = t.source
    const own = shapeOf(context, t), target = own.map((d) => substituteDim(d, sizes))
    // Noise and first states are made anew, for as many samples as there are.
    const isAnew = operands.length === 0 && (op.kind === "random" || own.some((d, i) => d !== target[i]))
    if (!isAnew && !operands.some((operand) => copies.has(operand))) return
    const copy: TensorValue = {
      ...makeTensor(
        context,
        op,
        operands.map((operand) => copies.get(operand) ?? operand),
        { dtype: t.dtype },
        target,
      ),
      at: t.at,
      label: t.label,
      owners: [...owners, ...t.owners],
    }
    copyInPrediction(t, copy)
    copies.set(t, copy)
    copyRerun(t, copies, copyWhole)
    for (const site of sites.get(t) ?? []) site.tensors.add(copy)
  }
  /** A tensor that is asked for later, with everything that it is made of. */
  const copyWhole = (t: TensorValue): TensorValue => {
    for (const each of [...reachableFrom([t])].sort((x, y) => x.serial - y.serial)) if (!copies.has(each)) copyOne(each)
    return copies.get(t) ?? t
  }
  for (const t of body) {
    if (copies.has(t) || t.source.kind !== "op" || wanted?.has(t) === false) continue
    const call = again?.get(t)
    const inputs = call?.call.inputs ?? []
    if (call !== undefined && inputs.some((x) => copies.has(x))) repeatCall(context, call, inputs.map((x) => copies.get(x) ?? x), copies)
    else copyOne(t)
  }
  const results = model.outputs.map((t) => copies.get(t) ?? t)
  // tfjs gives one output as it is, also where the source lists it.
  return results.length === 1 ? results[0] : arrayOf(results)
}

/** The tensors that outputs are made of where some are results of layers that run again. */
function neededFor(outputs: readonly TensorValue[], again: LayerCalls): ReadonlySet<TensorValue> {
  const seen = new Set<TensorValue>(), stack = [...outputs]
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    stack.push(...(again.get(t)?.call.inputs ?? (t.source.kind === "op" ? t.source.operands : [])))
  }
  return seen
}
