/** @file Entry point of the VS Code extension. Activation only registers; nothing is analysed before the editor asks. */
import * as vscode from "vscode"
import { createClient, languages, type Client } from "./client"
import { createHoverProvider } from "./hoverProvider"
import { createLensProvider } from "./lensProvider"
import { createPanels } from "./panels"
import { runVerify, unavailableText, verifyCommand } from "./verifyCommand"

/** Hovers and lenses also for documents that are not saved yet. */
const selector: vscode.DocumentSelector = languages.flatMap(language => [{ language, scheme: "file" }, { language, scheme: "untitled" }])

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Noether Lens", { log: true })
  const client = createClient(log)
  const panels = createPanels(context, client, log)
  const refresh = new vscode.EventEmitter<void>()
  const lenses = createLensProvider(client, refresh.event)
  const refreshAll = (): void => refresh.fire()

  context.subscriptions.push(
    log, client, panels, refresh, lenses,
    vscode.languages.registerHoverProvider(selector, createHoverProvider(client)),
    vscode.languages.registerCodeLensProvider(selector, lenses),
    vscode.commands.registerCommand(verifyCommand, (argument: unknown) => runVerify(client, argument, panels.show)),
    client.onDidChangeAvailability(refreshAll),
    // A model may be built from what another file exports.
    vscode.workspace.onDidSaveTextDocument(document => void (languages.includes(document.languageId) && refreshAll())),
    vscode.workspace.onDidChangeConfiguration(event => void (event.affectsConfiguration("noetherLens.codeLens") && refreshAll())),
    showAvailability(client),
    followActiveEditor(client),
  )
}

/** A quiet line in the language status, only where laws cannot be shown. */
function showAvailability(client: Client): vscode.Disposable {
  let item: vscode.LanguageStatusItem | undefined
  const update = (): void => {
    item?.dispose()
    item = undefined
    if (client.isAvailable()) return
    item = vscode.languages.createLanguageStatusItem("noetherLens.availability", selector)
    item.name = "Noether Lens"
    item.text = "Noether Lens is off here"
    item.detail = unavailableText
    item.severity = vscode.LanguageStatusSeverity.Information
  }
  const subscription = client.onDidChangeAvailability(update)
  return { dispose: () => (subscription.dispose(), item?.dispose()) }
}

/** The button in the title bar belongs to files with models only. */
function followActiveEditor(client: Client): vscode.Disposable {
  const update = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document
    const relevant = document && languages.includes(document.languageId)
    const report = relevant ? await client.report(document) : null
    if (vscode.window.activeTextEditor?.document !== document) return
    await vscode.commands.executeCommand("setContext", "noetherLens.modelsInEditor", (report?.models.length ?? 0) > 0)
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const updateSoon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void update(), 500)
  }
  updateSoon()
  const subscriptions = [
    vscode.window.onDidChangeActiveTextEditor(updateSoon),
    client.onDidChangeAvailability(updateSoon),
    vscode.workspace.onDidChangeTextDocument(event => void (event.document === vscode.window.activeTextEditor?.document && updateSoon())),
  ]
  return { dispose: () => (clearTimeout(timer), subscriptions.forEach(subscription => subscription.dispose())) }
}
