/**
 * @file What plugin, extension and webview say to each other: names of requests, messages, a version, and validation at every border.
 * Plain JSON data; numbers that JSON lacks (attention masks are full of −∞) are packed. No host is imported here.
 */
import type { FileReport, Model, Place, Verdict } from "../schema/report"
import type { VerificationTask } from "../verification/task"

/** Raised whenever a message changes its meaning. Plugin and extension of one VSIX always agree; a webview restored after an update may not. */
export const protocolVersion = 1

export const pluginName = "noether-lens-ts-plugin"
/** tsserver accepts names of plugins' requests only with a leading underscore. */
export const analyzeRequest = "_noetherLens:analyze"
export const graphRequest = "_noetherLens:graph"

/** `file` is a path in tsserver's sense; VS Code translates a Uri to one. */
export interface AnalyzeArguments {
  readonly file: string
}

/** `line` (from 1) tells models of one name apart. */
export interface GraphArguments extends AnalyzeArguments {
  readonly model: string
  readonly line?: number
}

/** The traced graph and the laws in generic sizes, packed; no content when the file has no such model (any more). */
export type GraphResponse = { readonly protocol: number } & Packed<VerificationTask>

/** What `configurePlugin` sends. */
export interface PluginConfiguration {
  /** True where an extension shows hovers itself. */
  readonly quiet?: boolean
}

/** A value as JSON can carry it. */
export type Packed<T> = T extends number ? number | { readonly $number: string } : T extends object ? { readonly [K in keyof T]: Packed<T[K]> } : T

/** What the panel shows, and where it came from. */
export interface Subject {
  readonly uri: string
  /** Path of the file, for reading. */
  readonly path: string
  readonly model: Model
  readonly task: Packed<VerificationTask>
}

export type ToWebview =
  | { readonly kind: "show"; readonly subject: Subject; readonly run: boolean }
  /** The source changed after the last "show". */
  | { readonly kind: "changed" }
  | { readonly kind: "failed"; readonly message: string }

export type FromWebview =
  | { readonly kind: "ready"; readonly subject: { readonly uri: string; readonly model: string } | null }
  /** Asks for the model as it stands now, to verify that. */
  | { readonly kind: "refresh" }
  | { readonly kind: "reveal"; readonly place: Place }
  | { readonly kind: "finished"; readonly verdict: Verdict }
  /** Something the page could not do: a blocked resource or an exception. */
  | { readonly kind: "trouble"; readonly source: "csp" | "error"; readonly message: string }

/** A message with the version it was written for. */
export type Envelope<T> = T & { readonly protocol: number }

export const seal = <T extends object>(message: T): Envelope<T> => ({ ...message, protocol: protocolVersion })

const notFinite: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity }

/** Replaces NaN and ±∞, which JSON writes as null, by marked objects. `unpack` is the inverse. */
export function pack<T>(value: T): Packed<T> {
  return packValue(value) as Packed<T>
}

function packValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : { $number: String(value) }
  if (Array.isArray(value)) return value.map(packValue)
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, packValue(entry)]))
  return value
}

export function unpack<T>(value: Packed<T>): T {
  return unpackValue(value) as T
}

function unpackValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackValue)
  if (!isRecord(value)) return value
  if (typeof value["$number"] === "string") return notFinite[value["$number"]]
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unpackValue(entry)]))
}

/** The report in a reply of tsserver, or null when the reply is not one: another version of the plugin, an error, a cancelled request. */
export function readAnalyzeReply(reply: unknown): FileReport | null {
  const body = bodyOf(reply)
  if (!isRecord(body) || typeof body["path"] !== "string" || !isArrayOf(body["problems"], isPlaced)) return null
  return isArrayOf(body["models"], isModel) ? (body as unknown as FileReport) : null
}

export function readGraphReply(reply: unknown): Packed<VerificationTask> | null {
  const body = bodyOf(reply)
  return isRecord(body) && body["protocol"] === protocolVersion && isTask(body) ? body : null
}

/** The extension's view of what a webview posted; null when it is nothing it knows. */
export function readFromWebview(message: unknown): FromWebview | null {
  if (!isRecord(message) || message["protocol"] !== protocolVersion) return null
  const accepted = (): FromWebview => message as unknown as FromWebview
  switch (message["kind"]) {
    case "ready": {
      const subject = message["subject"]
      return subject === null || (isRecord(subject) && hasStrings(subject, "uri", "model")) ? accepted() : null
    }
    case "refresh":
      return accepted()
    case "reveal":
      return isPlaced(message["place"]) ? accepted() : null
    case "finished":
      return hasStrings(message, "verdict") ? accepted() : null
    case "trouble":
      return hasStrings(message, "source", "message") ? accepted() : null
    default:
      return null
  }
}

/** The webview's view of what the extension posted. */
export function readToWebview(message: unknown): ToWebview | null {
  if (!isRecord(message) || message["protocol"] !== protocolVersion) return null
  const accepted = (): ToWebview => message as unknown as ToWebview
  switch (message["kind"]) {
    case "show":
      return isSubject(message["subject"]) && typeof message["run"] === "boolean" ? accepted() : null
    case "changed":
      return accepted()
    case "failed":
      return hasStrings(message, "message") ? accepted() : null
    default:
      return null
  }
}

/** Also for what the webview stored in an earlier life. */
export function isSubject(value: unknown): value is Subject {
  return isRecord(value) && hasStrings(value, "uri", "path") && isModel(value["model"]) && isTask(value["task"])
}

/** tsserver answers `{success, body}`; VS Code hands that reply out as it is. */
function bodyOf(reply: unknown): unknown {
  return isRecord(reply) && reply["success"] !== false ? reply["body"] : undefined
}

type JsonRecord = { readonly [key: string]: unknown }

const isRecord = (value: unknown): value is JsonRecord => typeof value === "object" && value !== null && !Array.isArray(value)

const hasStrings = (value: JsonRecord, ...keys: readonly string[]): boolean => keys.every(key => typeof value[key] === "string")

const isArrayOf = (value: unknown, accepts: (entry: unknown) => boolean): boolean => Array.isArray(value) && value.every(accepts)

const isPosition = (value: unknown): boolean => isRecord(value) && typeof value["line"] === "number" && typeof value["column"] === "number"

const isPlaced = (value: unknown): value is Place => isRecord(value) && isPosition(value["start"]) && isPosition(value["end"])

const isModel = (value: unknown): value is Model =>
  isPlaced(value) && isRecord(value) && hasStrings(value, "name", "form")
  && isArrayOf(value["laws"], law => isRecord(law) && hasStrings(law, "id", "formula", "latex", "symmetry"))
  && isArrayOf(value["sites"], site => isPlaced(site) && isRecord(site) && hasStrings(site, "text", "kind"))
  && Array.isArray(value["parameters"]) && Array.isArray(value["training"])

const isTask = (value: unknown): value is Packed<VerificationTask> =>
  isRecord(value) && hasStrings(value, "model") && Array.isArray(value["sizes"])
  && isArrayOf(value["laws"], law => isRecord(law) && hasStrings(law, "id"))
  && isRecord(value["graph"]) && Array.isArray(value["graph"]["nodes"]) && Array.isArray(value["graph"]["parameters"])
