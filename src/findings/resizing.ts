/** @file Recognizes what resizes images in a graph: interpolation is written there as one product with a matrix of weights along each axis. */
import type { Graph, Node } from "../graph/graph"

export interface Resizing {
  readonly nearest: boolean
  /** Old and new size of the two spatial axes, as far as they are numbers. */
  readonly sizes: readonly (readonly [from: number, to: number])[]
  /** Cells are taken at their centers: `halfPixelCenters`. */
  readonly centered: boolean
}

/** What the first node of a resizing does; null for any other node. */
export function resizingAt(node: Node, { nodes }: Graph, consumers: readonly (readonly Node[])[]): Resizing | null {
  const { op, label, operands, shape } = node
  if (op.kind === "upsample") {
    const old = nodes[operands[0]].shape
    const sizes = [1, 2].flatMap((axis): (readonly [number, number])[] => {
      const [from, to] = [old[axis], shape[axis]]
      return typeof from === "number" && typeof to === "number" ? [[from, to]] : []
    })
    return { nearest: true, sizes, centered: false }
  }
  const name = /^tf\.(?:image\.)?resize(NearestNeighbor|Bilinear)$/.exec(label ?? "")?.[1] ?? (label === bilinearLayer ? "Bilinear" : null)
  if (op.kind !== "einsum" || name === null || nodes[operands[0]].label === label) return null
  const second = consumers[node.id].find((next) => next.op.kind === "einsum" && next.label === label)
  const matrices = [node, second].flatMap((step) => (step === undefined ? [] : weightsOf(nodes[step.operands[1]])))
  const sizes = matrices.map(({ from, to }): readonly [number, number] => [from, to])
  return { nearest: name === "NearestNeighbor", sizes, centered: !matrices.every(isCornered) }
}

/** Nearest cells are an operation of their own there. */
const bilinearLayer = "up_sampling2d"

interface Weights {
  readonly from: number
  readonly to: number
  /** [to, from], row-major. */
  readonly values: readonly number[]
}

function weightsOf({ op, shape: [to, from] }: Node): readonly Weights[] {
  if (op.kind !== "constant" || op.value.kind !== "data" || typeof to !== "number" || typeof from !== "number") return []
  return [{ from, to, values: op.value.values }]
}

/** Whether the i-th new cell is taken at i·step, rounded or not, for one of the steps tfjs has: n/m, or (n − 1)/(m − 1) with aligned corners. */
function isCornered({ from, to, values }: Weights): boolean {
  const places = Array.from({ length: to }, (_, i) => values.slice(i * from, (i + 1) * from).reduce((sum, w, k) => sum + w * k, 0))
  const steps = [from / to, to > 1 ? (from - 1) / (to - 1) : 0]
  const rounded: readonly ((x: number) => number)[] = [(x) => x, Math.floor, Math.round]
  return steps.some((step) => rounded.some((round) => places.every((place, i) => Math.abs(place - Math.min(from - 1, round(i * step))) < 1e-6)))
}
