/** @file What the end-to-end tests need beyond npm ci: Chromium, and a VS Code that runs in it (see setup.sh). */
import { execFile } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { promisify } from "node:util"

export const editorFolder = path.resolve(process.env["E2E_DIR"] ?? ".e2e")

const installed = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(name => `/usr/bin/${name}`)
const candidates = [process.env["CHROMIUM"], ...installed]

export const findChromium = (): string | undefined => candidates.find(file => file !== undefined && fs.existsSync(file))

const run = promisify(execFile)

/** What is missing, in words; null when everything is there, after installing the editor if need be. */
export async function prepare(): Promise<string | null> {
  const tools = await Promise.all(["bash", "make", "g++", "python3"].map(tool => run("which", [tool]).then(() => null, () => tool)))
  const missingTools = tools.filter(tool => tool !== null)
  const missing = [
    ...(findChromium() === undefined ? ["Chromium"] : []),
    ...(missingTools.length > 0 ? [`a C++ tool chain (${missingTools.join(", ")})`] : []),
  ]
  if (missing.length > 0) return missing.join(" and ")
  return run("bash", ["test/e2e/setup.sh"], { maxBuffer: 1e8 }).then(() => null, (error: Error) =>
    `code-server, whose installation failed: ${error.message.trim().split("\n").at(-1) ?? ""}`)
}
