/**
 * @file The sources below a folder. Packages, outputs of builds and hidden folders hold nothing that somebody writes and are left out, as are the
 * folders in which an operating system shows itself. Every folder is entered once, by whatever links lead to it.
 */
import fs from "node:fs/promises"
import path from "node:path"
import { isSource } from "./sources"

/** Names of folders that are not entered; a folder that the user names is. */
const skipped = new Set(["node_modules", "bower_components", "dist"])
/** Absolute folders that are made up by the system. */
const systems = new Set(["/proc", "/sys", "/dev"])

/** Folders that are read at the same time. */
const width = 16

/**
 * Absolute paths, in no order.
 *
 * @param progress called with how many folders have been read and how many files found.
 */
export async function walkSources(root: string, progress: (folders: number, files: number) => void): Promise<readonly string[]> {
  const found: string[] = [], entered = new Set<string>(), queue = [root]
  let folders = 0
  const enter = async (folder: string): Promise<void> => {
    const own = await identityOf(folder)
    if (own === null || entered.has(own)) return
    entered.add(own)
    // A folder that may not be read, or is gone by now, holds nothing for us.
    const items = await fs.readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const item of items) {
      const full = path.join(folder, item.name)
      const kind = item.isSymbolicLink() ? await fs.stat(full).catch(() => null) : item
      if (kind?.isDirectory() === true) {
        if (!item.name.startsWith(".") && !skipped.has(item.name) && !systems.has(full)) queue.push(full)
      } else if (kind?.isFile() === true && isSource(full)) found.push(full)
    }
    progress(++folders, found.length)
  }
  while (queue.length > 0) await Promise.all(queue.splice(0, width).map(enter))
  return found
}

/** The folder behind links; null where there is none. */
const identityOf = (folder: string): Promise<string | null> => fs.realpath(folder).catch(() => null)
