/**
 * @file Axis classes: a union-find over the axes of all tensors. Axes in one class are the same index; a class may be a product of others
 * (a reshape) or a sum of others (slices, concatenation). What cannot be aligned stays apart: the lowering then finds two different trees
 * and lets nothing but the scalar pass, and an equation remembers that their sizes are equal all the same.
 */
import { addDim, divideDim, multiplyDim, subtractDim } from "../graph/dim"
import type { Dim } from "../schema/report"

export type ClassId = number

type Structure = { readonly kind: "product" | "sum"; readonly parts: readonly ClassId[] }

interface AxisClass {
  parent: ClassId
  /** Declared size. */
  value: Dim
  structure: Structure | null
  fixed: boolean
  minimum: number
  /** Output extents of convolutions and pools, as functions of other classes. All are equal. */
  derived: readonly Derivation[]
}

export interface Derivation {
  readonly input: ClassId
  /** The kernel's spatial axis, or a window of fixed size. */
  readonly kernel: { readonly axis: ClassId } | { readonly cells: number }
  readonly stride: number
  readonly dilation: number
  readonly padding: "valid" | "same" | readonly [number, number]
  readonly transposed: boolean
}

export interface AxisClasses {
  readonly fresh: (value: Dim) => ClassId
  readonly find: (c: ClassId) => ClassId
  readonly value: (c: ClassId) => Dim
  readonly structure: (c: ClassId) => Structure | null
  /** Makes two axes the same index where their structures allow it. */
  readonly unify: (a: ClassId, b: ClassId) => boolean
  readonly product: (parts: readonly ClassId[]) => ClassId
  readonly sum: (parts: readonly ClassId[]) => ClassId
  /** The class of elements begin … begin + size of c, cutting c where needed; null where it cannot be cut there. */
  readonly range: (c: ClassId, begin: Dim, size: Dim) => ClassId | null
  /** Splits c into quotient × step with the step axis cut into single cells; null unless divisible. */
  readonly strided: (c: ClassId, step: number) => { readonly quotient: ClassId; readonly cells: ClassId } | null
  readonly derive: (c: ClassId, how: Derivation) => void
  readonly derivations: (c: ClassId) => readonly Derivation[]
  /** Pairs of axes that have one size and could not be made one index. */
  readonly equations: () => readonly (readonly [ClassId, ClassId])[]
  readonly fix: (c: ClassId) => void
  readonly isFixed: (c: ClassId) => boolean
  readonly needAtLeast: (c: ClassId, n: number) => void
  readonly minimum: (c: ClassId) => number
}

/** −1, 0, 1, or null where symbols leave it open. Symbols are taken to be at least 1. */
export function compareDims(a: Dim, b: Dim): number | null {
  if (typeof a === "number" && typeof b === "number") return Math.sign(a - b)
  if (a === b) return 0
  return signOf(subtractDim(a, b))
}

/** The sign of a difference whose terms all have one sign, "2*n" is positive, "n-m" is not decided. */
function signOf(difference: Dim): number | null {
  if (typeof difference === "number") return Math.sign(difference)
  const terms = difference.replace(/(?:floor|ceil)\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "r").match(/-?[^-+]+/g) ?? []
  const negative = terms.filter((t) => t.startsWith("-")).length
  return negative === 0 ? 1 : negative === terms.length ? -1 : null
}

/** Which of two sizes is a multiple of the other: n·m of n, whatever m is. */
function compareByDivision(a: Dim, b: Dim): number | null {
  const isMultiple = (of: Dim, by: Dim): boolean => {
    const quotient = divideDim(of, by)
    return quotient !== null && isWhole(quotient)
  }
  return isMultiple(b, a) ? -1 : isMultiple(a, b) ? 1 : null
}

const isWhole = (d: Dim): boolean => (typeof d === "number" ? Number.isInteger(d) : !d.includes("/"))

