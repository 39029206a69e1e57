/**
 * @file `npm run audit -- FILES AND FOLDERS [--verbose]`: derives the laws of every tfjs model there and holds them against exact gradients at random
 * points, on the replica a verification would run and on one a size larger. Fails when a law is broken or a model has no replica.
 */
import path from "node:path"
import { parseArgs } from "node:util"
import ts from "typescript"
import { appendLoss } from "../../src/graph/loss"
import { findFiles } from "../../src/hosts/cli/files"
import { createPrograms, isReadable } from "../../src/hosts/cli/program"
import { selectFiles } from "../../src/hosts/cli/stats"
import { analyzeFile, type AnalyzedModel } from "../../src/pipeline"
import { chooseReplica } from "../../src/verification/replica"
import { auditLaws } from "../../test/support/laws"

/** Numbers a replica may hold in all its tensors: gradients of larger ones take minutes. */
const largest = 60_000

type Answer =
  | { readonly kind: "audited"; readonly laws: number; readonly broken: readonly string[]; readonly silent: boolean; readonly discounted: boolean }
  | { readonly kind: "opaque" | "large" }
  | { readonly kind: "failed"; readonly why: string }

function auditModel({ traced, derived }: AnalyzedModel): Answer {
  if (traced.graph.nodes.some((n) => n.op.kind === "opaque")) return { kind: "opaque" }
  try {
    const { sizes, graph } = chooseReplica(derived.graph, derived.sizes)
    const cells = [...graph.nodes, ...graph.parameters].reduce((n, { shape }) => n + shape.reduce<number>((k, d) => k * Number(d), 1), 0)
    if (cells > largest) return { kind: "large" }
    const grown = Object.fromEntries(Object.entries(sizes).map(([name, n]) => [name, n + (isFree(derived, name) ? 1 : 0)]))
    const network = appendLoss(traced.graph, traced.losses), audits = [auditLaws(network, 3, sizes), auditLaws(network, 5, grown)]
    return {
      kind: "audited",
      laws: audits[0].derived.laws.length,
      broken: audits.flatMap((a) => a.broken),
      silent: audits.every((a) => a.silent > 0.9),
      discounted: audits.some((a) => a.discounted > 0),
    }
  } catch (error) {
    return { kind: "failed", why: error instanceof Error ? error.message : String(error) }
  }
}

const isFree = (derived: AnalyzedModel["derived"], name: string): boolean => derived.sizes.find((s) => s.name === name)?.shrink !== "fixed"

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { verbose: { type: "boolean", default: false } } })
  const { files } = await selectFiles(await findFiles(positionals, process.cwd()), process.cwd())
  const tally = { models: 0, audited: 0, laws: 0, silent: 0, discounted: 0, opaque: 0, large: 0, failed: 0, broken: 0 }
  for (const { file, name, program, typed } of createPrograms(files.filter(isReadable))) {
    const shown = path.relative(process.cwd(), file)
    for (const model of analyzeFile(ts, program, name, { path: shown, typed }).models) {
      const where = `${shown}:${model.traced.start.line} ${model.traced.name}`, answer = auditModel(model)
      tally.models++
      if (values.verbose) process.stdout.write(`${where}: ${JSON.stringify(answer)}\n`)
      if (answer.kind !== "audited") {
        tally[answer.kind]++
        if (answer.kind === "failed") process.stdout.write(`${where}: ${answer.why}\n`)
        continue
      }
      tally.audited++
      tally.laws += answer.laws
      if (answer.silent) tally.silent++
      if (answer.discounted) tally.discounted++
      if (answer.broken.length > 0) {
        tally.broken++
        process.stdout.write(`${where}: ${answer.broken.join("; ")}\n`)
      }
    }
  }
  const { models, audited, laws, silent, discounted, opaque, large, failed, broken } = tally
  process.stdout.write(
    `${models} models: ${audited} audited with ${laws} laws, ${broken} with false laws, ${failed} without a replica that runs; ` +
      `${opaque} have parts that cannot be run, ${large} are too large; ${silent} without gradient, ${discounted} with doubts from rounding\n`,
  )
  return broken + failed === 0 ? 0 : 1
}

process.exitCode = await main()
