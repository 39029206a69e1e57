/**
 * @file The report for a terminal, at most 100 columns: one heading per model, one block per law with count, symmetry, fate and why,
 * then findings, what has no law and what could not be read.
 */
import { foldNames } from "../graph/names"
import type { FileReport, Finding, Law, Model, Place, Reason, Training } from "../schema/report"
import { foldLaws } from "./fold"
import type { LawGroup } from "./fold"
import { groupReasons } from "./groupReasons"
import { wholesFirst } from "./order"
import { wrapText } from "./paint"
import type { Paint, Painter } from "./paint"
import { countText, dimText, fateTexts, groupAssumptions, listText, reasonsText, symmetryText, viewText } from "./words"

export const terminalWidth = 100

/** With more laws than this (after folding) each gets two or three lines instead of a block with all its reasons. */
const roomyLaws = 8

/** One file with its models, parts behind wholes; with all reasons where asked for. Files without models and problems give no lines. */
export function fileText(file: FileReport, painter: Painter, showsAll = false): string[] {
  const problems = file.problems.flatMap(({ message, start }) =>
    wrapText(`${file.path}:${start.line}:${start.column} ${message}`, terminalWidth, "  ", painter.warning),
  )
  if (file.models.length === 0 && problems.length === 0) return []
  const models = wholesFirst(file.models, (model) => model)
  return [painter.heading(file.path), ...problems, ...models.flatMap((model) => ["", ...modelText(model, file.path, painter, showsAll)])]
}

/** One model. `path` is the file that places without a file mean; `showsAll`: with the reasons of every law, however many there are. */
export function modelText(model: Model, path: string, painter: Painter, showsAll = false): string[] {
  // As terminals make links of it.
  const placeText = ({ start }: Place): string => `${start.file ?? path}:${start.line}:${start.column}`
  const wrapped = (label: string, text: string, paint?: Paint): string[] => wrapText(text, terminalWidth, `      ${label} `, paint)
  const groups = foldLaws(model.laws, model.training)
  const fates = fateTexts(
    model.training,
    groups.map(({ laws: [law] }) => law.id),
  )
  const constants = model.parameters.flatMap(({ id, constantBeside }) =>
    constantBeside === undefined ? [] : [`${id} stands for what is added to ${constantBeside}`])
  const frozen = model.parameters.flatMap(({ id, trainable, constantBeside }) =>
    trainable || constantBeside !== undefined || isStatistic(id) ? [] : [id])
  const places = [...new Set(model.parameters.flatMap(({ frozenAt }) => (frozenAt === undefined ? [] : [placeText(frozenAt)])))]
  const where = places.length === 0 ? "" : ` (${listText(places, 2)})`
  const allFrozen = model.parameters.length > 0 && model.parameters.every(({ trainable }) => !trainable)
  const gaps = [
    ...(allFrozen ? wrapped("no law:", `all weights are frozen${where}: training moves none of them`) : []),
    ...(constants.length > 0 ? wrapped("constant:", listText(constants)) : []),
    ...(frozen.length > 0 && !allFrozen ? wrapped("frozen:", `${listText(foldNames(frozen))}${where} — training does not move them`) : []),
    ...model.lawless.flatMap(({ parameters, because }) =>
      wrapped("no law:", `${listText(foldNames(parameters))}${because.length === 0 ? "" : ` — ${reasonsText(because, placeText)}`}`),
    ),
    ...gapsBeside(model).flatMap((gap) => wrapped("not read:", `${gap.what} (${placeText(gap)})`, painter.warning)),
    ...groupAssumptions(model.assumptions).flatMap((assumption) => wrapped("assuming:", assumption, painter.faint)),
  ]
  const findings = groupFindings(model.findings).flatMap(([{ rule, severity, message, proof }, places]) => [
    ...wrapped(`${severity}:`, `${message} (${rule}, ${listText(places.map(placeText), 3)})`, severity === "warning" ? painter.warning : undefined),
    ...(proof === undefined ? [] : wrapText(proof, terminalWidth, "        proof: ", painter.faint)),
  ])
  // Long reports have no room for either.
  const asked = groups.some((group) => viewText(group) !== "") ? "why, and the shapes that brackets index" : "why"
  return [
    `  ${painter.heading(model.name)} ${painter.faint(`${formText(model)} · ${placeText(model)}`)}`,
    ...wrapText(summaryText(model), terminalWidth, "  "),
    ...(groups.length > roomyLaws && !showsAll
      ? [
          "",
          ...groups.flatMap((group, k) =>
            shortLawText(group, k + 1, fates[k], paintOf(group.laws[0], model.training, painter), painter, placeText),
          ),
          `      ${painter.faint(`${asked}: with --model ${model.name}, or in the editor's hovers`)}`,
        ]
      : groups.flatMap((group, k) => [
          "",
          ...lawText(group, k + 1, fates[k], paintOf(group.laws[0], model.training, painter), painter, placeText),
        ])),
    ...(findings.length > 0 ? ["", ...findings] : []),
    ...(gaps.length > 0 ? ["", ...gaps] : []),
  ]
}

/** What is not read and said by no finding. */
const gapsBeside = ({ unsupported, findings }: Model): Model["unsupported"] =>
  unsupported.filter(({ what }) => !findings.some((finding) => tells(finding, what)))

