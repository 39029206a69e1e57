/** @file What the end-to-end tests need beyond npm ci: Chromium, and a VS Code that runs in it (see setup.sh). */
import { execFile } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import type { TestProject } from "vitest/node"

export const editorFolder = path.resolve(process.env["E2E_DIR"] ?? ".e2e")

const installed = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(name => `/usr/bin/${name}`)
const candidates = [process.env["CHROMIUM"], ...installed]

export const findChromium = (): string | undefined => candidates.find(file => file !== undefined && fs.existsSync(file))

const run = promisify(execFile)

/** Runs once before all end-to-end tests, which read `inject("missing")`: null when they can run. With E2E=required it has to be null. */
export default async function setup({ provide }: TestProject): Promise<void> {
  const missing = await findMissing()
  if (missing !== null && process.env["E2E"] === "required") throw new Error(`end-to-end tests need ${missing}`)
  if (missing !== null) console.log(`skipped: end-to-end tests need ${missing}`)
  provide("missing", missing)
}

declare module "vitest" {
  export interface ProvidedContext {
    missing: string | null
  }
}

/** In words; installs the editor if need be. */
async function findMissing(): Promise<string | null> {
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
