/**
 * @file Arithmetic on sizes. A size is a number or an expression in named symbols, kept in one canonical text form: a sum of
 * monomials with rational coefficients and integer exponents ("4*d", "C/H", "n^2/2+n/2"). `floor(…)` and `ceil(…)` of an expression
 * that is not known to be whole are atoms like symbols. Equal sizes have equal text, so `===` compares them.
 */
import type { Dim } from "../schema/report"

/** Coefficients of monomials, as numerator and denominator. Monomials are interned: the same one is the same object. */
type Polynomial = ReadonlyMap<Monomial, Rational>
type Rational = readonly [numerator: number, denominator: number]

interface Monomial {
  /** Names the monomial and orders it among those of its degree; "" for 1. */
  readonly text: string
  /** Symbols with their exponents, none of them 0, sorted by symbol. */
  readonly factors: readonly Factor[]
  readonly degree: number
}
type Factor = readonly [symbol: string, exponent: number]

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b))
const rational = (n: number, d = 1): Rational => {
  if (d === 1) return [n, 1]
  const g = gcd(n, d) * (d < 0 ? -1 : 1)
  return g === 0 ? [0, 1] : [n / g, d / g]
}
const addR = (a: Rational, b: Rational): Rational => rational(a[0] * b[1] + b[0] * a[1], a[1] * b[1])
const mulR = (a: Rational, b: Rational): Rational => rational(a[0] * b[0], a[1] * b[1])

/** Sessions of an editor see ever new names: what is remembered of them is forgotten at this many entries. */
const MEMORY = 20_000
const interned = new Map<string, Monomial>()
const parsed = new Map<string, Polynomial>()
type Operation = "add" | "subtract" | "multiply" | "divide"
const results: { readonly [K in Operation]: Map<Dim, Map<Dim, Dim | null>> } = {
  add: new Map(),
  subtract: new Map(),
  multiply: new Map(),
  divide: new Map(),
}
let remembered = 0

/** Called where no polynomial is in use: interned monomials must not change below one. */
function forgetSome(): void {
  if (interned.size < MEMORY && parsed.size < MEMORY && remembered < MEMORY) return
  remembered = 0
  interned.clear()
  interned.set("", unit)
  parsed.clear()
  for (const known of Object.values(results)) known.clear()
}

/** Sizes of a network meet again and again: every result is computed once. */
function recall(operation: Operation, a: Dim, b: Dim, compute: (a: Polynomial, b: Polynomial) => Polynomial | null): Dim | null {
  const known = results[operation].get(a)?.get(b)
  if (known !== undefined) return known
  forgetSome()
  const computed = compute(toPolynomial(a), toPolynomial(b)),
    result = computed === null ? null : print(computed)
  let row = results[operation].get(a)
  if (row === undefined) results[operation].set(a, (row = new Map()))
  row.set(b, result)
  remembered++
  return result
}


/** @param factors sorted by symbol, without exponents 0. */
function monomial(factors: readonly Factor[]): Monomial {
  let text = ""
  for (const [s, e] of factors) text += text === "" ? `${s}\u0000${e}` : `\u0001${s}\u0000${e}`
  let known = interned.get(text)
  if (known === undefined) interned.set(text, (known = { text, factors, degree: factors.reduce((sum, [, e]) => sum + e, 0) }))
  return known
}

function multiplyMonomials(a: Monomial, b: Monomial): Monomial {
  if (a.factors.length === 0) return b
  if (b.factors.length === 0) return a
  const out: Factor[] = []
  let i = 0,
    k = 0
  while (i < a.factors.length || k < b.factors.length) {
    const x = a.factors[i],
      y = b.factors[k]
    if (y === undefined || (x !== undefined && x[0] < y[0])) out.push(a.factors[i++])
    else if (x === undefined || y[0] < x[0]) out.push(b.factors[k++])
    else {
      if (x[1] + y[1] !== 0) out.push([x[0], x[1] + y[1]])
      i++
      k++
    }
  }
  return monomial(out)
}

const unit = monomial([])
const zero: Polynomial = new Map()
const one: Polynomial = new Map([[unit, [1, 1]]])
const constant = (r: Rational): Polynomial => (r[0] === 0 ? zero : new Map([[unit, r]]))
const symbol = (name: string): Polynomial => new Map([[monomial([[name, 1]]), [1, 1]]])

