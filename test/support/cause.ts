/**
 * @file What a small network is, apart from sizes, constants, names and the order of what commutes: networks of one text lose laws for one cause.
 * Functions count by what symmetry knows of them, so that tanh and sigmoid are one.
 */
import type { Graph, NodeId } from "../../src/graph/graph"
import type { Op } from "../../src/graph/op"
import { functionTraits } from "../../src/symmetry/functions"

const commuting: ReadonlySet<string> = new Set(["add", "multiply", "extreme", "squaredDifference"])
const alike: Readonly<Record<string, string>> = {
  maximum: "extreme", minimum: "extreme", max: "extreme", min: "extreme", divideNoNan: "divide",
}
const nameOf = (fn: string): string => alike[fn] ?? fn

/** @returns one line, such as "add(einsum ab,bc->ac(x0, W0), 1)". */
export function describeCause(graph: Graph): string {
  const plain = graph.nodes.map(() => "")
  for (const node of graph.nodes) plain[node.id] = phrase(graph, node.id, node.operands.map((o) => plain[o]), node.operands).text
  const names = new Map<NodeId, string>(), numbers = new Map<string, number>()
  const number = (letter: string): string => {
    const next = numbers.get(letter) ?? 0
    numbers.set(letter, next + 1)
    return `${letter}${next}`
  }
  const reads = graph.nodes.map(() => 0)
  for (const node of graph.nodes) for (const o of node.operands) reads[o]++
  for (const o of graph.outputs) reads[o]++
  const tell = (id: NodeId): string => {
    const known = names.get(id)
    if (known !== undefined) return known
    const { op, operands } = graph.nodes[id]
    if (op.kind === "parameter" || op.kind === "input") {
      const name = number(op.kind === "parameter" ? "W" : op.domain === "real" ? "x" : op.domain)
      names.set(id, name)
      return name
    }
    const { order, head } = phrase(graph, id, operands.map((o) => plain[o]), operands)
    const text = operands.length === 0 ? head : `${head}(${order.map((k) => tell(operands[k])).join(", ")})`
    if (operands.length === 0 || reads[id] < 2) return text
    const name = number("t")
    names.set(id, name)
    return `${name}=${text}`
  }
  return [...graph.outputs].sort((a, b) => (plain[a] < plain[b] ? -1 : plain[a] > plain[b] ? 1 : a - b)).map(tell).join("; ")
}

interface Phrase {
  readonly head: string
  /** Order in which operands are told. */
  readonly order: readonly number[]
  readonly text: string
}

function phrase(graph: Graph, id: NodeId, texts: readonly string[], operands: readonly NodeId[]): Phrase {
  const { op } = graph.nodes[id]
  const any = op.kind === "einsum" || op.kind === "concat" || (op.kind === "binary" && commuting.has(nameOf(op.fn)))
  const order = operands.map((_, i) => i)
  // What commutes is told in the order of its texts; the same twice, or not, is told by names.
  if (any) order.sort((a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : a - b))
  const head = headOf(op, order)
  return { head, order, text: `${head}(${order.map((k) => texts[k]).join(", ")})` }
}

function headOf(op: Op, order: readonly number[]): string {
  switch (op.kind) {
    case "input":
      return op.domain
    case "parameter":
      return "W"
    case "constant":
      return op.value.kind !== "fill" ? op.value.kind : op.value.value === 0 || op.value.value === 1 ? String(op.value.value) : "c"
    case "random":
      return "random"
    case "unary": {
      const { flat, slope, degree, exchange } = functionTraits[op.fn](op.parameters ?? [])
      return flat ? "flat" : slope !== null ? "linear" : degree === null ? (exchange ?? "smooth") : `degree ${degree}`
    }
    case "binary":
      return nameOf(op.fn)
    case "einsum":
      return `einsum ${renamed(op.equation, order)}`
    case "softmax":
      return `${op.log ? "log-softmax" : "softmax"} ${op.axis}`
    case "normalize":
      return `${op.center ? "centered norm" : "norm"} ${op.axes.join()}${op.epsilon === 0 ? "" : " ε"}`
    case "reduce":
      return `${nameOf(op.fn)} ${op.axes.join()}`
    case "cumsum":
      return `${op.exclusive ? "exclusive " : ""}cumsum ${op.axis}`
    case "argExtreme":
    case "concat":
    case "gather":
      return `${op.kind} ${op.axis}`
    case "reverse":
      return `reverse ${op.axes.join()}`
    case "topK":
      return `topK ${op.output}`
    case "slice":
      return op.strides.some((s) => s > 1) ? "strided slice" : "slice"
    case "pad":
      return `pad ${op.mode}`
    case "convolve":
      return `${op.variant} convolve${op.strides.some((s) => s > 1) ? " strided" : ""}${op.dilations.some((d) => d > 1) ? " dilated" : ""}`
    case "pool":
      return `${op.fn} pool`
    default:
      return op.kind
  }
}

/** The equation with its operands in this order and letters by first appearance. */
function renamed(equation: string, order: readonly number[]): string {
  const [inputs, output] = equation.split("->"), operands = inputs.split(",")
  const letters = new Map<string, string>()
  const rename = (text: string): string =>
    [...text].map((l) => letters.get(l) ?? (letters.set(l, String.fromCharCode(97 + letters.size)), letters.get(l)!)).join("")
  return `${order.map((k) => rename(operands[k])).join()}->${rename(output)}`
}
