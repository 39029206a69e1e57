/**
 * @file Conservation laws as `derive` makes them: sizes are expressions in size names (see verification/task), so one law serves the
 * declared sizes, symbols and any smaller replica. `formula` turns `terms` into text, `fate` says what an optimizer does to it,
 * `presentation` makes JSON of it.
 */
import type { Graph } from "../graph/graph"
import type { Dim, LawEntries, LawFamily, LawType, Reason, Term } from "../schema/report"
import type { SizeVariable } from "../axes/size"

/** How a symmetry acts, before sizes are filled in: "GL" of a size, "diag" of sizes, a scale, a shift. */
export interface SymmetryKind {
  readonly kind: "GL" | "diag" | "scale" | "shift" | "exchange" | "no-gradient" | "ones" | "rotation" | "mixed"
  /** The matrix axis of GL, or the axes whose product indexes a diagonal or a shift. */
  readonly sizes: readonly Dim[]
}

export interface DerivedLaw {
  readonly id: string
  readonly family: LawFamily
  readonly symmetry: SymmetryKind
  /** Ids of parameters, in the order of the formula. */
  readonly parameters: readonly string[]
  readonly type: LawType
  readonly entries: LawEntries
  readonly quantities: Dim
  /** Output letters of the terms' einsum, in order, with their sizes. */
  readonly index: readonly { readonly name: string; readonly size: Dim }[]
  readonly block?: string
  readonly exactness: "exact" | "approximate"
  /** Which op lets the group act, where it is cut and by what, what absorbs it. */
  readonly because: readonly Reason[]
  readonly references: readonly string[]
  readonly terms: readonly Term[]
}

/** Everything inference says about one model. `graph` and `laws` are written in the names of `sizes`. */
export interface DerivedModel {
  readonly graph: Graph
  readonly sizes: readonly SizeVariable[]
  readonly laws: readonly DerivedLaw[]
  readonly independent: Dim
  readonly lawless: readonly { readonly parameters: readonly string[]; readonly because: readonly Reason[] }[]
}
