/**
 * @file Forward pass: every value carries an infinitesimal action, as linear expressions in parameter unknowns, one per word; every operation relates
 * the words of its operands and result or sets them to zero. A word has one letter an atom:
 * 1 the same along it, D a zero-sum diagonal, M a symmetric off-diagonal matrix, J the matrix of ones. Shifts (perturbations without data)
 * travel beside, with letters 1 constant and Z zero-sum; exp and log exchange the two. Unknown code stops everything: soundness first.
 */
import { factLabels } from "./facts"
import type { SumFacts } from "./facts"
import { differentiatedValues } from "./program"
import type { Program, Use, Value, ValueId } from "./program"
import { addScaled, emptyExpression, isZero, LinearSystem, scaled } from "./system"
import type { Expression, UnknownId } from "./system"
import type { Visibility } from "./visibility"

export interface Unknown {
  readonly id: UnknownId
  readonly value: ValueId
  readonly kind: "action" | "shift"
  readonly word: string
}

/** One equation and the operation that asks for it. */
export interface Equation {
  readonly expression: Expression
  readonly value: ValueId
  readonly why: "meets" | "equal" | "kills" | "output" | "approximate"
}

export interface Propagation {
  readonly unknowns: readonly Unknown[]
  readonly unknownOf: (value: ValueId, kind: Unknown["kind"], word: string) => Unknown | undefined
  readonly equations: readonly Equation[]
  /** Words that a norm forgets: what makes room for norm laws. */
  readonly absorbed: readonly { readonly expression: Expression; readonly value: ValueId }[]
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
  /** Unknowns of each value by word. */
  private readonly named: { readonly [K in Unknown["kind"]]: Map<ValueId, Map<string, Unknown>> } = { action: new Map(), shift: new Map() }
  private readonly equations: Equation[] = []
  private readonly approximate: Equation[] = []
  private readonly absorbed: { expression: Expression; value: ValueId }[] = []
  private readonly system = new LinearSystem()
  private readonly actions: Words[] = []
  private readonly shifts: Words[] = []
  /** Values something reads: a block nobody reads has no gradient, which its shifts say. */
  private readonly read: ReadonlySet<ValueId>

  constructor(
    private readonly program: Program,
    private readonly facts: readonly SumFacts[],
    private readonly visibility: Visibility,
    private readonly shiftsOnly: boolean,
  ) {
    const read = new Set(program.outputs)
    for (const { uses } of program.values) for (const use of uses) read.add(use.value)
    this.read = read
  }

  run(): Propagation {
    const outputs = new Set(this.program.outputs),
      differentiated = differentiatedValues(this.program)
    for (const value of this.program.values) {
      this.actions.push(new Map())
      this.shifts.push(new Map())
      if (value.op.kind !== "parameter" && !differentiated.has(value.id)) continue
      this.act(value)
      this.shift(value)
      if (!outputs.has(value.id)) continue
      for (const e of this.actions[value.id].values()) this.zero(e, value.id, "output")
      for (const e of this.shifts[value.id].values()) this.zero(e, value.id, "output")
    }
    const { unknowns, named, equations, absorbed, approximate, system } = this
    return { unknowns, unknownOf: (value, kind, word) => named[kind].get(value)?.get(word), equations, absorbed, approximate, system }
  }

  private zero(expression: Expression, value: ValueId, why: Equation["why"]): void {
    if (isZero(expression)) return
    this.equations.push({ expression, value, why })
    this.system.demandZero(expression)
  }

  private fresh(value: ValueId, kind: Unknown["kind"], word: string): Expression {
    const unknown: Unknown = { id: this.unknowns.length, value, kind, word }
    this.unknowns.push(unknown)
    const own = this.named[kind].get(value)
    if (own === undefined) this.named[kind].set(value, new Map([[word, unknown]]))
    else own.set(word, unknown)
    return [unknown.id, 1]
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
    return lettersAt(use, word, to)
  }

  // ---- actions ----

