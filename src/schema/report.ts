/**
 * @file The JSON report (schema 1): what `--format json`, the plugin's `_noetherLens:analyze` and the programmatic API hand out.
 * Plain data only. Everything a view shows comes from here, so that views cannot disagree.
 */

/** A size: a number, a symbol ("batch") or an expression in symbols ("4*d"). */
export type Dim = number | string

/** A place in a file: line and column from 1, columns in UTF-16 units. `file` only where it is another file than the report's. */
export interface Pos {
  readonly file?: string
  readonly line: number
  readonly column: number
}

export interface Place {
  readonly start: Pos
  readonly end: Pos
}

export interface Report {
  readonly schema: 1
  readonly files: readonly FileReport[]
}

/** `path` is relative to the working folder, with forward slashes. */
export interface FileReport {
  readonly path: string
  readonly models: readonly Model[]
  readonly problems: readonly Problem[]
}

/** Something the reader should know about the whole file: unreadable, a limit reached, nothing to analyse because the model is loaded. */
export interface Problem extends Place {
  readonly message: string
}

export type ModelForm = "sequential" | "functional" | "layer-class" | "module-class" | "function"

export interface Model extends Place {
  readonly name: string
  readonly form: ModelForm
  readonly inputs: readonly { readonly name: string; readonly shape: readonly Dim[] }[]
  readonly parameters: readonly ModelParameter[]
  /** As tfjs `countParams()`: with the non-trainable statistics of batch normalization. */
  readonly parameterCount: Dim | null
  readonly laws: readonly Law[]
  /** Number of conserved quantities of the exact laws. */
  readonly quantities: Dim
  /** Functionally independent ones among them, at the declared sizes. */
  readonly independent: Dim
  /** Parameters that no law mentions, and what killed every generator there. */
  readonly lawless: readonly { readonly parameters: readonly string[]; readonly because: readonly Reason[] }[]
  readonly sites: readonly Site[]
  readonly findings: readonly Finding[]
  readonly training: readonly Training[]
  /** Names of the losses in sight, with those of functions by their lines; absent where none is. */
  readonly losses?: readonly string[]
  readonly assumptions: readonly string[]
  readonly unsupported: readonly (Place & { readonly what: string })[]
}

/** `id` is the path in the source ("dense_1/kernel", "wq"); `weight` is tfjs's name where it differs. */
export interface ModelParameter extends Place {
  readonly id: string
  readonly weight?: string
  readonly shape: readonly Dim[]
  readonly trainable: boolean
  /** Where it was frozen, as far as the source says. */
  readonly frozenAt?: Place
  /** No weight but a constant of the source that is added to this parameter; laws speak of it by the name `id`, which is made for them. */
  readonly constantBeside?: string
}

export type SiteKind = "model" | "layer" | "activation" | "weight" | "op" | "forward"

/** A place with something to say: what hovers show. `laws` are law ids; `text` is short Markdown. */
export interface Site extends Place {
  readonly kind: SiteKind
  readonly laws: readonly string[]
  readonly text: string
  readonly because?: readonly Reason[]
}

export interface Finding extends Place {
  readonly rule: string
  readonly severity: "info" | "warning"
  readonly message: string
  readonly proof?: string
  readonly fixable: boolean
}

export interface Reason {
  readonly text: string
  readonly at?: Place
}

export type LawFamily = "balance" | "norm" | "shift" | "no-gradient" | "exchange" | "mixed"
export type LawType = "linear" | "quadratic" | "mixed"

/** Which entries of the law's value are conserved: "symmetric" = all, counted once; "differences" = entries minus the first. */
export type LawEntries = "all" | "symmetric" | "off-diagonal" | "differences"

export interface Law {
  readonly id: string
  readonly family: LawFamily
  /** "GL(4)", "diag(8)", "scale", "shift(3)", … */
  readonly symmetry: string
  readonly parameters: readonly string[]
  /** Unicode text. */
  readonly formula: string
  readonly latex: string
  readonly type: LawType
  readonly entries: LawEntries
  readonly quantities: Dim
  readonly index: readonly { readonly name: string; readonly size: Dim }[]
  /** The repeated block the law belongs to ("h/3"); views fold, JSON does not. */
  readonly block?: string
  readonly exactness: "exact" | "approximate"
  readonly because: readonly Reason[]
  readonly references: readonly string[]
  /** value = Σ coefficient · einsum(operands), up to a constant. */
  readonly terms: readonly Term[]
}

/** One operand: linear; two: quadratic. Terms of one law have one result shape. */
export interface Term {
  readonly coefficient: number
  readonly operands: readonly Operand[]
  /** For instance "ai,aj->ij": Gram matrix; "ai,ai->i": its diagonal; "ai,ai->": squared norm; "ai->i": sum over a. */
  readonly einsum: string
}

/** A parameter seen through the steps of `view`, applied in order. */
export interface Operand {
  readonly parameter: string
  readonly view?: readonly ViewStep[]
}

