/**
 * @file Solves the system of unknown words and sorts its solutions into families: a matrix solution with all its diagonal and scalar
 * downgrades is one symmetry GL(n), a diagonal with its scalar is diag(n), and so on. A family is a list of members: which block of which
 * parameter is acted on, with which weight, along which atoms.
 */
import type { Dim } from "../schema/report"
import type { Program, ValueId } from "./program"
import type { Equation, Propagation, Unknown } from "./propagate"
import { makeSolutionSpace } from "./solution"
import type { SolutionSpace } from "./solution"
import { isZero, LinearSystem, sumOf, termCount, unknownsOf } from "./system"
import type { Expression } from "./system"
import type { Visibility } from "./visibility"

/** Along one index of the family: a symmetric matrix, a diagonal (for shifts: a vector), or the matrix of ones. */
export interface Role {
  readonly kind: "matrix" | "diagonal" | "ones"
  /** Size name of the atom. */
  readonly atom: string
  /** Whether the part that is the same along this index belongs to the family too; if not, only differences (or off-diagonals) do. */
  readonly full: boolean
}

export interface Member {
  readonly unknown: Unknown
  readonly weight: number
  /** For every role the position of its atom in the block. */
  readonly positions: readonly number[]
}

export interface Family {
  readonly kind: "action" | "shift" | "mixed"
  readonly members: readonly Member[]
  readonly roles: readonly Role[]
  readonly exactness: "exact" | "approximate"
  /** Words (as letter strings over the roles) that add nothing: they were in the span of earlier families. */
  readonly dependent: readonly string[]
  /** How many quantities are combinations of earlier ones beyond those words: shifts of pieces of an axis that blocks know already. */
  readonly overlap?: Dim
  /** Every perturbation of the one block is invisible. */
  readonly noGradient: boolean
}

export interface Solutions {
  readonly families: readonly Family[]
  readonly exact: SolutionSpace
  readonly approximateCauses: readonly Equation[]
}

type Vector = Expression

/** @param still parameters that are known to have no gradient, besides those that `visibility` tells. */
export function findFamilies(
  program: Program,
  propagation: Propagation,
  visibility: Visibility,
  still: ReadonlySet<number> = new Set(),
): Solutions {
  const exactSystem = new LinearSystem(propagation.system)
  for (const { expression } of propagation.approximate) exactSystem.demandZero(expression)
  const exact = makeSolutionSpace(exactSystem.solve())
  const finder = new FamilyFinder(program, propagation, visibility, still, exact)
  finder.collect(exact, "exact")
  if (propagation.approximate.length > 0) finder.collect(makeSolutionSpace(propagation.system.solve()), "approximate")
  return { families: finder.families, exact, approximateCauses: propagation.approximate }
}

class FamilyFinder {
  readonly families: Family[] = []
  private readonly used = new LinearSystem()
  /** Unknowns that are known to be trivial, see `findTrivial`. */
  private readonly trivial: boolean[] = []

  constructor(
    private readonly program: Program,
    private readonly propagation: Propagation,
    private readonly visibility: Visibility,
    private readonly still: ReadonlySet<number>,
    exact: SolutionSpace,
  ) {
    // Laws are counted up to what shift laws say already: that parameters without gradient stay.
    this.findTrivial(exact)
    for (let id = 0; id < this.trivial.length; id++) if (this.trivial[id]) this.use([id, 1])
  }

  collect(solution: SolutionSpace, exactness: Family["exactness"]): void {
    const candidates: Candidate[] = []
    const { unknowns } = this.propagation
    for (let id = 0; id < unknowns.length; id++) {
      if (!solution.isFree(id)) continue
      const vector: Vector = [id, 1, ...solution.moves(id)]
      // What is used stays used. Nearly all that is exact comes again among what is nearly so.
      if (exactness === "approximate" && this.isUsed(vector)) continue
      let actions = 0,
        trivial = 0,
        first = id
      for (let i = 0; i < vector.length; i += 2) {
        if (unknowns[vector[i]].kind === "action") actions++
        if (this.trivial[vector[i]]) trivial++
        if (vector[i] < first) first = vector[i]
      }
      // What acts on parameters without gradient alone is no symmetry of anything.
      if (actions > 0 && trivial === termCount(vector)) continue
      candidates.push({ vector, first, ...countLetters(unknowns[id].word) })
    }
    for (const { vector } of candidates.sort(compareCandidates)) this.emit(vector, solution, exactness)
  }

