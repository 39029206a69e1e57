/**
 * @file Execution plans: a graph with numbers for sizes, compiled into a list of kernels over arrays allocated once. Holds the sweeps (value,
 * tangent, adjoint, adjoint tangent) and the flat vectors they share with the parameters. What the loss is stands in `loss.ts`.
 */
import type { Graph, Node } from "../graph/graph"
import type { Buffer, Step } from "./kernels/kernel"
import { parseEinsum } from "../graph/shape"
import { constantValues } from "./constant"
import { leafStep, sizeOf } from "./kernels/kernel"
import { compileStep } from "./kernels/table"
import { whole } from "./kernels/shape"
import { binaryDefinitions } from "./kernels/binary"
import { createEngine, plainEngine, type Engine } from "./simd/engine"
import { unaryDefinitions } from "./kernels/unary"

/** Where a parameter lies in θ: trainable ones first, frozen ones after them. */
export interface ParameterSlot {
  readonly id: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly size: number
  readonly trainable: boolean
  readonly initializer?: string
}

/** A leaf that a data set fills: an input, noise, a dropout mask ("mask"), or a constant whose values nobody knows. */
export interface DataLeaf {
  readonly node: Node
  readonly buffer: Buffer
  readonly role: "input" | "random" | "mask" | "unknown"
  /** Integers below it, where the values are used as indices. */
  readonly range: number | null
  /** Gives the leaf its values; they may be copied or held. */
  readonly fill: (values: Float64Array) => void
}

export interface Plan {
  readonly graph: Graph
  readonly slots: readonly ParameterSlot[]
  /** Number of trainable numbers, D. */
  readonly dimension: number
  /** Trainable parameters in 0 … D − 1, frozen ones after them. */
  readonly theta: Float64Array
  /** Filled by `backward`, D numbers. */
  readonly gradient: Float64Array
  /** Read by `tangent`, D numbers. */
  readonly direction: Float64Array
  /** Filled by `backwardTangent`: the derivative of `gradient` along `direction`. */
  readonly gradientTangent: Float64Array
  readonly leaves: readonly DataLeaf[]
  readonly outputs: readonly Buffer[]
  /** Every function the output depends on is smooth. */
  readonly smooth: boolean
  /** Cells and products computed in one forward sweep: a measure of cost that does not depend on the machine. */
  readonly cost: number
  /** The same as time sees it: a step costs something however small it is, and convolutions run in plain loops. */
  readonly work: number
  forward(): void
  tangent(): void
  /** Clears all adjoints, lets `seed` set those of the outputs, and sweeps backward. */
  backward(seed: () => void): void
  /** As `backward` for the adjoint tangents; needs `forward`, `tangent` and `backward` before it. */
  backwardTangent(seed: () => void): void
}

/**
 * @param graph all sizes numbers, see `instantiate`
 * @param loops "vector" asks for WebAssembly however small the network is, and still gets JavaScript where there is none; results are the same
 * @param sweeps "gradients" makes no room for tangents: `tangent` and `backwardTangent` may not be called then
 * @throws ExecutionError when the outputs depend on code that cannot be executed
 */
