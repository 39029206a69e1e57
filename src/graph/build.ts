/**
 * @file Builds a graph node by node, checking shapes as it goes. The one class with private mutable state here: the graph it returns is plain data.
 */
import type { Dim, Place } from "../schema/report"
import type { Dtype, Graph, Node, NodeId, Parameter } from "./graph"
import type { BinaryFunction, Op, UnaryFunction } from "./op"
import { dim } from "./dim"
import { inferShape } from "./shape"

/** Where a node comes from in the source. */
export interface Origin {
  readonly at?: Place
  readonly label?: string
  readonly scope?: string
}

export class GraphBuilder {
  private readonly nodes: Node[] = []
  private readonly parameters: Parameter[] = []

  /** A leaf that changes from sample to sample. `range`: integers below it, for index inputs. */
  input(name: string, shape: readonly Dim[], domain: "real" | "index" | "binary", origin: Origin = {}, range?: Dim): NodeId {
    return this.add({ kind: "input", name, domain, ...(range === undefined ? {} : { range: dim(range) }) }, [], origin, shape)
  }

  /** Registers a parameter; it gets a node when it is first used. Returns its index. */
  addParameter(parameter: Omit<Parameter, "node">): number {
    this.parameters.push({ ...parameter, shape: parameter.shape.map(dim), node: null })
    return this.parameters.length - 1
  }

  /** The node of a parameter, the same one every time. */
  parameterNode(index: number): NodeId {
    const parameter = this.parameters[index]
    if (parameter === undefined) throw new Error(`parameterNode: expected an index below ${this.parameters.length}, found ${index}`)
    if (parameter.node !== null) return parameter.node
    const id = this.add(
      { kind: "parameter", parameter: index },
      [],
      { at: { start: parameter.start, end: parameter.end }, label: parameter.id },
      parameter.shape,
    )
    this.parameters[index] = { ...parameter, node: id }
    return id
  }

  /**
   * Adds an operation on nodes added before.
   * @param shape the result's shape, for ops that state it themselves (leaves, reshape, slice, broadcast, opaque).
   * @throws ShapeError when the operands do not fit.
   */
  add(op: Op, operands: readonly NodeId[], origin: Origin = {}, shape?: readonly Dim[]): NodeId {
    const inferred = inferShape(
      op,
      operands.map((id) => this.shape(id)),
      shape,
    )
    const id = this.nodes.length
    this.nodes.push({
      id,
      op,
      operands: [...operands],
      shape: inferred,
      dtype: inferDtype(
        op,
        operands.map((o) => this.dtype(o)),
      ),
      ...origin,
    })
    return id
  }

  shape(id: NodeId): readonly Dim[] {
    return this.node(id).shape
  }

  dtype(id: NodeId): Dtype {
    return this.node(id).dtype
  }

  /** The node as built so far. */
  node(id: NodeId): Node {
    const node = this.nodes[id]
    if (node === undefined) throw new Error(`graph: expected a node below ${this.nodes.length}, found ${id}`)
    return node
  }

  /** Parameters registered so far, in order. */
  registered(): readonly Parameter[] {
    return this.parameters
  }

  finish(outputs: readonly NodeId[]): Graph {
    outputs.forEach((id) => this.node(id))
    return { nodes: [...this.nodes], parameters: [...this.parameters], outputs: [...outputs] }
  }
}

const truthy: ReadonlySet<BinaryFunction | UnaryFunction> = new Set<BinaryFunction | UnaryFunction>([
  "equal",
  "notEqual",
  "greater",
  "greaterEqual",
  "less",
  "lessEqual",
  "logicalAnd",
  "logicalOr",
  "logicalXor",
  "isNaN",
  "isFinite",
  "isInf",
  "logicalNot",
])
const wholeUnary: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>([
  "neg",
  "abs",
  "sign",
  "relu",
  "relu6",
  "square",
  "floor",
  "ceil",
  "round",
  "clip",
  "step",
])

/** "float" wherever tfjs could hold a fraction; whole and truth values stay so only through ops that keep them. */
export function inferDtype(op: Op, operands: readonly Dtype[]): Dtype {
  switch (op.kind) {
    case "input":
      return op.domain === "index" ? "int" : "float"
    case "argExtreme":
      return "int"
    case "topK":
      return op.output === "indices" ? "int" : operands[0]
    case "unary":
      return truthy.has(op.fn) ? "bool" : wholeUnary.has(op.fn) && operands[0] !== "bool" ? operands[0] : "float"
    case "binary":
      return truthy.has(op.fn) ? "bool" : op.fn !== "divide" && op.fn !== "divideNoNan" && operands.every((d) => d === "int") ? "int" : "float"
    case "select":
      return operands[1] === operands[2] ? operands[1] : "float"
    case "reduce":
      return op.fn === "any" || op.fn === "all" ? "bool" : op.fn === "mean" ? "float" : operands[0] === "bool" ? "int" : operands[0]
    case "cumsum":
      return operands[0] === "bool" ? "int" : operands[0]
    case "concat":
      return operands.every((d) => d === operands[0]) ? operands[0] : "float"
    case "reshape":
    case "transpose":
    case "slice":
    case "pad":
    case "tile":
    case "broadcast":
    case "reverse":
    case "gather":
    case "bandPart":
    case "upsample":
    case "stopGradient":
      return operands[0]
    case "parameter":
    case "constant":
    case "random":
    case "dropout":
    case "einsum":
    case "softmax":
    case "normalize":
    case "oneHot":
    case "convolve":
    case "pool":
    case "opaque":
      return "float"
  }
}
