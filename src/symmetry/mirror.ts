/**
 * @file Square weights of which only W + Wᵀ or W − Wᵀ is read, as a quadratic form xᵀWx does: their antisymmetric or symmetric half has no gradient.
 * A word cannot say it (its letters tell no entry from the mirrored one), so that these halves are found apart, and shift families within them are
 * theirs.
 */
import type { Family } from "./families"
import type { Program, Use, Value, ValueId } from "./program"

export interface Mirror {
  /** The block of a parameter, and the positions of its two exchanged atoms. */
  readonly value: ValueId
  readonly atoms: readonly [number, number]
  /** What is seen is W + sign·Wᵀ. */
  readonly sign: 1 | -1
  /** The sum that reads both, or the product with the second x of a quadratic form. */
  readonly sum: ValueId
  readonly form: boolean
}

export function findMirrors(program: Program, families: readonly Family[]): readonly Mirror[] {
  /** The reader of each value; "many" for several. */
  const readers: (ValueId | "many" | undefined)[] = program.values.map(() => undefined)
  for (const { id, uses } of program.values)
    for (const { value } of uses) readers[value] = readers[value] === undefined || readers[value] === id ? id : "many"
  const isReadOnce = (id: ValueId): boolean => typeof readers[id] === "number" && !program.outputs.includes(id)
  return program.values.flatMap((value): Mirror[] => {
    const { kind } = value.op
    const mirror = kind === "sum" ? mirrorOfSum(program, value) : kind === "contract" ? mirrorOfForm(program, value, isReadOnce) : null
    if (mirror === null || !isReadOnce(mirror.value)) return []
    // Shifts that are more than this half would have to be counted beside it.
    const others = families.filter((f) => f.kind !== "action" && f.members.some((m) => m.unknown.value === mirror.value))
    return others.every((f) => isWithin(mirror, f)) ? [mirror] : []
  })
}

/** W ± Wᵀ. */
function mirrorOfSum(program: Program, value: Value): Mirror | null {
  if (value.op.kind !== "sum" || value.uses.length !== 2 || value.uses[0].value !== value.uses[1].value) return null
  const own = program.values[value.uses[0].value],
    ratio = value.op.coefficients[1] / value.op.coefficients[0],
    atoms = exchangedAtoms(value.uses, own)
  if (own.op.kind !== "parameter" || own.op.offset !== 0 || atoms === null || (ratio !== 1 && ratio !== -1)) return null
  return { value: own.id, atoms, sign: ratio, sum: value.id, form: false }
}

/** Σ x_a·(Σ x_c·W_ca…): the same x twice, at the same place but for the one axis of it that is summed. */
function mirrorOfForm(program: Program, outer: Value, isReadOnce: (id: ValueId) => boolean): Mirror | null {
  for (const [k, whole] of outer.uses.entries()) {
    const inner = program.values[whole.value], second = outer.uses[1 - k]
    if (inner.op.kind !== "contract" || !isReadOnce(inner.id)) continue
    for (const [j, weight] of inner.uses.entries()) {
      const own = program.values[weight.value], first = inner.uses[1 - j]
      if (own.op.kind !== "parameter" || own.op.offset !== 0 || first.value !== second.value || own.atoms.length > 8) continue
      // Where a label of the inner product stands in the outer one.
      const outward = (l: number): number | undefined => whole.labels[inner.labels.indexOf(l)]
      const summed = first.labels.filter((l) => outward(l) === undefined)
      if (summed.length !== 1 || !weight.labels.includes(summed[0])) continue
      const at = first.labels.indexOf(summed[0]), met = second.labels[at]
      const staysPut = first.labels.every((l, i) => i === at || outward(l) === second.labels[i])
      const q = weight.labels.findIndex((l) => outward(l) === met), p = weight.labels.indexOf(summed[0])
      if (!staysPut || q < 0 || outer.labels.includes(met) || first.labels.includes(weight.labels[q]) || own.atoms[p] !== own.atoms[q]) continue
      return { value: own.id, atoms: [p, q], sign: 1, sum: outer.id, form: true }
    }
  }
  return null
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
