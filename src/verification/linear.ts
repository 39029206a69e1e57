/** @file Vectors: lengths, products, components. */

export function norm(v: Float64Array): number {
  let sum = 0
  for (const x of v) sum += x * x
  return Math.sqrt(sum)
}

export function dot(a: Float64Array, b: Float64Array): number {
  let s = 0,
    t = 0,
    u = 0,
    v = 0,
    i = 0
  for (; i + 3 < a.length; i += 4) {
    s += a[i] * b[i]
    t += a[i + 1] * b[i + 1]
    u += a[i + 2] * b[i + 2]
    v += a[i + 3] * b[i + 3]
  }
  for (; i < a.length; i++) s += a[i] * b[i]
  return s + t + (u + v)
}

/** Unit length; null where the vector is below `floor`. */
export function unit(v: Float64Array, floor: number): Float64Array | null {
  const n = norm(v)
  return n > floor && Number.isFinite(n) ? v.map((x) => x / n) : null
}

/** v −= ⟨v, q⟩q; returns what is left of its square length. */
export function removeComponent(v: Float64Array, q: Float64Array): number {
  const c = dot(v, q)
  let a = 0,
    b = 0,
    i = 0
  for (; i + 1 < v.length; i += 2) {
    const s = v[i] - c * q[i],
      t = v[i + 1] - c * q[i + 1]
    v[i] = s
    v[i + 1] = t
    a += s * s
    b += t * t
  }
  if (i < v.length) {
    v[i] -= c * q[i]
    a += v[i] * v[i]
  }
  return a + b
}

/** What a generator returns, without its pauses. */
export function finish<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
  }
}
