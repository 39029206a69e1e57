/**
 * @file Shifts that data carries: the change of a weight W by v⊗s, read as x·W, adds (x·v)·s to the result, whatever x is. Two weights that read the
 * same x in the same way and are changed alike add the same, which can cancel, or be forgotten together: W₁ − W₂ where x·W₁ and x·W₂ are added,
 * Σ W₁ + Σ W₂ where a softmax takes both. A carried word has one letter an atom: 1 constant along it, Z zero-sum, a, b, … as the first, second,
 * … atom of x goes; behind a bar stands what carries it.
 */
import type { Program, Use, Value } from "./program"
import { lettersAt } from "./words"
import type { State } from "./states"

const firstLetter = "a".charCodeAt(0)
const letterOfCarrier = (atom: number): string => String.fromCharCode(firstLetter + atom)

/** Values of more atoms carry nothing. */
const ATOM_LIMIT = 20

export interface ParallelReaders {
  /** Whether there are any. */
  readonly some: boolean
  /** How a contraction reads one factor, where several weights are read so; else null. */
  readonly formOf: (value: Value, k: number) => string | null
}

/** Contractions of several weights with one value in one way. */
export function parallelReaders(program: Program): ParallelReaders {
  // Asked for every word of a factor.
  const forms = new Map<number, string | null>()
  const knownForm = (value: Value, k: number): string | null => {
    const place = 2 * value.id + k
    let form = forms.get(place)
    if (form === undefined) forms.set(place, (form = formOf(value, k)))
    return form
  }
  const isFree: boolean[] = [],
    seen = new Set<string>(),
    found = new Set<string>()
  for (const value of program.values) {
    const { op, uses } = value
    const isSum = op.kind === "sum" || (op.kind === "map" && op.slope !== null)
    isFree[value.id] = op.kind === "parameter" || (isSum && uses.every((u) => isFree[u.value]))
    if (op.kind !== "contract" && op.kind !== "convolve") continue
    for (const k of uses.keys()) {
      const form = isFree[uses[k].value] ? knownForm(value, k) : null
      if (form === null) continue
      if (seen.has(form)) found.add(form)
      seen.add(form)
    }
  }
  return {
    some: found.size > 0,
    formOf: (value, k) => {
      const form = knownForm(value, k)
      return form !== null && found.has(form) ? form : null
    },
  }
}

/** How a factor is read: the other factor, and which of its atoms the factor has and the result keeps. Null where the factor is summed alone. */
function formOf({ op, uses, labels }: Value, k: number): string | null {
  const use = uses[k],
    other = uses[1 - k]
  const moving = op.kind === "convolve" ? op.moving : []
  if (use.labels.some((l) => !labels.includes(l) && !other.labels.includes(l) && !moving.includes(l)) || other.labels.length > ATOM_LIMIT) return null
  let form = `${other.value}:${k}${op.kind === "convolve" ? op.form : ""}:`
  for (const l of other.labels) form += labels.includes(l) ? (use.labels.includes(l) ? "b" : "k") : use.labels.includes(l) ? "s" : "o"
  return form
}

/** What a shift of one factor is behind a contraction: the word of the result, with what carries it; null where nothing else is carried so. */
export function startCarried(parallel: ParallelReaders, program: Program, value: Value, k: number, word: string): string | null {
  if (!parallel.some || (value.op.kind !== "contract" && value.op.kind !== "convolve")) return null
  const form = parallel.formOf(value, k)
  if (form === null) return null
  const { op, uses, labels } = value,
    use = uses[k],
    other = uses[1 - k],
    moving = op.kind === "convolve" ? op.moving : []
  const letterAt = (l: number): string => word[use.labels.indexOf(l)] ?? "-"
  // Letters of one size that stay would be told by order alone, and another operation may exchange them.
  const { atoms } = program.values[use.value],
    staying = use.labels.flatMap((l, i) => (word[i] === "Z" && labels.includes(l) && !other.labels.includes(l) ? [atoms[i]] : []))
  if (new Set(staying).size < staying.length) return null
  // Which letter meets which atom: read the other way round, a square weight is another one.
  let carrier = `${form}:${use.labels.filter((_, i) => word[i] === "Z").map((l) => other.labels.indexOf(l)).join()}:`
  for (const l of other.labels) carrier += letterAt(l)
  // A kernel's positions, in their order.
  carrier += use.labels.filter((l) => moving.includes(l)).sort((a, b) => a - b).map(letterAt).join("")
  let out = "",
    places = other.labels.length
  for (const l of labels) {
    const j = other.labels.indexOf(l)
    out += j >= 0 ? letterOfCarrier(j) : moving.includes(l) ? letterOfCarrier(places++) : letterAt(l)
  }
  return `${out}|${carrier}`
}

/** What is known of a carried change along each atom. */
export const stateOfCarried = (key: string): State => wordOfCarried(key).replace(/[a-z]/g, "A").replaceAll("1", "C")

export const wordOfCarried = (key: string): string => key.slice(0, key.indexOf("|"))

/** The same carried change with the letters of other labels; null where one is lost that is not constant. */
export function moveCarried(use: Use, key: string, to: readonly number[]): string | null {
  const word = wordOfCarried(key)
  for (let i = 0; i < word.length; i++) if (word[i] !== "1" && !to.includes(use.labels[i])) return null
  return lettersAt(use, word, to) + key.slice(word.length)
}
