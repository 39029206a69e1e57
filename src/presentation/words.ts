/** @file The small words that all views share: counts, sizes, places, and a law's fate as one clause. */
import { foldNames, sizeName } from "../graph/names"
import type { Dim, Law, LawFate, Place, Reason, Training } from "../schema/report"

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

/** A size as one writes it: "d^2/2+d/2" becomes "d²/2 + d/2", the unknown size "x.1" of a tensor "x.shape[1]". */
export function dimText(d: Dim): string {
  if (typeof d === "number") return Number.isSafeInteger(d) ? String(d).replace(/\B(?=(?:\d{3})+$)/g, ",") : d.toLocaleString("en-US")
  return sizeName(d)
    .replace(/\/([\w.]+)\/([\w.]+)/g, "/($1*$2)")
    .replace(/\^(\d+)/g, (_, digits: string) => [...digits].map((c) => superscripts[Number(c)]).join(""))
    .replace(/(?<![\w.])\d{4,}(?![\w.])/g, (digits) => Number(digits).toLocaleString("en-US"))
    .replace(/\*/g, "·")
    .replace(/(?<=[^(])([+-])/g, (sign) => ` ${sign === "-" ? "−" : "+"} `)
}

/** "1 law", "5 laws", "d² quantities". */
export const countText = (n: Dim, singular: string, plural = `${singular}s`): string => `${dimText(n)} ${n === 1 ? singular : plural}`

/** "line 12", or "model.ts:12" for another file. */
export const lineText = (place: Place): string =>
  place.start.file === undefined ? `line ${place.start.line}` : `${place.start.file}:${place.start.line}`

/** Reasons as one line, each with its places: "relu scales with its input (line 4); …". What several places do is said once. */
export function reasonsText(reasons: readonly Reason[], placeText: (place: Place) => string = lineText): string {
  const places = new Map<string, string[]>()
  for (const { text, at } of reasons) places.set(text, [...(places.get(text) ?? []), ...(at === undefined ? [] : [placeText(at)])])
  return [...places].map(([text, at]) => (at.length === 0 ? text : `${text} (${listText([...new Set(at)], 3)})`)).join("; ")
}

/** What becomes of a law under every optimizer in sight, as one clause; optimizers that do the same share it. */
export function fateText(training: readonly Training[], law: string): string {
  return [...new Set(fatesOf(training, law).map(({ detail }) => detail))].join("; ")
}

const fatesByLaw = new WeakMap<readonly Training[], ReadonlyMap<string, readonly LawFate[]>>()

/** What each optimizer does to a law; every place that shows the law asks. */
function fatesOf(training: readonly Training[], law: string): readonly LawFate[] {
  let known = fatesByLaw.get(training)
  if (known === undefined) {
    const lists = new Map<string, LawFate[]>()
    for (const { fate } of training)
      for (const own of fate) {
        const list = lists.get(own.law)
        if (list === undefined) lists.set(own.law, [own])
        else list.push(own)
      }
    fatesByLaw.set(training, (known = lists))
  }
  return known.get(law) ?? []
}

/** The fates of laws that are shown together: what was said of an earlier one is not said again. */
export function fateTexts(training: readonly Training[], laws: readonly string[]): readonly string[] {
  const said = new Set<string>()
  return laws.map((law) => {
    const text = fateText(training, law)
    if (!said.has(text)) {
      said.add(text)
      return text
    }
    const statuses = new Set(fatesOf(training, law).map(({ status }) => status))
    const [status] = statuses
    if (statuses.size !== 1 || status === "rounding") return "likewise"
    return `${text.startsWith("not guaranteed") ? "not guaranteed" : status} likewise`
  })
}

/** The symmetry as one writes it: "diag(2·dim)". */
export const symmetryText = (symmetry: string, { exactness }: Pick<Law, "exactness">): string =>
  (exactness === "approximate" ? "approximate " : "") + dimText(symmetry)

/** "wv, wk as [6, 2, 3]; wo as [2, 3, 6]": the parameters whose indices in the formula are not those of the weight; "" where all are. */
export function viewText({ laws, formula }: { readonly laws: readonly Pick<Law, "terms" | "formula">[]; readonly formula: string }): string {
  const names = new Map<string, Set<string>>()
  for (const law of laws) for (const { shape, name } of viewsOf(law)) names.set(shape, (names.get(shape) ?? new Set()).add(name))
  const folder = /^(\S+): /.exec(formula)?.[1]
  const inFormula = (name: string): string => (folder !== undefined && name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : name)
  return [...names].map(([shape, own]) => `${listText(foldNames([...own]).map(inFormula), 3)} as [${shape}]`).join("; ")
}

interface View {
  /** "6, 2, 3" */
  readonly shape: string
  /** "wv", or "wv[:,0:12]" for a part. */
  readonly name: string
}

/** One law is shown at many places: its views are found once. */
const viewsByLaw = new WeakMap<object, readonly View[]>()

function viewsOf(law: Pick<Law, "terms" | "formula">): readonly View[] {
  let views = viewsByLaw.get(law)
  if (views === undefined) viewsByLaw.set(law, (views = findViews(law)))
  return views
}

function findViews({ terms, formula }: Pick<Law, "terms" | "formula">): View[] {
  return terms.flatMap(({ operands }) =>
    operands.flatMap(({ parameter, view = [] }): View[] => {
      const last = view.findLastIndex((step) => "reshape" in step)
      const step = view[last]
      if (step === undefined || !("reshape" in step) || !isIndexedBy(formula, parameter, step.reshape.length)) return []
      const slices = view.slice(0, last).flatMap((before) => ("slice" in before ? [before.slice] : []))
      const cut = slices.map(([axis, from, to]) => `[${":,".repeat(axis)}${dimText(from)}:${dimText(to)}]`).join("")
      return [{ shape: step.reshape.map(dimText).join(", "), name: parameter + cut }]
    }),
  )
}

/** Whether a formula writes so many indices behind a parameter; it leaves out reshapes that change none of those it writes. */
function isIndexedBy(formula: string, parameter: string, rank: number): boolean {
  for (let at = formula.indexOf(`${parameter}[`); at >= 0; at = formula.indexOf(`${parameter}[`, at + 1)) {
    const brackets = /^(?:\[[^\]]*\])+/.exec(formula.slice(at + parameter.length))?.[0] ?? ""
    if (brackets.slice(brackets.lastIndexOf("[") + 1, -1).split(",").length === rank) return true
  }
  return false
}

