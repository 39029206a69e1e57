/** @file Messages between plugin, extension and webview: what is accepted, what is turned away, what JSON must not lose. */
import { describe, expect, test } from "vitest"
import { pack, protocolVersion, readAnalyzeReply, readFromWebview, readGraphReply, readToWebview, seal, unpack } from "../../src/hosts/protocol"

const place = { start: { line: 1, column: 1 }, end: { line: 1, column: 9 } }
const model = { ...place, name: "mlp", form: "sequential", laws: [], sites: [], parameters: [], training: [] }
const report = { path: "a.ts", models: [model], problems: [] }
const task = { model: "mlp", sizes: [], laws: [], graph: { nodes: [], parameters: [], outputs: [] } }

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

describe("packing", () => {
  test("numbers that JSON lacks survive", () => {
    const value = { mask: [0, -Infinity, Infinity, NaN], deep: [{ x: -0.5, text: "-Infinity", nothing: null, flag: true }] }
    expect(unpack(throughJson(pack(value)) as never)).toEqual(value)
  })

  test("without it they do not", () => {
    expect(throughJson({ x: -Infinity })).toEqual({ x: null })
  })
})

describe("replies of the TypeScript server", () => {
  test("a report is read", () => {
    expect(readAnalyzeReply({ success: true, body: report })).toEqual(report)
  })

  test.each([
    ["nothing", undefined],
    ["a failure", { success: false, message: "No content available." }],
    ["no body", { success: true }],
    ["models that are none", { success: true, body: { ...report, models: [{ name: "mlp" }] } }],
    ["a problem without a place", { success: true, body: { ...report, problems: [{ message: "x" }] } }],
  ])("%s is no report", (_, reply) => {
    expect(readAnalyzeReply(reply)).toBeNull()
  })

  test("a graph of another version is not taken", () => {
    expect(readGraphReply({ success: true, body: { protocol: protocolVersion, ...task } })).toMatchObject(task)
    expect(readGraphReply({ success: true, body: { protocol: protocolVersion + 1, ...task } })).toBeNull()
    expect(readGraphReply({ success: true, body: { protocol: protocolVersion, ...task, graph: null } })).toBeNull()
  })
})

describe("messages of the panel", () => {
  const show = { kind: "show", subject: { uri: "file:///a.ts", path: "a.ts", model, task }, run: true } as const

  test.each([
    { kind: "ready", subject: null },
    { kind: "ready", subject: { uri: "file:///a.ts", model: "mlp" } },
    { kind: "refresh" },
    { kind: "reveal", place },
    { kind: "finished", verdict: "conserved" },
    { kind: "trouble", source: "csp", message: "blocked" },
  ] as const)("from the page: $kind", message => {
    expect(readFromWebview(seal(message))).toMatchObject(message)
    expect(readFromWebview(message)).toBeNull()
  })

  test("to the page", () => {
    expect(readToWebview(seal(show))).toMatchObject(show)
    expect(readToWebview(seal({ ...show, subject: { ...show.subject, task: null } }))).toBeNull()
    expect(readToWebview({ ...seal(show), protocol: 0 })).toBeNull()
  })

  test.each([
    ["an unknown kind", { kind: "explode" }],
    ["a place without an end", { kind: "reveal", place: { start: place.start } }],
    ["a subject without a name", { kind: "ready", subject: { uri: "file:///a.ts" } }],
  ])("%s is turned away", (_, message) => {
    expect(readFromWebview(seal(message))).toBeNull()
  })
})
