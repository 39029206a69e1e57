/** @file What the documents promise: README's example gives the hover it shows, its commands are those of the help, its links lead somewhere. */
import fs from "node:fs"
import ts from "typescript"
import { describe, expect, test } from "vitest"
import { helpText, parseCommand } from "../src/hosts/cli/arguments"
import { analyzeFile } from "../src/pipeline"
import { programOf } from "./support/program"

const read = (file: string): string => fs.readFileSync(file, "utf8")
const documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
const codeBlocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)].filter((m) => m[1] === language).map((m) => m[2])

/** Without Markdown's marks, line breaks and the numbers of lines: what a reader reads. */
const plain = (text: string): string =>
  text
    .replace(/^> ?/gm, "")
    .replace(/ \(line \d+\)/g, "")
    .replace(/\s+/g, " ")
    .trim()

describe("README.md", () => {
  const readme = read("README.md")
  test("the example has the law and the fate that are shown", () => {
    const [example] = codeBlocks(readme, "ts")
    const program = programOf({ "/example.ts": example })
    const { report } = analyzeFile(ts, program, "/example.ts", { path: "example.ts" })
    expect(report.models).toHaveLength(1)
    const line = example.split("\n").findIndex((text) => text.includes('name: "lower"')) + 1
    const hover = report.models[0].sites.find((site) => site.kind === "layer" && site.start.line === line)
    const shown = /((?:^> ?.*\n)+)/m.exec(readme)?.[1] ?? ""
    const lawLine = (text: string): string => plain(text).split(" *why:*")[0]
    expect(lawLine(hover?.text ?? "")).toBe(lawLine(shown))
    expect(shown).toContain("*why:*")
  })
  test("the commands are those of the help, and all are understood", () => {
    const commands = codeBlocks(readme, "").flatMap((block) => block.split("\n").filter((line) => line.startsWith("noether-lens ")))
    expect(commands.length).toBeGreaterThan(4)
    for (const command of commands) {
      const words = command
        .split(/\s{2,}/)[0]
        .split(" ")
        .slice(1)
      expect(parseCommand(words.map((word) => word.replaceAll('"', ""))).kind).toBe(words[0])
      if (words[0] !== "stats") expect(helpText).toContain(command)
    }
  })
})

test.each(documents)("links of %s lead to files of the project", (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((m) => m[1])
  expect(links.filter((link) => !fs.existsSync(link))).toEqual([])
})

test.each(documents)("paths in %s exist", (file) => {
  const paths = [...read(file).matchAll(/`((?:src|test|webview|examples|media)\/[\w./-]+)`/g)].map((m) => m[1])
  expect(paths.filter((path) => !fs.existsSync(path))).toEqual([])
})
