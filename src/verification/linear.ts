/** @file Ranks of sets of vectors, decided at the largest gap of their lengths in a pivoted QR decomposition rather than at a fixed tolerance. */
import { seededRandom } from "./random"

export interface Rank {
  readonly rank: number
  /** The lengths on both sides of the cut, relative to the largest. */
  readonly gap: readonly [above: number, below: number]
}

export function norm(v: Float64Array): number {
  let sum = 0
  for (const x of v) sum += x * x
  return Math.sqrt(sum)
}

export function dot(a: Float64Array, b: Float64Array): number {
  let s = 0,
    t = 0,
    u = 0,
    v = 0,
    i = 0
  for (; i + 3 < a.length; i += 4) {
    s += a[i] * b[i]
    t += a[i + 1] * b[i + 1]
    u += a[i + 2] * b[i + 2]
    v += a[i + 3] * b[i + 3]
  }
  for (; i < a.length; i++) s += a[i] * b[i]
  return s + t + (u + v)
}

/** Unit length; null where the vector is below `floor`. */
export function unit(v: Float64Array, floor: number): Float64Array | null {
  const n = norm(v)
  return n > floor && Number.isFinite(n) ? v.map((x) => x / n) : null
}

/** An orthonormal basis of what the rows span, with the length each member had before it was scaled, longest first. */
interface Span {
  readonly basis: readonly Float64Array[]
  readonly lengths: readonly number[]
  /** What is left of the longest row outside the basis. */
  readonly rest: number
}

/** Below this part of the longest row, nothing is told from rounding. */
const floor = 1e-13

/**
 * QR decomposition of the rows with pivoting (Businger and Golub 1965) by modified Gram–Schmidt: the longest remainder comes next, so that lengths
 * fall like singular values, within a small factor, and rounding cannot come before signal. Cost 6·rows·columns·rank over contiguous arrays; the
 * singular values of ml-matrix took seven to nine times as long at 80 and 300 columns. Yields the part that is done, 0 … 1.
 */
export function* growSpan(rows: readonly Float64Array[], columns: number, scale = 0): Generator<number, Span> {
  const left = rows.map((r) => r.slice()),
    squares = left.map((r) => dot(r, r)),
    basis: Float64Array[] = [],
    lengths: number[] = []
  for (;;) {
    let at = 0
    for (let k = 1; k < left.length; k++) if (squares[k] > squares[at]) at = k
    const length = left.length === 0 ? 0 : Math.sqrt(squares[at])
    if (length === 0 || basis.length === columns || length < floor * Math.max(lengths[0] ?? 0, scale)) return { basis, lengths, rest: length }
    const q = left[at]
    for (let i = 0; i < columns; i++) q[i] /= length
    left[at] = left[left.length - 1]
    squares[at] = squares[squares.length - 1]
    left.pop()
    squares.pop()
    basis.push(q)
    lengths.push(length)
    for (let k = 0; k < left.length; k++) squares[k] = removeComponent(left[k], q)
    yield basis.length / columns
  }
}

/** What a generator returns, without its pauses. */
export function finish<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
  }
}

/** v −= ⟨v, q⟩q; returns what is left of its square length. */
function removeComponent(v: Float64Array, q: Float64Array): number {
  const c = dot(v, q)
  let a = 0,
    b = 0,
    i = 0
  for (; i + 1 < v.length; i += 2) {
    const s = v[i] - c * q[i],
      t = v[i + 1] - c * q[i + 1]
    v[i] = s
    v[i + 1] = t
    a += s * s
    b += t * t
  }
  if (i < v.length) {
    v[i] -= c * q[i]
    a += v[i] * v[i]
  }
  return a + b
}

/**
 * The number of lengths before the largest gap. Values below 1e-13 of the largest count as noise, those over 1e-6 as signal; so a gap is only
 * looked for between the two, and full rank is found when nothing falls below.
 */
export const rankOf = (rows: readonly Float64Array[], columns: number): Rank => finish(measureRank(rows, columns))

/** As `rankOf`, with pauses. */
export function* measureRank(rows: readonly Float64Array[], columns: number): Generator<number, Rank> {
  return rankOfSpan(yield* growSpan(rows, columns), columns)
}

function rankOfSpan({ lengths, rest }: Span, columns: number, scale = 0): Rank {
  const largest = Math.max(lengths[0] ?? 0, scale)
  if (largest === 0) return { rank: 0, gap: [0, 0] }
  // Before the first length stands the scale that is given: all lengths may lie below the gap.
  const relative = [scale === 0 ? 0 : largest, ...lengths, rest].map((s) => Math.max(s / largest, 1e-18)),
    count = lengths.length
  let best = count,
    ratio = count < columns ? relative[count] / relative[count + 1] : 1
  for (let k = scale === 0 ? 1 : 0; k < count; k++) {
    const jump = relative[k] / relative[k + 1]
    if (relative[k + 1] < 1e-6 && jump > ratio) {
      best = k
      ratio = jump
    }
  }
  // A smooth fall of lengths is no gap: the noise must lie at least two orders below the signal.
  if (ratio < 100) best = count
  return { rank: best, gap: [relative[best], best < columns ? relative[best + 1] : 0] }
}

/**
 * Orthonormal basis of the vectors that all rows send to zero.
 * @param scale length beside which rounding is rounding, where all rows may be nothing else
 */
export function nullSpace(
  rows: readonly Float64Array[],
  columns: number,
  scale = 0,
): { readonly basis: readonly Float64Array[]; readonly gap: readonly [number, number] } {
  const span = finish(growSpan(rows, columns, scale)),
    { rank, gap } = rankOfSpan(span, columns, scale),
    known = span.basis.slice(0, rank),
    random = seededRandom(columns)
  // Random vectors less their components along the rows; twice is enough (Giraud and others 2005).
  const rest = Array.from({ length: columns - rank }, () => {
    const v = new Float64Array(columns).map(() => random.normal())
    for (let twice = 0; twice < 2; twice++) for (const q of known) removeComponent(v, q)
    return v
  })
  return { basis: [...finish(growSpan(rest, columns)).basis], gap }
}
