/**
 * @file Symmetry inference on a generic network: lowering, sum facts, visibility, propagation, families. Pure; never throws for a valid graph.
 */
import type { GenericNetwork } from "../axes/generalize"
import { collapseSums, hasSum } from "../axes/tree"
import { sumFacts } from "./facts"
import { findFamilies } from "./families"
import type { Family, Solutions } from "./families"
import { lowerNetwork } from "./lower"
import type { Program, Value } from "./program"
import { propagate } from "./propagate"
import type { Propagation } from "./propagate"
import type { UnknownId } from "./system"
import { makeVisibility } from "./visibility"
import type { Visibility } from "./visibility"

export interface Symmetry {
  readonly network: GenericNetwork
  readonly program: Program
  readonly propagation: Propagation
  readonly visibility: Visibility
  readonly solutions: Solutions
}

export interface Inference {
  readonly symmetry: Symmetry
  /**
   * Shifts along whole axes that the network cuts somewhere (a softmax whose entries are split among experts): the same network with sums taken as
   * one axis, and its shift families that are news. Null where no axis is cut.
   */
  readonly whole: Symmetry | null
}

export function inferSymmetry(network: GenericNetwork): Inference {
  const symmetry = inferOn(network, false)
  if (!network.axes.some((own) => own.some(hasSum))) return { symmetry, whole: null }
  const collapsed = inferOn({ ...network, axes: network.axes.map((own) => own.map(collapseSums)) }, true)
  const named = new Map(symmetry.propagation.unknowns.filter((u) => u.kind === "shift").map((u) => [`${u.value}:${u.word}`, u.id]))
  const blocksOf = new Map<number, Value[]>()
  for (const value of symmetry.program.values)
    if (value.op.kind === "parameter") blocksOf.set(value.op.parameter, [...(blocksOf.get(value.op.parameter) ?? []), value])
  const families = collapsed.solutions.families.filter((f) => f.kind === "shift" && isNews(symmetry, collapsed, f, blocksOf, named))
  return { symmetry, whole: { ...collapsed, solutions: { ...collapsed.solutions, families } } }
}

function inferOn(network: GenericNetwork, shiftsOnly: boolean): Symmetry {
  const { program } = lowerNetwork(network)
  const facts = sumFacts(program)
  const visibility = makeVisibility(program, facts)
  const propagation = propagate(program, facts, visibility, { shiftsOnly })
  return { network, program, propagation, visibility, solutions: findFamilies(program, propagation, visibility) }
}

/**
 * Whether a shift of whole parameters is not already a combination of shifts of their blocks. Shifts that differ along a cut axis are left
 * to the blocks.
 */
function isNews(
  blocks: Symmetry,
  whole: Symmetry,
  family: Family,
  blocksOf: ReadonlyMap<number, readonly Value[]>,
  named: ReadonlyMap<string, UnknownId>,
): boolean {
  const vector = new Map<UnknownId, number>()
  for (const { unknown, weight } of family.members) {
    const own = whole.program.values[unknown.value].op
    if (own.kind !== "parameter") return false
    for (const value of blocksOf.get(own.parameter) ?? []) {
      if (value.op.kind !== "parameter") continue
      let word = ""
      for (const [i, many] of value.op.groups.entries()) {
        const letter = unknown.word[i]
        if (letter !== "1" && many !== 1) return false
        word += letter === "1" ? "1".repeat(many) : letter
      }
      const block = named.get(`${value.id}:${word}`)
      if (block !== undefined) vector.set(block, (vector.get(block) ?? 0) + weight)
    }
  }
  return !blocks.solutions.exact.contains(vector)
}
