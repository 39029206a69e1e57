/**
 * @file Orthonormal bases of what vectors span, with the length that each member had outside of those before it: a QR decomposition with pivoting by
 * Gram–Schmidt. Lengths fall like singular values, within a small factor, and rounding cannot come before signal. Small spans grow vector by
 * vector, the longest remainder next (Businger and Golub 1965). Large ones grow in batches, so that nearly all of it is products of matrices: a
 * batch loses its components along the basis twice (Giraud and others 2005), and what is short then waits until all that is longer is in the basis.
 */
import { multiplyTiles, type MatrixProduct } from "./kernels/product"
import { dot, norm, removeComponent } from "./linear"
import { createEngine, type Engine, type Starts } from "./simd/engine"

export interface Span {
  /** Longest first. */
  readonly basis: readonly Float64Array[]
  /** What each was before it was scaled. */
  readonly lengths: readonly number[]
  /** What is left of the longest vector outside the basis. */
  readonly rest: number
}

/** Below this part of the longest vector, nothing is told from rounding. */
const floor = 1e-13
/** Columns from which batches pay. */
const fewestColumns = 96

export interface SpanOptions {
  /** A length beside which rounding is rounding, where all vectors may be nothing else. */
  readonly scale?: number
  /** What is spanned already. */
  readonly from?: Span | null
}

/** The span of the rows, which are left as they are. Yields the part that is done, 0 … 1. */
export function* growSpan(rows: readonly Float64Array[], columns: number, { scale = 0, from = null }: SpanOptions = {}): Generator<number, Span> {
  const largest = Math.max(scale, from?.lengths[0] ?? 0, ...rows.map(norm)),
    least = floor * largest
  if (largest === 0) return from ?? { basis: [], lengths: [], rest: 0 }
  const few = columns < fewestColumns || rows.length < batch
  return few ? yield* growSingly(rows, columns, least, from) : yield* growInBatches(rows, columns, largest, from)
}

