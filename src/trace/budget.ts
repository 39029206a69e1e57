/**
 * @file How much may be looked at to find out where code runs and what it writes: names lead from file to file, and in a large program to nearly
 * everything. What is spent is counted, not timed, so that the same source has the same report.
 */

export interface Budget {
  left: number
}

/** About a fiftieth of a second, six times what a repository of models takes; those of large libraries take more than there is of any budget. */
export const createBudget = (): Budget => ({ left: 20_000 })

/** Whether there is something left. */
export function spend(budget: Budget, steps: number): boolean {
  budget.left -= steps
  return budget.left > 0
}