  /** Actions that move their parameter where nobody sees it, so that they say nothing that shift laws do not. */
  private findTrivial(exact: SolutionSpace): void {
    // Whether every shift of a block is a symmetry: its entries stay, each by itself.
    const stays = new Map<ValueId, boolean>()
    for (const u of this.propagation.unknowns)
      if (u.kind === "shift" && stays.get(u.value) !== false) stays.set(u.value, exact.contains([u.id, 1]))
    let value = -1,
      isStill = false,
      isUnseen = false
    for (const u of this.propagation.unknowns) {
      if (u.kind !== "action") continue
      if (u.value !== value) {
        const { op } = this.program.values[u.value]
        value = u.value
        isStill = stays.get(value) === true || (op.kind === "parameter" && this.still.has(op.parameter))
        isUnseen = !isStill && this.visibility.invisible(value, "A".repeat(u.word.length))
      }
      // All words but those of ones ask the same.
      const ones = isStill ? -1 : u.word.indexOf("J")
      this.trivial[u.id] =
        isStill ||
        (ones < 0 ? isUnseen : this.visibility.invisible(value, "A".repeat(ones) + "C" + "A".repeat(u.word.length - ones - 1)))
    }
  }

  private emit(vector: Vector, solution: SolutionSpace, exactness: Family["exactness"]): void {
    if (this.isUsed(vector)) return
    const found = this.rolesOf(vector)
    if (found === null) return
    const { members, roles } = found
    const letters = roles.map((r) => (r.kind === "matrix" ? "M" : r.kind === "ones" ? "J" : "D"))
    // Downgrade one role at a time to learn which roles are full, then take all combinations.
    const full = roles.map((_, i) =>
      letters[i] === "J"
        ? false
        : choicesOf(letters[i])
            .slice(1)
            .every((lower) => {
              const word = letters.map((l, k) => (k === i ? lower : l))
              return solution.contains(this.vectorOf(members, word))
            }),
    )
    let words: string[][] = [[]]
    letters.forEach((l, i) => {
      words = words.flatMap((w) => (full[i] ? choicesOf(l) : [l]).map((c) => [...w, c]))
    })
    const own = words.map((w) => ({ word: w.join(""), vector: this.vectorOf(members, w) })).filter(({ vector: v }) => solution.contains(v))
    const complete = own.length === words.length
    const dependent: string[] = []
    for (const { word, vector: v } of complete ? own : [{ word: letters.join(""), vector }]) {
      if (isZero(v) || this.isUsed(v)) dependent.push(word)
      else this.use(v)
    }
    // The matrix of ones is a symmetric matrix too.
    letters.forEach((letter, i) => {
      const ones = this.vectorOf(
        members,
        letters.map((_, k) => (k === i ? "J" : "1")),
      )
      if (letter === "M" && complete && solution.contains(ones)) this.use(ones)
    })
    const kinds = new Set(members.map((m) => m.unknown.kind))
    this.families.push({
      kind: kinds.size > 1 ? "mixed" : members[0].unknown.kind,
      members,
      exactness,
      dependent,
      roles: roles.map((r, i) => ({ ...r, full: complete && full[i] })),
      noGradient:
        members.length === 1 &&
        members[0].unknown.kind === "shift" &&
        this.visibility.invisible(members[0].unknown.value, "A".repeat(members[0].unknown.word.length)),
    })
  }

  /** Members with atoms matched role by role: same letter and same size. Null where two roles cannot be told apart. */
  private rolesOf(vector: Vector): { members: Member[]; roles: Omit<Role, "full">[] } | null {
    let roles: { kind: Role["kind"]; atom: string }[] | null = null
    const members: Member[] = []
    const terms = unknownsOf(vector).map((id, i) => ({ id, c: vector[2 * i + 1] }))
    const smallest = Math.min(...terms.map(({ c }) => Math.abs(c)))
    for (const { id, c } of terms.sort((a, b) => a.id - b.id)) {
      const unknown = this.propagation.unknowns[id],
        value = this.program.values[unknown.value]
      const own = lettersOf(unknown.word, value.atoms)
      // Two roles that cannot be told apart are told by their order, where one block acts alone and is nowhere read transposed.
      const twins = own.filter((o) => own.some((other) => other !== o && other.kind === o.kind && other.atom === o.atom)).map((o) => o.position)
      if (twins.length > 0 && termCount(vector) > 1 && !this.areStraight(terms.map((t) => this.propagation.unknowns[t.id]), twins)) return null
      const isUnseen = (): boolean => unknown.kind === "shift" && this.visibility.invisible(unknown.value, "A".repeat(unknown.word.length))
      if (twins.length > 0 && !isUnseen() && meetsTransposed(this.program, [unknown.value], twins)) return null
      roles ??= own.map(({ kind, atom }) => ({ kind, atom }))
      if (own.length !== roles.length || own.some((o, i) => o.kind !== roles![i].kind || o.atom !== roles![i].atom)) return null
      members.push({ unknown, weight: nearInteger(c / smallest), positions: own.map((o) => o.position) })
    }
    if (roles === null) return null
    // Diagonal roles first: they index copies of the matrix.
    const order = roles
      .map((_, i) => i)
      .sort(
        (a, b) => Number(roles![a].kind === "matrix") - Number(roles![b].kind === "matrix") || members[0].positions[a] - members[0].positions[b],
      )
    return { roles: order.map((i) => roles![i]), members: members.map((m) => ({ ...m, positions: order.map((i) => m.positions[i]) })) }
  }

