/** @file The results as Markdown: totals and one row for each definition. */
import type { Outcome } from "./read"

/** Why a definition is counted apart: tfjs has nothing to say about it, or nothing that learns stands in the source. */
export function outsideBecause({ entry: { form, summary, params }, weightless }: Outcome): string | null {
  if (/not tfjs/.test(form)) return "not tfjs"
  if (/throws/.test(form)) return "throws in tfjs"
  if (/^<(loaded|\w+ v\d)/.test(summary) || /existing models/.test(form)) return "base model is loaded from a file"
  if (/hook/.test(form)) return "no model of its own"
  return params === 0 || weightless ? "has no weights" : null
}

export interface Totals {
  readonly definitions: number
  readonly inside: number
  readonly missing: number
  readonly models: number
  /** Without unsupported parts. */
  readonly whole: number
  /** Of these, the ones that need no arguments of the list. */
  readonly standing: number
  readonly crashes: number
  readonly medianMilliseconds: number | null
  readonly expected: number
  readonly asExpected: number
}

export function countOutcomes(outcomes: readonly Outcome[]): Totals {
  const missing = outcomes.filter(({ kind }) => kind === "missing").length
  const read = outcomes.filter((outcome) => outcome.kind !== "missing" && outsideBecause(outcome) === null)
  const times = outcomes.flatMap(({ kind, milliseconds }) => (kind === "model" && milliseconds !== null ? [milliseconds] : [])).sort((a, b) => a - b)
  const compared = outcomes.filter(({ kind, differences }) => kind !== "missing" && differences !== null)
  return {
    definitions: outcomes.length,
    inside: read.length,
    missing,
    models: read.filter(({ kind }) => kind === "model").length,
    whole: read.filter(isWhole).length,
    standing: read.filter(({ standing }) => standing).length,
    crashes: outcomes.filter(({ kind }) => kind === "crash").length,
    medianMilliseconds: times.length === 0 ? null : (times[(times.length - 1) >> 1] + times[times.length >> 1]) / 2,
    expected: compared.length,
    asExpected: compared.filter(({ differences }) => differences?.length === 0).length,
  }
}

const isWhole = ({ kind, unsupported }: Outcome): boolean => kind === "model" && unsupported.length === 0

const shareText = (part: number, whole: number): string => `${part} of ${whole}${whole === 0 ? "" : ` (${((100 * part) / whole).toFixed(1)} %)`}`

/** The totals, one line each. */
export function totalLines(totals: Totals): readonly string[] {
  const { definitions, inside, missing, models, whole, standing, crashes, medianMilliseconds, expected, asExpected } = totals
  return [
    `${definitions} definitions, ${missing} not there; ${inside} of tfjs with weights in the source`,
    `a model found: ${shareText(models, inside)}`,
    `traced without unsupported parts: ${shareText(whole, inside)}, ${standing} of them as the file stands`,
    `as expected in layers, shapes and parameters: ${shareText(asExpected, expected)}`,
    `crashes: ${crashes}`,
    `median processor time for a definition: ${medianMilliseconds === null ? "none" : `${medianMilliseconds.toFixed(1)} ms`}`,
  ]
}

/** @param date as it stands in the document, "2026-01-31". */
export function corpusDocument(outcomes: readonly Outcome[], date: string): string {
  const rows = outcomes.map((outcome) => {
    const { entry, laws, milliseconds } = outcome
    const cells = [
      entry.id, entry.repo, entry.form, tracedText(outcome), outcome.unsupported.map((what) => shorten(what)).join("; ") || shorten(outcome.detail),
      matchText(outcome), String(laws), milliseconds === null ? "" : milliseconds.toFixed(0),
    ]
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`
  })
  return `# Networks in public repositories

Read on ${date} with \`npm run corpus -- FOLDER\`. The repositories and the list of definitions are not part of the project; FOLDER holds
them as OWNER/NAME. Expected are layers with their options, output shapes and parameter counts, as tfjs itself prints them for the same
definition, at arguments that the list names; "called" means that these were handed in by a call at the end of the file. Times are
processor time of the analysis on a warm program, from source to laws, divided by the models of the file.

\`noether-lens stats FOLDER\` counts more: every model that it finds, tests and libraries included. A definition counts as one that builds a model
unless its code throws whatever it is given: it reads a field that no code stores, assigns to a constant, calls what is no function, asks tfjs for a
layer or an activation that does not exist, makes a weight of a size that is undefined, or uses a tensor that \`tf.tidy\` has disposed. Such
definitions are listed apart, each with the place and the reason, and are in neither number; the finding \`always-throws\` says the same of each.
Only errors on a way that is taken for every input count. Layers and functions that the caller of a definition hands in (lists of
experts, a base model) are no gap of the definition: they are any function of their input, which the report says and no law passes.

${totalLines(countOutcomes(outcomes)).map((line) => `- ${line}`).join("\n")}

| id | repository | form | traced | not supported | as expected | laws | ms |
|---|---|---|---|---|---|--:|--:|
${rows.join("\n")}
`
}

function tracedText(outcome: Outcome): string {
  const outside = outsideBecause(outcome)
  switch (outcome.kind) {
    case "missing":
      return "not there"
    case "crash":
      return "crash"
    case "none":
      return outside ?? "no"
    case "model":
      return `${isWhole(outcome) ? "yes" : "in part"}${outside === null ? "" : ` (${outside})`}`
  }
}

function matchText({ kind, differences, called }: Outcome): string {
  if (kind === "missing" || differences === null) return ""
  if (differences.length === 0) return called ? "yes, called" : "yes"
  return shorten(differences.slice(0, 3).join("; ")) + (differences.length > 3 ? ` and ${differences.length - 3} more` : "")
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 159)}…` : text)
