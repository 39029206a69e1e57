/**
 * @file What computes the inner loops of a plan: plain JavaScript, or kernels of WebAssembly vectors over one memory that holds all arrays of the
 * plan. Both give the same bits (see scripts/simd/source.ts); products of matrices take a third to a fifth of the time. Where WebAssembly or its
 * vectors are missing or forbidden, everything is plain.
 */
import type { MatrixProduct } from "../kernels/product"
import { transposed } from "../kernels/product"
import { binary } from "./binary"
import { decodeBase64 } from "./base64"

/** z (+)= x·y for products of one shape, one for each start. */
export type MatrixKernel = (x: Float64Array, y: Float64Array, z: Float64Array, add: boolean) => void

/** Where the matrices of each product begin in their arrays. */
export interface Starts {
  readonly count: number
  readonly x: Int32Array
  readonly y: Int32Array
  readonly z: Int32Array
}

/** Kernels may be given arrays that `allocate` made, and no others. Null stands for: the plain loop is as good. */
export interface Engine {
  readonly allocate: (length: number) => Float64Array
  readonly multiply: (product: MatrixProduct, starts: Starts) => MatrixKernel | null
  /** Values and slopes of whole arrays. */
  readonly activation: (name: "exp" | "sigmoid" | "silu") => ((from: Float64Array, to: Float64Array, slopes: Float64Array) => void) | null
  /** to (+)= a·b, cell by cell. */
  readonly cells: ((a: Float64Array, b: Float64Array, to: Float64Array, add: boolean) => void) | null
}

export const plainEngine: Engine = {
  allocate: (length) => new Float64Array(length),
  multiply: () => null,
  activation: () => null,
  cells: null,
}

/** Products of fewer multiplications are done before a call into WebAssembly returns. */
const smallestProduct = 48
/** Cells from which the vector loops pay. */
const fewestCells = 16

/** The part of the platform's WebAssembly that is used; neither a browser's nor Node's types are at hand here. */
interface Platform {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
}
interface Kernels {
  multiply(
    starts: number, count: number, x: number, y: number, z: number, m: number, n: number, k: number,
    xm: number, xk: number, yk: number, yn: number, zm: number, zn: number, add: number, copy: number,
  ): void
  exponentials(x: number, to: number, n: number): void
  sigmoids(x: number, to: number, slopes: number, n: number): void
  silus(x: number, to: number, slopes: number, n: number): void
  products(a: number, b: number, to: number, n: number): void
  addProducts(a: number, b: number, to: number, n: number): void
}

let compiled: object | null | undefined

/** The compiled kernels, once a thread; null where the platform has no vectors or its policy forbids them. */
function compileModule(platform: Platform): object | null {
  if (compiled === undefined) {
    try {
      compiled = new platform.Module(decodeBase64(binary))
    } catch {
      compiled = null
    }
  }
  return compiled
}

const pageSize = 65536
/** Bytes at the start of the memory that hold the kernels' constants, as scripts/simd/source.ts has them. */
const reserved = 1024
/** Bytes for lists of starts, some ten thousand; products for which there is no room left are plain. */
const startsRoom = 1 << 17

/**
 * An engine with room for so many numbers and, beside them, for a copy of the largest matrix of a product; the plain one where there are no vectors.
 * @param largest numbers of the largest matrix
 */
export function createEngine(room: number, largest: number): Engine {
  const platform = (globalThis as { readonly WebAssembly?: Platform }).WebAssembly,
    module = platform === undefined ? null : compileModule(platform)
  if (platform === undefined || module === null) return plainEngine
  const pages = Math.ceil((reserved + 8 * (largest + room) + startsRoom) / pageSize)
  try {
    const memory = new platform.Memory({ initial: pages, maximum: pages }),
      { exports } = new platform.Instance(module, { host: { memory, exp: Math.exp } })
    return vectorEngine(exports as Kernels, memory.buffer, reserved + 8 * largest, reserved + 8 * (largest + room))
  } catch {
    // No address space is left; the plain loops need none.
    return plainEngine
  }
}

/** The bytes before `first` are for constants and copies, those after `last` for lists of starts. */
function vectorEngine(kernels: Kernels, buffer: ArrayBuffer, first: number, last: number): Engine {
  let used = first,
    listed = last
  const list = ({ count, x, y, z }: Starts): number | null => {
    const at = listed
    if (at + 12 * count > buffer.byteLength) return null
    listed += 12 * count
    const to = new Int32Array(buffer, at, 3 * count)
    for (let i = 0; i < count; i++) to.set([8 * x[i], 8 * y[i], 8 * z[i]], 3 * i)
    return at
  }
  return {
    allocate: (length) => {
      const start = used
      used += 8 * length
      if (used > last) throw new Error(`engine: no room for ${length} numbers`)
      return new Float64Array(buffer, start, length)
    },
    multiply: (product, starts) => matrixKernel(kernels, product, starts, list),
    activation: (name) => {
      if (name === "exp")
        return (from, to, slopes) => {
          kernels.exponentials(from.byteOffset, to.byteOffset, to.length)
          slopes.set(slopes.length === 0 ? slopes : to)
        }
      const kernel = name === "silu" ? kernels.silus : kernels.sigmoids
      return (from, to, slopes) => kernel(from.byteOffset, to.byteOffset, slopes.byteOffset, to.length)
    },
    cells: (a, b, to, add) => {
      if (add) kernels.addProducts(a.byteOffset, b.byteOffset, to.byteOffset, to.length)
      else kernels.products(a.byteOffset, b.byteOffset, to.byteOffset, to.length)
    },
  }
}

/** Vectors run along columns of y that lie side by side: as they are, with rows and columns exchanged, or after copying y. */
function matrixKernel(kernels: Kernels, product: MatrixProduct, starts: Starts, list: (starts: Starts) => number | null): MatrixKernel | null {
  if (product.m * product.n * product.k < smallestProduct) return null
  const straight = product.yn === 1,
    flip = product.xm === 1 && (!straight || product.zn !== 1),
    copy = straight || flip ? 0 : 1
  if (copy === 1 && Math.min(product.m, product.n) < 4) return null
  const { count } = starts,
    { m, n, k, xm, xk, yk, yn, zm, zn } = flip ? transposed(product) : product,
    at = list(flip ? { ...starts, x: starts.y, y: starts.x } : starts)
  if (at === null) return null
  const run = (x: Float64Array, y: Float64Array, z: Float64Array, add: boolean): void =>
    kernels.multiply(
      at, count, x.byteOffset, y.byteOffset, z.byteOffset, m, n, k, 8 * xm, 8 * xk, 8 * yk, 8 * yn, 8 * zm, 8 * zn, add ? 1 : 0, copy,
    )
  return flip ? (x, y, z, add) => run(y, x, z, add) : run
}

/** Whether the vector loops pay for arrays of this length. */
export const isLong = (length: number): boolean => length >= fewestCells