/** Names in a row, shortened: "a, b, c and 4 more". */
export function listText(names: readonly string[], most = 4): string {
  const shown = names.length > most + 1 ? names.slice(0, most) : names
  const rest = names.length - shown.length
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ")
}

/** Assumptions that say the same of several conditions, as one: "the conditions `a`, `b` are not known: their first ways are taken". */
export function groupAssumptions(assumptions: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>()
  for (const text of assumptions) {
    const [, condition, rest] = /^the condition (`[^`]*`) is not known: (.*)$/.exec(text) ?? []
    const key = condition === undefined ? text : rest
    const group = groups.get(key) ?? []
    groups.set(key, group)
    if (condition !== undefined) group.push(condition)
  }
  return [...groups].map(([rest, conditions]) => {
    if (conditions.length === 0) return rest
    if (conditions.length === 1) return `the condition ${conditions[0]} is not known: ${rest}`
    const ways = rest.replace(/^its first way is/, "their first ways are").replace(/ it may /, " each may ")
    return `the conditions ${listText(conditions, 3)} are not known: ${ways}`
  })
}

/** Does a place lie inside another one (or equal it)? Both must be in the same file. */
export function isWithin(inner: Place, outer: Place): boolean {
  const before = (a: Place["start"], b: Place["start"]): boolean => a.line < b.line || (a.line === b.line && a.column <= b.column)
  return inner.start.file === outer.start.file && before(outer.start, inner.start) && before(inner.end, outer.end)
}
