/**
 * @file How many quantities a family of laws has, and how many of them are functionally independent of each other and of what shift laws hold
 * still: a Gram matrix of fewer columns than rows has fewer free entries than entries.
 */
import { addDim, divideDim, multiplyDim, subtractDim, substitutionOf } from "../graph/dim"
import type { Dim } from "../schema/report"
import type { Family, Member, Role } from "../symmetry/families"
import type { Symmetry } from "../symmetry/infer"
import type { ValueId } from "../symmetry/program"

export interface Shifts {
  /** The shift laws of each block of parameters that are about it alone. */
  readonly alone: ReadonlyMap<ValueId, readonly Shift[]>
  /** Those of several blocks: only a combination of them is held. */
  readonly joint: readonly Family[]
}

/** A sum over the atoms that have no position here is held: for each index along the others, or but for one number along them. */
interface Shift {
  readonly positions: readonly number[]
  readonly isWhole: (position: number) => boolean
  /** Whether every entry is held. */
  readonly isStill: boolean
}

/** Entries that a role stands for. */
export function roleCount(role: Role): Dim {
  const n = role.atom
  switch (role.kind) {
    case "ones":
      return 1
    case "diagonal":
      return role.full ? n : subtractDim(n, 1)
    case "matrix":
      return role.full ? symmetricCount(n) : half(multiplyDim(n, subtractDim(n, 1)))
  }
}

export const symmetricCount = (n: Dim): Dim => half(multiplyDim(n, addDim(n, 1)))

const half = (d: Dim): Dim => divideDim(d, 2) ?? multiplyDim(d, "1/2")

/**
 * Quantities of a family that are functionally independent of each other and of earlier families, at the declared sizes.
 *
 * @param joint the size of the axis that the roles make together, where one matrix acts on several atoms; null otherwise.
 */
export function independentOf(symmetry: Symmetry, family: Family, joint: Dim | null, shifts: Shifts): Dim {
  const sizeOf = substitutionOf(symmetry.network.declared)
  // What stays by itself adds nothing that could be told from what is known of it.
  const isStill = ({ unknown }: Member): boolean => shifts.alone.get(unknown.value)?.some((s) => s.isStill) === true
  const moving = family.kind === "action" ? { ...family, members: family.members.filter((m) => !isStill(m)) } : family
  if (moving.members.length === 0) return 0
  if (joint !== null) return gramRank(sizeOf(joint), columnsOf(symmetry, moving, shifts))
  let total = family.roles.map((r) => rankCount(symmetry, moving, r)).reduce(multiplyDim, 1)
  for (const word of family.dependent) {
    const lost = [...word].map((letter, i): Dim => {
      const n = sizeOf(family.roles[i].atom)
      return letter === "M" ? half(multiplyDim(n, subtractDim(n, 1))) : letter === "D" ? subtractDim(n, 1) : 1
    })
    total = subtractDim(total, lost.reduce(multiplyDim, 1))
  }
  return family.overlap === undefined ? total : subtractDim(total, sizeOf(family.overlap))

  function rankCount(s: Symmetry, f: Family, role: Role): Dim {
    const n = sizeOf(role.atom)
    if (role.kind !== "matrix") return sizeOf(roleCount(role))
    return role.full ? gramRank(n, columnsOf(s, f, shifts)) : sizeOf(roleCount(role))
  }
}

/** What shift laws hold, no product of entries has to. */
export function shiftsOf({ program, solutions }: Symmetry): Shifts {
  const alone = new Map<ValueId, Shift[]>(), joint: Family[] = []
  for (const family of solutions.families) {
    const { kind, members, roles, exactness } = family
    if (kind !== "shift" || exactness !== "exact" || roles.some((r) => r.kind !== "diagonal")) continue
    if (members.length > 1) {
      joint.push(family)
      continue
    }
    const [{ unknown, positions }] = members
    const isWhole = (p: number): boolean => roles.some((r, i) => positions[i] === p && r.kind === "diagonal" && r.full)
    const shift: Shift = { positions, isStill: program.values[unknown.value].atoms.every((_, p) => isWhole(p)), isWhole }
    alone.set(unknown.value, [...(alone.get(unknown.value) ?? []), shift])
  }
  return { alone, joint }
}

/**
 * Over how many columns that move the members' Gram matrices sum, at the declared sizes. Where the sum of columns is held, one does not move;
 * where all their differences are, one does. Of two blocks whose difference is held (two weights that are added) only the sum moves.
 */
function columnsOf({ program, network }: Symmetry, { members }: Family, shifts: Shifts): Dim {
  const size = substitutionOf(network.declared)
  const own = members
    .map((m) => {
      const { atoms } = program.values[m.unknown.value]
      const columns = (sizeAt: (position: number) => Dim, positions: readonly number[]): Dim =>
        positions.filter((p) => !m.positions.includes(p)).map(sizeAt).reduce(multiplyDim, 1)
      const held = (shifts.alone.get(m.unknown.value) ?? [])
        .filter(({ positions }) => m.positions.every((p) => positions.includes(p)))
        .map(({ positions, isWhole }) => columns((p) => (isWhole(p) ? size(atoms[p]) : subtractDim(size(atoms[p]), 1)), positions))
      return held.reduce(subtractDim, columns((p) => size(atoms[p]), atoms.map((_, p) => p)))
    })
    .reduce(addDim, 0)
  const held = heldJointly(members, shifts.joint).map(({ roles, members: [{ unknown, positions }] }) => {
    const around = members.find((m) => m.unknown.value === unknown.value)
    const apart = roles.filter((_, i) => around?.positions.includes(positions[i]) !== true)
    return apart.map((role) => (role.full ? size(role.atom) : subtractDim(size(role.atom), 1))).reduce(multiplyDim, 1)
  })
  return held.reduce(subtractDim, own)
}

/**
 * Exchanges that hold combinations of columns of these members. Where some reach beyond the members, a combination of them may not: as many are
 * taken as could be at most, so that no count is too high.
 */
function heldJointly(members: readonly Member[], exchanges: readonly Family[]): readonly Family[] {
  const isAmong = (m: Member): boolean =>
    members.some(({ unknown, positions }) => unknown.value === m.unknown.value && positions.every((p) => m.positions.includes(p)))
  const touching = exchanges.filter((family) => family.members.some(isAmong))
  const beyond = touching.filter((family) => !family.members.every(isAmong))
  return [...touching.filter((family) => !beyond.includes(family)), ...beyond.slice(1)]
}

/** A Gram matrix of fewer columns than rows has that rank: nr − r(r − 1)/2 entries are free. */
const gramRank = (n: Dim, columns: Dim): Dim =>
  typeof n === "number" && typeof columns === "number" && columns < n ? n * columns - (columns * (columns - 1)) / 2 : symmetricCount(n)
