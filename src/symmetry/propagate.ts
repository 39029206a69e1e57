/**
 * @file Forward pass: every value carries an infinitesimal action, as linear expressions in parameter unknowns, one per word; every operation relates
 * the words of its operands and result or sets them to zero. A word has one letter an atom:
 * 1 the same along it, D a zero-sum diagonal, M a symmetric off-diagonal matrix, J the matrix of ones. Shifts (perturbations without data)
 * travel beside, with letters 1 constant and Z zero-sum; exp and log exchange the two. Unknown code stops everything: soundness first.
 */
import { moveCarried, parallelReaders, startCarried, stateOfCarried, wordOfCarried } from "./carried"
import type { ParallelReaders } from "./carried"
import { factLabels } from "./facts"
import type { SumFacts } from "./facts"
import { differentiatedValues } from "./program"
import type { Program, Use, Value, ValueId } from "./program"
import { addScaled, emptyExpression, isZero, LinearSystem, scaled } from "./system"
import type { Expression, UnknownId } from "./system"
import { actsOn, haveSameLabels, isDiagonal, lettersAt, wordsOf } from "./words"
import type { WordKind } from "./words"
import type { State } from "./states"
import type { Visibility } from "./visibility"

export interface Unknown {
  readonly id: UnknownId
  readonly value: ValueId
  readonly kind: WordKind
  readonly word: string
}

/** One equation and the operation that asks for it. */
export interface Equation {
  readonly expression: Expression
  readonly value: ValueId
  readonly why: "meets" | "equal" | "kills" | "output" | "approximate"
}

/** A word that a norm forgets; `isConstant` where it adds a constant along the axis rather than scaling it. */
export interface Absorbed {
  readonly expression: Expression
  readonly value: ValueId
  readonly isConstant?: true
}

export interface Propagation {
  readonly unknowns: readonly Unknown[]
  readonly unknownOf: (value: ValueId, kind: WordKind, word: string) => Unknown | undefined
  readonly equations: readonly Equation[]
  /** Words that a norm forgets: what makes room for norm laws. */
  readonly absorbed: readonly Absorbed[]
  /** Unknowns that only ε in a norm breaks. */
  readonly approximate: readonly Equation[]
  readonly system: LinearSystem
}

type Words = Map<string, Expression>

/**
 * The largest ε under which a norm of inputs with variance about one counts as nearly blind to scale. x/√(1 + ‖x‖²) has the form of a norm and is
 * none: nothing about it is nearly conserved.
 */
export const LARGEST_EPSILON = 0.01

export function propagate(
  program: Program,
  facts: readonly SumFacts[],
  visibility: Visibility,
  options: { readonly shiftsOnly: boolean } = { shiftsOnly: false },
): Propagation {
  return new Propagator(program, facts, visibility, options.shiftsOnly).run()
}

class Propagator {
  private readonly unknowns: Unknown[] = []
  /** The first unknown of each value; the others follow in the order of the words. */
  private readonly firsts: { readonly [K in WordKind]: Map<ValueId, UnknownId> } = { action: new Map(), shift: new Map() }
  private readonly equations: Equation[] = []
  private readonly approximate: Equation[] = []
  private readonly absorbed: Absorbed[] = []
  private readonly system = new LinearSystem()
  private readonly actions: Words[] = []
  private readonly shifts: Words[] = []
  /** Shifts of weights behind what they are read with, by what carries them. */
  private readonly carried: Words[] = []
  private readonly parallel: ParallelReaders
  /** Values something reads: a block nobody reads has no gradient, which its shifts say. */
  private readonly read: ReadonlySet<ValueId>
  private readonly states = new Map<string, State>()

  constructor(
    private readonly program: Program,
    private readonly facts: readonly SumFacts[],
    private readonly visibility: Visibility,
    private readonly shiftsOnly: boolean,
  ) {
    const read = new Set(program.outputs)
    for (const { uses } of program.values) for (const use of uses) read.add(use.value)
    this.read = read
    this.parallel = parallelReaders(program)
  }

