/** @file Ranks of sets of vectors, decided at the largest gap of their lengths in a pivoted QR decomposition rather than at a fixed tolerance. */
import { finish, removeComponent } from "./linear"
import { growSpan, type Span } from "./span"
import { seededRandom } from "./random"

export interface Rank {
  readonly rank: number
  /** The lengths on both sides of the cut, relative to the largest. */
  readonly gap: readonly [above: number, below: number]
}

/** With what more rows can be added to. */
export interface MeasuredRank extends Rank {
  /** What counts. */
  readonly span: Span
  /** What was taken for rounding. */
  readonly noise: readonly Float64Array[]
}

/**
 * The number of lengths before the largest gap. Values below 1e-13 of the largest count as noise, those over 1e-6 as signal; so a gap is only
 * looked for between the two, and full rank is found when nothing falls below.
 */
export const rankOf = (rows: readonly Float64Array[], columns: number): Rank => finish(measureRank(rows, columns))

/**
 * As `rankOf`, with pauses.
 * @param from the rank of other rows, which are added
 */
export function* measureRank(rows: readonly Float64Array[], columns: number, from: MeasuredRank | null = null): Generator<number, MeasuredRank> {
  const all = from === null ? rows : [...rows, ...from.noise]
  return cutSpan(yield* growSpan(all, columns, { from: from?.span ?? null }), columns)
}

function cutSpan(span: Span, columns: number, scale = 0): MeasuredRank {
  const { basis, lengths, rest } = span,
    largest = Math.max(lengths[0] ?? 0, scale)
  if (largest === 0) return { rank: 0, gap: [0, 0], span, noise: [] }
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
  return {
    rank: best,
    gap: [relative[best], best < columns ? relative[best + 1] : 0],
    span: { basis: basis.slice(0, best), lengths: lengths.slice(0, best), rest },
    noise: basis.slice(best).map((q, k) => q.map((x) => x * lengths[best + k])),
  }
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
  const { rank, gap, span } = cutSpan(finish(growSpan(rows, columns, { scale })), columns, scale),
    random = seededRandom(columns)
  // Random vectors less their components along the rows; twice is enough (Giraud and others 2005).
  const rest = Array.from({ length: columns - rank }, () => {
    const v = new Float64Array(columns).map(() => random.normal())
    for (let twice = 0; twice < 2; twice++) for (const q of span.basis) removeComponent(v, q)
    return v
  })
  return { basis: finish(growSpan(rest, columns)).basis, gap }
}
