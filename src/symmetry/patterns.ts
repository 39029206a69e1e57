/**
 * @file Recognizes normalizations that people write by hand: (x − mean)/√(var + ε), x·rsqrt(mean(x²) + ε), x/‖x‖, e^x/Σe^x, x/Σx, and a bare
 * x − mean.
 * The graph stays as written, so the verification computes what the source computes; only the symmetry rules see one operation.
 */
import type { Graph, Node, NodeId } from "../graph/graph"
import type { Op } from "../graph/op"
import type { ReduceFunction } from "../graph/op"

export type Recognized =
  | {
      readonly kind: "normalize"
      readonly name: string
      readonly operand: NodeId
      readonly axes: readonly number[]
      readonly centered: boolean
      readonly scaleFree: "exactly" | "nearly" | "no"
      readonly sumsToOne: boolean
      readonly epsilon: number
    }
  /** x − mean(x): blind to a constant, sums to zero, linear; x − max(x), x − min(x): blind to a constant. */
  | { readonly kind: "center"; readonly operand: NodeId; readonly axes: readonly number[]; readonly by: "mean" | "extreme" }
  /** Σ over axes of a·b: a contraction. */
  | { readonly kind: "contract"; readonly product: NodeId; readonly axes: readonly number[]; readonly keepDims: boolean }

export function recognizePatterns(graph: Graph): ReadonlyMap<NodeId, Recognized> {
  const found = new Map<NodeId, Recognized>()
  const reader = new PatternReader(graph)
  for (const node of graph.nodes) {
    const own = reader.read(node)
    if (own !== null) found.set(node.id, own)
  }
  return found
}

/** Names an operation with its attributes; the commonest without the detour by JSON. */
function operationKey(op: Op): string {
  switch (op.kind) {
    case "einsum":
      return op.equation
    case "binary":
      return `${op.fn} `
    case "parameter":
      return `parameter ${op.parameter}`
    case "reshape":
      return "reshape"
    case "unary":
      return op.parameters === undefined ? op.fn : `${op.fn} of ${op.parameters.join()}`
    case "transpose":
      return `transpose ${op.permutation.join()}`
    case "slice":
      return `slice ${op.begin.join()} by ${op.strides.join()}`
    case "reduce":
      return `reduce ${op.fn} ${op.axes.join()} ${op.keepDims}`
    default:
      // JSON has no infinite numbers.
      return JSON.stringify(op, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value))
  }
}

/** Whether two such operations of one text may be two things: fresh noise, and constants of which nobody knows the numbers. */
function standsAlone(op: Op): boolean {
  if (op.kind === "constant") return op.value.kind === "unknown"
  return op.kind === "dropout" || op.kind === "random" || op.kind === "input" || op.kind === "opaque"
}

type Centered = Extract<Recognized, { readonly kind: "center" }>

/** A statistic of x: its reduction over axes, whatever unit axes were put back. */
interface Statistic {
  readonly node: Node
  readonly of: NodeId
  readonly axes: readonly number[]
  readonly fn: "sum" | "mean" | "max" | "min"
}

const isStatistic = (fn: ReduceFunction): fn is Statistic["fn"] => fn === "sum" || fn === "mean" || fn === "max" || fn === "min"

/** For every node the first that computes the same thing. */
function canonicalNodes({ nodes }: Graph): readonly NodeId[] {
  const first = new Map<string, NodeId>(),
    canonical: NodeId[] = []
  for (const { id, op, operands, shape } of nodes) {
    const key = standsAlone(op) ? `#${id}` : `${operationKey(op)}(${operands.map((o) => canonical[o]).join()})${shape.join()}`
    const known = first.get(key)
    if (known === undefined) first.set(key, id)
    canonical.push(known ?? id)
  }
  return canonical
}

class PatternReader {
  /** The first node that computes the same thing, by node; found when first asked for, which many networks never do. */
  private canonical: readonly NodeId[] | null = null

  constructor(private readonly graph: Graph) {}

  read(node: Node): Recognized | null {
    if (node.op.kind === "reduce" && node.op.fn === "sum") {
      const product = this.node(node.operands[0])
      return product.op.kind === "binary" && product.op.fn === "multiply"
        ? { kind: "contract", product: product.id, axes: node.op.axes, keepDims: node.op.keepDims }
        : null
    }
    if (node.op.kind !== "binary") return null
    const [a, b] = node.operands
    if (node.op.fn === "subtract") return this.centered(node) ?? this.belowExtreme(node) ?? this.logShares(node)
    if (node.op.fn === "divide" || node.op.fn === "divideNoNan") return this.shares(a, b) ?? this.deviation(a, b, this.rootOf(b))
    if (node.op.fn === "multiply") return this.deviation(a, b, this.inverseRootOf(b)) ?? this.deviation(b, a, this.inverseRootOf(a))
    return null
  }

