/**
 * @file Cuts one model's graph out of the expression graph: nodes in order, parameters by path, sites with what they made, symbols with plain
 * names.
 */
import type * as TypeScript from "typescript"
import type { Context, Note } from "../context"
import type { Dim, ModelForm, Place } from "../../schema/report"
import type { Graph, Refusal, TracedModel, TracedSite } from "../../graph/graph"
import type { Paths } from "./paths"
import { readBefore, readOnce, type Earlier } from "./earlier"
import type { LayerState, ModelValue, TensorValue, Weight } from "../value"
import { assumedMaking, isAboutShapes } from "../assumed"
import { dim, multiplyDim, substituteDim, symbolsOf } from "../../graph/dim"
import { GraphBuilder } from "../../graph/build"
import { frozenAtOf, frozenLater, frozenWhole, isFreeInFits, turnsOf } from "./frozen"
import { isTrainable } from "../weight"
import { lastUnfit } from "../layers/refused"
import { listLayers } from "./layers"
import { mapSizes } from "../../graph/sizes"
import { plainText } from "../ops/table"
import { reachableFrom } from "./reachable"
import { refusedTraining } from "./compiled"
import { rememberParameters } from "./wrappers"
import { placeKey, resolveDim, samePlace } from "../context"

export interface ModelParts {
  readonly name: string
  readonly form: ModelForm
  readonly place: Place
  readonly forward?: Place
  readonly inputs: readonly TensorValue[]
  readonly outputs: readonly TensorValue[]
  /** What was there before the pass, as leaves. */
  readonly earlier?: Earlier
  readonly paths: Paths
  readonly notes: readonly Note[]
  readonly assumptions: readonly string[]
  /** The tfjs model whose layers are listed. */
  readonly model?: ModelValue
  /** Whether weights that no output needs belong to it as well (they do when they sit in it). */
  readonly ownsUnused: boolean
}

