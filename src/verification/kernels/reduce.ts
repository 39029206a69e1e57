/** @file Kernels of reductions, scans, normalizations and selections along axes. Cells are visited in groups: the cells that one result comes from. */
import type { Buffer, Kernel, Step } from "./kernel"
import { constantStep, leafStep, linearStep, offsetsOf, selectionStep, sizeOf, stridesOf } from "./kernel"

interface Groups {
  /** First cell of each group, groups in row-major order of the remaining axes. */
  readonly start: Int32Array
  /** Offsets of a group's cells from its first. */
  readonly member: Int32Array
}

function groupCells(shape: readonly number[], axes: readonly number[]): Groups {
  const strides = stridesOf(shape), inside = shape.map((_, i) => i).filter((i) => axes.includes(i)), outside = shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const cells = (some: readonly number[]): Int32Array => offsetsOf(some.map((i) => shape[i]), some.map((i) => strides[i]))
  return { start: cells(outside), member: cells(inside) }
}

export const reduceKernel: Kernel<"reduce"> = (op, { operands: [x], out }) => {
  const groups = groupCells(x.shape, op.axes), { start, member } = groups, n = member.length
  switch (op.fn) {
    case "sum":
    case "mean": {
      const scale = op.fn === "sum" ? 1 : 1 / n
      return linearStep(
        x, out,
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
      const map = new Int32Array(out.size), sign = op.fn === "max" ? 1 : -1
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
      if (x.active) for (let k = 0; k < start.length; k++) for (let i = 0; i < n; i++) x.adjoint[start[k] + member[i]] += without(k, i, -1) * out.adjoint[k]
    },
    backwardTangent: () => {
      if (!x.active) return
      for (let k = 0; k < start.length; k++) for (let i = 0; i < n; i++) {
        x.adjointTangent[start[k] + member[i]] += without(k, i, -1) * out.adjointTangent[k] + slope(k, i) * out.adjoint[k]
      }
    },
  }
}

export const cumsumKernel: Kernel<"cumsum"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, [op.axis]), n = member.length
  const scan = (from: Float64Array, to: Float64Array, backward: boolean, add: boolean): void => {
    for (let k = 0; k < start.length; k++) for (let j = 0, sum = 0; j < n; j++) {
      const cell = start[k] + member[backward ? n - 1 - j : j], next = sum + from[cell], value = op.exclusive ? sum : next
      to[cell] = add ? to[cell] + value : value
      sum = next
    }
  }
  return linearStep(x, out, (from, to) => scan(from, to, op.reverse, false), (from, to) => scan(from, to, !op.reverse, true))
}

export const argExtremeKernel: Kernel<"argExtreme"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, [op.axis]), sign = op.fn === "max" ? 1 : -1
  return constantStep(() => {
    for (let k = 0; k < start.length; k++) out.value[k] = extreme(x.value, start[k], member, sign)
  })
}

export const topKKernel: Kernel<"topK"> = (op, { operands: [x], out }) => {
  const n = x.shape[x.shape.length - 1], rows = sizeOf(x.shape.slice(0, -1)), map = new Int32Array(out.size), taken = new Uint8Array(n)
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

export const softmaxKernel: Kernel<"softmax"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, [op.axis]), n = member.length, log = op.log
  const probability = (cell: number): number => (log ? Math.exp(out.value[cell]) : out.value[cell])
  return {
    forward: () => {
      const from = x.value, to = out.value
      for (let k = 0; k < start.length; k++) {
        let top = -Infinity, sum = 0
        for (let j = 0; j < n; j++) top = Math.max(top, from[start[k] + member[j]])
        for (let j = 0; j < n; j++) sum += to[start[k] + member[j]] = Math.exp(from[start[k] + member[j]] - top)
        const shift = top + Math.log(sum)
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          to[cell] = log ? from[cell] - shift : to[cell] / sum
        }
      }
    },
    tangent: () => {
      for (let k = 0; k < start.length; k++) {
        let mean = 0
        for (let j = 0; j < n; j++) mean += probability(start[k] + member[j]) * x.tangent[start[k] + member[j]]
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j], d = x.tangent[cell] - mean
          out.tangent[cell] = log ? d : out.value[cell] * d
        }
      }
    },
    backward: () => {
      if (!x.active) return
      const g = out.adjoint
      for (let k = 0; k < start.length; k++) {
        let sum = 0
        for (let j = 0; j < n; j++) sum += g[start[k] + member[j]] * (log ? 1 : out.value[start[k] + member[j]])
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          x.adjoint[cell] += log ? g[cell] - probability(cell) * sum : out.value[cell] * (g[cell] - sum)
        }
      }
    },
    backwardTangent: () => {
      if (!x.active) return
      const g = out.adjoint, dg = out.adjointTangent, y = out.value, dy = out.tangent
      for (let k = 0; k < start.length; k++) {
        let sum = 0, slope = 0
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          sum += log ? g[cell] : y[cell] * g[cell]
          slope += log ? dg[cell] : dy[cell] * g[cell] + y[cell] * dg[cell]
        }
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j], p = probability(cell)
          x.adjointTangent[cell] += log ? dg[cell] - p * slope - p * dy[cell] * sum : dy[cell] * (g[cell] - sum) + y[cell] * (dg[cell] - slope)
        }
      }
    },
  }
}

