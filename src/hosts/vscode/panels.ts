/**
 * @file The verification panels, one per model. A panel asks for the model as it stands at every run; the numbers are computed in the page's
 * own worker, so neither the extension host nor the TypeScript server is kept busy.
 */
import * as vscode from "vscode"
import { readFromWebview, seal, type FromWebview, type ToWebview } from "../protocol"
import type { Model, Place } from "../../schema/report"
import type { Client } from "./client"
import { renderPanel } from "./panelHtml"
import { toRange } from "./places"
import { findTarget, type VerifyTarget } from "./verifyCommand"

export const panelType = "noetherLens.verification"

export interface Panels extends vscode.Disposable {
  /** Opens the panel of a model, or brings it to the front, and starts a run. */
  readonly show: (document: vscode.TextDocument, model: Model) => Promise<void>
}

interface Open {
  readonly panel: vscode.WebviewPanel
  target: VerifyTarget
  /** The page has told that it listens; messages before would be lost. */
  listening: boolean
}

export function createPanels(context: vscode.ExtensionContext, client: Client, log: vscode.LogOutputChannel): Panels {
  const open = new Map<string, Open>()
  const dist = vscode.Uri.joinPath(context.extensionUri, "dist")
  const keyOf = (target: Pick<VerifyTarget, "uri" | "model">): string => `${target.uri}#${target.model}`
  const post = (entry: Open, message: ToWebview): void => void entry.panel.webview.postMessage(seal(message))

  const send = async (entry: Open, run: boolean): Promise<void> => {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(entry.target.uri))
    const report = await client.report(document)
    const model = report && findTarget(report, entry.target)
    const task = model && await client.task(document, model)
    if (!model || !task) {
      const message = report ? `The file has no model ${entry.target.model} any more.` : "The TypeScript server gives no answer for this file."
      return post(entry, { kind: "failed", message })
    }
    entry.target = { ...entry.target, line: model.start.line }
    post(entry, { kind: "show", subject: { uri: entry.target.uri, path: vscode.workspace.asRelativePath(document.uri), model, task }, run })
  }

  const receive = async (entry: Open, message: FromWebview): Promise<void> => {
    switch (message.kind) {
      case "ready":
        entry.listening = true
        // A page that still has its last run (hidden for a while) keeps it; a new one starts at once.
        return send(entry, message.subject === null)
      case "refresh":
        return send(entry, true)
      case "reveal":
        return reveal(entry.target, message.place)
      case "finished":
        return log.info(`${entry.target.model}: ${message.verdict}`)
      case "trouble":
        return log.warn(`panel of ${entry.target.model}: ${message.source}: ${message.message}`)
    }
  }

  const adopt = (panel: vscode.WebviewPanel, target: VerifyTarget): Open => {
    const entry: Open = { panel, target, listening: false }
    open.set(keyOf(target), entry)
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, "media", "icon.png")
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] }
    panel.onDidDispose(() => open.delete(keyOf(target)))
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = readFromWebview(received)
      if (!message) return log.warn(`panel of ${target.model}: a message this version does not know`)
      receive(entry, message).catch((error: unknown) => {
        log.error(error instanceof Error ? error : String(error))
        post(entry, { kind: "failed", message: error instanceof Error ? error.message : String(error) })
      })
    })
    panel.webview.html = renderPanel(panel.webview, dist, vscode.Uri.joinPath)
    return entry
  }

  const subscriptions = [
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length === 0) return
      for (const entry of open.values()) if (entry.target.uri === document.uri.toString()) post(entry, { kind: "changed" })
    }),
    vscode.window.registerWebviewPanelSerializer(panelType, {
      deserializeWebviewPanel: async (panel, state: unknown) => {
        const target = storedTarget(state)
        if (target) adopt(panel, target)
        else panel.dispose()
      },
    }),
  ]

  return {
    show: async (document, model) => {
      const target: VerifyTarget = { uri: document.uri.toString(), model: model.name, line: model.start.line }
      const known = open.get(keyOf(target))
      if (known) {
        known.target = target
        known.panel.reveal(undefined, false)
        if (known.listening) await send(known, true)
        return
      }
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false }
      adopt(vscode.window.createWebviewPanel(panelType, `⚖ ${model.name}`, column, { enableScripts: true, localResourceRoots: [dist] }), target)
    },
    dispose: () => {
      for (const subscription of subscriptions) subscription.dispose()
      for (const entry of [...open.values()]) entry.panel.dispose()
    },
  }
}

async function reveal(target: VerifyTarget, place: Place): Promise<void> {
  const uri = vscode.Uri.parse(target.uri)
  const other = place.start.file === undefined ? null : vscode.workspace.getWorkspaceFolder(uri)?.uri
  const file = other && place.start.file ? vscode.Uri.joinPath(other, place.start.file) : uri
  const shown = vscode.window.visibleTextEditors.find(editor => editor.document.uri.toString() === file.toString())
  const column = shown?.viewColumn ?? vscode.ViewColumn.One
  await vscode.window.showTextDocument(file, { selection: toRange(place), viewColumn: column })
}

/** What the page stored with `setState` in an earlier window; see `StoredState` in webview/state.ts. */
function storedTarget(state: unknown): VerifyTarget | null {
  if (typeof state !== "object" || state === null) return null
  const { subject } = state as { readonly subject?: { readonly uri?: unknown; readonly model?: Partial<Model> } }
  const name = subject?.model?.name
  if (typeof subject?.uri !== "string" || typeof name !== "string") return null
  return { uri: subject.uri, model: name, line: subject.model?.start?.line ?? 1 }
}
