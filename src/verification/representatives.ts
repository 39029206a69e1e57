/**
 * @file Which law stands for which when equal blocks are left out: the law of block seven is run as the law of a block that stays. Terms decide,
 * names do not: two laws are the same when renaming weights from block to block makes their terms the same.
 */
import type { Term } from "../schema/report"
import type { GenericLaw } from "./task"

/** Ids of the parameters of each block, equal ones at equal places. */
export type BlockWeights = readonly (readonly string[])[]

export interface MappedLaws {
  readonly laws: readonly GenericLaw[]
  /** For each law given, its place in `laws`. */
  readonly standing: readonly number[]
}

interface Home {
  readonly block: number
  readonly place: number
}

/**
 * The laws of the network in which `stay` blocks, the first ones and the last, stand for all.
 * @param laws sizes in numbers
 * @returns null where some law is the same as none of these
 */
export function mapLaws(laws: readonly GenericLaw[], weights: BlockWeights, stay: number): MappedLaws | null {
  const count = weights.length,
    homes = new Map(weights.flatMap((ids, block) => ids.map((id, place): [string, Home] => [id, { block, place }])))
  /** The block at this place of the shorter network. */
  const site = (place: number): number => (place === stay - 1 ? count - 1 : place)
  const found: GenericLaw[] = [],
    byKey = new Map<string, number>(),
    standing: (number | null)[] = laws.map(() => null)
  const add = (law: GenericLaw, key: string): number => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    byKey.set(key, found.length)
    return found.push(law) - 1
  }
  const imageOf = (law: GenericLaw, chosen: readonly number[]): GenericLaw =>
    rename(law, homes, (block, place) => weights[site(chosen.indexOf(block))]?.[place])
  const blocksOf = laws.map((law) => [...new Set(law.parameters.flatMap((id) => homes.get(id)?.block ?? []))].sort((a, b) => a - b))
  laws.forEach((law, k) => {
    const chosen = blocksOf[k].length === 0 ? [] : chooseFaithful(law, blocksOf[k], homes, count, stay)
    if (chosen === null) return
    const image = imageOf(law, chosen)
    standing[k] = add(image, keyOf(image))
  })
  laws.forEach((law, k) => {
    if (standing[k] !== null) return
    for (const chosen of chooseAny(blocksOf[k], stay)) standing[k] ??= byKey.get(keyOf(imageOf(law, chosen))) ?? null
  })
  const whole = standing.flatMap((k) => k ?? [])
  return whole.length === laws.length ? { laws: found, standing: whole } : null
}

/**
 * The blocks, from the first to the last, that the blocks of the shorter network are taken for, so that the law reads neighbors where it read
 * neighbors and the first and last block where it read those; null where there are not enough.
 */
function chooseFaithful(
  law: GenericLaw,
  own: readonly number[],
  homes: ReadonlyMap<string, Home>,
  count: number,
  stay: number,
): readonly number[] | null {
  const chosen = new Set([0, count - 1, ...own])
  own.slice(1).forEach((block, k) => {
    if (block - own[k] > 1) chosen.add(own[k] + 1)
  })
  if (chosen.size <= stay) return fill(chosen, own, count, stay)
  // A law about all blocks of a run keeps the terms of those that stay, if they all have the same.
  const [first, last] = [own[0], own[own.length - 1]]
  if (last - first + 1 !== own.length || own.length < 3 || !isUniform(law, own, homes)) return null
  const edges = new Set([0, count - 1, first, last])
  return edges.size <= stay ? fill(edges, [], count, stay, own) : null
}

/** Adds blocks until there are enough, neighbors of none that the law reads if that can be avoided. */
function fill(
  chosen: ReadonlySet<number>,
  own: readonly number[],
  count: number,
  stay: number,
  preferred: readonly number[] = [],
): readonly number[] {
  const all = Array.from({ length: count }, (_, k) => k),
    rest = [...preferred, ...all].filter((k) => !chosen.has(k) && !own.includes(k))
  return [...chosen, ...new Set(rest)].slice(0, stay).sort((a, b) => a - b)
}

/** Other ways of taking blocks for those of the shorter network, in order; right only where what comes out is known to be a law. */
function* chooseAny(own: readonly number[], stay: number): Generator<readonly number[]> {
  for (let before = 0; before + own.length <= stay; before++) yield [...Array.from({ length: before }, (_, k) => -1 - k), ...own]
}

/** Every block has the same terms of the law, and no term reads two. */
function isUniform(law: GenericLaw, own: readonly number[], homes: ReadonlyMap<string, Home>): boolean {
  const parts = new Map<number, string[]>()
  for (const term of law.terms) {
    const blocks = new Set(term.operands.map((o) => homes.get(o.parameter)?.block ?? -1))
    if (blocks.size !== 1) return false
    const [block] = blocks
    if (block < 0) continue
    const text = textOf(renameTerm(term, (id) => `${homes.get(id)?.place ?? -1}`))
    parts.set(block, [...(parts.get(block) ?? []), text])
  }
  return new Set(own.map((block) => JSON.stringify(parts.get(block)?.sort() ?? []))).size === 1
}

/** The law about other weights; terms that read a block without a place are left out. */
function rename(law: GenericLaw, homes: ReadonlyMap<string, Home>, to: (block: number, place: number) => string | undefined): GenericLaw {
  const name = (id: string): string | undefined => {
    const home = homes.get(id)
    return home === undefined ? id : to(home.block, home.place)
  }
  const terms = law.terms.flatMap((term) =>
    term.operands.every((o) => name(o.parameter) !== undefined) ? [renameTerm(term, (id) => name(id) ?? id)] : [],
  )
  return { ...law, terms, parameters: [...new Set(law.parameters.flatMap((id) => name(id) ?? []))] }
}

const renameTerm = (term: Term, name: (id: string) => string): Term => ({
  ...term,
  operands: term.operands.map((o) => ({ ...o, parameter: name(o.parameter) })),
})

const textOf = ({ coefficient, einsum, operands }: Term): string =>
  JSON.stringify([coefficient, einsum, operands.map((o) => [o.parameter, o.view ?? []])])

/** Equal for equal laws: what is compared is the value, not how it was found. */
const keyOf = (law: GenericLaw): string =>
  JSON.stringify([law.exactness, law.entries, law.index.map((i) => i.size), law.parameters.slice().sort(), law.terms.map(textOf).sort()])