export function makeAxisClasses(): AxisClasses {
  const all: AxisClass[] = [],
    apart: (readonly [ClassId, ClassId])[] = []

  const fresh = (value: Dim): ClassId => {
    all.push({ parent: all.length, value, structure: null, fixed: false, minimum: 1, derived: [] })
    return all.length - 1
  }
  const find = (c: ClassId): ClassId => {
    while (all[c].parent !== c) c = all[c].parent = all[all[c].parent].parent
    return c
  }
  const value = (c: ClassId): Dim => all[find(c)].value
  const structure = (c: ClassId): Structure | null => all[find(c)].structure
  const contains = (c: ClassId, inner: ClassId): boolean => {
    c = find(c)
    return c === find(inner) || (all[c].structure?.parts.some((p) => contains(p, inner)) ?? false)
  }

  /** Factors of a class from the left, products opened, cells of size one dropped. */
  const factors = (c: ClassId): ClassId[] => collect(c, "product", 1, [])
  /** Parts of parts in order, into one list: an axis that a loop slices is a sum in a sum in a sum. */
  const collect = (c: ClassId, kind: Structure["kind"], nothing: number, into: ClassId[]): ClassId[] => {
    const s = structure(c)
    if (s?.kind === kind) for (const part of s.parts) collect(part, kind, nothing, into)
    else if (value(c) !== nothing) into.push(find(c))
    return into
  }
  const product = (parts: readonly ClassId[]): ClassId => {
    const flat = parts.flatMap(factors)
    if (flat.length === 1) return flat[0]
    const c = fresh(flat.map(value).reduce(multiplyDim, 1))
    if (flat.length > 1) all[c].structure = { kind: "product", parts: flat }
    return c
  }
  const terms = (c: ClassId): ClassId[] => collect(c, "sum", 0, [])
  const sum = (parts: readonly ClassId[]): ClassId => {
    const flat = parts.flatMap(terms)
    if (flat.length === 1) return flat[0]
    const c = fresh(flat.map(value).reduce(addDim, 0))
    all[c].structure = { kind: "sum", parts: flat }
    return c
  }

  const merge = (a: ClassId, b: ClassId): boolean => {
    // a is kept; b is a leaf, or has the same structure in other words.
    all[b].parent = a
    all[a].fixed ||= all[b].fixed
    all[a].minimum = Math.max(all[a].minimum, all[b].minimum)
    if (all[b].derived.length > 0) all[a].derived = [...all[a].derived, ...all[b].derived]
    if (typeof all[a].value !== "number") all[a].value = all[b].value
    return true
  }

  const unify = (a: ClassId, b: ClassId): boolean => {
    a = find(a)
    b = find(b)
    if (a === b) return true
    if (value(a) !== value(b)) return unifySymbolic(a, b)
    const sa = all[a].structure,
      sb = all[b].structure
    if (sb === null) return contains(a, b) ? false : merge(a, b)
    if (sa === null) return contains(b, a) ? false : merge(b, a)
    if (contains(a, b) || contains(b, a)) return false
    if (sa.kind === "product" && sb.kind === "product") return alignFactors(factors(a), factors(b)) && merge(a, b)
    if (sa.kind === "sum" && sb.kind === "sum") return alignTerms(a, b) && merge(a, b)
    return sa.kind === "sum" ? distribute(a, b) && merge(a, b) : distribute(b, a) && merge(a, b)
  }

  /** Sizes that are written differently but were asked to be equal: a symbol that nobody knew takes the known size. */
  const unifySymbolic = (a: ClassId, b: ClassId): boolean => {
    const known = typeof value(a) === "number" ? a : b,
      open = known === a ? b : a
    if (typeof value(open) === "number" || all[open].structure !== null || contains(known, open)) return false
    return merge(known, open)
  }

  /** Aligns two factor lists from the left, splitting the larger factor when divisible. */
  const alignFactors = (as: ClassId[], bs: ClassId[]): boolean => {
    const left = [...as],
      right = [...bs]
    while (left.length > 0 && right.length > 0) {
      const a = find(left.shift()!),
        b = find(right.shift()!)
      if (a === b) continue
      const order = compareDims(value(a), value(b)) ?? compareByDivision(value(a), value(b))
      if (order === 0) {
        if (!unify(a, b)) return false
      } else if (order !== null) {
        const [large, small, rest] = order > 0 ? [a, b, left] : [b, a, right]
        const quotient = divideDim(value(large), value(small))
        if (quotient === null || structure(large) !== null || contains(small, large)) return false
        const tail = fresh(quotient)
        all[large].structure = { kind: "product", parts: [small, tail] }
        rest.unshift(tail)
      } else return false
    }
    return left.length === 0 && right.length === 0
  }

  const alignTerms = (a: ClassId, b: ClassId): boolean => {
    const left = terms(a),
      right = terms(b)
    while (left.length > 0 && right.length > 0) {
      const x = left.shift()!,
        y = right.shift()!
      if (find(x) === find(y)) continue
      const order = compareDims(value(x), value(y))
      if (order === 0) {
        if (!unify(x, y)) return false
      } else if (order !== null) {
        const [large, small, rest] = order > 0 ? [x, y, left] : [y, x, right]
        if (contains(small, large) || !cut(large, value(small))) return false
        const parts = terms(large)
        if (!unify(parts[0], small)) return false
        rest.unshift(...parts.slice(1))
      } else return false
    }
    return left.length === 0 && right.length === 0
  }

  /** A sum that is also a product: every term must be a multiple of the trailing factors; the leading factor becomes the sum. */
  const distribute = (sumClass: ClassId, productClass: ClassId): boolean => {
    const [lead, ...trail] = factors(productClass)
    const parts = terms(sumClass),
      trailing = trail.map(value).reduce(multiplyDim, 1)
    const quotients = parts.map((p) => divideDim(value(p), trailing))
    if (quotients.some((q) => q === null || !isWhole(q))) return false
    const heads = quotients.map((q) => fresh(q!))
    if (!unify(lead, sum(heads))) return false
    return parts.every((p, i) => unify(p, product([heads[i], ...trail])))
  }

  /** Cuts class c after `at` cells. */
  const cut = (c: ClassId, at: Dim): boolean => {
    c = find(c)
    const s = all[c].structure
    if (s === null) {
      const rest = subtractDim(value(c), at)
      if (compareDims(at, value(c)) !== -1 && typeof rest === "number" && rest <= 0) return false
      all[c].structure = { kind: "sum", parts: [fresh(at), fresh(rest)] }
      return true
    }
    if (s.kind === "sum") {
      let offset: Dim = 0
      for (const part of terms(c)) {
        if (offset === at) return true
        const end = addDim(offset, value(part))
        const inside = compareDims(at, end)
        if (inside === null) return false
        if (inside < 0) return cut(part, subtractDim(at, offset))
        offset = end
      }
      return offset === at
    }
    const [lead, ...trail] = factors(c)
    const leadCut = divideDim(at, trail.map(value).reduce(multiplyDim, 1))
    return leadCut !== null && isWhole(leadCut) && cut(lead, leadCut)
  }

  const range = (c: ClassId, begin: Dim, size: Dim): ClassId | null => {
    c = find(c)
    if (begin === 0 && size === value(c)) return c
    const end = addDim(begin, size)
    if (size === 0) return null
    if (begin !== 0 && !cut(c, begin)) return null
    if (end !== value(c) && !cut(c, end)) return null
    if (structure(c)?.kind === "product") {
      const [lead, ...trail] = factors(c)
      const unit = trail.map(value).reduce(multiplyDim, 1)
      const from = divideDim(begin, unit),
        many = divideDim(size, unit)
      const inner = from === null || many === null ? null : range(lead, from, many)
      return inner === null ? null : product([inner, ...trail])
    }
    const chosen: ClassId[] = []
    let offset: Dim = 0
    for (const part of terms(c)) {
      const next: Dim = addDim(offset, value(part))
      const before = compareDims(offset, begin),
        after = compareDims(next, end)
      if (before === null || after === null) return null
      if (before >= 0 && after <= 0) chosen.push(part)
      offset = next
    }
    return chosen.length === 0 ? null : sum(chosen)
  }

  const strided = (c: ClassId, step: number): { quotient: ClassId; cells: ClassId } | null => {
    const q = divideDim(value(c), step)
    if (q === null || !isWhole(q)) return null
    const quotient = fresh(q),
      cells = fresh(step)
    if (!unify(c, product([quotient, cells]))) return null
    for (let i = 1; i < step; i++) if (!cut(cells, i)) return null
    return { quotient, cells }
  }

  function fix(c: ClassId): void {
    all[find(c)].fixed = true
  }

  return {
    fresh,
    find,
    value,
    structure,
    unify: (a, b) => {
      const one = unify(a, b)
      if (!one) apart.push([a, b])
      return one
    },
    product,
    sum,
    range,
    strided,
    fix,
    derive: (c, how) => {
      all[find(c)].derived = [...all[find(c)].derived, how]
    },
    derivations: (c) => all[find(c)].derived,
    equations: () => apart,
    isFixed: (c) => all[find(c)].fixed,
    needAtLeast: (c, n) => {
      all[find(c)].minimum = Math.max(all[find(c)].minimum, n)
    },
    minimum: (c) => all[find(c)].minimum,
  }
}
