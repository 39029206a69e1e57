/**
 * @file Square weights of which only W + Wᵀ or W − Wᵀ is read: their antisymmetric or symmetric half has no gradient. A word cannot say it (its
 * letters tell no entry from the mirrored one), so that these halves are found apart, and shift families within them are theirs.
 */
import type { Family } from "./families"
import type { Program, Use, Value, ValueId } from "./program"

export interface Mirror {
  /** The block of a parameter, and the positions of its two exchanged atoms. */
  readonly value: ValueId
  readonly atoms: readonly [number, number]
  /** What is seen is W + sign·Wᵀ. */
  readonly sign: 1 | -1
  /** The sum that reads both. */
  readonly sum: ValueId
}

export function findMirrors(program: Program, families: readonly Family[]): readonly Mirror[] {
  const readers = new Map<ValueId, Set<ValueId>>()
  for (const value of program.values)
    for (const use of value.uses) {
      const own = readers.get(use.value)
      if (own === undefined) readers.set(use.value, new Set([value.id]))
      else own.add(value.id)
    }
  return program.values.flatMap((value): Mirror[] => {
    if (value.op.kind !== "sum" || value.uses.length !== 2 || value.uses[0].value !== value.uses[1].value) return []
    const own = program.values[value.uses[0].value],
      ratio = value.op.coefficients[1] / value.op.coefficients[0],
      atoms = exchangedAtoms(value.uses, own)
    if (own.op.kind !== "parameter" || own.op.offset !== 0 || atoms === null || (ratio !== 1 && ratio !== -1)) return []
    if (readers.get(own.id)!.size > 1 || program.outputs.includes(own.id)) return []
    const mirror: Mirror = { value: own.id, atoms, sign: ratio, sum: value.id }
    // Shifts that are more than this half would have to be counted beside it.
    const others = families.filter((f) => f.kind !== "action" && f.members.some((m) => m.unknown.value === own.id))
    return others.every((f) => isWithin(mirror, f)) ? [mirror] : []
  })
}

/** The two positions at which the uses differ, if they are exchanged and of one size. */
function exchangedAtoms([first, second]: readonly Use[], own: Value): readonly [number, number] | null {
  const apart = first.labels.flatMap((l, i) => (l === second.labels[i] ? [] : [i]))
  if (apart.length !== 2 || own.atoms.length > 8) return null
  const [p, q] = apart
  const exchanged = first.labels[p] === second.labels[q] && first.labels[q] === second.labels[p] && own.atoms[p] === own.atoms[q]
  return exchanged ? [p, q] : null
}

/** Whether the shifts of a family change the invisible half only: mirrored, each is itself up to the sign. */
export function isWithin(mirror: Mirror, family: Family): boolean {
  const { value, atoms: [p, q], sign } = mirror
  if (family.kind !== "shift" || family.noGradient || family.members.some((m) => m.unknown.value !== value)) return false
  const weights = new Map(family.members.map((m) => [m.unknown.word, m.weight]))
  return [...weights].every(([word, weight]) => {
    const turned = [...word]
    turned[p] = word[q]
    turned[q] = word[p]
    return Math.abs((weights.get(turned.join("")) ?? 0) + sign * weight) < 1e-9
  })
}
