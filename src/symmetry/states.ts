/**
 * @file What an operation makes of a perturbation of one operand of which only a state is known: along each atom it is arbitrary, constant or
 * zero-sum. Asked for every word of every value, so the common operations work without closures.
 */
import type { FactorBlindness } from "./blindness"
import { factLabels } from "./facts"
import type { SumFacts } from "./facts"
import type { Elementwise, Program, Use, Value, ValueId } from "./program"
import { haveSameLabels } from "./words"

/** One letter an atom: A arbitrary, C constant along it, Z summing to zero along it (and otherwise arbitrary). */
export type State = string

/** What else has to be known of the network. */
export interface Around {
  readonly facts: readonly SumFacts[]
  readonly forgetsFactor: FactorBlindness
  /** Of contractions, which operands are factors nobody sees, by value and operand, as far as that was asked. */
  readonly forgotten: (boolean | undefined)[][]
  /** Whether only softmaxes read a value. */
  readonly isSoftmaxOnly: (id: ValueId) => boolean
}

type After = State | "gone" | "lost"

/** State of the consumer's result when one operand is perturbed; "gone": unchanged, "lost": anything at all. */
export function stateAfter(consumer: Value, index: number, state: State, around: Around): After {
  const { op } = consumer
  switch (op.kind) {
    case "contract":
      return isForgottenFactor(consumer, index, around) ? "gone" : afterContract(consumer, index, state, around.facts)
    case "convolve":
      return afterConvolve(consumer, op, index, state, around.facts)
    case "sum":
      return carriedState(consumer, consumer.uses[index], state)
    case "choose":
      return afterChoose(consumer, op, index, state, around)
    case "map":
      return afterMap(consumer, op, consumer.uses[index], state, around)
    case "normalize":
      return afterNormalize(consumer, op, consumer.uses[index], state)
    case "center":
    case "reduce":
    case "mix":
      return afterAlong(consumer, op, consumer.uses[index], state)
    case "barrier":
      return "A".repeat(consumer.labels.length)
    case "still":
      return "gone"
    case "opaque":
    case "parameter":
    case "data":
    case "fill":
      return "lost"
  }
}

type OpOf<K extends Value["op"]["kind"]> = Extract<Program["values"][number]["op"], { readonly kind: K }>

/** The letter of a label of the operand. */
const letterOf = (use: Use, state: State, label: number): string => state[use.labels.indexOf(label)]

/** The operand's letters at the labels of the result; constant along what it lacks. */
function carriedState({ labels }: Value, use: Use, state: State): State {
  if (haveSameLabels(labels, use.labels)) return state
  let out = ""
  for (const l of labels) {
    const i = use.labels.indexOf(l)
    out += i < 0 ? "C" : state[i]
  }
  return out
}

/** Arbitrary along what the operand has, constant along the rest. */
function spreadState({ labels }: Value, use: Use): State {
  let out = ""
  for (const l of labels) out += use.labels.includes(l) ? "A" : "C"
  return out
}

function stateBy({ labels }: Value, letter: (label: number) => string): State {
  let out = ""
  for (const l of labels) out += letter(l)
  return out
}

/** A factor of every entry it meets, along its own atoms, that nobody sees. */
function isForgottenFactor(consumer: Value, index: number, { forgetsFactor, forgotten }: Around): boolean {
  const known = (forgotten[consumer.id] ??= [])
  if (known[index] === undefined) {
    const positions = consumer.uses[index].labels.map((l) => consumer.labels.indexOf(l))
    known[index] = !positions.includes(-1) && forgetsFactor(consumer.id, positions)
  }
  return known[index]
}

function afterContract(consumer: Value, index: number, state: State, facts: readonly SumFacts[]): After {
  const { labels, uses } = consumer
  const use: Use = uses[index],
    other = uses[1 - index]
  let contracted = 0,
    isConstant = true
  for (let i = 0; i < use.labels.length; i++) {
    const l = use.labels[i]
    if (labels.includes(l)) continue
    if (other.labels.includes(l)) {
      contracted++
      isConstant &&= state[i] === "C"
    } else if (state[i] === "Z") return "gone"
  }
  const { zero, one } = facts[other.value]
  const isContracted = (p: number): boolean => use.labels.includes(other.labels[p]) && !labels.includes(other.labels[p])
  if (zero.length > 0 && zero.some((set) => set.every((p) => isContracted(p) && letterOf(use, state, other.labels[p]) === "C"))) return "gone"
  const isWeighted =
    one.length > 0 &&
    isConstant &&
    one.some((set) => set.length === contracted && set.every(isContracted)) &&
    other.labels.every((l, p) => labels.includes(l) || isContracted(p))
  if (isWeighted) return carriedState(consumer, use, state)
  let out = ""
  for (const l of labels) {
    const i = use.labels.indexOf(l)
    out += i < 0 || other.labels.includes(l) ? "A" : state[i]
  }
  return out
}

