/**
 * @file Folds laws that differ only in numbers, counted up evenly, into one line of a text view: block after block ("h/{0…11}: wq − wk"), layer
 * after layer ("dense_{k} … dense_{k+1}, k = 2…6", or "norm_{2k} … dense_{k}" where a block has two norms), part after part of one axis
 * ("w[:,{0:2,2:4}]", or one range of indices where the parts tile it). The JSON keeps every law.
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
  /** The letters of the formula with their ranges. */
  readonly index: Law["index"]
  readonly symmetry: string
  /** How many laws there are to be counted: one where they say together what one law would say. */
  readonly count: number
}

/** A number of a formula: in a parameter's id, or in brackets the offset of an index, a cell, or the range of a slice with its end. */
interface Token {
  readonly kind: "id" | "offset" | "cell" | "range"
  readonly at: number
  readonly end: number
  /** Of an offset: the letter it is added to. */
  readonly letter: string
}

interface Cut {
  /** The text between the tokens; one more than there are tokens. */
  readonly literals: readonly string[]
  readonly tokens: readonly Token[]
}

/** A law, or several about the parts of one axis, as the first of them reads. */
interface Numbered extends Cut {
  readonly law: Law
  readonly laws: readonly Law[]
  readonly index: Law["index"]
}

interface Folded {
  readonly training: readonly Training[]
  readonly groups: readonly LawGroup[]
}

/** All laws of a model are shown at the model, at its forward pass, and in the terminal. */
const folded = new WeakMap<readonly Law[], Folded>()

/** Groups in the order of their first laws. Laws fold only when symmetry, size, kind and fate agree, too. */
export function foldLaws(laws: readonly Law[], training: readonly Training[]): readonly LawGroup[] {
  const known = folded.get(laws)
  if (known?.training === training) return known.groups
  const groups = findGroups(laws, training)
  folded.set(laws, { training, groups })
  return groups
}

function findGroups(laws: readonly Law[], training: readonly Training[]): readonly LawGroup[] {
  const alike = new Map<string, Numbered[]>()
  for (const law of laws) {
    const { key, numbered } = formOf(law, training)
    const list = alike.get(key)
    if (list === undefined) alike.set(key, [numbered])
    else list.push(numbered)
  }
  const groups = [...alike.values()].flatMap((list) => foldForm(list))
  const position = new Map(laws.map((law, k): [string, number] => [law.id, k]))
  return groups.sort((a, b) => (position.get(a.laws[0].id) ?? 0) - (position.get(b.laws[0].id) ?? 0))
}

/** Parts of one axis first, so that blocks of parts fold as blocks. */
function foldForm(laws: readonly Numbered[]): readonly LawGroup[] {
  const joined = runsOf(laws).flatMap((run) => joinTiles(run) ?? run)
  const sizes = [...new Set(joined.map(sizeOf))]
  return sizes.flatMap((size) => runsOf(joined.filter((one) => sizeOf(one) === size))).map(groupOf)
}

const sizeOf = ({ index }: Numbered): string => index.map(({ size }) => size).join()

interface Form {
  readonly training: readonly Training[]
  /** Laws of one key fold where their numbers allow it. */
  readonly key: string
  readonly numbered: Numbered
}

/** One law is shown at many places: its form is found once. */
const forms = new WeakMap<Law, Form>()

function formOf(law: Law, training: readonly Training[]): Form {
  const known = forms.get(law)
  if (known?.training === training) return known
  const cut = cutNumbers(law, law.formula)
  const fate = cutNumbers(law, fateText(training, law.id)).literals
  const kinds = cut.tokens.map(({ kind, at, end }) => `${kind}${end - at}`)
  const key = JSON.stringify([cut.literals, kinds, fate, law.symmetry, law.type, law.entries, law.exactness, law.quantities])
  const form: Form = { training, key, numbered: { law, laws: [law], index: law.index, ...cut } }
  forms.set(law, form)
  return form
}

