/** @file Builds what the tests of servers and editors run, unless the build is newer than every source. */
import { execFileSync } from "node:child_process"
import fs from "node:fs"

const outputs = ["dist/cli.mjs", "build/extension/node_modules/noether-lens-ts-plugin/index.js", "build/noether-lens.vsix"]
const sources = ["src", "webview", "media", "build.mjs", "package.json", "README.md"]

export default function setup(): void {
  const built = Math.min(...outputs.map(modified))
  if (newest(sources) >= built) execFileSync(process.execPath, ["build.mjs", "--package"], { stdio: "inherit" })
}

const modified = (file: string): number => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0)

function newest(paths: readonly string[]): number {
  return Math.max(0, ...paths.map(path => {
    if (!fs.existsSync(path) || !fs.statSync(path).isDirectory()) return modified(path)
    return newest(fs.readdirSync(path).map(name => `${path}/${name}`))
  }))
}