function afterConvolve(consumer: Value, op: OpOf<"convolve">, index: number, state: State, facts: readonly SumFacts[]): After {
  const { labels, uses } = consumer
  const use = uses[index],
    other = uses[1 - index]
  const isStill = use.labels.every((l) => !op.moving.includes(l) || letterOf(use, state, l) === "C")
  const contracted = use.labels.filter((l) => other.labels.includes(l) && !labels.includes(l))
  const isConstant = isStill && contracted.every((l) => letterOf(use, state, l) === "C")
  if (isConstant && factLabels(other, facts[other.value].zero).some((set) => set.every((l) => contracted.includes(l)))) return "gone"
  return stateBy(consumer, (l) => {
    if (op.moving.includes(l)) return op.valid && index === 0 && isStill ? "C" : "A"
    return use.labels.includes(l) && !other.labels.includes(l) ? letterOf(use, state, l) : "A"
  })
}

function afterChoose(consumer: Value, op: OpOf<"choose">, index: number, state: State, around: Around): After {
  const { uses } = consumer
  const use = uses[index],
    condition = op.conditional ? uses[uses.length - 1] : undefined
  if (op.conditional && index === uses.length - 1) return "gone"
  // A mask of −∞ hides from a softmax that masked cells do not shift; from anything else it hides nothing.
  if (op.masked) {
    const isHidden = around.isSoftmaxOnly(consumer.id)
    return stateBy(consumer, (l) => (isHidden && (!use.labels.includes(l) || letterOf(use, state, l) === "C") ? "C" : "A"))
  }
  return stateBy(consumer, (l) =>
    condition === undefined || condition.labels.includes(l) || !use.labels.includes(l) ? "A" : letterOf(use, state, l),
  )
}

function afterMap(consumer: Value, op: Elementwise, use: Use, state: State, around: Around): After {
  if (op.exchange === "exp") {
    // exp turns what is added into a factor, along the atoms it varies along.
    const varies = consumer.labels.flatMap((l, i) => (use.labels.includes(l) && letterOf(use, state, l) !== "C" ? [i] : []))
    if (around.forgetsFactor(consumer.id, varies)) return "gone"
  }
  return op.slope !== null ? carriedState(consumer, use, state) : spreadState(consumer, use)
}

function afterNormalize({ labels, uses }: Value, op: OpOf<"normalize">, use: Use, state: State): After {
  if (op.centered) {
    // The same value in several places (tiled, concatenated with itself) is shifted in all of them.
    const isAlike = uses.every((u) => u.value === use.value && u.labels.every((l, i) => op.over.includes(l) || l === use.labels[i]))
    if (isAlike && uses.every((u) => u.labels.every((l, i) => !op.over.includes(l) || state[i] === "C"))) return "gone"
  }
  // A sum that is always one, or zero, does not change.
  const isBalanced = uses.length === 1 && op.over.length === 1 && (op.sumsToOne || (op.centered && op.scaleFree !== "no"))
  let out = ""
  for (const l of labels) out += isBalanced && op.over.includes(l) ? "Z" : "A"
  return out
}

/** Operations that work along some atoms and leave the others alone. */
function afterAlong(consumer: Value, op: OpOf<"center" | "reduce" | "mix">, use: Use, state: State): After {
  const isConstant = op.over.every((l) => !use.labels.includes(l) || letterOf(use, state, l) === "C")
  const carried = (l: number): string => (use.labels.includes(l) ? letterOf(use, state, l) : "C")
  switch (op.kind) {
    case "center":
      if (isConstant) return "gone"
      if (op.by === "extreme") return spreadState(consumer, use)
      return stateBy(consumer, (l) => (op.over.includes(l) ? (op.over.length === 1 ? "Z" : "A") : carried(l)))
    case "reduce":
      if (op.fn === "sum" || op.fn === "mean")
        return op.over.some((l) => use.labels.includes(l) && letterOf(use, state, l) === "Z") ? "gone" : carriedState(consumer, use, state)
      return op.fn === "max" && isConstant ? carriedState(consumer, use, state) : spreadState(consumer, use)
    case "mix":
      if (op.keepsConstants && isConstant) return stateBy(consumer, (l) => (op.over.includes(l) ? "C" : carried(l)))
      return stateBy(consumer, (l) => (op.over.includes(l) || op.maximal ? "A" : carried(l)))
  }
}
