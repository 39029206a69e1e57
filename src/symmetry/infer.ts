/**
 * @file Symmetry inference on a generic network: lowering, sum facts, visibility, propagation, families. Pure; never throws for a valid graph.
 */
import type { GenericNetwork } from "../axes/generalize"
import { collapseSums } from "../axes/tree"
import { sumFacts } from "./facts"
import { findFamilies } from "./families"
import type { Family, Solutions } from "./families"
import { lowerNetwork } from "./lower"
import type { Program, Value } from "./program"
import { propagate } from "./propagate"
import type { Propagation } from "./propagate"
import { LinearSystem } from "./system"
import type { UnknownId } from "./system"
import { makeVisibility } from "./visibility"
import type { Visibility } from "./visibility"
import { wholeAxesMatter } from "./whole"

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
   * one axis, and its shift families that are news. Null where there can be none.
   */
  readonly whole: Symmetry | null
}

export function inferSymmetry(network: GenericNetwork): Inference {
  const symmetry = inferOn(network, false)
  if (!wholeAxesMatter(network, symmetry.program)) return { symmetry, whole: null }
  const whole = inferWhole(network, symmetry),
    still = stillParameters(whole)
  if (still.size === 0) return { symmetry, whole }
  // What is known to stay by itself makes no laws with what moves.
  const { program, propagation, visibility } = symmetry
  return { symmetry: { ...symmetry, solutions: findFamilies(program, propagation, visibility, still) }, whole }
}

/** Parameters that have no gradient, which only the network of whole axes could tell. */
function stillParameters({ program, solutions }: Symmetry): ReadonlySet<number> {
  return new Set(
    solutions.families.flatMap((f) => {
      const { op } = program.values[f.members[0].unknown.value]
      return f.noGradient && op.kind === "parameter" ? [op.parameter] : []
    }),
  )
}

/** The network with sums taken as one axis, and its shift families as far as `symmetry` lacks them. */
export function inferWhole(network: GenericNetwork, symmetry: Symmetry): Symmetry {
  const collapsed = inferOn({ ...network, axes: network.axes.map((own) => own.map(collapseSums)) }, true)
  const named = new Map(symmetry.propagation.unknowns.filter((u) => u.kind === "shift").map((u) => [`${u.value}:${u.word}`, u.id]))
  const blocksOf = new Map<number, Value[]>()
  for (const value of symmetry.program.values)
    if (value.op.kind === "parameter") blocksOf.set(value.op.parameter, [...(blocksOf.get(value.op.parameter) ?? []), value])
  const known = new LinearSystem()
  const families = collapsed.solutions.families.flatMap((f) => newsOf(symmetry, collapsed, f, blocksOf, named, known) ?? [])
  return { ...collapsed, solutions: { ...collapsed.solutions, families } }
}

function inferOn(network: GenericNetwork, shiftsOnly: boolean): Symmetry {
  const { program } = lowerNetwork(network)
  const facts = sumFacts(program)
  const visibility = makeVisibility(program, facts)
  const propagation = propagate(program, facts, visibility, { shiftsOnly })
  return { network, program, propagation, visibility, solutions: findFamilies(program, propagation, visibility) }
}

/**
 * A family of whole shifts as far as it is no combination of shifts of the parameters' blocks and of families before it; null where nothing is
 * left. Shifts that differ along a cut axis are left to the blocks.
 */
function newsOf(
  blocks: Symmetry,
  whole: Symmetry,
  family: Family,
  blocksOf: ReadonlyMap<number, readonly Value[]>,
  named: ReadonlyMap<string, UnknownId>,
  known: LinearSystem,
): Family | null {
  if (family.kind !== "shift") return null
  let words = [""]
  for (const role of family.roles) words = words.flatMap((w) => (role.full ? [`${w}D`, `${w}1`] : [`${w}D`]))
  const dependent: string[] = []
  for (const letters of words) {
    const vector = blockVector(whole, family, letters, blocksOf, named)
    if (vector === null) return null
    // Demanding a residual to be zero puts it into the span that later ones are reduced by.
    if (family.dependent.includes(letters) || !known.demandZero(blocks.solutions.exact.residual(vector))) dependent.push(letters)
  }
  return dependent.length === words.length ? null : { ...family, dependent }
}

/** The shift of whole parameters as a vector of the blocks' unknowns; null where it differs along an axis that is cut. */
function blockVector(
  whole: Symmetry,
  family: Family,
  letters: string,
  blocksOf: ReadonlyMap<number, readonly Value[]>,
  named: ReadonlyMap<string, UnknownId>,
): Map<UnknownId, number> | null {
  const vector = new Map<UnknownId, number>()
  for (const { unknown, weight, positions } of family.members) {
    const own = whole.program.values[unknown.value].op
    if (own.kind !== "parameter") return null
    const wholeWord = [...unknown.word].map((letter, p) => (positions.includes(p) ? (letters[positions.indexOf(p)] === "D" ? "Z" : "1") : letter))
    for (const value of blocksOf.get(own.parameter) ?? []) {
      if (value.op.kind !== "parameter") continue
      let word = "",
        at = 0
      for (const [i, many] of value.op.groups.entries()) {
        // Axes of one cell have no letter.
        const letter = own.groups[i] === 0 ? "1" : wholeWord[at++]
        if (letter !== "1" && many !== 1) return null
        word += letter === "1" ? "1".repeat(many) : letter
      }
      const block = named.get(`${value.id}:${word}`)
      if (block !== undefined) vector.set(block, (vector.get(block) ?? 0) + weight)
    }
  }
  return vector
}