  private node(id: NodeId): Node {
    return this.graph.nodes[id]
  }

  private same(a: NodeId, b: NodeId): boolean {
    if (a === b) return true
    const canonical = (this.canonical ??= canonicalNodes(this.graph))
    return canonical[a] === canonical[b]
  }

  /** Through reshapes that only add or drop axes of one cell, and broadcasts. */
  private strip(id: NodeId): Node {
    let node = this.node(id)
    for (;;) {
      const from = node.operands.length === 1 ? this.node(node.operands[0]) : null
      const units =
        node.op.kind === "reshape" && from !== null && from.shape.filter((d) => d !== 1).join() === node.shape.filter((d) => d !== 1).join()
      if (!units && node.op.kind !== "broadcast") return node
      node = from!
    }
  }

  /**
   * A reduction whose result lines up with its operand when broadcast back. `target`: the tensor it is combined with; `seenAs`: what it has become
   * (a root, with unit axes put elsewhere) when it meets that tensor.
   */
  private statistic(id: NodeId, target: NodeId, seenAs: NodeId = id): Statistic | null {
    const node = this.strip(id)
    if (node.op.kind !== "reduce" || !isStatistic(node.op.fn)) return null
    const of = node.operands[0],
      rank = this.node(target).shape.length
    if (this.node(of).shape.length !== rank || !this.linesUp(seenAs, of, node.op.axes)) return null
    return { node, of, axes: node.op.axes, fn: node.op.fn }
  }

  /** Aligned from the right, every reduced axis must be a single cell and every other one the operand's. */
  private linesUp(seenAs: NodeId, of: NodeId, axes: readonly number[]): boolean {
    const full = this.node(of).shape,
      seen = this.node(seenAs).shape
    return full.every((size, i) => {
      const own = seen[i - full.length + seen.length]
      return axes.includes(i) ? own === undefined || own === 1 : own === size
    })
  }

  private centered(node: Node): Centered | null {
    if (node.op.kind !== "binary" || node.op.fn !== "subtract") return null
    const [x, m] = node.operands
    const mean = this.statistic(m, x)
    if (mean === null || mean.fn !== "mean" || !this.same(mean.of, x)) return null
    return { kind: "center", operand: x, axes: mean.axes, by: "mean" }
  }

  /** x − max(x), x − min(x). */
  private belowExtreme(node: Node): Centered | null {
    const [x, m] = node.operands
    const extreme = this.statistic(m, x)
    const is = extreme !== null && (extreme.fn === "max" || extreme.fn === "min") && this.same(extreme.of, x)
    return is ? { kind: "center", operand: x, axes: extreme.axes, by: "extreme" } : null
  }

  /** x − log Σe^x, also with the largest x taken off first. */
  private logShares(node: Node): Recognized | null {
    const [x, b] = node.operands
    const { log, below } = this.logOverLargest(b, x) ?? { log: this.strip(b), below: x }
    if (log.op.kind !== "unary" || log.op.fn !== "log") return null
    const inner = this.strip(log.operands[0])
    if (inner.op.kind !== "reduce" || inner.op.fn !== "sum" || inner.op.axes.length !== 1) return null
    const exponential = this.node(inner.operands[0])
    if (exponential.op.kind !== "unary" || exponential.op.fn !== "exp" || !this.same(exponential.operands[0], below)) return null
    const [axis] = inner.op.axes
    // The sum must line up with x when it is taken off.
    return this.linesUp(b, x, [axis])
      ? {
          kind: "normalize",
          name: "log-softmax",
          operand: this.withoutLargest(x, [axis]),
          axes: [axis],
          centered: true,
          scaleFree: "no",
          sumsToOne: false,
          epsilon: 0,
        }
      : null
  }

