/**
 * @file The text of a site: what a hover shows, at most eight lines of Markdown. A law is never shown without what the optimizer in use
 * does to it, and a site without laws says what ended the symmetries there.
 */
import type { Finding, Law, Model, Reason, Site, SiteKind } from "../schema/report"
import { foldLaws } from "./fold"
import { groupReasons } from "./groupReasons"
import { countText, dimText, fateTexts, listText, reasonsText, symmetryText, viewText } from "./words"

/** What a hover needs of a site, before it has a text. */
export interface SiteSubject {
  readonly kind: SiteKind
  readonly label: string
  readonly laws: readonly Law[]
  /** Ids of the parameters that live at the site. */
  readonly parameters: readonly string[]
  /** Why there is no law, or no further one, here. */
  readonly because: readonly Reason[]
  /** What the rules found there. */
  readonly findings?: readonly Finding[]
}

const mostLaws = 3
const mostFindings = 2

export function siteText(
  subject: SiteSubject,
  model: Pick<Model, "name" | "laws" | "training" | "quantities" | "independent" | "unsupported">,
): string {
  const whole = subject.kind === "model" || subject.kind === "forward"
  const head = whole ? [modelLine(subject.label, model)] : []
  const groups = foldLaws(subject.laws, model.training)
  const found = findingLines(subject.findings ?? [])
  if (groups.length === 0) return joinLines([...head, ...lawlessLines(subject), ...found])
  // The whole model has no room for reasons; a single place shows them under each law.
  const shown = groups.slice(0, (whole ? mostLaws + 1 : mostLaws) - Math.min(1, found.length))
  const fates = fateTexts(
    model.training,
    shown.map(({ laws: [law] }) => law.id),
  )
  const lines = shown.flatMap((group, k) => {
    const [law] = group.laws
    const times = group.count > 1 ? ` in ${group.count} laws` : ""
    const views = viewText(group)
    const count = countText(group.quantities, "quantity", "quantities") + times + (views === "" ? "" : `; ${views}`)
    const line = `**${symmetryText(group.symmetry, law)}** — ${codeSpan(group.formula)} (${count}) — ${fates[k]}`
    return whole || law.because.length === 0 ? [line] : [line, `*why:* ${reasonsText(groupReasons(group.laws).slice(0, 2))}`]
  })
  const rest = groups.length - shown.length
  const more = rest > 0 ? [`… and ${countText(rest, "more law", "more laws")}`] : []
  const gaps =
    whole && model.unsupported.length > 0
      ? [
          `*not read:* ${listText(
            model.unsupported.map(({ what }) => what),
            2,
          )}`,
        ]
      : []
  return joinLines([...head, ...lines, ...more, ...gaps, ...found])
}

/** Each with its proof in one line; the rest is counted. */
function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, mostFindings).map(({ message, proof }) => `*found:* ${message}${proof === undefined ? "" : ` — ${proof}`}`)
  const rest = findings.length - lines.length
  return rest > 0 ? [...lines, `… and ${countText(rest, "more finding")}`] : lines
}

function modelLine(label: string, model: Pick<Model, "laws" | "quantities" | "independent">): string {
  if (model.laws.length === 0) return `⚖ **${label}** — no conservation law`
  const independent = model.independent === model.quantities ? "" : `, ${dimText(model.independent)} of them independent`
  const quantities = countText(model.quantities, "quantity", "quantities")
  return `⚖ **${label}** — ${countText(model.laws.length, "law")}, ${quantities} under gradient flow${independent}`
}

function lawlessLines({ label, kind, because, parameters }: SiteSubject): string[] {
  const place = parameters.length === 0 ? "has no weights, and no law is known to pass through it" : "no conservation law is known here"
  if (because.length === 0) return kind === "model" || kind === "forward" ? [] : [`**${label}** — ${place}`]
  const reasons = because.slice(0, 3).map((reason) => `*why:* ${reasonsText([reason])}`)
  return kind === "model" || kind === "forward" ? reasons : [`**${label}** — no conservation law`, ...reasons]
}

/** Two spaces at the end break a line in Markdown. */
const joinLines = (lines: readonly string[]): string => lines.join("  \n")
const codeSpan = (text: string): string => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``)

/** The site as the report has it. */
export const withText = (place: Pick<Site, "start" | "end">, subject: SiteSubject, text: string): Site => ({
  start: place.start,
  end: place.end,
  kind: subject.kind,
  laws: subject.laws.map(({ id }) => id),
  text,
  ...(subject.because.length === 0 ? {} : { because: subject.because }),
})