export function compilePlan(graph: Graph, loops: "vector" | "plain" | "fitting" = "fitting", sweeps: "all" | "gradients" = "all"): Plan {
  const used = reachable(graph),
    slots = layoutParameters(graph),
    engine = chooseEngine(graph, used, loops)
  const dimension = slots.reduce((n, s) => n + (s.trainable ? s.size : 0), 0),
    total = slots.reduce((n, s) => n + s.size, 0)
  const theta = engine.allocate(total),
    gradient = engine.allocate(total),
    direction = sweeps === "all" ? engine.allocate(total) : theta,
    gradientTangent = sweeps === "all" ? engine.allocate(total) : gradient
  const moves = new Set<number>(),
    active = new Set<number>()
  for (const node of graph.nodes) {
    const trained = node.op.kind === "parameter" && graph.parameters[node.op.parameter].trainable
    if (trained || (differentiable(node) && node.operands.some((o) => moves.has(o)))) moves.add(node.id)
    if (trained || (differentiable(node) && node.op.kind !== "stopGradient" && node.operands.some((o) => active.has(o)))) active.add(node.id)
  }
  const arena = allocateArena(graph, used, engine, sweeps)
  const isAlias = ({ op, operands }: Node): boolean => op.kind === "reshape" && !filled.has(graph.nodes[operands[0]].op.kind)
  const buffers: Buffer[] = []
  for (const node of graph.nodes) buffers.push(createBuffer(node))
  function createBuffer(node: Node): Buffer {
    const shape = node.shape.map(whole),
      size = sizeOf(shape),
      base = { shape, size, moves: moves.has(node.id), active: active.has(node.id) }
    if (node.op.kind === "parameter") {
      const { offset } = slots[node.op.parameter],
        part = (a: Float64Array): Float64Array => a.subarray(offset, offset + size),
        value = part(theta),
        adjoint = part(gradient)
      if (sweeps === "gradients") return { ...base, value, tangent: value, adjoint, adjointTangent: adjoint }
      return { ...base, value, tangent: part(direction), adjoint, adjointTangent: part(gradientTangent) }
    }
    if (isAlias(node)) return { ...buffers[node.operands[0]], ...base }
    return { ...base, ...arena.take(node.id, size) }
  }
  const leaves: DataLeaf[] = [],
    steps: Step[] = [],
    once: Step[] = [],
    still = new Set<number>()
  for (const node of graph.nodes) {
    if (!used.has(node.id)) continue
    const out = buffers[node.id]
    let noise: Buffer | null = null
    if (node.op.kind === "dropout") {
      noise = { ...out, value: new Float64Array(out.size) }
      leaves.push(dataLeaf(node, noise, "mask", null, plainEngine))
    } else if (node.op.kind === "constant" && node.op.value.kind !== "unknown") {
      out.value.set(constantValues(node.op.value, out.shape))
      still.add(node.id)
    } else if (node.op.kind === "input" || node.op.kind === "random" || node.op.kind === "constant") {
      leaves.push(dataLeaf(node, out, node.op.kind === "constant" ? "unknown" : node.op.kind, indexRange(graph, node), engine))
    }
    if (node.operands.length === 0) continue
    if (isAlias(node)) {
      if (still.has(node.operands[0])) still.add(node.id)
      continue
    }
    const step = compileStep(node.op, { operands: node.operands.map((o) => buffers[o]), out, noise, engine })
    const fixed = noise === null && node.operands.every((o) => still.has(o))
    if (fixed) still.add(node.id)
    ;(fixed ? once : steps).push(out.active ? step : { ...step, backward: leafStep.backward, backwardTangent: leafStep.backwardTangent })
  }
  once.forEach((s) => s.forward())
  const moving = steps.filter((s) => s.tangent !== leafStep.tangent),
    turning = steps.filter((s) => s.backward !== leafStep.backward).reverse()
  return {
    graph,
    slots,
    dimension,
    theta,
    leaves,
    gradient: gradient.subarray(0, dimension),
    direction: direction.subarray(0, dimension),
    gradientTangent: gradientTangent.subarray(0, dimension),
    outputs: graph.outputs.map((o) => buffers[o]),
    smooth: [...used].every((id) => isSmooth(graph.nodes[id])),
    cost: [...used].reduce((n, id) => n + costOf(graph, graph.nodes[id]), 0) + total,
    work: [...used].reduce((n, id) => n + workOf(graph, graph.nodes[id]), 0) + total,
    forward: () => {
      for (const s of steps) s.forward()
    },
    tangent: () => {
      for (const s of moving) s.tangent()
    },
    backward: (seed) => {
      gradient.fill(0)
      arena.adjoint.fill(0)
      seed()
      for (const s of turning) s.backward()
    },
    backwardTangent: (seed) => {
      gradientTangent.fill(0)
      arena.adjointTangent.fill(0)
      seed()
      for (const s of turning) s.backwardTangent()
    },
  }
}