export type ViewStep =
  | { readonly reshape: readonly Dim[] }
  /** Elements `from` (inclusive) to `to` (exclusive) of one axis. */
  | { readonly slice: readonly [axis: number, from: Dim, to: Dim] }
  | { readonly transpose: readonly number[] }

export type FateStatus = "exact" | "drifts" | "decays" | "broken" | "rounding"

/** What an optimizer in use does to each law. `optimizer` is "gradient flow" where none is in sight. */
export interface Training {
  readonly optimizer: string
  readonly place?: Place
  readonly fate: readonly LawFate[]
}

export interface LawFate {
  readonly law: string
  readonly status: FateStatus
  /** The exact change per step as a formula, where one is known. */
  readonly perStep?: string
  readonly detail: string
}

export type Verdict = "conserved" | "violated" | "inconclusive"

export interface Verification {
  readonly verdict: Verdict
  readonly seed: number
  readonly milliseconds: number
  /** The sizes it ran at. */
  readonly replica: Readonly<Record<string, number>>
  /** Equal blocks and steps that were left out: a law about one of them was run as the same law about one that stayed. */
  readonly depth?: ReplicaDepth
  readonly laws: readonly LawVerification[]
  /** In JSON: laws without numbers, and why; `laws` has the others. */
  readonly unmeasured?: readonly { readonly law: string; readonly detail: string }[]
  /** What was asked for and changes nothing. */
  readonly notes?: readonly string[]
  readonly completeness: Completeness | null
  /** What a search without rules found, made where the list of laws is not complete. */
  readonly discovery?: Discovery
  /** The loss the model is trained with, run beside the squared error; absent where none is in sight, or none but the squared error. */
  readonly ownLoss?: OwnLossVerification
  /** What the regularizers of the model do to its laws; absent where no law reads a regularized weight. */
  readonly regularized?: readonly RegularizedLaw[]
}

/** A law under the flow of the loss with its regularizers. */
export interface RegularizedLaw {
  readonly law: string
  /** The k of dh/dt = −k·h that theory promises; null where it promises that nothing of the kind holds. */
  readonly decay: number | null
  /** |dh/dt + k·h| relative to ‖∇h‖·‖∇L on the law's own parameters‖: rounding where the promise holds. With null for k, |dh/dt| alone. */
  readonly rate: number
  readonly verdict: "decays" | "broken" | "violated"
}

/** Rates and drifts under the model's own loss, with their verdicts; orders are null. Without laws `detail` says why it was not run. */
export interface OwnLossVerification {
  readonly name: string
  readonly verdict: Verdict
  readonly detail?: string
  /** Others that train the model, and why they were not run. */
  readonly unread?: readonly { readonly name: string; readonly why: string }[]
  readonly laws: readonly LawVerification[]
}

export interface ReplicaDepth {
  /** `what` as the source names it: "blocks/{0…11}", "steps of lstm_1". */
  readonly repeats: readonly { readonly what: string; readonly declared: number; readonly kept: number }[]
  /** Every law's own rate was measured with all blocks and steps, too. */
  readonly ratesOfAll: boolean
}

/**
 * `rate` = |⟨∇h, ∇L⟩| / (‖∇h‖ · ‖∇L on the law's own parameters‖);
 * `drift` = max over t of ‖h(t) − h(0)‖ / (½‖θ_law(0)‖² for quadratic parts, ‖θ_law(0)‖ for linear ones).
 */
export interface LawVerification {
  readonly law: string
  readonly rate: number
  readonly controlRate: number
  /** Slope of log drift over log step; null for linear laws, which move by rounding only. */
  readonly order: number | null
  readonly drift: number
  readonly controlDrift: number
  readonly verdict: "conserved" | "approximate" | "violated" | "inconclusive"
  /** "inconclusive" about the law alone: it holds along the flow, and what was run beside that (an optimizer, a penalty) moves it, as it should. */
  readonly notKept?: true
  readonly detail?: string
}

export interface Completeness {
  readonly parameters: number
  readonly lieRank: number
  readonly possible: number
  readonly derived: number
  readonly gap: readonly [number, number]
  readonly complete: boolean
  /** Not complete with first brackets, and no deeper ones were taken: they may show that less is possible. */
  readonly firstBrackets?: true
}

/** Quadratic and linear laws beyond the derived ones, at the replica's sizes. */
export interface Discovery {
  /** All such laws were looked for, or only combinations of norms, products and sums of slices of parameters. */
  readonly searched: "all" | "blocks"
  /** How many were found that are independent of the derived ones and of each other. */
  readonly found: number
  /** Those of them that read as few terms. */
  readonly laws: readonly { readonly formula: string; readonly parameters: readonly string[] }[]
}

/** A model of a `verify` report. */
export interface VerifiedModel extends Model {
  readonly verification: Verification
}