/** a + factor·b */
function addP(a: Polynomial, b: Polynomial, factor: Rational = [1, 1]): Polynomial {
  const out = new Map(a)
  for (const [m, c] of b) addTerm(out, m, mulR(c, factor))
  return out
}

function addTerm(to: Map<Monomial, Rational>, m: Monomial, c: Rational): void {
  const known = to.get(m),
    sum = known === undefined ? c : addR(known, c)
  if (sum[0] === 0) to.delete(m)
  else to.set(m, sum)
}

function mulP(a: Polynomial, b: Polynomial): Polynomial {
  const out = new Map<Monomial, Rational>()
  for (const [ma, ca] of a) for (const [mb, cb] of b) addTerm(out, multiplyMonomials(ma, mb), mulR(ca, cb))
  return out
}

/** a/b where b is one monomial or divides a exactly; null otherwise. */
function divP(a: Polynomial, b: Polynomial): Polynomial | null {
  if (b.size === 0) return null
  if (b.size === 1) {
    const [[m, c]] = b
    const inverse = monomial(m.factors.map(([s, e]): Factor => [s, -e]))
    return mulP(a, new Map([[inverse, rational(c[1], c[0])]]))
  }
  // Long division by the term that sorts last; fails when a remainder is left after as many steps as a has terms, twice over.
  const lead = (p: Polynomial): [Monomial, Rational] =>
    [...p].reduce((x, y) => (y[0].degree > x[0].degree || (y[0].degree === x[0].degree && y[0].text > x[0].text) ? y : x))
  let rest = a,
    quotient: Polynomial = zero
  for (let step = 0; rest.size > 0; step++) {
    if (step > 2 * a.size + 4) return null
    const q = divP(new Map([lead(rest)]), new Map([lead(b)]))
    if (q === null) return null
    quotient = addP(quotient, q)
    rest = addP(rest, mulP(q, b), [-1, 1])
  }
  return quotient
}

function toPolynomial(d: Dim): Polynomial {
  if (typeof d === "number") {
    if (Number.isInteger(d)) return constant([d, 1])
    // Sizes are whole; a fraction comes from arithmetic such as 0.5 * d. Denominators up to 4096 are exact in binary.
    for (let q = 2; q <= 4096; q++) if (Math.abs(d * q - Math.round(d * q)) < 1e-9) return constant(rational(Math.round(d * q), q))
    return symbol(String(d))
  }
  let p = parsed.get(d)
  if (p === undefined) parsed.set(d, (p = new Parser(d).sum()))
  return p
}

/** Recursive descent over + - * / ^ ( ) numbers, symbols and floor/ceil atoms. Anything else is taken whole as one symbol. */
class Parser {
  private readonly tokens: string[]
  private at = 0
  constructor(private readonly text: string) {
    this.tokens = text.match(/\d+(?:\.\d+)?|[A-Za-z_$\u0080-\uffff?][\w$.\u0080-\uffff?[\]]*|[-+*/^()]/gu) ?? []
  }
  sum(): Polynomial {
    let p = this.product()
    while (this.tokens[this.at] === "+" || this.tokens[this.at] === "-") {
      const sign = this.tokens[this.at++] === "+" ? 1 : -1
      p = addP(p, this.product(), [sign, 1])
    }
    return p
  }
  private product(): Polynomial {
    let p = this.power()
    while (this.tokens[this.at] === "*" || this.tokens[this.at] === "/") {
      const op = this.tokens[this.at++],
        right = this.power()
      p = op === "*" ? mulP(p, right) : (divP(p, right) ?? symbol(`(${print(p)})/(${print(right)})`))
    }
    return p
  }
  private power(): Polynomial {
    const base = this.atom()
    if (this.tokens[this.at] !== "^") return base
    this.at++
    const negative = this.tokens[this.at] === "-"
    if (negative) this.at++
    const exponent = Number(this.tokens[this.at++])
    let p = one
    for (let i = 0; i < exponent; i++) p = mulP(p, base)
    return negative ? (divP(one, p) ?? base) : p
  }
  private atom(): Polynomial {
    const token = this.tokens[this.at++]
    if (token === undefined) return symbol(this.text)
    if (token === "-") return mulP(this.power(), constant([-1, 1]))
    if (token === "(") {
      const p = this.sum()
      this.at++
      return p
    }
    if (/^\d/.test(token)) return toPolynomial(Number(token))
    if ((token === "floor" || token === "ceil") && this.tokens[this.at] === "(") {
      this.at++
      const inner = this.sum()
      this.at++
      return roundedP(inner, token)
    }
    return symbol(token)
  }
}

