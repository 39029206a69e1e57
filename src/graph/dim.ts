/**
 * @file Arithmetic on sizes. A size is a number or an expression in named symbols, kept in one canonical text form: a sum of
 * monomials with rational coefficients and integer exponents ("4*d", "C/H", "n^2/2+n/2"). `floor(…)` and `ceil(…)` of an expression
 * that is not known to be whole are atoms like symbols. Equal sizes have equal text, so `===` compares them.
 */
import type { Dim } from "../schema/report"

/** Monomial text ("C*H^-1", "" for 1) to coefficient, as numerator and denominator. */
type Polynomial = ReadonlyMap<string, Rational>
type Rational = readonly [numerator: number, denominator: number]
type Monomial = ReadonlyMap<string, number>

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b))
const rational = (n: number, d = 1): Rational => {
  const g = gcd(n, d) * (d < 0 ? -1 : 1)
  return g === 0 ? [0, 1] : [n / g, d / g]
}
const addR = (a: Rational, b: Rational): Rational => rational(a[0] * b[1] + b[0] * a[1], a[1] * b[1])
const mulR = (a: Rational, b: Rational): Rational => rational(a[0] * b[0], a[1] * b[1])

const monomialText = (m: Monomial): string =>
  [...m]
    .filter(([, e]) => e !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([s, e]) => `${s}\u0000${e}`)
    .join("\u0001")
const monomialOf = (text: string): Map<string, number> =>
  new Map(
    text === ""
      ? []
      : text.split("\u0001").map((part): [string, number] => {
          const [s, e] = part.split("\u0000")
          return [s, Number(e)]
        }),
  )

const constant = (r: Rational): Polynomial => (r[0] === 0 ? new Map() : new Map([["", r]]))
const symbol = (name: string): Polynomial => new Map([[monomialText(new Map([[name, 1]])), [1, 1]]])

function addP(a: Polynomial, b: Polynomial): Polynomial {
  const out = new Map(a)
  for (const [m, c] of b) {
    const sum = addR(out.get(m) ?? [0, 1], c)
    if (sum[0] === 0) out.delete(m)
    else out.set(m, sum)
  }
  return out
}

function mulP(a: Polynomial, b: Polynomial): Polynomial {
  let out: Polynomial = new Map()
  for (const [ma, ca] of a)
    for (const [mb, cb] of b) {
      const m = monomialOf(ma)
      for (const [s, e] of monomialOf(mb)) m.set(s, (m.get(s) ?? 0) + e)
      out = addP(out, new Map([[monomialText(m), mulR(ca, cb)]]))
    }
  return out
}

/** a/b where b is one monomial or divides a exactly; null otherwise. */
function divP(a: Polynomial, b: Polynomial): Polynomial | null {
  if (b.size === 0) return null
  if (b.size === 1) {
    const [[m, c]] = b
    const inverse = new Map([...monomialOf(m)].map(([s, e]): [string, number] => [s, -e]))
    return mulP(a, new Map([[monomialText(inverse), rational(c[1], c[0])]]))
  }
  // Long division by the term that sorts last; fails when a remainder is left after as many steps as a has terms, twice over.
  const lead = (p: Polynomial): [string, Rational] =>
    [...p].reduce((x, y) => (degree(y[0]) > degree(x[0]) || (degree(y[0]) === degree(x[0]) && y[0] > x[0]) ? y : x))
  const degree = (m: string): number => [...monomialOf(m).values()].reduce((x, y) => x + y, 0)
  let rest = a,
    quotient: Polynomial = new Map()
  for (let step = 0; rest.size > 0; step++) {
    if (step > 2 * a.size + 4) return null
    const q = divP(new Map([lead(rest)]), new Map([lead(b)]))
    if (q === null) return null
    quotient = addP(quotient, q)
    rest = addP(rest, mulP(mulP(q, b), constant([-1, 1])))
  }
  return quotient
}

const parsed = new Map<string, Polynomial>()

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
      p = addP(p, mulP(this.product(), constant([sign, 1])))
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
    let p = constant([1, 1])
    for (let i = 0; i < exponent; i++) p = mulP(p, base)
    return negative ? (divP(constant([1, 1]), p) ?? base) : p
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

function roundedP(p: Polynomial, fn: "floor" | "ceil"): Polynomial {
  const value = p.size === 0 ? 0 : p.size === 1 && p.has("") ? p.get("")![0] / p.get("")![1] : null
  if (value !== null) return constant([Math[fn](value), 1])
  return [...p].every(([m, c]) => c[1] === 1 && [...monomialOf(m).values()].every((e) => e > 0)) ? p : symbol(`${fn}(${print(p)})`)
}

