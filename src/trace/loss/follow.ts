/**
 * @file Follows a loss that the code computes by itself, a function in compile or what a training step differentiates, and writes it as a graph over
 * the parameters of its network, so that a verification can run it.
 */
import type * as TypeScript from "typescript"
import type { Context, LossHooks } from "../context"
import type { FunctionValue, ModelValue, Scope, TensorValue, Value, Weight } from "../value"
import type { Network, Outputs } from "./network"
import type { LossUse, OwnLossGraph } from "../../graph/graph"
import { assignPaths } from "../models/paths"
import { assignLosses } from "../../graph/objective"
import { attempt } from "../models/attempt"
import { buildLoss } from "./build"
import { callLoss, meanOf } from "./named"
import { callNetwork } from "./network"
import { canonicalLoss } from "../../graph/lossFunctions"
import { chainedArguments, findOp, callOp, plainText } from "../ops/table"
import { parametersOf } from "../models/wrappers"
import { place, placeKey, Unreadable } from "../context"
import { createDataReader } from "./data"
import { functionOf } from "./function"
import { makeInput, makeTensor, shapeOf } from "../tensor"
import { givenUnknown, undefinedValue, unknown } from "../value"
import { withoutCasts } from "../trainers"

/** What is minimized: a function of labels and one output each, or of nothing, or a loss that compile names. */
export type LossSource =
  | { readonly kind: "compiled"; readonly fn: FunctionValue; readonly at: TypeScript.Node; readonly network?: Network }
  | { readonly kind: "minimized"; readonly node: TypeScript.Node; readonly at: TypeScript.Node }
  | { readonly kind: "named"; readonly losses: readonly LossUse[]; readonly at: TypeScript.Node; readonly network: Network }

export interface LossOf {
  readonly own: Network
  readonly networks: readonly Network[]
}

const forwardNames: ReadonlySet<string> = new Set(["forward", "call", "apply", "predict"])

/** Files of tests train one network in many steps. */
const mostSources = 6

/**
 * The sum of these losses as a graph, with what of them is not read and why; or why none is. Those that do not read the network are another one's;
 * null where all are.
 */
export function followLoss(context: Context, of: LossOf, sources: readonly LossSource[]): OwnLossGraph | null {
  const own: LossSource[] = [], unread: Extract<OwnLossGraph, { readonly why: string }>[] = []
  let first: OwnLossGraph | null = null
  for (const source of sources) {
    if (own.length + unread.length === mostSources) {
      const why = `it is one of ${sources.length} losses, of which no more than ${mostSources} are read`
      unread.push({ name: namesOfLosses(context, of, [source]), ...place(context, source.at), why })
      break
    }
    const found = follow(context, of, [source])
    if (found === null) continue
    if ("why" in found) unread.push(found)
    else {
      first ??= found
      own.push(source)
    }
  }
  if (first === null) return unread[0] ?? null
  const sum = own.length > 1 ? follow(context, of, own) : first
  if (sum === null || "why" in sum || unread.length === 0) return sum
  return { ...sum, unread: unread.map(({ name, why }) => ({ name, why })) }
}

function follow(context: Context, of: LossOf, sources: readonly LossSource[]): OwnLossGraph | null {
  const [{ at }] = sources, name = namesOfLosses(context, of, sources)
  const origin = { name, ...place(context, at) }
  const { state } = context
  const { value: built, limit, notes, wrongRank } = attempt(context, () => {
    const outputs: Outputs = new Map()
    state.forward++
    state.following++
    state.loss = hooksFor(context, of, outputs)
    let parts: readonly TensorValue[]
    try {
      parts = sources.map((source) => valueOf(context, of, source, outputs))
    } finally {
      state.loss = null
    }
    const total = parts.reduce((a, b) => makeTensor(context, { kind: "binary", fn: "add" }, [a, b]))
    return buildLoss(context, { own: of.own, value: total, outputs, idsOf: (network) => idsOf(context, network) })
  })
  if (built !== null) {
    const { graph, beside, through, readsNetwork } = built
    return readsNetwork ? { ...origin, graph, beside, through } : null
  }
  const unread = wrongRank === null ? "its operations are not read" : "how many axes its data has is not known"
  return { ...origin, why: plainText(limit ?? notes.at(-1)?.what ?? unread) }
}

