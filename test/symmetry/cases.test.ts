/**
 * @file The mathematics without TypeScript: case files in test/fixtures/cases, graph text in, laws out. UPDATE=1 rewrites the expected part;
 * read the difference before committing it. Every case is also audited on numbers, so that a case cannot expect a law that is none.
 */
import fs from "node:fs"
import path from "node:path"
import { describe, expect, test } from "vitest"
import { generalize } from "../../src/axes/generalize"
import { dim, substituteDim } from "../../src/graph/dim"
import { parseGraph } from "../../src/graph/text"
import { deriveLaws } from "../../src/laws/derive"
import { displayLaw } from "../../src/laws/formula"
import { auditLaws } from "../support/laws"

const folder = path.join(import.meta.dirname, "../fixtures/cases")

interface Case {
  readonly title: string
  readonly graph: string
  readonly expected: string
}

/** Cases of a file: "# title", graph text, "==>", one line a law and the count. */
function readCases(text: string): Case[] {
  return text
    .split(/^(?=# )/m)
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [head, ...rest] = part.split("\n")
      const [graph, expected = ""] = rest.join("\n").split("\n==>\n")
      return { title: head.slice(2), graph: graph.trim(), expected: expected.trim() }
    })
}

/** Laws of a graph, one line each: id, symmetry, count, formula; then the number of independent ones. */
function lawLines(graphText: string): string {
  const network = generalize(parseGraph(graphText)),
    derived = deriveLaws(network)
  const shapes = new Map(derived.graph.parameters.map((p) => [p.id, p.shape]))
  const lines = derived.laws.map((law) => {
    const { symmetry, formula, quantities, entries, exactness } = displayLaw(law, network.declared, (id) => shapes.get(id) ?? [])
    const part = entries === "all" || entries === "symmetric" ? "" : ` (${entries})`
    return `${law.id}  ${symmetry} ×${quantities}${exactness === "exact" ? "" : " approximate"}  ${formula}${part}`
  })
  return [...lines, `independent ${dim(substituteDim(derived.independent, network.declared))}`].join("\n")
}

for (const file of fs.readdirSync(folder).sort()) {
  const full = path.join(folder, file),
    cases = readCases(fs.readFileSync(full, "utf8"))
  describe(file, () => {
    test.each(cases.map((c): [string, Case] => [c.title, c]))("%s", (_, { graph, expected }) => {
      if (process.env.UPDATE === undefined) expect(lawLines(graph)).toBe(expected)
      const { broken, claimed, rank } = auditLaws(parseGraph(graph))
      expect(broken).toEqual([])
      expect(claimed).toBe(rank)
    })
  })
  if (process.env.UPDATE !== undefined) {
    fs.writeFileSync(full, cases.map((c) => `# ${c.title}\n\n${c.graph}\n\n==>\n${lawLines(c.graph)}\n`).join("\n"))
  }
}
