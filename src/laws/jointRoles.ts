/**
 * @file Matrices on several axes at once: a contraction over two axes, "bcd,cde->be", lets GL(c) ⊗ GL(d) act, whose span is the whole GL(c·d) on
 * the pairs of indices. Its law is that of one axis, the two merged.
 */
import { multiplyDim } from "../graph/dim"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import type { Family, Member } from "../symmetry/families"
import type { ParameterBlock } from "../symmetry/program"

/** Size of the merged axis, where the family is all of GL on two or more axes of weights alone; null for every other family. */
export function jointSize(family: Family, blockOf: (member: Member) => ParameterBlock): Dim | null {
  const { roles, members, dependent, kind } = family
  const isWhole = kind === "action" && roles.length > 1 && dependent.length === 0 && roles.every((r) => r.kind === "matrix" && r.full)
  return isWhole && members.every((m) => blockOf(m).offset === 0) ? roles.map((r): Dim => r.atom).reduce(multiplyDim) : null
}

/** The Gram matrix of one member along the merged axis: einsum letters "ai,aj->ij" over a view that merges the axes of the roles. */
export function jointTerm(member: Member, block: ParameterBlock, parameter: string, coefficient: number): Term {
  const { order, isPlain, start } = axisOrder(member, block)
  const sizes = order.map((axis): Dim => block.axes[axis] ?? 1), count = member.positions.length
  const merged = [...sizes.slice(0, start), sizes.slice(start, start + count).reduce(multiplyDim), ...sizes.slice(start + count)]
  const view: readonly ViewStep[] = [...block.view, ...(isPlain ? [] : [{ transpose: order }]), { reshape: merged }]
  const letters = (own: string): string => merged.map((_, i) => (i === start ? own : "abcdefgh"[i])).join("")
  const operand: Operand = { parameter, view }
  return { coefficient, operands: [operand, operand], einsum: `${letters("i")},${letters("j")}->ij` }
}

/** Axes of the block with those of the roles side by side, in their order: as they are where they stand so, else in front. */
function axisOrder({ positions }: Member, { axes }: ParameterBlock): { order: readonly number[]; isPlain: boolean; start: number } {
  const own = axes.flatMap((size, axis) => (size === null ? [] : [axis])), joined = positions.map((p) => own[p])
  if (joined.every((axis, i) => axis === joined[0] + i)) return { order: axes.map((_, i) => i), isPlain: true, start: joined[0] }
  return { order: [...joined, ...axes.map((_, i) => i).filter((axis) => !joined.includes(axis))], isPlain: false, start: 0 }
}