function* growSingly(rows: readonly Float64Array[], columns: number, least: number, from: Span | null): Generator<number, Span> {
  const left = rows.map((r) => r.slice()),
    basis = [...(from?.basis ?? [])],
    lengths = [...(from?.lengths ?? [])]
  if (basis.length > 0) for (let twice = 0; twice < 2; twice++) for (const row of left) for (const q of basis) removeComponent(row, q)
  const squares = left.map((r) => dot(r, r))
  for (;;) {
    let at = 0
    for (let k = 1; k < left.length; k++) if (squares[k] > squares[at]) at = k
    const length = left.length === 0 ? 0 : Math.sqrt(squares[at])
    if (length === 0 || basis.length === columns || length < least) return sortSpan(basis, lengths, Math.max(length, from?.rest ?? 0))
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

function sortSpan(basis: readonly Float64Array[], lengths: readonly number[], rest: number): Span {
  const order = lengths.map((_, k) => k).sort((a, b) => lengths[b] - lengths[a])
  return { basis: order.map((k) => basis[k]), lengths: order.map((k) => lengths[k]), rest }
}

/** Vectors of a batch, and of a block of the basis. */
const batch = 64
/** Remainders are taken in falling order of size, to within this factor. */
const level = 1e-2

function* growInBatches(rows: readonly Float64Array[], columns: number, largest: number, from: Span | null): Generator<number, Span> {
  const basis = createBasis(columns, from),
    least = floor * largest
  let waiting: readonly Float64Array[] = rows.map((row) => row.slice()),
    rest = 0
  for (let bar = level * largest; waiting.length > 0 && basis.count() < columns; ) {
    const short: Float64Array[] = [],
      lowest = !(bar > least)
    let longest = 0
    for (let k = 0; k < waiting.length && basis.count() < columns; k += batch) {
      const some = waiting.slice(k, k + batch)
      basis.clear(some)
      for (const row of basis.take(some, bar)) {
        const length = norm(row)
        // What is rounding beside this basis is rounding beside any larger one.
        if (lowest || !(length >= least)) rest = Math.max(rest, length)
        else {
          longest = Math.max(longest, length)
          short.push(row)
        }
      }
      yield basis.count() / columns
    }
    waiting = short
    bar = Math.max(least, level * Math.min(bar, longest))
  }
  return sortSpan(basis.vectors(), basis.lengths(), Math.max(rest, from?.rest ?? 0))
}

/** An orthonormal basis in blocks of one memory; all state of a growing span. */
interface Basis {
  readonly count: () => number
  readonly vectors: () => readonly Float64Array[]
  readonly lengths: () => readonly number[]
  /** Takes from at most one batch of vectors, in place, their components along the basis. */
  readonly clear: (vectors: readonly Float64Array[]) => void
  /** Moves those whose remainder is at least so long into the basis, the longest first; returns the others' remainders. */
  readonly take: (vectors: readonly Float64Array[], least: number) => readonly Float64Array[]
}

function createBasis(columns: number, from: Span | null): Basis {
  const n = columns,
    blockCount = Math.ceil(n / batch),
    engine = createEngine((blockCount + 2) * batch * n + batch * batch, 0),
    work = engine.allocate(batch * n),
    turned = engine.allocate(batch * n),
    weights = engine.allocate(batch * batch),
    blocks: Float64Array[] = [],
    vectors: Float64Array[] = [],
    lengths: number[] = []
  // Weights of a batch along a block, in parts of the sum that stay in the cache; and the block times these, taken away.
  const tail = n % batch,
    part: MatrixProduct = { m: batch, n: batch, k: batch, xm: n, xk: 1, yk: batch, yn: 1, zm: batch, zn: 1 },
    along = compile(engine, part, { count: (n - tail) / batch, xStep: batch, yStep: batch * batch }),
    alongTail = compile(engine, { ...part, k: tail }, { count: Math.sign(tail), x: n - tail, y: (n - tail) * batch }),
    away = compile(engine, { m: batch, n, k: batch, xm: 1, xk: batch, yk: n, yn: 1, zm: n, zn: 1 }, { count: 1 })
  const push = (vector: Float64Array, length: number): void => {
    const at = vectors.length % batch
    if (at === 0) blocks.push(engine.allocate(batch * n))
    const place = blocks[blocks.length - 1].subarray(at * n, (at + 1) * n)
    place.set(vector)
    vectors.push(place)
    lengths.push(length)
  }
  from?.basis.forEach((q, k) => push(q, from.lengths[k]))
  const clear = (some: readonly Float64Array[]): void => {
    if (blocks.length === 0) return
    work.fill(0)
    some.forEach((v, r) => work.set(v, r * n))
    for (let twice = 0; twice < 2; twice++) {
      for (let r = 0; r < batch; r++) for (let i = 0, at = r * n; i < n; i++, at++) turned[i * batch + r] = work[at]
      for (const block of blocks) {
        weights.fill(0)
        along(block, turned, weights)
        alongTail(block, turned, weights)
        for (let i = 0; i < weights.length; i++) weights[i] = -weights[i]
        away(weights, block, work)
      }
    }
    some.forEach((v, r) => v.set(work.subarray(r * n, (r + 1) * n)))
  }
  const take = (some: readonly Float64Array[], least: number): readonly Float64Array[] => {
    const left = [...some],
      squares = left.map((v) => dot(v, v))
    while (left.length > 0 && vectors.length < n) {
      let at = 0
      for (let k = 1; k < left.length; k++) if (squares[k] > squares[at]) at = k
      const length = Math.sqrt(squares[at])
      if (!(length >= least) || length === 0) break
      const [q] = left.splice(at, 1)
      squares.splice(at, 1)
      for (let i = 0; i < n; i++) q[i] /= length
      push(q, length)
      left.forEach((v, k) => (squares[k] = removeComponent(v, q)))
    }
    return left
  }
  return { count: () => vectors.length, vectors: () => vectors, lengths: () => lengths, clear, take }
}

interface Pairs {
  readonly count: number
  readonly x?: number
  readonly y?: number
  readonly xStep?: number
  readonly yStep?: number
}

/** z += x·y for pairs of matrices that begin at x, x + xStep, … and y, y + yStep, … */
function compile(engine: Engine, product: MatrixProduct, { count, x = 0, y = 0, xStep = 0, yStep = 0 }: Pairs) {
  const list = (first: number, step: number): Int32Array => Int32Array.from({ length: count }, (_, i) => first + i * step),
    starts: Starts = { count, x: list(x, xStep), y: list(y, yStep), z: list(0, 0) },
    vector = count === 0 ? null : engine.multiply(product, starts)
  return (a: Float64Array, b: Float64Array, to: Float64Array): void => {
    if (vector !== null) vector(a, b, to, true)
    else for (let i = 0; i < count; i++) multiplyTiles(a, starts.x[i], b, starts.y[i], to, 0, product, true)
  }
}