function print(p: Polynomial): Dim {
  if (p.size === 0) return 0
  if (p.size === 1 && p.has("")) return p.get("")![0] / p.get("")![1]
  const degree = (m: string): number => [...monomialOf(m).values()].reduce((x, y) => x + y, 0)
  const terms = [...p].sort(([a], [b]) => degree(b) - degree(a) || (a < b ? -1 : 1))
  let text = ""
  for (const [m, [n, d]] of terms) {
    const factors = [...monomialOf(m)]
    const up = factors.filter(([, e]) => e > 0).map(([s, e]) => (e === 1 ? s : `${s}^${e}`))
    const down = factors.filter(([, e]) => e < 0).map(([s, e]) => (e === -1 ? s : `${s}^${-e}`))
    if (Math.abs(n) !== 1 || up.length === 0) up.unshift(String(Math.abs(n)))
    if (d !== 1) down.unshift(String(d))
    text += (n < 0 ? "-" : text === "" ? "" : "+") + up.join("*") + down.map((s) => `/${s}`).join("")
  }
  return text
}

/** Canonical form of a size. */
export const dim = (d: Dim): Dim => print(toPolynomial(d))
export const addDim = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a + b : print(addP(toPolynomial(a), toPolynomial(b)))
export const subtractDim = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a - b : print(addP(toPolynomial(a), mulP(toPolynomial(b), constant([-1, 1]))))
export const multiplyDim = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a * b : print(mulP(toPolynomial(a), toPolynomial(b)))

/** a/b; with numbers null unless it comes out whole, with symbols taken to come out whole ("C/H"). Null where a sum would stand below. */
export function divideDim(a: Dim, b: Dim): Dim | null {
  if (typeof a === "number" && typeof b === "number") return b !== 0 && a % b === 0 ? a / b : null
  const q = divP(toPolynomial(a), toPolynomial(b))
  return q === null ? null : print(q)
}

/** Rounded towards −∞ or +∞; an expression with whole coefficients is whole already. */
export const floorDim = (d: Dim): Dim => print(roundedP(toPolynomial(d), "floor"))
export const ceilDim = (d: Dim): Dim => print(roundedP(toPolynomial(d), "ceil"))
export const productOf = (dims: readonly Dim[]): Dim => dims.reduce(multiplyDim, 1)

/** The symbols of a size, those inside floor(…) and ceil(…) too. */
export function symbolsOf(d: Dim): readonly string[] {
  if (typeof d === "number") return []
  return [...new Set((d.match(/[A-Za-z_$\u0080-\uffff?][\w$.\u0080-\uffff?[\]]*/gu) ?? []).filter((s) => s !== "floor" && s !== "ceil"))]
}

/** The number a size stands for. @throws when a symbol has no value in `values`. */
export function evaluateDim(d: Dim, values: Readonly<Record<string, number>>): number {
  if (typeof d === "number") return d
  let total = 0
  for (const [m, [n, q]] of toPolynomial(d)) {
    let term = n / q
    for (const [s, e] of monomialOf(m)) term *= symbolValue(s, values) ** e
    total += term
  }
  return Math.abs(total - Math.round(total)) < 1e-9 ? Math.round(total) : total
}

function symbolValue(name: string, values: Readonly<Record<string, number>>): number {
  const rounded = /^(floor|ceil)\((.*)\)$/s.exec(name)
  if (rounded) return Math[rounded[1] as "floor" | "ceil"](evaluateDim(rounded[2], values))
  const value = values[name]
  if (value === undefined) throw new Error(`evaluateDim: no value for size '${name}'`)
  return value
}

/** Replaces symbols by other sizes. */
export function substituteDim(d: Dim, values: Readonly<Record<string, Dim>>): Dim {
  if (typeof d === "number") return d
  let total: Polynomial = new Map()
  for (const [m, c] of toPolynomial(d)) {
    let term = constant(c)
    for (const [s, e] of monomialOf(m)) {
      const rounded = /^(floor|ceil)\((.*)\)$/s.exec(s)
      const value = rounded
        ? roundedP(toPolynomial(substituteDim(rounded[2], values)), rounded[1] as "floor" | "ceil")
        : s in values
          ? toPolynomial(values[s])
          : symbol(s)
      for (let i = 0; i < Math.abs(e); i++) term = (e > 0 ? mulP(term, value) : divP(term, value)) ?? symbol(d)
    }
    total = addP(total, term)
  }
  return print(total)
}
