/** @file The script of the panel: holds the state, talks to the extension, starts and cancels runs. */
import { readToWebview, seal, unpack, type FromWebview } from "../src/hosts/protocol"
import type { VerificationTask } from "../src/verification/task"
import type { VerificationProgress } from "../src/verification/verify"
import { createPage, type View } from "./page"
import { startRun, type FromWorker, type Run } from "./run"
import { problemOf, readState, type StoredState } from "./state"
import { registerToolkit } from "./toolkit"
import { spokenVerdict } from "./verdicts"
import { verdictsOfBoth } from "../src/presentation/verification"
import "./style.css"

interface VsCodeApi {
  readonly postMessage: (message: object) => void
  readonly getState: () => unknown
  readonly setState: (state: StoredState) => void
}
declare function acquireVsCodeApi(): VsCodeApi

const phaseTexts: Readonly<Record<VerificationProgress["phase"], string>> = {
  rates: "Measuring rates beside controls",
  order: "Halving the step",
  flow: "Following the gradient flow",
  training: "Training",
  completeness: "Counting what can be conserved",
}

/** More lines than this are not told apart. */
const linesAtFirst = 6

const vscode = acquireVsCodeApi()
const post = (message: FromWebview): void => vscode.postMessage(seal(message))

// Reported as early as possible. Tests read this count and that of finished runs, which are often too short to be seen running.
let violations = 0
let runs = 0
document.addEventListener("securitypolicyviolation", event => {
  violations += 1
  document.body.dataset["violations"] = String(violations)
  const { violatedDirective, blockedURI, sourceFile, lineNumber } = event
  post({ kind: "trouble", source: "csp", message: `${violatedDirective} blocked ${blockedURI} (${sourceFile}:${lineNumber})` })
})
window.addEventListener("error", event => post({ kind: "trouble", source: "error", message: `${event.message} (${event.filename}:${event.lineno})` }))
window.addEventListener("unhandledrejection", event => post({ kind: "trouble", source: "error", message: String(event.reason) }))
document.body.dataset["violations"] = "0"
document.body.dataset["runs"] = "0"

registerToolkit()
const stored = readState(vscode.getState())
let view: View = {
  ...stored,
  phase: stored.outcome ? { kind: "idle" } : { kind: "waiting" },
  stale: false,
  shown: firstLaws(stored.subject?.model.laws.length ?? 0),
}
let current: Run | null = null
/** The run was cancelled while its model was still being read. */
let dropped = false

const root = document.getElementById("page")
if (!root) throw new Error("the page has no main element")
const page = createPage(root, view.settings, {
  run: () => {
    const problem = problemOf(view.settings)
    if (problem !== null) return update({ phase: { kind: "failed", message: problem } })
    dropped = false
    update({ phase: { kind: "running", fraction: 0, text: "Reading the model…" } })
    // The source may have changed: every run takes the model as it stands.
    post({ kind: "refresh" })
  },
  cancel: () => {
    dropped = current === null
    current?.cancel()
    current = null
    update({ phase: { kind: "cancelled" }, outcome: null })
    page.say("Cancelled.")
  },
  change: settings => update({ settings: { ...view.settings, ...settings } }),
  toggle: index => update({ shown: view.shown.includes(index) ? view.shown.filter(k => k !== index) : [...view.shown, index] }),
  reveal: place => post({ kind: "reveal", place }),
})

window.addEventListener("message", (event: MessageEvent<unknown>) => {
  const message = readToWebview(event.data)
  switch (message?.kind) {
    case "show": {
      const [before, after] = [view.subject?.model, message.subject.model]
      const shown = before?.name === after.name && before.laws.length === after.laws.length ? view.shown : firstLaws(after.laws.length)
      update({ subject: message.subject, shown, ...(view.phase.kind === "waiting" ? { phase: { kind: "idle" } } : {}) })
      if (message.run && !dropped) start(unpack<VerificationTask>(message.subject.task))
      dropped = false
      return
    }
    case "changed":
      return update({ stale: view.outcome !== null })
    case "failed":
      return fail(message.message)
    case undefined:
      return
  }
})

// The theme sets classes and variables on the body; the canvas has to be told.
new MutationObserver(() => page.restyle()).observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] })

page.render(view)
if (view.outcome) page.plot(view.outcome.series)
post({ kind: "ready", subject: view.subject && view.outcome ? { uri: view.subject.uri, model: view.subject.model.name } : null })

function firstLaws(count: number): readonly number[] {
  return Array.from({ length: Math.min(count, linesAtFirst) }, (_, index) => index)
}

function update(change: Partial<View>): void {
  view = { ...view, ...change }
  page.render(view)
  vscode.setState({ subject: view.subject, settings: view.settings, outcome: view.outcome })
}

function start(task: VerificationTask): void {
  current?.cancel()
  update({ outcome: null, stale: false, phase: { kind: "running", fraction: 0, text: "Starting…" } })
  page.say(`Verifying ${task.model}.`)
  const settings = view.settings
  current = startRun({ task, settings }, message => receive(message, settings))
}

function receive(message: FromWorker, settings: View["settings"]): void {
  switch (message.kind) {
    case "progress": {
      const { phase, fraction, series } = message.progress
      // Not through `update`: nothing of a running run is stored.
      view = { ...view, phase: { kind: "running", fraction, text: phaseTexts[phase] } }
      page.render(view)
      if (series) page.plot(series)
      return
    }
    case "done": {
      const { verification, series, reason = null } = message.run
      current = null
      update({ phase: { kind: "idle" }, outcome: { verification, series, settings, reason } })
      page.plot(series)
      runs += 1
      document.body.dataset["runs"] = String(runs)
      const held = verdictsOfBoth(verification).filter(law => law.verdict === "conserved")
      page.say(spokenVerdict(verification.verdict, held.length, verification.laws.length))
      return post({ kind: "finished", verdict: verification.verdict })
    }
    case "failed":
      return fail(message.message)
  }
}

function fail(message: string): void {
  current?.cancel()
  current = null
  update({ phase: { kind: "failed", message } })
  page.say(message)
}
