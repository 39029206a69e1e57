/**
 * @file Asks the plugin inside VS Code's TypeScript server. The command used is what other extensions use but is not documented,
 * so everything that depends on it is here: whether it exists, what a broken answer means.
 */
import * as vscode from "vscode"
import { analyzeRequest, graphRequest, pluginName, readAnalyzeReply, readGraphReply } from "../protocol"
import type { Packed } from "../protocol"
import type { FileReport, Model } from "../../schema/report"
import type { VerificationTask } from "../../verification/task"

const typescriptExtension = "vscode.typescript-language-features"
const requestCommand = "typescript.tsserverRequest"
/** The server of TypeScript 7 loads no plugins; both names of the switch are in use. */
const nativeSettings = ["js/ts.experimental.useTsgo", "typescript.experimental.useTsgo"]

export const languages = ["typescript", "typescriptreact", "javascript", "javascriptreact"]

export interface Client extends vscode.Disposable {
  /** Null when there is no answer: server off, file not in a project yet, request cancelled. */
  readonly report: (document: vscode.TextDocument) => Promise<FileReport | null>
  /** The network and its laws, for the verification. */
  readonly task: (document: vscode.TextDocument, model: Model) => Promise<Packed<VerificationTask> | null>
  readonly isAvailable: () => boolean
  /** Fires when the TypeScript server comes or goes. */
  readonly onDidChangeAvailability: vscode.Event<void>
}

export function createClient(log: vscode.LogOutputChannel): Client {
  const changed = new vscode.EventEmitter<void>()
  // Lenses, hovers and the title bar ask for the same version of a document at the same time.
  const pending = new Map<string, Promise<FileReport | null>>()
  let available: boolean | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const detect = async (): Promise<void> => {
    const found = await connect(log)
    if (found === available) return
    available = found
    changed.fire()
  }
  // The built-in extension follows such changes with a short delay of its own.
  const detectSoon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void detect(), 1500)
  }
  const ready = detect()
  const subscriptions = [
    changed,
    vscode.extensions.onDidChange(detectSoon),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (nativeSettings.some(name => event.affectsConfiguration(name))) detectSoon()
    }),
  ]

  const ask = async (name: string, args: object): Promise<unknown> => {
    await ready
    if (!available) return null
    try {
      return await vscode.commands.executeCommand(requestCommand, name, args, { isAsync: true, lowPriority: true })
    } catch (error) {
      log.warn(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }

  return {
    report: document => {
      const key = `${document.uri.toString()} ${document.version}`
      const asked = pending.get(key) ?? ask(analyzeRequest, { file: document.uri }).then(readAnalyzeReply).finally(() => pending.delete(key))
      pending.set(key, asked)
      return asked
    },
    task: async (document, model) =>
      readGraphReply(await ask(graphRequest, { file: document.uri, model: model.name, line: model.start.line })),
    isAvailable: () => available !== false,
    onDidChangeAvailability: changed.event,
    dispose: () => {
      clearTimeout(timer)
      for (const subscription of subscriptions) subscription.dispose()
    },
  }
}

interface TypeScriptExports {
  readonly getAPI?: (version: 0) => { readonly configurePlugin?: (name: string, configuration: object) => void } | undefined
}

/** Silences the plugin's own hovers, since the extension shows them, and says whether requests can be sent. */
async function connect(log: vscode.LogOutputChannel): Promise<boolean> {
  try {
    const builtIn = vscode.extensions.getExtension<TypeScriptExports | undefined>(typescriptExtension)
    const exported = await builtIn?.activate()
    exported?.getAPI?.(0)?.configurePlugin?.(pluginName, { quiet: true })
    return (await vscode.commands.getCommands(true)).includes(requestCommand)
  } catch (error) {
    log.warn(`the TypeScript extension did not start: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}