/** The traced model; throws only where two shapes contradict each other after everything learned, which the caller reports. */
export function emitModel(context: Context, parts: ModelParts): Omit<TracedModel, "optimizers" | "losses" | "metrics"> {
  const reachable = [...reachableFrom(parts.outputs, parts.earlier)].sort((a, b) => a.serial - b.serial)
  const names = new SymbolNames(context),
    builder = new GraphBuilder()
  const show = (d: Dim): Dim => names.show(d)
  const used = new Set(reachable.flatMap((t) => (t.source.kind === "weight" && parts.earlier?.has(t) !== true ? [t.source.weight] : [])))
  const weights = [...parts.paths.weights.keys()].filter((weight) => parts.ownsUnused || used.has(weight))
  for (const weight of used) if (!parts.paths.weights.has(weight)) weights.push(weight)
  // Inputs first, so that their sizes have the plain names.
  parts.inputs.forEach((x) => x.shape.forEach(show))
  const indexOf = new Map<Weight, number>(),
    ids = new Set<string>()
  const once = parts.earlier === undefined ? null : readOnce(parts.earlier)
  const first = parts.earlier === undefined ? null : readBefore(parts.earlier)
  const isFree = parts.model !== undefined && isFreeInFits(parts.model, weights)
  for (const weight of weights) {
    const id = uniqueId(parts.paths.weights.get(weight) ?? weight.name?.text ?? weight.label ?? "weight", ids)
    const tfName = weight.weight ?? weight.label
    const at = weight.name?.place ?? weight.place, frozenAt = isFree ? undefined : frozenAtOf(weight)
    const trainable = isTrainable(weight) || (isFree && weight.trainable), turns = trainable ? turnsOf(parts.model ?? {}, weight) : undefined
    indexOf.set(
      weight,
      builder.addParameter({
        id,
        shape: weight.shape.map(show),
        trainable,
        ...(turns === undefined ? {} : { turns }),
        ...(frozenAt === undefined ? {} : { frozenAt }),
        ...(once?.has(weight) === true ? { readOnce: true } : {}),
        ...(first?.has(weight) === true && !used.has(weight) ? { readFirst: true } : {}),
        start: at.start,
        end: at.end,
        ...(tfName !== null && tfName !== undefined && tfName !== id && tfName !== id.split("/").at(-1) ? { weight: tfName } : {}),
        ...(weight.initializer === undefined ? {} : { initializer: weight.initializer }),
        ...(weight.regularizer === undefined ? {} : { regularizer: weight.regularizer }),
        ...(weight.constraint === undefined ? {} : { constraint: weight.constraint }),
      }),
    )
  }
  const nodes = new Map<TensorValue, number>(),
    inputNames = uniqueInputNames(parts.inputs)
  const isReachable = new Set(reachable)
  for (const t of [...parts.inputs.filter((x) => isReachable.has(x)), ...reachable]) {
    if (nodes.has(t)) continue
    const scope = scopeOf(t, parts.paths)
    const origin = {
      ...(t.at === undefined ? {} : { at: t.at }),
      ...(t.label === undefined ? {} : { label: plainText(t.label) }),
      ...(scope === undefined ? {} : { scope }),
    }
    const target = t.shape.map((d) => show(d))
    const { source } = t, leaf = parts.earlier?.get(t)
    if (leaf !== undefined) {
      nodes.set(t, builder.add(leaf, [], origin, target))
      continue
    }
    switch (source.kind) {
      case "input": {
        const { domain, range } = source.input
        nodes.set(t, builder.input(inputNames.get(t) ?? source.input.name, target, domain, origin, range === undefined ? undefined : show(range)))
        break
      }
      case "weight":
        nodes.set(t, builder.parameterNode(indexOf.get(source.weight) ?? 0))
        break
      case "op":
        nodes.set(
          t,
          builder.add(
            mapSizes(source.op, show),
            source.operands.map((operand) => nodes.get(operand) ?? 0),
            origin,
            target,
          ),
        )
        break
    }
  }
  const graph = builder.finish(parts.outputs.flatMap((t) => nodes.get(t) ?? []))
  rememberParameters(graph, new Map([...indexOf].map(([weight, index]) => [weight, graph.parameters[index].id])))
  const assumed = new Set([...parts.assumptions, ...assumedMaking(parts.paths.owners.keys())])
  const later = parts.model === undefined ? [] : frozenLater(context, parts.model, weights)
  return {
    name: parts.name,
    form: parts.form,
    ...parts.place,
    graph,
    inputs: parts.inputs.map((x) => ({ name: inputNames.get(x) ?? "input", shape: x.shape.map(show) })),
    parameterCount: graph.parameters.map((p) => p.shape.reduce<Dim>(multiplyDim, 1)).reduce<Dim>((a, b) => sum(a, b), 0),
    ...(parts.model === undefined ? {} : { layers: listLayers(parts.model, { paths: parts.paths, show, indexOf }) }),
    sites: sitesOf(context, parts, graph, nodes, indexOf),
    assumptions: [...assumed, ...rangeAssumptions(parts.inputs, graph, nodes), ...later].map(plainText),
    unsupported: unsupportedOf(parts.notes, graph),
    ...refusedOf(context, parts, graph, { reachable, weights }),
  }
}

/** One-hot rows of integers that nothing bounds mark one class only while the integers stay below the depth; laws may need that. */
function rangeAssumptions(inputs: readonly TensorValue[], graph: Graph, nodes: ReadonlyMap<TensorValue, number>): readonly string[] {
  return inputs.flatMap((x) => {
    const node = nodes.get(x), source = x.source
    if (node === undefined || source.kind !== "input" || source.input.bounded === true) return []
    const { op } = graph.nodes[node]
    if (op.kind !== "input" || op.range === undefined) return []
    return [`the integers in ${op.name} stay below ${op.range}: tf.oneHot marks nothing in the row of any other`]
  })
}

const sum = (a: Dim, b: Dim): Dim => (typeof a === "number" && typeof b === "number" ? a + b : dim(`${a}+${b}`))

function uniqueId(path: string, taken: Set<string>): string {
  let id = path
  for (let n = 2; taken.has(id); n++) id = `${path}_${n}`
  taken.add(id)
  return id
}

function uniqueInputNames(inputs: readonly TensorValue[]): ReadonlyMap<TensorValue, string> {
  const taken = new Set<string>(),
    names = new Map<TensorValue, string>()
  for (const x of inputs)
    if (x.source.kind === "input") names.set(x, uniqueId(x.source.input.name === "input" ? (x.name?.text ?? "input") : x.source.input.name, taken))
  return names
}

