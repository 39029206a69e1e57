/** @file The page: what stands where. Reads a view, writes elements; decides nothing. */
import type { Subject } from "../src/hosts/protocol"
import { countText } from "../src/presentation/words"
import type { Model, Place } from "../src/schema/report"
import type { VerificationSeries } from "../src/verification/verify"
import { createDriftChart, createLossChart, type Chart } from "./charts"
import { drawing, element } from "./dom"
import { formatMagnitude } from "./format"
import type { Optimizer, Outcome, Settings } from "./state"
import { createButton, createDataGrid, createDropdown, createProgressRing, createTextField } from "./toolkit"
import { renderLaw, renderSummary } from "./verdicts"
import { verdictsOfBoth } from "../src/presentation/verification"

export type Phase =
  | { readonly kind: "waiting" }
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly fraction: number; readonly text: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "cancelled" }

export interface View {
  readonly subject: Subject | null
  readonly settings: Settings
  readonly outcome: Outcome | null
  readonly phase: Phase
  /** The source is newer than the outcome. */
  readonly stale: boolean
  /** Laws in the chart. */
  readonly shown: readonly number[]
}

export interface Actions {
  readonly run: () => void
  readonly cancel: () => void
  readonly change: (settings: Partial<Settings>) => void
  readonly toggle: (index: number) => void
  readonly reveal: (place: Place) => void
}

export interface Page {
  /** Everything but the charts' lines. */
  readonly render: (view: View) => void
  readonly plot: (series: VerificationSeries) => void
  readonly restyle: () => void
  /** For screen readers: said once, at the beginning and the end of a run. */
  readonly say: (text: string) => void
}

const optimizers: readonly { readonly value: Optimizer; readonly label: string }[] = [
  { value: "flow", label: "Gradient flow" },
  { value: "sgd", label: "SGD" },
  { value: "momentum", label: "Momentum" },
  { value: "nesterov", label: "Nesterov" },
  { value: "adam", label: "Adam" },
  { value: "adamw", label: "AdamW" },
]

