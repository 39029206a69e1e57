/**
 * @file Which functions compute the loss of a model where it is none of tfjs's: what compile was given, what its training steps differentiate, and
 * what trains other networks that have weights of its own.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { LossSource } from "./follow"
import type { LossUse, OptimizerUse } from "../../graph/graph"
import type { Network } from "./network"
import type { Trainer } from "../trainers"
import type { Value } from "../value"
import { concerns, concernsDirectly, useFor, type TrainedNames } from "../trainers"
import { placeKey } from "../context"
import { placeOf } from "../../source/place"
import { canonicalLoss, lossDefinitions } from "../../graph/lossFunctions"

export interface TrainedNetwork extends TrainedNames {
  readonly network: Network
  /** What training names as its losses. */
  readonly losses: readonly LossUse[]
}

/**
 * Empty where the losses are tfjs's own, called plainly, or where none is in sight. `others` are networks whose steps move weights of this one,
 * `called` the names of all.
 */
export function sourcesOf(
  context: Context, trainers: readonly Trainer[], own: TrainedNetwork, others: readonly TrainedNetwork[], called: ReadonlySet<string>,
): readonly LossSource[] {
  // What a training step only mentions says less than its operations.
  const steps = new Set(trainers.map(({ call }) => placeKey(placeOf(call, context.home))))
  const isPlain = (loss: LossUse): boolean => loss.byHand !== true && isKnown(loss) && !steps.has(placeKey(loss.place))
  const minimized = minimizedFunctions(context, trainers, own)
  const elsewhere = others.flatMap((other) => [
    ...compiledLosses(context, other), ...minimizedFunctions(context, directTrainers(context, trainers, other, called), other),
  ])
  const { losses } = own, isNamed = losses.length > 0 && losses.every(isPlain)
  // A loss that compile names, or a plain call of tf.losses, is run from its name where nothing else trains the network.
  if (isNamed && elsewhere.length === 0 && (minimized.length === 0 || !isCompiled(context, own))) return []
  const found = [...compiledLosses(context, own), ...minimized, ...elsewhere]
  // The same function at several calls of compile, or in steps of two networks, is one loss.
  return found.filter((source, i) => found.findIndex((other) => other.kind === source.kind && other.at === source.at) === i)
}

const directTrainers = (
  { ts }: Context, trainers: readonly Trainer[], trained: TrainedNames, called: ReadonlySet<string>,
): readonly Trainer[] => trainers.filter((trainer) => concernsDirectly(ts, trainer, trained, called))

const isKnown = ({ name }: LossUse): boolean => Object.hasOwn(lossDefinitions, canonicalLoss(name))

export const isCompiled = ({ state }: Context, { network: { model } }: Pick<TrainedNetwork, "network">): boolean =>
  model !== null && [...state.compiled.values()].some((models) => models.has(model))

function compiledLosses(context: Context, { network, losses }: TrainedNetwork): readonly LossSource[] {
  const { model } = network, { state } = context
  if (model === null) return []
  const calls = [...state.compiled].flatMap(([at, models]) => (models.has(model) ? [at] : []))
  const functions = calls.flatMap((at): LossSource[] => {
    const given: Value | undefined = state.compiledLosses.get(at)
    return given?.kind === "function" ? [{ kind: "compiled", fn: given, at: given.node, network }] : []
  })
  const named = losses.filter((loss) => loss.byHand !== true && isKnown(loss))
  if (functions.length > 0 || named.length === 0 || calls.length === 0) return functions
  return [{ kind: "named", losses: named, at: calls[0], network }]
}

/** What training steps that move weights of a network differentiate. */
function minimizedFunctions({ ts }: Context, trainers: readonly Trainer[], trained: TrainedNames): readonly LossSource[] {
  const { names, weights } = trained
  const own = trainers.filter((trainer) => {
    const use = concerns(ts, trainer, names, weights) ? useFor(ts, anyOptimizer, trainer, trained) : null
    if (use === null) return false
    // A list of other weights trains another network through this one.
    const listed = use.variables?.map((name) => name.split("/").findLast((part) => /^[\p{L}_$]/u.test(part)) ?? name)
    if (listed === undefined || weights.length === 0) return true
    return listed.some((name) => weights.includes(name) || !/^\w+$/.test(name))
  })
  // A step that applies gradients from elsewhere is one that nobody can run, whatever the others are.
  const isSeen = own.some((trainer) => trainer.losses.length > 0)
  const nodes = new Set(own.flatMap(({ losses, call }): readonly TypeScript.Node[] => (losses.length === 0 && isSeen ? [call] : losses)))
  return [...nodes].map((node): LossSource => ({ kind: "minimized", node, at: node }))
}

const nowhere = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }
const anyOptimizer: OptimizerUse = { name: "unknown", text: "", place: nowhere }

const lastPart = (path: string): string | undefined => path.split("/").at(-1)

/** Ids of the parameters of a network that steps of its own move; `called` are the names of all networks. */
export function movedIn(
  context: Context, trainers: readonly Trainer[], trained: TrainedNetwork, called: ReadonlySet<string>,
): ReadonlySet<string> {
  const { ts } = context, { graph } = trained.network.traced
  const all = graph.parameters.flatMap(({ id, trainable }) => (trainable ? [id] : []))
  if (isCompiled(context, trained)) return new Set(all)
  const uses = directTrainers(context, trainers, trained, called).flatMap((trainer) => useFor(ts, anyOptimizer, trainer, trained) ?? [])
  return new Set(uses.flatMap(({ variables }) => {
    const listed = variables === undefined ? [] : all.filter((id) => variables.some((name) => lastPart(id) === lastPart(name)))
    // A list that names none of them may be any of them.
    return variables === undefined || listed.length === 0 ? all : listed
  }))
}
