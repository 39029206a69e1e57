/** @file A verification for readers: the verdict in words, one line of numbers per law beside its control, and whether the list is complete. */
import type { SizeVariable } from "../axes/size"
import type { LawVerification, Model, Verification } from "../schema/report"
import { foldLaws } from "./fold"
import { wrapText } from "./paint"
import type { Paint, Painter } from "./paint"
import { countText, dimText } from "./words"

const width = 100

/** The verdict about a law as rows say it. */
export const verdictWord = ({ verdict, notKept }: Pick<LawVerification, "verdict" | "notKept">): string => (notKept === true ? "not kept" : verdict)

/** The laws under the squared error and the model's own loss: what the latter moves is not kept. Numbers are those of the former. */
export function verdictsOfBoth({ laws, ownLoss }: Pick<Verification, "ownLoss" | "laws">): readonly LawVerification[] {
  const moved = new Map(movedByOwnLoss(ownLoss).map((own) => [own.law, own]))
  return laws.map((law) => {
    const own = law.verdict === "conserved" ? moved.get(law.law) : undefined
    return own === undefined ? law : { ...law, verdict: "inconclusive", notKept: true, ...(own.detail === undefined ? {} : { detail: own.detail }) }
  })
}

const movedByOwnLoss = (ownLoss: Verification["ownLoss"]): readonly LawVerification[] =>
  ownLoss?.laws.filter(({ notKept }) => notKept === true) ?? []

/** "every exact law holds along the gradient flow (5 conserved)". `optimizer` is "flow" or the optimizer that was run instead. */
export function verdictText(verification: Verification, optimizer = "flow"): string {
  const laws = verdictsOfBoth(verification), count = (word: string): number => laws.filter((law) => verdictWord(law) === word).length
  const words = ["conserved", "approximate", "not kept", "inconclusive", "violated"]
  const parts = words.flatMap((word) => (count(word) === 0 ? [] : [`${count(word)} ${word}`]))
  switch (verification.verdict) {
    case "conserved":
      if (optimizer !== "flow") return `every exact law does what theory says under ${optimizer} (${parts.join(", ")})`
      return keptText(verification, parts) ?? `every exact law holds along the gradient flow${lossesText(verification)} (${parts.join(", ")})`
    case "violated":
      return `a law does not hold (${parts.join(", ")})`
    case "inconclusive":
      return openText(verification, optimizer, parts)
  }
}

/** Why there is no verdict: nothing ran, there is no exact law, theory promises nothing under the optimizer, or something is open. */
function openText({ laws, replica, completeness }: Verification, optimizer: string, parts: readonly string[]): string {
  if (laws.length === 0) {
    if (Object.keys(replica).length === 0) return "no verdict (nothing could be run)"
    return completeness?.complete === true ? "no law to check, and none is possible" : "nothing to check: no law"
  }
  if (laws.every(({ verdict }) => verdict === "approximate")) return `nothing to check: no exact law (${parts.join(", ")})`
  if (optimizer === "flow") return `no verdict (${parts.join(", ")})`
  const open = laws.filter(({ verdict }) => verdict === "inconclusive"), exact = laws.filter(({ verdict }) => verdict !== "approximate")
  if (!open.every(({ notKept }) => notKept === true)) return `no verdict for ${open.length} of ${countText(laws.length, "law")} under ${optimizer}`
  // Such a law has passed the test along the flow, which comes before any step.
  const nearly = laws.length - exact.length, those = nearly === 0 ? "them" : "the exact ones"
  const each = nearly === 0 ? (exact.length === 1 ? "it" : "them") : "any of them"
  const unkept = open.length < exact.length ? `${open.length} of ${those}` : each
  const all = `${countText(exact.length, "law")}${nearly === 0 ? "" : `, ${nearly} more only approximately`}`
  return `the flow conserves ${all}; ${optimizer} is not the flow and need not keep ${unkept}`
}

/** "its own loss, focal", "its own losses, hinge + the function in line 9". */
const ownLossName = (name: string): string => `its own loss${/ \+ |^\d+ functions/.test(name) ? "es" : ""}, ${name}`

/** How many laws the model's own loss keeps; null where it moves none. */
function keptText({ ownLoss, laws }: Pick<Verification, "ownLoss" | "laws">, parts: readonly string[]): string | null {
  const moved = movedByOwnLoss(ownLoss).length, all = laws.filter(({ verdict }) => verdict === "conserved").length
  if (ownLoss === undefined || moved === 0) return null
  const name = ownLossName(ownLoss.name), isMany = name.startsWith("its own losses")
  const [keeps, does] = isMany ? ["keep", "do"] : ["keeps", "does"]
  if (all === 1) return `${name}, ${does} not keep the law, which the squared error keeps (${parts.join(", ")})`
  const kept = moved >= all ? `none of the ${all} exact laws` : `${all - moved} of ${all} exact laws`
  return `${name}, ${keeps} ${kept}, of which the squared error keeps all (${parts.join(", ")})`
}