export function createPage(root: HTMLElement, initial: Settings, actions: Actions): Page {
  const title = element("h1", { id: "title" }, "Reading the model…")
  const subtitle = element("p.subtitle")
  const used = element("p.note.used")
  const status = element("p.visually-hidden", { id: "status", role: "status", "aria-live": "polite" })

  const step = createTextField({
    id: "step", label: "Step", value: initial.step, placeholder: "automatic", onChange: value => actions.change({ step: value }),
  })
  step.title = "Euler step of the order test, which also takes a half and a quarter of it"
  const rate = createTextField({
    id: "learning-rate", label: "Learning rate", value: initial.learningRate, placeholder: "automatic",
    onChange: learningRate => actions.change({ learningRate }),
  })
  const decay = createTextField({
    id: "weight-decay", label: "Weight decay", value: initial.weightDecay, placeholder: "0",
    onChange: weightDecay => actions.change({ weightDecay }),
  })
  const seed = createTextField({ id: "seed", label: "Seed", value: initial.seed, onChange: value => actions.change({ seed: value }) })
  const sizes = createTextField({
    id: "sizes", label: "Sizes", value: initial.sizes, placeholder: "automatic", onChange: value => actions.change({ sizes: value }),
  })
  sizes.title = "Sizes to run at, by number or symbol of the source: 768=16, batch=2"
  const depth = createTextField({
    id: "depth", label: "Blocks", value: initial.depth, placeholder: "automatic", onChange: value => actions.change({ depth: value }),
  })
  depth.title = "How many of equal blocks, or of the steps of a recurrence, are run"
  const optimizer = createDropdown({
    id: "optimizer", label: "Train with", value: initial.optimizer, choices: optimizers,
    onChange: value => actions.change({ optimizer: value as Optimizer }),
  })
  const run = createButton("Run", "primary", actions.run)
  run.id = "run"
  const cancel = createButton("Cancel", "secondary", actions.cancel)
  cancel.id = "cancel"
  const progressText = element("span.progress-text")
  const bar = element("div.bar-fill")
  const progress = element("div.progress", { hidden: "" }, createProgressRing(), element("div.bar", { "aria-hidden": "true" }, bar), progressText)

  const summary = element("section.summary", { "aria-label": "Verdict" })
  const timeLabel = { current: "time" }
  const chartOf = (heading: string, id: string, make: (holder: HTMLElement, readout: HTMLElement) => Chart, ...key: readonly HTMLElement[]) => {
    const holder = element("div.plot", { id, role: "img", "aria-label": heading })
    const readout = element("span.readout", { "aria-hidden": "true" })
    const figure = element("figure.card", {}, element("figcaption", {}, element("span.heading", {}, heading), ...key, readout), holder)
    return { figure, holder, chart: make(holder, readout) }
  }
  let shown: readonly number[] = []
  const loss = chartOf("Loss", "loss-chart", (holder, readout) => createLossChart({ holder, readout, timeLabel: () => timeLabel.current }))
  const drift = chartOf(
    "Drift, logarithmic", "drift-chart",
    (holder, readout) => createDriftChart({ holder, readout, timeLabel: () => timeLabel.current }, () => shown),
    element("span.key-text", {}, drawing("swatch", [22, 12], "M1 6h20"), "law"),
    element("span.key-text", {}, drawing("swatch.dashed", [22, 12], "M1 6h20"), "control"),
  )
  drift.figure.querySelector(".swatch\\.dashed")?.setAttribute("class", "swatch dashed")
  const charts = element("div.charts", { hidden: "" }, loss.figure, drift.figure)
  const lawsHeading = element("h2", {}, "Laws")
  const laws = element("ul.laws")
  const table = element("details.table", { hidden: "" }, element("summary", {}, "Numbers of the charts"))
  const grid = element("div.grid")
  table.append(grid)

  root.append(
    element("header", {}, element("p.eyebrow", {}, "Noether Lens"), title, subtitle, used),
    element("form.controls", { "aria-label": "Run" }, optimizer, step, rate, decay, seed, sizes, depth, element("div.buttons", {}, run, cancel)),
    status, progress, summary, charts, lawsHeading, laws, table,
  )
  root.querySelector("form")?.addEventListener("submit", event => event.preventDefault())
  root.addEventListener("keydown", event => {
    if (event.key === "Enter" && event.target instanceof HTMLElement && event.target.localName === "vscode-text-field") actions.run()
  })

  let drawnSeries: VerificationSeries | null = null
  let drawnLaws = ""
  let drawnGrid: Outcome | null = null

  return {
    render: view => {
      const model = view.subject?.model
      const running = view.phase.kind === "running"
      root.setAttribute("aria-busy", String(running || view.phase.kind === "waiting"))
      root.dataset["phase"] = view.phase.kind
      root.dataset["verdict"] = view.outcome?.verification.verdict ?? "none"
      if (model) {
        title.textContent = model.name
        renderSubtitle(subtitle, view.subject, actions)
        const inSource = model.training.filter(use => use.place !== undefined).map(use => use.optimizer)
        used.textContent = inSource.length > 0 ? `Trained in the source by ${inSource.join(", ")}` : ""
      }
      const discrete = view.settings.optimizer !== "flow"
      step.hidden = discrete
      rate.hidden = !discrete
      decay.hidden = !discrete
      run.textContent = view.outcome || view.phase.kind === "cancelled" ? "Run again" : "Run"
      run.disabled = running || !model
      cancel.hidden = !running
      progress.hidden = !running
      if (view.phase.kind === "running") {
        bar.style.setProperty("--done", `${Math.round(view.phase.fraction * 100)}%`)
        progressText.textContent = view.phase.text
      }
      renderVerdict(summary, view)
      timeLabel.current = (view.outcome?.settings ?? view.settings).optimizer === "flow" ? "time" : "step"
      shown = view.shown
      if (model) {
        lawsHeading.textContent = model.laws.length === 0 ? "No law" : countText(model.laws.length, "law")
        // Cards keep the keyboard's focus while nothing in them changes.
        const look = JSON.stringify([model, view.outcome?.verification.laws ?? null, view.shown])
        if (look !== drawnLaws) renderLaws(laws, view, actions)
        drawnLaws = look
      }
      table.hidden = !view.outcome
      if (view.outcome && view.outcome !== drawnGrid) grid.replaceChildren(renderGrid(view.outcome, timeLabel.current))
      drawnGrid = view.outcome
      if (drawnSeries) drift.chart.update(drawnSeries)
    },
    plot: series => {
      drawnSeries = series
      charts.hidden = series.time.length === 0
      if (charts.hidden) return
      loss.chart.update(series)
      drift.chart.update(series)
      loss.holder.setAttribute("aria-label", `Loss from ${formatMagnitude(series.loss[0] ?? 0)} to ${formatMagnitude(series.loss.at(-1) ?? 0)}`)
      const ends = series.laws.map(law => `${law.id} ${formatMagnitude(law.drift.at(-1) ?? 0)}, control ${formatMagnitude(law.control.at(-1) ?? 0)}`)
      drift.holder.setAttribute("aria-label", `Drift at the end: ${ends.join("; ")}`)
    },
    restyle: () => {
      loss.chart.restyle()
      drift.chart.restyle()
    },
    say: text => {
      status.textContent = text
    },
  }
}