  run(): Propagation {
    const outputs = new Set(this.program.outputs),
      differentiated = differentiatedValues(this.program)
    for (const value of this.program.values) {
      this.actions.push(new Map())
      this.shifts.push(new Map())
      if (this.parallel.some) this.carried.push(new Map())
      if (value.op.kind !== "parameter" && !differentiated.has(value.id)) continue
      this.act(value)
      this.shift(value)
      if (!outputs.has(value.id)) continue
      for (const e of this.actions[value.id].values()) this.zero(e, value.id, "output")
      for (const e of this.shifts[value.id].values()) this.zero(e, value.id, "output")
      this.carried.at(value.id)?.forEach((e) => this.zero(e, value.id, "output"))
    }
    const { unknowns, equations, absorbed, approximate, system } = this
    return { unknowns, unknownOf: (value, kind, word) => this.unknownOf(value, kind, word), equations, absorbed, approximate, system }
  }

  private zero(expression: Expression, value: ValueId, why: Equation["why"]): void {
    if (isZero(expression)) return
    this.equations.push({ expression, value, why })
    this.system.demandZero(expression)
  }

  /** Gives a value an unknown for each word. */
  private introduce(value: Value, kind: WordKind, into: Words): void {
    this.firsts[kind].set(value.id, this.unknowns.length)
    for (const word of wordsOf(kind, value.atoms.length).list) {
      const id = this.unknowns.length
      this.unknowns.push({ id, value: value.id, kind, word })
      into.set(word, [id, 1])
    }
  }

  private unknownOf(value: ValueId, kind: WordKind, word: string): Unknown | undefined {
    const first = this.firsts[kind].get(value)
    const place = first === undefined ? undefined : wordsOf(kind, this.program.values[value].atoms.length).places.get(word)
    return place === undefined ? undefined : this.unknowns[first! + place]
  }

  private put(words: Words, word: string, e: Expression): void {
    const known = words.get(word),
      sum = known === undefined ? e : addScaled(known, e, 1)
    if (isZero(sum)) words.delete(word)
    else words.set(word, sum)
  }

  /** Word of an operand in the letters of the result; atoms the operand lacks get 1. Null when it acts on an atom the result lacks. */
  private carry(use: Use, word: string, to: readonly number[]): string | null {
    for (let i = 0; i < word.length; i++) if (word[i] !== "1" && !to.includes(use.labels[i])) return null
    return haveSameLabels(use.labels, to) ? word : lettersAt(use, word, to)
  }

  // ---- actions ----

  private act(value: Value): void {
    const { op, uses } = value
    const out = this.actions[value.id]
    const each = (visit: (use: Use, word: string, e: Expression, index: number) => void, list: readonly Use[] = uses): void =>
      list.forEach((use, i) => this.actions[use.value].forEach((e, word) => visit(use, word, e, i)))
    switch (op.kind) {
      case "parameter":
        if (this.shiftsOnly || !this.read.has(value.id)) return
        return this.introduce(value, "action", out)
      case "data":
      case "fill":
      case "still":
        return
      case "opaque":
        return each((_use, _word, e) => this.zero(e, value.id, "kills"))
      case "contract":
      case "convolve":
        return this.contract(value)
      case "sum":
        return this.equate(value, uses, () => true)
      case "choose":
        return this.equate(value, op.conditional ? uses.slice(0, -1) : uses, (word) => !op.masked && isDiagonal(word))
      case "map":
        return each((use, word, e) => {
          if (op.slope !== null || (op.degree !== null && isDiagonal(word)))
            this.put(out, this.carry(use, word, value.labels)!, scaled(e, op.slope !== null ? 1 : op.degree!))
          else if (op.exchange === "log" && isDiagonal(word)) this.put(this.shifts[value.id], word.replaceAll("D", "Z"), e)
          else this.zero(e, value.id, "kills")
        })
      case "normalize":
        return this.normalize(value)
      // Blind to J along its axis as a norm is; other words on the axis do not commute with taking the mean off.
      case "center":
        return each((use, word, e) => {
          if (this.isOnesOver(use, word, op.over)) return
          const passes = !actsOn(use, word, op.over) && (op.by === "mean" || isDiagonal(word))
          if (!passes) this.zero(e, value.id, "kills")
          else this.put(out, this.carry(use, word, value.labels)!, e)
        })
      case "reduce":
        return each((use, word, e) => {
          // Factors whose product is one: the zero-sum diagonals.
          if (op.fn === "product" && isDiagonal(word) && actsOn(use, word, op.over)) return
          const passes =
            !actsOn(use, word, op.over) && (op.fn === "sum" || op.fn === "mean" || (op.fn === "max" && isDiagonal(word)))
          const carried = passes ? this.carry(use, word, value.labels) : null
          if (carried === null) this.zero(e, value.id, "kills")
          else this.put(out, carried, e)
        })
      case "mix":
        return each((use, word, e) => {
          const passes = !actsOn(use, word, op.over) && (!op.maximal || isDiagonal(word))
          const carried = passes ? this.carry(use, word, value.labels) : null
          if (carried === null) this.zero(e, value.id, "kills")
          else this.put(out, carried, e)
        })
      case "barrier": {
        each((_use, word, e) => {
          if (/[^1]/.test(word)) this.zero(e, value.id, "kills")
        })
        const scalars = uses.map((u) => this.actions[u.value].get("1".repeat(u.labels.length)) ?? emptyExpression)
        for (const e of scalars.slice(1)) this.zero(addScaled(e, scalars[0], -1), value.id, "equal")
        if (scalars.length > 0 && !isZero(scalars[0])) this.put(out, "1".repeat(value.labels.length), scalars[0])
      }
    }
  }

