/**
 * @file Graphs as text, one line a node, and back: for case files, command line and bug reports. Places in the source are left out.
 *
 *     parameter 0 "w" [3, 2] trainable
 *     %0 = input {"name":"x","domain":"real"} : float [n, 3]
 *     %1 = parameter {"parameter":0} : float [3, 2]  # w
 *     %2 = einsum {"equation":"ni,io->no"} %0 %1 : float [n, 2]
 *     return %2
 *
 * An op's attributes are JSON, so that the text loses nothing; ops without attributes have none.
 */
import type { Dim } from "../schema/report"
import type { Dtype, Graph, Node, Parameter } from "./graph"
import type { Op } from "./op"
import { dim } from "./dim"
import { operandCounts } from "./shape"

const shapeToText = (shape: readonly Dim[]): string => `[${shape.join(", ")}]`

/** A graph as text; `parseGraph` reads it back. */
export function printGraph(graph: Graph): string {
  const lines = graph.parameters.map((p, i) => printParameter(p, i))
  lines.push(...graph.nodes.map((n) => printNode(n, graph)))
  lines.push(`return ${graph.outputs.map((o) => `%${o}`).join(" ")}`.trimEnd())
  return lines.join("\n") + "\n"
}

function printParameter(p: Parameter, index: number): string {
  const { weight, regularizer, constraint, initializer } = p
  const more = JSON.stringify({ weight, regularizer, constraint, initializer })
  const parts = ["parameter", String(index), JSON.stringify(p.id), shapeToText(p.shape), p.trainable ? "trainable" : "frozen"]
  return [...parts, ...(more === "{}" ? [] : [more])].join(" ")
}

function printNode(node: Node, graph: Graph): string {
  const { kind, ...attributes } = node.op
  const json = JSON.stringify(attributes, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value))
  const parts = [`%${node.id} = ${kind}`]
  if (json !== "{}") parts.push(json)
  parts.push(...node.operands.map((o) => `%${o}`), `: ${node.dtype} ${shapeToText(node.shape)}`)
  const note = node.op.kind === "parameter" ? graph.parameters[node.op.parameter]?.id : node.label
  return parts.join(" ") + (note === undefined ? "" : `  # ${note.replace(/\s+/g, " ")}`)
}

const dtypes: ReadonlySet<string> = new Set<Dtype>(["float", "int", "bool"])
// JSON has no infinities; bounds of a clip may be one, so they travel as strings.
const endless = /^-?Infinity$|^NaN$/
const nowhere = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }

/**
 * The graph a text stands for. Empty lines and lines that start with "#" are skipped. Labels, places and scopes do not survive.
 * @throws when a line is not of the form `printGraph` writes.
 */
export function parseGraph(text: string): Graph {
  const nodes: Node[] = [],
    parameters: Parameter[] = []
  let outputs: number[] = []
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) return
    const scanner = new Scanner(line, index + 1)
    if (line.startsWith("parameter ")) parameters.push(scanner.parameter(parameters.length))
    else if (line.startsWith("return")) outputs = scanner.outputs()
    else nodes.push(scanner.node(nodes.length))
  })
  for (const node of nodes) {
    if (node.op.kind !== "parameter") continue
    const parameter = parameters[node.op.parameter]
    if (parameter === undefined)
      throw new Error(`parseGraph: node %${node.id} reads parameter ${node.op.parameter}, found ${parameters.length} parameters`)
    parameters[node.op.parameter] = { ...parameter, node: node.id }
  }
  return { nodes, parameters, outputs }
}

/** Reads one line from left to right. */
class Scanner {
  private rest: string
  constructor(
    private readonly line: string,
    private readonly number: number,
  ) {
    this.rest = line
  }

  parameter(expected: number): Parameter {
    this.take(/^parameter\s+/, "'parameter'")
    const index = Number(this.take(/^\d+\s+/, "an index"))
    if (index !== expected) this.fail(`expected parameter ${expected}, found ${index}`)
    const id = this.json(),
      shape = this.shape()
    if (typeof id !== "string") return this.fail("expected a name in quotes")
    const trainable = this.take(/^(?:trainable|frozen)/, "'trainable' or 'frozen'") === "trainable"
    const more = this.rest.trim() === "" ? {} : (this.json() as Partial<Parameter>)
    return { ...nowhere, id, shape, trainable, node: null, ...more }
  }

  node(expected: number): Node {
    const id = Number(this.take(/^%\d+/, "'%' and a number").slice(1))
    if (id !== expected) this.fail(`expected node %${expected}, found %${id}`)
    this.take(/^\s*=\s*/, "'='")
    const kind = this.take(/^\w+/, "an operation").trim()
    if (!(kind in operandCounts)) this.fail(`no operation is called '${kind}'`)
    this.space()
    const attributes = this.rest.startsWith("{") ? (this.json() as object) : {}
    const operands: number[] = []
    for (this.space(); this.rest.startsWith("%"); this.space()) operands.push(Number(this.take(/^%\d+/, "an operand").slice(1)))
    this.take(/^:\s*/, "':'")
    const dtype = this.take(/^\w+/, "a dtype")
    if (!dtypes.has(dtype)) this.fail(`expected float, int or bool, found '${dtype}'`)
    return { id, op: { kind, ...attributes } as Op, operands, shape: this.shape(), dtype: dtype as Dtype }
  }

  outputs(): number[] {
    this.take(/^return/, "'return'")
    return [...this.rest.matchAll(/%(\d+)/g)].map((m) => Number(m[1]))
  }

  private shape(): Dim[] {
    this.space()
    const inner = this.take(/^\[.*?\](?=\s*(?:#|$|trainable|frozen))/, "a shape")
      .slice(1, -1)
      .trim()
    this.space()
    return inner === "" ? [] : inner.split(",").map((d) => dim(/^\d+$/.test(d.trim()) ? Number(d) : d.trim()))
  }

  /** One JSON value: an object or a string, found by matching braces outside strings. */
  private json(): unknown {
    this.space()
    let depth = 0,
      quoted = false
    for (let i = 0; i < this.rest.length; i++) {
      const c = this.rest[i]
      if (quoted && c === "\\") i++
      else if (c === '"') quoted = !quoted
      else if (!quoted && (c === "{" || c === "[")) depth++
      else if (!quoted && (c === "}" || c === "]")) depth--
      if (depth > 0 || quoted) continue
      const value: unknown = JSON.parse(this.rest.slice(0, i + 1), (_, v: unknown) => (typeof v === "string" && endless.test(v) ? Number(v) : v))
      this.rest = this.rest.slice(i + 1)
      return value
    }
    return this.fail("expected JSON")
  }

  private space(): void {
    this.rest = this.rest.trimStart()
  }

  private take(pattern: RegExp, what: string): string {
    const match = pattern.exec(this.rest)
    if (match === null) return this.fail(`expected ${what} at '${this.rest}'`)
    this.rest = this.rest.slice(match[0].length)
    return match[0]
  }

  private fail(detail: string): never {
    throw new Error(`parseGraph: line ${this.number}: ${detail} in '${this.line}'`)
  }
}