/**
 * y = c·r with c = x − mean (or x) and r = (κ Σ c² + ε)^(−½), κ = 1/n for "mean" and 1 for "sum". With q = Σ g c the transpose is
 * r g − κ r³ q c, less its mean when centered; its tangent follows by the product rule.
 */
export const normalizeKernel: Kernel<"normalize"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, op.axes), n = member.length, kappa = op.measure === "mean" ? 1 / n : 1
  const centered = new Float64Array(out.size), r = new Float64Array(start.length), slopeC = new Float64Array(out.size), slopeR = new Float64Array(start.length)
  const scratch = new Float64Array(n)
  const center = (from: Float64Array, to: Float64Array, k: number): void => {
    let mean = 0
    if (op.center) for (let j = 0; j < n; j++) mean += from[start[k] + member[j]] / n
    for (let j = 0; j < n; j++) to[start[k] + member[j]] = from[start[k] + member[j]] - mean
  }
  const release = (to: Float64Array, k: number): void => {
    let mean = 0
    if (op.center) for (let j = 0; j < n; j++) mean += scratch[j] / n
    for (let j = 0; j < n; j++) to[start[k] + member[j]] += scratch[j] - mean
  }
  return {
    ...leafStep,
    forward: () => {
      for (let k = 0; k < start.length; k++) {
        center(x.value, centered, k)
        let sum = 0
        for (let j = 0; j < n; j++) sum += centered[start[k] + member[j]] ** 2
        r[k] = 1 / Math.sqrt(kappa * sum + op.epsilon)
        for (let j = 0; j < n; j++) out.value[start[k] + member[j]] = centered[start[k] + member[j]] * r[k]
      }
    },
    tangent: () => {
      for (let k = 0; k < start.length; k++) {
        center(x.tangent, slopeC, k)
        let dot = 0
        for (let j = 0; j < n; j++) dot += centered[start[k] + member[j]] * slopeC[start[k] + member[j]]
        slopeR[k] = -kappa * r[k] ** 3 * dot
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          out.tangent[cell] = slopeC[cell] * r[k] + centered[cell] * slopeR[k]
        }
      }
    },
    backward: () => {
      if (!x.active) return
      const g = out.adjoint
      for (let k = 0; k < start.length; k++) {
        let q = 0
        for (let j = 0; j < n; j++) q += g[start[k] + member[j]] * centered[start[k] + member[j]]
        const pull = kappa * r[k] ** 3 * q
        for (let j = 0; j < n; j++) scratch[j] = r[k] * g[start[k] + member[j]] - pull * centered[start[k] + member[j]]
        release(x.adjoint, k)
      }
    },
    backwardTangent: () => {
      if (!x.active) return
      const g = out.adjoint, dg = out.adjointTangent
      for (let k = 0; k < start.length; k++) {
        let q = 0, dq = 0
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          q += g[cell] * centered[cell]
          dq += dg[cell] * centered[cell] + g[cell] * slopeC[cell]
        }
        const r2 = r[k] * r[k], pull = kappa * r2 * r[k] * q, slope = kappa * (3 * r2 * slopeR[k] * q + r2 * r[k] * dq)
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          scratch[j] = slopeR[k] * g[cell] + r[k] * dg[cell] - slope * centered[cell] - pull * slopeC[cell]
        }
        release(x.adjointTangent, k)
      }
    },
  }
}
