/**
 * @file Backward question: is every perturbation of a value invisible to the outputs, if along each atom it is arbitrary, constant or zero-sum?
 * Answers "no gradient", "shift-invariant" and "absorbed". Perturbations may depend on data and parameters in any way within their state.
 */
import { makeFactorBlindness } from "./blindness"
import type { FactorBlindness } from "./blindness"
import type { SumFacts } from "./facts"
import { differentiatedValues } from "./program"
import type { Program, Value, ValueId } from "./program"
import { stateAfter } from "./states"
import type { Around, State } from "./states"

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
  const around: Around = { facts, forgetsFactor, forgotten: [], isSoftmaxOnly: (id) => softmaxOnly[id] }
  const questions: (Map<State, Question> | undefined)[] = []
  const question = (value: ValueId, state: State): Question => {
    const own = (questions[value] ??= new Map())
    let known = own.get(state)
    if (known === undefined) own.set(state, (known = { value, state, answer: null, needs: undefined, ends: undefined }))
    return known
  }

  /** What has to be invisible further on; null: something is seen at once. */
  const needs = (q: Question): readonly Question[] | null => (q.needs === undefined ? (q.needs = findNeeds(q)) : q.needs)
  const findNeeds = (q: Question): readonly Question[] | null => {
    if (outputs.has(q.value)) return null
    const list: Question[] = []
    for (const c of consumers[q.value]) {
      const state = stateAfter(c.value, c.use, q.state, around)
      if (state === "lost") return null
      if (state === "gone") (q.ends ??= []).push(c.value.id)
      else list.push(question(c.value.id, state))
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
      let isSeen = list === null,
        open: Question | null = null
      for (let i = 0; list !== null && !isSeen && i < list.length; i++) {
        isSeen = list[i].answer === false
        if (list[i].answer === null) open ??= list[i]
      }
      if (isSeen || open === null) top.answer = !isSeen
      else stack.push(open)
    }
    return root.answer === true
  }

  const invisibleThrough = (consumer: Value, use: number, state: State): boolean => {
    const next = stateAfter(consumer, use, state, around)
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
      for (const end of q.ends ?? []) found.add(end)
      for (const next of needs(q) ?? []) queue.push(next)
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
  /** The consumers that take it out, as far as they were asked. */
  ends: ValueId[] | undefined
}
