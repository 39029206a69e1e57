/**
 * @file Reasons of laws that are shown as one: each sentence once, numbers that go up from law to law as ranges ("contracts up/{0…11} with
 * down/{0…11}"), and in how many of the laws it holds where that is not all of them.
 */
import { rangeText } from "../graph/names"
import type { Law, Reason } from "../schema/report"

/** More would be a list, not an explanation. */
const mostReasons = 6

/** What a sentence says, its numbers left out, and one reason of each law that says it. */
interface Sentence {
  readonly law: number
  readonly reason: Reason
}

export function groupReasons(laws: readonly Pick<Law, "because">[]): readonly Reason[] {
  const [first] = laws
  if (laws.length < 2) return first.because
  const alike = new Map<string, Sentence[]>()
  laws.forEach(({ because }, law) =>
    because.forEach((reason) => {
      const key = reason.text.replace(/\d+/g, "#")
      const list = alike.get(key)
      if (list === undefined) alike.set(key, [{ law, reason }])
      else list.push({ law, reason })
    }),
  )
  return [...alike.values()]
    .flatMap(partsOf)
    .slice(0, mostReasons)
    .map((sentences) => told(sentences, laws.length))
}

/** By place where a law says the same of several places; else together, as blocks that are written out stand in different lines. */
function partsOf(sentences: readonly Sentence[]): readonly (readonly Sentence[])[] {
  if (new Set(sentences.map(({ law }) => law)).size === sentences.length) return [sentences]
  const byPlace = new Map<string, Sentence[]>()
  for (const sentence of sentences) {
    const key = JSON.stringify(sentence.reason.at?.start ?? null)
    byPlace.set(key, [...(byPlace.get(key) ?? []).filter(({ law }) => law !== sentence.law), sentence])
  }
  return [...byPlace.values()]
}

function told(sentences: readonly Sentence[], all: number): Reason {
  const [{ reason }] = sentences
  const share = sentences.length < all ? ` (in ${sentences.length} of ${all} laws)` : ""
  const text = `${foldedText(sentences.map((s) => s.reason.text))}${share}`
  return reason.at === undefined ? { text } : { text, at: reason.at }
}

/** The text of the first, with ranges for the numbers that count up by one; numbers that move otherwise stay the first's. */
function foldedText(texts: readonly string[]): string {
  const numbers = texts.map((text) => (text.match(/\d+/g) ?? []).map(Number))
  let k = -1
  return texts[0].replace(/\d+/g, (digits) => {
    k++
    const start = numbers[0][k]
    const counts = texts.length > 1 && numbers.every((own, i) => own[k] === start + i)
    return counts ? rangeText(start, texts.length) : digits
  })
}
