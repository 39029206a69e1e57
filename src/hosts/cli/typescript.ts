/**
 * @file Loads TypeScript, nine megabytes of source, from code that V8 has compiled before where the build left some beside the bundle: a third
 * of the time. V8 itself refuses what another version of it or other flags have made; then, and without a cache, the source is compiled.
 */
import type * as TypeScript from "typescript"
import fs from "node:fs"
import { createRequire } from "node:module"
import path from "node:path"
import vm from "node:vm"

export interface LoadedTypeScript {
  readonly ts: typeof TypeScript
  /** Where the cache of this version of TypeScript and of V8 belongs. */
  readonly cacheFile: string
  /** Whether the cache was there and taken. */
  readonly cached: boolean
  /** Code compiled up to now, the functions that were called included. */
  readonly createCache: () => Buffer
}

const parameters = "exports, require, module, __filename, __dirname"

/** @param folder where the cache lies: that of the bundle. */
export function loadTypeScript(folder: string): LoadedTypeScript {
  const require = createRequire(path.join(folder, "index.js")),
    file = require.resolve("typescript"),
    { version } = require("typescript/package.json") as { readonly version: string },
    cacheFile = path.join(folder, `typescript-${version}-v8-${process.versions.v8}.cache`)
  const script = new vm.Script(`(function (${parameters}) {${fs.readFileSync(file, "utf8")}\n})`, {
    filename: file,
    cachedData: fs.existsSync(cacheFile) ? fs.readFileSync(cacheFile) : undefined,
  })
  const run = script.runInThisContext() as (...args: readonly unknown[]) => void,
    module: { exports: unknown } = { exports: {} }
  run(module.exports, createRequire(file), module, file, path.dirname(file))
  return {
    ts: module.exports as typeof TypeScript,
    cacheFile,
    cached: script.cachedDataRejected === false,
    createCache: () => script.createCachedData(),
  }
}