/** Whose flow it was, where the model's own loss was run, too. */
function lossesText({ ownLoss }: Verification): string {
  if (ownLoss === undefined) return ""
  return ` of the squared error${ownLoss.verdict === "conserved" ? ` and of ${ownLossName(ownLoss.name)}` : ""}`
}

/** What the headline does not say of the model's own loss; null where there is nothing to add. */
export function ownLossText({ ownLoss, laws }: Pick<Verification, "ownLoss" | "laws">): string | null {
  if (ownLoss === undefined) return null
  const { verdict, detail, unread = [] } = ownLoss, name = ownLossName(ownLoss.name), was = name.startsWith("its own losses") ? "were" : "was"
  const conserves = "a loss of the outputs alone conserves what"
  if (detail !== undefined) return `${name}, ${was} not run: ${detail}; the squared error was run, and ${conserves} it does`
  const others = unread.map((other) => `${other.name} (${other.why})`).join(", ")
  const rest = unread.length === 0 ? null : `not run of what trains it: ${others}; ${conserves} the squared error does`
  const joined = (text: string): string => (rest === null ? text : `${text}; ${rest}`)
  // What it moves the headline says, and each row why.
  const judged = ownLoss.laws.filter(({ notKept }) => notKept !== true)
  const count = (of: LawVerification["verdict"]): number => judged.filter((law) => law.verdict === of).length
  switch (verdict) {
    case "violated":
      return joined(`under ${name}, ${count("violated")} of ${countText(laws.length, "law")} violated`)
    case "inconclusive": {
      const open = judged.find((law) => law.verdict === "inconclusive")
      const what = `under ${name}, no verdict for ${countText(count("inconclusive"), "law")}`
      return open?.detail === undefined ? rest : joined(`${what}: ${open.detail}`)
    }
    case "conserved":
      return rest
  }
}

/** What the regularizers do to the laws; null where no law reads a regularized weight. */
export function regularizedText({ regularized }: Pick<Verification, "regularized">): string | null {
  if (regularized === undefined || regularized.length === 0) return null
  const decaying = regularized.filter(({ verdict }) => verdict === "decays"), broken = regularized.filter(({ verdict }) => verdict === "broken")
  const wrong = regularized.length - decaying.length - broken.length
  const rates = [...new Set(decaying.map(({ decay }) => `−${Number((decay ?? 0).toPrecision(3))}·h`))]
  const worst = (laws: readonly { readonly rate: number }[]): string => exponentText(Math.max(...laws.map(({ rate }) => rate)))
  const decay = `decay${decaying.length === 1 ? "s" : ""} as theory says`
  const parts = [
    ...(decaying.length === 0 ? [] : [`${countText(decaying.length, "law")} ${decay} (dh/dt = ${rates.join(" or ")}, to ${worst(decaying)})`]),
    ...(broken.length === 0 ? [] : [`${countText(broken.length, "law")} ${broken.length === 1 ? "is" : "are"} broken (rate ${worst(broken)})`]),
    ...(wrong === 0 ? [] : [`${countText(wrong, "law")} should decay and ${wrong === 1 ? "does" : "do"} not`]),
  ]
  return `with the model's regularizers in the loss, ${parts.join(", ")}`
}

/** "1.2e-16"; a dash where nothing was measured. */
export const exponentText = (value: number | null): string =>
  value === null || !Number.isFinite(value) ? "–" : value === 0 ? "0" : value.toExponential(1)

/** Is the list of laws complete, at the sizes it was run at? Null where it was not computed. */
export function completenessText({ completeness }: Pick<Verification, "completeness">): string | null {
  if (completeness === null) return null
  const { parameters, lieRank, possible, derived, gap, complete, firstBrackets } = completeness
  const found = `${countText(derived, "conserved quantity", "conserved quantities")} found`
  const bound = `${countText(parameters, "parameter")} − ${lieRank} directions of the flow = ${possible} possible`
  const cut = lieRank === 0 ? "no weight moves" : `singular values cut between ${exponentText(gap[0])} and ${exponentText(gap[1])}`
  if (complete) return `complete: ${found}, ${bound} (${cut})`
  // Each law was measured by itself: a rank that leaves no room for them is one that rounding has a part in.
  if (possible < derived) return `completeness not decided: ${found}, but rounding hides how many are possible (${cut}); another seed may tell`
  const open = `${possible - derived} open${firstBrackets === true ? " with first brackets alone" : ""}`
  return `not shown complete: ${found}, ${bound}, ${open} (${cut})`
}

