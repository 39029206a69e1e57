/** @file Kernels of softmax and of normalizations, with second derivatives. */
import type { Kernel } from "./kernel"
import { isLong } from "../simd/engine"
import { groupCells } from "./groups"
import { leafStep } from "./kernel"

export const softmaxKernel: Kernel<"softmax"> = (op, { operands: [x], out, engine }) => {
  const { start, member } = groupCells(x.shape, [op.axis]),
    n = member.length,
    step = n > 1 ? member[1] : 1,
    span = n * step,
    log = op.log,
    exponentials = isLong(out.size) ? engine.activation("exp") : null,
    noSlopes = new Float64Array(0)
  // Probabilities, which the log has besides its values.
  const p = log ? engine.allocate(out.size) : null,
    tops = new Float64Array(start.length)
  const backward = (g: Float64Array, y: Float64Array, to: Float64Array): void => {
    for (let k = 0; k < start.length; k++) {
      const from = start[k],
        end = from + span
      let sum = 0
      if (log) for (let c = from; c < end; c += step) sum += g[c]
      else for (let c = from; c < end; c += step) sum += g[c] * y[c]
      if (log) for (let c = from; c < end; c += step) to[c] += g[c] - y[c] * sum
      else for (let c = from; c < end; c += step) to[c] += y[c] * (g[c] - sum)
    }
  }
  return {
    forward: () => {
      const z = x.value,
        to = out.value,
        y = p ?? to
      for (let k = 0; k < start.length; k++) {
        const from = start[k],
          end = from + span
        let top = z[from]
        for (let c = from; c < end; c += step) if (z[c] > top || z[c] !== z[c]) top = z[c]
        tops[k] = top
        for (let c = from; c < end; c += step) y[c] = z[c] - top
      }
      if (exponentials !== null) exponentials(y, y, noSlopes)
      else for (let c = 0; c < y.length; c++) y[c] = Math.exp(y[c])
      for (let k = 0; k < start.length; k++) {
        const from = start[k],
          end = from + span
        let sum = 0
        for (let c = from; c < end; c += step) sum += y[c]
        const scale = 1 / sum
        for (let c = from; c < end; c += step) y[c] *= scale
        if (!log) continue
        const shift = tops[k] + Math.log(sum)
        for (let c = from; c < end; c += step) to[c] = z[c] - shift
      }
    },
    tangent: () => {
      const y = p ?? out.value,
        v = x.tangent,
        to = out.tangent
      for (let k = 0; k < start.length; k++) {
        const from = start[k],
          end = from + span
        let mean = 0
        for (let c = from; c < end; c += step) mean += y[c] * v[c]
        for (let c = from; c < end; c += step) to[c] = log ? v[c] - mean : y[c] * (v[c] - mean)
      }
    },
    backward: () => {
      if (x.active) backward(out.adjoint, p ?? out.value, x.adjoint)
    },
    backwardTangent: () => {
      if (!x.active) return
      const g = out.adjoint,
        dg = out.adjointTangent,
        y = p ?? out.value,
        dy = out.tangent,
        to = x.adjointTangent
      for (let k = 0; k < start.length; k++) {
        const from = start[k],
          end = from + span
        let sum = 0,
          slope = 0
        for (let c = from; c < end; c += step) {
          sum += log ? g[c] : y[c] * g[c]
          slope += log ? dg[c] : dy[c] * g[c] + y[c] * dg[c]
        }
        for (let c = from; c < end; c += step)
          to[c] += log ? dg[c] - y[c] * slope - y[c] * dy[c] * sum : dy[c] * (g[c] - sum) + y[c] * (dg[c] - slope)
      }
    },
  }
}

/**
 * y = c·r with c = x − mean (or x) and r = (κ Σ c² + ε)^(−½), κ = 1/n for "mean" and 1 for "sum". With p = Σ g y the transpose is
 * r (g − κ p y), less its mean when centered; its tangent follows by the product rule. Powers of r alone would leave the range of numbers.
 */
export const normalizeKernel: Kernel<"normalize"> = (op, { operands: [x], out }) => {
  const { start, member } = groupCells(x.shape, op.axes),
    n = member.length,
    kappa = op.measure === "mean" ? 1 / n : 1
  const centered = new Float64Array(out.size),
    r = new Float64Array(start.length),
    slopeC = new Float64Array(out.size)
  const scratch = new Float64Array(n),
    y = out.value,
    // r Σ y ċ: how fast the length grows, over the length.
    along = new Float64Array(start.length)
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
        for (let j = 0; j < n; j++) dot += y[start[k] + member[j]] * slopeC[start[k] + member[j]]
        along[k] = r[k] * dot
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          out.tangent[cell] = r[k] * slopeC[cell] - kappa * along[k] * y[cell]
        }
      }
    },
    backward: () => {
      if (!x.active) return
      const g = out.adjoint
      for (let k = 0; k < start.length; k++) {
        let p = 0
        for (let j = 0; j < n; j++) p += g[start[k] + member[j]] * y[start[k] + member[j]]
        for (let j = 0; j < n; j++) scratch[j] = r[k] * (g[start[k] + member[j]] - kappa * p * y[start[k] + member[j]])
        release(x.adjoint, k)
      }
    },
    backwardTangent: () => {
      if (!x.active) return
      const g = out.adjoint,
        dg = out.adjointTangent
      for (let k = 0; k < start.length; k++) {
        let p = 0,
          dp = 0
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          p += g[cell] * y[cell]
          dp += dg[cell] * y[cell] + r[k] * g[cell] * slopeC[cell]
        }
        const shrink = kappa * along[k]
        for (let j = 0; j < n; j++) {
          const cell = start[k] + member[j]
          scratch[j] = r[k] * (dg[cell] - shrink * g[cell] - kappa * (dp - 3 * shrink * p) * y[cell] - kappa * p * r[k] * slopeC[cell])
        }
        release(x.adjointTangent, k)
      }
    },
  }
}