/** Leaves whose values a data set brings along: a reshape of them copies, all others share the arrays of their operand. */
const filled: ReadonlySet<string> = new Set(["input", "random", "constant"])

/** Kernels of a vector engine know arrays by where they lie, so values are copied there; else the given array takes the place of the old one. */
function dataLeaf(node: Node, buffer: Buffer, role: DataLeaf["role"], range: number | null, engine: Engine): DataLeaf {
  const fill =
    engine === plainEngine
      ? (values: Float64Array): void => {
          buffer.value = values
        }
      : (values: Float64Array): void => buffer.value.set(values)
  return { node, buffer, role, range, fill }
}

/** Multiplications in products from which setting up WebAssembly pays. */
const vectorCost = 700

/** Room for parameters and nodes in four sweeps, once more for what kernels keep of a node, and for a copy of the largest array. */
function chooseEngine(graph: Graph, used: ReadonlySet<number>, loops: "vector" | "plain" | "fitting"): Engine {
  const sizes = graph.nodes.map((n) => (used.has(n.id) ? sizeOf(n.shape.map(whole)) : 0)),
    held = graph.parameters.reduce((n, p) => n + sizeOf(p.shape.map(whole)), 0),
    work = (): number => graph.nodes.reduce((n, node) => n + (used.has(node.id) && node.op.kind === "einsum" ? productsOf(graph, node) : 0), 0)
  if (loops === "plain" || (loops === "fitting" && work() < vectorCost)) return plainEngine
  return createEngine(4 * held + 5 * sizes.reduce((n, s) => n + s, 0), Math.max(0, ...sizes))
}

/** Cells and products of one einsum. */
function productsOf(graph: Graph, { op, operands }: Node): number {
  if (op.kind !== "einsum") return 0
  const extents = new Map<string, number>()
  parseEinsum(op.equation).operands.forEach((letters, k) => letters.forEach((l, i) => extents.set(l, whole(graph.nodes[operands[k]].shape[i]))))
  return sizeOf([...extents.values()])
}

function costOf(graph: Graph, node: Node): number {
  const { op, shape } = node, size = sizeOf(shape.map(whole))
  if (op.kind === "einsum") return size + productsOf(graph, node)
  if (op.kind === "convolve") return size + productsOfConvolution(graph, node, size)
  return size
}

function productsOfConvolution(graph: Graph, { op, operands }: Node, size: number): number {
  const kernel = graph.nodes[operands[1]].shape.map(whole)
  return size * sizeOf(kernel.slice(0, op.kind === "convolve" && op.variant === "depthwise" ? -2 : -1))
}

/** Measured: a step of a few cells takes as long as some sixty products, a product of a convolution as long as four. */
const stepWork = 60,
  convolutionWork = 4

function workOf(graph: Graph, node: Node): number {
  const more = node.op.kind === "convolve" ? (convolutionWork - 1) * productsOfConvolution(graph, node, sizeOf(node.shape.map(whole))) : 0
  return stepWork + costOf(graph, node) + more
}

/** Cost and work as a plan has them, and the cells it fills, of a graph whose sizes are numbers: what can be told before anything is allocated. */
export function estimateWork(graph: Graph): { readonly cost: number; readonly work: number; readonly cells: number } {
  const used = [...reachable(graph)].map((id) => graph.nodes[id]),
    numbers = graph.parameters.reduce((n, p) => n + sizeOf(p.shape.map(whole)), 0)
  return {
    cost: used.reduce((n, node) => n + costOf(graph, node), numbers),
    work: used.reduce((n, node) => n + workOf(graph, node), numbers),
    cells: used.reduce((n, { shape }) => n + sizeOf(shape.map(whole)), numbers),
  }
}

