/**
 * @file Products of strided matrices, z (+)= x·y, in tiles of four by two cells held in registers: what most of the time goes into. Tiles reach
 * four times the speed of one dot product at a time, and a third of that of vector instructions, which `simd/` has where the platform does.
 */

/** Extents and strides; strides of axes that are missing are 0. */
export interface MatrixProduct {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly xm: number
  readonly xk: number
  readonly yk: number
  readonly yn: number
  readonly zm: number
  readonly zn: number
}

/** The same product with the roles of rows and columns exchanged: z′ = y′x′. */
export const transposed = ({ m, n, k, xm, xk, yk, yn, zm, zn }: MatrixProduct): MatrixProduct => ({
  m: n, n: m, k, xm: yn, xk: yk, yk: xk, yn: xm, zm: zn, zn: zm,
})

/** Cells outside of full tiles, which cost about three times as much. */
export const looseCells = ({ m, n }: MatrixProduct): number => m * n - (m - (m % 4)) * (n - (n % 2))

/**
 * z[zo + i·zm + j·zn] (+)= Σ_l x[xo + i·xm + l·xk] · y[yo + l·yk + j·yn]
 * @param add adds to z; otherwise overwrites it
 */
export function multiplyTiles(
  x: Float64Array, xo: number, y: Float64Array, yo: number, z: Float64Array, zo: number,
  { m, n, k, xm, xk, yk, yn, zm, zn }: MatrixProduct, add: boolean,
): void {
  const rows = m - (m % 4),
    columns = n - (n % 2)
  for (let i = 0; i < rows; i += 4) {
    const x0 = xo + i * xm,
      z0 = zo + i * zm
    for (let j = 0; j < columns; j += 2) {
      let a0 = 0, a1 = 0, b0 = 0, b1 = 0, c0 = 0, c1 = 0, d0 = 0, d1 = 0
      for (let l = 0, p = x0, q = yo + j * yn; l < k; l++, p += xk, q += yk) {
        const s = y[q],
          t = y[q + yn],
          a = x[p],
          b = x[p + xm],
          c = x[p + 2 * xm],
          d = x[p + 3 * xm]
        a0 += a * s
        a1 += a * t
        b0 += b * s
        b1 += b * t
        c0 += c * s
        c1 += c * t
        d0 += d * s
        d1 += d * t
      }
      const r0 = z0 + j * zn,
        r1 = r0 + zm,
        r2 = r1 + zm,
        r3 = r2 + zm
      if (add) {
        z[r0] += a0
        z[r0 + zn] += a1
        z[r1] += b0
        z[r1 + zn] += b1
        z[r2] += c0
        z[r2 + zn] += c1
        z[r3] += d0
        z[r3 + zn] += d1
      } else {
        z[r0] = a0
        z[r0 + zn] = a1
        z[r1] = b0
        z[r1 + zn] = b1
        z[r2] = c0
        z[r2 + zn] = c1
        z[r3] = d0
        z[r3 + zn] = d1
      }
    }
    // The last column of an odd number, four cells at a time.
    if (columns < n) {
      let a0 = 0, b0 = 0, c0 = 0, d0 = 0
      for (let l = 0, p = x0, q = yo + columns * yn; l < k; l++, p += xk, q += yk) {
        const s = y[q]
        a0 += x[p] * s
        b0 += x[p + xm] * s
        c0 += x[p + 2 * xm] * s
        d0 += x[p + 3 * xm] * s
      }
      const r0 = z0 + columns * zn
      z[r0] = add ? z[r0] + a0 : a0
      z[r0 + zm] = add ? z[r0 + zm] + b0 : b0
      z[r0 + 2 * zm] = add ? z[r0 + 2 * zm] + c0 : c0
      z[r0 + 3 * zm] = add ? z[r0 + 3 * zm] + d0 : d0
    }
  }
  for (let i = rows; i < m; i++) multiplyRow(x, xo + i * xm, y, yo, z, zo + i * zm, n, k, xk, yk, yn, zn, add)
}

/** One row of the result, two cells at a time. */
function multiplyRow(
  x: Float64Array, xo: number, y: Float64Array, yo: number, z: Float64Array, zo: number,
  n: number, k: number, xk: number, yk: number, yn: number, zn: number, add: boolean,
): void {
  let j = 0
  for (; j + 1 < n; j += 2) {
    let a = 0, b = 0
    for (let l = 0, p = xo, q = yo + j * yn; l < k; l++, p += xk, q += yk) {
      a += x[p] * y[q]
      b += x[p] * y[q + yn]
    }
    const r = zo + j * zn
    z[r] = add ? z[r] + a : a
    z[r + zn] = add ? z[r + zn] + b : b
  }
  if (j === n) return
  let a = 0
  for (let l = 0, p = xo, q = yo + j * yn; l < k; l++, p += xk, q += yk) a += x[p] * y[q]
  z[zo + j * zn] = add ? z[zo + j * zn] + a : a
}