  /** Actions on summed axes must be undone by the other factor; on its own axes they pass; on shared axes only diagonals pass. */
  private contract(value: Value): void {
    const out = this.actions[value.id]
    value.uses.forEach((use, k) => {
      const other = value.uses[1 - k]
      const places = use.labels.map((l) => placeOf(other.labels.includes(l), value.labels.includes(l)))
      this.actions[use.value].forEach((e, word) => {
        let contracted = false,
          ownOnly = false,
          dead = false
        for (let i = 0; i < word.length; i++) {
          if (word[i] === "1") continue
          const place = places[i]
          if (place === "neither") dead = true
          else if (place === "both") dead ||= word[i] !== "D"
          else if (place === "other") contracted = true
          else ownOnly = true
        }
        if (contracted && !dead && this.isFreeRow(value, k, word)) this.absorbed.push({ expression: e, value: value.id })
        else if (dead || (contracted && ownOnly)) this.zero(e, value.id, "kills")
        else if (contracted) {
          const dual = lettersAt(use, word, other.labels)
          const partner = this.actions[other.value].get(dual)
          // The pair is met once, from the first factor's side.
          if (k === 0 || partner === undefined)
            this.zero(addScaled(e, partner ?? emptyExpression, 1), value.id, partner === undefined ? "kills" : "meets")
        } else this.put(out, this.carry(use, word, value.labels)!, e)
      })
    })
  }

  /** All operands of a sum must be acted on alike; `passes` says which words the operation lets through. */
  private equate(value: Value, uses: readonly Use[], passes: (word: string) => boolean): void {
    const carried = uses.map((use) => this.carriedWords(this.actions[use.value], use, value))
    this.equateWords(value, carried, this.actions[value.id], passes)
  }

  /** Words of an operand in the letters of the result. */
  private carriedWords(words: ReadonlyMap<string, Expression>, use: Use, { labels }: Value): ReadonlyMap<string, Expression> {
    if (haveSameLabels(use.labels, labels)) return words
    const out: Words = new Map()
    words.forEach((e, word) => out.set(this.carry(use, word, labels) ?? "", e))
    return out
  }

  private equateWords(value: Value, carried: readonly ReadonlyMap<string, Expression>[], into: Words, passes: (word: string) => boolean): void {
    carried.forEach((own, k) =>
      own.forEach((first, word) => {
        for (let i = 0; i < k; i++) if (carried[i].has(word)) return
        const isPassed = passes(word)
        for (const words of carried) {
          const e = words.get(word) ?? emptyExpression
          if (!isPassed) this.zero(e, value.id, "kills")
          else if (e !== first) this.zero(addScaled(e, first, -1), value.id, isZero(e) ? "kills" : "equal")
        }
        if (isPassed) this.put(into, word, first)
      }),
    )
  }

