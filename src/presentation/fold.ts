/**
 * @file Folds laws that differ only in numbers of their parameters' ids, counted up by one, into one line of a text view: block after block
 * ("h/{0…11}: wq − wk") or layer after layer ("dense_{k} … dense_{k+1}, k = 2…6"). The JSON keeps every law.
 */
import { addDim } from "../graph/dim"
import type { Dim, Law, Training } from "../schema/report"
import { fateText } from "./words"

/** One line of a text view: a law, or several of the same form. */
export interface LawGroup {
  readonly laws: readonly Law[]
  readonly formula: string
  /** Of all of them. */
  readonly quantities: Dim
}

interface Numbered {
  readonly law: Law
  /** The formula between the numbers of its ids; one more than there are numbers. */
  readonly literals: readonly string[]
  readonly numbers: readonly number[]
}

/** Groups in the order of their first laws. Laws fold only when symmetry, size, kind and fate agree, too. */
export function foldLaws(laws: readonly Law[], training: readonly Training[]): readonly LawGroup[] {
  const alike = new Map<string, Numbered[]>()
  for (const law of laws) {
    const { literals, numbers } = takeNumbers(law, law.formula)
    const fate = takeNumbers(law, fateText(training, law.id)).literals
    const key = JSON.stringify([literals, fate, law.symmetry, law.type, law.entries, law.exactness, law.quantities])
    alike.set(key, [...(alike.get(key) ?? []), { law, literals, numbers }])
  }
  const groups = [...alike.values()].flatMap(runsOf).map(groupOf)
  const position = new Map(laws.map((law, k): [string, number] => [law.id, k]))
  return groups.sort((a, b) => (position.get(a.laws[0].id) ?? 0) - (position.get(b.laws[0].id) ?? 0))
}

/** Cuts the numbers out of the ids that a text mentions. */
function takeNumbers(law: Law, text: string): Pick<Numbered, "literals" | "numbers"> {
  const ids = law.parameters.filter((id) => /\d/.test(id)).sort((a, b) => b.length - a.length)
  if (ids.length === 0) return { literals: [text], numbers: [] }
  const pattern = new RegExp(`(${ids.map((id) => id.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|")})`)
  const literals = [""]
  const numbers: number[] = []
  text.split(pattern).forEach((piece, k) => {
    // With one group in the pattern, split puts the ids at odd places; digits of an id likewise.
    const parts = k % 2 === 0 ? [piece] : piece.split(/(\d+)/)
    parts.forEach((part, j) => {
      if (j % 2 === 0) literals[literals.length - 1] += part
      else {
        numbers.push(Number(part))
        literals.push("")
      }
    })
  })
  return { literals, numbers }
}

/** Splits laws of one form into runs in which the same numbers go up by one from law to law and the others stay. */
function runsOf(laws: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const runs: Numbered[][] = []
  for (const next of laws) {
    const run = runs.find((candidate) => continues(candidate, next))
    if (run === undefined) runs.push([next])
    else run.push(next)
  }
  return runs
}

function continues(run: readonly Numbered[], next: Numbered): boolean {
  const last = run[run.length - 1]
  const step = next.numbers.map((n, k) => n - last.numbers[k])
  const before = run.length < 2 ? step : last.numbers.map((n, k) => n - run[run.length - 2].numbers[k])
  return step.some((s) => s === 1) && step.every((s, k) => (s === 0 || s === 1) && s === before[k])
}

function groupOf(run: readonly Numbered[]): LawGroup {
  const laws = run.map(({ law }) => law)
  return { laws, formula: foldedFormula(run), quantities: laws.map(({ quantities }) => quantities).reduce(addDim) }
}

function foldedFormula(run: readonly Numbered[]): string {
  const [first] = run
  const last = run[run.length - 1]
  if (run.length === 1) return first.law.formula
  const moving = first.numbers.map((n, k) => last.numbers[k] !== n)
  const starts = first.numbers.filter((_, k) => moving[k])
  const least = Math.min(...starts)
  const range = `${least}${run.length === 2 ? "," : "…"}${least + run.length - 1}`
  const together = starts.every((n) => n === least)
  const shown = first.numbers.map((n, k) => {
    if (!moving[k]) return String(n)
    return together ? `{${range}}` : n === least ? "{k}" : `{k+${n - least}}`
  })
  const formula = first.literals.map((literal, k) => literal + (shown[k] ?? "")).join("")
  return together ? withoutPrefix(formula, first.law.parameters, String(least), `{${range}}`) : `${formula}, k = ${range}`
}

/** "b/{0…11}/wq − b/{0…11}/wk" reads as "b/{0…11}: wq − wk": the folder that all parameters share is said once. */
function withoutPrefix(formula: string, parameters: readonly string[], number: string, range: string): string {
  const [first, ...others] = parameters.map((id) => id.split("/").slice(0, -1))
  let length = 0
  while (length < first.length && others.every((path) => path[length] === first[length])) length++
  if (others.length === 0 || length === 0) return formula
  const prefix = first
    .slice(0, length)
    .join("/")
    .replaceAll(/\d+/g, (digits) => (digits === number ? range : digits))
  const short = formula.replaceAll(`${prefix}/`, "")
  return short === formula ? formula : `${prefix}: ${short}`
}
