/**
 * @file `npm run corpus -- FOLDER [--list FILE] [--only TEXT] [--verbose]`: reads the definitions of a list in the repositories under FOLDER and
 * writes docs/corpus.md. Neither the list nor the repositories are part of the project.
 */
import fs from "node:fs"
import path from "node:path"
import { parseArgs } from "node:util"
import { parseList } from "./list"
import { readDefinitions } from "./read"
import type { Outcome } from "./read"
import { corpusDocument, countOutcomes, totalLines } from "./table"

const root = path.resolve(import.meta.dirname, "..")

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { list: { type: "string" }, only: { type: "string" }, verbose: { type: "boolean" } },
  })
  const [folder] = positionals
  if (folder === undefined || !fs.existsSync(folder))
    return refuse(`${folder ?? "FOLDER"}: expected a folder that holds the repositories as OWNER/NAME`)
  const list = values.list ?? path.resolve(root, "../shared/corpus.json")
  if (!fs.existsSync(list)) return refuse(`${list}: the list of definitions is not there, name it with --list`)
  const { only, verbose } = values
  const entries = parseList(fs.readFileSync(list, "utf8")).filter(({ id, repo }) => only === undefined || `${id} ${repo}`.includes(only))
  const absent = [...new Set(entries.map(({ repo }) => repo))].filter((repo) => !fs.existsSync(path.join(folder, repo)))
  if (absent.length > 0) write(`not under ${folder}: ${absent.join(", ")}`)
  const outcomes = readDefinitions(entries, folder, (id) => verbose === true && write(id))
  for (const outcome of outcomes) if (verbose === true || isFailure(outcome)) write(outcomeText(outcome))
  const totals = countOutcomes(outcomes)
  process.stdout.write(`${totalLines(totals).join("\n")}\n`)
  if (only === undefined && absent.length === 0) {
    const file = path.join(root, "docs/corpus.md")
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, corpusDocument(outcomes, new Date().toISOString().slice(0, 10)))
  } else write("docs/corpus.md is written when the whole list is read")
  return totals.crashes === 0 ? 0 : 1
}

const write = (text: string): void => void process.stderr.write(`${text}\n`)

function refuse(message: string): number {
  write(`corpus: ${message}`)
  return 2
}

const isFailure = ({ kind, unsupported, differences }: Outcome): boolean =>
  kind !== "model" || unsupported.length > 0 || (differences ?? []).length > 0

function outcomeText({ entry, kind, model, unsupported, detail, differences, laws, milliseconds }: Outcome): string {
  const head = `${entry.id}  ${entry.repo}/${entry.path}:${entry.lines[0]}  ${model ?? kind}  ${laws} laws  ${milliseconds?.toFixed(0) ?? "-"} ms`
  return [head, ...(detail === "" ? [] : [detail]), ...unsupported.map((what) => `unsupported: ${what}`), ...(differences ?? [])].join("\n    ")
}

process.exitCode = main()
