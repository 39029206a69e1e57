/**
 * @file The null space of a tall matrix of some thousand columns by Cholesky's decomposition of AᵀA, which is a product of matrices and takes a
 * tenth of the time of QR. Squares halve the digits: vectors are good to some 1e-8 and may be none at all, so who uses them must check each.
 */
import { dot } from "./linear"
import { multiplyTiles, type MatrixProduct } from "./kernels/product"
import { createEngine } from "./simd/engine"

/** Rows taken together. */
const batch = 64
/** Part of a column outside of those before it, squared, that is told from rounding. */
const independent = 1e-11

/**
 * @param fill writes the next row of A, at unit length, or returns false when there are no more
 * @returns one vector for each column that depends on those before it, with entry 1 there; yields the part that is done
 */
export function* nullSpaceByGram(columns: number, fill: (row: Float64Array) => boolean): Generator<number, Float64Array[]> {
  const n = columns,
    engine = createEngine(n * n + batch * n, n),
    gram = engine.allocate(n * n),
    rows = engine.allocate(batch * n),
    product: MatrixProduct = { m: n, n, k: batch, xm: 1, xk: n, yk: n, yn: 1, zm: n, zn: 1 },
    start = Int32Array.of(0),
    multiply =
      engine.multiply(product, { count: 1, x: start, y: start, z: start }) ??
      ((x: Float64Array, y: Float64Array, z: Float64Array, add: boolean) => multiplyTiles(x, 0, y, 0, z, 0, product, add))
  for (let more = true; more; ) {
    rows.fill(0)
    for (let k = 0; more && k < batch; k++) more = fill(rows.subarray(k * n, (k + 1) * n))
    multiply(rows, rows, gram, true)
    yield 0
  }
  return yield* dependencies(gram, n)
}

/** G = LLᵀ row by row over the columns that are independent of those before them; for each other one, its combination of these. */
function* dependencies(gram: Float64Array, n: number): Generator<number, Float64Array[]> {
  const row = (j: number): Float64Array => gram.subarray(j * n, (j + 1) * n),
    kept: number[] = [],
    vectors: Float64Array[] = []
  for (let j = 0; j < n; j++) {
    // L is kept without gaps: its columns are those of `kept`.
    const own = new Float64Array(kept.length)
    for (let k = 0; k < kept.length; k++) {
      const other = row(kept[k])
      own[k] = (gram[j * n + kept[k]] - dot(own.subarray(0, k), other.subarray(0, k))) / other[k]
    }
    const whole = gram[j * n + j],
      rest = whole - dot(own, own)
    if (rest > independent * whole) {
      gram.set(own, j * n)
      gram[j * n + own.length] = Math.sqrt(rest)
      kept.push(j)
    } else vectors.push(solve(own, kept, row, j, n))
    if (j % 32 === 0) yield (j / n) ** 3
  }
  return vectors
}

/** x with Lᵀx = −l on the kept columns and 1 at j. */
function solve(l: Float64Array, kept: readonly number[], row: (j: number) => Float64Array, j: number, n: number): Float64Array {
  const x = l.map((v) => -v),
    vector = new Float64Array(n)
  for (let k = l.length - 1; k >= 0; k--) {
    const own = row(kept[k])
    x[k] /= own[k]
    for (let i = 0; i < k; i++) x[i] -= own[i] * x[k]
    vector[kept[k]] = x[k]
  }
  vector[j] = 1
  return vector
}
