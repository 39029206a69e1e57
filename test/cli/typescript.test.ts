/** @file Loading TypeScript from compiled code: it is taken where it fits, and what does not fit costs time only. */
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { buildSync } from "esbuild"
import ts from "typescript"
import { afterAll, beforeAll, expect, test } from "vitest"
import { loadTypeScript } from "../../src/hosts/cli/typescript"

let folder = ""
beforeAll(() => {
  fs.mkdirSync("build", { recursive: true })
  // Inside the project, so that TypeScript is found.
  folder = path.resolve(fs.mkdtempSync("build/cache-"))
  buildSync({ entryPoints: ["src/hosts/cli/typescript.ts"], bundle: true, platform: "node", format: "esm", outfile: path.join(folder, "load.mjs") })
  fs.writeFileSync(
    path.join(folder, "try.mjs"),
    `import { loadTypeScript } from "./load.mjs"
const { ts, cached } = loadTypeScript(process.argv[2])
console.log(JSON.stringify([cached, ts.version, ts.transpile("let a: number = 1"), ts.sys.fileExists(ts.getDefaultLibFilePath({}))]))\n`,
  )
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** In a process of its own: within one, V8 remembers what it has compiled. */
const tryIn = (place: string): unknown =>
  JSON.parse(execFileSync(process.execPath, [path.join(folder, "try.mjs"), path.resolve(place)], { encoding: "utf8" }))
const loaded = (cached: boolean): unknown => [cached, ts.version, ts.transpile("let a: number = 1"), true]

test("without a cache the source is compiled, with one it is not; one of another version is refused", () => {
  expect(tryIn(folder)).toEqual(loaded(false))
  const { cacheFile, createCache } = loadTypeScript(folder),
    cache = createCache()
  expect(cacheFile).toContain(ts.version)
  fs.writeFileSync(cacheFile, cache)
  expect(tryIn(folder)).toEqual(loaded(true))
  // The second word holds the version of V8.
  cache.writeUInt32LE(cache.readUInt32LE(4) ^ 1, 4)
  fs.writeFileSync(cacheFile, cache)
  expect(tryIn(folder)).toEqual(loaded(false))
  fs.writeFileSync(cacheFile, "")
  expect(tryIn(folder)).toEqual(loaded(false))
})

test("the build leaves a cache that fits the bundle", () => {
  expect(tryIn("dist")).toEqual(loaded(true))
})
