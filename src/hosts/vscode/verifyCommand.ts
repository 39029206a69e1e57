/** @file Noether Lens: Verify Conservation. Finds out which model is meant and opens its panel. */
import * as vscode from "vscode"
import { countText } from "../../presentation/words"
import type { FileReport, Model } from "../../schema/report"
import { contains } from "../sites"
import { languages, type Client } from "./client"
import { toPos, toPosition } from "./places"

export const verifyCommand = "noetherLens.verify"

/** What lenses and hovers hand over; `line` (from 1) tells models of one name apart. */
export interface VerifyTarget {
  readonly uri: string
  readonly model: string
  readonly line: number
}

/** Opens the panel and starts the run. */
type Show = (document: vscode.TextDocument, model: Model) => Promise<void>

export async function runVerify(client: Client, argument: unknown, show: Show): Promise<void> {
  const target = isTarget(argument) ? argument : null
  const editor = vscode.window.activeTextEditor
  const document = target ? await vscode.workspace.openTextDocument(vscode.Uri.parse(target.uri)) : editor?.document
  if (!document || !languages.includes(document.languageId)) return say("Open a TypeScript or JavaScript file that defines a model first.")
  const location = vscode.ProgressLocation.Window
  const report = await vscode.window.withProgress({ location, title: "Reading models…" }, () => client.report(document))
  if (!report) return say(client.isAvailable() ? "TypeScript has not loaded this file yet. Try again in a moment." : unavailableText)
  if (report.models.length === 0) return say(report.problems[0]?.message ?? "No model found in this file.")
  const cursor = !target && editor ? await modelAtCursor(report, editor) : null
  const model = target ? findTarget(report, target) : cursor ?? await pickModel(report)
  if (model) await show(document, model)
}

export const unavailableText =
  "Noether Lens works inside VS Code's own TypeScript server, which is switched off (TypeScript 7 native preview or a browser without it)."

/** The lens may be older than the text: by name, and by line only between models of one name. */
export function findTarget(report: FileReport, target: Pick<VerifyTarget, "model" | "line">): Model | undefined {
  const named = report.models.filter(model => model.name === target.model)
  return named.find(model => model.start.line === target.line) ?? named[0]
}

/** The model whose declaration is around the cursor, or the only one. */
async function modelAtCursor(report: FileReport, editor: vscode.TextEditor): Promise<Model | undefined> {
  if (report.models.length === 1) return report.models[0]
  const cursor = editor.selection.active
  const direct = report.models.findLast(model => contains(model, toPos(cursor)))
  if (direct) return direct
  // Reports place a class at its head; TypeScript's outline knows how far it reaches.
  const outline = await vscode.commands.executeCommand<unknown>("vscode.executeDocumentSymbolProvider", editor.document.uri)
  const around = declarationsAround(Array.isArray(outline) ? outline.filter(isSymbol) : [], cursor)
  // From the innermost declaration outwards.
  for (const range of around.reverse()) {
    const inside = report.models.filter(model => range.contains(toPosition(model.start)))
    if (inside.length === 1) return inside[0]
  }
  return undefined
}

/** Ranges of nested declarations that contain the position, the outermost first. */
function declarationsAround(symbols: readonly vscode.DocumentSymbol[], position: vscode.Position): vscode.Range[] {
  const found = symbols.find(symbol => symbol.range.contains(position))
  return found ? [found.range, ...declarationsAround(found.children, position)] : []
}

/** Some providers answer with flat lists of another type. */
const isSymbol = (value: unknown): value is vscode.DocumentSymbol =>
  typeof value === "object" && value !== null && "range" in value && "children" in value

async function pickModel(report: FileReport): Promise<Model | undefined> {
  const items = report.models.map(model => ({ label: model.name, description: `line ${model.start.line}`, detail: summaryOf(model), model }))
  const picked = await vscode.window.showQuickPick(items, { title: "Verify Conservation", placeHolder: "Which model?", matchOnDetail: true })
  return picked?.model
}

function summaryOf(model: Model): string {
  if (model.laws.length === 0) return "no conservation law"
  return `${countText(model.laws.length, "law")} · ${countText(model.quantities, "conserved quantity", "conserved quantities")}`
}

/** The user asked for something that cannot be done: that is worth a message. */
async function say(message: string): Promise<void> {
  await vscode.window.showInformationMessage(message)
}

function isTarget(value: unknown): value is VerifyTarget {
  if (typeof value !== "object" || value === null) return false
  const { uri, model, line } = value as Partial<VerifyTarget>
  return typeof uri === "string" && typeof model === "string" && typeof line === "number"
}
