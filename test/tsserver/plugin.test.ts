/** @file The plugin inside a real tsserver: requests, quick info, silence, unsaved edits, code that is half typed. */
import fs from "node:fs"
import path from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { analyzeRequest, graphRequest, pluginName, readAnalyzeReply, readGraphReply, unpack } from "../../src/hosts/protocol"
import type { FileReport } from "../../src/schema/report"
import type { VerificationTask } from "../../src/verification/task"
import { locate, startServer, type Server } from "./server"

const file = path.resolve("test/fixtures/tsserver/model.ts")
const text = fs.readFileSync(file, "utf8")
let server: Server

beforeAll(() => {
  server = startServer()
})
afterAll(() => server.stop())
beforeEach(() => {
  server.notify("close", { file })
  server.notify("open", { file, fileContent: text, scriptKindName: "TS" })
})

const analyze = async (): Promise<FileReport> => {
  const report = readAnalyzeReply(await server.request(analyzeRequest, { file }))
  if (!report) throw new Error("no report")
  return report
}

const edit = (from: { line: number; offset: number }, insertString: string): void =>
  server.notify("change", { file, line: from.line, offset: from.offset, endLine: from.line, endOffset: from.offset, insertString })

describe("requests", () => {
  test("analyze answers with the report of the file", async () => {
    const [model] = (await analyze()).models
    expect(model?.name).toBe("mlp")
    expect(model?.parameterCount).toBe(67)
    expect(model?.start.line).toBe(locate(text, "mlp").line)
    expect(model?.laws.some(law => law.quantities === 8)).toBe(true)
  })

  test("graph answers with the network and its laws in generic sizes", async () => {
    const packed = readGraphReply(await server.request(graphRequest, { file, model: "mlp" }))
    const task = packed && unpack<VerificationTask>(packed)
    expect(task?.graph.nodes.length).toBeGreaterThan(4)
    expect(task?.graph.parameters).toHaveLength(4)
    expect(task?.laws.map(law => law.id)).toEqual((await analyze()).models[0]?.laws.map(law => law.id))
  })

  test("graph has no content for a model that does not exist", async () => {
    expect(await server.request(graphRequest, { file, model: "nothing" })).toMatchObject({ success: false, message: "No content available." })
  })

  test("a file outside every project gives an empty report", async () => {
    expect(readAnalyzeReply(await server.request(analyzeRequest, { file: path.resolve("test/fixtures/tsserver/absent.ts") }))?.models).toEqual([])
  })

  test("JavaScript without a project is read too", async () => {
    const script = path.resolve("test/fixtures/tsserver/unsaved.js")
    server.notify("open", { file: script, fileContent: text, scriptKindName: "JS" })
    const report = readAnalyzeReply(await server.request(analyzeRequest, { file: script }))
    const summary = (models: FileReport["models"] | undefined): unknown => models?.map(model => [model.name, model.laws.length])
    expect(summary(report?.models)).toEqual(summary((await analyze()).models))
    server.notify("close", { file: script })
  })

  test("answers follow edits that are not saved", async () => {
    const before = (await analyze()).models[0]!.start.line
    edit({ line: 1, offset: 1 }, "// one\n// two\n")
    expect((await analyze()).models[0]?.start.line).toBe(before + 2)
  })

  test("half-typed code loses answers, not the server", async () => {
    for (const half of ["tf.layers.dense({ units: ", "tf.", "(((", "`${"]) {
      const at = locate(text, "tf.layers.dense({ units: 3")
      edit(at, half)
      await expect(analyze()).resolves.toBeDefined()
      server.notify("change", { file, line: at.line, offset: at.offset, endLine: at.line, endOffset: at.offset + half.length, insertString: "" })
    }
    expect((await analyze()).models[0]?.name).toBe("mlp")
  })
})

describe("quick info", () => {
  const documentation = async (part: string): Promise<string> => {
    const reply = await server.request("quickinfo", { file, ...locate(text, part) })
    const body = reply.body as { readonly documentation?: string | readonly { readonly text: string }[] } | undefined
    return typeof body?.documentation === "string" ? body.documentation : (body?.documentation ?? []).map(entry => entry.text).join("")
  }
  const siteText = async (part: string): Promise<string> => {
    const { line, offset } = locate(text, part)
    const sites = (await analyze()).models.flatMap(model => model.sites)
    return sites.filter(site => site.start.line === line && site.start.column <= offset && site.end.column >= offset).at(-1)?.text ?? "(no site)"
  }

  test("of a layer call begins with its section and keeps tfjs's own words", async () => {
    const shown = await documentation("dense({ units: 8")
    expect(shown).toContain("‖")
    expect(shown).toContain("Creates a dense (fully connected) layer.")
  })

  test("exists for an activation string, where TypeScript has nothing to say", async () => {
    expect(await documentation("\"relu\"")).toContain(await siteText("\"relu\""))
  })

  test("is TypeScript's own elsewhere", async () => {
    expect(await documentation("inputShape")).not.toContain("‖")
  })

  test("is TypeScript's own once an extension speaks", async () => {
    await server.request("configurePlugin", { pluginName, configuration: { quiet: true } })
    expect(await documentation("\"relu\"")).toBe("")
    expect(await documentation("dense({ units: 8")).not.toContain("‖")
    await server.request("configurePlugin", { pluginName, configuration: { quiet: false } })
    expect(await documentation("\"relu\"")).not.toBe("")
  })
})
