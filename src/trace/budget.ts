/**
 * @file How much may be looked at to find out where code runs and what it writes: names lead from file to file, and in a large program to nearly
 * everything. What is spent is counted, not timed, so that the same source has the same report.
 */
import type { Context } from "./context"
import { isLate, Stop, tooLate } from "./context"

export interface Budget {
  left: number
  /** Called every so many steps: throws where nobody wants the answer any more, or the time for it is over. */
  readonly watch: () => void
}

/** About a fiftieth of a second, six times what a repository of models takes; those of large libraries take more than there is of any budget. */
export const createBudget = (watch: () => void = () => undefined): Budget => ({ left: 20_000, watch })
const stepsBetween = 256

/** Whether there is something left. */
export function spend(budget: Budget, steps: number): boolean {
  const before = Math.floor(budget.left / stepsBetween)
  budget.left -= steps
  if (Math.floor(budget.left / stepsBetween) !== before) budget.watch()
  return budget.left > 0
}

/** For what evaluates nothing: stops where nobody wants the answer any more, or the time for it is over. */
export function checkTime(context: Context): void {
  if (context.cancelled()) throw new Stop("cancelled", "cancelled")
  if (isLate(context)) throw new Stop("limit", tooLate(context))
}
