/**
 * @file What rounding can do to a gradient, measured rather than assumed: every number that is read, forward and backward, is made wrong by a
 * relative ε of its own, as rounding makes it wrong by 2⁻⁵³, and the gradient's change over ε says how much rounding is amplified (Parker's
 * Monte Carlo arithmetic, with a larger unit). A sum beside −10⁹ or 0/0 shows a large factor, an ordinary network one of order one.
 */
import type { Graph, Node, NodeId } from "../../src/graph/graph"
import type { Op, OpOf } from "../../src/graph/op"
import { inferShape } from "../../src/graph/shape"
import { binaryDefinitions } from "../../src/verification/kernels/binary"
import { unaryDefinitions } from "../../src/verification/kernels/unary"
import { evaluateField } from "../../src/verification/loss"
import type { Sample } from "../../src/verification/data"
import { compilePlan, type Plan } from "../../src/verification/plan"
import { seededRandom, type Random } from "./random"

/** Relative errors, far above rounding and far below what bends a function. Two, since what rounding does is proportional to its unit. */
const large = 2 ** -34, small = 2 ** -40
/** Half of a unit in the last place, times the length of sums in small networks. */
const rounding = 256 * 2 ** -53
/** Below it numbers are rounded to multiples of a fixed step instead of a share of themselves. */
const leastNormal = 2 ** -1022
/** Disturbances that tell ties from 0/0, and how many different answers two or three ties do not give. */
const draws = 12, different = 9

/**
 * Whether rounding explains that a gradient has a part along `direction` that it should not have, both on the coordinates `own`:
 * - disturbances change the gradient in proportion to their unit, and rounding's unit would change it by that much; or
 * - they do not, since something is 0/0 or a logarithm of 0, and nearly every one of them gives another gradient; or the most agree on a gradient
 *   without that part, or a quarter of them while no two of the others agree.
 * - every disturbance leaves the range of numbers.
 * Exact ties, which a disturbance breaks and rounding does not, give few different gradients: they explain nothing.
 */
export type Excuse = (sample: Sample, theta: Float64Array, field: Float64Array, direction: Float64Array, own: Int32Array, allowed: number) => boolean

/** Compiles the disturbed networks when they are first asked for: most networks never need any. */
export function createExcuse(graph: Graph): Excuse {
  const plans = new Map<string, Plan>()
  // Every entry of every law asks about the same point.
  const fields = new Map<string, Float64Array>()
  let point: Sample | null = null
  const disturbedField = (sample: Sample, theta: Float64Array, unit: number, seed: number, values = true): Float64Array => {
    if (sample !== point) fields.clear()
    point = sample
    const key = `${unit} ${seed} ${values}`, known = fields.get(key)
    if (known !== undefined) return known
    const plan = plans.get(key) ?? compilePlan(disturbResults(graph, unit, seed, values)), field = new Float64Array(plan.dimension)
    plans.set(key, plan)
    evaluateField(plan, sample, theta, field)
    fields.set(key, field)
    return field
  }
  return (sample, theta, field, direction, own, allowed) => {
    const along = (v: Float64Array): number => Math.abs(own.reduce((sum, i) => sum + v[i] * direction[i], 0))
    const change = (v: Float64Array): number => lengthOf(v.map((x, i) => x - field[i]), own)
    // Values that are equal to the last bit stay so where gradients alone are disturbed.
    for (const values of [true, false]) {
      const answers = [1, 2].map((seed) => [large, small].map((unit) => change(disturbedField(sample, theta, unit, seed, values))))
      const proportional = answers.every(([wide, narrow]) => narrow <= (8 * wide * small) / large)
      const doubt = rounding * Math.max(...answers.map(([, narrow]) => narrow / small)) * lengthOf(direction, own)
      if (proportional && along(field) <= doubt) return true
      if (proportional && values) return false
    }
    const all = Array.from({ length: draws }, (_, seed) => disturbedField(sample, theta, small, seed))
    const changes = all.map(change).sort((a, b) => a - b)
    // At the end of the range of numbers the slightest disturbance overflows: such a point says nothing.
    if (changes.every(Number.isNaN)) return true
    if (changes.filter((c, i) => i === 0 || c - changes[i - 1] > 1e-9 * c).length >= different) return true
    // A quotient by what should be 0: the least disturbance is so much larger than rounding that hardly anything of the gradient is left.
    if (all.every((v) => lengthOf(v, own) < lengthOf(field, own) / 1000)) return true
    // The part along the direction is rounding's: none, or in proportion to the unit.
    const held = (v: Float64Array, seed: number): boolean =>
      along(v) <= allowed * lengthOf(v, own) * lengthOf(direction, own) ||
      along(v) <= (8 * small * along(disturbedField(sample, theta, large, seed))) / large
    const clean = all.filter((v, seed) => lengthOf(v, own) > lengthOf(field, own) / 2 && held(v, seed))
    if (clean.length > draws / 2) return true
    // Fewer will do where the others disagree with each other: what is random is no part of a gradient.
    const others = all.filter((v) => !clean.includes(v)).map(along).sort((a, b) => a - b)
    return clean.length >= draws / 4 && others.every((c, i) => i === 0 || c - others[i - 1] > 1e-6 * c)
  }
}