  private normalize(value: Value): void {
    const op = value.op
    if (op.kind !== "normalize") return
    const survivors = new Map<string, Expression[]>()
    value.uses.forEach((use, k) => {
      for (const [word, e] of this.actions[use.value]) {
        const touches = actsOn(use, word, op.over)
        if (touches && op.centered && value.uses.length === 1 && this.isOnesOver(use, word, op.over)) {
          this.absorbed.push({ expression: e, value: value.id, isConstant: true })
          continue
        }
        if (touches || op.scaleFree === "no" || !isDiagonal(word)) this.zero(e, value.id, "kills")
        else {
          // Along the normalized atoms the word is 1; the others name it.
          const name = use.labels.flatMap((l, i) => (word[i] === "1" ? [] : [`${l}${word[i]}`])).join()
          const list = survivors.get(name) ?? value.uses.map(() => emptyExpression)
          list[k] = e
          survivors.set(name, list)
        }
      }
    })
    for (const list of survivors.values()) {
      for (const e of list.slice(1)) this.zero(addScaled(e, list[0], -1), value.id, "equal")
      if (op.scaleFree === "nearly" && op.epsilon > LARGEST_EPSILON) this.zero(list[0], value.id, "kills")
      else if (op.scaleFree === "nearly") this.approximate.push({ expression: list[0], value: value.id, why: "approximate" })
      else this.absorbed.push({ expression: list[0], value: value.id })
    }
  }

  /** J on the one normalized atom and 1 elsewhere: adds a constant, which a centered norm and a softmax do not see. */
  private isOnesOver(use: Use, word: string, over: readonly number[]): boolean {
    return over.length === 1 && use.labels.every((l, i) => word[i] === (l === over[0] ? "J" : "1"))
  }

  /** A diagonal on the rows of a lookup table is any factor per token: free when what follows forgets such factors. */
  private isFreeRow(value: Value, index: number, word: string): boolean {
    const use = value.uses[index],
      other = this.program.values[value.uses[1 - index].value]
    if (other.op.kind !== "data" || !other.op.lookup || /[^1D]/.test(word)) return false
    const rows = value.uses[1 - index].labels.filter((l) => !value.labels.includes(l))
    if (!use.labels.every((l, i) => (word[i] === "D") === rows.includes(l))) return false
    const tokens = value.uses[1 - index].labels.filter((l) => value.labels.includes(l))
    return this.visibility.forgetsFactor(
      value.id,
      tokens.map((l) => value.labels.indexOf(l)),
    )
  }

  // ---- shifts ----

  private shift(value: Value): void {
    const { op, uses } = value
    const out = this.shifts[value.id]
    if (op.kind === "parameter") return this.introduce(value, "shift", out)
    if (op.kind === "choose" && !op.masked) {
      const chosen = op.conditional ? uses.slice(0, -1) : uses
      const moved = chosen.map((use, k) => this.carriedWords(new Map(this.seenShifts(value, k)), use, value))
      this.equateWords(value, moved, out, () => true)
      if (!this.parallel.some) return
      const behind = chosen.map((_, k) => this.movedCarried(value, k, value.labels))
      return this.equateWords(value, behind, this.carried[value.id], () => true)
    }
    uses.forEach((_, k) => {
      for (const [word, e] of this.seenShifts(value, k)) {
        if (this.isJoint(value, k, word)) continue
        const passed = this.passShift(value, k, word)
        const carried = passed === null ? startCarried(this.parallel, this.program, value, k, word) : null
        if (carried !== null) this.put(this.carried[value.id], carried, e)
        else if (passed === null) this.zero(e, value.id, "kills")
        else if (passed.as === "shift") this.put(out, passed.word, scaled(e, passed.factor))
        else this.put(this.actions[value.id], passed.word, e)
      }
    })
    if (op.kind === "normalize" && op.centered && uses.length > 1) this.shiftTogether(value, (k) => this.seenShifts(value, k))
    if (this.parallel.some) this.passAllCarried(value)
  }

  /** Whether a shift is the same along all that a centered norm or a softmax of several operands takes. */
  private isJoint({ op, uses }: Value, k: number, word: string): boolean {
    return op.kind === "normalize" && op.centered && uses.length > 1 && !actsOn(uses[k], word, op.over)
  }

  /** A softmax of several operands forgets what is added to all of them alike. */
  private shiftTogether(value: Value, shiftsOf: (k: number) => readonly (readonly [string, Expression])[]): void {
    const apart = value.op.kind === "normalize" ? value.op.over : []
    const kept = value.labels.filter((l) => !apart.includes(l))
    const moved = value.uses.map((use, k) => {
      const joint = shiftsOf(k).filter(([key]) => this.isJoint(value, k, key.split("|")[0]))
      return new Map(joint.map(([key, e]) => [key.includes("|") ? moveCarried(use, key, kept)! : this.carry(use, key, kept)!, e]))
    })
    this.equateWords(value, moved, new Map(), () => true)
  }

