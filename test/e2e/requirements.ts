/** @file What the end-to-end tests need beyond npm ci: Chromium, and a VS Code that runs in it (see setup.sh). */
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"

export const editorFolder = path.resolve(process.env["E2E_DIR"] ?? ".e2e")

const candidates = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"]

export const findChromium = (): string | undefined => candidates.find(file => file !== undefined && fs.existsSync(file))

/** What is missing, in words; null when everything is there, after installing the editor if need be. */
export function prepare(): string | null {
  const tools = ["bash", "make", "g++", "python3"].filter(tool => spawnSync("which", [tool]).status !== 0)
  const missing = [...(findChromium() === undefined ? ["Chromium"] : []), ...(tools.length > 0 ? [`a C++ tool chain (${tools.join(", ")})`] : [])]
  if (missing.length > 0) return missing.join(" and ")
  const setup = spawnSync("bash", ["test/e2e/setup.sh"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  return setup.status === 0 ? null : `code-server, whose installation failed: ${setup.stderr.trim().split("\n").at(-1) ?? ""}`
}
