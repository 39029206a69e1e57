/**
 * @file Words: one letter an atom, as `propagate` says. The words of a block depend on its number of atoms alone.
 */
import type { Use } from "./program"

export type WordKind = "action" | "shift"

/** Whether a word works entry by entry. */
export const isDiagonal = (word: string): boolean => !word.includes("M") && !word.includes("J")

/** Whether a word acts on some of the labels. */
export function actsOn(use: Use, word: string, labels: readonly number[]): boolean {
  for (let i = 0; i < word.length; i++) if (word[i] !== "1" && labels.includes(use.labels[i])) return true
  return false
}

export function haveSameLabels(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** A word of an operand in the letters of labels `to`: 1 where it has none. */
export function lettersAt(use: Use, word: string, to: readonly number[]): string {
  let out = ""
  for (const l of to) {
    const i = use.labels.indexOf(l)
    out += i < 0 ? "1" : word[i]
  }
  return out
}

export interface WordList {
  readonly list: readonly string[]
  readonly places: ReadonlyMap<string, number>
}

const knownWords: { readonly [K in WordKind]: WordList[] } = { action: [], shift: [] }

/** All words of a block with k atoms; there are few k. */
export function wordsOf(kind: WordKind, k: number): WordList {
  const known = knownWords[kind][k]
  if (known !== undefined) return known
  const list = kind === "action" ? actionWords(k) : shiftWords(k)
  return (knownWords[kind][k] = { list, places: new Map(list.map((word, i) => [word, i])) })
}

function actionWords(k: number): string[] {
  let words = [""]
  for (let i = 0; i < k; i++) words = words.flatMap((w) => [`${w}1`, `${w}D`, `${w}M`])
  for (let i = 0; i < k; i++) words.push("1".repeat(i) + "J" + "1".repeat(k - i - 1))
  return words
}

function shiftWords(k: number): string[] {
  let words = [""]
  for (let i = 0; i < k; i++) words = words.flatMap((w) => [`${w}1`, `${w}Z`])
  return words
}
