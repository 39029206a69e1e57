/** @file Ranks of sets of vectors, decided at the largest gap of their singular values rather than at a fixed tolerance. */
import { Matrix, SVD } from "ml-matrix"

export interface Rank {
  readonly rank: number
  /** The singular values on both sides of the cut, relative to the largest. */
  readonly gap: readonly [above: number, below: number]
}

export function norm(v: Float64Array): number {
  let sum = 0
  for (const x of v) sum += x * x
  return Math.sqrt(sum)
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** Unit length; null where the vector is below `floor`. */
export function unit(v: Float64Array, floor: number): Float64Array | null {
  const n = norm(v)
  return n > floor && Number.isFinite(n) ? v.map((x) => x / n) : null
}

/** Singular values of the rows, largest first. Many rows are first brought to a triangle, so that cost grows as rows·columns². */
export function singularValues(rows: readonly Float64Array[], columns: number): number[] {
  if (rows.length === 0 || columns === 0) return []
  const triangle = triangulate(rows, columns)
  return new SVD(new Matrix(triangle.map((r) => Array.from(r))), {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  }).diagonal
}

/** R of a QR decomposition, at most `columns` rows: same singular values and null space as the rows. */
export function triangulate(rows: readonly Float64Array[], columns: number): Float64Array[] {
  const a = rows.map((r) => r.slice())
  for (let c = 0; c < Math.min(columns, a.length); c++) {
    let length = 0
    for (let r = c; r < a.length; r++) length += a[r][c] * a[r][c]
    length = Math.sqrt(length)
    if (length === 0) continue
    const alpha = a[c][c] > 0 ? -length : length,
      v = new Float64Array(a.length)
    for (let r = c; r < a.length; r++) v[r] = a[r][c]
    v[c] -= alpha
    let square = 0
    for (let r = c; r < a.length; r++) square += v[r] * v[r]
    if (square === 0) continue
    for (let k = c; k < columns; k++) {
      let s = 0
      for (let r = c; r < a.length; r++) s += v[r] * a[r][k]
      s = (2 * s) / square
      for (let r = c; r < a.length; r++) a[r][k] -= s * v[r]
    }
  }
  return a.slice(0, columns)
}

/**
 * The number of singular values before the largest gap. Values below 1e-14 of the largest count as noise, those over 1e-3 as signal; so a gap is
 * only looked for between the two, and full rank is found when nothing falls below.
 */
export function rankOf(rows: readonly Float64Array[], columns: number): Rank {
  const values = singularValues(rows, columns),
    largest = values[0] ?? 0
  if (largest === 0) return { rank: 0, gap: [0, 0] }
  const relative = values.map((s) => Math.max(s / largest, 1e-18))
  if (relative.length < columns) relative.push(...new Array<number>(columns - relative.length).fill(1e-18))
  let best = columns,
    ratio = 1
  for (let k = 1; k < columns; k++) {
    const jump = relative[k - 1] / relative[k]
    if (relative[k - 1] > 1e-13 && relative[k] < 1e-6 && jump > ratio) {
      best = k
      ratio = jump
    }
  }
  // A smooth fall of singular values is no gap: the noise must lie at least two orders below the signal.
  if (ratio < 100) best = relative.filter((s) => s > 1e-13).length
  return { rank: best, gap: [relative[best - 1], best < columns ? relative[best] : 0] }
}

/** Orthonormal basis of the vectors that all rows send to zero. */
export function nullSpace(rows: readonly Float64Array[], columns: number): { basis: Float64Array[]; gap: readonly [number, number] } {
  const { rank, gap } = rankOf(rows, columns)
  const identity = (): Float64Array[] => Array.from({ length: columns }, (_, k) => new Float64Array(columns).fill(1, k, k + 1))
  if (rank === 0) return { basis: identity(), gap }
  if (rank === columns) return { basis: [], gap }
  const r = new Matrix(triangulate(rows, columns).map((row) => Array.from(row)))
  while (r.rows < columns) r.addRow(r.rows, new Array<number>(columns).fill(0))
  const { rightSingularVectors: v } = new SVD(r, { computeLeftSingularVectors: false, computeRightSingularVectors: true })
  return { basis: Array.from({ length: columns - rank }, (_, k) => Float64Array.from(v.getColumn(rank + k))), gap }
}
