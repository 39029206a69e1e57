/**
 * @file What tfjs 4.22 refuses in the configuration of a layer, or passes over in silence: sizes that are no counts, texts and names that it does
 * not know, entries that are missing or spelled otherwise. Such a layer is read as it is meant all the same. What is listed here is tried on tfjs in
 * test/findings/refused.slow.test.ts. Absent: what depends on the shapes that meet in a layer.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { LayerCall } from "./call"
import type { LayerState, ObjectValue, TensorValue, Value } from "../value"
import type { Dim } from "../../schema/report"
import type { Refusal } from "../../graph/graph"
import { callee, place } from "../context"
import { isSymbolicInput } from "./mask"
import { mayGrow } from "../rank"
import { shapeOf } from "../tensor"
import { isNullish, tensorsIn } from "../value"
import { quoted, similarName } from "../../graph/names"

/** What a complaint is about, before it has a place. */
type Complaint = Pick<Refusal, "kind" | "what"> & { readonly fixable?: true }
type Plain = number | string | boolean | readonly Plain[]

/** Names that layers take as texts; names of classes count as well, with a capital letter. */
export const knownNames = {
  initializer:
    "glorotNormal glorotUniform heNormal heUniform identity leCunNormal leCunUniform ones orthogonal randomNormal randomUniform truncatedNormal " +
    "varianceScaling zeros",
  regularizer: "l1l2",
  constraint: "maxNorm minMaxNorm nonNeg unitNorm",
} as const

const counts: Readonly<Record<string, readonly string[]>> = {
  units: ["dense", "lstm", "gru", "simpleRNN"],
  filters: ["conv1d", "conv2d", "conv3d", "conv2dTranspose", "conv3dTranspose", "separableConv2d", "convLstm2d"],
  inputDim: ["embedding"],
  outputDim: ["embedding"],
}
const spatialAxes: Readonly<Record<string, number>> = {
  conv1d: 1, conv2d: 2, conv3d: 3, conv2dTranspose: 2, conv3dTranspose: 3, separableConv2d: 2, depthwiseConv2d: 2,
}
const pooling = ["maxPooling1d", "maxPooling2d", "maxPooling3d", "averagePooling1d", "averagePooling2d", "averagePooling3d"]
const formatted = [
  "conv1d", "conv2d", "conv3d", "conv2dTranspose", "conv3dTranspose", "separableConv2d", "depthwiseConv2d", "globalMaxPooling2d",
  "globalAveragePooling2d", "upSampling2d", ...pooling.filter((name) => !name.endsWith("1d")),
]
const texts: Readonly<Record<string, { readonly layers: readonly string[]; readonly known: readonly string[] }>> = {
  padding: { layers: [...Object.keys(spatialAxes), ...pooling], known: ["valid", "same"] },
  dataFormat: { layers: formatted, known: ["channelsFirst", "channelsLast"] },
  interpolation: { layers: ["upSampling2d"], known: ["nearest", "bilinear"] },
  mergeMode: { layers: ["bidirectional"], known: ["sum", "mul", "concat", "ave"] },
}
/** Layers that hold an activityRegularizer and throw with it; recurrent ones and the rest pass over it. */
const noActivity = ["dense", "embedding", ...Object.keys(spatialAxes)]
/** What a layer cannot be made without. */
const required: Readonly<Record<string, readonly string[]>> = {
  dense: ["units"], lstm: ["units"], gru: ["units"], simpleRNN: ["units"], embedding: ["inputDim", "outputDim"], conv1d: ["filters", "kernelSize"],
  conv2d: ["filters", "kernelSize"], conv3d: ["filters", "kernelSize"], conv2dTranspose: ["filters", "kernelSize"],
  conv3dTranspose: ["filters", "kernelSize"], convLstm2d: ["filters", "kernelSize"], cropping2D: ["cropping"],
  separableConv2d: ["filters", "kernelSize"], depthwiseConv2d: ["kernelSize"], permute: ["dims"], reshape: ["targetShape"], repeatVector: ["n"],
  bidirectional: ["layer"], timeDistributed: ["layer"], rnn: ["cell"],
}
/** Layers that need nothing but read their record, also where none is given; dense and its kin, which need an entry, say so of that. */
const readsRecord: ReadonlySet<string> = new Set([
  ...pooling, "activation", "alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "globalAveragePooling2d", "globalMaxPooling2d",
  "spatialDropout1d", "upSampling2d", "rescaling", "dot",
])
/** Entries that a layer reads from its record; one of another spelling is passed over in silence. */
const entries = (
  "activation units useBias kernelInitializer biasInitializer kernelRegularizer biasRegularizer activityRegularizer kernelConstraint " +
  "biasConstraint inputShape batchInputShape batchSize inputDim outputDim inputLength maskZero embeddingsInitializer " +
  "embeddingsRegularizer returnSequences returnState goBackwards recurrentActivation recurrentInitializer recurrentRegularizer " +
  "recurrentConstraint recurrentDropout resetAfter filters kernelSize strides padding dataFormat dilationRate poolSize " +
  "depthMultiplier depthwiseInitializer pointwiseInitializer targetShape mergeMode noiseShape maskValue maxValue sharedAxes " +
  "alphaInitializer betaInitializer gammaInitializer movingMeanInitializer movingVarianceInitializer"
).split(" ")
/** The entry that a layer given a bare number or text was meant to have. */
const meant: Readonly<Record<string, string>> = {
  dropout: "rate", spatialDropout1d: "rate", gaussianDropout: "rate", alphaDropout: "rate", gaussianNoise: "stddev", leakyReLU: "alpha",
  activation: "activation", dense: "units", lstm: "units", gru: "units", simpleRNN: "units", repeatVector: "n", softmax: "axis",
}