  /** In max(x) + log Σe^(x − max(x)), which is log Σe^x: the logarithm, and x − max(x). */
  private logOverLargest(id: NodeId, x: NodeId): { readonly log: Node; readonly below: NodeId } | null {
    const sum = this.strip(id)
    if (sum.op.kind !== "binary" || sum.op.fn !== "add") return null
    // Both summands must have the shape of the sum: [n, 1] + [n] would be a table.
    if (sum.operands.some((o) => this.node(o).shape.join() !== sum.shape.join())) return null
    const parts = sum.operands.map((o) => this.strip(o)),
      log = parts.find(({ op }) => op.kind === "unary" && op.fn === "log"),
      largest = parts.find(({ op }) => op.kind === "reduce" && op.fn === "max")
    if (log === undefined || largest === undefined || !this.same(largest.operands[0], x)) return null
    const total = this.strip(log.operands[0])
    const below = total.op.kind === "reduce" ? this.node(total.operands[0]).operands[0] : undefined
    const node = below === undefined ? null : this.node(below)
    const own = node?.op.kind === "binary" && node.op.fn === "subtract" ? this.belowExtreme(node) : null
    const axes = largest.op.kind === "reduce" ? largest.op.axes.join() : ""
    const fits = own !== null && this.same(own.operand, x) && own.axes.join() === axes
    return fits && total.op.kind === "reduce" && total.op.axes.join() === axes && below !== undefined && this.isMax(below) ? { log, below } : null
  }

  /** Whether what is taken off in x − m is a maximum. */
  private isMax(id: NodeId): boolean {
    const { op } = this.strip(this.node(id).operands[1])
    return op.kind === "reduce" && op.fn === "max"
  }

  /** The x of x − max(x), where that is what it is. */
  private withoutLargest(id: NodeId, axes: readonly number[]): NodeId {
    const node = this.node(id)
    const largest = node.op.kind === "binary" && node.op.fn === "subtract" ? this.statistic(node.operands[1], node.operands[0]) : null
    const is =
      largest !== null &&
      largest.fn === "max" &&
      this.same(largest.of, node.operands[0]) &&
      largest.axes.every((a) => axes.includes(a)) &&
      axes.length === 1
    return is ? node.operands[0] : id
  }

  /** e^x/Σe^x and x/Σx. */
  private shares(a: NodeId, b: NodeId): Recognized | null {
    const total = this.statistic(b, a)
    if (total === null || total.fn !== "sum" || !this.same(total.of, a)) return null
    const numerator = this.node(a)
    if (numerator.op.kind === "unary" && numerator.op.fn === "exp") {
      return {
        kind: "normalize",
        name: "softmax",
        operand: this.withoutLargest(numerator.operands[0], total.axes),
        axes: total.axes,
        centered: true,
        scaleFree: "no",
        sumsToOne: true,
        epsilon: 0,
      }
    }
    return {
      kind: "normalize",
      name: "division by the sum",
      operand: a,
      axes: total.axes,
      centered: false,
      scaleFree: "exactly",
      sumsToOne: true,
      epsilon: 0,
    }
  }

  /** √(v + ε) or √v + ε: the node of v, and ε. */
  private rootOf(id: NodeId): { of: NodeId; epsilon: number } | null {
    const node = this.node(id),
      outer = this.withoutConstant(id)
    const root = outer ?? { of: node.id, epsilon: 0 }
    const inner = this.strip(root.of)
    const isRoot = inner.op.kind === "unary" && (inner.op.fn === "sqrt" || (inner.op.fn === "powConstant" && inner.op.parameters?.[0] === 0.5))
    const power = inner.op.kind === "binary" && inner.op.fn === "power" && this.fill(inner.operands[1]) === 0.5
    if (!isRoot && !power) return null
    const under = this.withoutConstant(inner.operands[0]) ?? { of: inner.operands[0], epsilon: 0 }
    return { of: under.of, epsilon: Math.max(under.epsilon, root.epsilon) }
  }

  /** rsqrt(v + ε), 1/√(v + ε), (v + ε)^−½. */
  private inverseRootOf(id: NodeId): { of: NodeId; epsilon: number } | null {
    const node = this.strip(id)
    const direct = node.op.kind === "unary" && (node.op.fn === "rsqrt" || (node.op.fn === "powConstant" && node.op.parameters?.[0] === -0.5))
    const power = node.op.kind === "binary" && node.op.fn === "power" && this.fill(node.operands[1]) === -0.5
    if (direct || power) return this.withoutConstant(node.operands[0]) ?? { of: node.operands[0], epsilon: 0 }
    if (node.op.kind === "unary" && node.op.fn === "reciprocal") return this.rootOf(node.operands[0])
    if (node.op.kind === "binary" && node.op.fn === "divide" && this.fill(node.operands[0]) === 1) return this.rootOf(node.operands[1])
    return null
  }

