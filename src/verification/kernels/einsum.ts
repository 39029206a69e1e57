/**
 * @file Einsum as strided loops: with one letter a loop, z[…] += x[…]·y[…] over all letters is the forward product and, with the roles
 * exchanged, both of its transposes. Loops that are one loop in memory are fused; rows, columns and a sum make a product of matrices.
 */
import type { Buffer, Kernel, Step } from "./kernel"
import type { Engine, MatrixKernel, Starts } from "../simd/engine"
import { parseEinsum } from "../../graph/shape"
import { linearStep, offsetsOf, sizeOf, stridesOf } from "./kernel"
import { looseCells, multiplyTiles, transposed, type MatrixProduct } from "./product"

interface Loop {
  readonly extent: number
  readonly x: number
  readonly y: number
  readonly z: number
}

export const einsumKernel: Kernel<"einsum"> = (op, { operands, out, engine }) => {
  const { operands: letters, output } = parseEinsum(op.equation)
  return operands.length === 1 ? traceStep(operands[0], out, letters[0], output) : productStep(operands[0], operands[1], out, letters, output, engine)
}

/** One operand: axes permuted and summed. */
function traceStep(x: Buffer, out: Buffer, letters: readonly string[], output: readonly string[]): Step {
  const strides = stridesOf(out.shape)
  const map = offsetsOf(
    x.shape,
    letters.map((l) => (output.includes(l) ? strides[output.indexOf(l)] : 0)),
  )
  return linearStep(
    x,
    out,
    (from, to) => {
      to.fill(0)
      for (let i = 0; i < map.length; i++) to[map[i]] += from[i]
    },
    (from, to) => {
      for (let i = 0; i < map.length; i++) to[i] += from[map[i]]
    },
  )
}

function productStep(
  x: Buffer, y: Buffer, out: Buffer, letters: readonly (readonly string[])[], output: readonly string[], engine: Engine,
): Step {
  const all = [...new Set([...output, ...letters[0], ...letters[1]])]
  const extents = new Map<string, number>()
  letters[0].forEach((l, i) => extents.set(l, x.shape[i]))
  letters[1].forEach((l, i) => extents.set(l, y.shape[i]))
  const strideIn = (own: readonly string[], shape: readonly number[]) => {
    const strides = stridesOf(shape)
    return (l: string): number => (own.includes(l) ? strides[own.indexOf(l)] : 0)
  }
  const sx = strideIn(letters[0], x.shape),
    sy = strideIn(letters[1], y.shape),
    sz = strideIn(output, out.shape)
  const loops = all.map((l): Loop => ({ extent: extents.get(l) ?? 1, x: sx(l), y: sy(l), z: sz(l) }))
  const product = compileLoops(loops, engine)
  const toX = compileLoops(loops.map(({ extent, x: a, y: b, z }) => ({ extent, x: z, y: b, z: a })), engine)
  const toY = compileLoops(loops.map(({ extent, x: a, y: b, z }) => ({ extent, x: z, y: a, z: b })), engine)
  return {
    forward: () => product(x.value, y.value, out.value, false),
    tangent: () => {
      if (x.moves) product(x.tangent, y.value, out.tangent, false)
      if (y.moves) product(x.value, y.tangent, out.tangent, x.moves)
      if (!x.moves && !y.moves) out.tangent.fill(0)
    },
    backward: () => {
      if (x.active) toX(out.adjoint, y.value, x.adjoint, true)
      if (y.active) toY(out.adjoint, x.value, y.adjoint, true)
    },
    backwardTangent: () => {
      if (x.active) {
        toX(out.adjointTangent, y.value, x.adjointTangent, true)
        if (y.moves) toX(out.adjoint, y.tangent, x.adjointTangent, true)
      }
      if (y.active) {
        toY(out.adjointTangent, x.value, y.adjointTangent, true)
        if (x.moves) toY(out.adjoint, x.tangent, y.adjointTangent, true)
      }
    },
  }
}

/** z += x·y, or z = x·y. */
type Product = (x: Float64Array, y: Float64Array, z: Float64Array, add: boolean) => void

