/**
 * @file Laws of actions between two blocks: δP = X·Q, δQ = Xᵀ·P conserves Σ X_ij ⟨P_i, Q_j⟩, so the symmetric or antisymmetric part of the cross
 * Gram matrix PᵀQ, minus that of the pair that undoes it. The antisymmetric ones belong to the Hermitian block laws of rotary positions
 * with equal frequencies.
 */
import { addDim, divideDim, multiplyDim, substitutionOf, subtractDim } from "../graph/dim"
import type { Dim, Operand, Term } from "../schema/report"
import { NO_ATOM } from "../symmetry/cross"
import type { CrossFamily } from "../symmetry/cross"
import type { Symmetry } from "../symmetry/infer"
import type { ParameterBlock } from "../symmetry/program"
import { labelOf } from "../symmetry/refusals"
import type { DerivedLaw } from "./law"

/** The law of one family; null where a Gram matrix of few columns would make the count too high. */
export function crossLawOf(symmetry: Symmetry, family: CrossFamily, id: string): DerivedLaw | null {
  const { parameters, nodes } = symmetry.network.graph
  const blockOf = (value: number): ParameterBlock => {
    const { op } = symmetry.program.values[value]
    if (op.kind !== "parameter") throw new Error(`crossLawOf: expected a parameter block, found '${op.kind}'`)
    return op
  }
  if (!hasEnoughColumns(symmetry, family)) return null
  const sign = Math.sign(family.members[0].weight), isOfCells = family.members[0].unknown.position === NO_ATOM
  const terms = family.members.flatMap(({ unknown, weight }): Term[] => {
    const pair = [blockOf(unknown.first), blockOf(unknown.second)]
    const operands = pair.map((block): Operand => ({
      parameter: parameters[block.parameter].id,
      ...(block.view.length === 0 ? {} : { view: block.view }),
    }))
    const [i, j] = ["i", "j"].map((letter, k) => lettersOf(pair[k], unknown.position, letter, k))
    if (isOfCells) return [{ coefficient: sign * weight, operands, einsum: `${i},${j}->` }]
    const straight: Term = { coefficient: sign * weight, operands, einsum: `${i},${j}->ij` }
    if (family.parity === 0) return [straight]
    return [
      straight,
      {
        coefficient: sign * weight * family.parity,
        operands: [...operands].reverse(),
        einsum: `${lettersOf(pair[1], unknown.position, "i", 1)},${lettersOf(pair[0], unknown.position, "j", 0)}->ij`,
      },
    ]
  })
  const [n, m] = family.atoms
  const quantities = isOfCells
    ? 1
    : family.parity === 0 ? multiplyDim(n, m) : half(multiplyDim(n, family.parity === 1 ? addDim(n, 1) : subtractDim(n, 1)))
  return {
    id,
    family: "balance",
    symmetry: { kind: family.parity === -1 ? "rotation" : "GL", sizes: isOfCells ? [2] : family.parity === 0 ? [n, m] : [n] },
    parameters: [...new Set(terms.flatMap((t) => t.operands.map((o) => o.parameter)))],
    type: "quadratic",
    entries: family.parity === 0 || isOfCells ? "all" : family.parity === 1 ? "symmetric" : "off-diagonal",
    quantities,
    index: isOfCells
      ? []
      : [
          { name: "i", size: n },
          { name: "j", size: m },
        ],
    exactness: "exact",
    because: family.meets.map((node) => ({
      text: `${labelOf(
        symmetry,
        symmetry.program.values.find((v) => v.node === node)!,
      )} joins two branches alike: mixing them before is undone behind`,
      ...(nodes[node].at === undefined ? {} : { at: nodes[node].at }),
    })),
    references: [],
    terms,
  }
}

/** Letters of a block's axes: the axis X acts on, shared sums by atom, and own letters for axes of one cell. */
function lettersOf(block: ParameterBlock, position: number, letter: string, copy: number): string {
  let atom = 0,
    unit = 0
  return block.axes
    .map((axis) => {
      if (axis === null) return "uvwxyz"[copy * 3 + unit++]
      const own = atom++
      return own === position ? letter : "abcdefgh"[own]
    })
    .join("")
}

/**
 * Both axes together must not outnumber the columns of all pairs: then every entry of the cross Gram matrix is free. Pairs that share a block, as in
 * (A − B)ᵀ(C − D), may be columns of one product and count once.
 */
function hasEnoughColumns(symmetry: Symmetry, family: CrossFamily): boolean {
  const size = substitutionOf(symmetry.network.declared)
  const apart: { readonly blocks: Set<number>; readonly columns: Dim }[] = []
  for (const { unknown } of family.members) {
    const columns = symmetry.program.values[unknown.first].atoms
      .filter((_, p) => p !== unknown.position)
      .map(size)
      .reduce(multiplyDim, 1)
    const blocks = new Set([unknown.first, unknown.second])
    // Groups that this pair joins become one.
    for (const met of apart.filter((group) => group.blocks.has(unknown.first) || group.blocks.has(unknown.second))) {
      met.blocks.forEach((block) => blocks.add(block))
      apart.splice(apart.indexOf(met), 1)
    }
    apart.push({ blocks, columns })
  }
  const both = addDim(size(family.atoms[0]), size(family.atoms[1])),
    total = apart.map(({ columns }) => columns).reduce(addDim, 0)
  const { position, many } = family.members[0].unknown
  return typeof both === "number" && typeof total === "number" && total >= (position === NO_ATOM ? many : both)
}

const half = (d: Dim): Dim => divideDim(d, 2) ?? multiplyDim(d, "1/2")