/**
 * What is whole comes out of the brackets, and of ⌊(n − 1)/2⌋ + 1, ⌊(n + 1)/2⌋ and ⌈n/2⌉, which are one number for every whole n, only ⌈n/2⌉ is left:
 * with q in steps of 1/d, ⌊q + r⌋ depends on ⌊rd⌋ alone, and ⌈q⌉ is ⌊q + (d − 1)/d⌋.
 */
function roundedP(p: Polynomial, fn: "floor" | "ceil"): Polynomial {
  const value = numberOf(p)
  if (value !== null) return constant([Math[fn](value), 1])
  const isWhole = (m: Monomial): boolean => m.factors.every(([, e]) => e > 0)
  const whole = new Map([...p].filter(([m, c]) => m !== unit && c[1] === 1 && isWhole(m)))
  const rest = new Map([...p].filter(([m]) => m !== unit && !whole.has(m)))
  const [n, by] = p.get(unit) ?? [0, 1]
  if (rest.size === 0) return addP(whole, constant([Math[fn](n / by), 1]))
  if (![...rest.keys()].every(isWhole)) {
    const out = Math[fn](n / by)
    return addP(addP(whole, constant([out, 1])), symbol(`${fn}(${print(addP(rest, constant(rational(n - out * by, by))))})`))
  }
  const steps = [...rest.values()].reduce((least, [, d]) => (least * d) / gcd(least, d), 1)
  const shift = fn === "floor" ? Math.floor((n * steps) / by) : Math.ceil((n * steps) / by) + steps - 1
  const out = Math.floor(shift / steps),
    left = shift - out * steps
  const rounded = left === steps - 1 ? `ceil(${print(rest)})` : `floor(${print(addP(rest, constant(rational(left, steps))))})`
  return addP(addP(whole, constant([out, 1])), symbol(rounded))
}

/** The number of a polynomial without symbols; null where there are some. */
function numberOf(p: Polynomial): number | null {
  if (p.size === 0) return 0
  const c = p.size === 1 ? p.get(unit) : undefined
  return c === undefined ? null : c[0] / c[1]
}

const texts = new WeakMap<Polynomial, Dim>()

function print(p: Polynomial): Dim {
  const value = numberOf(p)
  if (value !== null) return value
  let text = texts.get(p)
  if (text === undefined) texts.set(p, (text = makeText(p)))
  return text
}

function makeText(p: Polynomial): string {
  const terms = [...p]
  if (terms.length > 1) terms.sort(([a], [b]) => b.degree - a.degree || (a.text < b.text ? -1 : 1))
  let text = ""
  for (const [m, [n, d]] of terms) {
    const up = m.factors.filter(([, e]) => e > 0).map(([s, e]) => (e === 1 ? s : `${s}^${e}`))
    const down = m.factors.filter(([, e]) => e < 0).map(([s, e]) => (e === -1 ? s : `${s}^${-e}`))
    if (Math.abs(n) !== 1 || up.length === 0) up.unshift(String(Math.abs(n)))
    if (d !== 1) down.unshift(String(d))
    text += (n < 0 ? "-" : text === "" ? "" : "+") + up.join("*") + down.map((s) => `/${s}`).join("")
  }
  return text
}

/** Canonical form of a size. */
export const dim = (d: Dim): Dim => (typeof d === "number" && Number.isInteger(d) ? d : print(toPolynomial(d)))
export const addDim = (a: Dim, b: Dim): Dim => (typeof a === "number" && typeof b === "number" ? a + b : recall("add", a, b, addP)!)
export const subtractDim = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a - b : recall("subtract", a, b, (x, y) => addP(x, y, [-1, 1]))!
export const multiplyDim = (a: Dim, b: Dim): Dim => (typeof a === "number" && typeof b === "number" ? a * b : recall("multiply", a, b, mulP)!)

/** a/b; with numbers null unless it comes out whole, with symbols taken to come out whole ("C/H"). Null where a sum would stand below. */
export function divideDim(a: Dim, b: Dim): Dim | null {
  if (typeof a === "number" && typeof b === "number") return b !== 0 && a % b === 0 ? a / b : null
  return recall("divide", a, b, divP)
}

