/** @file Hovers: the site's text from the report, with a link to the verification. Nothing is computed or worded here. */
import * as vscode from "vscode"
import { siteAt } from "../sites"
import type { Client } from "./client"
import { toPos, toRange } from "./places"
import { verifyCommand, type VerifyTarget } from "./verifyCommand"

export function createHoverProvider(client: Client): vscode.HoverProvider {
  return {
    async provideHover(document, position, token) {
      if (!vscode.workspace.getConfiguration("noetherLens", document).get("hover.enabled", true)) return null
      const report = await client.report(document)
      const site = report && siteAt(report, toPos(position))
      if (!report || !site || token.isCancellationRequested) return null
      const model = report.models.find(candidate => candidate.sites.includes(site))
      const target = model && model.laws.length > 0 ? { uri: document.uri.toString(), model: model.name, line: model.start.line } : null
      return new vscode.Hover(toMarkdown(withLinks(site.text, document.uri), target), toRange(site))
    },
  }
}

/** "(line 12)" as a link to that line. */
const withLinks = (text: string, uri: vscode.Uri): string =>
  text.replace(/\bline (\d+)\b/g, (words, line: string) => `[${words}](<${uri.with({ fragment: `L${line}` }).toString()}>)`)

function toMarkdown(text: string, target: VerifyTarget | null): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text, true)
  if (target) {
    const query = encodeURIComponent(JSON.stringify([target]))
    markdown.isTrusted = { enabledCommands: [verifyCommand] }
    const tooltip = "Integrate the gradient flow of this model and measure its laws"
    markdown.appendMarkdown(`\n\n[$(law) Verify conservation](command:${verifyCommand}?${query} "${tooltip}")`)
  }
  return markdown
}