/** Each once, those of other networks with the name of these; functions without a name by their lines. */
function namesOfLosses({ ts }: Context, { own }: LossOf, sources: readonly LossSource[]): string {
  const named = sources.flatMap((source) => {
    const of = source.kind !== "minimized" && source.network !== undefined && source.network !== own ? ` of ${source.network.traced.name}` : ""
    const name = nameOfLoss(ts, source)
    return name === null ? [] : [`${name}${of}`]
  })
  const lines = sources.filter((source) => nameOfLoss(ts, source) === null).map(lineOf).sort((a, b) => a - b)
  const places = [...new Set(lines)], [first] = places, last = places.at(-1)
  const many = places.length === 1 ? `line ${first}` : `lines ${places.length < 4 ? places.join(", ") : `${first}–${last}`}`
  const functions = lines.length === 0 ? [] : lines.length === 1 ? [`the function in line ${first}`] : [`${lines.length} functions in ${many}`]
  return [...new Set(named), ...functions].join(" + ")
}

const lineOf = ({ at }: LossSource): number => at.getSourceFile().getLineAndCharacterOfPosition(at.getStart()).line + 1

/** Null for a function without a name. */
function nameOfLoss(ts: typeof TypeScript, source: LossSource): string | null {
  if (source.kind === "named") return [...new Set(source.losses.map(({ name }) => canonicalLoss(name)))].join(" + ")
  const node = source.kind === "compiled" ? source.fn.node : source.node
  const named = ts.isIdentifier(node) ? node : ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) ? node.name : undefined
  const stored = ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined
  return named?.getText() ?? stored?.getText() ?? null
}

/** @throws Unreadable where it is no tensor */
function valueOf(context: Context, { own }: LossOf, source: LossSource, outputs: Outputs): TensorValue {
  switch (source.kind) {
    case "minimized":
      return minimizedValue(context, own, source)
    case "compiled":
      return compiledValue(context, source.network ?? own, source.at, outputs, (labels, output) =>
        context.call(context, source.fn, undefinedValue, [labels(), output], source.at))
    case "named": {
      const losses = source.losses.map((loss) => ({ ...loss, name: canonicalLoss(loss.name) }))
      const assigned = assignLosses(source.network.traced.graph, losses)
      if (assigned === null) throw new Unreadable("which output each loss is for is not known")
      const data = createDataReader(context, () => true)
      return compiledValue(context, source.network, source.at, outputs, (_, output, k) => {
        const given = unknown("labels", "labels")
        const parts = assigned[k].map((name) => tensorIn(context, callLoss(context, `losses.${name}`, [given, output], source.at, data), source.at))
        return parts.reduce((a, b) => makeTensor(context, { kind: "binary", fn: "add" }, [a, b]))
      })
    }
  }
}

function minimizedValue(context: Context, { names }: Network, { node, at }: Extract<LossSource, { readonly kind: "minimized" }>): TensorValue {
  const fn = functionOf(context, node)
  if (fn === null) throw new Unreadable("the function that computes it is not found in this file")
  const restore = forgetGuesses(fn.scope, names)
  try {
    return tensorIn(context, context.call(context, fn, undefinedValue, [], at), at)
  } finally {
    restore()
  }
}

/** The sum of what is made of each output of a network. */
function compiledValue(
  context: Context, network: Network, at: TypeScript.Node, outputs: Outputs,
  lossOf: (labels: () => TensorValue, output: TensorValue, k: number) => Value,
): TensorValue {
  const result = callNetwork(context, network, [], at, createDataReader(context, () => true), outputs)
  const given = result.kind === "array" ? result.items : [result]
  const parts = given.map((output, k) => {
    if (output.kind !== "tensor") throw new Unreadable("the network's output is not read")
    return tensorIn(context, lossOf(() => makeInput(context, "labels", shapeOf(context, output)), output, k), at)
  })
  return parts.reduce((a, b) => makeTensor(context, { kind: "binary", fn: "add" }, [a, b]))
}

