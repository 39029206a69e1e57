/** @file What trains the models of a file: optimizers, losses and their graphs, by the names that the code has for each model. */
import type { Aliases } from "./aliases"
import type { Context, Fault } from "./context"
import type { ModelValue } from "./value"
import type { Network } from "./loss/network"
import type { Traced } from "./models/classes"
import type { Trainer } from "./trainers"
import type { SharedTraining, TracedFile } from "../graph/graph"
import { aliasesOf } from "./aliases"
import { asTrained } from "./models/asTrained"
import { faultOf, parametersOf } from "./models/wrappers"
import { findTraining, trainingOf, unreadTraining, type Training, type Uses } from "./training"
import { followLoss, idsOf } from "./loss/follow"
import { placeKey } from "./context"
import { listedIn, listsOf, type Listed } from "./lists"
import { plainText } from "./ops/table"
import { movedIn, sourcesOf, type TrainedNetwork } from "./loss/sources"
import { hidesWeights } from "./models/uncollected"
import { namesStoring } from "../source/stored"

/** A model of the file; `model` where it is one of tf.layers. */
export interface Made {
  readonly traced: Traced
  readonly model: ModelValue | null
}
type Guard = <T>(run: () => T) => T | null

const nothing: Uses = { optimizers: [], losses: [], metrics: [], trainers: [], writes: [], files: [] }

/** The models with what trains them. */
export function trainModels(context: Context, all: readonly Made[], guarded: Guard): TracedFile["models"] {
  // What trains no network of this file takes long to look for in the others.
  if (all.length === 0) return []
  const found = guarded(() => findTraining(context)), uses = found ?? nothing
  const namesKnown = new Map<Made, ReadonlySet<string>>()
  const ownNames = (made: Made): ReadonlySet<string> => {
    const names = namesKnown.get(made) ?? aliasesIn(context, uses, made, namesOf(context, made.traced, made.model)).own
    namesKnown.set(made, names)
    return names
  }
  const models = all.map((made) => {
    const others = (): ReadonlySet<string> => new Set(all.flatMap((other) => (other === made ? [] : [...ownNames(other)])))
    return guarded(() => asTrained(context, uses, made, { own: () => ownNames(made), others })) ?? made
  })
  const known = models.map((made) => {
    const named = namesOf(context, made.traced, made.model)
    return { made, named, names: aliasesIn(context, uses, made, named), weights: weightNames(made.traced) }
  })
  const lists = guarded(() => listsOf(context, uses.trainers)), nets = known.map(({ made, names }) => networkOf(made, names.own))
  const trained = known.map(({ made, named, names, weights }, k): TrainedNetwork & { readonly training: Training } => {
    const others = new Set(known.flatMap((other) => (other.made === made ? [] : [...other.names.own].filter((name) => !names.own.has(name)))))
    const network = nets[k], beside = nets.filter((other) => other !== network)
    const listed = (trainer: Trainer): Listed | null => {
      const list = lists?.get(trainer)
      return list === undefined ? null : listedIn(context, list, network, beside)
    }
    const hides = made.model !== null && hidesWeights(context, made.model, parametersOf(made.traced.graph).keys())
    const training = trainingOf(context, uses, made.model, { names, named, weights, others, listed, hides })
    return { training, network, names: names.own, weights, others, listed, hides, losses: training.losses }
  })
  const networks = trained.map(({ network }) => network), called = new Set(networks.flatMap(({ names }) => [...names]))
  const sharing = guarded(() => sharedWeights(context, uses, trained, called)), isUnread = found === null || sharing === null
  return models.map(({ traced, model }, k) => {
    const own = trained[k], shared = sharing?.at(k) ?? [], { training } = own
    const known = isUnread ? { ...training, optimizers: [...training.optimizers, unreadTraining(context)] } : training
    const found = withTraining(traced, known, faultOf(traced) ?? model?.fault)
    const sources = sourcesOf(context, uses.trainers, own, shared.map(({ index }) => trained[index]), called)
    const ownLoss = sources.length === 0 ? null : guarded(() => followLoss(context, { own: own.network, networks }, sources))
    return { ...found, ...(ownLoss === null ? {} : { ownLoss }), ...(shared.length === 0 ? {} : { shared }) }
  })
}