/** Cuts the numbers out of a text: those of the ids of the law's parameters, and those in the brackets behind them. */
function cutNumbers(law: Law, text: string): Cut {
  const ids = law.parameters.filter((id) => text.includes(id)).sort((a, b) => b.length - a.length)
  if (ids.length === 0 && !text.includes("[")) return { literals: [text], tokens: [] }
  const literals = [""]
  const tokens: Token[] = []
  const write = (piece: string): void => void (literals[literals.length - 1] += piece)
  const take: Take = (kind, at, end = at, letter = "") => {
    tokens.push({ kind, at, end, letter })
    literals.push("")
  }
  let rest = 0
  for (let next = nextName(text, rest, ids); next !== null; next = nextName(text, rest, ids)) {
    write(text.slice(rest, next.at))
    const piece = text.slice(next.at, next.end)
    if (piece.startsWith("[")) cutBrackets(piece, write, take)
    // With a group in the pattern, split puts digits at odd places.
    else piece.split(/(\d+)/).forEach((part, j) => (j % 2 === 0 ? write(part) : take("id", Number(part))))
    rest = next.end
  }
  write(text.slice(rest))
  return { literals, tokens }
}

/** The next id, the first of them where several begin at one place, or pair of brackets. A pattern would have to be compiled for every law. */
function nextName(text: string, from: number, ids: readonly string[]): { readonly at: number; readonly end: number } | null {
  let at = text.length, end = at
  for (const id of ids) {
    const own = text.indexOf(id, from)
    if (own >= 0 && own < at) [at, end] = [own, own + id.length]
  }
  const open = text.indexOf("[", from), close = open < 0 ? -1 : text.indexOf("]", open)
  if (close >= 0 && open < at) [at, end] = [open, close + 1]
  return at === text.length ? null : { at, end }
}

type Take = (kind: Token["kind"], at: number, end?: number, letter?: string) => void

function cutBrackets(text: string, write: (piece: string) => void, take: Take): void {
  text
    .slice(1, -1)
    .split(",")
    .forEach((part, k) => {
      write(k === 0 ? "[" : ",")
      const range = /^(\d+):(\d+)$/.exec(part)
      const offset = /^(?:(\d+)\+)?([a-z])$/.exec(part)
      if (range !== null) take("range", Number(range[1]), Number(range[2]))
      else if (/^\d+$/.test(part)) take("cell", Number(part))
      else if (offset !== null) {
        const at = Number(offset[1] ?? 0)
        take("offset", at, at, offset[2])
        write(offset[2])
      } else write(part)
    })
  write("]")
}

/** Splits laws of one form into runs in which the same numbers go up evenly from law to law and the others stay. */
function runsOf(laws: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const runs: Numbered[][] = []
  for (const next of laws) {
    const run = runs.find((candidate) => continues(candidate, next))
    if (run === undefined) runs.push([next])
    else run.push(next)
  }
  return runs.flatMap((run) => (isPlain(run) ? [run] : run.map((law) => [law])))
}

/** Two laws whose numbers happen to differ by this and that (dense_1, dense_5) are no series: of two, they count up one by one. */
function isPlain(run: readonly Numbered[]): boolean {
  return run.length !== 2 || run[0].tokens.every((token, k) => token.kind !== "id" || run[1].tokens[k].at - token.at < 2)
}

function continues(run: readonly Numbered[], next: Numbered): boolean {
  const last = run[run.length - 1]
  const steps = next.tokens.map(({ at }, k) => at - last.tokens[k].at)
  const before = run.length < 2 ? steps : last.tokens.map(({ at }, k) => at - run[run.length - 2].tokens[k].at)
  return steps.some((s) => s > 0) && steps.every((s, k) => s === before[k] && s >= 0)
}

function groupOf(run: readonly Numbered[]): LawGroup {
  const laws = run.flatMap((one) => one.laws)
  const [{ law, index }] = run
  const quantities = laws.map((one) => one.quantities).reduce(addDim)
  const symmetry = run[0].laws.length === 1 ? law.symmetry : law.symmetry.replace(`(${law.index[0].size})`, `(${index[0].size})`)
  const formula = run.length > 1 ? foldedFormula(run) : laws.length > 1 ? law.formula : withoutFolder(law)
  return { laws, formula, quantities, index, symmetry, count: run.length }
}

