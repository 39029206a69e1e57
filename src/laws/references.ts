/**
 * @file Where a law is proved or first stated, by what the family is and what it runs through.
 */
import type { NodeId } from "../graph/graph"
import type { EquationIndex } from "../symmetry/equations"
import type { Family, Member } from "../symmetry/families"
import type { Symmetry } from "../symmetry/infer"
import { unknownsOf } from "../symmetry/system"
import { attends, isGated, isRotated, meetingOf, mixtureAround, mixturesIn } from "./surroundings"
import type { Mixture } from "./surroundings"

const D18 = "Du, Hu, Lee 2018, Algorithmic Regularization in Learning Deep Homogeneous Models"
const K21 = "Kunin et al. 2021, Neural Mechanics, arXiv:2012.04728"
const M23 = "Marcotte, Gribonval, Peyré 2023, Abide by the Law and Follow the Flow, arXiv:2307.00144"
const theorem = (number: string): string =>
  `Tran et al. 2026, Conservation Laws for Modern Neural Architectures, arXiv:2606.17816, Theorem ${number}`

export function referencesOf(symmetry: Symmetry, index: EquationIndex, family: Family): string[] {
  if (family.kind === "mixed") return []
  if (family.kind === "shift") return shiftReferences(symmetry, index, family)
  const { graph } = symmetry.network
  const meets = meetingNodes(symmetry, index, family)
  const matrix = family.roles.some((r) => r.kind === "matrix")
  const scores = meets.filter((id) => attends(graph, id))
  if (scores.length > 0) return !matrix && scores.some((id) => isRotated(graph, id)) ? [theorem("4.4")] : [theorem("4.3"), M23]
  const gated = meets.find((id) => isGated(graph, id))
  if (gated !== undefined && !matrix) {
    const mixture = mixtureAround(graph, gated)
    return [theorem("4.2"), ...(mixture === null ? [] : mixtureReferences(mixture))]
  }
  if (matrix) return [M23]
  const signs = new Set(family.members.map((m) => Math.sign(m.weight)))
  return signs.size > 1 ? [D18, M23] : [K21]
}

function shiftReferences(symmetry: Symmetry, index: EquationIndex, { members, noGradient }: Family): string[] {
  // Members of several parameters exchange; those of one are its columns, which several experts read.
  if (noGradient || new Set(members.map((m) => nodeOf(symmetry, m))).size > 1) return []
  const mixtures = mixturesIn(symmetry.network.graph)
  if (mixtures.size === 0) return [K21]
  const [{ unknown }] = members
  const forgetful =
    members.length > 1 ? index.of(unknown.id).map((e) => e.value) : symmetry.visibility.absorbers(unknown.value, unknown.word.replaceAll("1", "C"))
  for (const id of forgetful) {
    const mixture = mixtures.get(symmetry.program.values[id].node)
    if (mixture !== undefined) return [...mixtureReferences(mixture), K21]
  }
  return [K21]
}

/** The paper's sparse gates choose more than one expert. */
const mixtureReferences = ({ chosen }: Mixture): string[] => (chosen === null ? [theorem("4.5")] : chosen > 1 ? [theorem("4.6")] : [])

/** Contractions in which members undo each other; for factors that pass every contraction, the first in which two sides meet. */
function meetingNodes(symmetry: Symmetry, index: EquationIndex, { members }: Family): readonly NodeId[] {
  const own = new Set(members.map((m) => m.unknown.id))
  const values = [...own]
    .flatMap((u) => index.of(u))
    .filter((e) => e.why === "meets" && unknownsOf(e.expression).filter((u) => own.has(u)).length > 1)
    .map((e) => e.value)
  if (values.length > 0) return [...new Set(values)].map((v) => symmetry.program.values[v].node)
  const side = (sign: number): ReadonlySet<NodeId> =>
    new Set(members.filter(({ weight }) => Math.sign(weight) === sign).flatMap((member) => nodeOf(symmetry, member) ?? []))
  const found = meetingOf(symmetry.network.graph, side(1), side(-1))
  return found === null ? [] : [found]
}

function nodeOf(symmetry: Symmetry, { unknown }: Member): NodeId | null {
  const { op } = symmetry.program.values[unknown.value]
  return op.kind === "parameter" ? symmetry.network.graph.parameters[op.parameter].node : null
}