/** What tfjs refuses in a layer that is being made. */
export function refusalsOf(context: Context, kind: string, config: ObjectValue, args: readonly Value[], at: TypeScript.Node): Refusal[] {
  const { ts, state } = context
  // Where something in doubt decides what stands there, only what is written counts.
  const sure = state.trail.length === 0 && state.assumedItems === 0 && state.doubts === 0
  let literal: TypeScript.Expression | undefined = ts.isCallExpression(at) ? at.arguments.at(0) : undefined
  while (literal !== undefined && (ts.isAsExpression(literal) || ts.isParenthesizedExpression(literal))) literal = literal.expression
  const record = literal !== undefined && ts.isObjectLiteralExpression(literal) ? literal : null
  const written = (key: string): TypeScript.Expression | null => {
    const own = record?.properties.find((property) => ts.isPropertyAssignment(property) && textOfName(ts, property.name) === key)
    return own !== undefined && ts.isPropertyAssignment(own) ? own.initializer : null
  }
  const found: Refusal[] = []
  const add = (complaint: Complaint | null, node: TypeScript.Node): void => {
    if (complaint !== null) found.push({ fixable: false, ...complaint, ...place(context, node) })
  }
  if (ts.isCallExpression(at) && args.length > 0 && /^(number|string)$/.test(typeof plainOf(args[0])) && Object.hasOwn(meant, kind)) {
    const given = quoted(plainOf(args[0]) ?? "")
    const what = `${kind}: tfjs reads a record of settings, ${given} alone says nothing: write { ${meant[kind]}: ${given} }`
    add({ kind: refusesNothing(kind) ? "ignored" : "setting", what }, at.arguments[0])
    return found
  }
  for (const [key, value] of config.fields) {
    const plain = plainOf(value), node = written(key)
    if (key === "activityRegularizer" && !isNullish(value) && value.kind !== "unknown" && noActivity.includes(kind))
      add({ kind: "setting", what: `${kind}: tfjs refuses an activityRegularizer as soon as the layer is applied` }, node ?? at)
    if (/Constraint$/.test(key) && isConstraint(value))
      add({ kind: "ignored", what: `${kind}: tfjs 4.22 applies ${key} in setWeights only; no step does, so weights can exceed it` }, node ?? at)
    const isLiteral = node !== null && isLiteralValue(ts, node)
    if (plain === null || (!isLiteral && !sure)) continue
    add(complaintAbout(context, kind, key, plain, isLiteral), node ?? at)
  }
  if (record === null && !(ts.isCallExpression(at) && at.arguments.length === 0)) return found
  if (ts.isCallExpression(at) && at.arguments.length === 0 && readsRecord.has(kind))
    add({ kind: "setting", what: `${kind}: tfjs refuses it without a record of settings: write ${kind}({}), or say what it needs` }, at.expression)
  const names = record?.properties.map((property) => (property.name === undefined ? null : textOfName(ts, property.name))) ?? []
  if (record?.properties.some((property) => ts.isSpreadAssignment(property)) === true || names.includes(null)) return found
  const needed = Object.hasOwn(required, kind) ? required[kind] : [], spelled = new Set<string>()
  for (const name of names) {
    const similar = name === null || entries.includes(name) ? null : (similarName(name, entries) ?? similarName(`${name}s`, entries))
    const own = record?.properties.find((property) => property.name !== undefined && textOfName(ts, property.name) === name)
    if (similar === null || own?.name === undefined || names.includes(similar)) continue
    spelled.add(similar)
    if (needed.includes(similar)) add({ kind: "setting", what: `${kind}: tfjs has no '${name ?? ""}': write ${similar}, which it needs` }, own.name)
    else add({ kind: "ignored", what: `${kind}: tfjs passes over '${name ?? ""}' in silence: write ${similar}` }, own.name)
  }
  const missing = needed.filter((key) => !names.includes(key) && !spelled.has(key))
  for (const key of missing) add({ kind: "setting", what: `${kind}: tfjs refuses it without '${key}'` }, ts.isCallExpression(at) ? at.expression : at)
  return found
}

