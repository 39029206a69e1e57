/**
 * @file Symmetry inference on a generic network: lowering, sum facts, visibility, propagation, families. Pure; never throws for a valid graph.
 */
import type { GenericNetwork } from "../axes/generalize"
import { collapseSums, hasSum } from "../axes/tree"
import { addDim, multiplyDim, subtractDim } from "../graph/dim"
import type { Dim } from "../schema/report"
import { sumFacts } from "./facts"
import { findFamilies } from "./families"
import type { Family, Member, Solutions } from "./families"
import { lowerNetwork } from "./lower"
import type { Program, Value } from "./program"
import { propagate } from "./propagate"
import type { Propagation } from "./propagate"
import { LinearSystem, sumOf } from "./system"
import type { Expression, UnknownId } from "./system"
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
 * left. Where entries of an axis that is cut may differ, its pieces shift apart and are asked for one by one.
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
  // Demanding a residual to be zero puts it into the span that later ones are reduced by.
  const isNews = (vector: Expression): boolean => known.demandZero(blocks.solutions.exact.residual(vector))
  const cut = family.roles.flatMap((_, r) => (family.members.some((m) => isCutAlong(blocks, whole, m, r)) ? [r] : []))
  if (cut.length > 0) return cut.length === 1 ? newsOfPieces(whole, family, cut[0], blocksOf, named, isNews) : null
  const dependent: string[] = []
  const words = wordsOf(family)
  for (const letters of words) {
    const vector = blockVector(whole, family, letters, blocksOf, named)
    if (vector === null) return null
    if (family.dependent.includes(letters) || !isNews(vector)) dependent.push(letters)
  }
  return dependent.length === words.length ? null : { ...family, dependent }
}

function wordsOf(family: Family): readonly string[] {
  return family.roles.reduce((words: readonly string[], role) => words.flatMap((w) => (role.full ? [`${w}D`, `${w}1`] : [`${w}D`])), [""])
}

/** Whether the axis of the parameter that role r acts on is cut into pieces in the network of blocks. */
function isCutAlong(blocks: Symmetry, whole: Symmetry, member: Member, r: number): boolean {
  const { op } = whole.program.values[member.unknown.value]
  if (op.kind !== "parameter") return false
  const node = blocks.network.graph.parameters[op.parameter].node
  if (node === null) return false
  // One group a factor: a product of whole axes is the same product in both networks.
  const factors = blocks.network.axes[node].flatMap((tree) => (tree.kind === "product" ? tree.parts : [tree]))
  return op.groups.length === factors.length ? hasSum(factors[axisAt(op.groups, member.positions[r])]) : factors.some(hasSum)
}

/** The factor whose atoms include the one at this position. */
function axisAt(groups: readonly number[], position: number): number {
  let end = 0
  return groups.findIndex((many) => (end += many) > position)
}

/** News of a family whose role r acts on an axis cut into the same pieces for every member: each shifts by itself, all entries free. */
function newsOfPieces(
  whole: Symmetry,
  family: Family,
  r: number,
  blocksOf: ReadonlyMap<number, readonly Value[]>,
  named: ReadonlyMap<string, UnknownId>,
  isNews: (vector: Expression) => boolean,
): Family | null {
  if (!family.roles[r].full || family.dependent.length > 0) return null
  const pieces = family.members.map(({ unknown }) => {
    const { op } = whole.program.values[unknown.value]
    return op.kind === "parameter" ? (blocksOf.get(op.parameter) ?? []) : []
  })
  // Blocks that are one slice of the parameter; cuts along other axes or behind a reshape are left alone.
  const ranges = pieces.map((own) => own.map(rangeOf))
  if (ranges[0].length < 2 || ranges.some((own) => own.includes(null) || own.join() !== ranges[0].join())) return null
  const words = wordsOf(family)
  let overlap: Dim = 0
  let some = false
  for (const [i, { atoms }] of pieces[0].entries()) {
    for (const letters of words) {
      const own = new Map([...blocksOf].map(([parameter, list]): [number, readonly Value[]] => [parameter, list.slice(i, i + 1)]))
      const vector = blockVector(whole, family, letters, own, named)
      if (vector === null) return null
      if (isNews(vector)) some = true
      else overlap = addDim(overlap, [...letters].map((letter, j) => many(letter, atoms[family.members[0].positions[j]])).reduce(multiplyDim, 1))
    }
  }
  return some ? { ...family, overlap } : null
}

/** From where to where a block lies in its parameter, if it is a slice along one axis and nothing else. */
function rangeOf({ op }: Value): string | null {
  const [step, ...others] = op.kind === "parameter" ? op.view : []
  return step !== undefined && "slice" in step && others.length === 0 ? `${step.slice[1]}:${step.slice[2]}` : null
}

/** Dimension of the shifts of one letter: all equal, or those that sum to zero. */
const many = (letter: string, atom: string): Dim => (letter === "1" ? 1 : subtractDim(atom, 1))

/** The shift of whole parameters as a vector of the blocks' unknowns; null where it differs along an axis that is cut. */
function blockVector(
  whole: Symmetry,
  family: Family,
  letters: string,
  blocksOf: ReadonlyMap<number, readonly Value[]>,
  named: ReadonlyMap<string, UnknownId>,
): Expression | null {
  const vector: number[] = []
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
      if (block !== undefined) vector.push(block, weight)
    }
  }
  return sumOf(vector)
}
