/** @file From what the user typed (files, folders, globs) to the files to read. Never enters packages and outputs; skips declarations. */
import fs from "node:fs"
import path from "node:path"
import { glob, isDynamicPattern } from "tinyglobby"
import { UsageError } from "./arguments"
import { endingsText, isSource } from "./sources"
import { walkSources } from "./walk"

/**
 * Absolute paths, sorted, each once.
 * @param progress called while folders are searched, with how many have been read and how many files found.
 * @throws UsageError when a file or folder does not exist or cannot be read, or a glob matches nothing.
 */
export async function findFiles(patterns: readonly string[], cwd: string, progress: Progress = () => undefined): Promise<readonly string[]> {
  const found: string[] = []
  for (const pattern of patterns) for (const file of await findOne(pattern, cwd, progress)) found.push(file)
  return [...new Set(found)].sort()
}

type Progress = (folders: number, files: number) => void

async function findOne(pattern: string, cwd: string, progress: Progress): Promise<readonly string[]> {
  const absolute = path.resolve(cwd, pattern)
  const kind = fs.statSync(absolute, { throwIfNoEntry: false })
  if (kind?.isDirectory()) {
    const inside = await walkSources(absolute, progress)
    if (inside.length === 0) throw new UsageError(`${pattern}: no TypeScript, JavaScript or HTML file in this folder`)
    return inside
  }
  if (kind?.isFile()) {
    if (!isSource(absolute)) throw new UsageError(`${pattern}: expected a file ending in ${endingsText}`)
    return [absolute]
  }
  if (kind !== undefined) throw new UsageError(`${pattern}: a ${kindText(kind)}, expected a file or a folder`)
  if (fs.lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink() === true) throw new UsageError(`${pattern}: a link to nothing`)
  if (!isDynamicPattern(pattern)) throw new UsageError(`${pattern}: no such file or folder`)
  const matches = (await search(pattern.replaceAll("\\", "/"), cwd)).filter(isSource)
  if (matches.length === 0) throw new UsageError(`${pattern}: matches no file`)
  return matches
}

function kindText(kind: fs.Stats): string {
  if (kind.isFIFO()) return "pipe"
  return kind.isSocket() ? "socket" : "device"
}

async function search(pattern: string, cwd: string): Promise<readonly string[]> {
  const files = await glob(pattern, { cwd, absolute: true, ignore: ["**/node_modules/**"], expandDirectories: false })
  return files.filter(isSource).map((file) => path.normalize(file))
}

/** As reports write paths: relative to the working folder, forward slashes. */
export const displayPath = (file: string, cwd: string): string => (path.relative(cwd, file) || path.basename(file)).replaceAll("\\", "/")
