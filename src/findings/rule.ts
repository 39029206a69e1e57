/**
 * @file What a rule is: a record that says what it finds, why that matters and what to do, and a pure function that finds it. The record makes
 * docs/findings.md, so the manual cannot disagree with the program.
 */
import type { Finding, Place } from "../schema/report"
import type { FindingSubject } from "./subject"

/** One place a rule has something to say about. */
export interface Found {
  readonly place: Place
  /** One sentence without a full stop. */
  readonly message: string
  /** What was measured, where something was. */
  readonly proof?: string
  /** An edit that cannot change what the network computes would repair it. */
  readonly fixable: boolean
}

export interface FindingRule {
  /** Stable: configuration and suppressions name it. */
  readonly name: string
  /** "warning": tfjs throws, or training is shown to fail. "info": the rest. */
  readonly severity: Finding["severity"]
  readonly summary: string
  readonly why: string
  readonly advice: string
  /** What looks alike and is not reported. */
  readonly silent: string
  readonly source: string
  readonly check: (subject: FindingSubject) => readonly Found[]
}
