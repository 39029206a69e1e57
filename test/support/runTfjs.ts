/**
 * @file Runs our own fixtures and examples on real tfjs, as the reference the analysis is compared with. Only tests do this;
 * the product never executes what it reads. Sources are transpiled to CommonJS and evaluated once each.
 */
import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { compileFunction } from "node:vm"
import * as tf from "@tensorflow/tfjs"
import ts from "typescript"
import { drawNormals, type Random } from "./random"

/** Reads a name of the module's own scope, exported or not. */
type ReadName = (name: string) => unknown

type Evaluate = (exports: object, require: (name: string) => unknown) => ReadName

const modules = new Map<string, { readonly exports: Record<string, unknown>; readonly read: ReadName }>()

/** tfjs on its plain JavaScript backend, ready to use. */
export async function prepareTfjs(): Promise<void> {
  tf.env().set("PROD", true)
  await tf.setBackend("cpu")
  await tf.ready()
}

/** Evaluates a source file and what it imports; tfjs is the test's own instance. */
export function loadModule(fileName: string): { readonly exports: Record<string, unknown>; readonly read: ReadName } {
  const known = modules.get(fileName)
  if (known !== undefined) return known
  const { outputText } = ts.transpileModule(readFileSync(fileName, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true, useDefineForClassFields: false },
    fileName,
  })
  const exports: Record<string, unknown> = {}
  // useDefineForClassFields stays off: `private w!: LayerVariable` must not reset what a base constructor set.
  const code = `${outputText}\nreturn (name) => (name in exports ? exports[name] : eval(name))`
  const evaluate = compileFunction(code, ["exports", "require"], { filename: fileName }) as Evaluate
  const required = (name: string): unknown =>
    (name.startsWith(".") ? loadModule(resolve(dirname(fileName), `${name.replace(/\.[jt]s$/, "")}.ts`)).exports : tf)
  const loaded = { exports, read: evaluate(exports, required) }
  modules.set(fileName, loaded)
  return loaded
}

/** A model on tfjs: training mode, its variables, and the data it takes. */
export interface RunningModel {
  readonly forward: (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[]
  /** Trainable ones; for plain functions over module-level weights only those that a gradient reaches are known. */
  readonly variables: readonly tf.Variable[] | null
  /** The layer model behind it, where there is one. */
  readonly layers: tf.LayersModel | null
  /** A variable or constant tensor by the id the tracer gives it ("dense_1/kernel", "heads/0/wq"). @throws when there is none. */
  readonly tensor: (id: string) => tf.Tensor | tf.Variable
}

const forwardNames = ["call", "forward", "apply", "predict"] as const

/** Builds the declaration `name` of a file: a layer model, a builder, a class or a function over module-level weights. */
export function runModel(fileName: string, name: string): RunningModel {
  const { read } = loadModule(fileName)
  const declared = read(name)
  if (declared instanceof tf.LayersModel) return runLayers(declared)
  if (typeof declared !== "function") throw new Error(`runModel: ${name} is neither a model, a class nor a function`)
  if (/^class\b/.test(Function.prototype.toString.call(declared))) return runInstance(new (declared as new () => object)())
  if (declared.length > 0) return runFunction(declared as (...inputs: tf.Tensor[]) => unknown, read)
  const built: unknown = (declared as () => unknown)()
  if (built instanceof tf.LayersModel) return runLayers(built)
  if (typeof built === "object" && built !== null) return runInstance(built)
  throw new Error(`runModel: ${name}() makes no model`)
}

const asTensors = (value: unknown): readonly tf.Tensor[] => {
  if (value instanceof tf.Tensor) return [value]
  if (Array.isArray(value)) return value.flatMap(asTensors)
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(asTensors)
  throw new Error("runModel: the forward pass gave something that is no tensor")
}

const variableOf = (weight: tf.LayerVariable): tf.Variable => (weight as unknown as { readonly val: tf.Variable }).val

/** A layer model as the functional API runs it. */
export function runLayers(model: tf.LayersModel): RunningModel {
  return {
    forward: (inputs) => asTensors(model.apply(inputs.length === 1 ? inputs[0] : [...inputs], { training: true })),
    variables: model.trainableWeights.map(variableOf),
    layers: model,
    tensor: (id) => findWeight(model, id),
  }
}

/** tfjs counts layers of a kind over the whole program ("dense_Dense7"), the tracer within the model ("dense_3"). */
function findWeight(model: tf.LayersModel, id: string): tf.Variable {
  const parts = id.split("/")
  // A layer's own name may have slashes: the longest one that fits.
  for (let length = parts.length - 1; length > 0; length--) {
    const layer = findLayer(model, parts.slice(0, length).join("/")), name = parts.slice(length).join("/")
    if (layer instanceof tf.LayersModel) return findWeight(layer, name)
    const weight = layer?.weights.find((w) => [w.originalName, w.name].map(withoutSerial).some((full) => full === name || full.endsWith(`/${name}`)))
    const found = weight === undefined ? layer && collectTensors(layer).get(name) : variableOf(weight)
    if (found instanceof tf.Variable) return found
  }
  throw new Error(`runModel: no weight '${id}' among ${model.weights.map((w) => w.originalName).join(", ")}`)
}

/** "forward_gru_GRU1/kernel" → "forward_gru/kernel". */
const withoutSerial = (name: string): string => name.replace(/_[A-Z][A-Za-z0-9]*?\d+(?=\/|$)/g, "")

function findLayer(model: tf.LayersModel, name: string): tf.layers.Layer | undefined {
  const numbered = /^(.*)_(\d+)$/.exec(name), kind = numbered?.[1].replaceAll("_", "")
  const sameKind = model.layers.filter((layer) => layer.getClassName().toLowerCase() === kind).sort((a, b) => serial(a.name) - serial(b.name))
  return model.layers.find((layer) => layer.name === name) ?? sameKind[Number(numbered?.[2]) - 1]
}

const serial = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? 0)

