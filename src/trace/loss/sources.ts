/** @file Which functions compute the loss of a model where it is none of tfjs's: what compile was given, or what its training steps differentiate. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { LossSource } from "./follow"
import type { ModelValue, Value } from "../value"
import type { LossUse, OptimizerUse } from "../../graph/graph"
import type { Trainer } from "../trainers"
import { concerns, useFor } from "../trainers"
import { placeKey } from "../context"
import { placeOf } from "../../source/place"
import { canonicalLoss, lossDefinitions } from "../../graph/lossFunctions"

export interface TrainedModel {
  readonly model: ModelValue | null
  readonly names: ReadonlySet<string>
  /** Names of its weights. */
  readonly weights: readonly string[]
  /** What training names as its losses. */
  readonly losses: readonly LossUse[]
}

/** Empty where the losses are tfjs's own, called plainly, or where none is in sight. */
export function sourcesOf(context: Context, trainers: readonly Trainer[], trained: TrainedModel): readonly LossSource[] {
  const { losses, model } = trained
  // What a training step only mentions says less than its operations.
  const steps = new Set(trainers.map(({ call }) => placeKey(placeOf(call, context.home))))
  const isPlain = (loss: LossUse): boolean =>
    loss.byHand !== true && Object.hasOwn(lossDefinitions, canonicalLoss(loss.name)) && !steps.has(placeKey(loss.place))
  const minimized = minimizedFunctions(context, trainers, trained)
  // What compile names is a loss of the outputs, which moves no law that a step beside it keeps.
  const isCompiled = model !== null && [...context.state.compiled.values()].some((models) => models.has(model))
  if (losses.length > 0 && losses.every(isPlain)) return isCompiled ? minimized : []
  return [...compiledFunctions(context, trained), ...minimized]
}

function compiledFunctions({ state }: Context, { model }: TrainedModel): readonly LossSource[] {
  if (model === null) return []
  const found = [...state.compiled].flatMap(([at, models]): LossSource[] => {
    const given: Value | undefined = models.has(model) ? state.compiledLosses.get(at) : undefined
    return given?.kind === "function" ? [{ kind: "compiled", fn: given, at: given.node }] : []
  })
  // The same function at several calls of compile is one loss.
  return found.filter((source, i) => found.findIndex((other) => other.at === source.at) === i)
}

function minimizedFunctions({ ts }: Context, trainers: readonly Trainer[], { names, weights }: TrainedModel): readonly LossSource[] {
  const any: OptimizerUse = { name: "unknown", text: "", place: { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } } }
  const own = trainers.filter((trainer) => {
    const use = concerns(ts, trainer, names) ? useFor(ts, any, trainer, names) : null
    if (use === null) return false
    // A list of other weights trains another network through this one.
    const listed = use.variables?.map((name) => name.split("/").at(-1) ?? name)
    if (listed === undefined || weights.length === 0) return true
    return listed.some((name) => weights.includes(name) || !/^\w+$/.test(name))
  })
  // A step that applies gradients from elsewhere is one that nobody can run, whatever the others are.
  const isSeen = own.some((trainer) => trainer.losses.length > 0)
  const nodes = new Set(own.flatMap(({ losses, call }): readonly TypeScript.Node[] => (losses.length === 0 && isSeen ? [call] : losses)))
  return [...nodes].map((node): LossSource => ({ kind: "minimized", node, at: node }))
}