  private act(value: Value): void {
    const { op, uses } = value
    const out = this.actions[value.id]
    const each = (visit: (use: Use, word: string, e: Expression, index: number) => void, list: readonly Use[] = uses): void =>
      list.forEach((use, i) => {
        for (const [word, e] of this.actions[use.value]) visit(use, word, e, i)
      })
    switch (op.kind) {
      case "parameter":
        if (this.shiftsOnly || !this.read.has(value.id)) return
        for (const word of actionWords(value.atoms.length)) this.put(out, word, this.fresh(value.id, "action", word))
        return
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
          const passes = this.support(use, word).every((l) => !op.over.includes(l)) && (op.by === "mean" || isDiagonal(word))
          if (!passes) this.zero(e, value.id, "kills")
          else this.put(out, this.carry(use, word, value.labels)!, e)
        })
      case "reduce":
        return each((use, word, e) => {
          // Factors whose product is one: the zero-sum diagonals.
          if (op.fn === "product" && isDiagonal(word) && this.support(use, word).some((l) => op.over.includes(l))) return
          const passes =
            this.support(use, word).every((l) => !op.over.includes(l)) &&
            (op.fn === "sum" || op.fn === "mean" || (op.fn === "max" && isDiagonal(word)))
          const carried = passes ? this.carry(use, word, value.labels) : null
          if (carried === null) this.zero(e, value.id, "kills")
          else this.put(out, carried, e)
        })
      case "mix":
        return each((use, word, e) => {
          const passes = this.support(use, word).every((l) => !op.over.includes(l)) && (!op.maximal || isDiagonal(word))
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

  private support(use: Use, word: string): number[] {
    return use.labels.filter((_, i) => word[i] !== "1")
  }

  /** Actions on summed axes must be undone by the other factor; on its own axes they pass; on shared axes only diagonals pass. */
  private contract(value: Value): void {
    const out = this.actions[value.id]
    value.uses.forEach((use, k) => {
      const other = value.uses[1 - k]
      for (const [word, e] of this.actions[use.value]) {
        let contracted = false,
          ownOnly = false,
          dead = false
        for (let i = 0; i < word.length; i++) {
          if (word[i] === "1") continue
          const l = use.labels[i],
            o = other.labels.includes(l),
            y = value.labels.includes(l)
          if (!o && !y) dead = true
          else if (o && y) dead ||= word[i] !== "D"
          else if (o) contracted = true
          else ownOnly = true
        }
        if (contracted && !dead && this.isFreeRow(value, k, word)) {
          this.absorbed.push({ expression: e, value: value.id })
          continue
        }
        if (dead || (contracted && ownOnly)) this.zero(e, value.id, "kills")
        else if (contracted) {
          const dual = lettersAt(use, word, other.labels)
          const partner = this.actions[other.value].get(dual)
          // The pair is met once, from the first factor's side.
          if (k === 0 || partner === undefined)
            this.zero(addScaled(e, partner ?? emptyExpression, 1), value.id, partner === undefined ? "kills" : "meets")
        } else this.put(out, this.carry(use, word, value.labels)!, e)
      }
    })
  }

  /** All operands of a sum must be acted on alike; `passes` says which words the operation lets through. */
  private equate(value: Value, uses: readonly Use[], passes: (word: string) => boolean): void {
    const carried = uses.map(
      (use) => new Map([...this.actions[use.value]].map(([word, e]): [string, Expression] => [this.carry(use, word, value.labels) ?? "", e])),
    )
    const words = new Set(carried.flatMap((c) => [...c.keys()]))
    for (const word of words) {
      const all = carried.map((c) => c.get(word) ?? emptyExpression)
      if (!passes(word)) {
        for (const e of all) this.zero(e, value.id, "kills")
        continue
      }
      const first = all.find((e) => !isZero(e)) ?? emptyExpression
      for (const e of all) if (e !== first) this.zero(addScaled(e, first, -1), value.id, isZero(e) ? "kills" : "equal")
      this.put(this.actions[value.id], word, first)
    }
  }

  private normalize(value: Value): void {
    const op = value.op
    if (op.kind !== "normalize") return
    const survivors = new Map<string, Expression[]>()
    value.uses.forEach((use, k) => {
      for (const [word, e] of this.actions[use.value]) {
        const touches = this.support(use, word).some((l) => op.over.includes(l))
        if (touches && op.centered && value.uses.length === 1 && this.isOnesOver(use, word, op.over)) {
          this.absorbed.push({ expression: e, value: value.id })
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
    if (op.kind === "parameter") {
      for (const word of shiftWords(value.atoms.length)) this.put(out, word, this.fresh(value.id, "shift", word))
      return
    }
    const arrivals = uses.map((use, k) =>
      [...this.shifts[use.value]].filter(([word]) => !this.visibility.invisibleThrough(value, k, word.replaceAll("1", "C"))),
    )
    if (op.kind === "choose" && !op.masked) return this.equateShifts(value, arrivals.slice(0, op.conditional ? -1 : undefined))
    arrivals.forEach((list, k) => {
      for (const [word, e] of list) {
        const passed = this.passShift(value, k, word)
        if (passed === null) this.zero(e, value.id, "kills")
        else if (passed.as === "shift") this.put(out, passed.word, scaled(e, passed.factor))
        else this.put(this.actions[value.id], passed.word, e)
      }
    })
  }

  private equateShifts(value: Value, arrivals: readonly (readonly (readonly [string, Expression])[])[]): void {
    const carried = arrivals.map(
      (list, k) => new Map(list.map(([word, e]): [string, Expression] => [this.carry(value.uses[k], word, value.labels) ?? "", e])),
    )
    for (const word of new Set(carried.flatMap((c) => [...c.keys()]))) {
      const all = carried.map((c) => c.get(word) ?? emptyExpression)
      const first = all.find((e) => !isZero(e)) ?? emptyExpression
      for (const e of all) if (e !== first) this.zero(addScaled(e, first, -1), value.id, isZero(e) ? "kills" : "equal")
      this.put(this.shifts[value.id], word, first)
    }
  }

  /** What becomes of a shift that the rest of the network would see; null: it depends on data from here on. */
  private passShift(value: Value, k: number, word: string): { as: "shift" | "action"; word: string; factor: number } | null {
    const { op } = value,
      use = value.uses[k]
    const carried = (factor: number): { as: "shift"; word: string; factor: number } | null => {
      const w = this.carry(use, word, value.labels)
      return w === null ? null : { as: "shift", word: w, factor }
    }
    switch (op.kind) {
      case "sum":
        return carried(op.coefficients[k])
      case "map":
        if (op.slope !== null) return carried(op.slope)
        return op.exchange === "exp" ? { as: "action", word: this.carry(use, word, value.labels)!.replaceAll("Z", "D"), factor: 1 } : null
      case "reduce":
        if (this.support(use, word).some((l) => op.over.includes(l))) return null
        return op.fn === "mean" || op.fn === "max" ? carried(1) : null
      case "mix":
        return op.keepsConstants && this.support(use, word).every((l) => !op.over.includes(l)) ? carried(1) : null
      case "contract": {
        const other = value.uses[1 - k]
        const contracted = use.labels.filter((l) => !value.labels.includes(l))
        const weighted =
          contracted.length > 0 &&
          factLabels(other, this.facts[other.value].one).some(
            (set) => set.length === contracted.length && set.every((l) => contracted.includes(l)),
          ) &&
          other.labels.every((l) => value.labels.includes(l) || contracted.includes(l)) &&
          contracted.every((l) => word[use.labels.indexOf(l)] === "1")
        return weighted ? carried(1) : null
      }
      default:
        return null
    }
  }
}

export const isDiagonal = (word: string): boolean => !/[MJ]/.test(word)

/** A word of an operand in the letters of labels `to`: 1 where it has none. */
function lettersAt(use: Use, word: string, to: readonly number[]): string {
  let out = ""
  for (const l of to) {
    const i = use.labels.indexOf(l)
    out += i < 0 ? "1" : word[i]
  }
  return out
}

function actionWords(k: number): string[] {
  let words = [""]
  for (let i = 0; i < k; i++) words = words.flatMap((w) => [`${w}1`, `${w}D`, `${w}M`])
  for (let i = 0; i < k; i++) words.push("1".repeat(i) + "J" + "1".repeat(k - i - 1))
  return words
}

function shiftWords(k: number): string[] {
  let words = [""]
  for (let i = 0; i < k; i++) words = words.flatMap((w) => [`${w}1`, `${w}Z`])
  return words
}
