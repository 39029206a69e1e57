/**
 * @file Einsum as strided loops: with one letter a loop, z[…] += x[…]·y[…] over all letters is the forward product and, with the roles
 * exchanged, both of its transposes. Neighboring loops that are one loop in memory are fused; a summed letter runs innermost.
 */
import type { Buffer, Kernel, Step } from "./kernel"
import { parseEinsum } from "../../graph/shape"
import { linearStep, offsetsOf, stridesOf } from "./kernel"

interface Loop {
  readonly extent: number
  readonly x: number
  readonly y: number
  readonly z: number
}

export const einsumKernel: Kernel<"einsum"> = (op, { operands, out }) => {
  const { operands: letters, output } = parseEinsum(op.equation)
  return operands.length === 1 ? traceStep(operands[0], out, letters[0], output) : productStep(operands[0], operands[1], out, letters, output)
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

function productStep(x: Buffer, y: Buffer, out: Buffer, letters: readonly (readonly string[])[], output: readonly string[]): Step {
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
  const product = compileLoops(loops)
  const toX = compileLoops(loops.map(({ extent, x: a, y: b, z }) => ({ extent, x: z, y: b, z: a })))
  const toY = compileLoops(loops.map(({ extent, x: a, y: b, z }) => ({ extent, x: z, y: a, z: b })))
  return {
    forward: () => {
      out.value.fill(0)
      product(x.value, y.value, out.value)
    },
    tangent: () => {
      out.tangent.fill(0)
      if (x.moves) product(x.tangent, y.value, out.tangent)
      if (y.moves) product(x.value, y.tangent, out.tangent)
    },
    backward: () => {
      if (x.active) toX(out.adjoint, y.value, x.adjoint)
      if (y.active) toY(out.adjoint, x.value, y.adjoint)
    },
    backwardTangent: () => {
      if (x.active) {
        toX(out.adjointTangent, y.value, x.adjointTangent)
        if (y.moves) toX(out.adjoint, y.tangent, x.adjointTangent)
      }
      if (y.active) {
        toY(out.adjointTangent, x.value, y.adjointTangent)
        if (x.moves) toY(out.adjoint, x.tangent, y.adjointTangent)
      }
    },
  }
}

type Product = (x: Float64Array, y: Float64Array, z: Float64Array) => void

/** z += x·y over the loops. */
export function compileLoops(given: readonly Loop[]): Product {
  const loops = fuseLoops(orderLoops(given.filter((l) => l.extent !== 1)))
  while (loops.length < 3) loops.unshift({ extent: 1, x: 0, y: 0, z: 0 })
  const [a, b, c] = loops.slice(-3),
    outer = loops.slice(0, -3)
  const count = outer.reduce((n, l) => n * l.extent, 1),
    shape = outer.map((l) => l.extent)
  const ox = offsetsOf(
      shape,
      outer.map((l) => l.x),
    ),
    oy = offsetsOf(
      shape,
      outer.map((l) => l.y),
    ),
    oz = offsetsOf(
      shape,
      outer.map((l) => l.z),
    )
  const { extent: na, x: ax, y: ay, z: az } = a,
    { extent: nb, x: bx, y: by, z: bz } = b,
    { extent: nc, x: cx, y: cy, z: cz } = c
  return cz === 0
    ? (x, y, z) => {
        for (let k = 0; k < count; k++)
          for (let i = 0; i < na; i++)
            for (let j = 0; j < nb; j++) {
              let p = ox[k] + i * ax + j * bx,
                q = oy[k] + i * ay + j * by,
                sum = 0
              for (let l = 0; l < nc; l++, p += cx, q += cy) sum += x[p] * y[q]
              z[oz[k] + i * az + j * bz] += sum
            }
      }
    : (x, y, z) => {
        for (let k = 0; k < count; k++)
          for (let i = 0; i < na; i++)
            for (let j = 0; j < nb; j++) {
              let p = ox[k] + i * ax + j * bx,
                q = oy[k] + i * ay + j * by,
                r = oz[k] + i * az + j * bz
              for (let l = 0; l < nc; l++, p += cx, q += cy, r += cz) z[r] += x[p] * y[q]
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