export interface DiscoveryText {
  readonly headline: string
  readonly formulas: readonly string[]
}

/** What a search without rules adds where the list is not complete; null where none was made. */
export function discoveryText({ completeness, discovery }: Pick<Verification, "completeness" | "discovery">): DiscoveryText | null {
  if (discovery === undefined || completeness === null) return null
  const { searched, found, laws } = discovery
  const open = completeness.possible - completeness.derived - found
  if (found === 0) {
    return searched === "all"
      ? {
          headline: "a search without rules found no other quadratic or linear law: what is open has a higher degree, or does not exist",
          formulas: [],
        }
      : { headline: "a search without rules found no other law among norms, products and sums of slices of the parameters", formulas: [] }
  }
  const unnamed = found - laws.length
  const rest = [
    ...(unnamed === 0 ? [] : [`${laws.length === 0 ? "" : "the others, "}${unnamed}, take more terms than fit here`]),
    open === 0 ? `with ${found === 1 ? "it" : "them"} the list is complete` : `${open} open`,
  ]
  return {
    headline: `a search found ${countText(found, "more conserved quantity", "more conserved quantities")} that the rules missed; ${rest.join("; ")}`,
    formulas: laws.map(({ formula }) => formula),
  }
}

/**
 * The sizes of a replica: "batch = 4, 2·hidden = 6, 3, 8→6".
 *
 * @param sizes what the sizes are in the source; without them their names tell ("n8_2" is an 8), but for those of expressions.
 */
export function sizesText(replica: Verification["replica"], sizes: readonly Pick<SizeVariable, "name" | "declared">[] = []): string {
  const declared = new Map(sizes.map((size) => [size.name, size.declared]))
  const texts = Object.entries(replica)
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .flatMap(([name, size]) => {
      const number = /^n(\d+)(?:_\d+)?$/.exec(name)?.[1]
      const source = declared.get(name) ?? (number === undefined ? name : Number(number))
      if (typeof source === "number") return source === size ? `${size}` : `${source}→${size}`
      return /^size(_\d+)?$/.test(source) ? [] : `${dimText(source)} = ${size}`
    })
  return [...new Set(texts)].join(", ")
}

/** Which equal blocks and steps were run, and what that means for the laws of the others; null where all were. */
export function depthText({ depth }: Pick<Verification, "depth">): string | null {
  if (depth === undefined || depth.repeats.length === 0) return null
  const ran = depth.repeats.map(({ what, declared, kept }) => `${kept} of ${declared} ${/^steps\b/.test(what) ? what : `equal blocks (${what})`}`)
  const stands = "a law of one left out was run as the same law of one that stayed"
  return `ran ${ran.join(", ")}: ${stands}${depth.ratesOfAll ? "; the rate of every law itself was measured with all" : ""}`
}

/** What the columns mean; said once, below the last table. */
export const legendText =
  "rate: speed along the gradient flow, 0 for a law · order: halving the step divides the drift by 2^order, 1 for a law that is not linear · " +
  "drift: farthest move, relative to the size of its weights · control: the same for a quantity of the same weights that is no law"

/** What was verified: a model and what its sizes are in the source. */
interface VerifiedTask {
  readonly model: string
  readonly sizes: readonly Pick<SizeVariable, "name" | "declared">[]
}

