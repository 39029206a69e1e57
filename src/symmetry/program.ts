/**
 * @file The lowered network symmetry works on: every tensor is cut into blocks with one atom an axis factor, so that reshapes, slices,
 * concatenations and transposes are mere renamings and only twelve kinds of operation remain. Atoms of one operation are matched by label (position),
 * never by size: attention scores have two axes of one size.
 */
import type { NodeId } from "../graph/graph"
import type { ViewStep } from "../schema/report"

export type ValueId = number

/** An operand with a label for each of its atoms. */
export interface Use {
  readonly value: ValueId
  readonly labels: readonly number[]
}

/** A block of a parameter, as a view of it; `axes` are the size names after the view, `groups` the atoms of each factor of each axis. */
export interface ParameterBlock {
  readonly kind: "parameter"
  readonly parameter: number
  readonly view: readonly ViewStep[]
  readonly axes: readonly (string | null)[]
  readonly groups: readonly number[]
  /** What is always added to it where it is used: c everywhere, a frozen W₀ of the same shape, or c times the identity of two atoms. */
  readonly offset: number | ParameterBlock | IdentityOffset
}

/** W + c·1 along two atoms of one size: x + x·W is x·(W + 1). `atoms` are positions of the block. */
export interface IdentityOffset {
  readonly kind: "identity"
  readonly factor: number
  readonly atoms: readonly [number, number]
}

/** How an elementwise function of one argument treats a scaling and a shift of it. */
export interface Elementwise {
  readonly kind: "map"
  readonly name: string
  /** f(cx) = cᵖ f(x) for c > 0; null: no scaling passes. */
  readonly degree: number | null
  /** f(x) = a·x; null: not linear. */
  readonly slope: number | null
  /** exp turns a shift into a scale, log a scale into a shift. */
  readonly exchange: "exp" | "log" | null
}

export type LowOp =
  | ParameterBlock
  /**
   * Anything that does not depend on trainable parameters. `sumsToOne`, `sumsToZero`: positions of atoms over which it sums to that.
   * `frozen`: a parameter that is not trained.
   */
  | {
      readonly kind: "data"
      readonly sumsToOne: readonly (readonly number[])[]
      readonly sumsToZero: readonly (readonly number[])[]
      readonly lookup: boolean
      readonly frozen?: ParameterBlock
    }
  /** The same constant everywhere; zero is the neutral element of sums. */
  | { readonly kind: "fill"; readonly value: number }
  /** Σ over labels that only the operands have; multiplication where there are none. */
  | { readonly kind: "contract" }
  /**
   * As contract, but `moving` labels (spatial positions of input, kernel and result) count as summed. `valid`: no padding. `form`: the same for
   * convolutions that do the same with their kernels.
   */
  | { readonly kind: "convolve"; readonly moving: readonly number[]; readonly valid: boolean; readonly form: string }
  | { readonly kind: "sum"; readonly coefficients: readonly number[] }
  /** Largest, smallest or selected operand; `masked`: other branches are −∞. The last operand is the condition where `conditional`. */
  | { readonly kind: "choose"; readonly conditional: boolean; readonly masked: boolean }
  | Elementwise
  /** Softmax or a norm over `over` labels. `centered`: blind to a constant. `scaleFree`: blind to a positive factor; "nearly": but for ε. */
  | {
      readonly kind: "normalize"
      readonly name: string
      readonly over: readonly number[]
      readonly centered: boolean
      readonly scaleFree: "exactly" | "nearly" | "no"
      readonly sumsToOne: boolean
      readonly epsilon: number
      /** Of a softmax over single cells: which of the node's it belongs to, and which entry it is. */
      readonly share?: { readonly of: string; readonly place: string }
    }
  /** x − mean(x) over `over` labels: linear, blind to a constant, sums to zero. By its extreme (x − max(x)): not linear, sums to nothing. */
  | { readonly kind: "center"; readonly over: readonly number[]; readonly by: "mean" | "extreme" }
  | { readonly kind: "reduce"; readonly fn: "sum" | "mean" | "max" | "product"; readonly over: readonly number[] }
  /** Linear or selecting along `over` labels, unchanged along the others; keeps constants where `keepsConstants`. `maximal`: picks largest cells. */
  | { readonly kind: "mix"; readonly over: readonly number[]; readonly keepsConstants: boolean; readonly maximal: boolean }
  /** Axes that cannot be aligned: only a common factor of all operands passes. */
  | { readonly kind: "barrier" }
  /** No gradient passes. */
  | { readonly kind: "still" }
  | { readonly kind: "opaque"; readonly reason: string }

export interface Value {
  readonly id: ValueId
  readonly op: LowOp
  readonly uses: readonly Use[]
  /** Size name of each atom. */
  readonly atoms: readonly string[]
  /** Label of each atom in this operation. */
  readonly labels: readonly number[]
  /** The node it comes from, for reasons. */
  readonly node: NodeId
}

export interface Program {
  readonly values: readonly Value[]
  /** Blocks of what the loss sees. */
  readonly outputs: readonly ValueId[]
}

/** Values whose gradient reaches the outputs. What only decides (distances before an argMin, conditions) may change in any way. */
export function differentiatedValues({ values, outputs }: Program): ReadonlySet<ValueId> {
  const seen = new Set(outputs)
  for (let id = values.length - 1; id >= 0; id--) {
    const { op, uses } = values[id]
    if (!seen.has(id) || op.kind === "still") continue
    for (const use of op.kind === "choose" && op.conditional ? uses.slice(0, -1) : uses) seen.add(use.value)
  }
  return seen
}
