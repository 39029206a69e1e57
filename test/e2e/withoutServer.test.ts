/** @file Where VS Code's TypeScript server is off (TypeScript 7 preview): no line, no hover, no crash, and an answer to those who ask. */
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { openFile, runCommand, startEditor, type Editor } from "./editor"

const missing = inject("missing")
const vsix = path.resolve(process.env["E2E_VSIX"] ?? "build/noether-lens.vsix")

describe.skipIf(missing !== null)("without the TypeScript server", () => {
  let editor: Editor
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-stand-in-"))

  beforeAll(async () => {
    const standIn = path.join(folder, "native-preview.vsix")
    const vsce = path.resolve("node_modules/@vscode/vsce/vsce")
    const flags = ["--allow-missing-repository", "--skip-license", "--no-dependencies"]
    execFileSync(process.execPath, [vsce, "package", ...flags, "-o", standIn], { cwd: "test/fixtures/native-preview", stdio: "pipe" })
    editor = await startEditor({ extensions: [vsix, standIn], workspace: path.resolve("examples"), settings: { "js/ts.experimental.useTsgo": true } })
  })
  afterAll(async () => {
    await editor?.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  test("the command says why it cannot work, and nothing else appears", async () => {
    await openFile(editor.page, "mlp.ts")
    await editor.page.waitForTimeout(5000)
    expect(await editor.page.locator(".codelens-decoration").count()).toBe(0)
    expect(await editor.page.locator(".notification-toast", { hasText: "Noether Lens" }).count()).toBe(0)
    await runCommand(editor.page, "Noether Lens: Verify Conservation")
    await editor.page.locator(".notification-toast", { hasText: "switched off" }).waitFor({ timeout: 20_000 })
  })
})
