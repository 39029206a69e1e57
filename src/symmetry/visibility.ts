/**
 * @file Backward question: is every perturbation of a value invisible to the outputs, if along each atom it is arbitrary, constant or zero-sum?
 * Answers "no gradient", "shift-invariant" and "absorbed". Perturbations may depend on data and parameters in any way within their state.
 */
import { makeFactorBlindness } from "./blindness"
import type { FactorBlindness } from "./blindness"
import { factLabels } from "./facts"
import type { SumFacts } from "./facts"
import { differentiatedValues } from "./program"
import type { Program, Use, Value, ValueId } from "./program"

/** One letter an atom: A arbitrary, C constant along it, Z summing to zero along it (and otherwise arbitrary). */
export type State = string

export interface Visibility {
  /** True: no perturbation of this state changes the outputs to first order. */
  readonly invisible: (value: ValueId, state: State) => boolean
  /** The same, looking at one consumer of the value only. */
  readonly invisibleThrough: (consumer: Value, use: number, state: State) => boolean
  /** Whether a positive factor that varies freely along these positions of a value changes nothing. */
  readonly forgetsFactor: FactorBlindness
  /** Where an invisible perturbation ends: the operations that take it out. */
  readonly absorbers: (value: ValueId, state: State) => readonly ValueId[]
}

export function makeVisibility(program: Program, facts: readonly SumFacts[]): Visibility {
  const consumers: { readonly value: Value; readonly use: number }[][] = program.values.map(() => [])
  // What nobody differentiates sees nothing, whatever it computes.
  const differentiated = differentiatedValues(program)
  for (const value of program.values)
    if (value.op.kind === "still" || differentiated.has(value.id)) value.uses.forEach((u, k) => consumers[u.value].push({ value, use: k }))
  const outputs = new Set(program.outputs)
  const forgetsFactor = makeFactorBlindness(program)
  const softmaxOnly = consumers.map((list) => list.every((c) => c.value.op.kind === "normalize" && c.value.op.sumsToOne))
  const after = (consumer: Value, use: number, state: State): State | "gone" | "lost" =>
    stateAfter(consumer, use, state, facts, softmaxOnly[consumer.id], forgetsFactor)
  const questions: (Map<State, Question> | undefined)[] = []
  const question = (value: ValueId, state: State): Question => {
    const own = (questions[value] ??= new Map())
    let known = own.get(state)
    if (known === undefined) own.set(state, (known = { value, state, answer: null, needs: undefined }))
    return known
  }

  /** What has to be invisible further on; null: something is seen at once. */
  const needs = (q: Question): readonly Question[] | null => (q.needs === undefined ? (q.needs = findNeeds(q)) : q.needs)
  const findNeeds = (q: Question): readonly Question[] | null => {
    if (outputs.has(q.value)) return null
    const list: Question[] = []
    for (const c of consumers[q.value]) {
      const state = after(c.value, c.use, q.state)
      if (state === "lost") return null
      if (state !== "gone") list.push(question(c.value.id, state))
    }
    return list
  }

  // Depth first with an own stack: networks are deeper than the stack of the machine.
  const invisible = (id: ValueId, state: State): boolean => {
    const root = question(id, state)
    if (root.answer !== null) return root.answer
    const stack = [root]
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      if (top.answer !== null) {
        stack.pop()
        continue
      }
      const list = needs(top)
      if (list === null || list.some((q) => q.answer === false)) top.answer = false
      else {
        const open = list.find((q) => q.answer === null)
        if (open === undefined) top.answer = true
        else stack.push(open)
      }
    }
    return root.answer === true
  }

  const invisibleThrough = (consumer: Value, use: number, state: State): boolean => {
    const next = after(consumer, use, state)
    return next === "gone" || (next !== "lost" && invisible(consumer.id, next))
  }

  const absorbers = (id: ValueId, state: State): ValueId[] => {
    const seen = new Set<Question>(),
      found = new Set<ValueId>(),
      queue = [question(id, state)]
    for (let at = 0; at < queue.length && at < ABSORBER_SEARCH; at++) {
      const q = queue[at]
      if (seen.has(q) || !invisible(q.value, q.state)) continue
      seen.add(q)
      for (const c of consumers[q.value]) {
        const next = after(c.value, c.use, q.state)
        if (next === "gone") found.add(c.value.id)
        else if (next !== "lost") queue.push(question(c.value.id, next))
      }
    }
    return [...found]
  }

  return { invisible, invisibleThrough, forgetsFactor, absorbers }
}

/** Reasons should be near: the search for what takes a perturbation out stops after so many values. */
const ABSORBER_SEARCH = 64

interface Question {
  readonly value: ValueId
  readonly state: State
  /** Whether it is invisible; null while nobody knows. */
  answer: boolean | null
  needs: readonly Question[] | null | undefined
}