function runInstance(instance: object): RunningModel {
  const prefer = instance instanceof tf.layers.Layer ? ["apply"] : forwardNames
  const forwardName = prefer.find((name) => typeof (instance as Record<string, unknown>)[name] === "function")
  if (forwardName === undefined) throw new Error(`runModel: ${instance.constructor.name} has no forward method`)
  const forward = (inputs: readonly tf.Tensor[]): readonly tf.Tensor[] =>
    asTensors((instance as Record<string, (...args: readonly unknown[]) => unknown>)[forwardName](...inputs))
  return {
    forward,
    // A layer makes its weights at the first call, so the list is read when asked for.
    get variables() {
      return [...new Set(collectTensors(instance).values())].filter((t): t is tf.Variable => t instanceof tf.Variable && t.trainable)
    },
    layers: null,
    tensor: (id) => {
      const tensors = collectTensors(instance)
      const found = tensors.get(id)
      if (found === undefined) throw new Error(`runModel: no tensor '${id}' among ${[...tensors.keys()].join(", ")}`)
      return found
    },
  }
}

/** Tensors an object holds, by field path; a layer's weights also by their own names. */
function collectTensors(owner: unknown, path = "", seen = new Set<unknown>()): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>()
  if (typeof owner !== "object" || owner === null || seen.has(owner)) return found
  seen.add(owner)
  if (owner instanceof tf.Tensor) return found.set(path, owner)
  // A layer variable's `val` is the variable itself: its path is the field that holds it.
  if ("val" in owner && owner.val instanceof tf.Variable) return found.set(path, owner.val)
  if (owner instanceof tf.layers.Layer) {
    for (const weight of owner.weights) found.set(weight.originalName, variableOf(weight))
    if (path !== "") return found
  }
  const entries = owner instanceof Map ? [...owner.entries()].map(([k, v]): [string, unknown] => [String(k), v]) : Object.entries(owner)
  for (const [key, value] of entries) {
    if (owner instanceof tf.layers.Layer && key.startsWith("_")) continue
    for (const [id, tensor] of collectTensors(value, path === "" ? key : `${path}/${key}`, seen)) if (!found.has(id)) found.set(id, tensor)
  }
  return found
}

function runFunction(declared: (...inputs: tf.Tensor[]) => unknown, read: ReadName): RunningModel {
  return {
    forward: (inputs) => asTensors(declared(...inputs)),
    variables: null,
    layers: null,
    tensor: (id) => {
      const [first, ...rest] = id.split("/")
      const found = rest.reduce<unknown>((owner, key) => (owner as Record<string, unknown>)[key], read(first))
      if (!(found instanceof tf.Tensor)) throw new Error(`runModel: '${id}' is no tensor of the module`)
      return found
    },
  }
}

/** Gives a variable reproducible values, smaller where many are summed; tfjs initializers are seeded by the clock. */
export function randomizeVariable(variable: tf.Variable, random: Random): void {
  const fanIn = variable.rank < 2 ? 1 : variable.size / variable.shape[variable.rank - 1]
  const values = drawNormals(random, variable.size, Math.min(0.8, 1.4 / Math.sqrt(fanIn)))
  tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(values), variable.shape)))
}