  /** Whether shifts of several blocks are of one word and one shape, and meet nowhere with these atoms exchanged: order tells their roles apart. */
  private areStraight(unknowns: readonly Unknown[], twins: readonly number[]): boolean {
    const [{ word, value }] = unknowns, atoms = this.program.values[value].atoms.join()
    return (
      unknowns.every((u) => u.kind === "shift" && u.word === word && this.program.values[u.value].atoms.join() === atoms) &&
      !meetsTransposed(this.program, unknowns.map((u) => u.value), twins)
    )
  }

  /** The vector with other letters at its roles. */
  private vectorOf(members: readonly Member[], letters: readonly string[]): Vector {
    const vector: number[] = []
    for (const { unknown, weight, positions } of members) {
      let word = ""
      for (let p = 0; p < unknown.word.length; p++) {
        const role = positions.indexOf(p)
        word += role < 0 ? unknown.word[p] : unknown.kind === "shift" && letters[role] === "D" ? "Z" : letters[role]
      }
      const other = this.propagation.unknownOf(unknown.value, unknown.kind, word)
      if (other !== undefined) vector.push(other.id, weight)
    }
    return sumOf(vector)
  }

  private isUsed(vector: Vector): boolean {
    return isZero(this.used.reduce(vector))
  }

  /** Adds a vector to the span: its reduced form, set to zero, makes later combinations reduce to zero. */
  private use(vector: Vector): void {
    this.used.demandZero(vector)
  }
}

/** A solution, and what says when its turn is: many letters first, matrices before diagonals before ones, few members, early ones. */
interface Candidate {
  readonly vector: Vector
  readonly letters: number
  readonly matrices: number
  readonly ones: number
  /** The first of its unknowns. */
  readonly first: number
}

function countLetters(word: string): Pick<Candidate, "letters" | "matrices" | "ones"> {
  let letters = 0,
    matrices = 0,
    ones = 0
  for (let i = 0; i < word.length; i++) {
    if (word[i] !== "1") letters++
    if (word[i] === "M") matrices++
    else if (word[i] === "J") ones++
  }
  return { letters, matrices, ones }
}

const compareCandidates = (a: Candidate, b: Candidate): number =>
  b.letters - a.letters || b.matrices - a.matrices || a.ones - b.ones || a.vector.length - b.vector.length || a.first - b.first

interface Letter {
  readonly kind: Role["kind"]
  readonly atom: string
  readonly position: number
}

/** The letters of a word that act, in an order that positions decide last. */
function lettersOf(word: string, atoms: readonly string[]): readonly Letter[] {
  const letters: Letter[] = []
  for (let position = 0; position < word.length; position++) {
    const letter = word[position]
    if (letter === "1") continue
    letters.push({ kind: letter === "M" ? "matrix" : letter === "J" ? "ones" : "diagonal", atom: atoms[position], position })
  }
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return letters.length < 2 ? letters : letters.sort((a, b) => compare(a.kind, b.kind) || compare(a.atom, b.atom) || a.position - b.position)
}

/** Whether some operation reads values both as they are and with some of these atoms exchanged. */
function meetsTransposed(program: Program, ids: readonly ValueId[], atoms: readonly number[]): boolean {
  /** Positions of the atoms, wherever all of them arrive. */
  const places = new Map<ValueId, readonly (readonly number[])[]>(ids.map((id) => [id, [atoms]]))
  for (const value of program.values) {
    const orders = new Map<string, string>(),
      kept = new Map<string, readonly number[]>()
    for (const use of value.uses)
      for (const place of places.get(use.value) ?? []) {
        const labels = place.map((position) => use.labels[position]),
          set = [...labels].sort((a, b) => a - b).join()
        if ((orders.get(set) ?? labels.join()) !== labels.join()) return true
        orders.set(set, labels.join())
        const out = labels.map((l) => value.labels.indexOf(l))
        if (!out.includes(-1)) kept.set(out.join(), out)
      }
    if (kept.size > 0) places.set(value.id, [...kept.values()])
  }
  return false
}

const choicesOf = (letter: string): string[] => (letter === "M" ? ["M", "D", "1"] : letter === "D" ? ["D", "1"] : [letter])
const nearInteger = (x: number): number => (Math.abs(x - Math.round(x)) < 1e-9 ? Math.round(x) : x)
