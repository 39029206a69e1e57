/**
 * @file What verification takes: a network in generic sizes and laws about it, as plain data. It knows nothing of how laws were found.
 */
import type { Graph } from "../graph/graph"
import type { OwnLoss } from "../graph/objective"
import type { Dim, Law } from "../schema/report"
import type { SizeVariable } from "../axes/size"

/** A law with its sizes in size names; ids of parameters as in `graph.parameters`. */
export type GenericLaw = Pick<Law, "id" | "family" | "type" | "entries" | "exactness" | "parameters" | "terms" | "formula" | "latex"> & {
  readonly quantities: Dim
  readonly index: readonly { readonly name: string; readonly size: Dim }[]
}

export interface VerificationTask {
  readonly model: string
  readonly graph: Graph
  readonly sizes: readonly SizeVariable[]
  readonly laws: readonly GenericLaw[]
  /** What the model is trained with, where that is in sight and more than the squared error, which is run in any case. */
  readonly ownLoss?: OwnLoss
}
