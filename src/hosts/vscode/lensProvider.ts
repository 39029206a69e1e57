/** @file One CodeLens above every model. While an answer is missing the last one stays, so that lines do not jump as one types. */
import * as vscode from "vscode"
import type { FileReport } from "../../schema/report"
import { lensText } from "../../presentation/lens"
import { isInThisFile } from "../sites"
import type { Client } from "./client"
import { toPosition } from "./places"
import { verifyCommand, type VerifyTarget } from "./verifyCommand"

export function createLensProvider(client: Client, refresh: vscode.Event<void>): vscode.CodeLensProvider & vscode.Disposable {
  const last = new Map<string, vscode.CodeLens[]>()
  const closed = vscode.workspace.onDidCloseTextDocument(document => last.delete(document.uri.toString()))
  return {
    onDidChangeCodeLenses: refresh,
    async provideCodeLenses(document) {
      if (!vscode.workspace.getConfiguration("noetherLens", document).get("codeLens.enabled", true)) return []
      const key = document.uri.toString()
      const report = await client.report(document)
      if (!report) return client.isAvailable() ? last.get(key) ?? [] : []
      const lenses = lensesOf(document, report)
      last.set(key, lenses)
      return lenses
    },
    dispose: () => closed.dispose(),
  }
}

function lensesOf(document: vscode.TextDocument, report: FileReport): vscode.CodeLens[] {
  return report.models.filter(model => isInThisFile(report, model)).map(model => {
    const start = toPosition(model.start)
    const target: VerifyTarget = { uri: document.uri.toString(), model: model.name, line: model.start.line }
    const tooltip = `Integrate the gradient flow of ${model.name} and measure its conservation laws`
    return new vscode.CodeLens(new vscode.Range(start, start), { title: lensText(model), tooltip, command: verifyCommand, arguments: [target] })
  })
}
