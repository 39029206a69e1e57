/**
 * @file A second way from a model to its graph, to hold the tracer against: runs the model once on tfjs and writes down every kernel.
 * Sees what ran, not what was written: sizes are numbers, hand-written loops are unrolled, constants are folded.
 */
import * as tf from "@tensorflow/tfjs"
import { GraphBuilder } from "../../src/graph/build"
import type { Graph, NodeId } from "../../src/graph/graph"
import type { BinaryFunction, Op, ReduceFunction, UnaryFunction } from "../../src/graph/op"
import type { RunningModel } from "./runTfjs"

type Inputs = Readonly<Record<string, tf.Tensor>>
type Attributes = Readonly<Record<string, unknown>>
interface Call {
  readonly name: string
  /** Values of everything that went in or came out, by tensor id: tf.tidy disposes of the tensors. */
  readonly values: ReadonlyMap<number, Float64Array>
  readonly inputs: Inputs
  readonly attributes: Attributes
  readonly outputs: readonly tf.Tensor[]
}

const unary: Readonly<Record<string, UnaryFunction>> = {
  Relu: "relu", Abs: "abs", Tanh: "tanh", Sigmoid: "sigmoid", Exp: "exp", Log: "log", Sqrt: "sqrt", Rsqrt: "rsqrt", Square: "square", Neg: "neg",
  Sin: "sin", Cos: "cos", Erf: "erf", Softplus: "softplus", Floor: "floor", Reciprocal: "reciprocal", Sign: "sign",
}
const binary: Readonly<Record<string, BinaryFunction>> = {
  Add: "add", Sub: "subtract", Multiply: "multiply", RealDiv: "divide", Maximum: "maximum", Minimum: "minimum", Pow: "power",
  SquaredDifference: "squaredDifference", GreaterEqual: "greaterEqual", Greater: "greater", LessEqual: "lessEqual", Less: "less", Equal: "equal",
  LogicalAnd: "logicalAnd",
}
const reductions: Readonly<Record<string, ReduceFunction>> = { Sum: "sum", Mean: "mean", Max: "max", Min: "min", Prod: "prod" }

const snapshot = (tensors: readonly tf.Tensor[]): ReadonlyMap<number, Float64Array> =>
  new Map(tensors.map((t) => [t.id, Float64Array.from(t.dataSync())]))

/** Optional inputs are passed as undefined. */
const present = (inputs: Inputs): Inputs => Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor instanceof tf.Tensor))

/** Kernels of one call, in order. tfjs is synchronous on this backend, so nothing else comes between. */
function listen(run: () => readonly tf.Tensor[]): { readonly calls: readonly Call[]; readonly outputs: readonly tf.Tensor[] } {
  const engine = tf.engine() as unknown as { runKernel: (name: string, inputs: Inputs, attributes?: Attributes) => tf.Tensor | tf.Tensor[] }
  const original = engine.runKernel, calls: Call[] = []
  engine.runKernel = (name, inputs, attributes = {}) => {
    const result = original.call(engine, name, inputs, attributes)
    const given = present(inputs), outputs = [result].flat()
    calls.push({ name, inputs: given, attributes, outputs, values: snapshot([...Object.values(given), ...outputs]) })
    return result
  }
  try {
    return { calls, outputs: run() }
  } finally {
    engine.runKernel = original
  }
}

/** What is known of a tensor while the calls are written down. */
interface Recorder {
  readonly builder: GraphBuilder
  readonly nodes: Map<number, NodeId>
  /** Values of tensors that hold the same at every run; their nodes are made when something needs them. */
  readonly constants: Map<number, Float64Array>
}

const start = { line: 1, column: 1 }

/** Tensors that are not made by kernels and differ between two runs on the same data: noise. */
function noiseLeaves(model: RunningModel, inputs: readonly tf.Tensor[], known: ReadonlySet<number>): (call: number, input: string) => boolean {
  const leaves = (): Map<string, readonly number[]> => {
    const made = new Set<number>(known), found = new Map<string, readonly number[]>()
    listen(() => model.forward(inputs)).calls.forEach((call, i) => {
      for (const [name, tensor] of Object.entries(call.inputs)) {
        if (!made.has(tensor.id) && !(tensor instanceof tf.Variable)) found.set(`${i} ${name}`, Array.from(call.values.get(tensor.id)!))
      }
      for (const output of call.outputs) made.add(output.id)
    })
    return found
  }
  const first = leaves(), second = leaves()
  const noisy = new Set([...first].filter(([key, values]) => values.some((v, i) => v !== second.get(key)?.[i])).map(([key]) => key))
  return (call, input) => noisy.has(`${call} ${input}`)
}

/**
 * The graph of one forward pass.
 * @param below bounds of integer inputs, by position
 * @param nameOf id of a variable
 */