/** Path of the innermost layer or instance that a tensor was made in. */
function scopeOf(t: TensorValue, paths: Paths): string | undefined {
  for (let i = t.owners.length - 1; i >= 0; i--) {
    const path = paths.owners.get(t.owners[i])
    if (path !== undefined) return path === "" ? undefined : path
  }
  return undefined
}

/** Plain names for symbols: "x.1" for "x.1·7", "x.1_2" where two symbols of one name are left. */
class SymbolNames {
  private readonly shown = new Map<string, string>()
  private readonly taken = new Set<string>()
  private readonly sizes = new Map<string, Dim>()
  constructor(private readonly context: Context) {}
  show(d: Dim): Dim {
    const resolved = resolveDim(this.context, d)
    if (typeof resolved === "number") return resolved
    let size = this.sizes.get(resolved)
    if (size === undefined) {
      size = substituteDim(resolved, Object.fromEntries(symbolsOf(resolved).map((symbol) => [symbol, this.name(symbol)])))
      this.sizes.set(resolved, size)
    }
    return size
  }
  private name(symbol: string): string {
    let name = this.shown.get(symbol)
    if (name === undefined) {
      name = uniqueId(symbol.replace(/\u00b7\d+$/, ""), this.taken)
      this.shown.set(symbol, name)
    }
    return name
  }
}

function sitesOf(
  context: Context,
  parts: ModelParts,
  graph: Graph,
  nodes: ReadonlyMap<TensorValue, number>,
  indexOf: ReadonlyMap<Weight, number>,
): readonly TracedSite[] {
  const all = graph.nodes.map((node) => node.id)
  const sites: TracedSite[] = [{ ...parts.place, kind: "model", label: parts.name, nodes: all, parameters: graph.parameters.map((_, i) => i) }]
  if (parts.forward !== undefined) sites.push({ ...parts.forward, kind: "forward", label: "forward", nodes: all, parameters: [] })
  const layerLabels = new Map<string, { readonly path: string; readonly state: LayerState }[]>()
  for (const state of context.state.layers) {
    const path = parts.paths.owners.get(state)
    if (path !== undefined && path !== "") put(layerLabels, placeKey(state.place), { path, state })
  }
  // The class itself, where it is a layer: it has its own site.
  const root = context.state.layers.find((state) => parts.paths.owners.get(state) === "")
  for (const site of context.state.sites.values()) {
    const made = nodesAt(site.tensors, nodes)
    const labels = site.kind === "layer" ? (layerLabels.get(placeKey(site.place)) ?? []) : []
    const own = [...site.weights, ...labels.flatMap((known) => known.state.weights)]
    const parameters = [...new Set(own.flatMap((weight) => indexOf.get(weight) ?? []))]
    if (site.kind === "layer" && root !== undefined && samePlace(root.place, site.place)) continue
    if (site.kind === "weight") made.push(...parameters.flatMap((index) => graph.parameters[index].node ?? []))
    if (made.length === 0 && parameters.length === 0) continue
    const label =
      labels.length > 0 ? labels[0].path : site.kind === "weight" && parameters.length > 0 ? graph.parameters[parameters[0]].id : site.label
    sites.push({ ...site.place, kind: site.kind, label, nodes: made, parameters })
  }
  const taken = new Set(sites.filter(({ kind }) => kind === "weight").map(placeKey)),
    named = new Map<string, number[]>()
  for (const [weight, index] of indexOf) if (weight.name !== undefined) put(named, placeKey(weight.name.place), index)
  for (const [weight, index] of indexOf) {
    if (weight.name === undefined || taken.has(placeKey(weight.name.place))) continue
    taken.add(placeKey(weight.name.place))
    const node = graph.parameters[index].node
    const shared = named.get(placeKey(weight.name.place)) ?? []
    sites.push({ ...weight.name.place, kind: "weight", label: graph.parameters[index].id, nodes: node === null ? [] : [node], parameters: shared })
  }
  return sites
}

function put<V>(lists: Map<string, V[]>, key: string, item: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}

