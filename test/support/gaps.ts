/**
 * @file Known gaps: small networks of which the derivation finds fewer laws than there are, in files of test/fixtures/gaps. An entry is a title,
 * the graph, and "found of there". `fuzz.txt` is written by `npm run fuzz -- --record`, the titles of the others by people.
 */
import fs from "node:fs"
import path from "node:path"
import { parseGraph } from "../../src/graph/text"
import { describeCause } from "./cause"

export interface Gap {
  readonly title: string
  /** As `printGraph` writes it. */
  readonly graph: string
  /** "2 of 4": what is derived, and what discovery finds. */
  readonly counts: string
}

export const gapFolder = path.join(process.cwd(), "test/fixtures/gaps")

export function readGaps(file: string): readonly Gap[] {
  return fs
    .readFileSync(path.join(gapFolder, file), "utf8")
    .split(/^(?=# )/m)
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [head, ...rest] = part.split("\n")
      const [graph, counts = ""] = rest.join("\n").split("\n==> ")
      return { title: head.slice(2), graph: graph.trim(), counts: counts.trim() }
    })
}

export const gapFiles = (): readonly string[] => fs.readdirSync(gapFolder).sort()

export function writeGaps(file: string, gaps: readonly Gap[]): void {
  fs.writeFileSync(path.join(gapFolder, file), gaps.map((g) => `# ${g.title}\n\n${g.graph}\n\n==> ${g.counts}\n`).join("\n"))
}

/** Causes of all known gaps. */
export const knownCauses = (): ReadonlySet<string> =>
  new Set(gapFiles().flatMap((file) => readGaps(file).map((g) => describeCause(parseGraph(g.graph)))))