export function recordGraph(
  model: RunningModel, inputs: readonly tf.Tensor[], below: readonly (number | undefined)[], nameOf: (variable: tf.Variable) => string,
): Graph {
  const isNoise = noiseLeaves(model, inputs, new Set(inputs.map((t) => t.id)))
  const recorder: Recorder = { builder: new GraphBuilder(), nodes: new Map(), constants: new Map() }
  const { builder, nodes, constants } = recorder
  inputs.forEach((t, i) => nodes.set(t.id, builder.input(`input${i}`, t.shape, below[i] === undefined ? "real" : "index", {}, below[i])))
  const { calls, outputs } = listen(() => model.forward(inputs))
  calls.forEach((call, i) => {
    for (const [name, tensor] of Object.entries(call.inputs)) {
      if (nodes.has(tensor.id) || constants.has(tensor.id)) continue
      if (tensor instanceof tf.Variable) {
        const parameter = { id: nameOf(tensor), shape: tensor.shape, trainable: tensor.trainable, start, end: start }
        nodes.set(tensor.id, builder.parameterNode(builder.addParameter(parameter)))
      } else if (isNoise(i, name)) {
        const uniform = call.values.get(tensor.id)!.every((v) => v >= 0 && v < 1)
        nodes.set(tensor.id, builder.add({ kind: "random", distribution: uniform ? "uniform" : "normal" }, [], {}, tensor.shape))
      } else constants.set(tensor.id, call.values.get(tensor.id)!)
    }
    if (Object.values(call.inputs).every((t) => constants.has(t.id)) || call.name === "ZerosLike" || call.name === "OnesLike") {
      for (const output of call.outputs) constants.set(output.id, call.values.get(output.id)!)
      return
    }
    writeCall(recorder, call)
  })
  return builder.finish(outputs.map((t) => nodeOf(recorder, t)))
}

function nodeOf({ builder, nodes, constants }: Recorder, tensor: tf.Tensor): NodeId {
  const known = nodes.get(tensor.id)
  if (known !== undefined) return known
  const values = constants.get(tensor.id)
  if (values === undefined) throw new Error(`recordGraph: tensor [${tensor.shape.join(", ")}] comes from nowhere`)
  const value = values.every((v) => v === values[0]) ? { kind: "fill", value: values[0] } as const : { kind: "data", values: [...values] } as const
  const made = builder.add({ kind: "constant", value }, [], {}, tensor.shape)
  nodes.set(tensor.id, made)
  return made
}

function writeCall(recorder: Recorder, call: Call): void {
  const { builder, nodes } = recorder, [out] = call.outputs
  const at = (name: string): NodeId => nodeOf(recorder, call.inputs[name])
  const put = (op: Op, operands: readonly NodeId[], shape: readonly number[] = out.shape): NodeId => builder.add(op, operands, {}, shape)
  const set = (node: NodeId, tensor: tf.Tensor = out): void => {
    nodes.set(tensor.id, builder.shape(node).join() === tensor.shape.join() ? node : put({ kind: "reshape" }, [node], tensor.shape))
  }
  const list = Object.values(call.inputs).map((t) => nodeOf(recorder, t))
  if (call.name in unary) return set(put({ kind: "unary", fn: unary[call.name] }, [at("x")]))
  if (call.name in binary) return set(put({ kind: "binary", fn: binary[call.name] }, [at("a"), at("b")]))
  if (call.name in reductions) {
    const { axis, reductionIndices } = call.attributes as Readonly<Record<string, number | readonly number[] | null | undefined>>
    const { rank } = call.inputs.x, named = axis ?? reductionIndices ?? call.inputs.x.shape.map((_, i) => i)
    const axes = [named].flat().map((a) => wrap(a, rank)).sort((a, b) => a - b)
    return set(put({ kind: "reduce", fn: reductions[call.name], axes, keepDims: false }, [at("x")]))
  }
  writeSpecial(call, { at, put, set, list, builder })
}

interface Writer {
  readonly at: (name: string) => NodeId
  readonly put: (op: Op, operands: readonly NodeId[], shape?: readonly number[]) => NodeId
  readonly set: (node: NodeId, tensor?: tf.Tensor) => void
  readonly list: readonly NodeId[]
  readonly builder: GraphBuilder
}