function layoutParameters(graph: Graph): ParameterSlot[] {
  let trained = 0,
    frozen = graph.parameters.reduce((n, p) => n + (p.trainable ? sizeOf(p.shape.map(whole)) : 0), 0)
  return graph.parameters.map((p) => {
    const shape = p.shape.map(whole),
      size = sizeOf(shape),
      offset = p.trainable ? trained : frozen
    if (p.trainable) trained += size
    else frozen += size
    return { id: p.id, shape, offset, size, trainable: p.trainable, ...(p.initializer === undefined ? {} : { initializer: p.initializer }) }
  })
}

/** One array a sweep for all nodes that are used, so that clearing is one call. */
function allocateArena(graph: Graph, used: ReadonlySet<number>, engine: Engine, sweeps: "all" | "gradients") {
  let size = 0
  const starts = graph.nodes.map((node) => {
    const start = size
    if (used.has(node.id) && node.op.kind !== "parameter") size += sizeOf(node.shape.map(whole))
    return start
  })
  const value = engine.allocate(size),
    adjoint = engine.allocate(size),
    tangent = sweeps === "all" ? engine.allocate(size) : value,
    adjointTangent = sweeps === "all" ? engine.allocate(size) : adjoint
  const take = (id: number, length: number): Pick<Buffer, "value" | "tangent" | "adjoint" | "adjointTangent"> => {
    const part = (a: Float64Array): Float64Array => (used.has(id) ? a.subarray(starts[id], starts[id] + length) : new Float64Array(0))
    const own = part(value),
      back = part(adjoint)
    if (sweeps === "gradients") return { value: own, tangent: own, adjoint: back, adjointTangent: back }
    return { value: own, tangent: part(tangent), adjoint: back, adjointTangent: part(adjointTangent) }
  }
  return { adjoint, adjointTangent, take }
}

/** Nodes the outputs depend on. */
function reachable(graph: Graph): ReadonlySet<number> {
  const used = new Set<number>(graph.outputs)
  for (let id = graph.nodes.length - 1; id >= 0; id--) if (used.has(id)) for (const o of graph.nodes[id].operands) used.add(o)
  return used
}

/** Ops whose result varies with their operands; the others are piecewise constant. */
function differentiable(node: Node): boolean {
  const { op } = node
  switch (op.kind) {
    case "argExtreme":
    case "oneHot":
      return false
    case "topK":
      return op.output === "values"
    case "binary":
      return !binaryDefinitions[op.fn].flat
    case "unary":
      return !unaryDefinitions[op.fn].flat
    case "reduce":
      return op.fn !== "any" && op.fn !== "all"
    default:
      return true
  }
}

function isSmooth(node: Node): boolean {
  const { op } = node
  switch (op.kind) {
    case "unary":
      return unaryDefinitions[op.fn].smooth
    case "binary":
      return binaryDefinitions[op.fn].smooth || op.fn === "floorDivide"
    case "reduce":
      return op.fn !== "max" && op.fn !== "min"
    case "pool":
      return op.fn !== "max"
    case "topK":
    case "argExtreme":
    case "select":
      return false
    default:
      return true
  }
}

/** The axis that a leaf's values index, through ops that only move them; its own range where it states one. */
function indexRange(graph: Graph, leaf: Node): number | null {
  if (leaf.op.kind === "input" && leaf.op.range !== undefined) return whole(leaf.op.range)
  const carriers = new Set([leaf.id]),
    moving: ReadonlySet<string> = new Set(["reshape", "transpose", "slice", "broadcast", "tile", "reverse", "concat", "stopGradient"])
  for (const node of graph.nodes) {
    if (moving.has(node.op.kind) && node.operands.some((o) => carriers.has(o))) carriers.add(node.id)
    if (node.op.kind === "gather" && carriers.has(node.operands[1])) return whole(graph.nodes[node.operands[0]].shape[node.op.axis])
    if (node.op.kind === "oneHot" && carriers.has(node.operands[0])) return whole(node.op.depth)
  }
  return null
}