  /** v + ε with a small positive constant ε. */
  private withoutConstant(id: NodeId): { of: NodeId; epsilon: number } | null {
    const node = this.strip(id)
    if (node.op.kind !== "binary" || node.op.fn !== "add") return null
    const [a, b] = node.operands,
      fa = this.fill(a),
      fb = this.fill(b)
    if (fb !== null && fb >= 0) return { of: a, epsilon: fb }
    return fa !== null && fa >= 0 ? { of: b, epsilon: fa } : null
  }

  private fill(id: NodeId): number | null {
    const node = this.strip(id)
    return node.op.kind === "constant" && node.op.value.kind === "fill" ? node.op.value.value : null
  }

  /** a/√(measure(a²) + ε), where a may be x − mean(x). `divisor`: the root or its inverse as it meets a. */
  private deviation(a: NodeId, divisor: NodeId, root: { of: NodeId; epsilon: number } | null): Recognized | null {
    if (root === null) return null
    const center = this.centered(this.node(a))
    const axes = this.spreadAxes(root.of, a, center, divisor)
    if (axes === null) return null
    const centered = center !== null && center.axes.length === axes.length && center.axes.every((axis) => axes.includes(axis))
    return {
      kind: "normalize",
      name: "normalization",
      operand: centered ? center.operand : a,
      axes,
      centered,
      scaleFree: root.epsilon === 0 ? "exactly" : "nearly",
      sumsToOne: false,
      epsilon: root.epsilon,
    }
  }

  /** Axes over which `v` is the mean or sum of squares of a; or of mean(x²) − mean(x)² where a = x − mean(x). */
  private spreadAxes(v: NodeId, a: NodeId, center: Centered | null, divisor: NodeId): readonly number[] | null {
    const statistic = this.statistic(v, a, divisor)
    if (statistic !== null && (statistic.fn === "sum" || statistic.fn === "mean")) {
      const squared = this.squareRoot(statistic.of)
      if (squared !== null && this.same(squared, a)) return statistic.axes
      const own = squared === null ? null : this.node(squared)
      // (x − mean)² computed from another, equal mean.
      const again = own === null ? null : this.centered(own)
      if (again !== null && center !== null && this.same(again.operand, center.operand) && again.axes.join() === center.axes.join())
        return statistic.axes
      const difference = this.node(statistic.of)
      if (
        difference.op.kind === "binary" &&
        difference.op.fn === "squaredDifference" &&
        center !== null &&
        this.same(difference.operands[0], center.operand)
      ) {
        const mean = this.statistic(difference.operands[1], center.operand)
        const same = mean !== null && mean.fn === "mean" && this.same(mean.of, center.operand) && mean.axes.join() === center.axes.join()
        if (same) return statistic.axes
      }
    }
    const node = this.strip(v)
    if (center === null || node.op.kind !== "binary" || node.op.fn !== "subtract") return null
    // Both terms must meet the divisor's alignment themselves: [n, 1] − [n] would be a table of differences.
    if (this.node(node.operands[0]).shape.join() !== this.node(node.operands[1]).shape.join()) return null
    const square = this.statistic(node.operands[0], a, divisor),
      root = this.squareRoot(node.operands[1])
    const mean = root === null ? null : this.statistic(root, center.operand, node.operands[1])
    const base = square === null ? null : this.squareRoot(square.of)
    const fits =
      square !== null &&
      base !== null &&
      mean !== null &&
      square.fn === "mean" &&
      mean.fn === "mean" &&
      this.same(base, center.operand) &&
      this.same(mean.of, center.operand) &&
      square.axes.join() === center.axes.join()
    return fits && mean.axes.join() === square.axes.join() ? square.axes : null
  }

  /** The b of b², b·b, b^2. */
  private squareRoot(id: NodeId): NodeId | null {
    const node = this.strip(id)
    if (node.op.kind === "unary" && (node.op.fn === "square" || (node.op.fn === "powConstant" && node.op.parameters?.[0] === 2)))
      return node.operands[0]
    if (node.op.kind !== "binary") return null
    if (node.op.fn === "multiply" && this.same(node.operands[0], node.operands[1])) return node.operands[0]
    return node.op.fn === "power" && this.fill(node.operands[1]) === 2 ? node.operands[0] : null
  }
}
