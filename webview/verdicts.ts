/** @file The verdicts: one sentence for the run and one card for each law. Words and a drawing, never color alone. */
import { completenessText, depthText, discoveryText, ownLossText, regularizedText, sizesText, verdictsOfBoth, verdictText } from "../src/presentation/verification"
import { countText } from "../src/presentation/words"
import type { Law, LawVerification, Model, Place, Verdict } from "../src/schema/report"
import { colorVariable } from "./charts"
import { drawing, element, type Child } from "./dom"
import { formatDuration, formatMagnitude } from "./format"
import { renderFormula } from "./formula"
import type { Outcome } from "./state"

type Mark = LawVerification["verdict"] | "notKept" | "pending"

const marks: Readonly<Record<Mark, { readonly word: string; readonly path: string }>> = {
  conserved: { word: "conserved", path: "M3 8.5l3.2 3.5L13 4" },
  approximate: { word: "approximate", path: "M2 6.5c2-3 4 0 6-1.5s4-1.5 6 0M2 11.5c2-3 4 0 6-1.5s4-1.5 6 0" },
  violated: { word: "violated", path: "M4 4l8 8M12 4l-8 8" },
  inconclusive: { word: "inconclusive", path: "M5 6a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1-1.5 2M8 13v.5" },
  notKept: { word: "not kept", path: "M3 4l4.500 4.500M3 12h10M8.500 9.500l2 2.500" },
  pending: { word: "not measured yet", path: "M8 3v5l3 2M8 1.5a6.500 6.500 0 1 1-.01 0" },
}

export function renderBadge(mark: Mark): HTMLElement {
  const { word, path } = marks[mark]
  return element(`span.badge.${mark}`, {}, drawing("icon", [16, 16], path), word)
}

/** The sentence of the run. */
export function renderSummary(outcome: Outcome, laws: number): readonly Child[] {
  const { verification } = outcome
  const verdicts = verdictsOfBoth(verification)
  const held = verdicts.filter(law => law.verdict === "conserved").length
  const approximate = verdicts.filter(law => law.verdict === "approximate").length
  // What an optimizer does not keep has a sentence of its own.
  const moved = verdicts.filter((law, k) => law !== verification.laws[k]).length
  const losses = verification.ownLoss?.verdict === "conserved" ? ` under the squared error and ${verification.ownLoss.name}` : ""
  const { optimizer } = outcome.settings
  const what = laws === 0 ? "This model has no conservation law to measure"
    : optimizer !== "flow" && verification.verdict === "inconclusive" ? capitalized(verdictText(verification, optimizer))
    : moved > 0 ? capitalized(verdictText(verification))
    : `${held} of ${countText(laws, "law")} conserved${approximate > 0 ? `, ${approximate} approximate` : ""}${losses}`
  const mark = moved > 0 && verification.verdict === "conserved" ? "notKept" : verification.verdict
  const completeness = completenessText(verification)
  const discovery = discoveryText(verification)
  const depth = depthText(verification)
  const own = ownLossText(verification)
  const regularized = regularizedText(verification)
  const chosen = sizesText(verification.replica)
  const sizes = chosen === "" ? "" : `. Sizes: ${chosen}`
  return [
    element("div.verdict-line", {}, laws > 0 && renderBadge(mark), element("strong", {}, what)),
    element("p.note", {}, `Float64, seed ${verification.seed}, ${formatDuration(verification.milliseconds)}${sizes}.`),
    own !== null && element("p.note", { "data-own-loss": "" }, sentence(own)),
    regularized !== null && element("p.note", { "data-regularized": "" }, sentence(regularized)),
    ...(verification.notes ?? []).map(note => element("p.note", {}, sentence(note))),
    depth !== null && element("p.note", { "data-depth": "" }, sentence(depth)),
    outcome.reason !== null && element("p.note", {}, `Nothing could be measured: ${outcome.reason}.`),
    completeness !== null && element("p.note", {}, sentence(completeness)),
    discovery !== null && element("p.note", { "data-discovery": String(discovery.formulas.length) }, sentence(discovery.headline)),
    discovery !== null && discovery.formulas.length > 0 &&
      element("ul.undiscovered", {}, ...discovery.formulas.map(formula => element("li", {}, element("code", {}, formula)))),
  ]
}

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
const sentence = (text: string): string => `${capitalized(text)}.`