/** Rounded towards −∞ or +∞; an expression with whole coefficients is whole already. */
export const floorDim = (d: Dim): Dim => print(roundedP(toPolynomial(d), "floor"))
export const ceilDim = (d: Dim): Dim => print(roundedP(toPolynomial(d), "ceil"))
export const productOf = (dims: readonly Dim[]): Dim => dims.reduce(multiplyDim, 1)

/** The symbols of a size, those inside floor(…) and ceil(…) too. */
export function symbolsOf(d: Dim): readonly string[] {
  if (typeof d === "number") return none
  let known = symbols.get(d)
  if (known === undefined) {
    if (symbols.size >= MEMORY) symbols.clear()
    symbols.set(d, (known = findSymbols(d)))
  }
  return known
}

const none: readonly string[] = []
const symbols = new Map<string, readonly string[]>()

function findSymbols(d: string): readonly string[] {
  return [...new Set((d.match(/[A-Za-z_$\u0080-\uffff?][\w$.\u0080-\uffff?[\]]*/gu) ?? []).filter((s) => s !== "floor" && s !== "ceil"))]
}

/** The number a size stands for. @throws when a symbol has no value in `values`. */
export function evaluateDim(d: Dim, values: Readonly<Record<string, number>>): number {
  if (typeof d === "number") return d
  let total = 0
  for (const [m, [n, q]] of toPolynomial(d)) {
    let term = n / q
    for (const [s, e] of m.factors) term *= symbolValue(s, values) ** e
    total += term
  }
  return Math.abs(total - Math.round(total)) < 1e-9 ? Math.round(total) : total
}

function symbolValue(name: string, values: Readonly<Record<string, number>>): number {
  const rounded = roundingOf(name)
  if (rounded !== null) return Math[rounded.fn](evaluateDim(rounded.inner, values))
  const value = values[name]
  if (value === undefined) throw new Error(`evaluateDim: no value for size '${name}'`)
  return value
}

/** Function and argument of an atom such as "floor(n/2)"; null for symbols. */
function roundingOf(name: string): { readonly fn: "floor" | "ceil"; readonly inner: string } | null {
  if (!name.endsWith(")")) return null
  if (name.startsWith("floor(")) return { fn: "floor", inner: name.slice(6, -1) }
  return name.startsWith("ceil(") ? { fn: "ceil", inner: name.slice(5, -1) } : null
}

/** Replaces symbols by other sizes. */
export function substituteDim(d: Dim, values: Readonly<Record<string, Dim>>): Dim {
  if (typeof d === "number") return d
  forgetSome()
  return print(substituteP(toPolynomial(d), values, d))
}

const substitutions = new WeakMap<Readonly<Record<string, Dim>>, (d: Dim) => Dim>()

/** The same for values that stay as they are, a network's sizes, which are asked for a few expressions again and again. */
export function substitutionOf(values: Readonly<Record<string, Dim>>): (d: Dim) => Dim {
  let known = substitutions.get(values)
  if (known === undefined) substitutions.set(values, (known = makeSubstitution(values)))
  return known
}

function makeSubstitution(values: Readonly<Record<string, Dim>>): (d: Dim) => Dim {
  const results = new Map<string, Dim>()
  return (d) => {
    if (typeof d === "number") return d
    let result = results.get(d)
    if (result === undefined) results.set(d, (result = substituteDim(d, values)))
    return result
  }
}

function substituteP(p: Polynomial, values: Readonly<Record<string, Dim>>, text: string): Polynomial {
  const isMet = (s: string): boolean => Object.hasOwn(values, s) || roundingOf(s) !== null
  const met = [...p.keys()].some((m) => m.factors.some(([s]) => isMet(s)))
  if (!met) return p
  const total = new Map<Monomial, Rational>()
  for (const [m, c] of p) {
    let term = constant(c)
    for (const [s, e] of m.factors) {
      const rounded = roundingOf(s)
      const value =
        rounded !== null
          ? roundedP(substituteP(toPolynomial(rounded.inner), values, rounded.inner), rounded.fn)
          : Object.hasOwn(values, s)
            ? toPolynomial(values[s])
            : symbol(s)
      for (let i = 0; i < Math.abs(e); i++) term = (e > 0 ? mulP(term, value) : divP(term, value)) ?? symbol(text)
    }
    for (const [own, coefficient] of term) addTerm(total, own, coefficient)
  }
  return total
}