const lengthOf = (v: Float64Array, at: Int32Array): number => Math.sqrt(at.reduce((sum, i) => sum + v[i] * v[i], 0))

/** The same network of operations that round once, each reading and handing back wrong numbers. */
function disturbResults(graph: Graph, unit: number, seed: number, values: boolean): Graph {
  const writer = createWriter(unit, seededRandom(seed), values), now = new Map<NodeId, NodeId>()
  const place = (id: NodeId): NodeId => now.get(id) ?? id
  for (const node of graph.nodes) {
    const [x] = node.operands.map(place)
    now.set(
      node.id,
      node.op.kind === "softmax" ? writeSoftmax(writer, node.op, x)
      : node.op.kind === "normalize" ? writeNorm(writer, node.op, x)
      : writer.put(node.op, node.operands.map(place), node.shape, node.dtype),
    )
  }
  const parameters = graph.parameters.map((p) => (p.node === null ? p : { ...p, node: place(p.node) }))
  return { nodes: writer.nodes, parameters, outputs: graph.outputs.map(place) }
}

interface Writer {
  readonly nodes: readonly Node[]
  readonly put: (op: Op, operands: readonly NodeId[], shape?: Node["shape"], dtype?: Node["dtype"]) => NodeId
}

function createWriter(unit: number, random: Random, values: boolean): Writer {
  const nodes: Node[] = [], still = new Set<NodeId>()
  const push = (op: Op, operands: readonly NodeId[], shape: Node["shape"], dtype: Node["dtype"] = "float"): NodeId =>
    nodes.push({ id: nodes.length, op, operands, shape, dtype }) - 1
  const noise = (shape: Node["shape"], base = 1, scale = 1): NodeId => {
    const count = shape.reduce<number>((n, d) => n * Number(d), 1)
    const data = Array.from({ length: count }, () => base + scale * unit * (2 * random.uniform() - 1))
    return push({ kind: "constant", value: { kind: "data", values: data } }, [], shape)
  }
  /** still(x)·(1 + unit·a) + tiny + (x − still(x))·(1 + unit·b): wrong forward and backward by factors of their own. */
  const disturb = (x: NodeId): NodeId => {
    const { shape, dtype } = nodes[x]
    if (dtype !== "float" || still.has(x)) return x
    const value = push({ kind: "stopGradient" }, [x], shape), gradient = push(minus, [x, value], shape)
    const wrong = values ? push(plus, [push(times, [value, noise(shape)], shape), noise(shape, 0, leastNormal)], shape) : value
    return push(plus, [wrong, push(times, [gradient, noise(shape)], shape)], shape)
  }
  const put: Writer["put"] = (op, operands, shape, dtype = "float") => {
    const stated = shape ?? inferShape(op, operands.map((o) => nodes[o].shape))
    // What is made of constants alone is a constant: its own rounding changes the network, not the gradient's error.
    const fixed = op.kind === "constant" || (operands.length > 0 && operands.every((o) => still.has(o)))
    const made = push(op, !fixed && dtype === "float" && rounds(op) ? operands.map(disturb) : operands, stated, dtype)
    if (fixed) still.add(made)
    return made
  }
  return { nodes, put }
}

const plus: Op = { kind: "binary", fn: "add" }, minus: Op = { kind: "binary", fn: "subtract" }
const times: Op = { kind: "binary", fn: "multiply" }, over: Op = { kind: "binary", fn: "divide" }

function writeSoftmax({ put }: Writer, { axis, log }: OpOf<"softmax">, x: NodeId): NodeId {
  const along = (fn: "max" | "sum"): Op => ({ kind: "reduce", fn, axes: [axis], keepDims: true })
  const shifted = put(minus, [x, put({ kind: "stopGradient" }, [put(along("max"), [x])])])
  const exponential = put({ kind: "unary", fn: "exp" }, [shifted]), total = put(along("sum"), [exponential])
  return log ? put(minus, [shifted, put({ kind: "unary", fn: "log" }, [total])]) : put(over, [exponential, total])
}

function writeNorm({ put }: Writer, { axes, center, measure, epsilon }: OpOf<"normalize">, x: NodeId): NodeId {
  const along = (fn: "mean" | "sum"): Op => ({ kind: "reduce", fn, axes, keepDims: true })
  const moved = center ? put(minus, [x, put(along("mean"), [x])]) : x
  const square = put(along(measure), [put({ kind: "unary", fn: "square" }, [moved])])
  const raised = put({ kind: "binary", fn: "add" }, [square, put({ kind: "constant", value: { kind: "fill", value: epsilon } }, [], [])])
  return put(over, [moved, put({ kind: "unary", fn: "sqrt" }, [raised])])
}

/** Operations whose results are rounded: not those that move, choose or compare. */
function rounds(op: Op): boolean {
  switch (op.kind) {
    case "unary":
      return !unaryDefinitions[op.fn].flat && op.fn !== "neg" && op.fn !== "abs" && op.fn !== "relu"
    case "binary":
      return !binaryDefinitions[op.fn].flat && op.fn !== "maximum" && op.fn !== "minimum"
    case "reduce":
      return op.fn === "sum" || op.fn === "mean" || op.fn === "prod"
    case "pool":
      return op.fn === "average"
    case "einsum":
    case "cumsum":
    case "convolve":
      return true
    default:
      return false
  }
}
