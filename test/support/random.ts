/** @file A small seeded generator for test data (mulberry32) and what the tests draw from it. */

export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number
  readonly normal: () => number
  /** Whole and below `limit`. */
  readonly below: (limit: number) => number
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal, below: (limit) => Math.floor(uniform() * limit) }
}

export const drawNormals = (random: Random, count: number, scale = 1): Float64Array =>
  Float64Array.from({ length: count }, () => scale * random.normal())