/** What the status line says to screen readers when a run ends. */
export const spokenVerdict = (verdict: Verdict, held: number, laws: number): string =>
  `Finished: ${verdict}, ${held} of ${countText(laws, "law")} conserved.`

export interface CardActions {
  readonly reveal: (place: Place) => void
  readonly isShown: (index: number) => boolean
  readonly toggle: (index: number) => void
}

export function renderLaw(model: Model, law: Law, index: number, measured: LawVerification | undefined, actions: CardActions): HTMLElement {
  // Gradient flow itself is what the run measures; only an optimizer in the source adds to that.
  const inSource = model.training.filter(use => use.place !== undefined)
  const fates = inSource.map(use => ({ optimizer: use.optimizer, fate: use.fate.find(fate => fate.law === law.id) }))
  return element(
    "li.law", { "data-law": law.id, "data-verdict": measured?.verdict ?? "pending" },
    element(
      "div.law-head", {},
      renderKey(law, index, actions),
      element("span.chip", { title: "Symmetry" }, law.symmetry),
      element("span.law-count", {}, countText(law.quantities, "quantity", "quantities"), law.block === undefined ? null : ` · ${law.block}`),
      renderBadge(measured === undefined ? "pending" : measured.notKept === true ? "notKept" : measured.verdict),
    ),
    element("div.law-formula", { tabindex: "0" }, renderFormula(law.latex, law.formula)),
    element("p.law-parameters", {}, ...law.parameters.flatMap((id, k) => [k === 0 ? "" : " · ", renderParameter(model, id, actions)])),
    ...fates.map(({ optimizer, fate }) => fate && element("p.fate", {}, element("span.fate-optimizer", {}, `${optimizer}: `), fate.detail)),
    measured ? renderMeasured(measured) : null,
    measured?.detail !== undefined && element("p.note", {}, measured.detail),
  )
}

/** Shows and hides the law's two lines in the chart. */
function renderKey(law: Law, index: number, actions: CardActions): HTMLElement {
  const shown = actions.isShown(index)
  const key = element("button.key", {
    type: "button", title: shown ? "Hide in the chart" : "Show in the chart",
    "aria-pressed": String(shown), "aria-label": `Law ${law.id} in the chart`,
  }, drawing("swatch", [22, 12], "M1 6h20"))
  // Through CSSOM, which the policy of the page allows.
  key.style.setProperty("--line", `var(${colorVariable(index)}, currentColor)`)
  key.addEventListener("click", () => actions.toggle(index))
  return key
}

function renderParameter(model: Model, id: string, actions: CardActions): HTMLElement {
  const parameter = model.parameters.find(candidate => candidate.id === id)
  if (!parameter) return element("code", {}, id)
  const link = element("button.link", { type: "button", title: `[${parameter.shape.join(", ")}], show in the source` }, element("code", {}, id))
  link.addEventListener("click", () => actions.reveal({ start: parameter.start, end: parameter.end }))
  return link
}

function renderMeasured(law: LawVerification): HTMLElement {
  const order = law.order === null ? null : formatMagnitude(law.order)
  return element(
    "dl.measured", {},
    ...fact("Rate", law.rate, law.controlRate, "|⟨∇h, ∇L⟩| relative to both lengths"),
    ...fact("Drift", law.drift, law.controlDrift, "largest change along the run, relative to the parameters"),
    order !== null && element(
      "div", { title: "slope of log drift over log step of the integrator" }, element("dt", {}, "Order"), element("dd", {}, order),
    ),
  )
}

const fact = (name: string, value: number, control: number, title: string): readonly Child[] => [
  element(
    "div", { title },
    element("dt", {}, name), element("dd", {}, formatMagnitude(value), element("span.control", {}, ` control ${formatMagnitude(control)}`)),
  ),
]