/** Whether a finding says what could not be read: the part that is said may have a word before it. */
const tells = ({ message }: Finding, what: string): boolean =>
  message.includes(what) || message.includes(what.slice(what.indexOf(": ") + 2)) || what.includes(message)

/** What a batch normalization averages: not trained, and not frozen by anybody. */
const isStatistic = (id: string): boolean => /(^|\/)moving_(mean|variance)(_\d+)?$/.test(id)

/** Findings that say the same of several places, with these. */
function groupFindings(findings: readonly Finding[]): readonly (readonly [Finding, readonly Place[]])[] {
  const groups = new Map<string, readonly [Finding, Place[]]>()
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule, finding.message, finding.proof])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [finding, [finding]])
    else group[1].push(finding)
  }
  return [...groups.values()]
}

function formText(model: Model): string {
  switch (model.form) {
    case "sequential":
      return "sequential model"
    case "functional":
      return "functional model"
    case "layer-class":
      return "layer class"
    case "module-class":
      return "class"
    case "function":
      return "function"
  }
}

function summaryText(model: Model): string {
  const parameters = model.parameterCount === null ? [] : [countText(model.parameterCount, "parameter")]
  const optimizers = [...new Set(model.training.flatMap(({ optimizer, place }) => (place === undefined ? [] : [optimizer])))]
  const many = optimizers.length === 1 ? "optimizer" : "optimizers"
  const trained = optimizers.length === 0 ? "no optimizer in sight" : `${many} in sight: ${optimizers.join(", ")}`
  const { losses = [] } = model, shown = listText(losses.map(shortLoss), 2)
  const minimized = losses.length === 0 ? [] : [`${losses.length === 1 && !/^\d/.test(losses[0]) ? "loss" : "losses"} in sight: ${shown}`]
  if (model.laws.length === 0) return [...parameters, "no conservation law", ...(optimizers.length === 0 ? [] : [trained, ...minimized])].join(" · ")
  const approximate = model.laws.filter((law) => law.exactness === "approximate").length
  const share = approximate === model.laws.length ? (approximate === 1 ? "approximate" : "all approximate") : `${approximate} of them approximate`
  const laws = countText(model.laws.length, "law") + (approximate > 0 ? `, ${share}` : "")
  const independent = model.independent === model.quantities ? "" : `, ${dimText(model.independent)} independent`
  return [...parameters, laws, `${countText(model.quantities, "quantity", "quantities")}${independent}`, trained, ...minimized].join(" · ")
}

const shortLoss = (name: string): string => {
  const line = name.replace(/\s+/g, " ")
  return line.length > 40 ? `${line.slice(0, 39)}…` : line
}

type PlaceText = (place: Place) => string

function lawText(group: LawGroup, number: number, fate: string, paint: Paint, painter: Painter, placeText: PlaceText): string[] {
  const [law] = group.laws
  const label = `  ${String(number).padStart(2)}  `
  const times = group.count > 1 ? ` in ${group.count} laws` : ""
  const views = viewText(group)
  const count = countText(group.quantities, "quantity", "quantities") + times + rangeText(group) + (views === "" ? "" : `, ${views}`)
  const indent = " ".repeat(label.length)
  return [
    ...wrapText(group.formula, terminalWidth, label, painter.formula),
    ...wrapText(`${symmetryText(group.symmetry, law)}: ${count} — ${fate}`, terminalWidth, indent, paint),
    ...whysOf(group).flatMap((reasons) => wrapText(reasonsText(reasons, placeText), terminalWidth, `${indent}why: `, painter.faint)),
  ]
}

/** Reasons of one sentence together. */
function whysOf({ laws }: LawGroup): readonly (readonly Reason[])[] {
  const reasons = groupReasons(laws)
  return [...new Set(reasons.map(({ text }) => text))].map((text) => reasons.filter((reason) => reason.text === text))
}

/** Formula, symmetry, count and fate, with the place that decides; on one line where there is room. */
function shortLawText(group: LawGroup, number: number, fate: string, paint: Paint, painter: Painter, placeText: PlaceText): string[] {
  const [law] = group.laws
  const label = `  ${String(number).padStart(2)}  `
  const place = law.because.find((reason) => reason.at !== undefined)?.at
  const at = place === undefined ? "" : ` (${placeText(place)})`
  const facts = `${symmetryText(group.symmetry, law)} ×${dimText(group.quantities)} — ${fate}${at}`
  if (label.length + group.formula.length + 3 + facts.length <= terminalWidth)
    return [`${label}${painter.formula(group.formula)}   ${paint(facts)}`]
  return [...wrapText(group.formula, terminalWidth, label, painter.formula), ...wrapText(facts, terminalWidth, " ".repeat(label.length), paint)]
}

/** ", i < 8": the range of the formula's letters. */
const rangeText = ({ index }: LawGroup): string =>
  index.length === 0 ? "" : `, ${index.map(({ name, size }) => `${name} < ${dimText(size)}`).join(", ")}`

/** The worst fate colors the line. */
function paintOf(law: Law, training: readonly Training[], painter: Painter): Paint {
  const statuses = training.flatMap(({ fate }) => fate.filter((f) => f.law === law.id).map(({ status }) => status))
  if (statuses.includes("broken")) return painter.bad
  return statuses.every((status) => status === "exact") ? painter.good : painter.warning
}