/** The product over the loops: tiles of a matrix product where there are rows, columns and a sum, plain loops elsewhere. */
function compileLoops(given: readonly Loop[], engine: Engine): Product {
  const loops = given.filter((l) => l.extent !== 1),
    lacking = (one: "x" | "y" | "z"): Loop[] => loops.filter((l) => l[one] === 0 && strided(l) === 2),
    rows = fuseLoops(lacking("y").sort((a, b) => b.z - a.z)),
    columns = fuseLoops(lacking("x").sort((a, b) => b.z - a.z)),
    sums = fuseLoops(lacking("z").sort((a, b) => b.x - a.x))
  const [row, column, sum] = [rows, columns, sums].map(longest)
  if (row === unitLoop && column === unitLoop) return compilePlain(loops)
  const rest = loops.filter((l) => strided(l) !== 2),
    outer = [...rest, ...rows, ...columns, ...sums].filter((l) => l !== row && l !== column && l !== sum)
  const plain: MatrixProduct = {
      m: row.extent, n: column.extent, k: sum.extent,
      xm: row.x, xk: sum.x, yk: sum.y, yn: column.y, zm: row.z, zn: column.z,
    },
    starts = offsetsOfLoops(outer),
    multiply = engine.multiply(plain, starts) ?? plainKernel(plain, starts)
  // Where a summed letter runs outside, the result is added up.
  const covered = outer.every((l) => l.z !== 0)
  return (x, y, z, add) => {
    if (!add && !covered) z.fill(0)
    multiply(x, y, z, add || !covered)
  }
}

/** Rows and columns exchanged where that leaves fewer cells outside of full tiles. */
function plainKernel(plain: MatrixProduct, { count, x: ox, y: oy, z: oz }: Starts): MatrixKernel {
  const flip = looseCells(transposed(plain)) < looseCells(plain),
    product = flip ? transposed(plain) : plain
  return (x, y, z, add) => {
    for (let i = 0; i < count; i++) {
      if (flip) multiplyTiles(y, oy[i], x, ox[i], z, oz[i], product, add)
      else multiplyTiles(x, ox[i], y, oy[i], z, oz[i], product, add)
    }
  }
}

/** How many of the three arrays a loop walks along. */
const strided = ({ x, y, z }: Loop): number => Number(x !== 0) + Number(y !== 0) + Number(z !== 0)

const unitLoop: Loop = { extent: 1, x: 0, y: 0, z: 0 }
const longest = (loops: readonly Loop[]): Loop => loops.reduce((best, l) => (l.extent > best.extent ? l : best), unitLoop)

function offsetsOfLoops(loops: readonly Loop[]): Starts {
  const shape = loops.map((l) => l.extent),
    of = (strides: readonly number[]): Int32Array => offsetsOf(shape, strides)
  return { count: sizeOf(shape), x: of(loops.map((l) => l.x)), y: of(loops.map((l) => l.y)), z: of(loops.map((l) => l.z)) }
}

/** Products of cells, dot products and everything else that is no product of matrices: three loops and a list of where they start. */
function compilePlain(given: readonly Loop[]): Product {
  const loops = fuseLoops(orderLoops(given))
  while (loops.length < 3) loops.unshift(unitLoop)
  const [{ extent: na, x: ax, y: ay, z: az }, { extent: nb, x: bx, y: by, z: bz }, { extent: nc, x: cx, y: cy, z: cz }] = loops.slice(-3)
  const { count, x: ox, y: oy, z: oz } = offsetsOfLoops(loops.slice(0, -3))
  return (x, y, z, add) => {
    if (!add) z.fill(0)
    for (let k = 0; k < count; k++)
      for (let i = 0; i < na; i++)
        for (let j = 0; j < nb; j++) {
          let p = ox[k] + i * ax + j * bx,
            q = oy[k] + i * ay + j * by,
            r = oz[k] + i * az + j * bz,
            sum = 0
          if (cz === 0) {
            for (let l = 0; l < nc; l++, p += cx, q += cy) sum += x[p] * y[q]
            z[r] += sum
          } else for (let l = 0; l < nc; l++, p += cx, q += cy, r += cz) z[r] += x[p] * y[q]
        }
  }
}

/** Large strides of the result outside, summed loops inside, the longest of those last. */
function orderLoops(loops: readonly Loop[]): Loop[] {
  return [...loops].sort((a, b) => (a.z === 0 ? 1 : 0) - (b.z === 0 ? 1 : 0) || b.z - a.z || (a.z === 0 ? a.extent - b.extent : 0) || b.x - a.x)
}

function fuseLoops(loops: readonly Loop[]): Loop[] {
  const fused: Loop[] = []
  for (const loop of loops) {
    const last = fused.at(-1)
    if (last && last.x === loop.x * loop.extent && last.y === loop.y * loop.extent && last.z === loop.z * loop.extent) {
      fused[fused.length - 1] = { ...loop, extent: last.extent * loop.extent }
    } else fused.push(loop)
  }
  return fused
}
