/**
 * @file Sizes for a loss that is a graph of its own: its parameters are the network's, so that they must have one shape in both. Its other sizes are
 * chosen as those of any replica.
 */
import type { LossSize, OwnLoss } from "../graph/objective"
import type { Graph } from "../graph/graph"
import type { Dim } from "../schema/report"
import type { VerificationTask } from "./task"
import { evaluateDim, symbolsOf } from "../graph/dim"
import type { Sizes } from "./instantiate"
import { chooseReplica } from "./replica"

export interface FittedLoss {
  /** All sizes numbers; its one output is the loss. */
  readonly graph: Graph
  /** The network's sizes beside it, in which its laws are written. */
  readonly sizes: Sizes
}

/**
 * The loss at sizes near those of a replica; where its code fixes some (ten classes, an image of 28 cells), those of the network follow.
 * @throws Error where no sizes fit both
 */
export function fitLoss(task: VerificationTask, loss: Extract<OwnLoss, { readonly kind: "graph" }>, replica: Sizes): FittedLoss {
  const toLoss = matchSizes(loss.graph, loss.sizes, task.graph, replica)
  const near = toLoss === null ? null : attempt(loss, toLoss)
  if (near !== null && hasShapes(task.graph, replica, near.graph)) return { graph: near.graph, sizes: replica }
  const free = attempt(loss, {})
  if (free === null) throw new Error("no sizes fit what it computes")
  const back = matchSizes(task.graph, task.sizes, loss.graph, free.sizes), sizes = { ...replica, ...back }
  if (back === null || !hasShapes(task.graph, sizes, free.graph)) throw new Error("its weights have other sizes than the network's")
  return { graph: free.graph, sizes }
}

function attempt({ graph, sizes }: Extract<OwnLoss, { readonly kind: "graph" }>, given: Sizes): ReturnType<typeof chooseReplica> | null {
  try {
    return chooseReplica(graph, sizes, given)
  } catch {
    return null
  }
}

/** Sizes of one graph from those of another with the same parameters, where an axis is one free size; null where two axes disagree. */
function matchSizes(graph: Graph, variables: readonly LossSize[], other: Graph, known: Sizes): Sizes | null {
  const found: Record<string, number> = {}, byName = new Map(variables.map((v) => [v.name, v]))
  const shapes = new Map(other.parameters.map((p) => [p.id, p.shape]))
  for (const { id, shape } of graph.parameters) {
    const given = shapes.get(id)
    if (given === undefined) continue
    for (let axis = 0; axis < shape.length; axis++) {
      const d = shape[axis], size = sizeAt(given[axis], known)
      if (typeof d !== "string" || size === null) continue
      const [symbol, ...more] = symbolsOf(d)
      if (more.length > 0 || symbol !== d) continue
      const variable = byName.get(symbol)
      if (variable?.shrink === "fixed" && variable.declared !== size) return null
      if ((found[symbol] ?? size) !== size) return null
      found[symbol] = size
    }
  }
  return found
}

/** Whether the parameters of a network have, at these sizes, the shapes they have in the loss. */
function hasShapes(graph: Graph, sizes: Sizes, loss: Graph): boolean {
  const shapes = new Map(loss.parameters.map((p) => [p.id, p.shape]))
  return graph.parameters.every(({ id, shape }) => {
    const other = shapes.get(id)
    return other?.length === shape.length && shape.every((d, axis) => sizeAt(d, sizes) === other[axis])
  })
}

function sizeAt(d: Dim | undefined, at: Sizes): number | null {
  if (d === undefined) return null
  try {
    return evaluateDim(d, at)
  } catch {
    return null
  }
}
