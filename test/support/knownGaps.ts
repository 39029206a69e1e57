/** @file Where the analysis finds fewer laws than the oracle: one sentence each. A gap that closes must leave this list. */

/** What the analysis finds today where it is less than the oracle, and why. */
export interface Gap {
  readonly found: number
  readonly because: string
}

export const knownGaps: Readonly<Record<string, Gap>> = {}