  /** What weights add by way of data goes on where operations are linear. */
  private passAllCarried(value: Value): void {
    const { op, uses } = value, out = this.carried[value.id]
    uses.forEach((_, k) => {
      for (const [key, e] of this.seenCarried(value, k)) {
        const word = wordOfCarried(key)
        if (this.isJoint(value, k, word)) continue
        const passed = this.passShift(value, k, word), moved = passed?.as === "shift" ? moveCarried(uses[k], key, value.labels) : null
        if (passed === null || moved === null) this.zero(e, value.id, "kills")
        else this.put(out, moved, scaled(e, passed.factor))
      }
    })
    if (op.kind === "normalize" && op.centered && uses.length > 1) this.shiftTogether(value, (k) => this.seenCarried(value, k))
  }

  private seenCarried(value: Value, k: number): readonly (readonly [string, Expression])[] {
    if (this.carried[value.uses[k].value].size === 0) return []
    return [...this.carried[value.uses[k].value]].filter(([key]) => !this.visibility.invisibleThrough(value, k, stateOfCarried(key)))
  }

  /** What is carried to an operand and seen, in the letters of these labels. */
  private movedCarried(value: Value, k: number, to: readonly number[]): ReadonlyMap<string, Expression> {
    const moved: Words = new Map()
    for (const [key, e] of this.seenCarried(value, k)) {
      const own = moveCarried(value.uses[k], key, to)
      if (own === null) this.zero(e, value.id, "kills")
      else moved.set(own, e)
    }
    return moved
  }

  /** Shifts of an operand that the rest of the network would see. */
  private seenShifts(value: Value, k: number): (readonly [string, Expression])[] {
    const seen: (readonly [string, Expression])[] = []
    for (const shift of this.shifts[value.uses[k].value]) if (!this.visibility.invisibleThrough(value, k, this.stateOf(shift[0]))) seen.push(shift)
    return seen
  }

  /** What a shift is along each atom: as its word says, but that 1 is constant. */
  private stateOf(word: string): State {
    let state = this.states.get(word)
    if (state === undefined) this.states.set(word, (state = word.replaceAll("1", "C")))
    return state
  }

  /** What becomes of a shift that the rest of the network would see; null: it depends on data from here on. */
  private passShift(value: Value, k: number, word: string): Passed | null {
    const { op } = value,
      use = value.uses[k]
    switch (op.kind) {
      case "sum":
        return this.carryShift(value, use, word, op.coefficients[k])
      case "map":
        if (op.slope !== null) return this.carryShift(value, use, word, op.slope)
        return op.exchange === "exp" ? { as: "action", word: this.carry(use, word, value.labels)!.replaceAll("Z", "D"), factor: 1 } : null
      case "reduce":
        if (actsOn(use, word, op.over)) return null
        return op.fn === "mean" || op.fn === "max" ? this.carryShift(value, use, word, 1) : null
      case "mix":
        return op.keepsConstants && !actsOn(use, word, op.over) ? this.carryShift(value, use, word, 1) : null
      case "contract":
        return this.isWeighted(value, k, word) ? this.carryShift(value, use, word, 1) : null
      default:
        return null
    }
  }

  private carryShift(value: Value, use: Use, word: string, factor: number): Passed | null {
    const carried = this.carry(use, word, value.labels)
    return carried === null ? null : { as: "shift", word: carried, factor }
  }

  /** Whether a shift is the same along all that a contraction sums, and the other factor sums to one there. */
  private isWeighted(value: Value, k: number, word: string): boolean {
    const use = value.uses[k],
      other = value.uses[1 - k],
      { one } = this.facts[other.value]
    if (one.length === 0) return false
    const contracted = use.labels.filter((l) => !value.labels.includes(l))
    return (
      contracted.length > 0 &&
      factLabels(other, one).some((set) => set.length === contracted.length && set.every((l) => contracted.includes(l))) &&
      other.labels.every((l) => value.labels.includes(l) || contracted.includes(l)) &&
      contracted.every((l) => word[use.labels.indexOf(l)] === "1")
    )
  }
}

/** A shift behind an operation: a shift, or a factor behind an exponential. */
interface Passed {
  readonly as: "shift" | "action"
  readonly word: string
  readonly factor: number
}

/** Where else a label of a factor stands: in the other factor, in the result. */
const placeOf = (inOther: boolean, inResult: boolean): "both" | "other" | "result" | "neither" =>
  inOther ? (inResult ? "both" : "other") : inResult ? "result" : "neither"