/** Laws about successive parts of one axis as one about the axis; null where they are something else. */
function joinTiles(run: readonly Numbered[]): Numbered | null {
  const tiled = run.length < 2 ? null : tiledIndex(run)
  return tiled === null ? null : { ...run[0], laws: run.flatMap(({ laws }) => laws), index: [tiled] }
}

/** The one index of laws about successive parts of the same length of one axis, which together are one law about the axis. */
function tiledIndex(run: readonly Numbered[]): Law["index"][number] | null {
  const [first, second] = run
  const [index, ...others] = first.law.index
  if (index === undefined || others.length > 0 || typeof index.size !== "number") return null
  const tiles = first.tokens.every(({ letter, at }, k) => second.tokens[k].at - at === (letter === index.name ? index.size : 0))
  const starts = first.tokens.every(({ letter, at }) => letter !== index.name || at === 0)
  return tiles && starts ? { name: index.name, size: index.size * run.length } : null
}

function foldedFormula(run: readonly Numbered[]): string {
  const [first, second] = run
  const steps = first.tokens.map(({ at }, k) => second.tokens[k].at - at)
  const moving = first.tokens.flatMap(({ at, kind }, k) => (steps[k] > 0 && kind === "id" ? [{ at, step: steps[k] }] : []))
  const least = Math.min(...moving.map(({ at }) => at))
  const together = moving.every(({ at, step }) => at === least && step === moving[0].step)
  const range = together && moving.length > 0 ? rangeText(least, run.length, moving[0].step) : ""
  const from = moving.every(({ step }) => step === 1) ? least : Math.min(1, least)
  const shown = first.tokens.map((token, k) => {
    if (steps[k] === 0) return tokenText(token)
    if (token.kind !== "id") return `${partsText(run.map(({ tokens }) => tokens[k]))}${token.kind === "offset" ? "+" : ""}`
    return together ? `{${range}}` : `{${counted(steps[k], token.at - steps[k] * from)}}`
  })
  const formula = first.literals.map((literal, k) => literal + (shown[k] ?? "")).join("")
  if (moving.length === 0) return formula
  return together
    ? withoutPrefix(formula, first.law.parameters, String(least), `{${range}}`)
    : `${formula}, k = ${rangeText(from, run.length, 1)}`
}

/** "k", "2k−1", "k+3". */
function counted(step: number, offset: number): string {
  const sign = offset < 0 ? "−" : "+"
  return `${step === 1 ? "" : step}k${offset === 0 ? "" : `${sign}${Math.abs(offset)}`}`
}

/** "1…4", "1,2"; by twos "1,3…7", "1,3,5". */
function rangeText(first: number, count: number, step: number): string {
  const last = first + (count - 1) * step
  if (count === 2) return `${first},${last}`
  if (step === 1) return `${first}…${last}`
  return count === 3 ? `${first},${first + step},${last}` : `${first},${first + step}…${last}`
}

function tokenText({ kind, at, end }: Token): string {
  if (kind === "range") return `${at}:${end}`
  return kind === "offset" ? (at === 0 ? "" : `${at}+`) : String(at)
}

/** "{0:2,2:4}", "{0,3}", "{0…5}". */
function partsText(tokens: readonly Token[]): string {
  const [{ kind, at }, second] = tokens
  if (kind !== "range" && second.at === at + 1) return `{${rangeText(at, tokens.length, 1)}}`
  const texts = tokens.map((token) => (token.kind === "range" ? `${token.at}:${token.end}` : String(token.at)))
  return `{${(texts.length > 3 ? [texts[0], texts[1], "…", texts[texts.length - 1]] : texts).join(",")}}`
}

/** Formulas shorter than this are read with their folders. */
const shortFormula = 60

/** "net/sequential_1: dense_1/kernel − dense_2/kernel", where that saves something. */
function withoutFolder({ formula, parameters }: Law): string {
  return formula.length < shortFormula ? formula : withoutPrefix(formula, parameters, "", "")
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
  // Only where a name begins: a folder of that name may stand further inside.
  const short = formula.split(`${prefix}/`).reduce((before, rest) => `${before}${/[\p{L}\p{N}_$}/]$/u.test(before) ? `${prefix}/` : ""}${rest}`)
  return short === formula ? formula : `${prefix}: ${short}`
}