/** A parameter that hands on the network was taken for a tensor where the function was followed by itself; here it is known by its name. */
function forgetGuesses(scope: Scope, names: ReadonlySet<string>): () => void {
  const guessed: (() => void)[] = []
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const held = at.names
    for (const [name, value] of held) {
      if (!names.has(name) || value.kind !== "tensor" || value.source.kind !== "input") continue
      held.set(name, givenUnknown(`'${name}' is not known`, name))
      guessed.push(() => held.set(name, value))
    }
  }
  return () => guessed.forEach((restore) => restore())
}

function tensorIn(context: Context, value: Value | null, at: TypeScript.Node): TensorValue {
  if (value === null) throw new Unreadable("it is not read")
  if (value.kind === "tensor") return meanOf(context, value, at)
  throw new Unreadable(value.kind === "unknown" ? value.why : "it gives no tensor")
}

function hooksFor(context: Context, { own, networks }: LossOf, outputs: Outputs): LossHooks {
  const live = new Map<TensorValue, boolean>()
  const isLive = (tensor: TensorValue): boolean => {
    const known = live.get(tensor)
    if (known !== undefined) return known
    const { source } = tensor
    const result = outputs.has(tensor) || source.kind === "weight" || (source.kind === "op" && source.operands.some(isLive))
    live.set(tensor, result)
    return result
  }
  const data = createDataReader(context, isLive)
  const apply = (network: Network, args: readonly Value[], at: TypeScript.Node): Value => callNetwork(context, network, args, at, data, outputs)
  const byPlace = new Map(networks.flatMap((network) => (network.forward === null ? [] : [[network.forward, network] as const])))
  // What may be several is taken for the one whose loss this is.
  const named = (name: string | null): Network | undefined => name === null ? undefined : [own, ...networks].find(({ names }) => names.has(name))
  return {
    callFunction: ({ node }, args, at) => {
      const name = node.getSourceFile() === context.home ? (node.name ?? storedName(context, node)) : undefined
      const key = name === undefined ? null : placeKey(place(context, name))
      const network = key === null ? undefined : byPlace.get(key)
      return network === undefined ? null : apply(network, args, at)
    },
    callModel: (model, args, at) => {
      const network = networkOf(networks, model)
      return network === undefined ? null : apply(network, args.slice(0, 1), at)
    },
    callUnknown: (callee, self, args, at) => {
      const isForward = self.kind === "unknown" && forwardNames.has(callee.name ?? "")
      const network = isForward ? (named(self.name) ?? named(receiverOf(context, at))) : self.kind === "unknown" ? undefined : named(callee.name)
      if (network !== undefined) return apply(network, args, at)
      const method = callee.name
      if (method === null || !data.isData(self) || findOp(method) === null) return null
      return callOp(context, method, chainedArguments(method, self, args), at)
    },
    callOp: data.callOp,
    callLoss: (path, args, at) => callLoss(context, path, args, at, data),
  }
}

/** The name of the variable or field that a function is kept in. */
function storedName({ ts }: Context, { parent }: FunctionValue["node"]): TypeScript.Node | undefined {
  return ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined
}

/** "model" for `model.predict(x)` and `this.model.predict(x)`: the name still speaks of the network where it holds a loaded one as well. */
function receiverOf({ ts }: Context, at: TypeScript.Node): string | null {
  if (!ts.isCallExpression(at) || !ts.isPropertyAccessExpression(at.expression)) return null
  const owner = withoutCasts(ts, at.expression.expression)
  return ts.isIdentifier(owner) ? owner.text : ts.isPropertyAccessExpression(owner) ? owner.name.text.replace(/^#/, "") : null
}

const networkOf = (networks: readonly Network[], model: ModelValue): Network | undefined =>
  networks.find((network) => network.model === model) ?? networks.find((network) => network.model?.node === model.node)

/** Ids of the weights of a network: those it was read with, and those of other instances of its class that stand at the same places. */
export function idsOf(context: Context, { traced, model }: Pick<Network, "traced" | "model">): ReadonlyMap<Weight, string> {
  const found = new Map(parametersOf(traced.graph))
  const add = (root: Value | null, named: Scope["names"] | []): void =>
    assignPaths(root, named).weights.forEach((id, weight) => found.has(weight) || found.set(weight, id))
  if (model !== null) add(model, [])
  else if (traced.form === "function") add(null, context.moduleScope(context, context.home).names)
  else for (const instance of context.state.instances) if (instance.type?.name === traced.name) add(instance, [])
  return found
}

