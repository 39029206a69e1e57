/**
 * @file The null space of a tall matrix of some thousand columns by Gauss's elimination, rows in batches: two thirds of n³ operations, nearly all
 * in products of matrices, where QR takes six times n³. The largest entry that is left in a batch is the next pivot; nothing is squared, so that
 * vectors keep their digits. Rows are taken until a whole batch depends on those before; who uses the vectors holds them against further rows.
 */
import { multiplyTiles, type MatrixProduct } from "./kernels/product"
import { createEngine, type MatrixKernel } from "./simd/engine"

/** Rows taken together. */
const batch = 64

/** Rows of the upper triangle that one batch left: `count` rows from column `start` on, side by side. */
interface Block {
  readonly start: number
  readonly count: number
  readonly width: number
  readonly rows: Float64Array
  /** Takes multiples of these rows, which stand in a batch from `start` on with their signs turned, from the columns behind them. */
  readonly reduce: MatrixKernel
}

export interface Eliminated {
  /** One vector for each column that depends on others, of length 1. */
  readonly vectors: readonly Float64Array[]
  /** The least part of a row that was told from rounding, and the largest that was not. */
  readonly gap: readonly [number, number]
}

/**
 * @param fill writes the next row over `columns` numbers at unit length, or returns false when there are no more
 * @param independent part of a row's largest entry outside of the rows before it from which the row counts as another one
 * @returns yields the part that is done, 0 … 1
 */
export function* eliminateRows(
  columns: number,
  fill: (row: Float64Array) => boolean,
  independent: number,
): Generator<number, Eliminated> {
  const n = columns,
    engine = createEngine(((n + 2 * batch) * (n + 2 * batch)) / 2 + batch * n, 0),
    work = engine.allocate(batch * n),
    given = new Float64Array(n),
    order = Int32Array.from({ length: n }, (_, i) => i),
    scale = new Float64Array(batch),
    blocks: Block[] = []
  let rank = 0,
    gap: readonly [number, number] = [1, 0]
  for (let more = true; more && rank < n; ) {
    work.fill(0)
    scale.fill(0)
    for (let r = 0; more && r < batch; r++) {
      more = fill(given)
      if (!more) break
      for (let c = 0; c < n; c++) work[r * n + c] = given[order[c]]
      scale[r] = largest(work, r * n, r * n + n)
    }
    for (const block of blocks) reduceBatch(work, n, block)
    const { pivots, least, most } = pivotBatch(work, n, rank, scale, independent, blocks, order)
    gap = [Math.min(gap[0], least), Math.max(gap[1], most)]
    if (pivots.length === 0) break
    const width = n - rank,
      rows = engine.allocate(pivots.length * width)
    pivots.forEach((r, t) => rows.set(work.subarray(r * n + rank, (r + 1) * n), t * width))
    blocks.push(createBlock(engine.multiply, rank, pivots.length, rows, n))
    rank += pivots.length
    yield (rank / n) ** 2
  }
  return { vectors: solveFree(blocks, rank, order), gap }
}

function largest(a: Float64Array, from: number, to: number): number {
  let most = 0
  for (let i = from; i < to; i++) {
    const x = Math.abs(a[i])
    if (x > most) most = x
  }
  return most
}

function createBlock(compile: ReturnType<typeof createEngine>["multiply"], start: number, count: number, rows: Float64Array, n: number): Block {
  const width = n - start,
    product: MatrixProduct = { m: batch, n: width - count, k: count, xm: n, xk: 1, yk: width, yn: 1, zm: n, zn: 1 },
    at = start + count
  const reduce =
    compile(product, { count: 1, x: Int32Array.of(start), y: Int32Array.of(count), z: Int32Array.of(at) }) ??
    ((x: Float64Array, y: Float64Array, z: Float64Array, add: boolean) => multiplyTiles(x, start, y, count, z, at, product, add))
  return { start, count, width, rows, reduce }
}

/** Takes the rows of a block from all rows of the batch; what was taken, turned in sign, takes the place of the entries at its pivots. */
function reduceBatch(work: Float64Array, n: number, { start, count, width, rows, reduce }: Block): void {
  for (let r = 0; r < batch; r++) {
    const at = r * n + start
    for (let t = 0; t < count; t++) {
      const factor = -work[at + t] / rows[t * width + t]
      work[at + t] = factor
      if (factor !== 0) for (let u = t + 1; u < count; u++) work[at + u] += factor * rows[t * width + u]
    }
  }
  if (width > count) reduce(work, rows, work, true)
}