function renderSubtitle(subtitle: HTMLElement, subject: Subject | null, actions: Actions): void {
  if (!subject) return
  const { model, path } = subject
  const link = element("button.link", { type: "button", title: "Show in the source" }, `${path}:${model.start.line}`)
  link.addEventListener("click", () => actions.reveal({ start: model.start, end: model.start }))
  const facts = [
    model.parameterCount === null ? null : countText(model.parameterCount, "parameter"),
    countText(model.quantities, "conserved quantity", "conserved quantities"),
    model.independent === model.quantities ? null : `${model.independent} independent`,
  ].filter(fact => fact !== null)
  subtitle.replaceChildren(link, ` · ${facts.join(" · ")}`)
}

function renderVerdict(summary: HTMLElement, { phase, outcome, stale, subject }: View): void {
  const notes = [
    phase.kind === "failed" ? element("p.problem", { role: "alert" }, phase.message) : null,
    phase.kind === "cancelled" ? element("p.note", {}, "Cancelled.") : null,
    stale && phase.kind !== "running" ? element("p.note.stale", {}, "The source has changed since this run.") : null,
  ].filter(note => note !== null)
  const sentence = outcome && phase.kind !== "running" ? renderSummary(outcome, subject?.model.laws.length ?? 0) : []
  summary.replaceChildren(...sentence.filter(child => child instanceof Node), ...notes)
  summary.hidden = summary.childNodes.length === 0
}

function renderLaws(list: HTMLElement, view: View, actions: Actions): void {
  const model = view.subject?.model
  if (!model) return
  // Where nothing could be run, the numbers are placeholders.
  const measured = new Map((view.outcome?.reason === null ? verdictsOfBoth(view.outcome.verification) : []).map(law => [law.law, law]))
  list.replaceChildren(
    ...model.laws.map((law, index) => renderLaw(model, law, index, measured.get(law.id), { ...actions, isShown: k => view.shown.includes(k) })),
    ...(model.laws.length > 0 ? [] : model.lawless.flatMap(renderLawless)),
  )
}

const renderLawless = ({ parameters, because }: Model["lawless"][number]): HTMLElement[] =>
  because.map(reason => element("li.note", {}, `${parameters.join(", ")}: ${reason.text}`))

/** At most sixty rows: enough to read a curve. */
function renderGrid({ series }: Outcome, timeLabel: string): HTMLElement {
  const columns = [
    { key: "time", title: timeLabel },
    { key: "loss", title: "loss" },
    ...series.laws.flatMap((law, k) => [{ key: `law${k}`, title: law.id }, { key: `control${k}`, title: `control of ${law.id}` }]),
  ]
  const stride = Math.max(1, Math.ceil(series.time.length / 60))
  const rows = series.time.map((_, k) => k).filter(k => k % stride === 0 || k === series.time.length - 1).map(k => {
    const row: Record<string, string> = { time: formatMagnitude(series.time[k] ?? 0), loss: formatMagnitude(series.loss[k] ?? 0) }
    series.laws.forEach((law, index) => {
      row[`law${index}`] = formatMagnitude(law.drift[k] ?? 0)
      row[`control${index}`] = formatMagnitude(law.control[k] ?? 0)
    })
    return row
  })
  return createDataGrid({ label: "Loss and drifts along the run", columns, rows })
}
