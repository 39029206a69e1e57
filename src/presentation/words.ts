/** @file The small words that all views share: counts, sizes, places, and a law's fate as one clause. */
import type { Dim, Place, Reason, Training } from "../schema/report"

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

/** A size as one writes it: "d^2/2+d/2" becomes "d²/2 + d/2". */
export function dimText(d: Dim): string {
  if (typeof d === "number") return d.toLocaleString("en-US")
  return d
    .replace(/\^(\d+)/g, (_, digits: string) => [...digits].map((c) => superscripts[Number(c)]).join(""))
    .replace(/\*/g, "·")
    .replace(/(?<=[^(])([+-])/g, (sign) => ` ${sign === "-" ? "−" : "+"} `)
}

/** "1 law", "5 laws", "d² quantities". */
export const countText = (n: Dim, singular: string, plural = `${singular}s`): string => `${dimText(n)} ${n === 1 ? singular : plural}`

/** "line 12", or "model.ts:12" for another file. */
export const lineText = (place: Place): string =>
  place.start.file === undefined ? `line ${place.start.line}` : `${place.start.file}:${place.start.line}`

/** Reasons as one line, each with its place: "relu scales with its input (line 4); …". */
export const reasonsText = (reasons: readonly Reason[], placeText: (place: Place) => string = lineText): string =>
  reasons.map(({ text, at }) => (at === undefined ? text : `${text} (${placeText(at)})`)).join("; ")

/** What becomes of a law under every optimizer in sight, as one clause; optimizers that do the same share it. */
export function fateText(training: readonly Training[], law: string): string {
  const details = training.flatMap(({ fate }) => fate.filter((f) => f.law === law).map(({ detail }) => detail))
  return [...new Set(details)].join("; ")
}

/** Names in a row, shortened: "a, b, c and 4 more". */
export function listText(names: readonly string[], most = 4): string {
  const shown = names.length > most + 1 ? names.slice(0, most) : names
  const rest = names.length - shown.length
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ")
}

/** Does a place lie inside another one (or equal it)? Both must be in the same file. */
export function isWithin(inner: Place, outer: Place): boolean {
  const before = (a: Place["start"], b: Place["start"]): boolean => a.line < b.line || (a.line === b.line && a.column <= b.column)
  return inner.start.file === outer.start.file && before(outer.start, inner.start) && before(inner.end, outer.end)
}