const refusesNothing = (kind: string): boolean => !Object.hasOwn(required, kind)

function complaintAbout(context: Context, kind: string, key: string, value: Plain, isLiteral: boolean): Complaint | null {
  const refused = (takes: string): Complaint => ({ kind: "setting", what: `${kind}: tfjs refuses ${key}: ${quoted(value)}, it takes ${takes}` })
  if (Object.hasOwn(counts, key) && counts[key].includes(kind)) return isCount(value, isLiteral) ? null : refused("a whole number above 0")
  if (Object.hasOwn(texts, key) && texts[key].layers.includes(kind)) {
    const { known } = texts[key]
    if (key === "padding" && typeof value === "number") return refused("'valid' or 'same'")
    if (typeof value !== "string" || known.includes(value) || (key === "padding" && value === "causal")) return null
    const similar = similarName(value, known)
    return { ...refused(known.map((name) => `'${name}'`).join(" or ")), ...(similar === null ? {} : { fixable: true }) }
  }
  if (/^(batchI|i)nputShape$/.test(key)) {
    const isBad = (n: Plain): boolean => typeof n === "string" || (isLiteral && typeof n === "number" && (n < 0 || !Number.isInteger(n)))
    const bad = [value].flat().some(isBad)
    return bad ? refused("whole numbers, or null for a size that is open") : null
  }
  const axes = Object.hasOwn(spatialAxes, kind) ? spatialAxes[kind] : 0
  if (axes > 0 && (key === "kernelSize" || key === "strides" || key === "dilationRate")) {
    const one = typeof value === "number" || (typeof value === "object" && value.length === axes)
    if (!one) return refused(axes === 1 ? "a number" : `a number or a list of ${axes}`)
    const bad = [value].flat().some((n) => typeof n === "number" && isLiteral && (n < 0 || (key === "kernelSize" && !Number.isInteger(n))))
    return bad ? refused("whole numbers above 0") : null
  }
  if (pooling.includes(kind) && (key === "poolSize" || key === "strides"))
    return [value].flat().every((n) => isCount(n, isLiteral)) ? null : refused("whole numbers above 0")
  return complaintAboutName(context, key, value)
}

function complaintAboutName(context: Context, key: string, value: Plain): Complaint | null {
  const role = /(Initializer|Regularizer|Constraint)$/.exec(key)?.[1].toLowerCase() as keyof typeof knownNames | undefined
  if (role === undefined || typeof value === "object" || typeof value === "boolean") return null
  if (typeof value === "number")
    return role === "regularizer" ? { kind: "setting", what: `tfjs refuses ${key}: ${value}: write tf.regularizers.l2({ l2: ${value} })` } : null
  const known = knownNames[role].split(" ")
  const isKnown = known.some((name) => value === name || value === name[0].toUpperCase() + name.slice(1))
  if (isKnown || value === "L1L2" || registers(context, value)) return null
  const similar = similarName(value, known) ?? (Object.hasOwn(elsewhere, value) ? elsewhere[value] : null)
  const made = /1/.test(value) ? "l1" : "l2"
  const instead = similar !== null ? `; write '${similar}'` : role === "regularizer" ? `; write tf.regularizers.${made}()` : ""
  return { kind: "name", what: `tfjs has no ${role} '${value}'${instead}`, ...(similar === null ? {} : { fixable: true }) }
}

/** One of tfjs's own; names it does not know are told otherwise. */
function isConstraint(value: Value): boolean {
  if (value.kind === "object") return true
  const name = plainOf(value)
  return typeof name === "string" && knownNames.constraint.split(" ").some((known) => known.toLowerCase() === name.toLowerCase())
}

/** Names of Keras that are other words here. */
const elsewhere: Readonly<Record<string, string>> = {
  zero: "zeros", one: "ones", normal: "randomNormal", uniform: "randomUniform", xavier: "glorotNormal", random_normal: "randomNormal",
}

/** Whether the program registers classes of its own under a name. */
const registers = ({ program }: Context, name: string): boolean =>
  program.getSourceFiles().some(({ isDeclarationFile, text }) => !isDeclarationFile && text.includes("registerClass") && text.includes(name))

