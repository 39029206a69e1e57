/** @file What the page knows, and what of it survives when the page is hidden or the window reloads. */
import { isSubject, type Subject } from "../src/hosts/protocol"
import type { Verification } from "../src/schema/report"
import { parseSizes } from "../src/verification/sizes"
import type { VerificationSeries } from "../src/verification/verify"

export type Optimizer = "flow" | "sgd" | "momentum" | "nesterov" | "adam" | "adamw"

/** As typed; empty means: let the verification choose. */
export interface Settings {
  readonly optimizer: Optimizer
  readonly seed: string
  /** Euler step of the order test; for the gradient flow, which has no learning rate. */
  readonly step: string
  readonly learningRate: string
  readonly weightDecay: string
  /** "768=16, batch=2": sizes of the replica by number or symbol of the source. */
  readonly sizes: string
  /** How many of equal blocks, or of the steps of a recurrence, are run. */
  readonly depth: string
}

export interface Outcome {
  readonly verification: Verification
  readonly series: VerificationSeries
  readonly settings: Settings
  /** Why nothing could be measured. */
  readonly reason: string | null
}

/** `setState` keeps this; hosts/vscode/panels.ts reads `subject.uri` and `subject.model.name` of it. */
export interface StoredState {
  readonly subject: Subject | null
  readonly settings: Settings
  readonly outcome: Outcome | null
}

export const defaultSettings: Settings = { optimizer: "flow", seed: "1", step: "", learningRate: "", weightDecay: "", sizes: "", depth: "" }

/** A state of another version, or none, is a fresh start. */
export function readState(stored: unknown): StoredState {
  const fresh: StoredState = { subject: null, settings: defaultSettings, outcome: null }
  if (typeof stored !== "object" || stored === null) return fresh
  const { subject, settings, outcome } = stored as Partial<StoredState>
  return isSubject(subject) && settings ? { subject, settings: { ...defaultSettings, ...settings }, outcome: outcome ?? null } : fresh
}

/** What is wrong with a typed number, or null. */
export function problemOf(settings: Settings): string | null {
  if (!/^\d{1,15}$/.test(settings.seed.trim())) return "The seed is a whole number."
  if (!isNumberOrEmpty(settings.step, value => value > 0)) return "The step is a number above 0, or empty."
  if (!isNumberOrEmpty(settings.learningRate, value => value > 0)) return "The learning rate is a number above 0, or empty."
  if (!isNumberOrEmpty(settings.weightDecay, value => value >= 0)) return "Weight decay is a number from 0 on, or empty."
  if (parseSizes(settings.sizes) === null) return "Sizes are written like 768=16, batch=2, or empty."
  if (!isNumberOrEmpty(settings.depth, value => Number.isInteger(value) && value >= 2)) return "Blocks are a whole number from 2 on, or empty."
  return null
}

const isNumberOrEmpty = (text: string, accepts: (value: number) => boolean): boolean =>
  text.trim() === "" || (Number.isFinite(Number(text)) && accepts(Number(text)))
