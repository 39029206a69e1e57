/**
 * @file Writes V8's compiled code of TypeScript beside the bundle of the command line, after the examples have been read, so that what a run
 * calls is in it. Part of the build.
 */
import fs from "node:fs"
import { loaded } from "../src/hosts/cli/bundled"
import { run } from "../src/hosts/cli/run"

const code = await run(["analyze", "examples"], {
  cwd: process.cwd(),
  env: {},
  isTerminal: { stdout: false, stderr: false },
  writeOut: () => undefined,
  writeError: () => undefined,
  readInput: () => Promise.resolve(""),
})
if (code !== 0) throw new Error(`reading the examples: exit code ${code}, expected 0`)
fs.writeFileSync(loaded.cacheFile, loaded.createCache())