interface Pivots {
  /** Rows of the batch in the order of their pivots. */
  readonly pivots: readonly number[]
  /** The least part of a row that was a pivot, and the largest that was none. */
  readonly least: number
  readonly most: number
}

/** Eliminates within the batch from column `rank` on, the largest entry first; its column comes to the front, in all rows. */
function pivotBatch(
  work: Float64Array,
  n: number,
  rank: number,
  scale: Float64Array,
  independent: number,
  blocks: readonly Block[],
  order: Int32Array,
): Pivots {
  const left = Array.from({ length: batch }, (_, r) => r).filter((r) => scale[r] > 0),
    parts = left.map((r) => largest(work, r * n + rank, r * n + n) / scale[r]),
    pivots: number[] = []
  let least = 1
  for (let k = rank; k < n && left.length > 0; k++) {
    const next = parts.reduce((best, x, i) => (x > parts[best] ? i : best), 0)
    if (!(parts[next] > independent)) return { pivots, least, most: parts[next] }
    least = Math.min(least, parts[next])
    const [row] = left.splice(next, 1),
      at = row * n
    parts.splice(next, 1)
    pivots.push(row)
    let p = k
    for (let c = k + 1; c < n; c++) if (Math.abs(work[at + c]) > Math.abs(work[at + p])) p = c
    if (p !== k) swapColumns(work, n, blocks, order, k, p)
    left.forEach((other, i) => (parts[i] = takeRow(work, other * n, at, k, n) / scale[other]))
  }
  return { pivots, least, most: 0 }
}

/** Takes from the row at `to` what clears its column k of the row at `from`; returns the largest entry behind. */
function takeRow(work: Float64Array, to: number, from: number, k: number, n: number): number {
  const factor = -work[to + k] / work[from + k]
  let most = 0
  for (let c = k + 1; c < n; c++) {
    const x = work[to + c] + factor * work[from + c],
      size = Math.abs(x)
    work[to + c] = x
    if (size > most) most = size
  }
  return most
}

function swapColumns(work: Float64Array, n: number, blocks: readonly Block[], order: Int32Array, a: number, b: number): void {
  const swap = (rows: Float64Array | Int32Array, i: number, j: number): void => {
    const held = rows[i]
    rows[i] = rows[j]
    rows[j] = held
  }
  for (let r = 0; r < batch; r++) swap(work, r * n + a, r * n + b)
  for (const { start, count, width, rows } of blocks) for (let t = 0; t < count; t++) swap(rows, t * width + a - start, t * width + b - start)
  swap(order, a, b)
}

/** For each column without a pivot the vector with 1 there: x = −U⁻¹u on the pivots, from the last block to the first. */
function solveFree(blocks: readonly Block[], rank: number, order: Int32Array): readonly Float64Array[] {
  const n = order.length,
    free = n - rank,
    x = new Float64Array(rank * free)
  for (const { start, count, width, rows } of [...blocks].reverse()) {
    for (let t = 0; t < count; t++) for (let f = 0; f < free; f++) x[(start + t) * free + f] = rows[t * width + rank - start + f]
    const behind = start + count,
      product: MatrixProduct = { m: count, n: free, k: rank - behind, xm: width, xk: 1, yk: free, yn: 1, zm: free, zn: 1 }
    multiplyTiles(rows, count, x, behind * free, x, start * free, product, true)
    for (let t = count - 1; t >= 0; t--) {
      const to = (start + t) * free
      for (let u = t + 1; u < count; u++) {
        const entry = rows[t * width + u],
          from = (start + u) * free
        for (let f = 0; f < free; f++) x[to + f] += entry * x[from + f]
      }
      for (let f = 0; f < free; f++) x[to + f] /= -rows[t * width + t]
    }
  }
  return Array.from({ length: free }, (_, f) => {
    const vector = new Float64Array(n)
    let square = 1
    for (let k = 0; k < rank; k++) square += x[k * free + f] ** 2
    const unit = 1 / Math.sqrt(square)
    for (let k = 0; k < rank; k++) vector[order[k]] = x[k * free + f] * unit
    vector[order[rank + f]] = unit
    return vector
  })
}
