/** @file From what the user typed (files, folders, globs) to the files to read. Never enters node_modules; skips declarations. */
import fs from "node:fs"
import path from "node:path"
import { glob, isDynamicPattern } from "tinyglobby"
import { UsageError } from "./arguments"
import { endingsText, isSource, sourceEndings } from "./sources"

/**
 * Absolute paths, sorted, each once.
 * @throws UsageError when a file or folder does not exist or cannot be read, or a glob matches nothing.
 */
export async function findFiles(patterns: readonly string[], cwd: string): Promise<readonly string[]> {
  const found = await Promise.all(patterns.map((pattern) => findOne(pattern, cwd)))
  return [...new Set(found.flat())].sort()
}

async function findOne(pattern: string, cwd: string): Promise<readonly string[]> {
  const absolute = path.resolve(cwd, pattern)
  const kind = fs.statSync(absolute, { throwIfNoEntry: false })
  if (kind?.isDirectory()) {
    const inside = await search(`**/*.{${sourceEndings.join(",")}}`, absolute)
    if (inside.length === 0) throw new UsageError(`${pattern}: no TypeScript, JavaScript or HTML file in this folder`)
    return inside
  }
  if (kind?.isFile()) {
    if (!isSource(absolute)) throw new UsageError(`${pattern}: expected a file ending in ${endingsText}`)
    return [absolute]
  }
  if (!isDynamicPattern(pattern)) throw new UsageError(`${pattern}: no such file or folder`)
  const matches = (await search(pattern.replaceAll("\\", "/"), cwd)).filter(isSource)
  if (matches.length === 0) throw new UsageError(`${pattern}: matches no file`)
  return matches
}

async function search(pattern: string, cwd: string): Promise<readonly string[]> {
  const files = await glob(pattern, { cwd, absolute: true, ignore: ["**/node_modules/**"], expandDirectories: false })
  return files.filter(isSource).map((file) => path.normalize(file))
}

/** As reports write paths: relative to the working folder, forward slashes. */
export const displayPath = (file: string, cwd: string): string => (path.relative(cwd, file) || path.basename(file)).replaceAll("\\", "/")