/** The model's nodes among what a site has made for all models of the file; the shorter of the two is searched. */
function nodesAt(tensors: ReadonlySet<TensorValue>, nodes: ReadonlyMap<TensorValue, number>): number[] {
  const found: number[] = []
  if (tensors.size < nodes.size) {
    for (const tensor of tensors) {
      const id = nodes.get(tensor)
      if (id !== undefined) found.push(id)
    }
  } else nodes.forEach((id, tensor) => tensors.has(tensor) && found.push(id))
  return found.sort((a, b) => a - b)
}

/** Shapes that do not fit under an assumption speak against the assumption. A layer that gives nothing is in no list of layers. */
function refusedOf(
  context: Context,
  { paths, assumptions, form, model }: ModelParts,
  { nodes }: Graph,
  { reachable, weights }: { readonly reachable: readonly TensorValue[]; readonly weights: readonly Weight[] },
): Pick<TracedModel, "refused"> {
  const isSure = (layer: LayerState): boolean => !assumptions.some((text) => isAboutShapes(context, text, lastUnfit(layer)))
  const reasons = nodes.flatMap(({ op }) => (op.kind === "opaque" ? [op.reason] : []))
  const all = context.state.layers.flatMap((layer) => {
    const told = (layer.refused ?? []).filter(({ kind }) => kind !== "shapes" || isSure(layer))
    const own = told.map((refusal) => ({ ...refusal, what: plainText(refusal.what) }))
    return paths.owners.has(layer) ? own : own.filter(({ what }) => reasons.some((reason) => what.endsWith(reason)))
  })
  const between = form === "functional" ? betweenLayers(reachable).filter((refusal) => standsAmongLayers(context, refusal)) : []
  const frozen = model === undefined ? [] : frozenWhole(context, model, weights)
  const training = model === undefined ? [] : refusedTraining(context, model)
  const refused = [...all, ...between, ...frozen, ...training]
  return refused.length === 0 ? {} : { refused }
}

/** Operations of tf on what depends on the inputs of a model, and in none of its layers. `reachable`: operands come first. */
function betweenLayers(reachable: readonly TensorValue[]): readonly Refusal[] {
  const symbolic = new Set<TensorValue>()
  return reachable.flatMap((t): readonly Refusal[] => {
    const { source, owners, at, label = "" } = t
    const isOn = source.kind === "op" && source.operands.some((operand) => symbolic.has(operand))
    if (isOn || source.kind === "input") symbolic.add(t)
    if (!isOn || owners.length > 0 || at === undefined || !/^tf\.\w/.test(label)) return []
    const what = `${label} of a symbolic tensor: tfjs throws, between the layers of a model only layers can stand`
    return [{ kind: "operation", what, fixable: false, start: at.start, end: at.end }]
  })
}

/** Whether a place is in the code that makes the model: a layer's own call is in a function of its own. */
function standsAmongLayers({ ts, home }: Context, { start }: Place): boolean {
  if (start.file !== undefined || start.line > home.getLineStarts().length) return false
  const position = home.getLineStarts()[start.line - 1] + start.column - 1
  let inner: TypeScript.Node = home
  for (let at: TypeScript.Node | undefined = home; at !== undefined;) {
    if (ts.isFunctionLike(at)) inner = at
    at = ts.forEachChild(at, (child) => (child.pos <= position && position < child.end ? child : undefined))
  }
  return /\binput\s*\(/.test(inner.getText(home)) && /\bmodel\s*\(/.test(inner.getText(home))
}

function unsupportedOf(notes: readonly Note[], graph: Graph): TracedModel["unsupported"] {
  const found = notes.map((note) => ({ what: plainText(note.what), ...note.place }))
  for (const node of graph.nodes) {
    if (node.op.kind !== "opaque" || node.op.said === true || node.at === undefined) continue
    const { at, op } = node
    // What has been noted where it happened need not be said again where it ends up.
    if (found.some((known) => known.what.includes(plainText(op.reason)) || op.reason.includes(known.what))) continue
    const what = op.what === "code that is not read" ? op.reason : `${op.what}: ${op.reason}`
    if (!found.some((known) => samePlace(known, at))) found.push({ what: plainText(what), ...at })
  }
  return found.filter((item, i) => found.findIndex((other) => other.what === item.what && samePlace(other, item)) === i)
}