/** The model's name with the verdict, then a table: for each line of the analysis the worst numbers of its laws, the worst verdict, the formula. */
export function verificationText(
  { model: name, sizes: declared }: VerifiedTask,
  verification: Verification,
  { laws, training }: Pick<Model, "laws" | "training">,
  painter: Painter,
  optimizer = "flow",
): string[] {
  const checkedLaws = verdictsOfBoth(verification), isMoved = checkedLaws.some((law, k) => law !== verification.laws[k])
  const paint = verdictPaint(isMoved && verification.verdict === "conserved" ? "inconclusive" : verification.verdict, painter)
  const sizes = sizesText(verification.replica, declared)
  const complete = completenessText(verification)
  const discovery = discoveryText(verification)
  const depth = depthText(verification)
  const own = ownLossText(verification)
  const others = [regularizedText(verification), ...(verification.notes ?? [])].filter((text) => text !== null)
  const reason = reasonNothingRan(verification)
  if (reason !== null) return wrapText(`${name} — could not be run: ${reason}`, width, "  ", paint)
  return [
    ...headlineText(name, verdictText(verification, optimizer), painter, paint),
    ...wrapText(
      [`seed ${verification.seed}`, `${Math.round(verification.milliseconds)} ms`, ...(sizes === "" ? [] : [`run at sizes ${sizes}`])].join(" · "),
      width,
      "  ",
      painter.faint,
    ),
    ...(depth === null ? [] : wrapText(depth, width, "  ", painter.faint)),
    ...(own === null ? [] : wrapText(own, width, "  ", verification.ownLoss?.verdict === "violated" ? painter.bad : painter.faint)),
    ...others.flatMap((text) => wrapText(text, width, "  ", painter.faint)),
    ...(verification.laws.length === 0 ? [] : ["", painter.faint(`      ${header}`)]),
    ...foldLaws(laws, training).flatMap((group, k) => {
      const checked = worstOf(checkedLaws.filter(({ law }) => group.laws.some(({ id }) => id === law)))
      if (checked === null) return []
      // What an optimizer does not keep the headline says, and the row how far it moved.
      const detail = optimizer !== "flow" && checked.notKept === true ? undefined : checked.detail
      const times = group.laws.length > 1 ? ` (worst of ${group.laws.length} laws)` : ""
      return [
        `  ${String(k + 1).padStart(2)}  ${numbersText(checked)}  ${verdictPaint(checked.verdict, painter)(verdictWord(checked))}${times}`,
        ...wrapText(group.formula, width, "      ", painter.formula),
        ...(detail === undefined ? [] : wrapText(detail, width, "      ", painter.faint)),
      ]
    }),
    ...(complete === null ? [] : ["", ...wrapText(complete, width, "  ", verification.completeness?.complete ? painter.good : undefined)]),
    ...(discovery === null
      ? []
      : [
          ...wrapText(discovery.headline, width, "  ", discovery.formulas.length > 0 ? painter.warning : undefined),
          ...discovery.formulas.flatMap((formula) => wrapText(formula, width, "      ", painter.formula)),
        ]),
  ]
}

const verdicts: readonly LawVerification["verdict"][] = ["violated", "inconclusive", "approximate", "conserved"]

/** The model's name, then the verdict, on as many lines as it takes. */
function headlineText(name: string, verdict: string, painter: Painter, paint: Paint): string[] {
  const [first, ...rest] = wrapText(`${name} — ${verdict}`, width, "  ")
  const begin = `  ${name} — `
  // A name that is longer than a line is broken like anything else.
  const headed = first.startsWith(begin) ? `  ${painter.heading(name)} — ${paint(first.slice(begin.length))}` : paint(first)
  return [headed, ...rest.map((line) => `  ${paint(line.slice(2))}`)]
}

/** For each column the number that speaks most against the laws, with the worst verdict and what was said of it. */
function worstOf(checked: readonly LawVerification[]): LawVerification | null {
  const [worst] = [...checked].sort((a, b) => verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) || b.rate - a.rate)
  if (worst === undefined || checked.length === 1) return worst ?? null
  const numbers = (key: "rate" | "controlRate" | "drift" | "controlDrift"): readonly number[] => checked.map((law) => law[key])
  const orders = checked.flatMap(({ order }) => order ?? [])
  return {
    ...worst,
    rate: Math.max(...numbers("rate")),
    controlRate: Math.min(...numbers("controlRate")),
    order: orders.length === 0 ? null : Math.min(...orders),
    drift: Math.max(...numbers("drift")),
    controlDrift: Math.min(...numbers("controlDrift")),
  }
}

/** The one reason for all laws, where nothing was measured; null where something was. */
function reasonNothingRan({ laws }: Verification): string | null {
  const [first] = laws
  return first?.detail !== undefined && laws.every(({ rate, detail }) => !Number.isFinite(rate) && detail === first.detail) ? first.detail : null
}

const columns = [9, 9, 7, 9, 9] as const
const header = ["rate", "control", "order", "drift", "control"].map((title, k) => title.padStart(columns[k])).join("  ")

/** The drift of an approximate law has two causes and no order. */
function numbersText(law: LawVerification): string {
  const order = law.order === null || law.verdict === "approximate" ? "–" : law.order.toFixed(2)
  const cells = [exponentText(law.rate), exponentText(law.controlRate), order, exponentText(law.drift), exponentText(law.controlDrift)]
  return cells.map((cell, k) => cell.padStart(columns[k])).join("  ")
}

function verdictPaint(verdict: LawVerification["verdict"], painter: Painter): Paint {
  switch (verdict) {
    case "conserved":
      return painter.good
    case "approximate":
    case "inconclusive":
      return painter.warning
    case "violated":
      return painter.bad
  }
}