/** For each network the others whose own steps move weights that it has as well. */
function sharedWeights(
  context: Context, uses: Uses, all: readonly TrainedNetwork[], called: ReadonlySet<string>,
): readonly (readonly SharedTraining[])[] {
  if (all.length < 2 || (uses.trainers.length === 0 && context.state.compiled.size === 0)) return []
  const moved = all.map((trained) => movedIn(context, uses.trainers, trained, called))
  if (moved.every(({ size }) => size === 0)) return []
  const ids = all.map(({ network }) => idsOf(context, network))
  return all.map(({ network }, k) => {
    const trainable = new Set(network.traced.graph.parameters.flatMap(({ id, trainable: moves }) => (moves ? [id] : [])))
    return all.flatMap(({ network: other }, index): SharedTraining[] => {
      if (index === k || moved[index].size === 0) return []
      const weights = [...ids[k]].flatMap(([weight, own]) => {
        const id = ids[index].get(weight)
        return id !== undefined && moved[index].has(id) && trainable.has(own) ? [[own, id] as const] : []
      })
      const named = [...new Map(weights)]
      return named.length === 0 ? [] : [{ name: other.traced.name, index, weights: named }]
    })
  })
}

/** A model as losses may call it. */
function networkOf({ traced, model }: Made, names: ReadonlySet<string>): Network {
  const forward = traced.sites.find(({ kind }) => kind === "forward")
  return { traced, model, names, forward: model !== null || forward === undefined ? null : placeKey(forward) }
}

/** All names that lead to a model; looked for where code trains by hand alone. */
function aliasesIn(context: Context, { trainers, files }: Uses, { traced, model }: Made, named: ReadonlySet<string>): Aliases {
  if (trainers.length === 0) return { own: named, parts: named }
  const makers = [model?.returnedBy, model?.caller].flatMap((name) => (name === undefined ? [] : [name.text]))
  const isClass = model === null && traced.form !== "function"
  const { own, parts } = aliasesOf(context.ts, files, {
    values: new Set([traced.name, model?.name?.text, model?.variable?.text].flatMap((name) => name ?? [])),
    makers: new Set(isClass ? [traced.name] : makers),
  })
  // Weights that a function finds around it are known by their names.
  const around = model === null && traced.form === "function" ? weightNames(traced) : []
  return { own: new Set([...named, ...own, ...around]), parts: new Set([...named, ...parts, ...around]) }
}

/** Names by which code may speak of a model: its own, its variables, and what the result of its class or function is stored in. */
function namesOf(context: Context, found: Traced, model: ModelValue | null): ReadonlySet<string> {
  const bound = [model?.name, model?.variable, model?.returnedBy, model?.caller].flatMap((name) => (name === undefined ? [] : [name.text]))
  const own = [found.name, ...bound].filter((name) => /^[\w$]+$/.test(name))
  return new Set([...own, ...own.flatMap((name) => namesStoring(context.home.text, name))])
}

/** Names that the source has for weights: the last part of their paths. */
const weightNames = (found: Traced): readonly string[] => [
  ...new Set(found.graph.parameters.flatMap(({ id }) => id.split("/").filter((part) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part)).slice(-1))),
]

/** A model with what trains it; a list of variables given to minimize is an assumption a reader must see. */
function withTraining(found: Traced, training: Training, fault: Pick<Fault, "what" | "place"> | undefined): TracedFile["models"][number] {
  const lists = training.optimizers.flatMap(({ variables }) =>
    variables === undefined ? [] : [whatTrains(variables)],
  )
  const { optimizers, losses, metrics, notes } = training
  const throws = fault === undefined ? {} : { throws: { what: plainText(fault.what), ...fault.place } }
  return { ...found, optimizers, losses, metrics, assumptions: [...new Set([...found.assumptions, ...lists, ...notes])], ...throws }
}

function whatTrains(variables: readonly string[]): string {
  if (variables.length === 0) return "minimize is told to train no variables, which tfjs refuses"
  return `only ${variables.join(", ")} ${variables.length === 1 && /^\S+$/.test(variables[0]) ? "is" : "are"} trained where minimize says so`
}
