/**
 * @file The tsserver plugin: answers `_noetherLens:analyze` and `_noetherLens:graph`, and adds its section to quick info where no extension
 * does. Works in the semantic server only; whatever goes wrong here is logged and TypeScript's own answer stands.
 * The build makes `init` the module itself, as tsserver expects.
 */
import type * as TypeScript from "typescript"
import type { Analysis } from "../../pipeline"
import { analysisOf } from "./analyses"
import { analyzeRequest, graphRequest, pack, protocolVersion } from "../protocol"
import type { AnalyzeArguments, GraphArguments, GraphResponse, PluginConfiguration } from "../protocol"
import type { FileReport } from "../../schema/report"
import { siteAt } from "../sites"

type Ts = typeof TypeScript

/** Requests belong to the session, while tsserver calls `init` once per project. */
const served = new WeakSet<object>()

export function init({ typescript: ts }: { readonly typescript: Ts }): TypeScript.server.PluginModule {
  let quiet = false

  return {
    create(info) {
      const service = info.languageService
      if (info.project.projectService.serverMode !== ts.LanguageServiceMode.Semantic) return service
      configure(info.config)
      guarded(info, undefined, () => addRequests(ts, info))

      const proxy: TypeScript.LanguageService = Object.create(null)
      for (const key of Object.keys(service) as (keyof TypeScript.LanguageService)[]) {
        const original = service[key] as (...args: unknown[]) => unknown
        Object.assign(proxy, { [key]: (...args: unknown[]) => original.apply(service, args) })
      }
      // The rest carries the maximal length and the verbosity of the hover's + and − buttons.
      proxy.getQuickInfoAtPosition = (file, position, ...rest) => {
        const prior = service.getQuickInfoAtPosition(file, position, ...rest)
        if (quiet) return prior
        return guarded(info, prior, () => {
          const program = service.getProgram()
          const section = program && quickInfoSection(ts, analyzed(ts, program, file, () => false).report, program.getSourceFile(file), position)
          return section ? withSection(ts, prior, section) : prior
        })
      }
      return proxy
    },
    onConfigurationChanged: configure,
  }

  function configure(configuration: PluginConfiguration | undefined): void {
    quiet = configuration?.quiet === true
  }
}

/** The edge between our code and the editor: ours may fail, the editor's answer may not. */
function guarded<T>(info: TypeScript.server.PluginCreateInfo, prior: T, run: () => T): T {
  try {
    return run()
  } catch (error) {
    info.project.projectService.logger.info(`noether-lens: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
    return prior
  }
}

/** Only the first project adds the requests, and no handler uses that project: it may be closed while the session lives on. */
function addRequests(ts: Ts, info: TypeScript.server.PluginCreateInfo): void {
  const session = info.session
  if (!session || served.has(session)) return
  served.add(session)
  const service = info.project.projectService

  const currentAnalysis = (file: string): Analysis | null => {
    const script = service.getScriptInfo(file)
    const project = script && service.getDefaultProjectForFile(script.fileName, true)
    const program = project?.getLanguageService().getProgram()
    if (!script || !program) return null
    const token = project?.getCancellationToken()
    const analysis = analyzed(ts, program, script.fileName, () => token?.isCancellationRequested() === true)
    // A cancelled analysis lacks models; tsserver answers "canceled" for this exception.
    if (token?.isCancellationRequested()) throw new ts.OperationCanceledException()
    return analysis
  }

  session.addProtocolHandler(analyzeRequest, request => {
    const { file } = request.arguments as AnalyzeArguments
    const report: FileReport = currentAnalysis(file)?.report ?? { path: file, models: [], problems: [] }
    return { responseRequired: true, response: report }
  })
  session.addProtocolHandler(graphRequest, request => {
    const { file, model, line } = request.arguments as GraphArguments
    const named = currentAnalysis(file)?.models.filter(candidate => candidate.model.name === model) ?? []
    const found = named.find(candidate => candidate.model.start.line === line) ?? named[0]
    // Without a response tsserver answers "no content available".
    const response: GraphResponse | undefined = found && { protocol: protocolVersion, ...pack(found.task) }
    return { responseRequired: true, response }
  })
}

function analyzed(ts: Ts, program: TypeScript.Program, file: string, cancelled: () => boolean): Analysis {
  return analysisOf(ts, program, file, (name) => relativePath(program.getCurrentDirectory(), name), cancelled)
}

function relativePath(folder: string, file: string): string {
  const prefix = folder.endsWith("/") ? folder : `${folder}/`
  return file.startsWith(prefix) ? file.slice(prefix.length) : file
}

interface Section {
  readonly text: string
  readonly span: TypeScript.TextSpan
}

function quickInfoSection(ts: Ts, report: FileReport, source: TypeScript.SourceFile | undefined, position: number): Section | null {
  if (!source) return null
  const { line, character } = source.getLineAndCharacterOfPosition(position)
  const site = siteAt(report, { line: line + 1, column: character + 1 })
  if (!site) return null
  const start = source.getPositionOfLineAndCharacter(site.start.line - 1, site.start.column - 1)
  const end = source.getPositionOfLineAndCharacter(site.end.line - 1, site.end.column - 1)
  return { text: site.text, span: ts.createTextSpanFromBounds(start, end) }
}

/** tfjs's doc comments are longer than a hover is high, so ours comes first. A string literal has no quick info of its own: it gets one. */
function withSection(ts: Ts, prior: TypeScript.QuickInfo | undefined, section: Section): TypeScript.QuickInfo {
  if (!prior) {
    const documentation = [{ kind: "text", text: section.text }]
    return { kind: ts.ScriptElementKind.string, kindModifiers: "", textSpan: section.span, displayParts: [], documentation }
  }
  return { ...prior, documentation: [{ kind: "text", text: `${section.text}\n\n---\n` }, ...(prior.documentation ?? [])] }
}