/** State of the consumer's result when one operand is perturbed; "gone": unchanged, "lost": anything at all. */
function stateAfter(
  consumer: Value,
  index: number,
  state: State,
  facts: readonly SumFacts[],
  maskedForSoftmax: boolean,
  forgetsFactor: FactorBlindness,
): State | "gone" | "lost" {
  const { op, labels } = consumer
  const use = consumer.uses[index]
  const letter = (label: number): string => state[use.labels.indexOf(label)]
  const has = (label: number): boolean => use.labels.includes(label)
  const build = (of: (label: number) => string): State => {
    let out = ""
    for (const l of labels) out += of(l)
    return out
  }
  const keep = (label: number): string => (has(label) ? letter(label) : "C")
  switch (op.kind) {
    case "contract":
      // A factor of every entry it meets, along its own atoms.
      if (use.labels.every((l) => labels.includes(l)) && forgetsFactor(consumer.id, use.labels.map((l) => labels.indexOf(l)))) return "gone"
      return contractState(consumer, index, state, facts)
    case "convolve": {
      const other = consumer.uses[1 - index]
      const contracted = use.labels.filter((l) => other.labels.includes(l) && !labels.includes(l))
      const constant = contracted.every((l) => letter(l) === "C") && use.labels.filter((l) => op.moving.includes(l)).every((l) => letter(l) === "C")
      if (constant && factLabels(other, facts[other.value].zero).some((set) => set.every((l) => contracted.includes(l)))) return "gone"
      return build((l) => {
        if (op.moving.includes(l))
          return op.valid && index === 0 && use.labels.filter((m) => op.moving.includes(m)).every((m) => letter(m) === "C") ? "C" : "A"
        return has(l) && !other.labels.includes(l) ? letter(l) : "A"
      })
    }
    case "sum":
      return build(keep)
    case "choose": {
      if (op.conditional && index === consumer.uses.length - 1) return "gone"
      const condition = op.conditional ? consumer.uses[consumer.uses.length - 1] : undefined
      // A mask of −∞ hides from a softmax that masked cells do not shift; from anything else it hides nothing.
      if (op.masked) return build((l) => (maskedForSoftmax && keep(l) === "C" ? "C" : "A"))
      return build((l) => (condition === undefined || condition.labels.includes(l) || !has(l) ? "A" : letter(l)))
    }
    case "map":
      // exp turns what is added into a factor, along the atoms it varies along.
      if (op.exchange === "exp" && forgetsFactor(consumer.id, labels.flatMap((l, i) => (has(l) && letter(l) !== "C" ? [i] : [])))) return "gone"
      return op.slope !== null ? build(keep) : build((l) => (has(l) ? "A" : "C"))
    case "normalize": {
      // The same value in several places (tiled, concatenated with itself) is shifted in all of them.
      const alike = consumer.uses.every((u) => u.value === use.value && u.labels.every((l, i) => op.over.includes(l) || l === use.labels[i]))
      const constant = consumer.uses.every((u) => u.labels.every((l, i) => !op.over.includes(l) || state[i] === "C"))
      if (op.centered && alike && constant) return "gone"
      const single = consumer.uses.length === 1
      // A sum that is always one, or zero, does not change.
      const balanced = single && op.over.length === 1 && (op.sumsToOne || (op.centered && op.scaleFree !== "no"))
      return build((l) => (balanced && op.over.includes(l) ? "Z" : "A"))
    }
    case "center":
      if (op.over.every((l) => !has(l) || letter(l) === "C")) return "gone"
      if (op.by === "extreme") return build((l) => (has(l) ? "A" : "C"))
      return build((l) => (op.over.includes(l) ? (op.over.length === 1 ? "Z" : "A") : keep(l)))
    case "reduce": {
      if (op.fn === "sum" || op.fn === "mean") return op.over.some((l) => has(l) && letter(l) === "Z") ? "gone" : build(keep)
      if (op.fn === "max" && op.over.every((l) => !has(l) || letter(l) === "C")) return build(keep)
      return build((l) => (has(l) ? "A" : "C"))
    }
    case "mix": {
      const constant = op.over.every((l) => !has(l) || letter(l) === "C")
      if (op.keepsConstants && constant) return build((l) => (op.over.includes(l) ? "C" : keep(l)))
      return build((l) => (op.over.includes(l) || op.maximal ? "A" : keep(l)))
    }
    case "barrier":
      return build(() => "A")
    case "still":
      return "gone"
    case "opaque":
      return "lost"
    case "parameter":
    case "data":
    case "fill":
      return "lost"
  }
}

function contractState(consumer: Value, index: number, state: State, facts: readonly SumFacts[]): State | "gone" {
  const use: Use = consumer.uses[index],
    other = consumer.uses[1 - index]
  const letter = (label: number): string => state[use.labels.indexOf(label)]
  const inOther = (l: number): boolean => other.labels.includes(l),
    inOut = (l: number): boolean => consumer.labels.includes(l)
  if (use.labels.some((l) => !inOther(l) && !inOut(l) && letter(l) === "Z")) return "gone"
  const contracted = use.labels.filter((l) => inOther(l) && !inOut(l))
  const isContracted = (set: readonly number[]): boolean => set.every((l) => contracted.includes(l))
  if (factLabels(other, facts[other.value].zero).some((set) => isContracted(set) && set.every((l) => letter(l) === "C"))) return "gone"
  const weighted =
    factLabels(other, facts[other.value].one).some((set) => set.length === contracted.length && isContracted(set)) &&
    contracted.every((l) => letter(l) === "C") &&
    other.labels.every((l) => inOut(l) || contracted.includes(l))
  let after = ""
  for (const l of consumer.labels) {
    const own = use.labels.includes(l)
    if (weighted) after += own ? letter(l) : "C"
    else after += own && !inOther(l) ? letter(l) : "A"
  }
  return after
}
