/** @file One attempt at following a forward pass: notes, assumptions and learned sizes are its own and are taken back when it fails. */
import type { Context, Fault, Note } from "../context"
import type { TensorValue } from "../value"
import { ShapeError } from "../../graph/shape"
import { NeedsTensor, Stop, tellLimit, Thrown, Unreadable, WrongRank } from "../context"
import { plainText } from "../ops/table"

export interface Attempt<T> {
  readonly value: T | null
  readonly notes: readonly Note[]
  readonly assumptions: readonly string[]
  readonly faults: readonly Fault[]
  /** The input whose rank was wrong, and the right one. */
  readonly wrongRank: { readonly input: TensorValue; readonly rank: number } | null
  /** The parameter that has to be a tensor. */
  readonly needs: string | null
  readonly limit: string | null
}

/**
 * Runs `follow` with its own notes and, unless sizes are kept because models made on the way need them, its own solution; a `throw` of the
 * traced code and limits end it without a value.
 */
export function attempt<T>(context: Context, follow: () => T, sizes: "keep" | "forget" = "forget"): Attempt<T> {
  const { state } = context
  const outer = {
    notes: state.notes,
    models: state.models.length,
    checksPass: state.checksPass,
    assumptions: state.assumptions,
    faults: state.faults,
    doubts: state.doubts,
    solution: new Map(state.solution),
    owners: [...state.owners],
    limit: state.stepLimit,
    tensorLimit: state.tensorLimit,
    forward: state.forward,
    following: state.following,
    depth: state.depth,
    active: state.active.length,
    trail: state.trail.length,
  }
  state.notes = []
  state.assumptions = new Set()
  state.faults = []
  state.doubts = 0
  if (sizes === "keep") state.checksPass = true
  state.stepLimit = Math.min(context.limits.steps, state.steps + context.limits.modelSteps)
  state.tensorLimit = Math.min(4 * context.limits.tensors, state.tensorCount + context.limits.tensors)
  state.madeAt = state.steps
  let value: T | null = null,
    wrongRank: Attempt<T>["wrongRank"] = null,
    limit: string | null = null,
    needs: string | null = null
  try {
    value = follow()
  } catch (error) {
    if (error instanceof WrongRank) wrongRank = { input: error.input, rank: error.rank }
    else if (error instanceof NeedsTensor) needs = error.parameter
    else if (error instanceof Stop) {
      if (error.reason === "cancelled") throw error
      limit = error.message
    } else if (error instanceof RangeError) {
      limit = "the code calls itself too deeply to follow"
      const innermost = state.active.at(-1)?.node
      if (innermost !== undefined) tellLimit(context, limit, innermost)
    } else if (error instanceof Thrown)
      state.notes.push({ what: "the code throws whatever it is given", place: error.place, owners: [] })
    else if (error instanceof Unreadable || error instanceof ShapeError) limit = plainText(error.message)
    else throw error
  }
  state.madeAt = state.steps
  const notes = state.notes,
    assumptions = [...state.assumptions],
    { faults } = state
  state.notes = outer.notes
  state.assumptions = outer.assumptions
  state.faults = outer.faults
  state.doubts = outer.doubts
  state.checksPass = outer.checksPass
  if (sizes === "keep") {
    outer.notes.push(...notes)
    for (const model of state.models.slice(outer.models)) model.assumptions ??= assumptions
  } else {
    state.solution.clear()
    outer.solution.forEach((d, symbol) => state.solution.set(symbol, d))
    // What a file that was read on the way has settled stays.
    state.top.solution.forEach((d, symbol) => state.solution.set(symbol, d))
  }
  state.owners.splice(0, state.owners.length, ...outer.owners)
  state.active.length = outer.active
  state.trail.length = outer.trail
  const { forward, following, depth } = outer
  Object.assign(state, { stepLimit: outer.limit, tensorLimit: outer.tensorLimit, forward, following, depth })
  return { value, notes, assumptions, faults, wrongRank, needs, limit }
}