function writeSpecial(call: Call, { at, put, set, list, builder }: Writer): void {
  const { name, inputs, outputs } = call, [out] = outputs
  const attributes = call.attributes as Readonly<Record<string, number & number[] & string & boolean>>
  const add = (a: NodeId, b: NodeId): NodeId => builder.add({ kind: "binary", fn: "add" }, [a, b])
  const multiply = (a: NodeId, b: NodeId): NodeId => builder.add({ kind: "binary", fn: "multiply" }, [a, b])
  const slice = (x: NodeId, begin: readonly number[], shape: readonly number[]): NodeId =>
    put({ kind: "slice", begin, strides: begin.map(() => 1) }, [x], shape)
  const sliding = () => ({ strides: pairOf(attributes.strides), padding: attributes.pad as "valid" | "same" })
  const finishFused = (product: NodeId): NodeId => {
    const biased = inputs.bias === undefined ? product : add(product, at("bias")), activation = attributes.activation as string | undefined
    return activation === undefined || activation === "linear" ? biased : put({ kind: "unary", fn: activation as UnaryFunction }, [biased])
  }
  switch (name) {
    case "Identity":
    case "Cast":
      return set(at("x"))
    case "Reshape":
      return set(put({ kind: "reshape" }, [at("x")]))
    case "ExpandDims":
      return set(put({ kind: "reshape" }, [at("input")]))
    case "Transpose":
      return set(put({ kind: "transpose", permutation: attributes.perm }, [at("x")]))
    case "AddN":
      return set(list.reduce(add))
    case "Elu":
      return set(put({ kind: "unary", fn: "elu", parameters: [1] }, [at("x")]))
    case "Prelu":
      return set(put({ kind: "binary", fn: "prelu" }, [at("x"), at("alpha")]))
    case "Select":
      return set(put({ kind: "select" }, [at("condition"), at("t"), at("e")]))
    case "Softmax":
      return set(put({ kind: "softmax", axis: inputs.logits.rank - 1, log: false }, [at("logits")]))
    case "LogSoftmax":
      return set(put({ kind: "softmax", axis: inputs.logits.rank - 1, log: true }, [at("logits")]))
    case "BatchMatMul":
    case "_FusedMatMul": {
      const stack = "abcdef".slice(0, inputs.a.rank - 2)
      const equation = `${stack}${attributes.transposeA ? "km" : "mk"},${stack}${attributes.transposeB ? "nk" : "kn"}->${stack}mn`
      const product = builder.add({ kind: "einsum", equation }, [at("a"), at("b")])
      return set(finishFused(product))
    }
    case "Einsum":
      return set(put({ kind: "einsum", equation: attributes.equation }, list))
    case "Slice": {
      const begin = attributes.begin as readonly number[]
      return set(slice(at("x"), begin, out.shape))
    }
    case "SplitV": {
      const axis = wrap(attributes.axis, inputs.x.rank)
      let from = 0
      for (const part of outputs) {
        set(slice(at("x"), part.shape.map((_, a) => (a === axis ? from : 0)), part.shape), part)
        from += part.shape[axis]
      }
      return
    }
    case "Unpack": {
      const axis = wrap(attributes.axis, inputs.value.rank), { shape } = inputs.value
      const one = shape.map((n, a) => (a === axis ? 1 : n))
      outputs.forEach((part, i) => set(slice(at("value"), shape.map((_, a) => (a === axis ? i : 0)), one), part))
      return
    }
    case "Concat":
      return set(put({ kind: "concat", axis: wrap(attributes.axis, out.rank) }, list))
    case "Pack": {
      const axis = wrap(attributes.axis, out.rank), one = out.shape.map((n, a) => (a === axis ? 1 : n))
      return set(put({ kind: "concat", axis }, list.map((x) => put({ kind: "reshape" }, [x], one))))
    }
    case "Tile":
      return set(put({ kind: "tile", repeats: attributes.reps }, [at("x")]))
    case "GatherV2":
      return set(put({ kind: "gather", axis: wrap(attributes.axis, inputs.x.rank), batchAxes: attributes.batchDims }, [at("x"), at("indices")]))
    case "OneHot":
      return set(put({ kind: "oneHot", depth: attributes.depth }, [at("indices")]))
    case "ArgMax":
      return set(put({ kind: "argExtreme", fn: "max", axis: wrap(attributes.axis, inputs.x.rank) }, [at("x")]))
    case "TopK":
      set(put({ kind: "topK", k: attributes.k, output: "values" }, [at("x")]), outputs[0])
      return set(put({ kind: "topK", k: attributes.k, output: "indices" }, [at("x")]), outputs[1])
    case "Conv2D":
    case "FusedConv2D":
      return set(finishFused(put(
        { kind: "convolve", variant: "standard", dilations: pairOf(attributes.dilations), ...sliding() }, [at("x"), at("filter")])))
    case "MaxPool":
    case "AvgPool":
      return set(put({ kind: "pool", fn: name === "MaxPool" ? "max" : "average", window: pairOf(attributes.filterSize), ...sliding() }, [at("x")]))
    case "FusedBatchNorm": {
      const epsilon = put({ kind: "constant", value: { kind: "fill", value: attributes.varianceEpsilon } }, [], [])
      const centered = builder.add({ kind: "binary", fn: "subtract" }, [at("x"), at("mean")])
      const normalized = multiply(centered, put({ kind: "unary", fn: "rsqrt" }, [add(at("variance"), epsilon)]))
      const scaled = inputs.scale === undefined || inputs.scale === null ? normalized : multiply(normalized, at("scale"))
      return set(inputs.offset === undefined || inputs.offset === null ? scaled : add(scaled, at("offset")))
    }
    default:
      throw new Error(`recordGraph: kernel ${name} has no rule`)
  }
}

const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)
const pairOf = (value: number | readonly number[]): readonly number[] => (typeof value === "number" ? [value, value] : value)