/** Zero and below may stand for what is found out later, unless they are written there. */
const isCount = (value: Plain, isLiteral: boolean): boolean =>
  typeof value === "number" && (isLiteral ? Number.isInteger(value) && value > 0 : Number.isInteger(value) || value <= 0)

function isLiteralValue(ts: typeof TypeScript, node: TypeScript.Expression): boolean {
  if (ts.isArrayLiteralExpression(node)) return node.elements.every((item) => isLiteralValue(ts, item))
  return ts.isNumericLiteral(node) || ts.isStringLiteralLike(node) || (ts.isPrefixUnaryExpression(node) && ts.isNumericLiteral(node.operand))
}

const textOfName = (ts: typeof TypeScript, name: TypeScript.PropertyName): string | null =>
  ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : null

/** Numbers, texts, flags and lists of them; null for what is not known, or known to be no number. */
function plainOf(value: Value): Plain | null {
  if (value.kind === "primitive") {
    const held = value.value
    if (typeof held === "number") return Number.isFinite(held) ? held : null
    return typeof held === "boolean" || (typeof held === "string" && held !== "") ? held : null
  }
  if (value.kind !== "array") return null
  const items = value.items.map(plainOf)
  return items.every((item): item is Plain => item !== null) ? items : null
}

/** When shapes were last found not to fit in a layer: what is assumed later has no part in it. */
const unfitSince = new WeakMap<LayerState, number>()
export const lastUnfit = (state: LayerState): number => unfitSince.get(state) ?? Infinity

/** Shapes that do not fit: the code's own error where they follow from the shapes of a model's own inputs and nothing is guessed. */
export function tellUnfit(context: Context, state: LayerState, given: Value, what: string, at: TypeScript.Node): void {
  const { trail, assumedItems, doubts } = context.state
  if ((given.kind === "array" ? given.items : [given]).some((item) => item.kind !== "tensor")) return
  const tensors = tensorsIn([given], 2)
  // How many axes there are is known where the source lists them, whatever their sizes.
  const isRank = /expected (at least )?(\w+ axes|\[batch\b)/.test(what) && isRankStated(tensors)
  const isCertain = tensors.length > 0 && comesFromModelInputs(tensors) && (isRank || tensors.every((x) => shapeOf(context, x).every(isStated)))
  if (trail.length > 0 || assumedItems > 0 || doubts > 0 || !isCertain) return
  const refused = (state.refused ??= [])
  unfitSince.set(state, Math.max(unfitSince.get(state) ?? 0, context.state.serial))
  if (!refused.some((known) => known.what === what)) refused.push({ kind: "shapes", what, fixable: false, ...callee(context, at) })
}

/** How many axes a layer insists on, where its own rule would take others as well. */
const ranks: Readonly<Record<string, readonly [fewest: number, most: number]>> = {
  globalAveragePooling1d: [3, 3], globalMaxPooling1d: [3, 3], globalAveragePooling2d: [4, 4], globalMaxPooling2d: [4, 4], spatialDropout1d: [3, 3],
  flatten: [3, Infinity], timeDistributed: [3, Infinity],
}

/** A layer that is read on a tensor of a rank at which tfjs throws. */
export function tellRank({ context, state, inputs, at }: LayerCall, kind: string): void {
  const [x] = inputs
  if (!Object.hasOwn(ranks, kind) || x === undefined) return
  const own = shapeOf(context, x), [fewest, most] = ranks[kind]
  if (own.length >= fewest && own.length <= most) return
  const axes = `${fewest === most ? "" : "at least "}${fewest} axes`
  tellUnfit(context, state, x, `${kind}: expected ${axes}, found [${own.join(", ")}]`, at)
}

/** Whether no other input is behind the tensors than those of models made of layers, which state their shapes. */
function comesFromModelInputs(tensors: readonly TensorValue[]): boolean {
  const seen = new Set(tensors)
  for (const { source } of seen) if (source.kind === "op") source.operands.forEach((operand) => seen.add(operand))
  return [...seen].every((t) => t.source.kind !== "input" || isSymbolicInput(t))
}

/** Whether the shapes of all inputs behind are listed axis by axis, and nothing in between is not read. */
function isRankStated(tensors: readonly TensorValue[]): boolean {
  const seen = new Set(tensors)
  for (const { source } of seen) if (source.kind === "op") source.operands.forEach((operand) => seen.add(operand))
  return [...seen].every(({ source, shape }) => (source.kind === "op" ? source.op.kind !== "opaque" : source.kind !== "input" || !mayGrow(shape)))
}

const isStated = (d: Dim, axis: number): boolean => typeof d === "number" || (axis === 0 && /^batch(\u00b7|$)/.test(d))
