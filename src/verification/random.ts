/**
 * @file Seeded pseudo-random numbers: xoshiro128** of Blackman and Vigna (2018), seeded through splitmix32. Every run states its seed, so
 * every number a run shows can be made again.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number
  normal(): number
  /** Uniform among 0 … n − 1. */
  integer(n: number): number
}

export function seededRandom(seed: number): Random {
  let mixed = seed >>> 0
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0
    let z = mixed
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  let a = split(),
    b = split(),
    c = split(),
    d = split()
  const next = (): number => {
    const times5 = Math.imul(b, 5),
      result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0,
      t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result
  }
  const uniform = (): number => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992
  // Box–Muller; 1 − u keeps the logarithm finite.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal, integer: (n) => Math.floor(uniform() * n) }
}
