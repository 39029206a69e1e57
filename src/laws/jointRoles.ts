/**
 * @file Matrices on several axes at once: a contraction over two axes, "bcd,cde->be", lets GL(c) ⊗ GL(d) act, whose span is the whole GL(c·d) on
 * the pairs of indices. Its law is that of one axis, the two merged.
 */
import { multiplyDim } from "../graph/dim"
import type { Dim, Operand, Term } from "../schema/report"
import type { Family, Member } from "../symmetry/families"
import type { ParameterBlock } from "../symmetry/program"

/**
 * Size of the merged axis, where the family is all of GL on two or more axes of weights alone; null for every other family, and where some weights
 * have the axes apart or in another order: their formula would have to say which pairs are meant.
 */
export function jointSize(family: Family, blockOf: (member: Member) => ParameterBlock): Dim | null {
  const { roles, members, dependent, kind } = family
  const isWhole = kind === "action" && roles.length > 1 && dependent.length === 0 && roles.every((r) => r.kind === "matrix" && r.full)
  const merges = (m: Member): boolean => blockOf(m).offset === 0 && startOf(m, blockOf(m)) !== null
  return isWhole && members.every(merges) ? roles.map((r): Dim => r.atom).reduce(multiplyDim) : null
}

/** The Gram matrix of one member along the merged axis: einsum letters "ai,aj->ij" over a view that merges the axes of the roles. */
export function jointTerm(member: Member, block: ParameterBlock, parameter: string, coefficient: number): Term {
  const start = startOf(member, block) ?? 0, end = start + member.positions.length
  const sizes = block.axes.map((axis): Dim => axis ?? 1)
  const merged = [...sizes.slice(0, start), sizes.slice(start, end).reduce(multiplyDim), ...sizes.slice(end)]
  const letters = (own: string): string => merged.map((_, i) => (i === start ? own : "abcdefgh"[i])).join("")
  const operand: Operand = { parameter, view: [...block.view, { reshape: merged }] }
  return { coefficient, operands: [operand, operand], einsum: `${letters("i")},${letters("j")}->ij` }
}

/** The first of the roles' axes, where they stand side by side in the order of the roles. */
function startOf({ positions }: Member, { axes }: ParameterBlock): number | null {
  const own = axes.flatMap((size, axis) => (size === null ? [] : [axis])), joined = positions.map((p) => own[p])
  return joined.every((axis, i) => axis === joined[0] + i) ? joined[0] : null
}
