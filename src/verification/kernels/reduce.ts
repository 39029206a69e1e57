/** @file Kernels of reductions, scans and selections along axes. */
import type { Groups } from "./groups"
import type { Buffer, Kernel, Step } from "./kernel"
import { groupCells } from "./groups"
import { constantStep, linearStep, selectionStep, sizeOf } from "./kernel"

export const reduceKernel: Kernel<"reduce"> = (op, { operands: [x], out }) => {
  const groups = groupCells(x.shape, op.axes),
    { start, member } = groups,
    n = member.length
  switch (op.fn) {
    case "sum":
    case "mean": {
      const scale = op.fn === "sum" ? 1 : 1 / n
      return linearStep(
        x,
        out,
        (from, to) => {
          for (let k = 0; k < start.length; k++) {
            let sum = 0
            for (let j = 0; j < n; j++) sum += from[start[k] + member[j]]
            to[k] = scale * sum
          }
        },
        (from, to) => {
          for (let k = 0; k < start.length; k++) for (let j = 0; j < n; j++) to[start[k] + member[j]] += scale * from[k]
        },
      )
    }
    case "max":
    case "min": {
      const map = new Int32Array(out.size),
        sign = op.fn === "max" ? 1 : -1
      return selectionStep(x, out, map, 0, () => {
        for (let k = 0; k < start.length; k++) map[k] = start[k] + member[extreme(x.value, start[k], member, sign)]
      })
    }
    case "prod":
      return productStep(x, out, groups)
    case "any":
    case "all": {
      const every = op.fn === "all"
      return constantStep(() => {
        for (let k = 0; k < start.length; k++) {
          let holds = every
          for (let j = 0; j < n; j++) if ((x.value[start[k] + member[j]] !== 0) !== every) holds = !every
          out.value[k] = holds ? 1 : 0
        }
      })
    }
  }
}

function extreme(values: Float64Array, start: number, member: Int32Array, sign: number): number {
  let best = 0
  for (let j = 1; j < member.length; j++) if (sign * values[start + member[j]] > sign * values[start + member[best]]) best = j
  return best
}

/** Products without division, so that zeros do no harm: quadratic in the group's size for gradients, cubic for their tangents. */
function productStep(x: Buffer, out: Buffer, { start, member }: Groups): Step {
  const n = member.length
  const without = (k: number, i: number, j: number): number => {
    let product = 1
    for (let l = 0; l < n; l++) if (l !== i && l !== j) product *= x.value[start[k] + member[l]]
    return product
  }
  const slope = (k: number, i: number): number => {
    let sum = 0
    for (let j = 0; j < n; j++) if (j !== i) sum += without(k, i, j) * x.tangent[start[k] + member[j]]
    return sum
  }
  return {
    forward: () => {
      for (let k = 0; k < start.length; k++) out.value[k] = without(k, -1, -1)
    },
    tangent: () => {
      for (let k = 0; k < start.length; k++) {
        out.tangent[k] = 0
        for (let i = 0; i < n; i++) out.tangent[k] += without(k, i, -1) * x.tangent[start[k] + member[i]]
      }
    },
    backward: () => {
      if (x.active)
        for (let k = 0; k < start.length; k++) for (let i = 0; i < n; i++) x.adjoint[start[k] + member[i]] += without(k, i, -1) * out.adjoint[k]
    },
    backwardTangent: () => {
      if (!x.active) return
      for (let k = 0; k < start.length; k++)
        for (let i = 0; i < n; i++) {
          x.adjointTangent[start[k] + member[i]] += without(k, i, -1) * out.adjointTangent[k] + slope(k, i) * out.adjoint[k]
        }
    },
  }
}

export const cumsumKernel: Kernel<"cumsum"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, [op.axis]),
    n = member.length
  const scan = (from: Float64Array, to: Float64Array, backward: boolean, add: boolean): void => {
    for (let k = 0; k < start.length; k++)
      for (let j = 0, sum = 0; j < n; j++) {
        const cell = start[k] + member[backward ? n - 1 - j : j],
          next = sum + from[cell],
          value = op.exclusive ? sum : next
        to[cell] = add ? to[cell] + value : value
        sum = next
      }
  }
  return linearStep(
    x,
    out,
    (from, to) => scan(from, to, op.reverse, false),
    (from, to) => scan(from, to, !op.reverse, true),
  )
}

export const argExtremeKernel: Kernel<"argExtreme"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, [op.axis]),
    sign = op.fn === "max" ? 1 : -1
  return constantStep(() => {
    for (let k = 0; k < start.length; k++) out.value[k] = extreme(x.value, start[k], member, sign)
  })
}

export const topKKernel: Kernel<"topK"> = (op, { operands: [x], out }) => {
  const n = x.shape[x.shape.length - 1],
    rows = sizeOf(x.shape.slice(0, -1)),
    map = new Int32Array(out.size),
    taken = new Uint8Array(n)
  const select = (): void => {
    for (let r = 0; r < rows; r++) {
      taken.fill(0)
      for (let j = 0; j < op.k; j++) {
        let best = -1
        for (let i = 0; i < n; i++) if (taken[i] === 0 && (best < 0 || x.value[r * n + i] > x.value[r * n + best])) best = i
        taken[best] = 1
        map[r * op.k + j] = r * n + best
      }
    }
  }
  if (op.output === "values") return selectionStep(x, out, map, 0, select)
  return constantStep(() => {
    select()
    for (let i = 0; i < map.length; i++) out.value[i] = map[i] % n
  })
}
