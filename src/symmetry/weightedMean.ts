/**
 * @file Sums with weights that add up to a constant: g∘h + (1 − g)∘x of highways and gated cells, Σ g_k∘h_k with the entries of one softmax, each
 * of which is sliced off for an expert. Written as x + g∘(h − x), what is added to all of h and x alike is seen to pass.
 */
import type { Block, Lowering } from "./lowering"
import type { ValueId } from "./program"

/** coefficient · block */
export interface Weighted {
  readonly block: Block
  readonly coefficient: number
}

/** coefficient · gate∘(branch − base) */
interface Gated {
  readonly coefficient: number
  readonly gate: Block
  readonly branch: Block
}

/** base + Σ of the gated + rest */
export interface WeightedMean {
  readonly base: Weighted
  readonly gated: readonly Gated[]
  readonly rest: readonly Weighted[]
}

/** So many summands are looked at: all pairs are. */
const PART_LIMIT = 16

export function findWeightedMean(lowering: Lowering, parts: readonly Weighted[]): WeightedMean | null {
  if (parts.length < 2 || parts.length > PART_LIMIT) return null
  const factors = parts.map((part) => factorsOf(lowering, part))
  return complementaryPair(lowering, parts, factors) ?? sharesOfOne(lowering, parts, factors)
}

/** The summands of sums within the sum, which is how experts are added one by one. */
function flatten(lowering: Lowering, parts: readonly Weighted[]): readonly Weighted[] {
  const flat = parts.flatMap(({ block, coefficient }): readonly Weighted[] => {
    const { op, uses, labels } = lowering.value(block.value)
    if (op.kind !== "sum") return [{ block, coefficient }]
    return uses.map((u, k) => ({
      block: { value: u.value, positions: u.labels.map((l) => block.positions[labels.indexOf(l)]) },
      coefficient: coefficient * op.coefficients[k],
    }))
  })
  return flat.length === parts.length || flat.length > PART_LIMIT ? flat : flatten(lowering, flat)
}

/** A product entry by entry, with either factor as the gate, at positions of the sum. */
interface Split {
  readonly gate: Block
  readonly branch: Block
}

function factorsOf(lowering: Lowering, { block }: Weighted): readonly Split[] {
  const { op, uses, labels } = lowering.value(block.value)
  if (op.kind !== "contract" || uses.some((u) => u.labels.some((l) => !labels.includes(l)))) return []
  const [a, b] = uses.map((u): Block => ({ value: u.value, positions: u.labels.map((l) => block.positions[labels.indexOf(l)]) }))
  return [
    { gate: a, branch: b },
    { gate: b, branch: a },
  ]
}

/** Two products whose gates, times their coefficients, add up to a number. */
function complementaryPair(lowering: Lowering, parts: readonly Weighted[], factors: readonly (readonly Split[])[]): WeightedMean | null {
  for (const [q, ofQ] of factors.entries())
    for (const to of ofQ) {
      // 1 − g is the sum of a number and something; without one nothing cancels.
      if (lowering.value(to.gate.value).op.kind !== "sum") continue
      const form = addForm(lowering, to.gate, parts[q].coefficient, emptyForm(), 0)
      if (form.number === 0) continue
      for (const [p, ofP] of factors.entries())
        for (const from of p === q ? [] : ofP) {
          const total = addForm(lowering, from.gate, parts[p].coefficient, { number: form.number, terms: new Map(form.terms) }, 0)
          if (Math.abs(total.number) < 1e-9 || [...total.terms.values()].some((c) => Math.abs(c) > 1e-9)) continue
          return {
            base: { block: to.branch, coefficient: total.number },
            gated: [{ coefficient: parts[p].coefficient, gate: from.gate, branch: from.branch }],
            rest: parts.filter((_, i) => i !== p && i !== q),
          }
        }
    }
  return null
}

interface LinearForm {
  number: number
  /** Coefficients by what they stand at: a value and positions. */
  readonly terms: Map<string, number>
}

const emptyForm = (): LinearForm => ({ number: 0, terms: new Map() })

/** Sums in sums are followed so far. */
const DEPTH = 3

/** Adds coefficient · block to a combination of values and a number. */
function addForm(lowering: Lowering, block: Block, coefficient: number, into: LinearForm, depth: number): LinearForm {
  const { op, uses, labels } = lowering.value(block.value)
  const inner = (k: number): Block => ({
    value: uses[k].value,
    positions: uses[k].labels.map((l) => block.positions[labels.indexOf(l)]),
  })
  if (op.kind === "fill") into.number += coefficient * op.value
  else if (op.kind === "sum" && depth < DEPTH) uses.forEach((_, k) => addForm(lowering, inner(k), coefficient * op.coefficients[k], into, depth + 1))
  else if (op.kind === "map" && op.slope !== null && depth < DEPTH) addForm(lowering, inner(0), coefficient * op.slope, into, depth + 1)
  else {
    const key = `${block.value}:${block.positions.join()}`
    into.terms.set(key, (into.terms.get(key) ?? 0) + coefficient)
  }
  return into
}

/** Products with all the entries of one softmax, each once, and with one coefficient. */
function sharesOfOne(lowering: Lowering, own: readonly Weighted[], ofOwn: readonly (readonly Split[])[]): WeightedMean | null {
  if (!ofOwn.some((splits) => splits.some(({ gate }) => nameOfShares(lowering, gate.value) !== null))) return null
  const parts = flatten(lowering, own)
  if (parts.length > PART_LIMIT) return null
  const factors = parts.map((part) => factorsOf(lowering, part))
  for (const [first, splits] of factors.entries())
    for (const { gate } of splits) {
      const name = nameOfShares(lowering, gate.value)
      if (name === null) continue
      const many = lowering.value(gate.value).uses.length,
        found: { readonly place: number; readonly split: Split }[] = []
      for (let place = first; place < parts.length; place++) {
        const split = factors[place].find((s) => nameOfShares(lowering, s.gate.value) === name && s.gate.positions.join() === gate.positions.join())
        if (split !== undefined && parts[place].coefficient === parts[first].coefficient) found.push({ place, split })
      }
      if (found.length !== many || new Set(found.map(({ split }) => placeOf(lowering, split.gate.value))).size < many) continue
      const { coefficient } = parts[first], last = found[many - 1]
      return {
        base: { block: last.split.branch, coefficient },
        gated: found.slice(0, -1).map(({ split }) => ({ coefficient, ...split })),
        rest: parts.filter((_, i) => found.every(({ place }) => place !== i)),
      }
    }
  return null
}

/** A name for all the entries of one softmax that was cut into single cells; null for other values. */
function nameOfShares(lowering: Lowering, id: ValueId): string | null {
  const { op, uses, node } = lowering.value(id)
  return op.kind === "normalize" && op.share !== undefined && uses.length > 1 ? `${node}|${op.share.of}` : null
}

function placeOf(lowering: Lowering, id: ValueId): string | null {
  const { op } = lowering.value(id)
  return op.kind === "normalize" ? (op.share?.place ?? null) : null
}
